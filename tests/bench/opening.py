"""How long beginnings take: of a player, of the agent, of a command that does nothing."""

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from bench import thin
from bench.agent import environment
from bench.bench import Bench, rest
from bench.figure import FLOOR, Figure, Goal, Unit, milliseconds, percentile
from bench.player import Mpv, changed
from bench.trakt import Trakt, arrival

LIBRARIES = "asyncio, sqlite3, logging, msgspec, click, tomli, importlib.metadata, ctypes"
"""What an agent has loaded when it is ready."""
GOAL = Goal(most=1.3, of=FLOOR)
POLLED = Goal(most=1.5, of=FLOOR)
"""One who looks for a new socket four times a second takes longer than that."""


async def players(bench: Bench) -> list[Figure]:
    """mpv is spawned with a film: until its start is at Trakt, and until mpv alone has a position to tell."""
    warm, cold, alone = [], [], []
    async with AsyncExitStack() as stack:
        trakt = await stack.enter_async_context(Trakt().listening())
        running = await stack.enter_async_context(bench.agent(trakt))
        aside = bench.fresh()
        for number in range(bench.rounds.opens + 1):
            bench.say(f"opening mpv, round {number} of {bench.rounds.opens}")
            async with bench.mpv(aside) as player:
                alone.append(playing(player) - player.spawned_at)
            stop = trakt.expect("/scrobble/stop")
            async with bench.scrobbled(trakt, running) as (player, arrived):
                warm.append(arrived - player.spawned_at)
                await rest()
            await arrival(stop, "the stop of a film")
            await rest()
        for number in range(bench.rounds.spawns):
            bench.say(f"opening the agent's first mpv, round {number + 1} of {bench.rounds.spawns}")
            async with bench.agent(trakt) as new:
                await rest(0.5)
                async with bench.scrobbled(trakt, new) as (player, arrived):
                    cold.append(arrived - player.spawned_at)
    floor = percentile(milliseconds(alone[1:]), 50)
    return [
        _figure("mpv opened -> start at Trakt", warm[1:], floor, POLLED),
        _figure("mpv opened -> start, the agent's first", cold, floor),
        _figure("  part: mpv opened -> it plays, mpv alone", alone[1:]),
    ]


def playing(player: Mpv) -> float:
    """Waits until mpv has a position to tell, and gives the instant."""
    line = player.line()
    line.say("observe_property", 1, "time-pos")
    return line.until(changed("time-pos"))


async def agents(bench: Bench) -> list[Figure]:
    """The agent is spawned: until it is ready, and until a film that already plays is at Trakt."""
    ready, scrobbled, alone, floors = [], [], [], []
    libraries = (sys.executable, "-c", f"import {LIBRARIES}")
    async with Trakt().listening() as trakt:
        for number in range(bench.rounds.spawns + 1):
            bench.say(f"starting the agent, round {number} of {bench.rounds.spawns}")
            alone.append(await asyncio.to_thread(_run, libraries, bench))
            sockets = bench.fresh()
            async with bench.mpv(sockets) as player:
                playing(player)
                posted = trakt.expect("/floor")
                async with thinnest(bench, trakt, sockets) as (_, spawned_at):
                    floors.append(await arrival(posted, "the floor's request") - spawned_at)
                start = trakt.expect("/scrobble/start")
                async with bench.agent(trakt, sockets) as running:
                    ready.append(await running.ready() - running.spawned_at)
                    scrobbled.append(await arrival(start, "the start of a film") - running.spawned_at)
    least, bottom = (percentile(milliseconds(each[1:]), 50) for each in (alone, floors))
    return [  # the first round may have compiled something
        _figure("agent spawned -> ready", ready[1:], least),
        _figure("  floor: python with its libraries, to its end", alone[1:]),
        _figure("agent spawned -> film that plays is at Trakt", scrobbled[1:], bottom, GOAL),
        _figure("  floor: asyncio, bare httpx and mpv's socket", floors[1:]),
    ]


@asynccontextmanager
async def thinnest(bench: Bench, trakt: Trakt, sockets: Path) -> AsyncIterator[tuple[int, float]]:
    """The floor of an agent: the number of its process, and when that was spawned (monotonic, in seconds)."""
    words = (str(thin.__file__), str(sockets / "mpv"), trakt.url)
    spawned_at = time.monotonic()
    process = await asyncio.create_subprocess_exec(sys.executable, *words, env=environment(bench.folder))
    try:
        yield process.pid, spawned_at
    finally:
        process.kill()
        await process.wait()


async def commands(bench: Bench) -> list[Figure]:
    """A command that does nothing, a small one, and an interpreter that does nothing, in turns."""
    words: Sequence[tuple[str, ...]] = (("-m", "scrobbler", "--version"), ("-m", "scrobbler", "status"), ("-c", "pass"))
    took: dict[tuple[str, ...], list[float]] = {each: [] for each in words}
    bench.say(f"scrobbler --version and status, {bench.rounds.versions} rounds")
    for _ in range(bench.rounds.versions):
        for each in words:
            took[each].append(await asyncio.to_thread(_run, (sys.executable, *each), bench))
    version, status, nothing = took.values()
    floor = percentile(milliseconds(nothing), 50)
    return [
        _figure("scrobbler --version", version, floor),
        _figure("scrobbler status, of nothing", status, floor),
        _figure("  part: python -c pass", nothing),
    ]


def _run(words: Sequence[str], bench: Bench) -> float:
    """Spawn to end."""
    began = time.monotonic()
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL, env=environment(bench.folder))
    return time.monotonic() - began


def _figure(name: str, seconds: Sequence[float], floor: float | None = None, goal: Goal | None = None) -> Figure:
    return Figure(name=name, unit=Unit.MS, samples=milliseconds(seconds), floor=floor, goal=goal)
