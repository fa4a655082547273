"""What commands ask of the agent, what they are answered, and the doing of it: in the agent, or beside none."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

from msgspec import Meta, Struct

from scrobbler.control.people import MapUser, Switch, arrange
from scrobbler.events import Media
from scrobbler.state.amendments import Entered, NotUndone, by_hand
from scrobbler.state.corrections import Correction
from scrobbler.state.decisions import Note, What
from scrobbler.state.outbox import Entry
from scrobbler.state.store import Store

MOST_IDS: Final = 1000
"""So many entries, at most, may one request be about."""
CLOCKS_DIFFER: Final = timedelta(minutes=1)
"""So far ahead may the clock of a command's words be."""
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


class Correct(Struct, frozen=True, kw_only=True, tag="correct", forbid_unknown_fields=True):
    """This is what something really is, from now on; these entries of the outbox are to be tried again with it."""

    correction: Correction
    ids: Ids = ()


class Forget(Struct, frozen=True, kw_only=True, tag="forget", forbid_unknown_fields=True):
    """These corrections are to hold no longer."""

    ids: Ids


class Undo(Struct, frozen=True, kw_only=True, tag="undo", forbid_unknown_fields=True):
    """These plays are to be taken out of Trakt's history again."""

    plays: Ids


class Enter(Struct, frozen=True, kw_only=True, tag="enter", forbid_unknown_fields=True):
    """This account watched this, up to then."""

    account: str
    media: Media
    at: Annotated[datetime, Meta(tz=True)]
    item: str | None = None
    """Trakt's, as delivery writes it, where it is known."""


class Replace(Struct, frozen=True, kw_only=True, tag="replace", forbid_unknown_fields=True):
    """This play was of something else: it is to be removed, and the other to be added with its time."""

    play: Id
    media: Media
    item: str | None = None
    """As in ``Enter``."""


Request = Retry | Drop | Incognito | Correct | Forget | Undo | Enter | Replace | Switch | MapUser


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


class Corrected(Struct, frozen=True, kw_only=True, tag="corrected"):
    """A correction is remembered under an id; ``entries`` are tried again, ``left`` are being sent, or gone."""

    id: int
    entries: tuple[Handled, ...]
    left: tuple[int, ...]


class Forgotten(Struct, frozen=True, kw_only=True, tag="forgotten"):
    """The ids of the corrections that hold no longer; ``left``: there were none of these."""

    ids: tuple[int, ...]
    left: tuple[int, ...]


class Removing(Struct, frozen=True, kw_only=True):
    """A play that is undone, and the entry that removes it at Trakt."""

    play: int
    entry: int
    account: str
    label: str
    watched_at: datetime


class Undone(Struct, frozen=True, kw_only=True, tag="undone"):
    """The plays that are undone; ``left``: there are none of these, or they were undone already."""

    plays: tuple[Removing, ...]
    left: tuple[int, ...]


class Entering(Struct, frozen=True, kw_only=True, tag="entered"):
    """What stands for a watch that was entered: the entry that adds it, or the play that it is already."""

    account: str
    label: str
    watched_at: datetime
    entry: int | None
    play: int | None
    new: bool
    """False where it had been entered before: then nothing was done."""


class Replaced(Struct, frozen=True, kw_only=True, tag="replaced"):
    """The play that is undone, and what stands in its place."""

    removed: Removing
    added: Entering


class Agreed(Struct, frozen=True, kw_only=True, tag="agreed"):
    """It holds from now on."""


class Refused(Struct, frozen=True, kw_only=True, tag="refused"):
    """Nothing was done, and why, in one line for the user."""

    why: str


Answer = Done | Hidden | Corrected | Forgotten | Undone | Entering | Replaced | Agreed | Refused


async def perform(request: Request, store: Store, accounts: Sequence[str], now: datetime) -> Answer:
    """Do it to the store, whose ``accounts`` these are. Raises ``StateError`` where the disk takes nothing."""
    if isinstance(request, Incognito):
        return await _hide(request, store, accounts, now)
    if isinstance(request, Switch | MapUser):
        why = await arrange(request, store, accounts, now)
        return Agreed() if why is None else Refused(why=why)
    if isinstance(request, Correct):
        return await _correct(request, store, now)
    if isinstance(request, Forget):
        gone = tuple(one.id for one in await asyncio.wrap_future(store.uncorrect(request.ids, now)))
        return Forgotten(ids=gone, left=tuple(number for number in dict.fromkeys(request.ids) if number not in gone))
    if isinstance(request, Undo | Enter | Replace):
        return await _amend(request, store, accounts, now)
    change = store.retry if isinstance(request, Retry) else store.drop
    entries = await asyncio.wrap_future(change(request.ids, now))
    found = tuple(map(_handled, entries))
    known = {one.id for one in found}
    return Done(entries=found, left=tuple(number for number in dict.fromkeys(request.ids) if number not in known))


async def _correct(request: Correct, store: Store, now: datetime) -> Answer:
    note = Note(at=now, what=What.CORRECTED, words=f"corrected by the user: {request.correction.label()}")
    kept, entries = await asyncio.wrap_future(store.correct(request.correction, request.ids, now, note))
    known = {one.id for one in entries}
    left = tuple(number for number in dict.fromkeys(request.ids) if number not in known)
    return Corrected(id=kept.id, entries=tuple(map(_handled, entries)), left=left)


async def _amend(request: Undo | Enter | Replace, store: Store, accounts: Sequence[str], now: datetime) -> Answer:
    if isinstance(request, Undo):
        return await _undo(request, store, now)
    return await (
        _enter(request, store, accounts, now) if isinstance(request, Enter) else _replace(request, store, now)
    )


async def _undo(request: Undo, store: Store, now: datetime) -> Answer:
    plays, left = [], []
    for number in dict.fromkeys(request.plays):
        removal = await asyncio.wrap_future(store.undo(number, now))
        if isinstance(removal, Entry):
            plays.append(_removing(number, removal))
        else:
            left.append(number)
    return Undone(plays=tuple(plays), left=tuple(left))


async def _enter(request: Enter, store: Store, accounts: Sequence[str], now: datetime) -> Answer:
    if request.account not in accounts:
        return Refused(why=f"there is no account {request.account!r}: known are {', '.join(accounts)}")
    if request.at > now + CLOCKS_DIFFER:
        return Refused(why="that instant is yet to come")
    watch = by_hand(request.account, request.media, request.at)
    return _entering(await asyncio.wrap_future(store.enter(watch, now, item=request.item)))


async def _replace(request: Replace, store: Store, now: datetime) -> Answer:
    done = await asyncio.wrap_future(store.replace(request.play, request.media, now, item=request.item))
    if isinstance(done, NotUndone):
        known = "was undone already" if done is NotUndone.ALREADY else "is not known"
        return Refused(why=f"play {request.play} {known}: `scrobbler undo --list` shows those that there are")
    return Replaced(removed=_removing(request.play, done.removal), added=_entering(done.entered))


def touched(answer: Answer) -> set[str]:
    """The accounts that may have something to send because of what was done."""
    if isinstance(answer, Done | Corrected):
        return {entry.account for entry in answer.entries}
    if isinstance(answer, Undone):
        return {play.account for play in answer.plays}
    if isinstance(answer, Entering):
        return {answer.account}
    return {answer.removed.account} if isinstance(answer, Replaced) else set()


def _removing(play: int, removal: Entry) -> Removing:
    said = removal.scrobble
    return Removing(play=play, entry=removal.id, account=said.account, label=said.media.label(), watched_at=said.at)


def _entering(entered: Entered) -> Entering:
    stands = entered.stands
    if isinstance(stands, Entry):
        said = stands.scrobble
        account, media, at, entry, play = said.account, said.media, said.at, stands.id, None
    else:
        account, media, at, entry, play = stands.account, stands.media, stands.watched_at, None, stands.id
    return Entering(account=account, label=media.label(), watched_at=at, entry=entry, play=play, new=entered.new)


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
