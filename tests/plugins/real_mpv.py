"""A real mpv, driven over its own IPC without the library that the adapter uses, and the adapter that listens to it."""

import asyncio
import json
import os
import signal
import subprocess
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import camera
import pytest
from scrobbler_mpv import MpvWatcher

from scrobbler.adapters import Screen
from scrobbler.events import Kind, PlayerEvent

PATIENCE = 25.0
"""Seconds after which something that must happen has not happened."""

_QUIET = ("--no-config", "--vo=null", "--ao=null", "--no-terminal", "--load-scripts=no", "--osc=no", "--ytdl=no")
_WINDOWED = ("--vo=gpu", "--gpu-sw=yes", "--hwdec=no", "--no-keepaspect-window", "--loop-file=inf")


class RealMpv:
    """One mpv process and a raw connection to it."""

    def __init__(self, socket: Path, *arguments: str | Path | bytes, display: str | None = None) -> None:
        """With a ``display`` it opens windows there."""
        self.socket = socket
        looks = _QUIET if display is None else (*_QUIET, *_WINDOWED)
        self.process = subprocess.Popen(
            ["mpv", *looks, "--idle=yes", f"--input-ipc-server={socket}", *arguments],
            stdin=subprocess.DEVNULL,
            env=os.environ | ({} if display is None else {"DISPLAY": display}),
        )
        self._events: deque[dict[str, Any]] = deque(maxlen=1000)
        self._news = asyncio.Event()
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._number = 0

    @property
    def pid(self) -> int:
        return self.process.pid

    async def connect(self) -> None:
        async with asyncio.timeout(PATIENCE):
            while not await self._connected():  # noqa: ASYNC110 - another process has no Event
                await asyncio.sleep(0.01)

    async def _connected(self) -> bool:
        try:
            reader, self._writer = await asyncio.open_unix_connection(self.socket, limit=1 << 24)
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        self._reading = asyncio.create_task(self._read(reader))
        return True

    async def _read(self, reader: asyncio.StreamReader) -> None:
        try:
            while line := await reader.readline():
                said = json.loads(os.fsdecode(line))
                if "event" in said:
                    self._events.append(said)
                    self._news.set()
                else:
                    self._answers.pop(said["request_id"]).set_result(said)
        except ConnectionResetError:
            pass  # it was killed
        for waiting in self._answers.values():
            waiting.cancel()

    async def command(self, *words: object) -> Any:
        self._number += 1
        answer = self._answers[self._number] = asyncio.get_running_loop().create_future()
        self._writer.write(json.dumps({"command": words, "request_id": self._number}).encode() + b"\n")
        said = await asyncio.wait_for(answer, PATIENCE)
        if said["error"] != "success":
            raise LookupError(said["error"])
        return said.get("data")

    async def set(self, name: str, value: object) -> None:
        await self.command("set_property", name, value)

    async def load(self, path: Path | str, how: str = "replace") -> None:
        await self.command("loadfile", str(path), how)

    async def seek(self, position: float) -> None:
        await self.command("seek", position, "absolute+exact")

    async def said(self, event: str) -> dict[str, Any]:
        """Waits for an event of mpv, from where the last wait ended."""
        async with asyncio.timeout(PATIENCE):
            while True:
                while self._events:
                    if (found := self._events.popleft())["event"] == event:
                        return found
                self._news.clear()
                await self._news.wait()

    async def until(self, name: str, reached: Callable[[Any], bool]) -> None:
        """Waits until a property has such a value."""
        async with asyncio.timeout(PATIENCE):
            while not reached(await self.get(name)):  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.02)

    async def get(self, name: str) -> Any:
        """A property, or None while it has no value."""
        try:
            return await self.command("get_property", name)
        except LookupError:
            return None

    async def photo(self, file: Path) -> Path:
        """A picture of its window, with all that is drawn over the film. There has to be a film."""
        await self.command("screenshot-to-file", str(file), "window")
        return file

    async def shows(self, link: str, folder: Path) -> None:
        """Waits until both readers read this in its window; with nothing, until neither reads anything."""
        read: tuple[str, str] | None = None
        async with asyncio.timeout(PATIENCE):
            while read != (link, link):
                read = await asyncio.to_thread(camera.read, await self.photo(folder / "window.png"))

    async def escape(self) -> str:
        """What the key Esc does just now."""
        bound = [each for each in await self.get("input-bindings") if each["key"] == "ESC" and each["priority"] >= 0]
        command: str = max(bound, key=lambda each: int(each["priority"]))["cmd"]
        return command

    async def freeze(self) -> None:
        """Stops it as a debugger would, and waits until none of its threads can answer any more."""
        self.signal(signal.SIGSTOP)
        async with asyncio.timeout(PATIENCE):
            while not self._is_frozen():  # noqa: ASYNC110  # another process has no Event
                await asyncio.sleep(0.005)

    def _is_frozen(self) -> bool:
        """Whether each thread is stopped; the state stands after the name, which may hold anything."""
        try:
            stats = [each.read_text() for each in Path(f"/proc/{self.pid}/task").glob("*/stat")]
        except OSError:  # a thread ended just now
            return False
        return all(stat.rpartition(")")[2].split()[0] == "T" for stat in stats)

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    async def close(self) -> None:
        if self.process.poll() is None:
            self.signal(signal.SIGCONT)
            self.process.kill()
        self.process.wait()
        if hasattr(self, "_reading"):
            await asyncio.wait([self._reading], timeout=PATIENCE)
            self._writer.close()
            with suppress(ConnectionError):
                await self._writer.wait_closed()


class Ear:
    """What the adapter yields."""

    def __init__(self) -> None:
        self.events: asyncio.Queue[PlayerEvent] = asyncio.Queue()

    async def next(self) -> PlayerEvent:
        return await asyncio.wait_for(self.events.get(), PATIENCE)

    async def expect(self, *rows: tuple[Kind, float | None, float | None]) -> PlayerEvent:
        """The very next events are these: kind, position within half a second, duration. Gives the last one."""
        events = [await self.next() for _ in rows]
        for event, (kind, position, duration) in zip(events, rows, strict=True):
            assert (event.kind, event.position, event.duration) == (
                kind,
                None if position is None else pytest.approx(position, abs=0.5),
                None if duration is None else pytest.approx(duration, abs=0.2),
            )
        return events[-1]

    async def plays(self, path: Path) -> PlayerEvent:
        """The very next event is the start of that file."""
        event = await self.next()
        assert (event.kind, event.media.path) == (Kind.PLAY, str(path))
        return event


@asynccontextmanager
async def listening(*places: Path, source: str = "mpv") -> AsyncIterator[Ear]:
    """The adapter at work."""
    ear = Ear()

    async def run() -> None:
        async with aclosing(MpvWatcher(source, places).events()) as events:
            async for event in events:
                ear.events.put_nowait(event)

    task = asyncio.create_task(run())
    try:
        yield ear
    finally:
        task.cancel()
        await asyncio.wait([task])
    if not task.cancelled():
        task.result()


class Eye:
    """The windows that the adapter yields."""

    def __init__(self, ear: Ear) -> None:
        self.ear = ear
        self.screens: asyncio.Queue[Screen] = asyncio.Queue()

    async def next(self) -> Screen:
        return await asyncio.wait_for(self.screens.get(), PATIENCE)


@asynccontextmanager
async def looking(*places: Path, shows: bool = True) -> AsyncIterator[Eye]:
    """The adapter at work, asked for its windows as well."""
    watcher = MpvWatcher("mpv", places, shows=shows)
    eye = Eye(Ear())

    async def listen() -> None:
        async with aclosing(watcher.events()) as events:
            async for event in events:
                eye.ear.events.put_nowait(event)

    async def look() -> None:
        async with aclosing(watcher.screens()) as screens:
            async for screen in screens:
                eye.screens.put_nowait(screen)

    tasks = [asyncio.create_task(listen()), asyncio.create_task(look())]
    try:
        yield eye
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
    for task in tasks:
        if not task.cancelled():
            task.result()
