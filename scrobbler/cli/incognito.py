"""``scrobbler incognito``: what is watched while it is on is nobody's business."""

import re
from datetime import UTC, datetime, time, timedelta
from typing import Final

import click

from scrobbler.cli import Settings, now, settings_options
from scrobbler.cli.entries import dumped
from scrobbler.control import channel as control
from scrobbler.control.request import UNTIL_OFF, Hidden, Incognito, Refused, shown
from scrobbler.errors import ConfigError, ScrobblerError
from scrobbler.household import unknown
from scrobbler.settings.config import Config
from scrobbler.state.snapshot import look

LONGEST: Final = timedelta(days=366)


@click.command()
@click.argument("word", metavar="[on|off]", type=click.Choice(["on", "off"]), required=False)
@click.option("--for", "duration", metavar="TIME", help="Switch it on for so long: 2h, 90m, 1h30m, 3d.")
@click.option("--until", "end", metavar="HH:MM", help="Switch it on until then.")
@click.option("--account", metavar="NAME", help="Only what this account watches (default: all).")
@click.option("--json", "as_json", is_flag=True, help="Print how it is as one JSON array.")
@settings_options
@click.pass_obj
def command(
    settings: Settings, word: str | None, duration: str | None, end: str | None, account: str | None, as_json: bool
) -> None:
    """Say nothing of what is watched for a while.

    What is on while it is on never gets to Trakt, also when it ends later, and what was told of its start is taken
    back. Without --for or --until it stays on until it is switched off, over restarts too. Without any words it only
    says how it is.

    \b
    Examples:
      scrobbler incognito on
      scrobbler incognito on --for 2h
      scrobbler incognito on --until 23:00 --account marta
      scrobbler incognito off
    """
    configuration = settings.load()
    accounts = configuration.accounts
    if account is not None and account not in accounts:
        raise ConfigError(unknown(account, accounts))
    until = _until(word, duration, end)
    if word is not None or until is not None:
        _set(configuration, Incognito(account=account, until=until))
    at = now()
    hidden = look(configuration.state_dir).incognito
    found = {name: _still(hidden.get(name), at) for name in accounts if account in {None, name}}
    if as_json:
        click.echo(dumped([report(name, until) for name, until in found.items()]))
    else:
        click.echo("\n".join(f"{name}: incognito is {shown(until)}" for name, until in found.items()))


def report(account: str, until: datetime | None) -> dict[str, object]:
    """How it is, in the shape of ``--json``; on without an end has no ``until``."""
    end = None if until is None or until >= UNTIL_OFF else until
    return {"account": account, "on": until is not None, "until": end}


def _still(until: datetime | None, at: datetime) -> datetime | None:
    return until if until is not None and until > at else None


def _set(configuration: Config, request: Incognito) -> None:
    answer = control.settle(configuration.state_dir, request, configuration.accounts, now)
    if isinstance(answer, Refused):
        raise ScrobblerError(answer.why)
    assert isinstance(answer, Hidden)  # noqa: S101  # what such a request is answered


def _until(word: str | None, duration: str | None, end: str | None) -> datetime | None:
    """When it ends that is switched on; None where it is not."""
    until = ending(duration, end)
    if word == "off" and until is not None:
        raise click.UsageError("--for and --until go with on.")
    return UNTIL_OFF if until is None and word == "on" else until


def ending(duration: str | None, end: str | None) -> datetime | None:
    """When something ends that is said with ``--for`` or ``--until``; None without either. Raises ``ConfigError``."""
    if duration is not None and end is not None:
        raise click.UsageError("Either --for or --until, not both.")
    if duration is not None:
        return now() + _duration(duration)
    return _next(end) if end is not None else None


def _duration(text: str) -> timedelta:
    """``1h30m`` as a time. Raises ``ConfigError``."""
    found = re.fullmatch(r"(?:(\d{1,4})d)?(?:(\d{1,4})h)?(?:(\d{1,4})m(?:in)?)?", text.replace(" ", "").lower())
    length = timedelta()
    if found is not None:
        days, hours, minutes = (int(number or 0) for number in found.groups())
        length = timedelta(days=days, hours=hours, minutes=minutes)
    if not timedelta() < length <= LONGEST:
        raise ConfigError(f"--for {text!r} is no time: such as 2h, 90m, 1h30m or 3d, up to {LONGEST.days} days")
    return length


def _next(text: str) -> datetime:
    """When the user's clock shows this next. Raises ``ConfigError``."""
    found = re.fullmatch(r"(\d{1,2}):(\d{2})", text.strip())
    if found is None or int(found[1]) > 23 or int(found[2]) > 59:
        raise ConfigError(f"--until {text!r} is no time of the day: such as 23:00")
    here = now().astimezone()
    wanted = time(int(found[1]), int(found[2]))
    today = datetime.combine(here.date(), wanted).astimezone(UTC)
    return today if today > here else datetime.combine(here.date() + timedelta(days=1), wanted).astimezone(UTC)
