"""``scrobbler switch``: whose a shared player is now."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import click

from scrobbler.cli import Settings, known_account, local, now, printable, settings_options
from scrobbler.cli.entries import dumped
from scrobbler.cli.incognito import ending
from scrobbler.control import channel as control
from scrobbler.control.people import Switch
from scrobbler.control.request import Refused
from scrobbler.errors import ConfigError, ScrobblerError
from scrobbler.household import Switched
from scrobbler.settings.config import Config
from scrobbler.state.snapshot import look


@click.command()
@click.argument("account", metavar="[ACCOUNT]", required=False)
@click.option(
    "--player", "place", metavar="NAME[/DEVICE]", help="Only this player, or one device of it (default: all)."
)
@click.option("--for", "duration", metavar="TIME", help="For so long: 2h, 90m, 1h30m, 3d.")
@click.option("--until", "end", metavar="HH:MM", help="Until then.")
@click.option("--back", is_flag=True, help="It counts again for whom the configuration says.")
@click.option("--json", "as_json", is_flag=True, help="Print how it is as one JSON array.")
@settings_options
@click.pass_obj
def command(
    settings: Settings,
    account: str | None,
    place: str | None,
    duration: str | None,
    end: str | None,
    back: bool,
    as_json: bool,
) -> None:
    """Say whose a shared television is now.

    From now on what the player plays counts for ACCOUNT, until it is switched back, over restarts too. What is on
    changes hands: it is taken back from the one account and begun for the other. A user whom a server names counts for
    whom he is mapped to all the same; but with a DEVICE (its name on the screen, or its id) it is all that this device
    plays. Without any words it says how it is.

    \b
    Examples:
      scrobbler switch marta
      scrobbler switch marta --player tv --for 3h
      scrobbler switch paul --player "plex/Living Room TV"
      scrobbler switch --back
    """
    configuration = settings.load()
    until = ending(duration, end)
    if back and (account is not None or until is not None):
        raise click.UsageError("--back goes with --player only.")
    if until is not None and account is None:
        raise click.UsageError("--for and --until go with an ACCOUNT.")
    players, device = _places(configuration, place)
    if account is not None:
        known_account(configuration, account)
    if back or account is not None:
        _ask(configuration, Switch(players=players, account=account, device=device, until=until))
    found = _rows(configuration, players, look(configuration.state_dir).switched, now())
    click.echo(dumped(found) if as_json else "\n".join(printable(_line(row)) for row in found))


def rows(switched: Sequence[Switched], at: datetime) -> list[dict[str, Any]]:
    """What was switched and still is, in the shape of ``--json``."""
    return [_row(one.player, one.device or None, one.account, one.until, True) for one in switched if one.holds(at)]


def said(row: dict[str, Any]) -> str:
    """What was switched, for people."""
    place = row["player"] if row["device"] is None else f"{row['player']}/{row['device']}"
    until = "" if row["until"] is None else f" until {local(row['until'])}"
    return f"{place} is for {row['account']}{until}"


def _rows(
    configuration: Config, players: Sequence[str], switched: Sequence[Switched], at: datetime
) -> list[dict[str, Any]]:
    """How it is with these players: what was switched, and else what the configuration says."""
    held = [row for row in rows(switched, at) if row["player"] in players]
    found = []
    for name in players:
        mine = [row for row in held if row["player"] == name]
        if all(row["device"] is not None for row in mine):
            player = configuration.players[name]
            found.append(_row(name, None, player.account if player.users is None else None, None, False))
        found += mine
    return found


def _row(
    player: str, device: str | None, account: str | None, until: datetime | None, switched: bool
) -> dict[str, Any]:
    return {"player": player, "device": device, "account": account, "until": until, "switched": switched}


def _line(row: dict[str, Any]) -> str:
    if row["switched"]:
        return said(row)
    return f"{row['player']} is for {row['account'] or 'whom its users are mapped to'}"


def _places(configuration: Config, place: str | None) -> tuple[tuple[str, ...], str | None]:
    """The players that are meant, and the device. Raises ``ConfigError``."""
    if place is None or place in configuration.players:
        return (tuple(configuration.players) if place is None else (place,)), None
    player, _, device = place.partition("/")
    if player not in configuration.players:
        raise ConfigError(f"there is no player {player!r}: known are {', '.join(configuration.players)}")
    if not device.strip():
        raise ConfigError(f"--player {place!r} names no device after the slash")
    return (player,), device.strip()


def _ask(configuration: Config, request: Switch) -> None:
    answer = control.settle(configuration.state_dir, request, configuration.accounts, now)
    if isinstance(answer, Refused):
        raise ScrobblerError(answer.why)
