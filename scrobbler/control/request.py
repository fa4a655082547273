"""What commands ask of the agent, what they are answered, and the doing of it: in the agent, or beside none."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Final

from msgspec import Meta, Struct

from scrobbler.state.decisions import Note, What
from scrobbler.state.outbox import Entry
from scrobbler.state.store import Store

MOST_IDS: Final = 1000
"""So many entries, at most, may one request be about."""
UNTIL_OFF: Final = datetime(9999, 1, 1, tzinfo=UTC)
"""Stands for incognito that ends only when it is switched off."""

Id = Annotated[int, Meta(ge=1, le=2**63 - 1)]
Ids = Annotated[tuple[Id, ...], Meta(max_length=MOST_IDS)]


class Retry(Struct, frozen=True, kw_only=True, tag="retry", forbid_unknown_fields=True):
    """These entries of the outbox are to be tried again."""

    ids: Ids


class Drop(Struct, frozen=True, kw_only=True, tag="drop", forbid_unknown_fields=True):
    """These entries of the outbox are to be forgotten."""

    ids: Ids


class Incognito(Struct, frozen=True, kw_only=True, tag="incognito", forbid_unknown_fields=True):
    """Until then what is watched is nobody's business."""

    account: str | None = None
    """None: all that there are."""
    until: Annotated[datetime, Meta(tz=True)] | None = None
    """None: what is watched is told again."""


Request = Retry | Drop | Incognito


class Handled(Struct, frozen=True, kw_only=True):
    """An entry with which was done what was asked for."""

    id: int
    account: str
    label: str


class Done(Struct, frozen=True, kw_only=True, tag="done"):
    """What was done with entries; ``left``: the ids of those that are being sent, or are gone."""

    entries: tuple[Handled, ...]
    left: tuple[int, ...]


class Hidden(Struct, frozen=True, kw_only=True, tag="hidden"):
    """The accounts that are incognito now, or are so no longer."""

    accounts: tuple[str, ...]


class Refused(Struct, frozen=True, kw_only=True, tag="refused"):
    """Nothing was done, and why, in one line for the user."""

    why: str


Answer = Done | Hidden | Refused


async def perform(request: Request, store: Store, accounts: Sequence[str], now: datetime) -> Answer:
    """Do it to the store, whose ``accounts`` these are. Raises ``StateError`` where the disk takes nothing."""
    if isinstance(request, Incognito):
        return await _hide(request, store, accounts, now)
    change = store.retry if isinstance(request, Retry) else store.drop
    entries = await asyncio.wrap_future(change(request.ids, now))
    found = tuple(map(_handled, entries))
    known = {one.id for one in found}
    return Done(entries=found, left=tuple(number for number in dict.fromkeys(request.ids) if number not in known))


async def _hide(request: Incognito, store: Store, accounts: Sequence[str], now: datetime) -> Answer:
    chosen = tuple(accounts) if request.account is None else (request.account,)
    if not set(chosen) <= set(accounts):
        return Refused(why=f"there is no account {request.account!r}: known are {', '.join(accounts)}")
    if request.until is not None and request.until <= now:
        return Refused(why="that instant is over already")
    words = f"incognito is {shown(request.until)}"
    notes = [Note(at=now, what=What.INCOGNITO, words=f"account {name}: {words}", account=name) for name in chosen]
    await asyncio.wrap_future(store.hide(chosen, request.until, notes))
    return Hidden(accounts=chosen)


def shown(until: datetime | None) -> str:
    """How incognito is, for people."""
    if until is None:
        return "off"
    return "on until it is switched off" if until >= UNTIL_OFF else f"on until {until.astimezone():%d %b %H:%M}"


def _handled(entry: Entry) -> Handled:
    return Handled(id=entry.id, account=entry.scrobble.account, label=entry.label())
