"""What the state file says, read beside the agent and without touching it."""

import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from msgspec import Struct

from scrobbler.errors import StateError
from scrobbler.household import Switched
from scrobbler.machine.session import Session
from scrobbler.state import corrections, outbox, people, plays, schema, sessions, wishes
from scrobbler.state import decisions as log
from scrobbler.state import vigil as watch
from scrobbler.state.corrections import Remembered
from scrobbler.state.database import read_only
from scrobbler.state.decisions import Decision
from scrobbler.state.entry import Entry, EntryState
from scrobbler.state.people import Mapped, Met
from scrobbler.state.plays import Play
from scrobbler.state.vigil import Vigil

T = TypeVar("T")


class Snapshot(Struct, frozen=True, kw_only=True):
    """What the state file says, for commands that look at it beside the agent."""

    sessions: tuple[Session, ...] = ()
    waiting: tuple[Entry, ...] = ()
    aside: tuple[Entry, ...] = ()
    plays: tuple[Play, ...] = ()
    """The last ones, newest first."""
    removals: Mapping[int, EntryState] = {}
    """How far the removals of plays are that are under way, by the id of the play."""
    heard: tuple[Decision, ...] = ()
    """The last decision of each source about something that it said."""
    incognito: Mapping[str, datetime] = {}
    """Until when it was switched on, by account; that may be over."""
    switched: tuple[Switched, ...] = ()
    """Whose players and devices are for a while; that may be over."""
    mapped: tuple[Mapped, ...] = ()
    """The users who count for an account because a command said so."""
    strangers: tuple[Met, ...] = ()
    """The users who counted for nobody when they were heard of; the last one comes first."""


def look(folder: Path, *, limit: int = 10, most: int | None = None) -> Snapshot:
    """Read the state file without touching it. A folder without one gives an empty snapshot. Raises ``StateError``.

    ``limit``: so many plays at most; ``most``: so many entries that wait, and that were set aside, at most.
    """

    def read(db: sqlite3.Connection) -> Snapshot:
        return Snapshot(
            sessions=sessions.kept(db),
            waiting=tuple(outbox.unsettled(db, EntryState.WAITING, EntryState.SENDING, most=most)),
            aside=tuple(outbox.unsettled(db, EntryState.ASIDE, most=most)),
            plays=plays.latest(db, limit),
            removals=outbox.removing(db),
            heard=log.last_of_each(db),
            incognito=wishes.incognito(db),
            switched=wishes.switched(db),
            mapped=people.mapped(db),
            strangers=people.strangers(db),
        )

    return _beside(folder, read, Snapshot())


def decisions(folder: Path, *, after: int | None = None, limit: int = 100) -> tuple[Decision, ...]:
    """Read the log beside the agent: the first decisions after an id, or without one the last; oldest first.

    Raises ``StateError``.
    """
    return _beside(folder, lambda db: log.read(db, after, limit), ())


def entry(folder: Path, number: int) -> Entry | None:
    """The entry of the outbox with this id, unless it is settled. Raises ``StateError``."""
    return _beside(folder, lambda db: outbox.one(db, number), None)


def play(folder: Path, number: int) -> Play | None:
    """The play of this id. Raises ``StateError``."""
    return _beside(folder, lambda db: plays.one(db, number), None)


def mapped(folder: Path) -> tuple[Mapped, ...]:
    """The users who count for an account because a command said so. Raises ``StateError``."""
    return _beside(folder, people.mapped, ())


def corrected(folder: Path) -> tuple[Remembered, ...]:
    """What the user corrected, the oldest first. Raises ``StateError``."""
    return _beside(folder, corrections.remembered, ())


def vigil(folder: Path) -> Vigil:
    """What it takes to notice that a player fell silent. Raises ``StateError``."""
    return _beside(folder, watch.look, Vigil())


class Queued(Struct, frozen=True, kw_only=True):
    """How many entries of an account are in a state, and since when the oldest of them is in the outbox."""

    account: str
    state: str
    entries: int
    oldest: datetime


def queued(folder: Path) -> tuple[Queued, ...]:
    """What is in the outbox, counted, so that it costs little however much it is. Raises ``StateError``."""

    def read(db: sqlite3.Connection) -> tuple[Queued, ...]:
        return tuple(
            Queued(account=account, state=state, entries=entries, oldest=datetime.fromisoformat(oldest))
            for account, state, entries, oldest in outbox.counted(db)
        )

    return _beside(folder, read, ())


def _beside(folder: Path, read: Callable[[sqlite3.Connection], T], nothing: T) -> T:
    path = folder / schema.FILE
    try:
        if not path.exists():
            return nothing
    except OSError as error:
        raise StateError(f"the state folder {folder} cannot be read: {error.strerror}") from None
    with closing(read_only(path)) as db:
        try:
            db.execute("BEGIN")  # so that all of it is of one instant
            return read(db) if db.execute("PRAGMA user_version").fetchone()[0] == len(schema.SCRIPTS) else nothing
        except (sqlite3.Error, ValueError) as error:  # msgspec's errors are ValueErrors
            raise StateError(f"{path} is damaged ({error}): the agent sees to it when it starts") from None
