"""What every request passes before anything looks at it: its size, its host, the path of a proxy, and our patience.

Who is refused too often is told to wait, and only he who would be refused again is: a right secret is never counted
and never waits, because behind a reverse proxy all callers have one address. So this keeps a guesser from filling logs
and lines; what makes guessing hopeless is the length of the secret.
"""

import asyncio
import ipaddress
import logging
import traceback
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

from msgspec import Struct
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger(__name__)

MAX_HEADERS: Final = 100
MAX_TARGET_BYTES: Final = 8 * 1024
"""Of path and query."""
BURST: Final = 20
"""So many refusals a peer has at once, and one more each ``EVERY`` seconds."""
EVERY: Final = 3.0
PEERS: Final = 1024
"""So many peers are remembered; the one that was not refused for longest is forgotten."""

_REFUSALS: Final = frozenset({401, 403, 404, 405, 421})
_WORDS: Final = {
    414: "the address is too long", 421: "not here", 429: "too many requests", 431: "too many headers",
    500: "a mistake of ours",
}  # fmt: skip


class Entrance(Struct, frozen=True, kw_only=True):
    """How this server is called from outside."""

    hosts: tuple[str, ...] | None = None
    """The names by which it may be called, beside this machine's own and addresses; ``*.`` stands for one or more
    labels. None: any, for it is the secret that opens a hook, and pages guard themselves."""
    url: str | None = None
    """Where others find it; its path is taken off by a reverse proxy, or by us."""

    @property
    def prefix(self) -> str:
        """The path in front of ours, without a slash at its end."""
        return urlsplit(self.url or "").path.rstrip("/")

    def knows(self, host: str) -> bool:
        """Whether a request that calls us by this name (the header ``Host``) is for us."""
        if self.hosts is None:
            return True
        try:
            name = urlsplit(f"//{host}").hostname
        except ValueError:
            return False
        if not name:
            return False
        own = urlsplit(self.url or "").hostname
        return name in {"localhost", own} or _is_address(name) or any(_fits(name, each.lower()) for each in self.hosts)


class Patience:
    """How many more refusals each peer may have."""

    def __init__(self, clock: Callable[[], float] | None = None) -> None:
        """``clock``: a monotonic one in seconds; without it that of the event loop."""
        self._clock = clock
        self._left: dict[str, tuple[float, float]] = {}

    def has(self, peer: str) -> bool:
        """Count one refusal of this peer; False where it had its share."""
        now = self._clock() if self._clock is not None else asyncio.get_running_loop().time()
        left, at = self._left.pop(peer, (float(BURST), now))
        left = min(float(BURST), left + (now - at) / EVERY)
        allowed = left >= 1.0
        self._left[peer] = (left - 1.0 if allowed else left, now)
        if len(self._left) > PEERS:
            del self._left[next(iter(self._left))]
        return allowed


class Gate:
    """An ASGI app in front of another."""

    def __init__(self, app: ASGIApp, entrance: Entrance, patience: Patience) -> None:
        self._app = app
        self._entrance = entrance
        self._prefix = entrance.prefix
        self._patience = patience

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request. Raises nothing that is a mistake of the app's: it is logged here."""
        if scope["type"] != "http":
            return
        door = _Door(scope, send, self._patience)
        if (status := self._refusal(scope)) is not None:
            await PlainTextResponse(f"{_WORDS[status]}\n", status)(scope, receive, door.send)
            return
        if self._prefix and scope["path"].startswith(f"{self._prefix}/"):
            scope = {**scope, "root_path": self._prefix}
        try:
            await self._app(scope, receive, door.send)
        except ClientDisconnect:
            return
        except Exception as error:  # noqa: BLE001  # its words could quote what was sent, so they are not logged
            frames = "".join(traceback.format_tb(error.__traceback__)).rstrip()
            log.error("a request ended in a mistake of ours: %s\n%s", type(error).__name__, frames)  # noqa: TRY400  # as above
            if not door.open:
                await PlainTextResponse(f"{_WORDS[500]}\n", 500)(scope, receive, send)

    def _refusal(self, scope: Scope) -> int | None:
        if len(scope["headers"]) > MAX_HEADERS:
            return 431
        if len(scope.get("raw_path") or scope["path"]) + len(scope["query_string"]) > MAX_TARGET_BYTES:
            return 414
        return None if self._entrance.knows(Headers(scope=scope).get("host", "")) else 421


class _Door:
    """The way out for one answer: where a refusal would be one too many, another goes out in its place."""

    def __init__(self, scope: Scope, send: Send, patience: Patience) -> None:
        self.open = False
        """Whether an answer was begun."""
        self._shut = False
        self._scope = scope
        self._send = send
        self._patience = patience

    async def send(self, message: Message) -> None:
        """What the app wants to be sent."""
        if message["type"] == "http.response.start":
            self.open = True
            if message["status"] in _REFUSALS and not self._patience.has(_peer(self._scope)):
                self._shut = True
                headers = {"Retry-After": f"{EVERY:.0f}"}
                await PlainTextResponse(f"{_WORDS[429]}\n", 429, headers)(self._scope, _nothing, self._send)
        if not self._shut:
            await self._send(message)


async def _nothing() -> Message:
    return {"type": "http.disconnect"}


def _peer(scope: Scope) -> str:
    """Whose requests count as one caller's: an address, or the network that a household gets in IPv6."""
    host = scope["client"][0] if scope["client"] else ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return str(host)
    return str(address if address.version == 4 else ipaddress.ip_network((int(address), 64), strict=False))


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _fits(name: str, pattern: str) -> bool:
    return name.endswith(pattern[1:]) if pattern.startswith("*.") else name == pattern
