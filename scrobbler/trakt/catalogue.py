"""What there is to watch, as Trakt lists it: films, shows and seasons."""

from enum import Enum

from msgspec import Struct

from scrobbler.events import Ids, MediaKind, Seconds, Show
from scrobbler.trakt.wire import Item, read_ids, read_number, read_rows, read_runtime, read_table, read_text


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
    """A film or a show in Trakt's catalogue. ``country`` is two lower-case letters; ``runtime`` an episode's."""

    kind: EntryKind
    ids: Ids
    title: str | None = None
    original_title: str | None = None
    year: int | None = None
    country: str | None = None
    runtime: Seconds | None = None

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
    )


def read_found(data: object, kind: EntryKind) -> tuple[Entry, ...]:
    """The hits of a search, in Trakt's order, which is no measure of how well they fit."""
    hits = [read_table(hit).get(kind.value) for hit in read_rows(data)]
    return tuple(read_entry(hit, kind) for hit in hits if isinstance(hit, dict))


def read_season(data: object) -> Season | None:
    """One season, or None where it has no number."""
    row = read_table(data)
    which = read_number(row, "number")
    if which is None:
        return None
    return Season(number=which, title=read_text(row, "title"), episode_count=read_number(row, "episode_count"))
