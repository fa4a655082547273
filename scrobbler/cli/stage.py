"""What the demo needs around it: an agent, and a player, real or simulated, that can be told what to do."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

from scrobbler.errors import ScrobblerError

PATIENCE: Final = 15.0
"""Seconds after which something that must happen will not happen any more."""
CLIP_SECONDS: Final = 16

_QUIET: Final = ("--no-config", "--no-terminal", "--load-scripts=no", "--osc=no", "--ytdl=no", "--vo=null", "--ao=null")


class Remote:
    """A player's remote control: mpv's JSON IPC, as any program may use it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._number = 0

    @classmethod
    async def connect(cls, socket: Path) -> "Remote":
        """Connects as soon as the player listens. Raises ``ScrobblerError`` where it never does."""
        async with _patience("the player did not start"):
            while True:
                with suppress(FileNotFoundError, ConnectionRefusedError):
                    return cls(*await asyncio.open_unix_connection(socket, limit=1 << 20))
                await asyncio.sleep(0.02)

    async def tell(self, *command: object) -> Any:
        """One command, and what the player answers; None where it has nothing to say."""
        self._number += 1
        self._writer.write(json.dumps({"command": command, "request_id": self._number}).encode() + b"\n")
        async with _patience("the player does not answer"):
            while line := await self._reader.readline():
                said = json.loads(line)
                if said.get("request_id") == self._number and "event" not in said:
                    return said.get("data")
        raise ScrobblerError("the player is gone")

    async def reached(self, seconds: float) -> None:
        """Until the player has come so far, or to the end."""
        async with _patience("the player does not play", CLIP_SECONDS + PATIENCE):
            while not await self._has_reached(seconds):  # noqa: ASYNC110  # the player is another process
                await asyncio.sleep(0.05)

    async def _has_reached(self, seconds: float) -> bool:
        position = await self.tell("get_property", "time-pos")  # None while it is still opening the file
        if position is not None and position >= seconds:
            return True
        return await self.tell("get_property", "eof-reached") is True

    def close(self) -> None:
        """Let go of it."""
        self._writer.close()


def make_clip(path: Path) -> None:
    """A short film of nothing, by mpv's own encoder, so that nothing else is needed."""
    source = f"av://lavfi:testsrc=size=64x36:rate=10:duration={CLIP_SECONDS}"
    command = ["mpv", "--no-config", "--msg-level=all=error", "--no-audio", "--ovc=mpeg4", f"--o={path}", source]
    made = subprocess.run(  # noqa: S603  # all of it is written here
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    if made.returncode or not path.exists():
        words = " ".join(made.stdout.split()) or f"exit status {made.returncode}"
        raise ScrobblerError(f"mpv could not make the clip: {words}")


def has_mpv() -> bool:
    """Whether there is a real mpv to play with."""
    return shutil.which("mpv") is not None


@asynccontextmanager
async def real_player(socket: Path, clip: Path) -> AsyncIterator[Remote]:
    """A real mpv that plays the clip, without a window or sound."""
    command = ["mpv", *_QUIET, "--keep-open=yes", f"--input-ipc-server={socket}", str(clip)]
    process = await asyncio.create_subprocess_exec(*command, stdin=subprocess.DEVNULL)
    try:
        remote = await Remote.connect(socket)
        try:
            yield remote
        finally:
            remote.close()
    finally:
        await _end(process)


@asynccontextmanager
async def simulated_player(socket: Path, clip: Path) -> AsyncIterator[Remote]:
    """A player that only says what mpv would say."""
    from scrobbler.sandbox.mpv import SimulatedMpv  # noqa: PLC0415

    player = SimulatedMpv(socket)
    await player.start()
    player.play(clip, float(CLIP_SECONDS))
    remote = await Remote.connect(socket)
    try:
        yield remote
    finally:
        remote.close()
        await player.quit()


@asynccontextmanager
async def agent(config: Path, hear: Callable[[str], None]) -> AsyncIterator[Process]:
    """A real agent as a process of its own; each line that it logs is heard."""
    command = [sys.executable, "-m", "scrobbler", "run", "--config", str(config)]
    process = await asyncio.create_subprocess_exec(*command, stdin=subprocess.DEVNULL, stderr=PIPE, env=environment())
    assert process.stderr is not None  # asked for above  # noqa: S101
    listening = asyncio.create_task(_listen(process.stderr, hear))
    try:
        yield process
    finally:
        await _end(process)
        await listening


def environment() -> dict[str, str]:
    """Ours, without what would stand above the demo's own configuration."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("SCROBBLER_") and name != "CREDENTIALS_DIRECTORY"
    }


async def _listen(stream: asyncio.StreamReader, hear: Callable[[str], None]) -> None:
    while line := await stream.readline():
        hear(line.decode(errors="replace").rstrip())


async def _end(process: Process) -> None:
    """End a process, by force if it does not listen."""
    if process.returncode is None:
        process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(PATIENCE):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


@asynccontextmanager
async def _patience(words: str, seconds: float = PATIENCE) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        raise ScrobblerError(f"{words} (waited for {seconds:.0f} s)") from None
