"""``make pictures``: makes the pictures in ``spec/pictures`` anew, from the real program and a sandbox of Trakt."""

import asyncio
import os
import re
import shutil
import socket
import subprocess
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from html import escape
from json import dumps
from pathlib import Path
from typing import Any, Final

import click
import cv2
from cli_process import PATIENCE, configured, eventually, ran, running
from double import Served
from plugins.real_mpv import RealMpv
from terminal import terminal
from test_web_browser import browsing

from scrobbler.sandbox import Sandbox

PICTURES: Final = Path(__file__).parent.parent / "spec" / "pictures"
WIDE, HIGH = 8, 16
"""Pixels of a terminal's cell."""
MARGIN = 14
COLUMNS, ROWS = 44, 32
INK, PAPER = "#d8dee9", "#14181f"
VIEWS: Final = {
    "page-light": ({"width": 1100, "height": 820}, "light"),
    "page-phone-dark": ({"width": 390, "height": 844}, "dark"),
}
"""By name: the window, and the colours."""


MARTA, PAUL, GUEST = "Marta", "Paul", "Lena (guest)"
PLEX: Final = f'[players.plex]\nusers = {{ "{MARTA}" = "marta", "{PAUL}" = "default" }}\n[players.jellyfin]\n'


class Home:
    """A folder with a configuration, and a Trakt behind it."""

    def __init__(self, stack: ExitStack, served: Served, more: str = "") -> None:
        self.folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pictures")))
        self.sandbox = Sandbox(poll_interval=1)
        self.sandbox.rules.write_gap = 0.0
        self.url = served.open(stack, self.sandbox.app)
        self.file = configured(self.folder, self.url, more)

    def does(self, *command: str) -> str:
        """What a command prints. Raises ``RuntimeError`` where it fails."""
        done = ran(*command, "--config", self.file)
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)}: {done.stderr}")
        return done.stdout


# The terminal


def in_the_terminal(served: Served) -> None:
    """``scrobbler login`` on a terminal, as an SVG."""
    with ExitStack() as stack:
        home = Home(stack, served)
        screen = stack.enter_context(terminal(COLUMNS, ROWS, "login", "--config", home.file))
        screen.shows("good until")
        lines = ["\x1b[38;5;250m$ scrobbler login\x1b[0m", *screen.shown.rstrip().splitlines()]
    (PICTURES / "login.svg").write_text(drawn(lines))


def drawn(lines: list[str]) -> str:
    """What a terminal shows, as an SVG: half blocks as rectangles, which meet without a gap in any font."""
    width, height = COLUMNS * WIDE + 2 * MARGIN, len(lines) * HIGH + 2 * MARGIN
    size = f'width="{width}" height="{height}"'
    font = 'font-family="ui-monospace,Menlo,Consolas,monospace" font-size="13"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" {size} {font}>',
        f'<rect width="{width}" height="{height}" rx="8" fill="{PAPER}"/>',
    ]
    strokes: dict[str, list[str]] = {}
    for row, line in enumerate(lines):
        y = MARGIN + row * HIGH
        text = ""
        for column, (sign, front, back) in enumerate(cells(line)):
            halves = {"█": (front, front), "▀": (front, back), "▄": (back, front)}.get(sign, (back, back))
            for half, colour in enumerate(halves):
                if colour != PAPER:
                    place = f"M{MARGIN + column * WIDE} {y + half * HIGH // 2}h{WIDE}v{HIGH // 2}h-{WIDE}z"
                    strokes.setdefault(colour, []).append(place)
            text += " " if sign in "█▀▄\N{NO-BREAK SPACE}" else sign
        if text.strip():
            parts.append(
                f'<text x="{MARGIN}" y="{y + 12}" fill="{INK}" textLength="{len(text) * WIDE}" '
                f'xml:space="preserve">{escape(text)}</text>'
            )
    parts += [
        f'<path fill="{colour}" d="{"".join(places)}" shape-rendering="crispEdges"/>'
        for colour, places in strokes.items()
    ]
    return "\n".join([*parts, "</svg>", ""])


def cells(line: str) -> Iterator[tuple[str, str, str]]:
    """Each sign with its colours, of the greys that the program uses."""
    front, back = INK, PAPER
    for code, sign in re.findall(r"\x1b\[([\d;]*)m|([^\x1b])", line):
        if sign:
            yield sign, front, back
        elif code in {"", "0"}:
            front, back = INK, PAPER
        else:
            what, _, number = map(int, code.split(";"))
            grey = "#" + f"{8 + 10 * (number - 232):02x}" * 3
            front, back = (grey, back) if what == 38 else (front, grey)


# The window of mpv


async def in_the_window(served: Served) -> None:
    """A film in mpv, and nobody is signed in."""
    with ExitStack() as stack:
        home = Home(stack, served)
        film = clip(home.folder / "Heat (1995) {imdb-tt0113277}.mkv", f"{_EVENING}:duration=60", "mjpeg")
        display = stack.enter_context(screen())
        agent = stack.enter_context(running("run", "--config", home.file))
        agent.says("watching mpv")
        mpv = RealMpv(home.folder / "mpv" / "one", "--geometry=960x540", "--dither=no", film, display=display)
        try:
            await mpv.connect()
            await mpv.until("video-out-params", bool)
            await asyncio.to_thread(eventually, lambda: home.sandbox.world.devices.codes)
            [device] = home.sandbox.world.devices.codes
            await mpv.shows(f"{home.url}/activate/{device.user_code}", home.folder)
            picture = cv2.imread(str(home.folder / "window.png"))
        finally:
            await mpv.close()
    assert picture is not None
    cv2.imwrite(str(PICTURES / "mpv.png"), picture, [cv2.IMWRITE_PNG_COMPRESSION, 9])


_EVENING: Final = "gradients=size=960x540:rate=5:speed=0.0001:c0=0x0b1020:c1=0x51405f:nb_colors=2:x0=0:y0=0:x1=0:y1=539"


def clip(path: Path, source: str, codec: str = "mpeg4") -> Path:
    """A film of nothing in particular."""
    command = ["ffmpeg", "-nostdin", "-loglevel", "error", "-f", "lavfi", "-i", source, "-c:v", codec, "-q:v", "2"]
    subprocess.run([*command, str(path)], check=True)
    return path


@contextmanager
def screen() -> Iterator[str]:
    """An X server that nobody sees; its address."""
    listening, telling = os.pipe()
    command = ["Xvfb", "-displayfd", str(telling), "-screen", "0", "1600x1000x24", "-nolisten", "tcp"]
    with subprocess.Popen(command, pass_fds=[telling], stderr=subprocess.DEVNULL) as server:
        os.close(telling)
        with os.fdopen(listening) as told:
            number = told.readline().strip()
        try:
            yield f":{number}"
        finally:
            server.terminate()


# The page


async def in_the_browser(served: Served) -> None:
    """An evening in a household of two."""
    with ExitStack() as stack:
        home = Home(stack, served, f'[server]\nlisten = "127.0.0.1:{free_port()}"\n[accounts.marta]\n{PLEX}')
        home.sandbox.rules.approve_after = 0
        home.does("login")
        home.does("login", "--account", "marta")
        page = f"http://{home.does('config', 'get', 'server.listen').strip()}"
        agent = stack.enter_context(running("run", "--config", home.file))
        agent.says("watching mpv")
        await lived(home, stack)
        async with browsing() as browser:
            for name, (size, colours) in VIEWS.items():
                tab = await browser.page(color_scheme=colours)
                await tab.set_viewport_size(size)
                await tab.goto(page)
                await tab.wait_for_timeout(800)  # the first news, and the bar's own movement
                await tab.screenshot(path=PICTURES / f"{name}.png")
                await tab.close()


async def lived(home: Home, stack: ExitStack) -> None:
    """What there is to be seen: on the page from above, now playing, to do, watched."""
    for name, at, account in (
        ("The Expanse s01e01", "yesterday 19:30", "default"),
        ("Severance s01e02", "yesterday 20:20", "marta"),
        ("Blade Runner (1982)", "yesterday 22:45", "default"),
    ):
        home.does("add", name, "--at", at, "--account", account)
    hook = home.does("webhook", "plex").splitlines()[0]
    films: dict[str, Any] = {"type": "movie", "librarySectionType": "movie", "duration": 6_000_000}
    series: dict[str, Any] = {"type": "episode", "librarySectionType": "show", "duration": 3_000_000}
    heat = films | {"title": "Heat", "year": 1995, "Guid": [{"id": "imdb://tt0113277"}]}
    office = series | {"title": "Pilot", "grandparentTitle": "The Ofice", "parentIndex": 1, "index": 1}
    severance = series | {"grandparentTitle": "Severance", "parentIndex": 1, "index": 3, "viewOffset": 1_140_000}
    for user, device, event, item in (
        (PAUL, "Living Room TV", "scrobble", heat),
        (PAUL, "Living Room TV", "stop", heat),
        (PAUL, "Tablet", "scrobble", office),
        (PAUL, "Tablet", "stop", office),
        (GUEST, "Phone", "play", heat),
        (MARTA, "Living Room TV", "play", severance | {"title": "In Perpetuity"}),
    ):
        posted(hook, user, device, f"media.{event}", item)
    eventually(lambda: "not recognised" in home.does("status"))
    film = clip(home.folder / "TRON Legacy (2010).mkv", "color=c=black:size=64x36:rate=1:duration=7500")
    mpv = RealMpv(home.folder / "mpv" / "one", "--start=34%", film)
    stack.callback(mpv.process.wait)
    stack.callback(mpv.process.kill)
    eventually(lambda: "TRON" in home.does("status"))
    eventually(lambda: home.does("status").count("Watched") == 4)


def posted(hook: str, user: str, device: str, event: str, item: dict[str, Any]) -> None:
    """What Plex says."""
    body = {
        "event": event,
        "Account": {"id": 1 + len(user), "title": user},
        "Player": {"title": device, "uuid": device.lower()},
        "Metadata": item,
    }
    request = urllib.request.Request(hook, dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        answer.read()


def free_port() -> int:
    """One that nobody listens on just now."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port


def main() -> None:
    """Make them all."""
    if missing := [tool for tool in ("mpv", "ffmpeg", "Xvfb", "chromium", "zbarimg") if shutil.which(tool) is None]:
        raise SystemExit(f"These are needed and not here: {', '.join(missing)}")
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        for name in [*os.environ]:
            if name.startswith("SCROBBLER_") or name in {"CREDENTIALS_DIRECTORY", "DBUS_SESSION_BUS_ADDRESS"}:
                del os.environ[name]
        places = ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR")
        os.environ |= dict.fromkeys(places, folder)
        served = Served()
        try:
            in_the_terminal(served)
            asyncio.run(in_the_window(served))
            asyncio.run(in_the_browser(served))
        finally:
            served.close()
    for picture in sorted(PICTURES.iterdir()):
        click.echo(f"{picture.relative_to(PICTURES.parent.parent)}: {picture.stat().st_size // 1024} KiB")


if __name__ == "__main__":
    main()
