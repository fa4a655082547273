"""What is said in a player's own window, for some seconds: only what concerns what is on there, or who sits there.

Each player has a short queue, so that a line can be read before the next comes; what comes in a flood is left out, for
it is told elsewhere as well. Which of it a player shows is for its own settings to say.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

from scrobbler.adapters import Captions, Concern, Line
from scrobbler.state.decisions import Note, What

QUEUED: Final = 3
"""So many lines of a player wait at most."""
AGAIN: Final = timedelta(days=1)
"""So long is who sits before a player not asked again to sign in."""
REMEMBERED: Final = 100
"""So many of the lines about what was not recognised are remembered, so that none is said twice to one session."""


class Lines:
    """Says lines in the windows of players. Used on one event loop only."""

    def __init__(
        self,
        players: Mapping[str, Captions],
        accounts: Mapping[str, str],
        logins: Mapping[str, str],
        clock: Callable[[], datetime],
    ) -> None:
        """``accounts``: whose each of the players is; ``logins``: the command that signs each account in."""
        self._players = players
        self._accounts = accounts
        self._logins = logins
        self._clock = clock
        self._queues = {player: asyncio.Queue[Line](QUEUED) for player in players}
        self._needing: set[str] = set()
        self._asked: dict[str, datetime] = {}
        self._said: deque[Line] = deque(maxlen=REMEMBERED)

    async def run(self) -> None:
        """Say what comes up, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for player in self._players:
                tasks.create_task(self._speak(player))

    def wants(self, note: Note) -> bool:
        """Whether a decision may lead to a line. May be called from any thread."""
        if note.source not in self._players:
            return False
        if note.what is What.HEARD:
            return note.account in self._needing
        return note.label is not None

    def hear(self, note: Note) -> None:
        """A decision that is on the disk."""
        line = self._line(note)
        if note.source is not None and line is not None and line not in self._said:
            self._put(note.source, line)

    def need(self, account: str, *, holds: bool) -> None:
        """Whether somebody must sign in."""
        if not holds:
            self._needing.discard(account)
            self._asked.clear()
        elif account not in self._needing:
            self._needing.add(account)
            for player in self._players:
                if self._accounts[player] == account:
                    self._put(player, self._sign_in(account, None))

    def _line(self, note: Note) -> Line | None:
        if note.what is What.HEARD:
            needing = note.account if note.account in self._needing else None
            return self._sign_in(needing, note.session) if needing is not None else None
        if note.label is None:
            return None
        if note.what is What.WATCHED:
            return Line(concern=Concern.SCROBBLED, words=f"Trakt: watched {note.label}", session=note.session)
        words = f"Trakt: {note.label} was not recognised"
        return Line(concern=Concern.UNMATCHED, words=words, session=note.session)

    def _sign_in(self, account: str, session: str | None) -> Line:
        words = f"Trakt: nobody is signed in, run {self._logins[account]}"
        return Line(concern=Concern.SIGN_IN, words=words, session=session)

    def _put(self, player: str, line: Line) -> None:
        if player in self._queues and not self._queues[player].full():
            self._queues[player].put_nowait(line)

    async def _speak(self, player: str) -> None:
        while True:
            line = await self._queues[player].get()
            asks, asked = line.concern is Concern.SIGN_IN, self._asked.get(player)
            if asks and asked is not None and timedelta() <= self._clock() - asked < AGAIN:
                continue
            if not await self._players[player].caption(line):
                continue
            if asks:
                self._asked[player] = self._clock()
            elif line.concern is Concern.UNMATCHED:
                self._said.append(line)
