"""The pages of an agent at a real address, for accounts that sign in at a sandbox."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
from conftest import Clock
from double import Double
from pace import Pace

from scrobbler.adapters import Ignored
from scrobbler.events import PlayerEvent
from scrobbler.sandbox.devices import DeviceCode
from scrobbler.trakt.tokens import TokenFile
from scrobbler.web.app import build
from scrobbler.web.guard import Guard
from scrobbler.web.login import LoginPages
from scrobbler.web.server import serving
from scrobbler.welcome.invitation import Invitation


class Deaf:
    """An agent that no player calls."""

    async def receive(self, source: str, heard: Sequence[PlayerEvent | Ignored]) -> None:
        raise AssertionError("nobody calls")


class Desk:
    """Where somebody signs in."""

    def __init__(self, folder: Path, double: Double, clock: Clock, *accounts: str) -> None:
        self.double = double
        self.state = folder / "state"
        self.pace = Pace(clock)
        self.clock = clock
        self.url = ""
        self.invitations = {
            name: Invitation(double.app, TokenFile(self.state, name), clock, flag=self.pace.flag) for name in accounts
        }

    @property
    def device(self) -> DeviceCode:
        """The code that was asked for last."""
        return self.double.sandbox.world.devices.codes[-1]

    @property
    def link(self) -> str:
        """Where its QR code leads."""
        return f"{self.double.url}/activate/{self.device.user_code}"

    @property
    def codes(self) -> int:
        """How many were asked for."""
        return len(self.double.sandbox.world.devices.codes)

    def decide(self, *, approve: bool) -> None:
        """The user's word, which the next poll hears."""
        assert self.double.sandbox.world.devices.decide(self.device, approve=approve)
        self.pace.let()


@asynccontextmanager
async def opened(desk: Desk, password: str | None = None) -> AsyncIterator[Desk]:
    """The pages are served meanwhile."""
    pages = LoginPages(desk.invitations, Guard(password=password), desk.clock)
    app = build({}, Deaf(), desk.clock, pages.routes())
    async with serving(app, "127.0.0.1", 0) as desk.url, anyio.create_task_group() as tasks:
        for invitation in desk.invitations.values():
            tasks.start_soon(invitation.run)
        try:
            yield desk
        finally:
            tasks.cancel_scope.cancel()
