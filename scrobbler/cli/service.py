"""``scrobbler service``: let the agent start by itself, as a unit of systemd."""

import os
import sys
from pathlib import Path
from typing import Final

import click

from scrobbler.cli import Group, Settings, settings_options
from scrobbler.cli.entries import dumped
from scrobbler.errors import ConfigError, ScrobblerError
from scrobbler.service.unit import NAME, Scope, Unit, hand_over, make_user

AS_SERVICE: Final = (
    "sudo -u scrobbler env SCROBBLER_CONFIG=/etc/scrobbler/config.toml SCROBBLER_STATE=/var/lib/scrobbler"
)
"""In front of a command that is for the system's service: its user owns the files, and this is what it reads."""

scope_option = click.option(
    "--system", is_flag=True, help="The receiver's service of the whole machine (as root), not one of your own."
)


@click.group(cls=Group, invoke_without_command=True)
@click.pass_context
def command(context: click.Context) -> None:
    """Let the agent start by itself, with systemd.

    Without a command it says how it is. Beside a player it is a service of your own, which starts when you log in.
    On a headless box it is one of the machine's, in the name of a user of its own who may do nothing else (--system).
    macOS and Windows: see packaging/launchd and packaging/windows.

    \b
    Examples:
      scrobbler service
      scrobbler service install
      sudo scrobbler service install --system
      scrobbler service uninstall
    """
    if context.invoked_subcommand is None:
        context.invoke(status)


@command.command()
@scope_option
@click.option("--dry-run", is_flag=True, help="Print the unit and change nothing.")
@click.option("--no-start", is_flag=True, help="Put it into place, and start nothing.")
@settings_options
@click.pass_obj
def install(settings: Settings, system: bool, dry_run: bool, no_start: bool) -> None:
    """Put the unit into place and start it.

    It starts now, and at each log-in or, with --system, at each boot. It may be done again at any time, after an
    upgrade too.

    \b
    Examples:
      scrobbler service install
      scrobbler service install --dry-run
      scrobbler service install --config ~/trakt.toml
    """
    unit = _unit(system)
    run = _command(settings, unit.scope)
    if dry_run:
        click.echo(unit.text(run), nl=False)
        return
    if unit.scope is Scope.USER:
        settings.load()  # a broken configuration is said here and not in a log that nobody reads
    elif unit.configuration is not None and not unit.configuration.exists():
        file = unit.configuration
        mend = f"`sudo scrobbler init --defaults --config {file} --state /var/lib/scrobbler`"
        raise ConfigError(f"{file}: there is no such file, and the service reads it; {mend} makes it")
    for path in unit.write(run):
        click.echo(f"Wrote {path}")
    if no_start:
        click.echo(f"To start it: {_systemctl(unit, 'enable', '--now', NAME)}")
        return
    if unit.scope is Scope.SYSTEM:
        make_user()
        if unit.configuration is not None:
            hand_over(unit.configuration)
    unit.order("daemon-reload")
    unit.order("enable", NAME)
    unit.order("restart", NAME)
    click.echo("The agent runs, and starts by itself from now on.")
    click.echo(_next_steps(unit))


@command.command()
@scope_option
def uninstall(system: bool) -> None:
    """Stop the service and take its unit away.

    The configuration and what is remembered stay: what waits leaves with the next agent that runs.

    \b
    Examples:
      scrobbler service uninstall
      sudo scrobbler service uninstall --system
    """
    unit = _unit(system)
    if not unit.path.exists():
        click.echo(f"There is no {unit.path}: nothing to do.")
        return
    unit.order("disable", "--now", NAME)
    for path in unit.remove():
        click.echo(f"Removed {path}")
    unit.order("daemon-reload")


@command.command()
@scope_option
@click.option("--json", "as_json", is_flag=True, help="Print it as one JSON object.")
def status(system: bool, as_json: bool) -> None:
    """Say whether it is installed and runs.

    Exit 1 where it does not run.

    \b
    Examples:
      scrobbler service status
      scrobbler service status --system
    """
    unit = _unit(system)
    installed = unit.path.exists()
    enabled = installed and unit.control("is-enabled", NAME).stdout.strip()
    active = installed and unit.control("is-active", NAME).stdout.strip()
    if as_json:
        known = {"scope": unit.scope.value, "path": str(unit.path), "installed": installed}
        click.echo(dumped(known | {"enabled": enabled == "enabled", "active": active == "active"}))
    elif not installed:
        click.echo(f"The service is not installed (no {unit.path}): scrobbler service install")
    else:
        click.echo(f"{unit.path}: {enabled or 'unknown'}, {active or 'unknown'}")
        if active != "active":
            click.echo(f"What it said last: {_journal(unit)}")
    if active != "active":
        click.get_current_context().exit(1)


def _unit(system: bool) -> Unit:
    if sys.platform != "linux":
        raise ConfigError("services are written for systemd only: see packaging/launchd and packaging/windows")
    return Unit(scope=Scope.SYSTEM if system else Scope.USER)


def _command(settings: Settings, scope: Scope) -> list[str]:
    """What the unit runs. The system's unit names its folders itself."""
    program = Path(sys.argv[0]).absolute()
    found = [str(program), "run"] if os.access(program, os.X_OK) else [sys.executable, "-m", "scrobbler", "run"]
    chosen = {"--config": settings.config_path, "--state": settings.state_dir}
    named = [word for option, path in chosen.items() if path for word in (option, str(path.expanduser().absolute()))]
    if named and scope is Scope.SYSTEM:
        raise ConfigError("the system's service reads /etc/scrobbler/config.toml and keeps /var/lib/scrobbler")
    if scope is Scope.SYSTEM and Path.home() in program.parents:
        raise ScrobblerError(f"{program} lies in a home, which the system's service cannot see: install it elsewhere")
    return [*found, *named]


def _next_steps(unit: Unit) -> str:
    if unit.scope is Scope.SYSTEM:
        return "\n".join(
            (
                "Its configuration is /etc/scrobbler/config.toml, its state /var/lib/scrobbler.",
                f"Commands speak to it so: {AS_SERVICE} scrobbler login",
                f"To see what it says: {_journal(unit)}",
            )
        )
    return "\n".join(
        (
            f"To see what it says: {_journal(unit)}",
            "To let it run while nobody is logged in: loginctl enable-linger",
        )
    )


def _journal(unit: Unit) -> str:
    return f"journalctl {'--user ' if unit.scope is Scope.USER else ''}-u {NAME} -e"


def _systemctl(unit: Unit, *words: str) -> str:
    return " ".join(("systemctl", *(["--user"] if unit.scope is Scope.USER else []), *words))
