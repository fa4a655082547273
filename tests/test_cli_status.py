"""``scrobbler status``: reads what there is beside a running agent, says each thing in a line, and changes nothing."""

import json
import os
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cli_process import complaint, configured, ran
from click.testing import CliRunner
from playbook import HEAT, KEY, T0, TRON

from scrobbler import lock
from scrobbler.cli import program
from scrobbler.events import Media, Seconds
from scrobbler.outbox import Entry
from scrobbler.session import Action, Scrobble, Session, State
from scrobbler.store import FILE, How, Play, Store
from scrobbler.trakt.tokens import TokenFile, Tokens

AMELIE = Media(title="Le Fabuleux Destin d'Amélie Poulain", year=2001)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return configured(tmp_path, more='[accounts.marta]\n[players.tv]\nkind = "mpv"\naccount = "marta"\n')


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> None:
    """Times are shown as the user's clock shows them; here that is UTC."""
    monkeypatch.setenv("TZ", "UTC")


def status(file: Path) -> list[str]:
    result = CliRunner().invoke(program, ["status", "--config", str(file)], catch_exceptions=False)
    assert result.exit_code == 0
    return result.output.splitlines()


def known(file: Path) -> dict[str, Any]:
    result = CliRunner().invoke(program, ["status", "--json", "--config", str(file)], catch_exceptions=False)
    assert result.exit_code == 0
    found: dict[str, Any] = json.loads(result.output)
    return found


def signed_in(state: Path, account: str = "default") -> TokenFile:
    tokens = TokenFile(state, account)
    tokens.write(Tokens(access_token="hush", refresh_token="hush", created_at=T0, expires_at=T0 + timedelta(days=7)))
    return tokens


def says(action: Action, position: float, media: Media = HEAT) -> Scrobble:
    return Scrobble(
        session=KEY,
        sitting=media.label(),
        account="default",
        action=action,
        media=media,
        at=T0,
        position=Seconds(position),
        duration=Seconds(100.0),
    )


def filled(state: Path, media: Media = HEAT) -> None:
    """One watch that Trakt has, one that it will never take, one that waits, and one that goes on."""
    session = Session(
        key=KEY,
        account="default",
        state=State.PLAYING,
        media=media,
        sitting="two",
        at=T0,
        position=Seconds(30.0),
        position_at=T0,
        duration=Seconds(100.0),
    )
    state.mkdir(exist_ok=True)
    with closing(Store(state, T0)) as store:

        def claimed(said: Scrobble) -> Entry:
            store.keep(session, [said], T0, idle=False).result(10)
            entry = store.claim("default", T0).result(10)
            assert entry is not None
            return entry

        store.deliver(
            claimed(says(Action.STOP, 95)),
            Play(
                account="default",
                sitting="one",
                media=HEAT,
                watched_at=T0,
                delivered_at=T0,
                history_id=77,
                how=How.SCROBBLED,
            ),
        ).result(10)
        store.set_aside(claimed(says(Action.STOP, 90, AMELIE)), "Trakt does not know this item").result(10)
        store.keep(session, [says(Action.STOP, 85, TRON)], T0, idle=False).result(10)


def test_where_there_is_nothing_it_says_how_to_begin(file: Path) -> None:
    assert status(file) == [
        "Agent     not running: `scrobbler run`",
        "Account   marta: not signed in: `scrobbler login --account marta`",
        "Account   default: not signed in: `scrobbler login`",
        "Player    mpv (mpv), for default",
        "Player    tv (mpv), for marta",
    ]


def test_looking_leaves_nothing_behind(file: Path, tmp_path: Path) -> None:
    status(file)
    known(file)
    assert not (tmp_path / "state").exists()


def test_the_keys_for_programs_are_always_the_same(file: Path, tmp_path: Path) -> None:
    top = ["agent", "state_dir", "accounts", "players", "watching", "waiting", "set_aside", "watched"]
    empty = known(file)
    assert list(empty) == top
    assert empty["agent"] == {"running": False, "pid": None}
    assert empty["state_dir"] == str(tmp_path / "state")
    assert empty["accounts"] == [
        {"name": "marta", "signed_in": False, "problem": "not signed in: `scrobbler login --account marta`"},
        {"name": "default", "signed_in": False, "problem": "not signed in: `scrobbler login`"},
    ]
    assert empty["players"][1] == {"name": "tv", "kind": "mpv", "account": "marta"}
    assert [empty[key] for key in top[4:]] == [[], [], [], []]

    filled(tmp_path / "state")
    full = known(file)
    assert list(full) == top
    entry = {
        "entry": 3,
        "account": "default",
        "action": "stop",
        "item": "TRON: Legacy (2010)",
        "at": "2026-11-20T20:00:00+00:00",
        "attempts": 0,
        "not_before": "2026-11-20T20:00:00+00:00",
        "reason": None,
    }
    assert full["waiting"] == [entry]
    assert [list(each) for each in full["set_aside"]] == [list(entry)]
    assert full["set_aside"][0]["reason"] == "Trakt does not know this item"
    assert full["watching"] == [
        {
            "session": str(KEY),
            "account": "default",
            "state": "playing",
            "item": "Heat (1995)",
            "position_s": 30.0,
            "duration_s": 100.0,
        }
    ]
    assert full["watched"] == [
        {
            "account": "default",
            "item": "Heat (1995)",
            "watched_at": "2026-11-20T20:00:00+00:00",
            "how": "scrobbled",
            "history_id": 77,
        }
    ]


def test_each_thing_has_its_line(file: Path, tmp_path: Path) -> None:
    filled(tmp_path / "state")
    signed_in(tmp_path / "state")
    lines = status(file)
    assert "Account   default: signed in" in lines
    assert lines[5:] == [
        "Last      Heat (1995) (playing, 30%)",
        "Waiting   stop TRON: Legacy (2010), 20 Nov 20:00",
        "Set aside Le Fabuleux Destin d'Amélie Poulain (2001), 20 Nov 20:00: Trakt does not know this item",
        "Watched   Heat (1995), 20 Nov 20:00, scrobbled",
    ]


def test_beside_a_running_agent_it_names_its_process_and_says_where_a_playback_is_now(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(tmp_path / "state")
    monkeypatch.setattr("scrobbler.cli.status.now", lambda: T0 + timedelta(seconds=20))
    with lock.held(tmp_path / "state"):
        assert known(file)["agent"] == {"running": True, "pid": os.getpid()}
        assert known(file)["watching"][0]["position_s"] == 50.0
        lines = status(file)
    assert lines[0] == f"Agent     running (pid {os.getpid()})"
    assert "Now       Heat (1995) (playing, 50%)" in lines


def test_tokens_that_make_no_sense_are_told_of_that_account_only(file: Path, tmp_path: Path) -> None:
    signed_in(tmp_path / "state", "marta").path.write_text('{"access_token": "hush"')
    signed_in(tmp_path / "state")
    lines = status(file)
    path = tmp_path / "state" / "tokens" / "marta.json"
    assert lines[1] == (f"Account   marta: {path} is damaged: move it away and sign in again")
    assert lines[2] == "Account   default: signed in"
    assert known(file)["accounts"][0]["problem"].startswith(f"{path} is damaged")


def test_a_state_file_that_is_none_is_one_line_and_is_left_alone(file: Path, tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    state = tmp_path / "state" / FILE
    state.write_bytes(b"what?" * 1000)
    assert complaint(ran("status", "--config", file), 1).startswith(f"the state file {state} cannot be read")
    assert state.read_bytes() == b"what?" * 1000


@pytest.mark.parametrize(
    ("encoding", "shown"), [("utf-8", "Amélie"), ("latin-1", "Am\udce9lie"), ("cp1251", "Am\\xe9lie")]
)
def test_no_title_is_too_much_for_any_terminal(encoding: str, shown: str, file: Path, tmp_path: Path) -> None:
    filled(tmp_path / "state", AMELIE)
    done = ran("status", "--config", file, PYTHONIOENCODING=encoding)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"Last      Le Fabuleux Destin d'{shown} Poulain (2001) (playing, 30%)\n" in done.stdout


def test_no_secret_is_shown(file: Path, tmp_path: Path) -> None:
    filled(tmp_path / "state")
    signed_in(tmp_path / "state")
    said = "\n".join([*status(file), json.dumps(known(file))])
    assert "hush" not in said
    assert "sandbox-secret" not in said


def test_times_are_shown_in_the_users_own_zone(file: Path, tmp_path: Path) -> None:
    filled(tmp_path / "state")
    done = ran("status", "--config", file, TZ="UTC-5:30")
    assert "Watched   Heat (1995), 21 Nov 01:30, scrobbled\n" in done.stdout
