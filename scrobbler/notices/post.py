"""The way of a notice to all targets: tried again at those that do not take it, and left behind after the last try.

Nothing waits for it. A target that fails is one warning in the log until it works again, whatever it is told.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

from scrobbler.notices.notice import How, Notice, send
from scrobbler.notices.target import Targets

log = logging.getLogger(__name__)

PAUSES: Final = (60.0, 600.0, 3600.0)
"""Seconds until a target that did not take a notice is tried again; after the last it is left alone."""


class Post:
    """Brings notices to all targets. Used on one event loop only."""

    def __init__(self, targets: Targets, *, pauses: Sequence[float] = PAUSES) -> None:
        self.targets = targets
        self._pauses = pauses
        self._failing: set[int] = set()

    async def deliver(
        self,
        notice: Notice,
        took: Callable[[], None],
        over: Callable[[], bool] = lambda: False,
        news: asyncio.Event | None = None,
    ) -> None:
        """Tell all targets, until each was told, all was tried, or it is over; there must be one.

        ``took`` is called when one took it, maybe more than once. ``news`` is set whenever it may be over.
        """
        left: Sequence[int] = range(len(self.targets.addresses))
        news = news or asyncio.Event()
        for pause in (*self._pauses, None):
            outcomes = await send(self.targets, notice, left)
            if any(outcome.how is How.TOOK for outcome in outcomes):
                took()
            for outcome in outcomes:
                self._heed(outcome.target, None if outcome.how is How.TOOK else outcome.why)
            left = tuple(outcome.target for outcome in outcomes if outcome.how is not How.TOOK)
            if not left or over() or pause is None:
                return
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await news.wait()
            if over():
                return

    def _heed(self, number: int, failure: str | None) -> None:
        """One warning for a target that fails, until it works again."""
        if failure is None:
            self._failing.discard(number)
        elif number not in self._failing:
            self._failing.add(number)
            log.warning("notification: %s %s", self.targets.name(number), failure)
