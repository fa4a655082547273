"""An agent that runs in the test's own process, beside whatever the test does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from scrobbler.agent import Agent
from scrobbler.delivery.outlet import Outlet
from scrobbler.state.store import Store


@asynccontextmanager
async def alive(agent: Agent, store: Store) -> AsyncIterator[None]:
    """It runs meanwhile; then it is ended as a signal does it, and its store is closed."""
    running = asyncio.create_task(agent.run())
    try:
        yield
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        store.close()


def at_work(outlet: Outlet, store: Store) -> bool:
    """Whether a sender or the store still has something to do."""

    def sends() -> bool:
        return outlet.sending is not None and not outlet.sending.done()

    if sends():
        return True
    store.note([]).result()  # what was submitted before it is done, too, and may have begun a request
    return sends()
