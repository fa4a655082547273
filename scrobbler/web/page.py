"""The page ``/``: what plays, what waits, what was watched, whose is what; live, and with a form for each wish.

Each form is answered with a redirect to the page, which then shows a line of what was done, or why not: so nothing is
done twice by loading it again, and everything works without JavaScript. The line is kept here, and the address only
names it, so that no other site can put words into our mouth.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import aclosing
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote, urlencode

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from scrobbler.errors import PayloadError, ScrobblerError, StateError
from scrobbler.web.actions import Actions, AskAgain, timely
from scrobbler.web.forms import FORMS, Fix, read
from scrobbler.web.guard import PAGE_HEADERS, Guard, comes_from_us
from scrobbler.web.mender import Choices, Mender
from scrobbler.web.news import News, Picture
from scrobbler.web.paper import event, page, part
from scrobbler.web.shown import Home, scene
from scrobbler.welcome.invitation import Invitation, SignedIn

LONGEST_FORM: Final = 64 * 1024
"""Bytes."""
BODY_SECONDS: Final = 15.0
REMEMBERED: Final = 100
"""So many lines of what was done are kept."""
PARTS: Final = ("now", "queue", "plays", "accounts", "players")
"""The sections of the page, each a template and an event of its own name."""
_BACK_TO: Final[Mapping[str, str]] = {
    "/retry": "queue",
    "/drop": "queue",
    "/undo": "plays",
    "/fix": "queue",
    "/incognito": "accounts",
    "/switch": "players",
    "/users": "players",
}


class Line(Struct, frozen=True, kw_only=True):
    """What was done, or why not."""

    words: str
    wrong: bool


class Page:
    """The page and its forms. Made and used on one event loop."""

    def __init__(
        self,
        home: Home,
        actions: Actions,
        mender: Mender,
        invitations: Mapping[str, Invitation],
        guard: Guard,
        clock: Callable[[], datetime],
        *,
        troubles: Callable[[], Mapping[str, str]] = dict,
    ) -> None:
        """``troubles``: why nothing of an account can be sent, by account, where that is so."""
        self._home = home
        self._actions = actions
        self._mender = mender
        self._invitations = invitations
        self._guard = guard
        self._clock = clock
        self._troubles = troubles
        self._lines: dict[str, Line] = {}
        self.news = News(self._paint, list(invitations.values()))

    def routes(self) -> list[Route]:
        """Where what is."""
        return [
            Route("/", self._show, methods=["GET"]),
            Route("/events", self._events, methods=["GET"]),
            Route("/fix", self._ask_what, methods=["GET"]),
            *(Route(path, self._act, methods=["POST"]) for path in FORMS),
        ]

    async def _show(self, request: Request) -> Response:
        if refusal := self._guard.refusal(request):
            return refusal
        for invitation in self._invitations.values():
            invitation.look()
        line = self._lines.get(request.query_params.get("said", ""))
        try:
            known = await self._known()
        except StateError as error:
            return page("unreadable.html", 503, words=str(error))
        return page("page.html", line=line, **known)

    async def _known(self) -> dict[str, Any]:
        """What the templates know."""
        shown = await asyncio.to_thread(scene, self._home, self._clock(), self._mender.listed)
        troubles = self._troubles()
        accounts = [
            {
                "name": name,
                "signed_in": isinstance(one.state, SignedIn),
                "words": getattr(one.state, "words", "") or troubles.get(name, ""),
            }
            for name, one in self._invitations.items()
        ]
        return {"scene": shown, "home": self._home, "accounts": accounts, "several": len(accounts) > 1}

    async def _paint(self) -> Picture:
        known = await self._known()
        return {name: part(f"part_{name}.html", **known) for name in PARTS}

    async def _events(self, request: Request) -> Response:
        """What changes, as server-sent events: each is a section of the page, or words to say."""
        if refusal := self._guard.refusal(request):
            return refusal
        headers = PAGE_HEADERS | {"X-Accel-Buffering": "no"}
        return StreamingResponse(self._told(), media_type="text/event-stream", headers=headers)

    async def _told(self) -> AsyncIterator[bytes]:
        async with aclosing(self.news.stream()) as pictures:
            async for picture in pictures:
                yield b"".join(event(name, text) for name, text in picture.items())

    # Forms

    async def _act(self, request: Request) -> Response:
        if refusal := self._guard.refusal(request):
            return refusal
        path = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
        back = f"#{_BACK_TO[path]}"
        try:
            line = Line(words=await self._actions.do(path, read(path, await _body(request))), wrong=False)
        except AskAgain as unclear:
            again = {"play" if unclear.form.which.is_play else "entry": str(unclear.form.which.id)}
            again |= {"words": unclear.form.words, "scope": unclear.form.scope}
            return self._see(f"fix?{urlencode(again)}&", Line(words=_sentence(str(unclear)), wrong=True))
        except ScrobblerError as error:
            line = Line(words=_sentence(str(error)), wrong=True)
        return self._see("./?", line, back)

    def _see(self, where: str, line: Line, section: str = "") -> Response:
        """Send the browser to a page that shows the line."""
        name = secrets.token_urlsafe(9)
        self._lines[name] = line
        if len(self._lines) > REMEMBERED:
            del self._lines[next(iter(self._lines))]
        return RedirectResponse(f"{where}said={quote(name)}{section}", 303, headers=PAGE_HEADERS)

    async def _ask_what(self, request: Request) -> Response:
        """What something may be, to pick from. To look it up at Trakt is not for another site to make us do."""
        if refusal := self._guard.refusal(request):
            return refusal
        line = self._lines.get(request.query_params.get("said", ""))
        try:
            form = read("/fix", str(request.url.query).encode())
            assert isinstance(form, Fix)  # what is sent there  # noqa: S101
            subject = await self._mender.subject(form.which)
        except ScrobblerError as error:
            words = _sentence(str(error))
            return page("unreadable.html", 404, words=words)
        choices = Choices(reason=subject.reason or "", found=subject.choices)
        if (form.words or not subject.choices) and comes_from_us(request):
            choices, line = await self._looked_up(form, line)
        return page("fix.html", subject=subject, choices=choices, form=form, line=line)

    async def _looked_up(self, form: Fix, line: Line | None) -> tuple[Choices, Line | None]:
        try:
            async with timely():
                return await self._mender.search(form.which, form.words.strip()), line
        except ScrobblerError as error:
            return Choices(reason=""), line or Line(words=_sentence(str(error)), wrong=True)


async def _body(request: Request) -> bytes:
    """The form as it was sent. Raises ``PayloadError`` where it is too much, or too slow."""
    body = b""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for more in request.stream():
                body += more
                if len(body) > LONGEST_FORM:
                    raise PayloadError("this form is too long")
    except TimeoutError:
        raise PayloadError("this form came too slowly") from None
    return body


def _sentence(words: str) -> str:
    """An error's words as a sentence on one line."""
    line = " ".join(words.split())
    return f"{line[:1].upper()}{line[1:]}{'' if line.endswith('.') else '.'}"
