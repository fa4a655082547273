"""How much memory the agent holds once it has scrobbled, beside the interpreter and the libraries alone."""

import asyncio
import subprocess
import sys
from collections.abc import Mapping

from bench.bench import Bench
from bench.figure import Figure, Goal, Unit, percentile
from bench.process import memory
from bench.trakt import Trakt

SETTLE = 2.0
"""Seconds after the first scrobble."""

GOAL, GOAL_WEB = Goal(most=40.0), Goal(most=46.0)
_WAIT = "import sys; print(flush=True); sys.stdin.read()"
_ALONE = {
    "interpreter alone": "",
    "its libraries alone": "import asyncio, sqlite3, httpx, msgspec, click, watchdog.observers, python_mpv_jsonipc; ",
}


async def measure(bench: Bench) -> list[Figure]:
    """RSS and PSS of each case, each in a new process."""
    readings: dict[str, list[tuple[float, float]]] = {}
    async with Trakt().listening() as trakt:
        for number in range(bench.rounds.memories):
            bench.say(f"memory, round {number + 1} of {bench.rounds.memories}")
            for name, imports in _ALONE.items():
                readings.setdefault(name, []).append(await asyncio.to_thread(_alone, imports))
            for name, web in (("one mpv", False), ("one mpv, web server on", True)):
                readings.setdefault(name, []).append(await _agent(bench, trakt, web=web))
    return _figures(readings)


def _alone(imports: str) -> tuple[float, float]:
    child = subprocess.Popen(
        [sys.executable, "-c", imports + _WAIT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with child:
        assert child.stdout is not None
        child.stdout.readline()
        return memory(child.pid)


async def _agent(bench: Bench, trakt: Trakt, *, web: bool) -> tuple[float, float]:
    async with bench.agent(trakt, web=web) as running, bench.scrobbled(trakt, running):
        await asyncio.sleep(SETTLE)
        return memory(running.pid)


def _figures(readings: Mapping[str, list[tuple[float, float]]]) -> list[Figure]:
    goals = {"one mpv": GOAL, "one mpv, web server on": GOAL_WEB}
    figures = []
    for name, each in readings.items():
        rss, pss = zip(*each, strict=True)
        floor = None if name in _ALONE else percentile([one for one, _ in readings["its libraries alone"]], 50)
        goal = goals.get(name)
        figures.append(Figure(name=f"memory, {name}: RSS", unit=Unit.MIB, samples=rss, floor=floor, goal=goal))
        figures.append(Figure(name=f"memory, {name}: PSS", unit=Unit.MIB, samples=pss))
    return figures
