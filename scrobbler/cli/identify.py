"""``scrobbler identify``: what a file's name says, and which film or episode that is."""

import json
import os
import sys
from collections.abc import Iterable, Sequence
from contextlib import closing
from itertools import zip_longest
from pathlib import Path
from typing import Any, Final

import click

from scrobbler.cli import Settings, app_of, now, printable, settings_options
from scrobbler.errors import ConfigError, ScrobblerError, TraktError
from scrobbler.events import Media, Show
from scrobbler.identify.match import Candidate, Unmatched
from scrobbler.machine.session import DEFAULT_ACCOUNT
from scrobbler.reading.reader import Extra, Read, Reading, read_all
from scrobbler.settings import credentials
from scrobbler.settings.config import Config
from scrobbler.trakt.client import Trakt
from scrobbler.trakt.tokens import TokenFile
from scrobbler.trakt.wire import Item

Found = Item | Unmatched | Extra

STDIN: Final = "-"
_NAMES: Final = {
    "ids": "ids",
    "show.title": "show",
    "show.year": "show's year",
    "show.ids": "show's ids",
    "episode_end": "last episode",
    "number_abs": "number",
}
"""Fields in the words of people, where those differ."""


@click.command()
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@click.option("--offline", is_flag=True, help="Only read names and NFO files; ask Trakt nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list, one object per path.")
@settings_options
@click.pass_obj
def command(settings: Settings, paths: tuple[str, ...], offline: bool, as_json: bool) -> None:
    """Show what would be scrobbled for a file, and how that is known.

    PATH is a file, an address or only a name; it need not exist. - reads paths from the standard input, one a line.
    Where Trakt cannot be asked, what the names say is shown all the same.

    \b
    Examples:
      scrobbler identify "Heat (1995).mkv"
      scrobbler identify --offline --json /films/*
      find /shows -name '*.mkv' | scrobbler identify --offline -
    """
    named = list(_given(paths))
    media = [_media(path) for path in named]
    readings = read_all(media)
    found, trouble = ([], "") if offline else _asked(settings.load(), media)
    if as_json:
        rows = [told(path, reading) for path, reading in zip(named, readings, strict=True)]
        if not offline:
            rows = [row | _told_found(one) for row, one in zip_longest(rows, found)]
        click.echo(json.dumps(rows, indent=2))
    else:
        for path, reading, one in zip_longest(named, readings, found):
            click.echo("\n".join([*_words(path, reading), *_found_words(one)]))
    if trouble:
        raise ScrobblerError(trouble)


def _asked(configuration: Config, many: Sequence[Media]) -> tuple[list[Found], str]:
    """What Trakt has for each, as far as it answers; and the trouble, if there is any."""
    from scrobbler.identify.corrections import Corrector  # noqa: PLC0415  # only this half of the command needs it
    from scrobbler.identify.finder import Finder  # noqa: PLC0415  # as above
    from scrobbler.state.snapshot import corrected  # noqa: PLC0415  # as above

    found: list[Found] = []
    try:
        app = app_of(configuration, credentials.needed(configuration))
        with closing(Trakt(app, TokenFile(configuration.state_dir, DEFAULT_ACCOUNT))) as trakt:
            said = tuple(one.correction for one in corrected(configuration.state_dir))
            finder = Finder(trakt, now, correct=Corrector(lambda: said, configuration.rules))
            for media in many:
                found.append(finder.find(media))
    except ConfigError as error:
        return found, f"Trakt is not asked: {error}; --offline does without"
    except TraktError as error:
        return found, f"Trakt cannot be asked: {error}"
    return found, ""


def _given(paths: Iterable[str]) -> Iterable[str]:
    """The paths, those on the standard input too."""
    for path in paths:
        if path != STDIN:
            yield path
            continue
        for line in sys.stdin.buffer:
            if name := line.rstrip(b"\r\n"):
                yield os.fsdecode(name)


def _media(path: str) -> Media:
    """A path as a player would say it: a file that is there with the folders that it is in."""
    try:
        there = "://" not in path and Path(path).exists()
    except (OSError, ValueError):  # too long, or with a zero byte
        there = False
    return Media(path=str(Path(path).absolute()) if there else path)


def told(path: str, reading: Reading) -> dict[str, Any]:
    """A reading as JSON. All keys are always there; what is not known is null."""
    media = Media() if isinstance(reading, Extra) else reading.media
    kind = (
        "ignore"
        if isinstance(reading, Extra)
        else media.kind.value
        if isinstance(reading, Read) and media.kind
        else None
    )
    return {
        "path": path,
        "kind": kind,
        "reason": None if isinstance(reading, Read) else reading.reason,
        "title": media.title,
        "year": media.year,
        "show": _show(media.show),
        "season": media.season,
        "episode": media.episode,
        "episode_end": media.episode_end,
        "number_abs": media.number_abs,
        "date": media.date.isoformat() if media.date else None,
        "ids": media.ids.known(),
        "sources": {} if isinstance(reading, Extra) else {name: who.value for name, who in reading.sources.items()},
    }


def _told_found(found: Found | None) -> dict[str, Any]:
    """What Trakt has, as JSON; without an answer nothing."""
    if isinstance(found, Unmatched):
        return {"item": None, "candidates": [_candidate(one) for one in found.candidates], "reason": found.reason}
    return {"item": _item(found) if isinstance(found, Item) else None, "candidates": []}


def _candidate(candidate: Candidate) -> dict[str, Any]:
    return {**_item(candidate.item), "score": round(candidate.score, 2), "why": candidate.why}


def _item(item: Item) -> dict[str, Any]:
    return {
        "label": item.label(),
        "kind": item.kind.value,
        "title": item.title,
        "year": item.year,
        "ids": item.ids.known(),
        "show": _show(item.show),
        "season": item.season,
        "episode": item.number,
    }


def _found_words(found: Found | None) -> list[str]:
    """What Trakt has, for people."""
    if isinstance(found, Item):
        return [f"  Trakt     {printable(found.label())}"]
    if not isinstance(found, Unmatched):
        return []
    lines = [f"  Trakt     not sure: {found.reason}"]
    return lines + [f"            may be {printable(one.item.label())}: {one.why}" for one in found.candidates]


def _show(show: Show | None) -> dict[str, Any] | None:
    return None if show is None else {"title": show.title, "year": show.year, "ids": show.ids.known()}


def _words(path: str, reading: Reading) -> list[str]:
    """A reading for people: the path, what it is, and from where that is known."""
    lines = [printable(path)]
    if isinstance(reading, Extra):
        return [*lines, f"  ignored   {reading.reason}"]
    media = reading.media
    if not isinstance(reading, Read):
        show = f"; the show is {printable(media.show.title)}" if media.show is not None and media.show.title else ""
        return [*lines, f"  not sure  {reading.reason}{show}"]
    kind = media.kind.value if media.kind else ""
    lines.append(f"  {kind:<8}  {printable(_label(media))}")
    if ids := _ids(media):
        lines.append(f"  ids       {ids}")
    lines.append(f"  known     {_sources(reading)}")
    return lines


def _label(media: Media) -> str:
    """What it is: a title, and where in its show it stands."""
    show = media.show
    if show is None:
        return media.label()
    name = f"{show.title or 'a show'}{f' ({show.year})' if show.year else ''}"
    last = f"-E{media.episode_end:02d}" if media.episode_end is not None else ""
    if media.date is not None:
        return f"{name} of {media.date}"
    if media.number_abs is not None:
        return f"{name}, number {media.number_abs}"
    title = f"  {media.title}" if media.title else ""
    return f"{name} S{media.season or 0:02d}E{media.episode or 0:02d}{last}{title}"


def _ids(media: Media) -> str:
    own = [f"{name} {value}" for name, value in media.ids.known().items()]
    shows = [f"{name} {value} of the show" for name, value in (media.show or Show()).ids.known().items()]
    return ", ".join(own + shows)


def _sources(reading: Read) -> str:
    """``kind, title from the name; year from the folder``."""
    by: dict[str, list[str]] = {}
    for field, who in reading.sources.items():
        by.setdefault(who.value, []).append(_NAMES.get(field, field))
    words = {
        "nfo": "its NFO file",
        "player": "the player",
        "guess": "a guess",
        "name": "the name",
        "folder": "the folder",
    }
    return "; ".join(f"{', '.join(by[who])} from {words[who]}" for who in words if who in by)
