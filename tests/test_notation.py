"""What people give to name something: addresses, ids and titles are understood, all else is one clear line."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from scrobbler.events import Ids
from scrobbler.identify.notation import ALLOWED, ById, ByTitle, Place, Reference, Subject, Unclear, parse

MOVIE, SHOW, EPISODE = Subject.MOVIE, Subject.SHOW, Subject.EPISODE


def by_id(subject: Subject | None, *place: int | None, **ids: int | str) -> ById:
    season, episode = (*place, None, None)[:2]
    at = Place(season=season, episode=episode) if season is not None else None
    return ById(ids=Ids(**ids), subject=subject, place=at)  # type: ignore[arg-type]  # names of its fields


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("https://trakt.tv/movies/heat-1995", by_id(MOVIE, slug="heat-1995")),
        ("https://app.trakt.tv/movies/heat-1995?mode=media", by_id(MOVIE, slug="heat-1995")),
        ("trakt.tv/movies/12601", by_id(MOVIE, trakt=12601)),
        ("https://trakt.tv/shows/breaking-bad", by_id(SHOW, slug="breaking-bad")),
        ("https://trakt.tv/shows/breaking-bad/seasons/2", by_id(SHOW, 2, slug="breaking-bad")),
        ("https://trakt.tv/shows/breaking-bad/seasons/0/episodes/3", by_id(SHOW, 0, 3, slug="breaking-bad")),
        ("https://app.trakt.tv/shows/breaking-bad/seasons/1/episodes/2", by_id(SHOW, 1, 2, slug="breaking-bad")),
        ("https://trakt.tv/episodes/62085", by_id(EPISODE, trakt=62085)),
        ("https://trakt.tv/search/tmdb/603", by_id(None, tmdb=603)),
        ("https://www.imdb.com/title/tt0113277/?ref_=nv_sr_1", by_id(None, imdb="tt0113277")),
        ("https://m.imdb.com/de/title/tt0113277", by_id(None, imdb="tt0113277")),
        ("imdb.com/title/TT0113277/episodes", by_id(None, imdb="tt0113277")),
        ("https://www.themoviedb.org/movie/603-the-matrix?language=de", by_id(MOVIE, tmdb=603)),
        ("https://www.themoviedb.org/tv/1396-breaking-bad", by_id(SHOW, tmdb=1396)),
        ("https://www.themoviedb.org/tv/1396-breaking-bad/season/2", by_id(SHOW, 2, tmdb=1396)),
        ("https://www.themoviedb.org/tv/1396/season/1/episode/2", by_id(SHOW, 1, 2, tmdb=1396)),
        ("https://thetvdb.com/?tab=series&id=81189", by_id(SHOW, tvdb=81189)),
        ("https://thetvdb.com/index.php?tab=episode&seriesid=1&id=349232", by_id(EPISODE, tvdb=349232)),
        ("https://thetvdb.com/dereferrer/series/81189", by_id(SHOW, tvdb=81189)),
        ("https://thetvdb.com/dereferrer/episode/349232", by_id(EPISODE, tvdb=349232)),
        ("https://thetvdb.com/series/81189/seasons/official/2", by_id(SHOW, 2, tvdb=81189)),
        ("https://thetvdb.com/series/breaking-bad/episodes/349232", by_id(EPISODE, tvdb=349232)),
        ("https://trakt.tv/shows/breaking-bad s01e02", by_id(SHOW, 1, 2, slug="breaking-bad")),
        ("tt0113277", by_id(None, imdb="tt0113277")),
        ("imdb:tt0113277", by_id(None, imdb="tt0113277")),
        ("tt0903747 s01e02", by_id(SHOW, 1, 2, imdb="tt0903747")),
        ("tmdb:603", by_id(None, tmdb=603)),
        ("tmdb:movie:603", by_id(MOVIE, tmdb=603)),
        ("tmdb:tv:1396", by_id(SHOW, tmdb=1396)),
        ("TMDB:1396 1x02", by_id(SHOW, 1, 2, tmdb=1396)),
        ("tvdb:121361", by_id(SHOW, tvdb=121361)),
        ("tvdb:episode:349232", by_id(EPISODE, tvdb=349232)),
        ("trakt:12", by_id(None, trakt=12)),
        ("trakt:show:1388 S01E02", by_id(SHOW, 1, 2, trakt=1388)),
    ],
)
def test_an_address_or_an_id_is_understood(text: str, meant: Reference) -> None:
    assert parse(text) == meant


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("Heat (1995)", ByTitle(title="Heat", year=1995)),
        ("  Heat  ", ByTitle(title="Heat")),
        ("The Expanse s01e02", ByTitle(title="The Expanse", place=Place(season=1, episode=2))),
        ("The Expanse S01 E02", ByTitle(title="The Expanse", place=Place(season=1, episode=2))),
        ("The Expanse 1x02", ByTitle(title="The Expanse", place=Place(season=1, episode=2))),
        ("The Expanse, season 2", ByTitle(title="The Expanse", place=Place(season=2))),
        ("Fargo (2014) s01e02", ByTitle(title="Fargo", year=2014, place=Place(season=1, episode=2))),
        ("One Piece 1015", ByTitle(title="One Piece 1015")),
        ("24 s01e01", ByTitle(title="24", place=Place(season=1, episode=1))),
        ("千と千尋の神隠し", ByTitle(title="千と千尋の神隠し")),
        ("Mission: Impossible", ByTitle(title="Mission: Impossible")),
        ("S01E02", ByTitle(title="S01E02")),
    ],
)
def test_a_name_is_understood(text: str, meant: Reference) -> None:
    assert parse(text) == meant


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "that is no name"),
        ("\x1b[31mHeat", "that is no name"),
        ("a" * 501, "that is no name"),
        ("(?!)", "'(?!)' is no name"),
        ("https://evil.example/movies/heat", "'evil.example' is no site that Trakt has ids of"),
        ("https://trakt.tv.evil.example/movies/heat", "'trakt.tv.evil.example' is no site"),
        ("https://[", "that is no address that can be read"),
        ("https://trakt.tv/users/me", "this address at trakt.tv names no film, show or episode"),
        ("https://trakt.tv/movies/..", "this address at trakt.tv names no film, show or episode"),
        ("https://trakt.tv/shows/x/seasons/1/episodes/x", "this address at trakt.tv names no film"),
        ("https://www.imdb.com/name/nm0000199/", "this address at imdb.com names no film"),
        ("https://www.themoviedb.org/person/1", "this address at themoviedb.org names no film"),
        ("https://thetvdb.com/", "this address at thetvdb.com names no film"),
        ("https://thetvdb.com/series/game-of-thrones", "TVDb's id is not in this address, only the name 'game-of-thr"),
        ("tmdb:", "'tmdb:' is no id"),
        ("tmdb:abc", "'tmdb:abc' is no id"),
        ("tmdb:0", "'0' is no id"),
        ("tmdb:99999999999999999999", "'99999999999999999999' is no id"),
        ("imdb:603", "'imdb:603' is no id"),
        ("tvdb:movie:7", "Trakt knows no film by TVDb's id"),
    ],
)
def test_what_names_nothing_is_answered_with_what_is_allowed(text: str, why: str) -> None:
    said = parse(text)
    assert isinstance(said, Unclear)
    assert said.reason.startswith(why)
    assert said.reason.endswith(ALLOWED)
    assert said.reason.isprintable()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("https://trakt.tv/shows/x/seasons/1/episodes/2 s01e02", "season and episode are said twice"),
        ("tmdb:movie:603 s01e02", "season and episode go with a show, and this names a film already"),
        ("trakt:episode:1 s01e02", "season and episode go with a show, and this names an episode already"),
    ],
)
def test_a_place_goes_with_a_show(text: str, why: str) -> None:
    said = parse(text)
    assert isinstance(said, Unclear)
    assert said.reason.startswith(why)


HOSTILE = st.one_of(
    st.text(),
    st.builds(
        "https://{}/{}".format, st.sampled_from(["trakt.tv", "imdb.com", "themoviedb.org", "thetvdb.com"]), st.text()
    ),
    st.builds("{}:{}".format, st.sampled_from(["tmdb", "imdb", "tvdb", "trakt", "trakt:show"]), st.text()),
)


@given(HOSTILE)
@example("https://trakt.tv/shows/x/seasons/" + "9" * 30)
@example("https://thetvdb.com/?id=1&id=2&tab")
@example("https://www.themoviedb.org/tv/0/season/0")
def test_nothing_that_is_typed_breaks_it(text: str) -> None:
    said = parse(text)
    if isinstance(said, Unclear):
        assert said.reason.isprintable()
    if isinstance(said, ById):
        assert len(said.ids.known()) == 1
