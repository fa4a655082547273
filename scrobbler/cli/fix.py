"""``scrobbler fix``: say what something really is, so that it and all that come after it are right."""

import sys
from typing import Any, Final, Literal

import click
import msgspec

from scrobbler import lock
from scrobbler.cli import Settings, local, now, printable, settings_options
from scrobbler.cli.choice import choose, listed, picked, told
from scrobbler.cli.entries import dumped
from scrobbler.cli.inquiry import Inquiry, Thing, candidates_of, inquiring, of_entry, of_play
from scrobbler.cli.mending import correction_of, others
from scrobbler.control import channel as control
from scrobbler.control.request import Answer, Correct, Corrected, Refused, Replace, Replaced, Request, Undo, Undone
from scrobbler.delivery import label
from scrobbler.errors import ConfigError, ScrobblerError
from scrobbler.identify.match import Unmatched
from scrobbler.machine.scrobble import BY_HAND
from scrobbler.settings.config import Config
from scrobbler.state.corrections import Correction, Episodes, Never, Scope
from scrobbler.state.entry import Entry
from scrobbler.state.snapshot import look
from scrobbler.trakt.wire import Item

NOTHING: Final = "Nothing was set aside."
HOW: Final = (
    "To say what one is: `scrobbler fix ENTRY`, `scrobbler fix ENTRY --pick 1`, or with its name, id or address:\n"
    "`scrobbler fix ENTRY The Expanse s01e02`"
)
_MOST_PLAYS: Final = 100_000


@click.command()
@click.argument("words", metavar="[ENTRY] [ITEM]...", nargs=-1)
@click.option(
    "--play", type=click.IntRange(min=1), metavar="N", help="Mend a watch that was sent, instead of an entry."
)
@click.option("--pick", type=click.IntRange(min=1), metavar="N", help="Take this one of the candidates.")
@click.option("--for", "scope", type=click.Choice([one.value for one in Scope]), help="For how much it holds.")
@click.option("--ignore", is_flag=True, help="It is never to be told to Trakt.")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@settings_options
@click.pass_obj
def command(
    settings: Settings,
    words: tuple[str, ...],
    play: int | None,
    pick: int | None,
    scope: Literal["file", "folder", "show"] | None,
    ignore: bool,
    as_json: bool,
) -> None:
    """Say what something really is; the next one is right by itself.

    Without any words it lists what was set aside, with what it may be. ENTRY is its number there, or in `scrobbler
    queue`; --play takes the number of a watch that was sent, which is then taken out of Trakt's history, and the right
    one added with the same time. ITEM is an address at trakt.tv, imdb.com, themoviedb.org or thetvdb.com, an id, or a
    name; without it you are asked.

    It is remembered: for an episode's whole show, its numbers counted on from this one; for a film, its file.
    `scrobbler rules` lists what is remembered, and takes it back.

    \b
    Examples:
      scrobbler fix 7
      scrobbler fix 7 The Expanse s01e02
      scrobbler fix 7 https://trakt.tv/movies/heat-1995
      scrobbler fix 7 --pick 1
      scrobbler fix 7 --ignore --for folder
      scrobbler fix --play 12 tt0113277
    """
    configuration = settings.load()
    if play is None and not words:
        if pick is not None or ignore or scope is not None:
            raise click.UsageError("Which ENTRY? `scrobbler fix` lists them.")
        _list(configuration, as_json=as_json)
        return
    text = " ".join(words if play is not None else words[1:])
    if ignore and (text or pick is not None):
        raise click.UsageError("Either ITEM or --ignore, not both.")
    thing = _entry(configuration, words[0]) if play is None else _play(configuration, play)
    wide = Scope(scope) if scope is not None else None
    if ignore:
        correction = correction_of(configuration, thing, Never(), wide or Scope.FILE)
        _do(configuration, thing, correction, None, as_json=as_json)
        return
    with inquiring(configuration, thing) as inquiry:
        meant = _meant(inquiry, thing, text, pick, as_json=as_json)
        if meant is None:
            return
        correction = correction_of(configuration, thing, meant, wide)
        item = inquiry.one(meant) if play is not None else None
    _do(configuration, thing, correction, item, as_json=as_json)


# What there is


def _list(configuration: Config, *, as_json: bool) -> None:
    entries = [one for one in look(configuration.state_dir).aside if one.removes is None]
    if as_json:
        click.echo(dumped([_row(entry) for entry in entries]))
    elif not entries:
        click.echo(NOTHING)
    else:
        for entry in entries:
            click.echo(printable(f"{entry.id}  {local(entry.scrobble.at)}  {label.of_entry(entry)}: {entry.reason}"))
            for line in listed(candidates_of(entry)):
                click.echo(f"     {line}")
        click.echo(HOW)


def _row(entry: Entry) -> dict[str, Any]:
    return {
        "entry": entry.id,
        "account": entry.scrobble.account,
        "item": label.named(entry.item, entry.scrobble.media),
        "at": entry.scrobble.at,
        "reason": entry.reason,
        "candidates": told(candidates_of(entry)),
    }


def _entry(configuration: Config, word: str) -> Thing:
    """The entry of this number. Raises ``ConfigError`` with those that there are."""
    state = look(configuration.state_dir)
    known = {str(entry.id): entry for entry in (*state.aside, *state.waiting) if entry.removes is None}
    entry = known.get(word.lstrip("#"))
    if entry is None:
        there = f"there are {', '.join(list(known)[:10])}" if known else "nothing waits, and nothing was set aside"
        raise ConfigError(f"there is no entry {word!r}: {there}; a watch that was sent goes by --play")
    if entry.scrobble.session == BY_HAND:
        raise ConfigError(f"entry {word} was entered by hand: `scrobbler queue drop {word}`, and add the right one")
    return of_entry(entry)


def _play(configuration: Config, number: int) -> Thing:
    plays = look(configuration.state_dir, limit=_MOST_PLAYS).plays
    play = next((one for one in plays if one.id == number), None)
    if play is None:
        raise ConfigError(f"there is no play {number}: `scrobbler undo --list` shows those that there are")
    if play.undone_at is not None:
        raise ConfigError(f"play {number} was taken out of the history already: `scrobbler add` enters a watch")
    return of_play(play)


# What it is


def _meant(inquiry: Inquiry, thing: Thing, text: str, pick: int | None, *, as_json: bool) -> Item | Episodes | None:
    """What the user means; None where he was only shown what there is to choose from."""
    if text:
        found = inquiry.refer(text)
        if not isinstance(found, Unmatched):
            return found
        reason, candidates = found.reason, found.candidates
    else:
        reason, candidates = "Trakt knows nothing like it", thing.candidates or inquiry.search()
    if pick is not None:
        return picked(candidates, pick, reason)
    if sys.stdin.isatty() and not as_json:
        return choose(thing.label, candidates, inquiry.refer)
    if text or not candidates:
        choices = f": say --pick and one of {'; '.join(listed(candidates))}" if candidates else ""
        raise ConfigError(f"{printable(thing.label)}: {reason}{choices}")
    click.echo(dumped(told(candidates)) if as_json else "\n".join([printable(thing.label), *listed(candidates), HOW]))
    return None


# What is done


def _do(configuration: Config, thing: Thing, correction: Correction, item: Item | None, *, as_json: bool) -> None:
    """Have it remembered, and what it is about mended; say so."""
    answer = None if thing.by_hand else _remember(configuration, thing, correction)
    mended = _mend(configuration, thing, item) if thing.play is not None else None
    if as_json:
        kept = answer and {"id": answer.id, "scope": correction.scope.value, "words": correction.label()}
        report = {
            "correction": kept,
            "entries": answer.entries if answer else (),
            "left": answer.left if answer else (),
            "removed": mended.removed if isinstance(mended, Replaced) else None,
            "added": mended.added if isinstance(mended, Replaced) else None,
        }
        click.echo(dumped(report))
    else:
        running = lock.holder(configuration.state_dir) is not None
        when = "" if running else " when the agent runs: `scrobbler run`"
        lines = [f"{entry.id}  {entry.label} is tried again{when}" for entry in (answer.entries if answer else ())]
        lines += [*_mended(thing, mended, when), *_remembered(correction, answer)]
        click.echo("\n".join(map(printable, lines)))
    if answer is not None and thing.entry in answer.left:
        raise ScrobblerError(f"{thing.entry} is being sent just now, or left the queue: `scrobbler log` tells how")


def _remember(configuration: Config, thing: Thing, correction: Correction) -> Corrected:
    ids = (*([thing.entry] if thing.entry is not None else []), *others(configuration, thing, correction))
    answer = _ask(configuration, Correct(correction=correction, ids=ids))
    assert isinstance(answer, Corrected)  # noqa: S101  # what such a request is answered
    return answer


def _remembered(correction: Correction, answer: Corrected | None) -> list[str]:
    if answer is None:
        return ["It was entered by hand, so nothing is remembered of it"]
    return [f"Remembered: {correction.label()}", f"`scrobbler rules remove {answer.id}` takes that back"]


def _mend(configuration: Config, thing: Thing, item: Item | None) -> Answer:
    assert thing.play is not None  # who asks has looked  # noqa: S101
    if item is None:
        return _ask(configuration, Undo(plays=(thing.play,)))
    written = msgspec.json.encode(item).decode()
    return _ask(configuration, Replace(play=thing.play, media=item.media(), item=written))


def _mended(thing: Thing, mended: Answer | None, when: str) -> list[str]:
    gone = f"play {thing.play}, {thing.label}, is taken out of the history{when}"
    if isinstance(mended, Replaced):
        at = local(mended.added.watched_at)
        return [gone, f"{mended.added.label} is added with its time, {at}"]
    return [gone] if isinstance(mended, Undone) and mended.plays else []


def _ask(configuration: Config, request: Request) -> Answer:
    answer = control.settle(configuration.state_dir, request, configuration.accounts, now)
    if isinstance(answer, Refused):
        raise ScrobblerError(answer.why)
    return answer
