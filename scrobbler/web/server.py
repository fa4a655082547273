"""An ASGI app on a socket, without a heartbeat.

uvicorn's own ``Server.serve()`` wakes up ten times a second for as long as it lives. Its HTTP protocol does not need
that: here it runs under asyncio's own server, and an idle process sleeps. Nor does it limit how long a request may
take to come in; a connection here does.
"""

import asyncio
import errno
import ipaddress
import logging
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import h11
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from scrobbler.errors import ConfigError
from scrobbler.web.doors import Doors

MAX_CONNECTIONS: Final = 256
"""At once. One more takes the place of the one that has been waiting for its request for longest, if there is one."""
MAX_OF_A_PEER: Final = 64
"""Connections from one address at once. This machine has no such limit: a reverse proxy on it is everybody."""
IDLE_SECONDS: Final = 75.0
"""So long is a connection kept for its next request: longer than servers keep theirs, so that it is not we who close
it while a webhook is on its way."""
MAX_HEADER_BYTES: Final = 32 * 1024
REQUEST_SECONDS: Final = 20.0
"""So long a request may take to come in, header and body; then its connection is cut. An app may give up earlier."""
FIRST_SECONDS: Final = 0.2
"""So long after it came may a client take to begin its first request, though the server is told to end: nobody sends
a webhook again whose connection was let in and then closed."""
GRACE_SECONDS: Final = 2.0
"""So long a running request may take once the server is told to end."""
_TURNS: Final = 5
"""Of the event loop, from an accepted connection to its request."""


@asynccontextmanager
async def serving(app: ASGIApp, host: str, port: int, doors: Doors | None = None) -> AsyncIterator[str]:
    """Serve the app meanwhile; yields the address, such as ``http://127.0.0.1:8722`` (port 0 picks a free one).

    An app finds in ``scope["state"]["drop"]`` a function that cuts the connection of a ``scope["client"]``; what it
    raises after that is not looked at. Where there are ``doors``, they stay open when it ends.

    Raises ``ConfigError`` where the address cannot be used.
    """
    config = Config(
        app,
        http=H11Protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        timeout_keep_alive=IDLE_SECONDS,  # type: ignore[arg-type]  # it is handed to call_later
        h11_max_incomplete_event_size=MAX_HEADER_BYTES,
    )
    config.load()
    logging.getLogger("uvicorn.access").disabled = True  # its lines would hold the secrets of query strings
    state = ServerState()
    ours = doors or Doors()
    try:
        servers = await ours.open(lambda: _Connection(config, state), host, port)
    except (OSError, UnicodeError) as error:  # a name that cannot be one in the DNS is a UnicodeError
        raise ConfigError(f"cannot listen on {_shown(host, port)}: {_reason(error)}") from None
    try:
        yield f"http://{_shown(*servers[0].sockets[0].getsockname()[:2])}"
    finally:
        await _close(servers)
        if doors is None:
            ours.close()
        await _finish(state)


class _Connection(H11Protocol):
    """One client. It is cut when the app asks for it, or when a request does not come in whole in time."""

    def __init__(self, config: Config, state: ServerState) -> None:
        super().__init__(config=config, server_state=state, app_state={"drop": self._drop})
        self.app = self._serve
        self._waiting: asyncio.TimerHandle | None = None
        self._was_cut = False
        self._watch()  # asyncio makes one of these for each client that comes

    def cut(self) -> None:
        """End it now, whatever is on its way."""
        self._was_cut = True
        self.transport.abort()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self._since = self.loop.time()
        if not self._is_let_in():
            self.cut()

    def patience(self) -> float:
        """For how many seconds more its first request is waited for at the end."""
        request: object = self.cycle  # uvicorn says that there always is one
        return max(0.0, self._since + FIRST_SECONDS - self.loop.time()) if request is None else 0.0

    def _is_let_in(self) -> bool:
        """Whether there is room for one more, which another may have to leave."""
        others = [each for each in self.connections if isinstance(each, _Connection) and each is not self]
        peer = self.client[0] if self.client else ""
        same = sum(each.client is not None and each.client[0] == peer for each in others)
        if same >= MAX_OF_A_PEER and not ipaddress.ip_address(peer).is_loopback:
            return False
        if len(others) < MAX_CONNECTIONS:
            return True
        waiting = [each for each in others if each.cycle is None or each.cycle.response_complete]
        if waiting:
            min(waiting, key=lambda each: each._since).cut()  # noqa: SLF001  # of our own kind
        return bool(waiting)

    def data_received(self, data: bytes) -> None:
        self._since = self.loop.time()
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._relax()
        super().connection_lost(exc)

    def _watch(self) -> None:
        """Have patience with a request that is coming in, counted from its first byte and not from its last."""
        if self.conn.their_state not in {h11.IDLE, h11.SEND_BODY}:
            self._relax()
        elif self._waiting is None:
            self._waiting = self.loop.call_later(REQUEST_SECONDS, self.cut)

    def _relax(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _drop(self, client: tuple[str, int]) -> None:
        for connection in list(self.connections):
            if isinstance(connection, _Connection) and connection.client == tuple(client):
                connection.cut()

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The app, without those of its exceptions that are no fault of its own: uvicorn logs whatever it gets."""
        try:
            await self.config.loaded_app(scope, receive, send)
        except ClientDisconnect:
            return
        except asyncio.CancelledError:  # only ``_finish`` cancels requests
            self.cut()
        except Exception:
            if not self._was_cut:
                raise
        if self._was_cut:
            await asyncio.sleep(0)  # asyncio tells us in its next turn that the connection is lost


async def _close(servers: list[asyncio.Server]) -> None:
    """Let nobody in any more, and then close: asyncio loses whom it is letting in when a server is closed."""
    for server in servers:
        for listening in server.sockets:
            asyncio.get_running_loop().remove_reader(listening)
    for _ in range(_TURNS):
        await asyncio.sleep(0)  # what has come in by now is heard
    for server in servers:
        server.close()


async def _finish(state: ServerState) -> None:
    """Let running requests end, but wait for none that does not (an open event stream never would)."""
    patience = [each.patience() for each in state.connections if isinstance(each, _Connection)]
    if any(patience):
        await asyncio.sleep(max(patience))
    for connection in list(state.connections):
        connection.shutdown()
    running = list(state.tasks)
    if running:
        _, late = await asyncio.wait(running, timeout=GRACE_SECONDS)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late, timeout=GRACE_SECONDS)
    for connection in list(state.connections):
        if isinstance(connection, _Connection) and not connection.transport.is_closing():
            connection.cut()
    await asyncio.sleep(0)  # asyncio closes the sockets in its next turn


def _shown(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _reason(error: OSError | UnicodeError) -> str:
    """Why an address cannot be used, in the system's words; asyncio wraps them into a sentence of its own."""
    if isinstance(error, UnicodeError):
        return "this cannot be the name of a host"
    if isinstance(error, socket.gaierror):
        return error.strerror or str(error)
    # Since Python 3.13 asyncio leaves out the addresses that are not this machine's, and then has none, and no number.
    return os.strerror(error.errno or errno.EADDRNOTAVAIL)
