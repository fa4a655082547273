"""Names that leave a doubt, through the real guessit in its own process; and guesses that are not taken."""

import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrobbler.events import Ids, Media, MediaKind, Seconds, Show
from scrobbler.reading.guess import Question, Unguessed, ask, understood
from scrobbler.reading.paths import Parts, take_apart

EPISODE = MediaKind.EPISODE
MOVIE = MediaKind.MOVIE


def question(path: str, kind: MediaKind | None = None) -> Question:
    parts = take_apart(Media(path=path))
    assert isinstance(parts, Parts)
    return Question(parts=parts, kind=kind)


def test_one_child_answers_for_all_names() -> None:
    heat, dark = ask([question("Heat.1995.1080p.BluRay.mkv"), question("Dark.S01E02.1080p.WEB.mkv")])
    assert not isinstance(heat, Unguessed)
    assert not isinstance(dark, Unguessed)
    assert (heat["type"], heat["title"], heat["year"]) == ("movie", "Heat", 1995)
    assert (dark["type"], dark["title"], dark["season"], dark["episode"]) == ("episode", "Dark", 1, 2)
    assert ask([]) == []


def test_the_players_kind_is_told_to_guessit() -> None:
    (answer,) = ask([question("Some Show 102.mkv", EPISODE)])
    assert not isinstance(answer, Unguessed)
    assert answer["type"] == "episode"


def test_guessit_stays_out_of_the_process_that_asks() -> None:
    """Asked of a process of its own: what else ran in this one says nothing."""
    code = """
import sys
from scrobbler.events import Media
from scrobbler.reading.guess import Question, ask
from scrobbler.reading.paths import take_apart
(answer,) = ask([Question(parts=take_apart(Media(path="Heat.1995.mkv")), kind=None)])
sys.exit("guessit" in sys.modules or answer["title"] != "Heat")
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=30)


def test_guessing_that_takes_too_long_is_given_up() -> None:
    (answer,) = ask([question("Heat.1995.mkv")], patience=Seconds(0.001))
    assert isinstance(answer, Unguessed)
    assert "0.001 s" in answer.reason


def test_what_was_answered_in_time_is_kept(tmp_path: Path) -> None:
    guesser = tmp_path / "guesser.py"
    guesser.write_text('import time\nprint(\'{"title": "Heat"}\', flush=True)\ntime.sleep(60)\n')
    first, second = ask([question("a.mkv"), question("b.mkv")], patience=Seconds(2.0), guesser=guesser)
    assert first == {"title": "Heat"}
    assert isinstance(second, Unguessed)


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("raise SystemExit(3)", "exit status 3"),
        ("print('no json')", "made nothing"),
        ("print('[]')", "made nothing"),
        ("print('null')", "made nothing"),
        ("pass", "made nothing"),
    ],
)
def test_a_guesser_that_fails_has_a_reason(tmp_path: Path, script: str, reason: str) -> None:
    guesser = tmp_path / "guesser.py"
    guesser.write_text(script)
    (answer,) = ask([question("Heat.1995.mkv")], guesser=guesser)
    assert isinstance(answer, Unguessed)
    assert reason in answer.reason


def test_odd_bytes_reach_guessit_as_text() -> None:
    answers = ask([question("\0Heat.1995.mkv"), question("Ünïcode 千 1995.mkv"), question("a" * 300 + ".mkv")])
    assert len(answers) == 3


@pytest.mark.parametrize(
    ("answer", "name", "expected"),
    [
        (
            {"type": "movie", "title": "Kill Bill", "alternative_title": "Vol. 1", "year": 2003},
            "Kill Bill Vol 1 2003 1080p",
            Media(kind=MOVIE, title="Kill Bill - Vol. 1", year=2003),
        ),
        (
            {"type": "episode", "title": "Dark", "season": 1, "episode": [1, 2]},
            "Dark S01E01E02",
            Media(kind=EPISODE, show=Show(title="Dark"), season=1, episode=1, episode_end=2),
        ),
        (
            {"type": "episode", "title": "The Office", "country": "US", "season": 1, "episode": 2},
            "The.Office.US.S01E02",
            Media(kind=EPISODE, show=Show(title="The Office (US)"), season=1, episode=2),
        ),
        (
            {"type": "episode", "title": "The Daily Show", "date": "2024-05-06"},
            "The Daily Show 2024.05.06",
            Media(kind=EPISODE, show=Show(title="The Daily Show"), date=date(2024, 5, 6)),
        ),
        (
            {"type": "episode", "title": "Dark", "season": 1, "episode": 2},
            "Dark.102.HDTV",
            Media(kind=EPISODE, show=Show(title="Dark"), season=1, episode=2),
        ),
    ],
)
def test_a_guess_that_the_name_proves_is_taken(answer: dict[str, Any], name: str, expected: Media) -> None:
    assert understood(answer, Media(), name) == expected


@pytest.mark.parametrize(
    ("answer", "name"),
    [
        ({"type": "movie", "title": "Holiday"}, "holiday"),
        ({"type": "movie", "title": "Cam", "year": 2001}, "Cam 2001"),
        ({"type": "movie"}, "1080p"),
        ({"type": "movie", "title": ""}, "x 1995 1080p"),
        ({"type": "movie", "title": ["", "x"], "year": 1995}, "x 1995 1080p"),
        ({"type": "episode", "title": "Room", "season": 2, "episode": 37}, "Room 237"),
        ({"type": "episode", "title": "Dark", "season": [1, 2], "episode": 1}, "Dark S01-S02"),
        ({"type": "episode", "title": "Dark", "season": 1}, "Dark S01"),
        ({"type": "episode", "title": "Dark", "season": 1, "episode": [1, 3]}, "Dark S01E01 E03"),
        ({"type": "episode", "title": "Dark", "season": 1, "episode": "x"}, "Dark S01"),
        ({"type": "episode", "title": "Dark", "episode": 5}, "Dark 5"),
        ({"type": "episode", "title": "Dark", "season": 2005, "year": 2005, "episode": 5}, "Dark 2005 05"),
        ({"type": "episode", "title": "Dark", "date": "2005-03-24"}, "Dark 24.03.05"),
        ({"type": "episode", "title": "Dark", "date": "yesterday"}, "Dark 2024"),
    ],
)
def test_a_guess_that_the_name_does_not_prove_is_not_taken(answer: dict[str, Any], name: str) -> None:
    assert isinstance(understood(answer, Media(), name), Unguessed)


def test_a_show_of_which_nothing_is_known_is_guessed() -> None:
    guessed = understood({"type": "episode", "title": "X", "season": 1, "episode": 5}, Media(show=Show()), "X S01E05")
    assert isinstance(guessed, Media)
    assert guessed.show == Show(title="X")


def test_what_is_known_already_is_not_guessed_anew() -> None:
    show = Show(title="One Piece", ids=Ids(tvdb=81797))
    guessed = understood({"type": "episode", "title": "X", "season": 1, "episode": 5}, Media(show=show), "X S01E05")
    assert isinstance(guessed, Media)
    assert guessed.show == show


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=4,
)


@given(st.dictionaries(st.sampled_from(["type", "title", "year", "season", "episode", "date", "country"]), VALUES))
def test_no_answer_of_guessit_breaks_it(answer: dict[str, Any]) -> None:
    understood(answer, Media(), "Show 2019 S01E02 1080p")
    understood(answer | {"type": "episode", "title": "Show"}, Media(), "Show 2019 S01E02 1080p")
