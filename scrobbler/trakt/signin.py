"""How an account lets us in, and how we stay in: device codes, renewal and revocation of tokens (OAuth 2.0).

A device code is answered by status alone; the error words of RFC 8628 are understood too where a reply has them.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode, urlsplit

from msgspec import Struct

from scrobbler.errors import Closed, Rejected, Unauthorized, Unavailable, Uncertain
from scrobbler.events import Seconds
from scrobbler.trakt.app import App
from scrobbler.trakt.statuses import Reply, fault, retry_after
from scrobbler.trakt.tokens import USABLE, Tokens
from scrobbler.trakt.wire import read_number, read_table, read_text

if TYPE_CHECKING:
    from scrobbler.trakt.transport import Transport  # loads httpx, which a caller has done by then

NO_REDIRECT: Final = "urn:ietf:wg:oauth:2.0:oob"
"""What an app without a web page gives as the address to come back to."""

SLOWER: Final = 5.0
"""Seconds by which we poll slower once Trakt says that we are too quick (RFC 8628, 3.5)."""

BAD_APP: Final = frozenset({"invalid_client", "unauthorized_client", "unsupported_grant_type", "invalid_request"})
"""Error words that mean the app, whatever the user does."""


class DeviceCode(Struct, frozen=True, kw_only=True):
    """What the user types in or scans, and what we ask with meanwhile."""

    user_code: str
    verification_url: str
    device_code: str
    expires_at: datetime
    interval: Seconds

    def __repr__(self) -> str:
        return f"DeviceCode(user_code={self.user_code!r}, expires_at={self.expires_at})"

    @property
    def activation_url(self) -> str:
        """The page with the code filled in, for a QR code or a click."""
        return f"{self.verification_url.rstrip('/')}/{self.user_code}"


class Answer(Enum):
    """What Trakt says when it is asked whether the user has agreed."""

    PENDING = "pending"
    SLOW_DOWN = "slow down"
    UNREACHABLE = "unreachable"
    """No answer this time; the code is still good."""
    SIGNED_IN = "signed in"
    DENIED = "denied"
    EXPIRED = "expired"
    USED = "used"
    UNKNOWN = "unknown"

    @property
    def final(self) -> bool:
        """Whether asking again with the same code cannot change it."""
        return self not in {Answer.PENDING, Answer.SLOW_DOWN, Answer.UNREACHABLE}


class Poll(Struct, frozen=True, kw_only=True):
    """One answer; the tokens come with ``SIGNED_IN``, and ``retry_after`` (seconds) with ``SLOW_DOWN`` if at all."""

    answer: Answer
    tokens: Tokens | None = None
    retry_after: float | None = None


_BY_STATUS: Final[Mapping[int, Answer]] = {
    400: Answer.PENDING,
    404: Answer.UNKNOWN,
    409: Answer.USED,
    410: Answer.EXPIRED,
    418: Answer.DENIED,
    429: Answer.SLOW_DOWN,
}
_BY_WORD: Final[Mapping[str | None, Answer]] = {
    "authorization_pending": Answer.PENDING,
    "slow_down": Answer.SLOW_DOWN,
    "access_denied": Answer.DENIED,
    "expired_token": Answer.EXPIRED,
    "invalid_grant": Answer.UNKNOWN,
}
_MAY_HAVE_A_WORD: Final = frozenset({400, 401, 403})


def start(transport: "Transport", app: App, *, now: datetime) -> DeviceCode:
    """A new code. Raises ``Closed`` where Trakt does not know the app."""
    reply = transport.send(
        "POST", f"{app.auth_url}/oauth/device/code", body={"client_id": app.client_id}, accept=_MAY_HAVE_A_WORD
    )
    if not reply.ok:
        raise _app_fault(reply) or fault(reply, write=True, now=now)
    data = read_table(reply.data)
    user_code, url, device_code = (
        read_text(data, "user_code"),
        read_text(data, "verification_url"),
        read_text(data, "device_code"),
    )
    if user_code is None or url is None or device_code is None:
        raise Unavailable("Trakt gave no code to sign in with")
    return DeviceCode(
        user_code=user_code,
        verification_url=url,
        device_code=device_code,
        expires_at=now + timedelta(seconds=read_number(data, "expires_in") or 600),
        interval=Seconds(read_number(data, "interval") or 5.0),
    )


def poll(transport: "Transport", app: App, code: DeviceCode, *, now: datetime) -> Poll:
    """Asks once. Raises ``Closed`` for the app, ``Unavailable`` or ``Uncertain`` where there was no answer."""
    reply = transport.send(
        "POST",
        f"{app.auth_url}/oauth/device/token",
        body={"code": code.device_code} | app.credentials(),
        accept=_BY_STATUS.keys() | _MAY_HAVE_A_WORD,
    )
    if reply.ok:
        return Poll(answer=Answer.SIGNED_IN, tokens=_tokens(reply, now))
    answer = _BY_STATUS.get(reply.status)
    if reply.status in _MAY_HAVE_A_WORD:
        if closed := _app_fault(reply):
            raise closed
        answer = _BY_WORD.get(reply.field("error"), answer)
    if answer is None:
        raise fault(reply, write=True, now=now)
    return Poll(answer=answer, retry_after=retry_after(reply, now))


def wait(
    transport: "Transport",
    app: App,
    code: DeviceCode,
    *,
    sleep: Callable[[float], object],
    clock: Callable[[], datetime],
) -> Iterator[Poll]:
    """Asks until there is a final answer, and yields each on the way; ``sleep`` takes seconds.

    The code's end is kept by our own clock, in case Trakt never says that it is over.
    """
    interval: float = code.interval
    while clock() < code.expires_at:
        sleep(interval)
        try:
            answer = poll(transport, app, code, now=clock())
        except (Unavailable, Uncertain) as error:
            pause = error.retry_after if isinstance(error, Unavailable) else None
            answer = Poll(answer=Answer.UNREACHABLE, retry_after=pause)
        yield answer
        if answer.answer.final:
            return
        if answer.answer is Answer.SLOW_DOWN:
            interval += SLOWER
        interval = max(interval, answer.retry_after or 0.0)
    yield Poll(answer=Answer.EXPIRED)


def refresh(transport: "Transport", app: App, tokens: Tokens, *, now: datetime) -> Tokens:
    """New tokens for old ones, whose refresh token is spent thereby.

    Raises ``Unauthorized`` where Trakt does not take the refresh token, ``Closed`` where it does not know the app or
    where nobody renews tokens at that address, and ``Unavailable`` or ``Uncertain`` where the old tokens must be kept
    and tried again.
    """
    body = {"refresh_token": tokens.refresh_token, "redirect_uri": NO_REDIRECT, "grant_type": "refresh_token"}
    try:
        reply = transport.send("POST", f"{app.auth_url}/oauth/token", body=body | app.credentials(), accept={400, 401})
    except Rejected as error:  # about the renewal; what was asked for must not be given up because of it
        raise Closed(f"{app.auth_url} does not renew sign-ins (status {error.status}): check trakt.auth_url") from error
    if reply.ok:
        return _tokens(reply, now)
    word = reply.field("error")
    if word in BAD_APP - {"invalid_request"}:  # which was seen for the form of a very old token
        raise _bad_app(word)
    why = "it was ended there, or the answer to an earlier renewal was lost"
    if word != "invalid_grant":
        why = f"no reason given; sign-ins from before they moved to {urlsplit(app.auth_url).netloc} end so"
    raise Unauthorized(f"Trakt does not renew the sign-in any more ({why})")


def authorize_url(app: App, state: str) -> str:
    """The page on which the user agrees, and which then shows a code to carry over by hand."""
    query = {"response_type": "code", "client_id": app.client_id, "redirect_uri": NO_REDIRECT, "state": state}
    return f"{app.auth_url}/oauth/authorize?{urlencode(query)}"


def exchange(transport: "Transport", app: App, code: str, *, now: datetime) -> Tokens:
    """Tokens for such a code. Raises ``Unauthorized`` where Trakt does not take it, and else as ``start`` does."""
    body = {"code": code, "redirect_uri": NO_REDIRECT, "grant_type": "authorization_code"} | app.credentials()
    reply = transport.send("POST", f"{app.auth_url}/oauth/token", body=body, accept={400, 401})
    if reply.ok:
        return _tokens(reply, now)
    raise _app_fault(reply) or Unauthorized("Trakt does not take the code: it works once, and not for long")


def revoke(transport: "Transport", app: App, tokens: Tokens) -> None:
    """Takes the app's access away. The tokens are useless afterwards.

    Raises ``Closed`` where Trakt does not know the app, ``Unavailable`` or ``Uncertain`` where there was no answer.
    """
    body = {"token": tokens.access_token} | app.credentials()
    reply = transport.send("POST", f"{app.auth_url}/oauth/revoke", body=body, accept={400, 401})
    if not reply.ok:
        raise _bad_app(reply.field("error") or f"status {reply.status}")


def _tokens(reply: Reply, now: datetime) -> Tokens:
    data = read_table(reply.data)
    access, renewal = read_text(data, "access_token"), read_text(data, "refresh_token")
    life = read_number(data, "expires_in")
    if access is None or renewal is None or life is None or not re.match(USABLE, access + renewal):
        raise Uncertain("Trakt's answer holds no tokens")
    created = read_number(data, "created_at")
    created_at = now if created is None else datetime.fromtimestamp(created, UTC)
    return Tokens(
        access_token=access,
        refresh_token=renewal,
        created_at=created_at,
        expires_at=created_at + timedelta(seconds=life),
        scope=read_text(data, "scope") or "public",
    )


def _app_fault(reply: Reply) -> Closed | None:
    """The error, if a device code was refused because of the app; a bare 401 cannot mean the user, who is none yet."""
    word = reply.field("error")
    if word in BAD_APP or (reply.status == 401 and word not in _BY_WORD):
        return _bad_app(word or "status 401")
    return None


def _bad_app(word: str) -> Closed:
    advice = "check client_id and client_secret, or register the app again"
    return Closed(f"Trakt does not accept this app ({word}): {advice}")
