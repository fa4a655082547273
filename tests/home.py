"""A household at a real address: an agent with its players, a sandbox of Trakt behind it, and the page in front."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from pathlib import Path

from cli_process import configured
from conftest import Clock
from desk import Deaf
from double import Double

from scrobbler.agent import Agent, Source
from scrobbler.cli.listening import home_of
from scrobbler.cli.mending import Mending
from scrobbler.control.request import Answer, Request
from scrobbler.delivery.courier import Courier
from scrobbler.delivery.outlet import Outlet
from scrobbler.events import Kind, Media, PlayerEvent, Seconds, SessionKey
from scrobbler.identify.corrections import Corrector
from scrobbler.identify.finder import Finder
from scrobbler.settings.config import load
from scrobbler.state.snapshot import Snapshot, look
from scrobbler.state.store import Store
from scrobbler.trakt.client import Trakt
from scrobbler.trakt.tokens import TokenFile
from scrobbler.web.actions import Actions
from scrobbler.web.app import build
from scrobbler.web.guard import Guard
from scrobbler.web.login import LoginPages
from scrobbler.web.page import Page
from scrobbler.web.server import serving
from scrobbler.welcome.invitation import Invitation

FAMILY = '[players.plex]\nusers = { "Paul" = "default" }\n[accounts.default]\n[accounts.marta]\n'


class Script:
    """A player that does what the test says."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[PlayerEvent] = asyncio.Queue()

    async def events(self) -> AsyncGenerator[PlayerEvent, None]:
        while True:
            yield await self._queue.get()

    def does(self, event: PlayerEvent) -> None:
        self._queue.put_nowait(event)


class House:
    """Two accounts (default is signed in, marta is not), an mpv that does what it is told, and a Plex that calls us."""

    def __init__(self, folder: Path, double: Double, clock: Clock, more: str, password: str | None) -> None:
        self.configuration = load(configured(folder, double.url, more))
        self.folder = self.configuration.state_dir
        self.double = double
        self.clock = clock
        self.mpv = Script()
        self.folder.mkdir(mode=0o700, exist_ok=True)
        self.store = Store(self.folder, clock())
        double.tokens(self.folder)
        self.sources = {
            name: Source(
                name=name,
                account=player.account,
                users=player.users,
                watcher=self.mpv if name == "mpv" else None,
            )
            for name, player in self.configuration.players.items()
        }
        accounts = self.configuration.accounts
        self.agent = Agent(
            list(self.sources.values()), self.store, {one: self._outlet(one) for one in accounts}, clock, keep_days=365
        )
        self.invitations = {one: Invitation(double.app, TokenFile(self.folder, one), clock) for one in accounts}
        self.mending = Mending(self.configuration)
        self.asked: list[Request] = []
        self.guard = Guard(password=password)
        home = home_of(self.configuration)
        self.page = Page(
            home, Actions(home, self.perform, self.mending, clock), self.mending, self.invitations, self.guard, clock
        )
        self.store.listeners.append(self.page.news.told)
        routes = [*self.page.routes(), *LoginPages(self.invitations, self.guard, clock).routes()]
        self.app = build({}, Deaf(), clock, routes)
        self.url = ""

    def _outlet(self, account: str) -> Outlet:
        tokens = TokenFile(self.folder, account)
        trakt = Trakt(self.double.app, tokens, clock=self.clock.monotonic, now=self.clock)
        finder = Finder(trakt, self.clock, correct=Corrector(self.store.changes.corrections))
        return Outlet(Courier(account, trakt, finder, self.store, self.clock), self.store, tokens, self.clock)

    async def perform(self, request: Request) -> Answer:
        """As the agent does, and noted."""
        self.asked.append(request)
        return await self.agent.perform(request)

    async def plays(
        self,
        media: Media,
        position: float,
        *,
        kind: Kind = Kind.PLAY,
        at: SessionKey | None = None,
        user: str | None = None,
        of: float = 100.0,
    ) -> None:
        """A player is there now."""
        key = at or SessionKey(source="mpv", id="1")
        event = PlayerEvent(
            session=key,
            kind=kind,
            media=media,
            at=self.clock(),
            position=Seconds(position),
            duration=Seconds(of),
            user=user,
        )
        await self.agent.hear(self.sources[key.source], event)

    async def watches(self, media: Media, *, for_seconds: float = 96.0) -> None:
        """It is watched to its end."""
        await self.plays(media, 0)
        self.clock.advance(for_seconds)
        await self.plays(media, for_seconds, kind=Kind.STOP)

    async def watched(self, media: Media, number: int = 1) -> None:
        """The same, until Trakt has so many plays."""
        await self.watches(media)
        await self.eventually(lambda state: len(state.plays) == number)

    async def unmatched(self, media: Media, number: int = 1) -> int:
        """The same, until so many were set aside; says which entry that is."""
        await self.watches(media)
        state = await self.eventually(lambda state: len(state.aside) == number)
        return state.aside[-1].id

    async def eventually(self, condition: Callable[[Snapshot], object]) -> Snapshot:
        """The state once it is so."""
        async with asyncio.timeout(20):
            while True:
                state = await asyncio.to_thread(look, self.folder)
                if condition(state):
                    return state
                await asyncio.sleep(0.01)

    @property
    def headers(self) -> Mapping[str, str]:
        """What a browser of this page says of itself."""
        return {"Origin": self.url, "Sec-Fetch-Site": "same-origin"}


@asynccontextmanager
async def inhabited(
    folder: Path, double: Double, clock: Clock, more: str = FAMILY, password: str | None = None
) -> AsyncIterator[House]:
    """The agent runs and the page is served meanwhile."""
    house = House(folder, double, clock, more, password)
    running = [asyncio.create_task(house.agent.run())]
    running += [asyncio.create_task(one.run()) for one in house.invitations.values()]
    try:
        async with AsyncExitStack() as stack:
            house.url = await stack.enter_async_context(serving(house.app, "127.0.0.1", 0))
            stack.callback(house.page.news.close)
            yield house
    finally:
        for task in running:
            task.cancel()
        for task in running:
            with contextlib.suppress(asyncio.CancelledError):
                await task
        house.mending.close()
        await asyncio.to_thread(house.store.close)


async def pictures(house: House) -> AsyncIterator[Mapping[str, str]]:
    """What a page is told."""
    async with aclosing(house.page.news.stream()) as stream:
        async for picture in stream:
            yield picture
