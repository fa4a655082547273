"""Whose a playback is: from a server's user, or a shared device, to an account of ours.

It fails closed. As soon as an event names a user, it counts only for whom that user is mapped to; a user who is mapped
to nobody is a *stranger*, and counts for nobody. Each answer is one of the sum type ``Whose``.

In this order, the first that says something: what the user said of the device (``switch``), the user's id, the user's
name, everybody else (``*``), and for an event that names no user what was said of the player, then its account.
"""

import unicodedata
from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import Enum
from shlex import quote
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from scrobbler.events import PlayerEvent

EVERYBODY: Final = "*"
"""Stands in ``users`` for all who are not named there."""
LONGEST: Final = 100
"""Signs of a name that are kept and shown."""


class Origin(Enum):
    """Where it stands that a user counts for an account."""

    CONFIG = "config"
    COMMAND = "command"


class Member(Struct, frozen=True, kw_only=True):
    """It counts for this account. ``own_seat``: by the user's id, because another user may have the same name."""

    account: str
    own_seat: bool = False


class Stranger(Struct, frozen=True, kw_only=True):
    """The server named a user who counts for nobody."""

    user: str
    """As the server writes it, shortened."""
    user_id: str | None = None


class Nobody(Struct, frozen=True, kw_only=True):
    """The event names no user, and users are what decides."""


Whose = Member | Stranger | Nobody


class Switched(Struct, frozen=True, kw_only=True):
    """What the user said of a player, or of one device of a server, until he says otherwise."""

    player: str
    account: str
    device: str = ""
    """A device's id or its name on the screen; empty: whatever names no user."""
    until: datetime | None = None
    """None: until it is taken back."""

    def holds(self, at: datetime) -> bool:
        """Whether it is not over."""
        return self.until is None or at < self.until


class Household(Struct, frozen=True, kw_only=True):
    """One player's people."""

    account: str
    """Whose is what names no user, where there is no ``users``."""
    users: Mapping[str, str] | None = None
    """``users`` of the configuration, as written there; None where it is not."""
    added: Mapping[str, str] = {}
    """What commands added, as written there. The configuration stands above it."""

    def whose(self, event: PlayerEvent, switched: Switched | None = None) -> Whose:
        """Whose the event is. ``switched`` is what was said of where it happens, if anything."""
        if switched is not None:
            return Member(account=switched.account)
        if event.user is None and event.user_id is None:
            return Member(account=self.account) if self.users is None else Nobody()
        return self.of(event.user, event.user_id)

    def of(self, user: str | None, user_id: str | None) -> Member | Stranger:
        """For whom a user counts, by what the server says of him."""
        for users in (self.users or {}, self.added):
            by_id = {identified(key): account for key, account in users.items()}
            by_name = {folded(key): account for key, account in users.items() if key != EVERYBODY}
            if user_id is not None and (account := by_id.get(identified(user_id))) is not None:
                return Member(account=account, own_seat=True)
            if user is not None and (account := by_name.get(folded(user))) is not None:
                return Member(account=account)
        for users in (self.users or {}, self.added):
            if EVERYBODY in users:
                return Member(account=users[EVERYBODY])
        return Stranger(user=shortened(user or user_id or ""), user_id=user_id and shortened(user_id))

    def origin(self, user: str) -> Origin | None:
        """Where it stands for whom such a user counts; None where it stands nowhere."""
        if any(folded(user) == folded(key) for key in self.users or {}):
            return Origin.CONFIG
        return Origin.COMMAND if any(folded(user) == folded(key) for key in self.added) else None


def concerns(one: Switched, event: PlayerEvent) -> bool:
    """Whether what was said of a player or a device is about this event."""
    if one.player != event.session.source:
        return False
    return is_device(one.device, event) if one.device else event.user is None and event.user_id is None


def is_device(name: str, event: PlayerEvent) -> bool:
    """Whether the event happens on the device of this id or name."""
    told = (event.session.player, event.device or "")
    return bool(folded(name)) and folded(name) in {folded(one) for one in told if one}


def in_own_seat(event: PlayerEvent) -> PlayerEvent:
    """The event of a user who goes by his id: his playbacks are apart from those of another one of his name."""
    number, key = identified(event.user_id or ""), event.session
    if number in key.id.split("/"):
        return event
    return replace(event, session=replace(key, id="/".join(part for part in (key.id, number) if part)))


def folded(name: str) -> str:
    """A name without what people do not see in it: case, spaces around it and doubled, and forms of one sign."""
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return " ".join(plain.split())


def identified(number: str) -> str:
    """A user's id without what servers write now so, now otherwise: case, and dashes."""
    return folded(number).replace("-", "")


def shortened(name: str) -> str:
    """A name that a stranger sent, as something that can be kept: one line, and not too long."""
    return " ".join(name.split())[:LONGEST]


def unknown(account: str, known: Iterable[str]) -> str:
    """The words for an account that is not there, with the command that makes it one."""
    add = f"`scrobbler accounts add {quote(account)}` adds it"
    return f"there is no account {account!r}: known are {', '.join(known)}; {add}"
