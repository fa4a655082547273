"""What Trakt's catalogue is asked for: titles, ids, films, shows and their seasons."""

import re
from abc import ABC, abstractmethod
from typing import Final
from urllib.parse import quote

from scrobbler.trakt import catalogue, wire
from scrobbler.trakt.catalogue import Entry, EntryKind, IdSource, Season
from scrobbler.trakt.statuses import Reply
from scrobbler.trakt.wire import Item

HITS: Final = 50
"""How many hits of a search are looked at."""

_SEARCH_SIGNS: Final = re.compile(r'[+\-&|!(){}\[\]^"~*?:/\\]')


class Lookups(ABC):
    """The calls about what there is to watch. They work without a sign-in too."""

    @abstractmethod
    def _look(self, path: str, **query: str | int) -> Reply:
        """One read, signed where that is possible."""

    def search_text(self, kind: EntryKind, title: str) -> tuple[Entry, ...]:
        """Films or shows that may be called so. The caller must check each: Trakt's order and score say little."""
        query = _SEARCH_SIGNS.sub(r"\\\g<0>", title)
        reply = self._look(f"/search/{kind.value}", query=query, extended="full", page=1, limit=HITS)
        return catalogue.read_found(reply.data, kind)

    def search_id(self, source: IdSource, id_: int | str, kind: EntryKind) -> tuple[Entry, ...]:
        """The films or shows that another catalogue, or Trakt itself, knows by this id."""
        reply = self._look(f"/search/{source.value}/{_part(id_)}", type=kind.value, extended="full")
        return catalogue.read_found(reply.data, kind)

    def movie(self, id_: int | str) -> Entry:
        """A film by its Trakt id, slug or IMDb id."""
        return catalogue.read_entry(self._look(f"/movies/{_part(id_)}", extended="full").data, EntryKind.MOVIE)

    def show(self, id_: int | str) -> Entry:
        """A show by its Trakt id, slug or IMDb id."""
        return catalogue.read_entry(self._look(f"/shows/{_part(id_)}", extended="full").data, EntryKind.SHOW)

    def seasons(self, show_id: int | str) -> tuple[Season, ...]:
        """The seasons of a show, the specials among them."""
        rows = wire.read_rows(self._look(f"/shows/{_part(show_id)}/seasons", extended="full").data)
        return tuple(season for row in rows if (season := catalogue.read_season(row)) is not None)

    def season(self, show_id: int | str, number: int) -> tuple[Item, ...]:
        """The episodes of a season with their runtimes. Their ``show`` is left out: the caller knows it."""
        rows = wire.read_rows(self._look(f"/shows/{_part(show_id)}/seasons/{number}", extended="full").data)
        return tuple(wire.read_episode(row, None) for row in rows)


def _part(id_: int | str) -> str:
    """An id as one segment of a path."""
    return quote(str(id_), safe="")
