"""What a step, a commit and an entry of the outbox cost, and whether they cost more where there are very many.

That it is sent no faster than one a second is in ``drain``, with the real agent.
"""

import asyncio
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
from bench.bench import Bench
from bench.figure import FLOOR, Figure, Goal, Unit, percentile

from scrobbler.events import Ids, Kind, Media, MediaKind, PlayerEvent, Seconds, SessionKey
from scrobbler.machine.policy import Policy
from scrobbler.machine.scrobble import Action, Scrobble
from scrobbler.machine.session import Session
from scrobbler.machine.step import step
from scrobbler.state import outbox
from scrobbler.state.store import Store

FEW, SESSIONS, ENTRIES = 10, 10_000, 100_000
SAME = Goal(most=1.5, of=FLOOR)
APART, FILMS = timedelta(minutes=10), 200
NOW = datetime(2026, 11, 20, 20, 0, tzinfo=UTC)
MEDIA = Media(title="Heat", year=1995, ids=Ids(imdb="tt0113277"))
POLICY = Policy()


async def measure(bench: Bench) -> list[Figure]:
    """All of it, on a thread, for it blocks."""
    return await asyncio.to_thread(_measure, bench)


def _measure(bench: Bench) -> list[Figure]:
    rounds = bench.rounds.tight
    bench.say("steps and commits")
    commit = _timed(rounds, _bare(bench.fresh()))
    figures = [
        Figure(name="step: a position", unit=Unit.US, samples=_timed(rounds, _steps())),
        _row("commit: a session is kept", _sessions(bench, FEW), percentile(commit, 50)),
        Figure(name="  part: durable commit of the same row, back to back", unit=Unit.US, samples=commit),
    ]
    few, many = _sessions(bench, FEW), _sessions(bench, SESSIONS)
    figures.append(_row(f"commit: a session of {SESSIONS:,} is kept", many, percentile(few, 50), SAME))
    bench.say(f"a backlog of {ENTRIES:,} entries")
    few, many = _entries(bench, FEW), _entries(bench, ENTRIES)
    figures.append(_row(f"backlog of {FEW}: an entry is claimed and settled", few))
    figures.append(_row(f"backlog of {ENTRIES:,}: the same", many, percentile(few, 50), SAME))
    return figures


def _row(name: str, samples: tuple[float, ...], floor: float | None = None, goal: Goal | None = None) -> Figure:
    return Figure(name=name, unit=Unit.US, samples=samples, floor=floor, goal=goal)


def _timed(rounds: int, act: Callable[[], object]) -> tuple[float, ...]:
    """Microseconds of each round."""
    took = []
    for _ in range(rounds):
        began = time.perf_counter()
        act()
        took.append((time.perf_counter() - began) * 1e6)
    return tuple(took)


def _event(number: int, place: float) -> PlayerEvent:
    return PlayerEvent(
        session=SessionKey(source="tv", id=str(number)),
        kind=Kind.PLAY,
        media=MEDIA,
        at=NOW + timedelta(seconds=place),
        position=Seconds(place),
        duration=Seconds(10_200.0),
    )


def _playing(number: int) -> Session:
    event = _event(number, 0.0)
    return step(Session(key=event.session, account="default"), event, POLICY)[0]


def _steps() -> Callable[[], object]:
    session, place = _playing(0), 0.0

    def act() -> None:
        nonlocal session, place
        place += 15.0
        session, _ = step(session, _event(0, place % 10_000), POLICY)

    return act


def _bare(folder: Path) -> Callable[[], object]:
    db = sqlite3.connect(folder / "floor.db", isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("CREATE TABLE rows (key TEXT PRIMARY KEY, row TEXT NOT NULL) STRICT, WITHOUT ROWID")
    row = msgspec.json.encode(_playing(0)).decode()
    return lambda: db.execute("INSERT OR REPLACE INTO rows VALUES ('tv', ?)", (row,))


def _sessions(bench: Bench, live: int) -> tuple[float, ...]:
    """One of so many sessions is kept, from the call until it is on the disk."""
    with closing(Store(bench.fresh(), NOW)) as store:
        for last in [store.keep(_playing(number), (), NOW, idle=False) for number in range(live)][-1:]:
            last.result()
        session = _playing(live // 2)
        return _timed(bench.rounds.tight, lambda: store.keep(session, (), NOW, idle=False).result())


def _entries(bench: Bench, waiting: int) -> tuple[float, ...]:
    """One of so many is claimed, and then settled; each is on the disk."""
    with closing(Store(bench.fresh(), NOW)) as store:
        fill(store, waiting, NOW)

        def act() -> None:
            entry = store.claim("default", NOW).result()
            assert entry is not None
            store.settle(entry).result()

        return _timed(min(bench.rounds.tight, waiting), act)


def fill(store: Store, waiting: int, now: datetime) -> None:
    """So many watches wait, the oldest first: one every ten minutes, of two hundred films in turn."""

    def work(db: sqlite3.Connection) -> None:
        for number in range(waiting):
            outbox.enqueue(db, _watch(number, now - (waiting - number) * APART), now)

    store._database.submit(work).result()


def _watch(number: int, at: datetime) -> Scrobble:
    film = number % FILMS + 2  # the first is called otherwise
    return Scrobble(
        session=SessionKey(source="tv", id=str(number)),
        sitting=f"sitting {number}",
        account="default",
        action=Action.STOP,
        media=Media(kind=MediaKind.MOVIE, title=f"Bench {film}", year=2020, ids=Ids(imdb=f"tt{film:07}")),
        at=at,
        position=Seconds(9_900.0),
        duration=Seconds(10_200.0),
    )
