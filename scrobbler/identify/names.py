"""What a path says for certain about the film or episode in it, by the names that people and managers give.

Only two shapes are believed: a film as ``Title (Year)`` in the file's or its folder's name, and an episode as
``S01E02`` or ``1x02`` after its show's title or in its show's folder. Any other word makes a name unsure, and then
``guess`` has to say what it is. Ids in braces or brackets are believed anywhere.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from scrobbler.events import Ids, Media, MediaKind, Show
from scrobbler.identify.extras import is_extra
from scrobbler.identify.paths import take_apart
from scrobbler.trakt.titles import fold, same_title, same_year


class Named(Struct, frozen=True, kw_only=True):
    """It is certain what this is."""

    media: Media


class Unsure(Struct, frozen=True, kw_only=True):
    """Only what is in ``media`` is certain; the rest has to be guessed."""

    media: Media


class Extra(Struct, frozen=True, kw_only=True):
    """Not to be scrobbled, though it may carry a film's name."""

    reason: str


class Name(Struct, frozen=True, kw_only=True):
    """A file's or folder's name. ``text`` is without ids and tags; ``title`` is None where a word makes it unsure."""

    text: str
    title: str | None = None
    year: int | None = None
    ids: Ids = Ids()

    @property
    def sure(self) -> bool:
        """Whether this names a film or show, and not a shelf for several."""
        return self.title is not None and (self.year is not None or bool(self.ids))


MOST_EPISODES: Final = 8
"""In one file. A second number that is further away is something else, such as a resolution."""

_ID: Final = re.compile(
    r"[\[{(](?:(?:imdb(?:id)?[-=:])?(?P<imdb>tt\d+)|(?P<source>tmdb|tvdb)(?:id)?[-=:](?P<id>\d+))[\]})]", re.IGNORECASE
)
_TAG: Final = re.compile(r"\s*(?:\[[^\[\]]*\]|\{[^{}]*\}|\((?:tt|t[mv]db)[^()]*\))", re.IGNORECASE)
_TITLE_YEAR: Final = re.compile(r"(?P<title>\S.*?) \((?P<year>(?:19|20)\d\d)\)(?P<rest>.*)")
_NUMBER: Final = re.compile(
    r"(?<![^\W_])(?:s(?P<season>\d{1,4})[ ._-]?e(?P<first>\d{1,4})(?:(?:-?e|-)(?P<last>\d{1,4}))*"
    r"|(?P<season_x>\d{1,2})x(?P<first_x>\d{2,3})(?:-(?P<last_x>\d{2,3}))?)(?![^\W_])",
    re.IGNORECASE,
)
_SEASON: Final = re.compile(r"(?:season|series|s)[ ._]?(?P<number>\d{1,4})|specials", re.IGNORECASE)
_QUALITY: Final = re.compile(
    r"\b(?:[2-9]\d\d[pi]|[12]\d{3}[pi]|4k|uhd|[xh]\.?26[45]|hevc|xvid|divx|av1|blu-?ray|b[rd]rip|remux|web"
    r"|web-?(?:dl|rip)|hdtv|dvd-?rip|dvd)\b",
    re.IGNORECASE,
)
_SCENE: Final = re.compile(
    r"^\[ | ^\S*\w{2}[._]\w{2}\S*$ | \bcomplete\ (?:series|season) "
    r"| \b(?:season|episode|staffel|folge|saison|stagione|temporada|seizoen)\ ?\d",
    re.IGNORECASE | re.VERBOSE,
)
"""Words joined by dots, a group in front, a season or number spelled out: a title cannot be cut out for certain."""
_PIECE: Final = re.compile(
    r"\W*(?:(?:e|ep|episode|pt|part|cd|dis[ck]|dvd)[ .]?)?\d{1,3}\b|\W*\d{4}[-. ]\d\d\b|\W*(?:part|pt)\b", re.IGNORECASE
)
"""What after a year says that this is one of several: a number, a date, a part."""


def describe(media: Media) -> Named | Unsure | Extra:
    """Adds what the path says. What the player itself identified is left as it is."""
    if identified(media):
        return Named(media=media)
    parts = take_apart(media)
    if parts is None:
        return Unsure(media=media)
    if is_extra(parts.folders, parts.stem):
        return Extra(reason="a trailer, a sample or another extra")
    file, folders = _name(parts.stem), [_name(folder) for folder in reversed(parts.folders)]
    number = _NUMBER.search(file.text)
    return _episode(media, file, folders, number) if number else _film(media, file, folders)


@lru_cache(maxsize=256)
def numbered(media: Media) -> Media:
    """The media with season and episodes, where its file's name says that it holds several; else as it is.

    This much must be known at once, because a sitting is split by it; what show it is of can wait.
    """
    parts = take_apart(media) if media.path and media.kind is None and media.episode is None else None
    number = _NUMBER.search(parts.stem) if parts is not None else None
    season, first, last = _numbers(number) if number is not None else (0, 0, None)
    if last is None or not first < last <= first + MOST_EPISODES:
        return media
    return replace(media, kind=MediaKind.EPISODE, season=season, episode=first, episode_end=last)


def identified(media: Media) -> bool:
    """Whether the media names one film or episode as it is."""
    if media.kind is MediaKind.MOVIE:
        return bool(media.title or media.ids)
    if media.kind is MediaKind.EPISODE:
        shown = media.show is not None and bool(media.show.title or media.show.ids)
        placed = media.number_abs is not None or media.date is not None or media.episode is not None
        return bool(media.ids) or (shown and placed)
    return False


def _film(media: Media, file: Name, folders: Sequence[Name]) -> Named | Unsure:
    """A film by its own name, or by its folder's if that is the same."""
    folder = folders[0] if folders else Name(text="")
    if folder.sure and _is_the_film(file, folder):
        file = replace(folder, ids=file.ids or folder.ids)
    if media.kind is MediaKind.EPISODE or _SEASON.fullmatch(folder.text):
        return _unsure(media, folders)
    media = replace(media, ids=file.ids or media.ids)
    if not file.sure:
        return Unsure(media=media)
    return Named(media=replace(media, kind=MediaKind.MOVIE, title=file.title, year=file.year))


def _is_the_film(file: Name, folder: Name) -> bool:
    """Whether a file in a film's own folder is that film, and not something else that begins like it."""
    if file.title is not None:
        return same_title(file.title, folder.title) and same_year(file.year, folder.year)
    before, year, after = file.text.partition(str(folder.year))
    return bool(year) and same_title(before, folder.title) and bool(_QUALITY.search(after)) and not _PIECE.match(after)


def _episode(media: Media, file: Name, folders: Sequence[Name], number: re.Match[str]) -> Named | Unsure:
    """An episode. An id in its file's name is not used: some write the show's there, others the episode's."""
    season, first, end = _numbers(number)
    rest = file.text[number.end() :]
    show = _show(file.text[: number.start()], folders)
    sure = show is not None and media.kind is not MediaKind.MOVIE and _agrees(folders, season)
    if end is not None and not first < end <= first + MOST_EPISODES:
        sure = False
    if not sure or _NUMBER.search(rest) or re.match(r"\W*e\d", rest, re.IGNORECASE):
        return _unsure(media, folders)
    return Named(
        media=replace(
            media,
            kind=MediaKind.EPISODE,
            title=_episode_title(rest),
            year=None,
            show=show,
            season=season,
            episode=first,
            episode_end=end,
        )
    )


def _numbers(number: re.Match[str]) -> tuple[int, int, int | None]:
    """Season, first episode, and the last one where there are several."""
    season, first, last = (number[key] or number[f"{key}_x"] for key in ("season", "first", "last"))
    return int(season), int(first), int(last) if last else None


def _unsure(media: Media, folders: Sequence[Name]) -> Unsure:
    """What is below a season's folder is of the show in whose folder that lies, whatever else it is."""
    show = folders[1] if len(folders) > 1 and _SEASON.fullmatch(folders[0].text) else Name(text="")
    if media.show is not None or media.kind is MediaKind.MOVIE or not show.sure:
        return Unsure(media=media)
    return Unsure(media=replace(media, show=Show(title=show.title, year=show.year, ids=show.ids)))


def _show(before: str, folders: Sequence[Name]) -> Show | None:
    """The show by what stands before the number, and by the folder if they agree or nothing stands there."""
    in_season = bool(folders) and _SEASON.fullmatch(folders[0].text) is not None
    above = folders[1:] if in_season else folders
    folder = above[0] if above else Name(text="")
    lead = _name(before.rstrip(" -._"))
    if folder.title is not None:
        alone = not lead.text and (in_season or folder.sure)
        named = same_title(lead.title or lead.text, folder.title) and same_year(lead.year, folder.year)
        if alone or named or (lead.text and fold(lead.text) == fold(folder.text)):
            return Show(title=folder.title, year=folder.year or lead.year, ids=folder.ids)
    return Show(title=lead.title, year=lead.year) if lead.title is not None else None


def _agrees(folders: Sequence[Name], season: int) -> bool:
    """Whether the season's folder, if there is one, is of this season."""
    folder = _SEASON.fullmatch(folders[0].text) if folders else None
    return folder is None or int(folder["number"] or 0) == season


def _episode_title(rest: str) -> str | None:
    title = re.match(r" - (\S.*)", rest)
    return title[1] if title and not _QUALITY.search(title[1]) else None


def _name(text: str) -> Name:
    """A name taken apart."""
    plain = _TAG.sub("", text).strip()
    ids = _ids(text)
    if not plain or text.startswith("["):
        return Name(text=plain, ids=ids)
    dated = _TITLE_YEAR.fullmatch(plain)
    title, year, rest = (dated["title"], int(dated["year"]), dated["rest"]) if dated else (plain, None, "")
    clean = not _SCENE.search(title) and not _QUALITY.search(title) and not _PIECE.match(rest)
    known = clean and (not rest or rest.startswith(("-", " - ")) or _QUALITY.match(rest.strip()))
    return Name(text=plain, title=title if known else None, year=year if known else None, ids=ids)


def _ids(text: str) -> Ids:
    found: dict[str, str] = {}
    for match in _ID.finditer(text):
        found.setdefault("imdb" if match["imdb"] else match["source"].lower(), match["imdb"] or match["id"])
    imdb, tmdb, tvdb = found.get("imdb"), found.get("tmdb"), found.get("tvdb")
    return Ids(
        imdb=imdb.lower() if imdb else None,
        tmdb=int(tmdb) if tmdb else None,
        tvdb=int(tvdb) if tvdb else None,
    )
