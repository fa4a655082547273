"""Which of the things that are said over and over were noted a moment ago; a server may say them every second."""

from collections.abc import Hashable
from datetime import datetime, timedelta
from typing import Final

AGAIN_AFTER: Final = timedelta(minutes=10)
REMEMBERED: Final = 1000
"""So many things; the one that was noted longest ago is forgotten, and would be noted again."""


class Repeats:
    """What was noted, and when."""

    def __init__(self) -> None:
        self._noted: dict[Hashable, datetime] = {}

    def is_new(self, said: Hashable, at: datetime) -> bool:
        """Whether it was not noted within the last minutes; it is now. (A clock that was set back notes it again.)"""
        noted_at = self._noted.get(said)
        if noted_at is not None and timedelta() <= at - noted_at < AGAIN_AFTER:
            return False
        self._noted.pop(said, None)
        self._noted[said] = at
        if len(self._noted) > REMEMBERED:
            del self._noted[next(iter(self._noted))]
        return True
