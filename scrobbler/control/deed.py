"""Doing what commands and pages ask for: to the store, in the agent, or beside none."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from scrobbler.control.people import MapUser, Switch, arrange
from scrobbler.control.request import (
    Agreed,
    Answer,
    Correct,
    Corrected,
    Done,
    Drop,
    Enter,
    Entering,
    Forget,
    Forgotten,
    Handled,
    Hidden,
    Incognito,
    Refused,
    Removing,
    Replace,
    Replaced,
    Request,
    Retry,
    Undo,
    Undone,
    shown,
)
from scrobbler.delivery.label import named, of_entry
from scrobbler.household import unknown
from scrobbler.state.amendments import Entered, NotUndone, by_hand
from scrobbler.state.decisions import Note, What
from scrobbler.state.entry import Entry
from scrobbler.state.store import Store

CLOCKS_DIFFER: Final = timedelta(minutes=1)
"""So far ahead may the clock of a command's words be."""


async def perform(request: Request, store: Store, accounts: Sequence[str], now: datetime) -> Answer:
    """Do it to the store, whose ``accounts`` these are. Raises ``StateError`` where the disk takes nothing."""
    return await _DEEDS[type(request)](request, store, accounts, now)


async def _retry(request: Retry, store: Store, _accounts: Sequence[str], now: datetime) -> Answer:
    entries = await store.changes.retry(request.ids, now)
    return _done(request.ids, entries)


async def _drop(request: Drop, store: Store, _accounts: Sequence[str], now: datetime) -> Answer:
    entries = await store.changes.drop(request.ids, now)
    return _done(request.ids, entries)


async def _arrange(request: Switch | MapUser, store: Store, accounts: Sequence[str], now: datetime) -> Answer:
    why = await arrange(request, store, accounts, now)
    return Agreed() if why is None else Refused(why=why)


async def _forget(request: Forget, store: Store, _accounts: Sequence[str], now: datetime) -> Answer:
    gone = tuple(one.id for one in await store.changes.uncorrect(request.ids, now))
    return Forgotten(ids=gone, left=_left(request.ids, gone))


async def _correct(request: Correct, store: Store, _accounts: Sequence[str], now: datetime) -> Answer:
    note = Note(at=now, what=What.CORRECTED, words=f"corrected by the user: {request.correction.label()}")
    kept, entries = await store.changes.correct(request.correction, request.ids, now, note)
    left = _left(request.ids, [one.id for one in entries])
    return Corrected(id=kept.id, entries=tuple(map(_handled, entries)), left=left)


async def _undo(request: Undo, store: Store, _accounts: Sequence[str], now: datetime) -> Answer:
    plays, left = [], []
    for number in dict.fromkeys(request.plays):
        removal = await store.changes.undo(number, now)
        if isinstance(removal, Entry):
            plays.append(_removing(number, removal))
        else:
            left.append(number)
    return Undone(plays=tuple(plays), left=tuple(left))


async def _enter(request: Enter, store: Store, accounts: Sequence[str], now: datetime) -> Answer:
    if request.account not in accounts:
        return Refused(why=unknown(request.account, accounts))
    if request.at > now + CLOCKS_DIFFER:
        return Refused(why="that instant is yet to come")
    watch = by_hand(request.account, request.media, request.at)
    return _entering(await store.changes.enter(watch, now, item=request.item))


async def _replace(request: Replace, store: Store, _accounts: Sequence[str], now: datetime) -> Answer:
    done = await store.changes.replace(request.play, request.media, now, item=request.item)
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
    label = named(removal.item, said.media)
    return Removing(play=play, entry=removal.id, account=said.account, label=label, watched_at=said.at)


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
    if request.account is not None and request.account not in accounts:
        return Refused(why=unknown(request.account, accounts))
    if request.until is not None and request.until <= now:
        return Refused(why="that instant is over already")
    words = f"incognito is {shown(request.until)}"
    notes = [Note(at=now, what=What.INCOGNITO, words=f"account {name}: {words}", account=name) for name in chosen]
    await store.hide(chosen, request.until, notes)
    return Hidden(accounts=chosen)


def _handled(entry: Entry) -> Handled:
    return Handled(id=entry.id, account=entry.scrobble.account, label=of_entry(entry))


def _done(ids: Sequence[int], entries: Sequence[Entry]) -> Done:
    return Done(entries=tuple(map(_handled, entries)), left=_left(ids, [entry.id for entry in entries]))


def _left(ids: Sequence[int], known: Sequence[int]) -> tuple[int, ...]:
    """Those with which nothing was done, each once."""
    return tuple(number for number in dict.fromkeys(ids) if number not in known)


_DEEDS: Final[Mapping[type, Callable[[Any, Store, Sequence[str], datetime], Awaitable[Answer]]]] = {
    Retry: _retry,
    Drop: _drop,
    Incognito: _hide,
    Correct: _correct,
    Forget: _forget,
    Undo: _undo,
    Enter: _enter,
    Replace: _replace,
    Switch: _arrange,
    MapUser: _arrange,
}
