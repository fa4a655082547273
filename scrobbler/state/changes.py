"""What the user changes of what was watched: each change is one commit, with the note that tells of it.

The functions that do it work on a connection (``amendments``, ``outbox``, ``corrections``); here each becomes a
transaction of its own, whose promise is kept once it is on the disk.
"""

import sqlite3
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol, TypeVar

from scrobbler.events import Media
from scrobbler.machine.scrobble import Scrobble
from scrobbler.state import amendments, corrections, outbox, plays
from scrobbler.state.amendments import Entered, NotUndone, Replaced
from scrobbler.state.corrections import Correction, Remembered
from scrobbler.state.decisions import Note, What
from scrobbler.state.entry import Entry
from scrobbler.state.promise import Promise

T = TypeVar("T")
Tell = Callable[[Note], None]


class Telling(Protocol):
    """How a change is committed: the store's way for work that knows its notes only once it is done."""

    def __call__(self, work: Callable[[sqlite3.Connection, Tell], T]) -> Promise[T]:
        """Do the work in the next transaction, and write the notes that it tells."""
        ...


class Changes:
    """What the user may change, of one store. Instants are aware UTC."""

    def __init__(self, telling: Telling) -> None:
        self._telling = telling
        self._corrections: tuple[int, tuple[Correction, ...]] = (-1, ())
        self._corrected = 0

    def undo(self, play: int, now: datetime) -> Promise[Entry | NotUndone]:
        """The user takes a play back. Returns the entry that removes it from Trakt's history."""

        def work(db: sqlite3.Connection, tell: Tell) -> Entry | NotUndone:
            done = amendments.undo(db, play, now)
            if isinstance(done, Entry):
                tell(_undone(done, play, now))
            return done

        return self._telling(work)

    def enter(self, scrobble: Scrobble, now: datetime, *, item: str | None = None) -> Promise[Entered]:
        """The user says that he watched something. A sitting of that name that there is already is the same watch.

        ``item``: Trakt's, as delivery writes it, where it is known already.
        """

        def work(db: sqlite3.Connection, tell: Tell) -> Entered:
            entered = amendments.enter(db, scrobble, now, item)
            if entered.new:
                tell(_by_hand(entered, now))
            return entered

        return self._telling(work)

    def replace(
        self, play: int, media: Media, now: datetime, *, item: str | None = None
    ) -> Promise[Replaced | NotUndone]:
        """A play was of something else: remove it, and enter the other with its time, in one transaction.

        The other does not leave before the removal is settled.
        """

        def work(db: sqlite3.Connection, tell: Tell) -> Replaced | NotUndone:
            done = amendments.replace(db, play, media, now, item)
            if isinstance(done, Replaced):
                tell(_undone(done.removal, play, now))
                if done.entered.new:
                    tell(_by_hand(done.entered, now))
            return done

        return self._telling(work)

    def retry(self, ids: Sequence[int], now: datetime) -> Promise[tuple[Entry, ...]]:
        """The user wants these tried again. Returns those that will be: what is being sent, or gone, is left alone."""

        def work(db: sqlite3.Connection, tell: Tell) -> tuple[Entry, ...]:
            found = outbox.retry(db, ids, now)
            for entry in found:
                tell(entry.note(now, What.RETRIED, f"{entry.label()} is tried again, as the user wants"))
            return tuple(found)

        return self._telling(work)

    def drop(self, ids: Sequence[int], now: datetime) -> Promise[tuple[Entry, ...]]:
        """The user wants these forgotten. Returns those that were: what is being sent, or gone, is left alone.

        A play whose removal is dropped stands again.
        """

        def work(db: sqlite3.Connection, tell: Tell) -> tuple[Entry, ...]:
            found = outbox.drop(db, ids)
            for entry in found:
                if entry.removes is not None and entry.removes.play is not None:
                    plays.undo(db, entry.removes.play, None)
                tell(entry.note(now, What.DROPPED, f"{entry.label()} was dropped by the user"))
            return tuple(found)

        return self._telling(work)

    def corrections(self) -> tuple[Correction, ...]:
        """What the user said that something really is, the oldest first. Blocks only after a change."""
        known, found = self._corrections
        if known != (version := self._corrected):
            rows = self._telling(lambda db, _: corrections.remembered(db)).result()
            found = tuple(one.correction for one in rows)
            self._corrections = version, found
        return found

    def correct(
        self, correction: Correction, ids: Sequence[int], now: datetime, *noted: Note
    ) -> Promise[tuple[Remembered, tuple[Entry, ...]]]:
        """Remember what something really is, and try these entries again; it holds from the commit on."""

        def work(db: sqlite3.Connection, tell: Tell) -> tuple[Remembered, tuple[Entry, ...]]:
            self._corrected += 1
            kept = corrections.remember(db, correction, now)
            found = outbox.retry(db, ids, now)
            for note in noted:
                tell(note)
            for entry in found:
                tell(entry.note(now, What.RETRIED, f"{entry.label()} is tried again, corrected by the user"))
            return kept, tuple(found)

        return self._telling(work)

    def uncorrect(self, ids: Sequence[int], now: datetime) -> Promise[tuple[Remembered, ...]]:
        """The user takes these corrections back. Returns those that there were."""

        def work(db: sqlite3.Connection, tell: Tell) -> tuple[Remembered, ...]:
            self._corrected += 1
            found = [one for number in ids if (one := corrections.forget(db, number)) is not None]
            for one in found:
                tell(Note(at=now, what=What.CORRECTED, words=f"correction {one.id} was taken back by the user"))
            return tuple(found)

        return self._telling(work)


def _undone(removal: Entry, play: int, at: datetime) -> Note:
    words = f"play {play}, {removal.scrobble.media.label()}, was taken back by the user"
    return removal.note(at, What.UNDONE, words)


def _by_hand(entered: Entered, at: datetime) -> Note:
    assert isinstance(entered.stands, Entry)  # noqa: S101  # what is new is one
    words = f"{entered.stands.scrobble.media.label()} was entered by the user"
    return entered.stands.note(at, What.ENTERED, words)
