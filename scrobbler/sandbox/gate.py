"""Who is let in: the headers that Trakt wants, the app, the user, and the rate limits."""

from collections.abc import Callable
from datetime import datetime, timedelta
from math import ceil
from typing import Final

import msgspec
from msgspec import Struct

from scrobbler.sandbox.call import Access, Call
from scrobbler.sandbox.clock import iso
from scrobbler.sandbox.replies import TEXT, Refused, Reply, edge_block
from scrobbler.sandbox.world import World

LIBRARY_AGENTS: Final = (
    "python-httpx/",
    "python-requests/",
    "python-urllib",
    "python/",
    "aiohttp/",
    "go-http-client/",
    "java/",
    "okhttp/",
    "node-fetch",
    "axios/",
    "undici",
)
"""What HTTP libraries call themselves where the program gives no name of its own; lower case."""

Check = Callable[[Call], None]


class _Window(Struct):
    until: datetime
    used: int = 0


class Gate:
    """Lets a call through, or refuses it."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._written: dict[str, datetime] = {}
        self._read: dict[str, _Window] = {}
        known = (_agent, _version, self._app)
        self._checks: Final[dict[Access, tuple[Check, ...]]] = {
            Access.PAGE: (),
            Access.AGENT: (_agent,),
            Access.APP: (*known, self._user, self._limit),
            Access.USER: (*known, self._user, _signed_in, self._limit, _json),
        }

    def admit(self, call: Call, access: Access) -> None:
        """Fills in the call's app and user. Raises ``Refused``."""
        for check in self._checks[access]:
            check(call)

    def _app(self, call: Call) -> None:
        call.app = self._world.apps.get(call.headers.get("trakt-api-key", ""))
        if call.app is None:
            raise Refused(403)

    def _user(self, call: Call) -> None:
        scheme, _, value = call.headers.get("authorization", "").partition(" ")
        if not scheme:
            return
        token = self._world.tokens.holder(value.strip()) if scheme.lower() == "bearer" else None
        if token is None or call.app is None or token.client_id != call.app.client_id:
            raise Refused(401, WWW_Authenticate='Bearer error="invalid_token"')
        call.signed_in = self._world.account(token.user)

    def _limit(self, call: Call) -> None:
        if call.method in {"GET", "HEAD"}:
            self._limit_reads(call)
        else:
            self._limit_writes(call)

    def _limit_writes(self, call: Call) -> None:
        gap = timedelta(seconds=self._world.rules.write_gap)
        last = self._written.get(call.account.name)
        if last is not None and last <= call.now < last + gap:
            name = "AUTHED_API_POST_LIMIT"
            raise _too_many(name, period=max(ceil(gap.total_seconds()), 1), limit=1, until=last + gap, now=call.now)
        self._written[call.account.name] = call.now

    def _limit_reads(self, call: Call) -> None:
        rules = self._world.rules
        who = f"user {call.signed_in.name}" if call.signed_in else f"app {call.app.client_id if call.app else ''}"
        period = timedelta(seconds=rules.reads_period)
        window = self._read.get(who)
        if window is None or not window.until - period <= call.now < window.until:
            window = self._read[who] = _Window(call.now + period)
        window.used += 1
        if window.used > rules.reads:
            name = "AUTHED_API_GET_LIMIT" if call.signed_in else "UNAUTHED_API_GET_LIMIT"
            raise _too_many(name, period=rules.reads_period, limit=rules.reads, until=window.until, now=call.now)


def _agent(call: Call) -> None:
    """The edge blocks nameless callers before the API sees them."""
    agent = call.headers.get("user-agent", "").strip().lower()
    if not agent or agent.startswith(LIBRARY_AGENTS):
        raise refusal(edge_block())


def _version(call: Call) -> None:
    if call.headers.get("trakt-api-version") != "2":
        raise Refused(412)


def _signed_in(call: Call) -> None:
    if call.signed_in is None:
        raise Refused(401, WWW_Authenticate="Bearer")


def _json(call: Call) -> None:
    if call.method == "POST" and call.media != "application/json":
        raise Refused(412)


def _too_many(name: str, *, period: int, limit: int, until: datetime, now: datetime) -> Refused:
    seconds = max(ceil((until - now).total_seconds()), 1)
    told = {"name": name, "period": period, "limit": limit, "remaining": 0, "until": iso(until)}
    headers = {"Retry-After": str(seconds), "X-Ratelimit": msgspec.json.encode(told).decode()}
    text = f"{name} rate limit exceeded. Please wait {seconds} seconds then retry your request."
    return refusal(Reply(status=429, body=text, headers=headers, media=TEXT))


def refusal(reply: Reply) -> Refused:
    """A ready reply, to be raised."""
    refused = Refused(reply.status)
    refused.reply = reply
    return refused
