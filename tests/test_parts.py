"""Which episode of a file is on, and what an event about the file says about that one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from playbook import KEY, T0

from scrobbler.events import Ids, Kind, Media, MediaKind, Percent, PlayerEvent, Seconds, Show
from scrobbler.machine.parts import File, file_of, several

DARK = Media(
    kind=MediaKind.EPISODE,
    title="Secrets / Lies",
    show=Show(title="Dark"),
    season=1,
    episode=1,
    episode_end=2,
    number_abs=1,
    ids=Ids(tvdb=48936),
    path="/dark.mkv",
)
FILE = File(media=DARK, duration=Seconds(100.0))
THREE = File(media=replace(DARK, episode_end=3), duration=Seconds(90.0))


def event(position: float | None = None, **more: object) -> PlayerEvent:
    place = None if position is None else Seconds(position)
    return replace(PlayerEvent(session=KEY, kind=Kind.PLAY, media=DARK, at=T0, position=place), **more)


def test_a_part_is_an_episode_and_the_ids_are_those_of_the_first() -> None:
    assert FILE.part(1) == replace(DARK, episode_end=None)
    assert FILE.part(2) == replace(DARK, episode=2, episode_end=None, ids=Ids(), title=None, number_abs=None)
    assert [FILE.number_of(FILE.part(number)) for number in (1, 2)] == [1, 2]


@pytest.mark.parametrize("media", [None, Media(), replace(DARK, episode=3), Media(path="/x.mkv", episode=1)])
def test_what_is_no_part_is_none(media: Media | None) -> None:
    assert FILE.number_of(media) is None


@pytest.mark.parametrize(
    ("first", "last", "many"), [(1, 2, True), (1, None, False), (None, 2, False), (2, 1, False), (1, 999, False)]
)
def test_a_range_is_believed_if_it_can_be_one(first: int | None, last: int | None, many: bool) -> None:
    assert several(Media(episode=first, episode_end=last)) is many


@pytest.mark.parametrize(
    ("runtimes", "lengths"),
    [
        ({}, [30, 30, 30]),
        ({1: 20.0}, [20, 35, 35]),
        ({1: 20.0, 3: 50.0}, [20, 20, 50]),
        ({1: 20.0, 2: 20.0, 3: 40.0}, [22.5, 22.5, 45]),
        ({1: 85.0}, [30, 30, 30]),
        ({1: 10.0, 2: 10.0, 3: 10.0}, [30, 30, 30]),
        ({1: 500.0, 2: 500.0, 3: 500.0}, [30, 30, 30]),
    ],
)
def test_parts_are_equal_until_their_runtimes_are_known_and_fit(
    runtimes: dict[int, Seconds], lengths: list[float]
) -> None:
    assert replace(THREE, runtimes=runtimes).lengths() == pytest.approx(lengths)


@given(st.dictionaries(st.integers(1, 3), st.floats(0.1, 1e4).map(Seconds)), st.floats(1, 1e4).map(Seconds))
def test_the_parts_are_always_the_whole_file(runtimes: dict[int, Seconds], duration: Seconds) -> None:
    lengths = replace(THREE, runtimes=runtimes, duration=duration).lengths()
    assert sum(length or 0.0 for length in lengths) == pytest.approx(duration)
    assert all(length for length in lengths)


def test_without_a_duration_only_what_was_learned_is_known() -> None:
    file = replace(THREE, duration=None, runtimes={1: Seconds(40.0)})
    assert file.lengths() == [40.0, None, None]
    assert [file.begins(number) for number in (1, 2, 3)] == [0.0, 40.0, None]
    assert file.narrow(event(50.0), None, None).media.episode == 2
    assert file.narrow(event(50.0), None, None).position == 10.0


@pytest.mark.parametrize(
    ("place", "number", "position"), [(0, 1, 0), (49.9, 1, 49.9), (50, 2, 0), (100, 2, 50), (104, 2, 50)]
)
def test_a_place_in_the_file_is_one_in_a_part(place: float, number: int, position: float) -> None:
    about = FILE.narrow(event(place), None, None)
    assert (about.media.episode, about.duration) == (number, 50.0)
    assert about.position == pytest.approx(position)


def test_a_place_far_behind_the_end_tells_nothing() -> None:
    about = FILE.narrow(event(200.0), 2, Seconds(7.0))
    assert (about.media.episode, about.position) == (2, None)


def test_a_stop_at_zero_tells_nothing() -> None:
    assert FILE.target(event(0.0, kind=Kind.STOP), 2) is None
    assert FILE.target(event(0.0), 2) == 1


def test_a_stale_position_is_still_in_the_part_that_is_on() -> None:
    assert FILE.narrow(event(40.0), 2, None).position == 0.0
    assert FILE.narrow(event(40.0), 2, None).media.episode == 2
    assert FILE.narrow(event(30.0), 2, None).media.episode == 1


def test_a_mark_is_about_the_whole_file_and_worth_something_to_its_last_part() -> None:
    assert not FILE.narrow(event(40.0, watched=True), 1, None).watched
    assert FILE.narrow(event(90.0, watched=True), 2, None).watched
    about = FILE.narrow(event(watched=True), 1, Seconds(20.0))
    assert (about.media.episode, about.position, about.watched) == (2, 40.0, True)
    assert FILE.narrow(event(watched=True), 2, Seconds(47.0)).position == 47.0


@pytest.mark.parametrize(("share", "number", "within"), [(0, 1, 0), (45, 1, 90), (60, 2, 20), (100, 2, 100)])
def test_a_share_is_enough_where_no_length_is_known(share: float, number: int, within: float) -> None:
    file = replace(FILE, duration=None)
    told = event(percent=Percent(share))
    about = file.narrow(told, None, None)
    assert (file.target(told, None), about.media.episode) == (number, number)
    assert about.percent == pytest.approx(within)


def test_a_share_of_a_known_length_is_a_place() -> None:
    assert FILE.narrow(event(percent=Percent(60.0)), None, None).position == pytest.approx(10.0)


def test_what_tells_nothing_is_about_the_part_that_is_on() -> None:
    assert FILE.target(event(), 2) is None
    assert FILE.narrow(event(), 2, Seconds(3.0)).media.episode == 2
    assert FILE.narrow(event(), None, None).media.episode == 1


def test_a_file_keeps_what_was_learned_of_it() -> None:
    known = replace(FILE, runtimes={1: Seconds(40.0)})
    assert file_of(known, event(), on=False) == known
    assert file_of(known, event(duration=Seconds(110.0)), on=True) == replace(known, duration=Seconds(110.0))
    assert file_of(known, event(media=replace(DARK, episode_end=3)), on=True) == File(
        media=replace(DARK, episode_end=3)
    )


def test_a_message_that_leaves_the_last_episode_out_is_about_the_file_while_it_is_on() -> None:
    short = event(media=replace(DARK, episode_end=None))
    assert file_of(FILE, short, on=True) == FILE
    assert file_of(FILE, short, on=False) is None
    assert file_of(None, short, on=True) is None
