"""The sessions: each is one row, written whole, by its key.

Each function works on a connection within a transaction of ``store``.
"""

import sqlite3
from collections.abc import Sequence
from typing import Final

import msgspec

from scrobbler.events import SessionKey
from scrobbler.machine.session import Session
from scrobbler.state.database import rotten

TABLE: Final = """
    CREATE TABLE sessions (
        key TEXT PRIMARY KEY,
        snapshot TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
"""


def keep(db: sqlite3.Connection, session: Session) -> None:
    """The session as it is now."""
    snapshot = msgspec.json.encode(session).decode()
    db.execute("INSERT OR REPLACE INTO sessions VALUES (?, ?)", (str(session.key), snapshot))


def kept(db: sqlite3.Connection) -> tuple[Session, ...]:
    """All of them, by key."""
    return tuple(_session(row[0]) for row in db.execute("SELECT snapshot FROM sessions ORDER BY key"))


def forget(db: sqlite3.Connection, keys: Sequence[SessionKey]) -> None:
    """Let go of these."""
    db.executemany("DELETE FROM sessions WHERE key = ?", [(str(key),) for key in keys])


def weed(db: sqlite3.Connection) -> int:
    """Delete what makes no sense, and say how many rows it was."""
    found = rotten(db.execute("SELECT key, snapshot FROM sessions"), _session)
    db.executemany("DELETE FROM sessions WHERE key = ?", found)
    return len(found)


def _session(snapshot: str) -> Session:
    return msgspec.json.decode(snapshot, type=Session)
