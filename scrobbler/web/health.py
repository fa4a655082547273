"""What machines ask: ``/healthz`` and ``/readyz``, which tell everybody yes or no and nothing else, and ``/metrics``.

Healthy is who turns the loop and whose disk answers; ready is who has taken up the sessions of the last run besides.
That Trakt is away, or that somebody must sign in, is no illness: what is watched is kept, and a new start would not
help. ``/metrics`` tells of accounts and players, so whoever may see the pages may see it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from scrobbler.errors import StateError
from scrobbler.web.guard import PAGE_HEADERS, Guard
from scrobbler.web.metrics import Metrics

PATIENCE: Final = 5.0
"""Seconds that the disk may take for an answer."""
PROMETHEUS: Final = "text/plain; version=1.0.0; charset=utf-8"


class HealthPages:
    """The pages for machines."""

    def __init__(
        self, alive: Callable[[], Awaitable[object]], ready: Callable[[], bool], metrics: Metrics, guard: Guard
    ) -> None:
        """``alive`` ends once the disk has answered; ``ready``: whether the agent has taken up its sessions."""
        self._alive = alive
        self._ready = ready
        self._metrics = metrics
        self._guard = guard

    def routes(self) -> list[Route]:
        """Where they are."""
        return [
            Route("/healthz", self._healthz, methods=["GET"]),
            Route("/readyz", self._readyz, methods=["GET"]),
            Route("/metrics", self._tell, methods=["GET"]),
        ]

    async def _healthz(self, _request: Request) -> Response:
        return _said(await self._answers())

    async def _readyz(self, _request: Request) -> Response:
        return _said(self._ready() and await self._answers())

    async def _answers(self) -> bool:
        try:
            async with asyncio.timeout(PATIENCE):
                await self._alive()
        except (TimeoutError, StateError):
            return False
        return True

    async def _tell(self, request: Request) -> Response:
        if refusal := self._guard.refusal(request):
            return refusal
        try:
            text = await asyncio.to_thread(self._metrics.text)
        except StateError as error:
            return PlainTextResponse(f"{error}\n", 503, headers=PAGE_HEADERS)
        return Response(text, media_type=PROMETHEUS, headers=PAGE_HEADERS)


def _said(well: bool) -> Response:
    words, status = ("ok\n", 200) if well else ("not now\n", 503)
    return PlainTextResponse(words, status, headers={"Cache-Control": "no-store"})
