"""Who may see the pages: this machine, or who knows the password; and no other site by way of a browser."""

import base64
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from conftest import Clock
from desk import Desk, opened
from double import Double
from starlette.requests import Request

from scrobbler.web.guard import PAGE_HEADERS, Guard

pytestmark = pytest.mark.anyio

PASSWORD = "open sésame"
PAGES = ("/login", "/login/default", "/login/default/events", "/login/nobody")
FOREIGN = (
    *("evil.example", "127.0.0.1.evil.example", "192.168.0.7:8722", "localhost.evil", "my_evil.example"),
    *("evil.example:99999", "evil example", "[", "", "[::1", "127.0.0.1@evil.example"),
)
HERE_ONLY = "This page is for this machine only. To open it to others, set a password: [server] password.\n"


@pytest.fixture
async def desk(tmp_path: Path, double: Double, clock: Clock) -> AsyncIterator[Desk]:
    async with opened(Desk(tmp_path, double, clock, "default")) as desk:
        yield desk


@pytest.fixture
async def locked(tmp_path: Path, double: Double, clock: Clock) -> AsyncIterator[Desk]:
    async with opened(Desk(tmp_path, double, clock, "default"), PASSWORD) as desk:
        yield desk


async def asked(desk: Desk, path: str = "/login/default", method: str = "GET", **headers: str) -> httpx.Response:
    named = {name.replace("_", "-").encode(): value.encode("latin-1") for name, value in headers.items()}
    async with httpx.AsyncClient(base_url=desk.url) as http, http.stream(method, path, headers=named) as reply:
        if "event-stream" not in reply.headers.get("content-type", ""):
            await reply.aread()
        return reply


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


async def test_this_machine_needs_no_password(desk: Desk) -> None:
    assert (await asked(desk)).status_code == 200


@pytest.mark.parametrize("host", ["localhost:8722", "tv.localhost", "127.0.0.1", "127.3.2.1:1", "[::1]:8722"])
async def test_its_own_names_are_let_in(host: str, desk: Desk) -> None:
    assert (await asked(desk, host=host)).status_code == 200


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "192.168.0.7:8722", "localhost.evil", "[", ""]
)
async def test_a_name_of_somebody_elses_that_leads_here_is_refused_with_words(host: str, path: str, desk: Desk) -> None:
    reply = await asked(desk, path, host=host)
    assert (reply.status_code, reply.text) == (403, HERE_ONLY)
    assert desk.codes == 0


@pytest.mark.parametrize("address", ["192.168.0.7", "10.0.0.1", "fe80::1%eth0", "2001:db8::1"])
def test_who_is_not_on_this_machine_is_refused_without_a_password(address: str) -> None:
    scope = {"type": "http", "method": "GET", "path": "/login", "query_string": b"", "server": ("127.0.0.1", 8722)}
    near = Request(scope | {"client": ("127.0.0.1", 5), "headers": [(b"host", b"localhost")]})
    far = Request(scope | {"client": (address, 5), "headers": [(b"host", b"localhost")]})
    unknown = Request(scope | {"client": None, "headers": [(b"host", b"localhost")]})
    assert Guard().refusal(near) is None
    for request in (far, unknown):
        refusal = Guard().refusal(request)
        assert refusal is not None
        assert refusal.status_code == 403


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize(
    "given", ["", basic("me:wrong"), basic("me"), "Basic %%%", "Bearer open sesame", "Basic \xe9"], ids=range(6)
)
async def test_where_there_is_a_password_it_is_asked_for(given: str, path: str, locked: Desk) -> None:
    reply = await asked(locked, path, **({"authorization": given} if given else {}))
    assert reply.status_code == 401
    assert reply.headers["www-authenticate"] == 'Basic realm="scrobbler"'
    assert reply.text == "This page needs the password that is set as server.password (any user name).\n"
    assert locked.codes == 0


@pytest.mark.parametrize("user", ["", "me", "né"])
async def test_who_knows_it_is_let_in_by_any_name(user: str, locked: Desk) -> None:
    for host in ("127.0.0.1", "tv.example", "192.168.0.7:8722"):
        assert (await asked(locked, host=host, authorization=basic(f"{user}:{PASSWORD}"))).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:1"},
        {"origin": "http://["},
    ],
    ids=str,
)
async def test_what_another_site_sends_is_refused(headers: dict[str, str], desk: Desk) -> None:
    reply = await asked(desk, method="POST", **headers)
    assert (reply.status_code, reply.text) == (403, "This was sent by another site.\n")
    assert desk.codes == 0


async def test_what_our_own_page_sends_is_taken(desk: Desk) -> None:
    for headers in ({"sec_fetch_site": "same-origin"}, {"origin": desk.url}, {}):
        reply = await asked(desk, method="POST", **headers)
        assert (reply.status_code, reply.headers["location"]) == (303, "default")


async def test_a_look_from_another_site_asks_trakt_for_nothing(desk: Desk) -> None:
    reply = await asked(desk, sec_fetch_site="cross-site", sec_fetch_mode="navigate")
    assert reply.status_code == 200
    assert "Show a code to sign in with" in reply.text
    assert desk.codes == 0
    await asked(desk, sec_fetch_site="none")
    assert desk.codes == 1


@pytest.mark.parametrize("path", ["/login/default", "/login/default/events", "/login/nobody"])
async def test_each_answer_keeps_foreign_things_out(path: str, desk: Desk) -> None:
    for host in ("localhost", "evil.example"):
        headers = (await asked(desk, path, host=host)).headers
        assert {name: headers[name] for name in PAGE_HEADERS} == PAGE_HEADERS
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]


def test_the_password_is_in_no_words_of_the_guard() -> None:
    assert repr(Guard(password=PASSWORD)) == "Guard(password=set)"
    assert repr(Guard()) == "Guard(password=none)"
