"""What a commit will bring is waited for in threads and on event loops, each of which is woken once for all of it."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import wait
from contextlib import closing
from contextvars import Context
from typing import TypeVarTuple

import pytest

from scrobbler.errors import StateError
from scrobbler.state.promise import Promise, wake

Ts = TypeVarTuple("Ts")


class Loop(asyncio.SelectorEventLoop):
    """One that counts how often another thread wakes it."""

    woken = 0

    def call_soon_threadsafe(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        self.woken += 1
        return super().call_soon_threadsafe(callback, *args, context=context)


@pytest.fixture
def loop() -> Iterator[Loop]:
    with closing(Loop()) as made:
        yield made


def keep(*promises: Promise[int]) -> None:
    """What the writer's thread does after a commit."""
    for number, promise in enumerate(promises):
        promise.set_result(number)
    wake(promises)


async def awaited(promise: Promise[int]) -> int:
    return await promise


def test_a_loop_is_woken_once_for_all_that_was_committed_together(loop: Loop) -> None:
    promises = [Promise[int]() for _ in range(20)]

    async def all_of_it() -> list[int]:
        waiting = [asyncio.ensure_future(awaited(promise)) for promise in promises]
        await asyncio.sleep(0)
        writer = threading.Thread(target=keep, args=promises)
        writer.start()
        found = [await each for each in waiting]
        writer.join()
        return found

    assert loop.run_until_complete(all_of_it()) == list(range(20))
    assert loop.woken == 1


def test_what_was_kept_before_is_not_waited_for(loop: Loop) -> None:
    promise = Promise[int]()
    keep(promise)
    assert loop.run_until_complete(awaited(promise)) == 0
    assert loop.woken == 0


def test_several_may_wait_for_one_and_a_thread_among_them(loop: Loop) -> None:
    promise = Promise[int]()

    async def both() -> list[int]:
        waiting = [asyncio.ensure_future(awaited(promise)) for _ in range(2)]
        await asyncio.sleep(0)
        threading.Thread(target=keep, args=[promise]).start()
        return [promise.result(10), *[await each for each in waiting]]

    assert loop.run_until_complete(both()) == [0, 0, 0]


def test_what_went_wrong_is_raised_where_it_is_waited_for(loop: Loop) -> None:
    promise = Promise[int]()

    async def refused() -> None:
        waiting = asyncio.ensure_future(awaited(promise))
        await asyncio.sleep(0)
        promise.set_exception(StateError("the disk is full"))
        wake([promise])
        with pytest.raises(StateError, match="full"):
            await waiting

    loop.run_until_complete(refused())


def test_who_stops_waiting_stops_nothing_and_harms_nobody(loop: Loop) -> None:
    promise = Promise[int]()

    async def given_up() -> int:
        first, second = [asyncio.ensure_future(awaited(promise)) for _ in range(2)]
        await asyncio.sleep(0)
        first.cancel()
        assert not promise.cancel()
        keep(promise)
        return await second

    assert loop.run_until_complete(given_up()) == 0
    assert wait([promise], timeout=0).done == {promise}


def test_a_loop_that_has_ended_is_not_woken(loop: Loop) -> None:
    promise = Promise[int]()

    async def left() -> None:
        waiting = asyncio.ensure_future(awaited(promise))
        await asyncio.sleep(0)
        waiting.cancel()

    loop.run_until_complete(left())
    loop.close()
    keep(promise)
    assert promise.result(0) == 0


class Missed(list[asyncio.Future[None]]):
    """Waiters of a promise that is kept just before the first of them is seen."""

    def __init__(self, promise: Promise[int]) -> None:
        super().__init__()
        self._promise = promise

    def append(self, waiter: asyncio.Future[None]) -> None:
        keep(self._promise)
        super().append(waiter)


def test_what_is_kept_while_somebody_begins_to_wait_is_not_missed(loop: Loop) -> None:
    promise = Promise[int]()
    promise.waiters = Missed(promise)
    assert loop.run_until_complete(asyncio.wait_for(awaited(promise), 10)) == 0
    assert loop.woken == 0
