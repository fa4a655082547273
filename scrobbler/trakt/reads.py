"""How many reads Trakt takes, counted on our side, so that it never has to turn one away."""

from collections import deque
from collections.abc import Callable
from threading import Lock
from typing import Final

from scrobbler.errors import Unavailable

MOST: Final = 1000
"""Reads that Trakt takes from a user, or from an app without one..."""
SPAN: Final = 300.0
"""...within so many seconds."""


class Reads:
    """The reads of one client within the last five minutes. Threads may share it."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """``clock`` gives seconds and is never set back."""
        self._clock = clock
        self._made: deque[float] = deque(maxlen=MOST)
        self._lock = Lock()

    def count(self) -> None:
        """One more is made now. Raises ``Unavailable`` where it would be one too many: it must wait."""
        with self._lock:
            now = self._clock()
            wait = self._made[0] + SPAN - now if len(self._made) == MOST else 0.0
            if wait > 0:
                raise Unavailable(f"{MOST} reads in five minutes are as many as Trakt takes", retry_after=wait)
            self._made.append(now)
