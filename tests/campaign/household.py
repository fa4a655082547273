"""One run: a player that plays a film, an agent that is killed and started again, and what Trakt has at the end."""

import asyncio
import signal
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import assert_never

from campaign.journal import Writes, torn, watched
from campaign.moments import After, Commit, Credits, Ended, Ending, Line, Moment, Plan, Strike
from campaign.trakt import APP, Trakt
from campaign.wire import Trap, Wire
from msgspec import Struct

from scrobbler.cli import stage
from scrobbler.machine.motion import State
from scrobbler.sandbox.mpv import SimulatedMpv
from scrobbler.state.snapshot import Snapshot, look
from scrobbler.watching import LOOK_EVERY

FILM = "/films/TRON Legacy (2010) {imdb-tt1104001}.mkv"
TITLE = "TRON: Legacy"
NEXT = "/films/Heat (1995) {imdb-tt0113277}.mkv"
PATIENCE = 16.0
"""Seconds, shared by all kills of a run, after which a moment that did not come is taken to be now."""
LONGEST = 75.0
"""Seconds after which a run has failed."""
EARLY, LATE = -timedelta(seconds=LOOK_EVERY), timedelta(seconds=60)
"""What spec/delivery.md allows: the last known place is 30 s old, and what is younger than a minute is sent live."""


class Outcome(Struct, frozen=True, kw_only=True):
    """What became of one run."""

    plan: Plan
    plays: int
    off: timedelta
    """How much later than the end of the film its watch is dated."""
    kills: int
    torn: int
    """After so many of them the log ended in the middle of a commit."""
    seconds: float
    trouble: str = ""
    """Anything else that is not as it should be."""

    @property
    def wrong_time(self) -> bool:
        return self.plays > 0 and not EARLY <= self.off <= LATE

    @property
    def failed(self) -> bool:
        return self.plays != 1 or self.wrong_time or bool(self.trouble)


class Life:
    """One agent process."""

    def __init__(self, process: Process, began_at: float) -> None:
        self.process = process
        self.began_at = began_at
        self.lines: list[str] = []
        self._news = asyncio.Event()

    async def listen(self) -> None:
        """Reads what it says, so that it never has to wait for us."""
        assert self.process.stderr is not None
        while line := await self.process.stderr.readline():
            self.lines.append(line.decode(errors="replace").rstrip())
            self._news.set()

    async def says(self, words: str) -> None:
        """Until it has."""
        while not any(words in line for line in self.lines):
            self._news.clear()
            await self._news.wait()


class Household:
    """A film is watched, whatever happens to the agent."""

    def __init__(self, plan: Plan, folder: Path, trakt: Trakt, wire: Wire) -> None:
        self._plan = plan
        self._folder = folder
        self._state = folder / "state"
        self._trakt = trakt
        self._wire = wire
        self._user = f"{plan.seed}-{plan.kind.name}".lower()
        self._player = SimulatedMpv(folder / "mpv" / "tv")
        self._dead = asyncio.Event()
        self._credits = asyncio.Event()
        """All is seen that is going to be, and that it was is on the disk."""
        self._ended = asyncio.Event()
        self._ended_at = datetime.now(UTC)
        self._kills = self._torn = 0
        self._said: list[str] = []
        self._last = asyncio.Event()
        """The agent runs that is not killed any more."""

    async def run(self) -> Outcome:
        """The whole of it."""
        began = time.monotonic()
        trouble = ""
        (self._folder / "mpv").mkdir()
        await self._trakt.sign_in(self._user, self._state)
        self._configure()
        await self._player.start()
        living = asyncio.create_task(self._live())
        try:
            async with asyncio.timeout(LONGEST):
                await self._watch()
                await self._settled(living)
        except TimeoutError:
            trouble = f"it did not settle within {LONGEST:.0f} s"
        finally:
            living.cancel()
            with suppress(asyncio.CancelledError):
                await living
            if not self._ended.is_set() or self._plan.ending is Ending.FINISH:
                await self._player.quit()
        history = await self._trakt.history(self._user)
        plays = [at for title, at in history if title == TITLE]
        others = len(history) - len(plays)
        trouble = trouble or ("a film counts that was only begun" if others else "") or self._trouble()
        return Outcome(
            plan=self._plan,
            plays=len(plays),
            off=max((at - self._ended_at for at in plays), key=abs, default=timedelta(0)),
            kills=self._kills,
            torn=self._torn,
            seconds=time.monotonic() - began,
            trouble=trouble,
        )

    def _trouble(self) -> str:
        state = look(self._state)
        if state.aside:
            return f"set aside: {state.aside[0].reason}"
        sittings = max((session.sittings for session in state.sessions), default=0)
        if sittings > (2 if self._plan.ending is Ending.NEXT else 1):
            return f"one film made {sittings} sittings"
        wrong = next((line for line in self._said if "Traceback" in line or "Error" in line), None)
        return "" if wrong is None else f"an agent said {wrong!r}"

    def _configure(self) -> None:
        (self._folder / "config.toml").write_text(
            f'[trakt]\napi_url = "{self._wire.url}"\nauth_url = "{self._wire.url}"\n'
            + "".join(f'{name} = "{value}"\n' for name, value in APP.items())
            + f'[players.mpv]\nsockets = "{self._folder}/mpv"\n[state]\ndir = "{self._state}"\n'
        )

    # The agents

    async def _live(self) -> None:
        """One life after the other, each until its strike; the last one until cancelled."""
        with watched(self._state) as writes:
            for strike in self._plan.strikes:
                before = writes.count
                async with self._agent() as life:
                    with suppress(TimeoutError):
                        async with asyncio.timeout(PATIENCE / len(self._plan.strikes)):
                            await self._comes(strike.moment, life, writes, before)
                    await self._kill(life, strike)
            async with self._agent():
                self._last.set()
                await asyncio.Event().wait()

    @asynccontextmanager
    async def _agent(self) -> AsyncIterator[Life]:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "scrobbler", "run", "--config", str(self._folder / "config.toml")),
            stdin=asyncio.subprocess.DEVNULL,
            stderr=PIPE,
            env=stage.environment(),
        )
        life = Life(process, time.monotonic())
        listening = asyncio.create_task(life.listen())
        self._dead.clear()
        try:
            yield life
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
                try:
                    await asyncio.wait_for(process.wait(), 15)
                except TimeoutError:
                    process.kill()
                    self._said.append("Error: it did not end when it was told to")
            await process.wait()
            await listening
            self._said += life.lines

    async def _comes(self, moment: Moment, life: Life, writes: Writes, before: int) -> None:
        """Until it is there."""
        match moment:
            case After(seconds=seconds):
                await asyncio.sleep(seconds)
            case Line(words=words, seconds=seconds):
                await life.says(words)
                await asyncio.sleep(seconds)
            case Commit(number=number, seconds=seconds):
                if not seconds:
                    writes.act = before + number, life.process.kill
                try:
                    await writes.reach(before + number)
                finally:
                    writes.act = None
                await asyncio.sleep(seconds)
            case Ended(seconds=seconds):
                await self._ended.wait()
                await asyncio.sleep(seconds)
            case Credits():
                await self._credits.wait()
            case Trap():
                await self._wire.caught(moment)
            case _:
                assert_never(moment)

    async def _kill(self, life: Life, strike: Strike) -> None:
        if life.process.returncode not in {None, -signal.SIGKILL}:
            self._said.append(f"Error: an agent ended by itself with status {life.process.returncode}")
            return
        with suppress(ProcessLookupError):
            life.process.kill()
        await life.process.wait()
        self._kills += 1
        self._torn += torn(self._state)
        self._dead.set()
        await asyncio.sleep(strike.away)

    # The film

    async def _watch(self) -> None:
        plan, player = self._plan, self._player
        player.play(FILM, plan.film)
        for act in plan.acts:
            await self._reached(act.at * plan.film)
            if act.pause_s:
                player.pause()
                await asyncio.sleep(act.pause_s)
                player.resume()
            else:
                player.seek(max(0.0, player.position + act.jump_s))
        await self._reached(plan.until * plan.film)
        await self._until(_far_enough)
        self._credits.set()
        if plan.ending is Ending.UNHEARD:
            await self._dead.wait()
        if plan.ending is Ending.NEXT:
            player.play(NEXT, 3600.0)
        else:
            player.finish()
        self._ended_at = datetime.now(UTC)
        self._ended.set()
        if plan.ending is not Ending.FINISH:
            await asyncio.sleep(0.2 if plan.ending is Ending.NEXT else 0.0)
            await player.quit()

    async def _reached(self, seconds: float) -> None:
        while self._player.position < seconds:  # noqa: ASYNC110  # it moves with the time
            await asyncio.sleep(0.02)

    async def _settled(self, living: asyncio.Task[None]) -> None:
        """Until the last agent has nothing left to say."""
        last = asyncio.create_task(self._last.wait())
        await asyncio.wait((last, living), return_when=asyncio.FIRST_COMPLETED)
        last.cancel()
        if living.done():
            living.result()
        await self._until(_nothing_left)

    async def _until(self, condition: Callable[[Snapshot], bool]) -> None:
        while not condition(look(self._state)):  # noqa: ASYNC110  # another process changes it
            await asyncio.sleep(0.1)


def _far_enough(state: Snapshot) -> bool:
    """Whether it is on the disk that this is a watch, wherever the agent dies now."""
    return any((session.share() or 0.0) >= 80.0 for session in state.sessions)


def _nothing_left(state: Snapshot) -> bool:
    ended = all(session.state is State.IDLE for session in state.sessions)
    return ended and not state.waiting and bool(state.plays or state.aside)


async def survive(plan: Plan, trakt: Trakt) -> Outcome:
    """One run, in a folder with a short name, for the sake of its sockets."""
    with TemporaryDirectory(prefix="c") as name:
        async with Wire.to(trakt.url) as wire:
            return await Household(plan, Path(name), trakt, wire).run()
