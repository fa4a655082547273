"""What a request may say to name an item, and which item of the catalogue that is."""

from msgspec import UNSET, Struct, UnsetType

from scrobbler.sandbox.catalogue import Catalogue
from scrobbler.sandbox.titles import Episode, Json, Kind, Movie, Season, Show, Title


class IdsRef(Struct, frozen=True):
    """Ids as sent; null is as good as absent."""

    trakt: int | None = None
    slug: str | None = None
    imdb: str | None = None
    tmdb: int | None = None
    tvdb: int | None = None

    def find(self, catalogue: Catalogue, kind: Kind) -> Title | None:
        """The first id that is known decides, whatever the others say: as the service does it."""
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if value is not None and (found := catalogue.find(kind, name, value)) is not None:
                return found
        return None

    def echo(self) -> Json:
        """Those that were sent."""
        return {name: value for name in self.__struct_fields__ if (value := getattr(self, name)) is not None}


class TitleRef(Struct, frozen=True, kw_only=True):
    """A movie or a show."""

    title: str | None = None
    year: int | None = None
    ids: IdsRef = IdsRef()

    def movie(self, catalogue: Catalogue) -> Movie | None:
        """By ids, else by title and year."""
        found = self.ids.find(catalogue, Kind.MOVIE) or self._titled(catalogue, Kind.MOVIE)
        return found if isinstance(found, Movie) else None

    def show(self, catalogue: Catalogue) -> Show | None:
        """By ids, else by title and year."""
        found = self.ids.find(catalogue, Kind.SHOW) or self._titled(catalogue, Kind.SHOW)
        return found if isinstance(found, Show) else None

    def echo(self) -> Json:
        """As ``not_found`` repeats it."""
        said = {"title": self.title, "year": self.year, "ids": self.ids.echo()}
        return {name: value for name, value in said.items() if value}

    def _titled(self, catalogue: Catalogue, kind: Kind) -> Title | None:
        return catalogue.titled(kind, self.title, self.year) if self.title else None


class EpisodeRef(Struct, frozen=True, kw_only=True):
    """An episode by its ids, or by its numbers within a show."""

    season: int | None = None
    number: int | None = None
    number_abs: int | None = None
    title: str | None = None
    ids: IdsRef = IdsRef()

    def alone(self, catalogue: Catalogue) -> Episode | None:
        """By ids only."""
        found = self.ids.find(catalogue, Kind.EPISODE)
        return found if isinstance(found, Episode) else None

    def within(self, catalogue: Catalogue, show: Show, *, season: int | None = None) -> Episode | None:
        """By the numbers; ``season`` where the request has it outside of the episode."""
        season = self.season if season is None else season
        return catalogue.episode(show, season=season, number=self.number, number_abs=self.number_abs)

    def echo(self) -> Json:
        """As ``not_found`` repeats it."""
        said = {"season": self.season, "number": self.number, "ids": self.ids.echo()}
        return {name: value for name, value in said.items() if value not in (None, {})}


class SeasonRef(Struct, frozen=True, kw_only=True):
    """A season by its ids, or by its number within a show."""

    number: int | None = None
    ids: IdsRef = IdsRef()

    def alone(self, catalogue: Catalogue) -> Season | None:
        """By ids only."""
        found = self.ids.find(catalogue, Kind.SEASON)
        return found if isinstance(found, Season) else None

    def echo(self) -> Json:
        """As ``not_found`` repeats it."""
        said = {"number": self.number, "ids": self.ids.echo()}
        return {name: value for name, value in said.items() if value not in (None, {})}


class ScrobbleRef(Struct, frozen=True, kw_only=True):
    """A scrobble's body. The type of every field is checked, also of those that are not used any more."""

    progress: float
    movie: TitleRef | UnsetType = UNSET
    show: TitleRef | UnsetType = UNSET
    episode: EpisodeRef | UnsetType = UNSET
    app_version: str | UnsetType = UNSET
    app_date: str | UnsetType = UNSET
