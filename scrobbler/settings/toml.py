"""A TOML file as typed tables; whatever does not fit in it is named with its line, its key and what is allowed."""

import re
import typing
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec
import tomli
from msgspec import Meta, Struct

from scrobbler.errors import ConfigError

Keys = tuple[str, ...]
T = TypeVar("T", bound=Struct)

_KINDS: Final = {
    "str": "a text in quotes", "int": "a whole number", "float": "a number", "bool": "true or false",
    "array": "a list", "object": "a table", "null": "nothing",
}  # fmt: skip
"""msgspec's names of types, in the words of somebody who writes a configuration."""


class Document:
    """One file, parsed; each table is asked for with the type that it should have."""

    def __init__(self, path: Path, text: str) -> None:
        """Raises ``ConfigError`` where the text is not TOML."""
        self.path = path
        self.text = text
        try:
            self.raw: dict[str, Any] = tomli.loads(text)
        except tomli.TOMLDecodeError as error:
            raise ConfigError(f"{path}:{error.lineno}: this is not TOML: {error.msg} (column {error.colno})") from None

    def table(self, at: Keys, into: type[T], *, but: Sequence[str] = ()) -> T:
        """The table at these keys as a ``T``; keys in ``but`` are somebody else's and are left out.

        A missing table is an empty one. Raises ``ConfigError``.
        """
        raw: Any = self.raw
        for depth, key in enumerate(at):
            raw = raw.get(key, {})
            if not isinstance(raw, dict):
                raise self.wrong(at[: depth + 1], f"this must be a table, written as [{'.'.join(at)}]")
        mine = {key: value for key, value in raw.items() if key not in but}
        known = [name for name in into.__struct_fields__ if not name.startswith("_")]
        for key in (key for key in mine if key not in known):
            raise self.wrong((*at, key), _unknown(key, sorted({*known, *but})))
        try:
            return msgspec.convert(mine, into)
        except msgspec.ValidationError as error:
            raise self._misfit(at, into, str(error)) from None

    def wrong(self, keys: Keys, words: str) -> ConfigError:
        """The error that names file, line and key."""
        return ConfigError(f"{self.path}:{self.line(keys)}: {'.'.join(keys)}: {words}")

    def line(self, keys: Keys) -> int:
        """The line, from 1, where the key is written, or else the nearest table around it."""
        found = 1
        best = 0
        for number, path in _assignments(self.text):
            depth = len(path)
            if path == keys[:depth] and depth > best:
                found, best = number, depth
        return found

    def _misfit(self, at: Keys, into: type[Struct], text: str) -> ConfigError:
        """msgspec's words for a value that does not fit, in ours."""
        words, _, where = text.partition(" - at `")
        inner = tuple(re.findall(r"\.([A-Za-z_]\w*)", where))
        missing = re.search(r"missing required field `(\w+)`", words)
        if missing:
            return self.wrong((*at, *inner, missing[1]), "this key is needed")
        allowed = _described(into, inner[0]) if inner else None
        got = re.search(r"Expected `([^`]+)`, got `(\w+)`", words)
        if got:
            wanted = allowed or " or ".join(_KINDS.get(kind, kind) for kind in got[1].split(" | ") if kind != "null")
            return self.wrong((*at, *inner), f"this must be {wanted}, not {_KINDS.get(got[2], got[2])}")
        return self.wrong((*at, *inner), f"this must be {allowed}" if allowed else words)


def _unknown(key: str, known: Sequence[str]) -> str:
    import difflib  # noqa: PLC0415  # only a typo needs it

    close = difflib.get_close_matches(key, known, n=1)
    meant = f" (did you mean {close[0]}?)" if close else ""
    return f"there is no such key{meant}; known are: {', '.join(known)}"


def _described(into: type[Struct], name: str) -> str | None:
    """What the type says in words about the values that it allows."""
    hint = typing.get_type_hints(into, include_extras=True).get(name)
    metas = (meta for part in (hint, *typing.get_args(hint)) for meta in getattr(part, "__metadata__", ()))
    return next((meta.description for meta in metas if isinstance(meta, Meta) and meta.description), None)


def _assignments(text: str) -> Iterator[tuple[int, Keys]]:
    """Each line on which a table begins or a key is set, with its whole path.

    Only good enough for texts that the real parser has accepted; a line inside a multi-line text may be taken for a
    key, which can move the line number of an error but nothing else.
    """
    table: Keys = ()
    for number, line in enumerate(text.splitlines(), start=1):
        header = re.match(r"\s*\[\[?\s*([^\]]+?)\s*\]", line)
        if header:
            table = _path(header[1])
            yield number, table
        elif setting := re.match(r"""\s*((?:"[^"]*"|'[^']*'|[A-Za-z0-9_-]+|\s*\.\s*)+?)\s*=""", line):
            path = (*table, *_path(setting[1]))
            yield number, path
            for inner in re.findall(r"""[{,]\s*("[^"]*"|'[^']*'|[A-Za-z0-9_.-]+)\s*=""", line):
                yield number, (*path, *_path(inner))


def _path(written: str) -> Keys:
    """``players."my box".kind`` as its parts."""
    return tuple(part.strip("\"'") for part in re.findall(r"""\"[^\"]*\"|'[^']*'|[A-Za-z0-9_-]+""", written))
