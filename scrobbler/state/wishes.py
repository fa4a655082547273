"""What the user wants for a while: that what an account watches is nobody's business, or that a player is another's.

Each function works on a connection within a transaction of ``store``.
"""

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from scrobbler.household import Switched, folded
from scrobbler.state.database import rotten, text

TABLE: Final = """
    CREATE TABLE incognito (
        account TEXT PRIMARY KEY,
        until TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
"""
SWITCHING: Final = """
    CREATE TABLE switched (
        player TEXT NOT NULL,
        device TEXT NOT NULL,
        account TEXT NOT NULL,
        until TEXT,
        PRIMARY KEY (player, device)
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


def switch(db: sqlite3.Connection, wanted: Sequence[Switched]) -> None:
    """From now on these players, and devices, count for these accounts."""
    for one in wanted:
        switch_back(db, [one.player], one.device)
        values = (one.player, one.device, one.account, one.until and text(one.until))
        db.execute("INSERT INTO switched VALUES (?, ?, ?, ?)", values)


def switch_back(db: sqlite3.Connection, players: Sequence[str], device: str | None) -> None:
    """These players count for whom they counted before; None: with all their devices."""
    for one in switched(db):
        if one.player in players and (device is None or folded(one.device) == folded(device)):
            db.execute("DELETE FROM switched WHERE player = ? AND device = ?", (one.player, one.device))


def switched(db: sqlite3.Connection) -> tuple[Switched, ...]:
    """Whose players and devices are for a while; that may be over."""
    return tuple(
        Switched(player=player, device=device, account=account, until=until and datetime.fromisoformat(until))
        for player, device, account, until in db.execute("SELECT * FROM switched ORDER BY player, device")
    )


def weed(db: sqlite3.Connection) -> int:
    """Delete what makes no sense, and say how many rows it was."""
    found = rotten(db.execute("SELECT account, until FROM incognito"), datetime.fromisoformat)
    db.executemany("DELETE FROM incognito WHERE account = ?", found)
    ends = rotten(db.execute("SELECT player, until FROM switched WHERE until IS NOT NULL"), datetime.fromisoformat)
    db.executemany("DELETE FROM switched WHERE player = ?", ends)
    return len(found) + len(ends)
