"""The crash campaign in small: whole watches, a kill of each kind, and each time exactly one watch."""

import asyncio
import sys

import pytest
from campaign import crash
from campaign.moments import Kind, draw

RUNS = 20


@pytest.mark.crash
@pytest.mark.timeout(120)
@pytest.mark.skipif(sys.platform != "linux", reason="needs inotify")
def test_no_kill_costs_a_watch_and_none_doubles_one() -> None:
    planned = crash.plans(RUNS, "small", film=5.0)
    assert {plan.kind for plan in planned} == set(Kind)
    outcomes = asyncio.run(crash.run(planned, RUNS, lambda _: None))
    assert [crash.failure(outcome) for outcome in outcomes if outcome.failed] == []
    assert sum(outcome.kills for outcome in outcomes) >= RUNS


def test_a_seed_gives_the_same_moments_again() -> None:
    for kind in Kind:
        assert draw("7.3", kind, 8.0) == draw("7.3", kind, 8.0)
