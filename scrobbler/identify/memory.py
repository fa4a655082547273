"""What Trakt once answered, remembered: in this process, and behind it wherever it is kept for good."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from threading import Lock
from typing import Any, Final, Protocol, TypeVar

import msgspec
from msgspec import Struct

from scrobbler.state.answers import Answer

MOST: Final = 256
"""So many answers are in memory at once; a season is one, a search is one."""

T = TypeVar("T")


class Keeper(Protocol):
    """Where answers are kept over restarts."""

    def recall(self, key: str) -> Answer | None:
        """What was answered last. Blocks; raises ``StateError``."""

    def remember(self, key: str, answer: Answer) -> None:
        """Keep it instead of an older one. Returns at once."""


class Known(Struct, frozen=True, kw_only=True):
    """An answer in its own type, and when Trakt gave it."""

    at: datetime
    value: Any


class _Turn:
    def __init__(self) -> None:
        self.lock = Lock()
        self.wanted = 0


class Memory:
    """Answers by key. Threads and accounts share one: what there is to watch is the same for all of them."""

    def __init__(self, keeper: Keeper | None = None) -> None:
        """Without a keeper it lasts as long as the process."""
        self._keeper = keeper
        self._known: dict[str, Known] = {}
        self._turns: dict[str, _Turn] = {}
        self._guard = Lock()

    def recall(self, key: str, shape: type[T]) -> Known | None:
        """What is known by this key, whose value is of that type; None if nothing, or nothing that makes sense now."""
        with self._guard:
            if (known := self._known.pop(key, None)) is not None:
                self._known[key] = known  # the last one used is the last one to go
                return known
        kept = self._keeper.recall(key) if self._keeper is not None else None
        if kept is None:
            return None
        try:
            known = Known(at=kept.at, value=msgspec.json.decode(kept.text, type=shape))
        except ValueError:  # msgspec's errors are ValueErrors; another version of this program wrote it
            return None
        self._hold(key, known)
        return known

    def remember(self, key: str, known: Known) -> None:
        """Trakt said so."""
        self._hold(key, known)
        if self._keeper is not None:
            self._keeper.remember(key, Answer(at=known.at, text=msgspec.json.encode(known.value).decode()))

    @contextmanager
    def turn(self, key: str, *, wait: bool) -> Iterator[bool]:
        """Whether it is one's turn to ask Trakt for this; with ``wait``, after all others had theirs."""
        with self._guard:
            turn = self._turns.setdefault(key, _Turn())
            turn.wanted += 1
        mine = turn.lock.acquire(blocking=wait)
        try:
            yield mine
        finally:
            if mine:
                turn.lock.release()
            with self._guard:
                turn.wanted -= 1
                if not turn.wanted:
                    del self._turns[key]

    def _hold(self, key: str, known: Known) -> None:
        with self._guard:
            self._known.pop(key, None)
            if len(self._known) >= MOST:
                self._known.pop(next(iter(self._known)))
            self._known[key] = known
