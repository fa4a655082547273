"""Which film, show or episode an id means, and whether that is what the player says it is.

Players send ids of the wrong thing: an episode's where its show's are asked for, the show's number as the episode's
(spec/identification.md). Trakt then answers with whatever has that number. So an id is looked up, and believed only if
nothing that was said speaks against it.
"""

from collections.abc import Iterator
from enum import Enum
from typing import Final

from msgspec import Struct

from scrobbler.events import Ids, Media
from scrobbler.identify.facts import Facts
from scrobbler.identify.score import LOOSE, SUBTITLE, Wanted, near, same_script, title_share, wanted
from scrobbler.trakt.catalogue import Entry, EntryKind, IdSource
from scrobbler.trakt.titles import fold
from scrobbler.trakt.wire import Item

ORDER: Final = {
    EntryKind.MOVIE: (IdSource.TRAKT, IdSource.IMDB, IdSource.TMDB),
    EntryKind.SHOW: (IdSource.TRAKT, IdSource.TVDB, IdSource.TMDB, IdSource.IMDB),
}
"""The ids that are looked up, the most trusted first. Trakt knows no film by TheTVDB's."""
EPISODES: Final = (IdSource.TRAKT, IdSource.TVDB, IdSource.TMDB, IdSource.IMDB)
"""Of episodes the fewest are known by IMDb's."""


class Belief(Enum):
    """What to think of an id."""

    SURE = "sure"
    UNLESS = "unless there is something of the title and year that were said"
    NOT = "not"


class Held(Struct, frozen=True, kw_only=True):
    """What an id leads to, and whether that may be meant."""

    entry: Entry
    belief: Belief


def lead(said: Wanted | None, kind: EntryKind, ids: Ids, facts: Facts) -> Iterator[Held]:
    """What the ids lead to, one after the other, each thing once. Raises the errors of ``Trakt``."""
    met: set[Ids] = set()
    for entry in _entries(kind, ids, facts):
        if entry.ids not in met:
            met.add(entry.ids)
            yield Held(entry=entry, belief=_believed(said, ids, entry, facts))


def episode(media: Media, facts: Facts) -> Iterator[tuple[Item, bool]]:
    """The episodes that an episode's own ids lead to, and whether each may be meant. Raises the errors of ``Trakt``."""
    for source in EPISODES:
        value = getattr(media.ids, source.value)
        for item in facts.episode_by_id(source, value) if value is not None else ():
            yield item, _may_be(media, item, facts)


def _entries(kind: EntryKind, ids: Ids, facts: Facts) -> Iterator[Entry]:
    for source in ORDER[kind]:
        value = getattr(ids, source.value)
        if value is not None:
            yield from facts.by_id(kind, source, value)
    if ids.slug is not None:
        yield from facts.by_slug(kind, ids.slug)


def _believed(said: Wanted | None, ids: Ids, entry: Entry, facts: Facts) -> Belief:
    agreeing = ids.known().items() & entry.ids.known().items()
    differing = ids.differs(entry.ids)
    if said is None:
        return Belief.NOT if differing else Belief.SURE
    if _called(said, entry, facts):
        return Belief.SURE if near(said.year, entry.year) else Belief.UNLESS
    if not near(said.year, entry.year) or differing:
        return Belief.NOT
    similar = title_share(said, entry).value >= SUBTITLE
    foreign = said.year is not None and entry.year is not None and not same_script(said.title, entry.title or "")
    if similar or foreign or len(agreeing) > 1:
        return Belief.SURE
    return Belief.UNLESS if said.year is not None and said.year == entry.year else Belief.NOT


def _called(said: Wanted, entry: Entry, facts: Facts) -> bool:
    """Whether it is called so anywhere, as far as that must be asked."""
    if title_share(said, entry).value >= LOOSE:
        return True
    if title_share(said, entry, aliases := facts.aliases(entry)).value >= LOOSE:
        return True
    return title_share(said, entry, (*aliases, *facts.translations(entry))).value >= LOOSE


def _may_be(media: Media, item: Item, facts: Facts) -> bool:
    """Whether an episode that an id leads to is the one that is said."""
    told = media.season is not None and media.episode is not None
    placed = item.place == (media.season, media.episode)
    named = bool(media.title) and item.title is not None and fold(media.title or "") == fold(item.title)
    show = media.show
    if show is None or not (show.title or show.ids):
        return placed or named or not told
    if item.show is not None and show.ids.shares(item.show.ids):
        return placed or named or not told
    if item.show is None:
        return placed and named
    if not show.title:
        return placed and not show.ids.differs(item.show.ids)
    entry = Entry(kind=EntryKind.SHOW, ids=item.show.ids, title=item.show.title, year=item.show.year)
    of_it = near(show.year, entry.year) and _called(wanted(EntryKind.SHOW, show.title, show.year), entry, facts)
    return (of_it and (placed or named or not told)) or (placed and named)
