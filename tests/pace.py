"""The time that a code's thread sleeps away: it passes when a test lets it."""

import threading
from collections.abc import Callable

from conftest import Clock


class Pace:
    """How the test's time passes while a code's thread sleeps: only when it is let."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.waits: list[float] = []
        self._steps = threading.Semaphore(0)

    def let(self, steps: int = 1) -> None:
        """So many waits of the thread may pass."""
        for _ in range(steps):
            self._steps.release()

    def flag(self) -> threading.Event:
        return _Flag(self)

    def pass_by(self, seconds: float, over: Callable[[], bool]) -> bool:
        """One wait; it ends early where the flag is set meanwhile."""
        self.waits.append(seconds)
        while not self._steps.acquire(timeout=0.005):
            if over():
                return True
        self.clock.advance(seconds)
        return over()


class _Flag(threading.Event):
    def __init__(self, pace: Pace) -> None:
        super().__init__()
        self._pace = pace

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        return self.is_set() or self._pace.pass_by(timeout, self.is_set)
