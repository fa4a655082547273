"""What all watchers share: how often they look at a position, and how what they see becomes a stream of events."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from datetime import UTC, datetime
from typing import Any, Final

from scrobbler.events import PlayerEvent, Seconds

LOOK_EVERY: Final = Seconds(30.0)
"""Between two looks at the position of something that plays, at most: so much of it may a kill cost. Each look costs
some wake-ups and a commit."""
BELIEVED: Final = Seconds(LOOK_EVERY * 4 / 3)
"""So long is something believed to play that was not looked at: a look may have gone unanswered, and then no more."""
_LOOKS: Final = 20
"""So often, at least, is something shorter looked at: an end that nobody told must not cost more than 5 % of it."""
_SHORTEST: Final = Seconds(1.0)
_EARLY: Final = 0.01
"""Seconds that a timer may fire before its time; what was looked at then is not looked at again at once."""


def utc_now() -> datetime:
    """The clock of this machine."""
    return datetime.now(UTC)


def next_look(last: float, duration: Seconds | None, rate: float) -> float:
    """When to look again, by the same steady clock as the last look. ``rate``: 1.0 is normal speed.

    Looks at what is long fall on whole multiples of their pause, so that those at several players fall together and
    share wake-ups and commits.
    """
    part = LOOK_EVERY if duration is None else duration / (_LOOKS * rate)
    if part < LOOK_EVERY:
        return last + max(part, _SHORTEST)
    return ((last + _EARLY) // LOOK_EVERY + 1) * LOOK_EVERY


def moved_on(position: Seconds, passed: float, rate: float, duration: Seconds | None) -> Seconds:
    """Where something is that has played on for so many seconds since it was looked at; never past its end."""
    reached = position + min(max(passed, 0.0), BELIEVED) * rate
    return Seconds(reached if duration is None else min(reached, duration))


async def stream(
    watch: Callable[[Callable[[PlayerEvent], None]], Coroutine[Any, Any, None]],
) -> AsyncGenerator[PlayerEvent, None]:
    """What ``watch`` tells of, until it ends, or until this is closed or cancelled. Raises what it raises.

    It is called with the function to tell by.
    """
    told: asyncio.Queue[PlayerEvent | None] = asyncio.Queue()
    watching = asyncio.create_task(watch(told.put_nowait))
    watching.add_done_callback(lambda _: told.put_nowait(None))
    try:
        while (event := await told.get()) is not None:
            yield event
        await watching
    finally:
        watching.cancel()
        await asyncio.wait([watching])
