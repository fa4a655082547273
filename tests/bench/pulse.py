"""The floor of a player that plays, run as a process of its own: a timer, and a durable commit, each time it is due.

Nothing in it asks a player, and nothing of ours is in it.
"""

import asyncio
import sqlite3
import sys
from pathlib import Path

_ROW = "x" * 1000


async def main(folder: str, seconds: str) -> None:
    """Commits a row of the size of a session's every so many seconds, until it is killed."""
    db = sqlite3.connect(Path(folder) / "floor.db", isolation_level=None, check_same_thread=False)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("CREATE TABLE rows (key TEXT PRIMARY KEY, row TEXT NOT NULL) STRICT, WITHOUT ROWID")
    while True:
        await asyncio.to_thread(db.execute, "INSERT OR REPLACE INTO rows VALUES ('mpv', ?)", (_ROW,))
        await asyncio.sleep(float(seconds))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
