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
        return self._converted(at, {key: value for key, value in raw.items() if key not in but}, into, but)

    def tables(self, at: Keys, into: type[T]) -> list[T]:
        """The tables of an array, written as ``[[key]]``; a missing one is empty. Raises ``ConfigError``."""
        (key,) = at
        raw = self.raw.get(key, [])
        if not isinstance(raw, list) or not all(isinstance(one, dict) for one in raw):
            raise self.wrong(at, f"this must be tables, each written as [[{key}]]")
        return [self._converted(at, one, into, (), number) for number, one in enumerate(raw)]

    def wrong(self, keys: Keys, words: str, *, nth: int = 0) -> ConfigError:
        """The error that names file, line and key; ``nth``: of which table of an array."""
        return ConfigError(f"{self.path}:{self.line(keys, nth=nth)}: {'.'.join(keys)}: {words}")

    def line(self, keys: Keys, *, nth: int = 0) -> int:
        """The line, from 1, where the key is written, or else the nearest table around it.

        ``nth``: the tables of the array that the keys begin with are counted from 0.
        """
        found = 1
        best = 0
        lines = list(_assignments(self.text))
        heads = [index for index, (_, path) in enumerate(lines) if path == keys[:1]]
        first, last = (*heads[nth : nth + 2], None, None)[:2] if nth or len(heads) > 1 else (None, None)
        for number, path in lines[first:last]:
            depth = len(path)
            if path == keys[:depth] and depth > best:
                found, best = number, depth
        return found

    def _converted(self, at: Keys, raw: dict[str, Any], into: type[T], but: Sequence[str], nth: int = 0) -> T:
        known = [name for name in into.__struct_fields__ if not name.startswith("_")]
        for key in (key for key in raw if key not in known):
            raise self.wrong((*at, key), _unknown(key, sorted({*known, *but})), nth=nth)
        try:
            return msgspec.convert(raw, into)
        except msgspec.ValidationError as error:
            raise self._misfit(at, into, str(error), nth) from None

    def _misfit(self, at: Keys, into: type[Struct], text: str, nth: int) -> ConfigError:
        """msgspec's words for a value that does not fit, in ours."""
        words, _, where = text.partition(" - at `")
        inner = tuple(re.findall(r"\.([A-Za-z_]\w*)", where))
        missing = re.search(r"missing required field `(\w+)`", words)
        if missing:
            return self.wrong((*at, *inner, missing[1]), "this key is needed", nth=nth)
        allowed = _described(into, inner[0]) if inner else None
        got = re.search(r"Expected `([^`]+)`, got `(\w+)`", words)
        if got:
            wanted = allowed or " or ".join(_KINDS.get(kind, kind) for kind in got[1].split(" | ") if kind != "null")
            return self.wrong((*at, *inner), f"this must be {wanted}, not {_KINDS.get(got[2], got[2])}", nth=nth)
        return self.wrong((*at, *inner), f"this must be {allowed}" if allowed else words, nth=nth)


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
