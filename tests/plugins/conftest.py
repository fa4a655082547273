"""Tiny clips, made once by ffmpeg, and real players in a folder of their own."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from plugins.real_mpv import Ear, Eye, RealMpv, listening, looking

_PICTURE = "testsrc=size=64x36:rate=5"
_CODEC = ("-c:v", "libx264", "-preset", "ultrafast", "-crf", "45", "-g", "5", "-pix_fmt", "yuv420p")
_CHAPTERS = ";FFMETADATA1\n" + "".join(
    f"[CHAPTER]\nTIMEBASE=1/1\nSTART={start}\nEND={start + 10}\ntitle=Part {start}\n" for start in (0, 10, 20)
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if all(map(shutil.which, ("mpv", "ffmpeg"))):
        return
    for item in items:
        if item.get_closest_marker("mpv") is not None:
            item.add_marker(pytest.mark.skip(reason="needs mpv and ffmpeg"))


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def _ffmpeg(*arguments: str | Path) -> None:
    subprocess.run(["ffmpeg", "-nostdin", "-loglevel", "error", "-y", *arguments], check=True)


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with: Film (20 s), Next (30 s, 3 chapters), Short (1.2 s), Titled, Hour, and what is no film."""
    folder = tmp_path_factory.mktemp("clips")
    for name, length in (("Film", 20), ("Short", 1.2)):
        _ffmpeg("-f", "lavfi", "-i", f"{_PICTURE}:duration={length}", *_CODEC, folder / f"{name}.mkv")
    chapters = folder / "chapters.txt"
    chapters.write_text(_CHAPTERS)
    source = ("-f", "lavfi", "-i", f"{_PICTURE}:duration=30")
    _ffmpeg(*source, "-i", chapters, "-map_metadata", "1", *_CODEC, folder / "Next.mkv")
    _ffmpeg("-i", folder / "Film.mkv", "-c", "copy", "-metadata", "title=A Real Title", folder / "Titled.mkv")
    _ffmpeg("-f", "lavfi", "-i", "color=c=black:size=64x36:rate=1:duration=3600", *_CODEC, folder / "Hour.mkv")
    _ffmpeg("-f", "lavfi", "-i", _PICTURE, "-frames:v", "1", folder / "Picture.png")
    _ffmpeg("-f", "lavfi", "-i", "anullsrc=r=8000:cl=mono", "-t", "20", "-c:a", "aac", folder / "Song.m4a")
    cover = ("-map", "0", "-map", "1", "-c", "copy", "-disposition:v", "attached_pic")
    _ffmpeg("-i", folder / "Song.m4a", "-i", folder / "Picture.png", *cover, folder / "Covered.m4a")
    (folder / "Broken.mkv").write_bytes(b"no film at all" * 100)
    (folder / "List.m3u").write_text(f"{folder / 'Film.mkv'}\n")
    return folder


@pytest.fixture
def sockets() -> Iterator[Path]:
    """A folder with a short name, as a socket's path may have 107 bytes only."""
    with tempfile.TemporaryDirectory(prefix="mpv") as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def display() -> Iterator[str]:
    """An X server that nobody sees; its address."""
    listening, telling = os.pipe()
    screen = ("-screen", "0", "1600x1000x24")
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(telling), *screen, "-nolisten", "tcp"], pass_fds=[telling], stderr=subprocess.DEVNULL
    )
    os.close(telling)
    with os.fdopen(listening) as told:
        number = told.readline().strip()
    assert number, "Xvfb did not start"
    yield f":{number}"
    server.terminate()
    server.wait()


@pytest.fixture
async def start(sockets: Path) -> AsyncIterator[Callable[..., Awaitable[RealMpv]]]:
    """Starts real players and ends them after the test."""
    players: list[RealMpv] = []

    async def start_one(*arguments: str | Path | bytes, name: str = "mpv.sock", display: str | None = None) -> RealMpv:
        players.append(RealMpv(sockets / name, *arguments, display=display))
        await players[-1].connect()
        return players[-1]

    yield start_one
    for player in players:
        await player.close()


@pytest.fixture
async def ear(sockets: Path) -> AsyncIterator[Ear]:
    """The adapter, listening to that folder."""
    async with listening(sockets) as ear:
        yield ear


@pytest.fixture
async def eye(sockets: Path) -> AsyncIterator[Eye]:
    """The adapter, looking for windows in that folder."""
    async with looking(sockets) as eye:
        yield eye
