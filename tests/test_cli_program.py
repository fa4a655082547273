"""The command ``scrobbler`` as a whole: its help, its options, and one clear line for each mistake."""

import os
import re
import subprocess
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import click
import pytest
from cli_process import PROGRAM, complaint, ran
from click.testing import CliRunner, Result

from scrobbler import __version__
from scrobbler.cli import COMMANDS, main, program


def typed(*args: str | Path) -> Result:
    """What the command line makes of these words, in this process."""
    return CliRunner().invoke(program, [str(arg) for arg in args], prog_name="scrobbler")


def test_it_says_its_version() -> None:
    done = ran("--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"scrobbler {__version__}\n", "")


def test_its_help_names_every_command_and_how_to_begin() -> None:
    text = typed("--help").output
    for name, words in COMMANDS.items():
        assert re.search(rf"^  {name} +{re.escape(words)}$", text, re.MULTILINE)
    assert "scrobbler demo" in text
    assert "scrobbler init && scrobbler run" in text
    assert typed("-h").output == text


def commands() -> Iterator[tuple[str, click.Command]]:
    """Each command with its name, and those of a group after it."""
    for name in COMMANDS:
        command: click.Command = import_module(f"scrobbler.cli.{name}").command
        yield name, command
        if isinstance(command, click.Group):
            yield from ((f"{name} {each}", command.commands[each]) for each in command.commands)


def own_options(command: click.Command) -> set[str]:
    """Those that are not the same everywhere."""
    options = {each.name or "" for each in command.params if isinstance(each, click.Option)}
    return options - {"config_path", "state_dir", "config", "state", "as_json"}


@pytest.mark.parametrize(("name", "command"), list(commands()), ids=lambda each: each if isinstance(each, str) else "")
def test_the_help_of_a_command_that_has_options_shows_an_example(name: str, command: click.Command) -> None:
    result = typed(*name.split(), "--help")
    assert result.exit_code == 0
    arguments = [
        each.make_metavar(click.Context(command)) for each in command.params if isinstance(each, click.Argument)
    ]
    if isinstance(command, click.Group):
        arguments = ["[COMMAND] [ARGS]..."]
    assert result.output.startswith(" ".join([f"Usage: scrobbler {name} [OPTIONS]", *arguments]) + "\n")
    if isinstance(command, click.Group):
        assert "..." not in result.output.partition("\nCommands:\n")[2], "a command's first sentence is too long"
        assert re.search(rf"Examples:\n +scrobbler {name}\n +scrobbler {name} \w", result.output)
        assert all(re.search(rf"^  {each} +\w", result.output, re.MULTILINE) for each in command.commands)
    elif arguments:
        assert re.search(rf"Examples:\n +(sudo )?scrobbler {name} [^-]", result.output)
        if own_options(command):
            assert re.search(rf"\n +scrobbler {name} (.* )?--?\w", result.output)
    elif own_options(command):
        assert re.search(rf"Examples:\n +scrobbler {name}\n +(sudo )?scrobbler {name} -", result.output)
    assert typed(*name.split(), "-h").output == result.output


@pytest.mark.parametrize("name", COMMANDS)
def test_the_short_help_is_what_the_long_help_begins_with(name: str) -> None:
    command: click.Command = import_module(f"scrobbler.cli.{name}").command
    assert (command.help or "").startswith(COMMANDS[name])


def test_without_a_command_it_shows_its_help() -> None:
    done = ran()
    assert done.returncode == 2
    assert done.stderr == typed("--help").output


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("stauts", "did you mean status?"),
        ("Login", "did you mean login?"),
        ("fly", f"there are: {', '.join(COMMANDS)}."),
    ],
)
def test_a_command_that_is_not_there_is_answered_with_one_that_is(word: str, hint: str) -> None:
    done = ran(word)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == f"Error: There is no command {word!r}: {hint}"


def test_an_option_that_is_not_there_is_answered_with_one_that_is() -> None:
    done = ran("status", "--jsn")
    assert done.returncode == 2
    assert re.search(r"No such option.*--jsn.*--json", done.stderr.splitlines()[-1])


@pytest.mark.parametrize("before", [True, False])
def test_the_files_are_named_before_or_after_the_command(before: bool, tmp_path: Path) -> None:
    file, state = tmp_path / "other.toml", tmp_path / "elsewhere"
    file.write_text('[players.living-room]\nkind = "mpv"\n')
    options = ("--config", file, "--state", state)
    result = typed(*options, "status", "--json") if before else typed("status", "--json", *options)
    assert result.exit_code == 0
    assert '"living-room"' in result.output
    assert f'"state_dir": "{state}"' in result.output


def test_the_word_after_the_command_counts_more() -> None:
    result = typed("--state", "/one", "status", "--json", "--state", "/two")
    assert '"state_dir": "/two"' in result.output


def test_the_environment_names_the_files_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "other.toml"
    file.write_text('[players.living-room]\nkind = "mpv"\n')
    monkeypatch.setenv("SCROBBLER_CONFIG", str(file))
    monkeypatch.setenv("SCROBBLER_STATE", str(tmp_path / "one"))
    assert '"living-room"' in typed("status", "--json").output
    assert f'"state_dir": "{tmp_path}/one"' in typed("status", "--json").output
    assert f'"state_dir": "{tmp_path}/two"' in typed("status", "--json", "--state", tmp_path / "two").output


@pytest.mark.parametrize("command", ["run", "status", "login"])
def test_a_mistake_in_the_file_is_one_line_with_its_place(command: str, tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[trakt]\nclient_id = "hush"\n\n[server]\nlisten = 8722\n')
    words = complaint(ran(command, "--config", file), 2)
    assert words == f'{file}:5: server.listen: this must be HOST:PORT, such as "127.0.0.1:8722", not a whole number'


def test_a_file_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    assert complaint(ran("status", "--config", tmp_path / "no.toml"), 2) == f"{tmp_path}/no.toml: there is no such file"


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    assert complaint(ran("run", "--config", tmp_path), 2) == f"{tmp_path}: cannot be read: Is a directory"


def test_a_state_folder_that_cannot_be_is_one_line_and_no_fault_of_the_settings(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    state = tmp_path / "file" / "state"
    words = complaint(ran("run", "--state", state), 1)
    assert words == f"the state folder {state} cannot be used: Not a directory"


def test_a_reader_that_leaves_ends_it_quietly() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([*PROGRAM, "status"], stdout=writer, stderr=subprocess.PIPE, timeout=20, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, b"")


def test_main_ends_with_the_status_of_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    for words, status in ((["--version"], 0), (["status"], 0), (["fly"], 2), (["status", "--config", "no.toml"], 2)):
        monkeypatch.setattr("sys.argv", ["scrobbler", *words])
        with pytest.raises(SystemExit) as caught:
            main()
        assert caught.value.code == status
