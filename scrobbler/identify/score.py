"""How well a film or show fits what was said: its titles, year and country, and what tells namesakes apart.

A score is a product of shares, one for each thing that was compared, so one that does not fit is enough to bring it
below the ``BAR``. Titles that are only similar never pass it: a typo, a lost subtitle and another film look alike.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from msgspec import Struct

from scrobbler.events import Seconds
from scrobbler.reading.pattern import regex
from scrobbler.trakt.catalogue import Entry, EntryKind
from scrobbler.trakt.titles import fold

BAR: Final = 0.9
"""What scores less is not sure."""
DISTANCE: Final = 0.05
"""The next one must be worse by so much."""

EXACT: Final = 1.0
ARTICLE: Final = 0.99
"""The same but for an English article."""
ELSEWHERE: Final = 0.98
"""The same as an alias or a translation."""
LOOSE: Final = 0.97
"""The same once numerals, the word before them, and an article of another language are made alike."""
SUBTITLE: Final = 0.8
"""One is the other up to a colon or a dash."""
SIMILAR: Final = 0.8
"""At most, for titles that are spelt alike."""

NO_YEAR: Final = 0.98
"""No year was said."""
YEAR_UNKNOWN: Final = 0.85
"""One was said, and Trakt knows none."""
YEAR_BESIDE: Final = 0.94
"""The one before or after: a premiere and a release are often a year apart."""
OTHER_YEAR: Final = 0.6
COUNTRY_UNKNOWN: Final = 0.85
OTHER_COUNTRY: Final = 0.6

LENGTH_FITS: Final = 0.05
"""A film whose runtime differs by no more than this share may be it..."""
LENGTH_DIFFERS: Final = 0.3
"""...and one by more than this share is not, where its namesake fits. Cuts of one film lie between."""

_IN_BRACKETS: Final = regex(r"(?P<title>.*\S)\s*[(\[](?:(?P<year>(?:18|19|20)\d\d)|(?P<country>[A-Z]{2}))[)\]]")
_TENS: Final = ("", "x")
_UNITS: Final = ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x")
_ROMAN: Final = {
    tens + units: str(10 * place + value)
    for place, tens in enumerate(_TENS)
    for value, units in enumerate(_UNITS, start=1)
}
_WORDS: Final = {
    word: str(value)
    for value, word in enumerate(
        ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"), start=1
    )
}
_PART: Final = regex(
    r"\b(?:part|pt|volume|vol|chapter|ch|episode|teil|partie|parte|часть)\b[\s.]*(?P<number>\w+)\b", re.IGNORECASE
)
_NUMERAL: Final = regex(r"(?<=\s)(?:i{2,3}|iv|vi{0,3}|ix|xi{0,3}|xi?v|xvi{0,3}|xi?x|xx)\b", re.IGNORECASE)
_ARTICLE: Final = regex(r"^(?:der|das|les?|el|los|las|il|gli)\s+(?=\S+\s+\S|\S{6})|^l['\u2019](?=\w{4})", re.IGNORECASE)
"""Those that are safe to leave out: "die" and "la" begin other titles as well, and short titles are all article."""
_MOVED: Final = regex(r"(?P<rest>.*\S),\s*(?P<article>der|die|das|les?|la|el|los|las|il)")
_SUBTITLE: Final = regex(r":\s+|\s+[-\u2013\u2014]\s+|\s+/\s+")


class Wanted(Struct, frozen=True, kw_only=True):
    """A title to look for. ``country`` is two lower-case letters."""

    kind: EntryKind
    title: str
    year: int | None = None
    country: str | None = None

    def label(self) -> str:
        """A short name for people."""
        country = f" ({self.country.upper()})" if self.country else ""
        return f"{self.title}{country} ({self.year})" if self.year else f"{self.title}{country}"


class Score(Struct, frozen=True, kw_only=True):
    """0 to 1, and why not more, or what speaks for it."""

    value: float
    why: str


def wanted(kind: EntryKind, title: str, year: int | None) -> Wanted:
    """A title without the year or country in brackets at its end, by which people tell namesakes apart."""
    title, country = title.strip(), None
    while match := _IN_BRACKETS.fullmatch(title):
        title = match["title"]
        year = year or (int(match["year"]) if match["year"] else None)
        country = country or (match["country"] or "").lower().replace("uk", "gb") or None
    return Wanted(kind=kind, title=title, year=year, country=country)


def score(said: Wanted, entry: Entry, elsewhere: Sequence[str] = ()) -> Score:
    """How well the entry fits; ``elsewhere`` are its aliases and translations, as far as they are known."""
    shares = (title_share(said, entry, elsewhere), _year(said, entry), _country(said, entry, elsewhere))
    value = 1.0
    for share in shares:
        value *= share.value
    reasons = [share.why for share in shares if share.why]
    return Score(value=value, why=", ".join(reasons) or "title and year fit")


def title_share(said: Wanted, entry: Entry, elsewhere: Sequence[str] = ()) -> Score:
    """How like its title is, whatever the year."""
    own = [title for title in (entry.title, entry.original_title) if title]
    best = max((alike(said.title, title) for title in own), default=0.0)
    if said.country is not None and any(_with_country(said, title) for title in own):
        best = EXACT
    if best < LOOSE:
        if any(max(alike(said.title, title), _with_country(said, title)) >= LOOSE for title in elsewhere):
            return Score(value=ELSEWHERE, why="it is called so elsewhere")
        best = max([best, *(alike(said.title, title) * ELSEWHERE for title in elsewhere)])
    if best >= ARTICLE:
        return Score(value=best, why="")
    if best >= LOOSE:
        return Score(value=best, why="its title is written otherwise")
    return Score(value=best, why="its title is similar" if best > 0.6 else "its title is another")


def likeness(title: str, entry: Entry) -> float:
    """How like the titles in an entry are to this one."""
    return max((alike(title, own) for own in (entry.title, entry.original_title) if own), default=0.0)


def near(one: int | None, other: int | None) -> bool:
    """Whether two years may be of one thing, as far as both are known."""
    return one is None or other is None or abs(one - other) <= 1


def same_script(one: str, other: str) -> bool:
    """Whether two titles are in letters that can be compared."""
    return _latin(one) == _latin(other)


def by_length(duration: Seconds, entries: Sequence[Entry]) -> Entry | None:
    """The one film that is as long as what plays, where all its namesakes are clearly longer or shorter."""
    off = {index: _off(duration, entry.runtime) for index, entry in enumerate(entries)}
    fitting = [index for index, share in off.items() if share is not None and share <= LENGTH_FITS]
    others = [share for index, share in off.items() if index not in fitting]
    if len(fitting) != 1 or any(share is None or share < LENGTH_DIFFERS for share in others):
        return None
    return entries[fitting[0]]


def _off(duration: Seconds, runtime: Seconds | None) -> float | None:
    return None if not runtime else abs(duration - runtime) / runtime


def _with_country(said: Wanted, title: str) -> float:
    """Whether a title has the country in it, as people write it."""
    if said.country is None:
        return 0.0
    names = {said.country, "uk"} if said.country == "gb" else {said.country}
    return EXACT if any(fold(f"{said.title} {name}") == fold(title) for name in names) else 0.0


@lru_cache(maxsize=512)
def alike(one: str, other: str) -> float:
    """How like two titles are."""
    if (folded := fold(one)) == (against := fold(other)):
        return EXACT if _bare(one) == _bare(other) else ARTICLE
    if loose(one) == loose(other):
        return LOOSE
    heads = {fold(_SUBTITLE.split(title)[0]) for title in (one, other)}
    if len(heads) == 1 and heads & {folded, against}:
        return SUBTITLE
    from difflib import SequenceMatcher  # noqa: PLC0415  # 0.2 MiB, and most titles are found as they are written

    return min(SIMILAR, SequenceMatcher(None, folded, against, autojunk=False).ratio())


@lru_cache(maxsize=512)
def loose(title: str) -> str:
    """A title with numerals and articles made alike: ``Rocky II`` is ``Rocky 2``, ``Part Two`` is ``2``."""
    text = _MOVED.sub(r"\g<article> \g<rest>", " ".join(title.casefold().split()))
    text = _ARTICLE.sub("", text)
    text = _PART.sub(lambda found: _number(found["number"]) or found[0], text)
    return fold(_NUMERAL.sub(lambda found: _ROMAN[found[0].lower()], text))


def _number(word: str) -> str | None:
    return word if word.isdigit() else _ROMAN.get(word) or _WORDS.get(word)


def _bare(title: str) -> str:
    """A title by its letters and digits, with its article."""
    return "".join(sign for sign in title.casefold().replace("&", "and") if sign.isalnum())


def _latin(title: str) -> bool:
    return any(sign.isascii() and sign.isalpha() for sign in fold(title)) or not re.search(r"[^\W\d_]", title)


def _year(said: Wanted, entry: Entry) -> Score:
    if said.year is None:
        return Score(value=NO_YEAR, why="no year was said")
    if entry.year is None:
        return Score(value=YEAR_UNKNOWN, why="Trakt knows no year of it")
    if said.year == entry.year:
        return Score(value=1.0, why="")
    if near(said.year, entry.year):
        return Score(value=YEAR_BESIDE, why=f"it is of {entry.year}, a year off")
    return Score(value=OTHER_YEAR, why=f"it is of {entry.year}")


def _country(said: Wanted, entry: Entry, elsewhere: Sequence[str]) -> Score:
    if said.country is None or said.country == entry.country:
        return Score(value=1.0, why="")
    own = [title for title in (entry.title, entry.original_title, *elsewhere) if title]
    if any(_with_country(said, title) for title in own):
        return Score(value=1.0, why="")
    if entry.country is None:
        return Score(value=COUNTRY_UNKNOWN, why="Trakt knows no country of it")
    return Score(value=OTHER_COUNTRY, why=f"it is from another country ({entry.country})")
