"""What Trakt answered about films and shows: facts of the catalogue, the same for all accounts, that may be lost.

Each function works on a connection within a transaction of ``store``.
"""

import sqlite3
from datetime import datetime
from typing import Final

from msgspec import Struct

from scrobbler.state.database import text

TABLE: Final = """
    CREATE TABLE answers (
        key TEXT PRIMARY KEY,
        at TEXT NOT NULL,
        said TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX answers_by_age ON answers (at);
"""
MOST: Final = 4000
"""So many answers are kept; a season is one, of about 5 KB."""
AT_ONCE: Final = 200
"""So many of the oldest go, when there are more."""


class Answer(Struct, frozen=True, kw_only=True):
    """What was answered, and when."""

    at: datetime
    text: str


def recall(db: sqlite3.Connection, key: str) -> Answer | None:
    """What was answered last; None if nothing was, or if the row makes no sense."""
    row = db.execute("SELECT at, said FROM answers WHERE key = ?", (key,)).fetchone()
    try:
        return None if row is None else Answer(at=datetime.fromisoformat(row[0]), text=row[1])
    except ValueError:
        return None


def remember(db: sqlite3.Connection, key: str, answer: Answer) -> None:
    """Keep an answer instead of an older one; where there are too many, the oldest go."""
    db.execute("INSERT OR REPLACE INTO answers VALUES (?, ?, ?)", (key, text(answer.at), answer.text))
    if db.execute("SELECT count(*) FROM answers").fetchone()[0] > MOST:
        db.execute("DELETE FROM answers WHERE key IN (SELECT key FROM answers ORDER BY at LIMIT ?)", (AT_ONCE,))
