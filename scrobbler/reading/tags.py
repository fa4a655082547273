"""What stands in brackets in a name: ids of catalogues, editions, release groups, quality; and the name without it."""

import re
from typing import Final

from msgspec import Struct

from scrobbler.events import Ids
from scrobbler.reading.pattern import regex
from scrobbler.reading.words import LABEL, MARK

_ID: Final = regex(
    r"[\[{(]\s*(?:(?:imdb(?:[-_ ]?id)?\s*[-=:]\s*)?(?P<imdb>tt\d{5,10})"
    r"|(?P<source>tmdb|tvdb|themoviedb|thetvdb|trakt)(?:[-_ ]?id)?\s*[-=:]\s*(?P<id>\d{1,9}))\s*[\]})]",
    re.IGNORECASE,
)
_ID_TAG: Final = regex(r"\s*[\[{(]\s*(?:imdb|tmdb|tvdb|themoviedb|thetvdb|trakt)[^\[\]{}()]*[\]})]", re.IGNORECASE)
_BRACES: Final = regex(r"\s*\{[^{}]*\}")
_LEADING: Final = regex(r"\s*(?:\[(?P<square>[^\[\]]*)\]|【(?P<thick>[^【】]*)】)[\s._-]*")
_SQUARE: Final = regex(r"\[([^\[\]]*)\]|【([^【】]*)】|「([^「」]*)」")
_ROUND: Final = regex(r"\(([^()]*)\)")
_SITE: Final = regex(
    r"\s*(?:www\.[\w-]+\.\w{2,5}|[\w-]+\.(?:com|org|net|to|tv))\s+-\s+"
    r"|\s*www[._ ][\w-]+[._ ](?:com|org|net|to)[\s._-]+",
    re.IGNORECASE,
)
_WHOLE_TITLE: Final = regex(r"\s*(\[[^\[\]]*[^\W\d_][^\[\]]*\])\s*\d?\s*(?:\((?:19|20)\d\d\)|$)")
"""A film's title that is itself in brackets."""
_COPY: Final = regex(
    r"^(?:copy of|kopie von|copie de|copia de) | - (?:copy|kopie|copie|copia)(?: \(\d+\))?$", re.IGNORECASE
)
_YEAR: Final = regex(r"(?:19|20)\d\d")
_NUMBER: Final = regex(
    r"\d{1,4}(?:v\d)?(?:\s?end)?|s\d{1,4}[ ._]?e\d{1,4}.{0,12}|\d{1,2}x\d{2,3}.{0,9}|(?:e|ep|cap)[ ._]?\d{1,4}(?:v\d)?"
    r"|第?\s?\d{1,4}\s?[話话集回]",
    re.IGNORECASE,
)


class Tagged(Struct, frozen=True, kw_only=True):
    """A name without its tags. ``hints`` stood in brackets; ``boxes`` are all of these; ``group`` stood in front."""

    text: str
    ids: Ids = Ids()
    hints: str = ""
    group: bool = False
    boxes: tuple[str, ...] = ()


def take_off(name: str) -> Tagged:
    """Takes the tags off a name. Years and numbers in brackets stay, the years in round ones."""
    ids = ids_in(name)
    text = _BRACES.sub("", _ID_TAG.sub("", _ID.sub("", name)))
    text = _COPY.sub("", _SITE.sub("", text, count=1))
    boxes = tuple((a or b).strip() for a, b in re.findall(r"\[([^\[\]]*)\]|【([^【】]*)】", text))
    text, group = _without_group(text)
    whole = _WHOLE_TITLE.match(text)
    hints: list[str] = []

    def square(found: re.Match[str]) -> str:
        if whole is not None and found.start() == whole.start(1):
            return found[0]
        inside = (found[1] or found[2] or found[3] or "").strip()
        if _YEAR.fullmatch(inside):
            return f" ({inside}) "
        if _NUMBER.fullmatch(inside):
            return f" - {inside} "
        hints.append(inside)
        return " "

    def round_(found: re.Match[str]) -> str:
        inside = found[1].strip()
        if _NUMBER.fullmatch(inside) and not inside.isdigit():
            return f" - {inside} "
        if MARK.search(inside) or LABEL.fullmatch(inside) or re.fullmatch(r"[0-9A-F]{8}", inside):
            hints.append(inside)
            return " "
        return found[0]

    text = _ROUND.sub(round_, _SQUARE.sub(square, text))
    return Tagged(text=_tidy(text), ids=ids, hints=" ".join(hints), group=group, boxes=boxes)


def ids_in(text: str) -> Ids:
    """The ids in a name, in whatever brackets; of two of one kind the first."""
    found: dict[str, str] = {}
    for match in _ID.finditer(text):
        source = "imdb" if match["imdb"] else match["source"].lower().replace("the", "").replace("moviedb", "tmdb")
        found.setdefault(source, match["imdb"] or match["id"])
    numbers = {name: int(digits) for name, digits in found.items() if name != "imdb"}
    imdb = found.get("imdb")
    return Ids(
        trakt=numbers.get("trakt"),
        imdb=imdb.lower() if imdb else None,
        tmdb=numbers.get("tmdb"),
        tvdb=numbers.get("tvdb"),
    )


def _without_group(text: str) -> tuple[str, bool]:
    """The text without the groups in front; a title that is itself in brackets stays."""
    rest, group = text, False
    while match := _LEADING.match(rest):
        inside = match["square"] or match["thick"] or ""
        after = rest[match.end() :]
        if _YEAR.fullmatch(inside) or not re.search(r"[^\W\d_]", re.sub(r"\[[^\[\]]*\]|\([^()]*\)", "", after)):
            break
        rest, group = after, True
    return rest, group


def _tidy(text: str) -> str:
    text = re.sub(r"\(\s*\)|\[\s*\]", " ", text)
    text = re.sub(r"\s+", " ", text) if " " in text else text
    return text.strip(" _-").removesuffix(".") if "." not in text[:-1] else text.strip(" _-")
