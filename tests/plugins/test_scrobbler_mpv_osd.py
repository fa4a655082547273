"""A line in the window of a real mpv: seen for a while by who wants it, never beside a code, and never a command."""

import asyncio
import json
import os
import re
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, ExitStack, aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import cv2
import pytest
from cli_process import Running, configured, eventually, ran, running
from double import Double, Served
from eavesdropper import Eavesdropper
from plugins.real_mpv import PATIENCE, RealMpv
from receiver import SECRET, Receiver
from scrobbler_mpv import MpvOptions, MpvWatcher

from scrobbler.adapters import Captions, Concern, Line, Screen, Sign
from scrobbler.sandbox import Sandbox

pytestmark = [pytest.mark.mpv, pytest.mark.window, pytest.mark.anyio]

Start = Callable[..., Awaitable[RealMpv]]

LARGE = "--geometry=1280x720"
SIGN = Sign(link="https://auth.trakt.tv/activate/ABCD1234", words=())
ALL = frozenset(Concern)


def line(words: str, session: str | None = None, *, seconds: float = 60.0) -> Line:
    return Line(concern=Concern.UNMATCHED, words=words, session=session, seconds=seconds)


class Audience:
    """The adapter at work."""

    def __init__(self, watcher: MpvWatcher) -> None:
        self.watcher = watcher
        self.plays = asyncio.Event()
        self.screens: asyncio.Queue[Screen] = asyncio.Queue()

    async def listen(self) -> None:
        async with aclosing(self.watcher.events()) as events:
            async for _ in events:
                self.plays.set()

    async def look(self) -> None:
        async with aclosing(self.watcher.screens()) as screens:
            async for screen in screens:
                self.screens.put_nowait(screen)


@asynccontextmanager
async def audience(sockets: Path, concerns: frozenset[Concern] = ALL) -> AsyncIterator[Audience]:
    """It follows a player that plays."""
    found = Audience(MpvWatcher("mpv", [sockets], concerns=concerns))
    tasks = [asyncio.create_task(found.listen()), asyncio.create_task(found.look())]
    try:
        async with asyncio.timeout(PATIENCE):
            await found.plays.wait()
        yield found
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


@asynccontextmanager
async def captioned(watcher: Captions, said: Line) -> AsyncIterator["asyncio.Task[bool]"]:
    showing = asyncio.create_task(watcher.caption(said))
    try:
        yield showing
    finally:
        showing.cancel()
        await asyncio.wait([showing])


class Prompter:
    """Hears what an mpv is told to show, by whomever: mpv says so in its most talkative log."""

    def __init__(self) -> None:
        self._texts: asyncio.Queue[str] = asyncio.Queue()

    async def next(self) -> str:
        return await asyncio.wait_for(self._texts.get(), PATIENCE)

    async def nothing(self, mpv: RealMpv) -> None:
        """Since the last line it was told none."""
        await mpv.command("show-text", "the test", 1)
        assert await self.next() == "the test"

    async def listen(self, reader: asyncio.StreamReader) -> None:
        while said := await reader.readline():
            text = json.loads(os.fsdecode(said)).get("text", "")
            if found := re.match(r'Run command: show-text, flags=\d+, args=\[text="(.*?)", duration=', text, re.DOTALL):
                self._texts.put_nowait(found[1])


@asynccontextmanager
async def prompted(socket: Path) -> AsyncIterator[Prompter]:
    prompter = Prompter()
    reader, writer = await asyncio.open_unix_connection(socket, limit=1 << 24)
    listening = asyncio.create_task(prompter.listen(reader))
    writer.write(b'{"command": ["request_log_messages", "trace"]}\n')
    try:
        yield prompter
    finally:
        listening.cancel()
        await asyncio.wait([listening])
        writer.close()


@pytest.fixture
async def window(start: Start, display: str, clips: Path) -> RealMpv:
    """An mpv that shows one picture of a film in a window."""
    mpv = await start(LARGE, "--pause", clips / "Film.mkv", display=display)
    await mpv.until("osd-width", bool)
    await mpv.until("video-out-params", bool)
    return mpv


@pytest.fixture
async def prompter(window: RealMpv) -> AsyncIterator[Prompter]:
    async with prompted(window.socket) as prompter:
        yield prompter


async def changes(mpv: RealMpv, bare: Any, folder: Path, *, wanted: bool) -> None:
    """Waits until something is in the upper left corner of the window, where mpv's own messages are, or no more."""
    async with asyncio.timeout(PATIENCE):
        while (abs(grey(await mpv.photo(folder / "now.png")) - bare)[:100, :640] > 8).any() != wanted:
            pass


def grey(picture: Path) -> Any:
    image = cv2.imread(str(picture), cv2.IMREAD_GRAYSCALE)
    assert image is not None
    return image.astype(int)


async def test_a_line_is_seen_in_the_window_of_its_session_and_goes_by_itself(
    window: RealMpv, prompter: Prompter, sockets: Path, tmp_path: Path
) -> None:
    async with audience(sockets) as seated:
        bare = grey(await window.photo(tmp_path / "bare.png"))
        assert await seated.watcher.caption(line("Trakt: elsewhere", "mpv/1")) is False
        async with captioned(seated.watcher, line("Trakt: here", f"mpv/{window.pid}", seconds=2.0)) as showing:
            await changes(window, bare, tmp_path, wanted=True)
            assert await asyncio.wait_for(showing, PATIENCE) is True
            await changes(window, bare, tmp_path, wanted=False)
    assert await prompter.next() == "Trakt: here"
    await prompter.nothing(window)


async def test_words_are_no_commands(window: RealMpv, prompter: Prompter, sockets: Path) -> None:
    hostile = "${path} {\\pos(9,9)} \\n\n\x00\x1b[31m" + "x" * 500
    async with audience(sockets) as seated, captioned(seated.watcher, line(hostile)):
        shown = await prompter.next()
    assert shown.startswith("${path} {")
    assert shown.endswith("x…")
    assert len(shown) < 150


async def test_who_switched_mpvs_messages_off_sees_none(
    window: RealMpv, prompter: Prompter, sockets: Path, tmp_path: Path
) -> None:
    await window.set("osd-level", 0)
    async with audience(sockets) as seated:
        bare = grey(await window.photo(tmp_path / "bare.png"))
        async with captioned(seated.watcher, line("Trakt: here")):
            await prompter.next()
            await changes(window, bare, tmp_path, wanted=False)


async def test_a_line_makes_room_for_a_code_and_none_is_shown_beside_it(
    window: RealMpv, prompter: Prompter, sockets: Path, tmp_path: Path
) -> None:
    async with audience(sockets) as seated:
        screen = await asyncio.wait_for(seated.screens.get(), PATIENCE)
        async with captioned(seated.watcher, line("Trakt: first")) as showing:
            assert await prompter.next() == "Trakt: first"
            signed = asyncio.create_task(screen.show(SIGN))
            await window.shows(SIGN.link, tmp_path)
            assert await asyncio.wait_for(showing, PATIENCE) is True
            assert await prompter.next() == ""
            assert await seated.watcher.caption(line("Trakt: second")) is False
            signed.cancel()
            await asyncio.wait([signed])
            await window.shows("", tmp_path)
        async with captioned(seated.watcher, line("Trakt: third")):
            assert await prompter.next() == "Trakt: third"


async def test_where_there_is_no_window_nothing_is_said(start: Start, clips: Path, sockets: Path) -> None:
    mpv = await start(clips / "Film.mkv")
    async with audience(sockets) as seated:
        assert await seated.watcher.caption(line("Trakt: unseen")) is False
        await mpv.freeze()
        assert await seated.watcher.caption(line("Trakt: unseen")) is False


async def test_only_what_is_wanted_is_said(window: RealMpv, prompter: Prompter, sockets: Path) -> None:
    async with audience(sockets, frozenset({Concern.SIGN_IN})) as seated:
        assert await seated.watcher.caption(line("Trakt: unwanted")) is False
    await prompter.nothing(window)


@pytest.mark.parametrize(
    ("options", "concerns"),
    [
        (MpvOptions(), {Concern.UNMATCHED}),
        (MpvOptions(invite=False), {Concern.UNMATCHED, Concern.SIGN_IN}),
        (MpvOptions(osd=False, invite=False), set()),
    ],
)
def test_who_is_shown_a_code_needs_no_line_about_it(options: MpvOptions, concerns: set[Concern]) -> None:
    assert options.concerns() == concerns


# The whole way


@pytest.fixture
def receiver(served: Served, eavesdropper: Eavesdropper) -> Iterator[Receiver]:
    eavesdropper.secrets.add(SECRET)
    with ExitStack() as stack:
        yield Receiver(served, stack)


async def test_what_is_watched_is_said_in_the_window_and_elsewhere_and_incognito_nowhere(
    start: Start, display: str, clips: Path, sockets: Path, served: Served, receiver: Receiver, tmp_path: Path
) -> None:
    heat = shutil.copy(clips / "Film.mkv", tmp_path / "Heat (1995) {imdb-tt0113277}.mkv")
    tron = shutil.copy(clips / "Film.mkv", tmp_path / "TRON Legacy (2010) {imdb-tt1104001}.mkv")
    odd = shutil.copy(clips / "Film.mkv", tmp_path / "Nobody Knows This One (1931).mkv")
    sandbox = Sandbox()
    async with AsyncExitStack() as stack:
        double = Double(sandbox, served.open(stack.enter_context(ExitStack()), sandbox.app))
        say = f'[notify]\ntargets = ["{receiver.json}"]\nsay = ["scrobbled"]\n'
        config = configured(tmp_path, double.url, say)
        config.write_text(config.read_text().replace(f'"{tmp_path}/mpv"', f'"{sockets}"\nosd = "all"\ninvite = false'))
        agent = stack.enter_context(running("run", "--config", config))
        mpv = await start("--geometry=960x540", "--loop-file=no", "--force-window=yes", "--pause", display=display)
        prompter = await stack.enter_async_context(prompted(mpv.socket))
        await mpv.load(heat)
        await mpv.set("pause", False)
        assert await prompter.next() == "Trakt: nobody is signed in, run scrobbler login"
        double.tokens(tmp_path / "state")
        await watched(mpv, agent, "mpv: play at 0:00 of 0:20 Heat (1995)", "mpv: seek at 0:18 of 0:20 Heat (1995)")
        assert await prompter.next() == "Trakt: watched Heat (1995)"

        hidden = await asyncio.to_thread(ran, "incognito", "on", "--config", config)
        assert hidden.returncode == 0, hidden
        await mpv.load(tron)
        await watched(mpv, agent, "mpv: play, incognito", "mpv: seek, incognito")
        hidden = await asyncio.to_thread(ran, "incognito", "off", "--config", config)
        assert hidden.returncode == 0, hidden
        await mpv.load(odd)
        assert await prompter.next() == "Trakt: Nobody Knows This One (1931).mkv was not recognised"

        await asyncio.to_thread(eventually, lambda: receiver.titles == ["Heat (1995): watched"])
        assert await asyncio.to_thread(agent.end) == 0


async def watched(mpv: RealMpv, agent: Running, played: str, sought: str) -> None:
    """What is on is seen to its end, as far as anybody can tell."""
    await asyncio.to_thread(agent.says, played)
    await mpv.seek(18)
    await asyncio.to_thread(agent.says, sought)
    await mpv.command("stop")
