"""What commands ask about people: whose a player is for a while, and for whom a server's user counts."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from scrobbler.household import LONGEST, Switched, shortened, unknown
from scrobbler.state.decisions import Note, What
from scrobbler.state.people import Mapped
from scrobbler.state.promise import Promise
from scrobbler.state.store import Store

Name = Annotated[str, Meta(min_length=1, max_length=LONGEST)]


class Switch(Struct, frozen=True, kw_only=True, tag="switch", forbid_unknown_fields=True):
    """What these players play, or one device of them, counts for an account."""

    players: Annotated[tuple[Name, ...], Meta(min_length=1, max_length=1000)]
    account: str | None = None
    """None: for whom it counted before."""
    device: Name | None = None
    """None: all that names no user; and to switch back, all that was switched."""
    until: Annotated[datetime, Meta(tz=True)] | None = None
    """None: until it is switched back."""


class MapUser(Struct, frozen=True, kw_only=True, tag="map", forbid_unknown_fields=True):
    """A server's user, by name or id, counts for an account."""

    player: Name
    user: Name
    account: str | None = None
    """None: for nobody any more."""


async def arrange(request: Switch | MapUser, store: Store, accounts: Sequence[str], now: datetime) -> str | None:
    """Do it to the store, and say why it cannot be done. Raises ``StateError`` where the disk takes nothing."""
    if request.account is not None and request.account not in accounts:
        return unknown(request.account, accounts)
    if isinstance(request, MapUser):
        return await _map(request, store, now)
    if request.until is not None and request.until <= now:
        return "that instant is over already"
    await _switch(request, request.account, store, now)
    return None


def _switch(request: Switch, account: str | None, store: Store, now: datetime) -> Promise[None]:
    places = [player if request.device is None else f"{player}/{request.device}" for player in request.players]
    notes = [_note(now, f"{place} {_turned(account, request.until)}", account) for place in places]
    if account is None:
        return store.switch_back(request.players, request.device, notes)
    wanted = [
        Switched(player=player, device=request.device or "", account=account, until=request.until)
        for player in request.players
    ]
    return store.switch(wanted, notes)


def _turned(account: str | None, until: datetime | None) -> str:
    if account is None:
        return "counts for whom it counted before"
    return f"counts for {account}" + ("" if until is None else f" until {until.astimezone():%d %b %H:%M}")


async def _map(request: MapUser, store: Store, now: datetime) -> str | None:
    player, user = request.player, shortened(request.user)
    whose = f"{player}: user {user!r} counts for {request.account or 'nobody any more'}"
    note = _note(now, whose, request.account)
    if request.account is not None:
        await store.map_user(Mapped(player=player, user=user, account=request.account), [note])
        return None
    was = await store.unmap_user(player, user, [note])
    return None if was else f"no command ever said for whom the user {user!r} of {player} counts"


def _note(at: datetime, words: str, account: str | None) -> Note:
    return Note(at=at, what=What.HANDED, words=words, account=account)
