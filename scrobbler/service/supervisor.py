"""What the keeper of the service is told: that we are ready, what we do, and that we are alive.

The protocol is a datagram of lines to the socket that ``NOTIFY_SOCKET`` names
(https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html). Where nobody keeps us, nothing is said.
"""

import asyncio
import contextlib
import os
import socket
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from scrobbler.errors import StateError

SHARE: Final = 0.5
"""A sign of life is given after this share of the time after which the keeper takes us for dead."""


class Supervisor:
    """Who keeps this process, if anybody does."""

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        """``environment``: by default the process's own; the variables are systemd's."""
        found = os.environ if environment is None else environment
        self._address = found.get("NOTIFY_SOCKET", "")
        ours = found.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        every = found.get("WATCHDOG_USEC", "") if ours else ""
        self.patience = int(every) / 1_000_000 if every.isascii() and every.isdigit() and int(every) else None
        """So many seconds without a sign of life, and we are ended; None where nobody watches for one."""

    def ready(self, doing: str) -> None:
        """Everything listens and is watched; ``doing`` is one line that ``systemctl status`` shows."""
        self._tell("READY=1", f"STATUS={doing}")

    def stopping(self) -> None:
        """The end was asked for."""
        self._tell("STOPPING=1")

    async def keep_alive(self, alive: Callable[[], Awaitable[object]]) -> None:
        """Give signs of life until cancelled, each only after ``alive`` has answered.

        A disk that takes nothing is no death: the agent says so itself, waits, and needs no new start.
        """
        if self.patience is None:
            return
        while True:
            with contextlib.suppress(StateError):
                await alive()
            self._tell("WATCHDOG=1")
            await asyncio.sleep(self.patience * SHARE)

    def _tell(self, *lines: str) -> None:
        """One datagram. A keeper that has gone is none of our troubles."""
        if not self._address.startswith(("/", "@")):
            return
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as mouth:
            mouth.connect(address)
            mouth.sendall("\n".join(line.replace("\n", " ") for line in lines).encode())
