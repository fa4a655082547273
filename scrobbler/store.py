"""What must not be lost: sessions, the outbox, the plays that were delivered.

Theory of operation
-------------------
A session and what it says are committed together (``keep``), before the player is answered. Each scrobble becomes an
*entry* of the outbox. An entry is WAITING, or SENDING from the commit before its request until the commit of its
outcome: an entry found SENDING after a crash may or may not have reached Trakt. Then it is DONE, or set ASIDE with a
reason. Entries of a sitting that are DONE stay until its stop is settled, because they tell what Trakt was told.

What is overtaken is never sent: a start, a pause, or a stop that is no watch gives way to any later entry of its
session. An entry that may count as a watch leaves only as delivered, as the duplicate of a play, or set aside.

``spec/delivery.md`` holds the MUSTs. Every method may be called from any thread and returns a future of its commit.
"""

import sqlite3
from collections.abc import Sequence
from concurrent.futures import Future
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from scrobbler.database import Database, read_only
from scrobbler.events import Media, SessionKey
from scrobbler.session import Action, Scrobble, Session

FILE: Final = "state.db"

SCHEMA: Final = (
    """
    CREATE TABLE sessions (
        key TEXT PRIMARY KEY,
        snapshot TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE outbox (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        account TEXT NOT NULL,
        session TEXT NOT NULL,
        sitting TEXT NOT NULL,
        action TEXT NOT NULL,
        counts INTEGER,
        scrobble TEXT NOT NULL,
        state TEXT NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0,
        uncertain INTEGER NOT NULL DEFAULT 0,
        not_before TEXT NOT NULL,
        reason TEXT
    ) STRICT;
    CREATE INDEX outbox_by_account ON outbox (account, id) WHERE state IN ('waiting', 'sending');
    CREATE INDEX outbox_by_session ON outbox (session);
    CREATE TABLE plays (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        account TEXT NOT NULL,
        sitting TEXT NOT NULL UNIQUE,
        media TEXT NOT NULL,
        watched_at TEXT NOT NULL,
        delivered_at TEXT NOT NULL,
        history_id INTEGER,
        how TEXT NOT NULL
    ) STRICT;
    CREATE INDEX plays_by_history ON plays (account, history_id);
    """,
)


class EntryState(Enum):
    """How far an entry of the outbox has come."""

    WAITING = "waiting"
    SENDING = "sending"
    DONE = "done"
    ASIDE = "aside"


class Entry(Struct, frozen=True, kw_only=True):
    """A scrobble on its way to Trakt."""

    id: int
    scrobble: Scrobble
    state: EntryState
    attempts: int
    uncertain: bool
    """An earlier attempt may have been done: look in the history before it is sent again."""
    not_before: datetime
    reason: str | None


class How(Enum):
    """In which way a watch got into the history."""

    SCROBBLED = "scrobbled"
    HISTORY = "added to the history"
    FOUND = "was in the history already"


class Play(Struct, frozen=True, kw_only=True):
    """A watch that Trakt has."""

    account: str
    sitting: str
    media: Media
    watched_at: datetime
    delivered_at: datetime
    history_id: int | None
    how: How


class Store:
    """The agent's memory. Instants given and returned are aware UTC."""

    def __init__(self, folder: Path, now: datetime) -> None:
        """Open the state file in the folder. Raises ``StateError``; see ``Database`` for damaged files."""
        self._database = Database(folder / FILE, SCHEMA, now)
        self.moved = self._database.moved
        """What was done with a file that could not be used, for the user; None if all was well."""

    def close(self) -> None:
        """Finish all commits and close the file."""
        self._database.close()

    def sessions(self) -> Future[tuple[Session, ...]]:
        """All sessions as they were last kept."""
        return self._database.submit(_sessions)

    def keep(self, session: Session, said: Sequence[Scrobble], now: datetime, *, idle: bool) -> Future[Entry | None]:
        """Commit a session and what it said.

        ``idle``: the account's sender is free. The result is then the entry to send at once, already SENDING, so
        that it costs no second flush; None if there is nothing, or something older waits.
        """

        def work(db: sqlite3.Connection) -> Entry | None:
            db.execute("INSERT OR REPLACE INTO sessions VALUES (?, ?)", (str(session.key), _json(session)))
            for scrobble in said:
                _enqueue(db, scrobble, now)
            return _claim(db, session.account, now) if idle and said else None

        return self._database.submit(work)

    def claim(self, account: str, now: datetime) -> Future[Entry | None]:
        """The account's next entry that is due, now SENDING; None if nothing is due."""
        return self._database.submit(lambda db: _claim(db, account, now))

    def next_due(self, account: str) -> Future[datetime | None]:
        """From when on the account's next entry may be sent; None if nothing waits."""

        def work(db: sqlite3.Connection) -> datetime | None:
            row = _first(db, account)
            return None if row is None else row.not_before

        return self._database.submit(work)

    def postpone(self, entry: Entry, until: datetime, *, uncertain: bool) -> Future[None]:
        """The attempt failed; try again from ``until`` on. ``uncertain``: it may have been done all the same."""

        def work(db: sqlite3.Connection) -> None:
            db.execute(
                "UPDATE outbox SET state = ?, attempts = attempts + 1, uncertain = uncertain OR ?, not_before = ?"
                " WHERE id = ?",
                (EntryState.WAITING.value, uncertain, _text(until), entry.id),
            )

        return self._database.submit(work)

    def settle(self, entry: Entry) -> Future[None]:
        """The entry is done, or no longer of use, and is no watch."""
        return self._database.submit(lambda db: _finish(db, entry))

    def deliver(self, entry: Entry, play: Play) -> Future[None]:
        """The entry is a watch that Trakt has now."""

        def work(db: sqlite3.Connection) -> None:
            db.execute(
                "INSERT OR IGNORE INTO plays (account, sitting, media, watched_at, delivered_at, history_id, how)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    play.account,
                    play.sitting,
                    _json(play.media),
                    _text(play.watched_at),
                    _text(play.delivered_at),
                    play.history_id,
                    play.how.value,
                ),
            )
            _finish(db, entry)

        return self._database.submit(work)

    def set_aside(self, entry: Entry, reason: str) -> Future[None]:
        """The entry cannot be delivered; it is kept with the reason until the user decides."""

        def work(db: sqlite3.Connection) -> None:
            db.execute(
                "UPDATE outbox SET state = ?, reason = ?, attempts = attempts + 1 WHERE id = ?",
                (EntryState.ASIDE.value, reason, entry.id),
            )

        return self._database.submit(work)

    def has_play(self, account: str, history_ids: Sequence[int]) -> Future[frozenset[int]]:
        """Those of the history ids that are plays of ours already."""

        def work(db: sqlite3.Connection) -> frozenset[int]:
            marks = ", ".join("?" * len(history_ids))
            rows = db.execute(
                f"SELECT history_id FROM plays WHERE account = ? AND history_id IN ({marks})",  # noqa: S608  # marks
                (account, *history_ids),
            )
            return frozenset(row[0] for row in rows)

        return self._database.submit(work)

    def forget(self, keys: Sequence[SessionKey]) -> Future[None]:
        """Sessions that nobody will come back to."""

        def work(db: sqlite3.Connection) -> None:
            db.executemany("DELETE FROM sessions WHERE key = ?", [(str(key),) for key in keys])

        return self._database.submit(work)

    def recover(self, rest_until: datetime) -> Future[int]:
        """After a start: what was SENDING when the process ended may have been done. Returns how many there were.

        They are not touched before ``rest_until``, so that a request still on its way has arrived by then.
        """

        def work(db: sqlite3.Connection) -> int:
            return db.execute(
                "UPDATE outbox SET state = ?, uncertain = 1, not_before = ? WHERE state = ?",
                (EntryState.WAITING.value, _text(rest_until), EntryState.SENDING.value),
            ).rowcount

        return self._database.submit(work)


class Snapshot(Struct, frozen=True, kw_only=True):
    """What the state file says, for commands that look at it beside the agent."""

    sessions: tuple[Session, ...] = ()
    waiting: tuple[Entry, ...] = ()
    aside: tuple[Entry, ...] = ()
    plays: tuple[Play, ...] = ()
    """The last ones, newest first."""


def look(folder: Path, *, plays: int = 10) -> Snapshot:
    """Read the state file without touching it. A folder without one gives an empty snapshot. Raises ``StateError``."""
    path = folder / FILE
    if not path.exists():
        return Snapshot()
    db = read_only(path)
    try:
        if db.execute("PRAGMA user_version").fetchone()[0] != len(SCHEMA):
            return Snapshot()
        unsent = [_entry(row) for row in db.execute(f"{_SELECT} WHERE state != 'done' ORDER BY id")]
        latest = db.execute(
            "SELECT account, sitting, media, watched_at, delivered_at, history_id, how FROM plays"
            " ORDER BY id DESC LIMIT ?",
            (plays,),
        )
        return Snapshot(
            sessions=_sessions(db),
            waiting=tuple(entry for entry in unsent if entry.state is not EntryState.ASIDE),
            aside=tuple(entry for entry in unsent if entry.state is EntryState.ASIDE),
            plays=tuple(map(_play, latest)),
        )
    finally:
        db.close()


def _enqueue(db: sqlite3.Connection, scrobble: Scrobble, now: datetime) -> None:
    """Put a scrobble into the outbox, in place of whatever it overtakes."""
    db.execute(
        "DELETE FROM outbox WHERE session = ? AND sitting != ? AND state = 'done'",
        (str(scrobble.session), scrobble.sitting),
    )
    overtaken = db.execute(
        "DELETE FROM outbox WHERE session = ? AND state = 'waiting' AND counts = 0 RETURNING action, sitting",
        (str(scrobble.session),),
    ).fetchall()
    told = db.execute(
        "SELECT action FROM outbox WHERE sitting = ? AND state IN ('done', 'sending') ORDER BY id DESC LIMIT 1",
        (scrobble.sitting,),
    ).fetchone()
    if scrobble.retract and told is None:
        return  # Trakt never heard of this sitting
    if scrobble.action is Action.START and told == ("start",) and ("pause", scrobble.sitting) in overtaken:
        return  # the pause was never sent, so Trakt still believes that it plays
    db.execute(
        "INSERT INTO outbox (account, session, sitting, action, counts, scrobble, state, not_before)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            scrobble.account,
            str(scrobble.session),
            scrobble.sitting,
            scrobble.action.value,
            scrobble.counts(),
            _json(scrobble),
            EntryState.WAITING.value,
            _text(now),
        ),
    )


_SELECT: Final = "SELECT id, scrobble, state, attempts, uncertain, not_before, reason FROM outbox"


def _first(db: sqlite3.Connection, account: str) -> Entry | None:
    """The account's oldest entry that is not settled: entries leave in order."""
    row = db.execute(
        f"{_SELECT} WHERE account = ? AND state IN ('waiting', 'sending') ORDER BY id LIMIT 1", (account,)
    ).fetchone()
    return None if row is None else _entry(row)


def _claim(db: sqlite3.Connection, account: str, now: datetime) -> Entry | None:
    entry = _first(db, account)
    if entry is None or entry.state is EntryState.SENDING or entry.not_before > now:
        return None
    db.execute("UPDATE outbox SET state = ? WHERE id = ?", (EntryState.SENDING.value, entry.id))
    return msgspec.structs.replace(entry, state=EntryState.SENDING)


def _finish(db: sqlite3.Connection, entry: Entry) -> None:
    """Mark an entry as done; with its stop, everything of a sitting goes that was done."""
    scrobble = entry.scrobble
    db.execute("UPDATE outbox SET state = ? WHERE id = ?", (EntryState.DONE.value, entry.id))
    if scrobble.action is Action.STOP:
        db.execute("DELETE FROM outbox WHERE sitting = ? AND state = 'done'", (scrobble.sitting,))


def _sessions(db: sqlite3.Connection) -> tuple[Session, ...]:
    rows = db.execute("SELECT snapshot FROM sessions ORDER BY key")
    return tuple(msgspec.json.decode(row[0], type=Session) for row in rows)


def _entry(row: tuple[int, str, str, int, int, str, str | None]) -> Entry:
    number, scrobble, state, attempts, uncertain, not_before, reason = row
    return Entry(
        id=number,
        scrobble=msgspec.json.decode(scrobble, type=Scrobble),
        state=EntryState(state),
        attempts=attempts,
        uncertain=bool(uncertain),
        not_before=datetime.fromisoformat(not_before),
        reason=reason,
    )


def _play(row: tuple[str, str, str, str, str, int | None, str]) -> Play:
    account, sitting, media, watched_at, delivered_at, history_id, how = row
    return Play(
        account=account,
        sitting=sitting,
        media=msgspec.json.decode(media, type=Media),
        watched_at=datetime.fromisoformat(watched_at),
        delivered_at=datetime.fromisoformat(delivered_at),
        history_id=history_id,
        how=How(how),
    )


def _json(value: Struct) -> str:
    return msgspec.json.encode(value).decode()


def _text(at: datetime) -> str:
    """An instant so that its texts sort as it does: UTC, always with microseconds."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")
