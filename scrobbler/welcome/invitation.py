"""Inviting somebody to sign in where he is: a code from Trakt while someone can see it, and what becomes of it.

Theory of operation
-------------------
An account is *signed in* while its file holds tokens that Trakt was not seen to refuse. While it is not, its folder is
watched, whoever writes there, and a page or a player's window may ``open`` an invitation: one device code for all who
look, asked for and polled on a thread of its own, because that is plain blocking code. Its answer goes into the
account's file, and from there on everything goes on by itself.

Nothing is asked of Trakt while nobody looks.
"""

import asyncio
import logging
import threading
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, closing
from datetime import datetime
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from scrobbler.delivery.senders import Senders
from scrobbler.errors import ScrobblerError, StateError, Unavailable, Uncertain
from scrobbler.folder import appearing
from scrobbler.trakt import signin
from scrobbler.trakt.app import App
from scrobbler.trakt.signin import Answer, DeviceCode
from scrobbler.trakt.tokens import TokenFile

if TYPE_CHECKING:
    from scrobbler.trakt.transport import Transport  # loads httpx

log = logging.getLogger(__name__)

RETRY_SECONDS: Final = 5.0
"""So often is a code asked for while Trakt cannot be reached."""

_SAID: Final = {
    Answer.DENIED: "The sign-in was denied.",
    Answer.EXPIRED: "The code has expired.",
    Answer.USED: "The code was used already.",
    Answer.UNKNOWN: "Trakt does not know the code any more.",
}


class SignedIn(Struct, frozen=True, kw_only=True):
    """The account's tokens work, as far as is known."""


class Needed(Struct, frozen=True, kw_only=True):
    """Somebody has to sign in; ``words`` say why, or how the last try ended."""

    words: str
    tried: bool = False
    """There was a code, and nothing came of it: another is for somebody who asks for it."""


class Asking(Struct, frozen=True, kw_only=True):
    """A code is on its way; ``words`` say why it takes so long, if it does."""

    words: str = ""


class Waiting(Struct, frozen=True, kw_only=True):
    """A code waits to be scanned or typed in."""

    code: DeviceCode


State = SignedIn | Needed | Asking | Waiting


class Invitation:
    """The sign-in of one account, for all who show it. Made and used on one event loop."""

    def __init__(
        self,
        app: App,
        tokens: TokenFile,
        clock: Callable[[], datetime],
        *,
        flag: Callable[[], threading.Event] = threading.Event,
    ) -> None:
        """``flag`` makes what a code's thread sleeps on between two polls."""
        self.account = tokens.account
        self._app = app
        self._tokens = tokens
        self._clock = clock
        self._state: State = self._found()
        self._news = asyncio.Event()
        self._wished = asyncio.Event()
        self._flag = flag
        self._over = flag()
        self._ended = False

    @property
    def state(self) -> State:
        """As it is now."""
        return self._state

    async def states(self) -> AsyncGenerator[State, None]:
        """The state now, and each that comes, until ``run`` ends; one that is over before it is told is left out."""
        while not self._ended:
            state, news = self._state, self._news
            yield state
            if state == self._state:
                await news.wait()

    def open(self) -> None:
        """Let there be a code, if the account is not signed in and none waits or is on its way."""
        if isinstance(self._state, Needed):
            self._become(Asking())
            self._wished.set()

    def look(self) -> None:
        """See what the account's file says. For whoever heard that its tokens were refused, or shows a page."""
        found = self._found()
        if isinstance(found, SignedIn):
            self._over.set()
            self._become(found)
        elif isinstance(self._state, SignedIn):
            self._become(found)

    async def run(self) -> None:
        """Keep in step with the account's file and ask for codes, until cancelled."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._watch())
                while True:
                    await self._wished.wait()
                    self._wished.clear()
                    if isinstance(self._state, Asking):  # somebody may have signed in since the wish
                        await self._sign_in()
        finally:
            self._ended = True
            self._news.set()

    async def _watch(self) -> None:
        """While nobody is signed in, the folder tells of tokens that come; after that, others ``look``."""
        async with aclosing(self.states()) as states:
            async for state in states:
                if not isinstance(state, SignedIn):
                    await self._until_tokens()

    async def _until_tokens(self) -> None:
        folder, name = self._tokens.path.parent, self._tokens.path.name
        async with aclosing(appearing(folder, name=name)) as changes:
            async for _ in changes:
                self.look()
                if isinstance(self._state, SignedIn):
                    return

    async def _sign_in(self) -> None:
        """One code, from the wish for it to its end."""
        loop = asyncio.get_running_loop()
        self._over = self._flag()
        code = _Code(self._app, self._tokens, self._clock, self._over)

        def tell(state: State) -> None:
            loop.call_soon_threadsafe(self._progress, state)

        thread = Senders(1)
        try:
            end = await asyncio.wrap_future(thread.submit(code.run, tell))
            if isinstance(end, Needed):
                log.warning("account %s: %s", self.account, end.words)
            self._progress(end)
            self.look()
        finally:
            self._over.set()
            thread.close()

    def _progress(self, state: State) -> None:
        """How far the code has come; what the account's file says stands above it."""
        if not isinstance(state, SignedIn) and not isinstance(self._state, SignedIn):
            self._become(state)

    def _found(self) -> SignedIn | Needed:
        """What the account's file says."""
        try:
            if self._tokens.read() is None:
                return Needed(words="Nobody has signed in yet.")
            refusal = self._tokens.refusal()
        except StateError as error:
            return Needed(words=f"{error}.")
        return SignedIn() if refusal is None else Needed(words=f"{refusal}.")

    def _become(self, state: State) -> None:
        if state != self._state:
            self._state = state
            news, self._news = self._news, asyncio.Event()
            news.set()


class _UnneededError(Exception):
    """Nobody waits for the code any more."""


class _Code:
    """One code, as plain blocking calls for a thread."""

    def __init__(self, app: App, tokens: TokenFile, clock: Callable[[], datetime], over: threading.Event) -> None:
        """``over`` is set once nobody needs the code any more."""
        self._app = app
        self._tokens = tokens
        self._clock = clock
        self._over = over

    def run(self, tell: Callable[[State], None]) -> State:
        """How it ended; ``tell`` gets what is on the way."""
        from scrobbler.trakt.transport import Transport  # noqa: PLC0415  # loads httpx

        if not self._app.client_id:
            return Needed(words=f"No Trakt app is known: `{self._tokens.login}` asks for one.", tried=True)
        try:
            with self._tokens.locked():
                pass  # a folder that cannot be written to must be known before somebody has typed in a code
            with closing(Transport(self._app)) as transport:
                code = self._begin(transport, tell)
                tell(Waiting(code=code))
                polls = signin.wait(transport, self._app, code, sleep=self._sleep, clock=self._clock)
                *_, last = polls
            if last.tokens is None:
                return Needed(words=_SAID[last.answer], tried=True)
            with self._tokens.locked():
                self._tokens.write(last.tokens)
        except ScrobblerError as error:
            return Needed(words=f"{error}.", tried=True)
        except _UnneededError:
            return Needed(words="Nobody has signed in yet.")
        log.info("account %s: signed in with the code that was shown", self._tokens.account)
        return SignedIn()

    def _begin(self, transport: "Transport", tell: Callable[[State], None]) -> DeviceCode:
        while True:
            try:
                return signin.start(transport, self._app, now=self._clock())
            except (Unavailable, Uncertain) as error:
                tell(Asking(words=f"{error}; trying again."))
                pause = error.retry_after if isinstance(error, Unavailable) else None
                self._sleep(max(RETRY_SECONDS, pause or 0.0))

    def _sleep(self, seconds: float) -> None:
        if self._over.wait(seconds):
            raise _UnneededError
