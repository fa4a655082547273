"""Listening sockets that outlive a server, so that who comes between two of them waits and is not turned away."""

import asyncio
import socket
from collections.abc import Callable
from typing import Final

BACKLOG: Final = 100
"""So many may wait at a door while no server stands behind it."""


class Doors:
    """The addresses on which a server listened last. Close it at the end."""

    def __init__(self) -> None:
        self._address: tuple[str, int] | None = None
        self._kept: list[socket.socket] = []

    async def open(self, made: Callable[[], asyncio.Protocol], host: str, port: int) -> list[asyncio.Server]:
        """Servers on the address, on the very sockets of the last one if that had the same. Raises ``OSError``."""
        loop = asyncio.get_running_loop()
        if (host, port) == self._address:
            return [await loop.create_server(made, sock=kept.dup(), backlog=BACKLOG) for kept in self._kept]
        server = await loop.create_server(made, host, port, backlog=BACKLOG)
        self.close()
        self._address, self._kept = (host, port), [one.dup() for one in server.sockets]
        return [server]

    def close(self) -> None:
        """Let go of them; where a server still listens, it goes on."""
        for one in self._kept:
            one.close()
        self._address, self._kept = None, []
