"""The table of Trakt's methods: it reaches the user, and a path finds its row or the rows that are near it."""

import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spec_diff import ENDPOINTS, read_endpoints

from scrobbler.trakt import endpoints
from scrobbler.trakt.endpoints import Endpoint, SignIn, Vip, meant, nearest, table

ROOT = Path(__file__).parent.parent
WORDS = ["", "shows", "x", "{id}", "sync", "histroy", "7", "me"]
PATHS = st.text("/{}:._-az09 é") | st.lists(st.sampled_from(WORDS)).map("/".join)


def found(path: str) -> list[str]:
    return sorted(map(str, meant(path)))


def test_the_table_says_what_the_list_says() -> None:
    assert [
        (each.method, each.path, each.sign_in.value, each.vip.value, each.group, each.name) for each in table()
    ] == [
        (call.method, call.path, *(call.told[name] for name in ("oauth", "vip", "group", "name")))
        for call in read_endpoints()
    ]


def test_a_wheel_holds_the_list_where_the_table_looks_for_it() -> None:
    build = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]
    source = ENDPOINTS.relative_to(ROOT)
    assert ENDPOINTS == endpoints.KEPT
    assert str(source) in build["wheel"]["only-include"]
    assert ROOT / build["wheel"]["sources"][str(source.parent)] / source.name == endpoints.PACKED
    assert "/spec" in build["sdist"]["include"]  # from which a wheel can be built as well


def test_there_is_no_second_list_beside_the_code() -> None:
    assert not endpoints.PACKED.exists()


@pytest.mark.parametrize("each", table(), ids=str)
def test_each_method_is_found_by_its_path(each: Endpoint) -> None:
    assert each in meant(re.sub(r"{\w+}", "a-1", each.path))
    assert each.matches(each.path)


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/movies/trending", ["GET /movies/trending"]),
        ("/movies/heat-1995", ["GET /movies/{id}"]),
        ("/movies", []),
        ("/movies/", []),
        ("/movies/1/", ["GET /movies/{id}"]),
        ("/movies//1", []),
        ("/sync/history", ["GET /sync/history/{type}/{id}", "POST /sync/history"]),
        ("/sync/history/movies", ["GET /sync/history/{type}/{id}"]),
        ("/sync/history/movies/1/2", []),
        ("/sync/history/remove", ["POST /sync/history/remove"]),
        (
            "/sync/watchlist/5",
            ["GET /sync/watchlist/{type}/{sort_by}/{sort_how}", "PUT /sync/watchlist/{list_item_id}"],
        ),
        ("/users/me/lists", ["GET /users/{id}/lists", "POST /users/{id}/lists"]),
        ("/users/hidden", ["GET /users/hidden/{section}", "POST /users/hidden/{section}"]),
        ("/shows/1/seasons", ["GET /shows/{id}/seasons"]),
        ("/shows/1/seasons/2", ["GET /shows/{id}/seasons/{season}"]),
        ("/search/movie,show", ["GET /search/{type}"]),
        ("/search/imdb/tt0113277", ["GET /search/{id_type}/{id}"]),
        ("/", []),
        ("", []),
    ],
)
def test_a_word_comes_before_a_parameter_and_parameters_at_the_end_may_be_left_out(
    path: str, methods: list[str]
) -> None:
    assert found(path) == methods


@pytest.mark.parametrize(
    ("call", "first"),
    [
        ("GET /shows/1/seasns", "GET /shows/{id}/seasons"),
        ("GET /show/breaking-bad", "GET /shows/{id}"),
        ("GET /user/settings", "GET /users/settings"),
        ("GET /settings", "GET /users/settings"),
        ("GET /history", "GET /sync/history/{type}/{id}"),
        ("POST /sync/rating", "POST /sync/ratings"),
        ("POST /scrobble/pause", "POST /scrobble/stop"),
        ("GET /shows/1/season/1/episode/2", "GET /shows/{id}/seasons/{season}/episodes/{episode}"),
        ("GET /users/me/history/movies/3/4", "GET /users/{id}/history/{type}/{item_id}"),
        ("GET /serach/movie", "GET /search/{type}"),
    ],
)
def test_a_path_that_is_not_there_is_near_one_that_is(call: str, first: str) -> None:
    method, path = call.split()
    close = nearest(method, path, 3)
    assert str(close[0]) == first
    assert len({each.path for each in close}) == len(close) <= 3


def test_what_is_like_nothing_is_near_nothing() -> None:
    assert nearest("GET", "/zzz", 3) == ()


@given(PATHS)
def test_any_path_is_looked_up_without_a_fault(path: str) -> None:
    for each in meant(path):
        assert each.matches(path)
    assert len(nearest("GET", path, 3)) <= 3


def test_what_is_not_filled_in_is_named() -> None:
    assert list(endpoints.blanks("/shows/{id}/seasons/:season/{x")) == ["{id}", ":season"]


def test_the_marks_are_those_that_a_user_asks_for() -> None:
    by_name = {str(each): each for each in table()}
    assert by_name["GET /users/settings"].sign_in is SignIn.REQUIRED
    assert by_name["GET /users/{id}/stats"].sign_in is SignIn.OPTIONAL
    assert by_name["GET /movies/{id}"].sign_in is SignIn.NONE
    assert by_name["POST /movies/{id}/refresh"].vip is Vip.ONLY
    assert by_name["POST /notes"].vip is Vip.ENHANCED
