"""``scrobbler users``: for whom each user of a server counts, and the one command that maps one."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from cli_process import complaint, configured, eventually, ran, running
from click.testing import CliRunner
from conftest import EPOCH
from queued import opened

from scrobbler.cli import program
from scrobbler.household import Stranger
from scrobbler.state.people import Mapped
from scrobbler.state.snapshot import look, mapped

MORE = """
[accounts.marta]
[accounts.paul]
[players.plex]
secret = "open sesame"
users = { "Marta K." = "marta", "*" = "default" }
[players.emby]
secret = "open sesame"
[server]
listen = "127.0.0.1:0"
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


def users(file: Path, *words: str) -> list[str]:
    result = CliRunner().invoke(program, ["users", *words, "--config", str(file)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output.splitlines()


def known(file: Path, command: str = "users") -> Any:
    result = CliRunner().invoke(program, [command, "--json", "--config", str(file)], catch_exceptions=False)
    return json.loads(result.output)


def meet(state: Path, player: str, user: str, user_id: str | None = None) -> None:
    with opened(state) as store:
        store.meet(player, Stranger(user=user, user_id=user_id), EPOCH).result(10)


def test_without_users_it_says_so_and_leaves_nothing_behind(tmp_path: Path, state: Path) -> None:
    assert users(configured(tmp_path)) == ["No server has named a user so far."]
    assert not state.exists()


def test_each_user_has_his_line_and_a_stranger_the_command_that_maps_him(file: Path, state: Path) -> None:
    meet(state, "emby", "Kim's")
    meet(state, "plex", "Bob")  # whom the configuration maps by now
    meet(state, "gone", "of a player that is configured no more")
    assert users(file, "map", "emby", "Paul", "paul") == ["emby: Paul counts for paul"]
    command = "scrobbler users map emby 'Kim'\"'\"'s' ACCOUNT"
    assert users(file) == [
        "plex: Marta K. counts for marta, by the configuration",
        "plex: everybody else counts for default, by the configuration",
        "emby: Paul counts for paul, by command",
        f"emby: Kim's counts for nobody, last seen 20 Nov 20:00: `{command}`",
    ]
    row = {"player": "emby", "user": "Kim's", "user_id": None, "map": command}
    instants = dict.fromkeys(("first_at", "last_at"), EPOCH.isoformat())
    assert known(file) == {
        "users": [
            {"player": "plex", "user": "Marta K.", "account": "marta", "from": "config"},
            {"player": "plex", "user": "*", "account": "default", "from": "config"},
            {"player": "emby", "user": "Paul", "account": "paul", "from": "command"},
        ],
        "unmapped": [row | instants],
    }


def test_status_lists_them_too(file: Path, state: Path) -> None:
    meet(state, "emby", "Kim")
    meet(state, "emby", "Bob")
    users(file, "map", "emby", "Paul", "paul")
    lines = CliRunner().invoke(program, ["status", "--config", str(file)]).output.splitlines()
    assert "Player    plex (plex), for marta, default" in lines
    assert "Player    emby (emby), for default, paul" in lines
    line = "Unmapped  emby: Kim counts for nobody, last seen 20 Nov 20:00: `scrobbler users map emby Kim ACCOUNT`"
    assert line in lines
    found = known(file, "status")
    assert [one["user"] for one in found["unmapped"]] == ["Bob", "Kim"]
    assert [one["account"] for one in found["players"]] == ["default", None, "default"]
    assert [one["user"] for one in found["players"][1]["users"]] == ["Marta K.", "*"]


def test_of_many_strangers_status_shows_some(file: Path, state: Path) -> None:
    for number in range(12):
        meet(state, "emby", f"user {number}")
    lines = CliRunner().invoke(program, ["status", "--config", str(file)]).output.splitlines()
    assert len([line for line in lines if line.startswith("Unmapped")]) == 10
    assert "          and 2 more: `scrobbler users`" in lines


def test_of_two_of_one_name_the_command_names_the_id(file: Path, state: Path) -> None:
    meet(state, "emby", "Kim", "7")
    meet(state, "emby", "kim", "8")
    assert {one["map"] for one in known(file)["unmapped"]} == {
        "scrobbler users map emby 7 ACCOUNT",
        "scrobbler users map emby 8 ACCOUNT",
    }
    users(file, "map", "emby", "7", "paul")
    assert [one["user_id"] for one in known(file)["unmapped"]] == ["8"]


def test_a_mapping_can_be_changed_and_taken_back(file: Path, state: Path) -> None:
    users(file, "map", "emby", "Kim", "paul")
    users(file, "map", "emby", "KIM", "marta")
    assert mapped(state) == (Mapped(player="emby", user="KIM", account="marta"),)
    assert users(file, "unmap", "emby", "kim") == ["emby: kim counts for nobody any more"]
    assert mapped(state) == ()
    words = complaint(ran("users", "unmap", "emby", "kim", "--config", file), 1)
    assert words == "no command ever said for whom the user 'kim' of emby counts"


def test_everybody_else_can_be_mapped_by_command(file: Path, state: Path) -> None:
    meet(state, "emby", "Kim")
    assert users(file, "map", "emby", "*", "paul") == ["emby: everybody else counts for paul"]
    assert known(file)["unmapped"] == []
    assert look(state).strangers == ()


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["map", "plex", "marta  k.", "paul"], "{file}: players.plex.users says that 'Marta K.' counts for marta"),
        (["unmap", "plex", "marta k."], "{file}: players.plex.users says that 'Marta K.' counts for marta: change it"),
        (["map", "plx", "kim", "paul"], "there is no player 'plx': known are mpv, plex, emby"),
        (["map", "emby", "kim", "pual"], "there is no account 'pual': known are marta, paul, default"),
        (["map", "emby", " ", "paul"], "a user has a name or an id, of 100 signs at most"),
        (["map", "emby", "x" * 101, "paul"], "a user has a name or an id, of 100 signs at most"),
    ],
)
def test_a_mistake_is_one_line_and_changes_nothing(words: list[str], line: str, file: Path, state: Path) -> None:
    assert complaint(ran("users", *words, "--config", file), 2).startswith(line.format(file=file))
    assert not state.exists()


def test_users_of_a_player_that_names_none_are_a_mistake(tmp_path: Path) -> None:
    file = configured(tmp_path, more='[players.den]\nkind = "mpv"\nusers = { "kim" = "default" }\n')
    done = ran("run", "--config", file)
    assert done.returncode == 2
    words = "mpv stands beside its user and names none: say players.den.account instead"
    assert done.stderr.splitlines()[-1] == f"scrobbler: {file}: players.den.users: {words}"


def test_with_an_agent_it_holds_at_once(file: Path, state: Path) -> None:
    said = {
        "Event": "playback.start",
        "User": {"Name": "Kim", "Id": "7"},
        "Session": {"DeviceId": "tv"},
        "Item": {"Type": "Movie", "Name": "Heat", "ProductionYear": 1995, "ProviderIds": {"Imdb": "tt0113277"}},
    }
    with running("run", "--config", file) as agent:
        url = agent.says("listening on ").partition("listening on ")[2].split()[0]
        agent.says("watching mpv, plex, emby")
        assert httpx.post(f"{url}/hooks/emby", params={"token": "open sesame"}, json=said).status_code == 200
        agent.says("emby: ignored playback.start: user 'Kim' counts for no account: `scrobbler users map emby Kim ")
        eventually(lambda: [one.user for one in look(state).strangers] == ["Kim"])
        done = ran("users", "map", "emby", "kim", "paul", "--config", file)
        assert (done.returncode, done.stdout) == (0, "emby: kim counts for paul\n"), done
        eventually(lambda: [one.account for one in look(state).sessions] == ["paul"])
        assert agent.end() == 0
    assert "sesame" not in agent.said
