"""What goes wrong on purpose: rules that pick requests, and a table of what each kind of fault does to them."""

from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from fnmatch import fnmatchcase
from typing import Final

import msgspec
from msgspec import Struct

from scrobbler.sandbox.replies import TEXT, Reply, edge_block, edge_page

UPGRADE_URL: Final = "https://trakt.tv/vip"


class Dropped(Exception):  # noqa: N818 - an event on the wire, not an error
    """The connection ends without an answer. A test's transport turns it into a transport error."""


class FaultKind(Enum):
    """One for each way in which the service, or the way to it, was seen to fail."""

    STATUS = "status"
    DELAY = "delay"
    DROP_BEFORE = "drop_before"
    DROP_AFTER = "drop_after"
    CLOUDFLARE_403 = "cloudflare_403"
    CLOUDFLARE_1015 = "cloudflare_1015"
    BARE_429 = "bare_429"
    RFC8628 = "rfc8628"
    DELETED_APP = "deleted_app"
    LOCKED_ACCOUNT = "locked_account"
    DEACTIVATED = "deactivated"
    VIP_ONLY = "vip_only"
    ACCOUNT_LIMIT = "account_limit"
    REFRESH_401 = "refresh_401"
    OK_200 = "ok_200"
    MISSING_SHOW = "missing_show"
    PAUSE_GONE = "pause_gone"
    STOP_EDGE = "stop_edge"
    ANOTHER_ITEM = "another_item"


class Fault(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One rule. It fires ``times`` times (None: always) on requests of its method and path (``*`` matches any text)."""

    kind: FaultKind
    method: str | None = None
    path: str = "*"
    times: int | None = 1
    delay_s: float = 0.0
    """Seconds of real time before anything else happens; any kind may have it."""
    status: int | None = None
    """For STATUS (needed there) and PAUSE_GONE."""
    body: str | dict[str, object] | list[object] | None = None
    """For STATUS: text is sent as it is, anything else as JSON."""
    headers: dict[str, str] = {}

    def __post_init__(self) -> None:
        if self.kind is FaultKind.STATUS and self.status is None:
            raise ValueError("a fault of kind 'status' needs a status")
        if self.status is not None and not 200 <= self.status <= 599:
            raise ValueError("a fault's status is from 200 to 599")
        if self.times is not None and self.times < 1:
            raise ValueError("a fault's times is 1 or more, or null for always")
        if self.delay_s < 0 or (self.kind is FaultKind.DELAY and not self.delay_s):
            raise ValueError("a fault's delay_s is seconds above 0")


class Target(Struct, frozen=True, kw_only=True):
    """What a fault may look at; ``fields`` are the body's, where it is an object."""

    method: str
    path: str
    fields: Mapping[str, object]


class Drop(Enum):
    """When the connection ends."""

    BEFORE = "before"
    AFTER = "after"


class Effect(Struct, frozen=True, kw_only=True):
    """What a kind of fault does. ``answer`` stands in for the service, ``rewrite`` changes what it said."""

    where: Callable[[Target], bool] = lambda _: True
    answer: Callable[[Fault, Target], Reply] | None = None
    rewrite: Callable[[Reply], Reply] | None = None
    drop: Drop | None = None

    @property
    def final(self) -> bool:
        """Whether the service is never asked."""
        return self.answer is not None or self.drop is Drop.BEFORE


class Faults:
    """The rules in force, oldest first."""

    def __init__(self) -> None:
        self._rules: list[tuple[Fault, int | None]] = []

    def add(self, *faults: Fault) -> None:
        """Put rules in force."""
        self._rules += [(fault, fault.times) for fault in faults]

    def clear(self) -> None:
        """End all of them."""
        self._rules.clear()

    def listed(self) -> list[tuple[Fault, int | None]]:
        """Each with how often it will still fire (None: always)."""
        return list(self._rules)

    def fire(self, target: Target) -> Sequence[Fault]:
        """The faults of this request, each counted as used; nothing comes after one that ends the request."""
        fired: list[Fault] = []
        kept: list[tuple[Fault, int | None]] = []
        ended = False
        for fault, left in self._rules:
            if ended or not _matches(fault, target):
                kept.append((fault, left))
                continue
            fired.append(fault)
            ended = EFFECTS[fault.kind].final
            if left is None or left > 1:
                kept.append((fault, None if left is None else left - 1))
        self._rules = kept
        return fired


def _matches(fault: Fault, target: Target) -> bool:
    return (
        fault.method in {None, target.method}
        and fnmatchcase(target.path, fault.path)
        and EFFECTS[fault.kind].where(target)
    )


def _on_api(target: Target) -> bool:
    return not target.path.startswith("/oauth/")


def _on_refresh(target: Target) -> bool:
    return target.path == "/oauth/token" and target.fields.get("grant_type") == "refresh_token"


def _on_final_stop(target: Target) -> bool:
    progress = target.fields.get("progress")
    return target.path == "/scrobble/stop" and isinstance(progress, int | float) and progress >= 80


def _names_an_item(target: Target) -> bool:
    return target.method == "POST" and (target.path.startswith("/scrobble/") or target.path == "/sync/history")


def _always(status: int, body: object = None, **headers: str) -> Callable[[Fault, Target], Reply]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    reply = Reply(status=status, body=body, headers=named)
    return lambda _fault, _target: reply


def _as_told(fault: Fault, _target: Target) -> Reply:
    media = TEXT if isinstance(fault.body, str) else Reply().media
    return Reply(status=fault.status or 500, body=fault.body, headers=fault.headers, media=media)


def _pause_gone(fault: Fault, _target: Target) -> Reply:
    return Reply(status=fault.status or 404)


def _deleted_app(_fault: Fault, target: Target) -> Reply:
    if _on_api(target):
        return Reply(status=403)
    error = {"error": "invalid_client", "error_description": "The client is unknown."}
    return Reply(status=400, body=error)


def _ok(reply: Reply) -> Reply:
    return msgspec.structs.replace(reply, status=200) if reply.status == 201 else reply


def _without_show(reply: Reply) -> Reply:
    if not isinstance(reply.body, dict):
        return reply
    return msgspec.structs.replace(reply, body={k: v for k, v in reply.body.items() if k != "show"})


_RFC8628: Final = {400: "authorization_pending", 429: "slow_down", 418: "access_denied", 410: "expired_token"}


def _rfc8628(reply: Reply) -> Reply:
    error = _RFC8628.get(reply.status)
    return Reply(status=400, body={"error": error}) if error is not None and reply.body is None else reply


_INVALID_GRANT = {"error": "invalid_grant", "error_description": "The refresh token is invalid, expired or revoked."}

EFFECTS: Final[Mapping[FaultKind, Effect]] = {
    FaultKind.STATUS: Effect(answer=_as_told),
    FaultKind.DELAY: Effect(),
    FaultKind.DROP_BEFORE: Effect(drop=Drop.BEFORE),
    FaultKind.DROP_AFTER: Effect(drop=Drop.AFTER),
    FaultKind.CLOUDFLARE_403: Effect(answer=lambda _fault, _target: edge_block()),
    FaultKind.CLOUDFLARE_1015: Effect(
        answer=lambda _fault, _target: edge_page(429, "Access denied | Error 1015", "You are being rate limited")
    ),
    FaultKind.BARE_429: Effect(answer=_always(429)),
    FaultKind.RFC8628: Effect(where=lambda target: target.path == "/oauth/device/token", rewrite=_rfc8628),
    FaultKind.DELETED_APP: Effect(answer=_deleted_app),
    FaultKind.LOCKED_ACCOUNT: Effect(where=_on_api, answer=_always(423, X_Account_Locked="true")),
    FaultKind.DEACTIVATED: Effect(where=_on_api, answer=_always(410, X_Account_Deactivated="true")),
    FaultKind.VIP_ONLY: Effect(where=_on_api, answer=_always(426, X_Upgrade_URL=UPGRADE_URL)),
    FaultKind.ACCOUNT_LIMIT: Effect(
        where=_on_api,
        answer=_always(420, X_Upgrade_URL=UPGRADE_URL, X_VIP_User="false", X_Account_Limit="100000"),
    ),
    FaultKind.REFRESH_401: Effect(where=_on_refresh, answer=_always(401, _INVALID_GRANT)),
    FaultKind.OK_200: Effect(where=lambda target: target.method == "POST" and _on_api(target), rewrite=_ok),
    FaultKind.MISSING_SHOW: Effect(where=lambda target: target.path.startswith("/scrobble/"), rewrite=_without_show),
    FaultKind.PAUSE_GONE: Effect(where=lambda target: target.path == "/scrobble/pause", answer=_pause_gone),
    FaultKind.STOP_EDGE: Effect(where=_on_final_stop),
    FaultKind.ANOTHER_ITEM: Effect(where=_names_an_item),
}
"""STOP_EDGE and ANOTHER_ITEM change what is done, not a reply: ``scrobble.py`` and ``history.py`` ask for them."""
