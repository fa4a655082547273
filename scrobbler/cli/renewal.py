"""One run after another in one process and under one lock, each with the configuration that holds by then."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import NoReturn

from scrobbler.errors import ConfigError
from scrobbler.settings.config import Config

log = logging.getLogger("scrobbler")

Begin = Callable[[Config, asyncio.Event], Awaitable[None]]
"""Runs until it is cancelled, or ends by itself, and in peace, once the event is set."""


class Renewed(Exception):  # noqa: N818  # no error
    """A run ends because another one takes its place."""


def give_way() -> NoReturn:
    """End the run so. Raises ``Renewed``, and nothing else."""
    raise Renewed


async def renewing(begin: Begin, first: Config, changes: AsyncGenerator[Config, None]) -> None:
    """Run with the first, and with each other one as it comes, until cancelled.

    One that cannot be run with is logged and gives way to the one before. Raises what a run raises otherwise.
    """
    holds, before = first, None
    async with aclosing(changes):
        changing = asyncio.ensure_future(anext(changes))
        running: asyncio.Future[None] | None = None
        try:
            while True:
                over = asyncio.Event()
                running = asyncio.ensure_future(begin(holds, over))
                await asyncio.wait({running, changing}, return_when=asyncio.FIRST_COMPLETED)
                if running.done():
                    holds, before = _fallen_back(running, before), None
                    continue
                fresh = changing.result()
                changing = asyncio.ensure_future(anext(changes))
                log.info("the configuration was changed: going on with what it says now")
                over.set()
                await running
                holds, before = fresh, holds
        finally:
            rest = [task for task in (running, changing) if task is not None]
            for task in rest:
                task.cancel()
            await asyncio.wait(rest)


def _fallen_back(run: asyncio.Future[None], before: Config | None) -> Config:
    """The configuration to go back to after a run that ended by a mistake in its own. Raises what it raised if none."""
    try:
        run.result()
    except (ConfigError, ExceptionGroup) as error:
        mistake = _mistake(error)
        if before is None or mistake is None:
            raise
        log.error("%s; what was set before still holds", mistake)  # noqa: TRY400  # the words are enough
        return before
    raise AssertionError("a run ends only when it is told to")


def _mistake(error: Exception) -> BaseException | None:
    if not isinstance(error, ExceptionGroup):
        return error
    mistakes = error.subgroup(ConfigError)
    return first(mistakes) if mistakes else None


def first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The first mistake of a group, for there is one line to say it in."""
    inner = group.exceptions[0]
    return first(inner) if isinstance(inner, BaseExceptionGroup) else inner
