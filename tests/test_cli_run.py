"""``scrobbler run``: one agent a folder, which keeps what is watched, and ends when it is told to."""

import asyncio
import signal
import socket
import sqlite3
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cli_process import Running, complaint, configured, eventually, ran, running
from double import Served
from eavesdropper import Eavesdropper
from msgspec.structs import replace
from receiver import SECRET, Receiver

from scrobbler.machine.scrobble import Action
from scrobbler.sandbox import Sandbox
from scrobbler.sandbox.mpv import SimulatedMpv
from scrobbler.state.schema import FILE
from scrobbler.state.snapshot import look
from scrobbler.trakt.tokens import TokenFile, Tokens

NOT_SIGNED_IN = "account default is not signed in: run `scrobbler login`; what is watched meanwhile is kept"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_when_it_is_told_to(number: signal.Signals, tmp_path: Path) -> None:
    with running("run", "--config", configured(tmp_path, more='[server]\nlisten = "127.0.0.1:0"')) as agent:
        agent.says("listening on http://127.0.0.1:")
        agent.says("watching mpv")
        assert agent.end(number, within=5) == 0
        assert agent.lines[-1].endswith(" stopped\n")
        assert "Traceback" not in agent.said


def test_a_second_agent_is_refused_by_the_pid_of_the_first(tmp_path: Path) -> None:
    file = configured(tmp_path)
    with running("run", "--config", file) as agent:
        agent.says("watching mpv")
        words = complaint(ran("run", "--config", file), 1)
        assert words.startswith(f"an agent is already running on {tmp_path}/state (pid {agent.process.pid}): ")
        assert "--state FOLDER" in words
        assert f"Agent     running (pid {agent.process.pid})\n" in ran("status", "--config", file).stdout
        assert agent.end() == 0
    assert "Agent     not running" in ran("status", "--config", file).stdout


def test_an_agent_that_was_killed_leaves_no_lock(tmp_path: Path) -> None:
    file = configured(tmp_path)
    with running("run", "--config", file) as agent:
        agent.says("watching mpv")
        agent.process.kill()
        agent.process.wait()
        assert "Agent     not running" in ran("status", "--config", file).stdout


def test_a_state_file_that_is_damaged_is_said_and_kept(tmp_path: Path) -> None:
    file = configured(tmp_path)
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / FILE).write_bytes(b"what?" * 1000)
    with running("run", "--config", file) as agent:
        line = agent.says("is damaged")
        agent.says("watching mpv")
        assert agent.end() == 0
    [aside] = (tmp_path / "state").glob(f"{FILE}.aside-*")
    assert f"it was kept as {aside.name}, and a new one was begun" in line
    assert aside.read_bytes() == b"what?" * 1000
    with sqlite3.connect(tmp_path / "state" / FILE) as new:
        assert new.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    new.close()


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("[players.tv]\nkind = 'mpv'\nsockets = 'mpv'", "players.tv.sockets = 'mpv' is a relative path"),
        ("[server]\nlisten = '127.0.0.1:{busy}'", "cannot listen on 127.0.0.1:{busy}: Address already in use"),
    ],
)
def test_what_cannot_work_here_is_one_line(more: str, words: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        busy = taken.getsockname()[1]
        done = ran("run", "--config", configured(tmp_path, more=more.format(busy=busy)))
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith(f"scrobbler: {words.format(busy=busy)}")
    assert "Traceback" not in done.stderr


class Film:
    """An mpv that plays a film of 100 minutes, and whose time the test moves."""

    def __init__(self, socket: Path) -> None:
        self._ahead = 0.0
        self._player = SimulatedMpv(socket, clock=lambda: self._ahead)

    async def watched(self, agent: Running) -> None:
        """Play it to its end."""
        await self._player.start()
        self._player.play("/films/Heat (1995).mkv", 6000.0)
        await asyncio.to_thread(agent.says, "mpv: play at 0:00 of 1:40:00 Heat (1995).mkv")
        self._ahead = 5900.0
        self._player.pause()
        await asyncio.to_thread(agent.says, "at 1:38:20 of")
        self._player.finish()
        await asyncio.to_thread(agent.says, "mpv: stop at ")
        await self._player.quit()


def test_without_a_sign_in_it_says_how_and_delivers_what_was_watched_once_there_is_one(
    tmp_path: Path, served: Served
) -> None:
    sandbox = Sandbox()
    sandbox.rules.write_gap = 0.0
    with ExitStack() as stack:
        file = configured(tmp_path, served.open(stack, sandbox.app))
        agent = stack.enter_context(running("run", "--config", file))
        agent.says(NOT_SIGNED_IN)
        agent.says("watching mpv")
        asyncio.run(Film(tmp_path / "mpv" / "one").watched(agent))
        eventually(lambda: Action.STOP in [entry.scrobble.action for entry in look(tmp_path / "state").waiting])
        assert sandbox.world.account("sandbox").plays == []

        tokens = tokens_of(sandbox)
        TokenFile(tmp_path / "state", "default").write(tokens)
        eventually(lambda: sandbox.world.account("sandbox").plays)
        assert [play.item.title for play in sandbox.world.account("sandbox").plays] == ["Heat"]
        eventually(lambda: look(tmp_path / "state").waiting == ())
        assert agent.end() == 0
        for secret in (tokens.access_token, tokens.refresh_token, "sandbox-secret"):
            assert secret not in agent.said


def tokens_of(sandbox: Sandbox) -> Tokens:
    """What a sign-in gives."""
    reply = sandbox.sign_in()
    created = datetime.fromtimestamp(int(str(reply["created_at"])), UTC)
    return Tokens(
        access_token=str(reply["access_token"]),
        refresh_token=str(reply["refresh_token"]),
        created_at=created,
        expires_at=created + timedelta(days=7),
    )


def test_a_refused_sign_in_is_said_to_the_user_and_so_is_that_it_is_well_again(
    tmp_path: Path, served: Served, eavesdropper: Eavesdropper
) -> None:
    eavesdropper.secrets.add(SECRET)
    sandbox = Sandbox()
    sandbox.rules.write_gap = 0.0
    with ExitStack() as stack:
        receiver = Receiver(served, stack)
        more = f'[server]\nlisten = "127.0.0.1:0"\n[notify]\ntargets = ["{receiver.refusing}", "{receiver.ntfy}"]'
        file = configured(tmp_path, served.open(stack, sandbox.app), more=more)
        tokens = TokenFile(tmp_path / "state", "default")
        good = tokens_of(sandbox)
        tokens.write(replace(good, access_token="of-nobody", refresh_token="of-nobody-either"))
        agent = stack.enter_context(running("run", "--config", file))
        page = f"{agent.says('listening on ').partition('listening on ')[2].strip()}/login/default"
        agent.says("watching mpv")
        asyncio.run(Film(tmp_path / "mpv" / "one").watched(agent))
        eventually(lambda: receiver.titles == ["Trakt: sign-in needed"])
        assert f"Run `scrobbler login`, or open {page}. " in receiver.taken[0]["message"]
        agent.says("notification: target 1 (json) answered with HTTP status 507")
        tokens.write(good)
        eventually(lambda: receiver.titles == ["Trakt: sign-in needed", "Trakt: signed in"])
        eventually(lambda: sandbox.world.account("sandbox").plays)
        assert agent.end() == 0
        assert agent.said.count("notification:") == 1


def test_a_target_that_never_answers_delays_nothing(tmp_path: Path, served: Served) -> None:
    sandbox = Sandbox()
    sandbox.rules.write_gap = 0.0
    with ExitStack() as stack:
        receiver = Receiver(served, stack)
        more = f'[notify]\ntargets = ["{receiver.endless}"]'
        file = configured(tmp_path, served.open(stack, sandbox.app), more=more)
        agent = stack.enter_context(running("run", "--config", file))
        agent.says("watching mpv")
        eventually(lambda: receiver.dripping == 1)
        TokenFile(tmp_path / "state", "default").write(tokens_of(sandbox))
        asyncio.run(Film(tmp_path / "mpv" / "one").watched(agent))
        eventually(lambda: sandbox.world.account("sandbox").plays)
        assert "notification:" not in agent.said  # it was still being told
        assert agent.end(within=5) == 0


def test_an_address_to_tell_that_makes_no_sense_ends_it(tmp_path: Path) -> None:
    file = configured(tmp_path, more='[notify]\ntargets = ["ntyf://hush"]')
    done = ran("run", "--config", file)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith(f"scrobbler: {file}:11: notify.targets: target 1 (ntyf) is no ")
    assert "hush" not in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("options", [(), ("-v",)])
def test_only_verbose_says_what_changes_nothing(options: tuple[str, ...], tmp_path: Path) -> None:
    async def nudged() -> None:
        player = SimulatedMpv(tmp_path / "mpv" / "one", clock=lambda: 0.0)
        await player.start()
        player.play("/films/Heat (1995).mkv", 6000.0)
        await asyncio.to_thread(agent.says, "mpv: play at 0:00 of 1:40:00")
        player.seek(2.0)
        if options:
            await asyncio.to_thread(agent.says, "mpv: play at 0:02 of 1:40:00")
        player.finish()
        await asyncio.to_thread(agent.says, "mpv: stop at ")
        await player.quit()

    with running("run", *options, "--config", configured(tmp_path)) as agent:
        agent.says("watching mpv")
        asyncio.run(nudged())
        assert agent.end() == 0
        assert options or "at 0:02" not in agent.said


PROJECTOR = """
import json
from scrobbler.adapters import Options, Plugin
from scrobbler.errors import PayloadError
from scrobbler.events import Kind, Media, PlayerEvent, SessionKey


class ProjectorOptions(Options, frozen=True, kw_only=True):
    pass


class Projector:
    def __init__(self, name):
        self.name = name

    def parse(self, request):
        said = json.loads(request.body)
        media = Media(title=said["title"])
        return [PlayerEvent(session=SessionKey(source=self.name), kind=Kind.PLAY, media=media, at=request.at)]


plugin = Plugin(name="projector", options=ProjectorOptions, build=lambda name, options: Projector(name))
"""


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A folder in which somebody else's adapter is installed, for a server that calls us."""
    site = tmp_path / "site"
    info = site / "projector-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: projector\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[scrobbler.adapters]\nprojector = projector:plugin\n")
    (site / "projector.py").write_text(PROJECTOR)
    return site


def test_the_hook_of_an_adapter_by_somebody_else_is_open_to_who_knows_its_secret(
    tmp_path: Path, installed: Path
) -> None:
    more = '[players.cinema]\nkind = "projector"\nsecret = "open sesame"\n[server]\nlisten = "127.0.0.1:0"'
    file = configured(tmp_path, more=more)
    with running("run", "--config", file, PYTHONPATH=str(installed)) as agent:
        url = agent.says("listening on ").partition("listening on ")[2].split()[0]
        agent.says("watching mpv, cinema")
        hook = f"{url}/hooks/cinema"
        assert httpx.post(hook, params={"token": "open sesame"}, json={"title": "Heat"}).status_code == 200
        assert [str(session.key) for session in look(tmp_path / "state").sessions] == ["cinema"]
        assert httpx.post(hook, params={"token": "open barley"}, json={"title": "Heat"}).status_code == 401
        assert httpx.post(hook, params={"token": "open sesame"}, content=b"what?").status_code == 400
        assert agent.end() == 0
    assert "cinema: play Heat" in agent.said
    assert "cinema: its adapter failed on a request: JSONDecodeError" in agent.said
    assert "sesame" not in agent.said
    assert "Traceback" not in agent.said


def test_a_hook_without_a_secret_gets_one_that_is_kept(
    tmp_path: Path, installed: Path, eavesdropper: Eavesdropper
) -> None:
    more = '[players.cinema]\nkind = "projector"\n[server]\nlisten = "127.0.0.1:0"'
    file, found = configured(tmp_path, more=more), set()
    for _ in range(2):
        with running("run", "--config", file, PYTHONPATH=str(installed)) as agent:
            url = agent.says("listening on ").split()[-1]
            agent.says("watching mpv, cinema")
            [kept] = (tmp_path / "state" / "webhooks").iterdir()
            secret = kept.read_text().strip()
            eavesdropper.secrets.add(secret)
            found.add(secret)
            hook = f"{url}/hooks/cinema"
            assert httpx.post(hook, params={"token": secret}, json={"title": "Heat"}).status_code == 200
            assert httpx.post(hook, params={"token": ""}, json={"title": "Heat"}).status_code == 401
            assert agent.end() == 0
    assert len(found) == 1


def test_a_secret_that_cannot_be_kept_is_one_line(tmp_path: Path, installed: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "webhooks").touch()
    file = configured(tmp_path, more='[players.cinema]\nkind = "projector"')
    done = ran("run", "--config", file, PYTHONPATH=str(installed))
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(f"scrobbler: {tmp_path}/state/webhooks/cinema.secret: cannot be ")
