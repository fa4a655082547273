"""The bare endpoint as a process of its own, on a port that is free."""

import asyncio
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from bench import bare
from bench.agent import environment
from bench.bench import Bench
from bench.jellyfin import Line


@asynccontextmanager
async def endpoint(bench: Bench, mode: str, url: str) -> AsyncIterator[str]:
    """The address of a bare endpoint."""
    folder = bench.fresh()
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    words = (str(bare.__file__), mode, url, str(folder), str(port))
    process = await asyncio.create_subprocess_exec(sys.executable, *words, env=environment(folder))
    try:
        async with asyncio.timeout(20):
            while True:
                with suppress(OSError):
                    (await Line.to(f"http://127.0.0.1:{port}")).close()
                    break
                await asyncio.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        await process.wait()
