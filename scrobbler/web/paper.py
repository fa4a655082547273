"""Templates to pages: how instants, lengths and hostile names are written down."""

from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from starlette.responses import HTMLResponse, Response

from scrobbler.age import ago
from scrobbler.state.decisions import clock
from scrobbler.web.guard import PAGE_HEADERS

if TYPE_CHECKING:
    from jinja2 import Environment


def page(template: str, status: int = 200, **known: Any) -> Response:
    """A whole page."""
    return HTMLResponse(_bytes(part(template, **known)), status, headers=PAGE_HEADERS)


def part(template: str, **known: Any) -> str:
    """A part of a page."""
    return _templates().get_template(template).render(known)


def event(name: str, text: str) -> bytes:
    """A server-sent event. What ends a line in the text becomes a new line of its own, as in HTML."""
    return _bytes(f"event: {name}\n" + "".join(f"data: {line}\n" for line in text.splitlines() or [""]) + "\n")


def _bytes(text: str) -> bytes:
    """Half a sign, which a name may hold, cannot be written as UTF-8."""
    return text.encode("utf-8", "replace")


def _iso(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _local(at: datetime) -> str:
    """By this machine's clock; a browser with JavaScript shows its own."""
    return f"{at.astimezone():%d %b, %H:%M}"


@cache
def _templates() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415  # 4 MiB that only pages need

    loader = PackageLoader("scrobbler.web")
    made = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    made.filters |= {"iso": _iso, "local": _local, "clock": clock, "ago": ago}
    return made
