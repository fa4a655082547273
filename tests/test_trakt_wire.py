"""What a request says about an item, and when two items are one."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from scrobbler.events import Ids, MediaKind, Percent, Seconds, Show
from scrobbler.trakt.wire import Item, forms, history_body, read_instant, read_item, scrobble_body

HEAT = Item(kind=MediaKind.MOVIE, title="Heat", year=1995, ids=Ids(tmdb=949))
SHOW = Show(title="Breaking Bad", year=2008, ids=Ids(trakt=1, tvdb=81189))
PILOT = Item(kind=MediaKind.EPISODE, title="Pilot", show=SHOW, season=1, number=1, ids=Ids(tvdb=349232))
AT = datetime(2026, 11, 20, 21, 30, tzinfo=timezone(timedelta(hours=1)))


def test_a_film_is_named_by_title_year_and_ids() -> None:
    assert scrobble_body(HEAT, Percent(12.5)) == {
        "movie": {"title": "Heat", "year": 1995, "ids": {"tmdb": 949}},
        "progress": 12.5,
    }


def test_an_episode_is_named_by_its_place_in_its_show() -> None:
    assert scrobble_body(PILOT, Percent(85)) == {
        "show": {"title": "Breaking Bad", "year": 2008, "ids": {"trakt": 1, "tvdb": 81189}},
        "episode": {"season": 1, "number": 1},
        "progress": 85.0,
    }


def test_an_episode_whose_show_has_no_id_is_named_by_its_own() -> None:
    item = Item(kind=MediaKind.EPISODE, show=Show(title="X"), season=1, number=1, ids=Ids(tvdb=7))
    assert scrobble_body(item, Percent(1)) == {"episode": {"ids": {"tvdb": 7}}, "progress": 1.0}


def test_nothing_that_is_not_known_is_sent() -> None:
    item = Item(kind=MediaKind.MOVIE, title="Heat")
    assert scrobble_body(item, Percent(1)) == {"movie": {"title": "Heat"}, "progress": 1.0}


@pytest.mark.parametrize(
    ("share", "sent"), [(-3, 0.0), (101.73, 100.0), (79.999, 79.99), (80.0, 80.0), (0.999, 0.99), (33.333, 33.33)]
)
def test_a_share_is_kept_in_bounds_and_never_rounded_up(share: float, sent: float) -> None:
    assert scrobble_body(HEAT, Percent(share))["progress"] == sent


def test_a_play_in_the_history_has_its_instant_in_utc() -> None:
    assert history_body(HEAT, AT) == {
        "movies": [{"title": "Heat", "year": 1995, "ids": {"tmdb": 949}, "watched_at": "2026-11-20T20:30:00.000Z"}]
    }


def test_a_play_of_an_episode_never_adds_its_whole_show() -> None:
    [show] = history_body(PILOT, AT)["shows"]
    assert show["seasons"] == [{"number": 1, "episodes": [{"number": 1, "watched_at": "2026-11-20T20:30:00.000Z"}]}]


def test_an_episode_known_by_its_id_only_is_added_by_it() -> None:
    item = Item(kind=MediaKind.EPISODE, ids=Ids(tvdb=7))
    assert history_body(item, AT) == {"episodes": [{"ids": {"tvdb": 7}, "watched_at": "2026-11-20T20:30:00.000Z"}]}


def test_a_reply_is_read_with_what_it_has() -> None:
    data = {
        "type": "episode",
        "new": {"key": 1},
        "episode": {"season": 0, "number": 2, "ids": {"trakt": 2, "imdb": "", "tmdb": None, "plex": {}}, "runtime": 0},
    }
    expected = Item(kind=MediaKind.EPISODE, season=0, number=2, ids=Ids(trakt=2))
    assert read_item(data) == expected


def test_a_runtime_is_read_in_minutes() -> None:
    item = read_item({"movie": {"title": "Heat", "runtime": 170}})
    assert item is not None
    assert item.runtime == Seconds(10200.0)


@pytest.mark.parametrize("data", [None, [], "x", {}, {"movie": None}, {"episode": 3}])
def test_a_reply_without_an_item_has_none(data: object) -> None:
    assert read_item(data) is None


@pytest.mark.parametrize(
    ("said", "instant"),
    [
        ("2014-03-31T09:28:53.000Z", datetime(2014, 3, 31, 9, 28, 53, tzinfo=UTC)),
        ("2014-03-31T11:28:53+02:00", datetime(2014, 3, 31, 9, 28, 53, tzinfo=UTC)),
        ("2014-03-31T09:28:53", datetime(2014, 3, 31, 9, 28, 53, tzinfo=UTC)),
        ("soon", None),
        (None, None),
        (17, None),
    ],
)
def test_an_instant_is_aware_or_unknown(said: object, instant: datetime | None) -> None:
    assert read_instant({"at": said}, "at") == instant


def test_one_id_in_common_makes_it_the_same_item() -> None:
    assert HEAT.same_as(Item(kind=MediaKind.MOVIE, title="Heat - La sfida", ids=Ids(tmdb=949, imdb="tt0113277")))


def test_the_place_in_the_show_makes_it_the_same_episode() -> None:
    theirs = Item(kind=MediaKind.EPISODE, show=Show(title="breaking bad"), season=1, number=1)
    assert PILOT.same_as(theirs)
    assert not PILOT.same_as(Item(kind=MediaKind.EPISODE, show=SHOW, season=1, number=2))
    assert not PILOT.same_as(Item(kind=MediaKind.EPISODE, season=1, number=1))


def test_one_id_of_the_show_in_common_makes_it_the_same_show() -> None:
    show = Show(title="En av dem", ids=Ids(tvdb=81189))
    assert PILOT.same_as(Item(kind=MediaKind.EPISODE, show=show, season=1, number=1))
    other = Show(title="Breaking Bad", year=2008, ids=Ids(tvdb=5))
    assert not PILOT.same_as(Item(kind=MediaKind.EPISODE, show=other, season=1, number=1))
    assert not PILOT.same_as(Item(kind=MediaKind.EPISODE, title="Pilot", season=1, number=1))


def test_title_and_year_make_it_the_same_film_unless_ids_speak_against_it() -> None:
    assert HEAT.same_as(Item(kind=MediaKind.MOVIE, title="The Heat!", year=1995))
    assert not HEAT.same_as(Item(kind=MediaKind.MOVIE, title="Heat", year=1986))
    assert not HEAT.same_as(Item(kind=MediaKind.MOVIE, title="Heat", year=1995, ids=Ids(tmdb=950)))


def test_a_film_is_never_an_episode() -> None:
    assert not HEAT.same_as(Item(kind=MediaKind.EPISODE, title="Heat", year=1995, ids=Ids(tmdb=949)))


def bodies(item: Item) -> list[dict[str, object]]:
    """How the item is named in each of its forms."""
    named = [scrobble_body(form, Percent(0.0)) for form in forms(item)]
    return [{key: value for key, value in body.items() if key != "progress"} for body in named]


def test_a_film_is_named_by_all_that_is_known_then_by_one_id_at_a_time_then_by_its_title() -> None:
    item = Item(kind=MediaKind.MOVIE, title="Heat", year=1995, ids=Ids(imdb="tt0113277", tmdb=949))
    assert bodies(item) == [
        {"movie": {"title": "Heat", "year": 1995, "ids": {"imdb": "tt0113277", "tmdb": 949}}},
        {"movie": {"ids": {"imdb": "tt0113277"}}},
        {"movie": {"ids": {"tmdb": 949}}},
        {"movie": {"title": "Heat", "year": 1995}},
    ]


def test_an_episode_is_named_by_its_place_then_by_its_own_ids_then_by_one_id_of_its_show_at_a_time() -> None:
    place = {"episode": {"season": 1, "number": 1}}
    assert bodies(PILOT) == [
        {"show": {"title": "Breaking Bad", "year": 2008, "ids": {"trakt": 1, "tvdb": 81189}}, **place},
        {"episode": {"ids": {"tvdb": 349232}}},
        {"show": {"ids": {"trakt": 1}}, **place},
        {"show": {"ids": {"tvdb": 81189}}, **place},
        {"show": {"title": "Breaking Bad", "year": 2008}, **place},
    ]


def test_an_episode_without_a_place_is_named_by_its_ids_only() -> None:
    item = Item(kind=MediaKind.EPISODE, ids=Ids(imdb="tt0959621", tvdb=349232))
    assert bodies(item) == [
        {"episode": {"ids": {"imdb": "tt0959621", "tvdb": 349232}}},
        {"episode": {"ids": {"imdb": "tt0959621"}}},
        {"episode": {"ids": {"tvdb": 349232}}},
    ]


def test_what_can_be_named_in_one_way_has_one_form_and_nothing_has_one_too() -> None:
    assert forms(HEAT)[0] == HEAT
    only = Item(kind=MediaKind.MOVIE, ids=Ids(tmdb=949))
    assert forms(only) == (only,)
    empty = Item(kind=MediaKind.EPISODE)
    assert forms(empty) == (empty,)


def test_an_item_has_a_name_for_people_whatever_is_known() -> None:
    assert HEAT.label() == "Heat (1995)"
    assert PILOT.label() == "Breaking Bad S01E01"
    assert Item(kind=MediaKind.MOVIE, ids=Ids(imdb="tt0113277")).label() == "imdb tt0113277"
    assert Item(kind=MediaKind.EPISODE, show=Show(ids=Ids(tvdb=9))).label() == "tvdb 9"
    assert Item(kind=MediaKind.MOVIE).label() == "movie"
