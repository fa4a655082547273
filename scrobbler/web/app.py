"""Which URL leads where: ``POST /hooks/NAME`` hands a request to the adapter of ``[players.NAME]``.

The answer goes out after the commit and before any work for Trakt, because a server that waits for its webhook may
freeze its own players.
"""

import asyncio
import hmac
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final, Protocol

from msgspec import Struct
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from scrobbler.adapters import Ignored, Webhook, WebhookRequest
from scrobbler.errors import PayloadError, StateError
from scrobbler.events import PlayerEvent

MAX_BODY_BYTES: Final = 4 * 1024 * 1024
BODY_SECONDS: Final = 15.0
"""A body that has not come in whole by then is given up: uvicorn itself would wait for ever."""


class Hook(Struct, frozen=True, kw_only=True):
    """One webhook source: how its requests are understood and what they must know."""

    webhook: Webhook
    secret: str


class Receiver(Protocol):
    """The agent, as the web sees it."""

    async def receive(self, source: str, heard: Sequence[PlayerEvent | Ignored]) -> None:
        """Returns once all of it is on the disk. Raises ``StateError`` where the disk takes nothing."""
        ...


def build(hooks: Mapping[str, Hook], receiver: Receiver, clock: Callable[[], datetime]) -> Starlette:
    """The app. ``hooks`` are by the name of their player."""

    async def hook(request: Request) -> Response:
        wanted = hooks.get(request.path_params["name"])
        token = request.query_params.get("token") or request.headers.get("x-scrobbler-token") or ""
        known = wanted.secret if wanted else ""
        if not hmac.compare_digest(token.encode(), known.encode()) or wanted is None or not known:
            return _answer(401)
        return await _receive(request, wanted.webhook, receiver, clock())

    routes = [Route("/hooks/{name}", hook, methods=["POST"])]
    return Starlette(routes=routes, max_body_size=MAX_BODY_BYTES)


async def _receive(request: Request, webhook: Webhook, receiver: Receiver, at: datetime) -> Response:
    """Understand one request and keep what it says."""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            body = await request.body()
    except TimeoutError:
        return _answer(408)
    except ClientDisconnect:
        return _answer(400)
    heard = WebhookRequest(
        method=request.method,
        query={key: value for key, value in request.query_params.items() if key != "token"},
        headers={key: value for key, value in request.headers.items() if key not in {"authorization", "cookie"}},
        body=body,
        at=at,
    )
    try:
        await receiver.receive(request.path_params["name"], webhook.parse(heard))
    except PayloadError as error:
        return _answer(400, str(error))
    except StateError:
        return _answer(503)
    return _answer(200)


_WORDS: Final = {200: "ok", 400: "not understood", 401: "unauthorized", 408: "too slow", 503: "cannot store it now"}


def _answer(status: int, words: str | None = None) -> Response:
    return PlainTextResponse(f"{words or _WORDS[status]}\n", status_code=status)
