"""What the receiver bears: accepted webhooks a second, the wait of a server, a burst, and the way to the wire.

Each accepted webhook of the flood changes the state of its device, so each is in a durable commit before its answer
(those that arrive together share one). The floor is a bare Starlette endpoint that commits one row for each request.
"""

import asyncio
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack
from itertools import cycle

from bench.bench import Bench, rest
from bench.endpoint import endpoint
from bench.figure import FLOOR, Figure, Goal, Unit, milliseconds, percentile
from bench.jellyfin import PLAYERS, Line, post, said
from bench.process import memory
from bench.trakt import Trakt, arrival

LANES = 16
"""Servers that post at once, each on a connection that it keeps."""
BURST = 300
BEARABLE = Goal(most=1 / 0.7, of=FLOOR)


async def measure(bench: Bench) -> list[Figure]:
    """All of it."""
    return [*await _flood(bench), *await _away(bench), *await _burst(bench), *await _wire(bench)]


async def _throng(url: str, path: str, posts: int) -> float:
    """Seconds for so many webhooks, sixteen at a time; each device plays and pauses in turn."""
    lines = [await Line.to(url) for _ in range(LANES)]

    async def lane(number: int, line: Line) -> None:
        words = [said("PlaybackProgress", f"tv {number}", 600.0, paused=paused) for paused in (False, True)]
        requests = cycle([post(path, body) for body in words])
        for _ in range(posts // LANES):
            await line.ask(next(requests))

    began = time.monotonic()
    await asyncio.gather(*(lane(number, line) for number, line in enumerate(lines)))
    took = time.monotonic() - began
    for line in lines:
        line.close()
    return took


async def _flood(bench: Bench) -> list[Figure]:
    """Accepted webhooks a second, and the memory that they take."""
    posts = bench.rounds.posts
    took: dict[str, list[float]] = {"parse": [], "commit": [], "ours": []}
    async with AsyncExitStack() as stack:
        trakt = await stack.enter_async_context(Trakt().listening())
        floors = {
            mode: await stack.enter_async_context(endpoint(bench, mode, trakt.url)) for mode in ("parse", "commit")
        }
        running = await stack.enter_async_context(bench.agent(trakt, web=True, more=PLAYERS))
        before = memory(running.pid)[0]
        for number in range(5):
            bench.say(f"webhooks, round {number + 1} of 5")
            for mode, url in floors.items():
                took[mode].append(await _throng(url, "/hook", posts))
            took["ours"].append(await _throng(running.web, "/hooks/jellyfin", posts))
        after = memory(running.pid)[0]
    each = {name: tuple(seconds / posts * 1e6 for seconds in times) for name, times in took.items()}
    rates = {name: tuple(posts / seconds for seconds in times) for name, times in took.items()}
    floor = percentile(each["commit"], 50)
    return [
        Figure(
            name="webhook accepted, each, 16 at a time", unit=Unit.US, samples=each["ours"], floor=floor, goal=BEARABLE
        ),
        Figure(name="  that is, with a durable commit", unit=Unit.RATE, samples=rates["ours"]),
        Figure(name="  a bare Starlette endpoint, with the same commit", unit=Unit.RATE, samples=rates["commit"]),
        Figure(name="  a bare Starlette endpoint, without", unit=Unit.RATE, samples=rates["parse"]),
        Figure(name="memory, receiver before the flood: RSS", unit=Unit.MIB, samples=(before,)),
        Figure(
            name=f"memory, receiver after {posts * 5:,}: RSS",
            unit=Unit.MIB,
            samples=(after,),
            floor=before,
            goal=Goal(most=46),
        ),
    ]


async def _away(bench: Bench) -> list[Figure]:
    """How long a server waits while Trakt takes requests and answers none."""
    bench.say("webhooks while Trakt is away")
    took, least = list[float](), list[float]()
    async with AsyncExitStack() as stack:
        trakt = await stack.enter_async_context(Trakt().listening())
        running = await stack.enter_async_context(bench.agent(trakt, web=True, more=PLAYERS))
        trakt.holds = True
        floor = await Line.to(await stack.enter_async_context(endpoint(bench, "commit", trakt.url)))
        line = await Line.to(running.web)
        for number in range(max(200, bench.rounds.tight)):
            body = said("PlaybackProgress", f"tv {number % 4}", 600.0, paused=number % 8 > 3)
            took.append(await line.ask(post("/hooks/jellyfin", body)))
            await asyncio.sleep(0.01)
            least.append(await floor.ask(post("/hook", body)))
            await asyncio.sleep(0.01)
        line.close()
        floor.close()
    times, floors = milliseconds(took), milliseconds(least)
    return [
        Figure(name="webhook answered while Trakt is away", unit=Unit.MS, samples=times, floor=percentile(floors, 50)),
        Figure(
            name="  p99",
            unit=Unit.MS,
            samples=(percentile(times, 99),),
            floor=percentile(floors, 99),
            goal=Goal(most=10),
        ),
    ]


async def _burst(bench: Bench) -> list[Figure]:
    """How many calls to Trakt a burst of positions makes."""
    bench.say(f"a burst of {BURST} positions")
    async with Trakt().listening() as trakt, bench.agent(trakt, web=True, more=PLAYERS) as running:
        lines = [await Line.to(running.web) for _ in range(8)]
        places = iter(range(BURST))

        async def lane(line: Line) -> None:
            for place in places:
                await line.ask(post("/hooks/jellyfin", said("PlaybackProgress", "tv", 600.0 + place / BURST)))

        began = time.monotonic()
        await asyncio.gather(*map(lane, lines))
        took = time.monotonic() - began
        for line in lines:
            line.close()
        await asyncio.sleep(5.0)
        calls = trakt.calls
    return [
        Figure(
            name=f"burst of {BURST} positions: calls to Trakt", unit=Unit.CALLS, samples=(calls,), goal=Goal(most=3)
        ),
        Figure(name="  answered, 8 at a time", unit=Unit.RATE, samples=(BURST / took,)),
    ]


async def _wire(bench: Bench) -> list[Figure]:
    """From the webhook to the request on the wire."""
    async with AsyncExitStack() as stack:
        trakt = await stack.enter_async_context(Trakt().listening())
        running = await stack.enter_async_context(bench.agent(trakt, web=True, more=PLAYERS))
        floor = await stack.enter_async_context(endpoint(bench, "forward", trakt.url))
        ours, bares = await Line.to(running.web), await Line.to(floor)
        samples, least = list[float](), list[float]()
        for number, body in enumerate(_turns(bench.rounds.pauses * 2 + 1)):
            bench.say(f"webhook to the wire, {number} of {bench.rounds.pauses * 2}")
            path = "/scrobble/pause" if number % 2 else "/scrobble/start"
            taken = await _timed(trakt, path, ours, post("/hooks/jellyfin", body))
            await rest()
            bottom = await _timed(trakt, "/floor", bares, post("/hook", body))
            await rest()
            if number:  # the first of all opens connections
                samples.append(taken)
                least.append(bottom)
        ours.close()
        bares.close()
    floors = milliseconds(least)
    return [
        Figure(
            name="webhook -> request at Trakt",
            unit=Unit.MS,
            samples=milliseconds(samples),
            floor=percentile(floors, 50),
            goal=Goal(most=1.5, of=FLOOR),
        ),
        Figure(name="  floor: bare Starlette, commit and httpx", unit=Unit.MS, samples=floors),
    ]


def _turns(count: int) -> Iterator[bytes]:
    """Playing and paused in turn, each a little further."""
    for number in range(count):
        yield said("PlaybackProgress", "tv", 600.0 + number, paused=bool(number % 2))


async def _timed(trakt: Trakt, path: str, line: Line, request: bytes) -> float:
    """Seconds from a webhook to the request that comes of it."""
    arrived = trakt.expect(path)
    began = time.monotonic()
    asking = asyncio.create_task(line.ask(request))
    took = await arrival(arrived, "a webhook") - began
    await asking
    return took
