"""What a flood of progress posts meets: a thousand a second, from forty devices of several users, for half a minute.

Nearly none of them changes more than a position, which is kept every 14 s; so the floor is the bare endpoint that
parses, and the one that commits a row for each stands beside it. They get the same stream, from the same process.
"""

import time
from bisect import bisect_left
from collections.abc import Sequence
from contextlib import AsyncExitStack

from bench.agent import Agent
from bench.bench import Bench, rest
from bench.endpoint import endpoint
from bench.figure import Figure, Goal, Unit, percentile
from bench.hose import Poured, Stream, pour
from bench.jellyfin import PLAYERS
from bench.process import cost, memory
from bench.trakt import Trakt

DEVICES = 40
RATE = 1000.0
SLOWER = (250.0, 500.0)
"""Posts a second."""
WARM = 2.0
"""Seconds for the first post of each device: what loads with the first request to Trakt is loaded then."""
AWAY = Goal(most=10.0)
"""As for a webhook that is answered while Trakt is away."""


async def measure(bench: Bench) -> list[Figure]:
    """All of it."""
    seconds = bench.rounds.flood
    async with AsyncExitStack() as stack:
        trakt = await stack.enter_async_context(Trakt().listening())
        floors = {
            mode: await stack.enter_async_context(endpoint(bench, mode, trakt.url)) for mode in ("parse", "commit")
        }
        running = await stack.enter_async_context(bench.agent(trakt, web=True, more=PLAYERS))
        began_at = time.monotonic()

        def stream(url: str, path: str, rate: float, length: float) -> Stream:
            return Stream(url=url, path=path, rate=rate, seconds=length, devices=DEVICES, began_at=began_at)

        await pour(stream(running.web, "/hooks/jellyfin", DEVICES / WARM, WARM))
        await rest()
        bare = {}
        for mode, url in floors.items():
            bench.say(f"flood: a bare endpoint ({mode}) for {seconds / 3:.0f} s")
            bare[mode] = await pour(stream(url, "/hook", RATE, seconds / 3))
        slow = {}
        for rate in SLOWER:
            bench.say(f"flood: {rate:.0f} a second")
            slow[rate] = await pour(stream(running.web, "/hooks/jellyfin", rate, seconds / 6))
        bench.say(f"flood: {RATE:.0f} a second for {seconds:.0f} s")
        before, calls, writes = _held(running), trakt.calls, len(trakt.written)
        ours = await pour(stream(running.web, "/hooks/jellyfin", RATE, seconds))
        after, calls, written = _held(running), trakt.calls - calls, trakt.written[writes:]
    return [*_answers(ours, bare, slow), *_costs(ours, before, after, calls, written)]


def _held(running: Agent) -> tuple[float, float]:
    """Its CPU seconds so far, and its RSS in MiB."""
    return cost(running.pid).cpu, memory(running.pid)[0]


def _answers(ours: Poured, bare: dict[str, Poured], slow: dict[float, Poured]) -> list[Figure]:
    told = f"{RATE:,.0f} posts a second"
    figures = [
        _row(f"{told}: due -> answered", ours.took, percentile(bare["parse"].took, 50)),
        _row("  p99, of each third of the time", _thirds(ours.took), percentile(bare["parse"].took, 99), AWAY),
        Figure(name="  answered", unit=Unit.RATE, samples=(len(ours.took) / ours.seconds,), floor=_rate(bare["parse"])),
        Figure(
            name="  not answered, or not with 200",
            unit=Unit.COUNT,
            samples=(ours.refused + ours.unanswered,),
            goal=Goal(most=0),
        ),
    ]
    for mode, poured in bare.items():
        figures.append(_row(f"  a bare endpoint ({mode}): due -> answered", poured.took))
        figures.append(_row("    p99", (percentile(poured.took, 99),)))
    for rate, poured in slow.items():
        figures.append(_row(f"  ours at {rate:.0f} a second", poured.took))
        figures.append(_row("    p99", (percentile(poured.took, 99),)))
    return [*figures, _row("  part: sent so late by the sender, p99", (percentile(ours.late, 99),))]


def _costs(
    ours: Poured, before: tuple[float, float], after: tuple[float, float], calls: int, written: Sequence[float]
) -> list[Figure]:
    each = (after[0] - before[0]) / len(ours.took) * 1e6
    memories = Figure(name="  RSS after it", unit=Unit.MIB, samples=(after[1],), floor=before[1], goal=Goal(most=46))
    return [
        Figure(name="  CPU of each", unit=Unit.US, samples=(each,)),
        memories,
        Figure(name="  calls to Trakt meanwhile", unit=Unit.CALLS, samples=(calls,)),
        Figure(name="    most writes in a second", unit=Unit.CALLS, samples=(_most(written),), goal=Goal(most=1)),
    ]


def _row(name: str, samples: Sequence[float], floor: float | None = None, goal: Goal | None = None) -> Figure:
    return Figure(name=name, unit=Unit.MS, samples=tuple(samples), floor=floor, goal=goal)


def _thirds(samples: Sequence[float]) -> tuple[float, ...]:
    """The p99 of each."""
    length = len(samples) // 3
    return tuple(percentile(samples[part * length : (part + 1) * length], 99) for part in range(3))


def _rate(poured: Poured) -> float:
    return len(poured.took) / poured.seconds


def _most(instants: Sequence[float]) -> int:
    """How many of these, in order, are within one second at most."""
    return max((bisect_left(instants, at + 1.0) - number for number, at in enumerate(instants)), default=0)
