"""What somebody names is looked up: one film, one show or one episode of Trakt's, or those that may be meant."""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest
import respx
from double import Double

from scrobbler.errors import Rejected, Unavailable
from scrobbler.events import MediaKind
from scrobbler.identify.finder import Finder
from scrobbler.identify.match import Unmatched
from scrobbler.identify.notation import Place, Unclear
from scrobbler.identify.reference import Referred, Whole, refer
from scrobbler.sandbox import FaultKind
from scrobbler.trakt.client import Trakt
from scrobbler.trakt.tokens import TokenFile
from scrobbler.trakt.wire import Item


class Asker:
    """Somebody who is not even signed in."""

    def __init__(self, trakt: Trakt, clock: Callable[[], datetime]) -> None:
        self._trakt = trakt
        self._finder = Finder(trakt, clock)

    def __call__(self, text: str, *, at: Place | None = None, of: MediaKind | None = None) -> Referred:
        return refer(text, self._trakt, self._finder, at=at, of=of)


@pytest.fixture
def ask(double: Double, clock: Callable[[], datetime], tmp_path: Path) -> Iterator[Asker]:
    with closing(Trakt(double.app, TokenFile(tmp_path, "default"), now=clock)) as trakt:
        yield Asker(trakt, clock)


def found(said: Referred) -> str:
    """What was found, in short."""
    if isinstance(said, Item):
        return said.label()
    assert isinstance(said, Whole), said
    return f"{said.show.title} ({said.show.year})" + ("" if said.season is None else f", season {said.season}")


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("https://trakt.tv/movies/heat-1995", "Heat (1995)"),
        ("https://trakt.tv/movies/12601", "TRON: Legacy (2010)"),
        ("https://www.imdb.com/title/tt0113277/", "Heat (1995)"),
        ("https://www.themoviedb.org/movie/603-the-matrix", "The Matrix (1999)"),
        ("tmdb:movie:603", "The Matrix (1999)"),
        ("tmdb:603", "The Matrix (1999)"),
        ("tt0113277", "Heat (1995)"),
        ("Heat (1995)", "Heat (1995)"),
        ("heat (1986)", "Heat (1986)"),
        ("Inception", "Inception (2010)"),
        ("Super 8", "Super 8 (2011)"),
        ("Heat 1995", "Heat (1995)"),
    ],
)
def test_a_film_is_found(ask: Asker, text: str, what: str) -> None:
    assert found(ask(text)) == what


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("https://trakt.tv/shows/breaking-bad", "Breaking Bad (2008)"),
        ("https://trakt.tv/shows/breaking-bad/seasons/1", "Breaking Bad (2008), season 1"),
        ("https://www.themoviedb.org/tv/1396-breaking-bad", "Breaking Bad (2008)"),
        ("https://thetvdb.com/dereferrer/series/81189", "Breaking Bad (2008)"),
        ("tvdb:81189", "Breaking Bad (2008)"),
        ("trakt:show:1388", "Breaking Bad (2008)"),
        ("tt0903747", "Breaking Bad (2008)"),
        ("Breaking Bad", "Breaking Bad (2008)"),
        ("Breaking Bad, season 1", "Breaking Bad (2008), season 1"),
    ],
)
def test_a_show_is_found(ask: Asker, text: str, what: str) -> None:
    assert found(ask(text)) == what


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("https://app.trakt.tv/shows/the-expanse/seasons/1/episodes/2", "The Expanse S01E02"),
        ("https://www.themoviedb.org/tv/63639/season/1/episode/2", "The Expanse S01E02"),
        ("tvdb:280619 s01e02", "The Expanse S01E02"),
        ("tt3230854 1x02", "The Expanse S01E02"),
        ("The Expanse s01e02", "The Expanse S01E02"),
        ("The Expanse 1x02", "The Expanse S01E02"),
        ("Fargo (2014) s01e01", "Fargo S01E01"),
        ("https://thetvdb.com/series/one-piece/episodes/362082", "One Piece S09E21"),
        ("One Piece 164", "One Piece S09E21"),
        ("https://trakt.tv/shows/game-of-thrones/seasons/0/episodes/1", "Game of Thrones S00E01"),
    ],
)
def test_an_episode_is_found(ask: Asker, text: str, what: str) -> None:
    said = ask(text)
    assert found(said) == what
    assert isinstance(said, Item)
    assert said.show is not None
    assert said.show.ids.trakt


def test_a_show_is_asked_about_the_episode_at_hand(ask: Asker) -> None:
    at = Place(season=1, episode=2)
    assert found(ask("https://trakt.tv/shows/the-expanse", at=at)) == "The Expanse S01E02"
    assert found(ask("The Expanse", at=at, of=MediaKind.EPISODE)) == "The Expanse S01E02"
    assert found(ask("The Expanse s02e01", at=at)) == "The Expanse S02E01"
    assert found(ask("The Expanse, season 2", at=at)) == "The Expanse S02E02"
    assert found(ask("https://trakt.tv/shows/the-expanse/seasons/2", at=at)) == "The Expanse S02E02"


def test_where_a_film_and_a_show_are_called_so_the_kind_decides(ask: Asker) -> None:
    assert found(ask("Fargo (1996)")) == "Fargo (1996)"
    assert found(ask("Fargo", of=MediaKind.MOVIE)) == "Fargo (1996)"
    assert found(ask("Fargo", of=MediaKind.EPISODE)) == "Fargo (2014)"


def test_several_of_one_name_are_all_named(ask: Asker) -> None:
    said = ask("Heat")
    assert isinstance(said, Unmatched)
    assert {"Heat (1995)", "Heat (1986)"} <= {one.item.label() for one in said.candidates}
    shows = ask("Battlestar Galactica s01e01")
    assert isinstance(shows, Unmatched)
    assert {one.item.show.year for one in shows.candidates if one.item.show is not None} >= {1978, 2004}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("https://trakt.tv/movies/nothing-like-it", "Trakt knows no movie with slug nothing-like-it"),
        ("tmdb:tv:99999999", "Trakt knows no show with tmdb 99999999"),
        ("tt9999999999", "Trakt knows no film or show with imdb tt9999999999"),
        ("tvdb:episode:99999999", "Trakt knows no episode with tvdb 99999999"),
        ("trakt:show:1388 s01e99", "Breaking Bad (2008) has no S01E99 at Trakt"),
        ("trakt:show:1388 s77e01", "Breaking Bad (2008) has no S77E01 at Trakt"),
    ],
)
def test_what_there_is_not_is_said(ask: Asker, text: str, why: str) -> None:
    said = ask(text)
    assert isinstance(said, Unmatched)
    assert said.reason == why


def test_a_name_that_nothing_has_says_so(ask: Asker) -> None:
    assert isinstance(ask("Zxcvbnm Qwertz s01e02"), Unmatched)
    assert isinstance(ask("Zxcvbnm Qwertz 12"), Unmatched)
    assert isinstance(ask("tmdb:abc"), Unclear)


def test_one_number_of_a_film_and_a_show_is_not_guessed(ask: Asker, double: Double) -> None:
    with respx.mock(base_url=double.url) as router:
        for kind, title in (("movie", "Nosferatu"), ("show", "Dallas")):
            hit = {"type": kind, "score": 1000, kind: {"title": title, "year": 1978, "ids": {"trakt": 5, "slug": "x"}}}
            router.get("/search/tmdb/653", params={"type": kind}).respond(json=[hit])
        said = ask("tmdb:653")
        assert isinstance(said, Unmatched)
        assert said.reason == ("tmdb 653 is Nosferatu (1978) and Dallas (1978): say tmdb:movie:653 or tmdb:show:653")
        assert found(ask("tmdb:show:653")) == "Dallas (1978)"
        assert found(ask("tmdb:653", of=MediaKind.MOVIE)) == "Nosferatu (1978)"


def test_a_refusal_is_no_answer(ask: Asker, double: Double, breaches: list[str]) -> None:
    double.fault(FaultKind.STATUS, status=422, times=None)
    with pytest.raises(Rejected):
        ask("https://trakt.tv/movies/heat-1995")
    assert breaches.pop()


@pytest.mark.parametrize("text", ["trakt:show:1388", "Heat (1995)", "https://trakt.tv/movies/heat-1995"])
def test_an_outage_is_no_answer(ask: Asker, double: Double, text: str) -> None:
    double.fault(FaultKind.STATUS, status=503, times=None)
    with pytest.raises(Unavailable):
        ask(text)
