"""An event loop for an agent whose evening takes a second: where nothing is left to do but wait, its clock jumps."""

import asyncio
import selectors
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

_POLL = 0.002
"""Seconds of real time between two looks at those who work beside the loop."""


class Clock(Protocol):
    """A clock that moves only when it is told to."""

    def monotonic(self) -> float:
        """Seconds."""
        ...

    def advance(self, seconds: float) -> None: ...


class Hourglass(asyncio.SelectorEventLoop):
    """Its time is the clock's. ``works`` says whether a thread or another process still has something to do."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._held = 0
        self.works: Callable[[], bool] = lambda: False
        super().__init__(_Selector(self))

    def time(self) -> float:
        """Seconds."""
        return self._clock.monotonic()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Meanwhile the clock stands still: something happens that takes real time."""
        self._held += 1
        try:
            yield
        finally:
            self._held -= 1

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:  # noqa: ASYNC109  # as asyncio has it
        """Without the limit of time that Python has here from 3.12 on: it would be over at once."""
        await super().shutdown_default_executor()

    def busy(self) -> bool:
        """Whether the clock must not jump."""
        return self._held > 0 or self.works()

    def jump(self, seconds: float) -> None:
        """Nothing happens before that."""
        self._clock.advance(seconds + 1e-6)


class _Selector(selectors.DefaultSelector):
    """Waits for others in real time, and for time itself not at all."""

    def __init__(self, loop: Hourglass) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        while not ready and (timeout is None or timeout > 0):
            busy = self._loop.busy()
            ready = super().select(_POLL if busy or timeout is None else 0)  # what was posted just before the end
            if not busy and not ready and timeout is not None:
                self._loop.jump(timeout)
                break
        return ready
