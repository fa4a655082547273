"""A stream of progress posts at a fixed pace, whatever becomes of them; it comes from a process of its own.

Each post is sent when it is due, whether or not earlier ones were answered, and its time counts from that instant: so a
stall is in the figures of all posts that had to wait for its end. Each device has a connection, which it keeps; what is
posted on it before an answer has come waits there, as HTTP wants.
"""

import asyncio
import os
import selectors
import sys
import time
from collections import deque
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
from bench.figure import MeasurementError
from bench.jellyfin import USERS, post, said
from msgspec import Struct

PATIENCE = 15.0
"""Seconds for the answers that are still to come when the last post was sent."""
_TESTS = Path(__file__).resolve().parents[1]


class Stream(Struct, frozen=True, kw_only=True):
    """What is to be posted where: so many posts a second, for so many seconds, from so many devices in turn.

    ``began_at``: the reading of the monotonic clock at which all of them began to play.
    """

    url: str
    path: str
    rate: float
    seconds: float
    devices: int
    began_at: float


class Poured(Struct, frozen=True, kw_only=True):
    """What became of it. Milliseconds from the instant at which a post was due."""

    took: tuple[float, ...]
    """Until its answer was read."""
    late: tuple[float, ...]
    """Until it was sent: the part of the above that is ours."""
    refused: int
    """How many answers were no 200."""
    unanswered: int
    seconds: float
    """From the first post until the last answer."""


async def pour(stream: Stream) -> Poured:
    """Posts it from a process of its own. Raises ``MeasurementError``."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.hose"),
        env=os.environ | {"PYTHONPATH": str(_TESTS)},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    told, _ = await process.communicate(msgspec.json.encode(stream))
    if process.returncode:
        raise MeasurementError(f"the posts to {stream.path} came to nothing")
    return msgspec.json.decode(told, type=Poured)


class _Device(asyncio.Protocol):
    """One connection, and what on it waits for an answer."""

    def __init__(self) -> None:
        self.due: deque[float] = deque()
        self.answered: list[tuple[float, float]] = []
        """When each was due, and when its answer was read."""
        self.refused = 0
        self._heard = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def send(self, due: float, request: bytes) -> None:
        self.due.append(due)
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        at = time.monotonic()
        self._heard += data
        while True:
            head, found, rest = self._heard.partition(b"\r\n\r\n")
            length = _length(head) if found else 0
            if not found or len(rest) < length:
                return
            self._heard = rest[length:]
            self.answered.append((self.due.popleft(), at))
            self.refused += not head.startswith(b"HTTP/1.1 200 ")

    def close(self) -> None:
        self._transport.close()


def _length(head: bytes) -> int:
    return int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])


async def _connected(url: str) -> _Device:
    where = urlsplit(url)
    assert where.hostname
    assert where.port
    return (await asyncio.get_running_loop().create_connection(_Device, where.hostname, where.port))[1]


async def _pour(stream: Stream) -> Poured:
    devices = [await _connected(stream.url) for _ in range(stream.devices)]
    began, late = time.monotonic(), list[float]()
    for number in range(round(stream.rate * stream.seconds)):
        due = began + number / stream.rate
        if (wait := due - time.monotonic()) > 0:
            await asyncio.sleep(wait)
        which = number % stream.devices
        place = 600.0 + time.monotonic() - stream.began_at
        words = said("PlaybackProgress", f"tv {which}", place, user=USERS[which % len(USERS)])
        devices[which].send(due, post(stream.path, words))
        late.append(time.monotonic() - due)
    end = time.monotonic() + PATIENCE
    while any(device.due for device in devices) and time.monotonic() < end:  # noqa: ASYNC110  # forty of them
        await asyncio.sleep(0.005)
    answered = sorted(each for device in devices for each in device.answered)
    for device in devices:
        device.close()
    return Poured(
        took=tuple(round((at - due) * 1000, 3) for due, at in answered),
        late=tuple(round(each * 1000, 3) for each in late),
        refused=sum(device.refused for device in devices),
        unanswered=sum(len(device.due) for device in devices),
        seconds=max(at for _, at in answered) - began if answered else 0.0,
    )


def main() -> None:
    """Reads what is to be posted, posts it, and tells what became of it."""
    stream = msgspec.json.decode(sys.stdin.buffer.read(), type=Stream)
    loop = asyncio.SelectorEventLoop(selectors.SelectSelector())  # epoll would wake us up to a millisecond late
    sys.stdout.buffer.write(msgspec.json.encode(loop.run_until_complete(_pour(stream))))
    loop.close()


if __name__ == "__main__":
    main()
