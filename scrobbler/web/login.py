"""The pages ``/login``: a QR code to sign in with, how long it is good, and the news when it was used."""

import asyncio
import base64
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import aclosing
from datetime import datetime
from functools import cache
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from scrobbler.web.guard import PAGE_HEADERS, Guard, comes_from_us
from scrobbler.web.paper import event, page, part
from scrobbler.welcome.invitation import Asking, Invitation, Needed, SignedIn, State, Waiting

CODE_WITHIN: Final = 4.0
"""Seconds that a page waits for its code, so that it is whole without JavaScript."""


class LoginPages:
    """The pages of some accounts."""

    def __init__(self, invitations: Mapping[str, Invitation], guard: Guard, clock: Callable[[], datetime]) -> None:
        self._invitations = invitations
        self._guard = guard
        self._clock = clock

    def routes(self) -> list[Route]:
        """Where they are."""
        return [
            Route("/login", self._all, methods=["GET"]),
            Route("/login/{account}", self._one, methods=["GET", "POST"]),
            Route("/login/{account}/events", self._events, methods=["GET"]),
        ]

    async def _all(self, request: Request) -> Response:
        if refusal := self._guard.refusal(request):
            return refusal
        for invitation in self._invitations.values():
            invitation.look()
        if len(self._invitations) == 1:
            return RedirectResponse(f"login/{next(iter(self._invitations))}", 303, headers=PAGE_HEADERS)
        known = {name: isinstance(one.state, SignedIn) for name, one in self._invitations.items()}
        return page("accounts.html", accounts=known)

    async def _one(self, request: Request) -> Response:
        """One account. To look at it is to ask for a code, unless another site made the browser look."""
        if refusal := self._guard.refusal(request):
            return refusal
        account = request.path_params["account"]
        invitation = self._invitations.get(account)
        if invitation is None:
            return page("unknown.html", 404, account=account, accounts=list(self._invitations))
        invitation.look()
        if request.method == "POST":
            invitation.open()
            return RedirectResponse(account, 303, headers=PAGE_HEADERS)
        if isinstance(invitation.state, Needed) and not invitation.state.tried and comes_from_us(request):
            invitation.open()
        return page("login.html", account=account, **self._shown(await _settled(invitation)))

    async def _events(self, request: Request) -> Response:
        """What becomes of it, as server-sent events: each is the part of the page that changes."""
        if refusal := self._guard.refusal(request):
            return refusal
        invitation = self._invitations.get(request.path_params["account"])
        if invitation is None:
            return Response(status_code=404)
        return StreamingResponse(
            self._news(invitation), media_type="text/event-stream", headers=PAGE_HEADERS | {"X-Accel-Buffering": "no"}
        )

    async def _news(self, invitation: Invitation) -> AsyncIterator[bytes]:
        async with aclosing(invitation.states()) as states:
            async for state in states:
                yield event("state", part("state.html", account=invitation.account, **self._shown(state)))

    def _shown(self, state: State) -> dict[str, Any]:
        """What the templates know of a state."""
        shown: dict[str, Any] = {"state": type(state).__name__, "words": getattr(state, "words", "")}
        if isinstance(state, Waiting):
            seconds = max(0, round((state.code.expires_at - self._clock()).total_seconds()))
            shown |= {"code": state.code, "picture": picture(state.code.activation_url), "seconds": seconds}
        return shown


async def _settled(invitation: Invitation) -> State:
    """The state once it is more than a wish, or what there is after a while."""
    try:
        async with asyncio.timeout(CODE_WITHIN), aclosing(invitation.states()) as states:
            async for state in states:
                if not isinstance(state, Asking):
                    return state
    except TimeoutError:
        pass
    return invitation.state


@cache
def picture(link: str) -> str:
    """A QR code as an SVG in a ``data:`` address, black on white whatever the page's colours are."""
    import qrcode  # noqa: PLC0415  # only a sign-in needs it
    from qrcode.image.svg import SvgPathFillImage  # noqa: PLC0415  # as above

    drawn = qrcode.make(link, image_factory=SvgPathFillImage).to_string()
    return "data:image/svg+xml;base64," + base64.b64encode(drawn).decode()
