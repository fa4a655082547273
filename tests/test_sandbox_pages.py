"""The sandbox's pages for people: they show what is there, decide codes, and let no text become markup."""

import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sandbox_visitor import DULCINEA, HEAT, TRON, Visitor, frozen, visiting

from scrobbler.sandbox import App, Fault, FaultKind

pytestmark = pytest.mark.anyio

HOSTILE = '"><script>alert(1)</script>'


@pytest.fixture
async def visitor(anyio_backend: str) -> AsyncIterator[Visitor]:
    async with visiting(frozen()) as someone:
        yield someone


async def device(visitor: Visitor) -> dict[str, Any]:
    codes: dict[str, Any] = (await visitor.oauth("device/code")).json()
    return codes


async def page(visitor: Visitor, path: str, *, status: int = 200) -> str:
    """The text of a page that any browser may ask for, and that loads nothing from elsewhere."""
    reply = await visitor.http.get(path, headers={"User-Agent": "Mozilla/5.0"})
    assert reply.status_code == status
    assert reply.headers["content-type"] == "text/html; charset=utf-8"
    assert reply.headers["content-security-policy"].startswith("default-src 'none'")
    assert "width=device-width" in reply.text
    assert "color-scheme: light dark" in reply.text
    assert "http://" not in reply.text
    assert "https://" not in reply.text
    return reply.text


async def test_the_first_page_shows_what_the_sandbox_holds(visitor: Visitor) -> None:
    await visitor.scrobble("start", TRON, 5)
    await visitor.scrobble("pause", DULCINEA, 30)
    await visitor.scrobble("stop", HEAT, 90)
    visitor.sandbox.faults.add(Fault(kind=FaultKind.CLOUDFLARE_1015, path="/nowhere", times=3))
    text = await page(visitor, "/")
    shown = ("TRON: Legacy (2010)", "The Expanse S01E01 Dulcinea", "30.0 %", "Heat (1995)", "Access tokens alive: 1")
    for each in (*shown, "/scrobble/stop", "cloudflare_1015", "3 times"):
        assert each in text


async def test_the_first_page_of_an_empty_sandbox() -> None:
    sandbox = frozen()
    async with visiting(sandbox) as visitor:
        sandbox.world.accounts.clear()
        assert "Nobody has signed in yet" in await page(visitor, "/")


async def test_a_code_is_entered_and_approved(visitor: Visitor) -> None:
    codes = await device(visitor)
    assert 'name="code" value=""' in await page(visitor, "/activate")
    reply = await visitor.http.post("/activate", data={"code": codes["user_code"].lower(), "decision": "approve"})
    assert "The device is connected" in reply.text
    assert (await visitor.oauth("device/token", code=codes["device_code"])).status_code == 200


async def test_a_code_in_the_address_is_filled_in_and_denied(visitor: Visitor) -> None:
    codes = await device(visitor)
    text = await page(visitor, f"/activate/{codes['user_code']}")
    assert f'value="{codes["user_code"]}"' in text
    assert "<strong>Sandbox</strong>" in text
    reply = await visitor.http.post("/activate", data={"code": codes["user_code"], "decision": "deny"})
    assert "turned away" in reply.text
    assert (await visitor.oauth("device/token", code=codes["device_code"])).status_code == 418


async def test_a_code_that_is_over_says_so(visitor: Visitor) -> None:
    codes = await device(visitor)
    visitor.sandbox.clock.advance(600)
    assert "has expired" in await page(visitor, f"/activate/{codes['user_code']}")
    reply = await visitor.http.post("/activate", data={"code": codes["user_code"], "decision": "approve"})
    assert "has expired" in reply.text


async def test_a_decision_must_be_one_of_the_two(visitor: Visitor) -> None:
    codes = await device(visitor)
    for decision in ("", "maybe"):
        reply = await visitor.http.post("/activate", data={"code": codes["user_code"], "decision": decision})
        assert reply.status_code == 400
    assert (await visitor.http.post("/activate", content=b"\xff=\xff")).status_code == 400


async def test_hostile_text_stays_text(visitor: Visitor) -> None:
    visitor.sandbox.world.add_app(App(client_id="evil", client_secret="s", name=HOSTILE))
    codes = (await visitor.http.post("/oauth/device/code", json={"client_id": "evil"})).json()
    visitor.sandbox.world.account(HOSTILE)
    await visitor.http.get("/<script>alert(1)</script>")
    asked = {"client_id": "evil", "redirect_uri": "http://127.0.0.1/", "state": HOSTILE, HOSTILE: HOSTILE}
    replies = [
        await visitor.http.get(f"/activate/{codes['user_code']}"),
        await visitor.http.get('/activate/"><script>alert(1)<'),
        await visitor.http.post("/activate", data={"code": HOSTILE, "decision": "approve"}),
        await visitor.http.get("/oauth/authorize", params=asked),
        await visitor.http.get("/"),
    ]
    for reply in replies:
        assert "script" in reply.text
        assert "<script" not in reply.text


def test_the_template_engine_is_loaded_only_for_a_page() -> None:
    code = "import sys, scrobbler.sandbox as s; s.Sandbox(); assert 'jinja2' not in sys.modules, 'loaded early'"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=30)
