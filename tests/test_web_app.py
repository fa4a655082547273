"""Hooks: who may call them, what becomes of what they are told, and that no stranger's payload is ever a 5xx."""

import asyncio
import base64
import json
import logging
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from conftest import EPOCH, Clock
from hypothesis import given
from hypothesis import strategies as st

from scrobbler.adapters import Ignored, Webhook, WebhookRequest
from scrobbler.errors import PayloadError, StateError
from scrobbler.events import Kind, Media, MediaKind, PlayerEvent, SessionKey, seconds
from scrobbler.web.app import build
from scrobbler.web.hooks import IN_TEST, MAX_BODY_BYTES, TEST_WORDS, Hook
from scrobbler.web.server import serving

pytestmark = pytest.mark.anyio

SECRET = "open sésame"
KINDS = {"started": Kind.PLAY, "halted": Kind.PAUSE, "ended": Kind.STOP}
STARTED = {"event": "started", "title": "Heat", "position": 12}


class Projector:
    """A webhook as a third party would write one: for a server that posts JSON."""

    def parse(self, request: WebhookRequest) -> Sequence[PlayerEvent | Ignored]:
        try:
            said = json.loads(request.body)
        except (ValueError, RecursionError):
            raise PayloadError("the body is no JSON") from None
        if not isinstance(said, dict) or "event" not in said:
            raise PayloadError(f"there is no event in {said!s:.40}")
        if said["event"] not in KINDS:
            return [Ignored(reason="no playback", heard=str(said["event"]))]
        media = Media(kind=MediaKind.MOVIE, title=str(said.get("title", "")))
        key = SessionKey(source="projector")
        kind, at = KINDS[said["event"]], request.at
        return [PlayerEvent(session=key, kind=kind, media=media, at=at, position=seconds(said.get("position")))]


class Careless:
    """A webhook that believes whatever it is sent, and so fails in ways of its own."""

    def parse(self, request: WebhookRequest) -> Sequence[PlayerEvent | Ignored]:
        said: Any = json.loads(request.body)
        return [Ignored(reason=said["reason"][0], heard=request.headers["x-heard"])]


class Lazy:
    """A webhook whose answer is a generator, so that it fails only when somebody looks."""

    def parse(self, request: WebhookRequest) -> Any:
        def later() -> Iterator[Ignored]:
            yield Ignored(reason=request.body.decode())
            raise KeyError(request.body.decode())

        return later()


class Watchful:
    """A webhook that remembers what it was shown."""

    def __init__(self) -> None:
        self.seen: list[WebhookRequest] = []

    def parse(self, request: WebhookRequest) -> Sequence[PlayerEvent | Ignored]:
        self.seen.append(request)
        return []


class Ear:
    """The agent's side: keeps what it hears, or says why not."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, Sequence[PlayerEvent | Ignored]]] = []
        self.error: Exception | None = None
        self.free = asyncio.Event()
        self.free.set()

    async def receive(self, source: str, heard: Sequence[PlayerEvent | Ignored]) -> None:
        await self.free.wait()
        if self.error is not None:
            raise self.error
        self.heard.append((source, heard))


class House:
    """An app with one hook of each sort, and a caller without a network between them."""

    def __init__(self) -> None:
        self.ear = Ear()
        self.watchful = Watchful()
        webhooks: dict[str, Webhook] = {
            "projector": Projector(),
            "careless": Careless(),
            "lazy": Lazy(),
            "watchful": self.watchful,
        }
        hooks = {name: Hook(webhook=webhook, secret=SECRET) for name, webhook in webhooks.items()}
        hooks["open"] = Hook(webhook=Projector(), secret="")
        self.app = build(hooks, self.ear, Clock())

    async def post(
        self,
        path: str,
        body: bytes | Mapping[str, object] = STARTED,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | Sequence[tuple[bytes, bytes]] = (),
        method: str = "POST",
    ) -> httpx.Response:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://agent") as http:
            return await http.request(method, path, params=query, content=content, headers=headers)

    async def tell(self, name: str, body: bytes | Mapping[str, object] = STARTED, **more: Any) -> httpx.Response:
        """Posts to a hook, with the right secret."""
        return await self.post(f"/hooks/{name}", body, query={"token": SECRET}, **more)


@pytest.fixture
def house() -> House:
    return House()


def basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


async def test_what_a_server_posts_is_heard_in_the_name_of_its_player(house: House) -> None:
    reply = await house.tell("projector")
    assert (reply.status_code, reply.text) == (200, "ok\n")
    [(source, [event])] = house.ear.heard
    assert source == "projector"
    assert isinstance(event, PlayerEvent)
    assert (event.kind, event.media.title, event.position, event.at) == (Kind.PLAY, "Heat", 12.0, EPOCH)


async def test_what_is_of_no_interest_is_told_as_well(house: House) -> None:
    assert (await house.tell("projector", {"event": "lamp"})).status_code == 200
    assert house.ear.heard == [("projector", (Ignored(reason="no playback", heard="lamp"),))]


RIGHT: dict[str, dict[str, Any]] = {
    "in the query": {"query": {"token": SECRET}},
    "in the header": {"headers": [(b"X-Scrobbler-Token", SECRET.encode())]},
    "as a password": {"headers": basic("anybody", SECRET)},
    "as a password of nobody": {"headers": basic("", SECRET)},
    "beside a wrong one": {"query": {"token": "no"}, "headers": basic("x", SECRET)},
}
WRONG: dict[str, dict[str, Any]] = {
    "nothing": {},
    "an empty one": {"query": {"token": ""}},
    "a wrong one": {"query": {"token": "open barley"}},
    "a longer one": {"query": {"token": SECRET + "!"}},
    "a beginning": {"query": {"token": SECRET[:-1]}},
    "another name": {"query": {"secret": SECRET}},
    "a wrong header": {"headers": {"X-Scrobbler-Token": "open barley"}},
    "it as a user": {"headers": basic(SECRET, "")},
    "a wrong password": {"headers": basic("anybody", "open barley")},
    "no base64": {"headers": {"Authorization": "Basic ###"}},
    "half base64": {"headers": {"Authorization": "Basic YQ"}},
    "no colon": {"headers": {"Authorization": "Basic " + base64.b64encode(SECRET.encode()).decode()}},
    "a bearer": {"headers": [(b"Authorization", b"Bearer " + SECRET.encode())]},
}


@pytest.mark.parametrize("how", RIGHT.values(), ids=RIGHT)
async def test_the_secret_may_come(how: dict[str, Any], house: House) -> None:
    assert (await house.post("/hooks/projector", **how)).status_code == 200
    assert len(house.ear.heard) == 1


@pytest.mark.parametrize("how", WRONG.values(), ids=WRONG)
async def test_a_caller_who_does_not_know_the_secret_learns_nothing(how: dict[str, Any], house: House) -> None:
    reply = await house.post("/hooks/projector", **how)
    unknown = await house.post("/hooks/nowhere", **how)
    assert (reply.status_code, reply.text) == (401, "unauthorized\n")
    assert (unknown.status_code, unknown.text, unknown.headers) == (401, reply.text, reply.headers)
    assert house.ear.heard == []


async def test_the_right_secret_opens_no_hook_that_is_not_there(house: House) -> None:
    assert (await house.tell("nowhere")).status_code == 401


@pytest.mark.parametrize("how", [*WRONG.values(), *RIGHT.values()])
async def test_a_hook_without_a_secret_is_closed_to_everybody(how: dict[str, Any], house: House) -> None:
    assert (await house.post("/hooks/open", **how)).status_code == 401


async def test_nobody_is_sent_elsewhere_with_his_secret(house: House) -> None:
    for path, status in (("/hooks/projector/", 401), ("/hooks/", 401), ("/hooks", 404), ("/", 404)):
        reply = await house.post(path, query={"token": SECRET})
        assert reply.status_code == status
        assert "location" not in reply.headers


async def test_hooks_are_posted_to(house: House) -> None:
    reply = await house.tell("projector", method="PUT")
    assert (reply.status_code, reply.headers["allow"]) == (405, "GET, HEAD, POST")


@pytest.mark.parametrize(
    "how", [{"method": "GET"}, {"headers": {IN_TEST: "1"}}], ids=["in a browser", "by our command"]
)
async def test_who_knows_the_secret_can_try_the_way_and_nothing_is_made_of_it(
    how: dict[str, Any], house: House, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="scrobbler.web.hooks")
    reply = await house.tell("projector", **how)
    assert (reply.status_code, reply.text) == (200, f"{TEST_WORDS} projector\n")
    assert house.ear.heard == []
    assert caplog.messages[-1] == "projector: a test came in, and nothing is made of it"
    assert (await house.post("/hooks/projector", query={"token": "wrong"}, **how)).status_code == 401


async def test_a_secret_that_is_exchanged_holds_from_the_next_request_on(house: House) -> None:
    now = [SECRET]
    house.app = build({"projector": Hook(webhook=Projector(), secret=lambda: now[0])}, house.ear, Clock())
    assert (await house.tell("projector")).status_code == 200
    now[0] = "another one"
    assert (await house.tell("projector")).status_code == 401


async def test_a_wrong_secret_is_said_in_the_log_now_and_then(house: House, caplog: pytest.LogCaptureFixture) -> None:
    for name in ("projector", "projector", "somebody's own words"):
        await house.post(f"/hooks/{name}", query={"token": "wrong"})
    assert caplog.messages == [
        "projector: somebody called its webhook without the right secret",
        "somebody called a webhook that is not configured here",
    ]


async def test_an_agent_that_fails_on_an_event_is_no_5xx_and_its_words_are_not_logged(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    house.ear.error = ValueError("what was sent")
    assert (await house.tell("projector")).status_code == 400
    assert "projector: an event was not understood: ValueError" in caplog.text
    assert "what was sent" not in caplog.text


async def test_each_of_several_servers_of_a_kind_has_a_hook_and_a_secret_of_its_own(house: House) -> None:
    secrets = {"plex": "one of mine", "plex2": "one of theirs"}
    hooks = {name: Hook(webhook=Projector(), secret=secret) for name, secret in secrets.items()}
    house.app = build(hooks, house.ear, Clock())
    for name, own in secrets.items():
        for secret in secrets.values():
            reply = await house.post(f"/hooks/{name}", query={"token": secret})
            assert reply.status_code == (200 if secret == own else 401)
    assert [source for source, _ in house.ear.heard] == ["plex", "plex2"]


async def test_an_adapter_sees_the_request_without_any_secret(house: House) -> None:
    headers = {"X-Scrobbler-Token": "one", "Cookie": "two", "Proxy-Authorization": "three", **basic("x", "four")}
    reply = await house.post(
        "/hooks/watchful", b"body", query={"token": SECRET, "user": "marta"}, headers={**headers, "X-Kind": "Test"}
    )
    assert reply.status_code == 200
    [seen] = house.watchful.seen
    assert (seen.method, seen.query, seen.body, seen.at) == ("POST", {"user": "marta"}, b"body", EPOCH)
    assert seen.headers["x-kind"] == "Test"
    for secret in (SECRET, "one", "two", "three", basic("x", "four")["Authorization"]):
        assert secret not in seen.headers.values()


async def test_a_body_that_makes_no_sense_is_answered_400_with_the_reason(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    reply = await house.tell("projector", b"what?")
    assert (reply.status_code, reply.text) == (400, "the body is no JSON\n")
    assert caplog.messages == ["projector: the body is no JSON"]
    assert house.ear.heard == []


async def test_what_a_reason_quotes_can_break_neither_log_nor_answer(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    reply = await house.tell("projector", json.dumps("a\nb\x1b[2J\ud800").encode())
    assert (reply.status_code, reply.text) == (400, "there is no event in a b\ufffd[2J\ufffd\n")
    assert caplog.messages == ["projector: there is no event in a b\ufffd[2J\ufffd"]


@pytest.mark.parametrize(
    ("name", "body", "error"),
    [
        ("careless", b"what?", "JSONDecodeError"),
        ("careless", b"{}", "KeyError"),
        ("careless", b'{"reason": "a password"}', "KeyError"),
        ("careless", b"[" * 100_000, "RecursionError"),
        ("lazy", b"a password", "KeyError"),
    ],
)
async def test_an_adapter_that_breaks_its_word_is_answered_400_and_one_line_names_the_class_of_error(
    name: str, body: bytes, error: str, house: House, caplog: pytest.LogCaptureFixture
) -> None:
    reply = await house.tell(name, body)
    assert (reply.status_code, reply.text) == (400, "not understood\n")
    assert f"{name}: its adapter failed on a request: {error}" in caplog.messages
    assert "Traceback" not in caplog.text
    assert "password" not in caplog.text
    assert house.ear.heard == []


async def test_a_disk_that_takes_nothing_is_answered_503_without_detail(house: House) -> None:
    house.ear.error = StateError("the state file /home/marta/state.db cannot be written: disk full")
    reply = await house.tell("projector")
    assert (reply.status_code, reply.text) == (503, "cannot store it now\n")


async def test_the_answer_waits_for_the_disk(house: House) -> None:
    house.ear.free.clear()
    asking = asyncio.create_task(house.tell("projector"))
    for _ in range(50):
        await asyncio.sleep(0)
    assert not asking.done()
    house.ear.free.set()
    assert (await asking).status_code == 200


@asynccontextmanager
async def talking(house: House, header: str) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection to the hook of the watchful one, on which a request was begun."""
    async with serving(house.app, "127.0.0.1", 0) as url:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
        lines = ("POST /hooks/watchful HTTP/1.1", "Host: x", f"X-Scrobbler-Token: {SECRET}", header)
        writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        async with asyncio.timeout(10):
            yield reader, writer
        writer.close()


async def test_a_body_that_does_not_come_is_answered_408(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scrobbler.web.hooks.BODY_SECONDS", 0.05)
    async with serving(house.app, "127.0.0.1", 0) as url:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
        head = f"POST /hooks/projector HTTP/1.1\r\nHost: x\r\nX-Scrobbler-Token: {SECRET}\r\nContent-Length: 9\r\n\r\n"
        writer.write(head.encode() + b"half")
        async with asyncio.timeout(10):
            assert (await reader.readline()).split()[1] == b"408"
        writer.close()
    assert house.ear.heard == []


async def test_a_caller_that_leaves_amid_its_body_is_forgotten(house: House, caplog: pytest.LogCaptureFixture) -> None:
    async with serving(house.app, "127.0.0.1", 0) as url:
        _, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
        head = f"POST /hooks/projector HTTP/1.1\r\nHost: x\r\nX-Scrobbler-Token: {SECRET}\r\nContent-Length: 9\r\n\r\n"
        writer.write(head.encode() + b"half")
        await writer.drain()
        writer.close()
        await writer.wait_closed()
    assert house.ear.heard == []
    assert caplog.text == ""


async def test_a_body_above_the_limit_is_answered_413(house: House) -> None:
    assert (await house.tell("watchful", b" " * (MAX_BODY_BYTES + 1))).status_code == 413
    assert (await house.tell("watchful", b" " * MAX_BODY_BYTES)).status_code == 200


@pytest.mark.parametrize("length", [MAX_BODY_BYTES + 1, 10**18])
async def test_a_body_that_is_announced_as_too_long_is_not_waited_for(house: House, length: int) -> None:
    async with talking(house, f"Content-Length: {length}") as (reader, _):
        assert (await reader.readline()).split()[1] == b"413"


async def test_a_body_that_turns_out_to_be_too_long_is_read_no_further(house: House) -> None:
    async with talking(house, "Transfer-Encoding: chunked") as (reader, writer):
        piece = b"%x\r\n%b\r\n" % (2**16, bytes(2**16))
        for _ in range(MAX_BODY_BYTES // 2**16 + 1):
            writer.write(piece)
            await writer.drain()
        assert (await reader.readline()).split()[1] == b"413"
    assert house.watchful.seen == []


async def test_a_test_without_a_body_in_its_answer_is_no_line_in_the_log(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="scrobbler.web.hooks")
    assert (await house.tell("projector", method="HEAD")).status_code == 200
    assert caplog.messages == []


async def test_no_log_line_and_no_repr_holds_a_secret(house: House, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.WARNING, logger="httpx")  # the caller's own words are not ours
    caplog.set_level(logging.WARNING, logger="httpcore")
    async with serving(house.app, "127.0.0.1", 0) as url, httpx.AsyncClient() as http:
        for name in ("projector", "careless", "lazy", "nowhere"):
            await http.post(f"{url}/hooks/{name}", params={"token": SECRET}, content=b"what?", headers=basic("x", "y"))
    assert "its adapter failed" in caplog.text
    assert "sesame" not in caplog.text.replace("é", "e").replace("%C3%A9", "e")
    assert SECRET not in repr(Hook(webhook=Projector(), secret=SECRET))


HEADERS = st.lists(
    st.tuples(
        st.sampled_from([b"content-type", b"authorization", b"x-scrobbler-token", b"x-heard", b"x-other"]),
        st.binary(max_size=40).map(lambda raw: raw.translate(None, b"\0\r\n").strip()),
    ),
    max_size=5,
)
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(st.characters(), max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["event", "title", "position"]), inner),
    max_leaves=6,
)
EVENTS = st.fixed_dictionaries({"event": st.sampled_from([*KINDS, "lamp"])}, optional={"title": JSON, "position": JSON})
BODIES = st.binary(max_size=300) | (JSON | EVENTS).map(lambda said: json.dumps(said).encode())


@given(name=st.sampled_from(["projector", "careless", "lazy", "watchful"]), body=BODIES, headers=HEADERS)
def test_nothing_that_a_server_sends_is_a_5xx(name: str, body: bytes, headers: list[tuple[bytes, bytes]]) -> None:
    reply = asyncio.run(House().tell(name, body, headers=headers))
    assert reply.status_code in {200, 400}


@given(name=st.text(max_size=20), query=st.dictionaries(st.text(max_size=6), st.text(max_size=9)), headers=HEADERS)
def test_nothing_that_a_stranger_sends_is_anything_but_turned_away(
    name: str, query: dict[str, str], headers: list[tuple[bytes, bytes]]
) -> None:
    house = House()
    reply = asyncio.run(house.post(f"/hooks/{quote(name)}", b"{}", query=query, headers=headers))
    assert reply.status_code in {401, 404}
    assert house.ear.heard == []


async def test_who_asks_hears_who_knew_the_secret_of_a_hook_that_is_there(house: House) -> None:
    heard: list[tuple[str, bool]] = []
    hooks = {"projector": Hook(webhook=Projector(), secret=SECRET)}
    house.app = build(hooks, house.ear, Clock(), knocked=lambda name, knew: heard.append((name, knew)))
    await house.tell("projector")
    await house.tell("nowhere")
    await house.post("/hooks/projector", query={"token": "wrong"})
    assert heard == [("projector", True), ("projector", False)]
