"""The way out for one account: a task that sends what is due, and sleeps while nothing is."""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from datetime import datetime
from functools import partial
from typing import Final

from scrobbler.delivery.courier import Courier
from scrobbler.delivery.network import Network
from scrobbler.delivery.senders import Senders
from scrobbler.errors import Closed, StateError, Unauthorized
from scrobbler.folder import appearing
from scrobbler.state.decisions import Note, What
from scrobbler.state.entry import Entry
from scrobbler.state.patience import RETRY_SECONDS, patiently
from scrobbler.state.store import Store
from scrobbler.trakt.tokens import Refused, TokenFile, Tokens

log = logging.getLogger(__name__)

CLOSED_SECONDS: Final = 3600.0
"""So long an account rests that Trakt refuses as such, before it is asked again."""


class Outlet:
    """Sends the entries of one account: a task that sleeps while there is nothing to send."""

    def __init__(
        self,
        courier: Courier,
        store: Store,
        tokens: TokenFile,
        clock: Callable[[], datetime],
        network: Network | None = None,
        refused: Callable[[], None] = lambda: None,
        closed: Callable[[str | None], None] = lambda _: None,
    ) -> None:
        """``network``: what this account shares with the others. ``refused`` hears that a sign-in is needed.

        ``closed`` hears why Trakt refuses the account as such, and None whenever it does not.
        """
        self.courier = courier
        self.trouble: str | None = None
        """Why nothing of this account can be sent, in words for the user."""
        self.free = False
        """Whether an entry could leave at once."""
        self._store = store
        self._tokens = tokens
        self._clock = clock
        self._network = network or Network()
        self._refused = refused
        self._closed = closed
        self._claimed: deque[Entry] = deque()
        self._wake = asyncio.Event()
        self.sending: Future[bool] | None = None
        """The request that was begun last."""

    def wake(self, claimed: Entry | None = None) -> None:
        """There is something new: an entry that is claimed already, or one that waits in the store.

        It ends a backoff, and so does whatever else gives hope that it would end well now.
        """
        self.courier.backoff.end()
        if claimed is not None:
            self._claimed.append(claimed)
        self.free = False
        self._wake.set()

    async def run(self, senders: Senders) -> None:
        """Send until cancelled."""
        while True:
            pause = self.courier.ready_in()
            if pause > 0:
                await asyncio.sleep(pause)
            entry = await self._next()
            if entry is None:
                await self._rest()
                continue
            try:
                self.sending = senders.submit(self.courier.deliver, entry)
                if await asyncio.wrap_future(self.sending):
                    self._network.works()
                    self._closed(None)
            except Unauthorized as error:
                await self._until_signed_in(error)
            except Closed as error:
                self._closed(str(error))
                await self._say_trouble(What.CLOSED, str(error))
                await asyncio.sleep(CLOSED_SECONDS)
            except StateError as error:
                # What Trakt made of it could not be written down: look it up as if the answer had been lost.
                self.trouble = str(error)
                log.error("account %s: %s", self.courier.account, error)  # noqa: TRY400  # the words are enough
                await asyncio.sleep(RETRY_SECONDS)
                await patiently(partial(self._store.defer, entry, self._clock(), uncertain=True))
            self.trouble = None

    async def _next(self) -> Entry | None:
        self._wake.clear()
        if self._claimed:
            return self._claimed.popleft()
        if self.courier.backoff.rest() > 0:
            return None
        return await patiently(partial(self._store.claim, self.courier.account, self._clock()))

    async def _rest(self) -> None:
        """Sleep until something new comes in, or until what waits is due and the account has rested."""
        now = self._clock()
        due = await patiently(partial(self._store.next_due, self.courier.account, now))
        rest = self.courier.backoff.rest()
        self.free = due is None and not rest and not self._wake.is_set()
        seconds = None if due is None else max(rest, (due - now).total_seconds(), 0.0)
        outage = due is not None and rest > 0
        hoping = self._network.waiting(back=self.wake, works=self._hope) if outage else contextlib.nullcontext()
        with contextlib.suppress(TimeoutError), hoping:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        self.free = False

    def _hope(self) -> None:
        """A call of another account succeeded."""
        if self.courier.backoff.hope():
            self._wake.set()

    async def _until_signed_in(self, error: Unauthorized) -> None:
        """Nothing can be sent until the account's tokens change; what is watched meanwhile waits."""
        self._refused()
        await self._say_trouble(What.SIGN_IN, f"{error}: run `{self._tokens.login}`; what is watched meanwhile is kept")
        # Not what is in the file by now: somebody may have signed in since. A file that was damaged held none.
        refused = error.tokens if isinstance(error, Refused) else None
        folder = self._tokens.path.parent
        async with contextlib.aclosing(appearing(folder, name=self._tokens.path.name)) as changes:
            async for _ in changes:
                if self._known_tokens() != refused:
                    log.info("%s: signed in", self.courier.account)
                    return

    def _known_tokens(self) -> Tokens | None:
        """The account's tokens; a file that makes no sense holds none."""
        with contextlib.suppress(StateError):
            return self._tokens.read()
        return None

    async def _say_trouble(self, what: What, words: str) -> None:
        self.trouble = words
        account = self.courier.account
        note = Note(at=self._clock(), what=what, words=f"account {account}: {words}", account=account)
        await patiently(partial(self._store.note, [note]))
