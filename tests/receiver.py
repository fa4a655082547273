"""Who is told: a web server as services have one, which takes what it is sent, refuses it, or never ends its answer."""

import asyncio
import json
from contextlib import ExitStack
from typing import Any

from double import Served
from starlette.types import Receive, Scope, Send

SECRET = "hush-hush"
"""The part of its addresses that nobody may see."""


class Receiver:
    """Takes what comes to any path but ``/refuse`` and ``/drip``."""

    def __init__(self, served: Served, stack: ExitStack) -> None:
        self.taken: list[dict[str, Any]] = []
        self.refused = 0
        self.refusals: int | None = None
        """So many are refused at ``/refuse``, then they are taken; None refuses all."""
        self.dripping = 0
        """How many wait for the end of an answer."""
        self._host = served.open(stack, self).removeprefix("http://")

    @property
    def json(self) -> str:
        return f"json://{self._host}/{SECRET}"

    @property
    def ntfy(self) -> str:
        return f"ntfy://{self._host}/{SECRET}"

    @property
    def refusing(self) -> str:
        return f"json://{self._host}/refuse/{SECRET}"

    @property
    def endless(self) -> str:
        return f"json://{self._host}/drip/{SECRET}"

    @property
    def titles(self) -> list[str]:
        return [said["title"] for said in self.taken]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = b""
        while (part := await receive()).get("more_body"):
            body += part["body"]
        body += part["body"]
        if scope["path"].startswith("/drip"):
            await self._drip(receive, send)
        elif scope["path"].startswith("/refuse") and (self.refusals is None or self.refused < self.refusals):
            self.refused += 1
            await _answer(send, 507)
        else:
            self.taken.append(json.loads(body))
            await _answer(send, 200)

    async def _drip(self, receive: Receive, send: Send) -> None:
        """Another byte before anybody's patience with one is over, until he who asked is gone."""
        self.dripping += 1
        await send({"type": "http.response.start", "status": 200, "headers": []})
        try:
            while True:
                await send({"type": "http.response.body", "body": b".", "more_body": True})
                try:
                    async with asyncio.timeout(0.5):
                        if (await receive())["type"] == "http.disconnect":
                            return
                except TimeoutError:
                    continue
        finally:
            self.dripping -= 1


async def _answer(send: Send, status: int) -> None:
    await send({"type": "http.response.start", "status": status, "headers": []})
    await send({"type": "http.response.body", "body": b"{}"})
