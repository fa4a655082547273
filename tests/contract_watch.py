"""Watches what a test makes the client send and the sandbox answer, and holds it against the contract."""

import sys
from typing import Any, Final

import httpx
import pytest
from contract import Contract, Exchange
from starlette.applications import Starlette
from starlette.types import Message, Receive, Scope, Send

from scrobbler.sandbox.faults import Dropped

CLIENT: Final = "scrobbler.trakt.transport"
"""The module whose requests are looked at; a test's own may be as wrong as they like."""
CONTROL: Final = "/sandbox/state"
"""A route that tells the sandbox from every other app."""


class Watch:
    """Collects what was wrong. Nothing of ours is replaced: it stands on httpx and on Starlette.

    The client that the product opens gets a hook for its requests, whoever answers them (a mock of the wire, too). An
    app that has the sandbox's routes is listened to, so that its answers are seen whoever asks, and also the requests
    that a process of ours sends it. The answers of mocks are not looked at, since those are odd on purpose.
    """

    def __init__(self, contract: Contract) -> None:
        self.wrong: list[str] = []
        self._contract = contract

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """From now to the end of the test."""
        plain_client, plain_call, watch = httpx.Client, Starlette.__call__, self

        class Client(plain_client):  # type: ignore[misc, valid-type]  # a class that is known by a variable
            def __init__(self, *args: Any, **options: Any) -> None:
                super().__init__(*args, **options)
                if sys._getframe(1).f_globals["__name__"] == CLIENT:
                    self.event_hooks["request"].append(watch.sent)

        async def call(app: Starlette, scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http" and any(getattr(each, "path", "") == CONTROL for each in app.routes):
                await watch.listened(plain_call, app, scope, receive, send)
            else:
                await plain_call(app, scope, receive, send)

        monkeypatch.setattr(httpx, "Client", Client)
        monkeypatch.setattr(Starlette, "__call__", call)

    def sent(self, request: httpx.Request) -> None:
        """The client sends this."""
        url = request.url.raw_path.decode()
        self.look(Exchange(method=request.method, url=url, headers=request.headers, body=request.read()), ours=True)

    async def listened(self, plain: Any, app: Starlette, scope: Scope, receive: Receive, send: Send) -> None:
        """The sandbox answers this."""
        body, held, whole = bytearray(), list[Message](), False
        headers = _headers(scope["headers"])

        async def hear() -> Message:
            nonlocal whole
            message = await receive()
            whole = whole or (message["type"] == "http.request" and not message.get("more_body"))
            body.extend(message.get("body", b""))
            return message

        async def say(message: Message) -> None:
            # Nothing leaves before all is there and was looked at: a caller is done once it has read the answer.
            held.append(message)
            if message["type"] == "http.response.body" and not message.get("more_body"):
                look()
                while held:
                    await send(held.pop(0))

        def look() -> None:
            head: Message = held[0] if held else {"status": 0, "headers": []}
            exchange = Exchange(
                method=scope["method"],
                url=f"{scope.get('raw_path', b'').decode() or scope['path']}?{scope['query_string'].decode()}",
                headers=headers,
                body=bytes(body),
                status=head["status"],
                answer_headers=_headers(head["headers"]),
                answer=b"".join(part.get("body", b"") for part in held),
            )
            # A process that was ended while it sent, as some tests do it, has sent nothing that could be judged.
            self.look(exchange, ours=whole and headers.get("user-agent", "").startswith("scrobbler/"))

        try:
            await plain(app, scope, hear, say)
        except Dropped:
            look()
            raise

    def look(self, exchange: Exchange, *, ours: bool) -> None:
        """Keeps what is wrong with either side."""
        call = f"{exchange.method} {exchange.url.partition('?')[0]}"
        if ours:
            self.wrong += [f"request {call}: {each}" for each in self._contract.wrong_request(exchange)]
        if exchange.status:
            wrong = self._contract.wrong_answer(exchange)
            self.wrong += [f"answer {exchange.status} to {call}: {each}" for each in wrong]


def _headers(raw: Any) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in raw}
