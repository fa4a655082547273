"""``scrobbler undo``: a watch that was none is taken out of Trakt's history again."""

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import click

from scrobbler import lock
from scrobbler.cli import Settings, known_account, local, now, printable, settings_options
from scrobbler.cli.entries import dumped, told_play
from scrobbler.control import channel as control
from scrobbler.control.request import MOST_IDS, Refused, Removing, Undo, Undone
from scrobbler.delivery import label
from scrobbler.errors import ConfigError, ScrobblerError
from scrobbler.settings.config import Config
from scrobbler.state.decisions import What
from scrobbler.state.entry import EntryState
from scrobbler.state.plays import Play
from scrobbler.state.snapshot import Snapshot, decisions, look

SHOWN: Final = 20
KNOWN: Final = 100_000
"""All plays that there may be: they are let go after a while."""
PATIENCE: Final = 8.0
"""Seconds in which an agent that can reach Trakt has removed a play or two."""

_AGAIN: Final = 0.1


@click.command()
@click.argument("words", metavar="[PLAY]...", nargs=-1)
@click.option("--list", "listing", is_flag=True, help="Show the last plays with their ids instead.")
@click.option("--account", metavar="NAME", help="Whose last watch is meant (default: of all accounts).")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@settings_options
@click.pass_obj
def command(
    settings: Settings, words: tuple[str, ...], listing: bool, account: str | None, yes: bool, as_json: bool
) -> None:
    """Take a wrong watch out of Trakt's history again.

    PLAY is the id that --list and `scrobbler status` show. Without one the last watch is meant. What cannot be removed
    at once waits in the queue. The same playback is not counted again, but a later one is.

    \b
    Examples:
      scrobbler undo 12
      scrobbler undo --list
      scrobbler undo --yes --account marta
    """
    configuration = settings.load()
    if account is not None:
        known_account(configuration, account)
    state = look(configuration.state_dir, limit=KNOWN)
    plays = [play for play in state.plays if account in {None, play.account}]
    if listing:
        _list(plays[:SHOWN], as_json=as_json)
        return
    chosen = _named(words, plays, state) if words else [_last(plays, state, account)]
    if not yes:
        _agreed(chosen)
    removed, left = _undo(configuration, chosen)
    outcomes = {one.play: _outcome(configuration.state_dir, one) for one in removed}
    if as_json:
        shown = [{"play": one.play, "entry": one.entry, "item": one.label, **outcomes[one.play]} for one in removed]
        click.echo(dumped({"plays": shown, "left": left}))
    else:
        for one in removed:
            click.echo(
                printable(f"{one.play}  {one.label}, {local(one.watched_at)}, {_words(one, outcomes[one.play])}")
            )
    if left:
        raise ScrobblerError(f"{', '.join(map(str, left))} was undone meanwhile, or is gone")
    if any(outcome["state"] == EntryState.ASIDE.value for outcome in outcomes.values()):
        raise ScrobblerError("not all could be removed: `scrobbler queue` shows what can be done about it")


def _list(plays: Sequence[Play], *, as_json: bool) -> None:
    if as_json:
        click.echo(dumped([told_play(play) for play in plays]))
    elif not plays:
        click.echo("Nothing was watched yet.")
    else:
        width = max(len(str(play.id)) for play in plays)
        for play in plays:
            click.echo(printable(f"{play.id:>{width}}  {_line(play)}"))


def _line(play: Play) -> str:
    undone = f"; undone {local(play.undone_at)}" if play.undone_at else ""
    return f"{local(play.watched_at)}  {play.account}  {label.of_play(play)}, {play.how.value}{undone}"


def _named(words: Sequence[str], plays: Sequence[Play], state: Snapshot) -> list[Play]:
    """The plays of these ids, each once. Raises ``ConfigError`` in words about the one that is none."""
    known = {str(play.id): play for play in plays}
    queued = {str(entry.id) for entry in (*state.waiting, *state.aside)}
    chosen = []
    for word in dict.fromkeys(word.lstrip("#") for word in words):
        play = known.get(word)
        if play is None and word in queued:
            why = f"{word} is not at Trakt yet, it is an entry of the queue: `scrobbler queue drop {word}`"
            raise ConfigError(f"there is no play {word}; {why}")
        if play is None:
            raise ConfigError(f"there is no play {word}: `scrobbler undo --list` shows those that there are")
        if play.undone_at is not None:
            raise ConfigError(
                f"play {word}, {printable(label.of_play(play))}, was undone {local(play.undone_at)} already"
            )
        chosen.append(play)
    return chosen


def _last(plays: Sequence[Play], state: Snapshot, account: str | None) -> Play:
    """What was watched last. Raises ``ScrobblerError`` where that is not at Trakt yet, or there is none."""
    standing = [play for play in plays if play.undone_at is None]
    last = max(standing, key=lambda play: play.watched_at, default=None)
    waiting = [
        entry
        for entry in (*state.waiting, *state.aside)
        if entry.removes is None and entry.scrobble.lasts() and account in {None, entry.scrobble.account}
    ]
    newest = max(waiting, key=lambda entry: entry.scrobble.at, default=None)
    if newest is not None and (last is None or newest.scrobble.at > last.watched_at):
        raise ScrobblerError(
            f"the last watch, {printable(label.named(newest.item, newest.scrobble.media))}, is not at Trakt yet:"
            f" `scrobbler queue drop {newest.id}` forgets it"
        )
    if last is None:
        raise ScrobblerError("there is no watch to be undone")
    return last


def _agreed(chosen: Sequence[Play]) -> None:
    """Ask the user. Raises ``ConfigError`` where there is nobody to ask, ``ScrobblerError`` where the answer is no."""
    lines = [printable(f"{play.id}  {_line(play)}") for play in chosen]
    if not sys.stdin.isatty():
        raise ConfigError(f"say --yes to undo: {'; '.join(' '.join(line.split()) for line in lines)}")
    for line in lines:
        click.echo(line, err=True)
    if not click.confirm(f"Remove {'it' if len(chosen) == 1 else 'them'} from Trakt's history?", err=True):
        raise ScrobblerError("nothing was undone")


def _undo(configuration: Config, chosen: Sequence[Play]) -> tuple[list[Removing], list[int]]:
    removed: list[Removing] = []
    left: list[int] = []
    for first in range(0, len(chosen), MOST_IDS):
        request = Undo(plays=tuple(play.id for play in chosen[first : first + MOST_IDS]))
        answer = control.settle(configuration.state_dir, request, configuration.accounts, now)
        if isinstance(answer, Refused):
            raise ScrobblerError(answer.why)
        assert isinstance(answer, Undone)  # noqa: S101  # what such a request is answered
        removed += answer.plays
        left += answer.left
    return removed, left


def _outcome(folder: Path, one: Removing) -> dict[str, Any]:
    """What has become of a removal, once that is known; an agent gets a moment for it."""
    until = time.monotonic() + PATIENCE
    while True:
        state = look(folder)
        entry = next((entry for entry in (*state.waiting, *state.aside) if entry.id == one.entry), None)
        if entry is None:
            told = [each.what for each in decisions(folder) if each.entry == one.entry]
            return {"state": "removed" if What.REMOVED in told else "dropped", "reason": None}
        running = lock.holder(folder) is not None
        settled = entry.state is EntryState.ASIDE or entry.reason is not None
        if settled or not running or time.monotonic() > until:
            return {"state": entry.state.value, "reason": entry.reason, "running": running}
        time.sleep(_AGAIN)


def _words(one: Removing, outcome: dict[str, Any]) -> str:
    reason = f": {outcome['reason']}" if outcome["reason"] else ""
    if outcome["state"] in {"removed", "dropped"}:
        return f"was {outcome['state']}{'' if outcome['state'] == 'dropped' else ' from Trakt'}"
    if outcome["state"] == EntryState.ASIDE.value:
        return f"could not be removed (entry {one.entry} of the queue){reason}"
    when = "" if outcome["running"] else ", and is removed when the agent runs: `scrobbler run`"
    return f"waits in the queue to be removed (entry {one.entry}){when}{reason}"
