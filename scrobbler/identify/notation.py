"""How people name a film, a show or an episode when they are asked: addresses, ids, titles. Nothing is looked up.

What the addresses of the four catalogues look like was read off their sites; TVDb puts an id into some of its
addresses only.
"""

import re
from collections.abc import Callable
from enum import Enum
from typing import Final
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from msgspec import Struct
from msgspec.structs import replace

from scrobbler.events import Ids
from scrobbler.reading.pattern import regex

ALLOWED: Final = (
    "give an address at trakt.tv, imdb.com, themoviedb.org or thetvdb.com; an id such as tt0113277, tmdb:603, "
    'tmdb:tv:1396, tvdb:121361 or trakt:show:1388; or a name such as "Heat (1995)" or "The Expanse s01e02"'
)
"""For people who gave something else."""
LONGEST: Final = 500
"""Signs of a text that is looked at."""


class Subject(Enum):
    """What an id or an address is of."""

    MOVIE = "movie"
    SHOW = "show"
    EPISODE = "episode"


class Place(Struct, frozen=True, kw_only=True):
    """Where in its show something stands; without ``episode`` the season as a whole."""

    season: int
    episode: int | None = None


class ById(Struct, frozen=True, kw_only=True):
    """One id. ``subject`` is None where the id alone does not say what it is of."""

    ids: Ids
    subject: Subject | None = None
    place: Place | None = None


class ByTitle(Struct, frozen=True, kw_only=True):
    """A title. A number at its end may be part of it, a year, or an episode's absolute number."""

    title: str
    year: int | None = None
    place: Place | None = None


class Unclear(Struct, frozen=True, kw_only=True):
    """It names nothing, and why."""

    reason: str


Reference = ById | ByTitle | Unclear

_PLACE: Final = regex(
    r"(?:^|[\s:,]+)(?:s(?P<season>\d{1,4})[ ._-]?e(?P<episode>\d{1,5})|(?P<season_x>\d{1,4})x(?P<episode_x>\d{1,5})"
    r"|s(?:eason )?(?P<alone>\d{1,4}))$",
    re.IGNORECASE,
)
_ID: Final = regex(
    r"(?P<source>imdb|tmdb|tvdb|trakt)(?:id)?[:=-](?:(?P<what>movie|film|tv|show|series|episode)[:/])?"
    r"(?P<id>tt\d+|\d+)",
    re.IGNORECASE,
)
_ID_BEGUN: Final = regex(r"(?:imdb|tmdb|tvdb|trakt):", re.IGNORECASE)
_IMDB: Final = regex(r"tt\d{1,12}", re.IGNORECASE)
_TITLE: Final = regex(r"(?P<title>.*\S)\s*\((?P<year>(?:18|19|20)\d\d)\)")
_ADDRESS: Final = regex(r"https?://|(?=(?:[a-z0-9-]+\.)*(?:trakt|imdb|themoviedb|thetvdb)\.[a-z]+/)", re.IGNORECASE)
_WHAT: Final = {
    "movie": Subject.MOVIE,
    "film": Subject.MOVIE,
    "tv": Subject.SHOW,
    "show": Subject.SHOW,
    "series": Subject.SHOW,
    "episode": Subject.EPISODE,
}
_MOST: Final = 2**53
"""No catalogue has come so far; a bigger number could not be sent as JSON that all read alike."""


def parse(text: str) -> Reference:
    """What the text names. Never raises, whatever it is given."""
    text = " ".join(text.split())
    if not text or len(text) > LONGEST or not text.isprintable():
        return Unclear(reason=f"that is no name: {ALLOWED}")
    rest, place = _cut(text)
    if _ADDRESS.match(rest):
        return _placed(_address(rest), place)
    if _IMDB.fullmatch(rest):
        return _placed(ById(ids=Ids(imdb=rest.lower())), place)
    if found := _ID.fullmatch(rest):
        what = _WHAT[found["what"].lower()] if found["what"] else None
        return _placed(_by_id(found["source"].lower(), found["id"], what), place)
    if _ID_BEGUN.match(rest):
        return Unclear(reason=f"{_shown(rest)} is no id: {ALLOWED}")
    return _by_title(rest, place)


def _by_title(text: str, place: Place | None) -> Reference:
    titled = _TITLE.fullmatch(text)
    title, year = (titled["title"], int(titled["year"])) if titled else (text, None)
    if not any(sign.isalnum() for sign in title):
        return Unclear(reason=f"{_shown(text)} is no name: {ALLOWED}")
    return ByTitle(title=title, year=year, place=place)


def _cut(text: str) -> tuple[str, Place | None]:
    """The text without the place at its end. A season alone is one only after something else."""
    found = _PLACE.search(text)
    if found is None or not found.start():
        return text, None
    season = found["season"] or found["season_x"] or found["alone"]
    episode = found["episode"] or found["episode_x"]
    return text[: found.start()], Place(season=int(season), episode=int(episode) if episode else None)


def _placed(found: Reference, place: Place | None) -> Reference:
    """What was found, at the place that is said behind it."""
    if place is None or not isinstance(found, ById):
        return found
    if found.place is not None:
        return Unclear(reason="season and episode are said twice: in the address, and behind it")
    if found.subject in {Subject.MOVIE, Subject.EPISODE}:
        what = "a film" if found.subject is Subject.MOVIE else "an episode"
        return Unclear(reason=f"season and episode go with a show, and this names {what} already")
    return ById(ids=found.ids, subject=Subject.SHOW, place=place)


def _by_id(source: str, value: str, subject: Subject | None) -> Reference:
    if (source == "imdb") != value.lower().startswith("tt"):
        return Unclear(reason=f"{_shown(f'{source}:{value}')} is no id: {ALLOWED}")
    if source == "imdb":
        return ById(ids=Ids(imdb=value.lower()), subject=subject)
    number = _number(value)
    if number is None or (subject is Subject.MOVIE and source == "tvdb"):
        why = "Trakt knows no film by TVDb's id" if number else f"{_shown(value)} is no id"
        return Unclear(reason=f"{why}: {ALLOWED}")
    if source == "tvdb":
        subject = subject or Subject.SHOW
    return ById(ids=replace(Ids(), **{source: number}), subject=subject)


# Addresses


def _address(text: str) -> Reference:
    try:
        url = urlsplit(text if "://" in text else f"https://{text}")
        host = (url.hostname or "").lower()
    except ValueError:
        return Unclear(reason=f"that is no address that can be read: {ALLOWED}")
    site = ".".join(host.split(".")[-2:])
    read = _SITES.get(site)
    if read is None:
        return Unclear(reason=f"{_shown(host)} is no site that Trakt has ids of: {ALLOWED}")
    parts = [unquote(part) for part in url.path.split("/") if part]
    found = read(parts, url)
    return found or Unclear(reason=f"this address at {site} names no film, show or episode: {ALLOWED}")


def _trakt(parts: list[str], _url: SplitResult) -> Reference | None:
    match parts:
        case ["movies", ref, *_]:
            return _at_trakt(ref, Subject.MOVIE)
        case ["shows", ref, *rest]:
            return _in_show(_at_trakt(ref, Subject.SHOW), rest, "seasons", "episodes")
        case ["episodes", ref, *_]:
            return _at_trakt(ref, Subject.EPISODE)
        case ["search", "imdb" | "tmdb" | "tvdb" | "trakt" as source, ref, *_]:
            return _by_id(source, ref, None)
    return None


def _at_trakt(ref: str, subject: Subject) -> Reference | None:
    if (number := _number(ref)) is not None:
        return ById(ids=Ids(trakt=number), subject=subject)
    good = subject is not Subject.EPISODE and re.fullmatch(r"[\w-]{1,200}", ref)
    return ById(ids=Ids(slug=ref.lower()), subject=subject) if good else None


def _imdb(parts: list[str], _url: SplitResult) -> Reference | None:
    if "title" not in parts[:-1]:
        return None
    ref = parts[parts.index("title") + 1]
    return ById(ids=Ids(imdb=ref.lower())) if _IMDB.fullmatch(ref) else None


def _tmdb(parts: list[str], _url: SplitResult) -> Reference | None:
    match parts:
        case ["movie" | "tv" as what, ref, *rest]:
            number = _number(ref.partition("-")[0])
            found = ById(ids=Ids(tmdb=number), subject=_WHAT[what]) if number else None
            return found if what == "movie" else _in_show(found, rest, "season", "episode")
    return None


def _tvdb(parts: list[str], url: SplitResult) -> Reference | None:
    asked = {name: values[0] for name, values in parse_qs(url.query).items()}
    match parts:
        case [*_, "episodes", ref] if number := _number(ref):
            return ById(ids=Ids(tvdb=number), subject=Subject.EPISODE)
        case ["dereferrer", "series" | "episode" as what, ref] if number := _number(ref):
            return ById(ids=Ids(tvdb=number), subject=_WHAT[what])
        case ["series", ref, *rest] if number := _number(ref):
            seasons = ["seasons", rest[-1]] if rest[:1] == ["seasons"] else []
            return _in_show(ById(ids=Ids(tvdb=number), subject=Subject.SHOW), seasons, "seasons", "episodes")
        case ["series" | "movies", ref, *_]:
            return Unclear(reason=f"TVDb's id is not in this address, only the name {_shown(ref)}: {ALLOWED}")
    of = {"series": Subject.SHOW, "episode": Subject.EPISODE}.get(asked.get("tab", "series"))
    number = _number(asked.get("id", ""))
    return ById(ids=Ids(tvdb=number), subject=of) if of and number else None


def _in_show(found: Reference | None, rest: list[str], seasons: str, episodes: str) -> Reference | None:
    """The show, its season or its episode, by what stands behind the show in an address."""
    if not isinstance(found, ById) or rest[:1] != [seasons] or len(rest) < 2:
        return found
    season, episode = _number(rest[1]), None
    if len(rest) > 3 and rest[2] == episodes:
        episode = _number(rest[3])
        if episode is None:
            return None
    if season is None and rest[1].strip("0"):
        return None
    return ById(ids=found.ids, subject=found.subject, place=Place(season=season or 0, episode=episode))


_SITES: Final[dict[str, Callable[[list[str], SplitResult], Reference | None]]] = {
    "trakt.tv": _trakt,
    "imdb.com": _imdb,
    "themoviedb.org": _tmdb,
    "thetvdb.com": _tvdb,
}


def _number(text: str) -> int | None:
    """An id's number; None where it is none, and 0 is none."""
    number = int(text) if re.fullmatch(r"[0-9]{1,16}", text) else 0
    return number if 0 < number < _MOST else None


def _shown(text: str) -> str:
    return repr(text if len(text) <= 60 else f"{text[:60]}…")
