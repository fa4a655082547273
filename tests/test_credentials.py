"""In whose name we talk to Trakt: the first source that has an app, and one clear line for each that is wrong."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrobbler.errors import ConfigError, StateError
from scrobbler.settings import credentials
from scrobbler.settings.config import Config, parse
from scrobbler.settings.credentials import Credentials, checked, find, needed, remember
from scrobbler.trakt import baked


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SCROBBLER_TRAKT_CLIENT_ID", "SCROBBLER_TRAKT_CLIENT_SECRET", "CREDENTIALS_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)


def configuration(folder: Path, trakt: str = "") -> Config:
    return parse(f'[trakt]\n{trakt}\n[state]\ndir = "{folder}/state"\n', folder / "config.toml")


def app(client_id: str, secret: str | None = None) -> Credentials:
    return Credentials(client_id=client_id, client_secret=secret)


def wrong(config: Config) -> str:
    with pytest.raises(ConfigError) as caught:
        find(config)
    assert "\n" not in str(caught.value)
    assert "hush" not in str(caught.value)
    return str(caught.value)


def test_the_first_source_that_has_one_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert find(configuration(tmp_path)) is None
    monkeypatch.setattr(baked, "CLIENT_ID", "baked")
    monkeypatch.setattr(baked, "CLIENT_SECRET", "baked-secret")
    assert find(configuration(tmp_path)) == app("baked", "baked-secret")
    remember(configuration(tmp_path), app("typed", "typed-secret"))
    assert find(configuration(tmp_path)) == app("typed", "typed-secret")
    written = configuration(tmp_path, 'client_id = "file"\nclient_secret = "file-secret"')
    assert find(written) == app("file", "file-secret")
    folder = tmp_path / "credentials"
    folder.mkdir()
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder))
    assert find(written) == app("file", "file-secret")
    (folder / "trakt_client_id").write_text("systemd\n")
    (folder / "trakt_client_secret").write_text("systemd-secret\n")
    assert find(written) == app("systemd", "systemd-secret")
    monkeypatch.setenv("SCROBBLER_TRAKT_CLIENT_ID", "environment")
    monkeypatch.setenv("SCROBBLER_TRAKT_CLIENT_SECRET", "environment-secret")
    assert find(written) == app("environment", "environment-secret")


def test_a_source_that_does_not_count_may_be_broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCROBBLER_TRAKT_CLIENT_ID", "environment")
    monkeypatch.setenv("SCROBBLER_TRAKT_CLIENT_SECRET", "secret")
    assert find(configuration(tmp_path, 'client_id_file = "nowhere"')) == app("environment", "secret")


def test_what_is_set_to_nothing_is_not_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCROBBLER_TRAKT_CLIENT_ID", "")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", "")
    assert find(configuration(tmp_path, 'client_id = ""')) is None


def test_the_secret_may_live_apart_from_the_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCROBBLER_TRAKT_CLIENT_SECRET", "apart")
    assert find(configuration(tmp_path, 'client_id = "file"')) == app("file", "apart")
    remember(configuration(tmp_path), app("typed", "typed-secret"))
    assert find(configuration(tmp_path)) == app("typed", "apart")


def test_a_secret_that_was_typed_in_goes_with_its_own_id_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(baked, "CLIENT_ID", "baked")
    monkeypatch.setattr(baked, "CLIENT_SECRET", "baked-secret")
    remember(configuration(tmp_path), app("typed"))
    assert find(configuration(tmp_path)) == app("typed")
    assert find(configuration(tmp_path, 'client_id = "file"')) == app("file")


@pytest.mark.parametrize("name", ["id.txt", "./secrets/id.txt"])
def test_a_file_is_found_beside_the_configuration(name: str, tmp_path: Path) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("\n  by-file \n\n")
    assert find(configuration(tmp_path, f'client_id_file = "{name}"')) == app("by-file")


def test_a_file_may_be_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "id").write_text("at-home")
    (home / "secret").write_text("whisper")
    trakt = f'client_id_file = "{home}/id"\nclient_secret_file = "~/secret"'
    assert find(configuration(tmp_path, trakt)) == app("at-home", "whisper")


@pytest.mark.parametrize("name", ["nowhere", "~nobody-of-this-name/id"])
def test_a_file_that_was_named_must_be_there(name: str, tmp_path: Path) -> None:
    words = wrong(configuration(tmp_path, f'client_id_file = "{name}"'))
    assert words == f"{tmp_path}/config.toml: trakt.client_id_file: {tmp_path}/{name}: there is no such file"


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    words = wrong(configuration(tmp_path, 'client_secret_file = "."'))
    assert words == f"{tmp_path}/config.toml: trakt.client_secret_file: {tmp_path}: cannot be read: Is a directory"
    words = wrong(configuration(tmp_path, 'client_id_file = "a\\u0000b"'))
    assert "cannot be read: " in words


@pytest.mark.parametrize("content", [b"", b" \n", b"hush hush", b"hush\nhush", b"hush\xe9", b"hush\x00", b"h" * 5000])
def test_a_file_holds_one_word(content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "trakt_client_id"
    path.write_bytes(content)
    kept = f"{path}: this must be one word of letters, digits and signs, as Trakt shows it"
    assert wrong(configuration(tmp_path, 'client_id_file = "trakt_client_id"')).endswith(f"client_id_file: {kept}")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert wrong(configuration(tmp_path)) == kept


def test_a_value_that_no_header_can_carry_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = wrong(configuration(tmp_path, 'client_id = "hush hush"'))
    assert words.startswith(f"{tmp_path}/config.toml: trakt.client_id: this must be one word")
    monkeypatch.setenv("SCROBBLER_TRAKT_CLIENT_SECRET", "hush\n")
    assert wrong(configuration(tmp_path)).startswith("SCROBBLER_TRAKT_CLIENT_SECRET: this must be one word")


@given(st.text() | st.text("!Az09~", max_size=501))
def test_a_value_is_a_word_or_is_refused_without_being_quoted(value: str) -> None:
    if 0 < len(value) <= 500 and value.isascii() and value.isprintable() and " " not in value:
        assert checked(value, "here") == value
        return
    with pytest.raises(ConfigError) as caught:
        checked(value, "here")
    assert str(caught.value) == "here: this must be one word of letters, digits and signs, as Trakt shows it"


def test_without_an_app_it_says_where_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        needed(configuration(tmp_path))
    assert str(caught.value) == (
        f"{tmp_path}/config.toml: trakt.client_id is missing: it names the Trakt app to sign in with, from "
        "https://app.trakt.tv/settings/apps, where Trakt lets only VIP members create one since July 2026"
    )
    assert needed(configuration(tmp_path, 'client_id = "file"')) == app("file")


def test_what_is_remembered_is_for_its_owner_only(tmp_path: Path) -> None:
    config = configuration(tmp_path)
    remember(config, app("first", "hush"))
    remember(config, app("second"))
    [kept] = config.state_dir.iterdir()
    assert (kept.name, kept.stat().st_mode & 0o777) == ("app.json", 0o600)
    assert json.loads(kept.read_bytes()) == {"client_id": "second", "client_secret": None}
    assert config.state_dir.stat().st_mode & 0o777 == 0o700


def test_what_cannot_be_remembered_is_said_and_leaves_nothing(tmp_path: Path) -> None:
    config = configuration(tmp_path)
    (config.state_dir / "app.json").mkdir(parents=True)
    with pytest.raises(StateError, match=r"app\.json cannot be written: Is a directory"):
        remember(config, app("typed"))
    assert [path.name for path in config.state_dir.iterdir()] == ["app.json"]
    assert "app.json: cannot be read: Is a directory" in wrong(config)


@pytest.mark.parametrize(
    "content", [b"hush", b'{"client_secret": "hush"}', b'{"client_id": 7}', b'{"client_id": "\xff"}']
)
def test_a_damaged_memory_is_named(content: bytes, tmp_path: Path) -> None:
    config = configuration(tmp_path)
    config.state_dir.mkdir()
    (config.state_dir / "app.json").write_bytes(content)
    assert wrong(config) == f"{config.state_dir}/app.json: is damaged: remove it, and `scrobbler login` asks again"


@pytest.mark.parametrize("content", ['{"client_id": ""}', '{"client_id": "a", "client_secret": "hush hush"}'])
def test_a_memory_of_nonsense_is_named(content: str, tmp_path: Path) -> None:
    config = configuration(tmp_path)
    config.state_dir.mkdir()
    (config.state_dir / "app.json").write_text(content)
    assert wrong(config).startswith(f"{config.state_dir}/app.json: this must be one word")


def test_nothing_is_baked_in() -> None:
    assert (baked.CLIENT_ID, baked.CLIENT_SECRET) == (None, None)


def test_the_secret_is_in_no_representation() -> None:
    assert "hush" not in repr(app("id", "hush"))
    assert "id" in repr(app("id"))
    assert "VIP" in credentials.WHERE_FROM
