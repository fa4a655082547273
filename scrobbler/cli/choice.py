"""Candidates as people see them, and the one that somebody picks."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import click

from scrobbler.cli import printable
from scrobbler.errors import ConfigError, ScrobblerError
from scrobbler.events import MediaKind
from scrobbler.identify.match import Candidate, Unmatched
from scrobbler.state.corrections import Episodes
from scrobbler.trakt.wire import Item

MOST: Final = 10
"""So many are shown."""


def listed(candidates: Sequence[Candidate]) -> list[str]:
    """A line each, numbered from 1: what it is, and what speaks for it."""
    lines = (f"{number}  {name(one.item)}, {one.why}" for number, one in enumerate(candidates[:MOST], start=1))
    return [printable(line) for line in lines]


def told(candidates: Sequence[Candidate]) -> list[dict[str, Any]]:
    """What programs are told of them."""
    return [
        {
            "pick": number,
            "kind": one.item.kind.value,
            "item": name(one.item),
            "ids": (one.item.show.ids if one.item.show is not None else one.item.ids).known(),
            "score": round(one.score, 3),
            "why": one.why,
        }
        for number, one in enumerate(candidates[:MOST], start=1)
    ]


def name(item: Item) -> str:
    """The item with the year of its show, which tells namesakes apart."""
    show = item.show
    year = f" ({show.year})" if item.kind is MediaKind.EPISODE and show is not None and show.year else ""
    at = f"S{item.season:02d}E{item.number:02d}" if item.season is not None and item.number is not None else ""
    return f"{show.title}{year} {at}".rstrip() if show is not None and show.title else item.label()


def picked(candidates: Sequence[Candidate], number: int, reason: str) -> Item:
    """The one of this number. Raises ``ConfigError`` where there is none."""
    if number > len(candidates[:MOST]):
        there = f"there are {len(candidates[:MOST])}" if candidates else f"there are none: {reason}"
        raise ConfigError(f"--pick {number}: {there}")
    return candidates[number - 1].item


def choose(
    label: str, candidates: Sequence[Candidate], search: Callable[[str], Item | Episodes | Unmatched]
) -> Item | Episodes:
    """Ask on the terminal, until one is chosen. Raises ``ScrobblerError`` where the user leaves."""
    click.echo(printable(label), err=True)
    while True:
        for line in listed(candidates):
            click.echo(line, err=True)
        numbers = f"1-{len(candidates[:MOST])}, " if len(candidates) > 1 else "1, " if candidates else ""
        answer = click.prompt(
            f"Which is it? [{numbers}s = search, q = leave]", default="q", show_default=False, err=True
        )
        answer = str(answer).strip().lower()
        if answer == "q":
            raise ScrobblerError("nothing was changed")
        if answer.isascii() and answer.isdigit() and 1 <= int(answer) <= len(candidates[:MOST]):
            return candidates[int(answer) - 1].item
        if answer == "s":
            found = _searched(search)
            if isinstance(found, Item | Episodes):
                return found
            candidates = found.candidates or candidates


def _searched(search: Callable[[str], Item | Episodes | Unmatched]) -> Item | Episodes | Unmatched:
    text = str(click.prompt("A name, id or address", default="", show_default=False, err=True))
    try:
        found = search(text)
    except ConfigError as error:
        found = Unmatched(reason=str(error))
    if isinstance(found, Unmatched):
        click.echo(printable(found.reason), err=True)
    return found
