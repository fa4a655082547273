"""A real mpv, its film, and a raw line to it: blocking sockets, because nothing may be between us and its answer."""

import asyncio
import json
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from bench.figure import MeasurementError

PATIENCE = 10.0
"""Seconds."""

BEGIN = "10%"
"""Where the film is begun: a pause below one percent is not said to Trakt."""

_QUIET = ("--no-config", "--vo=null", "--ao=null", "--no-terminal", "--load-scripts=no", "--osc=no", "--ytdl=no")
_PICTURE = "testsrc=size=64x36:rate=24:duration=600"


def film(folder: Path) -> Path:
    """Ten minutes at 24 frames a second, small enough that decoding them costs next to nothing."""
    missing = [name for name in ("mpv", "ffmpeg") if shutil.which(name) is None]
    if missing:
        raise MeasurementError(
            f"{' and '.join(missing)} cannot be found: it takes a real player, and ffmpeg for its film"
        )
    path = folder / "Bench (2020).mkv"
    codec = ("-c:v", "libx264", "-preset", "ultrafast", "-crf", "45", "-pix_fmt", "yuv420p")
    quiet = ("-nostdin", "-loglevel", "error", "-y")
    subprocess.run(["ffmpeg", *quiet, "-f", "lavfi", "-i", _PICTURE, *codec, path], check=True)
    return path


class Mpv:
    """One process. ``spawned_at`` is a reading of the monotonic clock, in seconds."""

    def __init__(self, path: Path, film: Path) -> None:
        self._path = path
        self.spawned_at = time.monotonic()
        arguments = ["mpv", *_QUIET, f"--start={BEGIN}", f"--input-ipc-server={path}", str(film)]
        self._process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL)
        self._lines: list[_Line] = []

    def line(self) -> "_Line":
        """A new connection; tries every millisecond until mpv listens."""
        end = time.monotonic() + PATIENCE
        while True:
            try:
                self._lines.append(_Line(self._path))
            except (FileNotFoundError, ConnectionRefusedError):
                if time.monotonic() > end or self._process.poll() is not None:
                    raise MeasurementError("mpv opened no socket") from None
                time.sleep(0.001)
            else:
                return self._lines[-1]

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


class _Line:
    """One connection to mpv's IPC."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        try:
            self._socket.connect(str(path))
        except OSError:
            self._socket.close()
            raise
        self._socket.settimeout(PATIENCE)
        self._heard = b""

    def say(self, *words: object) -> float:
        """Sends a command; gives the instant just before it left."""
        text = json.dumps({"command": words}).encode() + b"\n"
        at = time.monotonic()
        self._socket.sendall(text)
        return at

    def until(self, wanted: Callable[[Mapping[str, Any]], bool]) -> float:
        """Reads until mpv says that; gives the instant at which it was read."""
        while True:
            *lines, self._heard = self._heard.split(b"\n")
            at = time.monotonic()
            if any(wanted(json.loads(line)) for line in lines):
                return at
            try:
                chunk = self._socket.recv(65536)
            except TimeoutError:
                chunk = b""
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
