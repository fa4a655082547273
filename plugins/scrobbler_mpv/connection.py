"""One mpv, heard and asked. Nothing here can change the player.

One queue keeps mpv's own order up to the event loop, the end included.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Self

from msgspec.structs import replace

from scrobbler_mpv.client import Client
from scrobbler_mpv.probe import exact
from scrobbler_mpv.words import EVENTS, OBSERVED, Moment, Word

_ANSWER_WITHIN = 3.0
"""Seconds. A running mpv takes 0.1 ms; a frozen one may never answer."""

_OVERTAKEN = timedelta(seconds=10)
"""A word can be this late on a busy machine. One that seems older was said after the clock had been set back."""

_EVENT_WORDS = {word.value: word for word in EVENTS}
_PROPERTY_WORDS = {word.value: word for word in OBSERVED}


class Connection:
    """A connection to the mpv behind a socket. Use it on one event loop, and ``with`` it."""

    def __init__(self, path: Path, clock: Callable[[], datetime]) -> None:
        """Connects at once. Raises OSError where nobody listens any more; probe the socket before."""
        self._path = path
        self._clock = clock
        self._moments: asyncio.Queue[Moment] = asyncio.Queue()
        self._play = 0
        self._owed = 0
        self._latest = clock()
        self._moments.put_nowait(self._moment(Word.ATTACHED))
        self._client = Client(path, self._event, self._gone)
        self._client.open()
        self.pid = self._client.pid
        for number, word in enumerate(OBSERVED, start=1):
            # Where this version of mpv does not know the property, its word is never heard.
            self._client.command("observe_property", number, word.value)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

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

        Empty where the file changed meanwhile, or where mpv does not answer: while it owes an answer, as a frozen one
        does, it is asked nothing more, so that its socket cannot fill up and block us.
        """
        if not properties or self._owed:
            return {}
        answers: dict[str, object] = {}
        answered = asyncio.Event()

        def reply(name: str, error: Exception | None, value: object) -> None:
            answers[name] = value if error is None else None
            if len(answers) == len(properties):
                self._client.post(settle)

        def settle() -> None:
            self._owed -= 1
            answered.set()

        self._owed += 1
        for name in properties:
            self._client.command("get_property", name, reply=partial(reply, name))
        try:
            async with asyncio.timeout(_ANSWER_WITHIN):
                await answered.wait()
        except TimeoutError:
            return {}
        said = dict(answers)
        if "path" in said and self.pid is not None:
            # The library drops bytes that are not UTF-8. Asked always, not only for a path that is not there: looking
            # that up could hang on a network disk, and this costs half a millisecond once a file.
            said |= await exact(self._path, self.pid, "path", "working-directory")
        return said if moment.play == self._play else {}

    def close(self) -> None:
        """Ends the connection and its thread at once, with a frozen mpv too. May be called again."""
        self._client.close()

    def _event(self, event: str, data: dict[str, Any]) -> None:
        """On the library's thread: one event of mpv."""
        if event == "property-change":
            word, value = _PROPERTY_WORDS.get(data.get("name", "")), data.get("data")
        else:
            word, value = _EVENT_WORDS.get(event), data.get("reason")
        if word is None:
            return
        if word in {Word.START_FILE, Word.END_FILE}:
            self._play += 1
        self._client.post(self._moments.put_nowait, self._moment(word, value))

    def _gone(self) -> None:
        """On the library's thread, after the last event."""
        self._client.post(self._moments.put_nowait, self._moment(Word.GONE))

    def _moment(self, word: Word, value: object = None) -> Moment:
        return Moment(word=word, value=value, at=self._clock(), clock=time.monotonic(), play=self._play)
