"""Which film or show is meant by a title: found by search, verified, and taken only if no other may be meant.

Trakt's order and score say nothing. A search by text is asked first, because it shows namesakes as well; where nothing
in it fits, the search for the exact title and the address that Trakt would give to it; then what the nearest ones are
called elsewhere, and at last in other languages.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from msgspec import Struct

from scrobbler.events import Ids, Seconds
from scrobbler.identify.facts import Facts
from scrobbler.identify.score import BAR, DISTANCE, LOOSE, Score, Wanted, alike, by_length, near, score
from scrobbler.trakt.catalogue import Entry, EntryKind
from scrobbler.trakt.titles import LETTERS, fold

ASKED_FURTHER: Final = 4
"""Of so many are the aliases and translations asked for."""
SHOWN: Final = 5
"""So many candidates are shown."""
LEAST: Final = 0.3
"""What scores less is nobody's candidate."""
LONGEST: Final = 200
"""Signs of a title that are searched for."""

Elsewhere = Mapping[Ids, Sequence[str]]


class Ranked(Struct, frozen=True, kw_only=True):
    """An entry and how well it fits."""

    entry: Entry
    score: Score


class Unsettled(Struct, frozen=True, kw_only=True):
    """None fits, or several do; ``ranked`` are those that may be meant, the best first."""

    reason: str
    ranked: tuple[Ranked, ...] = ()


def find(wanted: Wanted, facts: Facts, duration: Seconds | None = None) -> Ranked | Unsettled:
    """The one film or show that is meant. Raises the errors of ``Trakt``."""
    chosen: Ranked | Unsettled = Unsettled(reason="nothing was asked")
    for hits, elsewhere in _steps(wanted, facts):
        chosen = choose(wanted, hits, elsewhere, duration)
        if isinstance(chosen, Ranked):
            more = _spelt_otherwise(wanted, chosen.entry, facts)
            return choose(wanted, _together(hits, more), elsewhere, duration) if more else chosen
        if _several(chosen):
            break
    return chosen


def rank(wanted: Wanted, facts: Facts) -> tuple[Ranked, ...]:
    """All that may be meant, with everything asked, the best first. Raises the errors of ``Trakt``."""
    *_, (hits, elsewhere) = _steps(wanted, facts)
    return _ranked(wanted, hits, elsewhere)


def choose(
    wanted: Wanted, hits: Sequence[Entry], elsewhere: Elsewhere, duration: Seconds | None = None
) -> Ranked | Unsettled:
    """The one that fits, if it is clearly better than the next one."""
    ranked = _ranked(wanted, hits, elsewhere)
    fitting = [one for one in ranked if one.score.value >= BAR]
    if not fitting:
        return Unsettled(reason=f"Trakt knows none that is surely {wanted.label()}", ranked=ranked[:SHOWN])
    rivals = [one for one in ranked if fitting[0].score.value - one.score.value < DISTANCE]
    if len(rivals) == 1:
        return rivals[0]
    if duration and wanted.kind is EntryKind.MOVIE:
        entry = by_length(duration, [one.entry for one in rivals])
        if entry is not None:
            return next(one for one in rivals if one.entry == entry)
    return Unsettled(reason=f"Trakt knows {len(rivals)} that may be {wanted.label()}", ranked=ranked[:SHOWN])


def _several(chosen: Unsettled) -> bool:
    return bool(chosen.ranked) and chosen.ranked[0].score.value >= BAR


def _steps(wanted: Wanted, facts: Facts) -> Iterator[tuple[list[Entry], Elsewhere]]:
    """What is known after each further question, until there is none left."""
    title = wanted.title[:LONGEST]
    hits = list(facts.hits(wanted.kind, title))
    yield hits, {}
    found = [*facts.exact(wanted.kind, title), *_by_address(wanted, facts)]
    hits = _together(hits, found)
    yield hits, {}
    asked = [hit for hit in hits if near(wanted.year, hit.year)][:ASKED_FURTHER]
    elsewhere = {hit.ids: facts.aliases(hit) for hit in asked}
    yield hits, elsewhere
    yield hits, {hit.ids: (*elsewhere[hit.ids], *facts.translations(hit)) for hit in asked}


def _together(hits: Sequence[Entry], more: Sequence[Entry]) -> list[Entry]:
    """Each once, in this order."""
    return list({hit.ids: hit for hit in (*hits, *more)}.values())


def _spelt_otherwise(wanted: Wanted, entry: Entry, facts: Facts) -> list[Entry]:
    """What a search finds for the title as Trakt spells it: a namesake may be under those words only."""
    own = {title for title in (entry.title, entry.original_title) if title and alike(wanted.title, title) >= LOOSE}
    spelt = sorted(title for title in own if _words(title) != _words(wanted.title))
    return [hit for title in spelt for hit in facts.hits(wanted.kind, title[:LONGEST])]


def _words(title: str) -> list[str]:
    return [fold(word) for word in re.findall(r"\w+", title)]


def _by_address(wanted: Wanted, facts: Facts) -> Iterator[Entry]:
    """Those at the addresses that Trakt makes of title and year. Without a year they would be anybody's."""
    slug = _slug(wanted.title)
    if wanted.year is None or not slug:
        return
    yield from facts.by_slug(wanted.kind, f"{slug}-{wanted.year}")
    if wanted.kind is EntryKind.SHOW and not slug.isdigit():  # a number is taken for an id
        yield from facts.by_slug(wanted.kind, slug)


def _slug(title: str) -> str:
    plain = unicodedata.normalize("NFKD", title.casefold().translate(LETTERS))
    return "-".join(re.findall(r"[a-z0-9]+", "".join(sign for sign in plain if not unicodedata.combining(sign))))


def _ranked(wanted: Wanted, hits: Sequence[Entry], elsewhere: Elsewhere) -> tuple[Ranked, ...]:
    scored = (Ranked(entry=hit, score=score(wanted, hit, elsewhere.get(hit.ids, ()))) for hit in hits)
    return tuple(sorted((one for one in scored if one.score.value >= LEAST), key=lambda one: -one.score.value))
