"""What every request passes: sizes, names, the path of a proxy, and patience, which a right secret never needs."""

import logging
from collections.abc import Sequence
from typing import Any

import httpx
import pytest
from conftest import Clock
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from scrobbler.adapters import Ignored, WebhookRequest
from scrobbler.events import PlayerEvent
from scrobbler.web.app import build
from scrobbler.web.gate import BURST, EVERY, MAX_HEADERS, MAX_TARGET_BYTES, PEERS, Entrance, Gate, Patience
from scrobbler.web.guard import Guard
from scrobbler.web.hooks import Hook
from scrobbler.web.server import serving

pytestmark = pytest.mark.anyio
SECRET = "open sesame"


class Anything:
    """A server whose every word is of no interest."""

    def parse(self, request: WebhookRequest) -> Sequence[PlayerEvent | Ignored]:
        return [Ignored(reason="nothing")]


class Ear:
    async def receive(self, source: str, heard: Sequence[PlayerEvent | Ignored]) -> None:
        """Takes it."""


async def _page(request: Request) -> Response:
    return Guard().refusal(request) or PlainTextResponse("the page")


def receiver(entrance: Entrance | None = None) -> ASGIApp:
    hooks = {"plex": Hook(webhook=Anything(), secret=SECRET)}
    return build(hooks, Ear(), Clock(), [Route("/login", _page)], entrance)


async def ask(
    app: ASGIApp,
    path: str,
    *,
    host: str = "127.0.0.1:8722",
    peer: str = "127.0.0.1",
    method: str = "POST",
    **more: object,
) -> httpx.Response:
    transport = httpx.ASGITransport(app, client=(peer, 1))
    headers = {"Host": host, **more.pop("headers", {})}  # type: ignore[dict-item]  # names and values
    async with httpx.AsyncClient(transport=transport, base_url="http://agent") as http:
        return await http.request(method, path, headers=headers, **more)  # type: ignore[arg-type]  # httpx's own


async def told(app: ASGIApp, secret: str = SECRET, **more: object) -> int:
    return (await ask(app, "/hooks/plex", params={"token": secret}, content=b"{}", **more)).status_code  # type: ignore[arg-type]  # as above


# Patience


async def test_who_guesses_is_told_to_wait_and_who_knows_never_is() -> None:
    app = receiver()
    assert [await told(app, "wrong") for _ in range(BURST)] == [401] * BURST
    for _ in range(5):
        assert await told(app, "wrong") == 429
        assert await told(app) == 200


async def test_a_refusal_that_is_one_too_many_says_when_to_come_back_and_nothing_else() -> None:
    app = receiver()
    for path in ("/hooks/plex", "/hooks/nobody"):
        for _ in range(BURST):
            await ask(app, "/hooks/plex")
        reply = await ask(app, path)
        assert (reply.status_code, reply.text, reply.headers["retry-after"]) == (429, "too many requests\n", "3")
        assert "www-authenticate" not in reply.headers


async def test_each_household_has_a_patience_of_its_own() -> None:
    app = receiver()
    for _ in range(BURST):
        await told(app, "wrong", peer="2001:db8:1:2::1")
    assert await told(app, "wrong", peer="2001:db8:1:2::ffff") == 429
    assert await told(app, "wrong", peer="2001:db8:1:3::1") == 401
    assert await told(app, "wrong", peer="192.0.2.1") == 401
    assert await told(app, "wrong", peer="a pipe") == 401


@given(st.lists(st.floats(0.0, 60.0), max_size=200))
def test_no_peer_is_refused_more_often_than_it_may(gaps: list[float]) -> None:
    now = 0.0
    patience = Patience(lambda: now)
    granted = 0
    for gap in gaps:
        now += gap
        granted += patience.has("somebody")
        assert granted <= BURST + now / EVERY + 1


def test_patience_comes_back_with_time() -> None:
    now = 0.0
    patience = Patience(lambda: now)
    while patience.has("somebody"):
        pass
    now += EVERY
    assert patience.has("somebody")
    assert not patience.has("somebody")


def test_so_many_peers_are_remembered_and_no_more() -> None:
    patience = Patience(lambda: 0.0)
    for peer in range(PEERS * 2):
        patience.has(str(peer))
    assert len(patience._left) == PEERS


# Names


@pytest.mark.parametrize("host", ["anything.lan", "scrobbler:8722", "192.168.0.7:8722", "[::1]", "evil.example"])
async def test_a_hook_may_be_called_by_any_name_since_its_secret_opens_it(host: str) -> None:
    assert await told(receiver(), host=host) == 200
    assert await told(receiver(), "wrong", host=host) == 401


@pytest.mark.parametrize(
    ("host", "known"),
    [
        ("scrobbler.lan", True),
        ("SCROBBLER.lan:8722", True),
        ("a.home.example", True),
        ("a.b.home.example", True),
        ("home.example", False),
        ("public.example", True),
        ("localhost:8722", True),
        ("127.0.0.1", True),
        ("192.168.0.7:8722", True),
        ("[2001:db8::1]:8722", True),
        ("evil.example", False),
        ("scrobbler.lan.evil.example", False),
        ("evilhome.example", False),
        ("", False),
        ("[", False),
        ("scrobbler.lan@evil.example", False),
    ],
)
async def test_once_names_are_set_no_other_name_is_answered(host: str, known: bool) -> None:
    app = receiver(Entrance(hosts=("scrobbler.lan", "*.Home.example"), url="https://public.example/x"))
    assert await told(app, host=host) == (200 if known else 421)


async def test_a_name_that_is_not_ours_is_refused_before_any_page() -> None:
    app = receiver(Entrance(hosts=()))
    assert (await ask(app, "/login", host="evil.example", method="GET")).status_code == 421
    assert (await ask(app, "/login", method="GET")).text == "the page"


# The path of a proxy


@pytest.mark.parametrize("url", ["https://home.example/scrobbler", "https://home.example/scrobbler/"])
@pytest.mark.parametrize("prefix", ["", "/scrobbler"])
async def test_a_proxy_may_take_its_path_off_or_leave_it(prefix: str, url: str) -> None:
    app = receiver(Entrance(url=url))
    query = {"token": SECRET}
    assert (await ask(app, f"{prefix}/hooks/plex", params=query, content=b"{}")).status_code == 200
    assert (await ask(app, f"{prefix}/hooks/plex", content=b"{}")).status_code == 401
    assert (await ask(app, f"{prefix}/login", method="GET")).text == "the page"
    assert (await ask(app, f"{prefix}/static/page.css", method="GET")).headers["content-type"].startswith("text/css")
    for path in (f"{prefix}/hooks", f"{prefix}/nowhere", "/other/hooks/plex", "/scrobblerhooks/plex"):
        assert (await ask(app, path, params=query, method="GET")).status_code == 404


async def test_a_page_that_is_for_this_machine_is_not_for_who_comes_through_a_proxy_on_it() -> None:
    """Nginx, for one, calls us by our own address on behalf of anybody."""
    for name in ("X-Forwarded-For", "Forwarded", "X-Real-IP", "Via", "x-forwarded-host"):
        reply = await ask(receiver(), "/login", method="GET", headers={name: "198.51.100.7"})
        assert reply.status_code == 403


# Sizes


async def test_no_request_has_more_headers_than_any_server_sends() -> None:
    few, many = ({f"X-{number}": "x" for number in range(count)} for count in (MAX_HEADERS // 2, MAX_HEADERS))
    assert await told(receiver(), headers=few) == 200
    assert await told(receiver(), headers=many) == 431


async def test_no_address_is_longer_than_any_server_has_it() -> None:
    path = f"/hooks/plex?token={SECRET.replace(' ', '%20')}&x="
    assert (await ask(receiver(), path + "x" * (MAX_TARGET_BYTES - len(path)), content=b"{}")).status_code == 200
    assert (await ask(receiver(), path + "x" * MAX_TARGET_BYTES)).status_code == 414
    assert (await ask(receiver(), "/" + "x" * MAX_TARGET_BYTES)).status_code == 414


# Mistakes of ours


async def _boom(request: Request) -> Response:
    raise ValueError(request.query_params["said"])


async def _late(request: Request) -> Response:
    async def part() -> object:
        yield b"x"
        raise ValueError(request.query_params["said"])

    return StreamingResponse(part())  # type: ignore[arg-type]  # it breaks off


async def test_a_mistake_of_ours_is_logged_by_its_place_and_not_by_its_words(caplog: pytest.LogCaptureFixture) -> None:
    app = Starlette(routes=[Route("/boom", _boom), Route("/late", _late)])
    async with serving(Gate(app, Entrance(), Patience()), "127.0.0.1", 0) as url, httpx.AsyncClient() as http:
        assert (await http.get(f"{url}/boom", params={"said": "by a stranger"})).status_code == 500
        with pytest.raises(httpx.RemoteProtocolError):
            await http.get(f"{url}/late", params={"said": "by a stranger"})
    ours = [message for message in caplog.messages if message.startswith("a request ended in a mistake of ours")]
    assert len(ours) == 2
    assert all("ValueError" in message and "test_web_gate.py" in message for message in ours)
    assert "stranger" not in " ".join(each.getMessage() for each in caplog.records if each.name != "httpx")


async def test_what_is_no_http_is_not_answered(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    await Gate(_never, Entrance(), Patience())({"type": "lifespan"}, _never, _never)


async def _never(*_: object) -> Any:
    raise AssertionError
