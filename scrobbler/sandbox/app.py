"""The sandbox as one ASGI app: every request goes through faults and gate to its handler, and into the journal."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from scrobbler.sandbox import account, browse, history, oauth, pages, scrobble, search
from scrobbler.sandbox.call import Access, Call, Service
from scrobbler.sandbox.clock import SandboxClock
from scrobbler.sandbox.control import Control
from scrobbler.sandbox.faults import EFFECTS, Drop, Dropped, Faults, Target
from scrobbler.sandbox.gate import Gate
from scrobbler.sandbox.replies import Refused, Reply
from scrobbler.sandbox.rules import Rules
from scrobbler.sandbox.tokens import App
from scrobbler.sandbox.world import DEFAULT_APP, World

LARGEST_BODY: Final = 1 << 20
"""Bytes; more is answered 413."""


def _nothing(_call: Call) -> Reply:
    raise Refused(404)


SERVICES: Final = (
    *pages.ROUTES,
    *oauth.ROUTES,
    *scrobble.ROUTES,
    *history.ROUTES,
    *account.ROUTES,
    *search.ROUTES,
    *browse.ROUTES,
)


class Sandbox:
    """A Trakt of one's own. ``app`` serves both of Trakt's hosts, the one for the API and the one for sign-in.

    ``approve_after`` (seconds) lets device codes approve themselves; ``poll_interval`` (seconds) is what devices are
    told to wait between polls; ``public_url`` is where the user's browser finds the sandbox, if not where it was asked.
    """

    def __init__(
        self,
        *,
        clock: SandboxClock | None = None,
        approve_after: float | None = None,
        public_url: str | None = None,
        poll_interval: int = 5,
    ) -> None:
        self.clock = clock or SandboxClock()
        rules = Rules(approve_after=approve_after, public_url=public_url, poll_interval=poll_interval)
        self.world = World(self.clock, rules)
        self._gate = Gate(self.world)
        routes = [Route(each.path, self._serving(each), methods=[each.method]) for each in SERVICES]
        # A path that is known under another method is as unknown as any: Trakt answers 404 to both.
        rest = Service(method="*", path="/{path:path}", access=Access.AGENT, handle=_nothing)
        every = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
        routes.append(Route(rest.path, self._serving(rest), methods=every))
        self.app = Starlette(routes=[*Control(self.world).routes(), *routes], max_body_size=LARGEST_BODY)

    @property
    def faults(self) -> Faults:
        """What goes wrong on purpose."""
        return self.world.faults

    @property
    def rules(self) -> Rules:
        """The switches."""
        return self.world.rules

    def sign_in(self, user: str = "sandbox", *, app: App = DEFAULT_APP) -> dict[str, object]:
        """Tokens for that user, as ``/oauth/token`` would answer them."""
        self.world.account(user)
        return self.world.tokens.issue(app.client_id, user).wire()

    def _serving(self, service: Service) -> Callable[[Request], Awaitable[Response]]:
        async def serve(request: Request) -> Response:
            call = await _call(self.world, request)
            status: int | None = None
            try:
                reply = await self._answer(service, call)
                status = reply.status
            except Dropped:
                if (drop := (request.scope.get("state") or {}).get("drop")) is not None:
                    drop(request.scope.get("client"))
                raise
            finally:
                self.world.journal.add(
                    at=call.now,
                    method=call.method,
                    path=call.path,
                    query=request.url.query,
                    body=call.plain(),
                    status=status,
                )
            return reply.response()

        return serve

    async def _answer(self, service: Service, call: Call) -> Reply:
        """The reply, with what the faults make of it. Raises ``Dropped`` where none is to be sent."""
        if service.access is Access.PAGE:
            return self._ask(service, call)
        fields = call.plain()
        target = Target(method=call.method, path=call.path, fields=fields if isinstance(fields, dict) else {})
        fired = self.faults.fire(target)
        effects = [EFFECTS[fault.kind] for fault in fired]
        call.quirks = frozenset(fault.kind for fault in fired)
        if delay := sum(fault.delay_s for fault in fired):
            await asyncio.sleep(delay)
        if any(effect.drop is Drop.BEFORE for effect in effects):
            raise Dropped
        answers = (effect.answer(fault, target) for fault, effect in zip(fired, effects, strict=True) if effect.answer)
        reply = next(answers, None) or self._ask(service, call)
        for effect in effects:
            reply = effect.rewrite(reply) if effect.rewrite is not None else reply
        if any(effect.drop is Drop.AFTER for effect in effects):
            raise Dropped
        return reply

    def _ask(self, service: Service, call: Call) -> Reply:
        try:
            self._gate.admit(call, service.access)
            return service.handle(call)
        except Refused as refused:
            return refused.reply


async def _call(world: World, request: Request) -> Call:
    return Call(
        world,
        method=request.method,
        path=request.url.path,
        params=request.path_params,
        query=request.query_params,
        headers=request.headers,
        body=await request.body(),
        base_url=str(request.base_url),
    )
