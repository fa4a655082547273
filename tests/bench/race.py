"""Ours and the rival side by side: the same mpv, the same presses, the same minutes, each with a Trakt of its own.

The rival looks for a player, and at what it does, every ten seconds; a viewer presses at any time between two of its
looks. So the rests before the presses are spread evenly over that time, in a random order.
"""

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

from bench import loss, watch
from bench.agent import Agent, agent
from bench.bench import SPACING, Bench, rest
from bench.figure import Figure, Goal, Unit, milliseconds, percentile
from bench.floor import load
from bench.idle import SETTLE
from bench.player import BEGIN, Line, opened, reels
from bench.process import memory, spent
from bench.rival import NAME, POLL, SOCKET, rival
from bench.trakt import Trakt, arrival
from msgspec import Struct
from msgspec.structs import replace

OURS = "ours"
PATIENCE = 4 * POLL
"""Seconds: where the rival looks while mpv is just starting, it has to look again."""
GOALS = {
    "mpv opened -> start": Goal(most=0.02, of=NAME),
    "mpv pause": Goal(most=0.001, of=NAME),
    "mpv resume": Goal(most=0.001, of=NAME),
    "mpv loadfile -> start": Goal(most=1.0, of=NAME),
}


class Runner(Struct, frozen=True):
    """One of the two, and its Trakt."""

    name: str
    trakt: Trakt
    agent: Agent


async def measure(bench: Bench) -> list[Figure]:
    """What both take and cost; and of the rival alone what becomes of a watch, as `watch` and `loss` tell it of us."""
    track = _Track(bench)
    async with AsyncExitStack() as stack:
        await track.enter(stack)
        films = reels(bench.fresh(), bench.film, 1)
        rests = spread(bench.rounds.races)
        await track.opened(0.0)
        track.samples.clear()  # the first time of all loads what is needed from then on
        for number in range(bench.rounds.races):
            bench.say(f"race: opening mpv, round {number + 1} of {bench.rounds.races}")
            await track.opened(rests[number])
        start = track.expected("/scrobble/start")
        async with opened(track.socket, bench.film, "--idle=yes") as player:
            await asyncio.gather(*start)
            mouth = player.line()
            for number in range(bench.rounds.races):
                bench.say(f"race: pause and resume, round {number + 1} of {bench.rounds.races}")
                await track.paused(mouth, rests[number])
            costs = await track.costs()
            for number in range(bench.rounds.races):
                bench.say(f"race: opening and stopping a film, round {number + 1} of {bench.rounds.races}")
                await track.loaded(mouth, films[0])
    told = await asyncio.gather(watch.measure(bench, rival), loss.measure(bench, rival))
    alone = [replace(each, name=f"{NAME}: {each.name.strip()}", goal=None) for figures in told for each in figures]
    return [*_latencies(track.samples), *costs, *alone]


class _Track:
    """Where both run. ``samples``: for each event, the seconds of each."""

    def __init__(self, bench: Bench) -> None:
        self.samples: dict[str, dict[str, list[float]]] = {}
        self._bench = bench
        self._sockets = bench.fresh()
        self._runners: list[Runner] = []

    @property
    def socket(self) -> Path:
        return self._sockets / SOCKET

    async def enter(self, stack: AsyncExitStack) -> None:
        """Starts both."""
        for name, launch in ((OURS, agent), (NAME, rival)):
            trakt = await stack.enter_async_context(Trakt().listening())
            running = await stack.enter_async_context(launch(self._bench.fresh(), trakt.url, self._sockets))
            self._runners.append(Runner(name, trakt, running))

    def expected(self, path: str) -> list[asyncio.Task[float]]:
        """The instants of the next request of each for that path."""
        return [
            asyncio.create_task(arrival(each.trakt.expect(path), f"{each.name}'s {path}", PATIENCE))
            for each in self._runners
        ]

    async def opened(self, later: float) -> None:
        """A player is spawned, and ended once both have told it."""
        await rest(SPACING + later)
        start = self.expected("/scrobble/start")
        async with opened(self.socket, self._bench.film) as player:
            await self._noted("mpv opened -> start", start, lambda: player.spawned_at)
            await rest()
            stop = self.expected("/scrobble/stop")
        await asyncio.gather(*stop)

    async def paused(self, mouth: Line, later: float) -> None:
        for verb, paused, path in (("pause", True, "/scrobble/pause"), ("resume", False, "/scrobble/start")):
            await rest(SPACING + later)
            press = self.expected(path)
            await self._noted(f"mpv {verb}", press, partial(mouth.say, "set_property", "pause", paused))

    async def loaded(self, mouth: Line, film: Path) -> None:
        await rest()
        stop = self.expected("/scrobble/stop")
        await self._noted("mpv stop", stop, partial(mouth.say, "stop"))
        await rest()
        start = self.expected("/scrobble/start")
        await self._noted("mpv loadfile -> start", start, partial(load, mouth, film, BEGIN))

    async def costs(self) -> list[Figure]:
        """While the film plays."""
        await asyncio.sleep(SETTLE)
        self._bench.say(f"race: looking at both for {self._bench.rounds.window:.0f} s")
        pids = [each.agent.pid for each in self._runners]
        ours, theirs = await spent(pids, self._bench.rounds.window)
        (rss, pss), (their_rss, their_pss) = map(memory, pids)
        return [
            *pair("CPU, playing", Unit.CPU, [ours.cpu], [theirs.cpu]),
            *pair("wake-ups, playing", Unit.WAKES, [ours.wakes], [theirs.wakes]),
            *pair("RSS", Unit.MIB, [rss], [their_rss]),
            *pair("PSS", Unit.MIB, [pss], [their_pss]),
        ]

    async def _noted(self, event: str, arrivals: list[asyncio.Task[float]], act: Callable[[], float]) -> None:
        """Does it at an instant that ``act`` gives, and notes how long each takes from there."""
        began = act()
        for runner, arrived in zip(self._runners, await asyncio.gather(*arrivals), strict=True):
            self.samples.setdefault(event, {}).setdefault(runner.name, []).append(arrived - began)


def spread(count: int) -> list[float]:
    """So many rests, in seconds, which together stand for every time between two looks."""
    rests = [POLL * (number + 0.5) / count for number in range(count)]
    random.shuffle(rests)
    return rests


def _latencies(samples: Mapping[str, Mapping[str, list[float]]]) -> list[Figure]:
    return [
        figure
        for event, took in samples.items()
        for figure in pair(event, Unit.MS, milliseconds(took[OURS]), milliseconds(took[NAME]), GOALS.get(event))
    ]


def pair(
    what: str, unit: Unit, ours: Sequence[float], theirs: Sequence[float], goal: Goal | None = None
) -> list[Figure]:
    """Ours with the rival's median in the place of a floor, and the rival's."""
    return [
        Figure(name=f"race, {what}: {OURS}", unit=unit, samples=tuple(ours), floor=percentile(theirs, 50), goal=goal),
        Figure(name=f"  {NAME}", unit=unit, samples=tuple(theirs)),
    ]
