"""What each refusal of Trakt means for us, in words that the user can act on."""

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

from msgspec import Struct

from scrobbler.errors import Closed, Rejected, TraktError, Unauthorized, Unavailable, Uncertain

LONGEST_WAIT: Final = 3600.0
"""Seconds. Trakt may ask for more; then we ask again after this."""

AFTER_429: Final = 5.0
"""Seconds to wait where Trakt asks us to slow down and does not say how long."""

TABLE: Final[Mapping[int, tuple[type[TraktError], str]]] = {
    400: (Rejected, "Trakt could not read the request"),
    401: (Unauthorized, "Trakt does not accept the sign-in any more"),
    403: (Closed, "Trakt does not know this app, or has deleted it: check client_id, or register the app again"),
    404: (Rejected, "Trakt does not know this item"),
    405: (Rejected, "Trakt does not take this kind of request"),
    409: (Rejected, "Trakt has this already"),
    410: (Closed, "The Trakt account is deactivated: sign in at trakt.tv to see why"),
    412: (Rejected, "Trakt does not take this form of request"),
    418: (Rejected, "The sign-in was denied"),
    420: (Closed, "The Trakt account is at its limit: see trakt.tv/vip"),
    422: (Rejected, "Trakt refused the request"),
    423: (Closed, "The Trakt account is locked: write to support@trakt.tv"),
    426: (Closed, "Trakt offers this to VIP members only: see trakt.tv/vip"),
    429: (Unavailable, "Trakt asks us to slow down"),
    500: (Uncertain, "Trakt failed inside"),
    502: (Uncertain, "Trakt is overloaded"),
    503: (Unavailable, "Trakt is overloaded"),
    504: (Uncertain, "Trakt did not answer in time"),
    520: (Uncertain, "Trakt gave its edge no proper answer"),
    522: (Uncertain, "Trakt did not answer its edge in time"),
    524: (Uncertain, "Trakt did not answer its edge in time"),
}
"""By status. ``Uncertain`` holds for writes, which may have been done; a read is just ``Unavailable`` then."""

EDGE: Final = "Trakt's edge (Cloudflare) blocks this address for now"

_MESSAGE_LENGTH: Final = 200


class Reply(Struct, frozen=True, kw_only=True):
    """What came back. Header names are lower-case; ``data`` is the decoded JSON, None where the body is none."""

    status: int
    headers: Mapping[str, str]
    data: Any = None

    def __repr__(self) -> str:
        return f"Reply(status={self.status})"  # a body may hold tokens

    @property
    def ok(self) -> bool:
        """Whether Trakt did as asked; it is not always exact about 200 and 201."""
        return 200 <= self.status < 300

    def field(self, name: str) -> str | None:
        """A text at the top of the JSON body, if there is one."""
        value = self.data.get(name) if isinstance(self.data, dict) else None
        return value if isinstance(value, str) else None


def fault(reply: Reply, *, write: bool, now: datetime) -> TraktError:
    """The error that a reply stands for; ``write`` says whether the request could have changed something."""
    kind, words = _row(reply)
    message = _message(reply)
    text = f"{words} (status {reply.status}{': ' + message if message else ''})"
    if kind is Rejected:
        return Rejected(text, status=reply.status)
    if kind is Unavailable or (kind is Uncertain and not write):
        wait = retry_after(reply, now)
        return Unavailable(text, retry_after=AFTER_429 if wait is None and reply.status == 429 else wait)
    return kind(text)


def retry_after(reply: Reply, now: datetime) -> float | None:
    """How many seconds Trakt asks us to wait: a number or a date, capped; None where it does not say."""
    said = reply.headers.get("retry-after", "")
    try:
        wait = float(said)
    except ValueError:
        try:
            until = parsedate_to_datetime(said)
        except ValueError:
            return None
        wait = (until.replace(tzinfo=until.tzinfo or UTC) - now).total_seconds()
    return min(max(wait, 0.0), LONGEST_WAIT) if not math.isnan(wait) else None


def _row(reply: Reply) -> tuple[type[TraktError], str]:
    if reply.status == 403 and "text/html" in reply.headers.get("content-type", ""):
        return Unavailable, EDGE  # a bad app is told so without a web page
    if reply.status == 410 and "x-account-deactivated" not in reply.headers:
        return Rejected, "Trakt has this no more"
    if row := TABLE.get(reply.status):
        return row
    if reply.status >= 500:
        return Unavailable, "Trakt cannot be reached behind its edge"
    if 300 <= reply.status < 400:
        return Rejected, "Trakt moved: its address must begin with https://"
    return Rejected, "Trakt refused the request"


def _message(reply: Reply) -> str | None:
    """The short text that Trakt explains itself with. No other part of a body is ever shown."""
    message = reply.field("message")
    return re.sub(r"\s+", " ", message)[:_MESSAGE_LENGTH].strip() if message else None
