"""The sandbox's catalogue: single titles, seasons, aliases and translations, and the three kinds of search."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from sandbox_visitor import Visitor, frozen, visiting

from scrobbler.sandbox.catalogue import OWN_IDS_FROM, catalogue

pytestmark = pytest.mark.anyio

EXPANSE = {
    "title": "The Expanse",
    "year": 2015,
    "ids": {"trakt": 77199, "slug": "the-expanse", "tvdb": 280619, "imdb": "tt3230854", "tmdb": 63639},
}


@pytest.fixture
async def visitor(anyio_backend: str) -> AsyncIterator[Visitor]:
    async with visiting(frozen()) as someone:
        yield someone


async def got(visitor: Visitor, url: str, **query: str | int) -> Any:
    reply = await visitor.http.get(url, params=query)
    assert reply.status_code == 200, url
    return reply.json()


@pytest.mark.parametrize("ref", ["77199", "the-expanse", "tt3230854"])
async def test_a_show_is_found_by_trakt_id_slug_and_imdb_id(visitor: Visitor, ref: str) -> None:
    assert await got(visitor, f"/shows/{ref}") == EXPANSE


@pytest.mark.parametrize("ref", ["12601", "tron-legacy-2010", "tt1104001"])
async def test_a_movie_is_found_by_trakt_id_slug_and_imdb_id(visitor: Visitor, ref: str) -> None:
    full = await got(visitor, f"/movies/{ref}", extended="full")
    assert (full["title"], full["runtime"], full["released"]) == ("TRON: Legacy", 125, "2010-12-16")


UNKNOWN = [
    "/movies/tt0000111",
    "/movies/280619",
    "/movies/" + "9" * 40,
    "/shows/²",
    "/shows/dark/seasons/9",
    "/shows/dark/seasons/x",
    "/shows/dark/seasons/1/episodes/99",
    "/shows/no-such/seasons",
    "/movies/no-such/aliases",
    "/shows/no-such/translations/de",
]


@pytest.mark.parametrize("path", UNKNOWN)
async def test_what_is_not_in_the_catalogue_is_404(visitor: Visitor, path: str) -> None:
    assert (await visitor.http.get(path)).status_code == 404


async def test_seasons_are_brief_unless_their_episodes_are_asked_for(visitor: Visitor) -> None:
    brief = await got(visitor, "/shows/the-expanse/seasons")
    assert [season.keys() for season in brief] == [{"number", "ids"}] * 2
    nested = await got(visitor, "/shows/the-expanse/seasons", extended="full,episodes")
    assert [(season["number"], len(season["episodes"])) for season in nested] == [(1, 10), (2, 13)]
    assert nested[0]["episodes"][0]["runtime"] == 44
    assert nested[0]["episode_count"] == 10


async def test_a_season_is_a_flat_list_of_episodes(visitor: Visitor) -> None:
    episodes = await got(visitor, "/shows/game-of-thrones/seasons/1")
    assert len(episodes) == 10
    assert episodes[0] == {
        "season": 1,
        "number": 1,
        "title": "Winter Is Coming",
        "ids": {"trakt": 36440, "tvdb": 3254641, "imdb": "tt1480055", "tmdb": 63056},
    }
    specials = await got(visitor, "/shows/game-of-thrones/seasons/0")
    assert specials[0]["ids"]["imdb"] is None


async def test_an_episode_tells_its_absolute_number_and_runtime(visitor: Visitor) -> None:
    episode = await got(visitor, "/shows/one-piece/seasons/9/episodes/21", extended="full")
    assert (episode["number_abs"], episode["runtime"], episode["first_aired"]) == (164, 24, None)
    episode = await got(visitor, "/shows/dark/seasons/1/episodes/1", extended="full")
    assert (episode["number_abs"], episode["first_aired"]) == (None, "2017-12-01T00:00:00.000Z")


async def test_a_talk_show_tells_the_instant_of_each_broadcast(visitor: Visitor) -> None:
    late_show = "/shows/the-late-show-with-stephen-colbert"
    show = await got(visitor, late_show, extended="full")
    assert (show["country"], show["airs"]["time"], show["airs"]["timezone"]) == ("us", "23:35", "America/New_York")
    episodes = await got(visitor, f"{late_show}/seasons/9", extended="full")
    # 23:35 in New York is the day after by UTC.
    assert [one["first_aired"][:16] for one in episodes[:2]] == ["2024-05-07T03:35", "2024-05-08T03:35"]
    seasons = await got(visitor, f"{late_show}/seasons", extended="full")
    assert [one["first_aired"][:10] for one in seasons] == ["2024-05-07", "2024-10-02"]


async def test_a_title_has_aliases_and_translations(visitor: Visitor) -> None:
    assert {"title": "The Office (US)", "country": "us"} in await got(visitor, "/shows/the-office/aliases")
    assert [each["language"] for each in await got(visitor, "/movies/heat-1995/translations")] == ["ru", "pt", "de"]
    [russian] = await got(visitor, "/movies/heat-1995/translations/ru")
    assert russian == {"title": "Схватка", "overview": "", "tagline": "", "language": "ru", "country": "ru"}
    assert await got(visitor, "/shows/dark/translations/xx") == []


async def search(visitor: Visitor, types: str, query: str, **more: str | int) -> list[tuple[str, str, int]]:
    found = await got(visitor, f"/search/{types}", query=query, **more)
    names = [(row["type"], row[row["type"]]) for row in found]
    return [(kind, item["title"], item.get("year", 0)) for kind, item in names]


async def test_text_finds_the_best_title_first(visitor: Visitor) -> None:
    assert (await search(visitor, "movie", "tron legacy"))[0] == ("movie", "TRON: Legacy", 2010)
    assert (await search(visitor, "movie,show", "tron"))[0] == ("movie", "Tron", 1982)
    assert ("show", "Tron: Uprising", 2012) in await search(visitor, "movie,show", "tron")
    assert await search(visitor, "movie", "nothing of that name") == []


async def test_text_finds_aliases_translations_and_folded_titles(visitor: Visitor) -> None:
    for query in ("기생충", "Le fabuleux destin d'Amelie Poulain", "схватка".upper(), "the office (us)", "Parásitos"):
        assert await search(visitor, "movie,show", query), query
    assert await search(visitor, "movie", "기생충", fields="title") == []


async def test_special_characters_may_be_escaped(visitor: Visitor) -> None:
    assert (await search(visitor, "movie", r"TRON\: Legacy"))[0][1] == "TRON: Legacy"


async def test_text_finds_episodes_with_their_show(visitor: Visitor) -> None:
    [found] = await got(visitor, "/search/episode", query="ozymandias")
    assert (found["episode"]["number"], found["show"]["title"]) == (14, "Breaking Bad")
    assert found["score"] > 0


@pytest.mark.parametrize(
    ("types", "query", "years"),
    [
        ("movie", "heat", [1995, 1986]),
        ("movie", "the thing", [1982, 2011]),
        ("show", "the office", [2005, 2001]),
        ("show", "doctor who", [2005, 1963]),
        ("movie", "fargo", [1996]),
        ("movie", "hea", []),
    ],
)
async def test_an_exact_title_finds_all_its_namesakes(
    visitor: Visitor, types: str, query: str, years: list[int]
) -> None:
    found = await got(visitor, f"/search/{types}/exact", query=query)
    assert [row[types]["year"] for row in found] == years


@pytest.mark.parametrize(
    ("path", "types", "title"),
    [
        ("imdb/tt1104001", "movie", "TRON: Legacy"),
        ("tvdb/280619", "show", "The Expanse"),
        ("tmdb/20526", "movie", "TRON: Legacy"),
        ("trakt/16662", "movie", "Inception"),
        ("tvdb/3254641", "episode", "Winter Is Coming"),
    ],
)
async def test_an_id_finds_its_item(visitor: Visitor, path: str, types: str, title: str) -> None:
    [found] = await got(visitor, f"/search/{path}", type=types)
    assert (found["type"], found["score"], found[types]["title"]) == (types, 1000, title)


async def test_ids_collide_between_types(visitor: Visitor) -> None:
    found = await got(visitor, f"/search/trakt/{OWN_IDS_FROM}")
    assert [row["type"] for row in found] == ["movie", "show", "episode"]
    assert [row["type"] for row in await got(visitor, f"/search/trakt/{OWN_IDS_FROM}", type="show")] == ["show"]


async def test_an_unknown_id_finds_nothing(visitor: Visitor) -> None:
    for path in ("imdb/tt0000111", "tmdb/x", "tmdb/" + "9" * 30, "trakt/0"):
        assert await got(visitor, f"/search/{path}", type="movie,show,episode") == []


@pytest.mark.parametrize("path", ["nonsense?query=x", "anidb/5", "imdb/tt1104001?type=song"])
async def test_a_search_of_an_unknown_kind_is_404(visitor: Visitor, path: str) -> None:
    assert (await visitor.http.get(f"/search/{path}")).status_code == 404


async def test_a_search_without_text_is_400(visitor: Visitor) -> None:
    for path in ("/search/movie", "/search/movie/exact", "/search/movie?query=%20"):
        assert (await visitor.http.get(path)).status_code == 400


async def test_a_search_for_what_the_catalogue_has_none_of_is_empty(visitor: Visitor) -> None:
    assert await search(visitor, "person,list", "bridges") == []


async def test_results_come_in_pages_of_fifty(visitor: Visitor) -> None:
    reply = await visitor.http.get("/search/episode", params={"query": "breaking bad"})
    assert reply.headers["x-pagination-limit"] == "50"
    small = await visitor.http.get("/search/episode", params={"query": "breaking bad", "limit": 5, "page": 2})
    assert small.json() == reply.json()[5:10]
    assert small.headers["x-pagination-item-count"] == str(len(reply.json()))


def test_the_catalogue_is_of_one_piece() -> None:
    known = catalogue()
    for items in (known.movies, known.shows, known.episodes):
        assert len({item.ids.trakt for item in items}) == len(items)
    for titles in (known.movies, known.shows):
        assert len({title.ids.slug for title in titles}) == len(titles)
    assert all(episode.title for episode in known.episodes), "an id list is longer than its season"
    assert len(known.movies) >= 25
    assert len(known.shows) >= 12
    for kind in ("imdb", "tmdb"):
        for items in (known.movies, known.shows):
            ids = [value for item in items if (value := getattr(item.ids, kind))]
            assert len(set(ids)) == len(ids), "one id for two titles"
