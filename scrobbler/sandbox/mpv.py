"""A simulated mpv, for machines without one: its JSON IPC on a Unix socket, and time that passes as a clock says.

It says its events in the order of mpv 0.35 and knows the properties and commands that a watcher may use. There is no
playlist, and nothing ends by itself: ``finish`` ends a file.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

_COMMANDS = ("client_name", "get_property", "observe_property", "set_property", "loadfile", "seek", "stop", "quit")
"""All that it obeys; ``loadfile`` cannot know a length, so ``play`` is the better way to open something."""

_OF_A_FILE = ("path", "filename", "media-title", "current-tracks/video", "time-pos", "eof-reached", "duration")
_LEAVE_THE_NAME: dict[str, bool] = {"cleanup_socket": False} if sys.version_info >= (3, 13) else {}
"""mpv's socket stays behind when it ends; from Python 3.13 on asyncio would remove it."""
_TRACK = {"id": 1, "type": "video", "image": False, "albumart": False}
_TURNS = 5
"""Of the event loop, from an accepted connection to its first line of ours."""


class SimulatedMpv:
    """A player that listens on a socket. Start it, play something, quit it."""

    def __init__(self, socket: Path, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.socket = socket
        self._clock = clock
        self._clients: dict[asyncio.StreamWriter, dict[int, str]] = {}
        self._left = asyncio.Event()
        self._path: str | None = None
        self._duration: float | None = None
        self._pause = False
        self._speed = 1.0
        self._position = 0.0
        self._since = clock()
        self._entry = 0
        self._told: dict[str, object] = {}

    async def start(self) -> None:
        """Listens, as mpv does: a socket of the same name is replaced."""
        with suppress(FileNotFoundError):
            os.unlink(self.socket)  # noqa: PTH108 - one file, at once
        self._server = await asyncio.start_unix_server(self._serve, self.socket, **_LEAVE_THE_NAME)
        self._told = self._properties()

    def play(self, path: str | Path, duration: float | None) -> None:
        """Opens a file of so many seconds (None: a stream without an end); one that is on is stopped."""
        self._end("stop")
        self._entry += 1
        self._say({"event": "start-file", "playlist_entry_id": self._entry})
        self._path, self._duration = str(path), duration
        self._move(0.0)
        self._say({"event": "file-loaded"})
        self._changed()
        self._say({"event": "playback-restart"})

    def pause(self) -> None:
        """Halts."""
        self._move(self.position)
        self._pause = True
        self._changed()

    def resume(self) -> None:
        """Goes on."""
        self._move(self.position)
        self._pause = False
        self._changed()

    def seek(self, position: float) -> None:
        """Jumps to so many seconds from the start."""
        if self._path is None:
            return
        self._say({"event": "seek"})
        self._move(position)
        self._say({"event": "playback-restart"})

    def finish(self) -> None:
        """Reaches the end of the file."""
        self._end("eof")

    def garble(self, words: bytes = b"garbled\n") -> None:
        """Breaks its word: says to everyone what is no JSON, as a fault that watchers must survive."""
        for writer in self._clients:
            writer.write(words)

    async def quit(self) -> None:
        """Ends the player. Its socket's name stays behind, as with a real one."""
        self._end("quit")
        for listening in self._server.sockets:
            asyncio.get_running_loop().remove_reader(listening)
        for _ in range(_TURNS):
            await asyncio.sleep(0)  # whoever was let in just before is known only then
        self._server.close()  # not earlier: asyncio forgets to close whom it lets in at that very moment
        for writer in list(self._clients):
            writer.close()
        while self._clients:
            self._left.clear()
            await self._left.wait()

    @property
    def position(self) -> float:
        """Seconds from the start, by the clock."""
        played = 0.0 if self._pause or self._path is None else (self._clock() - self._since) * self._speed
        return min(self._position + played, float("inf") if self._duration is None else self._duration)

    def _move(self, position: float) -> None:
        self._position, self._since = position, self._clock()

    def _end(self, reason: str) -> None:
        if self._path is None:
            return
        self._say({"event": "end-file", "reason": reason, "playlist_entry_id": self._entry})
        self._path = self._duration = None
        self._move(0.0)
        self._say({"event": "idle"})
        self._changed()

    def _properties(self) -> dict[str, object]:
        """What mpv would say; what it has no value for is left out."""
        always = {
            "pid": os.getpid(),
            "mpv-version": "mpv (simulated)",
            "pause": self._pause,
            "speed": self._speed,
            "idle-active": self._path is None,
            "working-directory": os.getcwd(),  # noqa: PTH109 - JSON wants the text
            "loop-file": False,
            "ab-loop-a": "no",
            "ab-loop-b": "no",
            "paused-for-cache": False,
            "command-list": [{"name": name} for name in _COMMANDS],
        }
        always["property-list"] = [*always, *_OF_A_FILE]
        if self._path is None:
            return always
        name = self._path.rpartition("/")[2]
        values = (self._path, name, name, _TRACK, self.position, False, self._duration)
        return always | {key: value for key, value in zip(_OF_A_FILE, values, strict=True) if value is not None}

    def _changed(self) -> None:
        """Tells each observer what is no more what it was."""
        before, self._told = self._told, self._properties()
        for writer, observed in self._clients.items():
            for number, name in observed.items():
                if before.get(name) != self._told.get(name):
                    self._tell(writer, self._change(number, name))

    def _change(self, number: int, name: str) -> dict[str, object]:
        known = self._properties()
        value = {"data": known[name]} if name in known else {}
        return {"event": "property-change", "id": number, "name": name, **value}

    def _say(self, event: dict[str, object]) -> None:
        for writer in self._clients:
            self._tell(writer, event)

    @staticmethod
    def _tell(writer: asyncio.StreamWriter, line: dict[str, object]) -> None:
        writer.write(json.dumps(line).encode() + b"\n")

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One client."""
        self._clients[writer] = {}
        with suppress(ConnectionError):
            while line := await reader.readline():
                request = json.loads(line)
                self._answer(writer, request["command"], request.get("request_id", 0))
        del self._clients[writer]
        writer.close()
        self._left.set()

    def _answer(self, writer: asyncio.StreamWriter, command: list[object], number: int) -> None:
        match command:
            case ["client_name"]:
                data: object = "ipc-0"
            case ["get_property", str(name)]:
                known = self._properties()
                if name not in known:
                    return self._tell(writer, {"request_id": number, "error": "property unavailable"})
                data = known[name]
            case ["observe_property", int(observer), str(name)]:
                self._clients[writer][observer] = name
                self._tell(writer, {"request_id": number, "error": "success"})
                return self._tell(writer, self._change(observer, name))
            case _:
                data = None
                if not self._obey(command):
                    return self._tell(writer, {"request_id": number, "error": "invalid parameter"})
        return self._tell(writer, {"data": data, "request_id": number, "error": "success"})

    def _obey(self, command: list[object]) -> bool:
        """Does what a user's keys or remote control ask for; False for what it does not know."""
        match command:
            case ["set_property", "pause", bool(value)]:
                self.pause() if value else self.resume()
            case ["set_property", "speed", int(value) | float(value)] if value > 0:
                self._move(self.position)
                self._speed = float(value)
                self._changed()
            case ["loadfile", str(path), *_]:
                self.play(path, None)
            case ["seek", int(value) | float(value), *how]:
                self.seek(value if how and "absolute" in str(how[0]) else self.position + value)
            case ["stop"]:
                self._end("stop")
            case ["quit", *_]:
                self._quitting = asyncio.get_running_loop().create_task(self.quit())
            case _:
                return False
        return True
