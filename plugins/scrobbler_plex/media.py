"""Which item a webhook's ``Metadata`` is about, and which items are of no interest."""

from collections.abc import Mapping
from typing import Final

from msgspec.structs import replace

from scrobbler.events import Media, MediaKind, Show
from scrobbler.payload import Table, text, truth, whole
from scrobbler_plex.guid import Guid, own_ids, read

MUSIC: Final = "music"
EXTRA: Final = "trailer_or_extra"
LIVE: Final = "live_tv"

KINDS: Final[Mapping[str, MediaKind]] = {"movie": MediaKind.MOVIE, "episode": MediaKind.EPISODE}
TYPES: Final[Mapping[str, str]] = {"track": MUSIC, "album": MUSIC, "artist": MUSIC, "clip": EXTRA}
PREFIXES: Final[Mapping[str, str]] = {
    "com.plexapp.agents.plexmusic://": MUSIC,
    "plex://track/": MUSIC,
    "iva://": EXTRA,
    "file://": EXTRA,
    "prerolls://": EXTRA,
}
"""Of the guid. A trailer has title and year of its film."""
LIVE_PREFIX: Final = "tv.plex.xmltv://"
"""Of the guid of live TV, which is numbered like episodes."""


def unwanted(metadata: Table) -> str | None:
    """Why an item cannot count, or None where it can."""
    kind = _type(metadata)
    guid = (text(metadata.get("guid")) or "").lower()
    by_guid = next((reason for prefix, reason in PREFIXES.items() if guid.startswith(prefix)), None)
    if MUSIC in (TYPES.get(kind), by_guid):
        return MUSIC
    if EXTRA in (TYPES.get(kind), by_guid) or whole(metadata.get("extraType")):
        return EXTRA
    if _live(metadata):
        return LIVE
    return None if kind in KINDS else "not_video"


def media(metadata: Table) -> Media | None:
    """The film or the episode that is on; None where it is neither. The year is its own: a show's is never sent."""
    kind = KINDS.get(_type(metadata))
    if kind is None:
        return None
    guid = read(metadata.get("guid"), kind)
    item = Media(
        kind=kind,
        title=text(metadata.get("title")),
        year=whole(metadata.get("year")) or None,
        ids=own_ids(metadata.get("Guid")) or guid.own,
        library=text(metadata.get("librarySectionTitle")),
        live=_live(metadata),
    )
    return item if kind is MediaKind.MOVIE else _placed(item, metadata, guid)


def _placed(item: Media, metadata: Table, guid: Guid) -> Media:
    """The episode with its show, and where in it. Season 0 has the specials."""
    season, episode = whole(metadata.get("parentIndex")), whole(metadata.get("index"))
    if season is None or episode is None:
        season, episode = guid.season, guid.episode
    ids = guid.show or read(metadata.get("grandparentGuid"), MediaKind.EPISODE).show
    show = Show(title=text(metadata.get("grandparentTitle")), ids=ids)
    return replace(item, show=show, season=season, episode=episode)


def _live(metadata: Table) -> bool:
    guid, key = (text(metadata.get(name)) or "" for name in ("guid", "key"))
    return guid.lower().startswith(LIVE_PREFIX) or bool(truth(metadata.get("live"))) or key.startswith("/livetv/")


def _type(metadata: Table) -> str:
    return (text(metadata.get("type")) or "").lower()
