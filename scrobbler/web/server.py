"""An ASGI app on a socket, without a heartbeat.

uvicorn's own ``Server.serve()`` wakes up ten times a second for as long as it lives. Its HTTP protocol does not need
that: here it runs under asyncio's own server, and an idle process sleeps.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

from starlette.types import ASGIApp
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from scrobbler.errors import ConfigError

MAX_CONNECTIONS: Final = 256
MAX_HEADER_BYTES: Final = 32 * 1024
GRACE_SECONDS: Final = 2.0
"""So long a running request may take once the server is told to end."""


@asynccontextmanager
async def serving(app: ASGIApp, host: str, port: int) -> AsyncIterator[str]:
    """Serve the app meanwhile; yields the address, such as ``http://127.0.0.1:8722`` (port 0 picks a free one).

    An app finds in ``scope["state"]["drop"]`` a function that cuts the connection of a ``scope["client"]``.
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
        limit_concurrency=MAX_CONNECTIONS,
        h11_max_incomplete_event_size=MAX_HEADER_BYTES,
    )
    config.load()
    logging.getLogger("uvicorn.access").disabled = True  # its lines would hold the secrets of query strings
    state = ServerState()
    make = _protocol(config, state)
    try:
        server = await asyncio.get_running_loop().create_server(make, host, port)
    except OSError as error:
        raise ConfigError(f"cannot listen on {host}:{port}: {error.strerror}") from None
    bound = server.sockets[0].getsockname()
    shown = f"[{bound[0]}]" if ":" in bound[0] else bound[0]
    try:
        yield f"http://{shown}:{bound[1]}"
    finally:
        server.close()
        await _finish(state)


def _protocol(config: Config, state: ServerState) -> Callable[[], H11Protocol]:
    """What asyncio makes for each connection."""

    def drop(client: tuple[str, int]) -> None:
        for connection in list(state.connections):
            if isinstance(connection, H11Protocol) and connection.client == tuple(client):
                connection.transport.abort()

    shared: dict[str, Any] = {"drop": drop}
    return lambda: H11Protocol(config=config, server_state=state, app_state=shared)


async def _finish(state: ServerState) -> None:
    """Let running requests end, but wait for none that does not (an open event stream never would)."""
    for connection in list(state.connections):
        connection.shutdown()
    running = list(state.tasks)
    if running:
        _, late = await asyncio.wait(running, timeout=GRACE_SECONDS)
        for task in late:
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*late, return_exceptions=True)
    for connection in list(state.connections):
        connection.shutdown()
