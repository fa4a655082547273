"""Films and episodes in Trakt's own words: what a request names, and what a reply names.

Strict in what it writes (nothing is null, nothing is guessed), lenient in what it reads (a key that is missing or
makes no sense is as good as unknown).
"""

import math
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from scrobbler.events import Ids, Media, MediaKind, Percent, Seconds, Show
from scrobbler.trakt.titles import same_title, same_year


class Item(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A film or an episode as Trakt can find it. ``title``, ``year`` and ``ids`` are the item's own."""

    kind: MediaKind
    title: str | None = None
    year: int | None = None
    ids: Ids = Ids()
    show: Show | None = None
    season: int | None = None
    number: int | None = None
    runtime: Seconds | None = None

    def same_as(self, other: "Item") -> bool:
        """Whether both mean the same film or episode, however each came to be known.

        One id in common settles it. Else an episode is known by its show and its place in it, and a film by its
        title and year, unless ids of the same kind speak against it.
        """
        if self.kind is not other.kind:
            return False
        if self.ids.shares(other.ids):
            return True
        if self.kind is MediaKind.EPISODE:
            return self.place is not None and self.place == other.place and self._same_show(other)
        return not self.ids.differs(other.ids) and _same_name(self, other)

    def label(self) -> str:
        """A short name for people: ``Heat (1995)`` or ``The Expanse S01E02``."""
        if self.show is not None and self.show.title and self.season is not None and self.number is not None:
            return f"{self.show.title} S{self.season:02d}E{self.number:02d}"
        if self.title:
            return f"{self.title} ({self.year})" if self.year else self.title
        known = self.ids.known() or (self.show.ids.known() if self.show is not None else {})
        return " ".join(f"{name} {value}" for name, value in known.items()) or self.kind.value

    def media(self) -> Media:
        """The same as a player would say it."""
        return Media(
            kind=self.kind,
            title=self.title,
            year=self.year if self.kind is MediaKind.MOVIE else None,
            ids=self.ids,
            show=self.show,
            season=self.season,
            episode=self.number,
        )

    @property
    def place(self) -> tuple[int, int] | None:
        """Season and number of an episode, if both are known."""
        return (self.season, self.number) if self.season is not None and self.number is not None else None

    def _same_show(self, other: "Item") -> bool:
        if self.show is None or other.show is None:
            return False
        if self.show.ids.shares(other.show.ids):
            return True
        return not self.show.ids.differs(other.show.ids) and _same_name(self.show, other.show)


def scrobble_body(item: Item, percent: Percent) -> dict[str, Any]:
    """The body of a scrobble. The share is cut, never rounded up: 79.999 must not become a watch."""
    progress = math.floor(min(max(percent, 0.0), 100.0) * 100) / 100
    if item.kind is MediaKind.MOVIE:
        return {"movie": _named(item), "progress": progress}
    if by_show := _by_show(item):
        show, season, number = by_show
        return {"show": _named(show), "episode": {"season": season, "number": number}, "progress": progress}
    return {"episode": _ids(item.ids), "progress": progress}


def history_body(item: Item, watched_at: datetime) -> dict[str, Any]:
    """The body that adds one play at that instant to the history."""
    at = {"watched_at": stamp(watched_at)}
    if item.kind is MediaKind.MOVIE:
        return {"movies": [_named(item) | at]}
    if by_show := _by_show(item):
        show, season, number = by_show
        episodes = {"number": season, "episodes": [{"number": number} | at]}
        return {"shows": [_named(show) | {"seasons": [episodes]}]}
    return {"episodes": [_ids(item.ids) | at]}


def forms(item: Item) -> tuple[Item, ...]:
    """The ways of naming an item to Trakt, the best first; each makes another request of the same film or episode.

    First all that is known. Then, for an episode, its own ids instead of its place in its show, and the other way
    round; then one id at a time, because Trakt goes by the first that it knows; last the title and year alone.
    """
    wanted = [item, *(_episode_forms(item) if item.kind is MediaKind.EPISODE else _movie_forms(item))]
    asked: dict[str, Item] = {}
    for form in wanted:
        body = scrobble_body(form, Percent(0.0))
        if body.get("movie") != {} and body.get("episode") != {"ids": {}}:
            asked.setdefault(repr(body), form)
    return tuple(asked.values()) or (item,)


def stamp(instant: datetime) -> str:
    """An instant as Trakt writes it."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def read_item(data: object) -> Item | None:
    """The film or episode in a reply, in which it stands under its kind and an episode's show beside it."""
    movie, episode = read_table(data).get("movie"), read_table(data).get("episode")
    if isinstance(movie, dict):
        return Item(
            kind=MediaKind.MOVIE,
            title=read_text(movie, "title"),
            year=read_number(movie, "year"),
            ids=read_ids(movie),
            runtime=read_runtime(movie),
        )
    return read_episode(episode, read_show(read_table(data).get("show"))) if isinstance(episode, dict) else None


def read_episode(data: object, show: Show | None) -> Item:
    """An episode that stands by itself; the reply may have left out its show."""
    episode = read_table(data)
    return Item(
        kind=MediaKind.EPISODE,
        title=read_text(episode, "title"),
        ids=read_ids(episode),
        show=show,
        season=read_number(episode, "season"),
        number=read_number(episode, "number"),
        runtime=read_runtime(episode),
    )


def read_show(data: object) -> Show | None:
    """A show, or None where there is none."""
    if not isinstance(data, dict):
        return None
    return Show(title=read_text(data, "title"), year=read_number(data, "year"), ids=read_ids(data))


def read_ids(data: Mapping[str, Any]) -> Ids:
    """The ids of an object; those of other catalogues and those that are null are left out."""
    ids = read_table(data.get("ids"))
    return Ids(
        trakt=read_number(ids, "trakt"),
        slug=read_text(ids, "slug"),
        imdb=read_text(ids, "imdb"),
        tmdb=read_number(ids, "tmdb"),
        tvdb=read_number(ids, "tvdb"),
    )


def read_runtime(data: Mapping[str, Any]) -> Seconds | None:
    """The runtime, which Trakt gives in minutes, and as 0 where it is not known."""
    minutes = read_number(data, "runtime")
    return Seconds(minutes * 60.0) if minutes and minutes > 0 else None


def read_table(data: object) -> dict[str, Any]:
    """A JSON object, empty where something else stands in its place."""
    return data if isinstance(data, dict) else {}


def read_rows(data: object) -> list[Any]:
    """A JSON array, empty where something else stands in its place."""
    return data if isinstance(data, list) else []


def read_text(data: Mapping[str, Any], key: str) -> str | None:
    """A text that is not empty."""
    value = data.get(key)
    return value if isinstance(value, str) and value else None


def read_number(data: Mapping[str, Any], key: str) -> int | None:
    """A whole number, of any size."""
    value = data.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def read_instant(data: Mapping[str, Any], key: str) -> datetime | None:
    """An instant in UTC."""
    try:
        value = datetime.fromisoformat(data.get(key) or "")
    except (TypeError, ValueError):
        return None
    return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


def _movie_forms(item: Item) -> Iterator[Item]:
    for ids in _one_by_one(item.ids):
        yield replace(item, title=None, year=None, ids=ids)
    if item.title and item.year:
        yield replace(item, ids=Ids())


def _episode_forms(item: Item) -> Iterator[Item]:
    show, alone = item.show, replace(item, show=None)
    yield alone
    if show is not None and item.place is not None:
        nameless = replace(item, title=None, ids=Ids())
        for ids in _one_by_one(show.ids):
            yield replace(nameless, show=Show(ids=ids))
        for ids in _one_by_one(item.ids):
            yield replace(alone, ids=ids)
        if show.title and show.year:
            yield replace(nameless, show=replace(show, ids=Ids()))
    else:
        for ids in _one_by_one(item.ids):
            yield replace(alone, ids=ids)


def _one_by_one(ids: Ids) -> Iterator[Ids]:
    for name, value in ids.known().items():
        yield replace(Ids(), **{name: value})


def _by_show(item: Item) -> tuple[Show, int, int] | None:
    """An episode as a place in its show. A show that is known by title only is worth less than an episode's id."""
    if item.show is None or item.season is None or item.number is None:
        return None
    if item.show.ids or (item.show.title and not item.ids):
        return item.show, item.season, item.number
    return None


def _named(thing: Item | Show) -> dict[str, Any]:
    known = {"title": thing.title, "year": thing.year, "ids": thing.ids.known() or None}
    return {key: value for key, value in known.items() if value is not None}


def _ids(ids: Ids) -> dict[str, Any]:
    return {"ids": ids.known()}


def _same_name(one: Item | Show, other: Item | Show) -> bool:
    return same_title(one.title, other.title) and same_year(one.year, other.year)
