"""The other side of the wire: a sandbox on a real socket, and what tests ask it."""

import asyncio
import threading
from collections.abc import Coroutine
from contextlib import AsyncExitStack, ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from starlette.types import ASGIApp

from scrobbler.sandbox import Fault, FaultKind, Sandbox
from scrobbler.trakt.app import App
from scrobbler.trakt.tokens import TokenFile, Tokens
from scrobbler.web.server import serving

T = TypeVar("T")

CATALOGUE = ("/search/", "/movies/", "/shows/")
"""Where the paths of lookups begin."""


class Served:
    """ASGI apps on real sockets of the loopback, served by a thread of their own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def open(self, stack: ExitStack, app: ASGIApp) -> str:
        """The address of the app, which is served until the stack is left."""
        open_ones = AsyncExitStack()
        stack.callback(lambda: self._run(open_ones.aclose()))
        return self._run(open_ones.enter_async_context(serving(app, "127.0.0.1", 0)))

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, what: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(what, self._loop).result(20)


class Double:
    """A sandbox that stands still in time, with one user signed in; what tests ask of the service."""

    def __init__(self, sandbox: Sandbox, url: str) -> None:
        self.sandbox = sandbox
        self.url = url
        self.app = App(client_id="sandbox", client_secret="sandbox-secret", api_url=url, auth_url=url)
        sandbox.rules.write_gap = 0.0
        self._asked = 0

    def tokens(self, state: Path, account: str = "default") -> TokenFile:
        """The file of an account that is signed in."""
        reply = self.sandbox.sign_in(account)
        created = datetime.fromtimestamp(int(str(reply["created_at"])), UTC)
        file = TokenFile(state, account)
        file.write(
            Tokens(
                access_token=str(reply["access_token"]),
                refresh_token=str(reply["refresh_token"]),
                created_at=created,
                expires_at=created + timedelta(seconds=int(str(reply["expires_in"]))),
            )
        )
        return file

    def history(self, account: str = "default") -> list[tuple[str, datetime]]:
        """Title and time of each play, oldest first."""
        return [(str(play.item.title), play.watched_at) for play in self.sandbox.world.account(account).plays]

    def calls(self, *, lookups: bool = False) -> list[str]:
        """The requests since this was asked last, as ``POST /scrobble/start 201``.

        Without ``lookups`` those are left out that only look into the catalogue: they say nothing of an account.
        """
        entries = self.sandbox.world.journal.after(self._asked)
        self._asked += len(entries)
        told = [each for each in entries if lookups or not each.path.startswith(CATALOGUE)]
        return [f"{each.method} {each.path} {each.status or 'dropped'}" for each in told]

    def saw(self, call: str, times: int = 1) -> bool:
        """Whether this request was made so often, ever."""
        entries = self.sandbox.world.journal.after(0)
        return sum(f"{each.method} {each.path} {each.status}" == call for each in entries) >= times

    def fault(self, kind: FaultKind, **more: Any) -> None:
        """Something goes wrong from now on."""
        self.sandbox.faults.add(Fault(kind=kind, **more))
