"""The least that it can take: mpv's own time, a durable commit, and a request by bare httpx, each at its barest.

They are measured between the rounds, as far apart from each other as the rounds are: back to back they are faster,
because caches are warm.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Self

from bench import parts
from bench.agent import environment
from bench.bench import SPACING, Bench, rest
from bench.figure import MeasurementError, milliseconds, percentile
from bench.player import Line, Mpv, changed, happened, opened
from bench.trakt import Trakt, arrival

Note = Callable[[str, float], None]
"""Takes the name of something and the seconds that it took."""


class Doer:
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


class Bystander:
    """A player that nobody watches but us: how long mpv itself takes."""

    def __init__(self, player: Mpv) -> None:
        self._mouth, self._ear = player.line(), player.line()
        self._ear.say("observe_property", 1, "pause")
        self._ear.until(changed("pause", value=False))

    def set(self, *, paused: bool) -> float:
        return -self._mouth.say("set_property", "pause", paused) + self._ear.until(changed("pause", value=paused))

    def load(self, film: Path, begin: str) -> float:
        """From the answer until it really plays."""
        return -load(self._mouth, film, begin) + self._ear.until(happened("playback-restart"))

    def stop(self) -> float:
        return -self._mouth.say("stop") + self._ear.until(happened("end-file"))


class Floor:
    """The parts, each noted by a name."""

    def __init__(self, doer: Doer, bystander: Bystander, note: Note) -> None:
        self.doer = doer
        self.bystander = bystander
        self.note = note

    @classmethod
    @asynccontextmanager
    async def beside(cls, bench: Bench, trakt: Trakt, note: Note) -> AsyncIterator[Self]:
        """One that is ready; its player plays the film and stays when that is over."""
        async with AsyncExitStack() as stack:
            doer = await stack.enter_async_context(Doer.running(bench.fresh(), trakt))
            player = await stack.enter_async_context(opened(bench.fresh() / "mpv", bench.film, "--idle=yes"))
            yield cls(doer, Bystander(player), note)

    async def spaced(self, name: str, act: Callable[[Bystander], float]) -> None:
        """All three, and a rest around each: together they take as long as the space between two writes."""
        await rest(SPACING / 4)
        self.note(name, act(self.bystander))
        await rest(SPACING / 4)
        self.note("commit", await self.doer.commit())
        await rest(SPACING / 4)
        self.note("post", await self.doer.post())
        await rest(SPACING / 4)

    async def tight(self, rounds: int) -> None:
        """The two that have nothing to do with mpv, back to back."""
        for _ in range(rounds):
            self.note("commit, tight", await self.doer.commit())
        for _ in range(rounds):
            self.note("post, tight", await self.doer.post())


def load(line: Line, film: Path, begin: str) -> float:
    """Has mpv play the film from there; gives the instant of its answer, which comes before it plays."""
    line.say("set_property", "start", begin)
    line.answer()
    line.say("loadfile", str(film))
    return line.answer()


async def sent(bench: Bench, rounds: int) -> float:
    """Milliseconds of a commit and a request alone, spaced as in life."""
    commits, posts = list[float](), list[float]()
    async with Trakt().listening() as trakt, Doer.running(bench.fresh(), trakt) as doer:
        for _ in range(rounds + 1):
            await rest()
            commits.append(await doer.commit())
            await rest()
            posts.append(await doer.post())
    return sum(percentile(milliseconds(each[1:]), 50) for each in (commits, posts))  # the first opens connections
