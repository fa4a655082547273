"""``scrobbler init``: from nothing to a running set-up with few questions, and a way back from all that it wrote."""

import os
import shutil
import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from shlex import quote
from typing import Final

import click
from msgspec import Struct

from scrobbler import adapters
from scrobbler.cli import Settings, now, secret_of, settings_options
from scrobbler.errors import ConfigError, ScrobblerError
from scrobbler.settings import edit
from scrobbler.settings.tables import Server
from scrobbler.setup import machine
from scrobbler.setup.machine import Found
from scrobbler.setup.mpvconf import MpvConf, all_of
from scrobbler.setup.template import Choice, written

BACKUP: Final = "before-scrobbler"
_OPEN: Final = "0.0.0.0"  # noqa: S104  # only where the user says that other machines post


class Plan(Struct, frozen=True, kw_only=True):
    """What is to be written, once all was asked."""

    choice: Choice
    mpv: tuple[MpvConf, ...]
    """The files that get the line."""


class Deeds:
    """What was done, and how it is taken back."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.undo: list[str] = []

    def add(self, done: str, undo: str) -> None:
        """One more."""
        self.done.append(done)
        self.undo.insert(0, undo)


@click.command()
@click.option("--defaults", is_flag=True, help="Ask nothing: take what each question offers.")
@click.option("--force", is_flag=True, help="Write it anew; the old configuration is kept beside it.")
@click.option("--no-detect", is_flag=True, help="Do not look which players are here.")
@settings_options
@click.pass_context
def command(context: click.Context, defaults: bool, force: bool, no_detect: bool) -> None:
    """Set it up: find players, write the configuration, sign in.

    It looks for mpv, VLC and Kodi, and for media servers that answer on this machine (and nowhere else). Enter takes
    what is offered. Nothing is written before the last question; then it is said what was written, and how to take
    it back.

    \b
    Examples:
      scrobbler init
      scrobbler init --defaults
      scrobbler init --force
    """
    settings = context.ensure_object(Settings)
    path = settings.path()
    there = path.exists() or path.is_symlink()
    if there and not force:
        raise ConfigError(
            f"{path}: there is a configuration already: `scrobbler config` shows it, "
            "and --force writes a new one and keeps the old beside it"
        )
    if not defaults and not sys.stdin.isatty():
        raise ConfigError("there is no terminal to ask on: use --defaults")
    ask = _offered if defaults else _asked
    try:
        plan = _plan(() if no_detect else machine.look(), ask)
    except (click.Abort, KeyboardInterrupt):
        click.echo("\nNothing was written.", err=True)
        raise
    deeds = Deeds()
    try:
        _write(settings, plan, deeds, now())
    finally:
        if deeds.done:
            click.echo("\n" + "\n".join([*deeds.done, "", "To take it back:", *(f"  {each}" for each in deeds.undo)]))
    _next(settings)
    if not defaults and click.confirm("\nSign in to Trakt now?", default=True):
        from scrobbler.cli import login  # noqa: PLC0415  # only who signs in needs it

        context.invoke(login.command)


# Asking

Ask = Callable[[str, bool], bool]


def _asked(question: str, offered: bool) -> bool:
    return click.confirm(question, default=offered)


def _offered(question: str, offered: bool) -> bool:
    click.echo(f"{question} {'yes' if offered else 'no'}")
    return offered


def _plan(found: Sequence[Found], ask: Ask) -> Plan:
    """What the user wants. Raises ``Abort``."""
    players = []
    for one in found:
        if one.kind not in adapters.available():
            click.echo(f"{one.name} is here ({one.where}); there is no adapter for it yet.")
        elif ask(f"{one.name} is here ({one.where}). {'Take its webhooks' if _posts(one.kind) else 'Watch it'}?", True):
            players.append(one.kind)
    others = [kind for kind in adapters.available() if kind not in {one.kind for one in found}]
    if not players or ask(f"Is there anything else to follow ({', '.join(others)})?", False):
        for kind in others:
            if ask(f"  {kind}?", kind == "mpv" and not players):
                players.append(kind)
    players = players or ["mpv"]
    listen = None
    if any(map(_posts, players)) and ask("Does a server on another machine post to this one?", False):
        listen = f"{_OPEN}:{Server().address()[1]}"
    sockets, lines = _mpv(ask) if "mpv" in players else ((), ())
    return Plan(choice=Choice(players=tuple(players), sockets=sockets, listen=listen), mpv=lines)


def _posts(kind: str) -> bool:
    """Whether players of this kind call us."""
    plugin = adapters.load(kind)
    return plugin is not None and plugin.setup is not None


def _mpv(ask: Ask) -> tuple[tuple[str, ...], tuple[MpvConf, ...]]:
    """Where its sockets are, and which files get the line."""
    runtime = machine.runtime()
    places: list[str] = []
    lines: list[MpvConf] = []
    for conf in all_of(runtime):
        try:
            listens = conf.socket()
        except OSError as error:
            click.echo(f"{conf.path} cannot be read: {error.strerror}")
            continue
        if listens is not None:
            click.echo(f"{conf.path}: mpv listens on {listens} already; it is followed there.")
            places.append(str(conf.sockets if listens.parent == conf.sockets else listens))
        elif ask(f"mpv is heard with one line in {conf.path}:\n  {conf.line}\nAdd it?", True):
            lines.append(conf)
            places.append(str(conf.sockets))
    own = str(runtime / "mpv")
    return () if places in ([], [own]) else tuple(places), tuple(lines)


# Writing


def _write(settings: Settings, plan: Plan, deeds: Deeds, at: datetime) -> None:
    """All of the plan, each file whole or not at all. Raises ``ScrobblerError``."""
    path = settings.path()
    text = written(plan.choice)
    if path.exists():
        kept = path.with_name(f"{path.name}.{at:%Y%m%d-%H%M%S}")
        shutil.copy2(path, kept)
        edit.change(path, lambda _: text)
        deeds.add(f"Wrote {path}; the old one is {kept}", f"mv {quote(str(kept))} {quote(str(path))}")
    else:
        edit.change(path, lambda _: text)
        deeds.add(f"Wrote {path}", f"rm {quote(str(path))}")
    for conf in plan.mpv:
        _amend(conf, deeds)
    configuration = settings.load()
    for name in configuration.players:
        if _posts(name):
            file = secret_of(configuration, name).file
            deeds.add(f"Made a secret for the webhook of {name}", f"rm {quote(str(file))}")


def _amend(conf: MpvConf, deeds: Deeds) -> None:
    """Add the line. Raises ``ScrobblerError``."""
    real = Path(os.path.realpath(conf.path))
    try:
        content = conf.amended()
        real.parent.mkdir(parents=True, exist_ok=True)
        if real.exists():
            kept = real.with_name(f"{real.name}.{BACKUP}")
            shutil.copy2(real, kept)
            undo = f"mv {quote(str(kept))} {quote(str(real))}"
            done = f"Wrote one line into {conf.path}; as it was before, it is {kept}"
        else:
            undo, done = f"rm {quote(str(real))}", f"Wrote {conf.path}"
        edit.replace(real, content)
    except OSError as error:
        raise ScrobblerError(f"{conf.path} cannot be written: {error.strerror}; add this line: {conf.line}") from None
    deeds.add(f"{done}. It holds from mpv's next start on", undo)


def _next(settings: Settings) -> None:
    """What is left to do, each with the files that were named to us."""
    chosen = {"--config": settings.config_path, "--state": settings.state_dir}
    named = "".join(f" {option} {quote(str(path.absolute()))}" for option, path in chosen.items() if path)
    steps = [
        (f"scrobbler webhook {name}", f"the address to enter in {name}")
        for name in settings.load().players
        if _posts(name)
    ]
    steps += [
        ("scrobbler login", "sign in to Trakt"),
        ("scrobbler run", "watch"),
        ("scrobbler doctor", "see whether all is well"),
    ]
    click.echo("\nNext:")
    width = max(26, *(len(step + named) for step, _ in steps))
    for step, what in steps:
        click.echo(f"  {step + named:<{width}}  {what}")
