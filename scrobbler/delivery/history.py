"""Whether a watch is in the history already: as one of our own plays, or as one that Trakt has.

Two sources may tell of one playback (a server, and the player that shows what it streams). They are one watch: the
same account and item, in two sessions, at one time (``scrobble.overlap``).
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import msgspec

from scrobbler.machine.scrobble import Scrobble, overlap
from scrobbler.state.plays import Play
from scrobbler.state.store import Store
from scrobbler.trakt.client import Trakt
from scrobbler.trakt.wire import Item

CLOCK_SLACK: Final = timedelta(minutes=2)
"""Trakt's clock and ours may differ by this much."""
LATEST: Final = timedelta(minutes=5)
"""A watch that was sent live, and whose answer was lost, stands in the history at most so long after its end. What
stands there later is another watch."""


class History:
    """What one account has watched."""

    def __init__(self, account: str, trakt: Trakt, store: Store, clock: Callable[[], datetime]) -> None:
        self._account = account
        self._trakt = trakt
        self._store = store
        self._clock = clock

    def twin(self, scrobble: Scrobble, item: Item) -> tuple[int, Play] | None:
        """The play, and its id, that another source told of this very playback."""
        for number, play in self._store.plays_near(self._account, scrobble.began_at, scrobble.at).result().items():
            at_once = play.told is not None and play.item is not None and overlap(scrobble, play.told)
            if at_once and item.same_as(msgspec.json.decode(play.item or "", type=Item)):
                return number, play
        return None

    def seen(self, scrobble: Scrobble, item: Item) -> int | None:
        """The id of a play in Trakt's history that must be this watch, and is none of our other plays.

        Raises the errors of ``Trakt``.
        """
        half = timedelta(seconds=(scrobble.duration or item.runtime or 0.0) / 2)
        end = min(scrobble.at + LATEST, self._clock() + CLOCK_SLACK)
        entries = self._trakt.history(item.kind, scrobble.at - max(half, CLOCK_SLACK), end)
        alike = [entry.id for entry in entries if item.same_as(entry.item)]
        ours = self._store.has_play(self._account, alike).result()
        return next((number for number in alike if number not in ours), None)
