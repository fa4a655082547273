"""Files that hold several episodes: which of them is on, and what an event about the file says about that one.

To the machine each part is an item of its own, so that passing from one to the next is simply another item. The parts
are equal shares of the file until their runtimes are known; those are then stretched to the length of the file, which
is never what a catalogue says to the minute.
"""

from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from scrobbler.events import Ids, Kind, Media, Percent, PlayerEvent, Seconds, percent
from scrobbler.machine.scrobble import MARKED

MOST: Final = 20
"""A range of more episodes than this is a misread name."""
STALE: Final = Seconds(15.0)
"""Servers tell a position up to ten seconds old: so far before its beginning a part that is on is still on."""
_STRETCH: Final = 1.5
"""Runtimes that must be stretched or squeezed by more than this belong to something else."""


class File(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A file with several episodes."""

    media: Media
    """As the player names it: from ``episode`` to ``episode_end``."""
    duration: Seconds | None = None
    runtimes: dict[int, Seconds] = {}
    """What was learned of single parts, by the number of the episode."""

    def numbers(self) -> range:
        """The episodes, in order."""
        assert self.media.episode is not None  # noqa: S101  # ``several`` was asked before
        assert self.media.episode_end is not None  # noqa: S101
        return range(self.media.episode, self.media.episode_end + 1)

    def part(self, number: int) -> Media:
        """One episode; the ids and the title of the file are those of its first."""
        alone = replace(self.media, episode=number, episode_end=None)
        return alone if number == self.media.episode else replace(alone, ids=Ids(), title=None, number_abs=None)

    def number_of(self, media: Media | None) -> int | None:
        """Which part an item is; None if it is none of them."""
        number = media.episode if media is not None else None
        if media is None or number is None or number not in self.numbers() or not self.part(number).same_as(media):
            return None
        return number

    def lengths(self) -> list[Seconds | None]:
        """How long each part is, in order. Where the file's duration is unknown, only what was learned."""
        learned = [self.runtimes.get(number) for number in self.numbers()]
        if not self.duration:
            return learned
        equal = self.duration / len(learned)
        known = sum(length for length in learned if length)
        missing = learned.count(None)
        left = (self.duration - known) / missing if missing else 0.0
        stretch = 1.0 if missing else self.duration / known
        if (missing and left < equal / 3) or not 1 / _STRETCH <= stretch <= _STRETCH:
            return [Seconds(equal)] * len(learned)
        return [Seconds(left if length is None else length * stretch) for length in learned]

    def begins(self, number: int) -> Seconds | None:
        """Where a part begins in the file; None while the parts before it are of unknown length."""
        before = self.lengths()[: number - self.numbers().start]
        return None if None in before else Seconds(sum(length for length in before if length))

    def length(self, number: int) -> Seconds | None:
        """How long a part is; None if that is unknown."""
        return self.lengths()[number - self.numbers().start]

    def at(self, place: Seconds, current: int | None) -> int:
        """Which part is on at a place of the file."""
        found = self.numbers().start
        for number in self.numbers():
            begins = self.begins(number)
            if begins is not None and place >= begins - (STALE if number == current else 0.0):
                found = number
        return found

    def target(self, event: PlayerEvent, current: int | None) -> int | None:
        """The part that an event is about, where it tells that."""
        place = self._place(event)
        if place is not None:
            return self.at(place, current)
        return None if self.duration or event.percent is None else self._shared(event.percent)[0]

    def narrow(self, event: PlayerEvent, current: int | None, expected: Seconds | None) -> PlayerEvent:
        """What an event about the file says about the part that is on; ``expected`` is where ``current`` is by now."""
        place = self._place(event)
        if place is None and event.watched and self.duration:
            last = self.numbers()[-1]
            reached = MARKED / 100 * self.duration - (self.begins(last) or 0.0)
            known = expected if current == last and expected is not None else 0.0
            position = min(max(0.0, reached, known), self.length(last) or 0.0)
            return replace(self.event(event, last, None), position=Seconds(position))
        if place is not None:
            return self.event(event, self.at(place, current), place)
        if event.percent is None or self.duration:
            return self.event(event, current or self.numbers().start, None)
        number, share = self._shared(event.percent)
        return replace(self.event(event, number, None), percent=share)

    def event(self, event: PlayerEvent, number: int, place: Seconds | None) -> PlayerEvent:
        """What an event says about one part, at a place in the file.

        A watched mark is about the whole file. The parts that were played through have counted by then, so it is
        worth something to the last one only.
        """
        begins, length = self.begins(number), self.length(number)
        position = None if place is None or begins is None else max(0.0, place - begins)
        if position is not None and length:
            position = min(position, length)
        return replace(
            event,
            media=self.part(number),
            position=None if position is None else Seconds(position),
            duration=length,
            percent=None,
            watched=event.watched and number == self.numbers()[-1],
        )

    def _place(self, event: PlayerEvent) -> Seconds | None:
        """The place in the file that an event tells; one far beyond its end is worth nothing."""
        place = replace(event, duration=self.duration).place()
        if place is None or (event.kind is Kind.STOP and not place):
            return None
        if not self.duration:
            return place
        return None if percent(place, self.duration) is None else Seconds(min(place, self.duration))

    def _shared(self, share: Percent) -> tuple[int, Percent]:
        """The part at a share of a file whose duration nobody knows, and the share of that part."""
        count = len(self.numbers())
        index = min(int(share / 100 * count), count - 1)
        return self.numbers()[index], Percent(min(100.0, share * count - 100 * index))


def several(media: Media) -> bool:
    """Whether a file holds more than one episode."""
    first, last = media.episode, media.episode_end
    return first is not None and last is not None and 0 < last - first < MOST


def file_of(known: File | None, event: PlayerEvent, *, on: bool) -> File | None:
    """The file that an event is about, with what is known of it; None for an item on its own.

    While a file is ``on``, a message that leaves its last episode out is about it all the same.
    """
    if known is not None and known.media.same_as(event.media):
        end = event.media.episode_end
        if end == known.media.episode_end or (end is None and on and event.media.episode == known.media.episode):
            return replace(known, duration=event.duration or known.duration)
    return File(media=event.media, duration=event.duration) if several(event.media) else None
