"""``scrobbler replay``: what a recorded log leads to, for whoever misses a watch."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, Final

import click

from scrobbler.cli import Settings, settings_options
from scrobbler.cli.run import filters_of, policy_of
from scrobbler.errors import ConfigError
from scrobbler.household import Household
from scrobbler.machine.scrobble import Scrobble
from scrobbler.replay.recording import read
from scrobbler.replay.replay import Outcome, People, Replay, call
from scrobbler.settings.config import Config
from scrobbler.state.people import Mapped
from scrobbler.state.snapshot import mapped

STDIN: Final = Path("-")


@click.command()
@click.argument("log", metavar="LOG", type=click.Path(path_type=Path))
@click.option("-v", "--verbose", is_flag=True, help="Show too what led to nothing, and why.")
@click.option("--json", "as_json", is_flag=True, help="Print it as one JSON object.")
@settings_options
@click.pass_obj
def command(settings: Settings, log: Path, verbose: bool, as_json: bool) -> None:
    """Play a recorded log again, and show what it leads to.

    LOG is what `scrobbler run --record FILE` wrote, or - for standard input. Nothing is sent and nothing is looked up:
    items are as the player named them. Each line is JSON with "at" (ISO time), "source" (plex, jellyfin, mpv, ...) and
    "payload" (what the server posted, or the event of a player that is watched).

    \b
    Examples:
      scrobbler replay evening.jsonl
      scrobbler replay --json evening.jsonl
    """
    configuration = settings.load()
    added = mapped(configuration.state_dir)

    def people(name: str, calls_us: bool) -> People:
        filters = filters_of(configuration, name, serves=calls_us)
        return People(household=_household(configuration, name, added), filters=filters)

    replay = Replay(lambda _name, calls_us: policy_of(configuration, calls_us=calls_us), people)
    name = "standard input" if log == STDIN else str(log)
    with _opened(log) as file:
        outcome = replay.run(read(file, name), name)
    if as_json:
        click.echo(json.dumps({"calls": [call(one) for one in outcome.calls], "watches": len(outcome.watches)}))
    else:
        click.echo(_words(outcome, verbose=verbose))


def _household(configuration: Config, name: str, added: Sequence[Mapped]) -> Household | None:
    """Who counts, where the configuration says so of this player; None: everybody, as an account of his name."""
    player = configuration.players.get(name)
    if player is None or player.users is None:
        return None
    mine = {one.user: one.account for one in added if one.player == name}
    return Household(account=player.account, users=player.users, added=mine)


def _opened(log: Path) -> BinaryIO:
    if log == STDIN:
        return sys.stdin.buffer
    try:
        return log.open("rb")
    except OSError as error:
        raise ConfigError(f"{log}: cannot be read: {error.strerror}") from None


def _words(outcome: Outcome, *, verbose: bool) -> str:
    """The calls in their order, and what became of the rest."""
    rows = [(one.at, _said(one)) for one in outcome.calls]
    if verbose:
        rows += [(one.at, f"nothing, from {one.source}: {one.reason}") for one in outcome.unheard]
        rows.sort(key=lambda row: row[0])
    lines = [f"{at.astimezone():%d %b %H:%M:%S}  {words}" for at, words in rows]
    if outcome.unheard and not verbose:
        number = len(outcome.unheard)
        lines.append(f"{number} line{'s' if number > 1 else ''} led to nothing; --verbose says why.")
    counted = ", ".join(one.media.label() for one in outcome.watches)
    lines.append(f"Watched: {counted}." if counted else "Nothing counts as watched.")
    return "\n".join(lines)


def _said(one: Scrobble) -> str:
    said = call(one)
    progress = "?" if said["progress"] is None else f"{said['progress']:.1f} %"
    whose = "" if one.account == "default" else f" for {one.account}"
    return f"{'take back' if one.retract else said['call']:<9} {progress:>7}  {one.media.label()}{whose}"
