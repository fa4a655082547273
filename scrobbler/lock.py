"""Exactly one agent per state folder: a lock that names the process which holds it."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scrobbler.errors import StateError

NAME = "agent.lock"


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold the folder's lock; the kernel lets go of it when the process ends, however it ends.

    Raises ``StateError`` with the holder's pid where another agent runs on this folder.
    """
    with _opened(folder) as descriptor:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StateError(
                f"an agent is already running on {folder} (pid {_pid(descriptor)}): stop it first, "
                "or give this one a state folder of its own (--state FOLDER)"
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield


def holder(folder: Path) -> int | None:
    """The pid of the agent that runs on the folder; None where none does."""
    try:
        descriptor = os.open(folder / NAME, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _pid(descriptor)
    finally:
        os.close(descriptor)
    return None


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


def _pid(descriptor: int) -> int:
    return int(os.pread(descriptor, 32, 0) or b"0")
