"""A Jellyfin server that posts webhooks: what it says, and the connection on which it says it."""

import asyncio
import json
import time
from urllib.parse import urlsplit

from bench.figure import MeasurementError

USERS = ("marta", "tom", "lena", "paul")
_USERS = ", ".join(f'"{user}" = "default"' for user in USERS)
SECRET = "the secret of the bench"
PLAYERS = f'[players.jellyfin]\nsecret = "{SECRET}"\nusers = {{ {_USERS} }}\n'
TICKS = 10_000_000


def said(kind: str, device: str, place: float, *, paused: bool = False, user: str = "marta") -> bytes:
    """What the official plugin sends with all its properties, in short."""
    told = {
        "ServerId": "s" * 32,
        "NotificationType": kind,
        "ItemType": "Movie",
        "Name": "Bench",
        "Year": 2020,
        "Provider_imdb": "tt0000001",
        "RunTimeTicks": 6000 * TICKS,
        "PlaybackPositionTicks": int(place * TICKS),
        "IsPaused": paused,
        "DeviceId": device,
        "NotificationUsername": user,
        "UserId": "u" * 32,
        "Overview": "x" * 400,
    }
    return json.dumps(told).encode()


def post(path: str, body: bytes) -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: text/plain; charset=utf-8\r\n"
    return f"{head}X-Scrobbler-Token: {SECRET}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


class Line:
    """A connection that is kept."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def to(cls, url: str) -> "Line":
        where = urlsplit(url)
        return cls(*await asyncio.open_connection(where.hostname, where.port))

    async def ask(self, request: bytes) -> float:
        """Seconds until it was answered with 200."""
        began = time.monotonic()
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        took = time.monotonic() - began
        await self._reader.readexactly(3)  # "ok\n"
        if not head.startswith(b"HTTP/1.1 200 "):
            raise MeasurementError(f"a webhook was answered {head.partition(b' ')[2][:3].decode()}")
        return took

    def close(self) -> None:
        self._writer.close()


async def answers(url: str) -> float:
    """The instant at which a webhook was answered, which waits until the agent has taken up its last run."""
    line = await Line.to(url)
    await line.ask(post("/hooks/jellyfin", said("PlaybackStop", "somewhere", 600.0)))
    line.close()
    return time.monotonic()
