"""A whole watch with pauses and seeks: which calls it makes, and when its record is there.

Everything is real but the service, which is the project's sandbox: it refuses what Trakt would refuse, a second write
within one second among it.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from enum import Enum
from pathlib import Path

from bench.agent import Launch, agent
from bench.bench import Bench
from bench.figure import Figure, Goal, Unit, exactly, milliseconds
from bench.floor import sent
from bench.player import Mpv, film, happened, opened
from bench.service import Kind, Service, crowd, kind, refused

FILM = "TRON Legacy (2010) {imdb-tt1104001}.mkv"
BEGIN = "0%"
PATIENCE = 60.0
"""Seconds for its record to come."""
SETTLE = 4.0
"""Seconds after it, in which nothing may come any more."""


class Act(Enum):
    """What the viewer does, which takes or skips a twelfth of the film."""

    PAUSE = "pause"
    SEEK = "seek"


LENGTH = 1 / 12
STORY = ((10, Act.PAUSE), (8, Act.SEEK), (7, Act.PAUSE), (5, Act.SEEK), (5, Act.PAUSE))
"""After so many sixtieths of the film more; then it plays to its end."""
PAUSES = sum(act is Act.PAUSE for _, act in STORY)
LEAST = 2 + 2 * PAUSES
"""Calls: a start and a stop, and for each pause itself and another start. Neither seeks nor a lookup."""
MOST = LEAST + (len(STORY) - PAUSES) + 1
"""The same with a start for each seek, and the lookup."""


async def measure(bench: Bench, launch: Launch = agent) -> list[Figure]:
    """Its calls by kind, and the time to its record."""
    seconds = bench.rounds.watch
    async with AsyncExitStack() as stack:
        service = await stack.enter_async_context(Service.running())
        sockets = bench.fresh()
        await stack.enter_async_context(launch(bench.fresh(), service.url, sockets, tokens=service.tokens()))
        reel = await made(bench)
        bench.say(f"a watch of {seconds:.0f} s")
        player = await stack.enter_async_context(opened(sockets / "mpv", reel, begin=BEGIN))
        floor, ended_at = await asyncio.gather(sent(bench, rounds=5), watched(player, seconds, STORY))
        recorded_at = await service.recorded(PATIENCE)
        await asyncio.sleep(SETTLE)
    name = f"watch of {seconds:.0f} s"
    took = [] if recorded_at is None else [recorded_at - ended_at]
    return [*_calls(name, service), *(_lag(name, each, floor) for each in took)]


async def made(bench: Bench) -> Path:
    """A film that the sandbox knows, as long as the watch is to be."""
    return await asyncio.to_thread(film, bench.fresh(), FILM, bench.rounds.watch)


async def watched(player: Mpv, seconds: float, story: Sequence[tuple[float, Act]] = ()) -> float:
    """Plays a film of so many seconds to its end; gives the instant at which mpv says that it is over."""
    await asyncio.to_thread(player.plays)
    mouth, ear = player.line(), player.line()
    for sixtieths, act in story:
        await asyncio.sleep(sixtieths / 60 * seconds)
        if act is Act.SEEK:
            mouth.say("seek", LENGTH * seconds, "relative+exact")
        else:
            mouth.say("set_property", "pause", True)
            await asyncio.sleep(LENGTH * seconds)
            mouth.say("set_property", "pause", False)
    return await asyncio.to_thread(ear.until, happened("end-file"), seconds)


def _calls(name: str, service: Service) -> list[Figure]:
    calls = service.calls()
    kinds = Counter(map(kind, calls))
    paused = sum(kind(call) is Kind.PAUSE and not refused(call) for call in calls)
    crowded = crowd([call.at for call in calls if call.method != "GET"])

    def row(what: str, number: float, goal: Goal | None = None, *, unit: Unit = Unit.CALLS) -> Figure:
        return Figure(name=f"  {name}, {what}", unit=unit, samples=(number,), goal=goal)

    return [
        Figure(
            name=f"{name}: calls to Trakt",
            unit=Unit.CALLS,
            samples=(len(calls),),
            floor=LEAST,
            goal=Goal(most=MOST),
        ),
        *(row(f"calls: {each.name.lower()}", kinds[each]) for each in Kind),
        row("refused", sum(map(refused, calls)), Goal(most=0)),
        row("most writes within a second", crowded, Goal(most=1)),
        row("pauses told", paused, exactly(PAUSES), unit=Unit.COUNT),
        row("recorded", service.plays, exactly(1), unit=Unit.COUNT),
    ]


def _lag(name: str, seconds: float, floor: float) -> Figure:
    return Figure(name=f"  {name}, its end -> its record", unit=Unit.MS, samples=milliseconds([seconds]), floor=floor)
