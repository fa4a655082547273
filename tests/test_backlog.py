"""However much waits, an entry costs what it costs: counted in steps of SQLite's machine and not by a clock."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from conftest import Clock
from test_store import START, WATCH, play_of

from scrobbler.events import SessionKey
from scrobbler.state import outbox, plays
from scrobbler.state.entry import Entry, Failure
from scrobbler.state.store import Store

SMALL, LARGE = 10, 3000
Act = Callable[[sqlite3.Connection, Clock], object]


def claimed(db: sqlite3.Connection, clock: Clock) -> Entry:
    entry = outbox.claim(db, "default", clock())
    assert entry is not None
    return entry


def delivers(db: sqlite3.Connection, clock: Clock) -> None:
    entry = claimed(db, clock)
    plays.add(db, play_of(entry, clock, history_id=None))
    outbox.finish(db, entry, through=True)


def fails(db: sqlite3.Connection, clock: Clock) -> None:
    failure = Failure(at=clock(), reason="no", until=clock(), next_at=clock(), uncertain=True, own=True)
    outbox.fail(db, claimed(db, clock), failure)


def defers(db: sqlite3.Connection, clock: Clock) -> None:
    outbox.defer(db, claimed(db, clock), clock(), uncertain=False, form=1)


def keeps(db: sqlite3.Connection, clock: Clock) -> None:
    for scrobble in (START, WATCH):
        outbox.enqueue(db, msgspec.structs.replace(scrobble, sitting="new"), clock())


def asks(db: sqlite3.Connection, clock: Clock) -> None:
    assert outbox.first(db, "default", clock()) is not None


def steps(folder: Path, clock: Clock, waiting: int, act: Act, *, one_session: bool) -> int:
    """Those of an act while so many watches wait, of one session or of one each."""

    def work(db: sqlite3.Connection) -> int:
        for number in range(waiting):
            key = WATCH.session if one_session else SessionKey(source="tv", id=str(number))
            outbox.enqueue(db, msgspec.structs.replace(WATCH, session=key, sitting=str(number)), clock())
        taken = 0

        def step() -> int:
            nonlocal taken
            taken += 1
            return 0

        db.set_progress_handler(step, 1)
        act(db, clock)
        db.set_progress_handler(None, 1)
        return taken

    folder.mkdir()
    with closing(Store(folder, clock())) as store:
        return store._database.submit(work).result(30)


@pytest.mark.parametrize("one_session", [False, True], ids=["many sessions", "one session"])
@pytest.mark.parametrize("act", [delivers, fails, defers, keeps, asks])
def test_a_long_backlog_costs_per_entry_what_a_short_one_costs(
    tmp_path: Path, clock: Clock, act: Act, one_session: bool
) -> None:
    long = steps(tmp_path / "long", clock, LARGE, act, one_session=one_session)
    short = steps(tmp_path / "short", clock, SMALL, act, one_session=one_session)
    assert long <= 1.2 * short + 20
