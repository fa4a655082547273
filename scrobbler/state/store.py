"""What must not be lost: sessions, the outbox, the plays that were delivered, and the log of decisions.

Theory of operation
-------------------
A session and what it says are committed together (``keep``), before the player is answered. Each scrobble becomes an
entry of the ``outbox``; a watch that Trakt has becomes a *play*, in the transaction in which its entry is done. Each of
these takes the notes that tell of it (``decisions``), which so cost no flush of their own.

``spec/delivery.md`` holds the MUSTs. Every method may be called from any thread and returns the promise of its commit.
"""

import os
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import date, datetime
from pathlib import Path
from typing import Final, TypeVar

from scrobbler.events import SessionKey
from scrobbler.household import Stranger, Switched
from scrobbler.machine.scrobble import Scrobble
from scrobbler.machine.session import Session
from scrobbler.state import amendments, answers, corrections, outbox, people, plays, schema, sessions, vigil, wishes
from scrobbler.state import decisions as log
from scrobbler.state.amendments import Wrong
from scrobbler.state.answers import Answer
from scrobbler.state.changes import Changes
from scrobbler.state.database import Database, Work
from scrobbler.state.decisions import Note, What
from scrobbler.state.entry import Entry, Failure
from scrobbler.state.people import Mapped
from scrobbler.state.plays import Play
from scrobbler.state.promise import Promise

AT_ONCE: Final = 1000
"""So many old rows of a table are let go at once; the rest is for the next time."""

T = TypeVar("T")


class Store:
    """The agent's memory. Instants given and returned are aware UTC."""

    def __init__(self, folder: Path, now: datetime) -> None:
        """Open the state file in the folder. Raises ``StateError``; see ``Database`` for damaged files."""
        self.listeners: list[Callable[[Sequence[Note]], None]] = []
        """Who hears of decisions as soon as they are on the disk, on the writer's thread: they must be quick."""
        self._database = Database(folder / schema.FILE, schema.SCRIPTS, now, _weed, self._say)
        self.changes = Changes(self._telling)
        """What the user changes afterwards."""
        self.moved = self._database.moved
        """What was done with a file that could not be used, for the user; None if all was well."""

    def close(self) -> None:
        """Finish all commits and close the file."""
        self._database.close()

    def sessions(self) -> Promise[tuple[Session, ...]]:
        """All sessions as they were last kept."""
        return self._database.submit(sessions.kept)

    def keep(
        self, session: Session, said: Sequence[Scrobble], now: datetime, *, idle: bool, noted: Sequence[Note] = ()
    ) -> Promise[Entry | None]:
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

    def note(self, noted: Sequence[Note]) -> Promise[None]:
        """Decisions that go with no other step."""
        return self._submit(lambda _: None, noted)

    def claim(self, account: str, now: datetime) -> Promise[Entry | None]:
        """The account's next entry that is due, now SENDING; None if nothing is due."""
        return self._database.submit(lambda db: outbox.claim(db, account, now))

    def next_due(self, account: str, now: datetime) -> Promise[datetime | None]:
        """From when on the account's next entry may be sent, ``now`` if it may be; None if nothing waits."""

        def work(db: sqlite3.Connection) -> datetime | None:
            entry = outbox.first(db, account, now)
            return None if entry is None else now + entry.rests(now)

        return self._database.submit(work)

    def defer(
        self, entry: Entry, until: datetime, *noted: Note, uncertain: bool = False, form: int | None = None
    ) -> Promise[None]:
        """The entry needs another request, from ``until`` on. ``uncertain``: this one may have been done."""
        wanted = entry.form if form is None else form
        return self._submit(lambda db: outbox.defer(db, entry, until, uncertain=uncertain, form=wanted), noted)

    def fail(self, entry: Entry, failure: Failure) -> Promise[None]:
        """The attempt failed and is made again; that it waits is noted once for each reason."""
        words = f"{entry.label()} waits: {failure.reason}"
        if failure.own and entry.rest:
            words = f"{words}; others go through, and this is tried again at longer and longer intervals"

        def work(db: sqlite3.Connection, tell: Callable[[Note], None]) -> None:
            if outbox.fail(db, entry, failure):
                tell(entry.note(failure.at, What.WAITING, words))

        return self._telling(work)

    def settle(self, entry: Entry, *noted: Note, through: bool = True) -> Promise[None]:
        """The entry is done and is no watch of its own; ``through``: because Trakt took it."""
        return self._submit(lambda db: outbox.finish(db, entry, through=through), noted)

    def deliver(self, entry: Entry, play: Play, *noted: Note) -> Promise[None]:
        """The entry is a watch that Trakt has now."""

        def work(db: sqlite3.Connection) -> None:
            plays.add(db, play)
            outbox.finish(db, entry, through=True)
            if entry.behind:
                outbox.hasten(db, play.account, play.delivered_at + outbox.ARRIVES)

        return self._submit(work, noted)

    def set_aside(
        self, entry: Entry, reason: str, *noted: Note, uncertain: bool = False, candidates: str | None = None
    ) -> Promise[None]:
        """The entry cannot be delivered; it is kept with the reason until the user decides.

        ``candidates``: what it may be, as JSON (an empty list, too), where it was not recognised.
        """

        def work(db: sqlite3.Connection) -> None:
            outbox.set_aside(db, entry, reason, uncertain=uncertain, candidates=candidates)

        return self._submit(work, noted)

    def found(self, entry: Entry, history_id: int) -> Promise[None]:
        """Trakt's id of what the entry removes was looked up; it is on the disk before it is used."""
        return self._submit(lambda db: outbox.found(db, entry, history_id), ())

    def mistaken(
        self, entry: Entry, wrong: Wrong, *noted: Note, until: datetime, form: int | None, reason: str
    ) -> Promise[None]:
        """Trakt took the entry for something else, which it has as a watch now: that is to be removed.

        ``form``: in which form the entry is named next, from ``until`` on; None where there is none left, and then it
        is set aside with the reason.
        """

        def work(db: sqlite3.Connection) -> None:
            amendments.remove(db, entry.scrobble, wrong, until)
            if form is None:
                outbox.set_aside(db, entry, reason, uncertain=True)
            else:
                outbox.defer(db, entry, until, uncertain=True, form=form)

        return self._submit(work, noted)

    def recall(self, key: str) -> Answer | None:
        """What Trakt answered last. Blocks."""
        return self._database.submit(lambda db: answers.recall(db, key)).result()

    def remember(self, key: str, answer: Answer) -> None:
        """Keep what Trakt answered. Nobody waits for it: what is lost is asked again."""
        self._database.submit(lambda db: answers.remember(db, key, answer))

    def hide(self, accounts: Sequence[str], until: datetime | None, noted: Sequence[Note]) -> Promise[None]:
        """Until then what these accounts watch is nobody's business. None: it is told again."""

        return self._submit(lambda db: wishes.hide(db, accounts, until), noted)

    def incognito(self) -> Promise[dict[str, datetime]]:
        """Until when incognito was switched on, by account; that may be over."""
        return self._database.submit(wishes.incognito)

    def switch(self, wanted: Sequence[Switched], noted: Sequence[Note]) -> Promise[None]:
        """From now on these players, and devices, count for these accounts."""
        return self._submit(lambda db: wishes.switch(db, wanted), noted)

    def switch_back(self, players: Sequence[str], device: str | None, noted: Sequence[Note]) -> Promise[None]:
        """These players count for whom they counted before; None: with all their devices."""
        return self._submit(lambda db: wishes.switch_back(db, players, device), noted)

    def switched(self) -> Promise[tuple[Switched, ...]]:
        """Whose players and devices are for a while; that may be over."""
        return self._database.submit(wishes.switched)

    def map_user(self, one: Mapped, noted: Sequence[Note]) -> Promise[None]:
        """From now on a server's user counts for an account."""
        return self._submit(lambda db: people.put(db, one), noted)

    def unmap_user(self, player: str, user: str, noted: Sequence[Note]) -> Promise[bool]:
        """He counts no longer. Returns whether he did because a command had said so."""
        return self._submit(lambda db: people.drop(db, player, user), noted)

    def mapped(self) -> Promise[tuple[Mapped, ...]]:
        """The users who count because a command said so."""
        return self._database.submit(people.mapped)

    def meet(self, player: str, one: Stranger, now: datetime) -> Promise[None]:
        """A user who counts for nobody was heard of."""
        return self._database.submit(lambda db: people.meet(db, player, one, now))

    def wake(self, day: date, *, keep: int) -> Promise[None]:
        """The agent runs on this day (UTC), which is kept with so many of the last ones."""
        return self._database.submit(lambda db: vigil.wake(db, day, keep))

    def said(self, kind: str, player: str, now: datetime) -> Promise[None]:
        """Something of a kind was told of a player."""
        return self._database.submit(lambda db: vigil.say(db, kind, player, now))

    def plays_near(self, account: str, began_at: datetime, ended_at: datetime) -> Promise[dict[int, Play]]:
        """The account's plays whose sitting was at about this time, by their ids; the first one first."""

        return self._database.submit(lambda db: plays.near(db, account, began_at, ended_at))

    def play_of(self, sitting: str) -> Promise[Play | None]:
        """The play that a sitting became."""
        return self._database.submit(lambda db: plays.of_sitting(db, sitting))

    def has_play(self, account: str, history_ids: Sequence[int]) -> Promise[frozenset[int]]:
        """Those of the history ids that are plays of ours already."""

        return self._database.submit(lambda db: plays.known(db, account, history_ids))

    def forget(self, keys: Sequence[SessionKey]) -> Promise[None]:
        """Sessions that nobody will come back to."""

        return self._database.submit(lambda db: sessions.forget(db, keys))

    def tidy(self, plays_before: datetime, decisions_before: datetime) -> Promise[None]:
        """Let go of a bounded number of plays and decisions that are older than that."""

        def work(db: sqlite3.Connection) -> None:
            plays.forget(db, plays_before, AT_ONCE)
            log.forget(db, decisions_before, AT_ONCE)

        return self._database.submit(work)

    def recover(self, rest_until: datetime) -> Promise[int]:
        """After a start: what was SENDING when the process ended may have been done. Returns how many there were.

        They are not touched before ``rest_until``, so that a request still on its way has arrived by then.
        """

        return self._database.submit(lambda db: outbox.recover(db, rest_until))

    def _submit(self, work: Work[T], noted: Sequence[Note]) -> Promise[T]:
        """Do the work and write its notes in one transaction; say them once they are on the disk."""

        def both(db: sqlite3.Connection, tell: Callable[[Note], None]) -> T:
            result = work(db)
            for note in noted:
                tell(note)
            return result

        return self._telling(both)

    def _telling(self, work: Callable[[sqlite3.Connection, Callable[[Note], None]], T]) -> Promise[T]:
        """The same for work that knows its notes only once it is done."""
        told: list[Note] = []

        def both(db: sqlite3.Connection) -> T:
            told.clear()  # it may be done once more
            notes: list[Note] = []
            result = work(db, notes.append)
            told.extend(log.write(db, notes))
            return result

        return self._database.submit(both, told)

    def _say(self, told: Sequence[Note]) -> None:
        """Tell the program's log, and whoever follows the decisions, what was committed together.

        The file is touched, because a write to SQLite's log is seen before its commit can be.
        """
        log.say(told)
        for hear in tuple(self.listeners):  # some come and go meanwhile
            hear(told)
        with suppress(OSError):
            os.utime(self._database.path)


def _weed(db: sqlite3.Connection) -> int:
    """Delete what cannot be read of all that the agent reads when it starts, and say how many rows it were."""
    parts = (sessions, wishes, people, outbox, corrections, vigil)
    return sum(part.weed(db) for part in parts)
