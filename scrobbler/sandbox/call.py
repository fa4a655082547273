"""One request on its way through the sandbox, and the entry of the route tables that answers it."""

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import Enum
from typing import TypeVar
from urllib.parse import parse_qsl

import msgspec
from msgspec import Struct

from scrobbler.sandbox.clock import parse
from scrobbler.sandbox.faults import FaultKind
from scrobbler.sandbox.replies import PAGE_MAX, Refused, Reply, malformed
from scrobbler.sandbox.tokens import App
from scrobbler.sandbox.world import Account, World

FORM = "application/x-www-form-urlencoded"
T = TypeVar("T")


class Access(Enum):
    """What a caller must show: nothing, an honest User-Agent, a known app, or a signed-in user."""

    PAGE = "page"
    AGENT = "agent"
    APP = "app"
    USER = "user"


class Call:
    """A request as the handlers see it. The gate fills in who asks; ``now`` is one instant for the whole request."""

    def __init__(
        self,
        world: World,
        *,
        method: str,
        path: str,
        params: Mapping[str, str],
        query: Mapping[str, str],
        headers: Mapping[str, str],
        body: bytes,
        base_url: str,
    ) -> None:
        self.world = world
        self.now: datetime = world.clock.now()
        self.method = method
        self.path = path
        self.params = params
        self.query = query
        self.headers = headers
        self.body = body
        self.base_url = base_url
        self.quirks: frozenset[FaultKind] = frozenset()
        """The faults that fire on this request."""
        self.app: App | None = None
        self.signed_in: Account | None = None

    @property
    def account(self) -> Account:
        """Whose call it is. Raises ``Refused`` (401) where nobody is signed in."""
        if self.signed_in is None:
            raise Refused(401)
        return self.signed_in

    @property
    def media(self) -> str:
        """The body's type without its parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def plain(self) -> object:
        """The body as plain data, None where it is neither JSON nor a form."""
        try:
            return self.form() if self.media == FORM else msgspec.json.decode(self.body)
        except (ValueError, RecursionError):
            return None

    def form(self) -> dict[str, str]:
        """The body as a form's fields. Raises ``ValueError`` for bytes that are no text."""
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))

    def decode(self, shape: type[T]) -> T:
        """The body as that type. Raises ``Refused`` (400) where it is not."""
        try:
            if self.media == FORM:
                return msgspec.convert(self.form(), shape)
            return msgspec.json.decode(self.body, type=shape)
        except (ValueError, RecursionError) as error:  # msgspec's errors are ValueErrors
            raise malformed(str(error)) from error

    def extended(self, level: str) -> bool:
        """Whether ``extended`` asks for that level."""
        return level in self.query.get("extended", "").split(",")

    def page(self, *, default: int) -> dict[str, int]:
        """``page`` and ``limit`` as asked; nonsense counts as not asked, and a larger limit as the largest."""
        page, limit = (_count(self.query.get(name, "")) for name in ("page", "limit"))
        return {"page": page or 1, "limit": min(limit or default, PAGE_MAX)}

    def between(self, at: datetime) -> bool:
        """Whether the instant lies within ``start_at`` and ``end_at``. Raises ``Refused`` (400) for no date."""
        start, end = self._date("start_at"), self._date("end_at")
        return (start is None or start <= at) and (end is None or at <= end)

    def _date(self, name: str) -> datetime | None:
        text = self.query.get(name)
        if not text:
            return None
        try:
            return parse(text.replace(" ", "+"))  # an unescaped "+" of a zone
        except ValueError as error:
            raise malformed(f"{name} is no date") from error


def _count(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 and int(text) else None


class Service(Struct, frozen=True, kw_only=True):
    """One line of a route table."""

    method: str
    path: str
    access: Access
    handle: Callable[[Call], Reply]


def get(path: str, handle: Callable[[Call], Reply], access: Access = Access.USER) -> Service:
    """A GET route."""
    return Service(method="GET", path=path, access=access, handle=handle)


def post(path: str, handle: Callable[[Call], Reply], access: Access = Access.USER) -> Service:
    """A POST route."""
    return Service(method="POST", path=path, access=access, handle=handle)


def delete(path: str, handle: Callable[[Call], Reply], access: Access = Access.USER) -> Service:
    """A DELETE route."""
    return Service(method="DELETE", path=path, access=access, handle=handle)
