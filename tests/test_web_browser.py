"""The sign-in page in a real browser: read off the screen by real readers, live, by keyboard, without a complaint."""

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from shutil import which
from typing import Any
from urllib.parse import urlsplit

import camera
import pytest
from conftest import Clock
from desk import Desk, opened
from double import Double

pytestmark = [pytest.mark.browser, pytest.mark.anyio]

PASSWORD = "open sesame"
ELSEWHERE = "tv.example"
"""A name that leads to this machine, and that no browser trusts as it trusts its own machine's."""
SIZE = {"width": 1024, "height": 900}


class Browser:
    """A Chromium, and what its pages complained of."""

    def __init__(self, chromium: Any) -> None:
        self._chromium = chromium
        self.complaints: list[str] = []

    async def page(self, **options: Any) -> Any:
        """A page of a new profile."""
        context = await self._chromium.new_context(viewport=SIZE, **options)
        context.set_default_timeout(10_000)
        page = await context.new_page()
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("requestfailed", self._failed)
        return page

    def _failed(self, request: Any) -> None:
        if not request.url.endswith("/events"):  # a page that is left ends its own
            self.complaints.append(f"{request.url}: {request.failure}")


@asynccontextmanager
async def browsing() -> AsyncIterator[Browser]:
    from playwright.async_api import async_playwright  # noqa: PLC0415  # half a second that other tests can do without

    async with AsyncExitStack() as stack:
        playwright = await stack.enter_async_context(async_playwright())
        arguments = [f"--host-resolver-rules=MAP {ELSEWHERE} 127.0.0.1"]
        chromium = await playwright.chromium.launch(executable_path=which("chromium"), args=arguments)
        stack.push_async_callback(chromium.close)
        yield Browser(chromium)


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with browsing() as browser:
        yield browser
    assert browser.complaints == []


@pytest.fixture
async def desk(tmp_path: Path, double: Double, clock: Clock) -> AsyncIterator[Desk]:
    async with opened(Desk(tmp_path, double, clock, "default")) as desk:
        yield desk


async def test_the_code_is_read_off_the_screen_in_light_and_in_dark(
    browser: Browser, desk: Desk, tmp_path: Path
) -> None:
    backs = set()
    for scheme in ("light", "dark"):
        page = await browser.page(color_scheme=scheme)
        await page.goto(f"{desk.url}/login")
        await page.screenshot(path=tmp_path / f"{scheme}.png")
        assert camera.read(tmp_path / f"{scheme}.png") == (desk.link, desk.link)
        backs.add(await page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert len(backs) == 2
    phone = await browser.page(color_scheme="dark", java_script_enabled=False, device_scale_factor=2)
    await phone.set_viewport_size({"width": 360, "height": 740})
    await phone.goto(f"{desk.url}/login")
    await phone.screenshot(path=tmp_path / "phone.png")
    assert camera.read(tmp_path / "phone.png") == (desk.link, desk.link)


async def test_the_time_that_is_left_goes_down_also_where_the_page_was_asleep(browser: Browser, desk: Desk) -> None:
    from playwright.async_api import expect  # noqa: PLC0415  # as above

    page = await browser.page()
    await page.clock.install()
    await page.goto(f"{desk.url}/login")
    left = page.locator("#left")
    await expect(left).to_have_text(re.compile("^9:5"))  # it was 10:00
    await page.clock.fast_forward(120_000)  # as a phone does that slept: what was due meanwhile is done once
    await expect(left).to_have_text(re.compile("^7:5"))
    await page.clock.fast_forward(3_600_000)
    await expect(left).to_have_text("0:00")


async def test_the_page_says_by_itself_that_it_is_done(browser: Browser, desk: Desk) -> None:
    page = await browser.page()
    await page.goto(f"{desk.url}/login")
    await page.evaluate("window.stayed = true")
    desk.decide(approve=True)
    await page.wait_for_selector("text=Signed in. What you watch goes to Trakt from now on")
    assert await page.evaluate("window.stayed") is True
    assert await page.query_selector("img") is None


COUNTING = """
document.addEventListener("readystatechange", () => {
  const place = document.getElementById("state");
  if (document.readyState !== "interactive" || !place) return;
  window.changes = 0;
  new MutationObserver(() => { window.changes += 1; }).observe(place, {childList: true});
});
"""


async def test_what_is_told_again_moves_nothing_under_the_fingers(browser: Browser, desk: Desk) -> None:
    """A focus or a selection would be lost. The first news that a page hears is what it shows already."""
    page = await browser.page()
    await page.add_init_script(COUNTING)
    await page.goto(f"{desk.url}/login")
    desk.decide(approve=False)
    await page.wait_for_selector("text=The sign-in was denied.")
    assert await page.evaluate("window.changes") == 1


async def test_everything_can_be_done_by_keyboard(browser: Browser, desk: Desk) -> None:
    page = await browser.page()
    await page.goto(f"{desk.url}/login")
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.href") == desk.link
    desk.decide(approve=False)
    await page.wait_for_selector("text=The sign-in was denied.")
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.tagName") == "BUTTON"
    await page.keyboard.press("Enter")
    await page.wait_for_selector(".typed")
    assert await page.text_content(".typed") == desk.device.user_code
    assert desk.codes == 2


async def test_it_works_on_another_device_too(browser: Browser, tmp_path: Path, double: Double, clock: Clock) -> None:
    """There the browser does not say which site sends a form, but by its origin."""
    async with opened(Desk(tmp_path, double, clock, "default"), PASSWORD) as desk:
        page = await browser.page(http_credentials={"username": "me", "password": PASSWORD})
        await page.goto(f"http://{ELSEWHERE}:{urlsplit(desk.url).port}/login")
        await page.wait_for_selector(".typed")
        desk.decide(approve=False)
        await page.click("button")
        await page.wait_for_selector(".typed")
        assert await page.text_content(".typed") == desk.device.user_code
        desk.decide(approve=True)
        await page.wait_for_selector(".done")
        await page.close()


async def test_another_sites_link_asks_for_no_code_by_itself(browser: Browser, desk: Desk) -> None:
    page = await browser.page()
    await page.goto(f"{desk.double.url}/activate")
    await page.evaluate(f"location.href = '{desk.url}/login'")
    await page.wait_for_selector("button")
    assert desk.codes == 0
    await page.click("button")
    await page.wait_for_selector(".typed")
    assert desk.codes == 1
