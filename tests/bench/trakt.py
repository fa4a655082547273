"""A Trakt that answers just enough, and notes the instant at which it had read the head of each request.

It is no double of the service (that is the sandbox) but a stop watch: one protocol class on the benchmark's own loop,
so that nothing stands between the bytes and the clock.
"""

import asyncio
import json
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from bench.figure import MeasurementError

PATIENCE = 20.0
"""Seconds after which a request that must come does not come any more."""

_MOVIE = {
    "title": "Bench",
    "year": 2020,
    "ids": {"trakt": 1, "slug": "bench-2020", "imdb": "tt0000001", "tmdb": 1},
    "runtime": 10,
}


class Trakt:
    """Listens on the loopback. Instants are readings of CLOCK_MONOTONIC in seconds."""

    def __init__(self) -> None:
        self.url = ""
        self.calls = 0
        """All requests so far."""
        self.holds = False
        """Whether it takes requests and answers none."""
        self._expected: deque[tuple[str, asyncio.Future[float]]] = deque()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator["Trakt"]:
        server = await asyncio.get_running_loop().create_server(lambda: _Connection(self), "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            server.close()

    def expect(self, path: str) -> asyncio.Future[float]:
        """The instant of the next request for that path, to be awaited with ``arrival``."""
        expected = asyncio.get_running_loop().create_future()
        self._expected.append((path, expected))
        return expected

    def arrived(self, path: str, at: float) -> None:
        self.calls += 1
        for each in self._expected:
            if each[0] == path:
                self._expected.remove(each)
                if not each[1].done():
                    each[1].set_result(at)
                return


async def arrival(expected: asyncio.Future[float], what: str) -> float:
    """Waits for it. Raises ``MeasurementError`` where it does not come."""
    try:
        return await asyncio.wait_for(expected, PATIENCE)
    except TimeoutError:
        raise MeasurementError(f"{what} did not reach Trakt within {PATIENCE:g} s") from None


class _Connection(asyncio.Protocol):
    """One connection that is kept open. Reads one request after the other."""

    def __init__(self, trakt: Trakt) -> None:
        self._trakt = trakt
        self._heard = b""
        self._request: tuple[str, str, int] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._heard += data
        while True:
            if self._request is None:
                head, found, rest = self._heard.partition(b"\r\n\r\n")
                if not found:
                    return
                self._request, self._heard = _read(head), rest
                self._trakt.arrived(self._request[1], time.monotonic())
            method, path, length = self._request
            if len(self._heard) < length:
                return
            body, self._heard, self._request = self._heard[:length], self._heard[length:], None
            if not self._trakt.holds:
                self._transport.write(_answer(method, path, body))


def _read(head: bytes) -> tuple[str, str, int]:
    """Method, path without its query, and length of the body."""
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ")
    headers = dict(line.lower().split(":", 1) for line in lines)
    return method, target.partition("?")[0], int(headers.get("content-length", "0"))


def _answer(method: str, path: str, body: bytes) -> bytes:
    status, data = _reply(method, path, body)
    content = b"" if data is None else json.dumps(data).encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    return head.encode() + content


def _reply(method: str, path: str, body: bytes) -> tuple[str, Any]:
    match method, path.strip("/").split("/"):
        case "POST", ["scrobble", action]:
            said = json.loads(body)
            done = "scrobble" if action == "stop" and said["progress"] >= 80 else action
            return "201 Created", {"id": 1, "action": done, "progress": said["progress"], "movie": _MOVIE}
        case "POST", ["floor"]:
            return "201 Created", {"id": 1, "action": "pause", "progress": 10.0, "movie": _MOVIE}
        case "GET", ["search", "movie"] | ["search", "imdb", _]:
            return "200 OK", [{"type": "movie", "score": 1.0, "movie": _MOVIE}]
        case "GET", ["users", "me", "watching"]:
            return "204 No Content", None
        case "GET", ["sync", "playback"]:
            return "200 OK", []
    return "404 Not Found", None
