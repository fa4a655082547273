"""What becomes of a watch where Trakt is away for all of it and longer, or where the agent is killed near its end.

Both are watched at the same time, each with a service, an agent and a player of its own: they do little but wait.
"""

import asyncio
import time
from contextlib import AsyncExitStack

from bench.agent import Launch, agent
from bench.bench import Bench
from bench.figure import Figure, Goal, Unit, exactly
from bench.player import happened, opened
from bench.service import Service
from bench.watch import BEGIN, SETTLE, made, watched

from scrobbler.sandbox import Fault, FaultKind

PATIENCE = 120.0
"""Seconds after which a watch is taken for lost."""
SOON = Goal(most=30.0)
KILLED = 0.95
"""So much of the film is over when the agent is killed."""


async def measure(bench: Bench, launch: Launch = agent) -> list[Figure]:
    """Whether each is recorded once, and when."""
    bench.say("a watch without Trakt, and one whose agent is killed")
    done = await asyncio.gather(_outage(bench, launch), _crash(bench, launch), return_exceptions=True)
    figures: list[Figure] = []
    for each in done:
        if isinstance(each, BaseException):
            raise each
        figures += each
    return figures


async def _outage(bench: Bench, launch: Launch) -> list[Figure]:
    """Trakt answers 503 until some time after the end."""
    async with AsyncExitStack() as stack:
        service = await stack.enter_async_context(Service.running())
        service.sandbox.faults.add(Fault(kind=FaultKind.STATUS, status=503, times=None))
        sockets = bench.fresh()
        await stack.enter_async_context(launch(bench.fresh(), service.url, sockets, tokens=service.tokens()))
        player = await stack.enter_async_context(opened(sockets / "mpv", await made(bench), begin=BEGIN))
        await watched(player, bench.rounds.watch)
        await asyncio.sleep(bench.rounds.outage)
        meanwhile = len(service.calls())
        service.sandbox.faults.clear()
        back_at = time.monotonic()
        recorded_at = await service.recorded(PATIENCE)
        await asyncio.sleep(SETTLE)
    name = f"503 for a watch and {bench.rounds.outage:.0f} s"
    return [
        *_lag(f"{name}: Trakt's return -> record", back_at, recorded_at, SOON),
        _recorded(f"  {name}, recorded", service),
        _calls(f"  {name}, calls meanwhile", meanwhile),
    ]


async def _crash(bench: Bench, launch: Launch) -> list[Figure]:
    """kill -9, the film ends unheard, and the agent is started again."""
    async with AsyncExitStack() as stack:
        service = await stack.enter_async_context(Service.running())
        folder, sockets = bench.fresh(), bench.fresh()
        first = await stack.enter_async_context(launch(folder, service.url, sockets, tokens=service.tokens()))
        async with opened(sockets / "mpv", await made(bench), begin=BEGIN) as player:
            await asyncio.to_thread(player.plays)
            ear = player.line()
            await asyncio.sleep(KILLED * bench.rounds.watch)
            await first.kill()
            before = len(service.calls())
            await asyncio.to_thread(ear.until, happened("end-file"), bench.rounds.watch)
        again = await stack.enter_async_context(launch(folder, service.url, sockets, tokens=service.tokens()))
        recorded_at = await service.recorded(PATIENCE)
        await asyncio.sleep(SETTLE)
    name = f"kill -9 at {KILLED:.0%} of a watch"
    return [
        *_lag(f"{name}: restart -> record", again.spawned_at, recorded_at, None),
        _recorded(f"  {name}, recorded", service),
        _calls(f"  {name}, calls after it", len(service.calls()) - before),
    ]


def _lag(name: str, since: float, recorded_at: float | None, goal: Goal | None) -> list[Figure]:
    """None where there is no record to wait for: that there is none is told by the row below."""
    if recorded_at is None:
        return []
    return [Figure(name=name, unit=Unit.S, samples=(recorded_at - since,), goal=goal)]


def _recorded(name: str, service: Service) -> Figure:
    return Figure(name=name, unit=Unit.COUNT, samples=(service.plays,), goal=exactly(1))


def _calls(name: str, number: int) -> Figure:
    return Figure(name=name, unit=Unit.CALLS, samples=(number,))
