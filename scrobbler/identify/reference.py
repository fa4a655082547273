"""Which film, show or episode of Trakt's somebody means by an address, an id or a name."""

from collections.abc import Callable, Iterator
from typing import Final, TypeVar

from msgspec import Struct

from scrobbler.errors import Rejected
from scrobbler.events import Ids, Media, MediaKind, Show
from scrobbler.identify.facts import reference
from scrobbler.identify.finder import Finder
from scrobbler.identify.match import Unmatched
from scrobbler.identify.notation import ById, ByTitle, Place, Subject, Unclear, parse
from scrobbler.reading.pattern import regex
from scrobbler.trakt.catalogue import Entry, EntryKind, IdSource
from scrobbler.trakt.lookups import Lookups
from scrobbler.trakt.wire import Item

T = TypeVar("T")

_NUMBERED: Final = regex(r"(?P<title>.*\S)\s+#?(?P<number>\d{1,5})")
_YEARS: Final = range(1888, 2100)
_KINDS: Final = {Subject.MOVIE: EntryKind.MOVIE, Subject.SHOW: EntryKind.SHOW}


class Whole(Struct, frozen=True, kw_only=True):
    """A show, or with ``season`` one season of it."""

    show: Show
    season: int | None = None


Referred = Item | Whole | Unmatched | Unclear


def refer(
    text: str, trakt: Lookups, finder: Finder, *, at: Place | None = None, of: MediaKind | None = None
) -> Referred:
    """What the text names. Raises the errors of ``Trakt``.

    ``at``: where in its show it is, where the text names none. ``of``: what it is, where the text may name both a film
    and a show.
    """
    named = parse(text)
    if isinstance(named, Unclear):
        return named
    place = named.place or at
    if named.place is not None and named.place.episode is None and at is not None:
        place = Place(season=named.place.season, episode=at.episode)
    if isinstance(named, ByTitle):
        return _by_title(named, finder, place, of)
    return _by_id(named, trakt, place, of)


# Ids


def _by_id(named: ById, trakt: Lookups, place: Place | None, of: MediaKind | None) -> Referred:
    found = [one for subject in _subjects(named, of) for one in _of(subject, named.ids, trakt)]
    (name, value), *_ = named.ids.known().items()
    if len(found) > 1:
        both = " and ".join(one.label() for one in found)
        return Unmatched(reason=f"{name} {value} is {both}: say {name}:movie:{value} or {name}:show:{value}")
    if not found:
        what = named.subject.value if named.subject is not None else "film or show"
        return Unmatched(reason=f"Trakt knows no {what} with {name} {value}")
    (one,) = found
    return one if isinstance(one, Item) else _placed(one, trakt, place)


def _subjects(named: ById, of: MediaKind | None) -> Iterator[Subject]:
    if named.subject is not None:
        yield named.subject
        return
    if of is not MediaKind.EPISODE:
        yield Subject.MOVIE
    if of is not MediaKind.MOVIE:
        yield Subject.SHOW
        if named.ids.imdb is not None:  # one number is of one thing there, whatever that is
            yield Subject.EPISODE


def _of(subject: Subject, ids: Ids, trakt: Lookups) -> list[Item | Entry]:
    """What of this kind has the id."""
    (name, value), *_ = ids.known().items()
    if subject is Subject.EPISODE:
        return list(trakt.search_episode(IdSource(name), value))
    kind = _KINDS[subject]
    hits: tuple[Entry, ...]
    if name == "slug":
        look: Callable[[int | str], Entry] = trakt.movie if kind is EntryKind.MOVIE else trakt.show
        hit = _unless_unknown(look, value)
        hits = (hit,) if hit is not None else ()
    else:
        hits = trakt.search_id(IdSource(name), value, kind)
    return [hit.movie() if kind is EntryKind.MOVIE else hit for hit in hits[:1]]


def _placed(entry: Entry, trakt: Lookups, place: Place | None) -> Referred:
    """The show, or what of it is at the place."""
    if place is None or place.episode is None:
        return Whole(show=entry.show(), season=place.season if place is not None else None)
    season = _unless_unknown(trakt.season, reference(entry), place.season) or ()
    found = next((one for one in season if one.number == place.episode), None)
    if found is None:
        return Unmatched(reason=f"{entry.label()} has no S{place.season:02d}E{place.episode:02d} at Trakt")
    return found.item(entry.show())


def _unless_unknown(look: Callable[..., T], *named: object) -> T | None:
    """What Trakt says; None where it knows nothing of that name."""
    try:
        return look(*named)
    except Rejected as error:
        if error.status != 404:
            raise
        return None


# Titles


def _by_title(named: ByTitle, finder: Finder, place: Place | None, of: MediaKind | None) -> Referred:
    if named.place is not None and place is not None:
        return _in_show(named, finder, place)
    tried: list[Item | Whole | Unmatched] = []
    for media in _meanings(named, place, of):
        found = finder.resolve(media)
        if isinstance(found, Item):
            whole = media.kind is MediaKind.EPISODE and place is None and media.number_abs is None
            return Whole(show=found.show) if whole and found.show is not None else found
        tried.append(found)
    missed = [one for one in tried if isinstance(one, Unmatched)]
    candidates = tuple(candidate for one in missed for candidate in one.candidates)
    return Unmatched(reason=missed[0].reason, candidates=candidates)


def _in_show(named: ByTitle, finder: Finder, place: Place) -> Referred:
    show = Show(title=named.title, year=named.year)
    first = 1 if place.episode is None else place.episode
    found = finder.resolve(Media(kind=MediaKind.EPISODE, show=show, season=place.season, episode=first))
    if isinstance(found, Item) and place.episode is None and found.show is not None:
        return Whole(show=found.show, season=place.season)
    return found


def _meanings(named: ByTitle, at: Place | None, of: MediaKind | None) -> Iterator[Media]:
    """What the title may mean, the likelier first; a number at its end belongs to it unless nothing is called so.

    A show is looked for by an episode of it: the one that is at hand, else its first.
    """
    episode = Place(season=1, episode=1) if at is None or at.episode is None else at
    film = Media(kind=MediaKind.MOVIE, title=named.title, year=named.year)
    show = Media(
        kind=MediaKind.EPISODE,
        show=Show(title=named.title, year=named.year),
        season=episode.season,
        episode=episode.episode,
    )
    if of is not MediaKind.EPISODE:
        yield film
    if of is not MediaKind.MOVIE:
        yield show
    numbered = _NUMBERED.fullmatch(named.title)
    if numbered is None or named.year is not None:
        return
    number = int(numbered["number"])
    if number in _YEARS:
        yield from _meanings(ByTitle(title=numbered["title"], year=number), at, of)
    if of is not MediaKind.MOVIE:
        yield Media(kind=MediaKind.EPISODE, show=Show(title=numbered["title"]), number_abs=number)
