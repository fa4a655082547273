"""One entry and what becomes of it, against a Trakt that misbehaves in every known way. ``spec/delivery.md``."""

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from conftest import EPOCH, Clock
from double import Double
from playbook import HEAT, KEY, TRON

from scrobbler.delivery import LONGEST_BACKOFF, Courier, backoff
from scrobbler.errors import Closed, Unauthorized, Unavailable, Uncertain
from scrobbler.events import Media, Percent
from scrobbler.identify.lookup import Finder
from scrobbler.outbox import Entry
from scrobbler.sandbox import FaultKind
from scrobbler.session import Action, Scrobble, Session, State
from scrobbler.store import How, Snapshot, Store, look
from scrobbler.trakt.client import Trakt

RUNTIME = 10_200.0


class Desk:
    """An account's courier at work: entries go in, and the clock moves when a test says so."""

    def __init__(self, folder: Path, clock: Clock, double: Double) -> None:
        self.folder = folder
        self.clock = clock
        self.double = double
        self.store = Store(folder, clock())
        self.trakt = Trakt(double.app, double.tokens(folder), clock=clock.monotonic, now=clock)
        self.courier = Courier("default", self.trakt, Finder(self.trakt), self.store, clock)
        double.calls()

    def close(self) -> None:
        self.courier.close()
        self.store.close()

    def say(self, action: Action, percent: float, *, media: Media = HEAT, sitting: str = "one", **more: object) -> None:
        """Something is said now, and waits to be delivered."""
        where = {"duration": RUNTIME, "position": percent / 100 * RUNTIME, **more}
        scrobble = Scrobble(
            session=KEY,
            sitting=sitting,
            account="default",
            action=action,
            media=media,
            at=self.clock(),
            **where,  # type: ignore[arg-type]  # keywords of Scrobble
        )
        session = Session(
            key=KEY, account="default", state=State.PLAYING, media=media, sitting=sitting, at=self.clock()
        )
        self.store.keep(session, (scrobble,), self.clock(), idle=False).result(10)

    def deliver(self) -> Entry | None:
        """One attempt at what is due."""
        entry = self.store.claim("default", self.clock()).result(10)
        if entry is not None:
            self.courier.deliver(entry)
        return entry

    def deliver_all(self, attempts: int = 12) -> None:
        """Until nothing waits, with the clock moved to whenever something is due."""
        for _ in range(attempts):
            due = self.store.next_due("default").result(10)
            if due is None:
                return
            self.clock.at = max(self.clock.at + timedelta(seconds=self.courier.ready_in()), due)
            self.deliver()
        pytest.fail(f"still waiting: {self.state().waiting}")

    def state(self) -> Snapshot:
        return look(self.folder)

    def how(self) -> list[How]:
        return [play.how for play in self.state().plays]


@pytest.fixture
def desk(tmp_path: Path, clock: Clock, double: Double) -> Iterator[Desk]:
    with closing(Desk(tmp_path, clock, double)) as desk:
        yield desk


def test_a_watch_that_goes_well_is_three_calls(desk: Desk) -> None:
    desk.say(Action.START, 0)
    desk.deliver()
    desk.say(Action.PAUSE, 40)
    desk.deliver()
    desk.say(Action.STOP, 96)
    desk.deliver()
    assert desk.double.calls() == ["POST /scrobble/start 201", "POST /scrobble/pause 201", "POST /scrobble/stop 201"]
    assert desk.double.history() == [("Heat", desk.clock())]
    assert desk.how() == [How.SCROBBLED]
    assert desk.state().plays[0].history_id is not None
    assert desk.state().waiting == ()


def test_an_outage_is_waited_out_and_the_watch_is_added_with_its_true_time(desk: Desk) -> None:
    desk.double.fault(FaultKind.STATUS, status=503, times=5)
    desk.say(Action.STOP, 96)
    watched_at = desk.clock()
    desk.deliver_all()
    assert desk.clock() - watched_at > timedelta(seconds=60)
    assert desk.double.history() == [("Heat", watched_at)]
    assert desk.how() == [How.HISTORY]


def test_a_short_hiccup_still_ends_in_a_live_stop(desk: Desk) -> None:
    desk.double.fault(FaultKind.BARE_429)
    desk.say(Action.STOP, 96)
    desk.deliver_all()
    assert desk.how() == [How.SCROBBLED]


@pytest.mark.parametrize("kind", [FaultKind.DROP_BEFORE, FaultKind.DROP_AFTER])
def test_a_lost_answer_is_looked_up_before_anything_is_sent_again(desk: Desk, kind: FaultKind) -> None:
    desk.double.fault(kind, path="/scrobble/stop")
    desk.say(Action.STOP, 96)
    desk.deliver_all()
    calls = desk.double.calls()
    assert calls[:2] == ["POST /scrobble/stop dropped", "GET /sync/history/movies 200"]
    assert [title for title, _ in desk.double.history()] == ["Heat"]
    assert desk.how() == [How.FOUND if kind is FaultKind.DROP_AFTER else How.HISTORY]


@pytest.mark.parametrize("kind", [FaultKind.DROP_BEFORE, FaultKind.DROP_AFTER])
def test_a_lost_answer_of_the_history_is_looked_up_too(desk: Desk, kind: FaultKind) -> None:
    desk.double.fault(kind, method="POST", path="/sync/history")
    desk.say(Action.STOP, 96)
    desk.clock.advance(600)
    desk.deliver_all()
    assert desk.double.history() == [("Heat", EPOCH)]


def test_a_server_error_may_have_been_a_success(desk: Desk) -> None:
    desk.double.fault(FaultKind.STATUS, status=502, path="/scrobble/stop")
    desk.say(Action.STOP, 96)
    desk.deliver_all()
    assert "GET /sync/history/movies 200" in desk.double.calls()
    assert len(desk.double.history()) == 1


def test_a_watch_that_trakt_has_already_is_done(desk: Desk) -> None:
    for _ in range(2):
        desk.say(Action.STOP, 96, sitting=f"at {desk.clock()}")
        desk.deliver()
        desk.clock.advance(60)
    assert desk.double.calls()[-1] == "POST /scrobble/stop 409"
    assert len(desk.double.history()) == 1
    assert sorted(how.name for how in desk.how()) == ["FOUND", "SCROBBLED"]


def test_a_true_rewatch_within_the_hour_goes_to_the_history(desk: Desk) -> None:
    desk.say(Action.STOP, 96)
    desk.deliver()
    desk.clock.advance(3000)
    desk.say(Action.STOP, 96, sitting="two", rewatch=True)
    desk.deliver_all()
    assert [at for _, at in desk.double.history()] == [EPOCH, EPOCH + timedelta(seconds=3000)]
    assert desk.state().waiting == ()


def test_a_watch_taken_for_a_pause_at_the_very_edge_goes_to_the_history(desk: Desk) -> None:
    desk.double.fault(FaultKind.STOP_EDGE)
    desk.say(Action.STOP, 80)
    desk.deliver_all()
    assert desk.double.history() == [("Heat", EPOCH)]


def test_a_stop_of_unknown_length_is_measured_by_trakts_runtime(desk: Desk) -> None:
    desk.say(Action.STOP, 96, media=Media(path="/films/Heat (1995).mkv"), duration=None)
    desk.deliver_all()
    assert [title for title, _ in desk.double.history()] == ["Heat"]


def test_an_unknown_item_is_set_aside_with_its_reason_and_the_next_goes_on(desk: Desk) -> None:
    desk.say(Action.STOP, 96, media=Media(path="/films/Nobody Knows This One (1931).mkv"))
    desk.say(Action.STOP, 96, sitting="two")
    desk.deliver_all()
    (aside,) = desk.state().aside
    assert aside.reason is not None
    assert "not recognised" in aside.reason
    assert [title for title, _ in desk.double.history()] == ["Heat"]


def test_a_start_of_an_unknown_item_is_not_kept(desk: Desk) -> None:
    desk.say(Action.START, 0, media=Media(path="/films/Nobody Knows This One (1931).mkv"))
    desk.deliver_all()
    assert desk.state().waiting == desk.state().aside == ()


def test_a_trailer_is_nothing(desk: Desk) -> None:
    desk.say(Action.STOP, 96, media=Media(path="/films/Heat (1995)/Trailers/Heat.mkv"))
    desk.deliver_all()
    assert desk.state().aside == ()
    assert desk.double.history() == []


def test_what_trakt_refuses_for_good_is_set_aside(desk: Desk) -> None:
    desk.double.fault(FaultKind.STATUS, status=422, body={"message": "no"}, path="/scrobble/stop")
    desk.say(Action.STOP, 96)
    desk.deliver_all()
    (aside,) = desk.state().aside
    assert "422" in (aside.reason or "")


def test_an_id_that_trakt_does_not_know_is_set_aside_when_it_is_late_too(desk: Desk) -> None:
    from scrobbler.events import Ids, MediaKind  # noqa: PLC0415

    desk.say(Action.STOP, 96, media=Media(kind=MediaKind.MOVIE, title="?", ids=Ids(imdb="tt99999999")))
    desk.clock.advance(600)
    desk.deliver_all()
    (aside,) = desk.state().aside
    assert "does not know" in (aside.reason or "")


def test_without_a_sign_in_everything_waits(desk: Desk) -> None:
    (desk.folder / "tokens" / "default.json").unlink()
    desk.say(Action.STOP, 96)
    with pytest.raises(Unauthorized, match="not signed in"):
        desk.deliver()
    assert [entry.scrobble.action for entry in desk.state().waiting] == [Action.STOP]
    assert desk.state().waiting[0].uncertain is False


@pytest.mark.parametrize("kind", [FaultKind.LOCKED_ACCOUNT, FaultKind.DELETED_APP, FaultKind.VIP_ONLY])
def test_a_closed_account_stops_and_keeps_everything(desk: Desk, kind: FaultKind) -> None:
    desk.double.fault(kind)
    desk.say(Action.STOP, 96)
    with pytest.raises(Closed):
        desk.deliver()
    desk.deliver_all()
    assert len(desk.double.history()) == 1


def test_a_start_that_waited_tells_where_the_film_is_now(desk: Desk) -> None:
    desk.say(Action.START, 10)
    desk.clock.advance(1020)
    desk.deliver_all()
    watching = desk.double.sandbox.world.account("default").watching(desk.clock())
    assert watching is not None
    assert watching.started_at == desk.clock() - timedelta(seconds=0.2 * RUNTIME)


def test_a_start_whose_film_must_be_over_is_not_sent(desk: Desk) -> None:
    desk.say(Action.START, 10)
    desk.clock.advance(RUNTIME)
    desk.deliver_all()
    assert desk.double.calls() == []


@pytest.mark.parametrize(("age", "calls"), [(0, ["POST /scrobble/start 201"]), (61, [])])
def test_a_start_at_an_unknown_place_is_told_only_while_it_is_fresh(desk: Desk, age: float, calls: list[str]) -> None:
    desk.say(Action.START, 0, position=None)
    desk.clock.advance(age)
    desk.deliver_all()
    assert desk.double.calls() == calls


def test_what_is_late_is_not_sent_while_something_else_is_watched(desk: Desk) -> None:
    desk.say(Action.PAUSE, 40)
    desk.clock.advance(600)
    desk.trakt.scrobble(Action.START, desk.courier._finder.find(TRON), Percent(1.0))  # type: ignore[arg-type]
    desk.double.calls()
    desk.deliver_all()
    assert desk.double.calls() == ["GET /users/me/watching 200"]


def test_a_late_pause_keeps_its_resume_point(desk: Desk) -> None:
    desk.say(Action.PAUSE, 40)
    desk.clock.advance(600)
    desk.deliver_all()
    assert [place.progress for place in desk.double.sandbox.world.account("default").playback] == [40.0]


def test_a_pause_of_unknown_progress_is_not_sent(desk: Desk) -> None:
    desk.say(Action.PAUSE, 40, duration=None)
    desk.deliver_all()
    assert desk.double.calls() == []


def test_a_sitting_that_was_none_leaves_neither_a_card_nor_a_resume_point(desk: Desk) -> None:
    desk.say(Action.START, 0)
    desk.deliver_all()
    desk.say(Action.STOP, 0.2, retract=True)
    desk.double.sandbox.rules.write_gap = 1.0
    desk.clock.advance(2)
    desk.deliver_all()
    account = desk.double.sandbox.world.account("default")
    assert account.watching(desk.clock()) is None
    assert account.playback == []
    assert desk.double.history() == []


def test_writes_are_spaced_as_trakt_wants_them(desk: Desk) -> None:
    desk.say(Action.START, 0)
    desk.deliver()
    assert 1.0 < desk.courier.ready_in() <= 1.2


def test_the_wait_doubles_up_to_a_bound_and_never_comes_in_step() -> None:
    error = Uncertain("")
    waits = [backoff(attempt, error).total_seconds() for attempt in range(12)]
    assert all(2.0 * 2**n <= wait <= 2.5 * 2**n for n, wait in enumerate(waits[:6]))
    assert max(waits) <= LONGEST_BACKOFF.total_seconds() * 1.25
    assert 31 <= backoff(0, Unavailable("", retry_after=30)).total_seconds() <= 39
