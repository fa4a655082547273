"""Which film or episode of Trakt's a media is, and why none where none is."""

import re
from collections.abc import Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from scrobbler.events import Ids, Media, MediaKind
from scrobbler.identify.guess import Unguessed, guess
from scrobbler.identify.names import Extra, Unsure, describe
from scrobbler.trakt.catalogue import Entry, EntryKind
from scrobbler.trakt.client import Trakt
from scrobbler.trakt.titles import fold
from scrobbler.trakt.wire import Item

REMEMBERED: Final = 64
"""So many media are recognised without reading their names again."""

_IN_BRACKETS: Final = re.compile(r"(?P<title>.*\S) \((?:(?P<year>(?:19|20)\d\d)|(?P<country>[A-Z]{2}))\)")


class Unmatched(Struct, frozen=True, kw_only=True):
    """Trakt has no such item, or several; ``candidates`` are those that the user may mean."""

    reason: str
    candidates: tuple[Entry, ...] = ()


class Wanted(Struct, frozen=True, kw_only=True):
    """A title to look for. ``country`` is two lower-case letters."""

    kind: EntryKind
    title: str
    year: int | None = None
    country: str | None = None

    def fits(self, entry: Entry) -> bool:
        """Whether the entry has this title, here or where it was made, and may be of this year and country."""
        titles = {fold(title) for title in (entry.title, entry.original_title) if title}
        if self.country is not None and fold(f"{self.title} {self.country}") in titles:
            return True
        if self.country is not None and entry.country is not None and self.country != entry.country:
            return False
        return fold(self.title) in titles and self._near(entry.year)

    def _near(self, year: int | None) -> bool:
        """A year may be of the premiere or of the release, which often are a year apart."""
        return self.year is None or year is None or abs(self.year - year) <= 1


class Finder:
    """Finds items with one account's Trakt, and remembers the films and shows that it found."""

    def __init__(self, trakt: Trakt) -> None:
        self._trakt = trakt
        self._found: dict[Wanted, Entry] = {}
        self._items: dict[Media, Item] = {}

    def find(self, media: Media) -> Item | Unmatched | Extra:
        """Reads the name, guesses where it must, and looks up what came of it. Raises the errors of ``Trakt``.

        A start, a pause and a stop ask for the same media: only the first one costs anything.
        """
        if known := self._items.get(media):
            return known
        found = self._find(media)
        if isinstance(found, Item):
            if len(self._items) >= REMEMBERED:
                self._items.pop(next(iter(self._items)))
            self._items[media] = found
        return found

    def _find(self, media: Media) -> Item | Unmatched | Extra:
        reading = describe(media)
        if isinstance(reading, Extra):
            return reading
        known: Media | Unguessed = guess(reading.media) if isinstance(reading, Unsure) else reading.media
        return Unmatched(reason=known.reason) if isinstance(known, Unguessed) else self.resolve(_meant(media, known))

    def resolve(self, media: Media) -> Item | Unmatched:
        """The item that a described media is. Ids need no lookup; a title must fit, and fit one entry only."""
        if media.kind is MediaKind.MOVIE:
            return self._movie(media)
        if media.kind is MediaKind.EPISODE:
            return self._episode(media)
        return Unmatched(reason="it is not known whether this is a film or an episode")

    def _movie(self, media: Media) -> Item | Unmatched:
        if _finds_movies(media.ids):
            return Item(kind=MediaKind.MOVIE, title=media.title, year=media.year, ids=media.ids)
        if not media.title:
            return Unmatched(reason="the film has no title")
        entry = self._search(_wanted(EntryKind.MOVIE, media.title, media.year))
        return entry.movie() if isinstance(entry, Entry) else entry

    def _episode(self, media: Media) -> Item | Unmatched:
        show = media.show
        if show is None or media.season is None or media.episode is None:
            if media.ids:
                return Item(kind=MediaKind.EPISODE, title=media.title, ids=media.ids, show=show)
            return Unmatched(reason="it is not known which season and episode this is")
        if not show.ids and not media.ids:
            if not show.title:
                return Unmatched(reason="the show has no title")
            entry = self._search(_wanted(EntryKind.SHOW, show.title, show.year))
            if isinstance(entry, Unmatched):
                return entry
            show = entry.show()
        return Item(
            kind=MediaKind.EPISODE,
            title=media.title,
            ids=media.ids,
            show=show,
            season=media.season,
            number=media.episode,
        )

    def _search(self, wanted: Wanted) -> Entry | Unmatched:
        if known := self._found.get(wanted):
            return known
        hits = self._trakt.search_text(wanted.kind, wanted.title)
        chosen = _choose(wanted, hits)
        if isinstance(chosen, Entry):
            self._found[wanted] = chosen
        return chosen


def _meant(media: Media, known: Media) -> Media:
    """What the name says, about the episode that is meant where its file holds several."""
    if media.episode is None:
        return known
    title = known.title if media.episode == known.episode else None
    return replace(known, season=media.season, episode=media.episode, episode_end=media.episode_end, title=title)


def _wanted(kind: EntryKind, title: str, year: int | None) -> Wanted:
    """A title without the year or country in brackets at its end, by which people tell namesakes apart."""
    country = None
    while match := _IN_BRACKETS.fullmatch(title):
        title = match["title"]
        year = year or (int(match["year"]) if match["year"] else None)
        country = country or (match["country"] or "").lower().replace("uk", "gb") or None
    return Wanted(kind=kind, title=title, year=year, country=country)


def _choose(wanted: Wanted, hits: Sequence[Entry]) -> Entry | Unmatched:
    """The one entry that fits. The order of the hits is no reason to prefer one."""
    fitting = [entry for entry in hits if wanted.fits(entry)]
    if wanted.year is not None:
        fitting = [entry for entry in fitting if entry.year == wanted.year] or fitting
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        return Unmatched(reason=f"Trakt knows {len(fitting)} by that title", candidates=tuple(fitting))
    return Unmatched(reason="Trakt knows none by that title and year", candidates=tuple(hits[:5]))


def _finds_movies(ids: Ids) -> bool:
    """Whether Trakt finds films by one of these; it does not by TheTVDB's."""
    return any((ids.trakt, ids.slug, ids.imdb, ids.tmdb))
