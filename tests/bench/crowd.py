"""What very many devices cost that play at once: each has begun a film, and then they say nothing.

Trakt asks for an hour's rest meanwhile, so that what is seen is the sessions and not the sending of their starts.
"""

import asyncio
import time
import tracemalloc
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from bench.agent import Agent, agent
from bench.bench import Bench, rest
from bench.endpoint import endpoint
from bench.figure import FLOOR, Figure, Goal, MeasurementError, Unit, percentile
from bench.hose import Poured, Stream, pour
from bench.jellyfin import PLAYERS, USERS, Line, answers, post, said
from bench.process import Spent, memory, spent
from bench.trakt import Trakt

from scrobbler.machine.motion import State
from scrobbler.state.snapshot import look

FEW = 10
LANES = 16
ASKED, RATE = 20.0, 200.0
"""Seconds of further posts, and how many a second: of the ten first devices."""
SAME = Goal(most=1.5, of=FLOOR)
SMALL = Goal(most=8.0)
"""KiB of a session: 10,000 are 80 MiB then."""


async def measure(bench: Bench) -> list[Figure]:
    """All of it."""
    many, seconds = bench.rounds.crowd, min(ASKED, bench.rounds.flood)
    async with AsyncExitStack() as stack:
        trakt = await stack.enter_async_context(Trakt().listening())
        trakt.rests = True
        floor = await stack.enter_async_context(endpoint(bench, "commit", trakt.url))
        folder, sockets = bench.fresh(), bench.fresh()
        few = await stack.enter_async_context(bench.agent(trakt, web=True, more=PLAYERS))
        async with agent(folder, trakt.url, sockets, web=True, more=PLAYERS) as crowded:
            began_at = time.monotonic()
            await _begin(few, "/hooks/jellyfin", FEW)
            before = await _warm(crowded)
            bench.say(f"crowd: {many:,} devices begin to play")
            took = await _begin(crowded, "/hooks/jellyfin", many)
            least = await _begin_at(floor, "/hook", many)
            await rest(3.0)
            after = memory(crowded.pid)[0]
            bench.say(f"crowd: looking at both for {bench.rounds.window:.0f} s")
            rests = await spent([few.pid, crowded.pid], bench.rounds.window)
            bench.say(f"crowd: further posts, {RATE:.0f} a second for {seconds:.0f} s to each")
            uncrowded = await _further(few, began_at, seconds)
            posts = await _further(crowded, began_at, seconds)
        own = _own(folder / "state", many)
        restarts = await _restarts(bench, trakt, folder, sockets)
    return [
        Figure(
            name=f"{many:,} devices begin to play: taken in",
            unit=Unit.MS,
            samples=(took * 1000,),
            floor=least * 1000,
            goal=Goal(most=1 / 0.7, of=FLOOR),
        ),
        Figure(name="  that is", unit=Unit.RATE, samples=(many / took,), floor=many / least),
        Figure(
            name="  RSS of each (floor: the session's data alone)",
            unit=Unit.SIZE,
            samples=((after - before) * 1024 / many,),
            floor=own / many / 1024,
            goal=SMALL,
        ),
        Figure(name="  RSS of the agent", unit=Unit.MIB, samples=(after,), floor=before),
        *_silence(rests, many),
        *_asked(uncrowded, posts, many),
        *restarts,
    ]


async def _warm(running: Agent) -> float:
    """RSS in MiB once a first device plays."""
    await _begin(running, "/hooks/jellyfin", 1)
    await rest(2.0)
    return memory(running.pid)[0]


async def _begin(running: Agent, path: str, devices: int) -> float:
    return await _begin_at(running.web, path, devices)


async def _begin_at(url: str, path: str, devices: int) -> float:
    """Seconds until so many devices have begun a film, sixteen at a time."""
    lines = [await Line.to(url) for _ in range(LANES)]
    requests = _requests(path, devices)

    async def lane(line: Line) -> None:
        for request in requests:
            await line.ask(request)

    began = time.monotonic()
    await asyncio.gather(*map(lane, lines))
    took = time.monotonic() - began
    for line in lines:
        line.close()
    return took


def _requests(path: str, devices: int) -> Iterator[bytes]:
    for number in range(devices):
        yield post(path, said("PlaybackStart", f"tv {number}", 600.0, user=USERS[number % len(USERS)]))


async def _further(running: Agent, began_at: float, seconds: float) -> Poured:
    return await pour(
        Stream(url=running.web, path="/hooks/jellyfin", rate=RATE, seconds=seconds, devices=FEW, began_at=began_at)
    )


def _own(state: Path, many: int) -> int:
    """Bytes of memory of the kept sessions, and of nothing else. Raises ``MeasurementError`` where one is missing."""
    tracemalloc.start()
    try:
        sessions = look(state).sessions
        held = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    playing = sum(session.state is State.PLAYING for session in sessions)
    if playing != many:
        raise MeasurementError(f"{many} began to play, and {playing} do")
    return held


async def _restarts(bench: Bench, trakt: Trakt, crowded: Path, sockets: Path) -> list[Figure]:
    """From spawn until a webhook is answered, with the sessions of the last run and with none."""
    took: dict[Path, list[float]] = {bench.fresh(): [], crowded: []}
    for number in range(bench.rounds.spawns):
        bench.say(f"crowd: starting again, round {number + 1} of {bench.rounds.spawns}")
        for folder, samples in took.items():
            async with agent(folder, trakt.url, sockets, web=True, more=PLAYERS) as running:
                samples.append((await answers(running.web) - running.spawned_at) * 1000)
    none, many = took.values()
    least = percentile(none, 50)
    return [
        Figure(
            name=f"agent spawned -> answers, {bench.rounds.crowd:,} sessions to take up",
            unit=Unit.MS,
            samples=tuple(many),
            floor=least,
        ),
        Figure(name="  with none", unit=Unit.MS, samples=tuple(none)),
        Figure(
            name="  more for each session",
            unit=Unit.US,
            samples=((percentile(many, 50) - least) / bench.rounds.crowd * 1000,),
            goal=Goal(most=100.0),
        ),
    ]


def _asked(few: Poured, crowded: Poured, many: int) -> list[Figure]:
    return [
        Figure(
            name=f"a further post is answered, {many:,} sessions (floor: {FEW})",
            unit=Unit.MS,
            samples=crowded.took,
            floor=percentile(few.took, 50),
            goal=SAME,
        ),
        Figure(
            name="  p99",
            unit=Unit.MS,
            samples=(percentile(crowded.took, 99),),
            floor=percentile(few.took, 99),
            goal=SAME,
        ),
        Figure(name="  the longest", unit=Unit.MS, samples=(max(crowded.took),), floor=max(few.took)),
    ]


def _silence(rests: Sequence[Spent], many: int) -> list[Figure]:
    """What both use while nobody says anything to them."""
    few, crowded = rests
    return [
        Figure(
            name=f"{many:,} play without a word: CPU",
            unit=Unit.CPU,
            samples=(crowded.cpu,),
            floor=few.cpu,
            goal=Goal(most=0.006),
        ),
        Figure(name="  wake-ups", unit=Unit.WAKES, samples=(crowded.wakes,), floor=few.wakes, goal=Goal(most=15.0)),
    ]
