"""``scrobbler config``: what is set, whether it is right, and how to change it without an editor."""

import difflib
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import click
import tomli

from scrobbler.cli import Group, Settings, printable, settings_options
from scrobbler.errors import ConfigError
from scrobbler.settings import edit, keys
from scrobbler.settings.config import Config
from scrobbler.settings.keys import Origin, Setting
from scrobbler.settings.toml import Keys

FROM_INPUT: Final = "-"
"""Stands for a value that is not on the command line."""

_MARKS: Final = {Origin.DEFAULT: "  # default", Origin.ENVIRONMENT: "  # from the environment", Origin.FILE: ""}


@click.group(cls=Group, invoke_without_command=True)
@settings_options
@click.pass_context
def command(context: click.Context) -> None:
    """Show, check and change what is set.

    Without a command it shows all that holds. A running agent follows each change at once.

    \b
    Examples:
      scrobbler config
      scrobbler config set server.listen 0.0.0.0:8722
      scrobbler config set players.mpv.sockets '["~/one", "~/two"]'
      scrobbler config set server.password -
      scrobbler config get state.keep_days
    """
    if context.invoked_subcommand is None:
        context.invoke(show)


@command.command()
@settings_options
@click.pass_obj
def path(settings: Settings) -> None:
    """Print which file is read, whether it is there or not.

    \b
    Examples:
      scrobbler config path
      scrobbler config path --config ./config.toml
    """
    click.echo(settings.path())


@command.command()
@click.option("--json", "as_json", is_flag=True, help="Print it as one JSON object.")
@settings_options
@click.pass_obj
def show(settings: Settings, as_json: bool) -> None:
    """Show all that holds, without secrets.

    What is a default is marked as one.

    \b
    Examples:
      scrobbler config show
      scrobbler config show --json
    """
    found = _settings(settings)
    if as_json:
        rows = {edit.joined(each.keys): {"value": each.shown, "from": each.origin.value} for each in found}
        click.echo(json.dumps({"path": str(settings.path()), "settings": rows}, indent=2, ensure_ascii=False))
    else:
        told = (each for each in found if each.keys[2:3] != ("filter",) or each.origin is Origin.FILE)
        click.echo("\n".join([f"# {settings.path()}", *map(_line, told)]))


@command.command()
@click.argument("key")
@click.option("--reveal", is_flag=True, help="Print a secret as it is.")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@settings_options
@click.pass_obj
def get(settings: Settings, key: str, reveal: bool, as_json: bool) -> None:
    """Print what holds for one key.

    Texts are printed as they are, all else as TOML; nothing where there is no value.

    \b
    Examples:
      scrobbler config get server.listen
      scrobbler config get players.mpv.sockets --json
    """
    wanted = edit.split(key)
    found = next((each for each in _settings(settings) if each.keys == wanted), None)
    if found is None:
        raise _unknown(settings, wanted)
    value = found.value if reveal else found.shown
    if as_json:
        click.echo(json.dumps(value, ensure_ascii=False))
    elif value is not None:
        click.echo(value if isinstance(value, str) else _toml(value))


@command.command("set")
@click.argument("key")
@click.argument("value")
@settings_options
@click.pass_obj
def set_key(settings: Settings, key: str, value: str) -> None:
    """Set a key in the file; all else in it stays as it is.

    The value is one of TOML (true, 30, ["a", "b"]) or a text, which needs no quotes. What would be a mistake is
    refused, and then nothing is changed. For - it is asked for, or read from what is piped in: so give a secret
    (trakt.client_secret, server.password, players.NAME.secret), which others can see on a command line.

    \b
    Examples:
      scrobbler config set scrobble.threshold 90
      scrobbler config set 'players.plex.users."Ann Lee"' marta
      scrobbler config set trakt.client_secret -
      scrobbler config set server.listen 0.0.0.0:8722 --config ./config.toml
    """
    wanted, file = edit.split(key), settings.path()
    name, secret = edit.joined(wanted), keys.is_secret(wanted)
    if value != FROM_INPUT:
        changed = _put(settings, file, wanted, value)
    elif secret:
        changed = _put_text(settings, file, wanted, _asked(name, hidden=True))
    else:
        changed = _put(settings, file, wanted, _asked(name, hidden=False))
    _say(changed, file, f"{name} is set")
    if secret and value != FROM_INPUT:
        words = "others can see it in the list of processes, and your shell keeps it"
        click.echo(f"A secret on a command line is none: {words}. Better: scrobbler config set {name} -", err=True)


@command.command()
@click.argument("key")
@settings_options
@click.pass_obj
def unset(settings: Settings, key: str) -> None:
    """Take a key or a table out of the file.

    Its default holds again.

    \b
    Examples:
      scrobbler config unset scrobble.threshold
      scrobbler config unset players.bedroom
      scrobbler config unset server --config ./config.toml
    """
    wanted, file = edit.split(key), settings.path()
    if not edit.take(file, wanted):
        if not _exists(settings, wanted):
            raise _unknown(settings, wanted)
        click.echo(f"{edit.joined(wanted)} is not in {file}: its default holds")
        return
    _say(True, file, f"{edit.joined(wanted)} is not set any more")


@command.command()
@click.option("--json", "as_json", is_flag=True, help="Print it as one JSON object.")
@settings_options
@click.pass_obj
def check(settings: Settings, as_json: bool) -> None:
    """Say whether the configuration is right.

    Exit 2 where it is not.

    \b
    Examples:
      scrobbler config check
      scrobbler config check --json
    """
    mistake = None
    try:
        proven(settings.load())
    except ConfigError as error:
        if not as_json:
            raise
        mistake = str(error)
    if as_json:
        click.echo(json.dumps({"path": str(settings.path()), "ok": mistake is None, "mistake": mistake}))
    else:
        click.echo(f"{settings.path()} is right" if settings.path().exists() else "there is no file: the defaults hold")
    if mistake is not None:
        click.get_current_context().exit(2)


def proven(configuration: Config) -> None:
    """Raises ``ConfigError`` for what can be read and cannot work on this machine."""
    from scrobbler import adapters  # noqa: PLC0415  # loads what a player needs

    for name, player in configuration.players.items():
        plugin = adapters.load(player.kind)
        if plugin is not None:
            plugin.build(name, player.options)


def _asked(name: str, *, hidden: bool) -> str:
    """The value that somebody types, or pipes in. Raises ``ConfigError`` where there is none."""
    if sys.stdin.isatty():
        value: str = click.prompt(name, hide_input=hidden, err=True)
        return value
    value = sys.stdin.readline().rstrip("\r\n")
    if not value:
        raise ConfigError(f"{name}: no value came in; {edit.UNTOUCHED}")
    return value


def _put(settings: Settings, file: Path, wanted: Keys, value: str) -> bool:
    """Set it as what TOML makes of the words, else as the words themselves."""
    try:
        return edit.put(file, wanted, tomli.loads(f"value = {value}")["value"])
    except tomli.TOMLDecodeError:
        first = None
    except ConfigError as error:
        first = error
    return _put_text(settings, file, wanted, value, first)


def _put_text(settings: Settings, file: Path, wanted: Keys, value: str, first: ConfigError | None = None) -> bool:
    """Set it as the words; ``first`` is what was wrong with them as something else."""
    try:
        return edit.put(file, wanted, value)
    except ConfigError as error:
        if "there is no such key" in str(error) and not _exists(settings, wanted):
            raise _unknown(settings, wanted) from None
        raise first or error from None


def _say(changed: bool, file: Path, words: str) -> None:
    click.echo(f"{words} in {file}" if changed else f"{file} says so already")


def _settings(settings: Settings) -> list[Setting]:
    configuration = settings.load()
    return list(keys.settings(configuration, keys.document(configuration.path)))


def _exists(settings: Settings, wanted: Keys) -> bool:
    try:
        return any(each.keys == wanted for each in _settings(settings))
    except ConfigError:
        return False


def _unknown(settings: Settings, wanted: Keys) -> ConfigError:
    """The error that names what was meant, and where all are shown."""
    name = edit.joined(wanted)
    close = _nearest(name, [edit.joined(each.keys) for each in _settings(settings)])
    meant = f" (did you mean {close}?)" if close else ""
    return ConfigError(f"{name}: there is no such key{meant}; `scrobbler config show` has all that there are")


def _nearest(name: str, known: Sequence[str]) -> str | None:
    """The key that is written most alike, or whose own name is."""
    last = {key.rpartition(".")[2]: key for key in reversed(known)}
    close = difflib.get_close_matches(name, known, n=1)
    inner = difflib.get_close_matches(name.rpartition(".")[2], last, n=1)
    return close[0] if close else last[inner[0]] if inner else None


def _line(setting: Setting) -> str:
    name = edit.joined(setting.keys)
    if setting.value is None:
        return f"# {name} is not set"
    return printable(f"{name} = {_toml(setting.shown)}{_MARKS[setting.origin]}")


def _toml(value: Any) -> str:
    import tomlkit  # noqa: PLC0415  # only these commands need it

    if isinstance(value, dict):
        table = tomlkit.inline_table()
        table.update(value)
        return str(table.as_string())
    text: str = tomlkit.item(value).as_string()
    return text
