"""A real Kodi on a screen that nobody sees, driven over its own JSON-RPC by a connection of ours."""

import asyncio
import json
import socket
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

PATIENCE: Final = 40.0
PROGRAM: Final = next(Path("/usr/lib").glob("*/kodi/kodi.bin"), None)
_SETTINGS: Final = """<advancedsettings version="1.0">
  <setting id="services.esenabled">true</setting> <setting id="services.esallinterfaces">false</setting>
  <setting id="services.zeroconf">false</setting> <setting id="general.addonupdates">2</setting>
  <jsonrpc><tcpport>{port}</tcpport></jsonrpc>
</advancedsettings>
"""


class RealKodi:
    """Somebody else's remote control."""

    def __init__(self, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.port = port
        self._reader = reader
        self._writer = writer
        self._last = 0

    async def do(self, method: str, **params: Any) -> Any:
        """Has Kodi do something, and waits until it has answered."""
        self._last += 1
        asked = {"jsonrpc": "2.0", "id": self._last, "method": method, "params": params}
        self._writer.write(json.dumps(asked).encode())
        decoder, held = json.JSONDecoder(), ""
        async with asyncio.timeout(PATIENCE):
            while True:
                held += (await self._reader.read(65536)).decode()
                while held:
                    try:
                        said, end = decoder.raw_decode(held)
                    except json.JSONDecodeError:
                        break
                    held = held[end:]
                    if said.get("id") == self._last:
                        return said.get("result")

    async def close(self) -> None:
        self._writer.close()
        with suppress(OSError):
            await self._writer.wait_closed()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@asynccontextmanager
async def real_kodi(home: Path, display: str) -> AsyncIterator[RealKodi]:
    """A Kodi with an empty library, at home in this folder."""
    port = _free_port()
    (home / ".kodi" / "userdata").mkdir(parents=True)
    (home / ".kodi" / "userdata" / "advancedsettings.xml").write_text(_SETTINGS.format(port=port))
    (home / "run").mkdir(mode=0o700)
    env = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(home),
        "XDG_RUNTIME_DIR": str(home / "run"),
        "DISPLAY": display,
        "LIBGL_ALWAYS_SOFTWARE": "1",
        "LANG": "C.UTF-8",
    }
    with (home / "log").open("wb") as log:
        command = [str(PROGRAM), "--windowing=x11", "--audio-backend=alsa"]
        process = await asyncio.to_thread(subprocess.Popen, command, env=env, cwd=home, stdout=log, stderr=log)
    try:
        player = RealKodi(port, *await _connected(process, port))
        try:
            yield player
        finally:
            await player.close()
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


async def _connected(process: subprocess.Popen[bytes], port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    async with asyncio.timeout(PATIENCE):
        while process.poll() is None:
            with suppress(OSError):
                return await asyncio.open_connection("127.0.0.1", port)
            await asyncio.sleep(0.1)  # another process has no Event
    raise AssertionError(f"Kodi ended with {process.returncode}")
