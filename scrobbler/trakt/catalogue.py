"""What there is to watch, as Trakt lists it: films, shows and seasons."""

from datetime import datetime
from enum import Enum

from msgspec import Struct

from scrobbler.events import Ids, MediaKind, Seconds, Show
from scrobbler.trakt import wire
from scrobbler.trakt.wire import (
    Item,
    read_ids,
    read_instant,
    read_number,
    read_rows,
    read_runtime,
    read_table,
    read_text,
)


class EntryKind(Enum):
    """What Trakt's catalogue can be searched for."""

    MOVIE = "movie"
    SHOW = "show"


class IdSource(Enum):
    """Whose ids a search by id takes."""

    TRAKT = "trakt"
    IMDB = "imdb"
    TMDB = "tmdb"
    TVDB = "tvdb"


class Entry(Struct, frozen=True, kw_only=True):
    """A film or a show in Trakt's catalogue.

    ``country`` is two lower-case letters, ``runtime`` of a show an episode's, ``timezone`` where it is on air.
    """

    kind: EntryKind
    ids: Ids
    title: str | None = None
    original_title: str | None = None
    year: int | None = None
    country: str | None = None
    runtime: Seconds | None = None
    timezone: str | None = None

    def movie(self) -> Item:
        """The film as an item."""
        ids, runtime = self.ids, self.runtime
        return Item(kind=MediaKind.MOVIE, title=self.title, year=self.year, ids=ids, runtime=runtime)

    def show(self) -> Show:
        """The show that an episode's item names."""
        return Show(title=self.title, year=self.year, ids=self.ids)

    def label(self) -> str:
        """A short name for people."""
        return f"{self.title} ({self.year})" if self.year else self.title or "something without a name"


class Season(Struct, frozen=True, kw_only=True):
    """A season of a show; number 0 holds the specials."""

    number: int
    title: str | None = None
    episode_count: int | None = None
    first_aired_at: datetime | None = None


class Episode(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An episode in the list of its season. ``number_abs`` counts through all seasons."""

    season: int
    number: int
    title: str | None = None
    ids: Ids = Ids()
    runtime: Seconds | None = None
    number_abs: int | None = None
    first_aired_at: datetime | None = None

    def item(self, show: Show) -> Item:
        """The episode of this show as an item."""
        return Item(
            kind=MediaKind.EPISODE,
            title=self.title,
            ids=self.ids,
            show=show,
            season=self.season,
            number=self.number,
            runtime=self.runtime,
        )


def read_entry(data: object, kind: EntryKind) -> Entry:
    """A film or a show that stands by itself."""
    row = read_table(data)
    return Entry(
        kind=kind,
        ids=read_ids(row),
        title=read_text(row, "title"),
        original_title=read_text(row, "original_title"),
        year=read_number(row, "year"),
        country=read_text(row, "country"),
        runtime=read_runtime(row),
        timezone=read_text(read_table(row.get("airs")), "timezone"),
    )


def read_found(data: object, kind: EntryKind) -> tuple[Entry, ...]:
    """The hits of a search, in Trakt's order, which is no measure of how well they fit."""
    hits = [read_table(hit).get(kind.value) for hit in read_rows(data)]
    return tuple(read_entry(hit, kind) for hit in hits if isinstance(hit, dict))


def read_episodes_found(data: object) -> tuple[Item, ...]:
    """The episodes that a search by id found, each with its show."""
    found = [wire.read_item(hit) for hit in read_rows(data) if isinstance(read_table(hit).get("episode"), dict)]
    return tuple(item for item in found if item is not None)


def read_titles(data: object) -> tuple[str, ...]:
    """The titles in a list of aliases or translations, each once."""
    titles = (read_text(read_table(row), "title") for row in read_rows(data))
    return tuple(dict.fromkeys(title for title in titles if title))


def read_season(data: object) -> Season | None:
    """One season, or None where it has no number."""
    row = read_table(data)
    which = read_number(row, "number")
    if which is None:
        return None
    return Season(
        number=which,
        title=read_text(row, "title"),
        episode_count=read_number(row, "episode_count"),
        first_aired_at=read_instant(row, "first_aired"),
    )


def read_episode(data: object) -> Episode | None:
    """One episode of a season's list, or None where it has no place."""
    row = read_table(data)
    season, number = read_number(row, "season"), read_number(row, "number")
    if season is None or number is None:
        return None
    return Episode(
        season=season,
        number=number,
        title=read_text(row, "title"),
        ids=read_ids(row),
        runtime=read_runtime(row),
        number_abs=read_number(row, "number_abs"),
        first_aired_at=read_instant(row, "first_aired"),
    )
