"""What the user wants for a while: that what an account watches is nobody's business.

Each function works on a connection within a transaction of ``store``.
"""

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from scrobbler.state.database import rotten, text

TABLE: Final = """
    CREATE TABLE incognito (
        account TEXT PRIMARY KEY,
        until TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
"""


def hide(db: sqlite3.Connection, accounts: Sequence[str], until: datetime | None) -> None:
    """Incognito for these until then; None: no longer."""
    db.executemany("DELETE FROM incognito WHERE account = ?", [(account,) for account in accounts])
    if until is not None:
        db.executemany("INSERT INTO incognito VALUES (?, ?)", [(account, text(until)) for account in accounts])


def incognito(db: sqlite3.Connection) -> dict[str, datetime]:
    """Until when it was switched on, by account; that may be over."""
    return {account: datetime.fromisoformat(until) for account, until in db.execute("SELECT * FROM incognito")}


def weed(db: sqlite3.Connection) -> int:
    """Delete what makes no sense, and say how many rows it was."""
    found = rotten(db.execute("SELECT account, until FROM incognito"), datetime.fromisoformat)
    db.executemany("DELETE FROM incognito WHERE account = ?", found)
    return len(found)
