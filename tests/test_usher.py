"""Who sits before a player is invited there, is left alone once he put it away, and never while he is signed in."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import pytest
from conftest import Clock
from double import Double
from msgspec.structs import replace
from pace import Pace

from scrobbler.adapters import Screen, Screens, Sign
from scrobbler.sandbox import FaultKind
from scrobbler.sandbox.devices import DeviceCode
from scrobbler.trakt.tokens import TokenFile
from scrobbler.welcome.invitation import Invitation, Needed, SignedIn, State
from scrobbler.welcome.usher import QUIET_FOR, Usher

pytestmark = pytest.mark.anyio

PATIENCE = 10.0


class Canvas:
    """A screen as a third party would make it."""

    def __init__(self) -> None:
        self.shown: asyncio.Queue[Sign | None] = asyncio.Queue()
        """Each sign, and None where it was taken away again."""
        self._over: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    async def show(self, sign: Sign) -> bool:
        self.shown.put_nowait(sign)
        try:
            return await self._over
        finally:
            self.shown.put_nowait(None)

    def put_away(self) -> None:
        self._over.set_result(True)

    def shut(self) -> None:
        self._over.set_result(False)

    async def next(self) -> Sign | None:
        return await asyncio.wait_for(self.shown.get(), PATIENCE)


class Cinema:
    """A watcher as a third party would make it: screens that open when the test says so."""

    def __init__(self) -> None:
        self._opened: asyncio.Queue[Canvas] = asyncio.Queue()
        self.looking = asyncio.Event()
        """Whether anybody asks for its screens."""

    def opens(self) -> Canvas:
        canvas = Canvas()
        self._opened.put_nowait(canvas)
        return canvas

    async def screens(self) -> AsyncGenerator[Screen, None]:
        self.looking.set()
        try:
            while True:
                yield await self._opened.get()
        finally:
            self.looking.clear()

    async def settled(self) -> None:
        """Until what was opened has been dealt with, as far as that can be without Trakt."""
        for _ in range(20):
            await asyncio.sleep(0)


class House:
    """A cinema, its account, and the sandbox."""

    def __init__(self, folder: Path, double: Double, clock: Clock) -> None:
        self.state = folder / "state"
        self.double = double
        self.clock = clock
        self.cinema = Cinema()
        self.tokens = TokenFile(self.state, "default")
        self.pace = Pace(clock)
        app = double.app
        self.invitation = Invitation(app, self.tokens, clock, flag=self.pace.flag)

    @property
    def device(self) -> DeviceCode:
        return self.double.sandbox.world.devices.codes[-1]

    def decide(self, *, approve: bool) -> None:
        """The user's word, which the next poll hears."""
        self.double.sandbox.world.devices.decide(self.device, approve=approve)
        self.pace.let()

    async def until(self, kind: type[State]) -> None:
        async with asyncio.timeout(PATIENCE), aclosing(self.invitation.states()) as states:
            async for state in states:
                if isinstance(state, kind):
                    return


@pytest.fixture
async def house(tmp_path: Path, double: Double, clock: Clock) -> AsyncIterator[House]:
    house = House(tmp_path, double, clock)
    async with at_work(house, house.cinema):
        yield house


@asynccontextmanager
async def at_work(house: House, screens: Screens) -> AsyncIterator[None]:
    tasks = [
        asyncio.create_task(house.invitation.run()),
        asyncio.create_task(Usher(screens, house.invitation, house.clock).run()),
    ]
    await asyncio.sleep(0)
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
    assert all(task.cancelled() for task in tasks)


async def test_each_screen_that_comes_invites(house: House) -> None:
    first, second = house.cinema.opens(), house.cinema.opens()
    sign = await first.next()
    assert sign == await second.next()
    assert sign == Sign(
        link=f"{house.double.url}/activate/{house.device.user_code}",
        words=(
            "Scan to sign in to Trakt,",
            f"or enter {house.device.user_code} at",
            f"{house.double.url.removeprefix('http://')}/activate",
        ),
    )
    third = house.cinema.opens()
    assert await third.next() == sign
    assert len(house.double.sandbox.world.devices.codes) == 1


async def test_it_is_taken_back_once_somebody_has_signed_in(house: House) -> None:
    canvas = house.cinema.opens()
    await canvas.next()
    house.decide(approve=True)
    assert await canvas.next() is None
    await house.until(SignedIn)
    await house.cinema.settled()
    assert not house.cinema.looking.is_set()


async def test_it_is_taken_back_when_the_code_ends_and_the_next_screen_gets_another(house: House) -> None:
    canvas = house.cinema.opens()
    await canvas.next()
    house.decide(approve=False)
    assert await canvas.next() is None
    await house.until(Needed)
    sign = await house.cinema.opens().next()
    assert sign is not None
    assert house.device.user_code in sign.link
    assert len(house.double.sandbox.world.devices.codes) == 2
    assert canvas.shown.empty()


async def test_who_put_it_away_is_left_alone_for_a_day(house: House) -> None:
    canvas = house.cinema.opens()
    await canvas.next()
    canvas.put_away()
    assert await canvas.next() is None
    await house.cinema.settled()
    house.clock.advance(QUIET_FOR.total_seconds() - 1)
    other = house.cinema.opens()
    await house.cinema.settled()
    assert other.shown.empty()
    house.clock.advance(1)
    assert await house.cinema.opens().next() is not None


async def test_a_screen_that_closes_is_no_word_of_the_user(house: House) -> None:
    canvas = house.cinema.opens()
    await canvas.next()
    canvas.shut()
    assert await canvas.next() is None
    assert await house.cinema.opens().next() is not None


async def test_nobody_is_invited_while_somebody_is_signed_in(tmp_path: Path, double: Double, clock: Clock) -> None:
    tokens = double.tokens(tmp_path / "state")
    kept = tokens.read()
    assert kept is not None
    house = House(tmp_path, double, clock)
    async with at_work(house, house.cinema):
        canvas = house.cinema.opens()
        for _ in range(20):
            await asyncio.sleep(0)
        assert not house.cinema.looking.is_set()
        assert house.double.calls() == []
        tokens.refuse(kept, "no more")
        house.invitation.look()
        assert await canvas.next() is not None


async def test_where_no_more_codes_are_to_be_had_nothing_stays_on_a_screen(
    tmp_path: Path, double: Double, clock: Clock
) -> None:
    """The agent ends: the invitation may be the first of the two to do so."""
    house = House(tmp_path, double, clock)
    inviting = asyncio.create_task(house.invitation.run())
    ushering = asyncio.create_task(Usher(house.cinema, house.invitation, clock).run())
    canvas = house.cinema.opens()
    assert await canvas.next() is not None
    inviting.cancel()
    await asyncio.wait([inviting, ushering], timeout=PATIENCE)
    assert (inviting.cancelled(), ushering.cancelled()) == (True, True)
    assert await canvas.next() is None


async def test_where_no_code_can_be_had_nothing_is_shown(tmp_path: Path, double: Double, clock: Clock) -> None:
    double.app = replace(double.app, client_id="")
    house = House(tmp_path, double, clock)
    async with at_work(house, house.cinema):
        canvas = house.cinema.opens()
        await house.cinema.looking.wait()
        await asyncio.wait_for(tried(house.invitation), PATIENCE)
        await house.cinema.settled()
        assert canvas.shown.empty()


async def tried(invitation: Invitation) -> None:
    async with aclosing(invitation.states()) as states:
        async for state in states:
            if isinstance(state, Needed) and state.tried:
                return


async def test_a_screen_waits_for_trakt_to_come_back(house: House) -> None:
    house.double.fault(FaultKind.DROP_BEFORE, path="/oauth/device/code", times=1)
    canvas = house.cinema.opens()
    while not house.double.saw("POST /oauth/device/code None"):  # noqa: ASYNC110  # the other side has no Event
        await asyncio.sleep(0.005)
    assert canvas.shown.empty()
    house.pace.let()
    assert await canvas.next() is not None


async def test_who_has_no_screens_is_no_trouble(tmp_path: Path, double: Double, clock: Clock) -> None:
    class Radio:
        asked = asyncio.Event()

        async def screens(self) -> AsyncGenerator[Screen, None]:
            self.asked.set()
            none: list[Screen] = []
            for screen in none:
                yield screen

    house = House(tmp_path, double, clock)
    async with at_work(house, Radio()):
        await asyncio.wait_for(Radio.asked.wait(), PATIENCE)
    assert double.calls() == []
