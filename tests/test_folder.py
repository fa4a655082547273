"""What appears in a folder is heard of at once, and nothing wakes while nothing happens."""

import asyncio
import gc
import logging
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from scrobbler.errors import ConfigError
from scrobbler.folder import appearing

pytestmark = pytest.mark.anyio
linux = pytest.mark.skipif(sys.platform != "linux", reason="counts in /proc")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that every user may enter."""
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


class Seen:
    """What came out so far."""

    def __init__(self) -> None:
        self.paths: asyncio.Queue[Path] = asyncio.Queue()

    async def until(self, path: Path) -> list[Path]:
        """All up to and with that path."""
        paths: list[Path] = []
        while path not in paths:
            paths.append(await asyncio.wait_for(self.paths.get(), 10))
        return paths


@asynccontextmanager
async def watching(folder: Path, name: str | None = None) -> AsyncIterator[Seen]:
    seen = Seen()

    async def watch() -> None:
        async with aclosing(appearing(folder, name=name)) as paths:
            async for path in paths:
                seen.paths.put_nowait(path)

    task = asyncio.create_task(watch())
    yield seen
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()


@asynccontextmanager
async def armed(folder: Path, name: str | None = None) -> AsyncIterator[Seen]:
    """Watching, and surely so: the last of what was there is through."""
    last = folder / (name or "~last")
    last.touch()
    async with watching(folder, name) as seen:
        await seen.until(last)
        yield seen


async def test_what_is_there_comes_first_and_in_order(tmp_path: Path) -> None:
    for name in ("b", "a", "c"):
        (tmp_path / name).touch()
    async with watching(tmp_path) as seen:
        assert await seen.until(tmp_path / "c") == [tmp_path / "a", tmp_path / "b", tmp_path / "c"]


async def test_a_created_path_comes_be_it_file_folder_or_socket(tmp_path: Path) -> None:
    async with armed(tmp_path) as seen:
        (tmp_path / "folder").mkdir()
        await seen.until(tmp_path / "folder")
        os.mkfifo(tmp_path / "pipe")
        await seen.until(tmp_path / "pipe")
        (tmp_path / "link").symlink_to("nowhere")
        await seen.until(tmp_path / "link")


async def test_a_written_file_comes_again_when_its_writer_closes_it(tmp_path: Path) -> None:
    async with armed(tmp_path) as seen:
        with (tmp_path / "file").open("w") as file:
            await seen.until(tmp_path / "file")
            file.write("whole")
        await seen.until(tmp_path / "file")
        assert (tmp_path / "file").read_text() == "whole"


async def test_a_file_moved_in_or_renamed_comes_under_its_new_name(tmp_path: Path) -> None:
    folder, outside = tmp_path / "in", tmp_path / "outside"
    folder.mkdir()
    outside.touch()
    async with armed(folder) as seen:
        outside.rename(folder / "moved")
        await seen.until(folder / "moved")
        (folder / "moved").rename(folder / "renamed")
        await seen.until(folder / "renamed")


async def test_with_a_name_the_others_are_not_told(tmp_path: Path) -> None:
    async with armed(tmp_path, "config.toml") as seen:
        (tmp_path / "other").touch()
        (tmp_path / "draft").write_text("new")
        (tmp_path / "draft").rename(tmp_path / "config.toml")
        heard = await seen.until(tmp_path / "config.toml")
        assert set(heard) == {tmp_path / "config.toml"}


@pytest.mark.parametrize(("asked", "times"), [(True, 2), (False, 1)])
async def test_what_is_touched_is_told_only_if_it_is_asked_for(tmp_path: Path, asked: bool, times: int) -> None:
    file, last = tmp_path / "film", tmp_path / "last"
    file.touch()
    seen: list[Path] = []
    async with aclosing(appearing(tmp_path, touched=asked)) as paths:
        async for path in paths:
            seen.append(path)
            if path == file and seen.count(file) == 1:
                os.utime(file)
                last.mkdir()
            if path == last:
                break
    assert seen.count(file) == times


async def test_what_is_written_while_it_stays_open_is_told_if_it_is_asked_for(tmp_path: Path) -> None:
    with (tmp_path / "log").open("w") as file:
        async with aclosing(appearing(tmp_path, name="log", touched=True)) as paths:
            assert await anext(paths) == tmp_path / "log"
            file.write("more")
            file.flush()
            assert await asyncio.wait_for(anext(paths), 10) == tmp_path / "log"


async def test_what_goes_is_not_told(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    async with armed(tmp_path) as seen:
        (tmp_path / "sub").rmdir()
        (tmp_path / "next").mkdir()
        assert await seen.until(tmp_path / "next") == [tmp_path / "next"]


async def test_an_absent_folder_is_waited_for_at_any_depth(tmp_path: Path) -> None:
    folder = tmp_path / "one" / "two"
    before = threading.active_count()
    async with watching(folder) as seen:
        async with asyncio.timeout(10):
            while threading.active_count() == before:  # noqa: ASYNC110 - nothing is said of what is only awaited
                await asyncio.sleep(0)
        (tmp_path / "unrelated").touch()
        (tmp_path / "one").touch()  # a file of that name is no folder yet
        (tmp_path / "one").unlink()
        folder.mkdir(parents=True)
        (folder / "file").touch()
        await seen.until(folder / "file")


async def test_a_folder_that_is_made_anew_is_watched_anew(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    async with armed(folder) as seen:
        for number in range(3):
            shutil.rmtree(folder)
            folder.mkdir()
            (folder / str(number)).touch()
            await seen.until(folder / str(number))


async def test_a_linked_folder_keeps_the_name_it_was_asked_for(tmp_path: Path) -> None:
    real, link = tmp_path / "real", tmp_path / "link"
    real.mkdir()
    link.symlink_to(real)
    async with armed(link) as seen:
        (real / "file").touch()
        await seen.until(link / "file")


async def test_a_folder_that_may_not_be_read_is_said_so(public: Path) -> None:
    folder = public / "closed"
    async with armed(public):  # loads watchdog while we may
        folder.mkdir(mode=0)
        with unprivileged(), pytest.raises(ConfigError, match=r"closed cannot be watched: Permission denied"):
            async with aclosing(appearing(folder)) as paths:
                await anext(paths)


async def test_a_folder_that_goes_while_it_is_armed_is_waited_for(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "first").touch()
    (folder / "second").touch()
    async with aclosing(appearing(folder)) as paths:
        assert await anext(paths) == folder / "first"
        shutil.rmtree(folder)
        assert await anext(paths) == folder / "second"  # of the list that was made before
        again = asyncio.ensure_future(anext(paths))
        while not again.done():
            folder.mkdir(exist_ok=True)
            (folder / "third").touch()
            await asyncio.wait([again], timeout=0.05)
        assert await again == folder / "third"


@linux
async def test_the_end_leaves_no_thread_and_no_descriptor(tmp_path: Path) -> None:
    async with armed(tmp_path):
        pass
    gc.collect()
    before = (threading.active_count(), descriptors())
    for _ in range(20):
        async with armed(tmp_path), watching(tmp_path / "absent"):
            assert threading.active_count() > before[0]
    assert (threading.active_count(), descriptors()) == before


@linux
async def test_no_thread_wakes_while_nothing_happens(tmp_path: Path) -> None:
    async with armed(tmp_path), watching(tmp_path / "absent"):
        for _ in range(4):  # the threads may still be on their way to where they wait
            before = switches()
            await asyncio.sleep(1.2)  # longer than the second in which a ticking watchdog would tick
            if switches() == before:
                return
        pytest.fail("no quiet second")


def test_importing_it_does_not_load_watchdog() -> None:
    code = "import sys, scrobbler.folder; sys.exit('watchdog' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[1])


def descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def switches() -> list[str]:
    """How often each other thread went to sleep."""
    ours = {thread.native_id for thread in threading.enumerate()} - {threading.get_native_id()}
    lines = [Path(f"/proc/self/task/{task}/status").read_text().splitlines() for task in ours]
    return [line for status in lines for line in status if line.startswith("voluntary_ctxt")]


@contextmanager
def unprivileged() -> Iterator[None]:
    """As a user without privileges: root may read everything."""
    us = os.geteuid()
    if us == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(us)


async def test_a_watch_that_is_ended_at_once_says_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Its thread may be about to look just then, of which the library makes an error."""
    (tmp_path / "here").touch()
    for _ in range(20):
        async with aclosing(appearing(tmp_path)) as births:
            await anext(births)
    logging.getLogger("watchdog.observers.inotify").error("called when the thread is inactive")
    assert caplog.messages == []
