"""The outbox: which entry leaves next, what overtakes what, and what an attempt leaves behind.

An entry is WAITING, or SENDING from the commit before its request until the commit of its outcome: one found SENDING
after a crash may or may not have reached Trakt. Then it is DONE, or set ASIDE with a reason. Entries of a sitting that
are DONE stay until its stop is settled, because they tell what Trakt was told.

What is overtaken is never sent: a start, a pause, or a stop that is no watch gives way to any later entry of its
session for the same account (a sitting may change hands). An entry that may count as a watch, or takes one back, leaves
only as delivered, set aside, or dropped.

Entries leave in order, until one fails: with its third failure it steps behind all that failed less, so that it cannot
hold them up. One that goes on failing while others go through rests longer and longer (``Entry.rest``), and is tried
until it ends well; only where this program itself is wrong about it is it a poison (``Entry.hopeless``).

Each function works on a connection within a transaction of ``store``.
"""

import sqlite3
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from scrobbler.machine.scrobble import Action, Scrobble
from scrobbler.state.database import text
from scrobbler.state.entry import (
    LONGEST_REST,
    OTHERS,
    STEPS_BEHIND,
    Entry,
    EntryState,
    Failure,
    Removal,
)

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
"""As version 1 made it; it is in users' hands and is never changed."""

UPGRADE: Final = """
    ALTER TABLE outbox ADD COLUMN since TEXT NOT NULL DEFAULT '';
    ALTER TABLE outbox ADD COLUMN failing_since TEXT;
    ALTER TABLE outbox ADD COLUMN next_at TEXT;
    ALTER TABLE outbox ADD COLUMN others INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE outbox ADD COLUMN blamed INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE outbox ADD COLUMN form INTEGER NOT NULL DEFAULT 0;
    UPDATE outbox SET since = json_extract(scrobble, '$.at');
    DROP INDEX outbox_by_account;
    CREATE INDEX outbox_by_turn ON outbox (account, (state = 'sending') DESC, max(attempts, 2), id)
        WHERE state IN ('waiting', 'sending');
    CREATE INDEX outbox_failing ON outbox (account) WHERE state = 'waiting' AND attempts > 0;
    CREATE INDEX outbox_passing ON outbox (session) WHERE state = 'done' OR counts = 0;
"""
"""The indexes are those of the queries below: what is done with one entry costs the same however many wait."""

UNDOING: Final = """
    ALTER TABLE outbox ADD COLUMN item TEXT;
    ALTER TABLE outbox ADD COLUMN play INTEGER;
    ALTER TABLE outbox ADD COLUMN history_id INTEGER;
    ALTER TABLE outbox ADD COLUMN follows INTEGER;
    ALTER TABLE outbox ADD COLUMN candidates TEXT;
"""
"""Of version 3."""

ARRIVES: Final = timedelta(seconds=5)
"""By then a request that nobody waited for has reached Trakt, or never will: so long rests what may have been done."""


def enqueue(db: sqlite3.Connection, scrobble: Scrobble, now: datetime) -> None:
    """Put a scrobble into the outbox, in place of whatever it overtakes."""
    gone = db.execute(
        "DELETE FROM outbox WHERE session = ? AND +account = ? AND (state = 'done' OR counts = 0)"
        " AND (state = 'waiting' OR (state = 'done' AND sitting != ?)) RETURNING state, action, sitting, uncertain",
        (str(scrobble.session), scrobble.account, scrobble.sitting),
    ).fetchall()
    overtaken = [words for state, *words in gone if state == EntryState.WAITING.value]
    if scrobble.retract and not any(uncertain for *_, uncertain in overtaken) and _told(db, scrobble) is None:
        return  # Trakt never heard of this sitting
    resumed = scrobble.action is Action.START and ["pause", scrobble.sitting, 0] in overtaken
    if resumed and _told(db, scrobble) is Action.START:
        return  # the pause was never sent, so Trakt still believes that it plays
    _insert(db, scrobble, now)


def _told(db: sqlite3.Connection, scrobble: Scrobble) -> Action | None:
    """What Trakt was told last of its sitting."""
    row = db.execute(
        "SELECT action FROM outbox WHERE sitting = ? AND state IN ('done', 'sending') ORDER BY id DESC LIMIT 1",
        (scrobble.sitting,),
    ).fetchone()
    return None if row is None else Action(row[0])


def add(
    db: sqlite3.Connection,
    scrobble: Scrobble,
    now: datetime,
    *,
    item: str | None = None,
    removes: Removal | None = None,
    follows: int | None = None,
) -> Entry:
    """Put it into the outbox; it overtakes nothing. It does not leave before the entry that it follows is settled."""
    number = _insert(db, scrobble, now, item=item, removes=removes, follows=follows)
    return _entry(db.execute(f"{_SELECT} WHERE id = ?", (number,)).fetchone())


def _insert(
    db: sqlite3.Connection,
    scrobble: Scrobble,
    now: datetime,
    *,
    item: str | None = None,
    removes: Removal | None = None,
    follows: int | None = None,
) -> int | None:
    """Write its row. Returns the id."""
    at = text(now)
    return db.execute(
        "INSERT INTO outbox (account, session, sitting, action, counts, scrobble, state, not_before, since, item,"
        " play, history_id, follows) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            scrobble.account,
            str(scrobble.session),
            scrobble.sitting,
            scrobble.action.value,
            scrobble.counts() if scrobble.action is not Action.REMOVE else None,
            msgspec.json.encode(scrobble).decode(),
            EntryState.WAITING.value,
            at,
            at,
            item,
            removes and removes.play,
            removes and removes.history_id,
            follows,
        ),
    ).lastrowid


def of_sitting(db: sqlite3.Connection, sitting: str) -> Entry | None:
    """The entry of a sitting that is not settled, if it is one that lasts."""
    row = db.execute(f"{_SELECT} WHERE sitting = ? AND state != 'done' AND counts IS NOT 0", (sitting,)).fetchone()
    return None if row is None else _entry(row)


def found(db: sqlite3.Connection, entry: Entry, history_id: int) -> None:
    """Trakt's id of what the entry removes was looked up."""
    db.execute("UPDATE outbox SET history_id = ? WHERE id = ?", (history_id, entry.id))


_SELECT: Final = (
    "SELECT id, scrobble, state, attempts, uncertain, not_before, coalesce(next_at, not_before), since,"
    " failing_since, others, blamed, form, reason, item, play, history_id, candidates FROM outbox"
)
_FREE: Final = (
    "(follows IS NULL OR NOT EXISTS (SELECT 1 FROM outbox AS led"
    " WHERE led.id = outbox.follows AND led.state IN ('waiting', 'sending')))"
)
_DUE: Final = f"(attempts < {STEPS_BEHIND} OR state = 'sending' OR not_before <= ? OR not_before > ?)"
"""What stepped behind and rests holds up nobody; what came in order is waited for."""
_ORDER: Final = f"ORDER BY (state = 'sending') DESC, max(attempts, {STEPS_BEHIND - 1}), id"
"""Which is next; those that stepped behind take turns, so that none of them holds up another."""


def first(db: sqlite3.Connection, account: str, now: datetime) -> Entry | None:
    """The account's next entry that is not settled; it may have to rest yet."""
    row = db.execute(
        f"{_SELECT} WHERE account = ? AND state IN ('waiting', 'sending') AND {_DUE} AND {_FREE} {_ORDER} LIMIT 1",
        (account, text(now), text(now + LONGEST_REST)),
    ).fetchone()
    if row is None:
        row = db.execute(
            f"{_SELECT} WHERE account = ? AND state = 'waiting' AND attempts > 0 AND {_FREE}"
            " ORDER BY not_before LIMIT 1",
            (account,),
        ).fetchone()
    return None if row is None else _entry(row)


def claim(db: sqlite3.Connection, account: str, now: datetime) -> Entry | None:
    """The account's next entry if it is due, now SENDING."""
    entry = first(db, account, now)
    if entry is None or entry.state is EntryState.SENDING or entry.rests(now):
        return None
    db.execute("UPDATE outbox SET state = ? WHERE id = ?", (EntryState.SENDING.value, entry.id))
    return msgspec.structs.replace(entry, state=EntryState.SENDING)


def finish(db: sqlite3.Connection, entry: Entry, *, through: bool) -> None:
    """Mark an entry as done; with its stop, everything of a sitting goes that was done.

    ``through``: Trakt took it, which says something about those that it does not take.
    """
    scrobble = entry.scrobble
    db.execute("UPDATE outbox SET state = ? WHERE id = ?", (EntryState.DONE.value, entry.id))
    if scrobble.action in {Action.STOP, Action.HISTORY, Action.REMOVE}:
        db.execute("DELETE FROM outbox WHERE sitting = ? AND state = 'done'", (scrobble.sitting,))
    if through:
        db.execute(
            "UPDATE outbox SET others = others + 1 WHERE account = ? AND state = 'waiting' AND attempts > 0",
            (scrobble.account,),
        )


def defer(db: sqlite3.Connection, entry: Entry, until: datetime, *, uncertain: bool, form: int) -> None:
    """Let an entry wait for another request that it needs; once it is uncertain it stays so."""
    db.execute(
        "UPDATE outbox SET state = ?, uncertain = uncertain OR ?, not_before = ?, next_at = NULL, form = ?"
        " WHERE id = ?",
        (EntryState.WAITING.value, uncertain, text(until), form, entry.id),
    )
    if not entry.scrobble.retract:  # what was begun of taking back is ended, or a stray resume point stays
        _give_way(db, entry)


def fail(db: sqlite3.Connection, entry: Entry, failure: Failure) -> bool:
    """Let an entry wait after a failure. Returns whether it does: it may have been overtaken meanwhile."""
    db.execute(
        "UPDATE outbox SET state = ?, uncertain = uncertain OR ?, not_before = ?, next_at = ?, reason = ?,"
        " attempts = attempts + ?, blamed = blamed + (? AND others >= ?), failing_since = coalesce(failing_since, ?)"
        " WHERE id = ?",
        (
            EntryState.WAITING.value,
            failure.uncertain,
            text(failure.until),
            text(failure.next_at),
            failure.reason,
            failure.own,
            failure.own,
            OTHERS,
            text(failure.at),
            entry.id,
        ),
    )
    _give_way(db, entry)
    return db.execute("SELECT 1 FROM outbox WHERE id = ?", (entry.id,)).fetchone() is not None


def set_aside(
    db: sqlite3.Connection, entry: Entry, reason: str, *, uncertain: bool, candidates: str | None = None
) -> None:
    """Keep an entry that cannot be delivered, out of the others' way."""
    db.execute(
        "UPDATE outbox SET state = ?, reason = ?, uncertain = uncertain OR ?, attempts = attempts + 1, candidates = ?"
        " WHERE id = ?",
        (EntryState.ASIDE.value, reason, uncertain, candidates, entry.id),
    )


def hasten(db: sqlite3.Connection, account: str, at: datetime) -> None:
    """What failed while others went through rests no longer than until then: another one of its kind got through."""
    db.execute(
        "UPDATE outbox SET not_before = min(not_before, ?), next_at = NULL"
        " WHERE account = ? AND state = 'waiting' AND attempts > 0 AND blamed > 0",
        (text(at), account),
    )


def recover(db: sqlite3.Connection, rest_until: datetime) -> int:
    """Take what was SENDING for uncertain, and for failed: it may be what ended the process. Returns how many."""
    found = unsettled(db, EntryState.SENDING)
    db.execute(
        "UPDATE outbox SET state = ?, uncertain = 1, not_before = ?, next_at = NULL, attempts = attempts + 1"
        " WHERE state = ?",
        (EntryState.WAITING.value, text(rest_until), EntryState.SENDING.value),
    )
    for entry in found:
        _give_way(db, entry)
    return len(found)


def retry(db: sqlite3.Connection, ids: Sequence[int], now: datetime) -> list[Entry]:
    """Let entries that were set aside, or wait, begin anew. What may have been done is still looked up first."""
    found = _chosen(db, ids)
    db.executemany(
        "UPDATE outbox SET state = ?, attempts = 0, others = 0, blamed = 0, form = 0, failing_since = NULL,"
        " next_at = NULL, reason = NULL, candidates = NULL, not_before = min(max(not_before, ?), ?)"
        " WHERE id = ?",
        [(EntryState.WAITING.value, text(now), text(now + ARRIVES), entry.id) for entry in found],
    )
    return found


def drop(db: sqlite3.Connection, ids: Sequence[int]) -> list[Entry]:
    """Forget entries that were set aside, or wait. Returns them; one that is being sent is not among them."""
    found = _chosen(db, ids)
    for entry in found:
        finish(db, entry, through=False)
    return found


def _chosen(db: sqlite3.Connection, ids: Sequence[int]) -> list[Entry]:
    marks = ", ".join("?" * len(ids))
    rows = db.execute(f"{_SELECT} WHERE id IN ({marks}) AND state IN ('waiting', 'aside') ORDER BY id", tuple(ids))
    return [_entry(row) for row in rows]


def _give_way(db: sqlite3.Connection, entry: Entry) -> None:
    """An entry that was overtaken while it was being sent is not sent again."""
    db.execute(
        "DELETE FROM outbox WHERE id = ? AND state = 'waiting' AND counts = 0 AND EXISTS"
        " (SELECT 1 FROM outbox AS later WHERE later.session = outbox.session AND +later.account = outbox.account"
        " AND later.id > outbox.id)",
        (entry.id,),
    )


def weed(db: sqlite3.Connection) -> int:
    """Delete the entries that cannot be read, and say how many there were."""
    rotten = []
    for row in db.execute(_SELECT):
        try:
            _entry(row)
        except ValueError:  # msgspec's errors are ValueErrors
            rotten.append((row[0],))
    db.executemany("DELETE FROM outbox WHERE id = ?", rotten)
    return len(rotten)


def counted(db: sqlite3.Connection) -> list[tuple[str, str, int, str]]:
    """Account, state, how many, and since when the oldest is there, of what is not done."""
    return db.execute(
        "SELECT account, state, count(*), min(since) FROM outbox WHERE state != 'done' GROUP BY account, state"
    ).fetchall()


def unsettled(db: sqlite3.Connection, *states: EntryState, most: int | None = None) -> Sequence[Entry]:
    """All in one of these states (none: that waits, is being sent, or was set aside); oldest first.

    ``most``: so many at most, and of what was set aside the newest ones.
    """
    wanted = states or (EntryState.WAITING, EntryState.SENDING, EntryState.ASIDE)
    marks = ", ".join("?" * len(wanted))
    order = "DESC" if most is not None and wanted == (EntryState.ASIDE,) else "ASC"
    rows = db.execute(
        f"{_SELECT} WHERE state IN ({marks}) ORDER BY id {order} LIMIT ?",
        (*(state.value for state in wanted), -1 if most is None else most),
    )
    return sorted(map(_entry, rows), key=lambda entry: entry.id)


def one(db: sqlite3.Connection, number: int) -> Entry | None:
    """The entry of this id, unless it is settled."""
    row = db.execute(f"{_SELECT} WHERE id = ? AND state != 'done'", (number,)).fetchone()
    return None if row is None else _entry(row)


def removing(db: sqlite3.Connection) -> dict[int, EntryState]:
    """How far the removals of plays are that are not settled, by play."""
    rows = db.execute("SELECT play, state FROM outbox WHERE play IS NOT NULL AND state != 'done'")
    return {play: EntryState(state) for play, state in rows}


def _entry(row: Sequence[Any]) -> Entry:
    number, scrobble, state, attempts, uncertain, not_before, next_at, since, failing, others, blamed, form, *more = row
    why, item, play, history_id, candidates = more
    said = msgspec.json.decode(scrobble, type=Scrobble)
    return Entry(
        id=number,
        scrobble=said,
        state=EntryState(state),
        attempts=attempts,
        uncertain=bool(uncertain),
        not_before=datetime.fromisoformat(not_before),
        next_at=datetime.fromisoformat(next_at),
        since=datetime.fromisoformat(since),
        failing_since=None if failing is None else datetime.fromisoformat(failing),
        others=others,
        blamed=blamed,
        form=form,
        reason=why,
        item=item,
        removes=Removal(play=play, history_id=history_id) if said.action is Action.REMOVE else None,
        candidates=candidates,
    )
