"""Which item Tautulli means, and which items are of no interest."""

from collections.abc import Mapping
from typing import Final

from msgspec.structs import replace

from scrobbler.events import Media, MediaKind, Show
from scrobbler.payload import Table, ids, text, truth, whole

LIVE: Final = "live_tv"
KINDS: Final[Mapping[str, MediaKind]] = {"movie": MediaKind.MOVIE, "episode": MediaKind.EPISODE}
TYPES: Final[Mapping[str, str]] = {"track": "music", "clip": "trailer_or_extra"}
IDS: Final[Mapping[str, str]] = {"imdb": "imdb_id", "tmdb": "themoviedb_id", "tvdb": "thetvdb_id"}
"""Of an episode, they are those of its show."""


def unwanted(said: Table) -> str | None:
    """Why an item cannot count, or None where it can. ``"0"`` means no."""
    kind = _type(said)
    if kind in TYPES:
        return TYPES[kind]
    if truth(said.get("preroll")) or (text(said.get("extra_type")) or "0") != "0":
        return "trailer_or_extra"
    if _live(said):
        return LIVE
    return None if kind in KINDS else "not_video"


def media(said: Table) -> Media | None:
    """The film or the episode that is on, or None. ``title`` of an episode holds the show's too, so it is not used."""
    kind = KINDS.get(_type(said))
    if kind is None:
        return None
    known = ids(**{name: _bare(said.get(field)) for name, field in IDS.items()})
    library, year = text(said.get("library_name")), whole(said.get("year")) or None
    item = Media(kind=kind, year=year, library=library, live=_live(said))
    if kind is MediaKind.MOVIE:
        return replace(item, title=text(said.get("title")), ids=known)
    return replace(
        item,
        title=text(said.get("episode_name")),
        show=Show(title=text(said.get("show_name")), year=whole(said.get("show_year")) or None, ids=known),
        season=whole(said.get("season_num")),
        episode=whole(said.get("episode_num")),
    )


def _live(said: Table) -> bool:
    return bool(truth(said.get("live"))) or (text(said.get("guid")) or "").startswith("tv.plex.xmltv://")


def _bare(value: object) -> str | None:
    """An id without the scheme that stands before it in some templates, ``imdb://``."""
    return (text(value) or "").rpartition("://")[2] or None


def _type(said: Table) -> str:
    return (text(said.get("media_type")) or "").lower()
