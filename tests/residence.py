"""An agent with the accounts of two households, what happens in it, and what is seen of it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from alive import alive
from conftest import Clock
from double import Double
from msgspec import convert
from playbook import HEAT

from scrobbler.agent import Agent, Source
from scrobbler.control.people import MapUser, Switch
from scrobbler.control.request import Incognito, Refused
from scrobbler.delivery.courier import Courier
from scrobbler.delivery.outlet import Outlet
from scrobbler.events import Kind, PlayerEvent, Seconds, SessionKey
from scrobbler.filters import Filter, Filters
from scrobbler.household import folded
from scrobbler.identify.finder import Finder
from scrobbler.machine.policy import Policy
from scrobbler.state.decisions import What
from scrobbler.state.snapshot import Snapshot, decisions, look
from scrobbler.state.store import Store
from scrobbler.trakt.client import Trakt

ACCOUNTS: Final = ("default", "marta", "paul", "kim", "lena", "omar", "zoe")


class House:
    """An agent with a server each for two households, a player, and an account for each of them."""

    def __init__(self, folder: Path, clock: Clock, double: Double, sources: Sequence[Source]) -> None:
        self.folder, self.clock, self.double = folder, clock, double
        self.store = Store(folder, clock())
        self.sources = {source.name: source for source in sources}
        self.agent = Agent(sources, self.store, {name: self._outlet(name) for name in ACCOUNTS}, clock, keep_days=365)

    def _outlet(self, account: str) -> Outlet:
        trakt = Trakt(
            self.double.app, self.double.tokens(self.folder, account), clock=self.clock.monotonic, now=self.clock
        )
        courier = Courier(account, trakt, Finder(trakt, self.clock), self.store, self.clock)
        return Outlet(courier, self.store, self.double.tokens(self.folder, account), self.clock)

    async def hears(self, user: str | None, kind: Kind, position: float | None, **more: Any) -> None:
        """Something of a film of 100 s."""
        said: dict[str, Any] = {"duration": Seconds(100.0), "at": self.clock(), "heard": f"media.{kind.value}"}
        key = SessionKey(source="plex", player="tv", id=folded(user or ""))
        said |= {"media": HEAT, "session": key, "user": user, "kind": kind, "position": position} | more
        await self.agent.receive(said["session"].source, [PlayerEvent(**said)])

    async def watches(self, user: str | None, **more: Any) -> None:
        """All of it."""
        await self.hears(user, Kind.PLAY, 0.0, **more)
        self.clock.advance(95)
        await self.hears(user, Kind.STOP, 95.0, **more)

    async def asks(self, request: Switch | MapUser | Incognito) -> None:
        assert not isinstance(await self.agent.perform(request), Refused)

    async def sees(self, condition: Callable[[], bool]) -> None:
        """Until it is so, for ten seconds at most."""
        async with asyncio.timeout(10):
            while not condition():  # noqa: ASYNC110  # what is awaited is on disks and in other threads
                await asyncio.sleep(0.005)

    async def settled(self) -> None:
        """Nothing waits any more."""
        await self.sees(lambda: look(self.folder).waiting == ())

    def looks(self) -> Snapshot:
        self.store.note([]).result(10)  # after all that was said before
        return look(self.folder)

    def words(self, *whats: What) -> list[str]:
        self.store.note([]).result(10)
        return [one.words for one in decisions(self.folder, limit=1000) if not whats or one.what in whats]


@asynccontextmanager
async def living(folder: Path, clock: Clock, double: Double, *sources: Source) -> AsyncIterator[House]:
    """The agent of these players, while it runs."""
    house = House(folder, clock, double, sources)
    async with alive(house.agent, house.store):
        yield house


def server(name: str = "plex", users: Mapping[str, str] | None = None, **filters: Any) -> Source:
    """A server of a household, with its own filter."""
    own = Filters(player=name, serves=True, own=convert(filters, Filter))
    return Source(name=name, account="default", users=users, filters=own, policy=Policy(silence=Seconds(3600.0)))
