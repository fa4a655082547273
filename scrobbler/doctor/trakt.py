"""Trakt: whether it can be reached, what its clock says, and whether it takes what each account sends."""

import os
import re
import socket
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import urlsplit

from scrobbler.doctor.finding import Case, Finding, ok, problem, warn
from scrobbler.errors import Closed, ConfigError, StateError, TraktError, Unauthorized, Unavailable
from scrobbler.settings import credentials
from scrobbler.trakt.app import App
from scrobbler.trakt.client import Trakt
from scrobbler.trakt.statuses import EDGE
from scrobbler.trakt.tokens import TokenFile

CLOCK_SECONDS: Final = 60.0
"""A clock may be wrong by so much: Trakt's own instants are that exact."""

_SEAT: Final = "a free Trakt account keeps one app connected, so another app may have taken its place"


def app_of(case: Case) -> App:
    """The app to ask with. Raises ``ConfigError`` where its sources are wrong."""
    found = credentials.find(case.configuration)
    return App(
        client_id=found.client_id if found else "",
        client_secret=found.client_secret if found else None,
        api_url=case.configuration.trakt.api_url.rstrip("/"),
        auth_url=case.configuration.trakt.auth_url.rstrip("/"),
    )


def reachable(case: Case) -> Iterator[Finding]:
    """The way to Trakt, step by step; its answer tells the time as well."""
    app = app_of(case)
    host = urlsplit(app.api_url).hostname or ""
    proxies = _proxies()
    if proxies:
        yield ok(f"requests go through a proxy ({', '.join(proxies)})")
    else:
        try:
            socket.getaddrinfo(host, None)
        except OSError as error:
            words = f"the name {host} cannot be looked up ({error.strerror or error}): is there a network?"
            yield problem(words, f"getent hosts {host}")
            return
    from scrobbler.trakt.transport import Transport  # noqa: PLC0415  # loads httpx

    with closing(Transport(app)) as transport:
        try:
            # A read that needs no sign-in; whatever the answer, it shows the way and the time.
            query: dict[str, str | int] = {"query": "heat", "extended": "full", "page": 1, "limit": 1}
            reply = transport.send("GET", f"{app.api_url}/search/movie", query=query, accept=range(200, 600))
        except TraktError as error:
            yield problem(str(error), _mend(str(error), host, proxies))
            return
    if reply.status == 403 and "text/html" in reply.headers.get("content-type", ""):
        yield problem(EDGE, "wait an hour, or ask from another network (a VPN is often blocked)")
        return
    if reply.status >= 500:
        yield warn(f"Trakt is ill just now (status {reply.status}): what is watched is kept and sent later", "wait")
    else:
        yield ok(f"{host} answers")
    yield from _clock(reply.headers.get("date"), datetime.now(UTC))


def _clock(said: str | None, now: datetime) -> Iterator[Finding]:
    try:
        theirs = parsedate_to_datetime(said or "").astimezone(UTC)
    except ValueError:
        return
    off = (now - theirs).total_seconds()
    if abs(off) > CLOCK_SECONDS:
        words = f"this machine's clock is {abs(off):.0f} s {'ahead of' if off > 0 else 'behind'} Trakt's"
        yield warn(f"{words}: watches get the wrong time", "sudo timedatectl set-ntp true")
    else:
        yield ok("the clock is right")


def _proxies() -> list[str]:
    """The proxies that the environment names, without what they ask for."""
    names = ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
    return list(dict.fromkeys(re.sub(r"//[^/@]*@", "//", os.environ[name]) for name in names if os.environ.get(name)))


def _mend(words: str, host: str, proxies: list[str]) -> str:
    if "CERTIFICATE" in words.upper():
        return "set the clock right, and install ca-certificates; a proxy that opens TLS needs SSL_CERT_FILE"
    return "look at the proxy: unset HTTPS_PROXY to go without" if proxies else f"curl -I https://{host}"


def application(case: Case) -> Iterator[Finding]:
    """In whose name we talk."""
    try:
        found = credentials.find(case.configuration)
    except ConfigError as error:
        yield problem(str(error), "scrobbler config check")
        return
    if found is None:
        yield warn(
            f"no Trakt app is named: it is asked for at the first sign-in, from {credentials.WHERE_FROM}",
            "scrobbler login",
        )
    else:
        yield ok("a Trakt app is named")


def accounts(case: Case) -> Iterator[Finding]:
    """Whether each account is signed in, and what Trakt says of it."""
    for name in case.configuration.accounts:
        yield from _account(case, name)


def _account(case: Case, name: str) -> Iterator[Finding]:
    file = TokenFile(case.configuration.state_dir, name)
    who = f"account {name}"
    try:
        tokens, refusal = file.read(), file.refusal()
    except StateError as error:
        yield problem(str(error), f"mv {file.path} {file.path}.damaged && {file.login}")
        return
    if tokens is None:
        yield problem(f"{who} is not signed in; what is watched meanwhile is kept", file.login)
        return
    if refusal is not None:
        yield problem(f"{who}: {refusal} ({_SEAT})", file.login)
        return
    try:
        with closing(Trakt(app_of(case), file)) as trakt:
            said = trakt.request("GET", "/users/settings").data
        kept = file.read() or tokens  # asking may have renewed them
        until = f"its token is good until {kept.expires_at.astimezone():%d %b %H:%M} and renewed before"
        yield ok(f"{who} is signed in as {_user(said)}; {until}")
    except TraktError as error:
        yield _refused(who, error, file.login)


def _refused(who: str, error: TraktError, login: str) -> Finding:
    """What it means that Trakt did not say whose the account is."""
    if isinstance(error, Unauthorized):
        return problem(f"{who}: {error} ({_SEAT})", login)
    if isinstance(error, Closed):
        return problem(f"{who}: {error}", "see https://trakt.tv/settings")
    if isinstance(error, Unavailable):
        return warn(f"{who} is signed in, but Trakt could not be asked: {error}", "try again later")
    return problem(f"{who}: {error}")


def _user(said: Any) -> str:
    user = said.get("user") if isinstance(said, dict) else None
    return f"{user.get('username', '?')} ({'VIP' if user.get('vip') else 'free'})" if isinstance(user, dict) else "?"
