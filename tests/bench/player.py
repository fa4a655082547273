"""A real mpv, its film, and a raw line to it: blocking sockets, because nothing may be between us and its answer."""

import asyncio
import json
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from bench.figure import MeasurementError

PATIENCE = 10.0
"""Seconds."""

BEGIN = "10%"
"""Where the film is begun: a pause below one percent is not said to Trakt."""

_QUIET = ("--no-config", "--vo=null", "--ao=null", "--no-terminal", "--load-scripts=no", "--osc=no", "--ytdl=no")
_PICTURE = "testsrc=size=64x36:rate=24:duration="


def film(folder: Path, name: str = "Bench (2020).mkv", seconds: float = 600.0) -> Path:
    """24 frames a second, small enough that decoding them costs next to nothing."""
    missing = [name for name in ("mpv", "ffmpeg") if shutil.which(name) is None]
    if missing:
        raise MeasurementError(
            f"{' and '.join(missing)} cannot be found: it takes a real player, and ffmpeg for its film"
        )
    path = folder / name
    codec = ("-c:v", "libx264", "-preset", "ultrafast", "-crf", "45", "-pix_fmt", "yuv420p")
    quiet = ("-nostdin", "-loglevel", "error", "-y")
    subprocess.run(["ffmpeg", *quiet, "-f", "lavfi", "-i", f"{_PICTURE}{seconds:g}", *codec, path], check=True)
    return path


def reels(folder: Path, film: Path, count: int) -> tuple[Path, ...]:
    """The same film under so many names, each with the number by which the benchmark's Trakt knows it."""
    made = tuple(folder / f"Bench {each} (2020) {{imdb-tt{each:07}}}.mkv" for each in range(2, count + 2))
    for path in made:
        path.hardlink_to(film)
    return made


class Mpv:
    """One process. ``spawned_at`` is a reading of the monotonic clock, in seconds."""

    def __init__(self, path: Path, film: Path, *options: str, begin: str = BEGIN) -> None:
        self._path = path
        self.spawned_at = time.monotonic()
        arguments = ["mpv", *_QUIET, *options, f"--start={begin}", f"--input-ipc-server={path}", str(film)]
        self._process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL)
        self._lines: list[Line] = []

    def line(self) -> "Line":
        """A new connection; tries every millisecond until mpv listens."""
        end = time.monotonic() + PATIENCE
        while True:
            try:
                self._lines.append(Line(self._path))
            except (FileNotFoundError, ConnectionRefusedError):
                if time.monotonic() > end or self._process.poll() is not None:
                    raise MeasurementError("mpv opened no socket") from None
                time.sleep(0.001)
            else:
                return self._lines[-1]

    def plays(self) -> float:
        """Waits until a position can be told; gives the instant at which it was."""
        line = self.line()
        line.say("observe_property", 1, "time-pos")
        at = line.until(changed("time-pos"))
        line.say("unobserve_property", 1)
        return at

    async def close(self) -> None:
        """As when its window is closed: it may still say goodbye."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                await asyncio.to_thread(self._process.wait, PATIENCE)
            except subprocess.TimeoutExpired:
                self._process.kill()
        self._process.wait()
        for line in self._lines:
            line.close()
        self._path.unlink(missing_ok=True)


@asynccontextmanager
async def opened(path: Path, film: Path, *options: str, begin: str = BEGIN) -> AsyncIterator[Mpv]:
    """A player that was just spawned with the film, and that listens at the path."""
    player = Mpv(path, film, *options, begin=begin)
    try:
        yield player
    finally:
        await player.close()


class Line:
    """One connection to mpv's IPC."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        try:
            self._socket.connect(str(path))
        except OSError:
            self._socket.close()
            raise
        self._heard = b""
        self._heard_at = 0.0
        self._said = 0

    def say(self, *words: object) -> float:
        """Sends a command; gives the instant just before it left."""
        self._said += 1
        text = json.dumps({"command": words, "request_id": self._said}).encode() + b"\n"
        at = time.monotonic()
        self._socket.sendall(text)
        return at

    def answer(self) -> float:
        """Reads until mpv answers what was said last; gives the instant at which it was read."""
        return self.until(lambda said: said.get("request_id") == self._said and "error" in said)

    def until(self, wanted: Callable[[Mapping[str, Any]], bool], patience: float = PATIENCE) -> float:
        """Reads until mpv says that; gives the instant at which it was read. It is silent for ``patience`` at most."""
        self._socket.settimeout(patience)
        while True:
            while b"\n" in self._heard:
                line, _, self._heard = self._heard.partition(b"\n")
                if wanted(json.loads(line)):
                    return self._heard_at
            try:
                chunk = self._socket.recv(65536)
            except TimeoutError:
                chunk = b""
            self._heard_at = time.monotonic()
            if not chunk:
                raise MeasurementError("mpv went silent")
            self._heard += chunk

    def close(self) -> None:
        self._socket.close()


def changed(name: str, value: object = None) -> Callable[[Mapping[str, Any]], bool]:
    """Whether mpv says that this property has the value, or with None that it has one at all."""

    def wanted(said: Mapping[str, Any]) -> bool:
        if said.get("event") != "property-change" or said.get("name") != name:
            return False
        return said.get("data") is not None if value is None else said.get("data") == value

    return wanted


def happened(name: str) -> Callable[[Mapping[str, Any]], bool]:
    """Whether mpv says that this event happened."""
    return lambda said: said.get("event") == name
