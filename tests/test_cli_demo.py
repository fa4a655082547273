"""The demo, run as a newcomer runs it: it ends with the watch in the history, and leaves nothing behind."""

import asyncio
import os
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(120)]


class Show:
    """One run of ``scrobbler demo`` in a process group of its own."""

    def __init__(self, folder: Path, *, mpv: bool) -> None:
        self.temporary = folder / "tmp"
        self.temporary.mkdir(parents=True)
        self._home = folder / "home"
        self._path = os.environ["PATH"] if mpv else str(Path(sys.executable).parent)

    async def run(self, *, interrupt: bool = False) -> tuple[int, str]:
        """The exit status and all that was printed."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "scrobbler", "demo"),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={"PATH": self._path, "HOME": str(self._home), "TMPDIR": str(self.temporary)},
            start_new_session=True,
        )
        assert process.stdout is not None
        lines: list[str] = []
        while line := (await process.stdout.readline()).decode():
            lines.append(line)
            if interrupt and "Trakt: started" in line:
                os.killpg(process.pid, signal.SIGINT)  # as a terminal does
                interrupt = False
        status = await process.wait()
        with pytest.raises(ProcessLookupError):
            os.killpg(process.pid, 0)
        return status, "".join(lines)

    def leftovers(self) -> list[str]:
        return [str(path) for path in (*self.temporary.iterdir(), *self._home.rglob("*"))]


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder with a short name, for the sake of the sockets in it."""
    with TemporaryDirectory(prefix="demo") as folder:
        yield Path(folder)


async def test_it_ends_with_the_watch_in_the_history_and_leaves_nothing(short: Path) -> None:
    real, simulated = Show(short / "real", mpv=True), Show(short / "simulated", mpv=False)
    if shutil.which("mpv") is None:
        pytest.skip("needs mpv")
    for (status, said), player in zip(
        await asyncio.gather(real.run(), simulated.run()), ("mpv plays", "the simulated player plays"), strict=True
    ):
        assert status == 0, said
        assert player in said
        assert [line.split("  ")[-1].split()[0] for line in said.splitlines()][-1] == "history"
        assert "TRON: Legacy (imdb tt1104001), watched " in said.splitlines()[-1]
        assert "Traceback" not in said
    assert real.leftovers() == simulated.leftovers() == []


async def test_interrupted_it_leaves_nothing_either(short: Path) -> None:
    show = Show(short, mpv=True)
    status, said = await show.run(interrupt=True)
    assert status == 130
    assert "Traceback" not in said
    assert show.leftovers() == []


async def test_a_folder_too_deep_for_a_socket_is_said_in_one_line(tmp_path: Path) -> None:
    show = Show(tmp_path / ("deep" * 20), mpv=False)
    status, said = await show.run()
    assert status == 1
    assert "set TMPDIR to a shorter one" in said.splitlines()[-1]
    assert show.leftovers() == []
