"""Whether a socket belongs to a live mpv of this user, and what it says byte for byte.

A raw connection with a time limit, because the library's own would wait without end for a peer that never answers, and
loses bytes of file names that are not UTF-8.
"""

import asyncio
import errno
import json
import os
import socket
import struct
from enum import Enum
from pathlib import Path

from msgspec import Struct

ANSWER_WITHIN = 2.0
"""Seconds for an answer; a starting mpv accepts connections up to about 0.2 s before it answers."""

_BIND_TO_LISTEN = 1.0
"""Seconds in which a refusal may still come from an mpv between bind and listen."""

_TRY_EVERY = 0.05
_LONGEST_ANSWER = 1 << 20


class Peer(Struct, frozen=True, kw_only=True):
    """The process that listens on a socket, as the kernel knows it. Where the kernel does not tell, both are None."""

    pid: int | None
    uid: int | None


class Live(Struct, frozen=True, kw_only=True):
    """A player that answers."""

    pid: int


class Dead(Enum):
    """Why a socket is no player to attach to."""

    STALE = "nobody listens"
    FOREIGN = "another user's"
    SILENT = "no sensible answer, perhaps later"


def peer(connected: socket.socket) -> Peer:
    """Who listens at the other end (Linux' SO_PEERCRED)."""
    if not hasattr(socket, "SO_PEERCRED"):
        return Peer(pid=None, uid=None)
    pid, uid, _ = struct.unpack("3i", connected.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    return Peer(pid=pid or None, uid=uid)  # 0: a process outside our PID namespace


async def probe(path: Path) -> Live | Dead:
    """Looks who is there. Takes up to 3 s and leaves nothing behind."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _BIND_TO_LISTEN
    while True:
        try:
            return await _identify(path)
        except FileNotFoundError:
            return Dead.STALE
        except ConnectionRefusedError:
            if loop.time() >= deadline:
                return Dead.STALE
        except (OSError, ValueError):  # a full backlog, a time-out, an end without an answer, no JSON
            return Dead.SILENT
        await asyncio.sleep(_TRY_EVERY)


async def _identify(path: Path) -> Live | Dead:
    with _connected(path) as connected:
        them = peer(connected)
        if (_owner(path) if them.uid is None else them.uid) not in {os.getuid(), 0}:
            return Dead.FOREIGN
        pid = (await _ask(connected, ("pid",)))["pid"]
    if not isinstance(pid, int):
        return Dead.SILENT
    return Live(pid=them.pid or pid)  # the kernel's, as one in a container says a number of its own


def _owner(path: Path) -> int:
    """Whose the socket is: the next best where the kernel does not tell who listens on it."""
    return path.stat().st_uid


async def exact(path: Path, pid: int, *properties: str) -> dict[str, object]:
    """Properties with every byte of a file name kept (as ``os.fsdecode`` does).

    Empty where the socket's name now belongs to another process, or to none.
    """
    try:
        with _connected(path) as connected:
            if peer(connected).pid not in {pid, None}:
                return {}
            return await _ask(connected, properties)
    except (OSError, ValueError):
        return {}


def _connected(path: Path) -> socket.socket:
    """A new connection. Never waits: a Unix socket connects at once, or its backlog is full."""
    connected = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | getattr(socket, "SOCK_CLOEXEC", 0))
    try:
        connected.setblocking(False)
        connected.connect(os.fspath(path))
    except BaseException:
        connected.close()
        raise
    return connected


async def _ask(connected: socket.socket, properties: tuple[str, ...]) -> dict[str, object]:
    """The values by name; None where mpv has none. Raises OSError or ValueError where no mpv answers."""
    loop = asyncio.get_running_loop()
    asked = [
        json.dumps({"command": ["get_property", name], "request_id": number}) for number, name in enumerate(properties)
    ]
    answers: dict[str, object] = {}
    heard = b""
    async with asyncio.timeout(ANSWER_WITHIN):
        await loop.sock_sendall(connected, "".join(line + "\n" for line in asked).encode())
        while len(answers) < len(properties):
            chunk = await loop.sock_recv(connected, 65536)
            if not chunk or len(heard) > _LONGEST_ANSWER:
                raise OSError(errno.EPROTO, "no answer as mpv gives it")
            *lines, heard = (heard + chunk).split(b"\n")
            for line in lines:
                said = json.loads(os.fsdecode(line))
                number = said.get("request_id") if isinstance(said, dict) and "event" not in said else None
                if isinstance(number, int) and 0 <= number < len(properties):
                    answers[properties[number]] = said.get("data")
    return answers
