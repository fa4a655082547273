"""What the open pages are told: the parts that changed, as soon as something was decided, and never too often.

Decisions come from the store's own thread. While no page is open, nothing happens here. While one is, they wake a
painter, which paints all parts anew, once for all pages, and then rests; what comes meanwhile is told together. A page
that hears slowly is told the last of it only.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from typing import Final

from scrobbler.errors import StateError
from scrobbler.state.decisions import Note, What
from scrobbler.welcome.invitation import Invitation

REST_SECONDS: Final = 0.5
"""So long the painter rests, at least, between two pictures."""
STREAMS: Final = 32
"""So many pages are told at once. One more takes the place of the one that was opened first."""
WORDS: Final = 3
"""So many decisions, at most, are said aloud at once."""
ALOUD: Final = frozenset(
    {What.WATCHED, What.ASIDE, What.UNMATCHED, What.REMOVED, What.SIGN_IN, What.CLOSED, What.HANDED, What.INCOGNITO}
)
"""What somebody who does not look at the page wants to hear."""

Picture = Mapping[str, str]
"""The parts of the page by their names."""


class News:
    """The open pages. Made and used on one event loop; ``told`` may be called from any thread."""

    def __init__(self, paint: Callable[[], Awaitable[Picture]], invitations: Sequence[Invitation]) -> None:
        """``paint`` may raise ``StateError``; then the pages go on showing what they do."""
        self._paint = paint
        self._invitations = invitations
        self._loop = asyncio.get_running_loop()
        self._picture: Picture = {}
        self._painted = asyncio.Event()
        self._wanted = asyncio.Event()
        self._words: deque[str] = deque(maxlen=WORDS)
        self._streams: dict[object, asyncio.Event] = {}
        self._painter: asyncio.Task[None] | None = None
        self._over = False

    def told(self, noted: Sequence[Note]) -> None:
        """These decisions are on the disk."""
        if self._streams and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._hear, tuple(noted))

    def close(self) -> None:
        """End all streams."""
        self._over = True
        for left in self._streams.values():
            left.set()
        self._painted.set()

    async def stream(self) -> AsyncGenerator[Picture, None]:
        """The parts as they are, then those that change, with ``said`` for words that are said aloud."""
        me, left = object(), asyncio.Event()
        self._make_room()
        self._streams[me] = left
        if self._painter is None:
            self._painter = asyncio.create_task(self._work())
        self._wanted.set()
        shown: Picture = {name: text for name, text in self._picture.items() if name == "said"}  # others heard it
        try:
            while not self._over and not left.is_set():
                painted = self._painted
                picture = self._picture
                changed = {name: text for name, text in picture.items() if shown.get(name) != text}
                shown = picture
                if changed:
                    yield changed
                if painted is self._painted:
                    await painted.wait()
        finally:
            self._streams.pop(me, None)
            if not self._streams:
                self._rest()

    @property
    def streams(self) -> int:
        """How many are open."""
        return len(self._streams)

    def _make_room(self) -> None:
        while len(self._streams) >= STREAMS:
            first = next(iter(self._streams))
            self._streams.pop(first).set()
            self._wake()

    def _hear(self, noted: Sequence[Note]) -> None:
        self._words.extend(one.words for one in noted if one.what in ALOUD)
        self._wanted.set()

    async def _work(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            for invitation in self._invitations:
                tasks.create_task(self._attend(invitation))
            while True:
                await self._wanted.wait()
                self._wanted.clear()
                words = "\n".join(self._words)
                self._words.clear()
                try:
                    painted = dict(await self._paint())
                except StateError:
                    painted = dict(self._picture)
                said = words or self._picture.get("said", "")
                self._picture = painted | ({"said": said} if said else {})
                self._wake()
                await asyncio.sleep(REST_SECONDS)

    async def _attend(self, invitation: Invitation) -> None:
        async with aclosing(invitation.states()) as states:
            async for _ in states:
                self._wanted.set()

    def _wake(self) -> None:
        painted, self._painted = self._painted, asyncio.Event()
        painted.set()

    def _rest(self) -> None:
        """Nobody looks any more."""
        if self._painter is not None:
            self._painter.cancel()
            self._painter = None
        self._picture = {}
        self._words.clear()
        self._wanted.clear()
