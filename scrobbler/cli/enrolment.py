"""Talks to the API of a server that is to call us, for its adapter, and never shows what it needed for that."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import click

from scrobbler.adapters import Setup
from scrobbler.errors import ConfigError, ScrobblerError

VARIABLE: Final = "SCROBBLER_SERVER_TOKEN"
PATIENCE: Final = 20.0
"""Seconds for one call."""
_LONGEST: Final = 4096
"""Bytes of a file that are looked at: whatever is longer was not meant."""
_REASONS: Final = {
    401: "it does not take the token",
    403: "the token may not do that there",
    404: "it knows no such call: is this the server's own address?",
}


class ServerApi:
    """The calls of one command."""

    def __init__(self, address: str) -> None:
        """``address``: as the user knows it, such as ``http://nas.local:8096``. Raises ``ConfigError``."""
        try:
            host = urlsplit(address).hostname if address.startswith(("http://", "https://")) else None
        except ValueError:
            host = None
        if host is None:
            raise ConfigError("--server: this must be an address such as http://nas.local:8096")
        self._address = address.rstrip("/")
        self._host = host

    def __call__(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str],
        body: Any = None,
        form: Sequence[tuple[str, str]] | None = None,
    ) -> Any:
        """The JSON that the server answers; None where it answers none. Raises ``ScrobblerError``."""
        import httpx  # noqa: PLC0415  # most commands do not talk to a server

        data = None if form is None else httpx.QueryParams(list(form))
        sent = dict(headers) | ({"Content-Type": "application/x-www-form-urlencoded"} if data is not None else {})
        try:
            answer = httpx.request(
                method,
                self._address + path,
                headers=sent,
                json=body,
                content=None if data is None else str(data),
                timeout=PATIENCE,
            )
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:  # its words could hold the address
            raise ScrobblerError(f"{self._host}: {_unreachable(error)}") from None
        if not answer.is_success:
            reason = _REASONS.get(answer.status_code, "it did not do it")
            raise ScrobblerError(f"{self._host} answered {answer.status_code}: {reason}")
        if not answer.content.strip():
            return None
        try:
            return answer.json()
        except ValueError:
            raise ScrobblerError(f"{self._host} did not answer as such a server does: is this its address?") from None


def token_of(setup: Setup, file: Path | None) -> str:
    """The server's token: from a file, the environment, or the user. Raises ``ConfigError``, without quoting it."""
    if file is not None:
        try:
            with file.open("rb") as opened:
                found, where = opened.read(_LONGEST).decode(errors="replace"), f"--server-token-file {file}"
        except OSError as error:
            raise ConfigError(f"--server-token-file {file}: cannot be read: {error.strerror}") from None
    elif found := os.environ.get(VARIABLE, ""):
        where = VARIABLE
    else:
        click.echo(f"The server's token is needed: {setup.token}.", err=True)
        found, where = click.prompt("Token", hide_input=True, err=True), "the token"
    found = found.strip()
    if not found or not found.isascii() or not found.isprintable() or any(sign in ' "' for sign in found):
        raise ConfigError(f"{where}: this must be one word, as the server shows it")
    return str(found)


def _unreachable(error: Exception) -> str:
    import httpx  # noqa: PLC0415  # as above

    if isinstance(error, httpx.TimeoutException):
        return f"no answer within {PATIENCE:.0f} s"
    return "it cannot be reached" if isinstance(error, httpx.TransportError) else "this is no address"
