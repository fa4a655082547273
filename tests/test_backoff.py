"""How long an account rests: it grows, it never comes in step with others', and it ends as soon as there is hope."""

import pytest
from conftest import Clock
from hypothesis import given
from hypothesis import strategies as st

from scrobbler.delivery.backoff import LONGEST, Backoff
from scrobbler.errors import TraktError, Unavailable, Uncertain, Unreachable

ILL = Unavailable("")


@pytest.fixture
def backoff(clock: Clock) -> Backoff:
    return Backoff(clock.monotonic)


def test_it_doubles_from_two_seconds_with_a_quarter_of_jitter(backoff: Backoff) -> None:
    assert backoff.rest() == 0
    waits = [backoff.failed(ILL) for _ in range(4)]
    assert all(1.5 * 2**n <= wait <= 2.0 * 2**n for n, wait in enumerate(waits))


@pytest.mark.parametrize("error", [ILL, Uncertain(""), Unreachable("")])
def test_it_never_rests_longer_than_half_a_minute(backoff: Backoff, error: TraktError) -> None:
    waits = [backoff.failed(error) for _ in range(50)]
    assert 0.75 * LONGEST <= waits[-1] <= max(waits) <= LONGEST == 30.0


def test_it_never_comes_in_step(clock: Clock) -> None:
    assert len({Backoff(clock.monotonic).failed(ILL) for _ in range(20)}) > 10


def test_it_passes_with_time(backoff: Backoff, clock: Clock) -> None:
    clock.advance(backoff.failed(ILL) + 0.001)
    assert backoff.rest() == 0


def test_a_success_begins_anew(backoff: Backoff) -> None:
    for _ in range(9):
        backoff.failed(ILL)
    backoff.succeeded()
    assert backoff.rest() == 0
    assert backoff.failed(ILL) <= 2


def test_something_new_ends_it_and_another_failure_is_still_the_next_in_a_row(backoff: Backoff) -> None:
    for _ in range(3):
        backoff.failed(ILL)
    backoff.end()
    assert backoff.rest() == 0
    assert backoff.failed(ILL) >= 12


def test_what_trakt_asks_for_is_never_cut_short(backoff: Backoff, clock: Clock) -> None:
    backoff.failed(Unavailable("", retry_after=30))
    backoff.end()
    backoff.hope()
    assert 31 <= backoff.rest() <= 32
    clock.advance(32)
    assert backoff.rest() == 0


def test_the_success_of_another_gives_hope_once(backoff: Backoff) -> None:
    backoff.failed(ILL)
    assert backoff.hope()
    assert backoff.rest() == 0
    backoff.failed(ILL)
    assert not backoff.hope()
    assert backoff.rest() > 0
    backoff.succeeded()
    backoff.failed(ILL)
    assert backoff.hope()


@given(st.lists(st.sampled_from(["fail", "end", "hope", "succeed", "wait"])))
def test_it_is_always_a_time_between_nothing_and_the_bound(steps: list[str]) -> None:
    clock = Clock()
    backoff = Backoff(clock.monotonic)
    for step in steps:
        match step:
            case "fail":
                backoff.failed(ILL)
            case "end":
                backoff.end()
            case "hope":
                backoff.hope()
            case "succeed":
                backoff.succeeded()
            case _:
                clock.advance(10)
        assert 0 <= backoff.rest() <= LONGEST
