"""The one place where a request leaves for Trakt and its answer, or the lack of one, is understood.

Importing it loads httpx, which takes a tenth of a second: only what really talks to Trakt does so.
"""

import os
import ssl
import sys
import threading
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]  # its command line: 6 MiB where rich is there

import httpx
import msgspec

from scrobbler import __version__
from scrobbler.errors import Rejected, Unavailable, Uncertain, Unreachable
from scrobbler.trakt.app import App
from scrobbler.trakt.statuses import Reply, fault

USER_AGENT: Final = f"scrobbler/{__version__} (+https://github.com/scrobbler-agent/scrobbler)"
"""Trakt's edge turns away requests that do not say who they are."""

TIMEOUT: Final = httpx.Timeout(30.0, connect=10.0, pool=10.0)
KEEPALIVE_SECONDS: Final = 120.0
SYSTEM_ROOTS: Final = Path("/etc/ssl/certs")

_NEVER_LEFT: Final = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.LocalProtocolError,
    httpx.UnsupportedProtocol,
)


class Transport:
    """Sends requests as one app. Safe to share between threads; its connections stay open between requests.

    A running request is ended by httpx's own timeouts only: cancelling one from outside leaks its connection.
    """

    def __init__(self, app: App) -> None:
        self._app = app
        self._client: httpx.Client | None = None
        self._opening = threading.Lock()

    def send(
        self,
        method: str,
        url: str,
        *,
        token: str | None = None,
        query: Mapping[str, str | int] | None = None,
        body: Mapping[str, Any] | None = None,
        accept: Collection[int] = (),
    ) -> Reply:
        """The reply of a request that was done, or whose status is one of ``accept``.

        Raises ``Unavailable`` where nothing can have been done (``Unreachable`` where there was no connection),
        ``Uncertain`` where a write may have been, and else what ``statuses`` makes of the refusal.
        """
        write = method != "GET"
        client = self._opened()
        try:
            response = client.request(
                method,
                url,
                params=query,
                content=None if body is None else msgspec.json.encode(body),
                headers={} if token is None else {"Authorization": f"Bearer {token}"},
            )
        except httpx.RequestError as error:
            if isinstance(error, httpx.PoolTimeout):
                self.close()  # its connections are stuck; the next request opens new ones
            if isinstance(error, _NEVER_LEFT):
                raise Unreachable(f"Trakt cannot be reached: {_words(error)}") from error
            if not write:
                raise Unavailable(f"Trakt cannot be reached: {_words(error)}") from error
            raise Uncertain(f"Trakt did not answer: {_words(error)}") from error
        reply = Reply(status=response.status_code, headers=response.headers, data=_json(response.content))
        if reply.status in accept:
            return reply
        if reply.status == 401 and reply.headers.get("x-private-user") == "true":
            # Another user's wish, and no word about our sign-in, which must not end because of it.
            raise Rejected("This user is private: Trakt tells only the user and friends, signed in", status=401)
        if not reply.ok:
            raise fault(reply, write=write, now=datetime.now(UTC))
        if response.content.strip() and reply.data is None:
            text = "Trakt's answer is not what Trakt sends: is something in between?"
            raise Uncertain(text) if write else Unavailable(text)
        return reply

    def close(self) -> None:
        """Lets the connections go. The next request opens them anew."""
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def _opened(self) -> httpx.Client:
        with self._opening:
            if self._client is None:
                self._client = self._open()
            return self._client

    def _open(self) -> httpx.Client:
        return httpx.Client(
            headers={
                "User-Agent": USER_AGENT,
                "Accept": "application/json",
                "Content-Type": "application/json",
                "trakt-api-version": "2",
                "trakt-api-key": self._app.client_id,
            },
            timeout=TIMEOUT,
            limits=httpx.Limits(keepalive_expiry=KEEPALIVE_SECONDS),
            verify=_roots(),
        )


def _roots() -> ssl.SSLContext:
    """Whom we trust: the system's certificates where they can be looked up one by one (30 ms and a megabyte less).

    Else what the environment names, or certifi's.
    """
    named = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    hashed = named == (None, None) and any(SYSTEM_ROOTS.glob("????????.0"))
    return _trusting(SYSTEM_ROOTS if hashed else None, *named)


@cache
def _trusting(hashed: Path | None, *_named: str | None) -> ssl.SSLContext:
    """One context for all accounts: each would read all certificates again."""
    return ssl.create_default_context(capath=hashed) if hashed else httpx.create_ssl_context()


def _json(content: bytes) -> Any:
    try:
        return msgspec.json.decode(content)
    except msgspec.DecodeError:
        return None


def _words(error: httpx.RequestError) -> str:
    return str(error) or type(error).__name__
