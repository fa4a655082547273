"""What the agent costs while nothing happens: time on a processor, and how often anything in it wakes up.

All cases are looked at in the same window of time. Beside them a process that only waits in asyncio, and one that makes
a durable commit as often as the agent looks at a position.
"""

import asyncio
import sys
from contextlib import AsyncExitStack

from bench import pulse as pulsing
from bench.agent import Agent
from bench.bench import Bench
from bench.figure import Figure, Goal, Unit
from bench.player import Mpv, opened, reels
from bench.process import Spent, memory, spent
from bench.trakt import Trakt, arrival
from msgspec import Struct
from msgspec.structs import replace

from scrobbler.watching import LOOK_EVERY

SETTLE = 4.0
"""Seconds until what was begun is over: the last answer, the space between two writes."""

_BLOCKED = "import asyncio; asyncio.run(asyncio.Event().wait())"
CPU, WAKES = 0.006, 15.0
"""What one player that plays may cost: CPU seconds a minute, wake-ups a minute. Everything else costs nothing."""


class Case(Struct, frozen=True, kw_only=True):
    """An agent, and what it watches."""

    name: str
    web: bool = False
    players: int = 0
    paused: bool = False

    @property
    def playing(self) -> int:
        return 0 if self.paused else self.players


ONE, TEN = Case(name="one mpv, playing", players=1), Case(name="ten mpv, playing", players=10)
CASES = (
    Case(name="no player"),
    Case(name="no player, web server on", web=True),
    Case(name="one mpv, paused", players=1, paused=True),
    ONE,
    TEN,
)


async def measure(bench: Bench) -> list[Figure]:
    """What each case costs, and the memory of one player and of ten."""
    async with AsyncExitStack() as stack:
        trakt = await stack.enter_async_context(Trakt().listening())
        blocked = await _child(stack, "-c", _BLOCKED)
        pulse = await _child(stack, str(pulsing.__file__), str(bench.fresh()), str(LOOK_EVERY))
        agents = {case: await stack.enter_async_context(bench.agent(trakt, web=case.web)) for case in CASES}
        for case, running in agents.items():
            players = await _play(stack, bench, trakt, running, case.players)
            await asyncio.sleep(SETTLE if players else 0.0)
            for player in players if case.paused else ():
                await _pause(trakt, player)
        await asyncio.sleep(SETTLE)
        bench.say(f"idle: looking at {len(agents)} agents for {bench.rounds.window:.0f} s")
        pids = [blocked, pulse, *(running.pid for running in agents.values())]
        idle, journal, *used = await spent(pids, bench.rounds.window)
        held = {case: memory(agents[case].pid) for case in (ONE, TEN)}
    return [
        *_costs("asyncio alone, blocked", idle),
        *_costs(f"asyncio and a durable commit each {LOOK_EVERY:.0f} s", journal),
        *(
            figure
            for case, each in zip(CASES, used, strict=True)
            for figure in _judged(case, each, journal if case.playing else idle)
        ),
        *_memory(held[ONE], held[TEN]),
    ]


async def _child(stack: AsyncExitStack, *words: str) -> int:
    """A process of Python's that is there meanwhile; gives its number."""
    child = await asyncio.create_subprocess_exec(sys.executable, *words)
    stack.push_async_callback(child.wait)
    stack.callback(child.kill)
    return child.pid


async def _play(stack: AsyncExitStack, bench: Bench, trakt: Trakt, running: Agent, count: int) -> list[Mpv]:
    """So many players, each with a film of its own whose start is at Trakt."""
    players = []
    for number, reel in enumerate(reels(bench.fresh(), bench.film, count)):
        start = trakt.expect("/scrobble/start")
        players.append(await stack.enter_async_context(opened(running.sockets / f"mpv{number}", reel)))
        await arrival(start, "the start of a film")
    return players


async def _pause(trakt: Trakt, player: Mpv) -> None:
    arrived = trakt.expect("/scrobble/pause")
    player.line().say("set_property", "pause", True)
    await arrival(arrived, "a pause")


def _judged(case: Case, used: Spent, floor: Spent) -> list[Figure]:
    """In total; and of several players that play, what each of them costs. ``floor``: of one."""
    count = max(case.playing, 1)
    figures = _costs(case.name, used, Spent(cpu=floor.cpu * count, wakes=floor.wakes * count), case.playing)
    if case.playing > 1:
        each = Spent(cpu=used.cpu / case.playing, wakes=used.wakes / case.playing)
        figures += _costs(f"{case.name}, each", each, floor, 1)
    return figures


def _costs(name: str, used: Spent, floor: Spent | None = None, playing: int = 0) -> list[Figure]:
    """Without a floor it is the floor, and there is nothing that is wanted of it."""

    def row(unit: Unit, what: str, value: float, least: float, most: float) -> Figure:
        figure = Figure(name=f"idle, {name}: {what}", unit=unit, samples=(value,))
        return figure if floor is None else replace(figure, floor=least, goal=Goal(most=most * playing))

    least = floor or used
    return [
        row(Unit.CPU, "CPU", used.cpu, least.cpu, CPU),
        row(Unit.WAKES, "wake-ups", used.wakes, least.wakes, WAKES),
    ]


def _memory(one: tuple[float, float], ten: tuple[float, float]) -> list[Figure]:
    """RSS and PSS with ten players, beside those with one in the same minutes."""
    return [
        Figure(name=f"memory, {TEN.name}: {kind}", unit=Unit.MIB, samples=(many,), floor=few)
        for kind, few, many in zip(("RSS", "PSS"), one, ten, strict=True)
    ]
