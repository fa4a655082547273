"""One name taken apart: the numbers in it, and the title, year and ids beside them.

A title ends where a year, a number or a mark of quality begins. Two styles are read: words with spaces, where a year
stands in brackets, and words joined by dots, where it stands bare and the last one before the first mark is it.
"""

import re
from enum import Enum
from functools import lru_cache
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from scrobbler.events import Ids, Media, MediaKind
from scrobbler.reading.numbers import Form, Number, find
from scrobbler.reading.paths import take_apart
from scrobbler.reading.pattern import regex
from scrobbler.reading.tags import Tagged, take_off
from scrobbler.reading.words import BEGIN, CODEC, END, LABEL, MARK, SEASON, SOURCE, TELEVISION, is_home


class Proof(Enum):
    """What shows that a name is a film's."""

    YEAR = "a year"
    MARK = "the source of a release"
    NONE = "nothing"


class Named(Struct, frozen=True, kw_only=True):
    """A title with what tells it from its namesakes. ``rest`` is what stood behind."""

    title: str
    year: int | None = None
    rest: str = ""
    proof: Proof = Proof.NONE


class Name(Struct, frozen=True, kw_only=True):
    """A file's or folder's name. ``lead`` is the title before the number, or of the film where there is none."""

    tagged: Tagged
    number: Number | None
    lead: Named | None
    after: str = ""

    @property
    def ids(self) -> Ids:
        """The ids in it."""
        return self.tagged.ids

    @property
    def marked(self) -> bool:
        """Whether it names a quality."""
        return bool(MARK.search(f"{self.tagged.text} {self.tagged.hints}"))

    @property
    def televised(self) -> bool:
        """Whether it says that it was on television."""
        return bool(TELEVISION.search(f"{self.tagged.text} {self.tagged.hints}"))


_ROUND_YEAR: Final = regex(r"\((?P<year>(?:18[89]|19\d|20[0-3])\d)(?:\s?[-\u2013]\s?(?:(?:19|20)\d\d)?)?\)")
_BARE_YEAR: Final = regex(rf"{BEGIN}(?:19\d|20[0-3])\d{END}", re.IGNORECASE)
_COUNTRY: Final = regex(r"^(?P<title>.*[a-z].*)[ ._](?P<country>US|UK|AU|NZ|CA|JP|KR|IN|DE|FR|ES|IT|BR|IE|NO|SE|DK)$")
_TAIL_LABELS: Final = regex(rf"(?:[\s._-]+{LABEL.pattern})+$", re.IGNORECASE)
_SEASON_TAIL: Final = regex(rf"(?<=\w)[\s._,(\[-]+(?:{SEASON})[ ._-]?\d{{1,2}}[)\]]?[\s._-]*$", re.IGNORECASE)
_FIRST_NUMBER: Final = regex(r"^0\d[ ._]*[-.][ ._]*(?=\D)")
_ACRONYM: Final = regex(r"(?<![^\W_])((?:\w\.){2,})")


def read_name(stem: str) -> Name:
    """A name without its suffix, taken apart."""
    tagged = take_off(stem)
    if boxed := _boxed(tagged):
        return boxed
    text = tagged.text
    number = find(text, group=tagged.group)
    if number is not None and _is_of_a_film(number, tagged):
        number = None
    if number is None:
        return Name(tagged=tagged, number=None, lead=title_of(tagged))
    released = MARK.search(f"{text} {tagged.hints}") is not None
    lead = show(text[: number.start], released=released)
    return Name(tagged=tagged, number=number, lead=lead, after=text[number.end :])


def _is_of_a_film(number: Number, tagged: Tagged) -> bool:
    """Whether a number stands in a film's title: a year in brackets comes after it."""
    if number.form not in {Form.COUNTED, Form.ABSOLUTE, Form.SEASON} or tagged.group:
        return False
    return bool(_ROUND_YEAR.search(tagged.text, number.end))


def _boxed(tagged: Tagged) -> Name | None:
    """``[Group][Title][05][1080p]``, as Chinese groups write."""
    if len(tagged.boxes) < 3 or re.search(r"[^\W\d_]{3}", re.sub(r"\[[^\]]*\]|【[^】]*】", "", tagged.text)):
        return None
    titles = [box for box in tagged.boxes[1:] if not MARK.search(box) and re.search(r"[^\W\d_]{2}", box)]
    for box in tagged.boxes[1:]:
        match = re.fullmatch(r"第?(\d{1,4})(?:v\d|\s?end|[話话集回])*", box, re.IGNORECASE)
        if match and titles and not _BARE_YEAR.fullmatch(box):
            number = Number(form=Form.ABSOLUTE, start=0, end=0, first=int(match[1]))
            placed = find(f"{titles[0]} - {box}")
            if placed is not None and placed.form is Form.PLACED:
                return Name(tagged=tagged, number=placed, lead=show(f"{titles[0]} - {box}"[: placed.start]))
            return Name(tagged=tagged, number=number, lead=show(titles[0]))
    return None


def show(text: str, *, released: bool = False) -> Named | None:
    """A show's title with its year, as they stand before a number.

    A bare year is one between dots or in a release's name; who writes with spaces means ``Sealab 2021``.
    """
    text = text.strip(" -\u2013._,([{#")
    if mark := MARK.search(text):
        text = text[: mark.start()] if mark.start() else text
    text = _SEASON_TAIL.sub("", text.rstrip(" -\u2013._,([{"))
    year = None
    if dated := _last_year(text):
        before = text[: dated.start()].strip(" -._")
        if before and not text[dated.end() :].strip(" -._"):
            text, year = before, int(dated["year"])
    elif (released or " " not in text) and (
        bare := re.fullmatch(rf"(?P<title>.*\w.*?)[ ._-]+(?P<year>{_BARE_YEAR.pattern})", text, re.IGNORECASE)
    ):
        text, year = bare["title"], int(bare["year"])
    title = clean(_TAIL_LABELS.sub("", text) if year is None and "." in text else text)
    if country := _COUNTRY.match(title):
        title = f"{country['title']} ({country['country']})"
    return Named(title=title, year=year) if title else None


def title_of(tagged: Tagged) -> Named | None:
    """A film's title with its year."""
    text = tagged.text
    if dated := _last_year(text):
        before, after = text[: dated.start()], text[dated.end() :]
        if not before.strip(" -._"):  # "(1995) Heat"
            before, after = after, ""
        title = _cut(before)
        mine = is_home(title) and re.match(r"(?:my|our|mein|unser)\b", title, re.IGNORECASE) is not None
        proof = Proof.NONE if mine else Proof.YEAR
        return Named(title=title, year=int(dated["year"]), rest=after, proof=proof) if title else None
    mark = MARK.search(text)
    if mark is not None and not text[: mark.start()].strip(" -._(["):
        mark = None
    label = mark.start() if mark else len(text)
    years = [found for found in _BARE_YEAR.finditer(text, 1, label) if text[: found.start()].strip(" -._,([")]
    if years and _ends_the_title(text[years[-1].end() : label], text):
        title = _cut(text[: years[-1].start()])
        episode = tagged.group and text[: years[-1].start()].endswith(" - ")  # or the 1996th of a long show
        home = episode or (mark is None and is_home(title))
        proof = Proof.NONE if home else Proof.YEAR
        return Named(title=title, year=int(years[-1][0]), rest=text[years[-1].end() :], proof=proof) if title else None
    title = clean(_TAIL_LABELS.sub("", text[:label].rstrip(" -._([")))
    released = f"{text[label:]} {tagged.hints}"
    proof = Proof.MARK if SOURCE.search(released) or CODEC.search(released) else Proof.NONE
    return Named(title=title, rest=text[label:], proof=proof) if title else None


def _ends_the_title(between: str, text: str) -> bool:
    """Whether a bare year ends the title: nothing but labels is between it and the first mark, or the name has dots."""
    between = between.strip(" -._,()[]")
    return not between or " " not in text or bool(LABEL.match(between))


def _last_year(text: str) -> re.Match[str] | None:
    return [None, *_ROUND_YEAR.finditer(text)][-1]


def _cut(text: str) -> str:
    """The title before a year, without marks or the number of its place in a collection."""
    text = _FIRST_NUMBER.sub("", text.strip(" -._,(["))
    mark = MARK.search(text)
    if mark is not None and mark.start() > 1:
        text = text[: mark.start()]
    return clean(text)


def clean(text: str) -> str:
    """A title as people write it: dots and underscores between words become spaces."""
    text = text.strip()
    if " " not in text:
        text = _ACRONYM.sub(lambda found: found[1].replace(".", "\0"), text)
        text = text.replace(".", " ").replace("\0", ".")
        if "." in text and " " in text:
            text = re.sub(r"\.(?=\w{2})", ". ", text)
    text = text.replace("_", " ")
    if " " not in text.strip() and text.count("-") > 1 and not re.search(r"\d", text):
        text = text.replace("-", " ")
    text = " ".join(text.split()).strip(" -\u2013,;:|([{")
    return text if text.count("(") >= text.count(")") else text.rstrip(")")


@lru_cache(maxsize=256)
def numbered(media: Media) -> Media:
    """The media with season and episodes, where its file's name says that it holds several; else as it is.

    This much must be known at once, because a sitting is split by it; what show it is of can wait.
    """
    parts = take_apart(media) if media.path and media.kind is None and media.episode is None else None
    number = read_name(parts.stem).number if parts is not None else None
    if number is None or number.form is not Form.PLACED or number.last is None:
        return media
    return replace(media, kind=MediaKind.EPISODE, season=number.season, episode=number.first, episode_end=number.last)


def identified(media: Media) -> bool:
    """Whether the media names one film or episode as it is."""
    if media.kind is MediaKind.MOVIE:
        return bool(media.title or media.ids)
    if media.kind is MediaKind.EPISODE:
        shown = media.show is not None and bool(media.show.title or media.show.ids)
        placed = media.number_abs is not None or media.date is not None or media.episode is not None
        return bool(media.ids) or (shown and placed)
    return False
