"""When a scrobble is final, what it says then, and which two of them are one. The table of it is in the spec."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from playbook import HEAT, KEY, T0, TRON, plain

from scrobbler.events import Ids, Media, Percent, Seconds, SessionKey, Show
from scrobbler.machine.scrobble import CAPPED, WATCHED, WINDOWS, Action, Scrobble, alike, overlap

STOP = Scrobble(
    session=KEY, sitting="one", account="default", action=Action.STOP, media=HEAT, at=T0, duration=Seconds(100.0)
)
PLEX = SessionKey(source="plex")
SECOND = Media(show=Show(title="Dark"), season=1, episode=2)


def stop(position: float | None, **more: object) -> Scrobble:
    return replace(STOP, position=None if position is None else Seconds(position), **more)


def test_a_window_ends_before_its_upper_bound() -> None:
    window = WINDOWS[Action.PAUSE]
    assert [window.holds(Percent(share)) for share in (0.99, 1.0, 79.99, 80.0)] == [False, True, True, False]


def test_only_a_stop_or_a_history_counts() -> None:
    assert [stop(90, action=action).counts() for action in Action] == [False, False, True, True, False]
    assert stop(90, retract=True).counts() is False


def test_what_counts_or_may_still_count_or_takes_back_must_get_to_trakt() -> None:
    assert [stop(90, action=action).lasts() for action in Action] == [False, False, True, True, True]
    assert stop(90, duration=None).lasts()
    assert not stop(10).lasts()


def test_what_is_not_the_end_is_final_as_it_is() -> None:
    start = stop(90, action=Action.START)
    assert start.final() is start


def test_eighty_percent_of_any_length_is_eighty_percent() -> None:
    for minutes in range(1, 300):
        duration = Seconds(minutes * 60 / 7)
        assert stop(duration * 0.8, duration=duration).final().counts()


def test_a_runtime_that_delivery_finds_makes_it_final() -> None:
    unknown = stop(85, duration=None, threshold=Percent(90.0))
    assert (unknown.final(), unknown.counts()) == (unknown, None)
    assert plain(unknown.measured(Seconds(100.0))) == "stop 79.9"
    assert unknown.measured(Seconds(90.0)).counts()
    assert plain(unknown.measured(Seconds(10_000.0))) == "take back 0.85"
    assert unknown.measured(None) == unknown


def test_a_runtime_from_elsewhere_never_overrides_what_the_player_said() -> None:
    assert stop(85).measured(Seconds(1000.0)) == stop(85)
    assert stop(0).measured(Seconds(1000.0)).duration == 100.0


def test_a_position_far_behind_the_end_is_measured_by_the_runtime() -> None:
    assert stop(850).counts() is None
    assert plain(stop(850).measured(Seconds(1000.0))) == "stop 85"


def test_a_share_that_was_told_needs_no_runtime() -> None:
    told = stop(None, duration=None, percent=Percent(85.0))
    assert told.final().counts() is True
    assert plain(told.measured(Seconds(1000.0))) == "stop 85"


def test_whether_enough_was_on_the_screen_is_only_known_by_the_duration() -> None:
    told = stop(None, duration=None, percent=Percent(85.0), needs=Percent(50.0), played=Seconds(400.0))
    assert told.final().counts() is None
    assert told.measured(Seconds(600.0)).counts() is True
    assert told.measured(Seconds(1000.0)).share() == CAPPED


def test_more_on_the_screen_than_there_is_is_enough() -> None:
    assert stop(90, needs=Percent(100.0), played=Seconds(300.0)).final().counts() is True


def test_who_goes_back_after_the_end_has_watched_it() -> None:
    assert plain(stop(30, reached=Seconds(96.0)).final()) == "stop 96"
    assert plain(stop(85, reached=Seconds(96.0), threshold=Percent(90.0)).final()) == "stop 96"
    assert plain(stop(30, reached=Seconds(79.0)).final()) == "stop 30"
    assert plain(stop(97, reached=Seconds(96.0)).final()) == "stop 97"


def test_a_mark_below_eighty_percent_goes_to_the_history_unless_the_user_asks_for_more() -> None:
    assert plain(stop(75, marked=True).final()) == "history 75"
    assert plain(stop(75, marked=True, threshold=Percent(85.0)).final()) == "stop 75"
    assert plain(stop(75, marked=True, needs=Percent(50.0)).final()) == "stop 75"


def test_a_sitting_never_begins_after_its_scrobble() -> None:
    assert stop(1).began_at == T0
    assert replace(STOP, began_at=T0 + timedelta(hours=1)).began_at == T0
    assert replace(STOP, began_at=T0 - timedelta(hours=1)).began_at == T0 - timedelta(hours=1)


def test_a_scrobble_of_an_older_version_is_read() -> None:
    old = (
        '{"session":{"source":"mpv","id":"4711"},"sitting":"one","account":"default","action":"stop",'
        '"media":{"title":"Heat"},"at":"2026-11-20T20:00:00Z","position":96.0,"duration":100.0}'
    )
    read = msgspec.json.decode(old, type=Scrobble)
    assert (read.counts(), read.began_at, read.threshold) == (True, T0, WATCHED)


@given(
    st.none() | st.floats(0, 1e6), st.none() | st.floats(0, 1e6), st.booleans(), st.booleans(), st.floats(80, 100),
    st.floats(0, 100), st.floats(0, 1e6), st.none() | st.floats(0, 1e6),
)  # fmt: skip
def test_the_final_form_is_final(
    position: float | None,
    duration: float | None,
    marked: bool,
    rewatch: bool,
    threshold: float,
    needs: float,
    played: float,
    reached: float | None,
) -> None:
    final = stop(
        position, duration=duration, marked=marked, rewatch=rewatch, threshold=threshold, needs=needs, played=played,
        reached=reached,
    ).final()  # fmt: skip
    share = final.share()
    assert final.final() == final
    assert final.retract or share is None or WINDOWS[final.action].holds(share)
    if final.counts() and final.action is Action.STOP:
        assert share is not None
        assert share >= threshold


def sitting(begins: float, ends: float, *, session: SessionKey = KEY, rewatch: bool = False) -> Scrobble:
    at = T0 + timedelta(minutes=ends)
    return stop(96, session=session, began_at=T0 + timedelta(minutes=begins), at=at, rewatch=rewatch)


@pytest.mark.parametrize(
    ("begins", "ends", "one"),
    [(0, 100, True), (20, 30, True), (-50, 1, True), (101, 110, True), (103, 200, False), (-100, -3, False)],
)
def test_two_sources_of_one_playback_overlap(begins: float, ends: float, one: bool) -> None:
    mpv, plex = sitting(0, 100), sitting(begins, ends, session=PLEX)
    assert (overlap(mpv, plex), overlap(plex, mpv)) == (one, one)


def test_two_sittings_of_one_session_are_two() -> None:
    assert not overlap(sitting(0, 100), sitting(0, 100))


def test_a_rewatch_right_after_the_end_is_another_one_whoever_tells_it() -> None:
    assert not overlap(sitting(0, 100), sitting(101, 200, session=PLEX, rewatch=True))
    assert overlap(sitting(101, 200, rewatch=True), sitting(102, 201, session=PLEX, rewatch=True))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (HEAT, Media(title="HEAT", year=1995), True),
        (HEAT, Media(ids=Ids(imdb="tt0113277")), True),
        (HEAT, Media(title="Heat", year=1986), False),
        (HEAT, TRON, False),
        (Media(title="Amélie", year=2001), Media(title="amelie!", year=2001), True),
        (Media(title="???", year=2001), Media(title="???", year=2001), True),
        (Media(path="/a/heat.mkv"), Media(path="/b/heat.mkv"), False),
        (
            Media(show=Show(title="Dark"), season=1, episode=2),
            Media(show=Show(title="DARK"), season=1, episode=2),
            True,
        ),
        (
            Media(show=Show(title="Dark"), season=1, episode=2),
            Media(show=Show(title="Dark"), season=1, episode=3),
            False,
        ),
        (Media(show=Show(title="Dark"), title="Lies"), Media(show=Show(title="Lost"), title="Lies"), False),
    ],
)
def test_two_sources_name_one_item_alike(one: Media, other: Media, same: bool) -> None:
    assert (alike(one, other), alike(other, one)) == (same, same)


def test_instants_are_aware() -> None:
    assert replace(STOP, at=datetime(2026, 1, 1, tzinfo=UTC)).began_at.tzinfo is UTC
