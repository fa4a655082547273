"""The numbers of an episode in a name: season and episodes, one number for all seasons, or the day it was on."""

import re
from datetime import date
from enum import Enum
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from scrobbler.reading.pattern import regex
from scrobbler.reading.words import BEGIN, END, EPISODE, SEASON

MOST_EPISODES: Final = 8
"""In one file. A second number that is further away is something else, such as a resolution."""


class Form(Enum):
    """How a name numbers its episode."""

    PLACED = "season and episode"
    COUNTED = "an episode, said in a word"
    ABSOLUTE = "a number after a dash"
    AIRED = "a date"
    SEASON = "a season alone"
    BROKEN = "numbers that contradict each other"


class Number(Struct, frozen=True, kw_only=True):
    """Numbers, and where in the text they stand. ``last`` is set where there are several episodes."""

    form: Form
    start: int
    end: int
    season: int | None = None
    first: int = 0
    last: int | None = None
    aired: date | None = None


_SEASON: Final = r"(?P<season>\d{1,2})"
_HAN_SEASON: Final = r"(?P<season>\d{1,2}|[一二三四五六七八九十])"
_FIRST: Final = r"(?P<first>\d{1,4})"
_TO: Final = r"(?P<more>-\d{1,4})?"
_ORDINAL: Final = r"(?:st|nd|rd|th|\.|ª|º|a|-?[йяе])?"
_VERSION: Final = r"(?:[ ._-]?v\d)?"
_NO_YEAR: Final = r"(?!(?:19|20)\d\d(?!\d))"
_MORE: Final = rf"(?:[ ._]?[-+&,~]?[ ._]?(?:s\d{{1,4}}[ ._]?)?e(?:p?[ ._]?)\d{{1,4}}(?!\d)|[-+&~]\d{{1,4}}{END})"
_MORE_X: Final = r"(?:(?:[ ._]?[-+&]?[ ._]?\d{1,2}x|x|[-_])\d{2,3}(?![0-9a-z]))"
_MONTH: Final = r"(?P<month>0[1-9]|1[0-2])"
_DAY: Final = r"(?P<day>0[1-9]|[12]\d|3[01])"


def _shape(*parts: str) -> re.Pattern[str]:
    return regex("".join(parts), re.IGNORECASE)


_S_E: Final = _shape(
    rf"{BEGIN}[st](?P<season>\d{{1,4}})[ ._-]{{0,3}}x?e(?:p(?:isode)?)?[ ._-]?{_FIRST}",
    rf"(?P<more>{_MORE}{{0,9}}){_VERSION}{END}",
)
_N_X: Final = _shape(rf"{BEGIN}{_SEASON}x(?P<first>\d{{2,3}})(?P<more>{_MORE_X}{{0,9}}){_VERSION}{END}")
_WORDS: Final = (
    _shape(  # Season 1 Episode 2
        rf"(?:{SEASON}|(?<![a-z0-9])s)[ ._:#-]{{0,3}}(?P<season>\d{{1,4}}){_ORDINAL}[ ._,:|/-]{{0,4}}",
        rf"(?:{EPISODE}|ep\.?|e)[ ._:#-]{{0,3}}{_FIRST}(?P<more>[-~]\d{{1,4}})?(?!\d)",
    ),
    _shape(  # 1. Staffel 2. Folge
        rf"(?<!\d){_SEASON}{_ORDINAL}[ ._-]?(?:{SEASON})[ ._,:|/-]{{0,4}}",
        rf"{_FIRST}{_TO}{_ORDINAL}[ ._-]?(?:{EPISODE})(?!\d)",
    ),
    _shape(  # 1. Staffel Folge 2
        rf"(?<!\d){_SEASON}{_ORDINAL}[ ._-]?(?:{SEASON})[ ._,:|/-]{{0,4}}",
        rf"(?:{EPISODE}|ep\.?|e)[ ._:#-]{{0,3}}{_FIRST}{_TO}(?!\d)",
    ),
    _shape(rf"第?\s?{_HAN_SEASON}\s?[季期部][ ._-]{{0,3}}第?\s?{_FIRST}{_TO}\s?[集話话回]"),
    _shape(rf"시즌\s?{_SEASON}[ ._-]{{0,3}}{_FIRST}{_TO}\s?[화회]"),
    _shape(  # Season 2 - 05, S2 - 05
        rf"(?:(?:{SEASON})[ ._]?|{BEGIN}s){_SEASON}[)\]]?\s*-\s*{_NO_YEAR}{_FIRST}{_TO}{_VERSION}{END}"
    ),
    _shape(rf"(?<!\d){_SEASON}(?:st|nd|rd|th|\.)?\s(?:{SEASON})\s*-\s*{_FIRST}{_TO}{_VERSION}{END}"),
    _shape(rf"第{_HAN_SEASON}[季期][ ._]*-[ ._]*{_FIRST}{_TO}(?!\d)"),
    _shape(rf"\bcap\.?{_SEASON}(?P<first>\d\d)(?P<more>_\d{{3,4}})?(?!\d)"),  # as Spaniards name them: Cap.102
)
_DATED: Final = _shape(rf"(?<!\d)(?P<year>(?:19|20)\d\d)(?P<gap>[ ._-]){_MONTH}(?P=gap){_DAY}(?!\d)")
_DAY_FIRST: Final = _shape(
    r"(?<!\d)(?P<day>0[1-9]|[12]\d|3[01])(?P<gap>[ ._-])(?P<month>0[1-9]|[12]\d|3[01])(?P=gap)",
    r"(?P<year>(?:19|20)\d\d)(?!\d)",
)
_SOLID: Final = _shape(rf"(?<!\d)(?P<year>20[0-3]\d){_MONTH}{_DAY}(?!\d)(?P<time>[_ -]\d{{4}})?")
_COUNTED: Final = (
    _shape(
        rf"{BEGIN}(?:(?:{EPISODE})[ ._:#-]{{0,3}}|eps?[ ._#]{{0,2}}|e){_FIRST}",
        rf"(?P<more>(?:[-+&~]|[ ]?-?[ ]?e)\d{{1,4}})?{_VERSION}{END}",
    ),
    _shape(rf"(?<!\d){_FIRST}{_TO}{_ORDINAL}[ ._-]?(?:{EPISODE})(?![^\W_])"),
    _shape(rf"第\s?{_FIRST}{_TO}\s?[集話话回]"),
    _shape(rf"(?<!\d){_FIRST}{_TO}\s?[話话集화회](?![^\W_])"),
    _shape(rf"(?<![^\W_])#{_FIRST}{_TO}(?![\w.])"),
)
_ABSOLUTE: Final = _shape(
    rf"[ ._]-[ ._]{_NO_YEAR}(?P<first>\d{{2,4}})(?P<more>[-~]\d{{2,4}})?(?P<half>\.\d)?{_VERSION}",
    r"(?:[ ._]?end)?(?=$|[ ._](?!\d)|[\[(])",
)
_TWO: Final = _shape(r"[ ._]-[ ._]\d{2,4}$")
_HALF: Final = _shape(rf"{BEGIN}s\d{{1,4}}[ ._]?e\d{{1,4}}[a-d]{END}")
_MONTHS: Final = "jan|feb|mar|mär|apr|may|mai|jun|jul|aug|sep|oct|okt|nov|dec|dez"
_SPELLED: Final = _shape(
    rf"(?<!\d)\d{{1,2}}(?:st|nd|rd|th|\.)?[ ._](?:{_MONTHS})[^\W\d_]*[ ._,]{{1,2}}(?:19|20)\d\d(?!\d)"
)
"""Half an episode, two numbers, and a day in words: what is not made out for certain."""
_SINGLE: Final = _shape(rf"[ ._]-[ ._](?P<first>\d){_VERSION}(?=$|[ ._]*[\[(]|[ ._]-)")
_BARE: Final = _shape(rf"[ ._]{_NO_YEAR}(?P<first>\d{{2,4}}){_VERSION}(?:[ ._]?end)?[ ._]*$")
_SEASON_ALONE: Final = (
    _shape(rf"{BEGIN}(?:(?:{SEASON})[ ._-]?|s)(?P<season>\d{{1,4}}){END}(?![^\W_])"),
    _shape(rf"(?<!\d){_SEASON}{_ORDINAL}[ ._-]?(?:{SEASON})(?![^\W_])"),
    _shape(rf"第\s?{_HAN_SEASON}\s?[季期部]"),
)
_SEASONS: Final = _shape(r"s(\d+)|(\d+)(?=x)")
_EPISODES: Final = _shape(r"(?:(?<=[ex&+~,_-])|(?<=[ep][ ._])|(?<=- ))(\d+)(?!\d|x)")
"""The seasons and the numbers in what follows the first episode."""
_HAN: Final = {sign: number for number, sign in enumerate("一二三四五六七八九十", 1)}


def find(text: str, *, group: bool = False) -> Number | None:
    """The numbers in a name, the surest shape first. Behind a release ``group`` a bare number at the end is one too."""
    for pattern in (_HALF, _SPELLED):
        if match := pattern.search(text):
            return Number(form=Form.BROKEN, start=match.start(), end=match.end())
    for pattern in (_S_E, _N_X, *_WORDS):
        if match := pattern.search(text):
            return _placed(match, text)
    if number := _aired(text):
        return number
    for pattern in _COUNTED:
        if match := pattern.search(text):
            return _with_season(_counted(match, text, Form.COUNTED), text)
    patterns = (_ABSOLUTE, _SINGLE, _BARE) if group else (_ABSOLUTE,)
    for pattern in patterns:
        if match := _last(pattern, text):
            return _with_season(_counted(match, text, Form.ABSOLUTE), text)
    return season_in(text)


def season_in(text: str) -> Number | None:
    """A season that is named without an episode."""
    for pattern in _SEASON_ALONE:
        if match := pattern.search(text):
            season = _int(match["season"])
            return Number(form=Form.SEASON, start=match.start(), end=match.end(), season=season)
    return None


def _with_season(number: Number, text: str) -> Number:
    """A number right behind a season is of that season."""
    before = text[: number.start].rstrip(" ._-\u2013)],(")
    for pattern in _SEASON_ALONE:
        match = _last(pattern, before)
        if match is not None and match.end() == len(before) and number.form is not Form.BROKEN:
            return replace(number, form=Form.PLACED, start=match.start(), season=_int(match["season"]))
    return number


def _last(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    """The last match: ``24 - 05`` is episode 5."""
    return [None, *pattern.finditer(text)][-1]


def _int(digits: str) -> int:
    return _HAN[digits] if digits in _HAN else int(digits)


def _placed(match: re.Match[str], text: str) -> Number:
    season, first, more = _int(match["season"]), int(match["first"]), match["more"] or ""
    start, end = match.span()
    if re.fullmatch(r"_\d+", more):  # Cap.102_103
        more = f"-{int(more[1:]) % 100}"
    seasons = {int(digits) for pair in _SEASONS.findall(more) for digits in pair if digits}
    numbers = [first, *map(int, _EPISODES.findall(more))]
    after = text[end:]
    again = _S_E.search(after) or _N_X.search(after)
    if seasons - {season} or not _a_run(numbers, more) or again:
        return Number(form=Form.BROKEN, start=start, end=end, season=season, first=first)
    return Number(
        form=Form.PLACED,
        start=start,
        end=end,
        season=season,
        first=first,
        last=numbers[-1] if len(numbers) > 1 and numbers[-1] != first else None,
    )


def _a_run(numbers: list[int], more: str) -> bool:
    """Whether the numbers are one run of episodes: ``E01E02E03``, or the two ends of one."""
    if len(numbers) == 1:
        return not re.search(r"\d", more)
    if numbers == [numbers[0]] * 2:
        return True
    two_ends = len(numbers) == 2 and "-" in more and numbers[0] < numbers[1] <= numbers[0] + MOST_EPISODES
    return two_ends or numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def _counted(match: re.Match[str], text: str, form: Form) -> Number:
    start, end = match.span()
    known = match.groupdict()
    first = int(match["first"])
    digits = re.search(r"\d+", known.get("more") or "")
    last = int(digits[0]) if digits else None
    if (
        known.get("half")
        or (form is Form.ABSOLUTE and _TWO.search(text[:start]))
        or (last is not None and not first < last <= first + MOST_EPISODES)
    ):
        return Number(form=Form.BROKEN, start=start, end=end, first=first)
    return Number(form=form, start=start, end=end, first=first, last=last)


def _aired(text: str) -> Number | None:
    for pattern in (_DATED, _DAY_FIRST, _SOLID):
        if match := pattern.search(text):
            month, day = int(match["month"]), int(match["day"])
            if pattern is _SOLID and match["time"]:  # when it was recorded, not when it was new
                return Number(form=Form.BROKEN, start=match.start(), end=match.end())
            if pattern is _DAY_FIRST and month != day and month <= 12 and day <= 12 and match["gap"] != ".":
                return Number(form=Form.BROKEN, start=match.start(), end=match.end())
            if month > 12:  # as Americans write it
                month, day = day, month
            try:
                aired = date(int(match["year"]), month, day)
            except ValueError:
                return Number(form=Form.BROKEN, start=match.start(), end=match.end())
            return Number(form=Form.AIRED, start=match.start(), end=match.end(), aired=aired)
    return None
