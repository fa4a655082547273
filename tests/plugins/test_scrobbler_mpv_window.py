"""A code in the window of a real mpv: read by real readers, put away by who sits there, and never left behind."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import cv2
import pytest
from plugins.real_mpv import PATIENCE, Eye, RealMpv, looking

from scrobbler.adapters import Screen, Sign
from scrobbler.events import Kind

pytestmark = [pytest.mark.mpv, pytest.mark.window, pytest.mark.anyio]

Start = Callable[..., Awaitable[RealMpv]]

LINK = "https://auth.trakt.tv/activate/ABCD1234"
SIGN = Sign(link=LINK, words=("Scan to sign in to Trakt,", "or enter ABCD1234 at", "auth.trakt.tv/activate"))
LARGE, SMALL, PORTRAIT = "--geometry=1280x720", "--geometry=640x360", "--geometry=405x720"
LEAVES_FULLSCREEN = "set fullscreen no"
"""What Esc does in mpv by itself."""
DISMISS = "script-message scrobbler-dismiss"
NOTHING = ""


@pytest.fixture
async def window(start: Start, display: str, clips: Path) -> RealMpv:
    """An mpv that plays in a window."""
    return await opened(start, display, LARGE, clips / "Film.mkv")


async def opened(start: Start, display: str, *arguments: str | Path, name: str = "mpv.sock") -> RealMpv:
    mpv = await start(*arguments, name=name, display=display)
    await mpv.until("osd-width", bool)
    await mpv.until("video-out-params", bool)
    return mpv


@asynccontextmanager
async def shown(screen: Screen, sign: Sign = SIGN) -> AsyncIterator["asyncio.Task[bool]"]:
    """The sign is shown meanwhile; the task ends with what became of it."""
    showing = asyncio.create_task(screen.show(sign))
    try:
        yield showing
    finally:
        showing.cancel()
        await asyncio.wait([showing])


async def ends(showing: "asyncio.Task[bool]") -> bool:
    return await asyncio.wait_for(showing, PATIENCE)


@pytest.mark.parametrize("size", [LARGE, SMALL, PORTRAIT])
async def test_both_readers_read_the_code_in_a_window_of_any_size(
    size: str, start: Start, display: str, clips: Path, eye: Eye, tmp_path: Path
) -> None:
    mpv = await opened(start, display, size, clips / "Film.mkv")
    wide, _, high = size.removeprefix("--geometry=").partition("x")
    assert (await mpv.get("osd-width"), await mpv.get("osd-height")) == (int(wide), int(high))
    async with shown(await eye.next()):
        await mpv.shows(LINK, tmp_path)


async def test_it_grows_and_shrinks_with_the_window(window: RealMpv, eye: Eye, tmp_path: Path) -> None:
    async with shown(await eye.next()):
        await window.shows(LINK, tmp_path)
        for scale, width in ((8, 512), (16, 1024)):
            await window.set("window-scale", scale)
            await window.until("osd-width", width.__eq__)
            await window.shows(LINK, tmp_path)


async def test_esc_puts_it_away_and_gets_its_meaning_back(window: RealMpv, eye: Eye, tmp_path: Path) -> None:
    assert await window.escape() == LEAVES_FULLSCREEN
    async with shown(await eye.next()) as showing:
        await window.shows(LINK, tmp_path)
        assert await window.escape() == DISMISS
        await window.command("keypress", "ESC")
        assert await ends(showing) is True
    await window.shows(NOTHING, tmp_path)
    assert await window.escape() == LEAVES_FULLSCREEN


async def test_a_key_of_the_users_own_puts_it_away(window: RealMpv, eye: Eye, tmp_path: Path) -> None:
    await window.command("keybind", "q", "script-message scrobbler-dismiss")
    async with shown(await eye.next()) as showing:
        await window.shows(LINK, tmp_path)
        await window.command("script-message", "somebody-else")
        await window.command("keypress", "q")
        assert await ends(showing) is True
    await window.shows(NOTHING, tmp_path)


async def test_it_can_be_taken_back_and_shown_again(window: RealMpv, eye: Eye, tmp_path: Path) -> None:
    screen = await eye.next()
    for link in (LINK, f"{LINK}9"):
        async with shown(screen, Sign(link=link, words=())):
            await window.shows(link, tmp_path)
        await window.shows(NOTHING, tmp_path)
        assert await window.escape() == LEAVES_FULLSCREEN


async def test_the_next_file_does_not_take_it_away(window: RealMpv, eye: Eye, clips: Path, tmp_path: Path) -> None:
    async with shown(await eye.next()) as showing:
        await window.shows(LINK, tmp_path)
        await window.load(clips / "Next.mkv")
        await window.until("path", lambda path: path == str(clips / "Next.mkv"))
        await window.until("video-out-params", bool)
        await window.shows(LINK, tmp_path)
        assert not showing.done()
    assert eye.screens.empty()


async def test_it_is_gone_with_the_window_and_a_new_one_is_a_new_screen(
    start: Start, display: str, clips: Path, eye: Eye
) -> None:
    # Drawn without OpenGL, which mpv cannot always begin anew on a busy machine without a graphics card.
    mpv = await start("--vo=x11", SMALL, clips / "Film.mkv", display=display)
    async with shown(await eye.next()) as showing:
        await mpv.until("input-bindings", lambda bound: DISMISS in {each["cmd"] for each in bound})
        await mpv.command("stop")
        assert await ends(showing) is False
    await mpv.load(clips / "Next.mkv")
    await mpv.until("vo-configured", bool)  # which is mpv's own part in it
    async with shown(await eye.next()) as showing:
        await mpv.command("quit")
        assert await ends(showing) is False


async def test_mpv_shows_nothing_once_we_have_ended(window: RealMpv, sockets: Path, tmp_path: Path) -> None:
    async with looking(sockets) as eye:
        showing = asyncio.create_task((await eye.next()).show(SIGN))
        await window.shows(LINK, tmp_path)
    assert await ends(showing) is False
    await window.shows(NOTHING, tmp_path)
    assert await window.escape() == LEAVES_FULLSCREEN


SHOWING = """
import asyncio, sys
from pathlib import Path
from scrobbler.adapters import Sign
from scrobbler_mpv import MpvWatcher

async def main():
    watcher = MpvWatcher("mpv", [Path(sys.argv[1])])
    events = watcher.events()
    listening = asyncio.create_task(anext(events))
    async for screen in watcher.screens():
        await screen.show(Sign(link=sys.argv[2], words=()))

asyncio.run(main())
"""


async def test_mpv_shows_nothing_once_we_were_killed(window: RealMpv, sockets: Path, tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", SHOWING, sockets, LINK)
    try:
        await window.shows(LINK, tmp_path)
        assert await window.escape() == DISMISS
    finally:
        process.kill()
        await process.wait()
    await window.shows(NOTHING, tmp_path)
    assert await window.escape() == LEAVES_FULLSCREEN


async def test_a_player_without_a_window_is_no_screen(
    start: Start, display: str, clips: Path, eye: Eye, tmp_path: Path
) -> None:
    await start(clips / "Film.mkv", name="sound.sock")
    assert (await eye.ear.next()).kind is Kind.PLAY
    seen = await opened(start, display, SMALL, clips / "Next.mkv", name="seen.sock")
    async with shown(await eye.next()):
        await seen.shows(LINK, tmp_path)
    assert eye.screens.empty()


async def test_a_window_that_opens_later_is_a_screen_then(
    start: Start, display: str, clips: Path, eye: Eye, tmp_path: Path
) -> None:
    mpv = await start(SMALL, display=display)
    await mpv.load(clips / "Film.mkv")
    async with shown(await eye.next()):
        await mpv.shows(LINK, tmp_path)


async def test_windows_are_seen_that_were_open_before(window: RealMpv, sockets: Path) -> None:
    async with looking(sockets) as eye:
        await eye.ear.next()
        await eye.next()


async def test_who_does_not_want_it_is_shown_nothing(window: RealMpv, sockets: Path) -> None:
    async with looking(sockets, shows=False) as eye:
        await eye.ear.next()
        assert eye.screens.empty()


HOSTILE = (
    "{\\pos(0,0)}moved",
    "one\ntwo\r\nDialogue: 0,0:00:00.00,9:00:00.00,Default,,0,0,0,,three",
    "a\\Nb\\nc\\hd \\ {\\p1}m 0 0 l 2000 0 2000 2000 0 2000{\\p0} }{",
    "\x00\x07\x1b[31m\u202e\u2028\ufeff",
    "x" * 5000,
    "\N{HIRAGANA LETTER A}" * 60,
    "",
)


CARD = (slice(265, 696), slice(895, 1256))
"""Rows and columns of a card with three lines, in the large window."""


async def test_words_stay_words_and_on_the_card_whatever_they_say(window: RealMpv, eye: Eye, tmp_path: Path) -> None:
    await window.set("pause", True)
    bare = grey(await window.photo(tmp_path / "bare.png"))
    screen = await eye.next()
    for number, words in enumerate(HOSTILE):
        async with shown(screen, Sign(link=f"{LINK}{number}", words=(words, "and more"))):
            await window.shows(f"{LINK}{number}", tmp_path)
            changed = abs(grey(tmp_path / "window.png") - bare) > 8
            assert changed[CARD].mean() > 0.5
            changed[CARD] = False
            assert not changed.any(), f"{words!r:.50} are beside the card"


def grey(picture: Path) -> Any:
    """The rows of a picture, each a row of numbers from 0 to 255."""
    image = cv2.imread(str(picture), cv2.IMREAD_GRAYSCALE)
    assert image is not None
    return image.astype(int)
