"""Which mpvs are followed just now, and what windows they have."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from scrobbler_mpv.caption import captioned
from scrobbler_mpv.window import Window, attached


class Players:
    """The mpvs that are followed, by their pids."""

    def __init__(self) -> None:
        self._sockets: dict[int, Path] = {}
        self._listeners: set[Callable[[Path], None]] = set()
        self._signs: Counter[Path] = Counter()
        self._news = asyncio.Event()

    def __iter__(self) -> Iterator[int]:
        return iter(tuple(self._sockets))

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

    async def caption(self, pid: int, words: str, seconds: float) -> bool:
        """Show a line in the window of one of them, and return once it is over; a sign is never beside it."""
        socket = self._sockets.get(pid)
        if socket is None or self._signs[socket]:
            return False
        with suppress(OSError):  # the player ended since it was seen
            async with captioned(socket, words, seconds) as take_back:
                if take_back is None:
                    return False
                with suppress(TimeoutError):
                    async with asyncio.timeout(seconds):
                        while not self._signs[socket]:
                            await self._news.wait()
                    take_back()
                return True
        return False

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
                    tasks.create_task(self._attach(await sockets.get(), tell))
        finally:
            self._listeners.discard(sockets.put_nowait)

    async def _attach(self, socket: Path, tell: Callable[[Window], None]) -> None:
        """Tells of one player's window each time it opens, to the player's end."""
        with suppress(OSError):  # the player ended since it was seen
            async with attached(socket, partial(self._signed, socket)) as window:
                while await window.opens():
                    tell(window)
                    await window.closes()

    def _signed(self, socket: Path, more: int) -> None:
        """A sign is shown there from now on (1), or no longer (-1)."""
        self._signs[socket] += more
        if not self._signs[socket]:
            del self._signs[socket]
        news, self._news = self._news, asyncio.Event()
        news.set()
