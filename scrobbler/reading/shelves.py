"""What the folders above a file say: which is the show's or the film's, which a season, a disc, or only a shelf."""

import re
from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from scrobbler.events import MediaKind
from scrobbler.reading.names import Name, Proof, read_name
from scrobbler.reading.numbers import Form, season_in
from scrobbler.reading.pattern import regex
from scrobbler.reading.words import FILM_SHELVES, SEASON, SHELVES, SHOW_SHELVES, SPECIALS
from scrobbler.trakt.titles import fold

_DISC: Final = regex(
    r"(?:cd|dis[ck]|dvd|bd|blu-?ray|part|pt)[ ._-]?\d{1,2}|bdmv|stream|video_ts|audio_ts|hvdvd_ts|playlist|backup"
    r"|avchd|certificate|subs?|subtitles",
    re.IGNORECASE,
)
_STRUCTURE: Final = regex(r"bdmv|stream|video_ts|hvdvd_ts|playlist|avchd", re.IGNORECASE)
_SEASON: Final = regex(
    rf"(?:(?:{SEASON})[ ._-]*|s)(?P<number>\d{{1,4}})(?:[ ._-].*|\(.*)?"
    rf"|(?P<ordinal>\d{{1,2}})(?:st|nd|rd|th|\.|ª|º|a|-?[йяе])?[ ._-]?(?:{SEASON})(?:[ ._-].*)?",
    re.IGNORECASE,
)
_YEAR: Final = regex(r"(?:19|20)\d\d")


class Shelf(Struct, frozen=True, kw_only=True):
    """Where a file lies.

    ``named`` is the nearest folder that has a title: the show's, the film's, or a collection's. ``season`` is what a
    folder between says, ``release`` a folder between that names a whole episode, and ``beneath`` a title in the name
    of the season's folder. ``kind`` is what the library is of. ``direct`` says that the file lies right in ``named``.
    """

    named: Name | None = None
    season: int | None = None
    release: Name | None = None
    beneath: Name | None = None
    kind: MediaKind | None = None
    direct: bool = True


def place(folders: Sequence[str], library: str | None = None) -> Shelf:
    """Looks at the folders from the file upwards, as far as the first that says nothing."""
    season: int | None = None
    release = beneath = named = None
    direct = True
    for folder in reversed(folders):
        if _DISC.fullmatch(folder.strip()):
            continue
        if fold(folder) in SPECIALS:
            season, direct = 0 if season is None else season, False
            continue
        if fold(folder) in SHELVES or not folder.strip(". "):
            break
        name = read_name(folder)
        number = _season(name)
        if number is not None:
            season = number if season is None else season
            beneath = beneath or (name if name.lead is not None and name.number is not None else None)
            direct = False
            continue
        if _YEAR.fullmatch(folder.strip()):
            direct = False
            continue
        if name.number is not None and name.number.form in {Form.PLACED, Form.AIRED} and release is None:
            release, direct = name, False
            continue
        named = name
        break
    return Shelf(
        named=named,
        season=season,
        release=release,
        beneath=beneath,
        kind=_kind((*((library,) if library else ()), *folders)),
        direct=direct,
    )


def without_disc(folders: tuple[str, ...], stem: str) -> tuple[tuple[str, ...], str]:
    """The folder of a disc's copy in the place of its file, where the file is a piece of one."""
    if not folders or not (
        _STRUCTURE.fullmatch(folders[-1]) or re.fullmatch(r"vts_\d\d_\d|video_ts", stem, re.IGNORECASE)
    ):
        return folders, stem
    while folders and _DISC.fullmatch(folders[-1].strip()):
        folders = folders[:-1]
    return (folders[:-1], folders[-1]) if folders else (folders, stem)


def sure(name: Name | None) -> bool:
    """Whether a folder names a film or show, and not a shelf for several."""
    if name is None or name.lead is None:
        return False
    return bool(name.ids) or name.lead.year is not None or name.lead.proof is not Proof.NONE


def _season(name: Name) -> int | None:
    """The season that a folder is of."""
    text = name.tagged.text.strip()
    if match := _SEASON.fullmatch(text):
        return int(match["number"] or match["ordinal"])
    if name.number is not None and name.number.form is Form.SEASON:
        return name.number.season
    if name.number is None and (han := season_in(text)) and han.end - han.start == len(text):
        return han.season
    return None


def _kind(folders: Sequence[str]) -> MediaKind | None:
    """What the nearest folder that says so holds: films or shows."""
    for folder in reversed(folders):
        folded = fold(folder)
        if folded in FILM_SHELVES:
            return MediaKind.MOVIE
        if folded in SHOW_SHELVES:
            return MediaKind.EPISODE
    return None
