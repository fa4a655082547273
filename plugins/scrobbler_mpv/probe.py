"""Whether a socket belongs to a live mpv of this user."""

import asyncio
import os
from enum import Enum
from pathlib import Path

from msgspec import Struct

from scrobbler_mpv.client import connected

_BIND_TO_LISTEN = 1.0
"""Seconds in which a refusal may still come from an mpv between bind and listen."""

_TRY_EVERY = 0.05


class Live(Struct, frozen=True, kw_only=True):
    """A player that answers."""

    pid: int


class Dead(Enum):
    """Why a socket is no player to attach to."""

    STALE = "nobody listens"
    FOREIGN = "another user's"
    SILENT = "no sensible answer, perhaps later"


async def probe(path: Path) -> Live | Dead:
    """Looks who is there. Takes up to 4 s and leaves nothing behind."""
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
        except OSError:  # a full backlog
            return Dead.SILENT
        await asyncio.sleep(_TRY_EVERY)


async def _identify(path: Path) -> Live | Dead:
    async with connected(path) as client:
        them = client.peer
        if (_owner(path) if them.uid is None else them.uid) not in {os.getuid(), 0}:
            return Dead.FOREIGN
        pid = (await client.ask("pid")).get("pid")
    if not isinstance(pid, int):
        return Dead.SILENT
    return Live(pid=them.pid or pid)  # the kernel's, as one in a container says a number of its own


def _owner(path: Path) -> int:
    """Whose the socket is: the next best where the kernel does not tell who listens on it."""
    return path.stat().st_uid
