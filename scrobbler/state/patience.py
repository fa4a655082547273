"""Asking the store again and again while the disk takes nothing, so that nothing is thrown away meanwhile."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from scrobbler.errors import StateError

log = logging.getLogger(__name__)

T = TypeVar("T")

RETRY_SECONDS: Final = 5.0


async def patiently(ask: Callable[[], Awaitable[T]]) -> T:
    """What it comes to, in the end: whatever it is that the store is asked for, or that ends in a commit."""
    while True:
        try:
            return await ask()
        except StateError as error:
            log.error("%s; trying again every %.0f s", error, RETRY_SECONDS)  # noqa: TRY400  # the words are enough
            await asyncio.sleep(RETRY_SECONDS)
