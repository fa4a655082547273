"""What a long backlog costs the running agent: its start, its memory, the commands beside it, and each entry it sends.

Trakt takes one write a second, so a backlog of 100,000 takes thirty hours at best. What an entry costs beside that
second is looked at while sixty of them are really sent, with very many behind them and with few.
"""

import asyncio
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.agent import agent, environment
from bench.backlog import ENTRIES, fill
from bench.bench import Bench
from bench.figure import FLOOR, Figure, Goal, Unit, percentile
from bench.jellyfin import PLAYERS, answers
from bench.process import cost, memory
from bench.trakt import Trakt, arrival
from msgspec import Struct

from scrobbler.state.store import Store

FEW = 100
WARM = 5
"""So many entries leave before we look: the first request loads what it takes."""
SAME = Goal(most=1.5, of=FLOOR)
COMMANDS = (("status",), ("queue", "list"))
AGO = timedelta(hours=1)


class Sent(Struct, frozen=True, kw_only=True):
    """How so many entries were sent."""

    cpu: float
    """Seconds of each."""
    calls: float
    """Of each."""
    writes: float
    """A second."""
    rss: float
    """MiB, before the first of them."""


async def measure(bench: Bench) -> list[Figure]:
    """All of it."""
    bench.say(f"drain: writing a backlog of {ENTRIES:,}")
    folders = {waiting: bench.fresh() for waiting in (0, FEW, ENTRIES)}
    for waiting, folder in folders.items():
        await asyncio.to_thread(_fill, folder / "state", waiting)
    sockets = bench.fresh()
    started = await _start(bench, folders, sockets)
    sent = await _send(bench, folders, sockets)
    told = await _tell(bench, folders)
    return [*_starts(started), *_sent(sent[FEW], sent[ENTRIES]), *_told(told)]


def _fill(state: Path, waiting: int) -> None:
    state.mkdir(mode=0o700)
    now = datetime.now(UTC)
    with closing(Store(state, now)) as store:
        fill(store, waiting, now - AGO)


async def _start(bench: Bench, folders: Mapping[int, Path], sockets: Path) -> Mapping[int, list[float]]:
    """Milliseconds from spawn until a webhook is answered; Trakt asks for a rest, so nothing leaves."""
    took: dict[int, list[float]] = {waiting: [] for waiting in folders}
    async with Trakt().listening() as trakt:
        trakt.rests = True
        for number in range(bench.rounds.spawns):
            bench.say(f"drain: starting the agent, round {number + 1} of {bench.rounds.spawns}")
            for waiting, folder in folders.items():
                async with agent(folder, trakt.url, sockets, web=True, more=PLAYERS) as running:
                    took[waiting].append((await answers(running.web) - running.spawned_at) * 1000)
    return took


async def _send(bench: Bench, folders: Mapping[int, Path], sockets: Path) -> Mapping[int, Sent]:
    """Entries are really sent, by both agents in the same time."""
    bench.say(f"drain: sending {bench.rounds.drained} entries")
    async with AsyncExitStack() as stack:

        async def send(waiting: int) -> Sent:
            trakt = await stack.enter_async_context(Trakt().listening())
            running = await stack.enter_async_context(agent(folders[waiting], trakt.url, sockets))
            await _arrived(trakt, WARM)
            rss, before, calls, began = memory(running.pid)[0], cost(running.pid).cpu, trakt.calls, time.monotonic()
            await _arrived(trakt, bench.rounds.drained)
            took, entries = time.monotonic() - began, bench.rounds.drained
            return Sent(
                cpu=(cost(running.pid).cpu - before) / entries,
                calls=(trakt.calls - calls) / entries,
                writes=entries / took,
                rss=rss,
            )

        few, many = await asyncio.gather(send(FEW), send(ENTRIES))
    return {FEW: few, ENTRIES: many}


async def _arrived(trakt: Trakt, entries: int) -> None:
    for _ in range(entries):
        await arrival(trakt.expect("/sync/history"), "a watch")


async def _tell(bench: Bench, folders: Mapping[int, Path]) -> Mapping[tuple[str, ...], Mapping[int, list[float]]]:
    """Milliseconds of each command."""
    took: dict[tuple[str, ...], dict[int, list[float]]] = {words: {0: [], ENTRIES: []} for words in COMMANDS}
    for number in range(bench.rounds.spawns):
        bench.say(f"drain: commands, round {number + 1} of {bench.rounds.spawns}")
        for words, samples in took.items():
            for waiting, times in samples.items():
                times.append(await asyncio.to_thread(_command, words, folders[waiting]))
    return took


def _command(words: Sequence[str], folder: Path) -> float:
    options = ("--config", str(folder / "config.toml"), "--state", str(folder / "state"))
    began = time.monotonic()
    subprocess.run(
        [sys.executable, "-m", "scrobbler", *words, *options],
        check=True,
        stdout=subprocess.DEVNULL,
        env=environment(folder),
    )
    return (time.monotonic() - began) * 1000


def _starts(took: Mapping[int, Sequence[float]]) -> list[Figure]:
    return [
        Figure(
            name=f"agent spawned -> answers, {ENTRIES:,} waiting",
            unit=Unit.MS,
            samples=tuple(took[ENTRIES]),
            floor=percentile(took[0], 50),
            goal=SAME,
        ),
        Figure(name="  with none", unit=Unit.MS, samples=tuple(took[0])),
    ]


def _sent(few: Sent, many: Sent) -> list[Figure]:
    return [
        Figure(name=f"RSS with {ENTRIES:,} waiting (floor: {FEW})", unit=Unit.MIB, samples=(many.rss,), floor=few.rss),
        Figure(
            name=f"an entry of {ENTRIES:,} is sent: CPU (floor: {FEW})",
            unit=Unit.MS,
            samples=(many.cpu * 1000,),
            floor=few.cpu * 1000,
            goal=SAME,
        ),
        Figure(name="  calls to Trakt", unit=Unit.CALLS, samples=(many.calls,), floor=few.calls),
        Figure(name="  writes", unit=Unit.RATE, samples=(many.writes,), floor=few.writes, goal=Goal(most=1.0)),
    ]


def _told(took: Mapping[tuple[str, ...], Mapping[int, Sequence[float]]]) -> list[Figure]:
    return [
        Figure(
            name=f"scrobbler {' '.join(words)}, {ENTRIES:,} waiting (floor: none)",
            unit=Unit.MS,
            samples=tuple(times[ENTRIES]),
            floor=percentile(times[0], 50),
        )
        for words, times in took.items()
    ]
