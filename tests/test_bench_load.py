"""How the benchmark's loads are made and counted: posts that wait for nobody, commits, and a day of watches."""

import asyncio
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest
from bench import day, flood, journal, soak
from bench.bench import Bench, Rounds
from bench.hose import Poured, Stream, pour
from bench.trakt import Trakt

from scrobbler.state.schema import FILE

POSTS = 12

pytestmark = pytest.mark.anyio
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n"
NO = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"


class Server:
    """It answers none of its posts before it has heard so many, and then all of them."""

    def __init__(self, answer: bytes, after: int) -> None:
        self._answer = answer
        self._after = after
        self._heard = 0
        self._waiting: list[asyncio.Transport] = []
        self.connections: list[Connection] = []

    def connected(self) -> "Connection":
        self.connections.append(Connection(self))
        return self.connections[-1]

    def hears(self, posts: int, where: asyncio.Transport) -> None:
        self._heard += posts
        self._waiting += [where] * posts
        while self._heard >= self._after and self._waiting:
            self._waiting.pop().write(self._answer)


class Connection(asyncio.Protocol):
    """One of them; it counts the heads that come."""

    def __init__(self, server: Server) -> None:
        self.gone = asyncio.get_running_loop().create_future()
        self._server = server
        self._last = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        heard = self._last + data
        self._last = heard[-3:]
        self._server.hears(heard.count(b"\r\n\r\n"), self._transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self.gone.set_result(None)


async def poured(answer: bytes, *, after: int) -> Poured:
    """Posts to a server that answers none before it has heard so many."""
    server = Server(answer, after)
    async with await asyncio.get_running_loop().create_server(server.connected, "127.0.0.1", 0) as listening:
        url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        stream = Stream(url=url, path="/hook", rate=600.0, seconds=0.02, devices=3, began_at=time.monotonic())
        told = await pour(stream)
        await asyncio.gather(*(each.gone for each in server.connections))
        return told


class TestFlood:
    async def test_posts_are_sent_although_none_is_answered_yet(self) -> None:
        told = await poured(OK, after=POSTS)
        assert (len(told.took), told.refused, told.unanswered) == (POSTS, 0, 0)

    async def test_a_post_counts_from_when_it_was_due_and_not_from_when_it_was_sent(self) -> None:
        told = await poured(OK, after=POSTS)
        assert all(late <= took for late, took in zip(told.late, told.took, strict=True))

    async def test_what_is_refused_is_counted(self) -> None:
        assert (await poured(NO, after=1)).refused == POSTS

    @pytest.mark.parametrize(
        ("instants", "most"), [([], 0), ([5.0], 1), ([0.0, 1.1, 2.2], 1), ([0.0, 0.9, 1.8, 1.85, 1.89], 4)]
    )
    def test_the_most_writes_in_a_second_are_those_of_any_second(self, instants: list[float], most: int) -> None:
        assert flood._most(instants) == most


class TestSoak:
    async def test_each_watch_of_a_day_is_at_trakt_and_kept(self, tmp_path: Path) -> None:
        bench, folder, aside = Bench(tmp_path, tmp_path, Rounds()), tmp_path / "day", tmp_path / "aside"
        folder.mkdir()
        aside.mkdir()
        async with Trakt().listening() as trakt:
            plan = day.Plan(url=trakt.url, folder=str(folder), watches=6, hours=1.0, each=2)
            readings = await soak._spend(bench, plan, folder / FILE)
            assert trakt.watched == 6
        assert [each.watches for each in readings] == [2, 4, 6]
        assert soak._plays(folder, aside)[0] == 6

    def test_what_lies_on_a_line_grows_without_noise(self) -> None:
        assert soak._growth([1.0, 3.0, 5.0, 7.0]) == 2.0
        assert soak._error([1.0, 3.0, 5.0, 7.0]) == pytest.approx(0.0, abs=1e-6)

    def test_what_jumps_to_and_fro_may_be_noise(self) -> None:
        values = [1.0, 3.0, 1.0, 3.0, 1.5]
        assert soak._growth(values) < soak._error(values)


class TestJournal:
    def test_commits_are_counted_and_not_their_rows(self, tmp_path: Path) -> None:
        with closing(sqlite3.connect(tmp_path / FILE, isolation_level=None)) as db:
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("CREATE TABLE rows (row TEXT)")
            before = journal._commits(tmp_path)
            for _ in range(7):
                db.execute("BEGIN")
                db.executemany("INSERT INTO rows VALUES (?)", [("one",), ("two",)])
                db.execute("COMMIT")
            assert journal._commits(tmp_path) - before == 7
