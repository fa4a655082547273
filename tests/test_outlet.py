"""The way out for one account: it sleeps while there is nothing to send, and waits no longer than it must."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, closing
from datetime import timedelta
from pathlib import Path

import pytest
from conftest import EPOCH, Clock
from double import Double, Served
from playbook import HEAT, TRON
from starlette.types import Receive, Scope, Send

from scrobbler.delivery.courier import Courier
from scrobbler.delivery.network import Network
from scrobbler.delivery.outlet import Outlet
from scrobbler.delivery.senders import Senders
from scrobbler.delivery.settlement import UNCERTAIN_REST
from scrobbler.events import Media, Seconds, SessionKey
from scrobbler.identify.finder import Finder
from scrobbler.machine.motion import State
from scrobbler.machine.scrobble import Action, Scrobble
from scrobbler.machine.session import Session
from scrobbler.sandbox import FaultKind, Sandbox
from scrobbler.state.decisions import What
from scrobbler.state.entry import EntryState
from scrobbler.state.snapshot import decisions, look
from scrobbler.state.store import Store
from scrobbler.trakt.client import Trakt
from scrobbler.trakt.tokens import TokenFile

pytestmark = pytest.mark.anyio
AGES: float = 1e6
"""Seconds that no test waits."""


@pytest.fixture(autouse=True)
def no_spacing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test's clock stands still, so waiting for one write a second would be waiting in vain."""
    monkeypatch.setattr("scrobbler.trakt.client.WRITE_EVERY", 0.0)


@pytest.fixture
def endless(monkeypatch: pytest.MonkeyPatch) -> None:
    """A backoff that ends by no timer."""
    for bound in ("FIRST", "LONGEST"):
        monkeypatch.setattr(f"scrobbler.delivery.backoff.{bound}", AGES)


class Office:
    """One account and its outlet."""

    def __init__(
        self, folder: Path, clock: Clock, double: Double, store: Store, account: str, network: Network
    ) -> None:
        self.account = account
        self.folder = folder
        self.clock = clock
        self.store = store
        trakt = Trakt(double.app, double.tokens(folder, account), clock=clock.monotonic, now=clock)
        courier = Courier(account, trakt, Finder(trakt, clock), store, clock)
        self.closed: list[str | None] = []
        """Why Trakt refuses the account as such, as the outlet tells it."""
        tokens = double.tokens(folder, account)
        self.outlet = Outlet(courier, store, tokens, clock, network, closed=self.closed.append)

    async def says(self, action: Action, media: Media = HEAT, *, sitting: str = "one") -> None:
        """A session of the account says something, and the outlet is told."""
        key = SessionKey(source=self.account, id=sitting)
        percent = 0.0 if action is Action.START else 96.0
        scrobble = Scrobble(
            session=key,
            sitting=f"{self.account} {sitting}",
            account=self.account,
            action=action,
            media=media,
            at=self.clock(),
            position=Seconds(percent),
            duration=Seconds(100.0),
        )
        session = Session(key=key, account=self.account, state=State.PLAYING, media=media, at=self.clock())
        kept = self.store.keep(session, [scrobble], self.clock(), idle=self.outlet.free)
        self.outlet.wake(await asyncio.wrap_future(kept))

    async def rests(self) -> None:
        """Until it waits for its backoff to end, with all that this needs."""
        await eventually(lambda: bool(self.outlet._network._waiting) and self.outlet.courier.backoff.rest() > 0)

    def waiting(self) -> int:
        return sum(entry.scrobble.account == self.account for entry in look(self.folder).waiting)


async def eventually(condition: Callable[[], bool]) -> None:
    """Until it is so, for ten seconds at most."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110  # what is awaited is on disks and in other threads
            await asyncio.sleep(0.005)


@asynccontextmanager
async def open_for(
    folder: Path, clock: Clock, double: Double, *accounts: str, network: Network | None = None
) -> AsyncIterator[list[Office]]:
    network = network or Network(lambda: None)
    with closing(Store(folder, clock())) as store:
        offices = [Office(folder, clock, double, store, account, network) for account in accounts or ("default",)]
        senders = Senders(len(offices))
        running = [asyncio.create_task(office.outlet.run(senders)) for office in offices]
        try:
            yield offices
        finally:
            for task in running:
                task.cancel()
            ended = await asyncio.gather(*running, return_exceptions=True)
            assert all(isinstance(result, asyncio.CancelledError) for result in ended), ended
            for office in offices:
                if office.outlet.sending is not None:
                    with contextlib.suppress(Exception):
                        office.outlet.sending.result(10)
                office.outlet.courier.close()
            senders.close()


class Spy:
    """A double that looks at the disk whenever a scrobble comes in, before it answers."""

    def __init__(self, served: Served, stack: ExitStack, folder: Path, clock: Clock) -> None:
        self.states: list[list[EntryState]] = []
        """Of the entries that were not done, at each request."""
        self.tokens: list[bool] = []
        """Whether the token of each request was the one on the disk."""
        self._folder = folder
        self._sandbox = Sandbox()
        self._sandbox.clock.now = clock  # type: ignore[method-assign]  # the one clock of the test
        self.double = Double(self._sandbox, served.open(stack, self))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"].startswith("/scrobble/"):
            self.states.append([entry.state for entry in look(self._folder).waiting])
            kept = TokenFile(self._folder, "default").read()
            assert kept is not None
            self.tokens.append(dict(scope["headers"])[b"authorization"].decode() == f"Bearer {kept.access_token}")
        await self._sandbox.app(scope, receive, send)


@pytest.fixture
def spy(served: Served, clock: Clock, tmp_path: Path) -> Iterator[Spy]:
    with ExitStack() as stack:
        yield Spy(served, stack, tmp_path, clock)


async def test_an_attempt_is_committed_before_its_request(spy: Spy, tmp_path: Path, clock: Clock) -> None:
    async with open_for(tmp_path, clock, spy.double) as [office]:
        await office.says(Action.START)
        await eventually(lambda: office.outlet.free)
        await office.says(Action.STOP)
        await eventually(lambda: office.outlet.free)
    assert spy.states == [[EntryState.SENDING], [EntryState.SENDING]]


async def test_an_outcome_is_committed_before_the_next_entry_is_read(spy: Spy, tmp_path: Path, clock: Clock) -> None:
    with closing(Store(tmp_path, clock())) as store:
        before = Office(tmp_path, clock, spy.double, store, "default", Network(lambda: None))
        await before.says(Action.STOP)
        await before.says(Action.STOP, TRON, sitting="two")
    async with open_for(tmp_path, clock, spy.double):
        await eventually(lambda: len(spy.double.history()) == 2)
    assert spy.states == [[EntryState.SENDING, EntryState.WAITING], [EntryState.SENDING]]


async def test_new_tokens_are_on_the_disk_before_they_are_used(spy: Spy, tmp_path: Path, clock: Clock) -> None:
    async with open_for(tmp_path, clock, spy.double) as [office]:
        clock.advance(timedelta(days=6).total_seconds())
        await office.says(Action.START)
        await eventually(lambda: spy.double.saw("POST /oauth/token 200"))
        await eventually(lambda: spy.tokens == [True])


async def test_an_idle_outlet_sends_what_was_claimed_for_it_and_is_free_again(
    tmp_path: Path, clock: Clock, double: Double
) -> None:
    async with open_for(tmp_path, clock, double) as [office]:
        await eventually(lambda: office.outlet.free)
        await office.says(Action.STOP)
        await eventually(lambda: office.outlet.free and not office.waiting())
        assert double.history() == [("Heat", EPOCH)]


async def test_writes_wait_for_their_turn(
    tmp_path: Path, clock: Clock, double: Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scrobbler.trakt.client.WRITE_EVERY", 0.02)
    async with open_for(tmp_path, clock, double) as [office]:
        await office.says(Action.START)
        await office.says(Action.START, TRON, sitting="two")
        await eventually(lambda: double.saw("POST /scrobble/start 201", times=2))


@pytest.mark.usefixtures("endless")
async def test_something_new_ends_a_backoff(tmp_path: Path, clock: Clock, double: Double) -> None:
    double.fault(FaultKind.STATUS, status=503)
    async with open_for(tmp_path, clock, double) as [office]:
        await office.says(Action.STOP)
        await office.rests()
        assert not office.outlet.free
        await office.says(Action.START, TRON, sitting="two")
        await eventually(lambda: not office.waiting())
        assert double.history() == [("Heat", EPOCH)]


@pytest.mark.usefixtures("endless")
async def test_the_success_of_another_account_ends_a_backoff_once(tmp_path: Path, clock: Clock, double: Double) -> None:
    async with open_for(tmp_path, clock, double, "default", "marta") as [mine, martas]:
        double.fault(FaultKind.STATUS, status=503, path="/scrobble/stop", times=None)
        await mine.says(Action.STOP)
        await mine.rests()
        for number in range(3):
            await martas.says(Action.START, sitting=str(number))
            await eventually(lambda: martas.outlet.free)
            await eventually(lambda: look(tmp_path).waiting[0].attempts == 2)
            await mine.rests()


@pytest.mark.usefixtures("endless")
async def test_a_network_that_comes_back_ends_a_backoff(
    tmp_path: Path, clock: Clock, double: Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scrobbler.delivery.network.SETTLE_SECONDS", 0.0)
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    ours.setblocking(False)
    with theirs:
        double.fault(FaultKind.STATUS, status=503)
        async with open_for(tmp_path, clock, double, network=Network(lambda: ours)) as [office]:
            await office.says(Action.STOP)
            await office.rests()
            theirs.send(bytes.fromhex("10000000140000000000000000000000"))  # RTM_NEWADDR
            await eventually(lambda: len(double.history()) == 1)
            await eventually(lambda: ours.fileno() < 0)


async def test_a_backoff_ends_by_itself(
    tmp_path: Path, clock: Clock, double: Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scrobbler.delivery.backoff.FIRST", 0.02)
    double.fault(FaultKind.STATUS, status=503, times=2)
    async with open_for(tmp_path, clock, double) as [office]:
        await office.says(Action.STOP)
        await eventually(lambda: len(double.history()) == 1)


async def test_without_a_sign_in_it_waits_and_goes_on_as_soon_as_there_is_one(
    tmp_path: Path, clock: Clock, double: Double
) -> None:
    async with open_for(tmp_path, clock, double) as [office]:
        (tmp_path / "tokens" / "default.json").write_text("{")
        await office.says(Action.STOP)
        await eventually(lambda: "scrobbler login" in (office.outlet.trouble or ""))
        await eventually(lambda: [one.what for one in decisions(tmp_path)] == [What.SIGN_IN])
        assert office.waiting() == 1
        double.tokens(tmp_path).remove()
        double.tokens(tmp_path)
        await eventually(lambda: len(double.history()) == 1)
        await eventually(lambda: office.outlet.trouble is None)


async def test_a_closed_account_rests_and_is_asked_again(
    tmp_path: Path, clock: Clock, double: Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scrobbler.delivery.outlet.CLOSED_SECONDS", 0.02)
    double.fault(FaultKind.LOCKED_ACCOUNT)
    async with open_for(tmp_path, clock, double) as [office]:
        await office.says(Action.STOP)
        await eventually(lambda: len(double.history()) == 1)
        assert decisions(tmp_path)[0].what is What.CLOSED
        assert "locked" in decisions(tmp_path)[0].words
        words = "The Trakt account is locked: write to support@trakt.tv (status 423)"
        await eventually(lambda: office.closed == [words, None])


async def test_an_outcome_that_could_not_be_written_down_is_looked_up(
    tmp_path: Path, clock: Clock, double: Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scrobbler.delivery.outlet.RETRY_SECONDS", 0.02)
    async with open_for(tmp_path, clock, double) as [office]:
        refuse = "CREATE TEMP TRIGGER full BEFORE INSERT ON plays BEGIN INSERT INTO nowhere VALUES (1); END"
        office.store._database.submit(lambda db: db.execute(refuse)).result(10)
        await office.says(Action.STOP)
        await eventually(lambda: bool(look(tmp_path).waiting) and look(tmp_path).waiting[0].uncertain)
        office.store._database.submit(lambda db: db.execute("DROP TRIGGER full")).result(10)
        await eventually(lambda: len(look(tmp_path).plays) == 1)
        assert len(double.history()) == 1


async def test_what_rests_for_a_late_answer_is_looked_up_when_it_is_due(
    tmp_path: Path, clock: Clock, double: Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scrobbler.delivery.backoff.FIRST", 0.0)
    double.fault(FaultKind.DROP_AFTER, path="/scrobble/stop")
    async with open_for(tmp_path, clock, double) as [office]:
        await office.says(Action.STOP)
        await eventually(lambda: bool(look(tmp_path).waiting) and look(tmp_path).waiting[0].uncertain)
        clock.advance((UNCERTAIN_REST + timedelta(seconds=1)).total_seconds())
        office.outlet.wake()
        await eventually(lambda: len(look(tmp_path).plays) == 1)
        assert len(double.history()) == 1
