"""How a request leaves, and what it means when no answer comes back."""

import ssl
from pathlib import Path

import certifi
import httpx
import pytest
import respx

from scrobbler.errors import TraktError, Unavailable, Uncertain, Unreachable
from scrobbler.trakt import transport
from scrobbler.trakt.app import App
from scrobbler.trakt.transport import Transport

APP = App(client_id="our-id", client_secret="our-secret")
URL = "https://api.trakt.tv/some/where"

NEVER_LEFT = [httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError]
MAY_HAVE_LEFT = [
    httpx.ReadTimeout,
    httpx.WriteTimeout,
    httpx.ReadError,
    httpx.WriteError,
    httpx.CloseError,
    httpx.RemoteProtocolError,
    httpx.DecodingError,
]


def test_each_request_says_who_we_are(respx_mock: respx.MockRouter) -> None:
    route = respx_mock.post(URL).respond(json={})
    Transport(APP).send("POST", URL, token="our-token", body={"progress": 1.5})
    request = route.calls.last.request
    assert request.headers["user-agent"].startswith("scrobbler/")
    assert "(+https://" in request.headers["user-agent"]
    assert request.headers["trakt-api-key"] == "our-id"
    assert request.headers["trakt-api-version"] == "2"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["authorization"] == "Bearer our-token"
    assert request.content == b'{"progress":1.5}'


def test_a_request_without_a_token_carries_none(respx_mock: respx.MockRouter) -> None:
    route = respx_mock.get(URL, params={"page": "2"}).respond(json=[1])
    assert Transport(APP).send("GET", URL, query={"page": 2}).data == [1]
    assert "authorization" not in route.calls.last.request.headers


@pytest.mark.parametrize("fault", NEVER_LEFT)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_never_left_was_surely_not_done(
    respx_mock: respx.MockRouter, method: str, fault: type[httpx.RequestError]
) -> None:
    respx_mock.route(url=URL).mock(side_effect=fault("no way"))
    with pytest.raises(Unreachable, match="cannot be reached: no way"):
        Transport(APP).send(method, URL)


@pytest.mark.parametrize("fault", MAY_HAVE_LEFT)
def test_a_write_that_left_without_an_answer_is_uncertain(
    respx_mock: respx.MockRouter, fault: type[httpx.RequestError]
) -> None:
    respx_mock.route(url=URL).mock(side_effect=fault(""))
    with pytest.raises(Uncertain, match=f"did not answer: {fault.__name__}"):
        Transport(APP).send("POST", URL)
    with pytest.raises(Unavailable):
        Transport(APP).send("GET", URL)


@pytest.mark.parametrize(("method", "kind"), [("GET", Unavailable), ("POST", Uncertain)])
def test_an_answer_that_is_no_json_is_not_trakts(
    respx_mock: respx.MockRouter, method: str, kind: type[TraktError]
) -> None:
    respx_mock.route(url=URL).respond(200, html="<p>Please log in to the hotel</p>")
    with pytest.raises(kind, match="something in between"):
        Transport(APP).send(method, URL)


def test_an_empty_answer_is_an_answer(respx_mock: respx.MockRouter) -> None:
    respx_mock.delete(URL).respond(204)
    reply = Transport(APP).send("DELETE", URL)
    assert (reply.status, reply.data) == (204, None)


def test_an_accepted_status_is_no_error(respx_mock: respx.MockRouter) -> None:
    respx_mock.post(URL).respond(409, json={"watched_at": "2026-11-20T20:00:00.000Z"})
    assert Transport(APP).send("POST", URL, accept={409}).field("watched_at") == "2026-11-20T20:00:00.000Z"


def test_stuck_connections_are_thrown_away(respx_mock: respx.MockRouter) -> None:
    respx_mock.get(URL).mock(side_effect=[httpx.PoolTimeout("full"), httpx.Response(200, json={})])
    sender = Transport(APP)
    with pytest.raises(Unavailable):
        sender.send("GET", URL)
    assert sender.send("GET", URL).ok


def test_a_closed_transport_opens_again(respx_mock: respx.MockRouter) -> None:
    respx_mock.get(URL).respond(json={})
    sender = Transport(APP)
    sender.close()
    sender.send("GET", URL)
    sender.close()
    assert sender.send("GET", URL).ok


def test_the_systems_certificates_are_used_where_they_are_hashed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)
    monkeypatch.setattr(transport, "SYSTEM_ROOTS", tmp_path)
    certifis = transport._roots()
    assert len(certifis.get_ca_certs()) > 50
    (tmp_path / "002c0b4f.0").touch()
    roots = transport._roots()
    assert not roots.get_ca_certs(), "they are looked up when a server shows its own"
    for each in (certifis, roots):
        assert each.verify_mode is ssl.CERT_REQUIRED
        assert each.check_hostname
    one, end, _ = certifi.contents().partition("-----END CERTIFICATE-----\n")
    (tmp_path / "own.pem").write_text(one + end)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "own.pem"))
    assert len(transport._roots().get_ca_certs()) == 1


def test_all_accounts_share_the_certificates() -> None:
    assert transport._roots() is transport._roots()


def test_the_apps_secret_is_not_shown_and_not_sent_if_there_is_none() -> None:
    assert "our-secret" not in repr(APP)
    assert APP.credentials() == {"client_id": "our-id", "client_secret": "our-secret"}
    assert App(client_id="our-id").credentials() == {"client_id": "our-id"}
