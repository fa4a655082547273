"""What it takes to notice that a player fell silent: the days on which the agent ran, and what was told already.

Each function works on a connection within a transaction of ``store``.
"""

import sqlite3
from collections.abc import Mapping
from datetime import date, datetime
from typing import Final

from msgspec import Struct

from scrobbler.state import decisions
from scrobbler.state.database import rotten, text

TABLE: Final = """
    CREATE TABLE awake (
        day TEXT PRIMARY KEY
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE said (
        kind TEXT NOT NULL,
        player TEXT NOT NULL,
        at TEXT NOT NULL,
        PRIMARY KEY (kind, player)
    ) STRICT, WITHOUT ROWID;
"""


class Spoken(Struct, frozen=True, kw_only=True):
    """What was heard of a player, as far as the log of decisions goes back."""

    days: int
    """On so many days (UTC)."""
    last_at: datetime


class Vigil(Struct, frozen=True, kw_only=True):
    """All that is known of it."""

    awake: tuple[date, ...] = ()
    """The last days (UTC) on which the agent ran, oldest first."""
    spoken: Mapping[str, Spoken] = {}
    said: Mapping[tuple[str, str], datetime] = {}
    """When something of a kind was told of a player last."""


def wake(db: sqlite3.Connection, day: date, keep: int) -> None:
    """The agent runs on this day; so many of the last days are kept."""
    db.execute("INSERT OR IGNORE INTO awake VALUES (?)", (day.isoformat(),))
    db.execute("DELETE FROM awake WHERE day NOT IN (SELECT day FROM awake ORDER BY day DESC LIMIT ?)", (keep,))


def say(db: sqlite3.Connection, kind: str, player: str, at: datetime) -> None:
    """Something of a kind was told of a player."""
    db.execute("INSERT OR REPLACE INTO said VALUES (?, ?, ?)", (kind, player, text(at)))


def look(db: sqlite3.Connection) -> Vigil:
    """What is known now."""
    days = db.execute("SELECT day FROM awake ORDER BY day").fetchall()
    return Vigil(
        awake=tuple(date.fromisoformat(day) for (day,) in days),
        spoken={name: Spoken(days=days, last_at=at) for name, (days, at) in decisions.spoken(db).items()},
        said={(kind, player): datetime.fromisoformat(at) for kind, player, at in db.execute("SELECT * FROM said")},
    )


def weed(db: sqlite3.Connection) -> int:
    """Delete what makes no sense, and say how many rows it was."""
    days = rotten(db.execute("SELECT day, day FROM awake"), date.fromisoformat)
    db.executemany("DELETE FROM awake WHERE day = ?", days)
    told = rotten(db.execute("SELECT player, at FROM said"), datetime.fromisoformat)
    db.executemany("DELETE FROM said WHERE player = ?", told)
    return len(days) + len(told)
