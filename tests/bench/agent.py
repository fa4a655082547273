"""The real agent as a process of its own, with a folder of its own and an account that is signed in."""

import asyncio
import os
import sys
import time
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from bench.figure import MeasurementError

from scrobbler.trakt.tokens import TokenFile, Tokens

PATIENCE = 20.0
"""Seconds until it must be up, and until it must be down."""

APP = "bench"
"""What it calls itself at Trakt, and the secret of that."""

_READY = "watching"
_LISTENS = " listening on "


class Agent:
    """A running one. ``spawned_at`` and ``ready_at`` are readings of the monotonic clock, in seconds."""

    def __init__(self, process: asyncio.subprocess.Process, spawned_at: float, sockets: Path, state: Path) -> None:
        self.pid = process.pid
        self.spawned_at = spawned_at
        self.sockets = sockets
        self.state = state
        self.web = ""
        """Where its server listens, if it has one."""
        self.ready_at: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self.last_words: deque[str] = deque(maxlen=5)
        self._process = process

    async def listen(self) -> None:
        """Reads what it says, so that it never has to wait for us."""
        assert self._process.stderr is not None
        while line := await self._process.stderr.readline():
            at = time.monotonic()
            self.last_words.append(line.decode().rstrip())
            self.web = self.last_words[-1].partition(_LISTENS)[2] or self.web
            if _READY in self.last_words[-1] and not self.ready_at.done():
                self.ready_at.set_result(at)
        if not self.ready_at.done():
            self.ready_at.set_exception(MeasurementError("the agent ended: " + " / ".join(self.last_words)))

    async def kill(self) -> None:
        """As the kernel does it: not a word more comes of it."""
        self._process.kill()
        await self._process.wait()

    async def ready(self) -> float:
        try:
            return await asyncio.wait_for(self.ready_at, PATIENCE)
        except TimeoutError:
            raise MeasurementError("the agent did not get ready: " + " / ".join(self.last_words)) from None


class Launch(Protocol):
    """Starts an agent in a folder, with a Trakt at that address, which watches the players whose sockets are there."""

    def __call__(
        self, folder: Path, url: str, sockets: Path, *, tokens: Tokens | None = None
    ) -> AbstractAsyncContextManager[Agent]: ...


@asynccontextmanager
async def agent(
    folder: Path, url: str, sockets: Path, *, web: bool = False, more: str = "", tokens: Tokens | None = None
) -> AsyncIterator[Agent]:
    """Starts ours, waits until it is ready, and ends it.

    ``folder`` is empty, or what the last one there has left. ``more``: of its configuration. ``tokens``: for a Trakt
    that looks at them.
    """
    options = _prepare(folder, _config(url, sockets, web=web) + more, tokens)
    async with launched((sys.executable, "-m", "scrobbler", "run", *options), folder, sockets) as running:
        yield running


@asynccontextmanager
async def launched(words: Sequence[str], folder: Path, sockets: Path) -> AsyncIterator[Agent]:
    """Runs the words, waits until an agent says that it watches, and ends it."""
    spawned_at = time.monotonic()
    process = await asyncio.create_subprocess_exec(
        *words, env=environment(folder), stdin=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
    )
    running = Agent(process, spawned_at, sockets, folder / "state")
    listening = asyncio.create_task(running.listen())
    try:
        await running.ready()
        yield running
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), PATIENCE)
        except TimeoutError:
            process.kill()
            await process.wait()
        await listening


def environment(folder: Path) -> dict[str, str]:
    """As little as possible: what the user has set must neither speed it up nor reach the user's own files."""
    kept = {name: value for name in ("PATH", "PYTHONPATH", "TZ") if (value := os.environ.get(name))}
    return {**kept, "HOME": str(folder), "XDG_RUNTIME_DIR": str(folder), "LANG": "C.UTF-8"}


def _prepare(folder: Path, config: str, tokens: Tokens | None) -> tuple[str, ...]:
    """Fills the folder, with an account that is signed in; gives the options that name it."""
    (folder / "config.toml").write_text(config)
    TokenFile(folder / "state", "default").write(tokens or invented())
    return "--config", str(folder / "config.toml"), "--state", str(folder / "state")


def _config(url: str, sockets: Path, *, web: bool) -> str:
    text = f'[trakt]\napi_url = "{url}"\nauth_url = "{url}"\nclient_id = "{APP}"\nclient_secret = "{APP}"\n'
    text += f'[players.mpv]\nsockets = "{sockets}"\n'
    return text + ('[server]\nlisten = "127.0.0.1:0"\n' if web else "")


def invented() -> Tokens:
    """For a Trakt that does not look at them."""
    now = datetime.now(UTC)
    expires_at = now + timedelta(days=7)
    return Tokens(access_token="a" * 64, refresh_token="r" * 64, created_at=now, expires_at=expires_at)
