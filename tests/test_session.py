"""What one playback means to Trakt. ``spec/sessions.md`` tells the same in prose."""

from datetime import timedelta
from itertools import product

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from playbook import HEAT, KEY, T0, TRON, Doing, Gone, Playbook, Wait, pause, play, stop

from scrobbler.events import Kind, Media, Percent, PlayerEvent, Seconds
from scrobbler.session import (
    ENDLESS,
    TRANSITIONS,
    WATCHED,
    WINDOWS,
    Action,
    Policy,
    Scrobble,
    Session,
    State,
    deadline,
    expire,
    step,
    vanish,
)


def test_a_film_watched_with_one_pause_is_said_in_four_words() -> None:
    (
        Playbook()
        >> play(0) << "start 0"
        >> pause(31, at=31) << "pause 31"
        >> play(31, at=90) << "start 31"
        >> stop(96, at=155) << "stop 96"
    )  # fmt: skip


def test_a_heartbeat_says_nothing() -> None:
    book = Playbook() >> play(0) << "start 0"
    for second in range(10, 60, 10):
        book >> play(second, at=second) << ""


def test_a_pause_under_one_percent_is_not_said_and_neither_is_its_end() -> None:
    Playbook() >> play(0) << "start 0" >> pause(0.5) << "" >> play(0.5) << ""


def test_a_pause_past_the_watched_mark_is_silent_and_its_stop_counts() -> None:
    (
        Playbook()
        >> play(0)
        << "start 0"
        >> pause(85, at=85)
        << ""
        >> play(85, at=100)
        << ""
        >> stop(97, at=112)
        << "stop 97"
    )


@pytest.mark.parametrize(("position", "words"), [(79.99, "stop 79.99"), (80, "stop 80"), (100, "stop 100")])
def test_a_stop_is_said_as_it_was(position: float, words: str) -> None:
    book = Playbook() >> play(0) << "start 0" >> stop(position, at=position) << words
    assert book.session.watched == (position >= WATCHED)


def test_a_stop_under_one_percent_takes_the_start_back() -> None:
    Playbook() >> play(0) << "start 0" >> stop(0.5) << "take back 0.5"


def test_what_was_never_begun_leaves_nothing() -> None:
    Playbook() >> pause(0.5) << "" >> stop(0.5) << ""


def test_a_player_attached_while_paused_starts_when_it_goes_on() -> None:
    Playbook() >> pause(40) << "" >> play(40) << "start 40"


def test_a_stop_of_nothing_is_nothing() -> None:
    Playbook() >> stop(90) << ""


def test_another_item_stops_the_old_one_where_it_must_have_been() -> None:
    Playbook() >> play(0) << "start 0" >> play(0, media=TRON, at=95) << "stop 95, start 0 TRON: Legacy"


def test_a_stop_for_an_item_that_is_not_on_any_more_came_late() -> None:
    (
        Playbook()
        >> play(0) << "start 0"
        >> play(0, media=TRON, at=95) << "stop 95, start 0 TRON: Legacy"
        >> stop(100, at=96) << ""
    )  # fmt: skip


def test_an_event_older_than_the_last_one_changes_nothing() -> None:
    Playbook() >> play(10, at=10) << "start 10" >> pause(5, at=5) << ""


def test_a_clock_that_was_set_back_by_a_day_stops_nothing() -> None:
    (
        Playbook()
        >> play(10, at=10) << "start 10"
        >> pause(40, at=-86_400) << "pause 40"
        >> play(40, at=-86_390) << "start 40"
        >> stop(95, at=-86_335) << "stop 95"
    )  # fmt: skip


def test_a_seek_is_said_once_when_it_has_settled() -> None:
    book = Playbook() >> play(0) << "start 0"
    book >> play(30, at=1) << "" >> play(50, at=2) << "" >> play(60, at=3) << ""
    book >> Wait(4.4) << "" >> Wait(4.5) << "start 61.5" >> Wait(60) << ""


def test_a_seek_back_is_a_seek_and_buffering_is_none() -> None:
    Playbook() >> play(50) << "start 50" >> play(50.5, at=10) << "" >> Wait(20) << ""
    Playbook() >> play(50) << "start 50" >> play(20, at=10) << "" >> Wait(20) << "start 21.5"


def test_a_seek_during_a_pause_that_lasts_too_long_is_no_start() -> None:
    book = Playbook(Policy(silence=Seconds(300.0))) >> play(0) << "start 0" >> pause(85, at=85) << ""
    book >> pause(20, at=86) << "" >> Wait(400) << "stop 20"


def test_a_stop_right_after_a_seek_needs_no_start() -> None:
    Playbook() >> play(0) << "start 0" >> play(90, at=1) << "" >> stop(90.5, at=2) << "stop 90.5" >> Wait(60) << ""


def test_a_seek_during_a_silent_pause_is_told_when_it_plays_again() -> None:
    Playbook() >> play(0) << "start 0" >> pause(85, at=85) << "" >> pause(20) << "" >> play(20) << "start 20"


def test_a_stop_that_tells_no_position_is_completed_by_the_time_that_passed() -> None:
    Playbook() >> play(10) << "start 10" >> stop(None, at=85) << "stop 95"
    Playbook() >> play(10) << "start 10" >> stop(0, at=85) << "stop 95"
    Playbook() >> play(10, rate=2.0) << "start 10" >> stop(None, at=30, rate=2.0) << "stop 70"


def test_a_player_that_vanishes_stops_where_it_was_last_seen_and_then() -> None:
    book = Playbook() >> play(10) << "start 10" >> play(50, at=40) << "" >> play(None, at=90) << ""
    book >> Gone()
    assert [(said.position, said.at) for said in book.said] == [(50.0, T0 + timedelta(seconds=90))]
    book << "stop 50" >> Gone() << ""


def test_a_session_that_never_was_cannot_vanish() -> None:
    Playbook() >> Gone() << ""


def test_silence_ends_a_session_where_its_policy_says_so() -> None:
    Playbook(Policy(silence=Seconds(600.0))) >> play(10) << "start 10" >> Wait(599) << "" >> Wait(600) << "stop 10"


def test_a_watched_mark_makes_a_watch_of_a_stop_that_says_nothing() -> None:
    book = Playbook() >> play(None, duration=None) << "start ?" >> play(None, watched=True, duration=None) << ""
    book >> stop(None, duration=None) << "stop 90"
    assert book.session.watched


def test_without_a_duration_it_is_left_to_delivery_whether_a_stop_counts() -> None:
    book = Playbook() >> play(0, duration=None) << "start ?" >> stop(5000, duration=None, at=5000)
    assert [said.counts() for said in book.said] == [None]


def test_the_same_again_after_a_watch_is_a_repeat_and_silent() -> None:
    book = Playbook() >> play(0) << "start 0" >> stop(90, at=90) << "stop 90"
    book >> play(90, at=95) << "" >> pause(92, at=97) << "" >> stop(99, at=104) << ""


def test_from_its_start_it_is_a_rewatch_that_counts_if_half_was_played() -> None:
    book = Playbook() >> play(0) << "start 0" >> stop(90, at=90) << "stop 90"
    book >> play(2, at=100) << "start 2" >> stop(95, at=193)
    assert [said.rewatch for said in book.said] == [True]
    book << "stop 95"


def test_a_rewatch_that_was_skipped_through_is_taken_back_and_stays_a_repeat() -> None:
    book = Playbook() >> play(0) << "start 0" >> stop(90, at=90) << "stop 90"
    book >> play(2, at=100) << "start 2" >> stop(95, at=104) << "take back 95"
    book >> play(1, at=110) << "start 1" >> stop(95, at=114) << "take back 95"


def test_a_day_later_the_same_item_is_a_new_watch() -> None:
    book = Playbook() >> play(0) << "start 0" >> stop(90, at=90) << "stop 90"
    book >> play(50, at=90_000) << "start 50" >> stop(90, at=90_040) << "stop 90"


def test_an_item_stopped_early_and_resumed_later_counts_once() -> None:
    book = Playbook() >> play(0) << "start 0" >> stop(40, at=40) << "stop 40"
    book >> play(40, at=900) << "start 40" >> stop(95, at=955) << "stop 95"
    assert [said.counts() for said in book.all if said.action is Action.STOP] == [False, True]


def test_two_items_that_begin_at_one_instant_are_two_sittings() -> None:
    book = Playbook() >> play(0, at=0) << "start 0" >> play(0, at=0, media=TRON) << "take back 0, start 0 TRON: Legacy"
    assert len({said.sitting for said in book.all}) == 2


def test_how_far_a_session_is_can_be_asked() -> None:
    assert (Playbook() >> play(25) << "start 25").session.share() == 25.0


def test_before_its_deadline_nothing_expires() -> None:
    session = Session(key=KEY, account="default")
    assert expire(session, T0, Policy()) == (session, ())


def test_the_table_is_total() -> None:
    assert set(TRANSITIONS) == set(product(State, Kind))


# For any stream of events at all

doings = st.builds(
    Doing,
    kind=st.sampled_from(Kind),
    position=st.none() | st.floats(0, 110),
    at=st.floats(-50, 500),
    media=st.sampled_from([HEAT, TRON, Media(path="/films/x.mkv")]),
    duration=st.sampled_from([None, 100.0]),
    rate=st.sampled_from([0.5, 1.0, 2.0]),
    watched=st.booleans(),
)
streams = st.lists(doings, max_size=30)


def told(stream: list[Doing]) -> tuple[Session, list[Scrobble]]:
    policy = Policy(silence=Seconds(300.0))
    session = Session(key=KEY, account="default")
    said: list[Scrobble] = []
    for doing in stream:
        at = T0 + timedelta(seconds=doing.at or 0)
        if (due := deadline(session, policy)) is not None and due <= at:
            session, more = expire(session, at, policy)
            said += more
            assert deadline(session, policy) != due
        event = PlayerEvent(
            session=KEY,
            kind=doing.kind,
            media=doing.media,
            at=at,
            position=None if doing.position is None else Seconds(doing.position),
            duration=None if doing.duration is None else Seconds(doing.duration),
            rate=doing.rate,
            watched=doing.watched,
        )
        session, more = step(session, event, policy)
        said += more
        assert step(session, event, policy) == (session, ()), "a repeated event says or changes something"
        assert msgspec.json.decode(msgspec.json.encode(session), type=Session) == session
    session, more = vanish(session, policy)
    return session, [*said, *more]


@given(streams)
def test_every_scrobble_lies_in_its_window(stream: list[Doing]) -> None:
    for scrobble in told(stream)[1]:
        share = scrobble.share()
        assert scrobble.retract or share is None or WINDOWS[scrobble.action].holds(share)
        assert share is None or 0 <= share < ENDLESS


@given(streams)
def test_a_sitting_counts_at_most_once(stream: list[Doing]) -> None:
    watches = [scrobble.sitting for scrobble in told(stream)[1] if scrobble.counts()]
    assert len(watches) == len(set(watches))


@given(streams)
def test_whatever_was_begun_is_ended(stream: list[Doing]) -> None:
    session, said = told(stream)
    assert session.state is State.IDLE
    open_sittings: set[str] = set()
    for scrobble in said:
        if scrobble.action is Action.STOP:
            open_sittings.discard(scrobble.sitting)
        else:
            open_sittings.add(scrobble.sitting)
    assert not open_sittings, "a sitting that was begun at Trakt was never ended there"


@given(streams)
def test_a_scrobble_survives_serialisation(stream: list[Doing]) -> None:
    for scrobble in told(stream)[1]:
        assert msgspec.json.decode(msgspec.json.encode(scrobble), type=Scrobble) == scrobble


def test_a_window_ends_before_its_upper_bound() -> None:
    window = WINDOWS[Action.PAUSE]
    assert [window.holds(Percent(share)) for share in (0.99, 1.0, 79.99, 80.0)] == [False, True, True, False]
