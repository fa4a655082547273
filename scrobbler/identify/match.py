"""What comes of looking for a media at Trakt where it is not certain which item it is."""

from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from scrobbler.events import Media, MediaKind
from scrobbler.identify.search import SHOWN, Ranked
from scrobbler.trakt.catalogue import Entry, EntryKind
from scrobbler.trakt.wire import Item

BY_ID: Final = 0.6
"""The score of what an id leads to and its title does not."""
BESIDE: Final = 0.5
"""The score of another episode than the one that was said."""


class Candidate(Struct, frozen=True, kw_only=True):
    """An item that may be meant. ``score`` is 0 to 1; ``why`` is one short clause for people."""

    item: Item
    score: float
    why: str


class Unmatched(Struct, frozen=True, kw_only=True):
    """Trakt has no such item, or it is not certain which it is.

    ``candidates`` are those that may be meant, the best first.
    """

    reason: str
    candidates: tuple[Candidate, ...] = ()


def ranked(media: Media, found: Iterable[Ranked]) -> list[Candidate]:
    """What the media would be if it were one of these."""
    return [_candidate(meant(media, one.entry), one.score.value, one.score.why) for one in found]


def by_id(item: Item) -> Candidate:
    """What an id leads to that was not believed."""
    return _candidate(item, BY_ID, "it has the id that was said")


def beside(item: Item) -> Candidate:
    """An episode of the right show that is not the one that was said."""
    return _candidate(item, BESIDE, "it is near to what was said")


def sure(item: Item) -> Candidate:
    """What is found without asking."""
    return _candidate(item, 1.0, "it fits")


def meant(media: Media, entry: Entry) -> Item:
    """The film; or what would be meant if this were the show. Nobody has looked whether it has such an episode."""
    if entry.kind is EntryKind.MOVIE:
        return entry.movie()
    show, season, number = entry.show(), media.season, media.episode
    return Item(kind=MediaKind.EPISODE, title=media.title, show=show, season=season, number=number)


def each_once(candidates: Iterable[Candidate]) -> tuple[Candidate, ...]:
    """Each thing with its best score, the best first."""
    best: dict[object, Candidate] = {}
    for one in candidates:
        key = one.item.ids if one.item.show is None else (one.item.show.ids, one.item.season, one.item.number)
        if key not in best or best[key].score < one.score:
            best[key] = one
    return tuple(sorted(best.values(), key=lambda one: -one.score)[: 2 * SHOWN])


def _candidate(item: Item, score: float, why: str) -> Candidate:
    return Candidate(item=item, score=round(score, 3), why=why)
