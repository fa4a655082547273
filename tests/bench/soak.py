"""Whether a day of very many watches leaves anything behind in memory, and how much of it on the disk.

Memory moves by whole arenas, so two readings say little. The growth is that from the first reading to the last; beside
it stands the error of the line through all of them (twice its standard error): a growth below that is none. What is
remembered up to a bound fills in the first half of the day; what really leaks grows in the second half as well.
"""

import asyncio
import os
import sqlite3
import sys
from collections.abc import Sequence
from contextlib import closing
from itertools import pairwise
from math import sqrt
from pathlib import Path
from statistics import fmean, linear_regression

import msgspec
from bench import day
from bench.bench import Bench
from bench.figure import Figure, Goal, MeasurementError, Unit, exactly
from bench.process import memory
from bench.trakt import Trakt
from msgspec import Struct

from scrobbler.state.schema import FILE

HOURS, EACH = 24.0, 1000
STILL = Goal(most=100.0)
"""KiB for 1,000 watches."""
_TESTS = Path(__file__).resolve().parents[1]


class Reading(Struct, frozen=True, kw_only=True):
    """What the process held after so many watches."""

    watches: int
    rss: float
    pss: float
    """MiB."""
    file: float
    """KiB."""


async def measure(bench: Bench) -> list[Figure]:
    """All of it."""
    folder, watches = bench.fresh(), bench.rounds.soak
    async with Trakt().listening() as trakt:
        plan = day.Plan(url=trakt.url, folder=str(folder), watches=watches, hours=HOURS * watches / 10_000, each=EACH)
        readings = await _spend(bench, plan, folder / FILE)
        taken = trakt.watched
    plays, alone = await asyncio.to_thread(_plays, folder, bench.fresh())
    first, last = readings[0], readings[-1]
    whole = f"{watches:,} watches in {plan.hours:.0f} hours"
    return [
        Figure(name=f"{whole}: plays at Trakt", unit=Unit.COUNT, samples=(taken,), goal=exactly(watches)),
        Figure(name="  plays kept here", unit=Unit.COUNT, samples=(plays,), goal=exactly(watches)),
        Figure(
            name="  RSS grew for 1,000 watches",
            unit=Unit.SIZE,
            samples=(_growth([each.rss for each in readings]) * 1024,),
            goal=STILL,
        ),
        Figure(
            name="    in the second half alone",
            unit=Unit.SIZE,
            samples=(_growth([each.rss for each in readings[len(readings) // 2 :]]) * 1024,),
            goal=STILL,
        ),
        Figure(
            name="    what of it may be noise",
            unit=Unit.SIZE,
            samples=(_error([each.rss for each in readings]) * 1024,),
        ),
        Figure(
            name="  PSS grew for 1,000 watches (others share it)",
            unit=Unit.SIZE,
            samples=(_growth([each.pss for each in readings]) * 1024,),
        ),
        Figure(name="  RSS after 1,000, and at the end", unit=Unit.MIB, samples=(last.rss,), floor=first.rss),
        Figure(
            name="  state file grew for 1,000 watches (floor: the plays)",
            unit=Unit.SIZE,
            samples=tuple(after.file - before.file for before, after in pairwise(readings)),
            floor=alone / plays * EACH,
        ),
    ]


async def _spend(bench: Bench, plan: day.Plan, file: Path) -> list[Reading]:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.day"),
        env=os.environ | {"PYTHONPATH": str(_TESTS)},
        stdin=pipe,
        stdout=pipe,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    readings = []
    try:
        process.stdin.write(msgspec.json.encode(plan) + b"\n")
        while line := await process.stdout.readline():
            rss, pss = memory(process.pid)
            readings.append(Reading(watches=int(line), rss=rss, pss=pss, file=_kib(file)))
            bench.say(f"soak: {int(line):,} watches, {rss:.1f} MiB")
            process.stdin.write(b"\n")
        if await process.wait() or len(readings) != plan.watches // plan.each:
            raise MeasurementError("the day did not come to its end")
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return readings


def _growth(values: Sequence[float]) -> float:
    """From the first to the last, for each step."""
    return (values[-1] - values[0]) / (len(values) - 1)


def _error(values: Sequence[float]) -> float:
    """Twice the standard error of the slope of the line through values that are one apart."""
    places = range(len(values))
    if len(values) < 3:
        raise MeasurementError("there are too few readings to tell growth from noise")
    line = linear_regression(places, values)
    rest = sum((value - line.intercept - line.slope * place) ** 2 for place, value in zip(places, values, strict=True))
    middle = fmean(places)
    return 2 * sqrt(rest / (len(values) - 2) / sum((place - middle) ** 2 for place in places))


def _kib(path: Path) -> float:
    return path.stat().st_size / 1024


def _plays(folder: Path, aside: Path) -> tuple[int, float]:
    """How many plays are kept, and the KiB of a file that holds them and nothing else."""
    with closing(sqlite3.connect(aside / "floor.db", isolation_level=None)) as db:
        db.execute("ATTACH ? AS kept", (str(folder / FILE),))
        db.execute("CREATE TABLE plays AS SELECT * FROM kept.plays")
        [(plays,)] = db.execute("SELECT count(*) FROM plays")
    return plays, _kib(aside / "floor.db")
