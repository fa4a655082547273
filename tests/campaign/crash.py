"""The crash campaign: whole watches, and kill -9 of the agent at moments drawn by chance."""

import asyncio
import os
from collections.abc import Callable, Sequence

from campaign import trakt
from campaign.household import Outcome, survive
from campaign.moments import Kind, Plan, draw

FILM_SECONDS = 8.0


def plans(runs: int, seed: str, film: float = FILM_SECONDS) -> list[Plan]:
    """So many, of each kind as many as of the others; those that take longest first."""
    kinds = list(Kind)
    drawn = [draw(f"{seed}.{number}", kinds[number % len(kinds)], film) for number in range(runs)]
    return sorted(drawn, key=lambda plan: plan.kind is not Kind.GONE)


async def run(planned: Sequence[Plan], lanes: int, done: Callable[[Outcome], None]) -> list[Outcome]:
    """All of them, so many at once; each is told when it is done."""
    turns = asyncio.Semaphore(lanes)

    async def one(service: trakt.Trakt, plan: Plan) -> Outcome:
        async with turns:
            outcome = await survive(plan, service)
        done(outcome)
        return outcome

    async with trakt.running() as service, asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(one(service, plan)) for plan in planned]
    return [task.result() for task in running]


def lanes() -> int:
    """As many runs at once as the processors bear: a run mostly waits."""
    return 4 * (os.cpu_count() or 1)


def table(outcomes: Sequence[Outcome]) -> list[str]:
    """Kind of moment by what it cost."""
    heads = ("agent killed", "runs", "kills", "torn commits", "lost", "doubled", "wrong time", "other", "off by s")
    rows: list[tuple[str, ...]] = [heads]
    for kind in (*Kind, None):
        of = [each for each in outcomes if kind in (None, each.plan.kind)]
        if not of:
            continue
        counts = (
            len(of),
            sum(each.kills for each in of),
            sum(each.torn for each in of),
            sum(each.plays == 0 for each in of),
            sum(each.plays > 1 for each in of),
            sum(each.wrong_time for each in of),
            sum(bool(each.trouble) for each in of),
        )
        off = [each.off.total_seconds() for each in of if each.plays]
        span = f"{min(off):.0f} to {max(off):.0f}" if off else "-"
        rows.append((kind.value if kind else "all", *map(str, counts), span))
    widths = [max(len(row[column]) for row in rows) for column in range(len(heads))]
    return ["  ".join((row[0].ljust(widths[0]), *(map(str.rjust, row[1:], widths[1:])))) for row in rows]


def failure(outcome: Outcome) -> str:
    """One line about a run that failed, and how to repeat it."""
    what = outcome.trouble or ("lost" if not outcome.plays else "doubled" if outcome.plays > 1 else "wrong time")
    plan = outcome.plan
    return (
        f"FAILED {plan.kind.value}: {what} ({outcome.plays} plays, off by {outcome.off.total_seconds():.1f} s); "
        f"again: make crash-campaign AGAIN={plan.seed}:{plan.kind.name}"
    )
