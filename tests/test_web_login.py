"""The pages on which somebody signs in: what they show, to whom, and that they are whole without JavaScript."""

import re
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import httpx
import pytest
from cli_process import configured, running
from conftest import Clock
from desk import Desk, opened
from double import Double
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from scrobbler.sandbox import FaultKind
from scrobbler.web.server import serving

pytestmark = pytest.mark.anyio


@pytest.fixture
async def desk(tmp_path: Path, double: Double, clock: Clock) -> AsyncIterator[Desk]:
    async with opened(Desk(tmp_path, double, clock, "default")) as desk:
        yield desk


@pytest.fixture
async def family(tmp_path: Path, double: Double, clock: Clock) -> AsyncIterator[Desk]:
    async with opened(Desk(tmp_path, double, clock, "default", "marta", "K+ S@x")) as desk:
        yield desk


async def got(desk: Desk, path: str) -> httpx.Response:
    async with httpx.AsyncClient(base_url=desk.url, follow_redirects=True) as http:
        return await http.get(path)


class Links(HTMLParser):
    """All that a page refers to."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if name in {"href", "src", "action", "data-events"} and value]


async def test_the_page_of_the_only_account_shows_a_code_at_once(desk: Desk) -> None:
    reply = await got(desk, "/login")
    assert str(reply.url) == f"{desk.url}/login/default"
    assert f'<strong class="typed">{desk.device.user_code}</strong>' in reply.text
    assert f'href="{desk.link}"' in reply.text
    assert f'alt="QR code of {desk.link}"' in reply.text
    assert 'src="data:image/svg+xml;base64,' in reply.text
    assert ">10:00</time>" in reply.text
    assert desk.device.device_code not in reply.text


async def test_looking_again_shows_the_same_code_and_the_time_that_is_left(desk: Desk) -> None:
    await got(desk, "/login")
    desk.clock.advance(61)
    assert ">8:59</time>" in (await got(desk, "/login")).text
    assert desk.codes == 1


async def test_without_javascript_the_page_loads_itself_anew_until_it_is_over(desk: Desk) -> None:
    refresh = '<noscript><meta http-equiv="refresh" content="5"></noscript>'
    assert refresh in (await got(desk, "/login")).text
    desk.decide(approve=True)
    async for _ in parts_of(desk):
        pass
    done = (await got(desk, "/login")).text
    assert "Signed in. What you watch goes to Trakt from now on" in done
    assert refresh not in done


async def test_a_code_that_came_to_nothing_is_followed_by_another_only_at_a_wish(desk: Desk) -> None:
    await got(desk, "/login")
    desk.decide(approve=False)
    async for _ in parts_of(desk, until="denied"):
        pass
    page = (await got(desk, "/login")).text
    assert "<p>The sign-in was denied.</p>" in page
    assert desk.codes == 1
    async with httpx.AsyncClient(base_url=desk.url, follow_redirects=True) as http:
        reply = await http.post("/login/default")
    assert desk.device.user_code in reply.text
    assert desk.codes == 2


async def test_while_trakt_cannot_be_reached_the_page_says_so(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scrobbler.web.login.CODE_WITHIN", 0.2)
    desk.double.fault(FaultKind.STATUS, status=503, path="/oauth/device/code", times=None)
    page = (await got(desk, "/login")).text
    assert "<p>Asking Trakt for a code … Trakt " in page
    assert "; trying again.</p>" in page
    assert 'http-equiv="refresh"' in page


async def test_of_several_accounts_each_has_its_page(family: Desk) -> None:
    family.double.tokens(family.state, "marta")
    reply = await got(family, "/login")
    assert re.findall(r'<a href="([^"]+)">([^<]+)</a>: ([^<]+)<', reply.text) == [
        ("login/default", "default", "not signed in"),
        ("login/marta", "marta", "signed in"),
        ("login/K%2B%20S%40x", "K+ S@x", "not signed in"),
    ]
    assert family.codes == 0
    page = await got(family, "/login/K%2B%20S%40x")
    assert "Account <strong>K+ S@x</strong>" in page.text
    assert Links(page.text).found[-1].endswith(family.device.user_code)
    assert 'data-events="K%2B%20S%40x/events"' in page.text
    assert "Signed in." in (await got(family, "/login/marta")).text
    assert family.codes == 1


async def test_an_account_that_is_not_there_is_told_by_those_that_are(family: Desk) -> None:
    reply = await got(family, "/login/%3Cb%3Enobody")
    assert reply.status_code == 404
    assert "There is no account &lt;b&gt;nobody" in reply.text
    assert Links(reply.text).found[-3:] == ["default", "marta", "K%2B%20S%40x"]
    assert (await got(family, "/login/nobody/events")).status_code == 404
    assert family.codes == 0


async def parts_of(desk: Desk, until: str = "Signed in") -> AsyncIterator[str]:
    """What the page is told, up to a part with these words."""
    async with httpx.AsyncClient(base_url=desk.url) as http, http.stream("GET", "/login/default/events") as reply:
        assert reply.headers["content-type"].startswith("text/event-stream")
        part = ""
        async for line in reply.aiter_lines():
            part += line.removeprefix("data: ") + "\n"
            if not line:
                yield part
                if until in part:
                    return
                part = ""


async def test_the_page_is_told_of_each_change_by_the_part_that_changes(desk: Desk) -> None:
    await got(desk, "/login")
    told = []
    async for part in parts_of(desk):
        told.append(part)
        if len(told) == 1:
            desk.decide(approve=True)
    assert [desk.device.user_code in part for part in told] == [True, False]
    assert all(part.startswith("event: state\n") for part in told)
    assert not any(desk.device.device_code in part for part in told)


async def test_to_hear_the_news_asks_trakt_for_nothing(desk: Desk) -> None:
    async for part in parts_of(desk, until="Nobody"):
        assert "Nobody has signed in yet." in part
    assert desk.codes == 0


async def test_the_pages_work_below_a_path_of_a_proxys(desk: Desk) -> None:
    async def proxy(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        path = request.url.path
        assert path.startswith("/tv/"), f"{path} leads out of the proxy's path"
        async with httpx.AsyncClient(base_url=desk.url) as http:
            answer = await http.request(request.method, path.removeprefix("/tv"))
        kept = {name: answer.headers[name] for name in ("location", "content-type") if name in answer.headers}
        await Response(answer.content, answer.status_code, kept)(scope, receive, send)

    async with serving(proxy, "127.0.0.1", 0) as url, httpx.AsyncClient(follow_redirects=True) as http:
        page = await http.get(f"{url}/tv/login")
        assert str(page.url) == f"{url}/tv/login/default"
        assert desk.device.user_code in page.text
        own = [link for link in Links(page.text).found if not link.startswith("data:") and desk.double.url not in link]
        assert sorted(own) == ["../static/login.js", "../static/page.css", "default/events"]
        for link in own[:2]:
            assert (await http.get(urljoin(str(page.url), link))).status_code == 200
        assert urlsplit(urljoin(str(page.url), "default/events")).path == "/tv/login/default/events"
        assert (await http.post(str(page.url))).url == page.url


def test_the_agent_ends_at_once_though_a_page_is_open(tmp_path: Path) -> None:
    file = configured(tmp_path, more='[server]\nlisten = "127.0.0.1:0"')
    with running("run", "--config", file) as agent:
        url = agent.says("to sign in, open ").split()[-1]
        assert url.endswith("/login")
        with httpx.stream("GET", f"{url}/default/events") as news:
            lines = news.iter_lines()
            assert next(lines) == "event: state"
            assert agent.end(within=1.5) == 0
            assert list(lines)[-1] == ""
        assert "Traceback" not in agent.said
