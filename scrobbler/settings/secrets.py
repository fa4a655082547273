"""What a player that calls us must know: a secret that the user set, or one that is made here at first need and kept.

A secret that is kept in a file is followed: once another one is in the file, the old one opens nothing any more. A
file appears whole or not at all, so two processes that make one at the same time end with the same.
"""

import secrets
from contextlib import suppress
from pathlib import Path
from typing import Final
from urllib.parse import quote

from scrobbler import file
from scrobbler.errors import ConfigError, StateError

MADE_BYTES: Final = 24
"""Of chance: 192 bits, which make 32 signs that need no quoting in an address."""
SHORTEST: Final = 8
"""Signs of a secret that somebody chose himself."""
_LONGEST: Final = 4096
"""Bytes of a file that are looked at: whatever is longer was not meant."""
_Mark = tuple[int, int, int]


class Secret:
    """The secret of one player."""

    def __init__(self, value: str, file: Path | None = None) -> None:
        """``file``: where it is kept and may be exchanged; None for one that stands in the configuration."""
        self.file = file
        self._value = value
        self._mark = _mark(file)

    def __repr__(self) -> str:  # it must not reach a log through a repr
        return "Secret(...)"

    def __call__(self) -> str:
        """What it is now. A file that is gone or makes no sense changes nothing."""
        mark = _mark(self.file)
        if self.file is not None and mark is not None and mark != self._mark:
            with suppress(OSError, ConfigError):
                self._value = _read(self.file, str(self.file))
                self._mark = mark
        return self._value


def given(value: str | None, file: Path | None, where: str) -> Secret | None:
    """What the user set, in the configuration or in a file of his own; None where he set nothing.

    Raises ``ConfigError``, which does not quote it. ``where``: how errors name the key.
    """
    if value is not None:
        return Secret(value)
    if file is None:
        return None
    where = f"{where}_file: {file}"
    try:
        return Secret(_read(file, where), file)
    except FileNotFoundError:
        raise ConfigError(f"{where}: there is no such file") from None
    except (OSError, ValueError) as error:  # ValueError: a name that cannot be one
        raise ConfigError(f"{where}: cannot be read: {getattr(error, 'strerror', None) or error}") from None


def made(folder: Path, player: str) -> Secret:
    """The one that the program made for a player, now if it has none yet. Raises ``StateError``."""
    path = _path(folder, player)
    try:
        try:
            return Secret(_read(path, str(path)), path)
        except FileNotFoundError:
            with suppress(FileExistsError):  # another process was first, and its secret is the one that counts
                _write(path, replace=False)
            return Secret(_read(path, str(path)), path)
    except ConfigError as error:
        raise StateError(f"{error}: `scrobbler webhook rotate {player}` makes a new one") from None
    except OSError as error:
        raise StateError(f"{path}: cannot be used: {error.strerror}") from None


def rotate(folder: Path, player: str) -> Secret:
    """A new one in the place of the one that was made. Raises ``StateError``."""
    path = _path(folder, player)
    try:
        _write(path, replace=True)
        return Secret(_read(path, str(path)), path)
    except OSError as error:
        raise StateError(f"{path}: cannot be written: {error.strerror}") from None


def _path(folder: Path, player: str) -> Path:
    return folder / "webhooks" / f"{quote(player, safe='')}.secret"


def _read(path: Path, where: str) -> str:
    """The one line in a file. Raises ``ConfigError`` where there is none, ``OSError``."""
    with path.open("rb") as file:
        content = file.read(_LONGEST).decode("utf-8", errors="replace").strip()
    if len(content) < SHORTEST or not content.isprintable() or "\ufffd" in content:
        raise ConfigError(f"{where}: this must be one line of {SHORTEST} signs or more")
    return content


def _write(path: Path, *, replace: bool) -> None:
    """A new secret in a file that is whole from its first moment. Raises ``OSError``; ``FileExistsError`` where there
    is one that is not to be replaced."""
    for folder in (path.parent.parent, path.parent):  # a folder's mode is not that of those above it
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    write = file.replace if replace else file.make
    write(path, secrets.token_urlsafe(MADE_BYTES).encode() + b"\n")


def _mark(path: Path | None) -> _Mark | None:
    """What changes whenever a file does."""
    if path is None:
        return None
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size
