"""Names that leave a doubt, through the real guessit in its own process."""

import sys
from datetime import date
from pathlib import Path

import pytest
from msgspec.structs import replace

from scrobbler.events import Ids, Media, MediaKind, Seconds, Show
from scrobbler.identify import guess as guess_module
from scrobbler.identify.guess import Unguessed, guess, understood

EPISODE = MediaKind.EPISODE
MOVIE = MediaKind.MOVIE

NAMES = {
    "Heat.1995.1080p.BluRay.x264-GROUP.mkv": Media(kind=MOVIE, title="Heat", year=1995),
    "Dune.Part.Two.2024.1080p.mkv": Media(kind=MOVIE, title="Dune Part Two", year=2024),
    "Leon.-.The.Professional.1994.mkv": Media(kind=MOVIE, title="Leon - The Professional", year=1994),
    "Some.Show.S01E02.1080p.WEB.mkv": Media(kind=EPISODE, show=Show(title="Some Show"), season=1, episode=2),
    "Doctor.Who.2005.S01E02.mkv": Media(kind=EPISODE, show=Show(title="Doctor Who", year=2005), season=1, episode=2),
    "The.Office.US.S01E02.720p.mkv": Media(kind=EPISODE, show=Show(title="The Office (US)"), season=1, episode=2),
    "Some.Show.S01E01E02.mkv": Media(kind=EPISODE, show=Show(title="Some Show"), season=1, episode=1, episode_end=2),
    "/tv/Some Show/Season 01/05 - Halloween.mkv": Media(
        kind=EPISODE, show=Show(title="Some Show"), season=1, episode=5
    ),
    "[Group] One Piece - 164 [1080p].mkv": Media(kind=EPISODE, show=Show(title="One Piece"), number_abs=164),
    "The.Daily.Show.2024.05.06.1080p.mkv": Media(
        kind=EPISODE, show=Show(title="The Daily Show"), date=date(2024, 5, 6)
    ),
    "Doctor Who (2005) - 05.mkv": Media(kind=EPISODE, show=Show(title="Doctor Who", year=2005), number_abs=5),
}


@pytest.mark.parametrize(("path", "expected"), NAMES.items())
def test_a_name_is_guessed(path: str, expected: Media) -> None:
    assert guess(Media(path=path)) == replace(expected, path=path)


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("https://video.example/watch", "no file name"),
        ("S01E02 - Pilot.mkv", "which show"),
        ("Some.Show.S01-S02.mkv", "several seasons"),
        ("Some.Show.S01.mkv", "which episode"),
        ("1080p.mkv", "no title"),
    ],
)
def test_a_name_that_says_too_little_has_a_reason(path: str, reason: str) -> None:
    unguessed = guess(Media(path=path))
    assert isinstance(unguessed, Unguessed)
    assert reason in unguessed.reason


def test_what_is_known_already_is_not_guessed_anew() -> None:
    show = Show(title="One Piece", year=1999, ids=Ids(tvdb=81797))
    path = "/tv/One Piece (1999) {tvdb-81797}/Season 1/[Group] One Piece - 05.mkv"
    assert guess(Media(path=path, show=show)) == Media(kind=EPISODE, path=path, show=show, season=1, episode=5)


def test_the_players_kind_is_told_to_guessit() -> None:
    guessed = guess(Media(kind=EPISODE, path="Some Show 102.mkv"))
    assert isinstance(guessed, Media)
    assert (guessed.kind, guessed.season, guessed.episode) == (EPISODE, 1, 2)


def test_an_id_in_a_films_name_is_kept_and_one_in_an_episodes_is_not() -> None:
    media = Media(path="x.mkv", ids=Ids(tvdb=5))
    film, episode = (
        understood({"type": "movie", "title": "X"}, media),
        understood({"type": "episode", "title": "X", "season": 1, "episode": 2}, media),
    )
    assert isinstance(film, Media)
    assert isinstance(episode, Media)
    assert (film.ids, episode.ids) == (Ids(tvdb=5), Ids())


def test_episodes_with_a_gap_are_not_one_run() -> None:
    answer = {"type": "episode", "title": "X", "season": 1, "episode": [1, 3]}
    assert isinstance(understood(answer, Media()), Unguessed)


def test_guessing_that_takes_too_long_is_given_up() -> None:
    unguessed = guess(Media(path="Heat.1995.mkv"), patience=Seconds(0.001))
    assert isinstance(unguessed, Unguessed)
    assert "0.001 s" in unguessed.reason


@pytest.mark.parametrize(
    ("script", "reason"),
    [("raise SystemExit(3)", "exit status 3"), ("print('no json')", "no answer"), ("print('[]')", "no answer")],
)
def test_a_guesser_that_fails_has_a_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, reason: str
) -> None:
    guesser = tmp_path / "guesser.py"
    guesser.write_text(script)
    monkeypatch.setattr(guess_module, "_GUESSER", guesser)
    unguessed = guess(Media(path="Heat.1995.mkv"))
    assert isinstance(unguessed, Unguessed)
    assert reason in unguessed.reason


def test_guessit_stays_out_of_this_process() -> None:
    assert isinstance(guess(Media(path="Heat.1995.mkv")), Media)
    assert "guessit" not in sys.modules
