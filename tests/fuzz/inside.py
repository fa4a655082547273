"""Requests to the app itself, without a socket: four hooks, and behind them the machine that steps their sessions."""

import asyncio
import json
import logging
import random
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec
from fuzz.bodies import SECRET, SOURCES, Request, draw
from fuzz.tally import Errors, Tally
from starlette.types import Message, Scope

from plugins import sample
from scrobbler.adapters import Ignored
from scrobbler.events import PlayerEvent, SessionKey
from scrobbler.machine.policy import Policy
from scrobbler.machine.session import Session
from scrobbler.machine.step import deadline, expire, step
from scrobbler.web.app import build
from scrobbler.web.hooks import Hook

START = datetime(2026, 11, 20, 20, 0, tzinfo=UTC)
SESSIONS = 2000
"""So many are remembered; made-up devices would be ever more."""
POLICY = Policy()


class _Machine:
    """The agent's side without its disk: each event is stepped, and what comes of it must be writable."""

    def __init__(self) -> None:
        self.events = 0
        self.now = START
        self._sessions: dict[SessionKey, Session] = {}

    def clock(self) -> datetime:
        """Time passes, mostly a little."""
        self.now += timedelta(seconds=0.37)
        return self.now

    async def receive(self, source: str, heard: Sequence[PlayerEvent | Ignored]) -> None:
        for one in heard:
            msgspec.json.encode(one)
            if isinstance(one, Ignored):
                continue
            self.events += 1
            session, said = step(
                self._sessions.get(one.session) or Session(key=one.session, account="default"), one, POLICY
            )
            due = deadline(session, POLICY)
            if due is not None and due <= self.now:
                session, more = expire(session, self.now, POLICY)
                said += more
            self._sessions[one.session] = session
            json.loads(msgspec.json.encode(session))
            for each in said:
                msgspec.json.encode(each)
                each.final().counts()
                each.media.label()
        while len(self._sessions) > SESSIONS:
            del self._sessions[next(iter(self._sessions))]


def run(seed: str, numbers: Sequence[int]) -> Tally:
    """All of these, one after the other."""
    errors = Errors()
    root = logging.getLogger()
    root.addHandler(errors)
    logging.getLogger("scrobbler").setLevel(logging.ERROR)
    try:
        return asyncio.run(_run(seed, numbers, errors))
    finally:
        root.removeHandler(errors)


async def _run(seed: str, numbers: Sequence[int], errors: Errors) -> Tally:
    tally, machine = Tally(), _Machine()
    hooks = {source: Hook(webhook=sample.adapter(source), secret=SECRET) for source in SOURCES}
    app = build(hooks, machine, machine.clock)
    for number in numbers:
        asked = draw(seed, number)
        name = f"{seed}:{number}"
        began = time.process_time()
        try:
            status = await _ask(app, asked, random.Random(number))
        except Exception as error:  # noqa: BLE001  # whatever it is, it is a finding
            tally.wrong.append(f"{name}: raised {type(error).__name__}: {error}")
            continue
        tally.bodies += 1
        tally.judge(name, asked, status, time.process_time() - began)
        tally.wrong += [f"{name}: logged {line}" for line in errors.taken()]
    tally.events = machine.events
    return tally


async def _ask(app: object, asked: Request, chance: random.Random) -> int:
    """The status of the answer. The body comes in a few pieces."""
    pieces, rest = list[bytes](), asked.body
    while len(rest) > 1 and len(pieces) < 3 and chance.random() < 0.3:
        at = chance.randrange(1, len(rest))
        pieces.append(rest[:at])
        rest = rest[at:]
    pieces.append(rest)
    statuses = list[int]()

    async def receive() -> Message:
        if not pieces:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": pieces.pop(0), "more_body": bool(pieces)}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    scope: Scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": asked.method,
        "scheme": "http",
        "path": asked.path,
        "raw_path": asked.path.encode(),
        "root_path": "",
        "query_string": asked.query,
        "headers": [(b"host", b"agent"), *asked.headers],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8722),
    }
    await app(scope, receive, send)  # type: ignore[operator]  # an ASGI app
    [status] = statuses
    return int(status)
