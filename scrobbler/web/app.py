"""Which URL leads where: ``POST /hooks/NAME`` hands a request to the adapter of ``[players.NAME]``; pages beside it.

The answer goes out after the commit and before any work for Trakt, because a server that waits for its webhook may
freeze its own players.
"""

import asyncio
import hmac
import logging
import secrets
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, Protocol

from msgspec import Struct
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from scrobbler.adapters import Ignored, Webhook, WebhookRequest
from scrobbler.errors import PayloadError, StateError
from scrobbler.events import PlayerEvent
from scrobbler.web.gate import Entrance, Gate, Patience
from scrobbler.web.guard import basic_password

log = logging.getLogger(__name__)

MAX_BODY_BYTES: Final = 4 * 1024 * 1024
BODY_SECONDS: Final = 15.0
"""A body that has not come in whole by then is given up: uvicorn itself would wait for ever."""

IN_QUERY: Final = "token"
IN_HEADER: Final = "x-scrobbler-token"
IN_TEST: Final = "x-scrobbler-test"
"""A request with this header is a test: it is answered, and nothing is made of it."""
TEST_WORDS: Final = "scrobbler hears what is posted here for"
COMPLAIN_EVERY: Final = timedelta(minutes=10)
_SECRET_HEADERS: Final = frozenset({IN_HEADER, IN_TEST, "authorization", "cookie", "proxy-authorization"})
"""What no adapter gets to see."""


class Hook(Struct, frozen=True, kw_only=True):
    """One webhook source: how its requests are understood and what they must know."""

    webhook: Webhook
    secret: str | Callable[[], str]
    """It may be exchanged while we run, so it is asked for with each request."""

    def __repr__(self) -> str:
        return f"Hook(webhook={self.webhook!r})"

    def opens_to(self, tokens: Iterable[bytes]) -> bool:
        """Whether one of these is the secret; how long that takes tells nothing of it."""
        known = (self.secret if isinstance(self.secret, str) else self.secret()).encode()
        right = [hmac.compare_digest(token, known) for token in tokens]
        return bool(known) and any(right)


_NOBODY: Final = secrets.token_urlsafe(24)
"""What a hook that is not there is compared with, so that it takes as long as one that is."""


class Receiver(Protocol):
    """The agent, as the web sees it."""

    async def receive(self, source: str, heard: Sequence[PlayerEvent | Ignored]) -> None:
        """Returns once all of it is on the disk. Raises ``StateError`` where the disk takes nothing."""
        ...


def build(
    hooks: Mapping[str, Hook],
    receiver: Receiver,
    clock: Callable[[], datetime],
    pages: Sequence[Route] = (),
    entrance: Entrance | None = None,
    knocked: Callable[[str, bool], None] = lambda _name, _knew: None,
) -> ASGIApp:
    """The app. ``hooks`` are by the name of their player; ``pages`` guard themselves.

    ``knocked`` hears of each call of one of the hooks, and whether it knew the secret.
    """
    complaints = _Complaints(clock)

    async def hook(request: Request) -> Response:
        name = request.path_params["name"]
        wanted = hooks.get(name)
        opens = (wanted or Hook(webhook=_Nobody(), secret=_NOBODY)).opens_to(_tokens(request))
        if wanted is not None:
            knocked(name, opens)
        if wanted is None or not opens:
            complaints.add(name if wanted is not None else None)
            return _answer(401)
        if request.method != "POST" or IN_TEST in request.headers:
            return await _tested(request, name)
        return await _receive(request, wanted.webhook, receiver, clock())

    static = Mount("/static", StaticFiles(packages=[("scrobbler.web", "static")]))
    routes = [Route("/hooks/{name:path}", hook, methods=["GET", "POST"]), *pages, static]
    app = Starlette(routes=routes, max_body_size=MAX_BODY_BYTES)
    app.router.redirect_slashes = False  # a redirect would repeat the query, and the token in it
    return Gate(app, entrance or Entrance(), Patience())


class _Nobody:
    """The webhook of a hook that is not there."""

    def parse(self, request: WebhookRequest) -> Sequence[PlayerEvent | Ignored]:  # noqa: ARG002  # nobody gets here
        return []


class _Complaints:
    """Tells the log that somebody did not know a secret, now and then and not each time."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._told: dict[str | None, datetime] = {}

    def add(self, name: str | None) -> None:
        """One of the configured hook of that name; None for one that is not there, whose name is a stranger's word."""
        now, told = self._clock(), self._told.get(name)
        if told is None or not timedelta() <= now - told < COMPLAIN_EVERY:
            self._told[name] = now
            if name is None:
                log.warning("somebody called a webhook that is not configured here")
            else:
                log.warning("%s: somebody called its webhook without the right secret", name)


async def _tested(request: Request, name: str) -> Response:
    """Somebody looks whether the way is free: ``scrobbler webhook test``, or the user with a browser."""
    async for _ in request.stream():
        pass  # a proxy may not like an answer that comes before the end of what it sends
    if request.method != "HEAD":
        log.info("%s: a test came in, and nothing is made of it", name)
    return PlainTextResponse(f"{TEST_WORDS} {name}\n", headers={"Cache-Control": "no-store"})


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
    except Exception as error:  # noqa: BLE001  # a second try would end the same way, so it must not be asked for
        frames = "".join(traceback.format_tb(error.__traceback__)).rstrip()
        log.error("%s: an event was not understood: %s\n%s", name, type(error).__name__, frames)  # noqa: TRY400  # its words could quote what was sent
        return _answer(400)
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
