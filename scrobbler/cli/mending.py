"""How it is said what something really is: the correction, whom else it concerns, and the same for the page."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final, TypeVar

import msgspec

from scrobbler.cli import printable
from scrobbler.cli.choice import MOST, name
from scrobbler.cli.inquiry import Thing, candidates_of, inquiring, of_entry, of_play
from scrobbler.control.request import MOST_IDS, Correct, Replace, Request, Undo
from scrobbler.delivery.senders import Senders
from scrobbler.errors import ConfigError, PayloadError
from scrobbler.identify.corrections import Corrector, covers
from scrobbler.identify.match import Candidate, Unmatched
from scrobbler.identify.remedy import Senseless, remedy
from scrobbler.machine.scrobble import BY_HAND
from scrobbler.reading.reader import Read, read_all
from scrobbler.settings.config import Config
from scrobbler.state import snapshot
from scrobbler.state.corrections import Correction, Episodes, Never, Scope
from scrobbler.state.entry import Entry
from scrobbler.state.snapshot import corrected, look
from scrobbler.trakt.wire import Item
from scrobbler.web.mender import Choice, Choices, LeftOut, Meant, Picked, Remedy, Subject, Which

THREADS: Final = 2
"""So many lookups for pages at once; one more waits."""

T = TypeVar("T")


def correction_of(
    configuration: Config, thing: Thing, meant: Item | Episodes | Never, scope: Scope | None
) -> Correction:
    """What is to be remembered. Raises ``ConfigError`` where it makes no sense, or would not hold."""
    made = remedy(thing.media, thing.reading, meant, scope)
    if isinstance(made, Senseless):
        raise ConfigError(f"{printable(thing.label)}: {made.reason}")
    said = [one.correction for one in corrected(configuration.state_dir) if one.correction.key != made.key]
    holds = Corrector(lambda: (*said, made), configuration.rules)(thing.media, thing.reading)
    if holds != Corrector(lambda: (made,))(thing.media, thing.reading) and not thing.by_hand:
        words = (
            "something narrower holds for it, which `scrobbler rules` lists:"
            " take that back, or say it for the file alone (--for file)"
        )
        raise ConfigError(f"{printable(thing.label)}: {words}")
    return made


def others(configuration: Config, thing: Thing, correction: Correction) -> tuple[int, ...]:
    """What else was set aside and is known by this, as many as one request may name."""
    if correction.scope is Scope.FILE:
        return ()
    found = look(configuration.state_dir, most=MOST_IDS - 1).aside
    aside = [one for one in found if one.id != thing.entry and one.removes is None]
    readings = read_all([one.scrobble.media for one in aside])
    return tuple(
        entry.id
        for entry, reading in zip(aside, readings, strict=True)
        if covers(correction, entry.scrobble.media, reading.media if isinstance(reading, Read) else None)
    )


class Mending:
    """A ``Mender`` on threads, for which nobody waits when the program ends. Made and used on one event loop."""

    def __init__(self, configuration: Config) -> None:
        self._configuration = configuration
        self._threads = Senders(THREADS)

    def close(self) -> None:
        """Begin nothing more."""
        self._threads.close()

    def listed(self, entry: Entry) -> Sequence[Choice]:
        """What was kept with the entry."""
        return _choices(candidates_of(entry))

    async def subject(self, which: Which) -> Subject:
        """What is to be mended."""
        return await self._do(self._subject, which)

    async def search(self, which: Which, words: str) -> Choices:
        """What it may be."""
        return await self._do(self._search, which, words)

    async def remedy(self, which: Which, meant: Meant, scope: str | None) -> Remedy | Choices:
        """How that is said."""
        return await self._do(self._remedy, which, meant, scope)

    async def _do(self, call: Callable[..., T], *args: Any) -> T:
        return await asyncio.wrap_future(self._threads.submit(call, *args))

    # On a thread

    def _subject(self, which: Which) -> Subject:
        thing = self._thing(which)
        at, reason = self._told(which)
        return Subject(
            which=which,
            label=thing.label if which.is_play else thing.media.label(),
            account=thing.account,
            at=at,
            path=thing.media.path,
            reason=reason,
            choices=_choices(thing.candidates),
        )

    def _told(self, which: Which) -> tuple[datetime, str | None]:
        """When it was watched, and why it was set aside."""
        if which.is_play and (play := snapshot.play(self._configuration.state_dir, which.id)) is not None:
            return play.watched_at, None
        if not which.is_play and (entry := snapshot.entry(self._configuration.state_dir, which.id)) is not None:
            return entry.scrobble.at, entry.reason
        raise _gone(which)

    def _search(self, which: Which, words: str) -> Choices:
        thing = self._thing(which)
        with inquiring(self._configuration, thing) as inquiry:
            if not words:
                candidates = inquiry.search()
                return Choices(reason="" if candidates else "Trakt knows nothing like it", found=_choices(candidates))
            found = inquiry.refer(words)
        if isinstance(found, Unmatched):
            return Choices(reason=found.reason, found=_choices(found.candidates))
        if isinstance(found, Item):
            return Choices(reason="", found=_choices([Candidate(item=found, score=1.0, why="it is what you named")]))
        return Choices(reason="that is a whole show")

    def _remedy(self, which: Which, meant: Meant, scope: str | None) -> Remedy | Choices:
        thing = self._thing(which)
        wide = Scope(scope) if scope is not None else None
        if isinstance(meant, LeftOut):
            correction = correction_of(self._configuration, thing, Never(), wide or Scope.FILE)
            return self._asked(thing, correction, None)
        with inquiring(self._configuration, thing) as inquiry:
            found = _item(meant) if isinstance(meant, Picked) else inquiry.refer(meant.words)
            if isinstance(found, Unmatched):
                return Choices(reason=found.reason, found=_choices(found.candidates))
            correction = correction_of(self._configuration, thing, found, wide)
            item = inquiry.one(found) if which.is_play else None
        return self._asked(thing, correction, item)

    def _asked(self, thing: Thing, correction: Correction, item: Item | None) -> Remedy:
        """What is to be asked of the agent. What was entered by hand is not remembered."""
        requests: list[Request] = []
        if not thing.by_hand:
            ids = (*([thing.entry] if thing.entry is not None else []), *others(self._configuration, thing, correction))
            requests.append(Correct(correction=correction, ids=ids))
        if thing.play is not None and item is None:
            requests.append(Undo(plays=(thing.play,)))
        elif thing.play is not None and item is not None:
            written = msgspec.json.encode(item).decode()
            requests.append(Replace(play=thing.play, media=item.media(), item=written))
        return Remedy(requests=tuple(requests), words=correction.label())

    def _thing(self, which: Which) -> Thing:
        folder = self._configuration.state_dir
        if which.is_play:
            play = snapshot.play(folder, which.id)
            if play is None or play.undone_at is not None:
                raise _gone(which)
            return of_play(play)
        entry = snapshot.entry(folder, which.id)
        if entry is None or entry.removes is not None:
            raise _gone(which)
        if entry.scrobble.session == BY_HAND:
            raise ConfigError(f"entry {which.id} was entered by hand: drop it, and add the right one")
        return of_entry(entry)


def _gone(which: Which) -> ConfigError:
    what = "play" if which.is_play else "entry"
    return ConfigError(f"there is no {what} {which.id} any more that could be mended")


def _choices(candidates: Sequence[Candidate]) -> tuple[Choice, ...]:
    return tuple(
        Choice(name=name(one.item), why=one.why, pick=msgspec.json.encode(one.item).decode())
        for one in candidates[:MOST]
    )


def _item(picked: Picked) -> Item:
    try:
        return msgspec.json.decode(picked.pick, type=Item)
    except ValueError:  # msgspec's errors are ValueErrors
        raise PayloadError("this choice is not understood: load the page again") from None
