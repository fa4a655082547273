"""A double of Kodi on its own side of the wire: it answers and announces over TCP, in pieces of any size."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from typing import Any

from plugins.real_mpv import PATIENCE, Ear
from scrobbler_kodi.watcher import KodiWatcher

FILM: dict[str, Any] = {
    "id": 214,
    "type": "movie",
    "title": "Heat",
    "year": 1995,
    "file": "smb://nas/films/Heat (1995)/Heat.mkv",
    "label": "Heat",
    "uniqueid": {"imdb": "tt0113277", "tmdb": "949"},
    "runtime": 10200,
    "season": -1,
    "episode": -1,
}


def clock(seconds: float) -> dict[str, int]:
    whole, part = divmod(round(seconds * 1000), 1000)
    return {"hours": whole // 3600, "minutes": whole // 60 % 60, "seconds": whole % 60, "milliseconds": part}


class KodiDouble:
    """A Kodi that somebody else operates."""

    def __init__(self) -> None:
        self.results: dict[str, Any] = {"Player.GetActivePlayers": []}
        """What it answers, by method, or who answers; None, and what is not here, is an error."""
        self.asked: list[str] = []
        self.mute = False
        self.cuts: Callable[[], int] = lambda: 1 << 20
        """How many bytes are written at once."""
        self.connections: asyncio.Queue[asyncio.StreamWriter] = asyncio.Queue()
        self._writers: list[asyncio.StreamWriter] = []
        self._news = asyncio.Event()

    def plays(
        self, item: dict[str, Any], position: float, duration: float, *, speed: int = 1, player: int = 1, **more: Any
    ) -> None:
        """What is on from now on, for whoever asks."""
        properties = {"time": clock(position), "totaltime": clock(duration), "speed": speed, "live": False}
        self.results |= {
            "Player.GetActivePlayers": [{"playerid": player, "playertype": "internal", "type": "video"}],
            "Player.GetProperties": {**properties, "type": "video", **more},
            "Player.GetItem": {"item": item},
        }

    def idles(self) -> None:
        """Nothing is on; what was on before is still told, as by a real one."""
        self.results["Player.GetActivePlayers"] = []
        self.results.pop("Player.GetProperties", None)

    async def says(self, method: str, item: dict[str, Any] | None = None, **more: Any) -> None:
        """A notification, with the item as Kodi names it there."""
        said = {} if item is None else {"item": {name: item[name] for name in ("id", "type") if name in item} or item}
        player = {} if method in {"Player.OnStop", "System.OnQuit"} else {"player": {"playerid": 1, "speed": 1}}
        data = said | player | more
        await self.write(json.dumps({"jsonrpc": "2.0", "method": method, "params": {"data": data, "sender": "xbmc"}}))

    async def write(self, text: str | bytes) -> None:
        raw = text.encode() if isinstance(text, str) else text
        for writer in list(self._writers):
            rest = raw
            with suppress(OSError):  # whom we speak to may be gone
                while rest:
                    count = max(self.cuts(), 1)
                    writer.write(rest[:count])
                    rest = rest[count:]
                    await writer.drain()

    async def hangs_up(self) -> None:
        for writer in self._writers:
            writer.close()
        self._writers.clear()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        self.connections.put_nowait(writer)
        decoder, held = json.JSONDecoder(), ""
        try:
            while data := await reader.read(65536):
                held += data.decode()
                while held:
                    asked, end = decoder.raw_decode(held)
                    held = held[end:]
                    await self._answer(asked)
        except OSError:
            pass
        finally:
            writer.close()
            if writer in self._writers:
                self._writers.remove(writer)

    async def was_asked(self, method: str, times: int = 1) -> None:
        """Waits until it was asked this so often."""
        async with asyncio.timeout(PATIENCE):
            while self.asked.count(method) < times:
                self._news.clear()
                await self._news.wait()

    async def _answer(self, asked: dict[str, Any]) -> None:
        method = asked["method"]
        self.asked.append(method)
        self._news.set()
        if self.mute:
            return
        result = self.results.get(method)
        if callable(result):
            result = result(asked.get("params"))
        error = {"error": {"code": -32100, "message": "Failed to execute method."}}
        said = {"result": result} if result is not None else error
        await self.write(json.dumps({"id": asked["id"], "jsonrpc": "2.0"} | said))

    async def visited(self) -> None:
        """Waits until somebody has connected."""
        await asyncio.wait_for(self.connections.get(), PATIENCE)


@asynccontextmanager
async def listening(
    host: str, port: int, rests: Sequence[float] = (0.01,), patience: float = 10.0
) -> AsyncIterator[Ear]:
    """The adapter at work."""
    ear = Ear()
    watcher = KodiWatcher("kodi", host, port, rests=rests, patience=patience)

    async def run() -> None:
        async with aclosing(watcher.events()) as events:
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


@asynccontextmanager
async def kodi(double: KodiDouble, port: int = 0) -> AsyncIterator[int]:
    """The double at work; its port."""
    server = await asyncio.start_server(double.serve, "127.0.0.1", port)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await double.hangs_up()
        await server.wait_closed()


@asynccontextmanager
async def watched(double: KodiDouble, patience: float = 10.0) -> AsyncIterator[Ear]:
    """The double, with the adapter connected to it."""
    async with kodi(double) as port, listening("127.0.0.1", port, patience=patience) as ear:
        await double.visited()
        await double.was_asked("Player.GetActivePlayers")  # what begins from now on, it hears of by itself
        yield ear
