"""What Trakt says of films and shows, each asked once: fresh enough, from memory where it can be.

What was found lasts, and is refreshed when it is old and Trakt can be reached; meanwhile, and if it cannot, the old one
serves. What was not found may be there tomorrow, so before anything is called unknown, all that is older than
``SHORT`` says is asked again, and then a failure is one. ``spec/identification.md`` has the lives as a table.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from msgspec import Struct

from scrobbler.errors import Rejected, Unavailable, Uncertain
from scrobbler.identify.memory import Known, Memory
from scrobbler.identify.score import likeness
from scrobbler.trakt.catalogue import Entry, EntryKind, Episode, IdSource, Season
from scrobbler.trakt.lookups import Lookups
from scrobbler.trakt.wire import Item

T = TypeVar("T")

LIKE: Final = 0.5
"""Hits of a search whose titles are like the one asked for are kept..."""
ALIKE: Final = 12
"""...so many of them at most..."""
FIRST: Final = 5
"""...and so many of those that Trakt puts first, because a hit may be by a title that is not in it."""


class Lives(Struct, frozen=True, kw_only=True):
    """For how long an answer is taken for true: about films and shows, and about the episodes of a show."""

    titles: timedelta
    episodes: timedelta


LASTING: Final = Lives(titles=timedelta(days=30), episodes=timedelta(days=1))
"""While it leads to an item."""
SHORT: Final = Lives(titles=timedelta(hours=4), episodes=timedelta(minutes=10))
"""While it does not."""


class Facts:
    """What Trakt says, for one question that was asked of us. Every method raises the errors of ``Trakt``."""

    def __init__(self, trakt: Lookups, memory: Memory, clock: Callable[[], datetime], lives: Lives) -> None:
        self._trakt = trakt
        self._memory = memory
        self._clock = clock
        self._lives = lives
        self.aged = False
        """Whether something was used that is too old to call anything unknown."""

    def by_id(self, kind: EntryKind, source: IdSource, id_: int | str) -> tuple[Entry, ...]:
        """The film or show of this id."""
        key = f"{kind.value} {source.value} {id_}"
        return self._titles(key, lambda: _whole(self._trakt.search_id(source, id_, kind)), tuple[Entry, ...])

    def by_slug(self, kind: EntryKind, slug: str) -> tuple[Entry, ...]:
        """The film or show at this address."""
        look = self._trakt.movie if kind is EntryKind.MOVIE else self._trakt.show
        return self._titles(f"{kind.value} slug {slug}", lambda: _one(look, slug), tuple[Entry, ...])

    def episode_by_id(self, source: IdSource, id_: int | str) -> tuple[Item, ...]:
        """The episode of this id, with its show."""
        key = f"episode {source.value} {id_}"
        return self._titles(key, lambda: self._trakt.search_episode(source, id_), tuple[Item, ...])

    def hits(self, kind: EntryKind, title: str) -> tuple[Entry, ...]:
        """Those of a search for the title that may be called so."""
        key = f"{kind.value} text {title}"
        return self._titles(key, lambda: _worth(title, self._trakt.search_text(kind, title)), tuple[Entry, ...])

    def exact(self, kind: EntryKind, title: str) -> tuple[Entry, ...]:
        """Those that Trakt takes to be called so."""
        key = f"{kind.value} exact {title}"
        return self._titles(key, lambda: _whole(self._trakt.search_exact(kind, title))[:ALIKE], tuple[Entry, ...])

    def aliases(self, entry: Entry) -> tuple[str, ...]:
        """What it is called elsewhere."""
        id_ = reference(entry)
        key = f"{entry.kind.value} aliases {id_}"
        return self._titles(key, lambda: _none(self._trakt.aliases, entry.kind, id_), tuple[str, ...])

    def translations(self, entry: Entry) -> tuple[str, ...]:
        """What it is called in other languages."""
        id_ = reference(entry)
        key = f"{entry.kind.value} translations {id_}"
        return self._titles(key, lambda: _none(self._trakt.translations, entry.kind, id_), tuple[str, ...])

    def seasons(self, show: Entry) -> tuple[Season, ...]:
        """The table of its seasons."""
        id_ = reference(show)
        return self._episodes(f"show seasons {id_}", lambda: _none(self._trakt.seasons, id_), tuple[Season, ...])

    def season(self, show: Entry, number: int) -> tuple[Episode, ...]:
        """The episodes of a season; none where it has no such season."""
        id_ = reference(show)
        key = f"show season {id_} {number}"
        return self._episodes(key, lambda: _none(self._trakt.season, id_, number), tuple[Episode, ...])

    def _titles(self, key: str, fetch: Callable[[], T], shape: type[T]) -> T:
        return self._ask(key, fetch, shape, self._lives.titles, SHORT.titles)

    def _episodes(self, key: str, fetch: Callable[[], T], shape: type[T]) -> T:
        return self._ask(key, fetch, shape, self._lives.episodes, SHORT.episodes)

    def _ask(self, key: str, fetch: Callable[[], T], shape: type[T], life: timedelta, short: timedelta) -> T:
        """From memory while it lives, else from Trakt; identical questions at once are one."""
        lasting = self._lives is LASTING
        known = self._memory.recall(key, shape)
        if known is None or not self._lives_still(known, life):
            with self._memory.turn(key, wait=known is None or not lasting) as mine:
                if mine:
                    known = self._renewed(key, fetch, shape, life, lasting=lasting)
        assert known is not None  # without one, it was waited for  # noqa: S101
        self.aged = self.aged or not self._lives_still(known, short)
        value: T = known.value
        return value

    def _renewed(self, key: str, fetch: Callable[[], T], shape: type[T], life: timedelta, *, lasting: bool) -> Known:
        known = self._memory.recall(key, shape)  # another may have asked meanwhile
        if known is not None and self._lives_still(known, life):
            return known
        try:
            fresh = Known(at=self._clock(), value=fetch())
        except (Unavailable, Uncertain):
            if known is None or not lasting:
                raise
            return known
        self._memory.remember(key, fresh)
        return fresh

    def _lives_still(self, known: Known, life: timedelta) -> bool:
        """A clock that was set back makes nothing young for ever."""
        return abs(self._clock() - known.at) <= life


def reference(entry: Entry) -> int | str:
    """How to name it in a path."""
    return entry.ids.trakt or entry.ids.slug or entry.ids.imdb or 0


def _whole(hits: tuple[Entry, ...]) -> tuple[Entry, ...]:
    """Those that can be named to Trakt again."""
    return tuple(hit for hit in hits if reference(hit))


def _worth(title: str, found: tuple[Entry, ...]) -> tuple[Entry, ...]:
    hits = _whole(found)
    alike = sorted(hits, key=lambda hit: -likeness(title, hit))[:ALIKE]
    return tuple(hit for hit in hits if hit in hits[:FIRST] or (hit in alike and likeness(title, hit) >= LIKE))


def _one(look: Callable[[str], Entry], slug: str) -> tuple[Entry, ...]:
    try:
        return (look(slug),)
    except Rejected as error:
        return _unknown(error)


def _none(look: Callable[..., tuple[Any, ...]], *named: object) -> tuple[Any, ...]:
    """The rows, or none where Trakt does not know whose."""
    try:
        return look(*named)
    except Rejected as error:
        return _unknown(error)


def _unknown(error: Rejected) -> tuple[Any, ...]:
    if error.status != 404:
        raise error
    return ()
