"""What kind of thing an item is, whether it can be watched to any effect, and what is said of it.

Sources: Jellyfin's ``BaseItemKind`` and ``BaseItemDto``, Emby's ``BaseItemDto``; what a type leads to is our choice.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Final

from msgspec.structs import replace

from scrobbler import payload
from scrobbler.events import Ids, Media, MediaKind, Show
from scrobbler.payload import Table, table, text, whole


class Reason(Enum):
    """Why a message is no playback of interest."""

    MUSIC = "music"
    EXTRA = "trailer_or_extra"
    LIVE = "live_tv"
    NO_VIDEO = "not_video"
    UNSUPPORTED = "unsupported_event"
    NO_PLAYBACK = "not_a_playback_event"
    UNIDENTIFIED = "missing_identity"
    MALFORMED = "malformed"


TYPES: Final[Mapping[str, MediaKind | Reason]] = {
    "movie": MediaKind.MOVIE,
    "episode": MediaKind.EPISODE,
    "audio": Reason.MUSIC,
    "musicalbum": Reason.MUSIC,
    "musicartist": Reason.MUSIC,
    "musicvideo": Reason.MUSIC,
    "song": Reason.MUSIC,
    "trailer": Reason.EXTRA,
    "video": Reason.EXTRA,
    "livetvchannel": Reason.LIVE,
    "livetvprogram": Reason.LIVE,
    "program": Reason.LIVE,
    "recording": Reason.LIVE,
    "tvchannel": Reason.LIVE,
    "tvprogram": Reason.LIVE,
}
"""In lower case. What is not here is no video. Jellyfin calls its extras ``Video``."""
PROGRAMMES: Final = frozenset({"livetvprogram", "program", "recording", "tvprogram"})
"""Of live TV, the types that name what is on, and not only the channel."""


def sort_of(named: str | None, extra: str | None = None) -> MediaKind | Reason | None:
    """What a server's word for a type means, and ``ExtraType`` beside it; None where there is no word."""
    sort = TYPES.get(named.casefold(), Reason.NO_VIDEO) if named is not None else None
    return Reason.EXTRA if extra is not None and not isinstance(sort, Reason) else sort


def is_programme(named: str | None) -> bool:
    """Whether it is live TV of which more is told than the channel."""
    return named is not None and named.casefold() in PROGRAMMES


def title(value: object) -> str | None:
    r"""A title without what was done to it on the way.

    Jellyfin's plugin writes ``"`` as ``\"`` before it makes JSON of it, and a user's template writes it in HTML.
    """
    said = payload.plain(value)
    return said.replace('\\"', '"') if said is not None else None


def ids_of(named: Mapping[str, object]) -> Ids:
    """Ids by the names of their providers, in whatever case."""
    by_name = {name.casefold(): value for name, value in named.items()}
    return payload.ids(imdb=by_name.get("imdb"), tmdb=by_name.get("tmdb"), tvdb=by_name.get("tvdb"))


def end_of(first: int | None, last: int | None) -> int | None:
    """The last episode of a file that holds several; None where it holds one."""
    return last if first is not None and last is not None and last > first else None


def described(item: Table, series: Table) -> Media | Reason:
    """What a ``BaseItemDto`` says, with that of its series where it is sent, or why it is of no interest.

    Its year and its ids are its own, so for an episode the episode's. An item of which no type is said is an episode
    if it names a series, and else may be either.
    """
    show = title(item.get("SeriesName")) or title(series.get("Name"))
    sort = sort_of(text(item.get("Type")), text(item.get("ExtraType")))
    live = sort is Reason.LIVE and is_programme(text(item.get("Type")))
    if live:
        sort = None
    if isinstance(sort, Reason):
        return sort
    kind = MediaKind.EPISODE if sort is None and show else sort
    own = Media(
        kind=kind,
        title=title(item.get("Name")),
        year=whole(item.get("ProductionYear")) or None,
        ids=ids_of(table(item.get("ProviderIds"))),
        live=live,
    )
    if kind is not MediaKind.EPISODE:
        return own
    first = whole(item.get("IndexNumber"))
    year = whole(series.get("ProductionYear")) or None
    return replace(
        own,
        show=Show(title=show, year=year, ids=ids_of(table(series.get("ProviderIds")))),
        season=whole(item.get("ParentIndexNumber")),
        episode=first,
        episode_end=end_of(first, whole(item.get("IndexNumberEnd"))),
    )
