"""A real server with one hook, and what raw bytes on its socket lead to."""

import asyncio
from collections.abc import Sequence

from plugins import sample
from scrobbler.adapters import Ignored
from scrobbler.events import PlayerEvent
from scrobbler.web.app import build
from scrobbler.web.hooks import Hook
from scrobbler.web.server import serving

SECRET = "a secret of the hook"


class Ear:
    """The agent's side: keeps what it hears."""

    def __init__(self) -> None:
        self.heard: list[PlayerEvent | Ignored] = []

    async def receive(self, source: str, heard: Sequence[PlayerEvent | Ignored]) -> None:
        self.heard += heard


def recorded(name: str) -> bytes:
    """A request as it was sent to ``/SOURCE/SECRET``, sent to our hook instead."""
    raw = (sample.SAMPLES / "wire" / f"{name}.http").read_bytes()
    line, _, rest = raw.partition(b"\r\n")
    source = line.split(b"/")[1].decode()
    head = f"POST /hooks/{source} HTTP/1.1\r\nX-Scrobbler-Token: {SECRET}\r\nConnection: close\r\n"
    return head.encode() + rest


def posting(source: str, body: bytes, content_type: str) -> bytes:
    """A request with this body."""
    head = f"POST /hooks/{source} HTTP/1.1\r\nHost: agent\r\nX-Scrobbler-Token: {SECRET}\r\nConnection: close\r\n"
    return f"{head}Content-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


async def answers(source: str, *requests: bytes) -> tuple[list[int], list[PlayerEvent | Ignored]]:
    """The statuses of the answers, and all that the agent heard. Each request has a connection of its own."""
    ear = Ear()
    app = build({source: Hook(webhook=sample.adapter(source), secret=SECRET)}, ear, lambda: sample.AT)
    statuses = []
    async with serving(app, "127.0.0.1", 0) as url, asyncio.timeout(20):
        host, _, port = url.removeprefix("http://").rpartition(":")
        for request in requests:
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(request)
            statuses.append(int((await reader.read()).split()[1]))
            writer.close()
            await writer.wait_closed()
    return statuses, ear.heard
