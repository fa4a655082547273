"""What a file's name most likely means, where it is not in a shape that leaves no doubt."""

import re
import subprocess
import sys
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from scrobbler.events import Ids, Media, MediaKind, Seconds, Show
from scrobbler.identify.paths import take_apart
from scrobbler.trakt.titles import fold

PATIENCE: Final = Seconds(20.0)
"""guessit needs a few hundredths of a second, and its start a quarter of one."""

_GUESSER: Final = Path(__file__).with_name("guesser.py")
_BARE: Final = re.compile(r"\W*(?:s\d+\W?e\d|\d+x\d)", re.IGNORECASE)
"""A name that begins with the number: what follows is the episode's title, which guessit takes for the show's."""


class Unguessed(Struct, frozen=True, kw_only=True):
    """Nothing could be made of the name."""

    reason: str


def guess(media: Media, *, patience: Seconds = PATIENCE) -> Media | Unguessed:
    """Fills in what guessit makes of the path. Takes a quarter of a second; runs guessit in a process of its own."""
    parts = take_apart(media)
    if parts is None:
        return Unguessed(reason="there is no file name to go by")
    options: dict[str, Any] = {"excludes": ["part"]}  # "Part Two" belongs to a film's title
    if media.kind is not None:
        options["type"] = media.kind.value
    question = msgspec.json.encode({"name": parts.tail(), "options": options})
    try:
        child = subprocess.run(  # noqa: S603  (our own file; the untrusted name goes in on its standard input)
            [sys.executable, "-P", str(_GUESSER)], input=question, capture_output=True, timeout=patience, check=True
        )
        guessed = understood(msgspec.json.decode(child.stdout, type=dict[str, Any]), media)
    except subprocess.TimeoutExpired:
        return Unguessed(reason=f"guessit made nothing of the name in {patience:g} s")
    except subprocess.CalledProcessError as error:
        return Unguessed(reason=f"guessit failed with exit status {error.returncode}")
    except msgspec.DecodeError:
        return Unguessed(reason="guessit gave no answer")
    show = guessed.show.title if isinstance(guessed, Media) and guessed.show else None
    if show and _BARE.match(parts.stem) and not any(fold(show) in fold(folder) for folder in parts.folders):
        return Unguessed(reason="the name does not say which show it is of")
    return guessed


def understood(answer: Mapping[str, Any], media: Media) -> Media | Unguessed:
    """guessit's answer as media. What was known before it stands."""
    title = _first(answer.get("title"))
    if not isinstance(title, str) or not title:
        return Unguessed(reason="there is no title in the name")
    if answer.get("type") == "episode":
        return _episode(answer, media, title)
    # guessit cuts a film's title at " - ", as in "Kill Bill - Vol. 1".
    whole = " - ".join([title, *(text for text in _all(answer.get("alternative_title")) if isinstance(text, str))])
    return replace(media, kind=MediaKind.MOVIE, show=None, title=whole, year=_number(answer.get("year")))


def _episode(answer: Mapping[str, Any], media: Media, title: str) -> Media | Unguessed:
    year, season, numbers = answer.get("year"), answer.get("season"), _all(answer.get("episode"))
    if season == year:  # "Doctor Who (2005) - 05": guessit takes the year for the season as well
        season = None
    aired = _date(answer.get("date"))
    if isinstance(season, list):
        return Unguessed(reason="the name speaks of several seasons")
    if numbers != list(range(numbers[0], numbers[0] + len(numbers))) if numbers else aired is None:
        return Unguessed(reason="the name does not say which episode it is")
    first = numbers[0] if numbers else None
    country = answer.get("country")
    show = Show(title=f"{title} ({country})" if country else title, year=_number(year))
    return replace(
        media,
        kind=MediaKind.EPISODE,
        title=None,
        year=None,
        show=media.show or show,
        ids=media.ids if media.kind is MediaKind.EPISODE else Ids(),  # one in the name may be the show's
        season=_number(season),
        episode=first if season is not None else None,
        episode_end=numbers[-1] if season is not None and len(numbers) > 1 else None,
        number_abs=first if season is None else None,
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
    return value if isinstance(value, int) else None


def _date(value: object) -> date | None:
    try:
        return date.fromisoformat(str(_first(value)))
    except ValueError:
        return None
