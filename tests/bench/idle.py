"""What the agent costs while nothing happens: time on a processor, and how often anything in it wakes up.

All cases are looked at in the same window of time. Beside them a process that only waits in asyncio.
"""

import asyncio
import sys
import time
from contextlib import AsyncExitStack

from bench.bench import Bench
from bench.figure import Figure, Goal, Unit
from bench.player import Mpv
from bench.process import Cost, cost
from bench.trakt import Trakt, arrival

SETTLE = 4.0
"""Seconds until what was begun is over: the last answer, the space between two writes."""

_BLOCKED = "import asyncio; asyncio.run(asyncio.Event().wait())"
_NOTHING = (0.0, 0.0)
GOALS = {
    "no player": _NOTHING,
    "no player, web server on": _NOTHING,
    "one mpv, paused": _NOTHING,
    "one mpv, playing": (0.006, 15.0),
}
"""CPU seconds a minute, wake-ups a minute."""


async def measure(bench: Bench) -> list[Figure]:
    """Two figures of each case."""
    async with AsyncExitStack() as stack:
        trakt = await stack.enter_async_context(Trakt().listening())
        blocked = await asyncio.create_subprocess_exec(sys.executable, "-c", _BLOCKED)
        stack.push_async_callback(blocked.wait)
        stack.callback(blocked.kill)
        agents = {name: await stack.enter_async_context(bench.agent(trakt, web="web" in name)) for name in GOALS}
        await stack.enter_async_context(bench.scrobbled(trakt, agents["one mpv, playing"]))
        paused, _ = await stack.enter_async_context(bench.scrobbled(trakt, agents["one mpv, paused"]))
        await asyncio.sleep(SETTLE)
        await _pause(trakt, paused)
        await asyncio.sleep(SETTLE)
        pids = {"asyncio alone, blocked": blocked.pid} | {name: each.pid for name, each in agents.items()}
        bench.say(f"idle: looking at {len(pids)} processes for {bench.rounds.window:.0f} s")
        before, began = {name: cost(pid) for name, pid in pids.items()}, time.monotonic()
        await asyncio.sleep(bench.rounds.window)
        after, minutes = {name: cost(pid) for name, pid in pids.items()}, (time.monotonic() - began) / 60
    return [figure for name in pids for figure in _figures(name, before[name], after[name], minutes)]


async def _pause(trakt: Trakt, player: Mpv) -> None:
    arrived = trakt.expect("/scrobble/pause")
    player.line().say("set_property", "pause", True)
    await arrival(arrived, "a pause")


def _figures(name: str, before: Cost, after: Cost, minutes: float) -> tuple[Figure, Figure]:
    goals = GOALS.get(name)
    cpu, wakes = (None, None) if goals is None else (Goal(most=each) for each in goals)
    return (
        Figure(name=f"idle, {name}: CPU", unit=Unit.CPU, samples=((after.cpu - before.cpu) / minutes,), goal=cpu),
        Figure(
            name=f"idle, {name}: wake-ups",
            unit=Unit.WAKES,
            samples=((after.switches - before.switches) / minutes,),
            goal=wakes,
        ),
    )
