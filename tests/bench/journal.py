"""What the sitting in progress costs the disk: an SD card lives for so many writes.

The agent is the real one beside a real mpv. The floor is one row of the same size, put into SQLite at each look in
the same minutes, with the same promise (WAL, each commit flushed); so the kernel's own habit of writing SQLite's shared
memory file back now and then is in both.
"""

import asyncio
import os
import sqlite3
import struct
import time
from contextlib import closing
from pathlib import Path

import msgspec
from bench.bench import Bench
from bench.figure import FLOOR, Figure, Goal, MeasurementError, Unit
from bench.process import written
from bench.trakt import Trakt

from scrobbler.state.schema import FILE
from scrobbler.state.snapshot import look
from scrobbler.watching import LOOK_EVERY

SETTLE = 6.0
"""Seconds until what the start of a film writes is written."""
GOAL = Goal(most=1.5, of=FLOOR)


async def measure(bench: Bench) -> list[Figure]:
    """Bytes written in an hour of film, and commits."""
    looks = max(1, round(bench.rounds.window / LOOK_EVERY))
    async with Trakt().listening() as trakt, bench.agent(trakt) as running, bench.scrobbled(trakt, running):
        await asyncio.sleep(SETTLE)
        bench.say(f"journal: looking at the disk for {looks * LOOK_EVERY:.0f} s")
        row = msgspec.json.encode(look(running.state).sessions[0]).decode()
        bare = asyncio.create_task(asyncio.to_thread(_bare, bench.fresh(), row, looks))
        before, counted, began = written(running.pid), _commits(running.state), time.monotonic()
        await asyncio.sleep(looks * LOOK_EVERY)
        hours = (time.monotonic() - began) / 3600
        took, commits = written(running.pid) - before, _commits(running.state) - counted
        floor = await bare / looks * (3600 / LOOK_EVERY)
    if not floor:
        raise MeasurementError(f"{bench.folder} is in memory: nothing is written (--folder names another place)")
    return [
        Figure(
            name="journal, one mpv, playing: written to the disk",
            unit=Unit.KIB,
            samples=(took / hours / 1024,),
            floor=floor / 1024,
            goal=GOAL,
        ),
        Figure(
            name="  commits (floor: one for each look)",
            unit=Unit.HOURLY,
            samples=(commits / hours,),
            floor=3600 / LOOK_EVERY,
            goal=GOAL,
        ),
    ]


def _commits(state: Path) -> int:
    """How many there were since SQLite's log was opened: its index counts them, and reading that disturbs nobody.

    https://sqlite.org/walformat.html#the_wal_index_header: the number ``iChange``, eight bytes from the beginning.
    """
    with (state / f"{FILE}-shm").open("rb") as index:
        return int(struct.unpack("=8xI", index.read(12))[0])


def _bare(folder: Path, row: str, commits: int) -> int:
    """Bytes written by so many commits of the row alone."""
    with closing(sqlite3.connect(folder / "floor.db", isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute("CREATE TABLE rows (key TEXT PRIMARY KEY, row TEXT NOT NULL) STRICT, WITHOUT ROWID")
        db.execute("INSERT OR REPLACE INTO rows VALUES ('mpv', ?)", (row,))
        before = written(os.getpid())
        for _ in range(commits):
            time.sleep(LOOK_EVERY)
            db.execute("INSERT OR REPLACE INTO rows VALUES ('mpv', ?)", (row,))
        return written(os.getpid()) - before
