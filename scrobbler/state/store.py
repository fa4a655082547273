"""What must not be lost: sessions, the outbox, the plays that were delivered, and the log of decisions.

Theory of operation
-------------------
A session and what it says are committed together (``keep``), before the player is answered. Each scrobble becomes an
entry of the ``outbox``; a watch that Trakt has becomes a *play*, in the transaction in which its entry is done. Each of
these takes the notes that tell of it (``decisions``), which so cost no flush of their own.

``spec/delivery.md`` holds the MUSTs. Every method may be called from any thread and returns a future of its commit.
"""

import os
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Final, TypeVar

from scrobbler.events import SessionKey
from scrobbler.machine.scrobble import Scrobble
from scrobbler.machine.session import Session
from scrobbler.state import decisions as log
from scrobbler.state import outbox, plays, schema, sessions, wishes
from scrobbler.state.database import Database, Work
from scrobbler.state.decisions import Note, What, about
from scrobbler.state.outbox import Entry, Failure
from scrobbler.state.plays import Play

AT_ONCE: Final = 1000
"""So many old rows of a table are let go at once; the rest is for the next time."""

T = TypeVar("T")


class Store:
    """The agent's memory. Instants given and returned are aware UTC."""

    def __init__(self, folder: Path, now: datetime) -> None:
        """Open the state file in the folder. Raises ``StateError``; see ``Database`` for damaged files."""
        self._database = Database(folder / schema.FILE, schema.SCRIPTS, now, _weed)
        self.moved = self._database.moved
        """What was done with a file that could not be used, for the user; None if all was well."""

    def close(self) -> None:
        """Finish all commits and close the file."""
        self._database.close()

    def sessions(self) -> Future[tuple[Session, ...]]:
        """All sessions as they were last kept."""
        return self._database.submit(sessions.kept)

    def keep(
        self, session: Session, said: Sequence[Scrobble], now: datetime, *, idle: bool, noted: Sequence[Note] = ()
    ) -> Future[Entry | None]:
        """Commit a session and what it said.

        ``idle``: the account's sender is free. The result is then the entry to send at once, already SENDING, so
        that it costs no second flush; None if there is nothing, or something older waits.
        """

        def work(db: sqlite3.Connection) -> Entry | None:
            sessions.keep(db, session)
            for scrobble in said:
                outbox.enqueue(db, scrobble, now)
            return outbox.claim(db, session.account, now) if idle and said else None

        return self._submit(work, noted)

    def note(self, noted: Sequence[Note]) -> Future[None]:
        """Decisions that go with no other step."""
        return self._submit(lambda _: None, noted)

    def claim(self, account: str, now: datetime) -> Future[Entry | None]:
        """The account's next entry that is due, now SENDING; None if nothing is due."""
        return self._database.submit(lambda db: outbox.claim(db, account, now))

    def next_due(self, account: str, now: datetime) -> Future[datetime | None]:
        """From when on the account's next entry may be sent, ``now`` if it may be; None if nothing waits."""

        def work(db: sqlite3.Connection) -> datetime | None:
            entry = outbox.first(db, account)
            return None if entry is None else now + entry.rests(now)

        return self._database.submit(work)

    def defer(self, entry: Entry, until: datetime, *, uncertain: bool = False, form: int | None = None) -> Future[None]:
        """The entry needs another request, from ``until`` on. ``uncertain``: this one may have been done."""
        wanted = entry.form if form is None else form
        return self._database.submit(lambda db: outbox.defer(db, entry, until, uncertain=uncertain, form=wanted))

    def fail(self, entry: Entry, failure: Failure) -> Future[None]:
        """The attempt failed and is made again; that it waits is noted once for each reason."""
        note = _about(entry, failure.at, What.WAITING, f"{entry.label()} waits: {failure.reason}")

        def work(db: sqlite3.Connection, tell: Callable[[Note], None]) -> None:
            if outbox.fail(db, entry, failure):
                tell(note)

        return self._telling(work)

    def settle(self, entry: Entry, *noted: Note, through: bool = True) -> Future[None]:
        """The entry is done and is no watch of its own; ``through``: because Trakt took it."""
        return self._submit(lambda db: outbox.finish(db, entry, through=through), noted)

    def deliver(self, entry: Entry, play: Play, *noted: Note) -> Future[None]:
        """The entry is a watch that Trakt has now."""

        def work(db: sqlite3.Connection) -> None:
            plays.add(db, play)
            outbox.finish(db, entry, through=True)

        return self._submit(work, noted)

    def set_aside(self, entry: Entry, reason: str, *noted: Note, uncertain: bool = False) -> Future[None]:
        """The entry cannot be delivered; it is kept with the reason until the user decides."""
        return self._submit(lambda db: outbox.set_aside(db, entry, reason, uncertain=uncertain), noted)

    def retry(self, ids: Sequence[int], now: datetime) -> Future[tuple[Entry, ...]]:
        """The user wants these tried again. Returns those that will be: what is being sent, or gone, is left alone."""

        def work(db: sqlite3.Connection, tell: Callable[[Note], None]) -> tuple[Entry, ...]:
            found = outbox.retry(db, ids, now)
            for entry in found:
                tell(_about(entry, now, What.RETRIED, f"{entry.label()} is tried again, as the user wants"))
            return tuple(found)

        return self._telling(work)

    def drop(self, ids: Sequence[int], now: datetime) -> Future[tuple[Entry, ...]]:
        """The user wants these forgotten. Returns those that were: what is being sent, or gone, is left alone."""

        def work(db: sqlite3.Connection, tell: Callable[[Note], None]) -> tuple[Entry, ...]:
            found = outbox.drop(db, ids)
            for entry in found:
                tell(_about(entry, now, What.DROPPED, f"{entry.label()} was dropped by the user"))
            return tuple(found)

        return self._telling(work)

    def hide(self, accounts: Sequence[str], until: datetime | None, noted: Sequence[Note]) -> Future[None]:
        """Until then what these accounts watch is nobody's business. None: it is told again."""

        return self._submit(lambda db: wishes.hide(db, accounts, until), noted)

    def incognito(self) -> Future[dict[str, datetime]]:
        """Until when incognito was switched on, by account; that may be over."""
        return self._database.submit(wishes.incognito)

    def plays_near(self, account: str, began_at: datetime, ended_at: datetime) -> Future[dict[int, Play]]:
        """The account's plays whose sitting was at about this time, by their ids; the first one first."""

        return self._database.submit(lambda db: plays.near(db, account, began_at, ended_at))

    def has_play(self, account: str, history_ids: Sequence[int]) -> Future[frozenset[int]]:
        """Those of the history ids that are plays of ours already."""

        return self._database.submit(lambda db: plays.known(db, account, history_ids))

    def forget(self, keys: Sequence[SessionKey]) -> Future[None]:
        """Sessions that nobody will come back to."""

        return self._database.submit(lambda db: sessions.forget(db, keys))

    def tidy(self, plays_before: datetime, decisions_before: datetime) -> Future[None]:
        """Let go of a bounded number of plays and decisions that are older than that."""

        def work(db: sqlite3.Connection) -> None:
            plays.forget(db, plays_before, AT_ONCE)
            log.forget(db, decisions_before, AT_ONCE)

        return self._database.submit(work)

    def recover(self, rest_until: datetime) -> Future[int]:
        """After a start: what was SENDING when the process ended may have been done. Returns how many there were.

        They are not touched before ``rest_until``, so that a request still on its way has arrived by then.
        """

        return self._database.submit(lambda db: outbox.recover(db, rest_until))

    def _submit(self, work: Work[T], noted: Sequence[Note]) -> Future[T]:
        """Do the work and write its notes in one transaction; say them once they are on the disk."""

        def both(db: sqlite3.Connection, tell: Callable[[Note], None]) -> T:
            result = work(db)
            for note in noted:
                tell(note)
            return result

        return self._telling(both)

    def _telling(self, work: Callable[[sqlite3.Connection, Callable[[Note], None]], T]) -> Future[T]:
        """The same for work that knows its notes only once it is done."""
        told: list[Note] = []

        def both(db: sqlite3.Connection) -> T:
            told.clear()  # where the disk refuses, work is tried once more
            notes: list[Note] = []
            result = work(db, notes.append)
            told.extend(log.write(db, notes))
            return result

        return self._database.submit(both, lambda: self._say(told))

    def _say(self, told: Sequence[Note]) -> None:
        """Tell the program's log, and whoever follows the decisions.

        The file is touched, because a write to SQLite's log is seen before its commit can be.
        """
        log.say(told)
        if told:
            with suppress(OSError):
                os.utime(self._database.path)


def _weed(db: sqlite3.Connection) -> int:
    """Delete what cannot be read of all that the agent reads when it starts, and say how many rows it were."""
    return sessions.weed(db) + wishes.weed(db) + outbox.weed(db)


def _about(entry: Entry, at: datetime, what: What, words: str) -> Note:
    return about(entry.scrobble.session, entry.scrobble.account, at, what, words, entry=entry.id)
