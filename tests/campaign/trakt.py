"""A real sandbox process that many households share, each with a user of its own."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from scrobbler.cli import stage
from scrobbler.trakt.tokens import TokenFile, Tokens

APP = {"client_id": "sandbox", "client_secret": "sandbox-secret"}


class Trakt:
    """What a campaign asks of it."""

    def __init__(self, url: str, client: httpx.AsyncClient) -> None:
        self.url = url
        self._client = client

    async def sign_in(self, user: str, state: Path) -> None:
        """Signs an agent's only account in as this user, with a device code."""
        code = await self._post("/oauth/device/code", {"client_id": APP["client_id"]})
        await self._post("/sandbox/approve", {"user_code": code["user_code"], "user": user})
        reply = await self._post("/oauth/device/token", {"code": code["device_code"], **APP})
        created_at = datetime.fromtimestamp(reply["created_at"], UTC)
        tokens = Tokens(
            access_token=reply["access_token"],
            refresh_token=reply["refresh_token"],
            created_at=created_at,
            expires_at=created_at + timedelta(seconds=reply["expires_in"]),
        )
        TokenFile(state, "default").write(tokens)

    async def history(self, user: str) -> list[tuple[str, datetime]]:
        """Title and instant of each play of the user."""
        users = (await self._client.get("/sandbox/state")).raise_for_status().json()["users"]
        plays = users.get(user, {"history": []})["history"]
        return [(play["movie"]["title"], datetime.fromisoformat(play["watched_at"])) for play in plays]

    async def _post(self, path: str, body: dict[str, str]) -> dict[str, Any]:
        answered: dict[str, Any] = (await self._client.post(path, json=body)).raise_for_status().json()
        return answered


@asynccontextmanager
async def running() -> AsyncIterator[Trakt]:
    """One meanwhile."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "scrobbler", "sandbox", "--port", "0"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=stage.environment(),
    )
    try:
        assert process.stdout is not None
        first = (await asyncio.wait_for(process.stdout.readline(), 20)).decode()
        url = next(word for word in first.split() if word.startswith("http"))
        headers = {"User-Agent": "campaign", "trakt-api-version": "2"}
        async with httpx.AsyncClient(base_url=url, headers=headers, timeout=30) as client:
            yield Trakt(url, client)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
