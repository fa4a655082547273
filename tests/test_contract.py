"""``spec/trakt/openapi.yaml`` describes what the program really does, and whatever breaks it is found."""

import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import respx
from conftest import EPOCH, Clock
from contract import Contract, Exchange, contract
from contract_watch import Watch
from double import Double
from schemathesis.specs.openapi.definitions import OPENAPI_31_VALIDATOR

from scrobbler.errors import Rejected
from scrobbler.events import Ids, MediaKind, Percent
from scrobbler.machine.scrobble import Action
from scrobbler.sandbox import Fault, FaultKind
from scrobbler.sandbox.app import SERVICES
from scrobbler.trakt import signin
from scrobbler.trakt.app import App
from scrobbler.trakt.catalogue import EntryKind, IdSource
from scrobbler.trakt.client import Trakt
from scrobbler.trakt.transport import USER_AGENT, Transport
from scrobbler.trakt.wire import Item

HEADERS = {
    "user-agent": USER_AGENT,
    "content-type": "application/json",
    "trakt-api-version": "2",
    "trakt-api-key": "our-id",
    "authorization": "Bearer access",
}
HEAT = {"title": "Heat", "year": 1995, "ids": {"trakt": 4, "imdb": "tt0113277"}}
SCROBBLE = {"movie": HEAT, "progress": 80.5}
SCROBBLED = {"id": 7, "action": "scrobble", "progress": 80.5, "movie": HEAT}
HISTORY = "/sync/history/movies?start_at=2026-11-20T20:00:00.000Z&end_at=2026-11-20T21:00:00.000Z&page=1&limit=250"
JSON = {"content-type": "application/json; charset=utf-8"}


def request(url: str = "/scrobble/stop", body: object = SCROBBLE, **headers: str | None) -> list[str]:
    """What is wrong with a request that differs in this from a good one."""
    named = HEADERS | {name.replace("_", "-"): value for name, value in headers.items()}
    said = {name: value for name, value in named.items() if value is not None}
    content = b"" if body is None else json.dumps(body).encode()
    method = "GET" if body is None else "POST"
    return list(contract().wrong_request(Exchange(method=method, url=url, headers=said, body=content)))


def answer(
    body: object = SCROBBLED,
    *,
    call: str = "POST /scrobble/stop",
    status: int = 201,
    headers: Mapping[str, str] = JSON,
) -> list[str]:
    """What is wrong with an answer that differs in this from a good one."""
    method, url = call.split()
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    exchange = Exchange(method=method, url=url, headers={}, status=status, answer_headers=headers, answer=content)
    return list(contract().wrong_answer(exchange))


def test_it_is_an_openapi_3_1_document() -> None:
    document = contract().document
    assert [str(error) for error in OPENAPI_31_VALIDATOR.iter_errors(document)] == []
    assert len({each.id for each in contract().operations}) == len(contract().operations)


def test_every_component_is_used() -> None:
    text = json.dumps(contract().document)
    for kind, parts in contract().document["components"].items():
        for name in parts:
            if kind != "securitySchemes":
                assert f'"#/components/{kind}/{name}"' in text, f"{kind}/{name} is used by nothing"


def test_nothing_that_we_send_may_have_a_key_of_its_own() -> None:
    def open_objects(thing: object, where: str) -> list[str]:
        if isinstance(thing, list):
            return [each for part in thing for each in open_objects(part, where)]
        if not isinstance(thing, dict):
            return []
        if "$ref" in thing:
            name = thing["$ref"].rpartition("/")[2]
            return open_objects(contract().document["components"]["schemas"][name], name)
        found = [where] if thing.get("type") == "object" and thing.get("additionalProperties") is not False else []
        return found + [each for key, part in thing.items() for each in open_objects(part, f"{where}/{key}")]

    document = contract().document
    bodies = [
        call["requestBody"] for path in document["paths"].values() for call in path.values() if "requestBody" in call
    ]
    for body in bodies:
        told = document["components"]["requestBodies"]["Scrobble"] if "$ref" in body else body
        assert open_objects(told["content"]["application/json"]["schema"], "body") == []


def test_every_call_of_the_client_is_described_and_no_other(double: Double, clock: Clock, tmp_path: Path) -> None:
    file = double.tokens(tmp_path)
    transport, trakt = Transport(double.app), Trakt(double.app, file, now=clock)
    code = signin.start(transport, double.app, now=clock())
    assert not signin.poll(transport, double.app, code, now=clock()).answer.final
    tokens = file.read()
    assert tokens is not None
    file.write(signin.refresh(transport, double.app, tokens, now=clock()))

    heat = Item(kind=MediaKind.MOVIE, ids=Ids(imdb="tt0113277"))
    trakt.scrobble(Action.START, heat, Percent(0.0))
    trakt.scrobble(Action.PAUSE, heat, Percent(40.0))
    assert trakt.delete_playback(trakt.playback()[0].id)
    play = trakt.scrobble(Action.STOP, heat, Percent(90.0)).id
    trakt.add_history(heat, EPOCH)
    assert {each.id for each in trakt.history(MediaKind.MOVIE, EPOCH, EPOCH + timedelta(hours=1))} >= {play}
    assert trakt.remove_history([play]).removed == 1
    assert (trakt.watching(), trakt.settings().username) == (None, "default")
    show = trakt.search_text(EntryKind.SHOW, "The Expanse")[0].ids.trakt
    assert show is not None
    assert trakt.search_id(IdSource.IMDB, "tt0113277", EntryKind.MOVIE) == (trakt.movie("tt0113277"),)
    assert trakt.search_exact(EntryKind.SHOW, "The Expanse") == (trakt.show(show),)
    trakt.season(show, trakt.seasons(show)[0].number)
    for kind, id_ in ((EntryKind.SHOW, show), (EntryKind.MOVIE, "tt0113277")):
        assert trakt.aliases(kind, id_)
        assert trakt.translations(kind, id_)
    signin.revoke(transport, double.app, tokens)
    transport.close()
    trakt.close()

    made = [contract().find(*call.split()[:2]) for call in double.calls(lookups=True)]
    assert None not in made
    assert {each.id for each in made if each is not None} == {each.id for each in contract().operations}


def test_every_described_call_has_a_route_in_the_sandbox() -> None:
    routes = {(each.method, each.path) for each in SERVICES}
    like = {
        "/users/me/watching": "/users/{id}/watching",
        "/search/{type}": "/search/{types}",
        "/search/{type}/exact": "/search/{types}/exact",
    }
    for each in contract().operations:
        assert (each.method, like.get(each.path, each.path)) in routes


def test_good_requests_have_nothing_wrong() -> None:
    assert request() == []
    assert request(HISTORY, None) == []
    assert request("/movies/heat-1995?extended=full", None) == []
    assert request("/movies/heat-1995?extended=full", None, authorization=None) == []
    assert request("/oauth/device/code", {"client_id": "our-id"}, authorization=None) == []


@pytest.mark.parametrize(
    ("url", "body"),
    [
        ("/scrobble/stop", SCROBBLE | {"app_version": "1"}),
        ("/scrobble/stop", SCROBBLE | {"sharing": {}}),
        ("/scrobble/stop", SCROBBLE | {"progress": None}),
        ("/scrobble/stop", SCROBBLE | {"progress": "80"}),
        ("/scrobble/stop", SCROBBLE | {"progress": 100.01}),
        ("/scrobble/stop", {"movie": HEAT}),
        ("/scrobble/stop", {"movie": {"year": 1995}, "progress": 1}),
        ("/scrobble/stop", {"movie": HEAT | {"year": None}, "progress": 1}),
        ("/scrobble/stop", {"movie": {"ids": {}}, "progress": 1}),
        ("/scrobble/stop", {"movie": {"ids": {"trakt": "4"}}, "progress": 1}),
        ("/scrobble/stop", {"show": HEAT, "episode": {"season": 1}, "progress": 1}),
        ("/scrobble/stop", SCROBBLE | {"episode": {"ids": {"trakt": 1}}}),
        ("/scrobble/stop?page=1", SCROBBLE),
        ("/scrobble/halt", SCROBBLE),
        ("/sync/history", {"movies": [HEAT]}),
        ("/sync/history", {"movies": [HEAT | {"watched_at": "2026-11-20"}]}),
        ("/oauth/device/token", {"code": "c", "client_id": "i", "client_secret": ""}),
        (HISTORY.replace("250", "251"), None),
        (HISTORY.replace("&limit=250", ""), None),
        (HISTORY.replace("movies", "shows"), None),
        (HISTORY + "&extended=full", None),
        ("/search/imdb/tt0113277?extended=full", None),
    ],
)
def test_a_request_that_says_too_much_or_too_little_is_caught(url: str, body: object) -> None:
    assert request(url, body, authorization=None if url.startswith("/oauth") else HEADERS["authorization"])


@pytest.mark.parametrize("name", [name for name in HEADERS if name != "authorization"])
def test_a_header_that_is_missing_is_caught(name: str) -> None:
    absent: dict[str, Any] = {name.replace("-", "_"): None}
    assert request(**absent)


@pytest.mark.parametrize("agent", ["python-httpx/0.28.1", "scrobbler", "scrobbler/1.0"])
def test_an_agent_that_the_edge_would_block_is_caught(agent: str) -> None:
    assert request(user_agent=agent)


def test_a_token_goes_where_it_is_asked_for_and_nowhere_else() -> None:
    assert request(authorization=None) == ["no token is sent"]
    assert request(authorization="Basic b3VyLWlk") == ["the token is not sent as a bearer's"]
    assert len(request("/oauth/device/code", {"client_id": "our-id"})) == 1


def test_what_is_no_header_of_ours_is_caught() -> None:
    assert request(x_title="Heat") == ["header x-title is not described"]


def test_good_answers_have_nothing_wrong() -> None:
    assert answer() == []
    assert answer(SCROBBLED | {"sharing": {}, "movie": HEAT | {"year": None}}, status=200) == []
    assert answer(b"", status=404, headers={}) == []
    assert answer(b"<html>", status=522, headers={"content-type": "text/html"}) == []
    assert answer(b"", call="GET /users/me/watching", status=204, headers={}) == []


@pytest.mark.parametrize(
    "body",
    [
        SCROBBLED | {"action": "watch"},
        SCROBBLED | {"id": "7"},
        {"id": 7, "action": "scrobble", "progress": 80.5},
        SCROBBLED | {"movie": HEAT | {"ids": {"trakt": "4"}}},
        [],
        b"",
        b"<html>",
    ],
)
def test_an_answer_of_another_form_is_caught(body: object) -> None:
    assert answer(body)


def test_a_status_a_type_and_a_header_that_are_not_described_are_caught() -> None:
    assert answer(status=418) == ["status 418 is not described"]
    assert answer(headers={"content-type": "text/html"}) == ["it is of another content type"]
    assert answer([], call="GET /sync/playback", status=200, headers=JSON | {"x-pagination-page": "one"})
    assert answer({}, call="GET /users/me/watching", status=204) == []
    assert answer(HEAT, call="GET /users/me/watching", status=204) == ["it has a body"]


def test_what_the_client_sends_is_watched_whoever_answers(breaches: list[str], respx_mock: respx.MockRouter) -> None:
    respx_mock.post("https://api.trakt.tv/scrobble/stop").respond(299, html="odd on purpose")
    transport = Transport(App(client_id="our-id"))
    transport.send("POST", "https://api.trakt.tv/scrobble/stop", token="access", body=SCROBBLE, accept={299})
    assert breaches == []
    transport.send(
        "POST", "https://api.trakt.tv/scrobble/stop", token="access", body=SCROBBLE | {"app_date": None}, accept={299}
    )
    transport.close()
    assert len(breaches) == 1
    assert breaches[0].startswith("request POST /scrobble/stop: body")
    breaches.clear()


def test_what_a_test_sends_by_itself_is_not(breaches: list[str], double: Double) -> None:
    with httpx.Client() as http:
        assert http.get(f"{double.url}/users/settings").status_code == 403
    assert breaches == []


def test_what_the_sandbox_answers_is_watched(breaches: list[str], double: Double, tmp_path: Path) -> None:
    double.sandbox.faults.add(Fault(kind=FaultKind.STATUS, status=422, path="/users/settings"))
    trakt = Trakt(double.app, double.tokens(tmp_path))
    with pytest.raises(Rejected):
        trakt.settings()
    trakt.close()
    assert breaches == ["answer 422 to GET /users/settings: status 422 is not described"]
    breaches.clear()


def test_what_another_process_of_ours_sends_the_sandbox_is_watched(breaches: list[str], double: Double) -> None:
    with httpx.Client(headers=HEADERS) as http:
        assert http.post(f"{double.url}/scrobble/stop", json=SCROBBLE | {"sharing": {}}).status_code == 403
    assert len(breaches) == 1
    breaches.clear()


def test_a_watch_says_what_was_wrong_with_both_sides() -> None:
    watch = Watch(Contract(contract().document))
    watch.look(Exchange(method="GET", url="/sync/playback?page=1", headers=HEADERS, status=418), ours=True)
    assert watch.wrong == [
        "request GET /sync/playback: query limit is missing",
        "answer 418 to GET /sync/playback: status 418 is not described",
    ]
