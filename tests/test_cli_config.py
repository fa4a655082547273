"""``scrobbler config``: what holds is shown without secrets, and a change is right or not made."""

import json
import subprocess
from pathlib import Path

import pytest
from cli_process import PROGRAM, complaint, ran
from click.testing import CliRunner, Result
from terminal import terminal

from scrobbler.cli import program

FILE = """\
# Ours.
[players.plex]
secret = "open sesame"  # from the web page
[players.plex.users]
"Ann Lee" = "marta"
[accounts.marta]
[notify]
targets = ["ntfy://ntfy.sh/open sesame", "desktop"]
[trakt]
client_secret = "our-secret"
"""


def typed(*args: str | Path) -> Result:
    return CliRunner().invoke(program, ["config", *map(str, args)], prog_name="scrobbler")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "config" / "scrobbler" / "config.toml"
    path.parent.mkdir(parents=True)
    path.write_text(FILE)
    return path


def test_the_file_is_named_whether_it_is_there_or_not(tmp_path: Path) -> None:
    assert typed("path").output == f"{tmp_path}/config/scrobbler/config.toml\n"
    assert typed("path", "--config", "/elsewhere.toml").output == "/elsewhere.toml\n"


@pytest.mark.parametrize("words", [(), ("show",)])
def test_all_that_holds_is_shown_with_defaults_marked_and_secrets_hidden(words: tuple[str, ...], file: Path) -> None:
    shown = typed(*words).output.splitlines()
    assert shown[0] == f"# {file}"
    assert 'server.listen = "127.0.0.1:8722"  # default' in shown
    assert 'players.plex.secret = "(hidden)"' in shown
    assert 'players.plex.users."Ann Lee" = "marta"' in shown
    assert 'notify.targets = ["ntfy://(hidden)", "desktop"]' in shown
    assert 'trakt.client_secret = "(hidden)"' in shown
    assert "# server.password is not set" in shown


def test_json_says_the_same_and_where_it_comes_from(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCROBBLER_TRAKT_CLIENT_ID", "by-environment")
    said = json.loads(typed("show", "--json").output)
    assert said["path"] == str(file)
    assert said["settings"]["trakt.client_secret"] == {"value": "(hidden)", "from": "file"}
    assert said["settings"]["trakt.client_id"] == {"value": "by-environment", "from": "environment"}
    assert said["settings"]["scrobble.threshold"] == {"value": 80.0, "from": "default"}


def test_one_key_is_printed_bare(file: Path) -> None:
    assert typed("get", "server.listen").output == "127.0.0.1:8722\n"
    assert typed("get", "scrobble.at_threshold").output == "false\n"
    assert typed("get", 'players.plex.users."Ann Lee"', "--json").output == '"marta"\n'
    assert typed("get", "server.password").output == ""
    assert typed("get", "players.plex.secret").output == "(hidden)\n"
    assert typed("get", "notify.targets").output == '["ntfy://(hidden)", "desktop"]\n'


def test_a_secret_is_printed_only_to_who_asks_for_it(file: Path) -> None:
    file.write_text(FILE.replace("our-secret", "no-harm-in-this"))
    assert typed("get", "trakt.client_secret", "--reveal").output == "no-harm-in-this\n"


def test_a_text_needs_no_quotes_and_all_else_is_toml(file: Path) -> None:
    for key, value in (
        ("server.listen", "0.0.0.0:80"),
        ("trakt.client_id", "123"),
        ("scrobble.at_threshold", "true"),
        ("notify.targets", '["desktop"]'),
        ("state.dir", '"/var/lib/scrobbler"'),
        ('players.plex.users."Bo"', "marta"),
    ):
        assert typed("set", key, value).output == f"{key.replace(chr(34), '')} is set in {file}\n"
    assert typed("get", "trakt.client_id", "--json").output == '"123"\n'
    assert typed("get", "scrobble.at_threshold", "--json").output == "true\n"
    assert typed("get", "notify.targets", "--json").output == '["desktop"]\n'
    assert typed("get", "state.dir").output == "/var/lib/scrobbler\n"
    assert file.read_text().startswith(FILE.partition("[notify]")[0].replace("[accounts", "[accounts")[:60])
    assert "# from the web page" in file.read_text()
    assert typed("set", "server.listen", "0.0.0.0:80").output == f"{file} says so already\n"


def test_unset_brings_the_default_back(file: Path) -> None:
    typed("set", "scrobble.threshold", "90")
    assert typed("unset", "scrobble.threshold").output == f"scrobble.threshold is not set any more in {file}\n"
    assert typed("get", "scrobble.threshold").output == "80.0\n"
    assert typed("unset", "scrobble.threshold").output == f"scrobble.threshold is not in {file}: its default holds\n"
    typed("unset", "players.plex")
    assert "plex" not in file.read_text()


@pytest.mark.parametrize(
    "words", [("get", "scrobble.treshold"), ("set", "scrobble.treshold", "90"), ("unset", "scrobble.treshold")]
)
def test_a_key_that_is_not_there_is_answered_with_one_that_is(words: tuple[str, ...], file: Path) -> None:
    said = complaint(ran("config", *words), 2)
    assert said == (
        "scrobble.treshold: there is no such key (did you mean scrobble.threshold?); "
        "`scrobbler config show` has all that there are"
    )
    assert file.read_text() == FILE


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("scrobble.threshold", "75", "scrobble.threshold: this must be a percent from 80 to 100; nothing was changed"),
        ("server.listen", "8722", "server.listen: this must be HOST:PORT, such as"),
        ("players.plex.account", "nobody", "players.plex.account: there is no [accounts.nobody]"),
        ("players.tv.kind", "betamax", "there is no adapter 'betamax'"),
        ("server", "5", "server: this must be a table"),
    ],
)
def test_a_mistake_is_refused_and_changes_nothing(key: str, value: str, words: str, file: Path) -> None:
    assert words in complaint(ran("config", "set", key, value), 2)
    assert file.read_text() == FILE


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("foo.bar", ""),
        ("threshold", " (did you mean scrobble.threshold?)"),
        ("foo.pasword", " (did you mean server.pas"),
    ],
)
def test_the_nearest_key_is_named_and_not_all_of_them(key: str, meant: str, file: Path) -> None:
    said = complaint(ran("config", "set", key, "1"), 2)
    assert said.startswith(f"{key}: there is no such key{meant}")
    assert len(said) < 160


@pytest.mark.parametrize(
    ("key", "value"),
    [("trakt.client_secret", "12345678"), ("server.password", '"hush" # hush'), ("server.hosts", '["a"]')],
)
def test_a_value_is_read_from_what_is_piped_in(key: str, value: str, file: Path) -> None:
    done = subprocess.run(
        [*PROGRAM, "config", "set", key, "-"], input=f"{value}\n", capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{key} is set in {file}\n", "")
    assert typed("get", key, "--reveal").output == f"{value}\n"


def test_where_nothing_is_piped_in_nothing_is_set(file: Path) -> None:
    assert complaint(ran("config", "set", "server.password", "-"), 2) == (
        "server.password: no value came in; nothing was changed"
    )
    assert file.read_text() == FILE


def test_somebody_at_a_terminal_is_asked_for_a_secret_and_does_not_see_it(file: Path) -> None:
    with terminal(80, 24, "config", "set", "server.password", "-") as asked:
        asked.shows("server.password: ")
        asked.types("hush-hush\n")
        assert asked.end() == 0
        assert "hush" not in asked.shown
    assert typed("get", "server.password", "--reveal").output == "hush-hush\n"


def test_a_secret_on_the_command_line_is_taken_and_a_better_way_is_said(file: Path) -> None:
    done = ran("config", "set", "server.password", "hush-hush")
    assert (done.returncode, done.stdout) == (0, f"server.password is set in {file}\n")
    assert done.stderr.endswith("Better: scrobbler config set server.password -\n")
    assert "hush" not in done.stderr
    assert ran("config", "set", "trakt.client_id_file", "app.txt").stderr == ""


def test_what_is_no_key_is_said(file: Path) -> None:
    assert "is no key: write it as server.listen" in complaint(ran("config", "get", "a b"), 2)


def test_the_check_says_that_all_is_right_or_the_one_line(file: Path, tmp_path: Path) -> None:
    assert typed("check").output == f"{file} is right\n"
    assert json.loads(typed("check", "--json").output) == {"path": str(file), "ok": True, "mistake": None}
    file.write_text("[server]\nlisten = 5\n")
    assert complaint(ran("config", "check"), 2).startswith(f"{file}:2: server.listen: this must be HOST:PORT")
    result = typed("check", "--json")
    assert result.exit_code == 2
    assert json.loads(result.output)["mistake"].startswith(f"{file}:2: server.listen")
    file.write_text('[players.mpv]\nsockets = "relative"\n')
    assert "is a relative path" in complaint(ran("config", "check"), 2)
    file.unlink()
    assert typed("check").output == "there is no file: the defaults hold\n"


def test_a_broken_file_can_be_mended_with_it(file: Path) -> None:
    file.write_text("[server]\nlisten = 5\n")
    assert typed("set", "server.listen", "127.0.0.1:80").exit_code == 0
    assert typed("check").exit_code == 0


def test_a_folder_that_takes_nothing_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    said = complaint(ran("config", "set", "server.listen", "[::1]:80", "--config", tmp_path / "file" / "c.toml"), 1)
    assert said.startswith(f"{tmp_path}/file/c.toml cannot be written: ")
