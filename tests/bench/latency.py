"""From a pause in mpv to the request on the wire, beside the sum of its parts at their barest."""

from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from functools import partial
from typing import Any

from bench.bench import Bench
from bench.figure import FLOOR, Figure, Goal, Unit, milliseconds, percentile
from bench.floor import Bystander, Floor
from bench.trakt import Trakt, arrival

GOAL = Goal(most=1.5, of=FLOOR)
TAIL = Goal(most=4.0, of=FLOOR)
"""Of the 95th percentile; it is compared with what the floor takes as a rule."""
VERBS = (("pause", True, "/scrobble/pause"), ("resume", False, "/scrobble/start"))


async def measure(bench: Bench) -> list[Figure]:
    """The figures of the pause and of the resume, and those of their parts."""
    samples: dict[str, list[float]] = {}

    def note(name: str, seconds: float) -> None:
        samples.setdefault(name, []).append(seconds)

    async with AsyncExitStack() as stack:
        trakt = await stack.enter_async_context(Trakt().listening())
        floor = await stack.enter_async_context(Floor.beside(bench, trakt, note))
        running = await stack.enter_async_context(bench.agent(trakt))
        player, _ = await stack.enter_async_context(bench.scrobbled(trakt, running))
        mouth = player.line()
        await _round(trakt, mouth.say, floor)
        samples.clear()  # the first time of all is told elsewhere
        for number in range(bench.rounds.pauses):
            bench.say(f"pause and resume, round {number + 1} of {bench.rounds.pauses}")
            await _round(trakt, mouth.say, floor)
        await floor.tight(bench.rounds.tight)
    return _figures(samples)


async def _round(trakt: Trakt, say: Callable[..., float], floor: Floor) -> None:
    """One pause and one resume, and the parts before each."""
    for verb, paused, path in VERBS:
        await floor.spaced(f"mpv, {verb}", partial(Bystander.set, paused=paused))
        arrived = trakt.expect(path)
        began = say("set_property", "pause", paused)
        floor.note(verb, await arrival(arrived, f"a {verb}") - began)


def _figures(samples: Mapping[str, list[float]]) -> list[Figure]:
    told = {name: milliseconds(each) for name, each in samples.items()}
    figures = []

    def row(name: str, key: str, **more: Any) -> Figure:
        return Figure(name=name, unit=Unit.MS, samples=told[key], **more)

    for verb, _, _ in VERBS:
        floor = sum(percentile(told[name], 50) for name in (f"mpv, {verb}", "commit", "post"))
        late = percentile(told[verb], 95)
        figures += [
            row(f"mpv {verb} -> request at Trakt", verb, floor=floor, goal=GOAL),
            Figure(name=f"  mpv {verb}, p95", unit=Unit.MS, samples=(late,), floor=floor, goal=TAIL),
        ]
    return [
        *figures,
        *(row(f"  part: mpv's own, {verb} -> event", f"mpv, {verb}") for verb, _, _ in VERBS),
        row("  part: durable commit, spaced", "commit"),
        row("  part: durable commit, back to back", "commit, tight"),
        row("  part: bare httpx -> request, spaced", "post"),
        row("  part: bare httpx -> request, back to back", "post, tight"),
    ]
