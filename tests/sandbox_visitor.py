"""A caller of the sandbox, for its tests: an HTTP client that says who it is, and the sandbox on the other side."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import httpx

from scrobbler.sandbox import Sandbox

NOW = datetime(2026, 11, 20, 20, 0, tzinfo=UTC)
TRON = {"movie": {"ids": {"trakt": 12601}}}
HEAT = {"movie": {"ids": {"imdb": "tt0113277"}}}
DULCINEA = {"show": {"ids": {"tvdb": 280619}}, "episode": {"season": 1, "number": 1}}
APP = {"User-Agent": "Visitor/1.0 (+https://example.org)", "trakt-api-version": "2", "trakt-api-key": "sandbox"}
CLIENT = {"client_id": "sandbox", "client_secret": "sandbox-secret"}


class Visitor:
    """Speaks for one signed-in user. Its clock stands still but for a moment between two writes."""

    def __init__(self, sandbox: Sandbox, http: httpx.AsyncClient) -> None:
        self.sandbox = sandbox
        self.http = http
        self.user = {"Authorization": f"Bearer {sandbox.sign_in()['access_token']}"}

    async def get(self, url: str, **query: str | int) -> httpx.Response:
        return await self.http.get(url, params=query, headers=self.user)

    async def post(self, url: str, body: object) -> httpx.Response:
        return await self.post_raw(url, json.dumps(body).encode())

    async def post_raw(self, url: str, body: bytes) -> httpx.Response:
        self.sandbox.clock.advance(1)
        headers = {**self.user, "Content-Type": "application/json"}
        return await self.http.post(url, content=body, headers=headers)

    async def delete(self, url: str) -> httpx.Response:
        self.sandbox.clock.advance(1)
        return await self.http.delete(url, headers=self.user)

    async def scrobble(self, verb: str, item: Mapping[str, Any], progress: object) -> httpx.Response:
        return await self.post(f"/scrobble/{verb}", {**item, "progress": progress})

    async def oauth(self, url: str, **fields: object) -> httpx.Response:
        return await self.http.post(f"/oauth/{url}", json={**CLIENT, **fields})

    async def history(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = (await self.get("/sync/history")).json()
        return rows

    async def playback(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = (await self.get("/sync/playback")).json()
        return rows


def frozen(**options: Any) -> Sandbox:
    """A sandbox whose clock stands at NOW."""
    sandbox = Sandbox(**options)
    sandbox.clock.freeze(NOW)
    return sandbox


@asynccontextmanager
async def visiting(sandbox: Sandbox) -> AsyncIterator[Visitor]:
    transport = httpx.ASGITransport(app=sandbox.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://sandbox", headers=APP) as http:
        yield Visitor(sandbox, http)
