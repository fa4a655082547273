"""What one playback means to Trakt. ``spec/sessions.md`` tells the same in prose."""

from datetime import timedelta
from itertools import product

import msgspec
import pytest
from playbook import KEY, T0, TRON, Gone, Learn, Playbook, Wait, heard, pause, play, stop

from scrobbler.events import Kind, Media, Percent, Seconds, Show
from scrobbler.machine.motion import State
from scrobbler.machine.policy import Policy
from scrobbler.machine.scrobble import CAPPED, WATCHED, Action
from scrobbler.machine.session import Session
from scrobbler.machine.step import TRANSITIONS, deadline, expire, step


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
    book >> pause(20, at=86) << "" >> Wait(400) << "stop 85"


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


def test_a_snapshot_of_an_older_version_goes_on() -> None:
    old = (
        '{"key":{"source":"mpv","id":"4711"},"account":"default","state":"playing","sittings":1,"sitting":"one",'
        '"media":{"title":"Heat","year":1995,"ids":{"imdb":"tt0113277"}},"at":"2026-11-20T20:00:30Z","position":30.0,'
        '"position_at":"2026-11-20T20:00:30Z","duration":100.0,"played":30.0,"said":"start"}'
    )
    book = Playbook()
    book.session = msgspec.json.decode(old, type=Session)
    book >> stop(95, at=95) << "stop 95"
    assert book.all[0].began_at == book.all[0].at


def test_a_snapshot_of_an_older_version_knows_what_it_watched() -> None:
    old = (
        '{"key":{"source":"mpv","id":"4711"},"account":"default","sittings":1,"sitting":"one","watched":true,'
        '"media":{"title":"Heat","year":1995},"at":"2026-11-20T20:00:00Z","position":96.0,"duration":100.0}'
    )
    book = Playbook()
    book.session = msgspec.json.decode(old, type=Session)
    book >> play(96, at=5) << "" >> stop(99, at=8) << ""


def test_a_repeat_makes_a_watch_no_younger() -> None:
    book = Playbook() >> play(0) << "start 0" >> stop(95, at=95) << "stop 95"
    book >> play(95, at=40_000) << "" >> stop(96, at=40_001) << ""
    book >> play(20, at=43_300) << "start 20" >> stop(96, at=43_376) << "stop 96"


def test_what_was_watched_is_remembered_over_other_items() -> None:
    book = Playbook() >> play(0) << "start 0" >> stop(95, at=95) << "stop 95"
    for number in range(8):
        media = Media(title=f"Film {number}")
        name = f" Film {number}"
        book >> play(0, media=media, at=100 + 100 * number) << f"start 0{name}"
        book >> stop(95, media=media, at=195 + 100 * number) << f"stop 95{name}"
    book >> play(90, media=Media(title="Film 3"), at=1000) << "" >> stop(95, media=Media(title="Film 3")) << ""
    book >> play(90, at=1100) << "start 90" >> stop(95, at=1105) << "stop 95"


def test_a_start_says_where_it_began_and_all_say_when() -> None:
    book = Playbook() >> play(0, at=5) << "start 0" >> pause(40, at=45) << "pause 40" >> stop(40, at=60) << "stop 40"
    assert {said.began_at for said in book.all} == {T0 + timedelta(seconds=5)}


def test_a_scrobble_carries_what_the_user_asks_of_a_watch() -> None:
    policy = Policy(threshold=Percent(90.0), really_watched=Percent(40.0))
    book = Playbook(policy) >> play(0, duration=None) << "start ?" >> stop(85, at=85, duration=None) << "stop ?"
    said = book.all[-1]
    assert (said.threshold, said.needs, said.played, said.counts()) == (90.0, 40.0, 85.0, None)
    assert said.measured(Seconds(100.0)).share() == CAPPED


def test_what_is_learned_after_the_end_makes_the_next_one_a_repeat() -> None:
    book = Playbook() >> play(0, duration=None) << "start ?" >> stop(95, at=95, duration=None) << "stop ?"
    book >> Learn(100) << "" >> play(95, at=100) << ""


def test_nothing_is_learned_of_what_is_not_on_or_of_nonsense() -> None:
    book = Playbook() >> Learn(100) << "" >> play(0, duration=None) << "start ?"
    known = book.session
    book >> Learn(0) << "" >> Learn(100, media=TRON) << ""
    assert book.session == known


def test_a_share_becomes_a_place_when_the_runtime_is_learned() -> None:
    book = Playbook() >> play(None, duration=None, percent=40) << "start 40" >> Learn(1000) << ""
    book >> stop(None, duration=None, at=500) << "stop 90"


def test_runtimes_that_move_a_border_move_the_part_that_is_on() -> None:
    file = Media(show=Show(title="Dark"), season=1, episode=1, episode_end=2)
    first, second = file_parts(file)
    book = Playbook() >> play(0, media=file) << "start 0 E1" >> play(40, media=file, at=40) << ""
    book >> Learn(30, media=first) << "stop 100 E1, start 14.2857 E2"
    assert book.session.position == pytest.approx(10.0)
    book >> Learn(60, media=second) << ""
    assert book.session.duration == pytest.approx(200 / 3)
    book >> Learn(45, media=first) << "take back 0 E2"
    book >> Learn(45, media=first) << "" >> Learn(60, media=first) << ""


def test_runtimes_tell_only_the_lengths_where_nothing_else_is_known() -> None:
    file = Media(show=Show(title="Dark"), season=1, episode=1, episode_end=2)
    first, _ = file_parts(file)
    book = Playbook() >> play(None, media=file, duration=None) << "start ? E1" >> Learn(50, media=first) << ""
    book >> stop(None, media=file, duration=None, at=10) << "stop ? E1" >> Learn(40, media=first) << ""
    assert book.session.duration == 40.0


def test_what_is_learned_of_a_file_that_is_not_on_any_more_is_nothing_to_the_next() -> None:
    file = Media(show=Show(title="Dark"), season=1, episode=1, episode_end=2)
    book = Playbook() >> play(0, media=file) << "start 0 E1" >> play(0, at=10) << "stop 20 E1, start 0"
    assert book.session.file is None


def file_parts(file: Media) -> list[Media]:
    return [msgspec.structs.replace(file, episode=number, episode_end=None) for number in (1, 2)]


def test_a_late_mark_for_something_else_or_for_a_file_is_nothing() -> None:
    book = Playbook() >> play(10, at=10) << "start 10" >> play(5, at=5, media=TRON, watched=True) << ""
    assert not book.session.marked
    book >> stop(40, at=40) << "stop 40" >> play(None, at=39, watched=True) << "stop 90"
    book >> play(None, at=38, watched=True) << "" >> play(None, at=-60, watched=True) << ""


def test_a_mark_long_after_the_stop_begins_a_sitting() -> None:
    book = Playbook() >> play(0) << "start 0" >> stop(40, at=40) << "stop 40"
    book >> play(None, watched=True, at=200) << "start 90"


def test_a_player_that_plays_backwards_or_not_at_all_comes_to_no_border_and_no_threshold() -> None:
    for rate in (0.0, -2.0):
        book = Playbook(Policy(at_threshold=True)) >> play(50, rate=rate) << "start 50" >> Wait(10_000) << ""
        assert deadline(book.session, book.policy) is None


def test_a_new_rate_counts_from_where_it_was_set() -> None:
    Playbook() >> play(0) << "start 0" >> play(None, at=20, rate=2.0) << "" >> stop(None, at=50) << "stop 80"


def test_incognito_takes_back_at_once_and_what_was_said_to_be_watched_stays() -> None:
    hidden = Policy(incognito_until=T0 + timedelta(hours=1))
    Playbook() >> play(0) << "start 0" >> hidden << "" >> Wait(1) << "take back 0" >> stop(96, at=96) << ""
    early = Policy(at_threshold=True)
    Playbook(early) >> play(0) << "start 0" >> Wait(90) << "stop 80" >> hidden << "" >> Wait(91) << ""
    Playbook() >> play(0) << "start 0" >> hidden << "" >> Gone() << "take back 0"
    Playbook() >> pause(40) << "" >> hidden << "" >> play(40) << "" >> stop(96, at=60) << ""


def test_a_second_stop_that_leaves_the_last_episode_out_is_about_the_file_as_well() -> None:
    file = Media(show=Show(title="Dark"), season=1, episode=1, episode_end=2)
    book = Playbook() >> play(None, media=file, duration=None) << "start ? E1"
    book >> stop(None, media=file_parts(file)[0], watched=True, duration=None) << "stop ? E1"


def test_a_border_is_passed_by_time_and_a_stop_in_another_part_closes_both() -> None:
    file = Media(show=Show(title="Dark"), season=1, episode=1, episode_end=3)
    book = Playbook() >> play(0, media=file, duration=90) << "start 0 E1" >> Wait(31) << "stop 100 E1, start 0 E2"
    book >> stop(85, media=file, duration=90, at=50) << "stop 66.6667 E2, stop 83.3333 E3"
    assert [said.counts() for said in book.all if said.action is Action.STOP] == [True, False, True]


def test_a_border_that_no_timer_told_is_passed_by_the_next_event() -> None:
    file = Media(show=Show(title="Dark"), season=1, episode=1, episode_end=3)
    session, _ = step(Session(key=KEY, account="default"), heard(play(0, media=file, duration=90), 0), Policy())
    _, said = step(session, heard(stop(None, media=file, duration=90), 85), Policy())
    assert [(one.action, one.media.episode, one.share()) for one in said if one.action is Action.STOP] == [
        (Action.STOP, 1, 100.0),
        (Action.STOP, 2, 100.0),
        (Action.STOP, 3, pytest.approx(83.3333, abs=0.001)),
    ]


def test_who_begins_in_the_credits_and_goes_back_to_the_start_has_not_watched_it() -> None:
    book = Playbook() >> play(90) << "start 90" >> play(0, at=5) << "" >> stop(4, at=9) << "start 1.5, stop 4"
    assert not book.session.watched


def test_a_late_mark_is_believed_while_it_plays() -> None:
    book = Playbook() >> play(76, at=76) << "start 76" >> play(75, at=75, watched=True) << ""
    book >> stop(78, at=78) << "history 78"


def test_a_machine_that_slept_says_start_anew() -> None:
    book = Playbook(Policy(trust=Seconds(60.0))) >> play(10, at=10) << "start 10" >> play(11, at=28_800) << ""
    book >> Wait(28_802) << "start 12.5"


def test_a_player_that_marks_below_eighty_and_stops_there_is_left_to_the_history() -> None:
    book = Playbook() >> play(0) << "start 0" >> play(75, at=75, watched=True) << "" >> stop(77, at=77) << "history 77"
    assert book.session.watched
    book >> play(77, at=80) << "" >> stop(99, at=102) << ""


def test_a_late_stop_for_another_item_and_incognito_without_an_event_expire_nothing_else() -> None:
    policy = Policy(incognito_until=T0 + timedelta(hours=1), silence=Seconds(600.0))
    Playbook(policy) >> play(0) << "" >> play(0, media=TRON, at=5) << "" >> stop(95, at=6) << "" >> Wait(700) << ""
