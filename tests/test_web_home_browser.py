"""The page in a real browser: every wish by mouse and by keyboard, live and without JavaScript, on any screen."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from conftest import Clock
from double import Double
from home import House, inhabited
from playbook import HEAT, TRON
from queued import UNKNOWN, said
from test_web_browser import ELSEWHERE, Browser, browsing

from scrobbler.control.request import Incognito
from scrobbler.events import Kind, Media, MediaKind, SessionKey, Show
from scrobbler.state.decisions import Note, What
from scrobbler.state.entry import EntryState
from scrobbler.state.snapshot import corrected, look

pytestmark = [pytest.mark.browser, pytest.mark.anyio]

EXPANSE = Media(kind=MediaKind.EPISODE, show=Show(title="The Expanse"), season=1, episode=2)
OFFICE = Media(path="/films/The Ofice/The Ofice s01e01.mkv")
LONG = Media(title="Ein<b>ü" * 200, year=1999)
PHONE = {"width": 400, "height": 850}
VIEWS = {
    "phone-light": (PHONE, "light"),
    "phone-dark": (PHONE, "dark"),
    "desk-light": ({"width": 1280, "height": 900}, "light"),
    "desk-dark": ({"width": 1280, "height": 900}, "dark"),
    "television": ({"width": 1920, "height": 1080}, "dark"),
}


COUNTING = """
window.gone = new Set();
window.EventSource = class extends EventSource {
  addEventListener(name, hear) {
    super.addEventListener(name, (event) => {
      window.heard = (window.heard || 0) + 1;
      hear(event);
    });
  }
};
document.addEventListener("readystatechange", () => {
  if (document.readyState !== "interactive") return;
  new MutationObserver((changes) => {
    for (const change of changes)
      for (const node of change.removedNodes) if (node.nodeType === 1) window.gone.add(node.nodeName);
  }).observe(document.querySelector("main"), { childList: true, subtree: true });
});
"""
"""Counts the news that the page hears, and says what kinds of elements were taken off it."""


@pytest.fixture(autouse=True)
def no_spacing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test's clock stands still, so waiting for one write a second would be waiting in vain."""
    monkeypatch.setattr("scrobbler.trakt.client.WRITE_EVERY", 0.0)


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with browsing() as browser:
        yield browser
    assert browser.complaints == []


@pytest.fixture
async def house(tmp_path: Path, double: Double, clock: Clock) -> AsyncIterator[House]:
    async with inhabited(tmp_path, double, clock) as house:
        yield house


@pytest.fixture(params=["with JavaScript", "without"])
async def page(request: pytest.FixtureRequest, browser: Browser, house: House) -> AsyncIterator[Any]:
    """A phone, with JavaScript and without."""
    page = await browser.page(java_script_enabled=request.param == "with JavaScript")
    await page.set_viewport_size(PHONE)
    yield page
    await page.close()


async def busy(house: House) -> None:
    """An evening at home: something of everything."""
    await house.watched(HEAT)
    await house.unmatched(OFFICE)
    await set_aside(house, HEAT)
    house.clock.advance(3000)
    await house.watched(EXPANSE, 2)
    house.clock.advance(600)
    await house.plays(HEAT, 0, at=SessionKey(source="plex", id="2"), user="Eve")
    await house.plays(TRON, 2530, of=7500)
    await house.perform(Incognito(account="marta", until=house.clock().replace(year=2030)))
    await house.eventually(lambda state: not state.waiting)


async def set_aside(house: House, media: Media) -> int:
    """An entry of somebody who is not signed in, as one that Trakt does not take."""
    await asyncio.wrap_future(house.store.changes.enter(said(media, account="marta"), house.clock()))
    entry = await asyncio.wrap_future(house.store.claim("marta", house.clock()))
    assert entry is not None
    await asyncio.wrap_future(house.store.set_aside(entry, UNKNOWN))
    return entry.id


def pictured(name: str) -> Path | None:
    """Where somebody who looks at the pictures wants one: ``SHOTS=FOLDER pytest ...``."""
    folder = os.environ.get("SHOTS")
    return None if folder is None else Path(folder, f"{name}.png")


async def shot(page: Any, name: str, *, whole: bool = True) -> None:
    if (path := pictured(name)) is not None:
        await page.screenshot(path=path, full_page=whole)


async def line(page: Any) -> str:
    """What the page says of what was done; the next page has come by then."""
    await page.wait_for_selector(".line")
    return str(await page.text_content(".line"))


async def until(page: Any, condition: str) -> None:
    """Wait for it as nothing on the page could: the policy lets no text become a script."""
    async with asyncio.timeout(10):
        while not await page.evaluate(condition):  # noqa: ASYNC110  # it is in another process
            await asyncio.sleep(0.02)


# Every wish, with JavaScript and without


async def test_a_candidate_is_picked(page: Any, house: House) -> None:
    await house.unmatched(OFFICE)
    await page.goto(house.url)
    await page.click("text=The Office (2001) S01E01")
    assert (await line(page)).startswith(
        "The Ofice s01e01.mkv is tried again. Remembered: The Ofice is The Office (2001)"
    )
    await house.eventually(lambda state: len(state.plays) == 1)


async def test_a_name_is_typed_in_and_sent_with_the_enter_key(page: Any, house: House) -> None:
    """The first button of the form is a candidate, and must not be what the Enter key means."""
    await house.unmatched(OFFICE)
    await page.goto(house.url)
    await page.fill("input[name=words]", "https://trakt.tv/shows/the-office-uk")
    await page.press("input[name=words]", "Enter")
    assert "Remembered: The Ofice is The Office (2001)" in await line(page)


async def test_a_wide_correction_is_chosen(page: Any, house: House) -> None:
    await house.unmatched(OFFICE)
    await page.goto(house.url)
    await page.select_option("select[name=scope]", "folder")
    await page.click("text=Never scrobble this")
    assert (await line(page)).endswith("Remembered: all in /films/The Ofice is never told to Trakt.")
    assert len(corrected(house.folder)) == 1


async def test_an_entry_is_tried_again_fixed_and_dropped_in_two_steps(page: Any, house: House) -> None:
    entry = await set_aside(house, HEAT)
    await page.goto(house.url)
    await page.click(f"#entry-{entry} >> text=Fix")
    await page.wait_for_selector("h1:has-text('What is it really?')")
    await page.click("button:has-text('Heat (1986)')")
    assert "Heat (1986)" in await line(page)
    await house.eventually(lambda state: [one.state for one in state.waiting] == [EntryState.WAITING])
    await page.goto(house.url)
    await page.click(f"#entry-{entry} >> summary")
    await page.click(f"#entry-{entry} >> text=Drop it")
    assert await line(page) == "Heat (1995) is dropped."
    second = await set_aside(house, TRON)
    await page.goto(house.url)
    await page.click(f"#entry-{second} >> text=Try again")
    assert await line(page) == "TRON: Legacy (2010) is tried again."


async def test_a_watch_is_undone_in_two_steps(page: Any, house: House) -> None:
    await house.watched(HEAT)
    await page.goto(house.url)
    await page.click("#play-1 >> summary")
    await page.click("#play-1 >> text=Take it out")
    assert await line(page) == "Heat (1995) is taken out of Trakt's history."
    await house.eventually(lambda state: not state.removals)
    assert house.double.history() == []


async def test_a_watch_that_was_something_else_is_mended(page: Any, house: House) -> None:
    await house.watched(HEAT)
    await page.goto(house.url)
    await page.click("#play-1 >> text=Fix")
    await page.click("button:has-text('Heat (1986)')")
    assert (await line(page)).startswith("Heat (1995) is taken out of Trakt's history, and Heat (1986) is added")


async def test_incognito_is_switched_on_and_off(page: Any, house: House) -> None:
    await page.goto(house.url)
    await page.select_option("select[name=account] >> nth=0", "marta")
    await page.click("button:has-text('2 h')")
    assert await line(page) == "Incognito is on for 2 h for marta."
    await page.click("button:has-text('Switch off')")
    assert await line(page) == "Incognito is off for marta."


async def test_a_player_is_switched_and_back(page: Any, house: House) -> None:
    await page.goto(house.url)
    await page.click("#player-1 >> summary")
    await page.select_option("#player-1 >> select[name=account]", "marta")
    await page.click("#player-1 >> button:has-text('Switch')")
    assert await line(page) == "mpv counts for marta."
    await page.click("button:has-text('Switch back')")
    assert await line(page) == "mpv counts for whom it counted before."


async def test_a_user_is_mapped_and_unmapped(page: Any, house: House) -> None:
    await house.plays(HEAT, 1, at=SessionKey(source="plex", id="2"), user="Eve & <Co>")
    await house.eventually(lambda state: state.strangers)
    await page.goto(house.url)
    await page.select_option("#stranger-1 >> select", "marta")
    await page.click("#stranger-1 >> button")
    assert await line(page) == "Eve & <Co> of plex counts for marta."
    await page.click("button:has-text('Unmap')")
    assert await line(page) == "Eve & <Co> of plex counts for nobody any more."


async def test_who_is_not_signed_in_is_led_to_his_code(page: Any, house: House) -> None:
    await page.goto(house.url)
    await page.click("text=Sign in")
    await page.wait_for_selector("img.code")
    assert page.url == f"{house.url}/login/marta"


async def test_a_mistake_is_a_line_above_all_else(page: Any, house: House) -> None:
    await house.unmatched(OFFICE)
    await page.goto(house.url)
    await page.click("text=That is it")
    assert await line(page) == "Say what it is: an address, an id, or a name such as `The Expanse s01e02`."
    assert await page.get_attribute(".line", "role") == "alert"


# Live


async def test_what_happens_is_there_by_itself_and_is_said_aloud(browser: Browser, house: House) -> None:
    page = await browser.page()
    await page.goto(house.url)
    await page.evaluate("window.stayed = true")
    await house.plays(HEAT, 0)
    await page.wait_for_selector("#now >> text=Heat (1995)")
    house.clock.advance(96)
    await house.plays(HEAT, 96, kind=Kind.STOP)
    await page.wait_for_selector("#plays >> text=Heat (1995)")
    await page.wait_for_selector("#now >> text=Nothing is playing.")
    await until(page, "document.getElementById('aloud').textContent.includes('watched Heat (1995)')")
    assert await page.evaluate("window.stayed") is True
    house.double.tokens(house.folder, "marta")
    await page.wait_for_selector("#account-2 >> text=Signed in")


async def test_the_progress_goes_on_between_two_events_and_stands_in_a_pause(browser: Browser, house: House) -> None:
    from playwright.async_api import expect  # noqa: PLC0415  # half a second that other tests can do without

    page = await browser.page()
    await page.clock.install()
    await house.plays(TRON, 2530, of=7500)
    await page.goto(house.url)
    await page.wait_for_selector("progress")
    await page.clock.fast_forward(70_000)
    await expect(page.locator("#now .at")).to_have_text("43:20")
    assert float(await page.get_attribute("progress", "value")) >= 2600
    await house.plays(TRON, 2700, of=7500, kind=Kind.PAUSE)
    await expect(page.locator("#now .at")).to_have_text("45:00")
    await page.clock.fast_forward(70_000)
    await expect(page.locator("#now .at")).to_have_text("45:00")


async def test_news_take_away_no_focus_no_word_and_no_open_box(browser: Browser, house: House) -> None:
    await house.watched(HEAT)
    await house.unmatched(OFFICE)
    page = await browser.page()
    await page.add_init_script(COUNTING)
    await page.goto(house.url)
    await page.click("#play-1 >> summary")
    await page.select_option("#queue >> select", "folder")
    await page.select_option("#accounts >> select", "marta")
    await page.focus("input[name=words]")
    await page.keyboard.type("The Off")
    await house.unmatched(Media(path="/films/Hat/Hat.mkv"), 2)
    await house.watched(EXPANSE, 2)
    await page.wait_for_selector("#play-2")
    await page.wait_for_selector("#queue >> text=Hat.mkv")
    await page.keyboard.type("ice")
    assert await page.evaluate("document.activeElement.value") == "The Office"
    assert await page.input_value("#queue >> li:has-text('Ofice') >> select") == "folder"
    assert await page.evaluate("document.querySelector('#play-1 details').open") is True
    await house.perform(Incognito(account="default", until=house.clock().replace(year=2030)))
    await page.wait_for_selector("#accounts >> text=On for default")
    assert await page.input_value("#accounts >> label >> select") == "marta"
    gone = set(await page.evaluate("[...window.gone]")) - {"H3", "UL"}  # a busy machine shows what is on its way, too
    assert gone == {"P"}, "only the line that said that incognito is off"


async def test_the_first_news_are_what_is_there_already_and_touch_nothing(browser: Browser, house: House) -> None:
    await busy(house)
    page = await browser.page()
    await page.add_init_script(COUNTING)
    await page.goto(house.url)
    await until(page, "window.heard >= 5")
    assert await page.evaluate("[...window.gone]") == []


async def test_a_flood_of_decisions_does_not_flood_the_browser(browser: Browser, house: House) -> None:
    page = await browser.page()
    await page.add_init_script(COUNTING)
    await page.goto(house.url)
    await until(page, "window.heard >= 5")
    began = asyncio.get_running_loop().time()
    for number in range(3000):
        note = Note(at=house.clock(), what=What.HEARD, words=f"mpv: {number}", source="mpv")
        await asyncio.wrap_future(house.store.note([note]))
    house.clock.advance(7200)
    await house.plays(TRON, 10)
    await page.wait_for_selector("#now >> text=TRON")
    passed = asyncio.get_running_loop().time() - began
    assert await page.evaluate("window.heard") <= 5 + 5 * (2 * passed + 2)


async def test_times_are_those_of_the_browsers_clock(browser: Browser, house: House) -> None:
    await house.watched(HEAT)
    page = await browser.page(timezone_id="Asia/Tokyo")
    await page.goto(house.url)
    assert await page.text_content("#play-1 time") == "21 Nov, 05:01"
    assert await page.get_attribute("#play-1 time", "datetime") == "2026-11-20T20:01:36Z"


async def test_it_works_on_another_device_too(browser: Browser, tmp_path: Path, double: Double, clock: Clock) -> None:
    """There the browser does not say which site sends a form, but by its origin."""
    async with inhabited(tmp_path, double, clock, password="open sesame") as house:
        page = await browser.page(http_credentials={"username": "me", "password": "open sesame"})
        await page.goto(house.url.replace("127.0.0.1", ELSEWHERE))
        await page.click("button:has-text('2 h')")
        assert await line(page) == "Incognito is on for 2 h for default, marta."
        await house.plays(HEAT, 10)
        await page.wait_for_selector("#now >> text=Something incognito")
        await page.close()


async def test_another_sites_form_does_nothing(browser: Browser, house: House) -> None:
    page = await browser.page()
    await page.goto(f"{house.double.url}/activate")
    await page.evaluate(
        f"document.body.innerHTML = `<form method=post action='{house.url}/incognito'>"
        "<input name=to value=on><button>Win</button></form>`"
    )
    await page.click("text=Win")
    await page.wait_for_selector("text=This was sent by another site.")
    assert look(house.folder).incognito == {}
    browser.complaints.clear()  # of the 403


# For every eye and every hand


@pytest.mark.parametrize("name", VIEWS)
async def test_it_fits_the_screen_whatever_there_is_on_it(name: str, browser: Browser, house: House) -> None:
    await busy(house)
    size, scheme = VIEWS[name]
    page = await browser.page(color_scheme=scheme)
    await page.set_viewport_size(size)
    await page.goto(house.url)
    await page.wait_for_selector("#now >> text=TRON")
    await shot(page, name, whole=name != "television")
    await house.plays(LONG, 10, at=SessionKey(source="mpv", id="2"))
    await house.plays(HEAT, 0, at=SessionKey(source="plex", id="3"), user="W" * 90)
    await page.wait_for_selector("#now >> text=Ein<b>")
    await shot(page, f"{name}-long")
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    height = await page.evaluate("document.querySelector('#now').offsetHeight")
    assert height < size["height"], "a long title takes the whole screen"
    if name == "television":
        assert await page.evaluate("parseFloat(getComputedStyle(document.querySelector('.quiet')).fontSize)") >= 22
    await page.goto(f"{house.url}/fix?play=1")
    await shot(page, f"{name}-fix")
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_no_serious_barrier_is_found(scheme: str, browser: Browser, house: House) -> None:
    from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]  # noqa: PLC0415  # only here

    await busy(house)
    found = []
    for path in ("/", "/fix?play=1", "/login/marta", "/login"):
        page = await browser.page(color_scheme=scheme, bypass_csp=True)
        await page.set_viewport_size(PHONE)
        await page.goto(f"{house.url}{path}")
        await page.evaluate("document.querySelectorAll('details').forEach((box) => (box.open = true))")
        results = (await Axe().run(page)).response["violations"]
        found += [
            f"{path}: {one['id']}: {node['html']}"
            for one in results
            if one["impact"] in {"serious", "critical"}
            for node in one["nodes"]
        ]
        await page.close()
    assert not found, "\n".join(found)


FOCUSED = """() => {
  const at = document.activeElement;
  const box = at.getBoundingClientRect();
  return [at.getAttribute("aria-label") || at.textContent.trim() || at.name,
          getComputedStyle(at).outlineStyle !== "none" && box.width > 0];
}"""


async def test_all_can_be_done_by_keyboard_in_the_order_of_the_page(browser: Browser, house: House) -> None:
    await house.watched(HEAT)
    page = await browser.page()
    await page.goto(house.url)
    order = []
    await page.keyboard.press("Tab")
    while await page.evaluate("document.activeElement !== document.body"):
        name, seen = await page.evaluate(FOCUSED)
        assert seen, f"{name} has the focus, and nobody sees it"
        order.append(name)
        await page.keyboard.press("Tab")
    wanted = [
        "To the content",
        "Players",
        "It was something else: Heat (1995)",
        "Undo: Heat (1995)",
        "Incognito for 1 hour",
    ]
    assert [name for name in order if name in wanted] == wanted
    await page.goto(house.url)
    await page.focus("#play-1 summary")
    await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    assert await line(page) == "Heat (1995) is taken out of Trakt's history."
