"""The corpus of names: lines of ``name => what it is``, read and compared.

What it is: ``film TITLE (YEAR) [ids]``, ``show TITLE (YEAR) [the show's ids] S01E02-E03``, the same with ``#105`` for a
number of no season or ``@2024-03-05`` for a day, ``ignore`` for an extra, and ``-`` where no name tells. A line of
``streams.txt`` is a player's title and an address, with ``::`` between them.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from scrobbler.events import Ids, Media, MediaKind, Show
from scrobbler.reading.reader import Extra, Read, Reading
from scrobbler.trakt.titles import fold

CORPUS = Path(__file__).parent / "corpus"


class Case(NamedTuple):
    """A name with the place of its line, and what it is in the words of the corpus."""

    where: str
    media: Media
    expected: str


def cases(*files: str) -> Iterator[Case]:
    """All lines of these files, or of all."""
    for path in sorted(CORPUS.glob("*.txt")):
        if files and path.stem not in files:
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if " => " not in line or line.startswith("# "):
                continue
            name, _, expected = line.rpartition(" => ")
            yield Case(f"{path.name}:{number}", media(name), expected.strip())


def media(name: str) -> Media:
    """A name as a player would say it."""
    title, streamed, path = name.partition("::")
    if not streamed:
        return Media(path=name)
    return Media(title=title.strip() or None, path=path.strip() or None)


def words(reading: Reading) -> str:
    """A reading in the words of the corpus."""
    if isinstance(reading, Extra):
        return "ignore"
    if not isinstance(reading, Read):
        return "-"
    found = reading.media
    if found.kind is MediaKind.MOVIE:
        return f"film {_named(found.title, found.year, found.ids)}"
    show = found.show or Show()
    named = _named(show.title, show.year, show.ids)
    if found.date is not None:
        return f"show {named} @{found.date}"
    if found.number_abs is not None:
        return f"show {named} #{found.number_abs}"
    last = f"-E{found.episode_end:02d}" if found.episode_end is not None else ""
    return f"show {named} S{found.season or 0:02d}E{found.episode or 0:02d}{last}"


def _named(title: str | None, year: int | None, ids: Ids) -> str:
    known = " ".join(f"{name}:{value}" for name, value in ids.known().items())
    return f"{title}{f' ({year})' if year else ''}{f' [{known}]' if known else ''}"


_PARTS = re.compile(
    r"(?P<kind>film|show) (?P<title>.*?)(?P<year> \((?:18|19|20)\d\d\))?(?P<ids> \[[a-z]+:[^\]]*\])?"
    r"(?P<number> (?:S\d+E\d+(?:-E\d+)?|#\d+|@[\d-]+))?"
)


def same(one: str, other: str) -> bool:
    """Whether two words of the corpus mean the same: titles as Trakt's are compared, the rest exactly."""
    ours, theirs = _PARTS.fullmatch(one), _PARTS.fullmatch(other)
    if ours is None or theirs is None:
        return one == other
    rest = ("kind", "year", "ids", "number")
    return fold(ours["title"]) == fold(theirs["title"]) and all(ours[name] == theirs[name] for name in rest)
