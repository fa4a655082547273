"""``scrobbler notify``: what the user is told and where, and whether it gets there."""

import asyncio
from collections.abc import Iterable, Iterator
from typing import Final

import click

from scrobbler.cli import Settings, settings_options
from scrobbler.errors import ConfigError
from scrobbler.notices.kind import KINDS, Kind
from scrobbler.notices.notice import How, Notice, Outcome, check, send
from scrobbler.notices.target import Targets
from scrobbler.settings.config import Config

TEST: Final = Notice(title="Trakt: a test", text="This is where you will hear that something needs you.")


@click.command()
@click.option("--test", is_flag=True, help="Send a test to each; exit 1 where one did not take it.")
@settings_options
@click.pass_obj
def command(settings: Settings, test: bool) -> None:
    """Show what you are told and where, and try it.

    The targets are set as notify.targets; their addresses may hold secrets and are not shown. What they are told is
    set as notify.say, and what is shown in a player's window as players.NAME.osd.

    \b
    Examples:
      scrobbler notify
      scrobbler notify --test
    """
    configuration = settings.load()
    targets = configuration.targets
    if not test:
        click.echo("\n".join(_shown(configuration)))
    elif not targets.addresses:
        raise ConfigError(f"{configuration.path or 'the configuration'}: there is no notify.targets to be tried")
    elif any(outcome.how is not How.TOOK for outcome in asyncio.run(_tried(targets))):
        click.get_current_context().exit(1)


def _shown(configuration: Config) -> Iterator[str]:
    targets, says = configuration.targets, configuration.says
    names = [targets.name(number) for number in range(len(targets.addresses))]
    if not names:
        yield "nowhere: there is no desktop session here, and no notify.targets"
    else:
        yield f"told at {', '.join(names)}:" if says else f"nothing is told at {', '.join(names)}"
        for kind in (kind for kind in KINDS if kind in says):
            days = configuration.silent_after_days
            after = f", after {days} days" if days else ", never (notify.silent_after_days)"
            tells = f"{KINDS[kind].tells}{after if kind is Kind.SILENT else ''}"
            yield f"  {kind.value:<10} {tells}: {KINDS[kind].command}"
        if left_out := [kind for kind in KINDS if kind not in says]:
            yield f"not told: {_named(left_out)} (notify.say)"
    for name, player in configuration.players.items():
        concerns = {concern.value for concern in player.options.concerns()}
        if concerns:
            yield f"in the windows of {name}: {_named(kind for kind in KINDS if kind.value in concerns)}"


def _named(kinds: Iterable[Kind]) -> str:
    return ", ".join(kind.value for kind in kinds)


async def _tried(targets: Targets) -> tuple[Outcome, ...]:
    await check(targets)
    outcomes = await send(targets, TEST, range(len(targets.addresses)))
    for outcome in outcomes:
        click.echo(f"{targets.name(outcome.target)} {outcome.why or 'took it'}")
    return outcomes
