"""What it costs to know which item a name is, in time and in calls to Trakt."""

import asyncio
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path

from bench.bench import Bench
from bench.figure import FLOOR, Figure, Goal, MeasurementError, Unit, percentile
from double import Double, Served

from scrobbler.events import Media
from scrobbler.identify.finder import Finder
from scrobbler.identify.memory import Memory
from scrobbler.sandbox import Sandbox
from scrobbler.sandbox.catalogue import catalogue
from scrobbler.state.store import Store
from scrobbler.trakt.catalogue import EntryKind
from scrobbler.trakt.client import Trakt
from scrobbler.trakt.wire import Item

FILMS = [f"/films/{film.title.replace('/', ' ')} ({film.year}).mkv" for film in catalogue().movies if film.year > 1980]
SEASON = [f"/tv/The Expanse/Season 01/The Expanse - S01E{number:02d}.mkv" for number in range(1, 11)]


async def measure(bench: Bench) -> list[Figure]:
    """All of it, on a thread, for it blocks."""
    return await asyncio.to_thread(_measure, bench)


def _measure(bench: Bench) -> list[Figure]:
    bench.say(f"names: {len(FILMS)} films, and a season of {len(SEASON)} episodes")
    with ExitStack() as stack:
        served = Served()
        stack.callback(served.close)
        sandbox = Sandbox()
        double = Double(sandbox, served.open(stack, sandbox.app))
        folder = bench.fresh()
        trakt = stack.enter_context(closing(Trakt(double.app, double.tokens(folder))))
        store = stack.enter_context(closing(Store(folder, _now())))
        return _figures(trakt, store, double)


def _figures(trakt: Trakt, store: Store, double: Double) -> list[Figure]:
    bare = _timed(lambda path: trakt.search_text(EntryKind.MOVIE, Path(path).stem[:-7]), FILMS)
    finder = Finder(trakt, _now, memory=Memory(store))
    double.calls()
    first = _timed(lambda path: _found(finder, path), FILMS)
    film = _counted(double, len(FILMS))
    again = _timed(lambda path: _found(finder, path), FILMS)
    kept = Finder(trakt, _now, memory=Memory(store))
    restarted = _timed(lambda path: _found(kept, path), FILMS)
    after = _counted(double, len(FILMS))
    _timed(lambda path: _found(kept, path), SEASON)
    floor = percentile(bare, 50)
    return [
        Figure(name="name identified, uncached", unit=Unit.US, samples=first, floor=floor, goal=_times(2)),
        Figure(name="  that is", unit=Unit.RATE, samples=tuple(1e6 / each for each in first), floor=1e6 / floor),
        Figure(name="  part: the same search by the client alone", unit=Unit.US, samples=bare),
        Figure(name="name identified, cached", unit=Unit.US, samples=again),
        Figure(name="  that is", unit=Unit.RATE, samples=tuple(1e6 / each for each in again)),
        Figure(name="name identified, cached, first time after a restart", unit=Unit.US, samples=restarted),
        Figure(name="Trakt calls to identify a film", unit=Unit.CALLS, samples=(film,), goal=Goal(most=2)),
        Figure(name="Trakt calls for the same after a restart", unit=Unit.CALLS, samples=(after,), goal=Goal(most=0)),
        Figure(
            name="Trakt calls to identify a season of ten",
            unit=Unit.CALLS,
            samples=(_counted(double, 1),),
            goal=Goal(most=2),
        ),
    ]


def _times(most: float) -> Goal:
    return Goal(most=most, of=FLOOR)


def _now() -> datetime:
    return datetime.now(UTC)


def _found(finder: Finder, path: str) -> Item:
    found = finder.find(Media(path=path))
    if not isinstance(found, Item):
        raise MeasurementError(f"{path} was not recognised: {found.reason}")
    return found


def _counted(double: Double, things: int) -> float:
    return len(double.calls(lookups=True)) / things


def _timed(act: Callable[[str], object], names: list[str]) -> tuple[float, ...]:
    """Microseconds of each name."""
    took = []
    for name in names:
        began = time.perf_counter()
        act(name)
        took.append((time.perf_counter() - began) * 1e6)
    return tuple(took)
