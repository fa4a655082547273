"""A day of very many watches in a process of its own: the agent, its store and its way to Trakt, in a time that jumps.

After each so many watches it says so on a line, and goes on once it is told to: meanwhile its memory can be looked at.
"""

import asyncio
import sys
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
from alive import alive, at_work
from campaign.hourglass import Hourglass
from msgspec import Struct

from scrobbler.agent import Agent, Source
from scrobbler.cli.run import SERVER_POLICY
from scrobbler.delivery.backoff import Backoff
from scrobbler.delivery.courier import Courier
from scrobbler.delivery.network import Network
from scrobbler.delivery.outlet import Outlet
from scrobbler.events import Ids, Kind, Media, MediaKind, PlayerEvent, Seconds, SessionKey
from scrobbler.identify.finder import Finder
from scrobbler.identify.memory import Memory
from scrobbler.state.store import Store
from scrobbler.trakt.app import App
from scrobbler.trakt.client import Trakt
from scrobbler.trakt.tokens import TokenFile, Tokens

BEGAN_AT = datetime(2026, 11, 20, 20, 0, tzinfo=UTC)
LENGTH = 1320.0
"""Seconds of an episode of 22 minutes."""
PLACES = (
    (Kind.PLAY, 0.0),
    (Kind.PLAY, 0.25),
    (Kind.PAUSE, 0.5),
    (Kind.PLAY, 0.5),
    (Kind.PLAY, 0.75),
    (Kind.STOP, 0.95),
)
PAUSE = 60.0
"""Seconds."""


class Plan(Struct, frozen=True, kw_only=True):
    """So many watches in so many hours, evenly begun; a stop after each so many of them."""

    url: str
    folder: str
    watches: int
    hours: float
    each: int


class Clock:
    """A clock that moves only when it is told to."""

    def __init__(self) -> None:
        self.at = BEGAN_AT

    def __call__(self) -> datetime:
        return self.at

    def advance(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)

    def monotonic(self) -> float:
        return (self.at - BEGAN_AT).total_seconds()


class Day:
    """One agent, and the devices before which the watches are."""

    def __init__(self, plan: Plan, clock: Clock) -> None:
        self._plan = plan
        self._clock = clock
        folder = Path(plan.folder)
        self._store = Store(folder, clock())
        tokens = _signed_in(folder)
        app = App(client_id="bench", client_secret="bench", api_url=plan.url, auth_url=plan.url)
        trakt = Trakt(app, tokens, clock=clock.monotonic, now=clock)
        finder, backoff = Finder(trakt, clock, memory=Memory(self._store)), Backoff(clock.monotonic)
        courier = Courier("default", trakt, finder, self._store, clock, backoff=backoff)
        self._outlet = Outlet(courier, self._store, tokens, clock, Network(lambda: None))
        source = Source(name="tv", account="default", policy=SERVER_POLICY)
        self._agent = Agent([source], self._store, {"default": self._outlet}, clock, keep_days=365)
        self._watched = 0
        self._free: list[str] = []
        """Devices that nobody watches just now."""

    def living(self) -> AbstractAsyncContextManager[None]:
        """The agent runs meanwhile."""
        return alive(self._agent, self._store)

    def works(self) -> bool:
        """Whether a sender or the store has something to do."""
        return at_work(self._outlet, self._store)

    async def spend(self) -> None:
        """All of it."""
        apart = self._plan.hours * 3600 / self._plan.watches
        async with asyncio.TaskGroup() as tasks:
            for number in range(1, self._plan.watches + 1):
                tasks.create_task(self._watch(number))
                await asyncio.sleep(apart)
        await asyncio.sleep(600.0)  # what still waits leaves

    async def _watch(self, number: int) -> None:
        """One of very many episodes, which nobody has seen before, with a pause in its middle."""
        device = self._free.pop() if self._free else f"tv {number}"
        media = Media(kind=MediaKind.MOVIE, title=f"Bench {number}", year=2020, ids=Ids(imdb=f"tt{number:07}"))
        last = 0.0
        for kind, share in PLACES:
            await asyncio.sleep((share - last) * LENGTH or PAUSE * (share > 0))
            last = share
            await self._agent.receive("tv", [self._told(device, kind, media, share)])
        self._free.append(device)
        self._watched += 1
        if self._watched % self._plan.each == 0:
            _stop(self._watched)

    def _told(self, device: str, kind: Kind, media: Media, share: float) -> PlayerEvent:
        return PlayerEvent(
            session=SessionKey(source="tv", player=device),
            kind=kind,
            media=media,
            at=self._clock(),
            position=Seconds(share * LENGTH),
            duration=Seconds(LENGTH),
        )


def _signed_in(folder: Path) -> TokenFile:
    file = TokenFile(folder, "default")
    expires_at = BEGAN_AT + timedelta(days=7)
    file.write(Tokens(access_token="a" * 64, refresh_token="r" * 64, created_at=BEGAN_AT, expires_at=expires_at))
    return file


def _stop(watched: int) -> None:
    """Lets whoever started us look; the clock stands still."""
    sys.stdout.write(f"{watched}\n")
    sys.stdout.flush()
    sys.stdin.readline()


def main() -> None:
    """Spends the day that its first line of input tells."""
    plan, clock = msgspec.json.decode(sys.stdin.readline(), type=Plan), Clock()
    loop = Hourglass(clock)
    asyncio.set_event_loop(loop)
    loop.run_until_complete(_spend(plan, clock, loop))
    loop.close()


async def _spend(plan: Plan, clock: Clock, loop: Hourglass) -> None:
    day = Day(plan, clock)
    loop.works = day.works
    async with day.living():
        await day.spend()


if __name__ == "__main__":
    main()
