"""The way between one agent and Trakt, on which requests and answers can be held up while the agent dies."""

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from enum import Enum
from urllib.parse import urlsplit

from msgspec import Struct


class Point(Enum):
    """Where a request is caught."""

    LOST = "it arrives, and is never done"
    LATE = "it arrives, and is done after the agent is dead"
    DONE = "it is done, and its answer is never heard"


class Trap(Struct, frozen=True, kw_only=True):
    """Catches the next request whose line begins so; what is LATE goes on after so many seconds."""

    line: str
    point: Point
    late_s: float = 0.0


class Wire:
    """A proxy for one agent. ``url`` is where the agent finds Trakt."""

    def __init__(self, host: str, port: int) -> None:
        self.url = ""
        self._there = host, port
        self._trap: Trap | None = None
        self._caught = asyncio.Event()
        self._open: set[asyncio.Task[None]] = set()

    @classmethod
    @asynccontextmanager
    async def to(cls, url: str) -> AsyncIterator["Wire"]:
        """One meanwhile."""
        there = urlsplit(url)
        assert there.hostname is not None
        assert there.port is not None
        wire = cls(there.hostname, there.port)
        server = await asyncio.start_server(wire._serve, "127.0.0.1", 0)
        wire.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield wire
        finally:
            server.close()
            for task in wire._open:
                task.cancel()
            await asyncio.gather(*wire._open, return_exceptions=True)

    async def caught(self, trap: Trap) -> None:
        """Until the request is there."""
        self._caught.clear()
        self._trap = trap
        try:
            await self._caught.wait()
        finally:
            self._trap = None

    async def _serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                await self._carry(reader, writer)
        except asyncio.CancelledError:  # asyncio's own server would complain
            pass
        finally:
            self._open.discard(task)
            writer.close()

    async def _carry(self, reader: StreamReader, writer: StreamWriter) -> None:
        """One connection, request by request."""
        there_reader, there_writer = await asyncio.open_connection(*self._there)
        try:
            while True:
                asked = await _message(reader)
                trap = self._trap
                if trap is not None and asked.decode("latin-1").startswith(trap.line):
                    self._trap = None
                else:
                    trap = None
                if trap is not None and trap.point is not Point.DONE:
                    self._caught.set()
                    if trap.point is Point.LOST:
                        return
                    await asyncio.sleep(trap.late_s)
                there_writer.write(asked)
                answer = await _message(there_reader)
                if trap is not None:
                    self._caught.set()
                    await asyncio.sleep(0.5)  # by then whoever waited for the answer is dead
                    return
                writer.write(answer)
                await writer.drain()
        finally:
            there_writer.close()


async def _message(reader: StreamReader) -> bytes:
    """A whole request or answer. Raises ``IncompleteReadError`` at the end."""
    head = await reader.readuntil(b"\r\n\r\n")
    fields = dict(line.lower().split(":", 1) for line in head.decode("latin-1").split("\r\n")[1:] if ":" in line)
    return head + await reader.readexactly(int(fields.get("content-length", "0")))
