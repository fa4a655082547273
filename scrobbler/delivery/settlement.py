"""What becomes of an entry after an attempt: each way ends with one commit, and says in the log why.

``again``: another request is needed. ``delivered``: Trakt has the watch. ``failed``: it waits. ``give_up`` and
``unrecognised``: the user decides. ``drop``: it is not worth sending.
"""

import traceback
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec

from scrobbler.delivery.backoff import Backoff
from scrobbler.errors import Unavailable, Uncertain, Unreachable
from scrobbler.identify.match import Unmatched
from scrobbler.state.decisions import Note, What
from scrobbler.state.entry import Entry, Failure
from scrobbler.state.plays import How, Play
from scrobbler.state.store import Store
from scrobbler.trakt.client import Trakt
from scrobbler.trakt.wire import Item

UNCERTAIN_REST: Final = timedelta(seconds=5)
"""After an attempt that may have been done: so long before the history is asked, for a late write to arrive."""


class OurMistake(Uncertain):
    """This program is wrong about an entry."""


class Settlement:
    """Settles the entries of one account. What it returns is whether Trakt answered as it should."""

    def __init__(
        self, account: str, trakt: Trakt, store: Store, clock: Callable[[], datetime], backoff: Backoff
    ) -> None:
        self._account = account
        self._trakt = trakt
        self._store = store
        self._clock = clock
        self._backoff = backoff

    def again(self, entry: Entry, *, uncertain: bool, form: int | None = None) -> bool:
        """What comes next is another write, so it waits for its turn."""
        until = self._clock() + timedelta(seconds=self._trakt.write_ready_in())
        self._store.defer(entry, until, uncertain=uncertain, form=form).result()
        return True

    def delivered(self, entry: Entry, item: Item, history_id: int | None, watched_at: datetime, how: How) -> bool:
        """Trakt has the watch: it is remembered as a play."""
        scrobble = entry.scrobble
        play = Play(
            account=self._account,
            sitting=scrobble.sitting,
            media=scrobble.media,
            watched_at=watched_at,
            delivered_at=self._clock(),
            history_id=history_id,
            how=how,
            told=scrobble,
            item=written(item),
        )
        words = f"Trakt: watched {item.label()}, {how.value}"
        self._store.deliver(entry, play, self.note(entry, What.WATCHED, words, item.label())).result()
        return True

    def failed(self, entry: Entry, error: Unavailable | Uncertain) -> None:
        """Wait, for as long as the account rests, and longer where others go through.

        A watch is never given up for what Trakt fails with: only where the mistake is ours. What is none is.
        """
        rest = self._backoff.failed(error)
        uncertain = isinstance(error, Uncertain)
        own = isinstance(error, Uncertain) or not (isinstance(error, Unreachable) or error.retry_after is not None)
        if own and entry.hopeless and (isinstance(error, OurMistake) or not entry.scrobble.lasts()):
            words = f"{error}, {entry.attempts + 1} times, while others went through"
            self.give_up(entry, f"{words}: try again with `scrobbler queue retry {entry.id}`", uncertain=uncertain)
            return
        now = self._clock()
        until = now + max(UNCERTAIN_REST if uncertain else timedelta(0), entry.rest if own else timedelta(0))
        failure = Failure(
            at=now,
            reason=str(error),
            until=until,
            next_at=max(until, now + timedelta(seconds=rest)),
            uncertain=uncertain,
            own=own,
        )
        self._store.fail(entry, failure).result()

    def unrecognised(self, entry: Entry, found: Unmatched) -> bool:
        """A watch of something is set aside with what it may be; anything else is not worth keeping."""
        reason, label = f"it was not recognised: {found.reason}", entry.scrobble.media.label()
        if not entry.scrobble.lasts():
            return self.drop(entry, reason, label)
        note = self.note(entry, What.UNMATCHED, f"{entry.label()} was set aside: {reason}", label)
        self._store.set_aside(entry, reason, note, candidates=written(found.candidates)).result()
        return False

    def give_up(self, entry: Entry, reason: str, *, uncertain: bool = False, asked: bool = False) -> bool:
        """A watch, or the removal of one, is set aside for the user to decide; anything else is not worth keeping."""
        if not entry.scrobble.lasts():
            self.drop(entry, reason)
        else:
            note = self.note(entry, What.ASIDE, f"{entry.label()} was set aside: {reason}")
            self._store.set_aside(entry, reason, note, uncertain=uncertain).result()
        return asked

    def drop(self, entry: Entry, reason: str, label: str | None = None) -> bool:
        """It is not worth sending, or not any more."""
        note = self.note(entry, What.DROPPED, f"{entry.label()} was not sent: {reason}", label)
        self._store.settle(entry, note, through=False).result()
        return False

    def note(self, entry: Entry, what: What, words: str, label: str | None = None) -> Note:
        """A decision about the entry."""
        return entry.note(self._clock(), what, words, label)


def written(value: object) -> str:
    """Items and candidates as they are kept."""
    return msgspec.json.encode(value).decode()


def mistake(error: Exception) -> str:
    """Where this program went wrong. The error's own words stay out: they may quote anything."""
    *_, where = traceback.extract_tb(error.__traceback__)
    return f"this program made a mistake ({type(error).__name__} in {Path(where.filename).name}, line {where.lineno})"
