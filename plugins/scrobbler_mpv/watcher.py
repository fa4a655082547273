"""Every mpv that listens where the options say: found as it starts, followed until it is gone."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Collection, Coroutine, Sequence
from contextlib import aclosing, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from scrobbler.adapters import Concern, Line
from scrobbler.errors import ConfigError
from scrobbler.events import PlayerEvent, SessionKey
from scrobbler.folder import appearing
from scrobbler.watching import stream, utc_now
from scrobbler_mpv.connection import Connection, listening
from scrobbler_mpv.playback import Playback
from scrobbler_mpv.players import Players
from scrobbler_mpv.probe import Dead, Live, probe
from scrobbler_mpv.window import Window
from scrobbler_mpv.words import Word

_FIRST_PAUSE = 2.0
_LONGEST_PAUSE = 300.0
"""Seconds before a socket that connects and does not answer is tried again: first, and at last."""


class MpvWatcher:
    """Follows all mpvs of this user that listen in some folders, or on some sockets."""

    def __init__(
        self,
        source: str,
        places: Sequence[Path],
        clock: Callable[[], datetime] = utc_now,
        *,
        shows: bool = True,
        concerns: Collection[Concern] = (),
    ) -> None:
        """``shows``: whether a sign may be shown in the players' windows; ``concerns``: what lines may be about."""
        self._source = source
        self._places = places
        self._clock = clock
        self._shows = shows
        self._concerns = concerns
        self._players = Players()

    async def events(self) -> AsyncGenerator[PlayerEvent, None]:
        """What the players do, until closed or cancelled. Raises ``ConfigError`` where a folder cannot be watched."""

        def watch(tell: Callable[[PlayerEvent], None]) -> Coroutine[Any, Any, None]:
            return _Watch(self._source, self._clock, self._players, tell).run(self._places)

        async with aclosing(stream(watch)) as events:
            async for event in events:
                yield event

    async def screens(self) -> AsyncGenerator[Window, None]:
        """The players' windows: those that are open, and others as they open, until closed or cancelled."""
        if not self._shows:
            return
        async with aclosing(self._players.windows()) as windows:
            async for window in windows:
                yield window

    async def caption(self, line: Line) -> bool:
        """Show it in the window of its session, else in all; whether anybody could read it."""
        if line.concern not in self._concerns:
            return False
        pids = [pid for pid in self._players if line.session in {None, str(self._key(pid))}]
        return any(await asyncio.gather(*(self._players.caption(pid, line.words, line.seconds) for pid in pids)))

    def _key(self, pid: int) -> SessionKey:
        return SessionKey(source=self._source, id=str(pid))


class _Watch:
    """One iteration's players."""

    def __init__(
        self, source: str, clock: Callable[[], datetime], players: Players, tell: Callable[[PlayerEvent], None]
    ) -> None:
        self._source = source
        self._clock = clock
        self._players = players
        self._tell = tell
        self._probing: dict[Path, asyncio.Task[None]] = {}

    async def run(self, places: Sequence[Path]) -> None:
        try:
            async with asyncio.TaskGroup() as self._tasks:
                for place in places:
                    self._tasks.create_task(self._look(place))
        except* ConfigError as failed:
            raise ConfigError(str(failed.exceptions[0])) from failed

    async def _look(self, place: Path) -> None:
        """Finds the sockets of one place, which is a folder, a socket, or not there yet and may become either."""
        if not _is_folder(place):
            async with aclosing(appearing(place.parent, name=place.name)) as births:
                async for path in births:
                    if _is_folder(path):
                        break
                    self._found(path)
        async with aclosing(appearing(place)) as births:
            async for path in births:
                self._found(path)

    def _found(self, path: Path, pause: float = _FIRST_PAUSE) -> None:
        """Looks who is behind a path; a look that is under way or waits for its next try is begun anew."""
        if not path.is_socket():
            return
        if (older := self._probing.pop(path, None)) is not None:
            older.cancel()
        self._probing[path] = self._tasks.create_task(self._probe(path, pause))

    async def _probe(self, path: Path, pause: float) -> None:
        while (found := await probe(path)) is Dead.SILENT:
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
        self._probing.pop(path, None)
        if isinstance(found, Live) and found.pid not in self._players:
            self._tasks.create_task(self._follow(path, found.pid, pause))

    async def _follow(self, path: Path, pid: int, pause: float) -> None:
        """One mpv, to its end."""
        with suppress(OSError):  # it ended since it answered; what is behind the path now is seen below
            async with listening(path, self._clock) as connection:
                if connection.pid in {pid, None} and pid not in self._players:
                    with self._players.joined(pid, path):
                        await self._listen(connection, Playback(SessionKey(source=self._source, id=str(pid))))
        await asyncio.sleep(pause)
        if path not in self._probing:  # only the connection may have broken: then the player still answers
            self._found(path, min(pause * 2, _LONGEST_PAUSE))

    async def _listen(self, connection: Connection, playback: Playback) -> None:
        """Tells what it does until it is gone."""
        word = Word.ATTACHED
        while word is not Word.GONE:
            moment = await connection.next(playback.due)
            word = moment.word
            event = playback.hear(moment, await connection.ask(moment, playback.questions(moment)))
            if event is not None:
                self._tell(event)


def _is_folder(place: Path) -> bool:
    return place.is_dir()
