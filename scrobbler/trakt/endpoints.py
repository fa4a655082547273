"""Every method of Trakt's API, as ``spec/trakt/endpoints.tsv`` lists them, and which of them a path means."""

import difflib
import re
from collections.abc import Iterator, Sequence
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Final

from msgspec import Struct

PACKED: Final = Path(__file__).with_name("endpoints.tsv")
"""Where the wheel has the table; a source tree has it in ``spec/`` only."""
KEPT: Final = Path(__file__).parents[2] / "spec" / "trakt" / "endpoints.tsv"

_THINGS: Final = frozenset({"{id}", "{list_id}", "{list_item_id}", "{id_type}", "{season}", "{episode}"})
"""What a path is about. Other parameters only narrow it down, and Trakt lets them be left out at its end."""
_VALUE: Final = re.compile(r".*[0-9].*|me|movies|shows|seasons|episodes|all")
"""What is more likely a parameter's value than a word of the path that was mistyped."""
_ALIKE: Final = 0.4
"""The least likeness at which a path is worth a suggestion."""


class SignIn(Enum):
    """Whether a method wants to know who asks."""

    NONE = "none"
    OPTIONAL = "optional"
    REQUIRED = "required"


class Vip(Enum):
    """What a method is to VIP members."""

    NO = "no"
    ENHANCED = "enhanced"
    """They may keep more."""
    ONLY = "only"


class Endpoint(Struct, frozen=True, kw_only=True):
    """One method. ``path`` has its parameters in braces; ``group`` and ``name`` are Trakt's own words."""

    method: str
    path: str
    sign_in: SignIn
    vip: Vip
    group: str
    name: str

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def fixed(self) -> int:
        """How many words of the path are no parameters."""
        return sum(not _is_parameter(part) for part in _parts(self.path))

    def matches(self, path: str) -> bool:
        """Whether a path is one of this template's; parameters at its end may be left out, as Trakt has it."""
        given, wanted = _parts(path), _parts(self.path)
        return (
            _least(wanted) <= len(given) <= len(wanted)
            and all(given)
            and all(_is_parameter(part) or part == word for part, word in zip(wanted, given, strict=False))
        )


@cache
def table() -> tuple[Endpoint, ...]:
    """All methods, by path and method."""
    text = (PACKED if PACKED.exists() else KEPT).read_text(encoding="utf-8")
    heading, *rows = (line.split("\t") for line in text.splitlines())
    return tuple(_endpoint(dict(zip(heading, row, strict=True))) for row in rows)


def meant(path: str) -> tuple[Endpoint, ...]:
    """What a path can be asked for, whatever the method. A word comes before a parameter, as Trakt reads it."""
    fitting = [each for each in table() if each.matches(path)]
    most = max((each.fixed for each in fitting), default=0)
    by_method: dict[str, Endpoint] = {}
    for each in sorted(fitting, key=lambda each: len(_parts(each.path))):
        if each.fixed == most:
            by_method.setdefault(each.method, each)
    return tuple(by_method.values())


def nearest(method: str, path: str, count: int) -> tuple[Endpoint, ...]:
    """The methods whose paths are most like this one, each path once; none where nothing is like it."""
    given = _parts(path)
    likeness = {each: _likeness(given, _parts(each.path)) for each in table()}
    like = [each for each in table() if likeness[each] >= _ALIKE]
    by_path: dict[str, Endpoint] = {}
    for each in sorted(like, key=lambda each: (-likeness[each], each.method != method)):
        by_path.setdefault(each.path, each)
    return tuple(by_path.values())[:count]


def blanks(path: str) -> Iterator[str]:
    """The parameters that nobody has filled in, as descriptions of Trakt write them: ``{id}`` or ``:id``."""
    yield from (part for part in _parts(path) if part.startswith(":") or (part[:1], part[-1:]) == ("{", "}"))


def _endpoint(row: dict[str, str]) -> Endpoint:
    return Endpoint(
        method=row["method"],
        path=row["path"],
        sign_in=SignIn(row["oauth"]),
        vip=Vip(row["vip"]),
        group=row["group"],
        name=row["name"],
    )


def _parts(path: str) -> list[str]:
    return path.strip("/").split("/")


def _is_parameter(part: str) -> bool:
    return part.startswith("{")


def _least(wanted: Sequence[str]) -> int:
    """How many parts must be there: up to the last word, and the things that follow on it."""
    after = next((index for index, part in reversed(list(enumerate(wanted))) if not _is_parameter(part)), -1) + 1
    while after < len(wanted) and wanted[after] in _THINGS:
        after += 1
    return after


def _likeness(given: Sequence[str], wanted: Sequence[str]) -> float:
    """From 0 to 1: how much of both fits together, in the same order. What may be left out counts where it helps."""
    best = [0.0] * (len(wanted) + 1)
    for word in given:
        row = [0.0]
        for index, part in enumerate(wanted):
            row.append(max(row[index], best[index + 1], best[index] + _fit(word, part)))
        best = row
    return max(2 * best[length] / (len(given) + length) for length in range(_least(wanted), len(wanted) + 1))


@cache
def _fit(word: str, part: str) -> float:
    if _is_parameter(part):
        return 0.9 if _VALUE.fullmatch(word) else 0.3
    return difflib.SequenceMatcher(None, word, part).ratio() ** 2
