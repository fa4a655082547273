"""What two agents use while nobody says anything to them, in the same time: one has much to remember, one little."""

import asyncio
import time

from bench.agent import Agent
from bench.figure import Figure, Goal, Unit
from bench.process import cost
from msgspec import Struct


class Rested(Struct, frozen=True, kw_only=True):
    """What an agent used in a while."""

    cpu: float
    """Seconds a minute."""
    wakes: float
    """A minute."""


async def rested(few: Agent, crowded: Agent, window: float) -> tuple[Rested, Rested]:
    """What each of them uses in the same time."""
    before, began = (cost(few.pid), cost(crowded.pid)), time.monotonic()
    await asyncio.sleep(window)
    after, minutes = (cost(few.pid), cost(crowded.pid)), (time.monotonic() - began) / 60

    def used(number: int) -> Rested:
        begin, end = before[number], after[number]
        return Rested(cpu=(end.cpu - begin.cpu) / minutes, wakes=(end.switches - begin.switches) / minutes)

    return used(0), used(1)


def silence(few: Rested, crowded: Rested, many: int) -> list[Figure]:
    return [
        Figure(
            name=f"{many:,} play without a word: CPU",
            unit=Unit.CPU,
            samples=(crowded.cpu,),
            floor=few.cpu,
            goal=Goal(most=0.006),
        ),
        Figure(name="  wake-ups", unit=Unit.WAKES, samples=(crowded.wakes,), floor=few.wakes, goal=Goal(most=15.0)),
    ]
