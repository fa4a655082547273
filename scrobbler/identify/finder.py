"""From what a player says to an item of Trakt's: the one that is surely meant, or none, with those that may be.

The order: what the user said of it; then its name is read; then the show's or the film's ids, looked up and held
against what was said; an episode's own ids; and last the title, by search. Whatever way leads there, an episode is one
that its show has. ``spec/identification.md`` says more.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Final

from msgspec.structs import replace

from scrobbler.events import Ids, Media, MediaKind, Seconds, Show
from scrobbler.identify import ids, search, seasons
from scrobbler.identify.corrections import Beyond, Correct
from scrobbler.identify.facts import LASTING, SHORT, Facts
from scrobbler.identify.ids import Belief
from scrobbler.identify.match import Candidate, Unmatched, beside, by_id, each_once, meant, ranked, sure
from scrobbler.identify.memory import Memory
from scrobbler.identify.score import BAR, LOOSE, Wanted, title_share, wanted
from scrobbler.identify.search import Ranked, Unsettled
from scrobbler.identify.seasons import Nowhere
from scrobbler.reading.extras import Extra
from scrobbler.reading.outcome import Reading, Source, Unread
from scrobbler.reading.reader import read
from scrobbler.trakt.catalogue import Entry, EntryKind, Episode
from scrobbler.trakt.lookups import Lookups
from scrobbler.trakt.wire import Item

READ: Final = 64
"""So many media are recognised without reading their names again..."""
READ_FOR: Final = timedelta(minutes=10)
"""...for so long: a file beside them may say more by then."""
LENGTH_PROVES: Final = 0.15
"""A file called by a title alone is that film if it is as long, but for so much: cuts and credits differ."""

__all__ = ["Candidate", "Finder", "Unmatched"]


class Finder:
    """Finds items with one account's Trakt. Threads may share it, and accounts its memory."""

    def __init__(
        self,
        trakt: Lookups,
        clock: Callable[[], datetime],
        *,
        memory: Memory | None = None,
        correct: Correct = lambda _media, _read: None,
    ) -> None:
        """Without a ``memory`` it remembers for itself, as long as it lives."""
        self._trakt = trakt
        self._clock = clock
        self._memory = memory or Memory()
        self._correct = correct
        self._read: dict[Media, tuple[datetime, Reading]] = {}

    def find(self, media: Media, duration: Seconds | None = None) -> Item | Unmatched | Extra:
        """What it is. ``duration`` is how long the player says that it lasts. Raises the errors of ``Trakt``."""
        said = self._correct(media, None)
        reading = self._reading(media) if said is None else None
        if reading is not None and not isinstance(reading, Extra):
            said = self._correct(media, reading.media)
        if isinstance(said, Beyond):
            return Unmatched(reason=said.reason)
        if isinstance(said, Media):
            return self.resolve(said, duration)
        if said is not None:
            return said
        if isinstance(reading, Unread):
            return Unmatched(reason=reading.reason)
        assert reading is not None  # nothing was said before it was read  # noqa: S101
        if isinstance(reading, Extra):
            return reading
        found = self.resolve(reading.media, duration)
        return _proved(found, duration) if reading.sources.get("kind") is Source.GUESS else found

    def resolve(self, media: Media, duration: Seconds | None = None) -> Item | Unmatched:
        """The item that a media is whose name was read. Raises the errors of ``Trakt``."""
        facts = Facts(self._trakt, self._memory, self._clock, LASTING)
        found = _resolve(media, facts, duration)
        if isinstance(found, Unmatched) and facts.aged:
            return _resolve(media, Facts(self._trakt, self._memory, self._clock, SHORT), duration)
        return found

    def search(self, media: Media) -> tuple[Candidate, ...]:
        """All that may be meant, for the user to pick from, the best first. Raises the errors of ``Trakt``."""
        reading = self._reading(media)
        known = media if isinstance(reading, Extra) else reading.media
        facts = Facts(self._trakt, self._memory, self._clock, SHORT)
        found = _resolve(known, facts, None)
        candidates = [sure(found)] if isinstance(found, Item) else list(found.candidates)
        for each in _either(known):
            if (said := _wanted(each)) is not None:
                candidates += ranked(each, search.rank(said, facts))
        return each_once(candidates)

    def _reading(self, media: Media) -> Reading:
        """Reading a name may cost a quarter of a second, and a start, a pause and a stop say the same one."""
        known = self._read.get(media)
        if known is not None and abs(self._clock() - known[0]) <= READ_FOR:
            return known[1]
        reading = read(media)
        self._read.pop(media, None)
        if len(self._read) >= READ:
            self._read.pop(next(iter(self._read)), None)
        self._read[media] = self._clock(), reading
        return reading


def _proved(found: Item | Unmatched, duration: Seconds | None) -> Item | Unmatched:
    """A film whose file is called by its title alone, as home videos are too: only if it is as long as the film."""
    if isinstance(found, Unmatched) or found.kind is MediaKind.EPISODE:
        return found
    if duration and found.runtime and abs(duration - found.runtime) <= LENGTH_PROVES * found.runtime:
        return found
    told = f"it lasts {duration / 60:.0f} min" if duration else "how long it lasts is not known"
    lasts = f"{found.runtime / 60:.0f} min" if found.runtime else "of unknown length"
    reason = f"a title alone does not tell a film from a home video: {told}, and {found.label()} is {lasts}"
    return Unmatched(reason=reason, candidates=(sure(found),))


def _resolve(media: Media, facts: Facts, duration: Seconds | None) -> Item | Unmatched:
    if media.kind is MediaKind.MOVIE:
        return _movie(media, facts, duration)
    if media.kind is MediaKind.EPISODE:
        return _episode(media, facts)
    return Unmatched(reason="it is not known whether this is a film or an episode")


def _movie(media: Media, facts: Facts, duration: Seconds | None) -> Item | Unmatched:
    said = _wanted(media)
    found, doubtful = _by_ids(said, EntryKind.MOVIE, media.ids, facts)
    if found is not None:
        return found.movie()
    if said is None:
        return _unknown("the film has no title", media.ids, [by_id(entry.movie()) for entry in doubtful])
    chosen = search.find(said, facts, duration)
    others = [by_id(entry.movie()) for entry in doubtful]
    if isinstance(chosen, Unsettled):
        return Unmatched(reason=chosen.reason, candidates=each_once([*ranked(media, chosen.ranked), *others]))
    return _contested(media, said, chosen, doubtful) or chosen.entry.movie()


def _episode(media: Media, facts: Facts) -> Item | Unmatched:
    said = _wanted(media)
    show, doubtful = _by_ids(said, EntryKind.SHOW, media.show.ids if media.show else Ids(), facts)
    missed = _in_show(media, show, facts) if show is not None else None
    if isinstance(missed, Item):
        return missed
    candidates = [by_id(meant(media, entry)) for entry in doubtful]
    for item, believed in ids.episode(media, facts):
        if believed and not _elsewhere(item, show):
            return item
        candidates.append(by_id(item))
    if missed is not None:
        return replace(missed, candidates=each_once([*missed.candidates, *candidates]))
    if said is None:
        return _unknown("the show has no title", media.show.ids if media.show else media.ids, candidates)
    return _titled(media, said, doubtful, candidates, facts)


def _titled(
    media: Media, said: Wanted, doubtful: Iterable[Entry], candidates: Iterable[Candidate], facts: Facts
) -> Item | Unmatched:
    """An episode by the title of its show."""
    if media.season is None and media.number_abs is None and media.date is None:
        return Unmatched(reason="it is not known which season and episode this is")
    chosen = search.find(said, facts)
    if isinstance(chosen, Unsettled):
        told = _by_own_title(media, chosen, facts)
        if told is not None:
            return told
        shows = ranked(media, chosen.ranked)
        return Unmatched(reason=chosen.reason, candidates=each_once([*shows, *candidates]))
    if contested := _contested(media, said, chosen, doubtful):
        return contested
    found = _in_show(media, chosen.entry, facts)
    if isinstance(found, Item):
        return found
    return replace(found, candidates=each_once([*found.candidates, *candidates]))


def _by_own_title(media: Media, unsettled: Unsettled, facts: Facts) -> Item | None:
    """Of shows of one name, the one that has an episode of this very title in this place."""
    named = [one.entry for one in unsettled.ranked if one.score.value >= BAR]
    if not media.title or not 1 < len(named) <= search.ASKED_FURTHER:
        return None
    found = [(entry, _located(media, entry, facts)) for entry in named]
    fitting = [(entry, one) for entry, one in found if one is not None and seasons.same(media.title, one)]
    if len(fitting) != 1 or not seasons.says(media.title):
        return None
    (entry, episode) = fitting[0]
    return episode.item(entry.show())


def _by_ids(said: Wanted | None, kind: EntryKind, known: Ids, facts: Facts) -> tuple[Entry | None, list[Entry]]:
    """The film or show that the ids lead to, if that may be it; and those that they lead to else."""
    doubtful = []
    for held in ids.lead(said, kind, known, facts):
        if held.belief is Belief.SURE or (held.belief is Belief.UNLESS and not _has_rival(said, held.entry, facts)):
            return held.entry, []
        doubtful.append(held.entry)
    return None, doubtful


def _has_rival(said: Wanted | None, entry: Entry, facts: Facts) -> bool:
    """Whether there is something else of the very title and year."""
    chosen = search.find(said, facts) if said is not None else None
    if isinstance(chosen, Ranked):
        return not chosen.entry.ids.shares(entry.ids)
    return chosen is not None and bool(chosen.ranked) and chosen.ranked[0].score.value >= BAR


def _contested(media: Media, said: Wanted, chosen: Ranked, doubtful: Iterable[Entry]) -> Unmatched | None:
    """Where the id is of one, and title and year of its namesake: one of the two is a mistake."""
    held = [entry for entry in doubtful if title_share(said, entry).value >= LOOSE]
    if not held:
        return None
    either = each_once([*ranked(media, [chosen]), *(by_id(meant(media, entry)) for entry in held)])
    return Unmatched(reason=f"its id is of {held[0].label()}, its year of {chosen.entry.label()}", candidates=either)


def _in_show(media: Media, show: Entry, facts: Facts) -> Item | Unmatched:
    try:
        return _complete(seasons.locate(media, show, facts).item(show.show()), show)
    except Nowhere as nowhere:
        near = tuple(beside(one.item(show.show())) for one in nowhere.near)
        return Unmatched(reason=str(nowhere), candidates=near)


def _located(media: Media, show: Entry, facts: Facts) -> Episode | None:
    try:
        return seasons.locate(media, show, facts)
    except Nowhere:
        return None


def _complete(item: Item, show: Entry) -> Item:
    """An episode whose own length Trakt does not know is as long as its show's usually are."""
    return item if item.runtime is not None else replace(item, runtime=show.runtime)


def _elsewhere(item: Item, show: Entry | None) -> bool:
    """Whether it is known that the show is another one."""
    return show is not None and item.show is not None and not show.ids.shares(item.show.ids)


def _either(media: Media) -> Iterator[Media]:
    """What it may be where it is not known whether it is a film or of a show."""
    if media.kind is not MediaKind.EPISODE:
        yield replace(media, kind=MediaKind.MOVIE)
    if media.kind is not MediaKind.MOVIE:
        yield replace(media, kind=MediaKind.EPISODE, show=media.show or Show(title=media.title, year=media.year))


def _wanted(media: Media) -> Wanted | None:
    """The title to look for; None where there is none."""
    if media.kind is MediaKind.MOVIE:
        return wanted(EntryKind.MOVIE, media.title, media.year) if media.title and media.title.strip() else None
    show = media.show or Show()
    return wanted(EntryKind.SHOW, show.title, show.year) if show.title and show.title.strip() else None


def _unknown(otherwise: str, known: Ids, candidates: Iterable[Candidate]) -> Unmatched:
    """What only had ids."""
    told = ", ".join(f"{name} {value}" for name, value in known.known().items())
    reason = f"Trakt knows no such item ({told})" if told else otherwise
    return Unmatched(reason=reason, candidates=each_once(candidates))
