"""What is posted to ``/hooks/NAME``: who knows the secret is heard, and the adapter of ``[players.NAME]`` understands.

The answer goes out after the commit and before any work for Trakt, because a server that waits for its webhook may
freeze its own players. A player is heard of every few seconds for as long as it plays, so a hook is a bare ASGI app:
routes, middleware and objects for requests are for pages.
"""

import asyncio
import hmac
import logging
import secrets
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, Protocol
from urllib.parse import parse_qsl

from msgspec import Struct
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

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
IN_TEST: Final = "x-scrobbler-test"
"""A request with this header is a test: it is answered, and nothing is made of it."""
TEST_WORDS: Final = "scrobbler hears what is posted here for"
COMPLAIN_EVERY: Final = timedelta(minutes=10)
_SECRET_HEADERS: Final = frozenset({IN_HEADER, IN_TEST, "authorization", "cookie", "proxy-authorization"})
"""What no adapter gets to see."""
_PATH: Final = "/hooks/"
_METHODS: Final = ("GET", "HEAD", "POST")
_DIGITS: Final = 19
"""Of a length that may be looked at."""


class Hook(Struct, frozen=True, kw_only=True):
    """One webhook source: how its requests are understood and what they must know."""

    webhook: Webhook
    secret: str | Callable[[], str]
    """It may be exchanged while we run, so it is asked for with each request."""

    def __repr__(self) -> str:
        return f"Hook(webhook={self.webhook!r})"

    def opens_to(self, tokens: Iterable[bytes]) -> bool:
        """Whether one of these is the secret."""
        return _knows(self.secret if isinstance(self.secret, str) else self.secret(), tokens)


_NOBODY: Final = secrets.token_urlsafe(24)
"""What stands for the secret of a hook that is not there, so that it takes as long as one that is."""


def _knows(secret: str, tokens: Iterable[bytes]) -> bool:
    """Whether one of these is the secret; how long that takes tells nothing of it."""
    known = secret.encode()
    right = [hmac.compare_digest(token, known) for token in tokens]
    return bool(known) and any(right)


class Receiver(Protocol):
    """The agent, as the web sees it."""

    async def receive(self, source: str, heard: Sequence[PlayerEvent | Ignored]) -> None:
        """Returns once all of it is on the disk. Raises ``StateError`` where the disk takes nothing."""
        ...


class _Call(Struct, frozen=True, kw_only=True):
    """A request before its body. Names of headers are lower-case."""

    name: str
    """Of the hook that is called."""
    method: str
    headers: dict[str, str]
    query: dict[str, str]

    @classmethod
    def of(cls, scope: Scope) -> "_Call":
        """The request of an ASGI scope."""
        return cls(
            name=name_of(scope) or "",
            method=scope["method"],
            headers={name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]},
            query=dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)),
        )

    @property
    def too_long(self) -> bool:
        """Whether its body is announced as one beyond the limit."""
        announced = self.headers.get("content-length", "")
        return len(announced) > _DIGITS or (announced.isdecimal() and int(announced) > MAX_BODY_BYTES)

    @property
    def tests(self) -> bool:
        """Whether nothing is to be made of it."""
        return self.method != "POST" or IN_TEST in self.headers

    def tokens(self) -> Iterator[bytes]:
        """What the caller says that it knows: in the query, in our header, or as the password of HTTP Basic.

        Servers differ in what they let their users set; an address with ``user:password@`` is the last of these.
        """
        yield self.query.get(IN_QUERY, "").encode()
        yield self.headers.get(IN_HEADER, "").encode("latin-1")
        if (password := basic_password(self.headers)) is not None:
            yield password

    def with_body(self, body: bytes, at: datetime) -> WebhookRequest:
        """The same for an adapter, without what is secret in it."""
        return WebhookRequest(
            method=self.method,
            query={key: value for key, value in self.query.items() if key != IN_QUERY},
            headers={key: value for key, value in self.headers.items() if key not in _SECRET_HEADERS},
            body=body,
            at=at,
        )


class Hooks:
    """An ASGI app for the paths that ``name_of`` knows."""

    def __init__(
        self,
        hooks: Mapping[str, Hook],
        receiver: Receiver,
        clock: Callable[[], datetime],
        knocked: Callable[[str, bool], None],
    ) -> None:
        """``hooks`` are by the name of their player.

        ``knocked`` hears of each call of one of them, and whether it knew the secret.
        """
        self._hooks = hooks
        self._receiver = receiver
        self._clock = clock
        self._knocked = knocked
        self._complaints = _Complaints(clock)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        call = _Call.of(scope)
        answer = self._refusal(call) or await self._answer(call, receive)
        await answer(scope, receive, send)

    def _refusal(self, call: _Call) -> Response | None:
        """What is answered to a caller whose body is not even looked at; None to any other."""
        if call.too_long:
            return _ANSWERS[413]
        if call.method not in _METHODS:
            return _ANSWERS[405]
        wanted = self._hooks.get(call.name)
        if wanted is None:
            _knows(_NOBODY, call.tokens())
            self._complaints.add(None)
            return _ANSWERS[401]
        opens = wanted.opens_to(call.tokens())
        self._knocked(call.name, opens)
        if opens:
            return None
        self._complaints.add(call.name)
        return _ANSWERS[401]

    async def _answer(self, call: _Call, receive: Receive) -> Response:
        body = await _body(receive)
        if isinstance(body, Response):
            return body
        if call.tests:
            return _tested(call)
        return await self._hear(call.name, self._hooks[call.name].webhook, call.with_body(body, self._clock()))

    async def _hear(self, name: str, webhook: Webhook, heard: WebhookRequest) -> Response:
        """Understand one request and keep what it says."""
        try:
            understood = _parse(name, webhook, heard)
        except PayloadError as error:
            words = _one_line(str(error))
            log.warning("%s: %s", name, words)
            return PlainTextResponse(f"{words}\n", 400)
        try:
            await self._receiver.receive(name, understood)
        except StateError:
            return _ANSWERS[503]
        except Exception as error:  # noqa: BLE001  # a second try would end the same way, so it must not be asked for
            frames = "".join(traceback.format_tb(error.__traceback__)).rstrip()
            log.error("%s: an event was not understood: %s\n%s", name, type(error).__name__, frames)  # noqa: TRY400  # its words could quote what was sent
            return _ANSWERS[400]
        return _ANSWERS[200]


def name_of(scope: Scope) -> str | None:
    """The name of the hook that is called; None where something else is."""
    path: str = scope["path"].removeprefix(scope["root_path"])
    return path.removeprefix(_PATH) if path.startswith(_PATH) else None


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


def _tested(call: _Call) -> Response:
    """Somebody looks whether the way is free: ``scrobbler webhook test``, or the user with a browser."""
    if call.method != "HEAD":
        log.info("%s: a test came in, and nothing is made of it", call.name)
    return PlainTextResponse(f"{TEST_WORDS} {call.name}\n", headers={"Cache-Control": "no-store"})


async def _body(receive: Receive) -> bytes | Response:
    """All of it, or what is answered where it does not come in."""
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    return _ANSWERS[400]
                body += message.get("body", b"")
                if len(body) > MAX_BODY_BYTES:
                    return _ANSWERS[413]
                if not message.get("more_body", False):
                    return bytes(body)
    except TimeoutError:
        return _ANSWERS[408]


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


_WORDS: Final = {
    200: "ok", 400: "not understood", 401: "unauthorized", 405: "post here", 408: "too slow", 413: "too long",
    503: "cannot store it now",
}  # fmt: skip
_ADDED: Final = {401: {"WWW-Authenticate": 'Basic realm="scrobbler"'}, 405: {"Allow": ", ".join(_METHODS)}}
_ANSWERS: Final = {
    status: PlainTextResponse(f"{words}\n", status, _ADDED.get(status)) for status, words in _WORDS.items()
}
