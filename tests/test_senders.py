"""Threads for blocking calls, for which nobody waits at the end."""

import subprocess
import sys
import threading

import pytest

from scrobbler.delivery.senders import Senders


def test_a_call_is_made_on_another_thread_and_its_result_comes_back() -> None:
    senders = Senders(1)
    assert senders.submit(lambda: threading.current_thread().name).result(10) == "sender-0"
    senders.close()


def test_an_error_comes_back_and_the_thread_goes_on() -> None:
    senders = Senders(1)
    with pytest.raises(ZeroDivisionError):
        senders.submit(lambda: 1 / 0).result(10)
    assert senders.submit(max, 1, 2).result(10) == 2
    senders.close()


def test_what_was_submitted_cannot_be_cancelled() -> None:
    senders = Senders(1)
    gate = threading.Event()
    waiting = senders.submit(gate.wait, 10)
    later = senders.submit(max, 3, 4)
    assert not waiting.cancel()
    assert not later.cancel()
    gate.set()
    assert later.result(10) == 4
    senders.close()


def test_a_thread_begins_when_the_others_are_busy_and_no_more_than_allowed() -> None:
    senders = Senders(3)
    assert senders._threads == []
    for _ in range(50):
        senders.submit(max, 1, 2).result(10)
    assert len(senders._threads) == 1
    gate = threading.Event()
    waiting = [senders.submit(gate.wait, 10) for _ in range(5)]
    assert len(senders._threads) == 3
    gate.set()
    assert all(each.result(10) for each in waiting)
    senders.close()


def test_all_that_is_given_at_once_is_done_by_as_many_as_there_may_be() -> None:
    senders = Senders(4)
    together = threading.Barrier(4)
    meeting = [senders.submit(together.wait, 10) for _ in range(4)]
    assert sorted(each.result(10) for each in meeting) == [0, 1, 2, 3]
    senders.close()


def test_closed_threads_end() -> None:
    senders = Senders(2)
    gate = threading.Event()
    for _ in range(2):
        senders.submit(gate.wait, 10)
    assert len(senders._threads) == 2
    gate.set()
    senders.close()
    for thread in senders._threads:
        thread.join(10)
        assert not thread.is_alive()


def test_a_call_that_hangs_keeps_no_process_alive() -> None:
    script = (
        "import threading; from scrobbler.delivery.senders import Senders; Senders(1).submit(threading.Event().wait)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False, timeout=30).returncode == 0
