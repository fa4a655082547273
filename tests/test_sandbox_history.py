"""The sandbox's history: what is added, what is found again and in which order, what is removed."""

from collections.abc import AsyncIterator
from typing import Any

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sandbox_visitor import DULCINEA, Visitor, frozen, visiting

pytestmark = pytest.mark.anyio

EXPANSE = {"trakt": 77199}


@pytest.fixture
async def visitor(anyio_backend: str) -> AsyncIterator[Visitor]:
    async with visiting(frozen()) as someone:
        yield someone


async def add(visitor: Visitor, **body: Any) -> dict[str, Any]:
    reply = await visitor.post("/sync/history", body)
    assert reply.status_code == 201
    told: dict[str, Any] = reply.json()
    return told


async def test_the_same_play_twice_is_two_plays(visitor: Visitor) -> None:
    movie = {"ids": {"trakt": 12601}, "watched_at": "2026-01-01T10:00:00.000Z"}
    nothing: dict[str, object] = {"movies": [], "shows": [], "seasons": [], "episodes": []}
    for _ in range(2):
        assert await add(visitor, movies=[movie]) == {"added": {"movies": 1, "episodes": 0}, "not_found": nothing}
    plays = await visitor.history()
    assert [play["action"] for play in plays] == ["watch", "watch"]
    assert plays[0]["id"] != plays[1]["id"]


@pytest.mark.parametrize(
    ("when", "at"),
    [
        ({"watched_at": "2014-09-01T09:10:11.000Z"}, "2014-09-01T09:10:11.000Z"),
        ({"watched_at": "2014-09-01T09:10:11+02:00"}, "2014-09-01T07:10:11.000Z"),
        ({"watched_at": "2014-09-01T09:10:11"}, "2014-09-01T09:10:11.000Z"),
        ({"watched_at": "unknown"}, "1970-01-01T00:00:00.000Z"),
        ({"watched_at": "released"}, "2015-12-14T00:44:00.000Z"),
        ({}, "2026-11-20T20:00:01.000Z"),
    ],
)
async def test_a_play_is_dated_as_asked_else_now(visitor: Visitor, when: dict[str, str], at: str) -> None:
    episode = {"number": 1, **when}
    await add(visitor, shows=[{"ids": EXPANSE, "seasons": [{"number": 1, "episodes": [episode]}]}])
    assert [play["watched_at"] for play in await visitor.history()] == [at]


@pytest.mark.parametrize("when", ["yesterday", "", None, 5, "0001-01-01T00:00:00+14:00"])
async def test_a_date_that_is_none_is_400_and_nothing_is_added(visitor: Visitor, when: object) -> None:
    body = {"movies": [{"ids": {"trakt": 12601}}, {"ids": {"trakt": 28}, "watched_at": when}]}
    assert (await visitor.post("/sync/history", body)).status_code == 400
    assert await visitor.history() == []


async def test_a_show_is_all_its_episodes_and_a_season_all_of_its(visitor: Visitor) -> None:
    assert (await add(visitor, shows=[{"ids": EXPANSE}]))["added"]["episodes"] == 23
    assert (await add(visitor, shows=[{"ids": EXPANSE, "seasons": [{"number": 2}]}]))["added"]["episodes"] == 13
    assert (await add(visitor, seasons=[{"ids": {"trakt": 3950}}]))["added"]["episodes"] == 7
    assert (await add(visitor, episodes=[{"ids": {"trakt": 73482}}]))["added"]["episodes"] == 1


async def test_the_innermost_date_counts(visitor: Visitor) -> None:
    season = {
        "number": 1,
        "watched_at": "2020-01-02",
        "episodes": [{"number": 1}, {"number": 2, "watched_at": "2020-01-03"}],
    }
    await add(visitor, shows=[{"ids": EXPANSE, "watched_at": "2020-01-01", "seasons": [season, {"number": 2}]}])
    days = [play["watched_at"][:10] for play in await visitor.history()]
    assert days == ["2020-01-03", "2020-01-02", *["2020-01-01"] * 13]


async def test_what_is_not_found_is_told_as_it_was_named(visitor: Visitor) -> None:
    told = await add(
        visitor,
        movies=[{"ids": {"imdb": "tt0000111"}}, {"title": "No Such Film", "year": 1990}, {"ids": {"trakt": 28}}],
        shows=[
            {"title": "No Such Show"},
            {"ids": EXPANSE, "seasons": [{"number": 8}, {"number": 1, "episodes": [{"number": 1}, {"number": 99}]}]},
        ],
        seasons=[{"ids": {"trakt": 1}}],
        episodes=[{"ids": {"tvdb": 5}}],
    )
    assert told["added"] == {"movies": 1, "episodes": 1}
    assert told["not_found"] == {
        "movies": [{"ids": {"imdb": "tt0000111"}}, {"title": "No Such Film", "year": 1990}],
        "shows": [
            {"title": "No Such Show"},
            {"ids": EXPANSE, "seasons": [{"number": 8}, {"number": 1, "episodes": [{"number": 99}]}]},
        ],
        "seasons": [{"ids": {"trakt": 1}}],
        "episodes": [{"ids": {"tvdb": 5}}],
    }


async def test_the_newest_comes_first_by_when_it_was_watched(visitor: Visitor) -> None:
    for day in ("2020-01-02", "2020-01-03", "2020-01-01"):
        await add(visitor, movies=[{"ids": {"trakt": 28}, "watched_at": day}])
    assert [play["watched_at"][:10] for play in await visitor.history()] == ["2020-01-03", "2020-01-02", "2020-01-01"]


async def titles(visitor: Visitor, url: str, **query: str | int) -> list[str]:
    reply = await visitor.get(url, **query)
    assert reply.status_code == 200
    return [play["movie"]["title"] if play["type"] == "movie" else play["episode"]["title"] for play in reply.json()]


async def test_the_history_is_narrowed_by_type_and_item(visitor: Visitor) -> None:
    await add(visitor, movies=[{"ids": {"trakt": 12601}}, {"ids": {"trakt": 28}}])
    await add(visitor, episodes=[{"ids": {"trakt": 73482}}])
    await visitor.scrobble("stop", DULCINEA, 90)
    assert await titles(visitor, "/sync/history/movies") == ["Guardians of the Galaxy", "TRON: Legacy"]
    assert await titles(visitor, "/sync/history/episodes") == ["Dulcinea", "Pilot"]
    assert await titles(visitor, "/sync/history/movies/12601") == ["TRON: Legacy"]
    assert await titles(visitor, "/sync/history/shows/77199") == ["Dulcinea"]
    assert await titles(visitor, "/sync/history/seasons/3950") == ["Pilot"]
    assert await titles(visitor, "/sync/history/episodes/73482") == ["Pilot"]
    assert await titles(visitor, "/sync/history/episodes/36440") == [], "a known item that was not watched"


@pytest.mark.parametrize("rest", ["nonsense", "movies/1", "movies/tron-legacy-2010", "movies/" + "9" * 30])
async def test_the_history_of_nothing_is_404(visitor: Visitor, rest: str) -> None:
    assert (await visitor.get(f"/sync/history/{rest}")).status_code == 404


async def test_the_history_is_narrowed_by_date_both_ends_included(visitor: Visitor) -> None:
    for hour in ("10", "11", "12"):
        await add(visitor, movies=[{"ids": {"trakt": 28}, "watched_at": f"2020-01-01T{hour}:00:00Z"}])
    asked = {"start_at": "2020-01-01T11:00:00.000Z", "end_at": "2020-01-01T14:00:00+02:00"}
    found = await visitor.get("/sync/history", **asked)
    assert [play["watched_at"][11:13] for play in found.json()] == ["12", "11"]
    assert (await visitor.get("/sync/history", start_at="soon")).status_code == 400


async def test_the_history_comes_in_pages(visitor: Visitor) -> None:
    for _ in range(11):
        await add(visitor, shows=[{"ids": EXPANSE}])  # 253 plays
    first = await visitor.get("/sync/history")
    assert len(first.json()) == 100
    assert {name: value for name, value in first.headers.items() if name.startswith("x-pagination")} == {
        "x-pagination-page": "1",
        "x-pagination-limit": "100",
        "x-pagination-page-count": "3",
        "x-pagination-item-count": "253",
    }
    last = await visitor.get("/sync/history", page=3)
    assert len(last.json()) == 53
    clamped = await visitor.get("/sync/history", limit=5000)
    assert (len(clamped.json()), clamped.headers["x-pagination-limit"]) == (250, "250")
    assert (await visitor.get("/sync/history", page=9)).json() == []
    small = await visitor.get("/sync/history", page="x", limit="0")
    assert small.headers["x-pagination-limit"] == "100"


async def test_a_play_tells_the_runtime_only_if_asked(visitor: Visitor) -> None:
    await add(visitor, episodes=[{"ids": {"trakt": 73482}}])
    assert "runtime" not in (await visitor.history())[0]["episode"]
    [full] = (await visitor.get("/sync/history", extended="full")).json()
    assert (full["episode"]["runtime"], full["show"]["network"]) == (45, "AMC")


async def test_single_plays_are_removed_by_their_ids(visitor: Visitor) -> None:
    await add(visitor, movies=[{"ids": {"trakt": 28}}, {"ids": {"trakt": 28}}])
    [second, first] = await visitor.history()
    reply = await visitor.post("/sync/history/remove", {"ids": [first["id"], 4, 2**70]})
    assert reply.status_code == 200
    assert reply.json()["deleted"] == {"movies": 1, "episodes": 0}
    assert reply.json()["not_found"]["ids"] == [4, 2**70]
    assert [play["id"] for play in await visitor.history()] == [second["id"]]


async def test_all_plays_of_an_item_are_removed_by_its_name(visitor: Visitor) -> None:
    await add(visitor, movies=[{"ids": {"trakt": 28}}, {"ids": {"trakt": 12601}}], shows=[{"ids": EXPANSE}])
    body = {
        "movies": [{"ids": {"trakt": 28}}, {"ids": {"trakt": 5}}],
        "shows": [{"ids": EXPANSE, "seasons": [{"number": 1}]}],
    }
    reply = (await visitor.post("/sync/history/remove", body)).json()
    assert reply["deleted"] == {"movies": 1, "episodes": 10}
    assert reply["not_found"]["movies"] == [{"ids": {"trakt": 5}}]
    assert len(await visitor.history()) == 14


async def test_a_removed_scrobble_is_no_duplicate_any_more(visitor: Visitor) -> None:
    number = (await visitor.scrobble("stop", DULCINEA, 90)).json()["id"]
    await visitor.post("/sync/history/remove", {"ids": [number]})
    assert (await visitor.scrobble("stop", DULCINEA, 90)).status_code == 201


async def test_each_user_has_a_history(visitor: Visitor) -> None:
    await add(visitor, movies=[{"ids": {"trakt": 28}}])
    marta = {"Authorization": f"Bearer {visitor.sandbox.sign_in('marta')['access_token']}"}
    assert (await visitor.http.get("/sync/history", headers=marta)).json() == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
ITEM = st.fixed_dictionaries(
    {}, optional={"ids": JSON | st.just(EXPANSE), "title": JSON, "number": JSON, "watched_at": JSON, "seasons": JSON}
)
BODY = st.dictionaries(st.sampled_from(["movies", "shows", "seasons", "episodes", "ids"]), st.lists(ITEM | JSON) | JSON)


@given(body=BODY | JSON, path=st.sampled_from(["/sync/history", "/sync/history/remove"]))
def test_no_body_is_an_error_of_the_sandbox(body: object, path: str) -> None:
    async def story() -> None:
        async with visiting(frozen()) as visitor:
            assert (await visitor.post(path, body)).status_code < 500

    anyio.run(story)
