"""How long an account rests after a failure: the service or the network is ill, not the request.

It lives in memory only: after a restart everything is tried at once. A sender's thread tells what happened, and the
event loop asks how long to wait.
"""

import random
import time
from collections.abc import Callable
from threading import Lock
from typing import Final

from scrobbler.errors import TraktError, Unavailable

FIRST: Final = 2.0
"""Seconds after one failure; each further one doubles it."""
LONGEST: Final = 30.0
"""A watch is to be there half a minute after Trakt is, and one request in that time costs an ill service nothing."""
AFTER_ASKED: Final = 1.0
"""Seconds more than Trakt asked for."""


class Backoff:
    """Grows with failures in a row, is gone with a success, and ends early when there is reason to hope."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._failures = 0
        self._until = self._asked_until = clock()
        self._hoped = False

    def rest(self) -> float:
        """How many seconds to wait before the next attempt."""
        with self._lock:
            return max(0.0, max(self._until, self._asked_until) - self._clock())

    def failed(self, error: TraktError) -> float:
        """An attempt came to nothing. Returns how long to rest: 2 s doubling, with jitter of a quarter."""
        asked = error.retry_after if isinstance(error, Unavailable) else None
        jitter = random.uniform(0.75, 1.0)  # noqa: S311  # it needs no secrecy
        with self._lock:
            now = self._clock()
            self._until = now + min(FIRST * 2 ** min(self._failures, 10), LONGEST) * jitter
            self._failures += 1
            if asked is not None:
                self._asked_until = now + asked + AFTER_ASKED / jitter
        return self.rest()

    def succeeded(self) -> None:
        """Trakt took something of this account."""
        with self._lock:
            self._failures = 0
            self._hoped = False
            self._until = self._clock()

    def end(self) -> None:
        """Something new came in, or the network is back: try at once, unless Trakt itself asked for more time."""
        with self._lock:
            self._until = self._clock()

    def hope(self) -> bool:
        """Another account's call succeeded: try at once, once. Returns whether that changes anything.

        If it fails all the same, the trouble is this account's own, and what others do says nothing about it.
        """
        with self._lock:
            if self._hoped:
                return False
            self._hoped = True
            self._until = self._clock()
            return True
