"""Bytes on sockets to a real agent, a process of its own, with four servers that call it and a Trakt that is away."""

import asyncio
import re
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from fuzz.bodies import SECRET, SOURCES, draw, raw
from fuzz.tally import Tally

from scrobbler.cli import stage

LANES = 16
"""Connections at once."""
PATIENCE = 15.0
"""Seconds until an answer, or the end of the connection, must have come."""
WHOLE = 0.3
"""Seconds after which what has no answer is taken for half a request."""
_TROUBLE = re.compile("Traceback|mistake of ours|adapter failed|not understood: |Exception")


def run(seed: str, numbers: Sequence[int]) -> Tally:
    """All of these, several at a time."""
    with TemporaryDirectory(prefix="fuzz-") as folder:
        return asyncio.run(_run(Path(folder), seed, numbers))


async def _run(folder: Path, seed: str, numbers: Sequence[int]) -> Tally:
    tally, lines, news = Tally(), list[str](), asyncio.Event()

    def hear(line: str) -> None:
        if " listening on " in line or _TROUBLE.search(line):
            lines.append(line)
            news.set()

    async with stage.agent(_configured(folder), hear) as process:
        async with asyncio.timeout(PATIENCE):
            await news.wait()
        host, _, port = lines.pop(0).rpartition(" listening on http://")[2].rpartition(":")
        waiting = iter(numbers)

        async def lane() -> None:
            for number in waiting:
                await _one(tally, host, int(port), seed, number)

        await asyncio.gather(*(lane() for _ in range(LANES)))
        after = await _answer(host, int(port), _plain())
        if after != 200:
            tally.wrong.append(f"{seed}: afterwards a right request was answered {after}")
        if process.returncode is not None:
            tally.wrong.append(f"{seed}: the agent ended with {process.returncode}")
    tally.wrong += [f"{seed}: the agent said {line}" for line in lines]
    return tally


def _configured(folder: Path) -> Path:
    file = folder / "config.toml"
    players = "".join(
        f'[players.{source}]\nsecret = "{SECRET}"\nusers = {{ marta = "default" }}\n' for source in SOURCES
    )
    file.write_text(
        '[trakt]\napi_url = "http://127.0.0.1:9"\nauth_url = "http://127.0.0.1:9"\nclient_id = "fuzz"\n'
        f'[state]\ndir = "{folder}/state"\n[server]\nlisten = "127.0.0.1:0"\n{players}'
    )
    return file


def _plain() -> bytes:
    body = b'{"event": "library.new"}'
    head = f"POST /hooks/plex HTTP/1.1\r\nHost: agent\r\nX-Scrobbler-Token: {SECRET}\r\nContent-Length: {len(body)}"
    return f"{head}\r\nConnection: close\r\n\r\n".encode() + body


async def _one(tally: Tally, host: str, port: int, seed: str, number: int) -> None:
    name = f"{seed}:{number}:raw"
    try:
        async with asyncio.timeout(PATIENCE):
            status = await _answer(host, port, raw(seed, number))
    except TimeoutError:
        tally.wrong.append(f"{name}: no answer within {PATIENCE:.0f} s")
        return
    tally.bodies += 1
    tally.sockets += 1
    if status is None:
        tally.cut += 1
    elif status >= 500:
        tally.wrong.append(f"{name}: answered {status}: {draw(seed, number).path[:40]}")
    else:
        tally.statuses[status] += 1


async def _answer(host: str, port: int, sent: bytes) -> int | None:
    """The status of the first answer; None where there is none."""
    reader, writer = await asyncio.open_connection(host, port)
    said = b""
    with suppress(ConnectionError):
        writer.write(sent)
        await writer.drain()
        with suppress(TimeoutError):  # where it was no whole request, the server waits for the rest of it
            async with asyncio.timeout(WHOLE):
                said = await reader.read(65536)
        writer.write_eof()
        while more := await reader.read(65536):
            said += more
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()
    found = re.match(rb"HTTP/1\.[01] (\d{3})", said)
    return int(found[1]) if found else None
