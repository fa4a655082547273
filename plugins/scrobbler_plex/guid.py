"""The forms in which Plex tells the ids of an item: a list of the new agents, or the address of an old one."""

import re
from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from scrobbler.events import Ids, MediaKind
from scrobbler.payload import ids, text, whole

SCHEMES: Final[Mapping[str, str]] = {"imdb": "imdb", "tmdb": "tmdb", "tvdb": "tvdb"}
"""Of the list ``Guid``: they are the item's own, for an episode the episode's."""

AGENTS: Final[Mapping[str, str]] = {
    "com.plexapp.agents.imdb": "imdb",
    "com.plexapp.agents.themoviedb": "tmdb",
    "com.plexapp.agents.thetvdb": "tvdb",
}
"""The old agents. ``AGENT://ID`` is a film, ``AGENT://ID/SEASON/EPISODE`` an episode by the id of its show."""

HAMA: Final = "com.plexapp.agents.hama"
"""An old agent for anime. Its ids are those of shows, and begin with the name of who gave them."""
HAMA_IDS: Final[Mapping[str, str]] = dict.fromkeys(("tvdb", "tvdb2", "tvdb3", "tvdb4", "tvdb5"), "tvdb")

_MOST: Final = 100
"""Entries of a list that are looked at."""


class Guid(Struct, frozen=True, kw_only=True):
    """What an address tells."""

    own: Ids = Ids()
    show: Ids = Ids()
    season: int | None = None
    episode: int | None = None


def own_ids(listed: object) -> Ids:
    """The ids of the list ``Guid``; entries that make no sense are passed over one by one."""
    entries = listed if isinstance(listed, list) else [listed]
    found: dict[str, object] = {}
    for entry in entries[:_MOST]:
        scheme, rest = _split(entry.get("id") if isinstance(entry, dict) else entry)
        name = SCHEMES.get(scheme)
        if name is not None and ids(**{name: rest}):
            found.setdefault(name, rest)
    return ids(**found)


def read(guid: object, kind: MediaKind) -> Guid:
    """What ``guid`` tells of an item of that kind; of an agent that is not known, nothing."""
    scheme, rest = _split(guid)
    number, *place = rest.split("/")
    if scheme in SCHEMES:
        return Guid(own=ids(**{SCHEMES[scheme]: number}))
    name = AGENTS.get(scheme)
    if kind is MediaKind.MOVIE:
        return Guid(own=ids(**{name: number})) if name else Guid()
    if scheme == HAMA:
        said, _, number = number.partition("-")
        name = HAMA_IDS.get(said)
    elif name is None:
        return Guid()
    season, episode = (whole(place[0]), whole(place[1])) if len(place) == 2 else (None, None)
    return Guid(show=ids(**{name: number}) if name else Ids(), season=season, episode=episode)


def _split(guid: object) -> tuple[str, str]:
    """Scheme and what follows, without a query."""
    scheme, _, rest = (text(guid) or "").partition("://")
    return scheme.lower(), re.split(r"[?#]", rest)[0].strip("/")
