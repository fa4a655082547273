"""Shows an account's invitation where it is needed: in the windows of the players that are its own."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from scrobbler.adapters import Screen, Screens, Sign
from scrobbler.trakt.signin import DeviceCode
from scrobbler.welcome.invitation import Asking, Invitation, SignedIn, State, Waiting

QUIET_FOR: Final = timedelta(days=1)
"""So long is nothing shown after somebody put it away."""


class Usher:
    """Invites in the windows of one watcher while its account is not signed in."""

    def __init__(self, screens: Screens, invitation: Invitation, clock: Callable[[], datetime]) -> None:
        self._screens = screens
        self._invitation = invitation
        self._clock = clock
        self._quiet_until = clock()

    async def run(self) -> None:
        """Do so until cancelled; costs nothing while the account is signed in."""
        while True:
            await self._until(lambda state: not isinstance(state, SignedIn))
            async with asyncio.TaskGroup() as tasks:
                inviting = tasks.create_task(self._invite())
                await self._until(lambda state: isinstance(state, SignedIn))
                inviting.cancel()

    async def _invite(self) -> None:
        async with asyncio.TaskGroup() as tasks, aclosing(self._screens.screens()) as screens:
            async for screen in screens:
                tasks.create_task(self._show(screen))

    async def _show(self, screen: Screen) -> None:
        """One code in one window, while it is good."""
        if self._clock() < self._quiet_until:
            return
        self._invitation.open()
        waiting = await self._until(lambda state: not isinstance(state, Asking))
        if not isinstance(waiting, Waiting):
            return
        async with asyncio.TaskGroup() as tasks:
            shown = tasks.create_task(screen.show(sign(waiting.code)))
            over = tasks.create_task(self._until(lambda state: state != waiting))
            await asyncio.wait([shown, over], return_when=asyncio.FIRST_COMPLETED)
            if shown.done() and shown.result():
                self._quiet_until = self._clock() + QUIET_FOR
            shown.cancel()
            over.cancel()

    async def _until(self, reached: Callable[[State], bool]) -> State:
        async with aclosing(self._invitation.states()) as states:
            async for state in states:
                if reached(state):
                    return state
        raise asyncio.CancelledError  # the agent ends


def sign(code: DeviceCode) -> Sign:
    """What a screen shows of a code."""
    page = urlsplit(code.verification_url)
    return Sign(
        link=code.activation_url,
        words=("Scan to sign in to Trakt,", f"or enter {code.user_code} at", f"{page.netloc}{page.path}"),
    )
