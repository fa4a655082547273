"""Threads that may block on the network, and that nobody has to wait for when the program ends."""

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Senders:
    """A few threads for plain blocking calls, each begun when the others are busy: most agents need but one.

    The standard library's pool would do, but the interpreter waits for its threads at exit, for as long as a request
    takes that nobody answers. What is cut off here is on the disk as uncertain, and is looked up at the next start.
    """

    def __init__(self, threads: int) -> None:
        """``threads``: the most that there may be."""
        self._most = threads
        self._work: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._idle = threading.Semaphore(0)
        self._threads: list[threading.Thread] = []

    def submit(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Have it called on one of the threads. It cannot be cancelled once it is submitted.

        To be called by one thread only.
        """
        future: Future[T] = Future()
        future.set_running_or_notify_cancel()

        def work() -> None:
            try:
                result = call(*args, **kwargs)
            except BaseException as error:  # noqa: BLE001  # it goes to whoever waits for the future
                self._idle.release()  # before they are told, as they may have the next thing to do
                future.set_exception(error)
            else:
                self._idle.release()
                future.set_result(result)

        self._work.put(work)
        if not self._idle.acquire(blocking=False) and len(self._threads) < self._most:
            self._begin()
        return future

    def close(self) -> None:
        """Let the threads end that have nothing to do; do not wait for the others."""
        for _ in self._threads:
            self._work.put(None)

    def _begin(self) -> None:
        thread = threading.Thread(target=self._run, name=f"sender-{len(self._threads)}", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _run(self) -> None:
        while (work := self._work.get()) is not None:
            work()
