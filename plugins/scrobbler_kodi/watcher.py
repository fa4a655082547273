"""Stays with one Kodi: connected while it runs, and looking for it, ever more seldom, while it does not."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from datetime import datetime
from typing import Final

from scrobbler.events import PlayerEvent
from scrobbler.watching import stream, utc_now
from scrobbler_kodi.client import ANSWER_WITHIN, Gone, connected
from scrobbler_kodi.follower import Follower

log = logging.getLogger(__name__)

RESTS: Final = (1.0, 2.0, 5.0, 10.0, 30.0)
"""Seconds before each next try; the last one stays. A Kodi that has answered begins anew."""


class KodiWatcher:
    """The watcher of one ``[players.NAME]``."""

    def __init__(
        self,
        source: str,
        host: str,
        port: int,
        clock: Callable[[], datetime] = utc_now,
        *,
        rests: Sequence[float] = RESTS,
        patience: float = ANSWER_WITHIN,
    ) -> None:
        """``rests`` between two tries, and ``patience`` with an answer, are in seconds."""
        self._source = source
        self._host = host
        self._port = port
        self._clock = clock
        self._rests = rests
        self._patience = patience
        self._warned = False

    async def events(self) -> AsyncGenerator[PlayerEvent, None]:
        """What Kodi plays, until closed or cancelled."""
        async with aclosing(stream(self._watch)) as events:
            async for event in events:
                yield event

    async def _watch(self, tell: Callable[[PlayerEvent], None]) -> None:
        tries = 0
        while True:
            tries = 0 if await self._visit(tell) else tries + 1
            await asyncio.sleep(self._rests[min(tries, len(self._rests) - 1)])

    async def _visit(self, tell: Callable[[PlayerEvent], None]) -> bool:
        """One connection, to its end. Says whether a Kodi was there."""
        try:
            async with connected(self._host, self._port, self._patience) as client:
                follower = Follower(client, self._source, self._clock, tell)
                try:
                    await follower.run()
                except (Gone, TimeoutError):
                    follower.lose()
                if client.wrong is not None and not self._warned:
                    self._warned = True
                    where = f"{self._host}:{self._port}"
                    log.warning("players.%s: %s is no JSON-RPC of Kodi over TCP: %s", self._source, where, client.wrong)
                return follower.proven
        except OSError:  # nobody listens there, or not yet
            return False
