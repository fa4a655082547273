"""One code for all who look: asked for when somebody looks, polled by itself, and what it leads to."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from conftest import Clock
from double import Double
from msgspec.structs import replace
from pace import Pace

from scrobbler.sandbox import FaultKind
from scrobbler.sandbox.devices import DeviceCode
from scrobbler.trakt.app import App
from scrobbler.trakt.tokens import TokenFile
from scrobbler.welcome.invitation import RETRY_SECONDS, Asking, Invitation, Needed, SignedIn, State, Waiting

pytestmark = pytest.mark.anyio

PATIENCE = 10.0
NOBODY = Needed(words="Nobody has signed in yet.")


class House:
    """An account that may sign in at a sandbox."""

    def __init__(self, folder: Path, double: Double, clock: Clock) -> None:
        self.double = double
        self.pace = Pace(clock)
        self.tokens = TokenFile(folder / "state", "default")
        self.app = double.app
        self.clock = clock

    def invitation(self, app: App | None = None) -> Invitation:
        return Invitation(app or self.app, self.tokens, self.clock, flag=self.pace.flag)

    @property
    def device(self) -> DeviceCode:
        [device] = self.double.sandbox.world.devices.codes
        return device

    def decide(self, *, approve: bool) -> None:
        assert self.double.sandbox.world.devices.decide(self.device, approve=approve)


@pytest.fixture
def house(tmp_path: Path, double: Double, clock: Clock) -> House:
    return House(tmp_path, double, clock)


@asynccontextmanager
async def running(invitation: Invitation) -> AsyncIterator[None]:
    task = asyncio.create_task(invitation.run())
    await asyncio.sleep(0)  # a task that is cancelled before it began does nothing
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
    assert task.cancelled()


async def until(invitation: Invitation, kind: type[State]) -> State:
    """The first state of that kind."""
    async with asyncio.timeout(PATIENCE), aclosing(invitation.states()) as states:
        async for state in states:
            if isinstance(state, kind):
                return state
    raise AssertionError("the invitation is over")


async def opened(invitation: Invitation) -> Waiting:
    invitation.open()
    waiting = await until(invitation, Waiting)
    assert isinstance(waiting, Waiting)
    return waiting


async def test_nothing_is_asked_of_trakt_before_somebody_looks(house: House) -> None:
    invitation = house.invitation()
    async with running(invitation):
        assert await until(invitation, Needed) == NOBODY
        invitation.look()
    assert house.double.calls() == []


async def test_all_who_look_see_one_code(house: House) -> None:
    invitation = house.invitation()
    async with running(invitation):
        seen = await asyncio.gather(*(opened(invitation) for _ in range(3)))
        assert [each.code.user_code for each in seen] == [house.device.user_code] * 3
        assert await opened(invitation) == seen[0]


async def test_who_says_yes_is_signed_in(house: House) -> None:
    invitation = house.invitation()
    async with running(invitation):
        waiting = await opened(invitation)
        assert waiting.code.expires_at == house.clock.at + timedelta(minutes=10)
        house.pace.let()
        house.decide(approve=True)
        house.pace.let()
        assert await until(invitation, SignedIn) == invitation.state
        invitation.open()
        assert isinstance(invitation.state, SignedIn)
    kept = house.tokens.read()
    assert kept is not None
    assert house.double.sandbox.world.tokens.holder(kept.access_token) is not None
    assert set(house.pace.waits) == {house.device.interval}


async def test_who_says_no_is_asked_again_only_if_he_wishes(house: House) -> None:
    invitation = house.invitation()
    async with running(invitation):
        await opened(invitation)
        house.decide(approve=False)
        house.pace.let()
        assert await until(invitation, Needed) == Needed(words="The sign-in was denied.", tried=True)
        await opened(invitation)
    assert len(house.double.sandbox.world.devices.codes) == 2
    assert house.tokens.read() is None


async def test_a_code_that_nobody_uses_expires(house: House) -> None:
    invitation = house.invitation()
    async with running(invitation):
        await opened(invitation)
        house.pace.let(1000)
        assert await until(invitation, Needed) == Needed(words="The code has expired.", tried=True)
    assert sum(house.pace.waits) == 600


@pytest.mark.parametrize(
    ("status", "words"), [(404, "Trakt does not know the code any more."), (409, "The code was used already.")]
)
async def test_a_code_that_is_over_is_said_so(status: int, words: str, house: House) -> None:
    invitation = house.invitation()
    house.double.fault(FaultKind.STATUS, status=status, path="/oauth/device/token")
    async with running(invitation):
        await opened(invitation)
        house.pace.let()
        assert await until(invitation, Needed) == Needed(words=words, tried=True)


async def test_an_outage_is_said_and_waited_for(house: House) -> None:
    invitation = house.invitation()
    house.double.fault(FaultKind.DROP_BEFORE, path="/oauth/device/code", times=1)
    house.double.fault(FaultKind.STATUS, status=503, path="/oauth/device/code", headers={"Retry-After": "30"})
    async with running(invitation):
        invitation.open()
        assert invitation.state == Asking()
        asking = await changed(invitation, Asking())
        assert isinstance(asking, Asking)
        assert asking.words.startswith("Trakt ")
        assert asking.words.endswith("; trying again.")
        house.pace.let(2)
        await until(invitation, Waiting)
    assert house.pace.waits[:2] == [RETRY_SECONDS, 30.0]


async def changed(invitation: Invitation, old: State) -> State:
    """The first state that is another."""
    async with asyncio.timeout(PATIENCE), aclosing(invitation.states()) as states:
        async for state in states:
            if state != old:
                return state
    raise AssertionError("the invitation is over")


async def test_who_signs_in_elsewhere_ends_the_code(house: House, tmp_path: Path) -> None:
    invitation = house.invitation()
    threads = threading.active_count()
    async with running(invitation):
        await opened(invitation)
        house.double.tokens(tmp_path / "state")
        assert await until(invitation, SignedIn) == SignedIn()
        await no_more_threads_than(threads)
    assert house.double.calls() == ["POST /oauth/device/code 200"]


async def test_who_has_signed_in_before_the_code_is_asked_for_needs_none(house: House, tmp_path: Path) -> None:
    threads = threading.active_count()
    invitation = house.invitation()
    invitation.open()
    house.double.tokens(tmp_path / "state")
    invitation.look()
    async with running(invitation):
        assert await until(invitation, SignedIn) == SignedIn()
    await no_more_threads_than(threads)
    assert house.double.calls() == []


async def test_tokens_that_trakt_refuses_are_no_sign_in_any_more(house: House, tmp_path: Path) -> None:
    tokens = house.double.tokens(tmp_path / "state")
    kept = tokens.read()
    assert kept is not None
    invitation = house.invitation()
    async with running(invitation):
        assert await until(invitation, SignedIn) == SignedIn()
        tokens.refuse(kept, "Trakt does not renew the sign-in any more")
        invitation.look()
        assert await until(invitation, Needed) == Needed(words="Trakt does not renew the sign-in any more.")
        await opened(invitation)
        house.decide(approve=True)
        house.pace.let()
        assert await until(invitation, SignedIn) == SignedIn()
    assert tokens.refusal() is None


async def test_new_tokens_in_the_file_are_seen_at_once(house: House, tmp_path: Path) -> None:
    tokens = house.double.tokens(tmp_path / "state")
    kept = tokens.read()
    assert kept is not None
    tokens.refuse(kept, "no more")
    invitation = house.invitation()
    async with running(invitation):
        assert invitation.state == Needed(words="no more.")
        house.double.tokens(tmp_path / "state")
        assert await until(invitation, SignedIn) == SignedIn()


async def test_a_damaged_file_is_no_sign_in_and_says_so(house: House) -> None:
    house.tokens.path.parent.mkdir(parents=True)
    house.tokens.path.write_text("what?")
    words = f"{house.tokens.path} is damaged: move it away and sign in again."
    assert house.invitation().state == Needed(words=words)


async def test_a_folder_that_cannot_be_written_to_is_said_before_anybody_types_in_a_code(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    house.tokens.path.with_suffix(".lock").mkdir(parents=True)
    invitation = house.invitation()
    async with running(invitation):
        invitation.open()
        needed = await until(invitation, Needed)
    assert needed == Needed(words=f"{house.tokens.path.parent} cannot be used: Is a directory.", tried=True)
    assert house.double.calls() == []
    assert f"account default: {house.tokens.path.parent} cannot be used" in caplog.text


async def test_without_an_app_it_says_how_to_name_one(house: House) -> None:
    invitation = house.invitation(replace(house.app, client_id=""))
    async with running(invitation):
        invitation.open()
        words = "No Trakt app is known: `scrobbler login` asks for one."
        assert await until(invitation, Needed) == Needed(words=words, tried=True)
    assert house.double.calls() == []


async def test_an_app_that_trakt_does_not_know_is_said_so(house: House) -> None:
    invitation = house.invitation(replace(house.app, client_id="nobody"))
    async with running(invitation):
        invitation.open()
        needed = await until(invitation, Needed)
    assert isinstance(needed, Needed)
    assert needed.words.startswith("Trakt does not accept this app (")


@pytest.mark.parametrize("begun", [False, True])
async def test_the_end_of_the_agent_ends_all_who_look_and_every_thread(begun: bool, house: House) -> None:
    threads = threading.active_count()
    invitation = house.invitation()
    seen: list[State] = []

    async def look() -> None:
        async with aclosing(invitation.states()) as states:
            async for state in states:
                seen.append(state)

    looking = asyncio.create_task(look())
    await asyncio.sleep(0)
    async with running(invitation):
        if begun:
            await opened(invitation)
    await asyncio.wait_for(looking, PATIENCE)
    assert seen[0] == NOBODY
    await no_more_threads_than(threads)


async def no_more_threads_than(count: int) -> None:
    async with asyncio.timeout(PATIENCE):
        while threading.active_count() > count:  # noqa: ASYNC110  # a thread's end has no Event
            await asyncio.sleep(0.005)
