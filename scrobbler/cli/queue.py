"""``scrobbler queue``: what is not at Trakt yet, and what the user wants done with it."""

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import click

from scrobbler import lock
from scrobbler.cli import Group, Settings, now, printable, settings_options
from scrobbler.cli.entries import NOTHING, all_of, details, dumped, line, told
from scrobbler.control import channel as control
from scrobbler.control.request import MOST_IDS, Done, Drop, Handled, Refused, Retry
from scrobbler.errors import ConfigError, ScrobblerError
from scrobbler.settings.config import Config
from scrobbler.state.decisions import ROWS, Decision
from scrobbler.state.entry import Entry, EntryState
from scrobbler.state.snapshot import decisions as decided
from scrobbler.state.snapshot import look

_SHOWN_IDS: Final = 10


@click.group(cls=Group, invoke_without_command=True)
@settings_options
@click.pass_context
def command(context: click.Context) -> None:
    """Show what waits and what was set aside; retry it, or drop it.

    What is watched is kept here until Trakt has it. What Trakt does not take is set aside, for you to decide.

    \b
    Examples:
      scrobbler queue
      scrobbler queue show 7
      scrobbler queue retry --all
    """
    if context.invoked_subcommand is None:
        context.invoke(list_command)


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print it as one JSON array.")
@settings_options
@click.pass_obj
def list_command(settings: Settings, as_json: bool = False) -> None:
    """Show what waits and what was set aside, oldest first.

    \b
    Examples:
      scrobbler queue list
      scrobbler queue list --json
    """
    configuration = settings.load()
    entries = _entries(configuration)
    if as_json:
        click.echo(dumped([told(entry) for entry in entries]))
    elif entries:
        width = max(len(str(entry.id)) for entry in entries)
        running = lock.holder(configuration.state_dir) is not None
        lines = (f"{entry.id:>{width}}  {line(entry, now(), running=running)}" for entry in entries)
        click.echo("\n".join(lines))
    else:
        click.echo(NOTHING)


@command.command("show")
@click.argument("word", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="Print it as one JSON object.")
@settings_options
@click.pass_obj
def show_command(settings: Settings, word: str, as_json: bool) -> None:
    """Show all that is known of one entry.

    What was decided about it as well.

    \b
    Examples:
      scrobbler queue show 7
      scrobbler queue show 7 --json
    """
    configuration = settings.load()
    [entry] = _chosen(configuration, [word])
    about = [one for one in decided(configuration.state_dir, limit=ROWS) if _is_about(one, entry)]
    running = lock.holder(configuration.state_dir) is not None
    click.echo(dumped(all_of(entry, about)) if as_json else details(entry, about, now(), running=running))


def _is_about(one: Decision, entry: Entry) -> bool:
    """Whether it was decided about the entry itself, or heard of the sitting that it came of."""
    scrobble = entry.scrobble
    sitting = one.session == str(scrobble.session) and scrobble.began_at <= one.at <= scrobble.at
    return one.entry == entry.id or (sitting and one.entry is None)


@command.command("retry")
@click.argument("words", metavar="[ID]...", nargs=-1)
@click.option("--all", "every", is_flag=True, help="All that wait or were set aside.")
@click.option("--json", "as_json", is_flag=True, help="Print what was done as one JSON object.")
@settings_options
@click.pass_obj
def retry_command(settings: Settings, words: tuple[str, ...], every: bool, as_json: bool) -> None:
    """Try entries again, as if they were new.

    What may have reached Trakt already is looked up there first, so that nothing counts twice.

    \b
    Examples:
      scrobbler queue retry 7
      scrobbler queue retry --all
    """
    if every == bool(words):
        raise click.UsageError("Name the entries, or --all." if not every else "Either IDs or --all, not both.")
    configuration = settings.load()
    running = lock.holder(configuration.state_dir) is not None
    if every:
        chosen = [one for one in _entries(configuration) if not (running and one.state is EntryState.SENDING)]
    else:
        chosen = _chosen(configuration, words)
    done = "is tried again" if running else "is tried again when the agent runs: `scrobbler run`"
    _have_done(configuration, Retry, chosen, done, as_json=as_json)


@command.command("drop")
@click.argument("words", metavar="ID [ID]...", nargs=-1, required=True)
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="Print what was done as one JSON object.")
@settings_options
@click.pass_obj
def drop_command(settings: Settings, words: tuple[str, ...], yes: bool, as_json: bool) -> None:
    """Forget entries. A watch that is dropped never gets to Trakt.

    \b
    Examples:
      scrobbler queue drop 7
      scrobbler queue drop --yes 7 9
    """
    configuration = settings.load()
    chosen = _chosen(configuration, words)
    if not yes:
        _agreed(chosen)
    _have_done(configuration, Drop, chosen, "was dropped", as_json=as_json)


def _agreed(chosen: Sequence[Entry]) -> None:
    """Ask the user. Raises ``ConfigError`` where there is nobody to ask, ``ScrobblerError`` where the answer is no."""
    if not sys.stdin.isatty():
        raise ConfigError(
            f"what is dropped never gets to Trakt: say --yes to drop {_ids(entry.id for entry in chosen)}"
        )
    for entry in chosen:
        click.echo(f"{entry.id}  {line(entry, now(), running=True)}", err=True)
    lost = sum(entry.removes is None and entry.scrobble.lasts() for entry in chosen)
    words = (
        "A watch is lost by this" if lost == 1 else f"{lost} watches are lost by this" if lost else "No watch is lost"
    )
    if not click.confirm(f"{words}. Drop {'it' if len(chosen) == 1 else 'them'}?", err=True):
        raise ScrobblerError("nothing was dropped")


def _have_done(
    configuration: Config, asking: type[Retry | Drop], chosen: Sequence[Entry], done: str, *, as_json: bool
) -> None:
    """Have it done, and say what was. Raises ``ScrobblerError`` where something was left alone."""
    ids = tuple(entry.id for entry in chosen)
    entries: list[Handled] = []
    left: list[int] = []
    for first in range(0, len(ids), MOST_IDS):
        request = asking(ids=ids[first : first + MOST_IDS])
        answer = control.settle(configuration.state_dir, request, configuration.accounts, now)
        if isinstance(answer, Refused):
            raise ScrobblerError(answer.why)
        assert isinstance(answer, Done)  # noqa: S101  # what such a request is answered
        entries += answer.entries
        left += answer.left
    if as_json:
        click.echo(dumped({"entries": entries, "left": left}))
    else:
        for entry in entries:
            click.echo(f"{entry.id}  {printable(entry.label)} {done}")
        if not ids:
            click.echo(NOTHING)
    if left:
        raise ScrobblerError(_left(configuration.state_dir, left))


def _left(folder: Path, left: Sequence[int]) -> str:
    here = {entry.id for entry in look(folder).waiting}
    sending = [number for number in left if number in here]
    gone = [number for number in left if number not in here]
    words = []
    if sending:
        words.append(f"{_ids(sending)} is being sent just now: look again in a moment")
    if gone:
        words.append(f"{_ids(gone)} left the queue meanwhile: `scrobbler log` tells how")
    return "; ".join(words)


def _entries(configuration: Config) -> list[Entry]:
    """All that there are, oldest first."""
    state = look(configuration.state_dir)
    return sorted((*state.waiting, *state.aside), key=lambda entry: entry.id)


def _chosen(configuration: Config, words: Iterable[str]) -> list[Entry]:
    """The entries of these ids, each once. Raises ``ConfigError`` with those that there are."""
    known = {str(entry.id): entry for entry in _entries(configuration)}
    wanted = dict.fromkeys(word.lstrip("#") for word in words)
    unknown = [word for word in wanted if word not in known]
    if unknown:
        there = f"in the queue are {_ids(known)}" if known else "the queue is empty"
        raise ConfigError(f"there is no entry {', '.join(unknown)}: {there}; `scrobbler log` tells what left it")
    return sorted((known[word] for word in wanted), key=lambda entry: entry.id)


def _ids(found: Iterable[object]) -> str:
    ids = list(map(str, found))
    more = f" and {len(ids) - _SHOWN_IDS} more" if len(ids) > _SHOWN_IDS else ""
    return ", ".join(ids[:_SHOWN_IDS]) + more
