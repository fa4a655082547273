"""NFO files: what Kodi, Jellyfin and people put into them, and what strangers might."""

import os
import socket
import time
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrobbler.events import Ids
from scrobbler.reading.nfo import MOST, Nfo, Root, parse
from scrobbler.reading.sidecar import Sidecars, beside

HEAT = Nfo(root=Root.MOVIE, title="Heat", year=1995, ids=Ids(imdb="tt0113277", tmdb=949))
MOVIE = """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<movie>
  <title>Heat</title>
  <year>1995</year>
  <uniqueid type="tmdb" default="true">949</uniqueid>
  <uniqueid type="imdb">tt0113277</uniqueid>
  <actor><name>Al Pacino</name><tmdbid>1158</tmdbid></actor>
</movie>
"""
EPISODE = """<episodedetails>
  <title>Bushwhacked</title><showtitle>Firefly</showtitle><season>1</season><episode>{}</episode>
  <aired>2002-09-27</aired><uniqueid type="tvdb">{}</uniqueid>
</episodedetails>"""


@pytest.mark.parametrize(
    "text",
    [
        MOVIE,
        "\ufeff" + MOVIE,
        MOVIE.replace("\n", "\r\n"),
        MOVIE + "https://www.themoviedb.org/movie/1-other",
        "<movie><title>Heat</title><premiered>1995-12-15</premiered><id>tt0113277</id><tmdbid>949</tmdbid></movie>",
        "<movie><title>Heat</title><year>1995</year><imdbid>tt0113277</imdbid><tmdb_id>949</tmdb_id></movie>",
        "<movie><title>Heat</title><year>1995</year></movie>\nthemoviedb.org/movie/949-heat imdb.com/title/tt0113277/",
    ],
)
def test_a_films_nfo_is_read(text: str) -> None:
    assert parse(text.encode()) == (HEAT,)


@pytest.mark.parametrize(
    ("encoding", "declared"),
    [
        *(("utf-8", ""), ("utf-8", "utf-8"), ("utf-16", "utf-16"), ("utf-16-le", ""), ("latin-1", "ISO-8859-1")),
        *(("cp1252", ""), ("cp1252", "windows-1252"), ("utf-8", "no-such"), ("utf-8", "hex"), ("utf-8", "utf-7")),
    ],
)
def test_an_nfo_may_have_any_encoding(encoding: str, declared: str) -> None:
    head = f'<?xml version="1.0" encoding="{declared}"?>' if declared else ""
    assert parse(f"{head}<movie><title>Amélie</title></movie>".encode(encoding)) == (
        Nfo(root=Root.MOVIE, title="Amélie"),
    )


def test_an_nfo_may_be_in_cyrillic() -> None:
    text = '<?xml version="1.0" encoding="windows-1251"?><movie><title>Брат</title></movie>'
    assert parse(text.encode("cp1251"))[0].title == "Брат"


@pytest.mark.parametrize(
    ("written", "title"),
    [
        ("Am&eacute;lie", "Amélie"),
        ("Tom &amp; Jerry", "Tom & Jerry"),
        ("Tom & Jerry", "Tom & Jerry"),
        ("A&nbsp;B", "A B"),
        ("A &lt;b&gt; B", "A <b> B"),
        ("&#233;t&#xE9;", "été"),
        ("&nosuch; x", "&nosuch; x"),
        ("<![CDATA[Tom & Jerry]]>", "Tom & Jerry"),
        ("\x01Heat\x0b", "Heat"),
        ("a&#0;b", "ab"),
    ],
)
def test_signs_are_read_as_people_mean_them(written: str, title: str) -> None:
    assert parse(f"<movie><title>{written}</title></movie>".encode())[0].title == title


def test_a_shows_nfo_is_read() -> None:
    text = "<tvshow><title>Firefly</title><year>2002</year><id>78874</id><imdb_id>tt0303461</imdb_id></tvshow>"
    assert parse(text.encode()) == (
        Nfo(root=Root.SHOW, title="Firefly", year=2002, ids=Ids(tvdb=78874, imdb="tt0303461")),
    )


def test_each_episode_of_a_file_is_read() -> None:
    found = parse((EPISODE.format(3, 297991) + "\n" + EPISODE.format(4, 297992)).encode())
    assert [(one.season, one.episode, one.ids.tvdb) for one in found] == [(1, 3, 297991), (1, 4, 297992)]
    assert (found[0].title, found[0].show_title, found[0].aired) == ("Bushwhacked", "Firefly", date(2002, 9, 27))


@pytest.mark.parametrize(
    ("text", "root", "ids"),
    [
        ("https://www.themoviedb.org/movie/949-heat?language=de", Root.MOVIE, Ids(tmdb=949)),
        ("themoviedb.org/tv/1437", Root.SHOW, Ids(tmdb=1437)),
        ("http://www.imdb.com/title/tt0113277/", Root.ADDRESS, Ids(imdb="tt0113277")),
        ("https://www.imdb.com/de/title/tt0113277/", Root.ADDRESS, Ids(imdb="tt0113277")),
        ("https://thetvdb.com/?tab=series&id=78874", Root.SHOW, Ids(tvdb=78874)),
        ("https://thetvdb.com/dereferrer/series/78874", Root.SHOW, Ids(tvdb=78874)),
        ("https://trakt.tv/movies/heat-1995", Root.MOVIE, Ids(slug="heat-1995")),
        ("https://trakt.tv/shows/firefly", Root.SHOW, Ids(slug="firefly")),
        ("░▒▓ GROUP ▓▒░\n  iMDB: http://www.imdb.com/title/tt0113277\n", Root.ADDRESS, Ids(imdb="tt0113277")),
    ],
)
def test_the_address_of_a_page_names_its_item(text: str, root: Root, ids: Ids) -> None:
    assert parse(text.encode()) == (Nfo(root=root, ids=ids),)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "https://www.example.com/title/tt0113277",
        "https://www.imdb.com/title/tt0113277 https://www.imdb.com/title/tt0093164",
        "https://www.themoviedb.org/movie/1 https://www.themoviedb.org/tv/2",
        "https://www.themoviedb.org/tv/1437/season/1/episode/2",
        "https://trakt.tv/shows/firefly/seasons/1/episodes/2",
        "<movie><title>Heat</title>",
        "<movie><title>Heat</movie>",
        "<movie><title>Heat</title></movie><movie><title>Ran</title></movie>",
        "<!DOCTYPE movie><movie><title>Heat</title></movie>",
        '<!DOCTYPE m [<!ENTITY a "b">]><movie><title>&a;</title></movie>',
        '<!doctype m SYSTEM "http://127.0.0.1/x"><movie><title>Heat</title></movie>',
        "<movie " + "a" * 100,
    ],
)
def test_what_cannot_be_believed_says_nothing(text: str) -> None:
    assert parse(text.encode()) == ()


def test_ids_that_are_none_are_dropped_one_by_one() -> None:
    text = """<movie><uniqueid type="imdb">nm0000199</uniqueid><uniqueid type="tmdb">0</uniqueid><tvdbid>x</tvdbid>
    <uniqueid type="imdb">tt0113277</uniqueid><uniqueid type="tmdb">99999999999999999999</uniqueid><id>9</id></movie>"""
    assert parse(text.encode())[0].ids == Ids(imdb="tt0113277")


@pytest.mark.parametrize(
    "piece",
    [
        "<a>",
        "<movie>",
        "&",
        "&a;",
        "<movie><a>",
        "<!",
        "imdb.com/title/tt",
        "thetvdb.com/&id=",
        "themoviedb.org/tv/1",
        " ",
    ],
)
def test_hostile_bytes_take_no_long(piece: str) -> None:
    data = (piece * MOST)[:MOST].encode()
    begun = time.process_time()
    parse(data)
    parse(b"<movie>" + data[: MOST - 20] + b"</movie>")
    assert time.process_time() - begun < 3


def test_too_many_bytes_are_not_read() -> None:
    assert parse(MOVIE.encode() + b" " * MOST) == ()


_PIECES = (
    b"<movie>|</movie>|<title>|</title>|<episodedetails>|</episodedetails>|<season>1</season>|<episode>2</episode>|&|&#"
    b"|\xff\xfe|\xef\xbb\xbf|&#xd800;|<![CDATA[|]]>|<?xml ?>|<uniqueid type='imdb'>|tt0113277|</uniqueid>|\0"
    b"|imdb.com/title/tt0113277|<year>9999</year>"
)
PIECES = st.sampled_from(_PIECES.split(b"|"))


@given(st.one_of(st.binary(max_size=200), st.lists(PIECES, max_size=14).map(b"".join)))
def test_no_bytes_break_it(data: bytes) -> None:
    parse(data)


# The files themselves


def test_the_files_beside_a_film_are_found(tmp_path: Path) -> None:
    film = tmp_path / "Heat (1995)" / "heat.mkv"
    film.parent.mkdir()
    assert beside(str(film)) == Sidecars()
    film.with_name("movie.nfo").write_text(MOVIE)
    assert beside(str(film)) == Sidecars(movie=HEAT)
    film.with_suffix(".nfo").write_text(MOVIE)
    assert beside(str(film)).own == (HEAT,)
    assert beside(film.as_uri()).own == (HEAT,)


def test_the_shows_file_is_found_above_its_seasons(tmp_path: Path) -> None:
    season = tmp_path / "Firefly" / "Season 1"
    season.mkdir(parents=True)
    (tmp_path / "Firefly" / "tvshow.nfo").write_text("<tvshow><title>Firefly</title></tvshow>")
    (season / "season.nfo").write_text("<season><title>No</title></season>")
    assert beside(str(season / "S01E03.mkv")) == Sidecars(show=Nfo(root=Root.SHOW, title="Firefly"))


def test_what_is_no_plain_file_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "movie.nfo")
    (tmp_path / "heat.nfo").mkdir()
    (tmp_path / "tvshow.nfo").symlink_to("/dev/zero")
    assert beside(str(tmp_path / "heat.mkv")) == Sidecars()
    (tmp_path / "heat.nfo").rmdir()
    (tmp_path / "heat.nfo").symlink_to(tmp_path / "heat.nfo")
    assert beside(str(tmp_path / "heat.mkv")) == Sidecars()
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "ran.nfo"))
        assert beside(str(tmp_path / "ran.mkv")) == Sidecars()


def test_a_large_file_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "movie.nfo").write_bytes(MOVIE.encode() + b" " * MOST)
    assert beside(str(tmp_path / "heat.mkv")) == Sidecars()


@pytest.mark.parametrize(
    "path",
    ["heat.mkv", "https://nas/heat.mkv", "/no/such/heat.mkv", "/x\0y.mkv", "/", "", "C:\\heat.mkv", f"/{'x' * 5000}"],
)
def test_a_path_that_is_not_of_this_machine_has_none(path: str) -> None:
    assert beside(path) == Sidecars()
