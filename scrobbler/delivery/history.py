"""Whether a watch is in the history already: as one of our own plays, or as one that Trakt has.

Two sources may tell of one playback (a server, and the player that shows what it streams). They are one watch: the
same account and item, in two sessions, at one time (``scrobble.overlap``).
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from scrobbler.errors import Unavailable
from scrobbler.events import MediaKind
from scrobbler.machine.scrobble import BY_HAND, Scrobble, overlap
from scrobbler.state.plays import Play
from scrobbler.state.store import Store
from scrobbler.trakt.client import Trakt
from scrobbler.trakt.replies import HistoryEntry
from scrobbler.trakt.wire import Item

CLOCK_SLACK: Final = timedelta(minutes=2)
"""Trakt's clock and ours may differ by this much."""
LATEST: Final = timedelta(minutes=5)
"""A watch that was sent live, and whose answer was lost, stands in the history at most so long after its end. What
stands there later is another watch."""
ROUGHLY: Final = timedelta(minutes=30)
"""Who enters a watch by hand does not know the minute."""
SECONDS: Final = timedelta(seconds=5)
"""What was just added has the time with which it was added, but for what Trakt rounds."""
AT_ONCE: Final = timedelta(minutes=1)
"""Two plays of an item that are no further apart are one."""


class History:
    """What one account has watched."""

    def __init__(self, account: str, trakt: Trakt, store: Store, clock: Callable[[], datetime]) -> None:
        self._account = account
        self._trakt = trakt
        self._store = store
        self._clock = clock

    def twin(self, scrobble: Scrobble, item: Item) -> tuple[int, Play] | None:
        """The play, and its id, that another source told of this very playback; or the one that it was, undone since.

        What the user enters by hand he wants, whatever he took back before.
        """
        by_hand = scrobble.session == BY_HAND
        itself = self._store.play_of(scrobble.sitting).result()
        if itself is not None and itself.undone_at is not None:
            return itself.id, itself
        for number, play in self._store.plays_near(self._account, scrobble.began_at, scrobble.at).result().items():
            at_once = play.told is not None and overlap(scrobble, play.told)
            if at_once and _of(item, play) and not (by_hand and play.undone_at is not None):
                return number, play
        return None

    def undone(self, item: Item, at: datetime) -> bool:
        """Whether the play of an item that ended at about that time is one that was taken back."""
        near = self._store.plays_near(self._account, at - CLOCK_SLACK, at + CLOCK_SLACK).result().values()
        return any(
            play.undone_at is not None and _of(item, play) and abs(play.watched_at - at) <= CLOCK_SLACK for play in near
        )

    def around(self, scrobble: Scrobble, item: Item) -> tuple[HistoryEntry, ...]:
        """The plays of its kind at Trakt, from half its duration before its end. Raises the errors of ``Trakt``."""
        half = timedelta(seconds=(scrobble.duration or item.runtime or 0.0) / 2)
        if scrobble.session == BY_HAND:
            half = max(half, ROUGHLY)
        end = min(scrobble.at + LATEST, self._clock() + CLOCK_SLACK)
        return self._trakt.history(item.kind, scrobble.at - max(half, CLOCK_SLACK), end)

    def seen(self, scrobble: Scrobble, item: Item, around: Sequence[HistoryEntry]) -> int | None:
        """The id of the play among these that must be this watch, and is none of our other plays."""
        alike = [entry for entry in around if item.same_as(entry.item)]
        if not alike:
            return None
        ours = self._store.has_play(self._account, [entry.id for entry in alike]).result()
        span = min(entry.watched_at for entry in alike), max(entry.watched_at for entry in alike)
        told = [
            play.watched_at
            for play in self._store.plays_near(self._account, *span).result().values()
            if play.history_id is None and _of(item, play) and play.sitting != scrobble.sitting
        ]
        return next(
            (
                entry.id
                for entry in alike
                if entry.id not in ours and all(abs(entry.watched_at - at) > AT_ONCE for at in told)
            ),
            None,
        )

    def added(self, scrobble: Scrobble, item: Item, before: Sequence[HistoryEntry]) -> HistoryEntry | None:
        """The play that came of adding a watch; None where that cannot be told (yet)."""
        known = {entry.id for entry in before}
        try:
            after = self.around(scrobble, item)
        except Unavailable:
            return None  # it was added in any case
        new = [entry for entry in after if entry.id not in known and abs(entry.watched_at - scrobble.at) <= SECONDS]
        return new[0] if len(new) == 1 else None

    def standing(self, item: Item, watched_at: datetime) -> tuple[int, ...]:
        """The ids of the plays of an item that Trakt has at that time, but for those that we know as others."""
        entries = self._trakt.history(item.kind, watched_at - AT_ONCE, watched_at + AT_ONCE)
        alike = [entry.id for entry in entries if item.same_as(entry.item)]
        ours = self._store.has_play(self._account, alike).result()
        return tuple(number for number in alike if number not in ours)

    def has(self, kind: MediaKind, history_id: int, watched_at: datetime) -> bool:
        """Whether Trakt still has that play."""
        entries = self._trakt.history(kind, watched_at - AT_ONCE, watched_at + AT_ONCE)
        return any(entry.id == history_id for entry in entries)


def _of(item: Item, play: Play) -> bool:
    """Whether it is a play of this item."""
    return play.item is not None and item.same_as(msgspec.json.decode(play.item, type=Item))
