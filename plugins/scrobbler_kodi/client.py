"""A connection to one Kodi: what is asked with its answer, and what Kodi says by itself."""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator
from typing import Any, Final

from scrobbler.errors import PayloadError
from scrobbler.payload import Table, text, whole
from scrobbler_kodi.stream import Stream

CONNECT_WITHIN: Final = 10.0
ANSWER_WITHIN: Final = 10.0
"""Seconds. A Kodi answers in a few milliseconds, and in seconds where it wakes a disk or scans its library."""
MOST_WAITING: Final = 1000
"""Notifications that wait to be understood. A Kodi says a few at a time."""

_PIECE: Final = 64 * 1024
_KEEPALIVE: Final = {"TCP_KEEPIDLE": 60, "TCP_KEEPINTVL": 20, "TCP_KEEPCNT": 3}
"""Seconds, seconds, times: so the kernel finds out that a machine was switched off while nothing is asked."""


class Gone(Exception):  # noqa: N818  # it is news and no error
    """The connection has ended."""


class Client:
    """Use it on one event loop, and within ``connected``."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, patience: float) -> None:
        """``patience``: seconds within which an answer must come."""
        self._patience = patience
        self._reader = reader
        self._writer = writer
        self._waiting: dict[int, asyncio.Future[Table]] = {}
        self._notes: asyncio.Queue[Table | None] = asyncio.Queue()
        self._last = 0
        self.wrong: PayloadError | None = None
        """What was no JSON-RPC of Kodi's, if that is why the connection has ended."""

    async def ask(self, method: str, params: object = None) -> Any:
        """The result; None where Kodi answers with an error.

        Raises ``Gone``, and ``TimeoutError`` where nothing is answered.
        """
        self._last += 1
        number = self._last
        asked = {"jsonrpc": "2.0", "id": number, "method": method} | ({} if params is None else {"params": params})
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(self._patience):
                self._writer.write(json.dumps(asked).encode())
                await self._writer.drain()
                return (await answer).get("result")
        except OSError as error:
            if isinstance(error, TimeoutError):
                raise
            raise Gone from None
        finally:
            del self._waiting[number]

    async def next(self) -> Table:
        """The next notification, in Kodi's own order. Raises ``Gone`` after the last."""
        note = await self._notes.get()
        if note is None:
            raise Gone
        return note

    async def listen(self) -> None:
        """Hears what comes until the end, which it tells all who wait."""
        stream = Stream()
        try:
            while data := await self._reader.read(_PIECE):
                for message in stream.feed(data):
                    self._take(message)
        except OSError:
            pass
        except PayloadError as error:
            self.wrong = error
        finally:
            self._notes.put_nowait(None)
            self._writer.close()
            for answer in self._waiting.values():
                if not answer.done():
                    answer.set_exception(Gone())

    def _take(self, message: Table) -> None:
        if text(message.get("method")) is not None:
            if self._notes.qsize() >= MOST_WAITING:
                raise PayloadError(f"more than {MOST_WAITING} notifications wait")
            self._notes.put_nowait(message)
            return
        answer = self._waiting.get(whole(message.get("id")) or 0)
        if answer is not None and not answer.done():
            answer.set_result(message)


@contextlib.asynccontextmanager
async def connected(host: str, port: int, patience: float = ANSWER_WITHIN) -> AsyncIterator[Client]:
    """A client that hears. Raises OSError where nobody listens there."""
    async with asyncio.timeout(CONNECT_WITHIN):
        reader, writer = await asyncio.open_connection(host, port)
    _keep_alive(writer.get_extra_info("socket"))
    client = Client(reader, writer, patience)
    listening = asyncio.create_task(client.listen())
    try:
        yield client
    finally:
        listening.cancel()
        writer.close()
        await asyncio.wait([listening])
        with contextlib.suppress(OSError):
            await writer.wait_closed()


def _keep_alive(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEPALIVE.items():
        if hasattr(socket, name):  # macOS has other names for some
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
