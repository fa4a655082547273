"""One entry and what becomes of it, against a Trakt that misbehaves in every known way. ``spec/delivery.md``."""

import random
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from conftest import EPOCH, Clock
from double import Double
from playbook import HEAT, KEY, TRON

from scrobbler.delivery.backoff import Backoff
from scrobbler.delivery.courier import Courier
from scrobbler.delivery.settlement import UNCERTAIN_REST
from scrobbler.errors import Closed, StateError, Unauthorized
from scrobbler.events import Ids, Media, MediaKind, Percent, Seconds, SessionKey, Show
from scrobbler.identify.finder import Finder
from scrobbler.identify.match import Unmatched
from scrobbler.machine.motion import State
from scrobbler.machine.scrobble import Action, Scrobble
from scrobbler.machine.session import Session
from scrobbler.reading.extras import Extra
from scrobbler.sandbox import FaultKind
from scrobbler.state.amendments import Entered, Replaced, by_hand
from scrobbler.state.decisions import Note, What
from scrobbler.state.entry import Entry, EntryState
from scrobbler.state.plays import How
from scrobbler.state.snapshot import Snapshot, decisions, look
from scrobbler.state.store import Store
from scrobbler.trakt.client import Trakt
from scrobbler.trakt.wire import Item, forms

RUNTIME = 10_200.0


class Desk:
    """An account's courier at work: entries go in, and the clock moves when a test says so."""

    def __init__(self, folder: Path, clock: Clock, double: Double) -> None:
        self.folder = folder
        self.clock = clock
        self.double = double
        self.store = Store(folder, clock())
        self.trakt = Trakt(double.app, double.tokens(folder), clock=clock.monotonic, now=clock)
        self.courier = Courier(
            "default", self.trakt, Finder(self.trakt, clock), self.store, clock, backoff=Backoff(clock.monotonic)
        )
        double.calls()

    def close(self) -> None:
        self.courier.close()
        self.store.close()

    def say(self, action: Action, percent: float, *, media: Media = HEAT, sitting: str = "one", **more: object) -> None:
        """Something is said now, and waits to be delivered."""
        where = {"duration": RUNTIME, "position": percent / 100 * RUNTIME, **more}
        scrobble = Scrobble(
            sitting=sitting,
            account="default",
            action=action,
            media=media,
            **{"session": KEY, "at": self.clock(), **where},  # type: ignore[arg-type]  # keywords of Scrobble
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
            due = self.store.next_due("default", self.clock()).result(10)
            if due is None:
                return
            rest = max(self.courier.ready_in(), self.courier.backoff.rest())
            self.clock.at = max(self.clock.at + timedelta(seconds=rest, microseconds=1), due)
            self.deliver()
        pytest.fail(f"still waiting: {self.state().waiting}")

    def state(self) -> Snapshot:
        return look(self.folder)

    def told(self) -> list[str]:
        """The log of decisions, a line each."""
        return [f"{one.what.value}: {one.words}" for one in decisions(self.folder)]

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
    desk.double.fault(FaultKind.STATUS, status=503, times=7)
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
    desk.say(Action.STOP, 96, media=Media(kind=MediaKind.MOVIE, title="?", ids=Ids(imdb="tt99999999")))
    desk.clock.advance(600)
    desk.deliver_all()
    (aside,) = desk.state().aside
    assert aside.reason == "it was not recognised: Trakt knows none that is surely ?"


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
    desk.say(Action.PAUSE, 40, duration=None, position=None)
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


# Naming an item in another form

EPISODE = Media(kind=MediaKind.EPISODE, show=Show(ids=Ids(tvdb=999999999)), season=1, episode=1, ids=Ids(tvdb=349232))
"""An episode whose show Trakt does not know by that id; its own it does."""
UNKNOWN = Media(
    kind=MediaKind.MOVIE, title="Nobody Knows This One", year=1931, ids=Ids(imdb="tt99999999", tmdb=999999999)
)


class Trusting(Finder):
    """Takes the player at its word: Trakt may know an id where it is looked up, and not where it is scrobbled."""

    def find(self, media: Media, duration: Seconds | None = None) -> Item:
        assert media.kind is not None
        item = Item(kind=media.kind, title=media.title, year=media.year, ids=media.ids)
        return msgspec.structs.replace(item, show=media.show, season=media.season, number=media.episode)


def trusting(desk: Desk) -> Desk:
    """The desk, with what players say sent as it is."""
    desk.courier._finder = Trusting(desk.trakt, desk.clock)
    return desk


def test_an_item_that_trakt_does_not_know_is_named_in_another_form(desk: Desk) -> None:
    trusting(desk).say(Action.START, 0, media=EPISODE)
    desk.deliver_all()
    assert desk.double.calls() == ["POST /scrobble/start 404", "POST /scrobble/start 201"]
    desk.say(Action.STOP, 96, media=EPISODE)
    desk.deliver_all()
    assert desk.double.calls() == ["POST /scrobble/stop 201"]  # the form that worked is known by now
    assert len(desk.double.history()) == 1


def test_a_late_watch_that_trakt_does_not_find_is_named_in_another_form_too(desk: Desk) -> None:
    trusting(desk).say(Action.STOP, 96, media=EPISODE)
    desk.clock.advance(600)
    desk.deliver_all()
    writes = [call for call in desk.double.calls() if call.startswith("POST")]
    assert writes == ["POST /sync/history 201", "POST /sync/history 201"]
    assert [at for _, at in desk.double.history()] == [EPOCH]


def test_an_item_that_trakt_knows_in_no_form_is_tried_once_in_each_and_set_aside(desk: Desk) -> None:
    trusting(desk).say(Action.STOP, 96, media=UNKNOWN)
    desk.deliver_all()
    assert desk.double.calls() == ["POST /scrobble/stop 404"] * 4
    (aside,) = desk.state().aside
    assert aside.reason == "Trakt does not know this item (status 404), in none of 4 forms"
    assert desk.told() == [f"aside: stop Nobody Knows This One (1931) was set aside: {aside.reason}"]


def test_after_a_restart_the_next_form_is_tried(desk: Desk) -> None:
    trusting(desk).say(Action.STOP, 96, media=UNKNOWN)
    for _ in range(2):
        desk.deliver()
        desk.clock.advance(2)
    again = Courier("default", desk.trakt, Trusting(desk.trakt, desk.clock), desk.store, desk.clock)
    entry = desk.store.claim("default", desk.clock()).result(10)
    assert entry is not None
    assert entry.form == 2
    again.deliver(entry)
    assert desk.state().waiting[0].form == 3


# Two sources for one playback

PLEX = SessionKey(source="plex", player="shield")
BOTH: dict[str, Any] = {"began_at": EPOCH - timedelta(seconds=RUNTIME)}


def both(desk: Desk, *, player: SessionKey = PLEX, media: Media = HEAT, **more: object) -> None:
    """What a second source says of what was just watched."""
    desk.say(Action.STOP, 96, media=media, sitting=f"second at {desk.clock()}", session=player, **{**BOTH, **more})
    desk.deliver_all()


def test_two_sources_of_one_playback_are_one_watch_also_after_a_restart(
    tmp_path: Path, clock: Clock, double: Double
) -> None:
    with closing(Desk(tmp_path, clock, double)) as desk:
        desk.say(Action.STOP, 96, **BOTH)
        desk.deliver_all()
    clock.advance(30)
    with closing(Desk(tmp_path, clock, double)) as desk:
        both(desk, media=Media(title="heat", year=1995, kind=MediaKind.MOVIE))
        assert double.calls() == []
        assert len(double.history()) == 1
        assert desk.told()[-1] == "duplicate: stop heat (1995) was not sent: it is a duplicate of play 1, Heat (1995)"
        assert desk.state().waiting == desk.state().aside == ()
        assert len(desk.state().plays) == 1


def test_the_second_source_of_a_late_watch_is_no_second_watch(desk: Desk) -> None:
    desk.double.fault(FaultKind.STATUS, status=503, times=9)
    desk.say(Action.STOP, 96, **BOTH)
    both(desk)
    assert desk.double.history() == [("Heat", EPOCH)]


@pytest.mark.parametrize(
    ("case", "more"),
    [
        ("another item", {"media": TRON}),
        ("the same session", {"player": KEY}),
        ("begun when the first had ended", {"began_at": EPOCH + timedelta(minutes=10)}),
    ],
)
def test_what_only_looks_like_it_is_a_watch_of_its_own(desk: Desk, case: str, more: dict[str, Any]) -> None:
    desk.say(Action.STOP, 96, **BOTH)
    desk.deliver_all()
    desk.clock.advance(2 * RUNTIME)
    both(desk, **more)
    assert len(desk.double.history()) == 2, case
    assert len(desk.state().plays) == 2


def test_a_watch_that_no_stop_can_express_goes_to_the_history(desk: Desk) -> None:
    desk.say(Action.HISTORY, 75)
    desk.deliver_all()
    looks, adds = "GET /sync/history/movies 200", "POST /sync/history 201"
    assert desk.double.calls() == [looks, adds, looks]
    assert desk.double.history() == [("Heat", EPOCH)]
    assert desk.state().plays[0].history_id is not None


def test_another_watch_of_the_same_item_is_not_taken_for_one_whose_answer_was_lost(desk: Desk) -> None:
    desk.double.fault(FaultKind.DROP_BEFORE, path="/scrobble/stop")
    desk.say(Action.STOP, 96)
    desk.deliver()
    desk.clock.advance(3 * RUNTIME)
    desk.trakt.add_history(Item(kind=MediaKind.MOVIE, ids=HEAT.ids), desk.clock())
    desk.deliver_all()
    assert sorted(at for _, at in desk.double.history()) == [EPOCH, EPOCH + timedelta(seconds=3 * RUNTIME)]


def test_a_watch_whose_answer_names_no_item_is_remembered_as_what_was_sent(desk: Desk, breaches: list[str]) -> None:
    body = {"id": 5, "action": "scrobble", "progress": 96}
    desk.double.fault(FaultKind.STATUS, status=201, body=body, path="/scrobble/stop")
    desk.say(Action.STOP, 96)
    desk.deliver_all()
    (play,) = desk.state().plays
    assert (play.history_id, play.item) == (5, msgspec.json.encode(desk.courier._finder.find(HEAT)).decode())
    breaches.clear()


# What fails for ever


def test_a_watch_that_fails_while_others_go_through_holds_up_nobody_and_is_never_given_up(desk: Desk) -> None:
    desk.double.fault(FaultKind.STATUS, method="POST", path="/sync/history", status=500, times=None)
    desk.say(Action.STOP, 96, sitting="ill")
    desk.clock.advance(600)
    for number in range(4):
        said_at = desk.clock()
        desk.say(Action.START, 0, media=TRON, sitting=f"well {number}", session=PLEX)
        while any(entry.scrobble.media == TRON for entry in desk.state().waiting):
            desk.clock.advance(max(0.1, desk.courier.backoff.rest()))
            desk.deliver()
        assert desk.clock() - said_at < timedelta(seconds=20)
    for _ in range(20):
        rests_until(desk)
        desk.deliver()
    (waiting,) = desk.state().waiting
    assert (waiting.state, waiting.uncertain, desk.state().aside) == (EntryState.WAITING, True, ())
    assert waiting.not_before - desk.clock() == timedelta(hours=1)
    assert [line for line in desk.told() if "waits" in line] == [
        "waiting: stop Heat (1995) waits: Trakt failed inside (status 500)",
        (
            "waiting: stop Heat (1995) waits: Trakt failed inside (status 500);"
            " others go through, and this is tried again at longer and longer intervals"
        ),
    ]
    desk.double.sandbox.faults.clear()
    desk.deliver_all()
    assert ("Heat", EPOCH) in desk.double.history()


def rests_until(desk: Desk) -> None:
    """The clock moves to when something is due."""
    due = desk.store.next_due("default", desk.clock()).result(10)
    assert due is not None
    desk.clock.at = max(desk.clock.at + timedelta(seconds=desk.courier.backoff.rest(), microseconds=1), due)


def test_once_an_ill_endpoint_is_well_again_all_that_waited_for_it_leave(desk: Desk) -> None:
    desk.double.fault(FaultKind.STATUS, method="POST", path="/sync/history", status=502, times=None)
    for number in range(3):
        desk.say(Action.STOP, 96, sitting=f"ill {number}", began_at=desk.clock())
        desk.clock.advance(2 * RUNTIME)
    for number in range(20):
        desk.say(Action.START, 0, media=TRON, sitting=f"well {number}", session=PLEX)
        for _ in range(3):
            rests_until(desk)
            desk.deliver()
        desk.clock.advance(3600)
    assert len(desk.state().waiting) == 3
    desk.double.sandbox.faults.clear()
    rests_until(desk)
    desk.deliver()
    well_at = desk.clock()
    desk.deliver_all()
    assert len(desk.double.history()) == 3
    assert desk.clock() - well_at < timedelta(minutes=1)


def test_an_outcome_that_the_disk_refuses_is_for_the_outlet_to_deal_with(desk: Desk) -> None:
    refuse = "CREATE TEMP TRIGGER full BEFORE INSERT ON plays BEGIN INSERT INTO nowhere VALUES (1); END"
    desk.store._database.submit(lambda db: db.execute(refuse)).result(10)
    desk.say(Action.STOP, 96)
    with pytest.raises(StateError, match="cannot be written"):
        desk.deliver()
    (entry,) = desk.state().waiting
    assert entry.state is EntryState.SENDING


class Careless(Finder):
    """A part of the program with a mistake in it, about one film."""

    def find(self, media: Media, duration: Seconds | None = None) -> Item | Unmatched | Extra:
        if media == HEAT:
            raise ZeroDivisionError("hush")
        return super().find(media, duration)


def test_a_mistake_of_this_program_about_one_entry_holds_up_no_other_and_quotes_nothing(desk: Desk) -> None:
    desk.courier._finder = Careless(desk.trakt, desk.clock)
    desk.say(Action.STOP, 96)
    desk.say(Action.STOP, 96, media=TRON, sitting="well", session=PLEX)
    for _ in range(4):
        desk.clock.advance(60)
        desk.deliver()
    assert [title for title, _ in desk.double.history()] == ["TRON: Legacy"]
    (waiting,) = desk.state().waiting
    assert (waiting.reason or "").startswith("this program made a mistake (ZeroDivisionError in test_delivery.py, line")
    assert waiting.uncertain


def test_a_mistake_of_this_program_that_never_ends_is_set_aside_for_the_user(desk: Desk) -> None:
    desk.courier._finder = Careless(desk.trakt, desk.clock)
    desk.say(Action.STOP, 96)
    for number in range(12):
        desk.say(Action.START, 0, media=TRON, sitting=f"well {number}", session=PLEX)
        for _ in range(3):
            desk.clock.advance(max(6.0, desk.courier.backoff.rest()))
            desk.deliver()
        desk.clock.advance(3600)
    (aside,) = desk.state().aside
    assert (aside.reason or "").startswith("this program made a mistake (ZeroDivisionError in test_delivery.py")
    assert (aside.reason or "").endswith(f"try again with `scrobbler queue retry {aside.id}`")


def test_what_is_no_watch_and_fails_for_ever_is_dropped(desk: Desk) -> None:
    for path in ("/scrobble/pause", "/users/me/watching"):
        desk.double.fault(FaultKind.STATUS, path=path, status=500, times=None)
    desk.say(Action.PAUSE, 40, sitting="ill")
    for number in range(12):
        desk.say(Action.START, 0, media=TRON, sitting=f"well {number}", session=PLEX)
        for _ in range(3):
            desk.clock.advance(max(5.0, desk.courier.backoff.rest()))
            desk.deliver()
    assert desk.state().aside == ()
    assert any("pause Heat (1995) was not sent: Trakt failed inside" in line for line in desk.told())


def test_a_missing_connection_is_nobodys_fault_however_long_it_is_missing(
    tmp_path: Path, clock: Clock, double: Double
) -> None:
    with closing(Desk(tmp_path, clock, double)) as desk:
        gone = msgspec.structs.replace(double.app, api_url="http://127.0.0.1:9")
        nowhere = Trakt(gone, double.tokens(tmp_path), clock=clock.monotonic, now=clock)
        backoff = Backoff(clock.monotonic)
        courier = Courier("default", nowhere, Finder(nowhere, clock), desk.store, clock, backoff=backoff)
        desk.say(Action.STOP, 96)
        for _ in range(30):
            entry = desk.store.claim("default", clock()).result(10)
            assert entry is not None
            assert not courier.deliver(entry)
            assert backoff.rest() <= 30
            clock.advance(30)
        (waiting,) = desk.state().waiting
        assert (waiting.attempts, waiting.uncertain) == (0, False)
        assert len(desk.told()) == 1
        courier.close()
        desk.deliver_all()
        assert double.history() == [("Heat", EPOCH)]


FAULTS = (
    {"kind": FaultKind.STATUS, "status": 500},
    {"kind": FaultKind.STATUS, "status": 502},
    {"kind": FaultKind.STATUS, "status": 503},
    {"kind": FaultKind.DROP_BEFORE},
    {"kind": FaultKind.DROP_AFTER},
    {"kind": FaultKind.BARE_429},
    {"kind": FaultKind.CLOUDFLARE_403},
)


@pytest.mark.parametrize("seed", range(25))
def test_whatever_goes_wrong_each_watch_ends_exactly_once(desk: Desk, seed: int) -> None:
    chance = random.Random(seed)
    watched = []
    for number in range(6):
        for _ in range(chance.randrange(5)):
            desk.double.fault(times=chance.randrange(1, 4), **chance.choice(FAULTS))
        media = chance.choice([HEAT, TRON])
        watched.append((media.title, desk.clock()))
        desk.say(Action.STOP, 96, media=media, sitting=f"sitting {number}", began_at=desk.clock())
        for _ in range(chance.randrange(6)):
            desk.clock.advance(chance.uniform(0, 60))
            desk.deliver()
        desk.clock.advance(2 * RUNTIME)
    desk.double.sandbox.faults.clear()
    desk.deliver_all(attempts=40)
    assert desk.state().aside == ()
    assert sorted(title for title, _ in desk.double.history()) == sorted(str(title) for title, _ in watched)
    late = [min(abs(at - when) for title, when in watched if title == name) for name, at in desk.double.history()]
    assert max(late) <= timedelta(minutes=1)
    assert len(desk.state().plays) == len(watched)


@pytest.mark.parametrize("seed", range(10))
def test_nothing_waits_behind_a_poison_for_more_than_the_poisons_own_time(desk: Desk, seed: int) -> None:
    chance = random.Random(seed)
    desk.double.fault(FaultKind.STATUS, method="POST", path="/sync/history", status=500, times=None)
    ill = chance.randrange(1, 4)
    for number in range(ill):
        desk.say(Action.STOP, 96, sitting=f"ill {number}")
    desk.clock.advance(600)
    own = sum(2.0 * 2**failure + UNCERTAIN_REST.total_seconds() for failure in range(3 * ill))
    for number in range(12):
        desk.say(Action.START, 1, media=TRON, sitting=f"well {number}", session=PLEX)
        said_at = desk.clock()
        while any(entry.scrobble.media == TRON for entry in desk.state().waiting):
            desk.clock.advance(max(0.1, min(chance.uniform(0, 5), desk.courier.backoff.rest() + 0.1)))
            if not desk.courier.backoff.rest():
                desk.deliver()
        assert (desk.clock() - said_at).total_seconds() < own
        own = 20.0
        desk.clock.advance(chance.uniform(0, 400))
        desk.deliver()


# What Trakt takes for something else

ANOTHER = FaultKind.ANOTHER_ITEM


def titles(desk: Desk) -> list[str]:
    return [title for title, _ in desk.double.history()]


def ways(desk: Desk) -> int:
    """So many there are to name ``HEAT``."""
    item = desk.courier._finder.find(HEAT)
    assert isinstance(item, Item)
    return len(forms(item))


def test_a_start_that_trakt_takes_for_another_item_is_named_otherwise_at_once(desk: Desk) -> None:
    desk.double.fault(ANOTHER)
    desk.say(Action.START, 0)
    desk.deliver_all()
    assert desk.double.calls() == ["POST /scrobble/start 201", "POST /scrobble/start 201"]
    watching = desk.trakt.watching()
    assert watching is not None
    assert watching.item.title == "Heat"
    taken, sent = desk.told()
    assert taken.startswith("sent: start Heat (1995): Trakt took Heat (1995) for ")
    assert taken.endswith("; it is named otherwise")
    assert sent == "sent: Trakt: started Heat (1995) at 0.0 %"
    desk.say(Action.STOP, 96)
    desk.deliver_all()
    assert titles(desk) == ["Heat"]


def test_a_start_that_trakt_takes_for_another_item_in_each_form_is_dropped_and_its_watch_is_never_sent(
    desk: Desk,
) -> None:
    desk.double.fault(ANOTHER, path="/scrobble/start", times=None)
    desk.say(Action.START, 0)
    desk.deliver_all()
    assert desk.double.calls() == ["POST /scrobble/start 201"] * ways(desk)
    assert desk.state().waiting == desk.state().aside == ()
    desk.say(Action.STOP, 96)
    desk.deliver_all()
    assert desk.double.calls() == []
    (aside,) = desk.state().aside
    assert aside.reason == "Trakt took Heat (1995) for something else in each form"
    desk.double.sandbox.faults.clear()
    desk.store.changes.retry([aside.id], desk.clock()).result(10)
    desk.deliver_all()
    assert titles(desk) == ["Heat"]  # the user's word is enough to try anew


def test_a_watch_that_hit_another_item_is_taken_out_of_the_history_again_and_named_otherwise(desk: Desk) -> None:
    desk.double.fault(ANOTHER, path="/scrobble/stop")
    desk.say(Action.STOP, 96)
    desk.deliver_all()
    assert desk.double.history() == [("Heat", EPOCH)]
    assert "POST /sync/history/remove 200" in desk.double.calls()
    assert desk.state().waiting == desk.state().aside == ()
    assert [play.media.title for play in desk.state().plays] == ["Heat"]
    told = desk.told()
    assert told[0].endswith(", which is removed again, and it is named otherwise")
    assert [line.partition(":")[0] for line in told] == ["sent", "watched", "removed"]


def test_a_watch_that_hits_another_item_in_each_form_is_set_aside_and_nothing_wrong_stays(desk: Desk) -> None:
    desk.double.fault(ANOTHER, times=None)
    desk.say(Action.STOP, 96)
    desk.deliver_all(attempts=40)
    assert desk.double.history() == []
    (aside,) = desk.state().aside
    assert aside.scrobble.action is Action.STOP
    assert (aside.reason or "").endswith(f", in the last of {ways(desk)} forms")
    assert desk.state().plays == ()
    desk.double.sandbox.faults.clear()
    desk.store.changes.retry([aside.id], desk.clock()).result(10)
    desk.deliver_all()
    assert titles(desk) == ["Heat"]  # the user's word is enough to try anew


def test_a_late_watch_that_hit_another_item_is_found_out_too(desk: Desk) -> None:
    desk.double.fault(ANOTHER, path="/sync/history", method="POST")
    desk.say(Action.STOP, 96)
    desk.clock.advance(600)
    desk.deliver_all()
    assert desk.double.history() == [("Heat", EPOCH)]
    assert len(desk.state().plays) == 1


@pytest.mark.parametrize("path", ["/sync/history/remove", "/sync/history"])
def test_the_removal_of_what_was_hit_survives_an_outage_and_a_restart(
    tmp_path: Path, clock: Clock, double: Double, path: str
) -> None:
    with closing(Desk(tmp_path, clock, double)) as desk:
        double.fault(ANOTHER, path="/scrobble/stop")
        double.fault(FaultKind.STATUS, path=path, method="POST", status=503, times=2)
        desk.say(Action.STOP, 96)
        for _ in range(2):
            desk.deliver()
            clock.advance(2)
        assert titles(desk) != []
    with closing(Desk(tmp_path, clock, double)) as desk:
        clock.advance(600)
        desk.deliver_all()
        assert double.history() == [("Heat", EPOCH)]


def test_a_pause_that_trakt_takes_for_another_item_is_named_otherwise(desk: Desk) -> None:
    desk.double.fault(ANOTHER, path="/scrobble/pause")
    desk.say(Action.PAUSE, 40)
    desk.deliver_all()
    assert desk.double.calls() == ["POST /scrobble/pause 201", "POST /scrobble/pause 201"]


def test_a_watch_taken_for_another_item_and_for_a_pause_leaves_no_play_to_be_removed(desk: Desk) -> None:
    desk.double.fault(FaultKind.STOP_EDGE)
    desk.double.fault(ANOTHER, path="/scrobble/stop")
    desk.say(Action.STOP, 80)
    desk.deliver_all()
    assert desk.double.history() == [("Heat", EPOCH)]
    assert "POST /sync/history/remove 200" not in desk.double.calls()


# What the user takes back


def watched(desk: Desk, **more: object) -> int:
    """A watch that Trakt has; the id of its play."""
    desk.say(Action.STOP, 96, **{"sitting": f"at {desk.clock()}", **more})  # type: ignore[arg-type]  # keywords of say
    desk.deliver_all()
    return desk.state().plays[0].id


def undone(desk: Desk, play: int) -> Entry:
    entry = desk.store.changes.undo(play, desk.clock()).result(10)
    assert isinstance(entry, Entry)
    return entry


def test_a_play_is_taken_out_of_the_history_by_its_id_and_remembered_as_undone(desk: Desk) -> None:
    first = watched(desk)
    desk.clock.advance(2 * RUNTIME)
    other = watched(desk)
    assert other > first
    undone(desk, other)
    desk.double.calls()
    desk.deliver_all()
    assert desk.double.calls() == ["POST /sync/history/remove 200"]
    assert len(desk.double.history()) == 1
    assert [play.undone_at is not None for play in desk.state().plays] == [True, False]
    assert desk.told()[-2:] == [
        f"undone: play {other}, Heat (1995), was taken back by the user",
        "removed: Trakt: removed Heat (1995)",
    ]


def test_a_removal_waits_in_an_outage_however_long(desk: Desk) -> None:
    play = watched(desk)
    desk.double.fault(FaultKind.STATUS, status=503, times=9)
    undone(desk, play)
    desk.deliver_all()
    assert desk.double.history() == []


@pytest.mark.parametrize("kind", [FaultKind.DROP_BEFORE, FaultKind.DROP_AFTER])
def test_a_removal_whose_answer_was_lost_is_done_once_trakt_has_the_play_no_longer(desk: Desk, kind: FaultKind) -> None:
    play = watched(desk)
    desk.double.fault(kind, path="/sync/history/remove")
    undone(desk, play)
    desk.deliver_all()
    assert desk.double.history() == []
    was = "removed Heat (1995)" if kind is FaultKind.DROP_BEFORE else "Heat (1995) was removed already"
    assert desk.told()[-1] == f"removed: Trakt: {was}"


def test_a_removal_is_overtaken_by_nothing(desk: Desk) -> None:
    entry = undone(desk, watched(desk))
    desk.say(Action.START, 0, sitting="next")
    desk.say(Action.PAUSE, 40, sitting="next")
    assert desk.state().waiting[0].id == entry.id
    desk.deliver_all()
    assert desk.double.history() == []


def late(desk: Desk) -> int:
    """A watch that was added to the history without an answer that tells its id."""
    desk.double.fault(FaultKind.STATUS, method="GET", path="/sync/history/*", status=200, body=[], times=2)
    desk.say(Action.HISTORY, 75)
    desk.deliver_all()
    (play,) = desk.state().plays
    assert play.history_id is None
    return play.id


def test_a_watch_that_was_added_is_done_also_where_it_cannot_be_read_back(desk: Desk) -> None:
    desk.double.fault(FaultKind.STATUS, method="GET", path="/sync/history/*", status=200, body=[])
    desk.double.fault(FaultKind.STATUS, method="GET", path="/sync/history/*", status=503)
    desk.say(Action.HISTORY, 75)
    desk.deliver()
    assert desk.double.history() == [("Heat", EPOCH)]
    assert [(play.how, play.history_id) for play in desk.state().plays] == [(How.HISTORY, None)]


def test_a_play_of_unknown_id_is_looked_up_by_item_and_time_before_it_is_removed(desk: Desk) -> None:
    play = late(desk)
    desk.trakt.add_history(Item(kind=MediaKind.MOVIE, ids=TRON.ids), EPOCH)
    desk.trakt.add_history(Item(kind=MediaKind.MOVIE, ids=HEAT.ids), EPOCH - timedelta(minutes=2))
    undone(desk, play)
    desk.deliver_all()
    assert sorted(titles(desk)) == ["Heat", "TRON: Legacy"]
    assert ("Heat", EPOCH) not in desk.double.history()


def test_a_play_of_unknown_id_whose_removal_was_cut_off_is_not_looked_up_again(desk: Desk) -> None:
    undone(desk, late(desk))
    desk.double.fault(FaultKind.DROP_AFTER, path="/sync/history/remove")
    desk.deliver_all()
    assert desk.double.history() == []
    assert desk.state().aside == ()


@pytest.mark.parametrize(("there", "words"), [(0, "no play"), (2, "2 plays")])
def test_where_it_is_not_sure_which_play_is_meant_none_is_removed(desk: Desk, there: int, words: str) -> None:
    play = late(desk)
    desk.double.sandbox.world.account("default").plays.clear()
    for number in range(there):
        desk.trakt.add_history(Item(kind=MediaKind.MOVIE, ids=HEAT.ids), EPOCH + timedelta(seconds=number))
    undone(desk, play)
    desk.deliver_all()
    (aside,) = desk.state().aside
    when = "2026-11-20 20:00 UTC"
    assert aside.reason == f"Trakt's history has {words} of Heat (1995) at {when}, so it is not known which to remove"
    assert len(desk.double.history()) == there


def test_a_play_from_before_items_were_kept_is_recognised_by_what_the_player_said(desk: Desk) -> None:
    undone(desk, late(desk))
    desk.store._database.submit(lambda db: db.execute("UPDATE outbox SET item = NULL")).result(10)
    desk.deliver_all()
    assert desk.double.history() == []


def test_what_trakt_says_it_did_not_remove_and_still_has_is_set_aside(desk: Desk, breaches: list[str]) -> None:
    play = watched(desk)
    nothing = {"deleted": {"movies": 0, "episodes": 0}, "not_found": {}}
    desk.double.fault(FaultKind.STATUS, status=200, body=nothing, path="/sync/history/remove")
    undone(desk, play)
    desk.deliver_all()
    (aside,) = desk.state().aside
    assert aside.reason == "Trakt did not remove it"
    desk.store.changes.retry([aside.id], desk.clock()).result(10)
    desk.deliver_all()
    assert desk.double.history() == []
    breaches.clear()


def test_an_answer_without_a_word_about_what_was_removed_is_none(desk: Desk, breaches: list[str]) -> None:
    play = watched(desk)
    desk.double.fault(FaultKind.STATUS, status=200, body={}, path="/sync/history/remove")
    undone(desk, play)
    desk.deliver_all()
    assert desk.double.history() == []
    breaches.clear()


def test_what_was_taken_back_is_not_brought_again_by_a_second_source(desk: Desk) -> None:
    play = watched(desk, **BOTH)
    undone(desk, play)
    desk.deliver_all()
    desk.clock.advance(30)
    both(desk)
    assert desk.double.history() == []
    assert desk.told()[-1] == (
        f"duplicate: stop Heat (1995) was not sent: it is a duplicate of play {play}, Heat (1995), which was undone"
    )


def test_what_was_taken_back_is_not_brought_again_by_its_own_sitting(desk: Desk) -> None:
    undone(desk, watched(desk, sitting="one"))
    desk.deliver_all()
    desk.say(Action.STOP, 97, sitting="one")
    desk.deliver_all()
    assert desk.double.history() == []


@pytest.mark.parametrize("pause", [1800, 3 * RUNTIME])
def test_a_later_watch_of_what_was_taken_back_counts_also_within_trakts_hour(desk: Desk, pause: float) -> None:
    undone(desk, watched(desk))
    desk.deliver_all()
    desk.clock.advance(pause)
    desk.say(Action.STOP, 96, sitting="again", began_at=desk.clock() - timedelta(seconds=1500))
    desk.deliver_all()
    assert titles(desk) == ["Heat"]
    assert sum(one.undone_at is None for one in desk.state().plays) == 1


def test_a_409_about_a_play_that_was_taken_back_is_no_proof_of_another_watch(desk: Desk) -> None:
    undone(desk, watched(desk))
    body = {"watched_at": "2026-11-20T20:00:00.000Z", "expires_at": "2026-11-20T21:00:00.000Z"}
    desk.deliver_all()
    desk.clock.advance(1800)
    desk.double.fault(FaultKind.STATUS, status=409, body=body, path="/scrobble/stop")
    desk.say(Action.STOP, 96, sitting="again", began_at=desk.clock() - timedelta(seconds=1500))
    desk.deliver_all()
    assert titles(desk) == ["Heat"]


# What the user enters


def entered(desk: Desk, media: Media = HEAT, account: str = "default", **more: Any) -> Entered:
    return desk.store.changes.enter(by_hand(account, media, desk.clock()), desk.clock(), **more).result(10)


def test_a_watch_by_hand_is_added_with_its_time_and_once(desk: Desk) -> None:
    assert entered(desk).new
    assert not entered(desk).new
    desk.deliver_all()
    again = entered(desk)
    assert (again.new, again.stands) == (False, desk.state().plays[0])
    assert desk.double.history() == [("Heat", EPOCH)]


def test_a_watch_by_hand_of_what_trakt_has_at_that_time_already_is_that_watch(desk: Desk) -> None:
    desk.trakt.add_history(Item(kind=MediaKind.MOVIE, ids=HEAT.ids), EPOCH - timedelta(minutes=10))
    entered(desk)
    desk.deliver_all()
    assert len(desk.double.history()) == 1
    assert desk.how() == [How.FOUND]


def test_a_watch_by_hand_whose_item_is_known_is_not_looked_up(desk: Desk) -> None:
    item = msgspec.json.encode(Item(kind=MediaKind.MOVIE, ids=TRON.ids)).decode()
    entered(desk, Media(title="that film about computers"), item=item)
    desk.deliver_all()
    assert titles(desk) == ["TRON: Legacy"]


def test_what_was_taken_back_can_be_entered_again(desk: Desk) -> None:
    entered(desk)
    desk.deliver_all()
    undone(desk, desk.state().plays[0].id)
    assert entered(desk).new
    desk.deliver_all()
    assert titles(desk) == ["Heat"]
    assert [one.undone_at is None for one in desk.state().plays] == [True, False]


def replaced(desk: Desk, play: int, media: Media) -> Replaced:
    done = desk.store.changes.replace(play, media, desk.clock()).result(10)
    assert isinstance(done, Replaced)
    return done


def test_one_watch_takes_the_place_of_another_with_its_time_and_the_wrong_one_goes_first(desk: Desk) -> None:
    play = watched(desk)
    desk.clock.advance(86_400)
    replaced(desk, play, TRON)
    desk.double.calls()
    desk.deliver_all()
    assert desk.double.history() == [("TRON: Legacy", EPOCH)]
    writes = [call for call in desk.double.calls() if call.startswith("POST")]
    assert writes == ["POST /sync/history/remove 200", "POST /sync/history 201"]


def test_the_one_in_its_place_waits_for_the_removal_however_often_that_fails(desk: Desk) -> None:
    play = watched(desk)
    desk.double.fault(FaultKind.STATUS, path="/sync/history/remove", status=500, times=7)
    replaced(desk, play, TRON)
    for _ in range(7):
        rests_until(desk)
        desk.deliver()
        assert titles(desk) == ["Heat"]
    desk.deliver_all()
    assert titles(desk) == ["TRON: Legacy"]


def test_where_the_wrong_one_cannot_be_removed_the_right_one_is_added_all_the_same(
    desk: Desk, breaches: list[str]
) -> None:
    play = watched(desk)
    desk.double.fault(FaultKind.STATUS, path="/sync/history/remove", status=422, body={"message": "no"}, times=None)
    replaced(desk, play, TRON)
    desk.deliver_all()
    assert titles(desk) == ["Heat", "TRON: Legacy"]
    (aside,) = desk.state().aside
    desk.store.changes.drop([aside.id], desk.clock()).result(10)
    assert [one.undone_at for one in desk.state().plays] == [None, None]  # it stands again, as at Trakt
    breaches.clear()


def test_a_second_source_of_what_was_replaced_is_a_duplicate_whatever_it_takes_it_for(desk: Desk) -> None:
    play = watched(desk, **BOTH)
    replaced(desk, play, TRON)
    desk.deliver_all()
    both(desk)
    both(desk, media=TRON, player=SessionKey(source="kodi"))
    assert titles(desk) == ["TRON: Legacy"]


# Not sure is not a scrobble

NOBODYS = Media(path="/films/Nobody Knows This One (1931).mkv")


def test_a_watch_that_was_not_recognised_is_set_aside_as_such_and_told_once(desk: Desk) -> None:
    heard: list[Note] = []
    desk.store.listeners.append(heard.extend)
    desk.say(Action.START, 2, media=NOBODYS)
    desk.deliver_all()
    desk.say(Action.STOP, 96, media=NOBODYS)
    desk.deliver_all()
    (aside,) = desk.state().aside
    assert aside.unmatched
    assert isinstance(msgspec.json.decode(aside.candidates or ""), list)
    assert [(note.what, note.label) for note in heard if note.label is not None] == [
        (What.DROPPED, "Nobody Knows This One (1931).mkv"),
        (What.UNMATCHED, "Nobody Knows This One (1931).mkv"),
    ]
    assert desk.told()[-1].startswith("unmatched: stop Nobody Knows This One (1931).mkv was set aside: it was not")
    desk.store.changes.retry([aside.id], desk.clock()).result(10)
    (waiting,) = desk.state().waiting
    assert waiting.candidates is None


@pytest.mark.parametrize("fault", [{"kind": FaultKind.STATUS, "status": 503}, {"kind": FaultKind.DROP_BEFORE}])
def test_what_could_not_be_looked_up_in_an_outage_is_not_unmatched(desk: Desk, fault: dict[str, Any]) -> None:
    desk.double.fault(times=6, **fault)
    desk.say(Action.STOP, 96, media=Media(path="/films/Heat (1995).mkv"))
    desk.deliver_all()
    assert titles(desk) == ["Heat"]
    assert not any(line.startswith(("unmatched", "aside")) for line in desk.told())


def test_what_trakt_refuses_is_set_aside_but_not_as_unmatched(desk: Desk) -> None:
    desk.double.fault(FaultKind.STATUS, status=422, body={"message": "no"}, path="/scrobble/stop")
    desk.say(Action.STOP, 96)
    desk.deliver_all()
    assert [entry.unmatched for entry in desk.state().aside] == [False]
