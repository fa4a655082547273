"""What may end an outage for whoever waits because of one: a network that comes back, or a call that succeeds.

On Linux the kernel tells of new addresses and routes over a netlink socket, which is open only while somebody waits;
nothing is polled. Elsewhere, and where a sandbox forbids such a socket, the others remain: what succeeds, what is new,
and the timer of whoever waits.
"""

import asyncio
import contextlib
import socket
import struct
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

SETTLE_SECONDS: Final = 0.5
"""An interface that comes up is told in several messages, and the last of them makes it usable."""

_HEADER: Final = struct.Struct("=IHHII")
_NEW_ADDRESS, _NEW_ROUTE = 20, 24
_GROUPS: Final = 0x10 | 0x40 | 0x100 | 0x400
"""Addresses and routes of IPv4 and IPv6 (linux/rtnetlink.h)."""


def kernel() -> socket.socket | None:
    """The kernel's news of addresses and routes; None where it tells none."""
    if sys.platform != "linux":
        return None
    try:
        news = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, socket.NETLINK_ROUTE)
    except OSError:
        return None
    try:
        news.bind((0, _GROUPS))
    except OSError:
        news.close()
        return None
    return news


class Network:
    """Shared by all accounts of an agent. Used on its event loop only."""

    def __init__(self, listen: Callable[[], socket.socket | None] = kernel) -> None:
        """``listen`` opens a socket that becomes readable with news, in the kernel's form."""
        self._listen = listen
        self._waiting: dict[object, tuple[Callable[[], None], Callable[[], None]]] = {}
        self._news: socket.socket | None = None
        self._settling: asyncio.TimerHandle | None = None

    @contextmanager
    def waiting(self, *, back: Callable[[], None], works: Callable[[], None]) -> Iterator[None]:
        """Meanwhile ``back`` is called when the network comes back, ``works`` when a call of any account succeeds."""
        mark = object()
        self._waiting[mark] = back, works
        if len(self._waiting) == 1:
            self._open()
        try:
            yield
        finally:
            del self._waiting[mark]
            if not self._waiting:
                self._close()

    def works(self) -> None:
        """A call succeeded."""
        for _, works in tuple(self._waiting.values()):
            works()

    def _open(self) -> None:
        self._news = self._listen()
        if self._news is not None:
            asyncio.get_running_loop().add_reader(self._news, self._read, self._news)

    def _close(self) -> None:
        if self._settling is not None:
            self._settling.cancel()
            self._settling = None
        if self._news is not None:
            asyncio.get_running_loop().remove_reader(self._news)
            self._news.close()
            self._news = None

    def _read(self, news: socket.socket) -> None:
        """Read what there is; a message that was lost because there were too many may have been a good one."""
        try:
            good = tells_of_new(news.recv(1 << 16))
        except BlockingIOError:
            return
        except OSError:
            good = True
        if good and self._settling is None:
            self._settling = asyncio.get_running_loop().call_later(SETTLE_SECONDS, self._back)

    def _back(self) -> None:
        self._settling = None
        for back, _ in tuple(self._waiting.values()):
            back()


def tells_of_new(messages: bytes) -> bool:
    """Whether one of the kernel's messages is of a new address or a new route."""
    with contextlib.suppress(struct.error):
        while messages:
            length, kind, *_ = _HEADER.unpack_from(messages)
            if kind in {_NEW_ADDRESS, _NEW_ROUTE}:
                return True
            messages = messages[max(_HEADER.size, length + 3 & ~3) :]
    return False
