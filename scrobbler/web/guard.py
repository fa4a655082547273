"""Who may see the pages: who sits at this machine, or else who knows the password; and never another site's script.

Without a password only a browser on this machine gets in, and only under this machine's own names, so that a page
from elsewhere cannot reach us by a name of its own that leads here (DNS rebinding). With one, every caller needs it.
"""

import base64
import binascii
import hmac
import ipaddress
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

PAGE_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "same-origin",  # with "no-referrer" our own form would come from the origin "null"
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
}

_FORWARDED: Final = frozenset({"forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip"})
"""Headers of reverse proxies, of which one of these is all but always sent."""


class Guard(Struct, frozen=True, kw_only=True):
    """What a caller must be or know."""

    password: str | None = None

    def __repr__(self) -> str:  # the password must not reach a log through a repr
        return f"Guard(password={'set' if self.password else 'none'})"

    def refusal(self, request: Request) -> Response | None:
        """The answer to a caller who may not come in; None to one who may."""
        if self.password is not None:
            given = basic_password(request.headers)
            if given is None or not hmac.compare_digest(given, self.password.encode()):
                return _refused(401, "This page needs the password that is set as server.password (any user name).")
        elif not (_is_near(request) and _is_own_name(_name(request))):
            words = "This page is for this machine only. To open it to others, set a password: [server] password."
            return _refused(403, words)
        if request.method not in {"GET", "HEAD"} and not comes_from_us(request):
            return _refused(403, "This was sent by another site.")
        return None


def comes_from_us(request: Request) -> bool:
    """Whether a browser was sent here by its user or by our own page. What is no browser is not led astray."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in {"same-origin", "none"}
    origin = request.headers.get("origin")
    return origin is None or origin.partition("://")[2] == request.headers.get("host")


def basic_password(headers: Mapping[str, str]) -> bytes | None:
    """The password of HTTP Basic, whoever the user; None where there is none. Names of headers are lower-case."""
    scheme, _, credentials = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        return base64.b64decode(credentials.strip().encode("latin-1"), validate=True).partition(b":")[2]
    except binascii.Error:
        return None


def _is_near(request: Request) -> bool:
    """Whether it is a program of this machine, and none that speaks for somebody who may be anywhere."""
    forwarded = not _FORWARDED.isdisjoint(name.lower() for name in request.headers)
    return request.client is not None and not forwarded and ipaddress.ip_address(request.client.host).is_loopback


def _name(request: Request) -> str | None:
    """By what name we were called. Not by Starlette's word: it takes a name that it cannot read for our own address."""
    try:
        return urlsplit(f"//{request.headers.get('host', '')}").hostname
    except ValueError:
        return None


def _is_own_name(host: str | None) -> bool:
    if host is None or host == "localhost" or host.endswith(".localhost"):
        return host is not None
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _refused(status: int, words: str) -> Response:
    headers = {"WWW-Authenticate": 'Basic realm="scrobbler"'} if status == 401 else {}
    return PlainTextResponse(f"{words}\n", status_code=status, headers=headers | PAGE_HEADERS)
