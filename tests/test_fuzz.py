"""The fuzzer in small, and that it would find something: one that finds nothing in a broken receiver proves nothing."""

import sys
from collections import Counter

import pytest
from fuzz import command, inside, outside
from fuzz.bodies import draw, raw

from plugins import sample
from scrobbler.adapters import WebhookRequest

BODIES = 2000
SOCKETS = 150


def test_no_body_is_a_5xx_an_error_or_a_delay() -> None:
    tally = inside.run("small", range(BODIES))
    assert tally.wrong == []
    assert tally.bodies == BODIES
    assert tally.statuses[200] > BODIES / 3, "most are understood, so they got somewhere"
    assert tally.statuses[400] > BODIES / 10
    assert tally.events > BODIES / 10


@pytest.mark.skipif(sys.platform == "win32", reason="ends the agent by a signal")
def test_no_bytes_on_a_socket_are_either() -> None:
    tally = outside.run("small", range(SOCKETS))
    assert tally.wrong == []
    assert tally.sockets == SOCKETS
    assert tally.statuses[200] > SOCKETS / 5


class Broken:
    """An adapter, and a mistake that only odd payloads meet."""

    def __init__(self, wrong: Exception | None) -> None:
        self._wrong = wrong

    def parse(self, request: WebhookRequest) -> object:
        if b"\0" in request.body and self._wrong is not None:
            raise self._wrong
        return [] if self._wrong is not None else [None]


@pytest.mark.parametrize("wrong", [KeyError("x"), RecursionError(), None])
def test_an_adapter_that_fails_is_found(wrong: Exception | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sample, "adapter", lambda source: Broken(wrong))
    found = inside.run("small", range(300)).wrong
    assert found
    assert all("logged" in line for line in found)


def test_a_number_gives_the_same_request_again_and_another_one_another() -> None:
    assert draw("a", 7) == draw("a", 7)
    assert raw("a", 7) == raw("a", 7)
    assert len({draw("a", number).body for number in range(50)}) > 40


def test_every_body_of_a_campaign_is_sent_once() -> None:
    jobs = command.jobs("a", 401_000)
    numbers = Counter(number for _, first, last, _ in jobs for number in range(first, last))
    assert set(numbers.values()) == {1}
    assert len(numbers) == 401_000
    assert sum(sockets for *_, sockets in jobs) == 3
