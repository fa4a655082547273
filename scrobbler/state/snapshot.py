"""What the state file says, read beside the agent and without touching it."""

import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from msgspec import Struct

from scrobbler.errors import StateError
from scrobbler.machine.session import Session
from scrobbler.state import decisions as log
from scrobbler.state import outbox, plays, schema, sessions, wishes
from scrobbler.state.database import read_only
from scrobbler.state.decisions import Decision
from scrobbler.state.outbox import Entry, EntryState
from scrobbler.state.plays import Play

T = TypeVar("T")


class Snapshot(Struct, frozen=True, kw_only=True):
    """What the state file says, for commands that look at it beside the agent."""

    sessions: tuple[Session, ...] = ()
    waiting: tuple[Entry, ...] = ()
    aside: tuple[Entry, ...] = ()
    plays: tuple[Play, ...] = ()
    """The last ones, newest first."""
    heard: tuple[Decision, ...] = ()
    """The last decision of each source about something that it said."""
    incognito: Mapping[str, datetime] = {}
    """Until when it was switched on, by account; that may be over."""


def look(folder: Path, *, limit: int = 10) -> Snapshot:
    """Read the state file without touching it. A folder without one gives an empty snapshot. Raises ``StateError``.

    ``limit``: so many plays at most.
    """

    def read(db: sqlite3.Connection) -> Snapshot:
        unsent = outbox.unsettled(db)
        return Snapshot(
            sessions=sessions.kept(db),
            waiting=tuple(entry for entry in unsent if entry.state is not EntryState.ASIDE),
            aside=tuple(entry for entry in unsent if entry.state is EntryState.ASIDE),
            plays=plays.latest(db, limit),
            heard=log.last_of_each(db),
            incognito=wishes.incognito(db),
        )

    return _beside(folder, read, Snapshot())


def decisions(folder: Path, *, after: int | None = None, limit: int = 100) -> tuple[Decision, ...]:
    """Read the log beside the agent: the first decisions after an id, or without one the last; oldest first.

    Raises ``StateError``.
    """
    return _beside(folder, lambda db: log.read(db, after, limit), ())


def _beside(folder: Path, read: Callable[[sqlite3.Connection], T], nothing: T) -> T:
    path = folder / schema.FILE
    try:
        if not path.exists():
            return nothing
    except OSError as error:
        raise StateError(f"the state folder {folder} cannot be read: {error.strerror}") from None
    with closing(read_only(path)) as db:
        try:
            return read(db) if db.execute("PRAGMA user_version").fetchone()[0] == len(schema.SCRIPTS) else nothing
        except (sqlite3.Error, ValueError) as error:  # msgspec's errors are ValueErrors
            raise StateError(f"{path} is damaged ({error}): the agent sees to it when it starts") from None
