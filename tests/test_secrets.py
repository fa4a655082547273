"""Nothing secret in what the program says, whatever happens to it: the whole of a sign-in's life, listened to.

The same is held for every other test of this suite: ``eavesdropper.py``, by a fixture in ``conftest.py``.
"""

import asyncio
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from cli_process import Running, configured, eventually, ran, running
from double import Double, Served
from eavesdropper import Eavesdropper

from scrobbler.sandbox import FaultKind, Sandbox
from scrobbler.sandbox.mpv import SimulatedMpv
from scrobbler.state.snapshot import look
from scrobbler.trakt.tokens import TokenFile, Tokens

HOOK_TOKEN = "open sesame"
PLUGINS = """
from scrobbler.adapters import Options, Plugin
from scrobbler.errors import PayloadError
from scrobbler.events import Kind, Media, PlayerEvent, SessionKey


class ProjectorOptions(Options, frozen=True, kw_only=True):
    pass


class Projector:
    def parse(self, request):
        if request.body == b"what?":
            raise PayloadError("this is no film")
        raise RuntimeError(f"{request}")


class TrapOptions(Options, frozen=True, kw_only=True):
    pass


class Trap:
    async def events(self):
        import gc
        from scrobbler.trakt.client import Trakt
        for trakt in [each for each in gc.get_objects() if isinstance(each, Trakt)]:
            tokens, transport = trakt._tokens(), trakt._opened()
            raise RuntimeError(f"{trakt} {tokens} {transport} {trakt._app} {trakt._file}")
        yield


projector = Plugin(name="projector", options=ProjectorOptions, build=lambda name, options: Projector())
trap = Plugin(name="trap", options=TrapOptions, build=lambda name, options: Trap())
"""


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A folder with adapters by somebody else: for a server whose hook fails, and for a player that fails at once."""
    site = tmp_path / "site"
    info = site / "cinema-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: cinema\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[scrobbler.adapters]\nprojector = cinema:projector\ntrap = cinema:trap\n")
    (site / "cinema.py").write_text(PLUGINS)
    return site


@pytest.fixture
def home(served: Served) -> Iterator[Double]:
    """A sandbox in real time, as real processes need it, where a sign-in approves itself."""
    sandbox = Sandbox(approve_after=0.0)
    sandbox.rules.poll_interval = 1
    with ExitStack() as stack:
        yield Double(sandbox, served.open(stack, sandbox.app))


def in_the_list_of_processes(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()


async def watch(agent: Running, folder: Path) -> None:
    """A film, from its beginning to its end."""
    ahead = 0.0
    player = SimulatedMpv(folder / "mpv" / "one", clock=lambda: ahead)
    await player.start()
    player.play("/films/Heat (1995).mkv", 6000.0)
    await asyncio.to_thread(agent.says, "mpv: play at 0:00 of 1:40:00")
    ahead = 5900.0
    player.pause()
    await asyncio.to_thread(agent.says, "at 1:38:20 of")
    player.finish()
    await asyncio.to_thread(agent.says, "mpv: stop at ")
    await player.quit()


def test_the_life_of_a_sign_in_tells_no_secret(
    tmp_path: Path, home: Double, installed: Path, eavesdropper: Eavesdropper
) -> None:
    more = f'[players.cinema]\nkind = "projector"\nsecret = "{HOOK_TOKEN}"\n[server]\nlisten = "127.0.0.1:0"\n'
    file = configured(tmp_path, home.url, more)
    env = {"PYTHONPATH": str(installed)}
    tokens = TokenFile(tmp_path / "state", "default")

    home.fault(FaultKind.STATUS, status=503, path="/oauth/device/token")
    assert ran("login", "--config", file, **env).returncode == 0
    seen = [*kept(tokens)]

    with running("run", "-v", "--config", file, **env) as agent:
        url = agent.says("listening on ").split()[-1]
        agent.says("watching mpv, cinema")
        commands = in_the_list_of_processes(agent.process.pid)
        for status, body in ((400, b"what?"), (400, b"{}")):
            params = {"token": HOOK_TOKEN}
            assert httpx.post(f"{url}/hooks/cinema", params=params, content=body).status_code == status
        assert httpx.post(f"{url}/hooks/cinema?token=wrong", content=b"{}").status_code == 401

        home.fault(FaultKind.STATUS, status=401, path="/scrobble/start")
        home.fault(FaultKind.STATUS, status=422, body={"message": "no"}, path="/scrobble/pause")
        home.fault(FaultKind.DROP_AFTER, path="/scrobble/stop")
        asyncio.run(watch(agent, tmp_path))
        eventually(lambda: home.history("sandbox"))
        eventually(lambda: look(tmp_path / "state").waiting == ())
        eventually(lambda: kept(tokens) != seen)
        seen += kept(tokens)
        assert agent.end() == 0
    assert "adapter failed on a request: RuntimeError" in agent.said

    with running("run", "-v", "--config", file, **env) as agent:
        agent.says("watching mpv, cinema")
        home.fault(FaultKind.STATUS, status=401, path="/scrobble/*")
        home.fault(FaultKind.REFRESH_401)
        asyncio.run(watch(agent, tmp_path))
        agent.says("run `scrobbler login`")
        commands += in_the_list_of_processes(agent.process.pid)
        for command in (("status",), ("status", "--json"), ("accounts",), ("accounts", "--json")):
            ran(*command, "--config", file, **env)
        assert agent.end() == 0

    tokens.path.write_text(f'{{"access_token": "{seen[0]}", "refresh_token": ')
    damaged = ran("status", "--config", file, **env)
    assert "damaged" in damaged.stdout + damaged.stderr
    eavesdropper.heard.append(commands)
    assert set(seen) <= eavesdropper.secrets
    assert HOOK_TOKEN in eavesdropper.secrets
    assert list(eavesdropper.told()) == []


def kept(file: TokenFile) -> list[str]:
    tokens = file.read()
    assert tokens is not None
    return [tokens.access_token, tokens.refresh_token]


def test_a_traceback_tells_no_secret(tmp_path: Path, home: Double, installed: Path, eavesdropper: Eavesdropper) -> None:
    home.tokens(tmp_path / "state")
    file = configured(tmp_path, home.url, '[players.trap]\nkind = "trap"\n')
    done = ran("run", "-v", "--config", file, PYTHONPATH=str(installed))
    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert "RuntimeError: <scrobbler.trakt.client.Trakt object at" in done.stderr
    assert done.stderr in eavesdropper.heard
    assert list(eavesdropper.told()) == []


# The eavesdropper itself: one that hears nothing would prove nothing


@pytest.fixture
def secret(home: Double, tmp_path: Path, eavesdropper: Eavesdropper) -> Iterator[str]:
    """One that a sandbox gave out. What this test tells of it is forgiven."""
    tokens = home.tokens(tmp_path / "state").read()
    assert tokens is not None
    yield tokens.refresh_token
    assert list(eavesdropper.told()) != []
    assert all(tokens.refresh_token not in told for told in eavesdropper.told())
    eavesdropper.heard.clear()


def test_it_hears_what_is_logged(secret: str) -> None:
    logging.getLogger("scrobbler.anywhere").debug("it is %s", secret)


def test_it_hears_libraries_as_the_agent_shows_them(secret: str, eavesdropper: Eavesdropper) -> None:
    logging.getLogger("httpx").info("it is %s", secret)
    assert list(eavesdropper.told()) == []
    logging.getLogger("httpcore").warning("it is %s", secret)


def test_it_hears_tracebacks(secret: str) -> None:
    try:
        int(secret)
    except ValueError:  # which quotes it
        logging.getLogger("scrobbler").exception("it failed")


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_it_hears_what_a_process_prints(secret: str, stream: str) -> None:
    script = f"import os, sys; print(os.environ['IT'], file=sys.{stream})"
    subprocess.run([sys.executable, "-c", script], env=os.environ | {"IT": secret}, capture_output=True, check=True)


def test_it_hears_what_the_list_of_processes_shows(secret: str) -> None:
    subprocess.run([sys.executable, "-c", "pass", secret], check=True)


def test_it_knows_the_codes_of_devices(home: Double, eavesdropper: Eavesdropper) -> None:
    device = home.sandbox.world.devices.invite("sandbox")
    assert device.device_code in eavesdropper.secrets


def test_secrets_do_not_show_where_they_are_kept(home: Double, secret: str) -> None:
    token = home.sandbox.world.tokens.issue("sandbox", "ann")
    assert token.access not in f"{token!r} {home.sandbox.world.devices.invite('sandbox')!r} {home.app!r}"
    assert home.app.client_secret is not None
    assert home.app.client_secret not in f"{home.app!r} {home.app}"
    tokens = Tokens(
        access_token=secret,
        refresh_token=secret,
        created_at=home.sandbox.clock.now(),
        expires_at=home.sandbox.clock.now(),
    )
    assert secret not in f"{tokens!r} {tokens}"
    logging.getLogger("scrobbler").info("%s", secret)  # what the fixture waits for
