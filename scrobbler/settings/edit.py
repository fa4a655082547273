"""Changes a key of the configuration file, and nothing else of it: comments, order and white space stay as they are.

What a change would make of the file is read as a whole before it takes the file's place, so no change can leave a
configuration that does not work.
"""

import fcntl
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import tomli

from scrobbler import file
from scrobbler.errors import ConfigError, ScrobblerError
from scrobbler.settings.config import parse
from scrobbler.settings.toml import Keys

if TYPE_CHECKING:
    from tomlkit.container import Container

UNTOUCHED: Final = "nothing was changed"

_PRIVATE: Final = 0o600


def split(key: str) -> Keys:
    """``players.plex.users."Ann Lee"`` as its parts. Raises ``ConfigError``."""
    try:
        table = tomli.loads(f"{key} = 0")
    except tomli.TOMLDecodeError:
        table = {}
    parts: list[str] = []
    while len(table) == 1:
        [(part, inner)] = table.items()
        parts.append(part)
        if inner == 0 and not isinstance(inner, dict):
            return tuple(parts)
        table = inner if isinstance(inner, dict) else {}
    raise ConfigError(f'{key!r} is no key: write it as server.listen or players.plex.users."Ann Lee"')


def joined(keys: Keys) -> str:
    """The parts as one key, with quotes where they are needed."""
    from tomlkit.items import SingleKey  # noqa: PLC0415  # 23 ms that no other command pays for

    return ".".join(SingleKey(part).as_string() for part in keys)


def put(path: Path, keys: Keys, value: object) -> bool:
    """Set a key in the file, which is made where there is none; False where it had that value already.

    Raises ``ConfigError`` where the configuration would be wrong, ``ScrobblerError`` where the disk takes nothing.
    """
    return change(path, lambda text: with_key(text, keys, value))


def take(path: Path, keys: Keys) -> bool:
    """Take a key, or a whole table, out of the file; False where it is not in it. Raises as ``put`` does."""
    return change(path, lambda text: without_key(text, keys))


def drop(path: Path, keys: Keys) -> bool:
    """Take a table that holds nothing out of the file; False where it is not in it. Raises as ``put`` does."""
    return change(path, lambda text: without_title(text, keys))


def change(path: Path, make: Callable[[str], str]) -> bool:
    """Put what ``make`` makes of the file's text in its place, if it is a configuration; False where it is the same.

    One process at a time does so. Raises as ``put`` does.
    """
    real = Path(os.path.realpath(path))  # a link to a file that is kept elsewhere stays a link
    try:
        real.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _alone(real.parent):
            before = _read(real)
            after = make(before or "")
            if after == before:
                return False
            try:
                parse(after, path)
            except ConfigError as error:
                raise ConfigError(f"{error}; {UNTOUCHED}") from None
            replace(real, after.encode())
    except OSError as error:
        raise ScrobblerError(f"{path} cannot be written: {error.strerror}") from None
    return True


def replace(path: Path, content: bytes) -> None:
    """Put this in the place of a file, whole or not at all. Mode and owner stay; a new file is its user's alone."""
    file.replace(path, content, partial(_as_before, path))


def with_key(text: str, keys: Keys, value: object) -> str:
    """The text with that value for the key. Raises ``ConfigError`` where it is not written so that it can be edited."""
    wanted = tomli.loads(text)
    table = wanted
    for key in keys[:-1]:
        table = table.setdefault(key, {})
        if not isinstance(table, dict):
            raise ConfigError(f"{joined(keys)}: {key} is no table, so there is no key in it; {UNTOUCHED}")
    if keys[-1] in table and table[keys[-1]] == value and type(table[keys[-1]]) is type(value):
        return text
    table[keys[-1]] = value
    return _checked(_put(text, keys, value), wanted, keys)


def without_key(text: str, keys: Keys) -> str:
    """The text without the key; the same text where it is not in it. Raises ``ConfigError`` as ``with_key`` does."""
    import tomlkit  # noqa: PLC0415  # as above

    wanted = tomli.loads(text)
    table: Any = wanted
    for key in keys[:-1]:
        table = table.get(key, {}) if isinstance(table, dict) else {}
    if not isinstance(table, dict) or keys[-1] not in table:
        return text
    del table[keys[-1]]
    document = tomlkit.parse(text)
    within: Any = document
    for key in keys[:-1]:
        within = within[key]
    del within[keys[-1]]
    after = document.as_string()
    if not wanted[keys[0]] and _reads(after) and keys[0] not in tomli.loads(after):
        del wanted[keys[0]]  # a table that had no header of its own goes with the last one in it
    return _checked(after, wanted, keys)


def without_title(text: str, keys: Keys) -> str:
    """The text without a table that holds nothing; all comments stay, also one below it that is of what comes next.

    The same text where it is not in it. Raises ``ConfigError`` as ``with_key`` does.
    """
    lines = text.splitlines(keepends=True)
    titles = [number for number, line in enumerate(lines) if _title(line) == keys]
    if len(titles) != 1:
        return without_key(text, keys)
    wanted: Any = tomli.loads(text)
    table = wanted
    for key in keys[:-1]:
        table = table[key]
    if table[keys[-1]] != {}:
        return without_key(text, keys)
    del table[keys[-1]]
    rest = "".join(lines[: titles[0]] + lines[titles[0] + 1 :])
    if not wanted[keys[0]] and _reads(rest) and keys[0] not in tomli.loads(rest):
        del wanted[keys[0]]
    return _checked(rest, wanted, keys)


def _title(line: str) -> Keys | None:
    """The keys of the table that begins on this line."""
    title = re.fullmatch(r"\[([^\[\]]+)\]\s*(#.*)?", line.strip())
    try:
        return split(title[1]) if title else None
    except ConfigError:
        return None


def _put(text: str, keys: Keys, value: object) -> str:
    import tomlkit  # noqa: PLC0415  # as above
    from tomlkit.items import Table  # noqa: PLC0415

    document = tomlkit.parse(text)
    depth, within = 0, cast("Any", document)
    while depth < len(keys) - 1 and keys[depth] in within:
        within = within[keys[depth]]
        depth += 1
    rest = keys[depth:]
    if keys[-1] in within and len(rest) == 1:
        within[keys[-1]] = value
        return document.as_string()
    if len(rest) == 1 and isinstance(within, Table) and not within.is_super_table():
        _append(within.value, rest[0], value)
        return document.as_string()
    if value == {} and _reads(titled := _table_at_the_end(text, keys)):
        return titled
    appended = _at_the_end(text, keys, value)
    if len(rest) > 1 and _reads(appended):
        return appended
    for key in rest[:-1]:
        within[key] = tomlkit.inline_table()
        within = within[key]
    within[rest[-1]] = value
    return document.as_string()


def _append(table: "Container", key: str, value: object) -> None:
    """Add a key below the last one of its table, and above the blank line before what comes next."""
    from tomlkit import item  # noqa: PLC0415  # as above

    body = table.body
    last = max((number for number, (name, _) in enumerate(body) if name is not None), default=-1)
    blank = next(
        (
            number
            for number in range(last + 1, len(body))
            if "\n" in body[number][1].as_string().rpartition("#")[0] or not body[number][1].as_string().strip()
        ),
        len(body),
    )
    below = body[blank:]
    del body[blank:]
    table.append(key, item(value))
    body.extend(below)


def _table_at_the_end(text: str, keys: Keys) -> str:
    """The text with an empty table at its end."""
    end, gap = _breaks(text)
    return f"{text}{gap}[{joined(keys)}]{end}"


def _at_the_end(text: str, keys: Keys, value: object) -> str:
    """The text with a table of its own for the key at its end."""
    import tomlkit  # noqa: PLC0415  # as above

    end, gap = _breaks(text)
    line = tomlkit.document()
    line[keys[-1]] = value
    header = f"[{joined(keys[:-1])}]{end}" if keys[:-1] else ""
    return f"{text}{gap}{header}{line.as_string().rstrip()}{end}"


def _breaks(text: str) -> tuple[str, str]:
    """How the text ends a line, and what sets a new table apart from it."""
    end = "\r\n" if "\r\n" in text else "\n"
    return end, "" if not text.strip() else end if text.endswith("\n") else end * 2


def _checked(text: str, wanted: object, keys: Keys) -> str:
    if not _reads(text) or tomli.loads(text) != wanted:
        raise ConfigError(f"{joined(keys)} is written in a way that cannot be edited here: do it by hand")
    return text


def _reads(text: str) -> bool:
    try:
        tomli.loads(text)
    except tomli.TOMLDecodeError:
        return False
    return True


def _read(path: Path) -> str | None:
    try:
        return path.read_bytes().decode()
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: byte {error.start} is not UTF-8; save the file as UTF-8") from None


def _as_before(path: Path, descriptor: int) -> None:
    """Give a new file the mode and, where we may, the owner of the one that it replaces."""
    try:
        old = path.stat()
    except FileNotFoundError:
        os.fchmod(descriptor, _PRIVATE)
        return
    if (old.st_uid, old.st_gid) != (os.geteuid(), os.getegid()):
        with suppress(PermissionError):  # then it is ours, as a file is that an editor saves
            os.fchown(descriptor, old.st_uid, old.st_gid)
    os.fchmod(descriptor, old.st_mode & 0o7777)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep other commands from changing files in the folder meanwhile. It leaves nothing behind."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
