"""What goes wrong in the sandbox on purpose: each kind of fault, and which requests it meets."""

from collections.abc import AsyncIterator
from time import monotonic
from typing import Any

import httpx
import pytest
from sandbox_visitor import CLIENT, DULCINEA, TRON, Visitor, frozen, visiting

from scrobbler.sandbox import Dropped, Fault, FaultKind

pytestmark = pytest.mark.anyio


@pytest.fixture
async def visitor(anyio_backend: str) -> AsyncIterator[Visitor]:
    async with visiting(frozen()) as someone:
        yield someone


async def settings(visitor: Visitor) -> httpx.Response:
    return await visitor.get("/users/settings")


async def test_a_status_with_headers_and_text_or_json(visitor: Visitor) -> None:
    visitor.sandbox.faults.add(
        Fault(kind=FaultKind.STATUS, status=503, body="overloaded", headers={"Retry-After": "30"}),
        Fault(kind=FaultKind.STATUS, status=423, body={"message": "no"}),
        Fault(kind=FaultKind.STATUS, status=502),
    )
    text, json, empty, well = [await settings(visitor) for _ in range(4)]
    assert (text.status_code, text.text, text.headers["retry-after"]) == (503, "overloaded", "30")
    assert text.headers["content-type"].startswith("text/plain")
    assert (json.status_code, json.json()) == (423, {"message": "no"})
    assert (empty.status_code, empty.content) == (502, b"")
    assert well.status_code == 200


async def test_a_fault_fires_as_often_as_told(visitor: Visitor) -> None:
    visitor.sandbox.faults.add(Fault(kind=FaultKind.STATUS, status=500, times=2))
    assert [(await settings(visitor)).status_code for _ in range(3)] == [500, 500, 200]
    visitor.sandbox.faults.add(Fault(kind=FaultKind.STATUS, status=500, times=None))
    assert {(await settings(visitor)).status_code for _ in range(5)} == {500}
    visitor.sandbox.faults.clear()
    assert (await settings(visitor)).status_code == 200


async def test_a_fault_meets_its_method_and_path_only(visitor: Visitor) -> None:
    visitor.sandbox.faults.add(Fault(kind=FaultKind.STATUS, status=500, method="POST", path="/scrobble/*"))
    assert (await settings(visitor)).status_code == 200
    assert (await visitor.get("/scrobble/start")).status_code == 404
    assert (await visitor.scrobble("start", TRON, 5)).status_code == 500
    assert (await visitor.scrobble("start", TRON, 5)).status_code == 201


async def test_a_fault_does_not_touch_the_pages_or_the_controls(visitor: Visitor) -> None:
    visitor.sandbox.faults.add(Fault(kind=FaultKind.STATUS, status=500, times=None))
    assert (await visitor.http.get("/")).status_code == 200
    assert (await visitor.http.get("/sandbox/state")).status_code == 200


async def test_a_delay_is_real_time_and_the_answer_comes(visitor: Visitor) -> None:
    visitor.sandbox.faults.add(Fault(kind=FaultKind.DELAY, delay_s=0.05))
    began = monotonic()
    assert (await settings(visitor)).status_code == 200
    assert monotonic() - began >= 0.05


async def test_any_fault_may_come_late(visitor: Visitor) -> None:
    visitor.sandbox.faults.add(Fault(kind=FaultKind.BARE_429, delay_s=0.05))
    began = monotonic()
    assert (await settings(visitor)).status_code == 429
    assert monotonic() - began >= 0.05


@pytest.mark.parametrize(("kind", "plays"), [(FaultKind.DROP_BEFORE, 0), (FaultKind.DROP_AFTER, 1)])
async def test_a_connection_ends_before_or_after_the_write(visitor: Visitor, kind: FaultKind, plays: int) -> None:
    visitor.sandbox.faults.add(Fault(kind=kind))
    with pytest.raises(Dropped):
        await visitor.scrobble("stop", TRON, 90)
    assert len(await visitor.history()) == plays
    told = (await visitor.http.get("/sandbox/requests")).json()["requests"]
    assert (told[0]["path"], told[0]["status"]) == ("/scrobble/stop", None)


async def test_a_server_is_asked_to_cut_the_very_connection(visitor: Visitor) -> None:
    visitor.sandbox.faults.add(Fault(kind=FaultKind.DROP_BEFORE))
    cut: list[object] = []
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/users/settings",
        "query_string": b"",
        "headers": [],
        "client": ("127.0.0.1", 5),
        "state": {"drop": cut.append},
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(_message: object) -> None:
        return

    with pytest.raises(Dropped):
        await visitor.sandbox.app(scope, receive, send)
    assert cut == [("127.0.0.1", 5)]


@pytest.mark.parametrize(
    ("kind", "status", "word"),
    [(FaultKind.CLOUDFLARE_403, 403, "blocked"), (FaultKind.CLOUDFLARE_1015, 429, "1015")],
)
async def test_the_edge_answers_with_a_page(visitor: Visitor, kind: FaultKind, status: int, word: str) -> None:
    visitor.sandbox.faults.add(Fault(kind=kind))
    reply = await settings(visitor)
    assert reply.status_code == status
    assert word in reply.text
    assert reply.headers["content-type"].startswith("text/html")
    assert (reply.headers["server"], "cf-ray" in reply.headers) == ("cloudflare", True)
    assert "retry-after" not in reply.headers


async def test_a_429_may_say_nothing_more(visitor: Visitor) -> None:
    visitor.sandbox.faults.add(Fault(kind=FaultKind.BARE_429))
    reply = await settings(visitor)
    assert (reply.status_code, reply.content) == (429, b"")
    assert not {"retry-after", "x-ratelimit"} & set(reply.headers)


@pytest.mark.parametrize(
    ("kind", "status", "headers"),
    [
        (FaultKind.LOCKED_ACCOUNT, 423, {"x-account-locked": "true"}),
        (FaultKind.DEACTIVATED, 410, {"x-account-deactivated": "true"}),
        (FaultKind.VIP_ONLY, 426, {"x-upgrade-url": "https://trakt.tv/vip"}),
        (
            FaultKind.ACCOUNT_LIMIT,
            420,
            {"x-upgrade-url": "https://trakt.tv/vip", "x-vip-user": "false", "x-account-limit": "100000"},
        ),
    ],
)
async def test_an_account_may_be_refused(
    visitor: Visitor, kind: FaultKind, status: int, headers: dict[str, str]
) -> None:
    visitor.sandbox.faults.add(Fault(kind=kind))
    assert (await visitor.oauth("device/code")).status_code == 200, "signing in is another matter"
    reply = await settings(visitor)
    assert (reply.status_code, reply.content) == (status, b"")
    assert headers.items() <= dict(reply.headers).items()


async def test_a_deleted_app_is_403_on_the_api_and_invalid_client_at_sign_in(visitor: Visitor) -> None:
    visitor.sandbox.faults.add(Fault(kind=FaultKind.DELETED_APP, times=None))
    api = await settings(visitor)
    assert (api.status_code, api.content) == (403, b"")
    assert "server" not in api.headers
    oauth = await visitor.oauth("device/code")
    assert (oauth.status_code, oauth.json()["error"]) == (400, "invalid_client")


async def test_a_refresh_may_be_refused_with_401_and_keeps_its_token(visitor: Visitor) -> None:
    visitor.sandbox.faults.add(Fault(kind=FaultKind.REFRESH_401))
    fields = {"grant_type": "refresh_token", "refresh_token": visitor.sandbox.sign_in()["refresh_token"]}
    assert (await visitor.oauth("token", grant_type="authorization_code")).status_code == 400
    reply = await visitor.oauth("token", **fields)
    assert (reply.status_code, reply.json()["error"]) == (401, "invalid_grant")
    assert (await visitor.oauth("token", **fields)).status_code == 200


async def test_a_device_may_be_answered_in_the_words_of_rfc_8628(visitor: Visitor) -> None:
    visitor.sandbox.faults.add(Fault(kind=FaultKind.RFC8628, times=None))

    async def device() -> dict[str, Any]:
        codes: dict[str, Any] = (await visitor.http.post("/oauth/device/code", json=CLIENT)).json()
        return codes

    async def said(code: str) -> tuple[int, object]:
        reply = await visitor.oauth("device/token", code=code)
        return reply.status_code, reply.json().get("error")

    denied, expired, approved = await device(), await device(), await device()
    assert await said(approved["device_code"]) == (400, "authorization_pending")
    assert await said(approved["device_code"]) == (400, "slow_down")
    await visitor.http.post("/sandbox/deny", json={"user_code": denied["user_code"]})
    assert await said(denied["device_code"]) == (400, "access_denied")
    await visitor.http.post("/sandbox/approve", json={"user_code": approved["user_code"]})
    visitor.sandbox.clock.advance(5)
    assert await said(approved["device_code"]) == (200, None)
    visitor.sandbox.clock.advance(600)
    assert await said(expired["device_code"]) == (400, "expired_token")


async def test_a_write_may_be_answered_200(visitor: Visitor) -> None:
    visitor.sandbox.faults.add(Fault(kind=FaultKind.OK_200, times=2))
    assert (await settings(visitor)).status_code == 200
    assert (await visitor.scrobble("start", TRON, 5)).status_code == 200
    assert (await visitor.post("/sync/history", {})).status_code == 200
    assert (await visitor.post("/sync/history", {})).status_code == 201


async def test_the_reply_to_an_episode_may_lack_its_show(visitor: Visitor) -> None:
    visitor.sandbox.faults.add(Fault(kind=FaultKind.MISSING_SHOW))
    reply = await visitor.scrobble("start", DULCINEA, 5)
    assert (reply.status_code, reply.json().keys()) == (201, {"id", "action", "progress", "episode"})


@pytest.mark.parametrize("status", [None, 400])
async def test_pause_may_be_gone(visitor: Visitor, status: int | None) -> None:
    visitor.sandbox.faults.add(Fault(kind=FaultKind.PAUSE_GONE, status=status, times=None))
    assert (await visitor.scrobble("pause", TRON, 30)).status_code == (status or 404)
    assert (await visitor.scrobble("stop", TRON, 30)).status_code == 201


async def test_a_final_stop_may_end_as_a_pause(visitor: Visitor) -> None:
    visitor.sandbox.faults.add(Fault(kind=FaultKind.STOP_EDGE))
    assert (await visitor.scrobble("stop", TRON, 30)).json()["action"] == "pause"
    assert (await visitor.scrobble("stop", TRON, 80)).json()["action"] == "pause"
    assert await visitor.history() == []
    assert [place["progress"] for place in await visitor.playback()] == [80]
    assert (await visitor.scrobble("stop", TRON, 80)).json()["action"] == "scrobble"


async def test_what_is_named_may_be_taken_for_something_else_and_that_is_recorded(visitor: Visitor) -> None:
    visitor.sandbox.faults.add(Fault(kind=FaultKind.ANOTHER_ITEM, path="/scrobble/*"))
    assert (await visitor.scrobble("stop", TRON, 90)).json()["movie"]["title"] != "TRON: Legacy"
    visitor.sandbox.faults.add(Fault(kind=FaultKind.ANOTHER_ITEM, path="/sync/history"))
    added = await visitor.post("/sync/history", {"movies": [{"ids": {"imdb": "tt1104001"}}]})
    assert added.json()["added"] == {"movies": 1, "episodes": 0}
    assert all(row["movie"]["title"] != "TRON: Legacy" for row in await visitor.history())
    assert (await visitor.scrobble("stop", TRON, 90)).json()["movie"]["title"] == "TRON: Legacy"
    visitor.sandbox.faults.add(Fault(kind=FaultKind.ANOTHER_ITEM))
    meant = {"show": {"ids": {"slug": "the-expanse"}}, "episode": {"season": 1, "number": 2}, "progress": 90}
    assert (await visitor.post("/scrobble/stop", meant)).json()["show"]["title"] != "The Expanse"


async def test_faults_are_joined_until_one_ends_the_request(visitor: Visitor) -> None:
    visitor.sandbox.faults.add(
        Fault(kind=FaultKind.MISSING_SHOW),
        Fault(kind=FaultKind.OK_200),
        Fault(kind=FaultKind.DROP_BEFORE, times=2),
        Fault(kind=FaultKind.STATUS, status=500),
    )
    with pytest.raises(Dropped):
        await visitor.scrobble("start", DULCINEA, 5)
    left = [fault.kind for fault, _ in visitor.sandbox.faults.listed()]
    assert left == [FaultKind.DROP_BEFORE, FaultKind.STATUS], "what came before was used, what comes after was not"


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"kind": FaultKind.STATUS}, "status"),
        ({"kind": FaultKind.STATUS, "status": 99}, "200 to 599"),
        ({"kind": FaultKind.DELAY}, "delay_s"),
        ({"kind": FaultKind.BARE_429, "delay_s": -1}, "delay_s"),
        ({"kind": FaultKind.BARE_429, "times": 0}, "times"),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(fields: dict[str, Any], word: str) -> None:
    with pytest.raises(ValueError, match=word):
        Fault(**fields)
