"""The server: any client may be slow, huge, broken or silent; it costs a connection for a while and nothing else."""

import asyncio
import contextlib
import errno
import logging
import os
import socket
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from scrobbler.errors import ConfigError
from scrobbler.sandbox import Fault, FaultKind, Sandbox
from scrobbler.settings import addresses
from scrobbler.web.doors import Doors
from scrobbler.web.server import MAX_HEADER_BYTES, serving

pytestmark = pytest.mark.anyio

LIMIT = 1000
"""Bytes that the app below takes as a body."""


async def _hello(_request: Request) -> Response:
    return PlainTextResponse("hello")


async def _length(request: Request) -> Response:
    return PlainTextResponse(str(len(await request.body())))


async def _boom(_request: Request) -> Response:
    raise ValueError("a mistake of the app")


async def _endless(_request: Request) -> Response:
    async def news() -> AsyncIterator[str]:
        yield "first\n"
        await asyncio.Event().wait()

    return StreamingResponse(news())


async def _leave(request: Request) -> Response:
    request.scope["state"]["drop"](request.scope["client"])
    raise ValueError("nobody hears this any more")


APP = Starlette(
    routes=[
        Route("/hello", _hello),
        Route("/length", _length, methods=["POST"]),
        Route("/boom", _boom),
        Route("/endless", _endless),
        Route("/leave", _leave),
    ],
    max_body_size=LIMIT,
)


class Wire:
    """A raw connection to the server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self._writer = writer

    async def send(self, *lines: str, body: bytes = b"") -> None:
        self._writer.write("".join(f"{line}\r\n" for line in lines).encode() + body)
        await self._writer.drain()

    async def status(self) -> int:
        """The status of the next answer, whose headers are read as well."""
        async with asyncio.timeout(10):
            head = await self.reader.readuntil(b"\r\n\r\n")
        return int(head.split()[1])

    async def ended(self) -> bool:
        """Whether the server ends the connection without another byte."""
        async with asyncio.timeout(10):
            try:
                return await self.reader.read() == b""
            except ConnectionResetError:
                return True


@asynccontextmanager
async def wired(url: str) -> AsyncIterator[Wire]:
    host, _, port = url.removeprefix("http://").rpartition(":")
    reader, writer = await asyncio.open_connection(host.strip("[]"), int(port))
    try:
        yield Wire(reader, writer)
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


@asynccontextmanager
async def visited(app: ASGIApp = APP) -> AsyncIterator[tuple[str, Wire]]:
    """The app on a free port, and a connection to it."""
    async with serving(app, "127.0.0.1", 0) as url, wired(url) as wire:
        yield url, wire


def needs_ipv6() -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6")


async def test_port_0_takes_a_free_one_and_says_which() -> None:
    async with serving(APP, "127.0.0.1", 0) as one, serving(APP, "127.0.0.1", 0) as other:
        assert one != other
        async with httpx.AsyncClient() as http:
            for url in (one, other):
                assert (await http.get(f"{url}/hello")).text == "hello"


async def test_an_address_of_the_sixth_version_is_shown_in_brackets() -> None:
    needs_ipv6()
    async with serving(APP, "::1", 0) as url:
        assert url.startswith("http://[::1]:")
        async with httpx.AsyncClient() as http:
            assert (await http.get(f"{url}/hello")).text == "hello"


@pytest.mark.parametrize("family", [("127.0.0.1", "127.0.0.1:{}"), ("::1", "[::1]:{}")])
async def test_a_busy_port_is_one_line(family: tuple[str, str]) -> None:
    host, shown = family
    if ":" in host:
        needs_ipv6()
    async with serving(APP, host, 0) as url:
        port = int(url.rpartition(":")[2])
        with pytest.raises(ConfigError) as caught:
            await serving(APP, host, port).__aenter__()
    assert str(caught.value) == f"cannot listen on {shown.format(port)}: Address already in use"


@pytest.mark.parametrize(
    ("host", "words"),
    [
        ("192.0.2.1", f"192.0.2.1:8722: {os.strerror(errno.EADDRNOTAVAIL)}"),
        ("a..b", "a..b:8722: this cannot be the name of a host"),
        ("fe80::1%nowhere", "[fe80::1%nowhere]:8722: "),
    ],
)
async def test_an_address_that_is_not_ours_is_one_line(host: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        await serving(APP, host, 8722).__aenter__()
    assert str(caught.value).startswith(f"cannot listen on {words}")
    assert str(caught.value)[-1] != " ", "it says no reason"
    assert "\n" not in str(caught.value)


async def test_a_port_is_free_again_when_its_server_has_ended() -> None:
    async with serving(APP, "127.0.0.1", 0) as url:
        pass
    async with serving(APP, "127.0.0.1", int(url.rpartition(":")[2])) as again:
        assert again == url


@pytest.mark.parametrize("sent", ["", "GET /hello HT", "GET /hello HTTP/1.1\r\nHost: x\r\nX-Slow: "])
async def test_a_header_that_does_not_come_ends_the_connection(sent: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scrobbler.web.server.REQUEST_SECONDS", 0.05)
    async with visited() as (_, wire):
        await wire.send(body=sent.encode())
        assert await wire.ended()


async def test_a_drip_of_bytes_wins_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scrobbler.web.server.REQUEST_SECONDS", 0.1)
    async with visited() as (_, wire):

        async def drip() -> None:
            with contextlib.suppress(ConnectionError):
                while True:
                    await wire.send(body=b"x")
                    await asyncio.sleep(0.01)

        dripping = asyncio.create_task(drip())
        assert await wire.ended()
        dripping.cancel()


async def test_a_body_that_does_not_come_ends_the_connection_and_no_line_is_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("scrobbler.web.server.REQUEST_SECONDS", 0.05)
    async with visited() as (_, wire):
        await wire.send("POST /length HTTP/1.1", "Host: x", "Content-Length: 10", "", body=b"half")
        assert await wire.ended()
    assert caplog.text == ""


async def test_a_connection_may_be_used_again_for_longer_than_one_request_may_take(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("scrobbler.web.server.REQUEST_SECONDS", 0.2)
    async with visited() as (_, wire):
        until = asyncio.get_running_loop().time() + 0.5
        while asyncio.get_running_loop().time() < until:
            await wire.send("GET /hello HTTP/1.1", "Host: x", "")
            assert await wire.status() == 200
            assert await wire.reader.readexactly(5) == b"hello"
            await asyncio.sleep(0.02)


async def test_a_body_above_the_limit_is_refused_by_its_announced_length() -> None:
    async with visited() as (_, wire):
        await wire.send("POST /length HTTP/1.1", "Host: x", f"Content-Length: {LIMIT + 1}", "")
        assert await wire.status() == 413


async def test_a_body_above_the_limit_is_refused_where_no_length_was_announced() -> None:
    async with visited() as (_, wire):
        await wire.send("POST /length HTTP/1.1", "Host: x", "Transfer-Encoding: chunked", "")
        for _ in range(5):
            await wire.send("c8", body=b"x" * 200 + b"\r\n")
        await wire.send("1", body=b"x\r\n")
        assert await wire.status() == 413


async def test_a_body_at_the_limit_is_taken() -> None:
    async with serving(APP, "127.0.0.1", 0) as url, httpx.AsyncClient() as http:
        assert (await http.post(f"{url}/length", content=b"x" * LIMIT)).text == str(LIMIT)


async def test_a_header_without_an_end_is_refused() -> None:
    async with visited() as (_, wire):
        await wire.send("GET /hello HTTP/1.1", "Host: x", body=b"X-Big: " + b"x" * (MAX_HEADER_BYTES + 1))
        assert await wire.status() == 400


@pytest.mark.parametrize("sent", ["\r\n\r\nwhat?\r\n\r\n", "GET /\xff HTTP/1.1\r\n\r\n", "GET / HTTP/9\r\n\r\n"])
async def test_what_is_no_request_is_refused(sent: str) -> None:
    async with visited() as (_, wire):
        await wire.send(body=sent.encode("latin-1"))
        assert await wire.status() == 400


async def test_an_app_can_cut_a_connection_and_what_it_raises_then_is_not_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def bare(scope: Scope, _receive: Receive, _send: Send) -> None:
        scope["state"]["drop"](scope["client"])
        raise ValueError("nobody hears this any more")

    for app in (APP, bare):
        async with visited(app) as (_, wire):
            await wire.send("GET /leave HTTP/1.1", "Host: x", "")
            assert await wire.ended()
    assert caplog.text == ""


async def test_only_the_connection_that_is_meant_is_cut() -> None:
    async with visited() as (url, wire), wired(url) as other:
        await wire.send("GET /leave HTTP/1.1", "Host: x", "")
        assert await wire.ended()
        await other.send("GET /hello HTTP/1.1", "Host: x", "")
        assert await other.status() == 200


@pytest.mark.parametrize("kind", [FaultKind.DROP_BEFORE, FaultKind.DROP_AFTER])
async def test_a_drop_of_the_sandbox_is_a_cut_connection_without_a_traceback(
    kind: FaultKind, caplog: pytest.LogCaptureFixture
) -> None:
    sandbox = Sandbox()
    sandbox.faults.add(Fault(kind=kind))
    async with visited(sandbox.app) as (_, wire):
        await wire.send("GET /users/settings HTTP/1.1", "Host: x", "User-Agent: test", "")
        assert await wire.ended()
    assert caplog.text == ""


async def test_a_mistake_of_an_app_is_answered_500_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    async with visited() as (_, wire):
        await wire.send("GET /boom HTTP/1.1", "Host: x", "")
        assert await wire.status() == 500
    assert "a mistake of the app" in caplog.text


async def test_the_end_waits_for_a_running_request() -> None:
    asked, go = asyncio.Event(), asyncio.Event()

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        asked.set()
        await go.wait()
        await PlainTextResponse("done")(_scope, _receive, send)

    async with contextlib.AsyncExitStack() as stack:
        async with serving(app, "127.0.0.1", 0) as url:
            wire = await stack.enter_async_context(wired(url))
            await wire.send("GET / HTTP/1.1", "Host: x", "")
            await asked.wait()
            asyncio.get_running_loop().call_later(0.05, go.set)
        async with asyncio.timeout(1):
            assert (await wire.reader.read()).endswith(b"done")


async def test_the_end_waits_no_longer_than_its_grace_for_an_endless_answer(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("scrobbler.web.server.GRACE_SECONDS", 0.05)
    began = asyncio.get_running_loop().time()
    async with contextlib.AsyncExitStack() as stack:
        async with serving(APP, "127.0.0.1", 0) as url:
            endless, idle, half = [await stack.enter_async_context(wired(url)) for _ in range(3)]
            await half.send("GET /hel")
            await endless.send("GET /endless HTTP/1.1", "Host: x", "")
            assert await endless.status() == 200
            await endless.reader.readuntil(b"first")
        assert asyncio.get_running_loop().time() - began < 1
        for each in (idle, half):
            assert await each.ended()
        async with asyncio.timeout(1):
            with contextlib.suppress(ConnectionResetError):
                await endless.reader.read()
    assert caplog.text == ""


@pytest.mark.parametrize("turns", range(8))
async def test_who_comes_as_one_server_gives_way_to_the_next_is_answered_by_one_of_them(turns: int) -> None:
    loop = asyncio.get_running_loop()
    with contextlib.closing(Doors()) as doors, socket.socket() as late:
        async with serving(APP, "127.0.0.1", 0, doors) as url:
            late.connect(("127.0.0.1", int(url.rpartition(":")[2])))
            late.setblocking(False)
            for _ in range(turns):
                await asyncio.sleep(0)
            loop.call_later(0.02, late.sendall, b"GET /hello HTTP/1.1\r\nHost: x\r\n\r\n")
        async with serving(APP, "127.0.0.1", 0, doors), asyncio.timeout(5):
            assert (await loop.sock_recv(late, 100)).startswith(b"HTTP/1.1 200 ")


async def test_no_log_line_holds_a_query(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("uvicorn.error", "uvicorn.access"):
        caplog.set_level(5, logger=name)
    async with visited() as (url, wire):
        async with httpx.AsyncClient() as http:
            caplog.set_level(logging.WARNING, logger="httpx")  # the caller's own words are not the server's
            caplog.set_level(logging.WARNING, logger="httpcore")
            for path in ("/hello", "/boom", "/nowhere"):
                await http.get(f"{url}{path}?token=hush")
            await http.post(f"{url}/length?token=hush", content=b"x" * (LIMIT + 1))
        await wire.send("GET /hello?token=hush HTTP/1.1", "Host: x", "Connection: upgrade", "Upgrade: hush", "")
        await wire.status()
    assert "HTTP connection made" in caplog.text
    assert "hush" not in caplog.text


async def test_one_more_than_there_is_room_for_takes_the_place_of_the_one_that_waited_longest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("scrobbler.web.server.MAX_CONNECTIONS", 3)
    async with contextlib.AsyncExitStack() as stack:
        url = await stack.enter_async_context(serving(APP, "127.0.0.1", 0))
        endless, first, second = [await stack.enter_async_context(wired(url)) for _ in range(3)]
        await endless.send("GET /endless HTTP/1.1", "Host: x", "")
        assert await endless.status() == 200
        for wire in (second, first):
            await wire.send("GET /hello HTTP/1.1", "Host: x", "")
            assert await wire.status() == 200
        third = await stack.enter_async_context(wired(url))
        assert (await second.reader.read()).endswith(b"hello"), "it was there before, and is gone now"
        for wire in (third, first):
            await wire.send("GET /hello HTTP/1.1", "Host: x", "")
            assert await wire.status() == 200


async def test_where_all_are_being_served_one_more_is_turned_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scrobbler.web.server.MAX_CONNECTIONS", 1)
    async with visited() as (url, wire):
        await wire.send("GET /endless HTTP/1.1", "Host: x", "")
        assert await wire.status() == 200
        async with wired(url) as other:
            assert await other.ended()
        await wire.reader.readuntil(b"first")


async def test_a_peer_has_only_so_many_connections_but_this_machine_may_be_a_proxy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("scrobbler.web.server.MAX_OF_A_PEER", 1)
    own = addresses._own_address()
    if own is None or addresses.is_here_only(f"http://{own}"):
        pytest.skip("this machine has no address but its loopback")
    async with serving(APP, own, 0) as url, wired(url) as one, wired(url) as other:
        assert await other.ended()
        await one.send("GET /hello HTTP/1.1", "Host: x", "")
        assert await one.status() == 200
    async with visited() as (url, one), wired(url) as other:
        for wire in (one, other):
            await wire.send("GET /hello HTTP/1.1", "Host: x", "")
            assert await wire.status() == 200


async def test_an_idle_connection_is_closed_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scrobbler.web.server.IDLE_SECONDS", 0.05)
    async with visited() as (_, wire):
        await wire.send("GET /hello HTTP/1.1", "Host: x", "")
        assert await wire.status() == 200
        assert await wire.reader.readexactly(5) == b"hello"
        assert await wire.ended()


async def test_a_server_that_nobody_asks_sleeps() -> None:
    threads, tasks = threading.active_count(), asyncio.all_tasks()
    async with serving(APP, "127.0.0.1", 0) as url:
        async with wired(url) as wire:
            await wire.send("GET /hello HTTP/1.1", "Host: x", "Connection: close", "")
            assert await wire.status() == 200
            await wire.reader.read()
        await asyncio.sleep(0)
        timers = vars(asyncio.get_running_loop())["_scheduled"]
        assert [timer for timer in timers if not timer.cancelled()] == []
        assert asyncio.all_tasks() == tasks
        assert threading.active_count() == threads
