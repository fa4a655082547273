"""How much memory the agent holds once it has scrobbled, beside the interpreter and the libraries alone."""

import asyncio
import subprocess
import sys
from collections.abc import Mapping

from bench.bench import Bench
from bench.figure import Figure, Goal, Unit, percentile
from bench.opening import LIBRARIES, playing, thinnest
from bench.process import memory
from bench.trakt import Trakt, arrival
from msgspec import Struct

SETTLE = 2.0
"""Seconds after the first scrobble."""

_SERVERS = "".join(f"[players.{name}]\n" for name in ("plex", "jellyfin", "emby", "tautulli"))
_KODI = "[players.kodi]\nport = 1\n"
"""Where nobody listens."""
_WAIT = "import sys; print(flush=True); sys.stdin.read()"
_SLIM = "import sys; sys.modules['httpx._main'] = None; "
"""Without httpx's command line, which we do not load either."""
_ALONE = {"interpreter alone": "", "its libraries alone": f"{_SLIM}import {LIBRARIES}, httpx, httpcore; "}
_FLOOR = "floor agent (asyncio, httpx, mpv's socket)"


class Case(Struct, frozen=True, kw_only=True):
    """An agent with one mpv that plays, and what else it has."""

    goal: Goal
    web: bool = False
    more: str = ""
    """Of its configuration."""


CASES = {
    "one mpv": Case(goal=Goal(most=38.0)),
    "one mpv, web server on": Case(web=True, goal=Goal(most=46.0)),
    "all adapters, web server on": Case(web=True, more=_SERVERS + _KODI, goal=Goal(most=46.0)),
}


async def measure(bench: Bench) -> list[Figure]:
    """RSS and PSS of each case, each in a new process."""
    readings: dict[str, list[tuple[float, float]]] = {}
    async with Trakt().listening() as trakt:
        for number in range(bench.rounds.memories):
            bench.say(f"memory, round {number + 1} of {bench.rounds.memories}")
            for name, imports in _ALONE.items():
                readings.setdefault(name, []).append(await asyncio.to_thread(_alone, imports))
            readings.setdefault(_FLOOR, []).append(await _floor(bench, trakt))
            for name, case in CASES.items():
                readings.setdefault(name, []).append(await _agent(bench, trakt, case))
    return _figures(readings)


def _alone(imports: str) -> tuple[float, float]:
    child = subprocess.Popen(
        [sys.executable, "-c", imports + _WAIT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with child:
        assert child.stdout is not None
        child.stdout.readline()
        return memory(child.pid)


async def _floor(bench: Bench, trakt: Trakt) -> tuple[float, float]:
    sockets, posted = bench.fresh(), trakt.expect("/floor")
    async with bench.mpv(sockets) as player:
        playing(player)
        async with thinnest(bench, trakt, sockets) as (pid, _):
            await arrival(posted, "the floor's request")
            await asyncio.sleep(SETTLE)
            return memory(pid)


async def _agent(bench: Bench, trakt: Trakt, case: Case) -> tuple[float, float]:
    async with bench.agent(trakt, web=case.web, more=case.more) as running, bench.scrobbled(trakt, running):
        await asyncio.sleep(SETTLE)
        return memory(running.pid)


def _figures(readings: Mapping[str, list[tuple[float, float]]]) -> list[Figure]:
    figures = []
    bottom = percentile([one for one, _ in readings[_FLOOR]], 50)
    for name, each in readings.items():
        rss, pss = zip(*each, strict=True)
        case = CASES.get(name)
        floor, goal = (None, None) if case is None else (bottom, case.goal)
        figures.append(Figure(name=f"memory, {name}: RSS", unit=Unit.MIB, samples=rss, floor=floor, goal=goal))
        figures.append(Figure(name=f"memory, {name}: PSS", unit=Unit.MIB, samples=pss))
    return figures
