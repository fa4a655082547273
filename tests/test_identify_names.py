"""Names as people and media managers write them, and what they say for certain."""

import pytest
from msgspec.structs import replace

from scrobbler.events import Ids, Media, MediaKind, Show
from scrobbler.identify.names import Extra, Named, Unsure, describe, numbered


def film(title: str, year: int | None = None, **ids: int | str) -> Media:
    """A film as it is expected to be read."""
    return Media(kind=MediaKind.MOVIE, title=title, year=year, ids=_ids(ids))


def episode(
    show: str,
    season: int,
    number: int,
    *,
    to: int | None = None,
    year: int | None = None,
    title: str | None = None,
    **ids: int | str,
) -> Media:
    """An episode as it is expected to be read; the ids are the show's."""
    return Media(
        kind=MediaKind.EPISODE,
        title=title,
        show=Show(title=show, year=year, ids=_ids(ids)),
        season=season,
        episode=number,
        episode_end=to,
    )


def _ids(ids: dict[str, int | str]) -> Ids:
    return Ids(**ids)  # type: ignore[arg-type]  # the tables below name each id with its own type


FILMS = {
    "Heat (1995).mkv": film("Heat", 1995),
    "/films/Heat (1995).mkv": film("Heat", 1995),
    "C:\\Films\\Heat (1995)\\Heat (1995).mp4": film("Heat", 1995),
    "Film (2010) {imdb-tt1104001}.mkv": film("Film", 2010, imdb="tt1104001"),
    "Film (2010) [imdbid-tt1104001].mkv": film("Film", 2010, imdb="tt1104001"),
    "Film (2010) [tmdbid=20526].mkv": film("Film", 2010, tmdb=20526),
    "Film (2010) {tmdb-20526} {imdb-TT1104001}.mkv": film("Film", 2010, tmdb=20526, imdb="tt1104001"),
    "Film (2010) (tmdb-20526).mkv": film("Film", 2010, tmdb=20526),
    "Film (2010) [tt1104001].mkv": film("Film", 2010, imdb="tt1104001"),
    "Film {tmdb-20526}.mkv": film("Film", None, tmdb=20526),
    "Film (2010) {edition-Director's Cut}.mkv": film("Film", 2010),
    "Film (2010) - 1080p.mkv": film("Film", 2010),
    "Film (2010) - Director's Cut.mkv": film("Film", 2010),
    "Film (2010) [Bluray-1080p][DTS 5.1]-GROUP.mkv": film("Film", 2010),
    "Film (2010) Bluray-1080p.mkv": film("Film", 2010),
    "/m/Film (2010) {imdb-tt1104001}/Film (2010).mkv": film("Film", 2010, imdb="tt1104001"),
    "/m/Film (2010) [tmdbid-20526]/Film (2010) - 2160p.mkv": film("Film", 2010, tmdb=20526),
    "/m/Heat (1995)/Heat.mkv": film("Heat", 1995),
    "/m/Heat (1995)/Heat.1995.1080p.BluRay.x264-GROUP.mkv": film("Heat", 1995),
    "/m/The Matrix (1999) {tmdb-603}/the.matrix.1999.2160p.uhd.mkv": film("The Matrix", 1999, tmdb=603),
    "(500) Days of Summer (2009).mkv": film("(500) Days of Summer", 2009),
    "2001 - A Space Odyssey (1968).mkv": film("2001 - A Space Odyssey", 1968),
    "Kill Bill - Vol. 1 (2003).mkv": film("Kill Bill - Vol. 1", 2003),
    "Mission - Impossible (1996).mkv": film("Mission - Impossible", 1996),
    "Harry Potter and the Deathly Hallows - Part 2 (2011).mkv": film(
        "Harry Potter and the Deathly Hallows - Part 2", 2011
    ),
    "Blade Runner 2049 (2017).mkv": film("Blade Runner 2049", 2017),
    "1917 (2019).mkv": film("1917", 2019),
    "S.W.A.T. (2017).mkv": film("S.W.A.T.", 2017),
    "Dr. No (1962).mkv": film("Dr. No", 1962),
    "Matrix, The (1999).mkv": film("Matrix, The", 1999),
    "Открытие (2019).mkv": film("Открытие", 2019),
    "http://nas:8080/films/Heat%20(1995).mkv": film("Heat", 1995),
    "file:///films/Heat%20(1995)/Heat%20(1995).mkv": film("Heat", 1995),
}

EPISODES = {
    "Show - S01E02 - Title.mkv": episode("Show", 1, 2, title="Title"),
    "Show.S01E02.1080p.WEB.mkv": episode("Show", 1, 2),
    "Show S01E02.mkv": episode("Show", 1, 2),
    "[Group] Show (2019) - S01E05 [1080p].mkv": episode("Show", 1, 5, year=2019),
    "Show - s1e2.avi": episode("Show", 1, 2),
    "Show - 1x02 - Title.mkv": episode("Show", 1, 2, title="Title"),
    "Show (2005) - S01E02 - Title.mkv": episode("Show", 1, 2, year=2005, title="Title"),
    "Show (2005) - S01E02 - Title [WEBDL-1080p][AAC].mkv": episode("Show", 1, 2, year=2005, title="Title"),
    "Show - S01E02 - Title WEBDL-1080p.mkv": episode("Show", 1, 2),
    "Show - S01E01-E02 - Title.mkv": episode("Show", 1, 1, to=2, title="Title"),
    "Show - S01E01E02.mkv": episode("Show", 1, 1, to=2),
    "Show - S01E01-02.mkv": episode("Show", 1, 1, to=2),
    "Show - S01E01E02E03.mkv": episode("Show", 1, 1, to=3),
    "Show - 1x01-02.mkv": episode("Show", 1, 1, to=2),
    "Show - S2024E105.mkv": episode("Show", 2024, 105),
    "9-1-1 - S01E02.mkv": episode("9-1-1", 1, 2),
    "24 - S01E02 - 1.00 A.M.mkv": episode("24", 1, 2, title="1.00 A.M"),
    "Show - S01E05 - 24 Hours.mkv": episode("Show", 1, 5, title="24 Hours"),
    "Star Trek - Deep Space Nine - S01E01 - Emissary.mkv": episode(
        "Star Trek - Deep Space Nine", 1, 1, title="Emissary"
    ),
    "/tv/The Office (US)/Season 01/The Office (US) - S01E05 - Halloween.mkv": episode(
        "The Office (US)", 1, 5, title="Halloween"
    ),
    "/tv/Show (2005) {tvdb-78804}/Season 1/Show (2005) - S01E02.mkv": episode("Show", 1, 2, year=2005, tvdb=78804),
    "/tv/Show [tvdbid-78804]/Season 1/S01E02.mkv": episode("Show", 1, 2, tvdb=78804),
    "/tv/Breaking Bad (2008)/Season 01/Breaking.Bad.S01E01.720p.mkv": episode("Breaking Bad", 1, 1, year=2008),
    "/tv/Show (2005) [imdb-tt0436992]/s01e02 - Title.mkv": episode(
        "Show", 1, 2, year=2005, title="Title", imdb="tt0436992"
    ),
    "/tv/Show/S01/Show.S01E02.mkv": episode("Show", 1, 2),
    "/tv/Show (2005)/Specials/Show S00E01.mkv": episode("Show", 0, 1, year=2005),
    "/tv/Show (2005)/Season 0/Show (2005) - S00E01 - Pilot.mkv": episode("Show", 0, 1, year=2005, title="Pilot"),
    "/downloads/Firefly S01E01.mkv": episode("Firefly", 1, 1),
    "/tv/Extras/Extras S01E01.mkv": episode("Extras", 1, 1),
    "/tv/Other (2010) {tvdb-5}/Firefly S01E01.mkv": episode("Firefly", 1, 1),
    "Show - S01E02 {tvdb-5}.mkv": episode("Show", 1, 2),
    "smb://nas/tv/Show (2005)/Season 1/Show - S01E02.mkv": episode("Show", 1, 2, year=2005),
}

UNSURE = [
    "Heat.1995.1080p.BluRay.x264-GROUP.mkv",
    "Heat.mkv",
    "/m/Marvel (2008)/Iron Man.mkv",
    "[Group] Show - 05 [1080p].mkv",
    "Some.Show.S01E02.1080p.WEB.mkv",
    "Show Season 1 Episode 2.mkv",
    "Stagione 1 - S01E02.mkv",
    "S01E02 - Title.mkv",
    "Show - S01E01-720.mkv",
    "Show - S01E02-01.mkv",
    "Show - S01E01 - S01E02.mkv",
    "Show - S01E01 - E02.mkv",
    "Show - S01E02v2.mkv",
    "/tv/Show (2005)/Season 2/Show - S01E02.mkv",
    "/tv/Show (2005)/Season 2/Show (2005).mkv",
    "/tv/Doctor Who (2005)/Doctor Who (2005) - 05.mkv",
    "/tv/Doctor Who (2005)/Doctor Who 05.mkv",
    "/tv/Doctor Who (2005)/Doctor.Who.2005.05.1080p.mkv",
    "The Daily Show (1996) - 2024-05-06 - Guest.mkv",
    "Film (2010) - part1.mkv",
    "Film (2010) - cd2.avi",
    "Film 1080p (2010).mkv",
    "Film (2010) something else.mkv",
    "Show 1920x1080.mkv",
    "https://video.example/watch",
    "https://video.example/live/index.m3u8",
    "/",
]

EXTRAS = [
    "/m/Heat (1995)/Trailers/Heat (1995).mkv",
    "/m/Heat (1995)/trailers/Teaser 1.mkv",
    "/m/Heat (1995)/Behind The Scenes/Making of.mkv",
    "/m/Heat (1995)/Featurettes/Pacino.mkv",
    "/m/Heat (1995)/Other/Something.mkv",
    "/m/Heat (1995)/Heat (1995)-trailer.mkv",
    "/m/Heat (1995)/Heat (1995)-Trailer2.mkv",
    "/m/Heat (1995)/Heat (1995)-behindthescenes.mkv",
    "/m/Heat (1995)/Heat (1995)-deleted.mkv",
    "/m/Heat (1995)/trailer.mp4",
    "/dl/Heat.1995.1080p/Sample/heat.mkv",
    "/dl/Heat.1995.1080p/sample-heat.mkv",
    "/dl/Heat.1995.1080p/heat.sample.mkv",
]

NO_EXTRAS = [
    "The.Interview.2014.1080p.mkv",
    "/m/Shorts/Bao (2018).mkv",
    "/media/other/Heat (1995).mkv",
    "Get-Shorty.1995.mkv",
    "Heat.1995.1080p.BluRay-OTHER.mkv",
    "/tv/Extras/Season 1/Extras S01E01.mkv",
    "Trailer Park Boys - S01E01.mkv",
    "Free Sample (2012).mkv",
]


@pytest.mark.parametrize(("path", "expected"), (FILMS | EPISODES).items())
def test_a_name_in_a_known_shape_is_read(path: str, expected: Media) -> None:
    assert describe(Media(path=path)) == Named(media=replace(expected, path=path))


@pytest.mark.parametrize("path", UNSURE)
def test_a_name_in_any_other_shape_is_left_to_guessing(path: str) -> None:
    reading = describe(Media(path=path))
    assert isinstance(reading, Unsure)
    assert reading.media.kind is None


@pytest.mark.parametrize("path", EXTRAS)
def test_extras_are_not_scrobbled(path: str) -> None:
    assert isinstance(describe(Media(path=path)), Extra)


@pytest.mark.parametrize("path", NO_EXTRAS)
def test_a_title_that_sounds_like_an_extra_is_none(path: str) -> None:
    assert not isinstance(describe(Media(path=path)), Extra)


@pytest.mark.parametrize(
    "media",
    [
        Media(kind=MediaKind.MOVIE, title="Heat", path="Show - S01E02.mkv"),
        Media(kind=MediaKind.MOVIE, ids=Ids(tmdb=949), path="trailer.mkv"),
        Media(kind=MediaKind.EPISODE, ids=Ids(tvdb=1)),
        Media(kind=MediaKind.EPISODE, show=Show(title="Show"), season=0, episode=0, path="Heat (1995).mkv"),
        Media(kind=MediaKind.EPISODE, show=Show(ids=Ids(tvdb=1)), number_abs=164),
    ],
)
def test_what_the_player_identified_is_left_alone(media: Media) -> None:
    assert describe(media) == Named(media=media)


def test_a_kind_that_the_player_knows_is_not_overruled() -> None:
    assert isinstance(describe(Media(kind=MediaKind.EPISODE, path="Heat (1995).mkv")), Unsure)
    assert isinstance(describe(Media(kind=MediaKind.MOVIE, path="Show - S01E02.mkv")), Unsure)


def test_a_name_without_a_path_is_read_like_a_files() -> None:
    named = describe(Media(title="The Expanse S01E03"))
    assert named == Named(media=episode("The Expanse", 1, 3))
    assert isinstance(describe(Media(title="Face/Off")), Unsure)
    assert describe(Media()) == Unsure(media=Media())


def test_an_id_is_kept_where_the_rest_is_unsure() -> None:
    path = "Heat.1995.1080p.{tmdb-949}.mkv"
    assert describe(Media(path=path)) == Unsure(media=Media(path=path, ids=Ids(tmdb=949)))


def test_below_a_seasons_folder_the_show_is_certain_even_if_the_episode_is_not() -> None:
    path = "/tv/One Piece (1999) {tvdb-81797}/Season 1/[Group] One Piece - 05.mkv"
    reading = describe(Media(path=path))
    assert reading == Unsure(media=Media(path=path, show=Show(title="One Piece", year=1999, ids=Ids(tvdb=81797))))


@pytest.mark.parametrize(
    ("path", "numbers"),
    [
        ("/shows/Dark S01E01-E02.mkv", (1, 1, 2)),
        ("/shows/dark.s01e03e04e05.1080p.web.mkv", (1, 3, 5)),
        ("Dark 1x01-02.mkv", (1, 1, 2)),
        ("https://nas/Dark%20S01E01E02.mkv", (1, 1, 2)),
    ],
)
def test_that_a_file_holds_several_episodes_is_known_whatever_show_it_is_of(
    path: str, numbers: tuple[int, int, int]
) -> None:
    known = numbered(Media(path=path))
    assert (known.season, known.episode, known.episode_end) == numbers
    assert (known.kind, known.path, known.show) == (MediaKind.EPISODE, path, None)


@pytest.mark.parametrize(
    "media",
    [
        Media(path="/shows/Dark S01E01.mkv"),
        Media(path="/shows/Dark S01E05-1080.mkv"),
        Media(path="/shows/Dark S01E05-04.mkv"),
        Media(path="/films/Heat (1995).mkv"),
        Media(title="Dark S01E01E02"),
        Media(path="/shows/Dark S01E01E02.mkv", kind=MediaKind.EPISODE, season=1, episode=2),
        Media(path="/shows/Dark S01E01E02.mkv", kind=MediaKind.MOVIE, title="Dark"),
    ],
)
def test_a_media_that_is_one_item_or_was_named_by_its_player_stays_as_it_is(media: Media) -> None:
    assert numbered(media) == media
