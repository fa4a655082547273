"""``scrobbler log``: the decisions, as they were made and as they are made."""

import asyncio
import os
import stat
import sys
from collections.abc import Callable, Iterable
from contextlib import aclosing
from pathlib import Path
from typing import Final

import click
from msgspec import Struct

from scrobbler.cli import Settings, settings_options
from scrobbler.cli.entries import decided, dumped
from scrobbler.errors import ConfigError
from scrobbler.folder import appearing
from scrobbler.household import unknown
from scrobbler.settings.config import Config
from scrobbler.state.decisions import ROWS, Decision, What
from scrobbler.state.schema import FILE
from scrobbler.state.snapshot import decisions

KINDS: Final = [what.value for what in What]


class Filter(Struct, frozen=True, kw_only=True):
    """Which decisions are shown."""

    source: str | None
    account: str | None
    what: What | None

    def takes(self, one: Decision) -> bool:
        """Whether it is one of them."""
        return (
            self.source in {None, one.source} and self.account in {None, one.account} and self.what in {None, one.what}
        )


@click.command()
@click.option("-f", "--follow", is_flag=True, help="Go on with new ones as they are made, until Ctrl-C.")
@click.option("-n", "count", metavar="N", type=click.IntRange(0), default=50, help="So many of the last (default: 50).")
@click.option("--source", metavar="NAME", help="Only of this player.")
@click.option("--account", metavar="NAME", help="Only of this account.")
@click.option("--what", metavar="WORD", type=click.Choice(KINDS), help=f"Only of this kind: {', '.join(KINDS)}.")
@click.option("--json", "as_json", is_flag=True, help="Print each as one JSON object on a line of its own.")
@settings_options
@click.pass_obj
def command(
    settings: Settings,
    follow: bool,
    count: int,
    source: str | None,
    account: str | None,
    what: str | None,
    as_json: bool,
) -> None:
    """Show what came in, what went out, and why not.

    One line for each decision, oldest first: when, what kind, and what was decided.

    \b
    Examples:
      scrobbler log
      scrobbler log --follow
      scrobbler log -n 10 --what aside
      scrobbler log --source mpv --json
    """
    configuration = settings.load()
    chosen = Filter(source=source, account=account, what=None if what is None else What(what))
    found = decisions(configuration.state_dir, limit=ROWS)
    _check(chosen, configuration, found)
    wanted = [one for one in found if chosen.takes(one)]

    def show(ones: Iterable[Decision]) -> None:
        for one in ones:
            if chosen.takes(one):
                click.echo(dumped(one, indent=None) if as_json else decided(one))

    latest = wanted[len(wanted) - count if count < len(wanted) else 0 :]
    if follow:
        asyncio.run(_follow(configuration.state_dir, found[-1].id if found else 0, latest, show))
        return
    show(latest)
    if not wanted and not as_json:
        click.echo("There are no such decisions." if found else "Nothing was decided yet.", err=True)


def _check(chosen: Filter, configuration: Config, found: Iterable[Decision]) -> None:
    """Raises ``ConfigError`` for a name that is not known, because nothing would ever be shown of it."""
    sources = dict.fromkeys((*configuration.players, *(one.source for one in found if one.source)))
    accounts = dict.fromkeys((*configuration.accounts, *(one.account for one in found if one.account)))
    if chosen.source is not None and chosen.source not in sources:
        raise ConfigError(f"there is no player {chosen.source!r}: known are {', '.join(sources)}")
    if chosen.account is not None and chosen.account not in accounts:
        raise ConfigError(unknown(chosen.account, accounts))


async def _follow(
    folder: Path, last: int, latest: Iterable[Decision], show: Callable[[Iterable[Decision]], None]
) -> None:
    """Show the latest, and what comes after the last one, until cancelled, or until nobody reads it any more."""
    show(latest)
    async with asyncio.TaskGroup() as tasks:
        showing = tasks.create_task(_show_new(folder, last, show))
        if stat.S_ISFIFO(os.fstat(sys.stdout.fileno()).st_mode):
            asyncio.get_running_loop().add_reader(sys.stdout.fileno(), showing.cancel)


async def _show_new(folder: Path, last: int, show: Callable[[Iterable[Decision]], None]) -> None:
    async with aclosing(appearing(folder, name=FILE, touched=True)) as changes:
        async for _ in changes:
            newest = decisions(folder, limit=1)
            if newest and newest[-1].id < last:
                last = 0  # another state file was begun
            while new := decisions(folder, after=last):
                show(new)
                last = new[-1].id
