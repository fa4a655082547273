"""``scrobbler init``: few questions, nothing half written, and a way back from all that it wrote."""

import re
import shutil
import signal
import socket
import stat
import subprocess
import threading
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
import tomli
from cli_process import complaint, ran
from double import Served
from eavesdropper import Eavesdropper
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from terminal import Terminal, terminal

from scrobbler import adapters
from scrobbler.settings.config import parse
from scrobbler.settings.keys import TABLES
from scrobbler.settings.tables import PlayerKeys
from scrobbler.setup.machine import KNOCKS, Knock, look
from scrobbler.setup.template import WORDS, Choice, written

mpv = pytest.mark.skipif(shutil.which("mpv") is None, reason="needs mpv")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config" / "scrobbler" / "config.toml"


@pytest.fixture
def conf(tmp_path: Path) -> Path:
    return tmp_path / "config" / "mpv" / "mpv.conf"


def _ctrl_c(screen: Terminal) -> None:
    """Until it is heard: readline misses one that comes while it begins to read."""
    while screen.process.poll() is None:
        screen.process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            screen.process.wait(2)


def _no(screen: Terminal, *kinds: str) -> None:
    for kind in kinds:
        screen.shows(f"{kind}? [y/N]")
        screen.types("n\n")


def test_by_default_it_asks_nothing_and_says_what_it_wrote_and_how_to_take_it_back(
    file: Path, conf: Path, tmp_path: Path
) -> None:
    done = ran("init", "--defaults", "--no-detect")
    assert (done.returncode, done.stderr) == (0, "")
    assert list(parse(file.read_text(), file).players) == ["mpv"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert conf.read_text() == f"input-ipc-server={tmp_path}/run/mpv/socket\n"
    undo = re.search(r"To take it back:\n((?:  .*\n)+)", done.stdout)
    assert undo is not None
    subprocess.run(undo[1], shell=True, check=True)
    assert not file.exists()
    assert not conf.exists()
    assert "scrobbler doctor" in done.stdout


def test_the_next_steps_repeat_which_files_were_named(tmp_path: Path) -> None:
    file, state = tmp_path / "my own.toml", tmp_path / "state"
    done = ran("init", "--defaults", "--no-detect", "--config", file, "--state", state)
    assert done.returncode == 0
    steps = done.stdout.partition("\nNext:\n")[2]
    assert f"  scrobbler login --config '{file}' --state {state}  " in steps
    assert f"  scrobbler doctor --config '{file}' --state {state}  see" in steps
    plain = ran("init", "--defaults", "--no-detect").stdout.partition("\nNext:\n")[2]
    assert "  scrobbler login             sign in to Trakt\n" in plain


def test_what_is_there_already_is_left_alone_unless_it_is_forced(file: Path) -> None:
    file.parent.mkdir(parents=True)
    file.write_text("# mine\n")
    words = complaint(ran("init", "--defaults", "--no-detect"), 2)
    assert words.startswith(f"{file}: there is a configuration already: `scrobbler config` shows it, and --force")
    assert file.read_text() == "# mine\n"
    done = ran("init", "--defaults", "--no-detect", "--force")
    assert done.returncode == 0
    (kept,) = file.parent.glob("config.toml.2*")
    assert kept.read_text() == "# mine\n"
    assert f"mv {kept} {file}" in done.stdout


def test_without_a_terminal_it_does_not_wait_for_answers() -> None:
    assert complaint(ran("init"), 2) == "there is no terminal to ask on: use --defaults"


def test_the_line_for_mpv_is_shown_first_and_all_else_in_its_file_stays(file: Path, conf: Path, tmp_path: Path) -> None:
    conf.parent.mkdir(parents=True)
    conf.write_bytes(b"fs=yes\r\n[caf\xe9]\r\nmute=yes")
    with terminal(100, 40, "init", "--no-detect") as screen:
        _no(screen, "emby", "jellyfin", "kodi")
        screen.shows("mpv? [Y/n]")
        screen.types("y\n")
        _no(screen, "plex", "tautulli")
        screen.shows(f"  input-ipc-server={tmp_path}/run/mpv/socket\nAdd it? [Y/n]")
        assert not file.exists()
        screen.types("\n")
        screen.shows("Sign in to Trakt now? [Y/n]")
        screen.types("n\n")
        assert screen.end() == 0
        shown = screen.shown
    line = f"input-ipc-server={tmp_path}/run/mpv/socket\r\n".encode()
    assert conf.read_bytes() == b"fs=yes\r\n" + line + b"[caf\xe9]\r\nmute=yes"
    kept = conf.with_name("mpv.conf.before-scrobbler")
    assert kept.read_bytes() == b"fs=yes\r\n[caf\xe9]\r\nmute=yes"
    assert f"mv {kept} {conf}" in shown
    assert file.exists()


def test_an_mpv_that_listens_already_is_followed_where_it_does(file: Path, conf: Path) -> None:
    conf.parent.mkdir(parents=True)
    conf.write_text("input-ipc-server=/tmp/mine\n")
    done = ran("init", "--defaults", "--no-detect")
    assert "mpv listens on /tmp/mine already; it is followed there." in done.stdout
    assert conf.read_text() == "input-ipc-server=/tmp/mine\n"
    assert tomli.loads(file.read_text())["players"]["mpv"]["sockets"] == ["/tmp/mine"]


def test_ctrl_c_at_any_question_leaves_nothing_half_written(file: Path, conf: Path) -> None:
    for answers in (1, 3, 6):
        with terminal(100, 40, "init", "--no-detect") as screen:
            kinds = ("emby", "jellyfin", "kodi", "mpv", "plex", "tautulli")
            for kind in kinds[:answers]:
                screen.shows(f"{kind}? [")
                screen.types("y\n")
            screen.shows(f"{kinds[answers]}? [" if answers < 6 else "another machine post to this one? [")
            _ctrl_c(screen)
            assert screen.end() == 130
            assert "Nothing was written." in screen.shown
            assert "Traceback" not in screen.shown
        assert not file.exists()
        assert not conf.exists()


def test_a_server_that_posts_gets_a_secret_and_its_address_is_the_next_step(
    file: Path, tmp_path: Path, eavesdropper: Eavesdropper
) -> None:
    with terminal(120, 50, "init", "--no-detect") as screen:
        for kind in ("emby", "jellyfin", "kodi", "mpv", "plex", "tautulli"):
            screen.shows(f"{kind}? [")
            screen.types("y\n" if kind == "plex" else "n\n")
        screen.shows("Does a server on another machine post to this one? [y/N]")
        screen.types("y\n")
        screen.shows("Sign in to Trakt now? [Y/n]")
        screen.types("n\n")
        assert screen.end() == 0
        shown = screen.shown
    configuration = parse(file.read_text(), file)
    assert list(configuration.players) == ["plex"]
    assert configuration.server is not None
    assert configuration.server.listen == "0.0.0.0:8722"
    (secret,) = (tmp_path / "state" / "scrobbler" / "webhooks").iterdir()
    eavesdropper.secrets.add(secret.read_text().strip())
    assert secret.read_text().strip() not in shown
    assert f"rm {secret}" in shown
    assert "scrobbler webhook plex" in shown


def test_a_folder_that_takes_nothing_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = ran("init", "--defaults", "--no-detect", "--config", tmp_path / "file" / "c.toml")
    assert done.returncode == 1
    assert done.stderr.startswith(f"scrobbler: {tmp_path}/file/c.toml cannot be written: ")
    assert done.stderr.count("\n") == 1


# What it writes


def test_every_key_is_explained_and_what_is_behind_a_sign_can_be_taken_at_its_word() -> None:
    kinds = tuple(kind for kind in adapters.available())
    text = written(Choice(players=kinds))
    assert list(parse(text, Path("c.toml")).players) == list(kinds)
    lines = text.splitlines()
    taken = 0
    for number, line in enumerate(lines):
        if (
            re.match(r"# [a-z_]+ = (?!\.)", line)
            and "_file" not in line
            and "path =" not in line
            and "item =" not in line
        ):
            fewer = [
                each.removeprefix("# ") if at == number or each == "# [server]" else each
                for at, each in enumerate(lines)
            ]
            parse("\n".join(fewer), Path("c.toml"))
            taken += 1
    assert taken > 30


def test_every_key_of_ours_has_words() -> None:
    wanted = {f"{table}.{key}" for table, kind in TABLES.items() for key in kind.__struct_fields__}
    wanted |= {f"players.{key}" for key in PlayerKeys.__struct_fields__}
    for kind in adapters.available():
        plugin = adapters.load(kind)
        assert plugin is not None
        wanted |= {f"{kind}.{key}" for key in plugin.options.__struct_fields__}
    assert set(WORDS) == wanted


# What it looks for


async def _says(request: Request) -> Response:
    return PlainTextResponse(
        {
            "/plex/identity": '<MediaContainer size="0" machineIdentifier="abc"/>',
            "/jellyfin/System/Info/Public": '{"ServerName": "nas", "Version": "10", "ProductName": "Jellyfin Server"}',
            "/emby/System/Info/Public": '{"ServerName": "nas", "Version": "4.9.0", "Id": "abc"}',
            "/tautulli/auth/login": "<title>Tautulli - Login</title>",
        }.get(request.url.path, "[]")
    )


def test_a_server_that_answers_is_known_by_what_it_says(served: Served) -> None:
    with ExitStack() as stack:
        port = int(served.open(stack, Starlette(routes=[Route("/{path:path}", _says)])).rpartition(":")[2])
        for server in ("plex", "jellyfin", "emby", "tautulli", "somebody"):
            knocks = [
                Knock(kind=one.kind, name=one.name, port=port, path=f"/{server}{one.path}", knows=one.knows)
                for one in KNOCKS
            ]
            answered = [each.kind for each in look(knocks, 1) if each.where.startswith("answers")]
            assert answered == ([] if server == "somebody" else [server])


def test_a_kodi_answers_over_a_plain_socket_and_a_silent_one_is_not_waited_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as kodi, socket.create_server(("127.0.0.1", 0)) as silent:

        def answer() -> None:
            peer, _ = kodi.accept()
            with peer:
                peer.recv(1000)
                peer.sendall(b'{"id":1,"jsonrpc":"2.0","result":"pong"}')

        thread = threading.Thread(target=answer)
        thread.start()
        port = silent.getsockname()[1]
        hush = [Knock(kind=one.kind, name=one.name, port=port, path=one.path, knows=one.knows) for one in KNOCKS]
        found = look(hush, kodi.getsockname()[1])
        thread.join()
    assert "kodi" in [each.kind for each in found]
    assert {each.kind for each in found} <= {"mpv", "vlc", "kodi"}


@mpv
def test_an_installed_mpv_is_found() -> None:
    assert any(each.kind == "mpv" and each.where.endswith("/mpv") for each in look(KNOCKS[:1], 1))
