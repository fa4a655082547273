"""Exactly one agent per state folder: a lock that names the process which holds it."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from scrobbler import __version__
from scrobbler.errors import StateError

NAME: Final = "agent.lock"

_TRIES: Final = 5
_BETWEEN_TRIES_SECONDS: Final = 0.02


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold the folder's lock; the kernel lets go of it when the process ends, however it ends.

    Raises ``StateError`` with the holder's pid where another agent runs on this folder.
    """
    with _opened(folder) as descriptor:
        if not _taken(descriptor):
            raise StateError(
                f"an agent is already running on {folder} (pid {_pid(descriptor)}): stop it first, "
                "or give this one a state folder of its own (--state FOLDER)"
            )
        _sign(folder, descriptor)
        yield


def holder(folder: Path) -> int | None:
    """The pid of the agent that runs on the folder; None where none does. Raises ``StateError`` where it is hidden."""
    try:
        descriptor = os.open(folder / NAME, os.O_RDONLY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise StateError(f"the state folder {folder} cannot be read: {error.strerror}") from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _pid(descriptor)
    finally:
        os.close(descriptor)
    return None


def began(folder: Path) -> tuple[datetime, str]:
    """Since when the agent on the folder runs, and its version (empty: it did not say). Raises ``StateError``."""
    path = folder / NAME
    try:
        said = path.read_bytes()[10:].decode(errors="replace").strip()
        return datetime.fromtimestamp(path.stat().st_mtime, UTC), said
    except OSError as error:
        raise StateError(f"{path} cannot be read: {error.strerror}") from None


@contextmanager
def _opened(folder: Path) -> Iterator[int]:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(folder / NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StateError(f"the state folder {folder} cannot be used: {error.strerror}") from None
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _sign(folder: Path, descriptor: int) -> None:
    """Write down our pid and version, over the last one's: a disk that is full takes what needs no more room."""
    said = f"{os.getpid():<10}\n{__version__:<20}\n".encode()
    try:
        os.pwrite(descriptor, said, 0)
        os.ftruncate(descriptor, len(said))
    except OSError as error:
        raise StateError(f"the state folder {folder} cannot be used: {error.strerror}") from None


def _taken(descriptor: int) -> bool:
    """Whether the lock is ours now. Somebody who only looks for a holder has it for a moment, so it is tried again."""
    for _ in range(_TRIES):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_BETWEEN_TRIES_SECONDS)
        else:
            return True
    return False


def _pid(descriptor: int) -> int:
    """The pid in the file; 0 for one that is not there yet."""
    said = os.pread(descriptor, 10, 0).strip()
    return int(said) if said.isdigit() else 0
