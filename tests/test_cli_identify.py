"""``scrobbler identify``: what would be scrobbled for a file, told offline and with Trakt's word."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cli_process import PATIENCE, PROGRAM, configured, ran
from click.testing import CliRunner, Result
from double import Double

from scrobbler.cli import program
from scrobbler.errors import ConfigError, ScrobblerError
from scrobbler.sandbox import FaultKind

KEYS = (
    *("path", "kind", "reason", "title", "year", "show", "season", "episode", "episode_end", "number_abs", "date"),
    *("ids", "sources"),
)
SHOW = "/tv/Firefly (2002) {tvdb-78874}/Season 01/S01E03-E04 - Both.mkv"


def offline(*paths: str) -> list[dict[str, Any]]:
    done = ran("identify", "--offline", "--json", *paths)
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    assert isinstance(told, list)
    return told


def asked(file: Path, *args: str) -> Result:
    """What the command does in this process, with Trakt's double."""
    return CliRunner().invoke(program, ["identify", "--config", str(file), *args])


@pytest.fixture
def file(tmp_path: Path, double: Double) -> Path:
    return configured(tmp_path, double.url)


def test_each_path_has_its_object_with_all_keys_in_order() -> None:
    paths = [
        "Heat (1995).mkv",
        SHOW,
        "holiday.mov",
        "Heat (1995)-trailer.mkv",
        "One Piece - 105.mkv",
        "",
        "/",
        "/no/such",
    ]
    told = offline(*paths)
    assert [one["path"] for one in told] == paths
    assert all(tuple(one) == KEYS for one in told)
    assert [one["kind"] for one in told] == ["movie", "episode", None, "ignore", "episode", None, None, None]


def test_what_is_known_is_told_with_its_sources() -> None:
    film, episode, daily = offline("Heat (1995) {tmdb-949}.mkv", SHOW, "The Daily Show - 2024-03-05.mkv")
    assert film == dict.fromkeys(KEYS) | {
        "path": "Heat (1995) {tmdb-949}.mkv",
        "kind": "movie",
        "title": "Heat",
        "year": 1995,
        "ids": {"tmdb": 949},
        "sources": {"kind": "name", "title": "name", "year": "name", "ids": "name"},
    }
    assert episode["show"] == {"title": "Firefly", "year": 2002, "ids": {"tvdb": 78874}}
    assert (episode["season"], episode["episode"], episode["episode_end"], episode["ids"]) == (1, 3, 4, {})
    assert episode["sources"]["show.ids"] == "folder"
    assert daily["date"] == "2024-03-05"


def test_what_is_not_known_has_a_reason() -> None:
    for one in offline("holiday.mov", "Heat (1995)-trailer.mkv", "https://video.example/watch"):
        assert one["reason"]
        assert one["kind"] in {None, "ignore"}


def test_a_file_that_is_there_is_known_by_its_folders_and_nfo(tmp_path: Path) -> None:
    folder = tmp_path / "Heat (1995)"
    folder.mkdir()
    (folder / "a1b2.mkv").touch()
    (folder / "movie.nfo").write_text("<movie><title>Heat</title><tmdbid>949</tmdbid></movie>")
    done = subprocess.run(
        [*PROGRAM, "identify", "--offline", "--json", "a1b2.mkv"],
        cwd=folder,
        capture_output=True,
        timeout=PATIENCE,
        check=True,
    )
    (told,) = json.loads(done.stdout)
    assert (told["path"], told["title"], told["year"], told["ids"]) == ("a1b2.mkv", "Heat", 1995, {"tmdb": 949})
    assert told["sources"] == {"kind": "nfo", "title": "nfo", "year": "folder", "ids": "nfo"}


def test_odd_bytes_are_a_name_too() -> None:
    done = subprocess.run(
        [*PROGRAM, "identify", "--offline", "--json", b"/m/Am\xe9lie (2001).mkv", b"\xff\xfe.mkv"],
        capture_output=True,
        timeout=PATIENCE,
        check=True,
    )
    told = json.loads(done.stdout)
    assert told[0]["title"] == "Amélie"
    assert os.fsencode(told[0]["path"]) == b"/m/Am\xe9lie (2001).mkv"


def test_paths_are_read_from_the_standard_input() -> None:
    done = subprocess.run(
        [*PROGRAM, "identify", "--offline", "--json", "-"],
        input=b"Heat (1995).mkv\n\nDark S01E02.mkv\r\n\xff.mkv",
        capture_output=True,
        timeout=PATIENCE,
        check=True,
    )
    assert [one["kind"] for one in json.loads(done.stdout)] == ["movie", "episode", None]


def test_people_are_told_what_it_is_and_from_where_that_is_known() -> None:
    own = "kind, season, episode, title, last episode"
    done = ran("identify", "--offline", SHOW, "holiday.mov", "Heat (1995)-trailer.mkv", "x\x1b[2J (1995).mkv")
    assert done.stdout.splitlines()[:9] == [
        SHOW,
        "  episode   Firefly (2002) S01E03-E04  Both",
        "  ids       tvdb 78874 of the show",
        f"  known     {own} from the name; show, show's year, show's ids from the folder",
        "holiday.mov",
        "  not sure  nothing shows that this is a film or an episode",
        "Heat (1995)-trailer.mkv",
        "  ignored   a trailer, a sample or another extra",
        "x\ufffd[2J (1995).mkv",
    ]
    assert "\x1b" not in done.stdout


def test_without_a_path_it_is_a_mistake() -> None:
    done = ran("identify")
    assert done.returncode == 2
    assert "PATH" in done.stderr


def test_trakt_says_which_item_it_is(file: Path, double: Double) -> None:
    result = asked(file, "--json", "Heat (1995).mkv", "holiday.mov", "Heat (1995)-trailer.mkv")
    assert result.exit_code == 0, result.output
    heat, holiday, trailer = json.loads(result.stdout)
    assert heat["item"]["label"] == "Heat (1995)"
    assert heat["item"]["ids"]["imdb"] == "tt0113277"
    assert heat["candidates"] == []
    assert (holiday["item"], trailer["item"], trailer["kind"]) == (None, None, "ignore")
    assert holiday["reason"]


def test_what_may_be_meant_is_shown(file: Path, double: Double) -> None:
    result = asked(file, "--json", "/films/Heat.mkv")
    (heat,) = json.loads(result.stdout)
    assert heat["item"] is None
    assert {one["label"] for one in heat["candidates"]} >= {"Heat (1995)", "Heat (1986)"}
    assert all(0 <= one["score"] <= 1 and one["why"] for one in heat["candidates"])
    told = asked(file, "/films/Heat.mkv", "Heat (1995).mkv").stdout
    assert "  Trakt     not sure: " in told
    assert "may be Heat (1986): " in told
    assert "  Trakt     Heat (1995)" in told


def test_what_the_user_said_goes_before_the_name(file: Path, double: Double) -> None:
    file.write_text(file.read_text() + '\n[[rules]]\npath = "*/my heat.mkv"\nitem = "tt0113277"\n')
    (heat,) = json.loads(asked(file, "--json", "/films/my heat.mkv").stdout)
    assert heat["item"]["label"] == "Heat (1995)"


def test_where_trakt_cannot_be_asked_the_names_are_shown_all_the_same(file: Path, double: Double) -> None:
    double.fault(FaultKind.STATUS, status=503, times=50)
    result = asked(file, "--json", "Heat (1995).mkv", "Dark S01E02.mkv")
    assert isinstance(result.exception, ScrobblerError)
    assert not isinstance(result.exception, ConfigError)
    assert "\n" not in str(result.exception)
    heat, dark = json.loads(result.stdout)
    assert (heat["title"], dark["show"]["title"]) == ("Heat", "Dark")
    assert heat["item"] is None


def test_without_an_app_the_names_are_shown_and_offline_is_named(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(f'[state]\ndir = "{tmp_path}"\n')
    result = asked(tmp_path / "config.toml", "Heat (1995).mkv")
    assert "movie     Heat (1995)" in result.stdout
    assert isinstance(result.exception, ScrobblerError)
    assert "--offline" in str(result.exception)


def test_offline_asks_for_no_configuration(tmp_path: Path, double: Double) -> None:
    (tmp_path / "config.toml").write_text("broken")
    assert asked(tmp_path / "config.toml", "--offline", "Heat (1995).mkv").exit_code == 0
    assert double.calls() == []
