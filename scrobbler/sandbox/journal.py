"""The sandbox's memory of what it was asked, for whoever wants to see or await it. Holds no secret."""

import asyncio
from collections import deque
from datetime import datetime

from msgspec import Struct

KEPT = 2000
WITH_BODY = ("/scrobble/", "/sync/history")
WITHOUT_QUERY = ("/oauth/",)


class Entry(Struct, frozen=True, kw_only=True):
    """One request. ``status`` is None where the connection was dropped instead of answered."""

    seq: int
    at: datetime
    method: str
    path: str
    query: str
    body: object
    status: int | None


class Journal:
    """The last requests in the order in which they were finished, numbered from 1."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=KEPT)
        self._last = 0
        self._news = asyncio.Event()

    def add(self, *, at: datetime, method: str, path: str, query: str, body: object, status: int | None) -> None:
        """Note a request and wake those who wait for one."""
        self._last += 1
        entry = Entry(
            seq=self._last,
            at=at,
            method=method,
            path="/activate" if path.startswith("/activate/") else path,
            query="" if path.startswith(WITHOUT_QUERY) else query,
            body=body if path.startswith(WITH_BODY) else None,
            status=status,
        )
        self._entries.append(entry)
        self._news.set()
        self._news = asyncio.Event()

    def after(self, seq: int) -> list[Entry]:
        """Those with a higher number, oldest first."""
        return [entry for entry in self._entries if entry.seq > seq]

    async def wait(self, seq: int, seconds: float) -> list[Entry]:
        """As ``after``, but returns as soon as there is one, or with none when the time is over."""
        try:
            async with asyncio.timeout(seconds):
                while not (found := self.after(seq)):
                    await self._news.wait()
        except TimeoutError:
            return self.after(seq)
        return found
