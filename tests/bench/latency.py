"""From a pause in mpv to the request on the wire, beside the sum of its parts at their barest.

The parts are measured between the rounds, as far apart from each other as the rounds are: mpv's own time until an
observer hears of the pause (on a second player that the agent does not know), one durable commit, one request by bare
httpx. Back to back they are faster, because caches are warm; both are told, and the floor is the spaced sum.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Self

from bench import parts
from bench.agent import environment
from bench.bench import SPACING, Bench, rest
from bench.figure import Figure, Goal, MeasurementError, Unit, milliseconds, percentile
from bench.player import Mpv, changed
from bench.trakt import Trakt, arrival

GOAL = Goal(most=3.0, of_floor=True)
VERBS = (("pause", True, "/scrobble/pause"), ("resume", False, "/scrobble/start"))


class _Parts:
    """The child process that commits and posts when it is told to."""

    def __init__(self, process: asyncio.subprocess.Process, trakt: Trakt) -> None:
        self._process = process
        self._trakt = trakt

    @classmethod
    @asynccontextmanager
    async def running(cls, folder: Path, trakt: Trakt) -> AsyncIterator[Self]:
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(parts.__file__),
            trakt.url,
            str(folder),
            stdin=pipe,
            stdout=pipe,
            env=environment(folder),
        )
        try:
            yield cls(process, trakt)
        finally:
            if process.stdin is not None:
                process.stdin.close()
            await process.wait()

    async def commit(self) -> float:
        began, ended = await self._tell("commit")
        return ended - began

    async def post(self) -> float:
        """Call to arrival."""
        arrived = self._trakt.expect("/floor")
        began, _ = await self._tell("post")
        return await arrival(arrived, "the floor's request") - began

    async def _tell(self, word: str) -> tuple[float, float]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{word}\n".encode())
        instants = (await self._process.stdout.readline()).split()
        if len(instants) != 2:
            raise MeasurementError("the floor's process ended")
        return float(instants[0]), float(instants[1])


class _Bystander:
    """A player that nobody watches but us: how long mpv itself takes."""

    def __init__(self, player: Mpv) -> None:
        self._mouth, self._ear = player.line(), player.line()
        self._ear.say("observe_property", 1, "pause")
        self._ear.until(changed("pause", value=False))

    def set(self, *, paused: bool) -> float:
        return -self._mouth.say("set_property", "pause", paused) + self._ear.until(changed("pause", value=paused))


async def measure(bench: Bench) -> list[Figure]:
    """The figures of the pause and of the resume, and those of their parts."""
    samples: dict[str, list[float]] = {}

    def note(name: str, seconds: float) -> None:
        samples.setdefault(name, []).append(seconds)

    async with AsyncExitStack() as stack:
        trakt = await stack.enter_async_context(Trakt().listening())
        doer = await stack.enter_async_context(_Parts.running(bench.fresh(), trakt))
        running = await stack.enter_async_context(bench.agent(trakt))
        bystander = _Bystander(await stack.enter_async_context(bench.mpv(bench.fresh())))
        player, _ = await stack.enter_async_context(bench.scrobbled(trakt, running))
        mouth = player.line()
        await _round(trakt, mouth.say, bystander, doer, lambda *_: None)  # the first time of all is told elsewhere
        for number in range(bench.rounds.pauses):
            bench.say(f"pause and resume, round {number + 1} of {bench.rounds.pauses}")
            await _round(trakt, mouth.say, bystander, doer, note)
        for _ in range(bench.rounds.tight):
            note("commit, tight", await doer.commit())
        for _ in range(bench.rounds.tight):
            note("post, tight", await doer.post())
    return _figures(samples)


async def _round(
    trakt: Trakt, say: Callable[..., float], bystander: _Bystander, doer: _Parts, note: Callable[[str, float], None]
) -> None:
    """One pause and one resume, and between them the parts, a third of the time apart from each other."""
    for verb, paused, path in VERBS:
        await rest(SPACING / 4)
        note(f"mpv, {verb}", bystander.set(paused=paused))
        await rest(SPACING / 4)
        note("commit", await doer.commit())
        await rest(SPACING / 4)
        note("post", await doer.post())
        await rest(SPACING / 4)
        arrived = trakt.expect(path)
        began = say("set_property", "pause", paused)
        note(verb, await arrival(arrived, f"a {verb}") - began)


def _figures(samples: Mapping[str, list[float]]) -> list[Figure]:
    told = {name: milliseconds(each) for name, each in samples.items()}

    def floor(verb: str) -> float:
        return sum(percentile(told[name], 50) for name in (f"mpv, {verb}", "commit", "post"))

    def row(name: str, key: str, **more: Any) -> Figure:
        return Figure(name=name, unit=Unit.MS, samples=told[key], **more)

    return [
        *(row(f"mpv {verb} -> request at Trakt", verb, floor=floor(verb), goal=GOAL) for verb, _, _ in VERBS),
        *(row(f"  part: mpv's own, {verb} -> event", f"mpv, {verb}") for verb, _, _ in VERBS),
        row("  part: durable commit, spaced", "commit"),
        row("  part: durable commit, back to back", "commit, tight"),
        row("  part: bare httpx -> request, spaced", "post"),
        row("  part: bare httpx -> request, back to back", "post, tight"),
    ]
