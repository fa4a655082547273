"""What is changed afterwards: a play taken back, a watch entered by hand, one put in the place of another.

A play that is taken back stays in its table as undone, so that a second source's word of the same sitting does not make
it a watch again; its removal from Trakt's history is an entry of the outbox. A watch that is entered has a sitting
named after its item and its minute, so that it is one watch however often it is entered.

Each function works on a connection within a transaction of ``store``.
"""

import sqlite3
from datetime import UTC, datetime
from enum import Enum

import msgspec
from msgspec import Struct

from scrobbler.events import Media
from scrobbler.machine.scrobble import BY_HAND, Action, Scrobble
from scrobbler.state import outbox, plays
from scrobbler.state.entry import Entry, Removal
from scrobbler.state.plays import Play


class NotUndone(Enum):
    """Why a play was not taken back."""

    UNKNOWN = "unknown"
    ALREADY = "already"


class Wrong(Struct, frozen=True, kw_only=True):
    """A watch that Trakt made of something else that was said."""

    media: Media
    item: str
    """As delivery writes it."""
    history_id: int | None
    watched_at: datetime


class Entered(Struct, frozen=True, kw_only=True):
    """What stands for a watch that was entered: its entry, or what was there already."""

    stands: Entry | Play
    new: bool


class Replaced(Struct, frozen=True, kw_only=True):
    """The removal of the one, and the watch in its place."""

    removal: Entry
    entered: Entered


def by_hand(account: str, media: Media, at: datetime) -> Scrobble:
    """What is entered: this account watched this, up to then."""
    minute = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%MZ")
    return Scrobble(
        session=BY_HAND,
        sitting=f"{account}: {_key(media)} @ {minute}",
        account=account,
        action=Action.HISTORY,
        media=media,
        at=at,
    )


def undo(db: sqlite3.Connection, number: int, now: datetime) -> Entry | NotUndone:
    """Mark a play as undone, and have it removed."""
    play = plays.one(db, number)
    if play is None:
        return NotUndone.UNKNOWN
    if play.undone_at is not None:
        return NotUndone.ALREADY
    plays.undo(db, number, now)
    removal = _removal(play.account, f"play {number}", play.media, play.watched_at)
    removes = Removal(play=number, history_id=play.history_id)
    return outbox.add(db, removal, now, item=play.item, removes=removes)


def remove(db: sqlite3.Connection, said: Scrobble, wrong: Wrong, now: datetime) -> Entry:
    """Have a watch removed that was none: this was said, and Trakt took it for something else."""
    removal = _removal(said.account, said.sitting, wrong.media, wrong.watched_at)
    return outbox.add(db, removal, now, item=wrong.item, removes=Removal(play=None, history_id=wrong.history_id))


def enter(
    db: sqlite3.Connection, scrobble: Scrobble, now: datetime, item: str | None, *, follows: int | None = None
) -> Entered:
    """Have a watch added, unless it is there. One that was undone may be entered again, as a sitting of its own."""
    sitting, again = scrobble.sitting, 1
    while (stands := outbox.of_sitting(db, sitting) or plays.of_sitting(db, sitting)) is not None:
        if isinstance(stands, Entry) or stands.undone_at is None:
            return Entered(stands=stands, new=False)
        again += 1
        sitting = f"{scrobble.sitting} #{again}"
    wanted = msgspec.structs.replace(scrobble, sitting=sitting)
    return Entered(stands=outbox.add(db, wanted, now, item=item, follows=follows), new=True)


def replace(db: sqlite3.Connection, number: int, media: Media, now: datetime, item: str | None) -> Replaced | NotUndone:
    """Undo the one and enter the other, which began and ended when the one did."""
    removal = undo(db, number, now)
    if isinstance(removal, NotUndone):
        return removal
    play = plays.one(db, number)
    began_at = play.told.began_at if play is not None and play.told is not None else removal.scrobble.at
    watch = by_hand(removal.scrobble.account, media, removal.scrobble.at)
    watch = msgspec.structs.replace(watch, began_at=min(began_at, watch.at))
    return Replaced(removal=removal, entered=enter(db, watch, now, item, follows=removal.id))


def _removal(account: str, what: str, media: Media, at: datetime) -> Scrobble:
    return Scrobble(
        session=BY_HAND, sitting=f"remove {what}", account=account, action=Action.REMOVE, media=media, at=at
    )


def _key(media: Media) -> str:
    """The item in few words: by one of its own ids, Trakt's if it is known, else by its name."""
    one = next((f"{name} {value}" for name, value in media.ids.known().items()), None)
    return f"{media.kind.value if media.kind else 'item'} {one or media.label()}"
