"""SQLite's log from outside: when it is written to, and whether it ends in the middle of a commit."""

import asyncio
import ctypes
import os
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_MODIFIED = 0x2
_HEADER = struct.Struct("iIII")
_LOG = "state.db-wal"


class Writes:
    """Counts the writes to a state file's log, as the kernel tells them."""

    def __init__(self) -> None:
        self.count = 0
        self.act: tuple[int, Callable[[], None]] | None = None
        """What to do at once when there were so many."""
        self._news = asyncio.Event()

    async def reach(self, count: int) -> None:
        """Until there were so many."""
        while self.count < count:
            self._news.clear()
            await self._news.wait()

    def read(self, descriptor: int) -> None:
        """Some have come."""
        heard = os.read(descriptor, 1 << 16)
        while heard:
            _, _, _, length = _HEADER.unpack_from(heard)
            name, heard = heard[_HEADER.size : _HEADER.size + length], heard[_HEADER.size + length :]
            self.count += name.rstrip(b"\0").decode() == _LOG
        if self.act is not None and self.count >= self.act[0]:
            _, act = self.act
            self.act = None
            with suppress(ProcessLookupError):
                act()
        self._news.set()


@contextmanager
def watched(state: Path) -> Iterator[Writes]:
    """The writes meanwhile. Linux only, as is the rest of a campaign."""
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
    if descriptor < 0 or libc.inotify_add_watch(descriptor, os.fsencode(state), _MODIFIED) < 0:
        raise OSError(ctypes.get_errno(), "no inotify")
    writes = Writes()
    loop = asyncio.get_running_loop()
    loop.add_reader(descriptor, writes.read, descriptor)
    try:
        yield writes
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)


def torn(state: Path) -> bool:
    """Whether the log ends with pages that no commit follows (https://sqlite.org/fileformat2.html#walformat)."""
    path = state / _LOG
    log = path.read_bytes() if path.exists() else b""
    if len(log) < 32:
        return False
    page, salts = struct.unpack_from(">I", log, 8)[0], log[16:24]
    open_ended = False
    for at in range(32, len(log) - 23, 24 + page):
        if log[at + 8 : at + 16] != salts:
            break
        open_ended = log[at + 4 : at + 8] == b"\0\0\0\0"
    return open_ended
