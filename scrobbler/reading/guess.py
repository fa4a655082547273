"""What a name most likely means, by guessit, where our own reading of it leaves a doubt.

A guess is taken only where the name proves it: a film by a year, an episode by season and number or by a date.
"""

import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from scrobbler.events import Ids, Media, MediaKind, Seconds, Show
from scrobbler.reading.paths import Parts
from scrobbler.reading.words import MARK, TELEVISION, is_home

PATIENCE: Final = Seconds(20.0)
"""guessit needs a few hundredths of a second for a name, and its start a quarter of one."""
MORE_PATIENCE: Final = Seconds(0.5)
"""For each further name."""

_GUESSER: Final = Path(__file__).with_name("guesser.py")


class Question(Struct, frozen=True, kw_only=True):
    """A name to guess, and the kind that is known already."""

    parts: Parts
    kind: MediaKind | None = None


class Unguessed(Struct, frozen=True, kw_only=True):
    """Nothing could be made of the name."""

    reason: str


def ask(
    questions: Sequence[Question], *, patience: Seconds = PATIENCE, guesser: Path = _GUESSER
) -> list[Mapping[str, Any] | Unguessed]:
    """guessit's answers, from one child for all of them. Takes a quarter of a second at least, and never raises."""
    if not questions:
        return []
    asked = [{"name": question.parts.tail(), "options": _options(question.kind)} for question in questions]
    limit = patience + MORE_PATIENCE * (len(questions) - 1)
    failure = "guessit made nothing of the name"
    try:
        done = subprocess.run(  # noqa: S603  (our own file; the untrusted names go in on its standard input)
            [sys.executable, "-P", str(guesser)],
            input=msgspec.json.encode(asked),
            capture_output=True,
            timeout=limit,
            check=False,
        )
        output = done.stdout
        failure = f"guessit failed with exit status {done.returncode}" if done.returncode else failure
    except subprocess.TimeoutExpired as late:
        output, failure = late.stdout or b"", f"guessit made nothing of the name in {limit:g} s"
    except OSError as error:
        output, failure = b"", f"guessit could not be started: {error.strerror}"
    answers: list[Mapping[str, Any] | Unguessed] = [_decoded(line, failure) for line in output.splitlines()]
    answers += [Unguessed(reason=failure)] * (len(questions) - len(answers))
    return answers[: len(questions)]


def _options(kind: MediaKind | None) -> dict[str, Any]:
    options: dict[str, Any] = {"excludes": ["part"]}  # "Part Two" belongs to a film's title
    return options | {"type": kind.value} if kind is not None else options


def _decoded(line: bytes, failure: str) -> Mapping[str, Any] | Unguessed:
    try:
        return msgspec.json.decode(line, type=dict[str, Any])
    except msgspec.DecodeError:
        return Unguessed(reason=failure)


def understood(answer: Mapping[str, Any], media: Media, name: str) -> Media | Unguessed:
    """guessit's answer as media, where the name proves it. What was known before it stands."""
    title = _first(answer.get("title"))
    if not isinstance(title, str) or not re.search(r"\w", title) or is_home(title):
        return Unguessed(reason="there is no title in the name")
    if answer.get("type") == "episode":
        return _episode(answer, media, title, name)
    year = _number(answer.get("year"))
    if year is None or not MARK.search(name):
        return Unguessed(reason="nothing shows that this is a film or an episode")
    # guessit cuts a film's title at " - ", as in "Kill Bill - Vol. 1".
    whole = " - ".join([title, *(text for text in _all(answer.get("alternative_title")) if isinstance(text, str))])
    return replace(media, kind=MediaKind.MOVIE, show=None, title=whole, year=year)


def _episode(answer: Mapping[str, Any], media: Media, title: str, name: str) -> Media | Unguessed:
    year, season, numbers = answer.get("year"), answer.get("season"), _all(answer.get("episode"))
    aired = _date(answer.get("date")) if re.search(r"(?:19|20)\d\d", name) else None  # 24.03.05 may be any
    if isinstance(season, list):
        return Unguessed(reason="the name speaks of several seasons")
    if season == year or not isinstance(season, int):  # "Doctor Who (2005) - 05": the year is taken for the season
        season = None
    if not all(isinstance(number, int) for number in numbers):
        return Unguessed(reason="the name does not say which episode it is")
    run = bool(numbers) and numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    if aired is None and (season is None or not run):
        return Unguessed(reason="the name does not say which episode it is")
    if season is not None and run and not TELEVISION.search(name):
        bare = rf"(?<!\d)0?{season}{numbers[0]:02d}(?!\d)"
        if re.search(bare, name):
            return Unguessed(reason="a number in the name may be of an episode or of the title")
    country = answer.get("country")
    show = Show(title=f"{title} ({country})" if isinstance(country, str) else title, year=_number(year))
    return replace(
        media,
        kind=MediaKind.EPISODE,
        title=None,
        year=None,
        show=media.show if media.show is not None and (media.show.title or media.show.ids) else show,
        ids=Ids(),  # one in the name may be the show's
        season=season if run else None,
        episode=numbers[0] if run and season is not None else None,
        episode_end=numbers[-1] if run and season is not None and len(numbers) > 1 else None,
        date=aired,
    )


def _all(value: object) -> list[Any]:
    """guessit gives one value bare and several as a list."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _first(value: object) -> object:
    return next(iter(_all(value)), None)


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _date(value: object) -> date | None:
    try:
        return date.fromisoformat(str(_first(value)))
    except ValueError:
        return None
