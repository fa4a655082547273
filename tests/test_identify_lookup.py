"""From a media to an item of Trakt's: never the first hit, always one that fits."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import respx

from scrobbler.errors import Unavailable
from scrobbler.events import Ids, Media, MediaKind, Show
from scrobbler.identify.lookup import Finder, Unmatched
from scrobbler.identify.names import Extra
from scrobbler.trakt.app import App
from scrobbler.trakt.client import Trakt
from scrobbler.trakt.tokens import TokenFile, Tokens
from scrobbler.trakt.wire import Item

EPISODE = MediaKind.EPISODE
MOVIE = MediaKind.MOVIE
SEARCH = "https://api.trakt.tv/search/"
NOW = datetime(2026, 11, 20, 20, 0, tzinfo=UTC)


@pytest.fixture
def finder(tmp_path: Path) -> Finder:
    file = TokenFile(tmp_path, "me")
    file.write(Tokens(access_token="a", refresh_token="r", created_at=NOW, expires_at=NOW + timedelta(days=7)))
    return Finder(Trakt(App(client_id="our-id"), file, now=lambda: NOW))


def entry(trakt: int, title: str, year: int | None, **more: Any) -> dict[str, Any]:
    return {"title": title, "year": year, "ids": {"trakt": trakt}, **more}


def hits(router: respx.MockRouter, kind: str, *entries: dict[str, Any]) -> respx.Route:
    return router.get(SEARCH + kind).respond(json=[{"type": kind, "score": 1.0, kind: one} for one in entries])


def film(title: str, year: int | None = None) -> Media:
    return Media(kind=MOVIE, title=title, year=year)


def episode(show: str, year: int | None = None) -> Media:
    return Media(kind=EPISODE, show=Show(title=show, year=year), season=1, episode=2)


def found(outcome: Item | Unmatched | Extra) -> int | None:
    """The Trakt id of the film or the show that was found."""
    assert isinstance(outcome, Item), outcome
    return outcome.show.ids.trakt if outcome.show is not None else outcome.ids.trakt


def missed(outcome: Item | Unmatched | Extra) -> list[int | None]:
    """The Trakt ids of the candidates."""
    assert isinstance(outcome, Unmatched), outcome
    return [candidate.ids.trakt for candidate in outcome.candidates]


@pytest.mark.parametrize(
    ("media", "item"),
    [
        (
            Media(kind=MOVIE, title="Heat", year=1995, ids=Ids(imdb="tt0113277")),
            Item(kind=MOVIE, title="Heat", year=1995, ids=Ids(imdb="tt0113277")),
        ),
        (
            Media(kind=EPISODE, show=Show(ids=Ids(tvdb=81189)), season=1, episode=2, ids=Ids(tmdb=5)),
            Item(kind=EPISODE, show=Show(ids=Ids(tvdb=81189)), season=1, number=2, ids=Ids(tmdb=5)),
        ),
        (Media(kind=EPISODE, ids=Ids(tvdb=349232)), Item(kind=EPISODE, ids=Ids(tvdb=349232))),
        (
            Media(kind=EPISODE, show=Show(title="X"), season=1, episode=2, ids=Ids(tvdb=349232)),
            Item(kind=EPISODE, show=Show(title="X"), season=1, number=2, ids=Ids(tvdb=349232)),
        ),
    ],
)
def test_ids_need_no_lookup(respx_mock: respx.MockRouter, finder: Finder, media: Media, item: Item) -> None:
    assert finder.resolve(media) == item
    assert not respx_mock.calls


def test_a_films_tvdb_id_is_none_that_trakt_knows(respx_mock: respx.MockRouter, finder: Finder) -> None:
    hits(respx_mock, "movie", entry(4, "Heat", 1995))
    assert found(finder.resolve(Media(kind=MOVIE, title="Heat", year=1995, ids=Ids(tvdb=9)))) == 4


def test_the_first_hit_is_not_the_answer(respx_mock: respx.MockRouter, finder: Finder) -> None:
    hits(respx_mock, "movie", entry(1, "The Heat Is On", 1995), entry(2, "Heat", 1986), entry(4, "Heat", 1995))
    assert found(finder.resolve(film("Heat", 1995))) == 4


def test_a_title_may_be_written_in_another_way(respx_mock: respx.MockRouter, finder: Finder) -> None:
    hits(respx_mock, "movie", entry(7, "Mission: Impossible", 1996))
    assert found(finder.resolve(film("Mission - Impossible", 1996))) == 7


def test_a_title_may_be_the_original_one(respx_mock: respx.MockRouter, finder: Finder) -> None:
    hits(respx_mock, "movie", entry(7, "Life Is Beautiful", 1997, original_title="La vita è bella"))
    assert found(finder.resolve(film("La vita e bella", 1997))) == 7


@pytest.mark.parametrize(("year", "fits"), [(1994, True), (1996, True), (1993, False), (1997, False)])
def test_a_year_may_be_one_off(respx_mock: respx.MockRouter, finder: Finder, year: int, fits: bool) -> None:
    hits(respx_mock, "movie", entry(4, "Heat", 1995))
    outcome = finder.resolve(film("Heat", year))
    if fits:
        assert found(outcome) == 4
    else:
        assert missed(outcome) == [4]


def test_the_exact_year_beats_the_one_beside_it(respx_mock: respx.MockRouter, finder: Finder) -> None:
    hits(respx_mock, "movie", entry(1, "Heat", 1994), entry(4, "Heat", 1995))
    assert found(finder.resolve(film("Heat", 1995))) == 4


def test_two_that_fit_alike_are_shown_and_none_is_chosen(respx_mock: respx.MockRouter, finder: Finder) -> None:
    hits(respx_mock, "movie", entry(2, "Heat", 1986), entry(4, "Heat", 1995), entry(1, "Heatwave", 2022))
    outcome = finder.resolve(film("Heat"))
    assert missed(outcome) == [2, 4]
    assert isinstance(outcome, Unmatched)
    assert [candidate.label() for candidate in outcome.candidates] == ["Heat (1986)", "Heat (1995)"]


def test_a_lone_title_without_a_year_is_enough(respx_mock: respx.MockRouter, finder: Finder) -> None:
    hits(respx_mock, "show", entry(1, "Breaking Bad", 2008), entry(2, "Breaking Boundaries", 2021))
    assert found(finder.resolve(episode("Breaking Bad"))) == 1


def test_a_year_in_brackets_tells_namesakes_apart(respx_mock: respx.MockRouter, finder: Finder) -> None:
    route = hits(respx_mock, "show", entry(1, "Doctor Who", 1963), entry(2, "Doctor Who", 2005))
    assert found(finder.resolve(episode("Doctor Who (2005)"))) == 2
    assert route.calls.last.request.url.params["query"] == "Doctor Who"


@pytest.mark.parametrize(("title", "show"), [("The Office (US)", 2), ("The Office (UK)", 1), ("The Office (AU)", 3)])
def test_a_country_in_brackets_tells_namesakes_apart(
    respx_mock: respx.MockRouter, finder: Finder, title: str, show: int
) -> None:
    hits(
        respx_mock,
        "show",
        entry(1, "The Office", 2001, country="gb"),
        entry(2, "The Office", 2005, country="us"),
        entry(3, "The Office (AU)", 2024),
    )
    outcome = finder.resolve(episode(title))
    assert found(outcome) == show


def test_nothing_that_fits_is_no_match(respx_mock: respx.MockRouter, finder: Finder) -> None:
    hits(respx_mock, "show")
    outcome = finder.resolve(episode("Nothing Of The Kind"))
    assert outcome == Unmatched(reason="Trakt knows none by that title and year")


def test_a_show_is_looked_up_once(respx_mock: respx.MockRouter, finder: Finder) -> None:
    route = hits(respx_mock, "show", entry(1, "Breaking Bad", 2008))
    first, second = episode("Breaking Bad"), Media(kind=EPISODE, show=Show(title="Breaking Bad"), season=5, episode=16)
    assert found(finder.resolve(first)) == found(finder.resolve(second)) == 1
    assert route.call_count == 1


def test_a_show_that_was_not_found_is_looked_up_again(respx_mock: respx.MockRouter, finder: Finder) -> None:
    hits(respx_mock, "show")
    assert missed(finder.resolve(episode("Breaking Bad"))) == []
    hits(respx_mock, "show", entry(1, "Breaking Bad", 2008))
    assert found(finder.resolve(episode("Breaking Bad"))) == 1


def test_a_lookup_that_fails_is_no_missing_item(respx_mock: respx.MockRouter, finder: Finder) -> None:
    respx_mock.get(SEARCH + "show").respond(503)
    with pytest.raises(Unavailable):
        finder.resolve(episode("Breaking Bad"))


@pytest.mark.parametrize(
    "media",
    [
        Media(title="Heat", ids=Ids(imdb="tt0113277")),
        Media(kind=MOVIE, ids=Ids(tvdb=5)),
        Media(kind=EPISODE, show=Show(title="X"), number_abs=5),
        Media(kind=EPISODE, show=Show(title="X"), date=date(2024, 5, 6)),
        Media(kind=EPISODE, show=Show(), season=1, episode=2),
        Media(kind=EPISODE, season=1, episode=2),
    ],
)
def test_what_says_too_little_is_not_looked_up(respx_mock: respx.MockRouter, finder: Finder, media: Media) -> None:
    assert isinstance(finder.resolve(media), Unmatched)
    assert not respx_mock.calls


def test_a_file_becomes_an_item(respx_mock: respx.MockRouter, finder: Finder) -> None:
    hits(respx_mock, "show", entry(1, "Some Show", 2008))
    for name in ("Some Show - S01E02 - Title.mkv", "Some.Show.S01E02.1080p.WEB.mkv"):
        item = finder.find(Media(path=f"/downloads/{name}"))
        assert isinstance(item, Item)
        assert item.label() == "Some Show S01E02"
    assert finder.find(Media(path="Film (2010) {imdb-tt1104001}.mkv")) == Item(
        kind=MOVIE, title="Film", year=2010, ids=Ids(imdb="tt1104001")
    )


def test_a_trailer_does_not_become_an_item(respx_mock: respx.MockRouter, finder: Finder) -> None:
    assert isinstance(finder.find(Media(path="/m/Heat (1995)/Heat (1995)-trailer.mkv")), Extra)
    assert not respx_mock.calls


def test_a_name_that_cannot_be_guessed_keeps_its_reason(finder: Finder) -> None:
    assert finder.find(Media(path="https://video.example/watch")) == Unmatched(reason="there is no file name to go by")


@pytest.mark.parametrize("path", ["/shows/Dark S01E01-E02.mkv", "/dl/dark.s01e01e02.1080p.web.x264.mkv"])
def test_each_part_of_a_file_with_several_episodes_is_its_own_item(
    path: str, finder: Finder, respx_mock: respx.MockRouter
) -> None:
    hits(respx_mock, "show", entry(7, "Dark", 2017))
    for number in (1, 2):
        item = finder.find(Media(path=path, kind=EPISODE, season=1, episode=number))
        assert isinstance(item, Item)
        assert (item.show and item.show.ids.trakt, item.season, item.number) == (7, 1, number)
