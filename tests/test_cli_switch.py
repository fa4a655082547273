"""``scrobbler switch``: whose a shared player is now."""

import asyncio
import json
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cli_process import complaint, configured, eventually, ran, running
from click.testing import CliRunner
from double import Double, Served
from playbook import T0

from scrobbler.cli import program
from scrobbler.household import Switched
from scrobbler.sandbox import Sandbox
from scrobbler.sandbox.mpv import SimulatedMpv
from scrobbler.state.snapshot import look

MORE = """
[accounts.marta]
[players.den]
kind = "mpv"
account = "marta"
[players.plex]
secret = "open sesame"
users = { "Marta" = "marta" }
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return configured(tmp_path, more=MORE)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setattr("scrobbler.cli.incognito.now", lambda: T0)
    monkeypatch.setattr("scrobbler.cli.switch.now", lambda: T0)


def switch(file: Path, *words: str) -> list[str]:
    result = CliRunner().invoke(program, ["switch", *words, "--config", str(file)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output.splitlines()


def known(file: Path, *words: str) -> Any:
    return json.loads("\n".join(switch(file, *words, "--json")))


def test_without_a_word_it_says_how_it_is_and_leaves_nothing_behind(file: Path, state: Path) -> None:
    assert switch(file) == ["mpv is for default", "den is for marta", "plex is for whom its users are mapped to"]
    assert known(file, "--player", "den") == [
        {"player": "den", "device": None, "account": "marta", "until": None, "switched": False}
    ]
    assert not state.exists()


def test_all_players_are_switched_and_switched_back(file: Path, state: Path) -> None:
    assert switch(file, "marta") == ["mpv is for marta", "den is for marta", "plex is for marta"]
    assert {one.player for one in look(state).switched} == {"mpv", "den", "plex"}
    assert switch(file, "--back", "--player", "mpv") == ["mpv is for default"]
    assert switch(file, "--back") == switch(file)
    assert look(state).switched == ()


def test_one_player_for_a_while(file: Path, state: Path) -> None:
    assert switch(file, "marta", "--player", "mpv", "--for", "3h") == ["mpv is for marta until 20 Nov 23:00"]
    assert look(state).switched == (Switched(player="mpv", account="marta", until=T0 + timedelta(hours=3)),)
    assert known(file)[0] == {
        "player": "mpv",
        "device": None,
        "account": "marta",
        "until": (T0 + timedelta(hours=3)).isoformat(),
        "switched": True,
    }
    assert switch(file, "default", "--player", "mpv", "--until", "21:30") == ["mpv is for default until 20 Nov 21:30"]


def test_what_is_over_is_over(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    switch(file, "marta", "--player", "mpv", "--for", "1m")
    monkeypatch.setattr("scrobbler.cli.switch.now", lambda: T0 + timedelta(minutes=1))
    assert switch(file, "--player", "mpv") == ["mpv is for default"]


def test_a_device_of_a_server_is_switched_by_itself(file: Path, state: Path) -> None:
    assert switch(file, "marta", "--player", "plex/Living Room TV") == [
        "plex is for whom its users are mapped to",
        "plex/Living Room TV is for marta",
    ]
    switch(file, "default", "--player", "plex/living room tv")
    assert look(state).switched == (Switched(player="plex", account="default", device="living room tv"),)
    lines = CliRunner().invoke(program, ["status", "--config", str(file)]).output.splitlines()
    assert "Switched  plex/living room tv is for default" in lines
    assert switch(file, "--back", "--player", "plex") == ["plex is for whom its users are mapped to"]


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["mart"], "there is no account 'mart': known are marta, default"),
        (["marta", "--player", "tv"], "there is no player 'tv': known are mpv, den, plex"),
        (["marta", "--player", "plex/ "], "--player 'plex/ ' names no device after the slash"),
        (["marta", "--for", "2x"], "--for '2x' is no time: such as 2h"),
        (["marta", "--until", "25:00"], "--until '25:00' is no time of the day"),
    ],
)
def test_a_mistake_is_one_line_and_changes_nothing(words: list[str], line: str, file: Path, state: Path) -> None:
    assert complaint(ran("switch", *words, "--config", file), 2).startswith(line)
    assert not state.exists()


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--back", "marta"], "Error: --back goes with --player only."),
        (["--back", "--for", "2h"], "Error: --back goes with --player only."),
        (["--for", "2h"], "Error: --for and --until go with an ACCOUNT."),
        (["marta", "--for", "2h", "--until", "23:00"], "Error: Either --for or --until, not both."),
    ],
)
def test_words_that_do_not_go_together_are_said(words: list[str], line: str, file: Path) -> None:
    done = ran("switch", *words, "--config", file)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[-1] == line


def test_with_an_agent_what_is_on_changes_hands(tmp_path: Path, served: Served) -> None:
    with ExitStack() as stack:
        sandbox = Sandbox()
        double = Double(sandbox, served.open(stack, sandbox.app))
        double.tokens(tmp_path / "state")
        double.tokens(tmp_path / "state", "marta")
        file = configured(tmp_path, double.url, "[accounts.marta]\n")
        agent = stack.enter_context(running("run", "--config", file))
        agent.says("watching mpv")

        async def evening() -> None:
            ahead = [0.0]
            player = SimulatedMpv(tmp_path / "mpv" / "one", clock=lambda: ahead[0])
            await player.start()
            player.play("/films/Heat (1995).mkv", 6000.0)
            await asyncio.to_thread(eventually, lambda: double.saw("POST /scrobble/start 201"))
            done = await asyncio.to_thread(ran, "switch", "marta", "--player", "mpv", "--config", file)
            assert (done.returncode, done.stdout) == (0, "mpv is for marta\n"), done
            await asyncio.to_thread(eventually, lambda: double.saw("POST /scrobble/start 201", times=2))
            ahead[0] = 5900.0
            player.pause()
            player.resume()
            player.finish()
            await asyncio.to_thread(eventually, lambda: len(double.history("marta")) == 1)
            await player.quit()

        asyncio.run(evening())
        eventually(lambda: look(tmp_path / "state").waiting == ())
        assert agent.end() == 0
        assert double.history("default") == []
