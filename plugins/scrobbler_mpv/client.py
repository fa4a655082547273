"""One client of an mpv: its commands, their answers and its events, each a line of JSON over the player's socket.

Everything happens on the event loop: what mpv says wakes nobody else, and comes in mpv's own order. Why this is no
library's: ``spec/decisions/0011-our-own-line-to-mpv.md``.
"""

import asyncio
import json
import logging
import os
import socket
import struct
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

log = logging.getLogger(__name__)

ANSWER_WITHIN: Final = 3.0
"""Seconds. A running mpv takes 0.1 ms; a frozen one may never answer, and a starting one takes up to 0.2 s."""
_LONGEST: Final = 1 << 20
"""Bytes of a line. A play list of 5000 entries has half of it, and is never asked for."""
_NOBODY: Final = 0
"""The number of a command whose answer nobody waits for."""

Heard = Callable[[str, Mapping[str, Any]], None]


class Peer(Struct, frozen=True, kw_only=True):
    """The process that listens on a socket, as the kernel knows it. Where the kernel does not tell, both are None."""

    pid: int | None
    uid: int | None


class Client(asyncio.Protocol):
    """A connection to the mpv behind a socket; ``connected`` makes one."""

    peer: Peer

    def __init__(self, heard: Heard, gone: Callable[[], None]) -> None:
        self._heard = heard
        self._gone = gone
        self._line = b""
        self._numbers = count(_NOBODY + 1)
        self._owed: dict[int, tuple[str, _Question]] = {}

    def command(self, *words: object) -> None:
        """Has mpv do something, without waiting for it; where this version does not know it, nothing comes of it."""
        self._say({_NOBODY: words})

    async def ask(self, *properties: str) -> dict[str, object]:
        """The values of these, None for what mpv has not; file names as ``os.fsdecode`` makes them.

        Empty where mpv does not answer: while it owes an answer, as a frozen one does, it is asked nothing more, so
        that what it has not read cannot grow.
        """
        if self._owed or self._transport.is_closing():
            return {}
        question = _Question(len(properties))
        asked = {next(self._numbers): name for name in properties}
        self._owed = {number: (name, question) for number, name in asked.items()}
        self._say({number: ("get_property", name) for number, name in asked.items()})
        try:
            async with asyncio.timeout(ANSWER_WITHIN):
                await question.answered
        except TimeoutError:
            return {}
        return question.answers if len(question.answers) == len(properties) else {}

    def close(self) -> None:
        """Ends the connection at once, with a frozen mpv too. May be called again."""
        self._transport.abort()

    def _say(self, commands: Mapping[int, tuple[object, ...]]) -> None:
        lines = (json.dumps({"command": words, "request_id": number}) for number, words in commands.items())
        self._transport.write("".join(f"{line}\n" for line in lines).encode())

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio: it is open."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  # a stream socket's always is
        self._transport = transport
        self.peer = _peer(transport.get_extra_info("socket"))

    def data_received(self, data: bytes) -> None:
        """asyncio: mpv said something."""
        *lines, self._line = (self._line + data).split(b"\n")
        for line in lines:
            self._read(line)
        if len(self._line) > _LONGEST:
            log.warning("an mpv (pid %s) says a line without an end; its connection is closed", self.peer.pid)
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # an mpv may go without a word
        """asyncio: it is closed, by either side."""
        for _, question in self._owed.values():
            question.end()
        self._owed = {}
        self._gone()

    def _read(self, line: bytes) -> None:
        try:
            said = json.loads(os.fsdecode(line))
        except ValueError:
            said = None
        if not isinstance(said, dict):
            log.debug("an mpv (pid %s) said something that is no JSON object", self.peer.pid)
        elif isinstance(event := said.get("event"), str):
            self._heard(event, said)
        elif isinstance(number := said.get("request_id"), int) and number in self._owed:
            name, question = self._owed.pop(number)
            question.answer(name, said.get("data"))


class _Question:
    """Some properties that were asked for together."""

    def __init__(self, count: int) -> None:
        self.answers: dict[str, object] = {}
        self.answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._count = count

    def answer(self, name: str, value: object) -> None:
        self.answers[name] = value
        if len(self.answers) == self._count:
            self.end()

    def end(self) -> None:
        if not self.answered.done():
            self.answered.set_result(None)


@asynccontextmanager
async def connected(
    path: Path, heard: Heard = lambda _event, _said: None, gone: Callable[[], None] = lambda: None
) -> AsyncIterator[Client]:
    """A new connection, closed in the end. ``heard`` gets each event, and ``gone`` comes after the last one.

    Raises OSError where nobody listens (or the backlog is full), at once: a Unix socket never lets one wait.
    """
    line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        line.setblocking(False)
        line.connect(os.fspath(path))
        _, client = await asyncio.get_running_loop().create_unix_connection(lambda: Client(heard, gone), sock=line)
    except BaseException:
        line.close()
        raise
    try:
        yield client
    finally:
        client.close()
        await asyncio.sleep(0)  # asyncio closes the socket in its next turn


def _peer(line: socket.socket) -> Peer:
    """Who listens at the other end (Linux' SO_PEERCRED)."""
    if not hasattr(socket, "SO_PEERCRED"):
        return Peer(pid=None, uid=None)
    pid, uid, _ = struct.unpack("3i", line.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    return Peer(pid=pid or None, uid=uid)  # 0: a process outside our PID namespace
