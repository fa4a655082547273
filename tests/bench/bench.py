"""What every measurement is given: where to work, how often to look, and how to say how far it is."""

import asyncio
import random
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bench.agent import Agent, agent
from bench.player import Mpv
from bench.trakt import Trakt, arrival
from msgspec import Struct

SPACING = 1.35
"""Seconds, a little random more: the agent leaves 1.1 s between two writes, and caches are to be cold as in life."""


class Rounds(Struct, frozen=True, kw_only=True):
    """How often; ``window`` in seconds."""

    pauses: int = 30
    tight: int = 300
    opens: int = 12
    spawns: int = 10
    races: int = 10
    versions: int = 20
    memories: int = 3
    posts: int = 6000
    flood: float = 30.0
    """Seconds."""
    crowd: int = 10_000
    """Sessions at once."""
    soak: int = 10_000
    """Watches in a day."""
    drained: int = 60
    """Entries that are really sent."""
    window: float = 60.0
    """A multiple of the 30 s at which the agent looks at a position."""
    watch: float = 60.0
    """Seconds of the film that is watched from its beginning to its end."""
    outage: float = 60.0
    """Seconds for which Trakt stays away after it."""


QUICK = Rounds(
    watch=24.0,
    outage=10.0,
    flood=5.0,
    crowd=2000,
    soak=3000,
    drained=15,
    pauses=6,
    tight=60,
    opens=5,
    spawns=3,
    races=3,
    versions=5,
    memories=1,
    posts=1500,
    window=30.0,
)


class Bench:
    """One run."""

    def __init__(self, folder: Path, film: Path, rounds: Rounds) -> None:
        self.folder = folder
        self.film = film
        self.rounds = rounds
        self._made = 0

    def say(self, words: str) -> None:
        """How far we are, for whoever waits."""
        sys.stderr.write(f"bench: {words}\n")
        sys.stderr.flush()

    def fresh(self) -> Path:
        """A new folder; its name is short, as a socket's path may have 107 bytes only."""
        self._made += 1
        made = self.folder / str(self._made)
        made.mkdir(mode=0o700)
        return made

    @asynccontextmanager
    async def agent(
        self, trakt: Trakt, sockets: Path | None = None, *, web: bool = False, more: str = ""
    ) -> AsyncIterator[Agent]:
        """A running agent; without ``sockets`` its players' folder is a new one."""
        async with agent(self.fresh(), trakt.url, sockets or self.fresh(), web=web, more=more) as running:
            yield running

    @asynccontextmanager
    async def mpv(self, sockets: Path) -> AsyncIterator[Mpv]:
        """A player that was just spawned with the film."""
        player = Mpv(sockets / "mpv", self.film)
        try:
            yield player
        finally:
            await player.close()

    @asynccontextmanager
    async def scrobbled(self, trakt: Trakt, running: Agent) -> AsyncIterator[tuple[Mpv, float]]:
        """A player whose start is at Trakt, and the instant when it came there."""
        start = trakt.expect("/scrobble/start")
        async with self.mpv(running.sockets) as player:
            yield player, await arrival(start, "the start of a film")


async def rest(seconds: float = SPACING) -> None:
    """Lets things be; the random part keeps us from meeting the same frame of the film every time."""
    await asyncio.sleep(seconds + random.uniform(0.0, 0.2))
