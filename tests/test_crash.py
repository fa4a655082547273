"""kill -9 of a real agent while a real mpv plays against a real sandbox: exactly one watch, whenever it strikes."""

import asyncio
import contextlib
import shutil
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from double import Double, Served

from scrobbler.cli import stage
from scrobbler.cli.demo import CLIP
from scrobbler.sandbox import FaultKind, Sandbox
from scrobbler.state.snapshot import look

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.crash,
    pytest.mark.timeout(120),
    pytest.mark.skipif(shutil.which("mpv") is None, reason="needs mpv"),
]


class House:
    """An agent that is killed once, at a moment, and started again at once; and what its Trakt has of it."""

    def __init__(self, folder: Path, double: Double, moment: float | str) -> None:
        self.double = double
        self._folder = folder
        self._moment = moment
        self._log: list[str] = []
        self._killed = False
        (folder / "mpv").mkdir()
        double.sandbox.rules.write_gap = 1.0
        double.tokens(folder / "state")
        self._config = folder / "config.toml"
        self._config.write_text(
            f'[trakt]\napi_url = "{double.url}"\nauth_url = "{double.url}"\n'
            'client_id = "sandbox"\nclient_secret = "sandbox-secret"\n'
            f'[players.mpv]\nsockets = "{folder}/mpv"\n[state]\ndir = "{folder}/state"\n'
        )

    async def live(self) -> None:
        """One life until the kill, and one after it until cancelled."""
        async with stage.agent(self._config, self._log.append) as process:
            await until(self._struck) if isinstance(self._moment, str) else await asyncio.sleep(self._moment)
            process.send_signal(signal.SIGKILL)
            await process.wait()
            self._killed = True
        async with stage.agent(self._config, self._log.append):
            await asyncio.Event().wait()

    async def clip(self) -> tuple[Path, Path]:
        """Where the player listens, and what it plays."""
        await asyncio.to_thread(stage.make_clip, self._folder / CLIP)
        return self._folder / "mpv" / "demo", self._folder / CLIP

    async def delivered(self) -> None:
        """Until the agent was killed, and the one after it has nothing left to say."""
        try:
            await until(lambda: self._killed and bool(self.watched()) and not look(self._folder / "state").waiting)
        except TimeoutError:
            log, waiting = "\n".join(self._log), look(self._folder / "state").waiting
            pytest.fail(f"{self._moment}: killed {self._killed}, {self.watched()}, waiting {waiting}\n{log}")

    def watched(self) -> list[str]:
        """The history; it must be what the agent believes."""
        believed = look(self._folder / "state").plays  # first: it is only believed once it is in the history
        watched = [title for title, _ in self.double.history()]
        assert len(believed) <= len(watched)
        return watched

    def _struck(self) -> bool:
        """Whether the agent has logged these words, or this request has arrived."""
        requests = (f"{each.method} {each.path}" for each in self.double.sandbox.world.journal.after(0))
        return any(str(self._moment) in line for line in (*self._log, *requests))


async def until(condition: Callable[[], bool]) -> None:
    """Until it is so, for 40 seconds at most."""
    async with asyncio.timeout(40):
        while not condition():  # noqa: ASYNC110  # what is awaited happens in other processes
            await asyncio.sleep(0.002)


@asynccontextmanager
async def at_home(served: Served, moment: float | str) -> AsyncIterator[House]:
    """A house with a short name, for the sake of its sockets."""
    with TemporaryDirectory(prefix="crash") as name, contextlib.ExitStack() as stack:
        sandbox = Sandbox()
        house = House(Path(name), Double(sandbox, served.open(stack, sandbox.app)), moment)
        living = asyncio.create_task(house.live())
        try:
            yield house
        finally:
            living.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await living


async def watch(player: stage.Remote) -> None:
    """The demo's story, whether or not anybody listens."""
    await player.reached(2)
    await player.tell("set_property", "pause", True)
    await asyncio.sleep(1.2)
    await player.tell("set_property", "pause", False)
    await player.reached(3)
    await player.tell("seek", 0.6 * stage.CLIP_SECONDS, "absolute")
    await player.reached(stage.CLIP_SECONDS)


MOMENTS: tuple[float | str, ...] = (0.6, 2.4, 4.0, 7.0, 9.5, "mpv: stop", "POST /scrobble/stop")


async def test_a_kill_at_any_moment_costs_no_watch_and_doubles_none(served: Served) -> None:
    async def survive(moment: float | str) -> list[str]:
        async with at_home(served, moment) as house:
            async with stage.real_player(*await house.clip()) as player:
                await watch(player)
                await house.delivered()
            return house.watched()

    watched = await asyncio.gather(*map(survive, MOMENTS))
    assert dict(zip(MOMENTS, watched, strict=True)) == {moment: ["TRON: Legacy"] for moment in MOMENTS}


async def test_a_kill_between_the_write_and_its_answer_doubles_nothing(served: Served) -> None:
    async with at_home(served, "POST /scrobble/stop") as house:
        house.double.fault(FaultKind.DROP_AFTER, path="/scrobble/stop")
        async with stage.real_player(*await house.clip()) as player:
            await player.reached(1)
            await player.tell("seek", stage.CLIP_SECONDS - 1, "absolute")
            await house.delivered()
        assert house.watched() == ["TRON: Legacy"]
