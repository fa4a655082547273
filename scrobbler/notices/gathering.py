"""Watches that something is to be said of: those that come in a row are one notice."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from msgspec import Struct

from scrobbler.notices.kind import Kind
from scrobbler.notices.notice import Notice

GATHERS: Final = 10.0
"""Seconds without another one after which those that came are told."""
LONGEST: Final = 6
"""So many times ``GATHERS`` is waited at most: what never ends is told in parts."""
NAMED: Final = 3
"""So many of them are named."""


class Watch(Struct, frozen=True, kw_only=True):
    """A watch that something is to be said of."""

    entry: int
    """Of the outbox."""
    account: str
    label: str
    words: str = ""
    """What became of it."""


class Gathering:
    """Collects watches of one kind until they are told."""

    def __init__(self, kind: Kind, *, gathers: float) -> None:
        self.kind = kind
        self._gathers = gathers
        self._fresh: dict[int, Watch] = {}
        self._came = asyncio.Event()

    def add(self, one: Watch) -> None:
        """This one, too."""
        if one.entry not in self._fresh:
            self._fresh[one.entry] = one
            self._came.set()

    async def next(self) -> tuple[Watch, ...]:
        """Those that came in a row, once there are some."""
        await self._came.wait()
        for _ in range(LONGEST):
            if not self._came.is_set():
                break
            self._came.clear()
            await asyncio.sleep(self._gathers)
        self._came.clear()
        fresh, self._fresh = self._fresh, {}
        return tuple(fresh.values())

    def notice(self, ones: Sequence[Watch]) -> Notice:
        """What is said of them."""
        return _NOTICES[self.kind](ones)


def _unrecognised(ones: Sequence[Watch]) -> Notice:
    were = "was" if len(ones) == 1 else "were"
    text = f"{_names(ones)} {were} not recognised. Run `scrobbler fix {ones[0].entry}` to say what it is."
    return Notice(title="Trakt: not recognised", text=text)


def _aside(ones: Sequence[Watch]) -> Notice:
    others = len(ones) - 1
    more = f" So {'was' if others == 1 else 'were'} {others} more." if others else ""
    text = f"{ones[0].words}.{more} Run `scrobbler queue show {ones[0].entry}`."
    return Notice(title="Trakt: set aside", text=text)


def _watched(ones: Sequence[Watch]) -> Notice:
    if len(ones) == 1:
        return Notice(title=f"{ones[0].label}: watched", text=f"Trakt has it, for the account {ones[0].account}.")
    return Notice(title=f"Trakt: {len(ones)} watched", text=f"{_names(ones)}.")


def _names(ones: Sequence[Watch]) -> str:
    names = [f"{one.label} ({one.account})" for one in ones[:NAMED]]
    more = f" and {len(ones) - NAMED} more" if len(ones) > NAMED else ""
    return f"{', '.join(names)}{more}"


_NOTICES: Final[Mapping[Kind, Callable[[Sequence[Watch]], Notice]]] = {
    Kind.UNMATCHED: _unrecognised,
    Kind.ASIDE: _aside,
    Kind.SCROBBLED: _watched,
}
GATHERED: Final = tuple(_NOTICES)
"""The kinds that are about watches."""
