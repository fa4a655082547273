"""Who the sandbox lets in: the headers, the app, the user, and how often."""

from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import msgspec
import pytest
from sandbox_visitor import APP, TRON, Visitor, frozen, visiting

from scrobbler.sandbox import App

pytestmark = pytest.mark.anyio

PROGRESS = {**TRON, "progress": 10}


@pytest.fixture
async def visitor(anyio_backend: str) -> AsyncIterator[Visitor]:
    async with visiting(frozen()) as someone:
        yield someone


async def ask(visitor: Visitor, path: str = "/movies/12601", **headers: str) -> httpx.Response:
    """A GET with these headers instead of the visitor's own; an empty one is left out."""
    named = {name.replace("_", "-").lower(): value for name, value in headers.items()}
    merged = {name.lower(): value for name, value in APP.items()} | named
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=visitor.sandbox.app), base_url="http://s") as http:
        request = http.build_request("GET", path)
        request.headers = httpx.Headers({name: value for name, value in merged.items() if value})
        return await http.send(request)


@pytest.mark.parametrize("agent", ["", "  ", "python-httpx/0.28.1", "Python-urllib/3.11", "okhttp/4.9.0"])
async def test_a_nameless_caller_is_blocked_at_the_edge(visitor: Visitor, agent: str) -> None:
    reply = await ask(visitor, User_Agent=agent)
    assert reply.status_code == 403
    assert reply.headers["content-type"].startswith("text/html")
    assert reply.headers["server"] == "cloudflare"
    assert "cf-ray" in reply.headers
    assert "you have been blocked" in reply.text


@pytest.mark.parametrize("key", ["", "unknown"])
async def test_an_unknown_app_is_403_without_a_page(visitor: Visitor, key: str) -> None:
    reply = await ask(visitor, trakt_api_key=key)
    assert (reply.status_code, reply.content) == (403, b"")
    assert "server" not in reply.headers


@pytest.mark.parametrize("version", ["", "1"])
async def test_another_version_is_412(visitor: Visitor, version: str) -> None:
    assert (await ask(visitor, trakt_api_version=version)).status_code == 412


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer unknown", "Basic c2FuZGJveA==", "unknown"])
async def test_nobody_is_401(visitor: Visitor, authorization: str) -> None:
    reply = await ask(visitor, "/sync/history", Authorization=authorization)
    assert reply.status_code == 401
    assert reply.headers["www-authenticate"].startswith("Bearer")


async def test_a_token_is_no_use_with_the_key_of_another_app(visitor: Visitor) -> None:
    visitor.sandbox.world.add_app(App(client_id="other", client_secret="other-secret"))
    assert (await ask(visitor, "/sync/history", trakt_api_key="other", **visitor.user)).status_code == 401


async def test_the_catalogue_needs_no_user(visitor: Visitor) -> None:
    assert (await ask(visitor)).status_code == 200
    assert (await ask(visitor, Authorization="Bearer expired")).status_code == 401


@pytest.mark.parametrize("media", ["text/plain", "application/x-www-form-urlencoded", ""])
async def test_a_write_that_is_no_json_is_412(visitor: Visitor, media: str) -> None:
    headers = {**visitor.user, "Content-Type": media}
    reply = await visitor.http.post("/scrobble/start", content=b"{}", headers=headers)
    assert reply.status_code == 412


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/scrobble/start"), ("PUT", "/sync/history"), ("GET", "/no/such")]
)
async def test_an_unknown_path_or_method_is_404(visitor: Visitor, method: str, path: str) -> None:
    assert (await visitor.http.request(method, path, headers=visitor.user)).status_code == 404


async def test_one_write_a_second_for_each_user(visitor: Visitor) -> None:
    async def write(user: dict[str, str]) -> httpx.Response:
        return await visitor.http.post("/scrobble/start", json=PROGRESS, headers=user)

    assert (await write(visitor.user)).status_code == 201
    visitor.sandbox.clock.advance(0.5)
    refused = await write(visitor.user)
    assert refused.status_code == 429
    assert refused.text.startswith("AUTHED_API_POST_LIMIT rate limit exceeded. Please wait 1 seconds")
    assert refused.headers["content-type"].startswith("text/plain")
    assert refused.headers["retry-after"] == "1"
    limit = msgspec.json.decode(refused.headers["x-ratelimit"])
    assert limit == {
        "name": "AUTHED_API_POST_LIMIT",
        "period": 1,
        "limit": 1,
        "remaining": 0,
        "until": "2026-11-20T20:00:01.000Z",
    }
    marta = {"Authorization": f"Bearer {visitor.sandbox.sign_in('marta')['access_token']}"}
    assert (await write(marta)).status_code == 201
    visitor.sandbox.clock.advance(0.5)
    assert (await write(visitor.user)).status_code == 201, "a refused write does not count"


async def test_the_write_limit_can_be_switched_off(visitor: Visitor) -> None:
    visitor.sandbox.rules.write_gap = 0
    for _ in range(3):
        reply = await visitor.http.post("/scrobble/start", json=PROGRESS, headers=visitor.user)
        assert reply.status_code == 201


@pytest.mark.parametrize(("signed_in", "name"), [(True, "AUTHED_API_GET_LIMIT"), (False, "UNAUTHED_API_GET_LIMIT")])
async def test_a_thousand_reads_in_five_minutes(visitor: Visitor, signed_in: bool, name: str) -> None:
    visitor.sandbox.rules.reads = 3
    headers = visitor.user if signed_in else {}
    for _ in range(3):
        assert (await visitor.http.get("/shows/dark", headers=headers)).status_code == 200
    visitor.sandbox.clock.advance(100)
    refused = await visitor.http.get("/shows/dark", headers=headers)
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "200")
    assert refused.text.startswith(name)
    others = {} if signed_in else visitor.user
    assert (await visitor.http.get("/shows/dark", headers=others)).status_code == 200
    visitor.sandbox.clock.advance(200)
    assert (await visitor.http.get("/shows/dark", headers=headers)).status_code == 200


def test_the_limit_of_reads_is_that_of_trakt() -> None:
    rules = frozen().rules
    assert (rules.reads, timedelta(seconds=rules.reads_period), rules.write_gap) == (1000, timedelta(minutes=5), 1)
