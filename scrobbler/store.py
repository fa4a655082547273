"""What must not be lost: sessions, the outbox, the plays that were delivered.

Theory of operation
-------------------
A session and what it says are committed together (``keep``), before the player is answered. Each scrobble becomes an
entry of the ``outbox``; a watch that Trakt has becomes a *play*, in the transaction in which its entry is done.

``spec/delivery.md`` holds the MUSTs. Every method may be called from any thread and returns a future of its commit.
"""

import sqlite3
from collections.abc import Sequence
from concurrent.futures import Future
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from scrobbler import outbox
from scrobbler.database import Database, read_only
from scrobbler.events import Media, SessionKey
from scrobbler.outbox import Entry, EntryState, text
from scrobbler.session import Scrobble, Session

FILE: Final = "state.db"

SCHEMA: Final = (
    outbox.TABLE
    + """
    CREATE TABLE sessions (
        key TEXT PRIMARY KEY,
        snapshot TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
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
                outbox.enqueue(db, scrobble, now)
            return outbox.claim(db, session.account, now) if idle and said else None

        return self._database.submit(work)

    def claim(self, account: str, now: datetime) -> Future[Entry | None]:
        """The account's next entry that is due, now SENDING; None if nothing is due."""
        return self._database.submit(lambda db: outbox.claim(db, account, now))

    def next_due(self, account: str) -> Future[datetime | None]:
        """From when on the account's next entry may be sent; None if nothing waits."""

        def work(db: sqlite3.Connection) -> datetime | None:
            row = outbox.first(db, account)
            return None if row is None else row.not_before

        return self._database.submit(work)

    def postpone(self, entry: Entry, until: datetime, *, uncertain: bool) -> Future[None]:
        """The attempt failed; try again from ``until`` on. ``uncertain``: it may have been done all the same."""

        return self._database.submit(lambda db: outbox.postpone(db, entry, until, uncertain=uncertain))

    def settle(self, entry: Entry) -> Future[None]:
        """The entry is done, or no longer of use, and is no watch."""
        return self._database.submit(lambda db: outbox.finish(db, entry))

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
                    text(play.watched_at),
                    text(play.delivered_at),
                    play.history_id,
                    play.how.value,
                ),
            )
            outbox.finish(db, entry)

        return self._database.submit(work)

    def set_aside(self, entry: Entry, reason: str) -> Future[None]:
        """The entry cannot be delivered; it is kept with the reason until the user decides."""

        return self._database.submit(lambda db: outbox.set_aside(db, entry, reason))

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

        return self._database.submit(lambda db: outbox.recover(db, rest_until))


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
        unsent = outbox.unsettled(db)
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


def _sessions(db: sqlite3.Connection) -> tuple[Session, ...]:
    rows = db.execute("SELECT snapshot FROM sessions ORDER BY key")
    return tuple(msgspec.json.decode(row[0], type=Session) for row in rows)


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
