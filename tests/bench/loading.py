"""A film is opened in an mpv that runs, and stopped: how long until Trakt hears of it.

A film is opened and stopped near its beginning, so that it is known; then it is opened again and stopped near its end,
and no lookup lies in these two times. The start of the second is told from mpv's own ``playback-restart``, by which
it really plays.
"""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Any

from bench.bench import Bench
from bench.figure import FLOOR, Figure, Goal, Unit, milliseconds, percentile
from bench.floor import Bystander, Floor, load
from bench.player import BEGIN, Mpv, happened, opened, reels
from bench.trakt import Trakt, arrival

END = "85%"
"""A stop here is one by which Trakt counts a watch."""
NEAR = Goal(most=5.0)
STOP = Goal(most=1.5, of=FLOOR)


async def measure(bench: Bench) -> list[Figure]:
    """The figures of opening and stopping, and those of their parts."""
    samples: dict[str, list[float]] = {}

    def note(name: str, seconds: float) -> None:
        samples.setdefault(name, []).append(seconds)

    async with AsyncExitStack() as stack:
        trakt = await stack.enter_async_context(Trakt().listening())
        floor = await stack.enter_async_context(Floor.beside(bench, trakt, note))
        running = await stack.enter_async_context(bench.agent(trakt))
        start = trakt.expect("/scrobble/start")
        player = await stack.enter_async_context(opened(running.sockets / "mpv", bench.film, "--idle=yes"))
        await arrival(start, "the start of a film")
        remote = _Remote(trakt, player, floor)
        await remote.stop("the first of all")
        films = reels(bench.fresh(), bench.film, bench.rounds.opens)
        for number, film in enumerate(films, start=1):
            bench.say(f"opening and stopping a film, round {number} of {len(films)}")
            await remote.load("unknown", film, BEGIN)
            await remote.stop("near the beginning")
            await remote.load("known", film, END)
            await remote.stop("near the end")
    return _figures(samples)


class _Remote:
    """Opens and stops films in the player that the agent watches, each after the floor has done the same."""

    def __init__(self, trakt: Trakt, player: Mpv, floor: Floor) -> None:
        self._trakt = trakt
        self._mouth, self._ear = player.line(), player.line()
        self._floor = floor

    async def load(self, what: str, film: Path, begin: str) -> None:
        await self._floor.spaced("mpv, load", partial(Bystander.load, film=film, begin=begin))
        start = self._trakt.expect("/scrobble/start")
        began = load(self._mouth, film, begin)
        # On a thread: this loop must be free to take the request, which may come at any time.
        played = asyncio.to_thread(self._ear.until, happened("playback-restart"))
        plays_at, arrived = await asyncio.gather(played, arrival(start, "the start of a film"))
        self._floor.note(f"load, {what}", arrived - began)
        self._floor.note(f"load, {what}, from when it plays", arrived - plays_at)

    async def stop(self, where: str) -> None:
        await self._floor.spaced("mpv, stop", Bystander.stop)
        stop = self._trakt.expect("/scrobble/stop")
        began = self._mouth.say("stop")
        self._floor.note(f"stop, {where}", await arrival(stop, "a stop") - began)


def _figures(samples: Mapping[str, list[float]]) -> list[Figure]:
    told = {name: milliseconds(each) for name, each in samples.items()}
    least = {name: percentile(told[name], 50) for name in ("mpv, load", "mpv, stop", "commit", "post")}
    sent = least["commit"] + least["post"]

    def row(name: str, key: str, **more: Any) -> Figure:
        return Figure(name=name, unit=Unit.MS, samples=told[key], **more)

    return [
        row("mpv loadfile -> start at Trakt", "load, known", floor=least["mpv, load"]),
        row("  from when it plays", "load, known, from when it plays", floor=sent, goal=NEAR),
        row("mpv loadfile, unknown title -> start", "load, unknown", floor=least["mpv, load"]),
        row("mpv stop -> request at Trakt", "stop, near the end", floor=least["mpv, stop"] + sent, goal=STOP),
        row("  part: mpv's own, loadfile -> it plays", "mpv, load"),
        row("  part: mpv's own, stop -> end of the file", "mpv, stop"),
        row("  part: durable commit, between", "commit"),
        row("  part: bare httpx -> request, between", "post"),
    ]
