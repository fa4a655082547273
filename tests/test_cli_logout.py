"""``scrobbler logout``: the access ends at Trakt first and here second, or nothing changes."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from cli_process import complaint, configured, ran, running
from click.testing import CliRunner, Result
from double import Double, Served

from scrobbler.cli import program
from scrobbler.errors import ConfigError, ScrobblerError
from scrobbler.sandbox import FaultKind, Sandbox
from scrobbler.sandbox.mpv import SimulatedMpv


@pytest.fixture
def double(served: Served) -> Iterator[Double]:
    """A sandbox in whose time the commands live as well."""
    sandbox = Sandbox()
    with ExitStack() as stack:
        yield Double(sandbox, served.open(stack, sandbox.app))


@pytest.fixture
def file(tmp_path: Path, double: Double) -> Path:
    return configured(tmp_path, double.url, more="[accounts.marta]\n")


def logout(file: Path, *options: str) -> Result:
    return CliRunner().invoke(program, ["logout", "--config", str(file), *options])


def refused(result: Result) -> str:
    assert isinstance(result.exception, ScrobblerError)
    assert result.output == ""
    return str(result.exception)


def test_the_access_ends_at_trakt_and_the_tokens_are_gone(file: Path, tmp_path: Path, double: Double) -> None:
    tokens = double.tokens(tmp_path / "state")
    assert double.sandbox.world.tokens.alive() == 1
    result = logout(file)
    assert (result.exit_code, result.output) == (0, "default is signed out.\n")
    assert double.calls() == ["POST /oauth/revoke 200"]
    assert double.sandbox.world.tokens.alive() == 0
    assert tokens.read() is None


def test_another_account_stays(file: Path, tmp_path: Path, double: Double) -> None:
    mine, hers = double.tokens(tmp_path / "state"), double.tokens(tmp_path / "state", "marta")
    assert logout(file, "--account", "marta").output == "marta is signed out.\n"
    assert mine.read() is not None
    assert hers.read() is None
    assert double.sandbox.world.tokens.alive() == 1


def test_who_is_not_signed_in_need_not_sign_out(file: Path, double: Double) -> None:
    result = logout(file)
    assert (result.exit_code, result.output) == (0, "default is not signed in.\n")
    assert double.calls() == []


def test_an_account_that_is_not_there_is_one_line(file: Path) -> None:
    result = logout(file, "--account", "nobody")
    assert isinstance(result.exception, ConfigError)
    assert refused(result) == (
        "there is no account 'nobody': known are marta, default; `scrobbler accounts add nobody` adds it"
    )


def test_without_an_answer_of_trakt_the_tokens_are_kept(tmp_path: Path, double: Double) -> None:
    tokens = double.tokens(tmp_path / "state")
    words = complaint(ran("logout", "--config", configured(tmp_path)), 1)
    assert words.startswith("Trakt cannot be reached: ")
    assert words.endswith(". The tokens are kept; --force forgets them all the same")
    assert tokens.read() is not None


@pytest.mark.parametrize("kind", [FaultKind.DROP_BEFORE, FaultKind.DROP_AFTER])
def test_a_lost_answer_is_asked_for_again_by_the_next_one(
    kind: FaultKind, file: Path, tmp_path: Path, double: Double
) -> None:
    tokens = double.tokens(tmp_path / "state")
    double.fault(kind, path="/oauth/revoke")
    assert "The tokens are kept" in refused(logout(file))
    assert tokens.read() is not None
    assert logout(file).exit_code == 0
    assert double.sandbox.world.tokens.alive() == 0


def test_force_forgets_them_without_an_answer(tmp_path: Path, double: Double) -> None:
    tokens = double.tokens(tmp_path / "state")
    done = ran("logout", "--config", configured(tmp_path), "--force")
    assert (done.returncode, done.stdout) == (0, "default is signed out.\n")
    assert done.stderr.startswith("Trakt cannot be reached: ")
    assert done.stderr.count("\n") == 1
    assert tokens.read() is None


def test_an_app_that_trakt_does_not_take_is_said_so(file: Path, tmp_path: Path, double: Double) -> None:
    tokens = double.tokens(tmp_path / "state")
    file.write_text(file.read_text().replace('"sandbox-secret"', '"wrong"'))
    words = refused(logout(file))
    assert words.startswith("Trakt does not accept this app (invalid_client): check client_id")
    assert "wrong" not in words
    assert tokens.read() is not None


def test_a_damaged_file_is_kept_unless_forced(file: Path, tmp_path: Path, double: Double) -> None:
    tokens = double.tokens(tmp_path / "state")
    tokens.path.write_text('{"access_token": "hush"')
    words = refused(logout(file))
    assert "is damaged" in words
    assert "hush" not in words
    assert tokens.path.exists()
    assert logout(file, "--force").stdout == "default is signed out.\n"
    assert not tokens.path.exists()
    assert double.calls() == []


def test_it_waits_for_whoever_renews_the_tokens(file: Path, tmp_path: Path, double: Double) -> None:
    tokens = double.tokens(tmp_path / "state")
    ended: list[Result] = []
    with tokens.locked():
        other = threading.Thread(target=lambda: ended.append(logout(file)))
        other.start()
        other.join(0.2)
        assert not ended
        renewed = double.tokens(tmp_path / "state").read()
    other.join(20)
    assert ended[0].exit_code == 0
    assert renewed is not None
    assert double.sandbox.world.tokens.holder(renewed.access_token) is None


def test_a_running_agent_notices_by_itself(file: Path, tmp_path: Path, double: Double) -> None:
    double.tokens(tmp_path / "state")

    async def watch() -> None:
        player = SimulatedMpv(tmp_path / "mpv" / "socket")
        await player.start()
        player.play(Path("/films/Heat (1995).mkv"), 6000.0)
        await asyncio.to_thread(
            agent.says, "default is not signed in: run `scrobbler login`; what is watched meanwhile"
        )
        await player.quit()

    with running("run", "--config", file) as agent:
        agent.says("watching mpv")
        assert logout(file).exit_code == 0
        asyncio.run(watch())
        assert agent.end() == 0
