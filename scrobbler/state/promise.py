"""What a commit will bring, for a thread or for an event loop to wait for.

An event loop is woken by a byte in a pipe, and whoever writes it lets the loop run at once. So what was committed
together is kept together, and a loop hears of all of it by one byte and not by one for each.
"""

import asyncio
from collections.abc import Generator, Iterable
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, TypeVar

T = TypeVar("T")


class Promise(Future[T]):
    """A future of another thread's that can be awaited as it is."""

    def __init__(self) -> None:
        super().__init__()
        self.waiters: list[asyncio.Future[None]] = []

    def cancel(self) -> bool:
        """Who stops waiting for a commit changes nothing about it."""
        return False

    def __await__(self) -> Generator[Any, None, T]:
        if not self.done():
            waiter = asyncio.get_running_loop().create_future()
            self.waiters.append(waiter)
            if not self.done():  # else whoever kept it may not have seen the waiter
                yield from waiter
        return self.result()


def wake(kept: Iterable[Promise[Any]]) -> None:
    """Let those go on who wait for these, which are done, on an event loop. Called on the thread that kept them."""
    waiting: dict[asyncio.AbstractEventLoop, list[asyncio.Future[None]]] = {}
    for promise in kept:
        for waiter in promise.waiters:
            waiting.setdefault(waiter.get_loop(), []).append(waiter)
    for loop, waiters in waiting.items():
        with suppress(RuntimeError):  # it has ended, and who waited on it
            loop.call_soon_threadsafe(_finish, waiters)


def _finish(waiters: Iterable[asyncio.Future[None]]) -> None:
    for waiter in waiters:
        if not waiter.done():  # nobody waits any more
            waiter.set_result(None)
