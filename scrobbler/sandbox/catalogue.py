"""What the sandbox knows of movies and shows, and how an item is found by id, by number, or by title."""

from collections.abc import Iterable, Iterator
from datetime import date, time
from functools import cache
from importlib.resources import files
from itertools import count, zip_longest

import msgspec
import tomli
from msgspec import Struct

from scrobbler.sandbox.spelling import fold, slug
from scrobbler.sandbox.titles import Alias, Episode, Ids, Kind, Movie, Season, Show, Title, Translation, Watchable

OWN_IDS_FROM = 90_000_000
"""Where the Trakt ids begin that the sandbox gives out to titles whose real one the data does not tell."""


class _Ids(Struct, forbid_unknown_fields=True):
    trakt: int = 0
    imdb: str = ""
    tmdb: int = 0
    tvdb: int = 0


class _Season(Struct, forbid_unknown_fields=True, kw_only=True):
    number: int
    episodes: list[str]
    aired: date | None = None
    days: list[date] = []
    first: int = 1
    absolute_from: int | None = None
    ids: _Ids = msgspec.field(default_factory=_Ids)
    trakt: list[int] = []
    imdb: list[str] = []
    tmdb: list[int] = []
    tvdb: list[int] = []


class _Title(Struct, forbid_unknown_fields=True, kw_only=True):
    title: str
    year: int
    runtime: int
    ids: _Ids
    slug: str = ""
    network: str | None = None
    country: str | None = None
    timezone: str | None = None
    airs: time | None = None
    released: date | None = None
    original_title: str | None = None
    aliases: tuple[Alias, ...] = ()
    translations: tuple[Translation, ...] = ()
    seasons: list[_Season] = []


class _File(Struct, forbid_unknown_fields=True):
    movies: list[_Title]
    shows: list[_Title]


class Catalogue:
    """All titles, found by whatever Trakt finds them by. Never changes."""

    def __init__(self, movies: Iterable[Movie], shows: Iterable[tuple[Show, tuple[Season, ...]]]) -> None:
        listed = tuple(shows)
        self.movies = tuple(movies)
        self.shows = tuple(show for show, _ in listed)
        self._seasons = {show.key: seasons for show, seasons in listed}
        self.episodes = tuple(episode for _, seasons in listed for season in seasons for episode in season.episodes)
        self._by_id: dict[tuple[Kind, str, int | str], Title] = {}
        seasons_of_all = (season for _, seasons in listed for season in seasons)
        every: tuple[Title, ...] = (*self.movies, *self.shows, *seasons_of_all, *self.episodes)
        for item in every:
            for name in ("trakt", "slug", "imdb", "tmdb", "tvdb"):
                if (value := getattr(item.ids, name)) is not None:
                    self._by_id.setdefault((item.key[0], name, value), item)

    def find(self, kind: Kind, name: str, value: int | str) -> Title | None:
        """The item of that kind whose id called ``name`` is ``value``."""
        return self._by_id.get((kind, name, value))

    def unlike(self, item: Watchable) -> Watchable:
        """Another film, or the last episode of another show."""
        if isinstance(item, Movie):
            return next(movie for movie in self.movies if movie.key != item.key)
        return next(other for other in reversed(self.episodes) if other.show.key != item.show.key)

    def movie(self, ref: str) -> Movie | None:
        """By Trakt id, slug or IMDb id."""
        found = self._by_ref(Kind.MOVIE, ref)
        return found if isinstance(found, Movie) else None

    def show(self, ref: str) -> Show | None:
        """By Trakt id, slug or IMDb id."""
        found = self._by_ref(Kind.SHOW, ref)
        return found if isinstance(found, Show) else None

    def seasons(self, show: Show) -> tuple[Season, ...]:
        """Those that the catalogue has, by number."""
        return self._seasons[show.key]

    def season(self, show: Show, number: int) -> Season | None:
        """One season of a show."""
        return next((season for season in self.seasons(show) if season.number == number), None)

    def episode(
        self, show: Show, *, season: int | None = None, number: int | None = None, number_abs: int | None = None
    ) -> Episode | None:
        """One episode of a show, by season and number or by its absolute number."""
        for each in (episode for one in self.seasons(show) for episode in one.episodes):
            if season is not None and number is not None:
                if (each.season, each.number) == (season, number):
                    return each
            elif number_abs is not None and each.number_abs == number_abs:
                return each
        return None

    def titled(self, kind: Kind, title: str, year: int | None) -> Movie | Show | None:
        """The movie or show of exactly this title (case and accents aside) and, if given, year."""
        wanted = fold(title)
        for item in self.movies if kind is Kind.MOVIE else self.shows:
            if fold(item.title) == wanted and year in {None, item.year}:
                return item
        return None

    def _by_ref(self, kind: Kind, ref: str) -> Title | None:
        """A number is a Trakt id first; slugs may be numbers too (the show ``24``)."""
        if ref.isascii() and ref.isdigit() and len(ref) < 19 and (found := self.find(kind, "trakt", int(ref))):
            return found
        return self.find(kind, "slug", ref) or self.find(kind, "imdb", ref)


@cache
def catalogue() -> Catalogue:
    """The built-in one, read once."""
    text = files(__package__).joinpath("catalogue.toml").read_text(encoding="utf-8")
    data = msgspec.convert(tomli.loads(text), _File)
    movie_ids, show_ids, season_ids, episode_ids = (count(OWN_IDS_FROM) for _ in range(4))
    movies = [_movie(row, movie_ids) for row in data.movies]
    shows = []
    for row in data.shows:
        show = Show(
            title=row.title,
            year=row.year,
            runtime=row.runtime,
            ids=_ids(row.ids, show_ids, row.slug or slug(row.title)),
            network=row.network,
            country=row.country,
            timezone=row.timezone,
            airs=row.airs,
            original_title=row.original_title,
            aliases=row.aliases,
            translations=row.translations,
        )
        shows.append((show, tuple(_season(show, each, season_ids, episode_ids) for each in row.seasons)))
    return Catalogue(movies, shows)


def _movie(row: _Title, fresh: Iterator[int]) -> Movie:
    return Movie(
        title=row.title,
        year=row.year,
        runtime=row.runtime,
        ids=_ids(row.ids, fresh, row.slug or f"{slug(row.title)}-{row.year}"),
        released=row.released,
        country=row.country,
        original_title=row.original_title,
        aliases=row.aliases,
        translations=row.translations,
    )


def _season(show: Show, row: _Season, season_ids: Iterator[int], episode_ids: Iterator[int]) -> Season:
    """Where the data knows the day of a season's premiere only, that stands for all of its episodes."""
    episodes = []
    columns = zip_longest(row.episodes, row.trakt, row.imdb, row.tmdb, row.tvdb)
    for index, (title, trakt, imdb, tmdb, tvdb) in enumerate(columns):
        ids = Ids(trakt=trakt or next(episode_ids), imdb=imdb or None, tmdb=tmdb or None, tvdb=tvdb or None)
        episode = Episode(
            show=show,
            season=row.number,
            number=row.first + index,
            title=title,
            ids=ids,
            number_abs=row.absolute_from + index if row.absolute_from is not None else None,
            aired=row.days[index] if index < len(row.days) else row.aired,
        )
        episodes.append(episode)
    return Season(show=show, number=row.number, ids=_ids(row.ids, season_ids, None), episodes=tuple(episodes))


def _ids(row: _Ids, fresh: Iterator[int], name: str | None) -> Ids:
    return Ids(
        trakt=row.trakt or next(fresh),
        slug=name,
        imdb=row.imdb or None,
        tmdb=row.tmdb or None,
        tvdb=row.tvdb or None,
    )
