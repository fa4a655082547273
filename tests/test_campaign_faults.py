"""The fault campaign in small: whatever Trakt does, every watch arrives once, with its time."""

from collections.abc import Iterator
from random import Random

import pytest
from campaign.faults import CALLS, EACH, alone, in_sequence, outage, spend
from double import Served

from scrobbler.errors import Uncertain
from scrobbler.trakt.replies import read_added
from scrobbler.trakt.statuses import Reply

MINUTES = 12.0


@pytest.fixture(autouse=True)
def on_purpose(breaches: list[str]) -> Iterator[None]:
    """The answers here are wrong on purpose; what is asked must be right all the same."""
    yield
    breaches[:] = [wrong for wrong in breaches if not wrong.startswith("answer ")]


@pytest.mark.parametrize("name", EACH)
def test_a_fault_on_whatever_is_called_costs_no_watch(name: str, served: Served) -> None:
    path = Random(name).choice(CALLS)
    assert spend(name, alone(EACH[name], path, MINUTES), "small", served).wrong == ()


@pytest.mark.parametrize("seed", range(12))
def test_faults_in_random_sequence_cost_no_watch(seed: int, served: Served) -> None:
    assert spend("sequence", in_sequence(MINUTES), str(seed), served).wrong == ()


def test_an_outage_as_long_as_three_films_costs_none_of_them(served: Served) -> None:
    result = spend("outage", outage(100.0), "small", served)
    assert (result.watched, result.aside, result.wrong) == (4, 0, ())


@pytest.mark.parametrize("data", [None, [], {}, {"added": None}])
def test_an_answer_that_does_not_say_what_was_added_is_no_unknown_item(data: object) -> None:
    with pytest.raises(Uncertain, match="did not say what it added"):
        read_added(Reply(status=200, headers={}, data=data))
