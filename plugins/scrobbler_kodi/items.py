"""Which item Kodi plays, and which items are of no interest.

Two say it: the notification (``said``; of a library item only its number) and the answer to ``Player.GetItem``
(``item``). Unknown is 0, -1 or an empty text. A file that Kodi knows nothing of is called a movie by the one and
``unknown`` by the other, and its title is its file's name; so its path is all that is taken of it.
"""

import re
from collections.abc import Mapping
from typing import Final

from msgspec.structs import replace

from scrobbler import payload
from scrobbler.events import Ids, Media, MediaKind, Seconds, Show
from scrobbler.payload import Table, length, number, rows, table, text, truth, whole

KINDS: Final[Mapping[str, MediaKind]] = {"movie": MediaKind.MOVIE, "episode": MediaKind.EPISODE}
TYPES: Final[Mapping[str, str]] = {
    "song": "music",
    "musicvideo": "music",
    "album": "music",
    "artist": "music",
    "audio": "music",
    "channel": "live_tv",
    "picture": "not_video",
    "season": "not_video",
    "tvshow": "not_video",
    "set": "not_video",
}
"""Of the words of the notification, of ``GetItem`` and of ``GetProperties``; ``unknown`` and ``video`` say nothing."""

SHOW: Final = "VideoLibrary.GetTVShowDetails"
EPISODES: Final = "VideoLibrary.GetEpisodes"

_TRAILER: Final = re.compile(r"\((trailer|teaser|bande-annonce|tr[aá]iler|трейлер)\)$", re.IGNORECASE)
_TRAILER_FILE: Final = re.compile(r"[-._ ](trailer|teaser)\d?\.\w{2,5}$", re.IGNORECASE)
_FILE: Final = re.compile(r"\.[A-Za-z][A-Za-z0-9]{1,4}$")
_SHORT: Final = 600.0
"""Seconds. A trailer is shorter, and has the runtime of its film beside it."""


def same(said: Table, item: Table) -> bool:
    """Whether both are one item, as far as they tell: by number and type, else by title."""
    mine, theirs = whole(said.get("id")), whole(item.get("id"))
    if mine or theirs:
        kinds = {text(one.get("type")) for one in (said, item)} - {None, "unknown"}
        return not (mine and theirs) or (mine == theirs and len(kinds) < 2)
    title = text(said.get("title"))
    titles = {text(item.get("title")), text(item.get("label")), _name(text(item.get("file")))} - {None}
    return title is None or not titles or title in titles


def unwanted(said: Table, item: Table, properties: Table) -> str | None:
    """Why an item cannot count, or None where it can."""
    words = [(text(one.get("type")) or "").lower() for one in (said, item, properties)]
    for word in words:
        if word in TYPES:
            return TYPES[word]
    file = (text(item.get("file")) or text(said.get("file")) or "").lower()
    if truth(properties.get("live")) or file.startswith("pvr://channels/"):
        return "live_tv"
    if _is_trailer(item, properties):
        return "trailer_or_extra"
    seen = any(word in KINDS for word in words) or words[2] == "video" or bool(file)
    return None if seen else "not_video"


def _is_trailer(item: Table, properties: Table) -> bool:
    """A film's trailer has all that its film has, but for its number, its file and its length."""
    if whole(item.get("id")):
        return False
    if _TRAILER.search(text(item.get("title")) or "") or _TRAILER_FILE.search(text(item.get("file")) or ""):
        return True
    total, runtime = clock(properties.get("totaltime")), runtime_of(item)
    return bool(total and runtime and total < _SHORT and total * 3 < runtime)


def media(said: Table, item: Table, answers: Table) -> Media:
    """The film, the episode or the file that is on."""
    kind = _kind(said, item)
    file = text(item.get("file")) or text(said.get("file"))
    title = _title(said, item, file)
    whose = text(item.get("showtitle")) or text(said.get("showtitle"))
    known = Media(
        kind=kind,
        title=title,
        year=whole(item.get("year")) or whole(said.get("year")) or None,
        ids=_ids(item),
        path=_path(file, said, titled=title is not None or whose is not None),
    )
    return known if kind is not MediaKind.EPISODE else _placed(known, whose, said, item, answers)


def _kind(said: Table, item: Table) -> MediaKind | None:
    """The word of ``GetItem``, else that of a notification which has more to tell than a file's name."""
    kind = KINDS.get(text(item.get("type")) or "")
    if kind is not None:
        return kind
    guess = KINDS.get(text(said.get("type")) or "")
    sure = guess is MediaKind.EPISODE or whole(said.get("id")) or whole(said.get("year"))
    return guess if sure else None


def _title(said: Table, item: Table, file: str | None) -> str | None:
    """The title, where it is one and not the name of a file."""
    title = text(item.get("title")) or text(said.get("title"))
    known = whole(item.get("id")) or whole(said.get("id"))
    if title is None or known:
        return title
    names = {_name(file), text(item.get("label")) if not text(item.get("title")) else None}
    return None if title in names or (not text(item.get("title")) and _FILE.search(title)) else title


def _path(file: str | None, said: Table, *, titled: bool) -> str | None:
    """The file, unless it is an add-on's word for it: without its query, that is the same for all that it plays."""
    if file is None:
        name = text(said.get("title"))
        return name if name and not titled and _FILE.search(name) else None
    return None if file.lower().startswith(("plugin://", "pvr://")) else file


def _placed(own: Media, whose: str | None, said: Table, item: Table, answers: Table) -> Media:
    """The episode with its show, and where in it. Season 0 has the specials."""
    details = table(table(answers.get(SHOW)).get("tvshowdetails"))
    season, episode = (_numbered(name, item, said) for name in ("season", "episode"))
    placed = replace(
        own,
        year=own.year or _year(item.get("firstaired")),
        show=Show(
            title=whose or text(details.get("title")), year=whole(details.get("year")) or None, ids=_ids(details)
        ),
        season=season,
        episode=episode,
    )
    if season is None or episode is None:
        return placed
    first, last = _span(season, episode, item, rows(table(answers.get(EPISODES)).get("episodes")))
    if first != episode:  # title, year and ids are of the one that was chosen; the file begins with another
        placed = replace(placed, title=None, year=None, ids=Ids(), episode=first)
    return replace(placed, episode_end=last if last > first else None)


def _span(season: int, episode: int, item: Table, episodes: list[Table]) -> tuple[int, int]:
    """The first and the last episode in the file that is on: Kodi has a row for each, all with the same file."""
    file = text(item.get("file"))
    beside = {
        whole(row.get("episode"))
        for row in episodes
        if file is not None and text(row.get("file")) == file and whole(row.get("season")) in {season, None}
    }
    first = last = episode
    while first - 1 in beside:
        first -= 1
    while last + 1 in beside:
        last += 1
    return first, last


def _numbered(name: str, *told: Table) -> int | None:
    return next((found for one in told if (found := whole(one.get(name))) is not None), None)


def _ids(item: Table) -> Ids:
    """The ids of what it is itself; ``imdbnumber`` is that of any provider, and IMDb's by its look."""
    unique = table(item.get("uniqueid"))
    found = payload.ids(imdb=unique.get("imdb"), tmdb=unique.get("tmdb"), tvdb=unique.get("tvdb"))
    return replace(found, imdb=found.imdb or payload.ids(imdb=item.get("imdbnumber")).imdb)


def _year(date: object) -> int | None:
    found = re.match(r"([12][0-9]{3})-", text(date) or "")
    return int(found[1]) if found else None


def _name(file: str | None) -> str | None:
    return re.split(r"[/\\]", file)[-1] or None if file else None


def runtime_of(item: Table) -> Seconds | None:
    """The length that a scraper found: a little different from the file's."""
    found = number(item.get("runtime"))
    return length(payload.milliseconds(found * 1000)) if found is not None and found > 0 else None


_UNITS: Final[Mapping[str, float]] = {"hours": 3_600_000, "minutes": 60_000, "seconds": 1000, "milliseconds": 1}


def clock(value: object) -> Seconds | None:
    """A time of Kodi's: hours, minutes, seconds and milliseconds apart. Of what is no time, nothing."""
    told = table(value)
    parts = [(number(told.get(name)), unit) for name, unit in _UNITS.items() if name in told]
    if not parts or any(part is None for part, _ in parts):
        return None
    return payload.milliseconds(sum(part * unit for part, unit in parts if part is not None))
