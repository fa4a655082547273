"""The nouns of the catalogue (movie, show, season, episode) and how each looks on the wire."""

from datetime import UTC, date, datetime, time, timedelta
from enum import Enum
from typing import TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import Struct

from scrobbler.sandbox.clock import iso

Json: TypeAlias = dict[str, object]


class Kind(Enum):
    """What an id can stand for. Numeric ids collide between kinds, as they do on Trakt."""

    MOVIE = "movie"
    SHOW = "show"
    SEASON = "season"
    EPISODE = "episode"


class Ids(Struct, frozen=True, kw_only=True):
    """The ids of one title. Only Trakt's own is always there."""

    trakt: int
    slug: str | None = None
    imdb: str | None = None
    tmdb: int | None = None
    tvdb: int | None = None

    def wire(self, *names: str) -> Json:
        """The named ids; one that is not known is null."""
        return {name: getattr(self, name) for name in names}


class Alias(Struct, frozen=True, array_like=True):
    """A title in use in some country."""

    country: str
    title: str

    def wire(self) -> Json:
        """As in ``/movies/{id}/aliases``."""
        return {"title": self.title, "country": self.country}


class Translation(Struct, frozen=True, array_like=True):
    """A title in some language."""

    language: str
    country: str
    title: str

    def wire(self) -> Json:
        """As in ``/movies/{id}/translations``; the catalogue has no texts beside the titles."""
        return {
            "title": self.title,
            "overview": "",
            "tagline": "",
            "language": self.language,
            "country": self.country,
        }


class Movie(Struct, frozen=True, kw_only=True):
    """A film; ``runtime`` in minutes."""

    title: str
    year: int
    runtime: int
    ids: Ids
    released: date | None = None
    country: str | None = None
    original_title: str | None = None
    aliases: tuple[Alias, ...] = ()
    translations: tuple[Translation, ...] = ()

    @property
    def key(self) -> tuple[Kind, int]:
        """What tells it from every other item."""
        return Kind.MOVIE, self.ids.trakt

    @property
    def out_at(self) -> datetime | None:
        """When it could be watched first."""
        return midnight(self.released)

    def wire(self, *, full: bool = False) -> Json:
        """A standard movie object; ``full`` adds what ``extended=full`` does, as far as the catalogue knows it."""
        brief: Json = {
            "title": self.title,
            "year": self.year,
            "ids": self.ids.wire("trakt", "slug", "imdb", "tmdb"),
        }
        if full:
            brief |= _details(self) | {"released": self.released, "status": "released"}
        return brief


class Show(Struct, frozen=True, kw_only=True):
    """A series; ``runtime`` is an episode's usual length in minutes."""

    title: str
    year: int
    runtime: int
    ids: Ids
    network: str | None = None
    country: str | None = None
    timezone: str | None = None
    airs: time | None = None
    original_title: str | None = None
    aliases: tuple[Alias, ...] = ()
    translations: tuple[Translation, ...] = ()

    @property
    def key(self) -> tuple[Kind, int]:
        """What tells it from every other item."""
        return Kind.SHOW, self.ids.trakt

    def on_air(self, day: date | None) -> datetime | None:
        """The instant of a broadcast on that day, where the show is made."""
        if day is None or self.airs is None or self.timezone is None:
            return midnight(day)
        try:
            zone = ZoneInfo(self.timezone)
        except ZoneInfoNotFoundError:  # this system has no list of zones
            return midnight(day)
        return datetime.combine(day, self.airs, tzinfo=zone).astimezone(UTC)

    def wire(self, *, full: bool = False) -> Json:
        """A standard show object; ``full`` as in ``Movie.wire``."""
        brief: Json = {
            "title": self.title,
            "year": self.year,
            "ids": self.ids.wire("trakt", "slug", "tvdb", "imdb", "tmdb"),
        }
        if full:
            at = self.airs.isoformat("minutes") if self.airs is not None else None
            airs = {"day": None, "time": at, "timezone": self.timezone}
            brief |= _details(self) | {"network": self.network, "status": "ended", "airs": airs}
        return brief


class Episode(Struct, frozen=True, kw_only=True):
    """An episode, with the show that it belongs to."""

    show: Show
    season: int
    number: int
    title: str
    ids: Ids
    number_abs: int | None = None
    aired: date | None = None

    @property
    def key(self) -> tuple[Kind, int]:
        """What tells it from every other item."""
        return Kind.EPISODE, self.ids.trakt

    @property
    def runtime(self) -> int:
        """Minutes."""
        return self.show.runtime

    @property
    def out_at(self) -> datetime | None:
        """When it had been on air: the instant that ``watched_at: released`` stands for."""
        at = midnight(self.aired)
        return at + timedelta(minutes=self.runtime) if at is not None else None

    def wire(self, *, full: bool = False) -> Json:
        """A standard episode object, without its show."""
        brief: Json = {
            "season": self.season,
            "number": self.number,
            "title": self.title,
            "ids": self.ids.wire("trakt", "tvdb", "imdb", "tmdb"),
        }
        if full:
            at = self.show.on_air(self.aired)
            brief |= {
                "number_abs": self.number_abs,
                "overview": "",
                "first_aired": iso(at) if at is not None else None,
                "runtime": self.runtime,
                "original_title": self.title,
            }
        return brief


class Season(Struct, frozen=True, kw_only=True):
    """A season with its episodes."""

    show: Show
    number: int
    ids: Ids
    episodes: tuple[Episode, ...]

    @property
    def key(self) -> tuple[Kind, int]:
        """What tells it from every other item."""
        return Kind.SEASON, self.ids.trakt

    def wire(self, *, full: bool = False, episodes: bool = False) -> Json:
        """A standard season object; ``episodes`` nests them."""
        brief: Json = {"number": self.number, "ids": self.ids.wire("trakt", "tvdb", "tmdb")}
        if full:
            count = len(self.episodes)
            title = f"Season {self.number}" if self.number else "Specials"
            at = self.show.on_air(self.episodes[0].aired) if self.episodes else None
            brief |= {"title": title, "episode_count": count, "aired_episodes": count, "network": self.show.network}
            brief |= {"first_aired": iso(at) if at is not None else None}
        if episodes:
            brief["episodes"] = [episode.wire(full=full) for episode in self.episodes]
        return brief


Watchable: TypeAlias = Movie | Episode
"""What a play is of."""

Title: TypeAlias = Movie | Show | Season | Episode


def typed(item: Watchable, *, full: bool = False) -> Json:
    """``{"type": …}`` with the item, and an episode's show, as history, playback and watching have it."""
    return {"type": item.key[0].value} | named(item, full=full)


def named(item: Movie | Show | Episode, *, full: bool = False) -> Json:
    """The item under its own name, and an episode's show beside it."""
    entry: Json = {item.key[0].value: item.wire(full=full)}
    if isinstance(item, Episode):
        entry["show"] = item.show.wire(full=full)
    return entry


def label(item: Watchable) -> str:
    """A short name for people."""
    if isinstance(item, Movie):
        return f"{item.title} ({item.year})"
    return f"{item.show.title} S{item.season:02d}E{item.number:02d} {item.title}"


def midnight(day: date | None) -> datetime | None:
    """The first instant of a day, UTC."""
    return datetime.combine(day, time(), tzinfo=UTC) if day is not None else None


def _details(title: Movie | Show) -> Json:
    """What ``extended=full`` adds to movies and shows alike."""
    return {
        "tagline": "",
        "overview": "",
        "runtime": title.runtime,
        "country": title.country,
        "original_title": title.original_title or title.title,
        "languages": ["en"],
        "available_translations": sorted({each.language for each in title.translations}),
        "genres": [],
    }
