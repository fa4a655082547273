"""The page: what it shows and to whom, that no name can break it, and what its open windows are told."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import aclosing
from html.parser import HTMLParser
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import pytest
from conftest import EPOCH, Clock
from double import Double
from home import House, inhabited
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from playbook import HEAT, TRON
from queued import said
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from tables import rows

from scrobbler.control.people import MapUser, Switch
from scrobbler.control.request import UNTIL_OFF, Incognito, Undo
from scrobbler.errors import StateError
from scrobbler.events import Kind, Media
from scrobbler.household import Stranger
from scrobbler.machine.session import Session
from scrobbler.sandbox import FaultKind
from scrobbler.state.decisions import Note, What
from scrobbler.state.entry import EntryState
from scrobbler.state.snapshot import look
from scrobbler.web.guard import PAGE_HEADERS
from scrobbler.web.news import STREAMS, News
from scrobbler.web.paper import event
from scrobbler.web.server import serving
from scrobbler.web.shown import ENTRIES, scene

pytestmark = pytest.mark.anyio

OFFICE = Media(path="/films/The Ofice/The Ofice s01e01.mkv")
HOSTILE = (
    "</p></main><script>alert(1)</script><style>*{display:none}</style>",
    '" onmouseover="alert(1)" x="',
    "{{ scene }}{% raw %}",
    "x" * 3000,
    "\u202egnihtemos \u2028\u0085\x0b\x00\x1b[31m",
    "half a sign \ud83d",
    "data: x\n\nevent: now\ndata: <h1>",
)


@pytest.fixture(autouse=True)
def no_spacing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test's clock stands still, so waiting for one write a second would be waiting in vain."""
    monkeypatch.setattr("scrobbler.trakt.client.WRITE_EVERY", 0.0)


@pytest.fixture
async def house(tmp_path: Path, double: Double, clock: Clock) -> AsyncIterator[House]:
    async with inhabited(tmp_path, double, clock) as house:
        yield house


class Text(HTMLParser):
    """What is to be read in a part of a page, in one line, and the tags that it has."""

    def __init__(self, page: str, part: str) -> None:
        super().__init__()
        self._part = part
        self._depth = 0
        self._said: list[str] = []
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.feed(page)
        self.text = " ".join(" ".join(self._said).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}
        if self._depth or dict(attrs).get("id") == self._part:
            self._depth += tag == "section"

    def handle_endtag(self, tag: str) -> None:
        self._depth -= self._depth > 0 and tag == "section"

    def handle_data(self, data: str) -> None:
        if self._depth:
            self._said.append(data)


async def page_of(house: House, path: str = "/") -> str:
    async with httpx.AsyncClient(base_url=house.url) as http:
        reply = await http.get(path)
        assert reply.status_code == 200
        return reply.text


async def part_of(house: House, part: str) -> str:
    return Text(await page_of(house), part).text


# What is there


async def test_an_empty_house_is_told_in_words(house: House) -> None:
    page = await page_of(house)
    assert Text(page, "now").text == "Now playing Nothing is playing."
    assert Text(page, "queue").text == "To do Nothing waits, and nothing was set aside."
    assert Text(page, "plays").text == "Watched Nothing was watched yet."
    assert "mpv No event yet · for default" in Text(page, "players").text


async def test_what_plays_is_shown_where_it_is_by_now(house: House) -> None:
    await house.plays(TRON, 2530, of=7500)
    house.clock.advance(60)
    assert await part_of(house, "now") == "Now playing TRON: Legacy (2010) Playing · 43:10 of 2:05:00 · mpv · default"
    page = await page_of(house)
    assert '<progress max="7500.0" value="2590.0" aria-label="Progress of TRON: Legacy (2010)" data-rate="1.0">' in page
    await house.plays(TRON, 2600, of=7500, kind=Kind.PAUSE)
    assert "Paused · 43:20 of 2:05:00" in await part_of(house, "now")
    assert "data-rate" not in await page_of(house)


async def test_what_is_incognito_is_marked_and_not_named(house: House) -> None:
    await house.perform(Incognito(account="default", until=UNTIL_OFF))
    await house.plays(TRON, 10)
    page = await page_of(house)
    assert "Something incognito" in page
    assert "TRON" not in page
    assert "On for default until it is switched off" in Text(page, "accounts").text


async def test_the_last_watches_are_there_with_their_ids_and_what_becomes_of_them(house: House) -> None:
    await house.watched(HEAT)
    await house.watched(TRON, 2)
    assert "TRON: Legacy (2010) 20 Nov" in await part_of(house, "plays")
    house.double.fault(FaultKind.STATUS, status=503, path="/sync/history/remove", times=None)
    await house.perform(Undo(plays=(2,)))
    assert "play 2 · being removed" in await part_of(house, "plays")
    [removal] = look(house.folder).waiting
    while not look(house.folder).waiting[0].attempts:  # noqa: ASYNC110  # it is a file
        await asyncio.sleep(0.01)
    house.double.sandbox.faults.clear()
    await house.eventually(lambda state: state.removals == {2: EntryState.WAITING})
    assert removal.removes is not None


async def test_a_watch_is_called_as_trakt_calls_it(house: House) -> None:
    await house.watched(Media(path="/films/heat.1995.1080p.mkv"))
    assert "Heat (1995) 20 Nov" in await part_of(house, "plays")
    house.double.fault(FaultKind.STATUS, status=503, path="/sync/history/remove", times=None)
    await house.perform(Undo(plays=(1,)))
    assert "remove Heat (1995)" in await part_of(house, "queue")


async def test_what_was_not_recognised_has_a_button_for_each_candidate(house: House) -> None:
    entry = await house.unmatched(OFFICE)
    page = await page_of(house)
    assert f'<input type="hidden" name="entry" value="{entry}">' in page
    names = re.findall(r'<button name="pick" value="[^"]+"><bdi>([^<]+)</bdi>', page)
    assert names[:2] == ["The Office (2005) S01E01", "The Office (2001) S01E01"]
    assert "Never scrobble this" in page


async def test_a_player_says_when_it_was_heard_of_last_and_whose_it_is(house: House) -> None:
    await house.plays(HEAT, 1)
    house.clock.advance(3 * 86400)
    await house.perform(Switch(players=("mpv",), account="marta", until=None))
    await house.perform(MapUser(player="plex", user="Ann", account="marta"))
    house.store.meet("plex", Stranger(user="Eve", user_id="7"), house.clock()).result(10)
    text = await part_of(house, "players")
    assert "mpv Last event 3 days ago · for default Now for marta Switch back" in text
    assert "Paul counts for default" in text
    assert "Ann counts for marta Unmap" in text
    assert "Users who count for nobody Eve plex · last seen just now" in text


async def test_an_account_says_what_it_needs(house: House) -> None:
    text = await part_of(house, "accounts")
    assert text.startswith("Accounts default Signed in marta Nobody has signed in yet. Sign in Incognito Off:")
    assert 'href="login/marta"' in await page_of(house)


async def test_a_huge_backlog_is_counted_and_not_loaded(house: House) -> None:
    for number in range(ENTRIES + 5):
        watch = replace(said(HEAT, account="marta"), sitting=f"one {number}")
        house.store.keep(Session(key=watch.session, account="marta"), [watch], EPOCH, idle=False).result(10)
    shown = scene(house.page._home, house.clock(), house.mending.listed)
    assert (len(shown.waiting), shown.more_waiting) == (ENTRIES, 5)
    assert "And 5 more that wait: scrobbler queue list" in await part_of(house, "queue")


# Who may see it, and what cannot break it


async def test_only_who_may_come_in_sees_it(tmp_path: Path, double: Double, clock: Clock) -> None:
    async with (
        inhabited(tmp_path, double, clock, password="open sesame") as house,
        httpx.AsyncClient(base_url=house.url) as http,
    ):
        for path in ("/", "/events", "/fix?play=1"):
            assert (await http.get(path)).status_code == 401
        assert (await http.get("/", auth=("", "open sesame"))).status_code == 200


async def test_a_name_of_somebody_elses_that_leads_here_is_refused(house: House) -> None:
    async with httpx.AsyncClient(base_url=house.url, headers={"Host": "evil.example"}) as http:
        for path in ("/", "/events", "/fix?play=1"):
            reply = await http.get(path)
            assert reply.status_code == 403
            assert {name: reply.headers[name] for name in PAGE_HEADERS} == PAGE_HEADERS


async def test_nothing_on_it_runs_that_is_not_a_file_of_ours(house: House) -> None:
    page = await page_of(house)
    assert re.findall(r"<script[^>]*>", page) == [
        '<script src="static/times.js" defer>',
        '<script src="static/page.js" defer>',
    ]
    assert not re.search(r"<style| style=| on\w+=|https?://", page)


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
async def test_no_name_breaks_it(name: str, house: House) -> None:
    await house.plays(Media(title=name), 10)
    house.store.meet("plex", Stranger(user=name.replace("\ud83d", "?")), house.clock()).result(10)
    page = await page_of(house)
    read = Text(page, "now")
    assert read.tags.count("script") == 2
    assert read.tags.count("main") == page.count("</main>") == 1
    assert not {"style"} & set(read.tags)
    assert not {"onmouseover", "style", "x"} & read.attributes


@given(st.text())
def test_an_event_is_one_event_whatever_is_in_it(text: str) -> None:
    written = event("now", text)
    *lines, _, rest = written.decode().split("\n")
    assert (lines[0], rest) == ("event: now", "")
    assert all(line.startswith("data: ") for line in lines[1:])
    assert b"\r" not in written


async def test_a_state_that_cannot_be_read_is_said_in_a_line(house: House) -> None:
    await asyncio.to_thread(house.store.close)
    (house.folder / "state.db").write_bytes(b"what?" * 1000)
    for beside in house.folder.glob("state.db-*"):
        beside.unlink()
    async with httpx.AsyncClient(base_url=house.url) as http:
        reply = await http.get("/")
    assert reply.status_code == 503
    assert "is damaged" in reply.text or "cannot be read" in reply.text


async def test_it_works_below_a_path_of_a_proxys(house: House) -> None:
    async def proxy(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        assert request.url.path.startswith("/tv/")
        async with httpx.AsyncClient(base_url=house.url) as http:
            answer = await http.request(
                request.method,
                request.url.path.removeprefix("/tv"),
                params=request.query_params,
                content=await request.body(),
            )
        kept = {name: answer.headers[name] for name in ("location", "content-type") if name in answer.headers}
        await Response(answer.content, answer.status_code, kept)(scope, receive, send)

    async with serving(proxy, "127.0.0.1", 0) as url, httpx.AsyncClient(follow_redirects=True) as http:
        page = await http.get(f"{url}/tv/")
        for link in ("static/page.css", "static/home.css", "static/times.js", "static/page.js"):
            assert f'"{link}"' in page.text
            assert (await http.get(f"{url}/tv/{link}")).status_code == 200
        done = await http.post(f"{url}/tv/incognito", data={"to": "1h"})
        assert done.url.path == "/tv/"
        assert "Incognito is on for 1 h for default, marta." in done.text


# What is told


async def test_an_open_page_is_told_of_what_changes_and_of_nothing_else(house: House) -> None:
    async with aclosing(house.page.news.stream()) as news:
        first = await anext(news)
        assert set(first) == {"now", "queue", "plays", "accounts", "players"}
        await house.plays(HEAT, 10)
        changed = await anext(news)
        assert "Heat (1995)" in changed["now"]
        assert "accounts" not in changed
    assert house.page.news.streams == 0


async def test_words_are_said_aloud_once_and_to_those_who_were_there(house: House) -> None:
    async with aclosing(house.page.news.stream()) as news:
        await anext(news)
        await house.watches(HEAT)
        async for picture in news:
            if "said" in picture:
                assert picture["said"] == "Trakt: watched Heat (1995), scrobbled"
                break
        async with aclosing(house.page.news.stream()) as late:
            assert "said" not in await anext(late)


async def test_what_cannot_be_read_for_a_moment_leaves_the_pages_as_they_are(house: House) -> None:
    reads = 0

    async def paint() -> dict[str, str]:
        nonlocal reads
        reads += 1
        if reads == 2:
            raise StateError("the disk is busy")
        return {"now": str(reads)}

    news = News(paint, [])
    async with aclosing(news.stream()) as stream:
        assert await anext(stream) == {"now": "1"}
        for words in ("Heat was watched", "TRON was watched"):
            news.told([Note(at=house.clock(), what=What.WATCHED, words=words)])
            assert "watched" in (await anext(stream))["said"]
        assert reads == 3


async def test_a_flood_of_decisions_is_told_together(house: House) -> None:
    pictures = 0
    async with aclosing(house.page.news.stream()) as news:
        await anext(news)
        began = asyncio.get_running_loop().time()
        for number in range(2000):
            note = Note(at=house.clock(), what=What.HEARD, words=f"mpv: {number}", source="mpv")
            await asyncio.wrap_future(house.store.note([note]))
            house.clock.advance(60)
        async for _ in news:
            pictures += 1
            if look(house.folder).heard[0].words == "mpv: 1999":
                break
        passed = asyncio.get_running_loop().time() - began
    assert pictures <= 2 * passed + 2, f"{pictures} in {passed:.1f} s"


async def test_while_nobody_looks_nothing_is_painted_and_nothing_ticks(house: House) -> None:
    async with aclosing(house.page.news.stream()) as news:
        await anext(news)
    await asyncio.sleep(0)
    await house.perform(Incognito(until=UNTIL_OFF))
    assert house.page.news._painter is None
    assert not house.page.news._wanted.is_set()


async def test_one_page_more_than_there_is_room_for_takes_the_place_of_the_first(house: House) -> None:
    streams = [house.page.news.stream() for _ in range(STREAMS + 1)]
    for stream in streams[:-1]:
        await anext(stream)
    await anext(streams[-1])
    assert house.page.news.streams == STREAMS
    with pytest.raises(StopAsyncIteration):
        await anext(streams[0])
    for stream in streams:
        await stream.aclose()


async def test_open_pages_end_with_the_server(house: House) -> None:
    async with httpx.AsyncClient(base_url=house.url) as http, http.stream("GET", "/events") as reply:
        assert reply.headers["content-type"].startswith("text/event-stream")
        lines = reply.aiter_lines()
        assert (await anext(lines)).startswith("event: ")
        house.page.news.close()
        async with asyncio.timeout(5):
            async for _ in lines:
                pass


def test_each_address_is_in_the_table_of_the_page(tmp_path: Path, double: Double, clock: Clock) -> None:
    async def routes() -> set[tuple[str, str]]:
        async with inhabited(tmp_path, double, clock) as house:
            ours = house.page.routes()
        return {(method, route.path) for route in ours for method in (route.methods or set()) - {"HEAD"}}

    assert {(method, path.strip("`")) for method, path in rows("page.md", "method", "address")} == asyncio.run(routes())


def test_a_place_that_is_not_there_has_no_state(clock: Clock) -> None:
    with TemporaryDirectory() as folder:
        assert look(Path(folder)).removals == {}
