"""The sandbox's own controls under ``/sandbox/``: see its state, break it, move its time. No sign-in: it is a toy."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from scrobbler.sandbox.clock import iso
from scrobbler.sandbox.faults import Fault
from scrobbler.sandbox.journal import Entry
from scrobbler.sandbox.replies import Refused, Reply
from scrobbler.sandbox.titles import Json
from scrobbler.sandbox.world import Account, World

LONGEST_WAIT = 60.0
"""Seconds that a request for news is held open at most."""

T = TypeVar("T")


class Advance(Struct, forbid_unknown_fields=True):
    """The body of ``POST /sandbox/clock``: seconds of sandbox time."""

    advance_s: float


class Decision(Struct, forbid_unknown_fields=True):
    """The body of ``POST /sandbox/approve`` and ``/deny``."""

    user_code: str
    user: str = ""


class Control:
    """Answers what tests, the demo and the curious ask."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[BaseRoute]:
        """All of ``/sandbox/``."""
        table: tuple[tuple[str, str, Callable[[Request], Awaitable[Reply]]], ...] = (
            ("GET", "/sandbox/state", self.state),
            ("GET", "/sandbox/requests", self.requests),
            ("POST", "/sandbox/faults", self.add_faults),
            ("DELETE", "/sandbox/faults", self.clear_faults),
            ("POST", "/sandbox/clock", self.advance),
            ("POST", "/sandbox/approve", self.approve),
            ("POST", "/sandbox/deny", self.deny),
        )
        return [Route(path, _answering(handle), methods=[method]) for method, path, handle in table]

    async def state(self, _request: Request) -> Reply:
        """Everything, without the value of any secret."""
        world = self._world
        devices = [
            {"user_code": each.user_code, "client_id": each.client_id, "state": world.devices.state(each).value}
            for each in world.devices.codes
        ]
        body: Json = {
            "now": iso(world.clock.now()),
            "apps": [
                {"client_id": app.client_id, "name": app.name, "public": app.public} for app in world.apps.values()
            ],
            "users": {name: self._account(account) for name, account in world.accounts.items()},
            "tokens": world.tokens.alive(),
            "devices": devices,
            "faults": self._faults(),
        }
        return Reply(body=body)

    async def requests(self, request: Request) -> Reply:
        """The requests after number ``after``; with ``wait`` not before there is one, or that many seconds passed."""
        after = _number(request, "after")
        wait = min(_number(request, "wait"), LONGEST_WAIT)
        journal = self._world.journal
        found = await journal.wait(int(after), wait) if wait else journal.after(int(after))
        return Reply(body={"requests": [_line(entry) for entry in found]})

    async def add_faults(self, request: Request) -> Reply:
        """One fault or a list of them."""
        body = await request.body()
        many = body.lstrip().startswith(b"[")
        self._world.faults.add(*(_decoded(body, list[Fault]) if many else [_decoded(body, Fault)]))
        return Reply(status=201, body={"faults": self._faults()})

    async def clear_faults(self, _request: Request) -> Reply:
        """All is well again."""
        self._world.faults.clear()
        return Reply(status=204)

    async def advance(self, request: Request) -> Reply:
        """Let sandbox time pass."""
        asked = _decoded(await request.body(), Advance)
        try:
            self._world.clock.advance(asked.advance_s)
        except OverflowError as error:
            raise Refused(400, {"error": "advance_s leads out of the calendar"}) from error
        return Reply(body={"now": iso(self._world.clock.now())})

    async def approve(self, request: Request) -> Reply:
        """The user lets the device in."""
        return self._decide(_decoded(await request.body(), Decision), approve=True)

    async def deny(self, request: Request) -> Reply:
        """The user keeps the device out."""
        return self._decide(_decoded(await request.body(), Decision), approve=False)

    def _decide(self, asked: Decision, *, approve: bool) -> Reply:
        device = self._world.devices.find(asked.user_code)
        if device is None:
            raise Refused(404, {"error": "no device has this user_code"})
        if not self._world.devices.decide(device, approve=approve, user=asked.user):
            state = self._world.devices.state(device).value
            raise Refused(409, {"error": f"this user_code was decided or is over: {state}"})
        return Reply(body={"user_code": device.user_code, "state": self._world.devices.state(device).value})

    def _account(self, account: Account) -> Json:
        now_on = account.watching(self._world.clock.now())
        return {
            "watching": now_on.wire() if now_on is not None else None,
            "playback": [place.wire() for place in account.playback],
            "history": [play.wire() for play in account.plays],
        }

    def _faults(self) -> list[object]:
        return [{"fault": fault, "left": left} for fault, left in self._world.faults.listed()]


def _answering(handle: Callable[[Request], Awaitable[Reply]]) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        try:
            return (await handle(request)).response()
        except Refused as refused:
            return refused.reply.response()

    return answer


def _decoded(body: bytes, shape: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=shape)
    except (ValueError, RecursionError) as error:  # msgspec's errors are ValueErrors
        raise Refused(400, {"error": str(error)}) from error


def _number(request: Request, name: str) -> float:
    try:
        value = float(request.query_params.get(name) or 0)
    except ValueError:
        value = -1
    if not 0 <= value < 2**53:
        raise Refused(400, {"error": f"{name} is a number from 0 on"})
    return value


def _line(entry: Entry) -> Json:
    return msgspec.structs.asdict(entry) | {"at": iso(entry.at)}
