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

_REST = b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 3600\r\nContent-Length: 0\r\n\r\n"


class Trakt:
    """Listens on the loopback. Instants are readings of CLOCK_MONOTONIC in seconds."""

    def __init__(self) -> None:
        self.url = ""
        self.calls = 0
        """All requests so far."""
        self.holds = False
        """Whether it takes requests and answers none."""
        self.rests = False
        """Whether it asks for an hour's rest instead of doing anything."""
        self.written: list[float] = []
        """The instants of the requests that change something."""
        self.watched = 0
        """How many plays it has taken."""
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

    def arrived(self, method: str, path: str, at: float) -> None:
        self.calls += 1
        if method != "GET":
            self.written.append(at)
        for each in self._expected:
            if each[0] == path:
                self._expected.remove(each)
                if not each[1].done():
                    each[1].set_result(at)
                return


async def arrival(expected: asyncio.Future[float], what: str, patience: float = PATIENCE) -> float:
    """Waits for it. Raises ``MeasurementError`` where it does not come."""
    try:
        return await asyncio.wait_for(expected, patience)
    except TimeoutError:
        raise MeasurementError(f"{what} did not reach Trakt within {patience:g} s") from None


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
                self._trakt.arrived(*self._request[:2], time.monotonic())
            method, path, length = self._request
            if len(self._heard) < length:
                return
            body, self._heard, self._request = self._heard[:length], self._heard[length:], None
            if not self._trakt.holds:
                self._transport.write(_REST if self._trakt.rests else self._answered(method, path, body))

    def _answered(self, method: str, path: str, body: bytes) -> bytes:
        status, data = _reply(method, path, body)
        self._trakt.watched += isinstance(data, dict) and (data.get("action") == "scrobble" or "added" in data)
        return _answer(status, data)


def _read(head: bytes) -> tuple[str, str, int]:
    """Method, path without its query, and length of the body."""
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ")
    headers = dict(line.lower().split(":", 1) for line in lines)
    return method, target.partition("?")[0], int(headers.get("content-length", "0"))


def _answer(status: str, data: Any) -> bytes:
    content = b"" if data is None else json.dumps(data).encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    return head.encode() + content


def _reply(method: str, path: str, body: bytes) -> tuple[str, Any]:
    names = path.strip("/").split("/")
    return _looked_up(names) if method == "GET" else _taken(names, body)


def _taken(names: list[str], body: bytes) -> tuple[str, Any]:
    match names:
        case ["scrobble", action]:
            said = json.loads(body)
            done = "scrobble" if action == "stop" and said["progress"] >= 80 else action
            film = _film(said["movie"]["ids"]["trakt"])
            return "201 Created", {"id": 1, "action": done, "progress": said["progress"], "movie": film}
        case ["sync", "history"]:
            return "201 Created", {"added": {"movies": 1, "episodes": 0}, "not_found": {}}
        case ["floor"]:
            return "201 Created", {"id": 1, "action": "pause", "progress": 10.0, "movie": _film(1)}
    return "404 Not Found", None


def _looked_up(names: list[str]) -> tuple[str, Any]:
    match names:
        case ["search", "movie"]:
            return "200 OK", [{"type": "movie", "score": 1000.0, "movie": _film(1)}]
        case ["search", "imdb", imdb]:
            return "200 OK", [{"type": "movie", "score": 1000.0, "movie": _film(int(imdb.removeprefix("tt")))}]
        case ["users", "me", "watching"]:
            return "204 No Content", None
        case ["sync", "playback"] | ["sync", "history", _]:
            return "200 OK", []
    return "404 Not Found", None


def _film(number: int) -> dict[str, Any]:
    """One of very many; the first is the one that all players show but where it says otherwise."""
    name = "Bench" if number == 1 else f"Bench {number}"
    ids = {"trakt": number, "slug": f"bench-{number}", "imdb": f"tt{number:07}", "tmdb": number}
    return {"title": name, "year": 2020, "ids": ids, "runtime": 10}
