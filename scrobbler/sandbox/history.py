"""The watch history: reading it, adding plays, removing them."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TypeVar

from msgspec import UNSET, Struct, UnsetType

from scrobbler.sandbox.call import Call, get, post
from scrobbler.sandbox.clock import parse
from scrobbler.sandbox.faults import FaultKind
from scrobbler.sandbox.references import EpisodeRef, SeasonRef, TitleRef
from scrobbler.sandbox.replies import Refused, Reply, malformed, paged
from scrobbler.sandbox.titles import Episode, Json, Kind, Movie, Season, Show, Title, Watchable
from scrobbler.sandbox.world import Play, PlayAction

DEFAULT_LIMIT = 100
TYPES = {"movies": Kind.MOVIE, "shows": Kind.SHOW, "seasons": Kind.SEASON, "episodes": Kind.EPISODE}
UNKNOWN_DATE = datetime(1970, 1, 1, tzinfo=UTC)
"""As a play with ``watched_at: unknown`` comes back."""

When = str | UnsetType
RefT = TypeVar("RefT", TitleRef, EpisodeRef, SeasonRef)


class MovieIn(TitleRef, frozen=True, kw_only=True):
    """A movie, and when it was watched."""

    watched_at: When = UNSET


class EpisodeIn(EpisodeRef, frozen=True, kw_only=True):
    """An episode, and when it was watched."""

    watched_at: When = UNSET


class SeasonIn(SeasonRef, frozen=True, kw_only=True):
    """A season: all of it, or the named episodes."""

    watched_at: When = UNSET
    episodes: list[EpisodeIn] | UnsetType = UNSET


class ShowIn(TitleRef, frozen=True, kw_only=True):
    """A show: all of it, or the named seasons."""

    watched_at: When = UNSET
    seasons: list[SeasonIn] | UnsetType = UNSET


class HistoryIn(Struct, frozen=True, kw_only=True):
    """The body of both writes; ``ids`` are those of plays, and only removal reads them."""

    movies: list[MovieIn] = []
    shows: list[ShowIn] = []
    seasons: list[SeasonIn] = []
    episodes: list[EpisodeIn] = []
    ids: list[int] = []


Named = tuple[Watchable, When]


class Selection:
    """The items that a body names, each with its date, and what of it is not in the catalogue."""

    def __init__(self, call: Call, asked: HistoryIn) -> None:
        self._catalogue = call.world.catalogue
        self.not_found: dict[str, list[object]] = {name: [] for name in TYPES}
        self.items: list[Named] = [
            *self._movies(asked.movies),
            *(found for show in asked.shows for found in self._show(show)),
            *(found for season in asked.seasons for found in self._season_alone(season)),
            *self._episodes(asked.episodes),
        ]

    def _movies(self, asked: list[MovieIn]) -> Iterator[Named]:
        for ref in asked:
            movie = ref.movie(self._catalogue)
            if movie is None:
                self.not_found["movies"].append(ref.echo())
            else:
                yield movie, ref.watched_at

    def _episodes(self, asked: list[EpisodeIn]) -> Iterator[Named]:
        for ref in asked:
            episode = ref.alone(self._catalogue)
            if episode is None:
                self.not_found["episodes"].append(ref.echo())
            else:
                yield episode, ref.watched_at

    def _season_alone(self, ref: SeasonIn) -> Iterator[Named]:
        season = ref.alone(self._catalogue)
        if season is None:
            self.not_found["seasons"].append(ref.echo())
        else:
            yield from ((episode, ref.watched_at) for episode in season.episodes)

    def _show(self, ref: ShowIn) -> Iterator[Named]:
        show = ref.show(self._catalogue)
        if show is None:
            self.not_found["shows"].append(ref.echo())
            return
        if ref.seasons is UNSET:
            for season in self._catalogue.seasons(show):
                yield from ((episode, ref.watched_at) for episode in season.episodes)
            return
        missing: list[object] = []
        for part in ref.seasons:
            yield from self._season_of(show, part, ref.watched_at, missing)
        if missing:
            self.not_found["shows"].append(ref.echo() | {"seasons": missing})

    def _season_of(self, show: Show, ref: SeasonIn, outer: When, missing: list[object]) -> Iterator[Named]:
        season = self._catalogue.season(show, ref.number) if ref.number is not None else None
        when = ref.watched_at or outer
        if season is None:
            missing.append(ref.echo())
        elif ref.episodes is UNSET:
            yield from ((episode, when) for episode in season.episodes)
        else:
            absent = []
            for part in ref.episodes:
                episode = part.within(self._catalogue, show, season=season.number)
                if episode is None:
                    absent.append(part.echo())
                else:
                    yield episode, part.watched_at or when
            if absent:
                missing.append(ref.echo() | {"episodes": absent})


def add(call: Call) -> Reply:
    """``POST /sync/history``: nothing is checked against what is there already."""
    chosen = Selection(call, call.decode(HistoryIn))
    dated = [(item, _instant(call, item, when)) for item, when in chosen.items]
    if FaultKind.ANOTHER_ITEM in call.quirks:
        dated = [(call.world.catalogue.unlike(item), at) for item, at in dated]
    for item, at in dated:
        call.account.play(item, at, PlayAction.WATCH)
    return Reply(status=201, body={"added": _counted([item for item, _ in dated]), "not_found": chosen.not_found})


def remove(call: Call) -> Reply:
    """``POST /sync/history/remove``: single plays by their ids, or every play of the named items."""
    asked = call.decode(HistoryIn)
    chosen = Selection(call, asked)
    keys = {item.key for item, _ in chosen.items}
    known = {play.id for play in call.account.plays}
    gone = [play for play in call.account.plays if play.id in asked.ids or play.item.key in keys]
    call.account.plays = [play for play in call.account.plays if play not in gone]
    not_found: Json = {**chosen.not_found, "ids": [number for number in asked.ids if number not in known]}
    return Reply(body={"deleted": _counted([play.item for play in gone]), "not_found": not_found})


def read(call: Call) -> Reply:
    """``GET /sync/history[/{type}[/{id}]]``: newest first."""
    wanted = call.params.get("type")
    if wanted is not None and wanted not in TYPES:
        raise Refused(404)
    only = _only(call, TYPES[wanted], call.params["id"]) if wanted is not None and "id" in call.params else None
    plays = [
        play
        for play in call.account.plays
        if call.between(play.watched_at)
        and (wanted is None or _of_kind(play, TYPES[wanted]))
        and (only is None or _belongs(play.item, only))
    ]
    plays.sort(key=lambda play: (play.watched_at, play.id), reverse=True)
    rows, headers = paged(plays, **call.page(default=DEFAULT_LIMIT))
    return Reply(body=[play.wire(full=call.extended("full")) for play in rows], headers=headers)


def _only(call: Call, kind: Kind, number: str) -> Title:
    if not (number.isascii() and number.isdigit() and len(number) < 19):
        raise Refused(404)
    found = call.world.catalogue.find(kind, "trakt", int(number))
    if found is None:
        raise Refused(404)
    return found


def _of_kind(play: Play, kind: Kind) -> bool:
    return (kind is Kind.MOVIE) == isinstance(play.item, Movie)


def _belongs(item: Watchable, only: Title) -> bool:
    if isinstance(only, Show):
        return isinstance(item, Episode) and item.show.key == only.key
    if isinstance(only, Season):
        return item in only.episodes
    return item.key == only.key


def _instant(call: Call, item: Watchable, when: When) -> datetime:
    """Raises ``Refused`` (400) for what is no date."""
    if when is UNSET:
        return call.now
    if when == "unknown":
        return UNKNOWN_DATE
    if when == "released":
        return item.out_at or call.now
    try:
        return parse(when)
    except ValueError as error:
        raise malformed("watched_at is no date") from error


def _counted(items: list[Watchable]) -> Json:
    movies = sum(isinstance(item, Movie) for item in items)
    return {"movies": movies, "episodes": len(items) - movies}


ROUTES = (
    get("/sync/history", read),
    post("/sync/history", add),
    post("/sync/history/remove", remove),
    get("/sync/history/{type}", read),
    get("/sync/history/{type}/{id}", read),
)
