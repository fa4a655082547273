"""The project's own sandbox as the Trakt of a measurement: it refuses what Trakt would refuse, and counts plays.

It is served on the benchmark's own loop, so whoever uses it must not block that.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Self

from bench.agent import APP
from double import CATALOGUE

from scrobbler.sandbox import App, Sandbox
from scrobbler.sandbox.journal import Entry
from scrobbler.trakt.tokens import Tokens
from scrobbler.web.server import serving

USER = "default"
SECOND = timedelta(seconds=1)


class Kind(Enum):
    """What a call is for, by what its path begins with; the first that fits."""

    START = ("/scrobble/start",)
    PAUSE = ("/scrobble/pause",)
    STOP = ("/scrobble/stop",)
    LOOKUP = CATALOGUE
    OTHER = ("",)


class Service:
    """One that is served, with one user. Instants are readings of CLOCK_MONOTONIC in seconds."""

    def __init__(self, sandbox: Sandbox, url: str) -> None:
        self.sandbox = sandbox
        self.url = url
        sandbox.world.add_app(App(client_id=APP, client_secret=APP))
        self._account = sandbox.world.account(USER)

    @classmethod
    @asynccontextmanager
    async def running(cls) -> AsyncIterator[Self]:
        sandbox = Sandbox()
        async with serving(sandbox.app, "127.0.0.1", 0) as url:
            yield cls(sandbox, url)

    def tokens(self) -> Tokens:
        """Those of the user, for an agent that calls itself as the benchmark's do."""
        issued = self.sandbox.world.tokens.issue(APP, USER).wire()
        created_at = datetime.fromtimestamp(int(str(issued["created_at"])), UTC)
        return Tokens(
            access_token=str(issued["access_token"]),
            refresh_token=str(issued["refresh_token"]),
            created_at=created_at,
            expires_at=created_at + timedelta(seconds=int(str(issued["expires_in"]))),
        )

    @property
    def plays(self) -> int:
        """How many are in the history."""
        return len(self._account.plays)

    def calls(self, seq: int = 0) -> list[Entry]:
        """All requests after the one of that number, oldest first."""
        return self.sandbox.world.journal.after(seq)

    async def recorded(self, patience: float) -> float | None:
        """Waits for the first play; gives the instant at which it was there, None where it does not come."""
        try:
            async with asyncio.timeout(patience):
                while not self.plays:
                    last = self.calls()[-1].seq if self.calls() else 0
                    await self.sandbox.world.journal.wait(last, patience)
        except TimeoutError:
            return None
        return time.monotonic()


def kind(call: Entry) -> Kind:
    return next(each for each in Kind if call.path.startswith(each.value))


def refused(call: Entry) -> bool:
    """Whether it came to nothing, an answer that never left included."""
    return call.status is None or call.status >= 400


def crowd(instants: Sequence[datetime]) -> int:
    """How many of them lie within one second, at most."""
    return max((sum(first <= each < first + SECOND for each in instants) for first in instants), default=0)
