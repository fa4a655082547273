"""The plays: watches that Trakt has, remembered so that none is told or taken for another one twice.

Each function works on a connection within a transaction of ``store``.
"""

import sqlite3
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, Final

import msgspec
from msgspec import Struct

from scrobbler.events import Media
from scrobbler.machine.scrobble import Scrobble
from scrobbler.state.database import text

TABLE: Final = """
    CREATE TABLE plays (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        account TEXT NOT NULL,
        sitting TEXT NOT NULL UNIQUE,
        media TEXT NOT NULL,
        watched_at TEXT NOT NULL,
        delivered_at TEXT NOT NULL,
        history_id INTEGER,
        how TEXT NOT NULL
    ) STRICT;
    CREATE INDEX plays_by_history ON plays (account, history_id);
"""
"""As version 1 made it; it is in users' hands and is never changed."""

UPGRADE: Final = """
    ALTER TABLE plays ADD COLUMN told TEXT;
    ALTER TABLE plays ADD COLUMN item TEXT;
    ALTER TABLE plays ADD COLUMN began_at TEXT;
    ALTER TABLE plays ADD COLUMN ended_at TEXT;
    CREATE INDEX plays_by_time ON plays (account, ended_at);
"""

UNDOING: Final = """
    ALTER TABLE plays ADD COLUMN undone_at TEXT;
"""
"""Of version 3."""

NEAR: Final = timedelta(minutes=10)
"""Sittings further apart are never of one playback."""


class How(Enum):
    """In which way a watch got into the history."""

    SCROBBLED = "scrobbled"
    HISTORY = "added to the history"
    FOUND = "was in the history already"


class Play(Struct, frozen=True, kw_only=True):
    """A watch that Trakt has."""

    account: str
    sitting: str
    media: Media
    watched_at: datetime
    delivered_at: datetime
    history_id: int | None
    how: How
    told: Scrobble | None = None
    """What it came of. This and ``item`` are not known of plays from before version 2 of the state file."""
    item: str | None = None
    """The item of Trakt, as delivery wrote it; nothing in here reads it."""
    undone_at: datetime | None = None
    """When the user took it back. It is remembered, so that nobody else's word of it makes it a watch again."""
    id: int = 0
    """Which one it is, to the user and to the outbox; given when it is kept."""


_COLUMNS: Final = "account, sitting, media, watched_at, delivered_at, history_id, how, told, item"
_SELECT: Final = f"SELECT id, undone_at, {_COLUMNS} FROM plays"  # noqa: S608  # names of ours


def add(db: sqlite3.Connection, play: Play) -> None:
    """Keep a play; a sitting is one, however often it is delivered."""
    told = play.told
    db.execute(
        f"INSERT OR IGNORE INTO plays ({_COLUMNS}, began_at, ended_at)"  # noqa: S608  # names of ours
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            play.account,
            play.sitting,
            msgspec.json.encode(play.media).decode(),
            text(play.watched_at),
            text(play.delivered_at),
            play.history_id,
            play.how.value,
            None if told is None else msgspec.json.encode(told).decode(),
            play.item,
            None if told is None else text(told.began_at),
            None if told is None else text(told.at),
        ),
    )


def near(db: sqlite3.Connection, account: str, began_at: datetime, ended_at: datetime) -> dict[int, Play]:
    """The account's plays whose sitting was at about this time, by their ids; the first one first."""
    rows = db.execute(
        f"{_SELECT} WHERE account = ? AND ended_at >= ? AND began_at <= ? ORDER BY id",
        (account, text(began_at - NEAR), text(ended_at + NEAR)),
    )
    return {play.id: play for play in map(_play, rows)}


def one(db: sqlite3.Connection, number: int) -> Play | None:
    """The play of this id."""
    row = db.execute(f"{_SELECT} WHERE id = ?", (number,)).fetchone()
    return None if row is None else _play(row)


def of_sitting(db: sqlite3.Connection, sitting: str) -> Play | None:
    """The play that a sitting became."""
    row = db.execute(f"{_SELECT} WHERE sitting = ?", (sitting,)).fetchone()
    return None if row is None else _play(row)


def undo(db: sqlite3.Connection, number: int, at: datetime | None) -> None:
    """The user takes a play back; None: it stands again."""
    db.execute("UPDATE plays SET undone_at = ? WHERE id = ?", (None if at is None else text(at), number))


def latest(db: sqlite3.Connection, limit: int) -> tuple[Play, ...]:
    """The last ones, newest first."""
    rows = db.execute(f"{_SELECT} ORDER BY id DESC LIMIT ?", (limit,))
    return tuple(map(_play, rows))


def known(db: sqlite3.Connection, account: str, history_ids: Sequence[int]) -> frozenset[int]:
    """Those of the history ids that are plays of ours."""
    marks = ", ".join("?" * len(history_ids))
    rows = db.execute(
        f"SELECT history_id FROM plays WHERE account = ? AND history_id IN ({marks})",  # noqa: S608  # marks
        (account, *history_ids),
    )
    return frozenset(row[0] for row in rows)


def forget(db: sqlite3.Connection, before: datetime, limit: int) -> None:
    """Let go of the oldest ones that were delivered before that."""
    db.execute(
        "DELETE FROM plays WHERE id IN (SELECT id FROM plays WHERE delivered_at < ? ORDER BY id LIMIT ?)",
        (text(before), limit),
    )


def _play(row: Sequence[Any]) -> Play:
    number, undone_at, account, sitting, media, watched_at, delivered_at, history_id, how, told, item = row
    return Play(
        account=account,
        sitting=sitting,
        media=msgspec.json.decode(media, type=Media),
        watched_at=datetime.fromisoformat(watched_at),
        delivered_at=datetime.fromisoformat(delivered_at),
        history_id=history_id,
        how=How(how),
        told=None if told is None else msgspec.json.decode(told, type=Scrobble),
        item=item,
        undone_at=None if undone_at is None else datetime.fromisoformat(undone_at),
        id=number,
    )
