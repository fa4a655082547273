"""``scrobbler accounts``: who is signed in and until when; Trakt is asked only where somebody wants that."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cli_process import complaint, configured, ran
from click.testing import CliRunner, Result
from double import Double, Served
from msgspec.structs import replace

from scrobbler.cli import program
from scrobbler.sandbox import FaultKind, Sandbox
from scrobbler.trakt.tokens import TokenFile

MARTA = '[accounts.marta]\n[players.tv]\nkind = "mpv"\naccount = "marta"\n'


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> None:
    """Times are shown as the user's clock shows them; here that is UTC."""
    monkeypatch.setenv("TZ", "UTC")


@pytest.fixture
def double(served: Served) -> Iterator[Double]:
    """A sandbox in whose time the command lives as well."""
    sandbox = Sandbox()
    with ExitStack() as stack:
        yield Double(sandbox, served.open(stack, sandbox.app))


@pytest.fixture
def file(tmp_path: Path, double: Double) -> Path:
    return configured(tmp_path, double.url, more=MARTA)


def accounts(file: Path, *options: str) -> Result:
    result = CliRunner().invoke(program, ["accounts", "--config", str(file), *options])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


def known(file: Path, *options: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(accounts(file, "--json", *options).output)
    return found


def end_of(tokens: TokenFile) -> datetime:
    kept = tokens.read()
    assert kept is not None
    return kept.expires_at


def ending(tokens: TokenFile, end: datetime) -> None:
    kept = tokens.read()
    assert kept is not None
    tokens.write(replace(kept, expires_at=end))


def test_each_account_is_a_line_and_nothing_is_sent(file: Path, tmp_path: Path, double: Double) -> None:
    tokens = double.tokens(tmp_path / "state")
    result = accounts(file)
    assert result.output.splitlines() == [
        "marta: not signed in: `scrobbler login --account marta`",
        f"default: signed in; token good until {end_of(tokens):%d %b %H:%M}, renewed before",
    ]
    assert result.exit_code == 0
    assert double.calls() == []


def test_programs_get_the_same(file: Path, tmp_path: Path, double: Double) -> None:
    tokens = double.tokens(tmp_path / "state")
    marta, default = known(file)
    assert marta == {
        "name": "marta",
        "signed_in": False,
        "problem": "not signed in",
        "token_until": None,
        "user": None,
        "login": "scrobbler login --account marta",
    }
    assert datetime.fromisoformat(default["token_until"]) == end_of(tokens)
    assert (default["signed_in"], default["problem"], default["user"]) == (True, None, None)


def test_no_token_is_shown(file: Path, tmp_path: Path, double: Double) -> None:
    kept = double.tokens(tmp_path / "state").read()
    assert kept is not None
    for options in ([], ["--json"], ["--check"], ["--check", "--json"]):
        said = accounts(file, *options).output
        assert kept.access_token not in said
        assert kept.refresh_token not in said


def test_a_token_that_has_ended_is_no_reason_to_sign_in_again(file: Path, tmp_path: Path, double: Double) -> None:
    ending(double.tokens(tmp_path / "state"), datetime(2026, 1, 2, 3, 4, tzinfo=UTC))
    assert (
        accounts(file).output.splitlines()[1] == "default: signed in; token expired 02 Jan 03:04, renewed at next use"
    )


def test_trakt_says_who_it_is_when_it_is_asked(file: Path, tmp_path: Path, double: Double) -> None:
    double.tokens(tmp_path / "state")
    double.tokens(tmp_path / "state", "marta")
    result = accounts(file, "--check")
    assert result.exit_code == 0
    assert [line.partition(";")[0] for line in result.output.splitlines()] == [
        "marta: signed in as marta",
        "default: signed in as default",
    ]
    assert double.calls() == ["GET /users/settings 200"] * 2
    assert [each["user"] for each in known(file, "--check")] == ["marta", "default"]


def test_a_check_that_renews_shows_the_new_end(file: Path, tmp_path: Path, double: Double) -> None:
    tokens = double.tokens(tmp_path / "state")
    ending(tokens, datetime.now(UTC) - timedelta(minutes=1))
    default = known(file, "--check")[1]
    assert datetime.fromisoformat(default["token_until"]) > datetime.now(UTC) + timedelta(minutes=1)
    assert double.calls() == ["POST /oauth/token 200", "GET /users/settings 200"]


def test_a_check_fails_where_an_account_does_not_work(file: Path, tmp_path: Path, double: Double) -> None:
    double.tokens(tmp_path / "state")
    double.tokens(tmp_path / "state", "marta")
    double.fault(FaultKind.LOCKED_ACCOUNT, times=1)
    result = accounts(file, "--check")
    assert result.exit_code == 1
    marta, default = result.output.splitlines()
    assert marta.startswith("marta: signed in; The Trakt account is locked")
    assert default.startswith("default: signed in as default; token good until ")


def test_a_check_fails_where_somebody_is_not_signed_in(file: Path, double: Double) -> None:
    assert accounts(file, "--check").exit_code == 1
    assert double.calls() == []


def test_a_check_without_a_trakt_says_so(tmp_path: Path, double: Double) -> None:
    double.tokens(tmp_path / "state")
    done = ran("accounts", "--config", configured(tmp_path), "--check")
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith("default: signed in; Trakt cannot be reached: ")


def test_a_damaged_file_is_named(file: Path, tmp_path: Path, double: Double) -> None:
    tokens = double.tokens(tmp_path / "state")
    tokens.path.write_text('{"access_token": "hush"')
    for options in ([], ["--check"]):
        line = accounts(file, *options).output.splitlines()[1]
        assert line == f"default: {tokens.path} is damaged: move it away and sign in again: `scrobbler login`"
    assert double.calls() == []


def test_a_sign_in_that_trakt_was_seen_to_refuse_is_one_no_more(file: Path, tmp_path: Path, double: Double) -> None:
    tokens = double.tokens(tmp_path / "state")
    kept = tokens.read()
    assert kept is not None
    tokens.refuse(kept, "Trakt does not renew the sign-in any more")
    line = "default: Trakt does not renew the sign-in any more: `scrobbler login`"
    assert accounts(file).output.splitlines()[1] == line
    default = known(file)[1]
    assert (default["signed_in"], default["token_until"]) == (False, None)
    assert double.calls() == []


def test_a_check_takes_trakts_word_against_an_older_refusal(file: Path, tmp_path: Path, double: Double) -> None:
    tokens = double.tokens(tmp_path / "state")
    kept = tokens.read()
    assert kept is not None
    tokens.refuse(kept, "Trakt was not itself")
    assert known(file, "--check")[1]["user"] == "default"
    assert known(file)[1]["signed_in"] is True


def test_a_check_that_is_refused_says_how_to_sign_in(file: Path, tmp_path: Path, double: Double) -> None:
    kept = double.tokens(tmp_path / "state").read()
    assert kept is not None
    double.sandbox.world.tokens.revoke(kept.access_token, "sandbox")
    for options in (["--check"], []):
        line = accounts(file, *options).output.splitlines()[1]
        assert line.startswith("default: Trakt does not renew the sign-in any more (")
        assert line.endswith(": `scrobbler login`")


def test_one_more_account_is_one_command_and_is_signed_in_by_the_next(file: Path) -> None:
    before = file.read_text()
    refused = complaint(ran("login", "--account", "eve", "--config", file), 2)
    assert refused == "there is no account 'eve': known are marta, default; `scrobbler accounts add eve` adds it"
    assert accounts(file, "add", "eve").output == (
        f"The account eve is in {file}.\nTo sign it in: scrobbler login --account eve\n"
    )
    assert file.read_text() == f"{before}\n[accounts.eve]\n"
    assert [one["name"] for one in known(file)] == ["marta", "eve", "default"]
    assert accounts(file, "add", "eve").output.startswith(f"{file} has the account eve already.")


def test_an_account_is_added_where_nothing_was_set_so_far(tmp_path: Path) -> None:
    file = tmp_path / "new" / "config.toml"
    assert ran("accounts", "add", "eve", "--config", file).returncode == 0
    assert file.read_text() == "[accounts.eve]\n"


def test_an_account_is_added_also_where_the_file_names_one_that_is_not_there(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[players.mpv]\naccount = "eve"\n')
    assert complaint(ran("status", "--config", file), 2).endswith("; `scrobbler accounts add eve` adds it")
    assert ran("accounts", "add", "eve", "--config", file).returncode == 0
    assert ran("status", "--config", file).returncode == 0


def test_a_name_that_cannot_be_an_account_is_one_line(file: Path) -> None:
    before = file.read_text()
    words = complaint(ran("accounts", "add", "Eve K.", "--config", file), 2)
    assert "an account's name must be letters, digits, dots, dashes and underlines, 64 at most" in words
    assert file.read_text() == before


def test_an_account_is_taken_out_and_all_else_stays(file: Path) -> None:
    before = file.read_text()
    accounts(file, "add", "eve")
    assert accounts(file, "remove", "eve").output == f"The account eve is not in {file} any more.\n"
    assert file.read_text() == f"{before}\n"


def test_an_account_that_is_in_use_stays_and_it_is_said_by_what(file: Path, tmp_path: Path, double: Double) -> None:
    file.write_text(file.read_text() + '[players.plex]\nusers = { "Ann Lee" = "marta" }\n')
    assert ran("users", "map", "plex", "Eve", "marta", "--config", file).returncode == 0
    assert ran("switch", "marta", "--player", "tv", "--config", file).returncode == 0
    double.tokens(tmp_path / "state", "marta")
    before = file.read_text()
    assert complaint(ran("accounts", "remove", "marta", "--config", file), 2) == (
        "the account marta is in use: the player tv counts for it (`scrobbler config unset players.tv.account`); "
        "Ann Lee of plex counts for it (`scrobbler config unset 'players.plex.users.\"Ann Lee\"'`); "
        "Eve of plex counts for it (`scrobbler users unmap plex Eve`); "
        "tv is switched to it (`scrobbler switch --back --player tv`); "
        "it is signed in (`scrobbler logout --account marta`)"
    )
    assert file.read_text() == before


def test_the_account_that_is_always_there_stays(file: Path) -> None:
    assert complaint(ran("accounts", "remove", "default", "--config", file), 2) == (
        f"{file} has no account default: default is there by itself"
    )
