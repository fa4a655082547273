"""What a server posted, as one JSON object, and readers for values that lie about their type.

The content decides, not the header: servers and relays send JSON as ``text/plain``, as a part of a form, or with no
content type at all. Everything is limited, so that no body holds the server up (25 ms at most) or comes out with a
number, a depth or a text that breaks something later. No error quotes what was sent.
"""

import html
import json
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, NoReturn, TypeAlias

import msgspec

from scrobbler.adapters import WebhookRequest
from scrobbler.errors import PayloadError
from scrobbler.events import Ids, Media, MediaKind, Seconds, seconds
from scrobbler.form import MAX_TEXT_BYTES, pairs, parts

Table: TypeAlias = dict[str, Any]
"""A JSON object. Keys are texts; values are whatever was sent, so read them with the readers below."""

MAX_DEPTH: Final = 32
"""Objects and lists within each other. Real payloads have up to five."""
MAX_DIGITS: Final = 1000
"""In a row. Python refuses to read more than 4300, and needs seconds where that limit was lifted."""
MAX_COMMAS: Final = 20_000
"""In a JSON text, which bound the values in it. Real payloads have a few hundred."""
MAX_SIGNS: Final = 1000
"""Of a text that a reader gives back."""

_TOO_LONG: Final = re.compile(rf"\d{{{MAX_DIGITS}}}", re.ASCII)
_LONGEST: Final = 1e9
"""Of a medium, in seconds: half of more than that is no time before today."""


def decoded(request: WebhookRequest, field: str | None) -> Table:
    """The JSON object that a server posted: the body itself, or what the field of that name in a form holds.

    With ``field`` None the fields of a form are the object themselves, their values being texts. Raises
    ``PayloadError`` with one line where there is no object, or a limit is passed.
    """
    body = request.body.lstrip(b"\xef\xbb\xbf \t\r\n")
    if not body:
        raise PayloadError("the body is empty")
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if body.startswith((b"{", b"[")):
        return _table(body)
    if body.startswith(b"--") or kind == "multipart/form-data":
        return _from_form(parts(body, request.headers.get("content-type", ""), field), field)
    if kind == "application/x-www-form-urlencoded" or re.match(rb"[\w.%+-]{1,100}=", body):
        return _from_form(pairs(_text(body)), field)
    return _table(body)


def _from_form(form: Mapping[str, bytes | str], field: str | None) -> Table:
    if field is None:
        return {name: value if isinstance(value, str) else _text(value) for name, value in form.items()}
    if field not in form:
        raise PayloadError(f"the form has no field {field!r}")
    return _table(form[field])


def _table(raw: bytes | str) -> Table:
    """The object that a JSON text says. Raises ``PayloadError`` where it is none, or is beyond the limits."""
    if len(raw) > MAX_TEXT_BYTES:
        raise PayloadError(f"the JSON is longer than {MAX_TEXT_BYTES} bytes")
    text = raw if isinstance(raw, str) else _text(raw)
    if _TOO_LONG.search(text):
        raise PayloadError(f"the JSON holds a number of {MAX_DIGITS} digits or more")
    if text.count(",") > MAX_COMMAS:
        raise PayloadError(f"the JSON holds more than {MAX_COMMAS} values")
    try:
        said = _read(text)
    except json.JSONDecodeError as error:
        raise PayloadError(f"the body is no JSON: line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise PayloadError(f"the JSON is nested deeper than {MAX_DEPTH} levels") from None
    if not isinstance(said, dict):
        raise PayloadError("the JSON is no object")
    _measure(said)
    return said


def _read(text: str) -> Any:
    """What a JSON text says; a small part of them needs a reader that is five times as slow, and lenient.

    Templates put summaries with raw line breaks into their texts, and half a sign beside another.
    """
    try:
        return msgspec.json.decode(text)
    except ValueError:  # msgspec's errors are ValueErrors
        return json.loads(text, strict=False, parse_constant=_no_constant)


def _no_constant(name: str) -> NoReturn:
    raise PayloadError(f"the body is no JSON: it holds {name}")


def _measure(said: Table) -> None:
    level: list[Any] = [said]
    for _ in range(MAX_DEPTH):
        values = (value for each in level for value in (each.values() if isinstance(each, dict) else each))
        level = [value for value in values if isinstance(value, dict | list)]
        if not level:
            return
    raise PayloadError(f"the JSON is nested deeper than {MAX_DEPTH} levels")


def _text(raw: bytes) -> str:
    """Bytes as text: UTF-8, or UTF-16 and UTF-32 where the bytes look so; else as Windows wrote in the West."""
    try:
        return raw.decode(json.detect_encoding(raw)).removeprefix("\ufeff")
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")


# Readers: what makes no sense is unknown.


def table(value: object) -> Table:
    """An object, or an empty one."""
    return value if isinstance(value, dict) else {}


def rows(value: object) -> list[Table]:
    """The objects of a list; an object that stands alone is a list of one."""
    if isinstance(value, dict):
        return [value]
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def text(value: object) -> str | None:
    """A text of one line that can be written anywhere; None where it is empty. A number is a text, too."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        return None
    if value.isprintable() and len(value) <= MAX_SIGNS:
        return value.strip() or None
    line = re.sub("[\0-\x1f\x7f-\x9f]+", " ", value[:MAX_SIGNS])
    return re.sub("[\ud800-\udfff]", "\ufffd", line).strip() or None


def plain(value: object) -> str | None:
    """As ``text``, with the entities of HTML (``&amp;`` ``&#39;``) as the signs that they stand for."""
    said = text(value)
    return text(html.unescape(said)) if said and "&" in said else said


_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,30}(\.[0-9]{0,30})?([eE][+-]?[0-9]{1,3})?")


def number(value: object) -> float | None:
    """A finite number, also one that is written as a text."""
    if isinstance(value, str):
        value = float(value) if _NUMBER.fullmatch(value := value.strip()) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) else None


def whole(value: object) -> int | None:
    """A whole number from 0 to 2^53 (further out, a float would be another number), also one that is a text."""
    found = number(value)
    return int(found) if found is not None and 0 <= found <= 2**53 and found == int(found) else None


_TRUTHS: Final = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


def truth(value: object) -> bool | None:
    """True or False, also as ``"True"``, ``"0"`` or 1."""
    if isinstance(value, bool):
        return value
    return _TRUTHS.get((text(value) or "").lower())


def milliseconds(value: object) -> Seconds | None:
    """A time in milliseconds; what is negative is unknown."""
    return _time(value, 1000)


def ticks(value: object) -> Seconds | None:
    """A time in units of 100 ns, as .NET counts; what is negative is unknown."""
    return _time(value, 10_000_000)


def _time(value: object, units: int) -> Seconds | None:
    found = number(value)
    return seconds(found / units) if found is not None and found <= 2**64 else None


def length(value: Seconds | None) -> Seconds | None:
    """A time as the length of a medium: 0 and what is longer than thirty years are unknown."""
    return value if value and value <= _LONGEST else None


def instant(value: object) -> datetime | None:
    """A point of time in UTC: ISO 8601 with a zone, or seconds since 1970. What lies before 1990 is none."""
    try:
        if (epoch := number(value)) is not None:
            found = datetime.fromtimestamp(epoch, UTC)
        else:
            found = datetime.fromisoformat(text(value) or "")
        found = found.astimezone(UTC) if found.tzinfo else datetime.min.replace(tzinfo=UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return found if found.year >= 1990 else None


def ids(*, imdb: object = None, tmdb: object = None, tvdb: object = None) -> Ids:
    """Ids as they were sent; what is empty, 0 or malformed is dropped one by one."""
    return Ids(imdb=text(imdb), tmdb=whole(tmdb), tvdb=whole(tvdb))


def identifiable(media: Media) -> bool:
    """Whether something tells which item it is: an id of its own, a film's title, or an episode's place in a show."""
    if media.ids:
        return True
    if media.kind is not MediaKind.EPISODE:
        return media.title is not None
    placed = media.season is not None and media.episode is not None
    return placed and media.show is not None and bool(media.show.title or media.show.ids)
