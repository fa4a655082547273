"""The way out for one account: a task that sends what is due, and sleeps while nothing is."""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Final

from scrobbler.delivery import Courier
from scrobbler.errors import Closed, Unauthorized
from scrobbler.folder import appearing
from scrobbler.store import Entry, Store
from scrobbler.trakt.tokens import TokenFile

log = logging.getLogger(__name__)

CLOSED_SECONDS: Final = 3600.0
"""So long an account rests that Trakt refuses as such, before it is asked again."""


class Outlet:
    """Sends the entries of one account: a task that sleeps while there is nothing to send."""

    def __init__(self, courier: Courier, store: Store, tokens: TokenFile, clock: Callable[[], datetime]) -> None:
        self.courier = courier
        self.trouble: str | None = None
        """Why nothing of this account can be sent, in words for the user."""
        self.free = False
        """Whether an entry could leave at once."""
        self._store = store
        self._tokens = tokens
        self._clock = clock
        self._claimed: deque[Entry] = deque()
        self._wake = asyncio.Event()

    def wake(self, claimed: Entry | None = None) -> None:
        """There is something new: an entry that is claimed already, or one that waits in the store."""
        if claimed is not None:
            self._claimed.append(claimed)
        self.free = False
        self._wake.set()

    async def run(self, senders: ThreadPoolExecutor) -> None:
        """Send until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            wait = self.courier.ready_in()
            if wait > 0:
                await asyncio.sleep(wait)
            entry = await self._next()
            if entry is None:
                await self._rest()
                continue
            try:
                await loop.run_in_executor(senders, self.courier.deliver, entry)
            except Unauthorized as error:
                await self._until_signed_in(error)
            except Closed as error:
                self._say_trouble(str(error))
                await asyncio.sleep(CLOSED_SECONDS)
            self.trouble = None

    async def _next(self) -> Entry | None:
        self._wake.clear()
        if self._claimed:
            return self._claimed.popleft()
        return await asyncio.wrap_future(self._store.claim(self.courier.account, self._clock()))

    async def _rest(self) -> None:
        """Sleep until something new comes in, or until what waits is due."""
        due = await asyncio.wrap_future(self._store.next_due(self.courier.account))
        seconds = None if due is None else max(0.0, (due - self._clock()).total_seconds())
        self.free = due is None and not self._wake.is_set()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        self.free = False

    async def _until_signed_in(self, error: Unauthorized) -> None:
        """Nothing can be sent until the account's tokens change; what is watched meanwhile waits."""
        self._say_trouble(f"{error}; what is watched meanwhile is kept")
        refused = self._tokens.read()
        folder = self._tokens.path.parent
        async with contextlib.aclosing(appearing(folder, name=self._tokens.path.name)) as changes:
            async for _ in changes:
                if self._tokens.read() != refused:
                    log.info("%s: signed in", self.courier.account)
                    return

    def _say_trouble(self, words: str) -> None:
        self.trouble = words
        log.error("account %s: %s", self.courier.account, words)
