"""The token file: one per account, private, whole, and shared between processes."""

import multiprocessing
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from scrobbler.errors import ConfigError, StateError
from scrobbler.trakt.tokens import TokenFile, Tokens

NOW = datetime(2026, 11, 20, 20, 0, tzinfo=UTC)
TOKENS = Tokens(
    access_token="access-secret",
    refresh_token="refresh-secret",
    created_at=NOW,
    expires_at=NOW + timedelta(days=7),
)


def test_an_account_without_a_sign_in_has_no_tokens(tmp_path: Path) -> None:
    assert TokenFile(tmp_path, "me").read() is None


def test_what_was_written_is_read(tmp_path: Path) -> None:
    TokenFile(tmp_path, "me").write(TOKENS)
    assert TokenFile(tmp_path, "me").read() == TOKENS
    assert TokenFile(tmp_path, "you").read() is None


def test_nobody_else_can_read_tokens(tmp_path: Path) -> None:
    file = TokenFile(tmp_path / "state", "me")
    file.write(TOKENS)
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.path.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700


def test_a_write_leaves_nothing_beside_the_file(tmp_path: Path) -> None:
    file = TokenFile(tmp_path, "me")
    file.write(TOKENS)
    file.write(replace(TOKENS, access_token="next"))
    assert [path.name for path in file.path.parent.iterdir()] == ["me.json"]


def test_a_write_that_fails_keeps_the_old_tokens(tmp_path: Path) -> None:
    file = TokenFile(tmp_path, "me")
    file.path.mkdir(parents=True)  # a file cannot be renamed over a folder
    with pytest.raises(StateError, match=r"me\.json cannot be written"):
        file.write(TOKENS)
    assert [path.name for path in file.path.parent.iterdir()] == ["me.json"]


def test_removing_tokens_twice_is_no_error(tmp_path: Path) -> None:
    file = TokenFile(tmp_path, "me")
    file.write(TOKENS)
    file.remove()
    file.remove()
    assert file.read() is None


def test_a_place_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    file = TokenFile(tmp_path, "me")
    file.path.mkdir(parents=True)  # a folder where the file should be
    with pytest.raises(StateError, match=r"me\.json cannot be read"):
        file.read()
    with pytest.raises(StateError, match=r"me\.json cannot be removed"):
        file.remove()
    (tmp_path / "state").touch()  # a file where the folder should be
    with pytest.raises(StateError, match="cannot be used"), TokenFile(tmp_path / "state", "me").locked():
        pytest.fail("nothing was locked")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"access_token": "access-secret"}', b"\xff\xfe"])
def test_a_damaged_file_is_named_and_kept(tmp_path: Path, content: bytes) -> None:
    file = TokenFile(tmp_path, "me")
    file.write(TOKENS)
    file.path.write_bytes(content)
    with pytest.raises(StateError) as caught:
        file.read()
    assert str(file.path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)
    assert file.path.read_bytes() == content


@pytest.mark.parametrize("account", ["", "a/b", "..", ".hidden", "a\\b", "a\0b", "x" * 65])
def test_a_name_that_cannot_be_a_file_is_no_account(tmp_path: Path, account: str) -> None:
    with pytest.raises(ConfigError, match="cannot be an account's name"):
        TokenFile(tmp_path, account)


def test_secrets_are_not_shown() -> None:
    assert "secret" not in repr(TOKENS)
    assert "secret" not in f"{TOKENS}"


@pytest.mark.parametrize(
    ("life", "left", "stale"),
    [
        (timedelta(days=7), timedelta(days=2), False),
        (timedelta(days=7), timedelta(days=1), True),
        (timedelta(minutes=30), timedelta(minutes=9), True),
        (timedelta(minutes=30), timedelta(minutes=11), False),
    ],
)
def test_tokens_are_stale_near_their_end(life: timedelta, left: timedelta, stale: bool) -> None:
    tokens = replace(TOKENS, expires_at=NOW + life)
    assert tokens.stale(NOW + life - left) is stale
    assert not tokens.expired(NOW + life - left)
    assert tokens.expired(NOW + life)


def _count_to(path: Path, count: int) -> None:
    for _ in range(count):
        with TokenFile(path, "me").locked():
            number = path / "number"
            number.write_text(str(int(number.read_text()) + 1))


def test_the_lock_keeps_processes_apart(tmp_path: Path) -> None:
    (tmp_path / "number").write_text("0")
    spawn = multiprocessing.get_context("spawn")
    others = [spawn.Process(target=_count_to, args=(tmp_path, 200)) for _ in range(2)]
    for process in others:
        process.start()
    _count_to(tmp_path, 200)
    for process in others:
        process.join()
    assert [process.exitcode for process in others] == [0, 0]
    assert (tmp_path / "number").read_text() == "600"
