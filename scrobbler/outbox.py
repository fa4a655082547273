"""The outbox: which entry leaves next, what overtakes what, and what an attempt leaves behind.

An entry is WAITING, or SENDING from the commit before its request until the commit of its outcome: one found SENDING
after a crash may or may not have reached Trakt. Then it is DONE, or set ASIDE with a reason. Entries of a sitting that
are DONE stay until its stop is settled, because they tell what Trakt was told.

What is overtaken is never sent: a start, a pause, or a stop that is no watch gives way to any later entry of its
session. An entry that may count as a watch leaves only as delivered, or set aside.

Each function works on a connection within a transaction of ``store``.
"""

import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime
from enum import Enum
from typing import Final

import msgspec
from msgspec import Struct

from scrobbler.session import Action, Scrobble

TABLE: Final = """
    CREATE TABLE outbox (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        account TEXT NOT NULL,
        session TEXT NOT NULL,
        sitting TEXT NOT NULL,
        action TEXT NOT NULL,
        counts INTEGER,
        scrobble TEXT NOT NULL,
        state TEXT NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0,
        uncertain INTEGER NOT NULL DEFAULT 0,
        not_before TEXT NOT NULL,
        reason TEXT
    ) STRICT;
    CREATE INDEX outbox_by_account ON outbox (account, id) WHERE state IN ('waiting', 'sending');
    CREATE INDEX outbox_by_session ON outbox (session);
    CREATE INDEX outbox_by_sitting ON outbox (sitting);
"""


class EntryState(Enum):
    """How far an entry of the outbox has come."""

    WAITING = "waiting"
    SENDING = "sending"
    DONE = "done"
    ASIDE = "aside"


class Entry(Struct, frozen=True, kw_only=True):
    """A scrobble on its way to Trakt."""

    id: int
    scrobble: Scrobble
    state: EntryState
    attempts: int
    uncertain: bool
    """An earlier attempt may have been done: look in the history before it is sent again."""
    not_before: datetime
    reason: str | None


def enqueue(db: sqlite3.Connection, scrobble: Scrobble, now: datetime) -> None:
    """Put a scrobble into the outbox, in place of whatever it overtakes."""
    db.execute(
        "DELETE FROM outbox WHERE session = ? AND sitting != ? AND state = 'done'",
        (str(scrobble.session), scrobble.sitting),
    )
    overtaken = db.execute(
        "DELETE FROM outbox WHERE session = ? AND state = 'waiting' AND counts = 0"
        " RETURNING action, sitting, uncertain",
        (str(scrobble.session),),
    ).fetchall()
    told = db.execute(
        "SELECT action FROM outbox WHERE sitting = ? AND state IN ('done', 'sending') ORDER BY id DESC LIMIT 1",
        (scrobble.sitting,),
    ).fetchone()
    if scrobble.retract and told is None and not any(uncertain for *_, uncertain in overtaken):
        return  # Trakt never heard of this sitting
    if scrobble.action is Action.START and told == ("start",) and ("pause", scrobble.sitting, 0) in overtaken:
        return  # the pause was never sent, so Trakt still believes that it plays
    db.execute(
        "INSERT INTO outbox (account, session, sitting, action, counts, scrobble, state, not_before)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            scrobble.account,
            str(scrobble.session),
            scrobble.sitting,
            scrobble.action.value,
            scrobble.counts(),
            msgspec.json.encode(scrobble).decode(),
            EntryState.WAITING.value,
            text(now),
        ),
    )


_SELECT: Final = "SELECT id, scrobble, state, attempts, uncertain, not_before, reason FROM outbox"


def first(db: sqlite3.Connection, account: str) -> Entry | None:
    """The account's oldest entry that is not settled: entries leave in order."""
    row = db.execute(
        f"{_SELECT} WHERE account = ? AND state IN ('waiting', 'sending') ORDER BY id LIMIT 1", (account,)
    ).fetchone()
    return None if row is None else _entry(row)


def claim(db: sqlite3.Connection, account: str, now: datetime) -> Entry | None:
    """The account's next entry if it is due, now SENDING."""
    entry = first(db, account)
    if entry is None or entry.state is EntryState.SENDING or entry.not_before > now:
        return None
    db.execute("UPDATE outbox SET state = ? WHERE id = ?", (EntryState.SENDING.value, entry.id))
    return msgspec.structs.replace(entry, state=EntryState.SENDING)


def finish(db: sqlite3.Connection, entry: Entry) -> None:
    """Mark an entry as done; with its stop, everything of a sitting goes that was done."""
    scrobble = entry.scrobble
    db.execute("UPDATE outbox SET state = ? WHERE id = ?", (EntryState.DONE.value, entry.id))
    if scrobble.action is Action.STOP:
        db.execute("DELETE FROM outbox WHERE sitting = ? AND state = 'done'", (scrobble.sitting,))


def postpone(db: sqlite3.Connection, entry: Entry, until: datetime, *, uncertain: bool) -> None:
    """Let an entry wait again; once it is uncertain it stays so."""
    db.execute(
        "UPDATE outbox SET state = ?, attempts = attempts + 1, uncertain = uncertain OR ?, not_before = ? WHERE id = ?",
        (EntryState.WAITING.value, uncertain, text(until), entry.id),
    )


def set_aside(db: sqlite3.Connection, entry: Entry, reason: str) -> None:
    """Keep an entry that cannot be delivered, out of the others' way."""
    db.execute(
        "UPDATE outbox SET state = ?, reason = ?, attempts = attempts + 1 WHERE id = ?",
        (EntryState.ASIDE.value, reason, entry.id),
    )


def recover(db: sqlite3.Connection, rest_until: datetime) -> int:
    """Take what was SENDING for uncertain. Returns how many there were."""
    return db.execute(
        "UPDATE outbox SET state = ?, uncertain = 1, not_before = ? WHERE state = ?",
        (EntryState.WAITING.value, text(rest_until), EntryState.SENDING.value),
    ).rowcount


def unsettled(db: sqlite3.Connection) -> Sequence[Entry]:
    """All that waits, is being sent, or was set aside; oldest first."""
    return [_entry(row) for row in db.execute(f"{_SELECT} WHERE state != 'done' ORDER BY id")]


def text(at: datetime) -> str:
    """An instant so that its texts sort as it does: UTC, always with microseconds."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _entry(row: tuple[int, str, str, int, int, str, str | None]) -> Entry:
    number, scrobble, state, attempts, uncertain, not_before, reason = row
    return Entry(
        id=number,
        scrobble=msgspec.json.decode(scrobble, type=Scrobble),
        state=EntryState(state),
        attempts=attempts,
        uncertain=bool(uncertain),
        not_before=datetime.fromisoformat(not_before),
        reason=reason,
    )
