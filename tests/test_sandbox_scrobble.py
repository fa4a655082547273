"""The sandbox's scrobbling: every row of Trakt's progress table, the ways to name an item, what is watched now."""

from collections.abc import AsyncIterator
from typing import Any

import anyio
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sandbox_visitor import DULCINEA, HEAT, TRON, Visitor, frozen, visiting

pytestmark = pytest.mark.anyio


@pytest.fixture
async def visitor(anyio_backend: str) -> AsyncIterator[Visitor]:
    async with visiting(frozen()) as someone:
        yield someone


@pytest.mark.parametrize("progress", [0, 0.4, 1, 50, 80, 100])
async def test_a_start_is_taken_at_any_progress(visitor: Visitor, progress: float) -> None:
    reply = await visitor.scrobble("start", TRON, progress)
    assert reply.status_code == 201
    assert reply.json() == {
        "id": 0,
        "action": "start",
        "progress": progress,
        "movie": {
            "title": "TRON: Legacy",
            "year": 2010,
            "ids": {"trakt": 12601, "slug": "tron-legacy-2010", "imdb": "tt1104001", "tmdb": 20526},
        },
    }


@pytest.mark.parametrize("progress", [1, 1.0, 42.5, 79.99])
@pytest.mark.parametrize("verb", ["pause", "stop"])
async def test_below_80_the_place_is_kept(visitor: Visitor, verb: str, progress: float) -> None:
    reply = await visitor.scrobble(verb, TRON, progress)
    assert (reply.status_code, reply.json()["action"]) == (201, "pause")
    [place] = await visitor.playback()
    assert (place["id"], place["progress"], place["type"]) == (reply.json()["id"], progress, "movie")
    assert place["paused_at"] == "2026-11-20T20:00:01.000Z"
    assert await visitor.history() == []


@pytest.mark.parametrize("progress", [80, 80.0, 80.01, 100])
async def test_from_80_on_a_stop_is_a_play(visitor: Visitor, progress: float) -> None:
    reply = await visitor.scrobble("stop", DULCINEA, progress)
    assert (reply.status_code, reply.json()["action"]) == (201, "scrobble")
    assert reply.json()["show"]["title"] == "The Expanse"
    [play] = await visitor.history()
    assert play["id"] == reply.json()["id"] > 2**32
    assert (play["action"], play["type"], play["episode"]["title"]) == ("scrobble", "episode", "Dulcinea")
    assert play["watched_at"] == "2026-11-20T20:00:01.000Z"


@pytest.mark.parametrize(
    ("verb", "progress", "message"),
    [
        ("pause", 0.99, "Progress should be at least 1.0% to pause."),
        ("pause", 0, "Progress should be at least 1.0% to pause."),
        ("pause", 85.90953210942148, "Progress is 85.90953210942148%. Use stop to scrobble."),
        ("pause", 80, "Progress is 80.0%. Use stop to scrobble."),
        ("stop", 0.5, "Progress should be at least 1.0% to stop."),
        ("start", 100.01, "Progress should be between 0 and 100."),
        ("stop", 101.73, "Progress should be between 0 and 100."),
        ("pause", -1, "Progress should be between 0 and 100."),
    ],
)
async def test_a_progress_outside_of_the_table_is_422(
    visitor: Visitor, verb: str, progress: float, message: str
) -> None:
    reply = await visitor.scrobble(verb, TRON, progress)
    assert (reply.status_code, reply.json()) == (422, {"message": message})
    assert await visitor.history() == await visitor.playback() == []


async def test_a_second_final_stop_within_the_hour_is_a_duplicate(visitor: Visitor) -> None:
    await visitor.scrobble("stop", TRON, 90)
    again = await visitor.scrobble("stop", TRON, 95)
    assert again.status_code == 409
    assert again.json() == {"watched_at": "2026-11-20T20:00:01.000Z", "expires_at": "2026-11-20T21:00:01.000Z"}
    other = await visitor.scrobble("stop", HEAT, 95)
    assert other.status_code == 201
    assert len(await visitor.history()) == 2


async def test_after_the_hour_a_final_stop_is_a_new_play(visitor: Visitor) -> None:
    await visitor.scrobble("stop", TRON, 90)
    visitor.sandbox.clock.advance(3598)
    assert (await visitor.scrobble("stop", TRON, 90)).status_code == 409
    assert (await visitor.scrobble("stop", TRON, 90)).status_code == 201
    assert len(await visitor.history()) == 2


async def test_a_stop_within_the_hour_that_is_not_final_keeps_the_place(visitor: Visitor) -> None:
    await visitor.scrobble("stop", TRON, 90)
    assert (await visitor.scrobble("stop", TRON, 30)).json()["action"] == "pause"


async def test_a_start_forgets_the_place(visitor: Visitor) -> None:
    await visitor.scrobble("stop", TRON, 30)
    await visitor.scrobble("stop", HEAT, 40)
    await visitor.scrobble("start", TRON, 30)
    assert [place["movie"]["title"] for place in await visitor.playback()] == ["Heat"]


async def test_a_play_forgets_the_place(visitor: Visitor) -> None:
    await visitor.scrobble("pause", TRON, 30)
    await visitor.scrobble("stop", TRON, 95)
    assert await visitor.playback() == []


async def test_an_item_has_one_place(visitor: Visitor) -> None:
    first = await visitor.scrobble("pause", TRON, 30)
    second = await visitor.scrobble("pause", TRON, 55)
    assert first.json()["id"] == second.json()["id"]
    assert [place["progress"] for place in await visitor.playback()] == [55]


@pytest.mark.parametrize(
    ("item", "title"),
    [
        ({"movie": {"ids": {"trakt": 12601}}}, "TRON: Legacy"),
        ({"movie": {"ids": {"slug": "tron-legacy-2010"}}}, "TRON: Legacy"),
        ({"movie": {"ids": {"imdb": "tt1104001"}}}, "TRON: Legacy"),
        ({"movie": {"ids": {"tmdb": 20526}}}, "TRON: Legacy"),
        ({"movie": {"title": "tron legacy", "year": 2010}}, "TRON: Legacy"),
        ({"movie": {"title": "Amelie", "year": 2001, "ids": {"imdb": None}}}, "Amélie"),
        ({"movie": {"title": "TRON: Legacy", "year": 2010, "ids": {"tmdb": 1}}}, "TRON: Legacy"),
        ({"episode": {"ids": {"tvdb": 3254641}}}, "Winter Is Coming"),
        ({"show": {"ids": {"imdb": "tt3230854"}}, "episode": {"season": 2, "number": 13}}, "Caliban's War"),
        ({"show": {"title": "The Office", "year": 2001}, "episode": {"season": 1, "number": 1}}, "Downsize"),
        ({"show": {"title": "The Office", "year": 2005}, "episode": {"season": 1, "number": 1}}, "Pilot"),
        (
            {"show": {"ids": {"trakt": 37696}}, "episode": {"number_abs": 164}},
            "Light the Fire of Shandia! Wiper the Warrior",
        ),
        ({"show": {"ids": {"trakt": 1388}}, "episode": {"season": 5, "number": 14, "ids": {"tvdb": 7}}}, "Ozymandias"),
    ],
)
async def test_an_item_is_named_in_any_of_these_ways(visitor: Visitor, item: dict[str, Any], title: str) -> None:
    reply = (await visitor.scrobble("start", item, 5)).json()
    assert reply.get("movie", reply.get("episode"))["title"] == title


async def test_a_remake_is_told_by_its_year(visitor: Visitor) -> None:
    reply = await visitor.scrobble("start", {"movie": {"title": "Heat", "year": 1986}}, 5)
    assert reply.json()["movie"]["ids"]["imdb"] == "tt0093164"


async def test_a_wrong_episode_id_beats_the_right_show(visitor: Visitor) -> None:
    """As on Trakt, where an id of the wrong thing scrobbled another show."""
    item = {"show": {"ids": {"trakt": 1388}}, "episode": {"season": 1, "number": 1, "ids": {"tmdb": 63056}}}
    assert (await visitor.scrobble("start", item, 5)).json()["show"]["title"] == "Game of Thrones"


@pytest.mark.parametrize(
    "item",
    [
        {"movie": {"ids": {"imdb": "tt0000111"}}},
        {"movie": {}},
        {"movie": {"title": "Heat", "year": 1900}},
        {"episode": {"ids": {"tvdb": 1}}},
        {"episode": {"season": 1, "number": 1}},
        {"show": {"ids": {"tvdb": 280619}}, "episode": {"season": 9, "number": 1}},
        {"show": {"ids": {"tvdb": 280619}}, "episode": {"number_abs": 1}},
    ],
)
async def test_an_unknown_item_is_404(visitor: Visitor, item: dict[str, Any]) -> None:
    assert (await visitor.scrobble("stop", item, 90)).status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        None,
        {"progress": 10},
        TRON,
        {**TRON, "progress": "10"},
        {**TRON, "progress": None},
        {**TRON, "progress": True},
        {"movie": None, "progress": 10},
        {"movie": {"ids": {"trakt": "12601"}}, "progress": 10},
        {"show": {"ids": {"trakt": 1388}}, "progress": 10},
        {**TRON, "progress": 10, "app_version": None},
        {**TRON, "progress": 10, "app_date": None},
    ],
)
async def test_a_body_of_the_wrong_type_is_400(visitor: Visitor, body: object) -> None:
    assert (await visitor.post("/scrobble/start", body)).status_code == 400


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"\xff", b"[" * 100_000, b'{"progress": 1e999}', b'{"progress": NaN}', b'"\\ud800"']
)
async def test_a_body_that_is_no_json_is_400(visitor: Visitor, raw: bytes) -> None:
    assert (await visitor.post_raw("/scrobble/start", raw)).status_code == 400


async def test_a_body_of_more_than_a_mebibyte_is_413(visitor: Visitor) -> None:
    reply = await visitor.post_raw("/scrobble/start", b" " * ((1 << 20) + 1))
    assert reply.status_code == 413


async def watching(visitor: Visitor) -> httpx.Response:
    return await visitor.get("/users/me/watching")


async def test_what_was_started_is_watched_until_its_runtime_is_over(visitor: Visitor) -> None:
    assert (await watching(visitor)).status_code == 204
    await visitor.scrobble("start", TRON, 20)
    reply = await watching(visitor)
    assert reply.status_code == 200
    told = reply.json()
    assert (told["action"], told["type"], told["movie"]["title"]) == ("scrobble", "movie", "TRON: Legacy")
    assert told["expires_at"] == "2026-11-20T21:40:01.000Z"  # 80 % of 125 minutes are left
    visitor.sandbox.clock.advance(100 * 60 - 1)
    assert (await watching(visitor)).status_code == 200
    visitor.sandbox.clock.advance(1)
    assert (await watching(visitor)).status_code == 204
    assert await visitor.history() == [], "an expired watching is no play"


@pytest.mark.parametrize(("verb", "progress"), [("pause", 30), ("stop", 30), ("stop", 90)])
async def test_what_was_stopped_or_paused_is_not_watched(visitor: Visitor, verb: str, progress: float) -> None:
    await visitor.scrobble("start", TRON, 20)
    await visitor.scrobble(verb, TRON, progress)
    assert (await watching(visitor)).status_code == 204


async def test_a_stop_under_one_percent_is_ignored_and_the_item_stays_watched(visitor: Visitor) -> None:
    await visitor.scrobble("start", TRON, 0)
    assert (await visitor.scrobble("stop", TRON, 0.9)).status_code == 422
    assert (await watching(visitor)).status_code == 200


async def test_a_second_item_takes_the_place_of_the_first(visitor: Visitor) -> None:
    await visitor.scrobble("start", TRON, 20)
    await visitor.scrobble("start", DULCINEA, 0)
    assert (await watching(visitor)).json()["episode"]["title"] == "Dulcinea"
    await visitor.scrobble("stop", TRON, 30)
    assert (await watching(visitor)).status_code == 200, "the stop of another item"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
IDS = st.dictionaries(st.sampled_from(["trakt", "slug", "imdb", "tmdb", "tvdb"]), JSON) | JSON
TITLE = st.fixed_dictionaries({}, optional={"title": JSON, "year": JSON, "ids": IDS}) | JSON
EPISODE = st.fixed_dictionaries({}, optional={"season": JSON, "number": JSON, "number_abs": JSON, "ids": IDS}) | JSON
BODY = st.fixed_dictionaries(
    {}, optional={"progress": JSON, "movie": TITLE, "show": TITLE, "episode": EPISODE, "app_version": JSON}
)


@given(body=BODY | JSON, verb=st.sampled_from(["start", "pause", "stop"]))
def test_no_body_is_an_error_of_the_sandbox(body: object, verb: str) -> None:
    async def story() -> None:
        async with visiting(frozen()) as visitor:
            reply = await visitor.post(f"/scrobble/{verb}", body)
            assert 400 <= reply.status_code < 500

    anyio.run(story)
