"""An agent, whole but for its process, in a time that jumps: its store, outlet and courier, and a sandbox on a socket.

The backoffs, the pace and the tokens' life go by the same clock as the films.
"""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from urllib.parse import urlsplit

from alive import alive, at_work
from campaign.hourglass import Hourglass
from conftest import Clock
from double import Double, Served
from msgspec import Struct

from scrobbler.agent import Agent, Source
from scrobbler.cli.run import WATCHER_POLICY
from scrobbler.control.request import Retry
from scrobbler.delivery.backoff import Backoff
from scrobbler.delivery.courier import Courier
from scrobbler.delivery.network import Network
from scrobbler.delivery.outlet import Outlet
from scrobbler.events import Ids, Kind, Media, MediaKind, PlayerEvent, Seconds, SessionKey, Show
from scrobbler.identify.finder import Finder
from scrobbler.sandbox import Sandbox
from scrobbler.state.snapshot import look
from scrobbler.state.store import Store
from scrobbler.trakt.client import Trakt
from scrobbler.watching import LOOK_EVERY
from scrobbler.web.server import serving

LIVE = timedelta(seconds=61)
"""A stop that is younger is sent as if it happened now, and dated by Trakt."""
FILMS = (
    Media(path="/films/TRON Legacy (2010) {imdb-tt1104001}.mkv"),
    Media(path="/films/Heat (1995) {imdb-tt0113277}.mkv"),
    Media(kind=MediaKind.MOVIE, title="Inception", year=2010, ids=Ids(imdb="tt1375666", tmdb=27205)),
    Media(kind=MediaKind.MOVIE, title="The Matrix", year=1999, ids=Ids(tmdb=603)),
    Media(kind=MediaKind.EPISODE, show=Show(ids=Ids(tvdb=334824)), season=1, episode=1),
)


class Watched(Struct, frozen=True, kw_only=True):
    """A film that was watched to its end."""

    media: Media
    ended_at: datetime


class Service:
    """A sandbox behind an address that may be gone for a while."""

    def __init__(self, clock: Clock, served: Served) -> None:
        self.sandbox = Sandbox()
        self.sandbox.clock.now = clock  # type: ignore[method-assign]  # the one clock
        self._served = served
        self._stack = AsyncExitStack()
        self._port = 0
        self.url = ""
        self.open()

    def open(self) -> None:
        """Listen, at the same address as before."""
        self.url = self._served._run(
            self._stack.enter_async_context(serving(self.sandbox.app, "127.0.0.1", self._port))
        )
        self._port = urlsplit(self.url).port or 0

    def close(self) -> None:
        """Nobody listens any more, and what was connected is cut."""
        self._served._run(self._stack.aclose())


class Evening:
    """What is watched, what Trakt is told of it, and what the user does about trouble."""

    def __init__(self, folder: Path, clock: Clock, service: Service, chance: Random) -> None:
        self.clock = clock
        self.chance = chance
        self.watched: list[Watched] = []
        self._folder = folder
        self.double = Double(service.sandbox, service.url)
        service.sandbox.rules.write_gap = 1.0
        self._store = Store(folder, clock())
        self._trakt = Trakt(self.double.app, self.double.tokens(folder), clock=clock.monotonic, now=clock)
        backoff = Backoff(clock.monotonic)
        courier = Courier("default", self._trakt, Finder(self._trakt, clock), self._store, clock, backoff=backoff)
        self.outlet = Outlet(courier, self._store, self.double.tokens(folder), clock, Network(lambda: None))
        self._events: asyncio.Queue[PlayerEvent] = asyncio.Queue()
        source = Source(name="tv", account="default", watcher=self, policy=WATCHER_POLICY)
        self._agent = Agent([source], self._store, {"default": self.outlet}, clock, keep_days=365)

    async def events(self) -> AsyncGenerator[PlayerEvent, None]:
        """What the player does."""
        while True:
            yield await self._events.get()

    def living(self) -> AbstractAsyncContextManager[None]:
        """The agent runs meanwhile."""
        return alive(self._agent, self._store)

    def works(self) -> bool:
        """Whether a sender or the store has something to do."""
        return at_work(self.outlet, self._store)

    async def watch(self, media: Media, minutes: float) -> None:
        """From its beginning to near its end, with a pause now and then."""
        whole, place = minutes * 60, 0.0
        until = whole * self.chance.uniform(0.85, 1.0)
        while place < until:
            self._tell(Kind.PLAY, media, place, whole)
            step = min(LOOK_EVERY, until - place)
            await asyncio.sleep(step)
            place += step
            if self.chance.random() < 0.01:
                self._tell(Kind.PAUSE, media, place, whole)
                await asyncio.sleep(self.chance.uniform(5, 900))
        self._tell(Kind.STOP, media, place, whole)
        self.watched.append(Watched(media=media, ended_at=self.clock()))

    def _tell(self, kind: Kind, media: Media, place: float, whole: float) -> None:
        event = PlayerEvent(
            session=SessionKey(source="tv", id="1"),
            kind=kind,
            media=media,
            at=self.clock(),
            position=Seconds(place),
            duration=Seconds(whole),
        )
        self._events.put_nowait(event)

    async def tidied_up(self, loop: Hourglass) -> int:
        """What a user does who is told of trouble: signs in, and lets what was set aside be tried again.

        Returns how many were. Then until nothing waits any more, for a day at most.
        """
        if "scrobbler login" in (self.outlet.trouble or ""):
            with loop.held():
                self.double.tokens(self._folder)
                until = time.monotonic() + 10
                while self.outlet.trouble is not None and time.monotonic() < until:
                    await self._real(0.01)
        await asyncio.sleep(4000)  # an account that was closed is asked again after an hour
        aside = look(self._folder).aside
        if aside:
            await self._agent.perform(Retry(ids=tuple(entry.id for entry in aside)))
        until_at = self.clock() + timedelta(days=1)
        while look(self._folder).waiting and self.clock() < until_at:  # noqa: ASYNC110  # threads change it
            await asyncio.sleep(60)
        return len(aside)

    async def _real(self, seconds: float) -> None:
        await asyncio.to_thread(time.sleep, seconds)

    def wrong(self) -> list[str]:
        """A line for each watch that is not there exactly once with its time, and for each that nobody watched."""
        plays = [(play.item.title, play.watched_at) for play in self.double.sandbox.world.account("default").plays]
        wrong = [f"still waiting: {entry.label()}: {entry.reason}" for entry in look(self._folder).waiting]
        wrong += [f"set aside: {entry.label()}: {entry.reason}" for entry in look(self._folder).aside]
        for one in self.watched:
            near = [play for play in plays if timedelta(seconds=-1) <= play[1] - one.ended_at <= LIVE]
            if len(near) != 1:
                wrong.append(f"{one.media.label()}, ended at {one.ended_at:%H:%M:%S}, is there {len(near)} times")
        if len(plays) != len(self.watched):
            when = ", ".join(f"{title} {at:%H:%M:%S}" for title, at in plays)
            wrong.append(f"{len(self.watched)} were watched and {len(plays)} are there: {when}")
        return wrong
