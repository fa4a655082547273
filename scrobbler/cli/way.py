"""Whether a webhook gets through to the agent: one request that nothing is made of, and what its answer means."""

import ssl
import time
from enum import Enum
from typing import Final
from urllib.parse import urlsplit

from msgspec import Struct

PATIENCE: Final = 10.0
"""Seconds that a test takes at most."""


class Found(Enum):
    """How far the request came."""

    THROUGH = "ok"
    NOBODY = "nobody listens"
    NAME = "unknown name"
    TLS = "certificate"
    SLOW = "no answer"
    SECRET = "wrong secret"  # noqa: S105  # no secret
    HOST = "wrong host"
    PATH = "wrong path"
    PROXY = "proxy"
    SOMEBODY = "somebody else"


class Result(Struct, frozen=True, kw_only=True):
    """What a test found, in words for the user, and how long it took."""

    found: Found
    words: str
    seconds: float


def tried(url: str, secret: str, player: str) -> Result:
    """Post a test to an address (which is shown, so it has no secret)."""
    import httpx  # noqa: PLC0415  # most commands do not need it

    from scrobbler.web.hooks import IN_TEST, TEST_WORDS  # noqa: PLC0415  # as above

    headers = {IN_TEST: "1", "Content-Type": "application/json"}
    began = time.monotonic()
    try:
        answer = httpx.post(url, params={"token": secret}, headers=headers, content=b"{}", timeout=PATIENCE)
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
        found, words = _unreachable(error, urlsplit(url).hostname or url)
    else:
        right = answer.status_code == 200 and answer.text == f"{TEST_WORDS} {player}\n"
        found, words = (Found.THROUGH, "") if right else _misled(answer.status_code, answer.headers.get("location"))
    return Result(found=found, words=words, seconds=time.monotonic() - began)


def _unreachable(error: Exception, host: str) -> tuple[Found, str]:
    import httpx  # noqa: PLC0415  # as above

    if isinstance(error, httpx.TimeoutException):
        return Found.SLOW, f"there is no answer within {PATIENCE:.0f} s: is a firewall in between?"
    causes = []
    cause: BaseException | None = error
    while cause is not None:
        causes.append(cause)
        cause = cause.__cause__ or cause.__context__
    if any(isinstance(each, ssl.SSLError) for each in causes):
        return Found.TLS, f"the certificate of {host} is not one that this machine trusts, or it speaks no TLS there"
    if any("Name or service not known" in str(each) or "nodename" in str(each) for each in causes):
        return Found.NAME, f"the name {host} is not known on this machine"
    if isinstance(error, httpx.RemoteProtocolError):
        return Found.SOMEBODY, "what listens there does not speak HTTP"
    return Found.NOBODY, "nobody listens there: is `scrobbler run` running, and with this configuration?"


def _misled(status: int, leads_to: str | None) -> tuple[Found, str]:
    match status:
        case 401 | 429:
            return Found.SECRET, (
                "the agent there has another secret, or does not know this player: does it run with this configuration?"
            )
        case 421:
            return Found.HOST, "the agent is not called by this name: add it to server.hosts"
        case 301 | 302 | 303 | 307 | 308:
            where = urlsplit(leads_to or "")
            return Found.PROXY, (
                f"it leads elsewhere ({where.scheme}://{where.netloc}), where servers do not follow: enter that address"
            )
        case 403 | 404 | 405:
            return Found.PATH, (
                f"what answers there ({status}) is not the agent's webhook: a proxy must pass on its whole path, "
                "and server.public_url must have the path in front of it"
            )
        case 502 | 503 | 504:
            return Found.PROXY, f"a proxy answers ({status}), but the agent behind it does not: is it running?"
        case _:
            return Found.SOMEBODY, f"something else answers there ({status}), and not the agent"
