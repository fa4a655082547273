"""The sandbox's sign-in: device codes and their statuses, browser codes, refresh that rotates, revocation."""

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from sandbox_visitor import APP, CLIENT, Visitor, frozen, visiting

from scrobbler.sandbox import App
from scrobbler.sandbox.invitations import challenge_of

pytestmark = pytest.mark.anyio

OOB = "urn:ietf:wg:oauth:2.0:oob"
AWAY = "http://127.0.0.1:9/back"


@pytest.fixture
async def visitor(anyio_backend: str) -> AsyncIterator[Visitor]:
    async with visiting(frozen()) as someone:
        yield someone


async def device(visitor: Visitor) -> dict[str, Any]:
    reply = await visitor.oauth("device/code")
    assert reply.status_code == 200
    codes: dict[str, Any] = reply.json()
    return codes


async def poll(visitor: Visitor, code: str, *, after: float = 5) -> httpx.Response:
    visitor.sandbox.clock.advance(after)
    return await visitor.oauth("device/token", code=code)


async def signed_in(visitor: Visitor, access: object) -> bool:
    reply = await visitor.http.get("/users/settings", headers={"Authorization": f"Bearer {access}"})
    return reply.status_code == 200


async def test_a_device_is_told_where_to_send_its_user(visitor: Visitor) -> None:
    codes = await device(visitor)
    assert codes.keys() == {"device_code", "user_code", "verification_url", "expires_in", "interval"}
    assert codes["verification_url"] == "http://sandbox/activate"
    assert (codes["expires_in"], codes["interval"], len(codes["user_code"])) == (600, 5, 8)


async def test_the_users_address_and_the_interval_can_be_set() -> None:
    async with visiting(frozen(public_url="https://example.org/", poll_interval=1)) as visitor:
        codes = await device(visitor)
    assert (codes["verification_url"], codes["interval"]) == ("https://example.org/activate", 1)


async def test_a_device_gets_tokens_once_its_user_says_yes(visitor: Visitor) -> None:
    codes = await device(visitor)
    pending = await poll(visitor, codes["device_code"])
    assert (pending.status_code, pending.content) == (400, b"")
    await visitor.http.post("/sandbox/approve", json={"user_code": codes["user_code"]})
    reply = await poll(visitor, codes["device_code"])
    assert reply.status_code == 200
    token = reply.json()
    assert token.keys() == {"access_token", "token_type", "expires_in", "refresh_token", "scope", "created_at"}
    assert (token["expires_in"], token["created_at"]) == (604_800, int(visitor.sandbox.clock.now().timestamp()))
    assert await signed_in(visitor, token["access_token"])
    used = await poll(visitor, codes["device_code"])
    assert (used.status_code, used.content) == (409, b"")


async def test_a_denied_device_is_told_418(visitor: Visitor) -> None:
    codes = await device(visitor)
    await visitor.http.post("/sandbox/deny", json={"user_code": codes["user_code"]})
    assert (await poll(visitor, codes["device_code"])).status_code == 418


async def test_a_code_expires(visitor: Visitor) -> None:
    codes = await device(visitor)
    assert (await poll(visitor, codes["device_code"], after=599)).status_code == 400
    assert (await poll(visitor, codes["device_code"], after=1)).status_code == 410


async def test_an_unknown_code_is_404_whatever_it_looks_like(visitor: Visitor) -> None:
    for code in ("unknown", "ünknown", "x" * 5000):
        assert (await poll(visitor, code)).status_code == 404


async def test_polling_faster_than_told_is_429(visitor: Visitor) -> None:
    codes = await device(visitor)
    assert (await poll(visitor, codes["device_code"])).status_code == 400
    assert (await poll(visitor, codes["device_code"], after=4)).status_code == 429
    assert (await poll(visitor, codes["device_code"], after=5)).status_code == 400


async def test_a_hair_too_early_is_forgiven(visitor: Visitor) -> None:
    codes = await device(visitor)
    await poll(visitor, codes["device_code"])
    assert (await poll(visitor, codes["device_code"], after=4.9)).status_code == 400


async def test_a_code_may_approve_itself_in_time() -> None:
    async with visiting(frozen(approve_after=8)) as visitor:
        codes = await device(visitor)
        assert (await poll(visitor, codes["device_code"])).status_code == 400
        assert (await poll(visitor, codes["device_code"])).status_code == 200


async def test_a_code_belongs_to_the_app_that_asked(visitor: Visitor) -> None:
    visitor.sandbox.world.add_app(App(client_id="other", client_secret="other-secret"))
    codes = await device(visitor)
    other = {"client_id": "other", "client_secret": "other-secret", "code": codes["device_code"]}
    assert (await visitor.http.post("/oauth/device/token", json=other)).status_code == 404


@pytest.mark.parametrize("call", ["device/code", "device/token", "token", "revoke"])
async def test_an_unknown_app_is_an_invalid_client(visitor: Visitor, call: str) -> None:
    reply = await visitor.oauth(call, client_id="nobody")
    assert (reply.status_code, reply.json()["error"]) == (401, "invalid_client")
    reply = await visitor.oauth(call, client_id="")
    assert reply.status_code == 400
    assert reply.json() == {"error": "invalid_client", "error_description": "client_id is required"}


@pytest.mark.parametrize("call", ["device/token", "token", "revoke"])
async def test_a_wrong_secret_is_an_invalid_client(visitor: Visitor, call: str) -> None:
    for secret in ("wrong", "", "ungültig"):
        reply = await visitor.oauth(call, client_secret=secret)
        assert (reply.status_code, reply.json()["error"]) == (401, "invalid_client")
    missing = await visitor.http.post(f"/oauth/{call}", json={"client_id": "sandbox"})
    assert missing.status_code == 401


async def test_a_public_app_may_leave_its_secret_out_but_not_send_a_wrong_or_null_one(visitor: Visitor) -> None:
    visitor.sandbox.world.add_app(App(client_id="sandbox", client_secret="sandbox-secret", public=True))
    refresh = visitor.sandbox.sign_in()["refresh_token"]
    fields = {"client_id": "sandbox", "grant_type": "refresh_token", "refresh_token": refresh}
    assert (await visitor.http.post("/oauth/token", json={**fields, "client_secret": "wrong"})).status_code == 401
    assert (await visitor.http.post("/oauth/token", json={**fields, "client_secret": None})).status_code == 400
    assert (await visitor.http.post("/oauth/token", json=fields)).status_code == 200


async def refresh(visitor: Visitor, token: object, **more: object) -> httpx.Response:
    return await visitor.oauth("token", grant_type="refresh_token", refresh_token=token, redirect_uri=OOB, **more)


async def test_a_refresh_token_works_once(visitor: Visitor) -> None:
    first = visitor.sandbox.sign_in()
    second = (await refresh(visitor, first["refresh_token"])).json()
    assert second["refresh_token"] != first["refresh_token"]
    again = await refresh(visitor, first["refresh_token"])
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert (await refresh(visitor, second["refresh_token"])).status_code == 200


async def test_the_old_access_token_lives_until_it_expires(visitor: Visitor) -> None:
    first = visitor.sandbox.sign_in()
    visitor.sandbox.clock.advance(1000)
    second = (await refresh(visitor, first["refresh_token"])).json()
    assert await signed_in(visitor, first["access_token"])
    visitor.sandbox.clock.advance(604_800 - 1000)
    assert not await signed_in(visitor, first["access_token"])
    assert await signed_in(visitor, second["access_token"])


@pytest.mark.parametrize("strict", [False, True])
async def test_reuse_ends_the_whole_family_only_where_that_is_switched_on(visitor: Visitor, strict: bool) -> None:
    visitor.sandbox.rules.family_revoke = strict
    first, stranger = visitor.sandbox.sign_in(), visitor.sandbox.sign_in()
    second = (await refresh(visitor, first["refresh_token"])).json()
    await refresh(visitor, first["refresh_token"])
    assert await signed_in(visitor, second["access_token"]) is not strict
    assert (await refresh(visitor, second["refresh_token"])).is_success is not strict
    assert await signed_in(visitor, stranger["access_token"])


async def test_a_refresh_token_is_no_use_to_another_app(visitor: Visitor) -> None:
    visitor.sandbox.world.add_app(App(client_id="other", client_secret="other-secret"))
    token = visitor.sandbox.sign_in()
    stolen = await refresh(visitor, token["refresh_token"], client_id="other", client_secret="other-secret")
    assert stolen.json()["error"] == "invalid_grant"
    assert (await refresh(visitor, token["refresh_token"])).status_code == 200


@pytest.mark.parametrize("half", ["access_token", "refresh_token"])
async def test_revocation_ends_both_halves(visitor: Visitor, half: str) -> None:
    token = visitor.sandbox.sign_in()
    reply = await visitor.oauth("revoke", token=token[half])
    assert (reply.status_code, reply.json()) == (200, {})
    assert not await signed_in(visitor, token["access_token"])
    assert (await refresh(visitor, token["refresh_token"])).status_code == 400
    assert (await visitor.oauth("revoke", token="unknown")).status_code == 200


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "refresh_token"}, "invalid_grant"),
        ({"grant_type": "authorization_code", "code": "no"}, "invalid_grant"),
        ({"grant_type": 5}, "invalid_request"),
    ],
)
async def test_a_token_request_that_cannot_be_granted_is_400(
    visitor: Visitor, fields: dict[str, object], error: str
) -> None:
    reply = await visitor.oauth("token", **fields)
    assert (reply.status_code, reply.json()["error"]) == (400, error)


async def test_a_token_may_be_asked_for_with_a_form(visitor: Visitor) -> None:
    token = visitor.sandbox.sign_in()["refresh_token"]
    fields = {**CLIENT, "grant_type": "refresh_token", "refresh_token": token}
    assert (await visitor.http.post("/oauth/token", data=fields)).status_code == 200


async def authorize(visitor: Visitor, decision: str, **fields: str) -> httpx.Response:
    asked = {"response_type": "code", "client_id": "sandbox", "redirect_uri": AWAY, **fields}
    page = await visitor.http.get("/oauth/authorize", params=asked)
    assert page.status_code == 200
    assert all(f'name="{name}"' in page.text for name in asked)
    return await visitor.http.post("/oauth/authorize", data={**asked, "decision": decision})


def code_of(reply: httpx.Response) -> str:
    return parse_qs(urlsplit(reply.headers["location"]).query)["code"][0]


async def exchange(visitor: Visitor, code: str, **fields: str) -> httpx.Response:
    asked = {"grant_type": "authorization_code", "code": code, "redirect_uri": AWAY, **fields}
    return await visitor.oauth("token", **asked)


async def test_a_browser_is_sent_back_with_a_code_and_the_state(visitor: Visitor) -> None:
    reply = await authorize(visitor, "approve", state="a&b=c")
    assert reply.status_code == 302
    address = urlsplit(reply.headers["location"])
    answer = parse_qs(address.query)
    assert (address.netloc, address.path, answer["state"]) == ("127.0.0.1:9", "/back", ["a&b=c"])
    tokens = await exchange(visitor, answer["code"][0])
    assert await signed_in(visitor, tokens.json()["access_token"])
    assert (await exchange(visitor, answer["code"][0])).json()["error"] == "invalid_grant"


async def test_a_refusal_is_sent_back_too(visitor: Visitor) -> None:
    reply = await authorize(visitor, "deny", state="s")
    assert reply.headers["location"] == f"{AWAY}?error=access_denied&state=s"


async def test_out_of_band_the_code_is_shown(visitor: Visitor) -> None:
    page = await authorize(visitor, "approve", redirect_uri=OOB)
    assert page.status_code == 200
    code = page.text.partition('class="code">')[2].partition("<")[0]
    assert (await exchange(visitor, code, redirect_uri=OOB)).status_code == 200


async def test_a_code_is_bound_to_the_address_and_to_ten_minutes(visitor: Visitor) -> None:
    codes = [
        parse_qs(urlsplit((await authorize(visitor, "approve")).headers["location"]).query)["code"][0] for _ in "12"
    ]
    assert (await exchange(visitor, codes[0], redirect_uri=OOB)).status_code == 400
    visitor.sandbox.clock.advance(600)
    assert (await exchange(visitor, codes[1])).status_code == 400


@pytest.mark.parametrize(("verifier", "status"), [("v" * 43, 200), ("w" * 43, 400), ("", 400)])
async def test_a_code_with_a_challenge_needs_its_verifier(visitor: Visitor, verifier: str, status: int) -> None:
    reply = await authorize(visitor, "approve", code_challenge=challenge_of("v" * 43), code_challenge_method="S256")
    assert (await exchange(visitor, code_of(reply), code_verifier=verifier)).status_code == status


def test_the_challenge_is_that_of_rfc_7636() -> None:
    assert challenge_of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk") == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


@pytest.mark.parametrize(
    "fields",
    [
        {"client_id": "nobody"},
        {"redirect_uri": "https://elsewhere.example/"},
        {"redirect_uri": "javascript:alert(1)"},
        {"redirect_uri": "http://[::1"},
        {"redirect_uri": "http://localhost/\r\nSet-Cookie: a=b"},
        {"redirect_uri": ""},
        {"response_type": "token"},
        {"code_challenge_method": "plain"},
    ],
)
async def test_nobody_is_sent_anywhere_on_a_bad_question(visitor: Visitor, fields: dict[str, str]) -> None:
    asked = {"response_type": "code", "client_id": "sandbox", "redirect_uri": AWAY, **fields}
    page = await visitor.http.get("/oauth/authorize", params=asked)
    decided = await visitor.http.post("/oauth/authorize", data={**asked, "decision": "approve"})
    assert page.status_code in {400, 401}
    assert decided.status_code in {400, 401}
    assert "location" not in decided.headers


async def test_no_secret_is_in_a_repr_or_in_the_state(visitor: Visitor) -> None:
    codes = await device(visitor)
    token = visitor.sandbox.sign_in()
    world = visitor.sandbox.world
    shown = [
        repr(world.apps),
        repr(world.devices.codes),
        repr(world.tokens.holder(str(token["access_token"]))),
        (await visitor.http.get("/sandbox/state")).text,
        (await visitor.http.get("/sandbox/requests")).text,
        (await visitor.http.get("/")).text,
    ]
    for secret in (codes["device_code"], token["access_token"], token["refresh_token"], "sandbox-secret"):
        assert not [text for text in shown if str(secret) in text]


async def test_a_device_needs_a_user_agent_only(visitor: Visitor) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=visitor.sandbox.app), base_url="http://s") as bare:
        named = {"User-Agent": APP["User-Agent"]}
        assert (await bare.post("/oauth/device/code", json=CLIENT, headers=named)).status_code == 200
        assert (await bare.post("/oauth/device/code", json=CLIENT)).status_code == 403
