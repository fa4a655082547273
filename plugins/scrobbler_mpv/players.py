"""Which mpvs are followed just now, and what windows they have."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from scrobbler_mpv.window import Window, attached


class Players:
    """The mpvs that are followed, by their pids."""

    def __init__(self) -> None:
        self._sockets: dict[int, Path] = {}
        self._listeners: set[Callable[[Path], None]] = set()

    def __contains__(self, pid: int) -> bool:
        return pid in self._sockets

    @contextmanager
    def joined(self, pid: int, socket: Path) -> Iterator[None]:
        """This one is followed meanwhile."""
        self._sockets[pid] = socket
        for tell in self._listeners:
            tell(socket)
        try:
            yield
        finally:
            del self._sockets[pid]

    async def windows(self) -> AsyncGenerator[Window, None]:
        """Each window, those that are open and others as they open, until closed or cancelled."""
        opened: asyncio.Queue[Window] = asyncio.Queue()
        looking = asyncio.create_task(self._look(opened.put_nowait))
        try:
            while True:
                yield await opened.get()
        finally:
            looking.cancel()
            await asyncio.wait([looking])

    async def _look(self, tell: Callable[[Window], None]) -> None:
        sockets: asyncio.Queue[Path] = asyncio.Queue()
        for socket in self._sockets.values():
            sockets.put_nowait(socket)
        self._listeners.add(sockets.put_nowait)
        try:
            async with asyncio.TaskGroup() as tasks:
                while True:
                    tasks.create_task(_attach(await sockets.get(), tell))
        finally:
            self._listeners.discard(sockets.put_nowait)


async def _attach(socket: Path, tell: Callable[[Window], None]) -> None:
    """Tells of one player's window each time it opens, to the player's end."""
    with suppress(OSError):  # the player ended since it was seen
        async with attached(socket) as window:
            while await window.opens():
                tell(window)
                await window.closes()
