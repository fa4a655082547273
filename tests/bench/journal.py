"""What the sitting in progress costs the disk: an SD card lives for so many writes.

The agent is the real one beside a real mpv. The floor is one row of the same size, put into SQLite every 15 s in the
same minutes, with the same promise (WAL, each commit flushed); so the kernel's own habit of writing SQLite's shared
memory file back now and then is in both.
"""

import asyncio
import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import msgspec
from bench.bench import Bench
from bench.figure import Figure, Goal, MeasurementError, Unit
from bench.process import written
from bench.trakt import Trakt

from scrobbler.playback import JOURNAL_SECONDS
from scrobbler.state.snapshot import look

SETTLE = 6.0
"""Seconds until what the start of a film writes is written."""
EVERY = JOURNAL_SECONDS + 1.0
"""Seconds between two looks at a position."""
GOAL = Goal(most=1.5, of_floor=True)


async def measure(bench: Bench) -> list[Figure]:
    """Bytes written in an hour of film."""
    looks = max(1, round(bench.rounds.window / EVERY))
    async with Trakt().listening() as trakt, bench.agent(trakt) as running, bench.scrobbled(trakt, running):
        await asyncio.sleep(SETTLE)
        bench.say(f"journal: looking at the disk for {looks * EVERY:.0f} s")
        row = msgspec.json.encode(look(running.state).sessions[0]).decode()
        bare = asyncio.create_task(asyncio.to_thread(_bare, bench.fresh(), row, looks))
        before, began = written(running.pid), time.monotonic()
        await asyncio.sleep(looks * EVERY)
        hours = (time.monotonic() - began) / 3600
        took = written(running.pid) - before
        floor = await bare / looks * (3600 / EVERY)
    if not took:
        raise MeasurementError(f"{bench.folder} is in memory: nothing is written (--folder names another place)")
    return [
        Figure(
            name="journal, one mpv, playing: written to the disk",
            unit=Unit.KIB,
            samples=(took / hours / 1024,),
            floor=floor / 1024,
            goal=GOAL,
        )
    ]


def _bare(folder: Path, row: str, commits: int) -> int:
    """Bytes written by so many commits of the row alone."""
    with closing(sqlite3.connect(folder / "floor.db", isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute("CREATE TABLE rows (key TEXT PRIMARY KEY, row TEXT NOT NULL) STRICT, WITHOUT ROWID")
        db.execute("INSERT OR REPLACE INTO rows VALUES ('mpv', ?)", (row,))
        before = written(os.getpid())
        for _ in range(commits):
            time.sleep(EVERY)
            db.execute("INSERT OR REPLACE INTO rows VALUES ('mpv', ?)", (row,))
        return written(os.getpid()) - before
