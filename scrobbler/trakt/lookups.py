"""What Trakt's catalogue is asked for: titles, ids, films, shows and their seasons."""

import re
from abc import ABC, abstractmethod
from typing import Any, Final
from urllib.parse import quote

from scrobbler.errors import Unavailable
from scrobbler.trakt import catalogue
from scrobbler.trakt.catalogue import Entry, EntryKind, Episode, IdSource, Season
from scrobbler.trakt.statuses import Reply
from scrobbler.trakt.wire import Item

HITS: Final = 50
"""How many hits of a search are looked at."""

_SEARCH_SIGNS: Final = re.compile(r'[+\-&|!(){}\[\]^"~*?:/\\]')


class Lookups(ABC):
    """The calls about what there is to watch. They work without a sign-in too.

    An answer that makes no sense is no answer (``Unavailable``): nothing is called unknown because of it.
    """

    @abstractmethod
    def _look(self, path: str, **query: str | int) -> Reply:
        """One read, signed where that is possible."""

    def search_text(self, kind: EntryKind, title: str) -> tuple[Entry, ...]:
        """Films or shows that may be called so. The caller must check each: Trakt's order and score say little."""
        rows = self._listed(f"/search/{kind.value}", query=_plain(title), extended="full", page=1, limit=HITS)
        return catalogue.read_found(rows, kind)

    def search_exact(self, kind: EntryKind, title: str) -> tuple[Entry, ...]:
        """Films or shows of this very title, as Trakt compares titles."""
        rows = self._listed(f"/search/{kind.value}/exact", query=_plain(title), extended="full", page=1, limit=HITS)
        return catalogue.read_found(rows, kind)

    def search_id(self, source: IdSource, id_: int | str, kind: EntryKind) -> tuple[Entry, ...]:
        """The films or shows that another catalogue, or Trakt itself, knows by this id."""
        rows = self._listed(f"/search/{source.value}/{_part(id_)}", type=kind.value, extended="full")
        return catalogue.read_found(rows, kind)

    def search_episode(self, source: IdSource, id_: int | str) -> tuple[Item, ...]:
        """The episodes that another catalogue, or Trakt itself, knows by this id, each with its show."""
        rows = self._listed(f"/search/{source.value}/{_part(id_)}", type="episode", extended="full")
        return catalogue.read_episodes_found(rows)

    def movie(self, id_: int | str) -> Entry:
        """A film by its Trakt id, slug or IMDb id."""
        return catalogue.read_entry(self._named(f"/movies/{_part(id_)}", extended="full"), EntryKind.MOVIE)

    def show(self, id_: int | str) -> Entry:
        """A show by its Trakt id, slug or IMDb id."""
        return catalogue.read_entry(self._named(f"/shows/{_part(id_)}", extended="full"), EntryKind.SHOW)

    def seasons(self, show_id: int | str) -> tuple[Season, ...]:
        """The seasons of a show, the specials among them."""
        rows = self._listed(f"/shows/{_part(show_id)}/seasons", extended="full")
        return tuple(season for row in rows if (season := catalogue.read_season(row)) is not None)

    def season(self, show_id: int | str, number: int) -> tuple[Episode, ...]:
        """The episodes of a season, with their runtimes."""
        rows = self._listed(f"/shows/{_part(show_id)}/seasons/{number}", extended="full")
        return tuple(episode for row in rows if (episode := catalogue.read_episode(row)) is not None)

    def aliases(self, kind: EntryKind, id_: int | str) -> tuple[str, ...]:
        """What a film or show is called elsewhere."""
        return catalogue.read_titles(self._listed(f"/{kind.value}s/{_part(id_)}/aliases"))

    def translations(self, kind: EntryKind, id_: int | str) -> tuple[str, ...]:
        """The titles of a film or show in all languages."""
        return catalogue.read_titles(self._listed(f"/{kind.value}s/{_part(id_)}/translations"))

    def _listed(self, path: str, **query: str | int) -> list[Any]:
        data = self._look(path, **query).data
        if not isinstance(data, list):
            raise Unavailable("Trakt's answer to a lookup makes no sense")
        return data

    def _named(self, path: str, **query: str | int) -> dict[str, Any]:
        data = self._look(path, **query).data
        if not isinstance(data, dict) or not isinstance(data.get("ids"), dict):
            raise Unavailable("Trakt's answer to a lookup makes no sense")
        return data


def _plain(title: str) -> str:
    """A title in which no sign means anything to Trakt's search."""
    return _SEARCH_SIGNS.sub(r"\\\g<0>", title)


def _part(id_: int | str) -> str:
    """An id as one segment of a path."""
    return quote(str(id_), safe="")
