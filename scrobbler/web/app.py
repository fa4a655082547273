"""Which URL leads where: hooks, pages beside them, and what those are made of."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from starlette.applications import Starlette
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from scrobbler.web.gate import Entrance, Gate, Patience
from scrobbler.web.hooks import MAX_BODY_BYTES, Hook, Hooks, Receiver, name_of


def build(
    hooks: Mapping[str, Hook],
    receiver: Receiver,
    clock: Callable[[], datetime],
    pages: Sequence[Route] = (),
    entrance: Entrance | None = None,
    knocked: Callable[[str, bool], None] = lambda _name, _knew: None,
) -> ASGIApp:
    """The app. ``hooks`` are by the name of their player; ``pages`` guard themselves.

    ``knocked`` hears of each call of one of the hooks, and whether it knew the secret.
    """
    called = Hooks(hooks, receiver, clock, knocked)
    static = Mount("/static", StaticFiles(packages=[("scrobbler.web", "static")]))
    paged = Starlette(routes=[*pages, static], max_body_size=MAX_BODY_BYTES)
    paged.router.redirect_slashes = False  # a redirect would repeat the query, and what is secret in it

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await (paged if name_of(scope) is None else called)(scope, receive, send)

    return Gate(app, entrance or Entrance(), Patience())
