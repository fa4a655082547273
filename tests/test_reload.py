"""A changed configuration holds at once: nothing that is watched, sent or posted meanwhile is lost or told twice."""

import asyncio
import os
import socket
import threading
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import ExitStack, aclosing
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import pytest
from cli_process import Running, configured, eventually, running
from double import Served
from test_cli_run import tokens_of

from scrobbler import lock
from scrobbler.cli.renewal import renewing
from scrobbler.errors import ConfigError
from scrobbler.sandbox import Fault, FaultKind, Sandbox
from scrobbler.sandbox.mpv import SimulatedMpv
from scrobbler.settings.config import Config, load, parse
from scrobbler.settings.edit import put
from scrobbler.settings.watch import changes
from scrobbler.state.snapshot import look
from scrobbler.trakt.tokens import TokenFile

GOES_ON = "the configuration was changed: going on with what it says now"


@pytest.fixture
def sandbox() -> Sandbox:
    sandbox = Sandbox()
    sandbox.rules.write_gap = 0.0
    return sandbox


@pytest.fixture
def file(tmp_path: Path, served: Served, sandbox: Sandbox) -> Iterator[Path]:
    """The configuration of somebody who is signed in."""
    with ExitStack() as stack:
        file = configured(tmp_path, served.open(stack, sandbox.app))
        TokenFile(tmp_path / "state", "default").write(tokens_of(sandbox))
        yield file


def again(agent: Running, times: int = 1) -> None:
    """Wait until it has begun anew so often."""
    eventually(lambda: agent.said.count("watching ") == times + 1)


def test_a_film_that_plays_goes_on_and_is_one_watch(tmp_path: Path, file: Path, sandbox: Sandbox) -> None:
    ahead = 0.0

    async def evening(agent: Running) -> None:
        nonlocal ahead
        player = SimulatedMpv(tmp_path / "mpv" / "one", clock=lambda: ahead)
        await player.start()
        player.play("/films/Heat (1995).mkv", 6000.0)
        await asyncio.to_thread(agent.says, "started Heat (1995)")
        put(file, ("scrobble", "really_watched"), 0)
        await asyncio.to_thread(eventually, lambda: agent.said.count("mpv: play at 0:00") == 2)
        ahead = 5900.0
        player.pause()
        await asyncio.to_thread(agent.says, "at 1:38:20 of")
        put(file, ("state", "keep_days"), 90)
        await asyncio.to_thread(eventually, lambda: agent.said.count("mpv: pause at 1:38:20") == 2)
        player.finish()
        await asyncio.to_thread(agent.says, "mpv: stop at ")
        await player.quit()

    with running("run", "-v", "--config", file) as agent:
        agent.says("watching mpv")
        asyncio.run(evening(agent))
        account = sandbox.world.account("sandbox")
        eventually(lambda: account.plays and not look(tmp_path / "state").waiting)
        assert agent.end() == 0
    assert [play.item.title for play in account.plays] == ["Heat"]
    calls = [(each.method, each.path) for each in sandbox.world.journal.after(0)]
    assert calls.count(("POST", "/scrobble/start")) == 1
    assert calls.count(("POST", "/scrobble/stop")) == 1
    assert "Traceback" not in agent.said


def test_what_is_wrong_is_said_and_what_was_set_before_still_holds(tmp_path: Path) -> None:
    file = configured(tmp_path)
    good = file.read_text()
    with running("run", "--config", file) as agent:
        agent.says("watching mpv")
        file.write_text(good + "[scrobble]\ntreshold = 90\n")
        agent.says("scrobble.treshold: there is no such key (did you mean threshold?)")
        file.write_text(good + "[[[\n")
        agent.says("this is not TOML")
        file.write_text(good.replace(f'"{tmp_path}/mpv"', '"mpv"'))
        agent.says("is a relative path: write it from / or from ~; what was set before still holds")
        file.write_text("")
        file.write_text(good + "# a comment changes nothing\n")
        file.write_text(good + "[scrobble]\nthreshold = 90\n")
        agent.says(GOES_ON)
        again(agent)
        assert agent.end() == 0
    assert agent.said.count(GOES_ON) == 1
    assert agent.said.count("still holds") == 3
    assert "Traceback" not in agent.said


def test_a_configuration_that_cannot_be_run_with_gives_way_to_the_one_before(tmp_path: Path) -> None:
    file = configured(tmp_path, more='[server]\nlisten = "127.0.0.1:0"\n')
    with socket.create_server(("127.0.0.1", 0)) as taken, running("run", "--config", file) as agent:
        agent.says("watching mpv")
        put(file, ("server", "listen"), f"127.0.0.1:{taken.getsockname()[1]}")
        agent.says("Address already in use; what was set before still holds")
        eventually(lambda: agent.said.count("listening on ") == 2)
        put(file, ("server", "listen"), "127.0.0.1:0")
        put(file, ("state", "keep_days"), 9)
        assert agent.end() == 0


def test_the_state_folder_is_another_only_after_a_start(tmp_path: Path) -> None:
    file = configured(tmp_path)
    with running("run", "--config", file) as agent:
        agent.says("watching mpv")
        put(file, ("state", "dir"), f"{tmp_path}/elsewhere")
        agent.says("state.dir is another now: that holds from the next start on")
        again(agent)
        assert lock.holder(tmp_path / "state") == agent.process.pid
        assert agent.end() == 0
    assert not (tmp_path / "elsewhere").exists()


def test_a_file_that_was_not_there_is_noticed_and_so_is_what_a_link_leads_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "config" / "scrobbler"
    with running("run") as agent:
        agent.says("watching mpv")
        real, other = tmp_path / "dotfiles" / "one.toml", tmp_path / "dotfiles" / "two.toml"
        real.parent.mkdir()
        real.write_text('[players.tv]\nkind = "mpv"\n')
        other.write_text('[players.bedroom]\nkind = "mpv"\n')
        folder.mkdir(parents=True)
        (folder / "config.toml").symlink_to(real)
        agent.says("watching tv")
        put(real, ("players", "kitchen", "kind"), "mpv")
        agent.says("watching tv, kitchen")
        (folder / "new").symlink_to(other)
        (folder / "new").rename(folder / "config.toml")
        agent.says("watching bedroom")
        put(other, ("players", "attic", "kind"), "mpv")
        agent.says("watching bedroom, attic")
        assert agent.end() == 0


class Flood:
    """Somebody who posts all the time, each time over a connection of its own, and counts what is not taken."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._over = threading.Event()
        self.taken = 0
        self.slowest = 0.0
        self.refused: list[str] = []
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "Flood":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.is_set():
            began = time.monotonic()
            try:
                answer = httpx.post(self._url, json={"event": "library.new"}, timeout=20)
                self.taken += answer.status_code == 200
                if answer.status_code != 200:
                    self.refused.append(f"status {answer.status_code}")
            except httpx.HTTPError as error:
                self.refused.append(repr(error))
            self.slowest = max(self.slowest, time.monotonic() - began)


def test_no_webhook_finds_the_door_shut(tmp_path: Path) -> None:
    more = '[players.plex]\nsecret = "open sesame"\n[server]\nlisten = "127.0.0.1:0"\n'
    file = configured(tmp_path, more=more)
    with running("run", "--config", file) as agent:
        url = agent.says("listening on ").partition("listening on ")[2].split()[0]
        agent.says("watching ")
        with Flood(f"{url}/hooks/plex?token=open%20sesame") as flood:
            for times in range(1, 4):
                put(file, ("state", "keep_days"), 30 + times)
                again(agent, times)
            before = flood.taken
            eventually(lambda: flood.taken > before + 3)
        assert flood.refused == []
        assert flood.slowest < 5.0
        assert agent.said.count(f"listening on {url}") == 4
        assert agent.end() == 0
    assert "Traceback" not in agent.said


def test_a_request_that_is_on_its_way_ends_before_the_next_run_begins(
    tmp_path: Path, file: Path, sandbox: Sandbox
) -> None:
    ahead = 0.0

    async def watched(agent: Running) -> None:
        nonlocal ahead
        player = SimulatedMpv(tmp_path / "mpv" / "one", clock=lambda: ahead)
        await player.start()
        player.play("/films/Heat (1995).mkv", 6000.0)
        await asyncio.to_thread(agent.says, "started Heat (1995)")
        sandbox.faults.add(Fault(kind=FaultKind.DELAY, delay_s=2.0, path="/scrobble/stop"))
        ahead = 5900.0
        player.pause()
        await asyncio.to_thread(agent.says, "at 1:38:20 of")
        player.finish()
        await asyncio.to_thread(agent.says, "mpv: stop at ")
        put(file, ("state", "keep_days"), 90)
        await asyncio.to_thread(again, agent)
        await player.quit()

    with running("run", "--config", file) as agent:
        agent.says("watching mpv")
        asyncio.run(watched(agent))
        eventually(lambda: not look(tmp_path / "state").waiting)
        assert agent.end() == 0
    assert [play.item.title for play in sandbox.world.account("sandbox").plays] == ["Heat"]
    assert "outcome will be looked up" not in agent.said


# By themselves


@pytest.mark.anyio
async def test_each_configuration_is_told_once_and_a_wrong_one_is_not(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "config.toml"
    file.write_text("[state]\nkeep_days = 1\n")
    async with aclosing(changes(file, lambda: load(file))) as told:
        coming = asyncio.ensure_future(anext(told))
        await asyncio.sleep(0)
        for text in (
            "[state]\nkeep_days = 'many'\n",
            "",
            "[state] # the same\nkeep_days = 1",
            "[",
            "[state]\nkeep_days = 2",
        ):
            file.write_text(text)
        assert (await coming).keep_days == 2
        coming = asyncio.ensure_future(anext(told))
        file.with_name("new").write_text("[state]\nkeep_days = 3\n")
        file.with_name("new").rename(file)
        assert (await coming).keep_days == 3
        coming = asyncio.ensure_future(anext(told))
        file.write_text("[state]\nkeep_days = 'many'\n")
        await asyncio.to_thread(eventually, lambda: "still holds" in caplog.text)
        file.write_text("[state]\nkeep_days = 4\n")
        assert (await coming).keep_days == 4


@pytest.mark.anyio
@pytest.mark.skipif(os.geteuid() != 0, reason="becomes another user")
async def test_a_folder_that_cannot_be_watched_is_said_and_ends_nothing(caplog: pytest.LogCaptureFixture) -> None:
    with TemporaryDirectory() as name:  # which nobody else may look into
        file = Path(name) / "config.toml"
        file.touch()
        await asyncio.to_thread(import_module, "watchdog.observers")  # which may be where nobody else may look, too
        os.seteuid(65534)
        try:
            async with aclosing(changes(file, lambda: load(file))) as told:
                coming = asyncio.ensure_future(anext(told))
                await asyncio.to_thread(eventually, lambda: "will not be noticed" in caplog.text)
                coming.cancel()
                await asyncio.wait([coming])
        finally:
            os.seteuid(0)


@pytest.mark.anyio
async def test_a_run_that_fails_for_what_was_set_gives_way_once_and_else_ends_all() -> None:
    began: list[int] = []

    async def begin(configuration: Config, over: asyncio.Event) -> None:
        began.append(configuration.keep_days)
        if configuration.keep_days == 2:
            raise ExceptionGroup("", [ExceptionGroup("", [ConfigError("no such port")])])
        if began == [1, 2, 1, 3]:
            raise ConfigError("nothing to go back to but")
        if began == [1, 2, 1, 3, 1]:
            raise ValueError("a mistake of ours")
        await over.wait()

    async def told() -> AsyncGenerator[Config, None]:
        for days in (2, 3):
            yield parse(f"[state]\nkeep_days = {days}", None)
        await asyncio.Event().wait()

    with pytest.raises(ValueError, match="a mistake of ours"):
        await renewing(begin, parse("[state]\nkeep_days = 1", None), told())
    assert began in ([1, 2, 1, 3, 1], [1, 3, 1])
