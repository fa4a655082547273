"""``scrobbler notify``: where it is said that something needs the user, and whether it gets there."""

import asyncio
from typing import Final

import click

from scrobbler.cli import Settings, settings_options
from scrobbler.errors import ConfigError
from scrobbler.notices.notice import How, Notice, Outcome, check, send
from scrobbler.notices.target import Targets

TEST: Final = Notice(title="Trakt: a test", text="This is where you will hear that something needs you.")


@click.command()
@click.option("--test", is_flag=True, help="Send a test to each; exit 1 where one did not take it.")
@settings_options
@click.pass_obj
def command(settings: Settings, test: bool) -> None:
    """Show where you are told that something needs you, and try it.

    The targets are set as notify.targets; their addresses may hold secrets and are not shown.

    \b
    Examples:
      scrobbler notify
      scrobbler notify --test
    """
    configuration = settings.load()
    targets = configuration.targets
    if not test:
        names = [targets.name(number) for number in range(len(targets.addresses))]
        click.echo("\n".join(names) or "nowhere: there is no desktop session here, and no notify.targets")
    elif not targets.addresses:
        raise ConfigError(f"{configuration.path or 'the configuration'}: there is no notify.targets to be tried")
    elif any(outcome.how is not How.TOOK for outcome in asyncio.run(_tried(targets))):
        click.get_current_context().exit(1)


async def _tried(targets: Targets) -> tuple[Outcome, ...]:
    await check(targets)
    outcomes = await send(targets, TEST, range(len(targets.addresses)))
    for outcome in outcomes:
        click.echo(f"{targets.name(outcome.target)} {outcome.why or 'took it'}")
    return outcomes
