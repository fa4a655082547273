"""What ``scrobbler api`` is to ask for, read from the words of its command line."""

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, NoReturn
from urllib.parse import SplitResult, parse_qsl, urlsplit

import msgspec
from msgspec import Struct

from scrobbler.errors import ConfigError
from scrobbler.trakt import endpoints

LONGEST: Final = 8000
"""Signs of path and query; no server takes more."""

_PORTS: Final = {"http": 80, "https": 443}


class Asked(Struct, frozen=True, kw_only=True):
    """One request. The path begins with a slash, and has no query and no host."""

    method: str
    path: str
    query: Mapping[str, str]
    body: Mapping[str, Any] | None

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def read(
    words: tuple[str, ...], pairs: tuple[str, ...], data: str | None, method: str | None, *, api_url: str
) -> Asked:
    """What is to be asked. Raises ``ConfigError`` in words for the user; no host but Trakt's gets through."""
    if not "".join(words).strip("/"):
        raise ConfigError("PATH is missing: `scrobbler api --list` shows all that there are")
    if len(words) > 1:
        raise ConfigError(f"One PATH at a time, and not {len(words)}: a query goes with -q, a body with -d")
    path, query = _path(words[0], api_url)
    query |= _query(_pair(pair) for pair in pairs)
    if len(path) + sum(len(name) + len(value) for name, value in query.items()) > LONGEST:
        raise ConfigError(f"PATH and query have more than {LONGEST} signs")
    method = (method or ("GET" if data is None else "POST")).upper()
    if method == "GET" and data is not None:
        raise ConfigError("-d goes with POST, PUT, PATCH and DELETE; what a GET asks for goes with -q")
    return Asked(method=method, path=path, query=query, body=None if data is None else _body(data))


def _path(text: str, api_url: str) -> tuple[str, dict[str, str]]:
    if not text.isprintable():  # a half of a character is not printable either
        raise ConfigError(f"PATH has a sign that cannot be in one: {text!r}")
    if "#" in text:
        raise ConfigError("PATH ends before the first #: write %23 if you mean that sign")
    before, _, after = text.partition("?")
    if "://" in before or before.startswith("//"):
        before = _cut(before, api_url)
    path = "/" + before.strip("/")
    parts = path.split("/")[1:]
    if not all(parts) or {".", ".."} & set(parts):
        raise ConfigError(f"PATH has a part that is empty or of dots only: {path!r}")
    if blanks := list(endpoints.blanks(path)):
        raise ConfigError(f"PATH needs a value in the place of {', '.join(blanks)}, as in /movies/heat-1995")
    return path, _query(parse_qsl(after, keep_blank_values=True))


def _cut(url: str, api_url: str) -> str:
    """The path of an address that leads to Trakt's API."""
    ours = urlsplit(api_url)
    try:
        theirs = urlsplit(url)
        same = (theirs.hostname, _port(theirs)) == (ours.hostname, _port(ours))
    except ValueError as error:
        raise ConfigError("PATH is no address that can be read") from error
    if not same or not f"{theirs.path}/".startswith(f"{ours.path}/"):
        raise ConfigError(f"Calls go to {api_url} and nowhere else: give the PATH alone")
    return theirs.path.removeprefix(ours.path)


def _port(url: SplitResult) -> int | None:
    return url.port if url.port not in {None, _PORTS.get(url.scheme)} else None


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not (name and sign):
        raise ConfigError(f"-q {text!r}: this must be KEY=VALUE")
    if not _sendable(text):
        raise ConfigError(f"-q {text!r}: this is not UTF-8")
    return name, value


def _query(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    query: dict[str, str] = {}
    for name, value in pairs:
        if name in query:
            raise ConfigError(f"{name} is said twice: several values are one, as in {name}={query[name]},{value}")
        query[name] = value
    return query


def _sendable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _body(data: str) -> dict[str, Any]:
    where, text = _content(data)

    def no_number(word: str) -> NoReturn:
        raise ConfigError(f"{where} is no JSON: there is no {word}")

    try:
        value = json.loads(text, parse_constant=no_number)
        msgspec.json.encode(value)  # half a character can be read, but not sent
    except json.JSONDecodeError as error:
        raise ConfigError(f"{where} is no JSON: line {error.lineno}, column {error.colno}: {error.msg}") from error
    except (ValueError, OverflowError, RecursionError) as error:
        raise ConfigError(f"{where} cannot be sent as JSON: {error}") from error
    if not isinstance(value, dict):
        raise ConfigError(f"{where} must be a JSON object, {{...}}: Trakt takes nothing else")
    return value


def _content(data: str) -> tuple[str, str]:
    """Where the body stands, and its text."""
    if not data.startswith("@"):
        return "-d", data
    name = data[1:]
    where = "-d @-" if name == "-" else f"-d {data}"
    try:
        content: bytes = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
        return where, content.decode("utf-8-sig")
    except OSError as error:
        raise ConfigError(f"{where}: cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise ConfigError(f"{where}: this is no text in UTF-8") from error
