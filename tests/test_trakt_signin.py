"""The device flow and the life of tokens, step by step."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import msgspec
import pytest
import respx

from scrobbler.errors import Closed, Unauthorized, Unavailable, Uncertain
from scrobbler.events import Seconds
from scrobbler.trakt import signin
from scrobbler.trakt.app import App
from scrobbler.trakt.signin import Answer, DeviceCode, Poll
from scrobbler.trakt.tokens import Tokens
from scrobbler.trakt.transport import Transport

APP = App(client_id="our-id", client_secret="our-secret")
NOW = datetime(2026, 11, 20, 20, 0, tzinfo=UTC)
CODE = DeviceCode(
    user_code="5055CC52",
    verification_url="https://auth.trakt.tv/activate",
    device_code="device-secret",
    expires_at=NOW + timedelta(seconds=600),
    interval=Seconds(5.0),
)
GRANT = {
    "access_token": "new-access",
    "token_type": "bearer",
    "expires_in": 604800,
    "refresh_token": "new-refresh",
    "scope": "public",
    "created_at": int(NOW.timestamp()),
}
OLD = Tokens(access_token="old-access", refresh_token="old-refresh", created_at=NOW, expires_at=NOW)
NEW = Tokens(access_token="new-access", refresh_token="new-refresh", created_at=NOW, expires_at=NOW + timedelta(days=7))
DEVICE_CODE = "https://auth.trakt.tv/oauth/device/code"
DEVICE_TOKEN = "https://auth.trakt.tv/oauth/device/token"
TOKEN = "https://auth.trakt.tv/oauth/token"


class Clock:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.at = NOW
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.at += timedelta(seconds=seconds)

    def now(self) -> datetime:
        return self.at


def sent(route: respx.Route) -> dict[str, Any]:
    return msgspec.json.decode(route.calls.last.request.content, type=dict[str, Any])


def poll() -> Poll:
    return signin.poll(Transport(APP), APP, CODE, now=NOW)


def test_a_sign_in_begins_with_a_code_to_type_in(respx_mock: respx.MockRouter) -> None:
    route = respx_mock.post(DEVICE_CODE).respond(
        json={
            "device_code": "device-secret",
            "user_code": "5055CC52",
            "verification_url": "https://auth.trakt.tv/activate",
            "expires_in": 600,
            "interval": 5,
        }
    )
    code = signin.start(Transport(APP), APP, now=NOW)
    assert code == CODE
    assert sent(route) == {"client_id": "our-id"}
    assert code.activation_url == "https://auth.trakt.tv/activate/5055CC52"
    assert "device-secret" not in repr(code)


@pytest.mark.parametrize(
    "answer", [httpx.Response(401), httpx.Response(400, json={"error": "invalid_client"}), httpx.Response(403, json={})]
)
def test_an_app_that_trakt_does_not_know_cannot_sign_in(respx_mock: respx.MockRouter, answer: httpx.Response) -> None:
    respx_mock.post(DEVICE_CODE).mock(return_value=answer)
    with pytest.raises(Closed, match="app"):
        signin.start(Transport(APP), APP, now=NOW)


def test_an_edge_block_is_no_verdict_on_the_app(respx_mock: respx.MockRouter) -> None:
    respx_mock.post(url__startswith="https://auth.trakt.tv/oauth/device/").respond(
        403, html="Sorry, you have been blocked"
    )
    with pytest.raises(Unavailable, match="Cloudflare"):
        signin.start(Transport(APP), APP, now=NOW)
    with pytest.raises(Unavailable, match="Cloudflare"):
        poll()


def test_a_code_without_its_parts_is_no_code(respx_mock: respx.MockRouter) -> None:
    respx_mock.post(DEVICE_CODE).respond(json={"user_code": "5055CC52"})
    with pytest.raises(Unavailable, match="no code"):
        signin.start(Transport(APP), APP, now=NOW)


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (400, Answer.PENDING),
        (404, Answer.UNKNOWN),
        (409, Answer.USED),
        (410, Answer.EXPIRED),
        (418, Answer.DENIED),
        (429, Answer.SLOW_DOWN),
    ],
)
def test_the_status_alone_answers_a_poll(respx_mock: respx.MockRouter, status: int, answer: Answer) -> None:
    respx_mock.post(DEVICE_TOKEN).respond(status)
    assert poll() == Poll(answer=answer)


@pytest.mark.parametrize(
    ("word", "answer"),
    [
        ("authorization_pending", Answer.PENDING),
        ("slow_down", Answer.SLOW_DOWN),
        ("access_denied", Answer.DENIED),
        ("expired_token", Answer.EXPIRED),
        ("invalid_grant", Answer.UNKNOWN),
        ("something_new", Answer.PENDING),
    ],
)
def test_a_word_in_the_body_answers_more_exactly(respx_mock: respx.MockRouter, word: str, answer: Answer) -> None:
    respx_mock.post(DEVICE_TOKEN).respond(400, json={"error": word})
    assert poll().answer is answer


def test_a_word_counts_with_401_too(respx_mock: respx.MockRouter) -> None:
    respx_mock.post(DEVICE_TOKEN).respond(401, json={"error": "access_denied"})
    assert poll().answer is Answer.DENIED


@pytest.mark.parametrize("word", ["invalid_client", "invalid_request", "unauthorized_client", "unsupported_grant_type"])
def test_a_bad_app_does_not_look_like_a_user_who_takes_his_time(respx_mock: respx.MockRouter, word: str) -> None:
    respx_mock.post(DEVICE_TOKEN).respond(400, json={"error": word})
    with pytest.raises(Closed, match=word):
        poll()


def test_agreement_brings_tokens(respx_mock: respx.MockRouter) -> None:
    route = respx_mock.post(DEVICE_TOKEN).respond(json=GRANT)
    assert poll() == Poll(answer=Answer.SIGNED_IN, tokens=NEW)
    assert sent(route) == {"code": "device-secret", "client_id": "our-id", "client_secret": "our-secret"}


def test_an_answer_without_tokens_is_none(respx_mock: respx.MockRouter) -> None:
    respx_mock.post(DEVICE_TOKEN).respond(json={"access_token": "a"})
    with pytest.raises(Uncertain, match="no tokens"):
        poll()


def waited(clock: Clock) -> list[Answer]:
    steps = signin.wait(Transport(APP), APP, CODE, sleep=clock.sleep, clock=clock.now)
    return [step.answer for step in steps]


def test_waiting_ends_with_the_first_final_answer(respx_mock: respx.MockRouter) -> None:
    respx_mock.post(DEVICE_TOKEN).mock(side_effect=[httpx.Response(400), httpx.Response(200, json=GRANT)])
    clock = Clock()
    assert waited(clock) == [Answer.PENDING, Answer.SIGNED_IN]
    assert clock.slept == [5.0, 5.0]


def test_waiting_slows_down_when_asked(respx_mock: respx.MockRouter) -> None:
    respx_mock.post(DEVICE_TOKEN).mock(
        side_effect=[
            httpx.Response(429),
            httpx.Response(429, headers={"Retry-After": "30"}),
            httpx.Response(418),
        ]
    )
    clock = Clock()
    assert waited(clock) == [Answer.SLOW_DOWN, Answer.SLOW_DOWN, Answer.DENIED]
    assert clock.slept == [5.0, 10.0, 30.0]


def test_waiting_outlives_an_outage(respx_mock: respx.MockRouter) -> None:
    respx_mock.post(DEVICE_TOKEN).mock(
        side_effect=[httpx.ConnectError("down"), httpx.ReadTimeout("slow"), httpx.Response(503), httpx.Response(409)]
    )
    assert waited(Clock()) == [Answer.UNREACHABLE] * 3 + [Answer.USED]


def test_waiting_ends_by_our_own_clock(respx_mock: respx.MockRouter) -> None:
    respx_mock.post(DEVICE_TOKEN).respond(400)
    clock = Clock()
    answers = waited(clock)
    assert answers[-1] is Answer.EXPIRED
    assert len(answers) == 121
    assert clock.at == CODE.expires_at


def refresh() -> Tokens:
    return signin.refresh(Transport(APP), APP, OLD, now=NOW)


def test_a_refresh_spends_the_old_tokens_for_new_ones(respx_mock: respx.MockRouter) -> None:
    route = respx_mock.post(TOKEN).respond(json=GRANT)
    assert refresh() == NEW
    assert sent(route) == {
        "refresh_token": "old-refresh",
        "client_id": "our-id",
        "client_secret": "our-secret",
        "redirect_uri": "urn:ietf:wg:oauth:2.0:oob",
        "grant_type": "refresh_token",
    }


def test_tokens_without_a_birthday_are_born_now(respx_mock: respx.MockRouter) -> None:
    respx_mock.post(TOKEN).respond(json={name: value for name, value in GRANT.items() if name != "created_at"})
    assert refresh() == NEW


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(400),
        httpx.Response(401, json={"error": "invalid_grant"}),
        httpx.Response(400, json={"error": "invalid_grant"}),
        httpx.Response(400, json={"error": "invalid_request"}),
    ],
)
def test_a_refused_refresh_asks_for_a_new_sign_in(respx_mock: respx.MockRouter, answer: httpx.Response) -> None:
    respx_mock.post(TOKEN).mock(return_value=answer)
    with pytest.raises(Unauthorized, match="does not renew the sign-in any more"):
        refresh()


def test_a_refresh_tells_a_deleted_app_from_a_spent_token(respx_mock: respx.MockRouter) -> None:
    respx_mock.post(TOKEN).respond(401, json={"error": "invalid_client"})
    with pytest.raises(Closed, match="register the app again"):
        refresh()


def test_signing_out_takes_the_access_back(respx_mock: respx.MockRouter) -> None:
    route = respx_mock.post("https://auth.trakt.tv/oauth/revoke").respond(200)
    signin.revoke(Transport(APP), APP, OLD)
    assert sent(route)["token"] == "old-access"


@pytest.mark.parametrize(
    "call",
    [
        lambda app: signin.revoke(Transport(app), app, OLD),
        lambda app: signin.refresh(Transport(app), app, OLD, now=NOW),
    ],
)
def test_an_app_without_a_secret_sends_none(respx_mock: respx.MockRouter, call: Callable[[App], object]) -> None:
    route = respx_mock.post(url__startswith="https://auth.trakt.tv/oauth/").respond(json=GRANT)
    call(App(client_id="our-id"))
    assert "client_secret" not in sent(route)
