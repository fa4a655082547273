"""One mpv, heard and asked. Nothing here can change the player.

One queue keeps mpv's own order, the end included.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from scrobbler_mpv.client import Client, connected
from scrobbler_mpv.words import EVENTS, OBSERVED, Moment, Word

_OVERTAKEN = timedelta(seconds=10)
"""A word can be this late on a busy machine. One that seems older was said after the clock had been set back."""

_EVENT_WORDS = {word.value: word for word in EVENTS}
_PROPERTY_WORDS = {word.value: word for word in OBSERVED}


class Connection:
    """What is heard of one mpv; ``listening`` makes one."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.client: Client
        self._clock = clock
        self._moments: asyncio.Queue[Moment] = asyncio.Queue()
        self._play = 0
        self._latest = clock()
        self._note(Word.ATTACHED)

    @property
    def pid(self) -> int | None:
        """The player's, as the kernel knows it."""
        return self.client.peer.pid

    async def next(self, due: float | None) -> Moment:
        """The next moment in mpv's own order: ``ATTACHED`` first, ``GONE`` last, ``SAMPLE`` once ``due`` has passed.

        No moment seems older than the one before it: a word that was said just before a look, and gets here just
        after it, would otherwise be taken for one that came late, and a pause would be lost.
        """
        try:
            async with asyncio.timeout_at(due):
                moment = await self._moments.get()
        except TimeoutError:
            moment = self._moment(Word.SAMPLE)
        if timedelta(0) < self._latest - moment.at < _OVERTAKEN:
            moment = replace(moment, at=self._latest)
        self._latest = moment.at
        return moment

    async def ask(self, moment: Moment, properties: Sequence[str]) -> dict[str, object]:
        """The values of properties while the file of that moment is on, None for what mpv has not.

        Empty where the file changed meanwhile, or where mpv does not answer.
        """
        said = await self.client.ask(*properties) if properties else {}
        return said if moment.play == self._play else {}

    def hear(self, event: str, said: Mapping[str, Any]) -> None:
        """One event of mpv."""
        if event == "property-change":
            word, value = _PROPERTY_WORDS.get(said.get("name", "")), said.get("data")
        else:
            word, value = _EVENT_WORDS.get(event), said.get("reason")
        if word is None:
            return
        if word in {Word.START_FILE, Word.END_FILE}:
            self._play += 1
        self._note(word, value)

    def end(self) -> None:
        """After the last event."""
        self._note(Word.GONE)

    def _note(self, word: Word, value: object = None) -> None:
        self._moments.put_nowait(self._moment(word, value))

    def _moment(self, word: Word, value: object = None) -> Moment:
        return Moment(word=word, value=value, at=self._clock(), clock=time.monotonic(), play=self._play)


@asynccontextmanager
async def listening(path: Path, clock: Callable[[], datetime]) -> AsyncIterator[Connection]:
    """The mpv behind a socket, which tells from now on. Raises OSError where nobody listens; probe it before."""
    connection = Connection(clock)
    async with connected(path, connection.hear, connection.end) as client:
        connection.client = client
        for number, word in enumerate(OBSERVED, start=1):
            # Where this version of mpv does not know the property, its word is never heard.
            client.command("observe_property", number, word.value)
        yield connection
