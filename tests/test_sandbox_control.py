"""The sandbox's own controls: its state, its faults, its time, and the log of what it was asked."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from sandbox_visitor import DULCINEA, HEAT, TRON, Visitor, frozen, visiting

pytestmark = pytest.mark.anyio


@pytest.fixture
async def visitor(anyio_backend: str) -> AsyncIterator[Visitor]:
    async with visiting(frozen()) as someone:
        yield someone


async def requests(visitor: Visitor, **query: str | float) -> list[dict[str, Any]]:
    reply = await visitor.http.get("/sandbox/requests", params=query)
    assert reply.status_code == 200
    rows: list[dict[str, Any]] = reply.json()["requests"]
    return rows


async def test_the_state_tells_everything_but_secrets(visitor: Visitor) -> None:
    await visitor.scrobble("start", TRON, 5)
    await visitor.scrobble("pause", DULCINEA, 30)
    await visitor.scrobble("stop", HEAT, 90)
    codes = (await visitor.oauth("device/code")).json()
    await visitor.http.post("/sandbox/faults", json={"kind": "bare_429", "path": "/nowhere"})
    state = (await visitor.http.get("/sandbox/state")).json()
    assert state["apps"] == [{"client_id": "sandbox", "name": "Sandbox", "public": False}]
    assert state["tokens"] == 1
    assert state["devices"] == [{"user_code": codes["user_code"], "client_id": "sandbox", "state": "pending"}]
    account = state["users"]["sandbox"]
    assert account["watching"]["movie"]["title"] == "TRON: Legacy"
    assert [place["progress"] for place in account["playback"]] == [30]
    assert [play["movie"]["title"] for play in account["history"]] == ["Heat"]
    [fault] = state["faults"]
    assert (fault["fault"]["kind"], fault["left"]) == ("bare_429", 1)


async def test_faults_are_added_one_by_one_or_together_and_cleared(visitor: Visitor) -> None:
    one = {"kind": "status", "status": 503, "path": "/users/*", "times": 2}
    assert (await visitor.http.post("/sandbox/faults", json=one)).status_code == 201
    added = await visitor.http.post("/sandbox/faults", json=[{"kind": "bare_429", "times": None}])
    assert [each["left"] for each in added.json()["faults"]] == [2, None]
    assert (await visitor.get("/users/settings")).status_code == 503
    assert (await visitor.http.delete("/sandbox/faults")).status_code == 204
    assert (await visitor.get("/users/settings")).status_code == 200


@pytest.mark.parametrize(
    ("path", "body", "word"),
    [
        ("faults", b'{"kind": "no such"}', "kind"),
        ("faults", b'{"kind": "status"}', "status"),
        ("faults", b'{"kind": "bare_429", "pth": "/"}', "pth"),
        ("faults", b"[5]", "object"),
        ("faults", b"[" * 100_000, "array"),
        ("clock", b'{"advance_s": "1"}', "float"),
        ("clock", b'{"advance_s": 1e300}', "calendar"),
        ("clock", b"", "truncated"),
        ("approve", b"{}", "user_code"),
        ("deny", b'{"user_code": 5}', "str"),
    ],
)
async def test_bad_input_is_400_with_a_line_that_says_why(visitor: Visitor, path: str, body: bytes, word: str) -> None:
    reply = await visitor.http.post(f"/sandbox/{path}", content=body)
    assert reply.status_code == 400
    assert word in reply.json()["error"].lower()


async def test_time_can_be_pushed(visitor: Visitor) -> None:
    reply = await visitor.http.post("/sandbox/clock", json={"advance_s": 90})
    assert reply.json() == {"now": "2026-11-20T20:01:30.000Z"}


async def test_a_code_is_decided_once(visitor: Visitor) -> None:
    codes = (await visitor.oauth("device/code")).json()
    typed = codes["user_code"].lower()
    body = {"user_code": f"{typed[:4]}-{typed[4:]}"}
    approved = await visitor.http.post("/sandbox/approve", json=body)
    assert approved.json() == {"user_code": codes["user_code"], "state": "approved"}
    again = await visitor.http.post("/sandbox/deny", json=body)
    assert (again.status_code, "approved" in again.json()["error"]) == (409, True)
    assert (await visitor.http.post("/sandbox/deny", json={"user_code": "NOSUCH22"})).status_code == 404


async def test_a_code_may_be_approved_for_another_user(visitor: Visitor) -> None:
    codes = (await visitor.oauth("device/code")).json()
    await visitor.http.post("/sandbox/approve", json={"user_code": codes["user_code"], "user": "marta"})
    token = (await visitor.oauth("device/token", code=codes["device_code"])).json()
    settings = await visitor.http.get("/users/settings", headers={"Authorization": f"Bearer {token['access_token']}"})
    assert settings.json()["user"]["username"] == "marta"


async def test_the_log_holds_every_request_but_its_own(visitor: Visitor) -> None:
    await visitor.scrobble("start", TRON, 5)
    await visitor.get("/sync/history", limit=1)
    await visitor.oauth("token", grant_type="refresh_token", refresh_token="hush")
    await visitor.http.get("/oauth/authorize", params={"state": "hush"})
    await visitor.http.get("/activate/HUSH2345")
    rows = await requests(visitor)
    assert [(row["seq"], row["method"], row["path"], row["status"]) for row in rows] == [
        (1, "POST", "/scrobble/start", 201),
        (2, "GET", "/sync/history", 200),
        (3, "POST", "/oauth/token", 400),
        (4, "GET", "/oauth/authorize", 400),
        (5, "GET", "/activate", 404),
    ]
    assert rows[0]["body"] == {"movie": {"ids": {"trakt": 12601}}, "progress": 5}
    assert rows[0]["at"] == "2026-11-20T20:00:01.000Z"
    assert rows[1]["query"] == "limit=1"
    assert "hush" not in str(rows).lower()
    assert [row["seq"] for row in await requests(visitor, after=3)] == [4, 5]


async def test_a_refused_request_is_in_the_log_too(visitor: Visitor) -> None:
    await visitor.http.get("/users/settings")
    [row] = await requests(visitor)
    assert row["status"] == 401


async def test_one_who_waits_is_told_as_soon_as_there_is_something(visitor: Visitor) -> None:
    await visitor.get("/users/settings")
    waiting = asyncio.ensure_future(requests(visitor, after=1, wait=30))
    both = asyncio.ensure_future(requests(visitor, after=0, wait=30))
    assert [row["seq"] for row in await both] == [1], "what is there already is told at once"
    assert not waiting.done()
    await visitor.scrobble("start", TRON, 5)
    async with asyncio.timeout(10):
        assert [row["path"] for row in await waiting] == ["/scrobble/start"]


async def test_one_who_waits_in_vain_is_told_so(visitor: Visitor) -> None:
    assert await requests(visitor, after=7, wait=0.01) == []


@pytest.mark.parametrize("query", ["after=x", "after=-1", "wait=nan", "wait=inf", "wait=-5"])
async def test_a_number_that_is_none_is_400(visitor: Visitor, query: str) -> None:
    reply: httpx.Response = await visitor.http.get(f"/sandbox/requests?{query}")
    assert reply.status_code == 400
    assert "number" in reply.json()["error"]
