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
from queued import claimed, kept, opened

from scrobbler import lock
from scrobbler.cli import program
from scrobbler.control.request import UNTIL_OFF
from scrobbler.events import Media, Seconds
from scrobbler.machine.motion import State
from scrobbler.machine.scrobble import Action, Scrobble
from scrobbler.machine.session import Session
from scrobbler.state.decisions import Note, What
from scrobbler.state.entry import Entry, Failure
from scrobbler.state.plays import How, Play
from scrobbler.state.schema import FILE
from scrobbler.state.store import Store
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

        def sending(said: Scrobble) -> Entry:
            store.keep(session, [said], T0, idle=False).result(10)
            entry = store.claim("default", T0).result(10)
            assert entry is not None
            return entry

        store.deliver(
            sending(says(Action.STOP, 95)),
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
        store.set_aside(sending(says(Action.STOP, 90, AMELIE)), "Trakt does not know this item").result(10)
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
    top += ["incognito", "switched", "unmapped"]
    empty = known(file)
    assert list(empty) == top
    assert empty["agent"] == {"running": False, "pid": None}
    assert empty["state_dir"] == str(tmp_path / "state")
    assert empty["accounts"] == [
        {"name": "marta", "signed_in": False, "problem": "not signed in: `scrobbler login --account marta`"},
        {"name": "default", "signed_in": False, "problem": "not signed in: `scrobbler login`"},
    ]
    assert empty["players"][1] == {
        "name": "tv",
        "kind": "mpv",
        "account": "marta",
        "heard_at": None,
        "heard": None,
        "users": [],
    }
    assert [empty[key] for key in top[4:]] == [[]] * 7

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
        "state": "waiting",
        "watch": True,
        "next_at": "2026-11-20T20:00:00+00:00",
        "unmatched": False,
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
            "incognito": False,
        }
    ]
    assert full["watched"] == [
        {
            "play": 1,
            "account": "default",
            "item": "Heat (1995)",
            "watched_at": "2026-11-20T20:00:00+00:00",
            "how": "scrobbled",
            "history_id": 77,
            "undone_at": None,
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
        "Watched   Heat (1995), 20 Nov 20:00, scrobbled, play 1",
    ]


def test_what_was_not_recognised_is_counted_and_named_with_what_to_do(file: Path, tmp_path: Path) -> None:
    kept(tmp_path / "state", HEAT, TRON)
    for number in (1, 2):
        with opened(tmp_path / "state") as store:
            store.set_aside(claimed(store), "which one?", candidates="[]").result(10)
        words = "1 watch was" if number == 1 else "2 watches were"
        assert f"Unmatched {words} not recognised: scrobbler fix 1" in status(file)
    assert "Set aside TRON: Legacy (2010), 20 Nov 20:00 (scrobbler fix 2): which one?" in status(file)
    assert [one["unmatched"] for one in known(file)["set_aside"]] == [True, True]


def test_of_each_player_it_says_when_it_was_heard_last(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(tmp_path / "state") as store:
        store.note(
            [
                Note(at=T0 - timedelta(hours=1), what=What.HEARD, words="mpv: play at 0:00 of Heat", source="mpv"),
                Note(at=T0, what=What.IGNORED, words="mpv: ignored it", source="mpv"),
                Note(at=T0, what=What.SENT, words="Trakt: started Heat", source="mpv"),
                Note(at=T0, what=What.HEARD, words="plex: play of one that is not configured any more", source="plex"),
            ]
        ).result(10)
    for age, words in (
        (timedelta(seconds=59), "just now"),
        (timedelta(seconds=60), "1 minute ago"),
        (timedelta(minutes=59), "59 minutes ago"),
        (timedelta(hours=1), "1 hour ago"),
        (timedelta(days=3, hours=5), "3 days ago"),
        (timedelta(seconds=-5), "just now"),
    ):
        monkeypatch.setattr("scrobbler.cli.status.now", lambda age=age: T0 + age)
        assert f"Player    mpv (mpv), for default, last heard {words}" in status(file)
    assert "Player    tv (mpv), for marta" in status(file)
    mpv = known(file)["players"][0]
    assert (mpv["heard_at"], mpv["heard"]) == ("2026-11-20T20:00:00+00:00", "mpv: ignored it")
    assert "plex" not in json.dumps(known(file))


def test_incognito_is_shown_and_what_it_hides_has_no_name(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scrobbler.cli.status.now", lambda: T0)
    hidden = Session(key=KEY, account="default", state=State.PLAYING, media=HEAT, at=T0, incognito=True)
    with opened(tmp_path / "state") as store:
        store.keep(hidden, [], T0, idle=False).result(10)
        store.hide(["marta"], UNTIL_OFF, []).result(10)
        store.hide(["default"], T0 + timedelta(hours=3), []).result(10)
        store.hide(["paul"], UNTIL_OFF, []).result(10)
    lines = status(file)
    assert lines[3:5] == [
        "Incognito marta: on until it is switched off",
        "Incognito default: on until 20 Nov 23:00",
    ]
    assert "Last      something incognito (playing)" in lines
    found = known(file)
    assert found["incognito"] == [
        {"account": "marta", "on": True, "until": None},
        {"account": "default", "on": True, "until": "2026-11-20T23:00:00+00:00"},
    ]
    assert (found["watching"][0]["item"], found["watching"][0]["incognito"]) == (None, True)
    assert "Heat" not in json.dumps(found) + "".join(lines)
    monkeypatch.setattr("scrobbler.cli.status.now", lambda: T0 + timedelta(hours=3))
    assert [one["account"] for one in known(file)["incognito"]] == ["marta"]


def test_of_many_entries_ten_are_shown(file: Path, tmp_path: Path) -> None:
    kept(tmp_path / "state", *(Media(title=f"Film {number}") for number in range(11)), aside=True)
    kept(tmp_path / "state", *(Media(title=f"Film {number}") for number in range(100, 200)))
    lines = status(file)[5:]
    assert [line for line in lines if line.startswith("Waiting ")] == [
        f"Waiting   stop Film {number}, 20 Nov 20:00" for number in range(100, 110)
    ]
    assert lines[10] == "          and 90 more: `scrobbler queue list`"
    assert lines[20].startswith("Set aside Film 9, 20 Nov 20:00: ")
    assert lines[21:] == ["          and 1 more: `scrobbler queue list`"]
    assert len(known(file)["waiting"]) == 100


def test_what_waits_says_why(file: Path, tmp_path: Path) -> None:
    kept(tmp_path / "state", HEAT)
    with opened(tmp_path / "state") as store:
        failure = Failure(at=T0, reason="Trakt answered 503", until=T0, next_at=T0, uncertain=False, own=True)
        store.fail(claimed(store), failure).result(10)
    assert "Waiting   stop Heat (1995), 20 Nov 20:00: Trakt answered 503" in status(file)


def test_a_name_cannot_tell_the_terminal_what_to_do(file: Path, tmp_path: Path) -> None:
    kept(tmp_path / "state", Media(path="/films/\x1b]0;gone\x07\nHeat.mkv"))
    assert "Waiting   stop \ufffd]0;gone\ufffd\ufffdHeat.mkv, 20 Nov 20:00" in status(file)


def test_a_state_folder_that_can_be_none_is_one_without_an_agent(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = ran("status", "--state", tmp_path / "file" / "state")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Agent     not running: ")


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
    assert "Watched   Heat (1995), 21 Nov 01:30, scrobbled, play 1\n" in done.stdout
