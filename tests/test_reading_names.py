"""One name taken apart: its numbers, its title, its tags; and that no name, however hostile, takes long."""

import time
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrobbler.events import Ids, Media, MediaKind
from scrobbler.reading.extras import is_extra
from scrobbler.reading.names import numbered, read_name
from scrobbler.reading.numbers import Form
from scrobbler.reading.shelves import place, without_disc
from scrobbler.reading.tags import ids_in, take_off
from scrobbler.reading.words import is_home, is_junk

PLACED = {
    "Dark S01E02": (1, 2, None),
    "Dark s1e2": (1, 2, None),
    "Dark S01E02E03": (1, 2, 3),
    "Dark S01E02-E03": (1, 2, 3),
    "Dark S01E02-03": (1, 2, 3),
    "Dark S01E02 - E03": (1, 2, 3),
    "Dark S01E02-S01E03": (1, 2, 3),
    "Dark.S01E02.E03.1080p": (1, 2, 3),
    "Dark 1x02": (1, 2, None),
    "Dark 1x02-03": (1, 2, 3),
    "Dark 1x02-1x03": (1, 2, 3),
    "Dark 01x02x03": (1, 2, 3),
    "Dark Season 1 Episode 2": (1, 2, None),
    "Dark - 1. Staffel - Folge 2": (1, 2, None),
    "Dark S2 - 05": (2, 5, None),
    "Dark 2nd Season - 05": (2, 5, None),
    "Dark (Season 2) - 05": (2, 5, None),
    "Dark 第二季 第05集": (2, 5, None),
    "Dark S2024E105": (2024, 105, None),
    "Dark S00E03": (0, 3, None),
    "Dark S01E02 - 33": (1, 2, None),
    "Dark S\u0660\u0661E\u0660\u0662": (1, 2, None),
}
OTHERS = {
    "Dark - Episode 5": Form.COUNTED,
    "Dark Ep. 05": Form.COUNTED,
    "Dark E05": Form.COUNTED,
    "Dark 第05話": Form.COUNTED,
    "Dark - 05": Form.ABSOLUTE,
    "Dark - 105v2": Form.ABSOLUTE,
    "Dark 2024-03-05": Form.AIRED,
    "Dark.2024.03.05.1080p": Form.AIRED,
    "Dark 31.12.2024": Form.AIRED,
    "Dark Season 2": Form.SEASON,
    "Dark.S02.1080p": Form.SEASON,
    "Dark S01E02-S02E03": Form.BROKEN,
    "Dark S01E05-04": Form.BROKEN,
    "Dark S01E05-720": Form.BROKEN,
    "Dark S01E01E03": Form.BROKEN,
    "Dark - 13.5": Form.BROKEN,
    "Dark - 2024-02-30": Form.BROKEN,
    "Dark 03-05-2024": Form.BROKEN,
}


@pytest.mark.parametrize(("name", "numbers"), PLACED.items())
def test_a_season_and_its_episodes_are_found(name: str, numbers: tuple[int, int, int | None]) -> None:
    read = read_name(name)
    assert read.number is not None
    assert (read.number.form, read.number.season, read.number.first, read.number.last) == (Form.PLACED, *numbers)
    assert read.lead is not None
    assert read.lead.title == "Dark"


@pytest.mark.parametrize(("name", "form"), OTHERS.items())
def test_other_numbers_are_known_for_what_they_are(name: str, form: Form) -> None:
    read = read_name(name)
    assert read.number is not None
    assert read.number.form is form
    assert read.lead is not None
    assert read.lead.title == "Dark"


@pytest.mark.parametrize(
    "name", ["Dark", "Dark 1920x1080", "Dark 1080p", "9-1-1", "Dark x264", "Apollo 13", "Dark - 2024", "Dark 5.1"]
)
def test_what_is_no_number_of_an_episode_is_none(name: str) -> None:
    assert read_name(name).number is None


def test_a_day_is_a_date() -> None:
    for name in ("Dark 2024-03-05", "Dark.2024.03.05", "Dark_2024_03_05", "Dark 05.03.2024", "Dark.20240305.720p"):
        number = read_name(name).number
        assert number is not None
        assert number.aired == date(2024, 3, 5)


@pytest.mark.parametrize(
    ("name", "ids"),
    [
        ("Heat {imdb-tt0113277}", Ids(imdb="tt0113277")),
        ("Heat {imdb-TT0113277}", Ids(imdb="tt0113277")),
        ("Heat [imdbid-tt0113277]", Ids(imdb="tt0113277")),
        ("Heat [imdbid=tt0113277]", Ids(imdb="tt0113277")),
        ("Heat (tt0113277)", Ids(imdb="tt0113277")),
        ("Heat [tmdbid-949] {tvdb-5}", Ids(tmdb=949, tvdb=5)),
        ("Heat {tmdb=949}", Ids(tmdb=949)),
        ("Heat {tmdb-949} {tmdb-950}", Ids(tmdb=949)),
        ("Heat {trakt-949}", Ids(trakt=949)),
        ("Heat {tmdb-}", Ids()),
        ("Heat {tmdb-abc}", Ids()),
        ("Heat {tmdb-0}", Ids()),
        ("Heat {tmdb-99999999999999999999}", Ids()),
        ("Heat tmdb-949", Ids()),
    ],
)
def test_ids_are_found_in_all_brackets(name: str, ids: Ids) -> None:
    assert ids_in(name) == ids
    assert take_off(name).text in {"Heat", "Heat tmdb-949"}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Heat (1995) {edition-Director's Cut}", "Heat (1995)"),
        ("[Group] Heat", "Heat"),
        ("[A][B] Heat", "Heat"),
        ("[REC] (2007)", "[REC] (2007)"),
        ("Heat [1995]", "Heat (1995)"),
        ("Heat [1080p] (x264)", "Heat"),
        ("Copy of Heat (1995)", "Heat (1995)"),
        ("www.site.com - Heat", "Heat"),
        ("Birdman or (The Unexpected Virtue)", "Birdman or (The Unexpected Virtue)"),
    ],
)
def test_tags_are_taken_off(name: str, text: str) -> None:
    assert take_off(name).text == text


@pytest.mark.parametrize(
    ("folder", "season"),
    [
        ("Season 01", 1),
        ("season 1", 1),
        ("S01", 1),
        ("Season 1 (2005)", 1),
        ("Season 1 - The Beginning", 1),
        ("Staffel 2", 2),
        ("2. Staffel", 2),
        ("Saison 2", 2),
        ("Stagione 2", 2),
        ("Temporada 2", 2),
        ("Seizoen 2", 2),
        ("Сезон 2", 2),
        ("Säsong 2", 2),
        ("第2季", 2),
        ("第二季", 2),
        ("시즌 2", 2),
        ("シーズン2", 2),
        ("الموسم 2", 2),
        ("Specials", 0),
        ("Season 0", 0),
        ("Show.S02.1080p.WEB-GRP", 2),
        ("Show - Season 2", 2),
    ],
)
def test_a_folder_of_a_season_is_known_in_many_languages(folder: str, season: int) -> None:
    shelf = place(["tv", "Show (2005)", folder])
    assert shelf.season == season
    assert shelf.named is not None
    assert shelf.named.lead is not None
    assert (shelf.named.lead.title, shelf.named.lead.year) == ("Show", 2005)


def test_a_piece_of_a_disc_is_named_by_the_discs_folder() -> None:
    for piece in (("BDMV", "STREAM"), ("VIDEO_TS",), ("Disc 1", "BDMV", "STREAM"), ("BDMV",)):
        assert without_disc(("films", "Heat (1995)", *piece), "00001") == (("films",), "Heat (1995)")
    assert without_disc(("films", "CD1"), "heat") == (("films", "CD1"), "heat")


@pytest.mark.parametrize(
    "name", ["VID_20240101_1234", "IMG_1234", "New Recording 4", "20240101_120000", "1", "...", ""]
)
def test_what_a_camera_names_says_nothing(name: str) -> None:
    assert is_junk(name)


@pytest.mark.parametrize("name", ["Heat", "Videodrome", "Test Pattern", "Recorded Live S01E02", "Untitled Title"])
def test_a_title_is_no_cameras_name(name: str) -> None:
    assert not is_junk(name)


def test_peoples_own_videos_are_told_from_films() -> None:
    assert is_home("Our Holiday")
    assert is_home("Wedding 2015 final")
    assert not is_home("The Holiday Calendar")
    assert not is_home("24")


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


_PIECES = (
    r"S01E02|1x02|-|.| |_|[|]|(|)|{|}|【|】|2019|(2019)|1080p|x264|Season|第|季|- 05|Ep|Folge|proper|sample|Cap.|tmdb-1"
    "|{tmdb-1}|\u0663|²|Show|\udcff|\0|0X00|_"
)
PIECES = st.sampled_from(_PIECES.split("|"))
NAMES = st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=12).map("".join))


@given(NAMES)
def test_no_name_breaks_the_reading_of_names(name: str) -> None:
    read_name(name)
    is_extra((name,), name)
    is_junk(name)
    place([name, name])


HOSTILE = (
    ".| |-|[|]|(|)|[]|()|[a]|1|12 |1x|s1e1|s01e01-|e1|2019 |a.|第1|【】|{tmdb-1}|- 05 |sample|www.|proper |season 1 "
    "|1920x1080| - |vid_1|E01E02"
)


@pytest.mark.parametrize("piece", HOSTILE.split("|"))
def test_a_hostile_name_takes_no_longer_than_another(piece: str) -> None:
    for length in (400, 2_000):
        name = ("Show " + piece * length)[:length]
        begun = time.process_time()
        read_name(name)
        is_extra((name,), name)
        is_junk(name)
        assert time.process_time() - begun < 0.5
