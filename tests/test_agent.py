"""The running agent: events in on one side, Trakt's history on the other, and a disk that may refuse."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from alive import alive
from conftest import Clock
from double import Double
from playbook import HEAT, TRON

from scrobbler.adapters import Ignored
from scrobbler.agent import Agent, Source
from scrobbler.control.request import UNTIL_OFF, Done, Drop, Handled, Hidden, Incognito, Refused, Retry
from scrobbler.delivery.courier import Courier
from scrobbler.delivery.outlet import Outlet
from scrobbler.delivery.settlement import UNCERTAIN_REST
from scrobbler.errors import ConfigError, StateError
from scrobbler.events import Kind, Media, MediaKind, PlayerEvent, Seconds, SessionKey
from scrobbler.identify.finder import Finder
from scrobbler.machine.motion import State
from scrobbler.machine.policy import Policy
from scrobbler.machine.scrobble import Action, Scrobble
from scrobbler.machine.session import Session
from scrobbler.playback import Playback
from scrobbler.sandbox import FaultKind
from scrobbler.state.decisions import What
from scrobbler.state.entry import EntryState
from scrobbler.state.snapshot import decisions, look
from scrobbler.state.store import Store
from scrobbler.trakt.client import Trakt

pytestmark = pytest.mark.anyio
KEY = SessionKey(source="tv", id="1")
NOBODYS = Media(kind=MediaKind.MOVIE, title="A film of nobody", year=1971)


@pytest.fixture(autouse=True)
def no_spacing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test's clock stands still, so waiting for one write a second would be waiting in vain."""
    monkeypatch.setattr("scrobbler.trakt.client.WRITE_EVERY", 0.0)


class Script:
    """A player that does what the test says."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[PlayerEvent] = asyncio.Queue()

    async def events(self) -> AsyncGenerator[PlayerEvent, None]:
        while True:
            yield await self._queue.get()

    def does(self, event: PlayerEvent) -> None:
        self._queue.put_nowait(event)


class Broken:
    """A watcher that cannot work."""

    def events(self) -> AsyncGenerator[PlayerEvent, None]:
        raise ConfigError("players.tv.sockets: no such folder")


class House:
    """An agent with one player and one account."""

    def __init__(self, folder: Path, clock: Clock, double: Double, policy: Policy | None = None) -> None:
        self.folder = folder
        self.clock = clock
        self.double = double
        self.player = Script()
        self.source = Source(name="tv", account="default", watcher=self.player, policy=policy or Policy())
        self.store = Store(folder, clock())
        trakt = Trakt(double.app, double.tokens(folder), clock=clock.monotonic, now=clock)
        courier = Courier("default", trakt, Finder(trakt, clock), self.store, clock)
        self.outlet = Outlet(courier, self.store, double.tokens(folder), clock)
        self.outlets = {"default": self.outlet}
        self.agent = Agent([self.source], self.store, self.outlets, clock, keep_days=365)

    def does(self, kind: Kind, position: float, *, media: Media = HEAT, after: float = 0.0) -> None:
        self.player.does(self.event(kind, position, media=media, after=after))

    def event(self, kind: Kind, position: float, *, media: Media = HEAT, after: float = 0.0) -> PlayerEvent:
        self.clock.advance(after)
        return PlayerEvent(
            session=KEY,
            kind=kind,
            media=media,
            at=self.clock(),
            position=Seconds(position),
            duration=Seconds(100.0),
        )

    async def sees(self, condition: Callable[[], bool]) -> None:
        await eventually(condition)


def on(house: House) -> Playback:
    """What its player plays."""
    live = house.agent._playbacks.of(KEY)
    assert live is not None
    return live


async def eventually(condition: Callable[[], bool]) -> None:
    """Until it is so, for ten seconds at most."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110  # what is awaited is on disks and in other threads
            await asyncio.sleep(0.005)


@asynccontextmanager
async def living(folder: Path, clock: Clock, double: Double, policy: Policy | None = None) -> AsyncIterator[House]:
    with closing(Store(folder, clock())):
        pass
    house = House(folder, clock, double, policy)
    async with alive(house.agent, house.store):
        yield house


async def test_what_is_watched_arrives(tmp_path: Path, clock: Clock, double: Double) -> None:
    async with living(tmp_path, clock, double) as house:
        house.does(Kind.PLAY, 0)
        await house.sees(lambda: double.saw("POST /scrobble/start 201"))
        house.does(Kind.STOP, 95, after=95)
        await house.sees(lambda: len(double.history()) == 1)
        await house.sees(lambda: len(look(tmp_path).plays) == 1)
        assert look(tmp_path).sessions[0].state is State.IDLE


async def test_once_it_settles_what_is_on_its_way_ends_and_what_is_heard_is_kept_for_the_next(
    tmp_path: Path, clock: Clock, double: Double
) -> None:
    async with living(tmp_path, clock, double) as house:
        house.does(Kind.PLAY, 0)
        await house.sees(lambda: double.saw("POST /scrobble/start 201"))
        before = house.outlet.sending
        double.fault(FaultKind.DELAY, delay_s=0.3, path="/scrobble/stop")
        await house.agent.hear(house.source, house.event(Kind.STOP, 95, after=95))
        await house.sees(lambda: house.outlet.sending is not before)
        await house.agent.settle()
        assert (len(look(tmp_path).plays), len(double.history())) == (1, 1)
        double.calls()
        await house.agent.hear(house.source, house.event(Kind.PLAY, 0, media=TRON, after=60))
        assert [entry.state for entry in look(tmp_path).waiting] == [EntryState.WAITING]
        assert double.calls(lookups=True) == []
    async with living(tmp_path, clock, double) as house:
        await house.sees(lambda: double.saw("POST /scrobble/start 201", times=2))


async def test_what_comes_due_in_the_moment_of_the_end_is_no_mistake(
    tmp_path: Path, clock: Clock, double: Double, caplog: pytest.LogCaptureFixture
) -> None:
    async with living(tmp_path, clock, double) as house:
        ready = [house.agent.ready]
        await house.agent.hear(house.source, house.event(Kind.PLAY, 0))
        assert [*ready, house.agent.ready] == [False, True]
    late = Playback(Session(key=KEY, account="default"), Policy())
    house.agent._playbacks._call_in(0.0, late, house.agent._playbacks._expire)
    await asyncio.sleep(0.01)
    assert "TaskGroup" not in caplog.text


@pytest.mark.parametrize(
    ("duration", "kept"),
    [(7200.0, [0, 0, 15, 15, 15, 30]), (100.0, [5, 10, 15, 20, 25, 30])],
    ids=["a film every 15 s", "a clip every 5 %"],
)
async def test_positions_alone_are_journaled_now_and_then(
    tmp_path: Path, clock: Clock, double: Double, duration: float, kept: list[float]
) -> None:
    async with living(tmp_path, clock, double) as house:
        found: list[float | None] = []
        for second in (0, 5, 10, 15, 20, 25, 30):
            event = house.event(Kind.PLAY, second, after=5 if second else 0)
            await house.agent.hear(house.source, msgspec.structs.replace(event, duration=Seconds(duration)))
            found.append(look(tmp_path).sessions[0].position)
        assert found == [0, *kept]


async def test_a_seek_is_told_when_its_timer_fires(tmp_path: Path, clock: Clock, double: Double) -> None:
    policy = Policy(seek_settle=Seconds(0.05))
    async with living(tmp_path, clock, double, policy) as house:
        house.does(Kind.PLAY, 0)
        await house.sees(lambda: double.saw("POST /scrobble/start 201"))
        await house.agent.hear(house.source, house.event(Kind.PLAY, 60, after=1))
        clock.advance(1)
        await house.sees(lambda: double.saw("POST /scrobble/start 201", times=2))


async def test_a_restart_goes_on_with_the_same_sitting(tmp_path: Path, clock: Clock, double: Double) -> None:
    async with living(tmp_path, clock, double) as house:
        house.does(Kind.PLAY, 0)
        await house.sees(lambda: double.saw("POST /scrobble/start 201"))
        sitting = look(tmp_path).sessions[0].sitting
    async with living(tmp_path, clock, double) as house:
        house.does(Kind.PLAY, 50, after=50)
        house.does(Kind.STOP, 95, after=45)
        await house.sees(lambda: len(look(tmp_path).plays) == 1)
        assert look(tmp_path).plays[0].sitting == sitting
        assert len(double.history()) == 1


async def test_a_player_that_did_not_come_back_is_closed_where_it_was_last_known(
    tmp_path: Path, clock: Clock, double: Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scrobbler.playbacks.RETURN_SECONDS", 0.05)
    async with living(tmp_path, clock, double) as house:
        house.does(Kind.PLAY, 0)
        house.does(Kind.PAUSE, 85, after=85)
        await house.sees(lambda: bool(look(tmp_path).sessions) and look(tmp_path).sessions[0].state is State.PAUSED)
        ended_at = clock()
    clock.advance(7200)
    async with living(tmp_path, clock, double) as house:
        await house.sees(lambda: len(double.history()) == 1)
        assert double.history() == [("Heat", ended_at)]


async def test_without_a_sign_in_watches_wait_and_leave_as_soon_as_there_is_one(
    tmp_path: Path, clock: Clock, double: Double
) -> None:
    async with living(tmp_path, clock, double) as house:
        double.tokens(tmp_path).remove()
        house.does(Kind.PLAY, 0)
        house.does(Kind.STOP, 95, after=95)
        await house.sees(lambda: house.outlet.trouble is not None)
        assert "scrobbler login" in (house.outlet.trouble or "")
        assert double.history() == []
        double.tokens(tmp_path)
        await house.sees(lambda: len(double.history()) == 1)
        await house.sees(lambda: house.outlet.trouble is None)


async def test_a_closed_account_rests_and_is_asked_again(
    tmp_path: Path, clock: Clock, double: Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scrobbler.delivery.outlet.CLOSED_SECONDS", 0.05)
    double.fault(FaultKind.LOCKED_ACCOUNT)
    async with living(tmp_path, clock, double) as house:
        house.does(Kind.PLAY, 0)
        await house.sees(lambda: house.outlet.trouble is not None)
        await house.sees(lambda: house.outlet.trouble is None)
        await house.sees(lambda: double.saw("POST /scrobble/start 201"))


async def test_an_outage_ends_by_itself(tmp_path: Path, clock: Clock, double: Double) -> None:
    double.fault(FaultKind.STATUS, status=503, path="/scrobble/stop")
    async with living(tmp_path, clock, double) as house:
        house.does(Kind.PLAY, 0)
        house.does(Kind.STOP, 95, after=95)
        await house.sees(lambda: bool(look(tmp_path).waiting) and look(tmp_path).waiting[0].attempts == 1)
        clock.advance(10)
        house.does(Kind.PLAY, 0, media=TRON)
        await house.sees(lambda: len(double.history()) == 1)


async def test_a_watch_whose_outcome_could_not_be_written_down_is_looked_up(
    tmp_path: Path, clock: Clock, double: Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scrobbler.delivery.outlet.RETRY_SECONDS", 0.02)
    async with living(tmp_path, clock, double) as house:
        refuse = "CREATE TEMP TRIGGER full BEFORE INSERT ON plays BEGIN INSERT INTO nowhere VALUES (1); END"
        house.store._database.submit(lambda db: db.execute(refuse)).result(10)
        house.does(Kind.PLAY, 0)
        house.does(Kind.STOP, 95, after=95)
        await house.sees(lambda: bool(look(tmp_path).waiting) and look(tmp_path).waiting[0].uncertain)
        house.store._database.submit(lambda db: db.execute("DROP TRIGGER full")).result(10)
        await house.sees(lambda: len(look(tmp_path).plays) == 1)
        assert len(double.history()) == 1


@pytest.mark.parametrize(("level", "lines"), [(logging.INFO, 0), (logging.DEBUG, 1)], ids=["info", "debug"])
async def test_a_position_that_merely_moves_is_told_to_whoever_wants_to_know_everything(
    tmp_path: Path, clock: Clock, double: Double, caplog: pytest.LogCaptureFixture, level: int, lines: int
) -> None:
    caplog.set_level(level, "scrobbler.agent")
    async with living(tmp_path, clock, double) as house:
        await house.agent.hear(house.source, house.event(Kind.PLAY, 0))
        await house.agent.hear(house.source, house.event(Kind.PLAY, 1, after=1))
    assert caplog.messages.count("tv: play at 0:01 of 1:40 Heat (1995)") == lines


async def test_a_player_that_came_back_does_not_vanish(tmp_path: Path, clock: Clock, double: Double) -> None:
    async with living(tmp_path, clock, double) as house:
        house.does(Kind.PLAY, 0)
        await house.sees(lambda: double.saw("POST /scrobble/start 201"))
    async with living(tmp_path, clock, double) as house:
        await house.agent.hear(house.source, house.event(Kind.PLAY, 1, after=1))
        await house.agent._playbacks._vanish(on(house))
        assert look(tmp_path).sessions[0].state is State.PLAYING


async def test_a_damaged_token_file_is_a_sign_in_that_is_needed(tmp_path: Path, clock: Clock, double: Double) -> None:
    async with living(tmp_path, clock, double) as house:
        (tmp_path / "tokens" / "default.json").write_text("{")
        house.does(Kind.PLAY, 0)
        house.does(Kind.STOP, 95, after=95)
        await house.sees(lambda: "is damaged" in (house.outlet.trouble or ""))
        double.tokens(tmp_path)
        await house.sees(lambda: len(double.history()) == 1)


async def test_a_trakt_that_hangs_does_not_hold_up_the_end(
    tmp_path: Path, clock: Clock, double: Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scrobbler.agent.GRACE_SECONDS", 0.05)
    double.fault(FaultKind.DELAY, delay_s=2.0)
    async with asyncio.timeout(1.5):
        async with living(tmp_path, clock, double) as house:
            house.does(Kind.PLAY, 0)
            await house.sees(lambda: house.outlet.sending is not None)
    assert look(tmp_path).waiting[0].state is EntryState.SENDING
    assert house.outlet.sending is not None
    with pytest.raises(StateError):  # it ends later, when nobody can write down any more what became of it
        await asyncio.wrap_future(house.outlet.sending)
    house.outlet.courier.close()


async def test_what_was_on_its_way_when_the_last_run_ended_is_looked_up(
    tmp_path: Path, clock: Clock, double: Double, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    session = Session(key=KEY, account="default", media=HEAT, sitting="tv/1@then.1", at=clock())
    watch = Scrobble(
        session=KEY,
        sitting=session.sitting,
        account="default",
        action=Action.STOP,
        media=HEAT,
        at=clock(),
        position=Seconds(95.0),
        duration=Seconds(100.0),
    )
    with closing(Store(tmp_path, clock())) as store:
        assert store.keep(session, [watch], clock(), idle=True).result(10) is not None
    clock.advance(-UNCERTAIN_REST.total_seconds())
    async with living(tmp_path, clock, double) as house:
        await house.sees(lambda: "1 were on their way" in caplog.text)
        clock.advance(UNCERTAIN_REST.total_seconds())
        house.outlet.wake()
        await house.sees(lambda: len(double.history()) == 1)
        assert "GET /sync/history/movies 200" in double.calls()


async def test_a_disk_that_refuses_is_asked_again_and_nothing_is_lost(
    tmp_path: Path, clock: Clock, double: Double, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("scrobbler.state.patience.RETRY_SECONDS", 0.02)
    async with living(tmp_path, clock, double) as house:
        refuse = "CREATE TEMP TRIGGER full BEFORE INSERT ON sessions BEGIN INSERT INTO nowhere VALUES (1); END"
        house.store._database.submit(lambda db: db.execute(refuse)).result(10)
        house.does(Kind.PLAY, 0)
        await house.sees(lambda: "cannot be written" in caplog.text)
        with pytest.raises(StateError, match="cannot be written"):
            await house.agent.hear(house.source, house.event(Kind.PAUSE, 1))
        house.does(Kind.STOP, 95, after=95)
        house.store._database.submit(lambda db: db.execute("DROP TRIGGER full")).result(10)
        await house.sees(lambda: len(double.history()) == 1)


async def test_a_watcher_that_cannot_work_ends_the_agent_with_its_reason(
    tmp_path: Path, clock: Clock, double: Double
) -> None:
    with closing(Store(tmp_path, clock())) as store:
        agent = Agent([Source(name="tv", account="default", watcher=Broken())], store, {}, clock, keep_days=365)
        with pytest.raises(ExceptionGroup) as caught:
            await agent.run()
        assert caught.group_contains(ConfigError, match="no such folder")


async def test_a_scrobble_is_committed_with_its_session_before_the_player_is_answered(
    tmp_path: Path, clock: Clock, double: Double
) -> None:
    async with living(tmp_path, clock, double) as house:
        double.tokens(tmp_path).remove()
        event = house.event(Kind.PLAY, 10)
        server = Source(name="plex", account="default", policy=Policy(silence=Seconds(60.0)))
        house.agent._sources["plex"] = server
        hooked = msgspec.structs.replace(event, session=SessionKey(source="plex"))
        await house.agent.receive("plex", [Ignored(reason="music", heard="media.play"), hooked])
        answered = look(tmp_path)
        assert [session.key for session in answered.sessions] == [hooked.session]
        assert [entry.scrobble.action for entry in answered.waiting] == [Action.START]


async def test_a_server_that_fell_silent_while_we_were_away_is_closed(
    tmp_path: Path, clock: Clock, double: Double
) -> None:
    policy = Policy(silence=Seconds(60.0))
    async with living(tmp_path, clock, double, policy) as house:
        house.does(Kind.PLAY, 0)
        await house.sees(lambda: double.saw("POST /scrobble/start 201"))
        house.does(Kind.PLAY, 85, after=85)
        await house.sees(lambda: bool(look(tmp_path).sessions) and (look(tmp_path).sessions[0].position or 0) >= 85)
    clock.advance(600)
    with closing(Store(tmp_path, clock())) as store:
        trakt = Trakt(double.app, double.tokens(tmp_path), clock=clock.monotonic, now=clock)
        outlet = Outlet(
            Courier("default", trakt, Finder(trakt, clock), store, clock), store, double.tokens(tmp_path), clock
        )
        silent = Agent(
            [Source(name="tv", account="default", policy=policy)], store, {"default": outlet}, clock, keep_days=365
        )
        running = asyncio.create_task(silent.run())
        await eventually(lambda: len(double.history()) == 1)
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running


async def test_what_came_in_and_what_became_of_it_is_in_the_log(
    tmp_path: Path, clock: Clock, double: Double, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    async with living(tmp_path, clock, double) as house:
        house.does(Kind.PLAY, 0)
        await house.sees(lambda: double.saw("POST /scrobble/start 201"))
        house.does(Kind.PLAY, 20, after=20)
        house.does(Kind.STOP, 95, after=75)
        await house.agent.receive("tv", [Ignored(reason="music", heard="media.play")])
        await house.sees(lambda: len(look(tmp_path).plays) == 1)
        await house.sees(lambda: len(decisions(tmp_path)) == 5)
        words = [one.words for one in decisions(tmp_path)]
    assert sorted(words) == [
        "Trakt: started Heat (1995) at 0.0 %",
        "Trakt: watched Heat (1995), scrobbled",
        "tv: ignored media.play: music",
        "tv: play at 0:00 of 1:40 Heat (1995)",
        "tv: stop at 1:35 of 1:40 Heat (1995)",
    ]
    assert [line for line in caplog.messages if line in words] == words


async def test_a_runtime_that_delivery_found_is_learned_by_the_session(
    tmp_path: Path, clock: Clock, double: Double
) -> None:
    async with living(tmp_path, clock, double) as house:
        nameless = Media(path="/films/Heat (1995).mkv")
        event = house.event(Kind.PLAY, 10, media=nameless)
        house.player.does(msgspec.structs.replace(event, duration=None))
        await house.sees(lambda: bool(look(tmp_path).sessions) and look(tmp_path).sessions[0].duration == 10_200.0)
        await house.sees(lambda: on(house).session.duration == 10_200.0)
        house.agent._playbacks.learned(look_told(house, nameless), Seconds(60.0))
        assert on(house).session.duration == 10_200.0


def look_told(house: House, media: Media) -> Scrobble:
    """Something that was said of what is known already."""
    session = on(house).session
    return Scrobble(
        session=KEY, sitting=session.sitting, account="default", action=Action.START, media=media, at=house.clock()
    )


async def test_old_plays_and_decisions_go_once_a_day(tmp_path: Path, clock: Clock, double: Double) -> None:
    async with living(tmp_path, clock, double) as house:
        house.does(Kind.PLAY, 0)
        house.does(Kind.STOP, 95, after=95)
        await house.sees(lambda: len(look(tmp_path).plays) == 1)
        for days, plays in ((364, 1), (0.5, 1), (2, 0)):
            clock.advance(timedelta(days=days).total_seconds())
            await house.agent.hear(house.source, house.event(Kind.PAUSE, 1))
            await house.sees(lambda left=plays: len(look(tmp_path).plays) == left)  # type: ignore[misc]  # bound now
        assert not [one for one in decisions(tmp_path) if one.what is What.WATCHED]


async def test_sessions_that_nobody_comes_back_to_are_forgotten(tmp_path: Path, clock: Clock, double: Double) -> None:
    async with living(tmp_path, clock, double) as house:
        first = house.event(Kind.PLAY, 0)
        await house.agent.hear(house.source, first)
        await house.agent.hear(house.source, house.event(Kind.STOP, 40, after=40))
        clock.advance(timedelta(days=2).total_seconds())
        other = msgspec.structs.replace(first, session=SessionKey(source="tv", id="2"), at=clock())
        await house.agent.hear(house.source, other)
        assert [session.key.id for session in look(tmp_path).sessions] == ["2"]


async def test_sessions_of_an_account_that_is_gone_are_left_alone(
    tmp_path: Path, clock: Clock, double: Double, caplog: pytest.LogCaptureFixture
) -> None:
    async with living(tmp_path, clock, double) as house:
        house.does(Kind.PLAY, 0)
        await house.sees(lambda: len(look(tmp_path).sessions) == 1)
    with closing(Store(tmp_path, clock())) as store:
        running = asyncio.create_task(Agent([], store, {}, clock, keep_days=365).run())
        await eventually(lambda: "not configured any more" in caplog.text)
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
        assert len(look(tmp_path).sessions) == 1


async def test_a_sitting_belongs_to_whose_player_it_is_when_it_begins(
    tmp_path: Path, clock: Clock, double: Double
) -> None:
    async with living(tmp_path, clock, double) as house:
        house.does(Kind.PLAY, 0)
        house.does(Kind.STOP, 40, after=40)
        await house.sees(lambda: bool(look(tmp_path).sessions) and look(tmp_path).sessions[0].state is State.IDLE)
        marta = Source(name="tv", account="marta", watcher=house.player)
        house.outlets["marta"] = house.outlet
        await house.agent.hear(marta, house.event(Kind.PLAY, 40))
        assert look(tmp_path).sessions[0].account == "marta"


# What commands ask for


async def test_what_is_tried_again_leaves_at_once(tmp_path: Path, clock: Clock, double: Double) -> None:
    async with living(tmp_path, clock, double) as house:
        house.does(Kind.PLAY, 0, media=NOBODYS)
        house.does(Kind.STOP, 95, media=NOBODYS, after=95)
        await house.sees(lambda: len(look(tmp_path).aside) == 1)
        [entry] = look(tmp_path).aside
        answer = await house.agent.perform(Retry(ids=(entry.id, 4711)))
        assert answer == Done(
            entries=(Handled(id=entry.id, account="default", label="stop A film of nobody (1971)"),), left=(4711,)
        )
        await house.sees(lambda: [one.attempts for one in look(tmp_path).aside] == [1])
        whats = [one.what for one in decisions(tmp_path) if one.entry == entry.id]
        assert whats == [What.UNMATCHED, What.RETRIED, What.UNMATCHED]
        await house.agent.perform(Drop(ids=(entry.id,)))
        assert look(tmp_path).aside == ()


async def test_incognito_takes_back_what_was_told_of_what_is_on(tmp_path: Path, clock: Clock, double: Double) -> None:
    async with living(tmp_path, clock, double) as house:
        house.does(Kind.PLAY, 5)
        await house.sees(lambda: double.saw("POST /scrobble/start 201"))
        assert await house.agent.perform(Incognito(until=UNTIL_OFF)) == Hidden(accounts=("default",))
        await house.sees(lambda: double.saw("DELETE /sync/playback/1 204"))
        await house.agent.perform(Incognito())
        house.does(Kind.STOP, 95, after=90)
        await house.sees(lambda: look(tmp_path).sessions[0].state is State.IDLE)
        house.does(Kind.PLAY, 0, media=TRON)
        await house.sees(lambda: double.saw("POST /scrobble/start 201", times=2))
    assert double.history() == []
    assert [one.words for one in decisions(tmp_path) if one.what is What.HEARD] == [
        "tv: play at 0:05 of 1:40 Heat (1995)",
        "tv: stop, incognito",
        "tv: play at 0:00 of 1:40 TRON: Legacy (2010)",
    ]


async def test_incognito_ends_by_itself_and_is_another_accounts_never(
    tmp_path: Path, clock: Clock, double: Double
) -> None:
    async with living(tmp_path, clock, double) as house:
        await house.agent.perform(Incognito(account="default", until=clock() + timedelta(seconds=50)))
        house.does(Kind.PLAY, 0)
        await house.sees(lambda: bool(look(tmp_path).sessions))
        house.does(Kind.STOP, 95, after=95)
        house.does(Kind.PLAY, 0, media=TRON, after=1)
        await house.sees(lambda: double.saw("POST /scrobble/start 201"))
        refused = await house.agent.perform(Incognito(account="marta", until=UNTIL_OFF))
        words = "there is no account 'marta': known are default; `scrobbler accounts add marta` adds it"
        assert refused == Refused(why=words)
        assert not on(house).policy.hides(clock())
    assert double.history() == []


async def test_incognito_holds_over_a_restart_and_for_a_player_that_did_not_come_back(
    tmp_path: Path, clock: Clock, double: Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with living(tmp_path, clock, double) as house:
        house.does(Kind.PLAY, 0)
        await house.sees(lambda: double.saw("POST /scrobble/start 201"))
    monkeypatch.setattr("scrobbler.playbacks.RETURN_SECONDS", 0.3)
    clock.advance(90)
    async with living(tmp_path, clock, double) as house:
        await house.agent.perform(Incognito(until=UNTIL_OFF))
        await house.sees(lambda: look(tmp_path).sessions[0].state is State.IDLE)
        await house.sees(lambda: look(tmp_path).waiting == ())
    async with living(tmp_path, clock, double) as house:
        house.does(Kind.PLAY, 0, media=TRON)
        await house.sees(lambda: look(tmp_path).sessions[0].media == TRON)
        assert look(tmp_path).sessions[0].incognito
    assert double.history() == []
    assert not double.saw("POST /scrobble/start 201", times=2)


async def test_a_player_that_now_is_another_accounts_has_that_ones_incognito(
    tmp_path: Path, clock: Clock, double: Double
) -> None:
    with closing(Store(tmp_path, clock())) as store:
        store.keep(Session(key=KEY, account="paul"), [], clock(), idle=False).result(10)
        store.hide(["default"], UNTIL_OFF, []).result(10)
    async with living(tmp_path, clock, double) as house:
        house.agent._playbacks.begin(KEY, "paul", Policy())
        await house.agent.hear(house.source, house.event(Kind.PLAY, 0))
        assert look(tmp_path).sessions[0].incognito
    assert not double.saw("POST /scrobble/start 201")
