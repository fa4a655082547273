"""The log of decisions: what came in, what went out, and why something did not, in the words that people read.

A *note* is made where something is decided, and is written in the transaction of the step or the outcome that it tells
of. Once it is on the disk it is a *decision*, and only then do the same words go to the program's log. A position that
merely moves is no decision, and an entry that fails again for the same reason is none either.

The log is bounded: the oldest rows go as new ones come. Each function on a connection works within a transaction of
``store``.
"""

import logging
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import Final

from msgspec import Struct

from scrobbler.adapters import Ignored
from scrobbler.events import PlayerEvent, SessionKey
from scrobbler.state.database import text

log = logging.getLogger(__name__)

TABLE: Final = """
    CREATE TABLE decisions (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        at TEXT NOT NULL,
        account TEXT,
        source TEXT,
        session TEXT,
        entry INTEGER,
        what TEXT NOT NULL,
        words TEXT NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX decisions_once ON decisions (entry, words) WHERE what = 'waiting';
"""
ROWS: Final = 20_000
"""The most that are kept."""


class What(Enum):
    """What kind of decision it is."""

    HEARD = "heard"
    """A player did something."""
    IGNORED = "ignored"
    """A player said something that is no playback of ours."""
    SENT = "sent"
    """Trakt was told of a playback."""
    WATCHED = "watched"
    """Trakt has a watch."""
    DUPLICATE = "duplicate"
    """A watch is one that Trakt has from another player."""
    DROPPED = "dropped"
    """Something is not worth sending, or the user dropped it."""
    WAITING = "waiting"
    """Something could not be sent, and is tried again."""
    ASIDE = "aside"
    """A watch cannot be delivered; the user decides."""
    UNMATCHED = "unmatched"
    """A watch was not recognised; the user says what it is."""
    UNDONE = "undone"
    """The user takes a watch back."""
    REMOVED = "removed"
    """Trakt has a watch no longer."""
    ENTERED = "entered"
    """The user enters a watch by hand."""
    RETRIED = "retried"
    """The user wants it tried again."""
    CORRECTED = "corrected"
    """The user said what something really is, or took that back."""
    SIGN_IN = "sign-in"
    """An account needs a sign-in."""
    CLOSED = "closed"
    """Trakt refuses the app, or the account, as such."""
    HANDED = "handed over"
    """A player, or a server's user, counts for somebody else from now on."""
    INCOGNITO = "incognito"
    """What an account watches is nobody's business from now on, or is told again."""


_LEVELS: Final[Mapping[What, int]] = {
    What.WAITING: logging.WARNING,
    What.ASIDE: logging.WARNING,
    What.UNMATCHED: logging.WARNING,
    What.SIGN_IN: logging.ERROR,
    What.CLOSED: logging.ERROR,
}


class _Words(Struct, frozen=True, kw_only=True):
    """What is kept of a decision."""

    at: datetime
    what: What
    words: str
    account: str | None = None
    source: str | None = None
    session: str | None = None
    entry: int | None = None
    """The id of the entry of the outbox that it is about."""


class Note(_Words, frozen=True, kw_only=True):
    """Something that was decided. ``at`` is aware UTC; what does not belong to an account or a player has none."""

    label: str | None = None
    """What it is about, for people, where that is worth being told where they are: a watch that Trakt has, and what was
    not recognised. For those who listen; it is not kept."""


class Decision(_Words, frozen=True, kw_only=True):
    """A note that is on the disk."""

    id: int


def heard(event: PlayerEvent, account: str, word: str) -> Note:
    """What a player did: ``mpv: play at 0:12 of 1:30:00 Heat (1995)``."""
    return about(event.session, account, event.at, What.HEARD, f"{event.session.source}: {word} {place(event)}")


def hidden(event: PlayerEvent, account: str, word: str) -> Note:
    """What a player did while incognito is on, without what it is about."""
    words = f"{event.session.source}: {word}, incognito"
    return about(event.session, account, event.at, What.HEARD, words)


def ignored(source: str, one: Ignored, at: datetime) -> Note:
    """What a player said to no purpose of ours."""
    return Note(at=at, what=What.IGNORED, words=f"{source}: ignored {one.heard}: {one.reason}", source=source)


def kept_out(event: PlayerEvent, words: str) -> Note:
    """What is no playback of ours because the user wants it so, or because nobody said whose it is."""
    key = event.session
    words = f"{key.source}: ignored {words}"
    return Note(at=event.at, what=What.IGNORED, words=words, source=key.source, session=str(key))


def about(
    key: SessionKey,
    account: str,
    at: datetime,
    what: What,
    words: str,
    *,
    entry: int | None = None,
    label: str | None = None,
) -> Note:
    """A note about a session."""
    source, session = key.source, str(key)
    return Note(
        at=at, what=what, words=words, account=account, source=source, session=session, entry=entry, label=label
    )


def place(event: PlayerEvent) -> str:
    """Where the event is in what, as far as it is known: ``at 0:12 of 1:30:00 Heat (1995)``."""
    position = "" if event.position is None else f"at {clock(event.position)} "
    duration = "" if event.duration is None else f"of {clock(event.duration)} "
    return f"{position}{duration}{event.media.label()}"


def clock(seconds: float) -> str:
    """Seconds as players write them."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def say(notes: Sequence[Note]) -> None:
    """Tell them to the program's log."""
    for note in notes:
        log.log(_LEVELS.get(note.what, logging.INFO), "%s", note.words)


def write(db: sqlite3.Connection, notes: Sequence[Note]) -> list[Note]:
    """Keep notes. Returns those that are new: one that says again why an entry waits is not."""
    new: list[Note] = []
    for note in notes:
        added = db.execute(
            "INSERT OR IGNORE INTO decisions (at, account, source, session, entry, what, words)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (text(note.at), note.account, note.source, note.session, note.entry, note.what.value, note.words),
        )
        if added.rowcount:
            db.execute("DELETE FROM decisions WHERE id <= ?", ((added.lastrowid or 0) - ROWS,))
            new.append(note)
    return new


def read(db: sqlite3.Connection, after: int | None, limit: int) -> tuple[Decision, ...]:
    """The first ones after an id, or without one the last ones; oldest first."""
    columns = "SELECT id, at, account, source, session, entry, what, words FROM decisions"
    if after is None:
        rows = db.execute(f"{columns} ORDER BY id DESC LIMIT ?", (limit,)).fetchall()[::-1]
    else:
        rows = db.execute(f"{columns} WHERE id > ? ORDER BY id LIMIT ?", (after, limit)).fetchall()
    return tuple(map(_decision, rows))


def last_of_each(db: sqlite3.Connection) -> tuple[Decision, ...]:
    """What was last heard of each source, or ignored."""
    rows = db.execute(
        "SELECT id, at, account, source, session, entry, what, words FROM decisions WHERE id IN"
        " (SELECT max(id) FROM decisions WHERE what IN (?, ?) GROUP BY source) ORDER BY source",
        (What.HEARD.value, What.IGNORED.value),
    )
    return tuple(map(_decision, rows))


def spoken(db: sqlite3.Connection) -> dict[str, tuple[int, datetime]]:
    """On how many days each source was heard of, as far as is remembered, and when last."""
    rows = db.execute(
        "SELECT source, count(DISTINCT substr(at, 1, 10)), max(at) FROM decisions"
        " WHERE what IN (?, ?) AND source IS NOT NULL GROUP BY source",
        (What.HEARD.value, What.IGNORED.value),
    )
    return {source: (days, datetime.fromisoformat(at)) for source, days, at in rows}


def forget(db: sqlite3.Connection, before: datetime, limit: int) -> None:
    """Let go of the oldest ones that were made before that."""
    db.execute(
        "DELETE FROM decisions WHERE id IN (SELECT id FROM decisions WHERE at < ? ORDER BY id LIMIT ?)",
        (text(before), limit),
    )


def _decision(row: tuple[int, str, str | None, str | None, str | None, int | None, str, str]) -> Decision:
    number, at, account, source, session, entry, what, words = row
    return Decision(
        id=number,
        at=datetime.fromisoformat(at),
        what=What(what),
        words=words,
        account=account,
        source=source,
        session=session,
        entry=entry,
    )
