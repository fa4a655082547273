"""The users of servers: for which account each counts by command, and those who count for nobody and were heard of.

What a server calls its users comes from outside, so of those who count for nobody only the last hundred are kept. Each
function works on a connection within a transaction of ``store``.
"""

import sqlite3
from datetime import datetime
from typing import Final

from msgspec import Struct

from scrobbler.household import EVERYBODY, Stranger, folded, identified
from scrobbler.state.database import rotten, text

TABLE: Final = """
    CREATE TABLE users (
        player TEXT NOT NULL,
        key TEXT NOT NULL,
        user TEXT NOT NULL,
        account TEXT NOT NULL,
        PRIMARY KEY (player, key)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE strangers (
        player TEXT NOT NULL,
        name TEXT NOT NULL,
        number TEXT NOT NULL,
        user TEXT NOT NULL,
        user_id TEXT,
        first_at TEXT NOT NULL,
        last_at TEXT NOT NULL,
        PRIMARY KEY (player, name, number)
    ) STRICT, WITHOUT ROWID;
"""
MOST: Final = 100
"""So many strangers are kept; the one that was heard of longest ago goes first."""


class Mapped(Struct, frozen=True, kw_only=True):
    """A user who counts for an account because a command said so."""

    player: str
    user: str
    """Name or id, as it was typed."""
    account: str


class Met(Struct, frozen=True, kw_only=True):
    """A user who counted for nobody when he was heard of."""

    player: str
    user: str
    user_id: str | None
    first_at: datetime
    last_at: datetime


def put(db: sqlite3.Connection, one: Mapped) -> None:
    """From now on the user counts for the account, and is no stranger any more."""
    values = (one.player, folded(one.user), one.user, one.account)
    db.execute("INSERT OR REPLACE INTO users VALUES (?, ?, ?, ?)", values)
    everybody = one.user == EVERYBODY
    db.execute(
        "DELETE FROM strangers WHERE player = ? AND (? OR name = ? OR number = ?)",
        (one.player, everybody, folded(one.user), identified(one.user)),
    )


def drop(db: sqlite3.Connection, player: str, user: str) -> bool:
    """The user counts no longer. Returns whether he did."""
    return db.execute("DELETE FROM users WHERE player = ? AND key = ?", (player, folded(user))).rowcount > 0


def mapped(db: sqlite3.Connection) -> tuple[Mapped, ...]:
    """All of them."""
    rows = db.execute("SELECT player, user, account FROM users ORDER BY player, key")
    return tuple(Mapped(player=player, user=user, account=account) for player, user, account in rows)


def meet(db: sqlite3.Connection, player: str, one: Stranger, at: datetime) -> None:
    """The stranger was heard of."""
    values = (player, folded(one.user), identified(one.user_id or ""), one.user, one.user_id, text(at), text(at))
    db.execute(
        "INSERT INTO strangers VALUES (?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT DO UPDATE SET user = excluded.user, last_at = excluded.last_at",
        values,
    )
    db.execute(
        "DELETE FROM strangers WHERE (player, name, number) IN"
        " (SELECT player, name, number FROM strangers ORDER BY last_at DESC LIMIT -1 OFFSET ?)",
        (MOST,),
    )


def strangers(db: sqlite3.Connection) -> tuple[Met, ...]:
    """All that are kept; the one that was heard of last comes first."""
    rows = db.execute("SELECT player, user, user_id, first_at, last_at FROM strangers ORDER BY last_at DESC, name")
    return tuple(
        Met(
            player=player,
            user=user,
            user_id=user_id,
            first_at=datetime.fromisoformat(first_at),
            last_at=datetime.fromisoformat(last_at),
        )
        for player, user, user_id, first_at, last_at in rows
    )


def weed(db: sqlite3.Connection) -> int:
    """Delete what makes no sense, and say how many rows it was."""
    bad = [
        found
        for column in ("first_at", "last_at")
        for found in rotten(db.execute(f"SELECT name, {column} FROM strangers"), datetime.fromisoformat)  # noqa: S608  # ours
    ]
    return sum(db.execute("DELETE FROM strangers WHERE name = ?", found).rowcount for found in bad)
