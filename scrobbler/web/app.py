"""Which URL leads where: ``POST /hooks/NAME`` hands a request to the adapter of ``[players.NAME]``; pages beside it.

The answer goes out after the commit and before any work for Trakt, because a server that waits for its webhook may
freeze its own players.
"""

import asyncio
import hmac
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final, Protocol

from msgspec import Struct
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from scrobbler.adapters import Ignored, Webhook, WebhookRequest
from scrobbler.errors import PayloadError, StateError
from scrobbler.events import PlayerEvent
from scrobbler.web.guard import basic_password

log = logging.getLogger(__name__)

MAX_BODY_BYTES: Final = 4 * 1024 * 1024
BODY_SECONDS: Final = 15.0
"""A body that has not come in whole by then is given up: uvicorn itself would wait for ever."""

IN_QUERY: Final = "token"
IN_HEADER: Final = "x-scrobbler-token"
_SECRET_HEADERS: Final = frozenset({IN_HEADER, "authorization", "cookie", "proxy-authorization"})
"""What no adapter gets to see."""


class Hook(Struct, frozen=True, kw_only=True):
    """One webhook source: how its requests are understood and what they must know."""

    webhook: Webhook
    secret: str

    def __repr__(self) -> str:
        return f"Hook(webhook={self.webhook!r})"


class Receiver(Protocol):
    """The agent, as the web sees it."""

    async def receive(self, source: str, heard: Sequence[PlayerEvent | Ignored]) -> None:
        """Returns once all of it is on the disk. Raises ``StateError`` where the disk takes nothing."""
        ...


def build(
    hooks: Mapping[str, Hook], receiver: Receiver, clock: Callable[[], datetime], pages: Sequence[Route] = ()
) -> Starlette:
    """The app. ``hooks`` are by the name of their player; ``pages`` guard themselves."""

    async def hook(request: Request) -> Response:
        wanted = hooks.get(request.path_params["name"])
        known = wanted.secret.encode() if wanted else b""
        knows = any(hmac.compare_digest(token, known) for token in _tokens(request))
        if wanted is None or not known or not knows:
            return _answer(401)
        return await _receive(request, wanted.webhook, receiver, clock())

    static = Mount("/static", StaticFiles(packages=[("scrobbler.web", "static")]))
    routes = [Route("/hooks/{name}", hook, methods=["POST"]), *pages, static]
    app = Starlette(routes=routes, max_body_size=MAX_BODY_BYTES)
    app.router.redirect_slashes = False  # a redirect would repeat the query, and the token in it
    return app


def _tokens(request: Request) -> Iterator[bytes]:
    """What the caller says that it knows: in the query, in our header, or as the password of HTTP Basic.

    Servers differ in what they let their users set; an address with ``user:password@`` is the last of these.
    """
    yield request.query_params.get(IN_QUERY, "").encode()
    yield request.headers.get(IN_HEADER, "").encode("latin-1")
    if (password := basic_password(request)) is not None:
        yield password


async def _receive(request: Request, webhook: Webhook, receiver: Receiver, at: datetime) -> Response:
    """Understand one request and keep what it says."""
    name: str = request.path_params["name"]
    try:
        async with asyncio.timeout(BODY_SECONDS):
            body = await request.body()
    except TimeoutError:
        return _answer(408)
    except ClientDisconnect:
        return _answer(400)
    heard = WebhookRequest(
        method=request.method,
        query={key: value for key, value in request.query_params.items() if key != IN_QUERY},
        headers={key: value for key, value in request.headers.items() if key not in _SECRET_HEADERS},
        body=body,
        at=at,
    )
    try:
        understood = _parse(name, webhook, heard)
    except PayloadError as error:
        words = _one_line(str(error))
        log.warning("%s: %s", name, words)
        return _answer(400, words)
    try:
        await receiver.receive(name, understood)
    except StateError:
        return _answer(503)
    return _answer(200)


def _parse(name: str, webhook: Webhook, heard: WebhookRequest) -> tuple[PlayerEvent | Ignored, ...]:
    """What the request says. Raises ``PayloadError`` and nothing else, even where the adapter does not keep to that.

    A body that an adapter stumbles over will make it stumble again, so its sender must not be told to try again.
    """
    try:
        return tuple(webhook.parse(heard))
    except PayloadError:
        raise
    except Exception as error:  # noqa: BLE001  # somebody else's code; its words could quote what was sent
        log.error("%s: its adapter failed on a request: %s", name, type(error).__name__)  # noqa: TRY400  # as above
        raise PayloadError("not understood") from None


def _one_line(text: str) -> str:
    """An adapter's words, which may quote what a stranger sent, as something that a log and an answer can hold."""
    return "".join(sign if sign.isprintable() else "\ufffd" for sign in " ".join(text.split()))


_WORDS: Final = {200: "ok", 400: "not understood", 401: "unauthorized", 408: "too slow", 503: "cannot store it now"}


def _answer(status: int, words: str | None = None) -> Response:
    headers = {"WWW-Authenticate": 'Basic realm="scrobbler"'} if status == 401 else None
    return PlainTextResponse(f"{words or _WORDS[status]}\n", status_code=status, headers=headers)
