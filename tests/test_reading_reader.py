"""What a name, its folders, its NFO and its player say together, and who is believed."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from naming import same, words
from tables import rows

from scrobbler.events import Ids, Media, MediaKind, Seconds, Show
from scrobbler.reading.names import identified
from scrobbler.reading.reader import Extra, Read, Reading, Source, Unread, read, read_all

EPISODE = MediaKind.EPISODE
MOVIE = MediaKind.MOVIE
NAME, FOLDER, NFO, PLAYER = Source.NAME, Source.FOLDER, Source.NFO, Source.PLAYER


def is_read(reading: Reading) -> Read:
    assert isinstance(reading, Read), reading
    assert identified(reading.media)
    return reading


def why_not(reading: Reading) -> str:
    assert isinstance(reading, Unread), reading
    return reading.reason


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """A film's file in its own folder."""
    path = tmp_path / "Heat (1995)" / "Heat (1995).mkv"
    path.parent.mkdir()
    path.touch()
    return path


@pytest.fixture
def episode(tmp_path: Path) -> Path:
    """An episode's file in its season's folder."""
    path = tmp_path / "Firefly (2002)" / "Season 01" / "Firefly - S01E03 - Bushwhacked.mkv"
    path.parent.mkdir(parents=True)
    path.touch()
    return path


# Names and folders


def test_each_field_says_where_it_is_from() -> None:
    reading = is_read(read(Media(path="/tv/Firefly (2002) {tvdb-78874}/Season 1/03 - Bushwhacked.mkv")))
    assert reading.media.show == Show(title="Firefly", year=2002, ids=Ids(tvdb=78874))
    assert (reading.media.season, reading.media.episode, reading.media.title) == (1, 3, "Bushwhacked")
    assert reading.media.ids == Ids()
    assert reading.sources == {
        "kind": NAME,
        "show.title": FOLDER,
        "show.year": FOLDER,
        "show.ids": FOLDER,
        "season": FOLDER,
        "episode": NAME,
        "title": NAME,
    }


def test_an_id_in_an_episodes_file_is_not_the_shows() -> None:
    reading = is_read(read(Media(path="/tv/Firefly S01E03 {tvdb-297991}.mkv")))
    assert reading.media.show == Show(title="Firefly")
    assert not reading.media.ids


def test_a_contradiction_is_not_decided() -> None:
    assert "season 2" in why_not(read(Media(path="/tv/Firefly (2002)/Season 2/Firefly S01E03.mkv")))
    assert "contradict" in why_not(read(Media(path="Firefly S01E03-S02E01.mkv")))


def test_below_a_seasons_folder_the_show_is_certain_even_if_the_episode_is_not() -> None:
    reading = read(Media(path="/tv/Firefly (2002) {tvdb-78874}/Season 1/Serenity.mkv"))
    assert isinstance(reading, Unread)
    assert reading.media.show == Show(title="Firefly", year=2002, ids=Ids(tvdb=78874))
    assert reading.media.kind is None


def test_a_bare_title_is_a_guess_if_it_is_written_as_one_and_else_kept_for_whoever_asks_the_user() -> None:
    guessed = read(Media(path="/downloads/Heat.mkv"))
    assert isinstance(guessed, Read)
    assert (guessed.media.kind, guessed.media.title) == (MediaKind.MOVIE, "Heat")
    assert guessed.sources["kind"] is Source.GUESS
    reading = read(Media(path="/downloads/heat.mkv"))
    assert isinstance(reading, Unread)
    assert (reading.media.kind, reading.media.title) == (None, "heat")


def test_a_library_says_what_it_is_of() -> None:
    assert is_read(read(Media(path="/a/Heat.mkv", library="Movies"))).media.title == "Heat"
    assert is_read(read(Media(path="/a/Monster/05.mkv", library="Anime"))).media.number_abs == 5


def test_an_extra_is_not_read_on() -> None:
    assert read(Media(path="/m/Heat (1995)/Heat (1995)-trailer.mkv")) == Extra(
        reason="a trailer, a sample or another extra"
    )


# The player


@pytest.mark.parametrize(
    "media",
    [
        Media(kind=MOVIE, title="Heat", path="Show - S01E02.mkv"),
        Media(kind=MOVIE, ids=Ids(tmdb=949), path="trailer.mkv"),
        Media(kind=EPISODE, ids=Ids(tvdb=1)),
        Media(kind=EPISODE, show=Show(title="Show"), season=0, episode=0, path="Heat (1995).mkv"),
        Media(kind=EPISODE, show=Show(ids=Ids(tvdb=1)), number_abs=164),
    ],
)
def test_what_the_player_identified_is_left_alone(media: Media) -> None:
    reading = is_read(read(media))
    assert reading.media == media
    assert set(reading.sources.values()) == {PLAYER}


def test_ids_of_the_same_film_complete_what_the_player_said() -> None:
    path = "/m/Heat (1995) {tmdb-949}/Heat.mkv"
    reading = is_read(read(Media(kind=MOVIE, title="Heat", path=path)))
    assert (reading.media.year, reading.media.ids) == (1995, Ids(tmdb=949))
    assert reading.sources == {"kind": PLAYER, "title": PLAYER, "year": FOLDER, "ids": FOLDER}
    assert not is_read(read(Media(kind=MOVIE, title="Ran", path=path))).media.ids
    assert not is_read(read(Media(kind=MOVIE, title="Heat", year=1986, path=path))).media.ids


def test_ids_of_the_same_show_complete_what_the_player_said() -> None:
    path = "/tv/Firefly (2002) {tvdb-78874}/Season 1/S01E03.mkv"
    said = Media(kind=EPISODE, show=Show(title="Firefly"), season=1, episode=3, title="Bushwhacked", path=path)
    reading = is_read(read(said))
    assert reading.media == replace(said, show=Show(title="Firefly", year=2002, ids=Ids(tvdb=78874)))
    assert reading.sources["show.ids"] is FOLDER
    assert is_read(read(replace(said, show=Show(title="Lost")))).media.show == Show(title="Lost")


def test_a_kind_that_the_player_knows_is_not_overruled() -> None:
    assert isinstance(read(Media(kind=EPISODE, path="Heat (1995).mkv")), Unread)
    assert isinstance(read(Media(kind=MOVIE, path="Show - S01E02.mkv")), Unread)
    assert is_read(read(Media(kind=MOVIE, path="Heat.mkv"))).media.title == "Heat"


def test_each_episode_of_a_file_is_its_own() -> None:
    path = "/tv/Firefly S01E03-E04 - Both.mkv"
    both = is_read(read(Media(path=path))).media
    assert (both.episode, both.episode_end, both.title) == (3, 4, "Both")
    second = is_read(read(Media(path=path, kind=EPISODE, season=1, episode=4))).media
    assert (second.show, second.season, second.episode, second.episode_end) == (Show(title="Firefly"), 1, 4, None)
    assert second.title is None


def test_a_title_that_the_player_shows_is_read_where_the_path_says_nothing() -> None:
    reading = is_read(read(Media(path="https://cdn.example/v/1", title="Firefly - S01E03 - Bushwhacked")))
    assert reading.media.path == "https://cdn.example/v/1"
    assert set(reading.sources.values()) == {PLAYER}
    by_path = is_read(read(Media(path="/tv/Firefly S01E03.mkv", title="Lost - S01E01")))
    assert by_path.media.show == Show(title="Firefly")


def test_live_television_is_not_read() -> None:
    assert why_not(read(Media(path="/x/Heat (1995).mkv", live=True))) == "live television"


# NFO


def test_an_nfo_is_believed_before_the_name(film: Path) -> None:
    film.with_suffix(".nfo").write_text("<movie><title>Heat!</title><tmdbid>949</tmdbid></movie>")
    reading = is_read(read(Media(path=str(film))))
    assert (reading.media.title, reading.media.year, reading.media.ids) == ("Heat!", 1995, Ids(tmdb=949))
    assert reading.sources == {"kind": NFO, "title": NFO, "year": NAME, "ids": NFO}
    assert is_read(read(Media(path=str(film)), nfo=False)).media.title == "Heat"


def test_a_folders_nfo_is_of_its_film(film: Path) -> None:
    film.with_name("movie.nfo").write_text("<movie><title>Fogo</title><year>1995</year><tmdbid>949</tmdbid></movie>")
    assert is_read(read(Media(path=str(film)))).media.ids == Ids(tmdb=949)
    other = film.with_name("Ran (1985).mkv")
    assert is_read(read(Media(path=str(other)))).media.ids == Ids()


def test_a_folders_nfo_names_a_file_that_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "movie.nfo").write_text("<movie><title>Heat</title><year>1995</year></movie>")
    assert is_read(read(Media(path=str(tmp_path / "a1b2.mkv")))).media.label() == "Heat (1995)"


def test_the_address_in_a_films_nfo_is_its_id(film: Path) -> None:
    film.with_suffix(".nfo").write_text("https://www.imdb.com/title/tt0113277/")
    assert is_read(read(Media(path=str(film)))).media.ids == Ids(imdb="tt0113277")


def test_the_address_in_an_episodes_nfo_may_be_the_shows_and_is_not_used(episode: Path) -> None:
    episode.with_suffix(".nfo").write_text("https://www.imdb.com/title/tt0303461/")
    reading = is_read(read(Media(path=str(episode))))
    assert not reading.media.ids
    assert reading.media.show == Show(title="Firefly", year=2002)


def test_the_shows_nfo_is_of_the_show_and_the_episodes_of_the_episode(episode: Path) -> None:
    (episode.parent.parent / "tvshow.nfo").write_text(
        "<tvshow><title>Firefly</title><uniqueid type='tvdb'>78874</uniqueid></tvshow>"
    )
    episode.with_suffix(".nfo").write_text(
        "<episodedetails><title>Bushwhacked!</title><season>1</season><episode>3</episode>"
        "<uniqueid type='tvdb'>297991</uniqueid><aired>2002-09-27</aired></episodedetails>"
    )
    reading = is_read(read(Media(path=str(episode))))
    assert reading.media.show == Show(title="Firefly", year=2002, ids=Ids(tvdb=78874))
    assert (reading.media.ids, reading.media.title) == (Ids(tvdb=297991), "Bushwhacked!")
    assert (reading.sources["show.ids"], reading.sources["show.year"], reading.sources["ids"]) == (NFO, FOLDER, NFO)
    assert reading.media.date is None


def test_an_nfo_of_several_episodes_has_no_ids_of_one(episode: Path) -> None:
    one = "<episodedetails><season>1</season><episode>{}</episode><uniqueid type='tvdb'>{}</uniqueid></episodedetails>"
    episode.with_suffix(".nfo").write_text(one.format(3, 5) + one.format(4, 6))
    reading = is_read(read(Media(path=str(episode))))
    assert (reading.media.episode, reading.media.episode_end, reading.media.ids) == (3, 4, Ids())
    episode.with_suffix(".nfo").write_text(one.format(3, 5) + one.format(7, 6))
    assert "no run" in why_not(read(Media(path=str(episode))))


def test_an_episodes_nfo_names_a_file_that_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "a1b2.nfo").write_text(
        "<episodedetails><showtitle>Firefly</showtitle><season>1</season><episode>3</episode></episodedetails>"
    )
    media = is_read(read(Media(path=str(tmp_path / "a1b2.mkv")))).media
    assert (media.show, media.season, media.episode) == (Show(title="Firefly"), 1, 3)


def test_a_music_video_is_not_scrobbled(film: Path) -> None:
    film.with_suffix(".nfo").write_text("<musicvideo><title>Heat</title></musicvideo>")
    assert isinstance(read(Media(path=str(film))), Extra)


def test_a_broken_nfo_is_as_good_as_none(film: Path) -> None:
    for text in ("<movie><title>Ran</title>", "<!DOCTYPE x><movie><title>Ran</title></movie>", "\0\xff"):
        film.with_suffix(".nfo").write_text(text)
        assert is_read(read(Media(path=str(film)))).media.label() == "Heat (1995)"


# Guessing


def test_a_guess_says_that_it_is_one() -> None:
    reading = is_read(read(Media(path="Some Film 1995 of which nobody knows 1080p.mkv")))
    assert set(reading.sources.values()) == {Source.GUESS}


def test_many_are_read_in_their_order() -> None:
    names = ["Heat (1995).mkv", "x", "Show 1995 and more 1080p.mkv", "Dark S01E02.mkv", "Show.2024.03.05.Guest.mkv"]
    found = read_all([Media(path=name) for name in names])
    assert [reading.media.path for reading in found if not isinstance(reading, Extra)] == names
    assert is_read(found[0]).media.title == "Heat"
    assert is_read(found[4]).media.date == date(2024, 3, 5)
    assert read_all([]) == []


def test_a_name_that_is_none_is_not_read() -> None:
    assert "too long" in why_not(read(Media(path="/x/" + "Show S01E02 " * 100 + ".mkv")))
    assert "no file name" in why_not(read(Media(path="https://video.example/watch")))
    assert "no file name" in why_not(read(Media()))


TEXT = st.text(max_size=40)
WORDS = st.sampled_from(
    ["S01E02", "(2019)", "Season 1", "Show", "/", "\\", ".mkv", "://", "- 05", "{tmdb-1}", "\udcff", "%"]
)


@settings(deadline=None)
@given(
    st.builds(
        Media,
        path=st.none() | TEXT | st.lists(WORDS, max_size=8).map("".join),
        title=st.none() | TEXT,
        kind=st.sampled_from([None, MOVIE, EPISODE]),
        show=st.none() | st.builds(Show, title=st.none() | TEXT),
        season=st.none() | st.integers(0, 5),
        episode=st.none() | st.integers(0, 5),
        library=st.none() | TEXT,
    )
)
def test_nothing_that_a_player_says_breaks_it(media: Media) -> None:
    reading = read(media, nfo=False, patience=Seconds(0.001))  # guesses have a test of their own
    if isinstance(reading, Read):
        assert identified(reading.media)
        assert reading.sources


# The page


def test_the_page_has_a_row_for_each_source_in_the_order_of_belief() -> None:
    said = [source for (source,) in rows("identification.md", "source")]
    assert said == [source.value for source in Source]


def test_the_examples_of_the_page_are_read_so() -> None:
    for name, expected in rows("identification.md", "name", "what it is"):
        assert same(expected, words(read(Media(path=name), nfo=False))), name
