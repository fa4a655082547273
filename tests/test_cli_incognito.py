"""``scrobbler incognito``: what is watched while it is on is nobody's business, and nothing of it is told."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cli_process import Running, complaint, configured, eventually, ran, running
from click.testing import CliRunner
from double import Double, Served
from playbook import T0

from scrobbler.cli import program
from scrobbler.control.request import UNTIL_OFF
from scrobbler.sandbox import Sandbox
from scrobbler.sandbox.mpv import SimulatedMpv
from scrobbler.state.snapshot import decisions, look

FILM = "/films/Heat (1995).mkv"


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return configured(tmp_path, more="[accounts.marta]\n")


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


def incognito(file: Path, *words: str) -> list[str]:
    """What ``scrobbler incognito`` says where all is well."""
    done = ran("incognito", *words, "--config", file)
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout.splitlines()


def known(file: Path, *words: str) -> Any:
    return json.loads("\n".join(incognito(file, *words, "--json")))


def test_without_a_word_it_says_how_it_is_and_leaves_nothing_behind(file: Path, state: Path) -> None:
    assert incognito(file) == ["marta: incognito is off", "default: incognito is off"]
    assert known(file, "--account", "marta") == [{"account": "marta", "on": False, "until": None}]
    assert not state.exists()


def test_on_holds_until_it_is_switched_off(file: Path, state: Path) -> None:
    assert incognito(file, "on") == [
        "marta: incognito is on until it is switched off",
        "default: incognito is on until it is switched off",
    ]
    assert known(file) == [
        {"account": "marta", "on": True, "until": None},
        {"account": "default", "on": True, "until": None},
    ]
    assert incognito(file, "off", "--account", "marta") == ["marta: incognito is off"]
    assert look(state).incognito == {"default": UNTIL_OFF}
    assert incognito(file, "off") == ["marta: incognito is off", "default: incognito is off"]
    assert look(state).incognito == {}


@pytest.mark.parametrize(
    ("words", "end"),
    [
        (["on", "--for", "2h"], timedelta(hours=2)),
        (["--for", "90m"], timedelta(minutes=90)),
        (["on", "--for", "1h 30min"], timedelta(minutes=90)),
        (["on", "--for", "3D"], timedelta(days=3)),
        (["on", "--until", "23:00"], timedelta(hours=3)),
        (["--until", "8:05"], timedelta(hours=12, minutes=5)),
        (["--until", "20:00"], timedelta(days=1)),
    ],
)
def test_it_may_have_an_end(
    words: list[str], end: timedelta, file: Path, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scrobbler.cli.incognito.now", lambda: T0)
    result = CliRunner().invoke(program, ["incognito", *words, "--config", str(file)], catch_exceptions=False)
    assert result.exit_code == 0
    assert result.output.splitlines()[0] == f"marta: incognito is on until {T0 + end:%d %b %H:%M}"
    assert look(state).incognito == dict.fromkeys(("marta", "default"), T0 + end)


def test_an_end_is_in_the_users_own_time(file: Path, state: Path) -> None:
    done = ran("incognito", "--until", "23:30", "--account", "marta", "--config", file, TZ="UTC-5:30")
    assert done.stdout.endswith(" 23:30\n")
    assert (look(state).incognito["marta"].hour, look(state).incognito["marta"].minute) == (18, 0)


def test_what_is_over_is_off(file: Path, state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scrobbler.cli.incognito.now", lambda: T0)
    CliRunner().invoke(program, ["incognito", "--for", "1m", "--config", str(file)], catch_exceptions=False)
    monkeypatch.setattr("scrobbler.cli.incognito.now", lambda: T0 + timedelta(minutes=1))
    result = CliRunner().invoke(program, ["incognito", "--config", str(file)], catch_exceptions=False)
    assert result.output == "marta: incognito is off\ndefault: incognito is off\n"


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--for", "2x"], "--for '2x' is no time: such as 2h, 90m, 1h30m or 3d, up to 366 days"),
        (["--for", ""], "--for '' is no time"),
        (["--for", "0m"], "--for '0m' is no time"),
        (["--for", "9999d"], "--for '9999d' is no time"),
        (["on", "--for", "-2h"], "--for '-2h' is no time"),
        (["--until", "25:00"], "--until '25:00' is no time of the day: such as 23:00"),
        (["--until", "12:60"], "--until '12:60' is no time"),
        (["--until", "tomorrow"], "--until 'tomorrow' is no time"),
        (["on", "--account", "mart"], "there is no account 'mart': known are marta, default"),
    ],
)
def test_a_mistake_is_one_line_and_changes_nothing(words: list[str], line: str, file: Path, state: Path) -> None:
    assert complaint(ran("incognito", *words, "--config", file), 2).startswith(line)
    assert not state.exists()


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["onn"], "Error: Invalid value for '[on|off]': 'onn' is not one of 'on', 'off'."),
        (["off", "--for", "2h"], "Error: --for and --until go with on."),
        (["on", "--for", "2h", "--until", "23:00"], "Error: Either --for or --until, not both."),
        (["on", "off"], "Error: Got unexpected extra argument (off)"),
        (["--until"], "Error: Option '--until' requires an argument."),
    ],
)
def test_a_mistyped_word_says_what_is_allowed(words: list[str], line: str) -> None:
    done = ran("incognito", *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[-1] == line


# With an agent


@contextmanager
def at_home(tmp_path: Path, served: Served) -> Iterator[tuple[Path, Double, ExitStack]]:
    with ExitStack() as stack:
        sandbox = Sandbox()
        double = Double(sandbox, served.open(stack, sandbox.app))
        double.tokens(tmp_path / "state")
        yield configured(tmp_path, double.url, "[accounts.marta]\n"), double, stack


def started(stack: ExitStack, file: Path) -> Running:
    agent = stack.enter_context(running("run", "--config", file))
    agent.says("watching mpv")
    return agent


class Film:
    """An mpv that plays a film of 100 minutes, and whose time the test moves."""

    def __init__(self, socket: Path) -> None:
        self.ahead = 0.0
        self.player = SimulatedMpv(socket, clock=lambda: self.ahead)

    def play(self, what: Callable[["Film"], Awaitable[None]]) -> None:
        """Start the player, do this with it, and quit it."""

        async def played() -> None:
            await self.player.start()
            await what(self)
            await self.player.quit()

        asyncio.run(played())

    async def to_the_end(self) -> None:
        self.ahead = 5900.0
        self.player.pause()
        self.player.resume()
        self.player.finish()


async def when(condition: Callable[[], object]) -> None:
    await asyncio.to_thread(eventually, condition)


def test_switched_on_in_mid_film_it_takes_back_what_was_told(tmp_path: Path, served: Served) -> None:
    with at_home(tmp_path, served) as (file, double, stack):
        agent = started(stack, file)

        async def watched(film: Film) -> None:
            film.player.play(FILM, 6000.0)
            await when(lambda: double.saw("POST /scrobble/start 201"))
            assert await asyncio.to_thread(incognito, file, "on", "--account", "default") == [
                "default: incognito is on until it is switched off"
            ]
            await when(lambda: double.saw("DELETE /sync/playback/1 204"))
            await film.to_the_end()
            await asyncio.to_thread(agent.says, "mpv: stop, incognito")

        Film(tmp_path / "mpv" / "one").play(watched)
        eventually(lambda: look(tmp_path / "state").waiting == ())
        assert agent.end() == 0
        assert double.history() == []
        account = double.sandbox.world.account("default")
    assert account.watching(double.sandbox.clock.now()) is None


def test_what_begins_incognito_is_never_told_and_has_no_name_in_logs(tmp_path: Path, served: Served) -> None:
    with at_home(tmp_path, served) as (file, double, stack):
        incognito(file, "on", "--for", "2h")
        agent = started(stack, file)

        async def watched(film: Film) -> None:
            film.player.play(FILM, 6000.0)
            await asyncio.to_thread(agent.says, "mpv: play, incognito")
            shown = (await asyncio.to_thread(ran, "status", "--config", file)).stdout
            assert "something incognito (playing" in shown
            assert "Heat" not in shown
            assert await asyncio.to_thread(incognito, file, "off") == [
                "marta: incognito is off",
                "default: incognito is off",
            ]
            await film.to_the_end()
            await asyncio.to_thread(agent.says, "mpv: stop, incognito")

        Film(tmp_path / "mpv" / "one").play(watched)
        assert agent.end() == 0
        assert double.calls() == []
        assert "Heat" not in agent.said
        assert not [one for one in decisions(tmp_path / "state") if "Heat" in one.words]


def test_after_it_everything_is_told_again(tmp_path: Path, served: Served) -> None:
    with at_home(tmp_path, served) as (file, double, stack):
        agent = started(stack, file)
        incognito(file, "on")
        incognito(file, "off")

        async def watched(film: Film) -> None:
            film.player.play(FILM, 6000.0)
            await when(lambda: double.saw("POST /scrobble/start 201"))
            await film.to_the_end()
            await when(lambda: len(double.history()) == 1)

        Film(tmp_path / "mpv" / "one").play(watched)
        assert agent.end() == 0


def test_of_another_account_it_hides_nothing(tmp_path: Path, served: Served) -> None:
    with at_home(tmp_path, served) as (file, double, stack):
        started(stack, file)
        incognito(file, "on", "--account", "marta")

        async def watched(film: Film) -> None:
            film.player.play(FILM, 6000.0)
            await when(lambda: double.saw("POST /scrobble/start 201"))

        Film(tmp_path / "mpv" / "one").play(watched)


def test_it_survives_a_restart(tmp_path: Path, served: Served) -> None:
    with at_home(tmp_path, served) as (file, double, stack):
        agent = started(stack, file)
        incognito(file, "on")
        agent.process.kill()
        agent.process.wait()
        again = started(stack, file)

        async def watched(film: Film) -> None:
            film.player.play(FILM, 6000.0)
            await asyncio.to_thread(again.says, "mpv: play, incognito")

        Film(tmp_path / "mpv" / "one").play(watched)
        assert again.end() == 0
        assert double.calls() == []


def test_an_account_that_the_agent_does_not_have_yet_is_said(tmp_path: Path, served: Served) -> None:
    with at_home(tmp_path, served) as (file, _, stack):
        agent = started(stack, file)
        file.write_text(file.read_text() + "[accounts.paul]\n")
        words = complaint(ran("incognito", "on", "--account", "paul", "--config", file), 1)
        assert words == "there is no account 'paul': known are marta, default; `scrobbler accounts add paul` adds it"
        assert agent.end() == 0


def test_the_end_is_an_instant(file: Path) -> None:
    [marta, _] = known(file, "--for", "2h")
    left = datetime.fromisoformat(marta["until"]) - datetime.now().astimezone()
    assert timedelta(hours=1, minutes=55) < left <= timedelta(hours=2)
