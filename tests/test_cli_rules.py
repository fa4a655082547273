"""``scrobbler rules``: what was corrected and what the configuration says, and taking a correction back."""

import json
from pathlib import Path
from typing import Any

import pytest
from cli_process import complaint, configured, ran
from playbook import T0
from queued import opened

from scrobbler.events import Ids, Media, MediaKind, Show
from scrobbler.identify.remedy import remedy
from scrobbler.state.corrections import Correction, Never, Scope
from scrobbler.state.decisions import What
from scrobbler.state.snapshot import corrected, decisions
from scrobbler.trakt.wire import Item

RULES = """
[[rules]]
path = "/kids/*"
ignore = true

[[rules]]
show = "Office"
library = "Serien"
item = "https://trakt.tv/shows/the-office"
season = 2
episode_offset = -13

[[rules]]
title = "Heet"
item = "tt0113277"
episode_offset = 3
"""
FIFTH = Media(path="/tv/Show/S01E05.mkv")
READ = Media(kind=MediaKind.EPISODE, show=Show(title="Show"), season=1, episode=5)
OTHER = Item(kind=MediaKind.EPISODE, show=Show(title="Dark", year=2017, ids=Ids(trakt=7)), season=2, number=18)
NOTHING = "Nothing was corrected, and the configuration has no [[rules]].\n"


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")


def rules(file: Path, *words: str) -> str:
    """What ``scrobbler rules`` says where all is well."""
    done = ran("rules", *words, "--config", file)
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout


def known(file: Path, *words: str) -> Any:
    return json.loads(rules(file, *words, "--json"))


def remember(folder: Path) -> None:
    """One of a show, one of a folder."""
    with opened(folder) as store:
        for meant, scope in ((OTHER, None), (Never(), Scope.FOLDER)):
            said = remedy(FIFTH, READ, meant, scope)
            assert isinstance(said, Correction)
            store.changes.correct(said, (), T0).result(10)


def test_where_nothing_was_said_that_is_said(tmp_path: Path) -> None:
    file = configured(tmp_path)
    assert rules(file) == rules(file, "list") == NOTHING
    assert known(file, "list") == {"remembered": [], "configured": []}
    assert not (tmp_path / "state").exists()


def test_what_was_corrected_and_what_is_configured_are_listed(tmp_path: Path) -> None:
    file = configured(tmp_path, more=RULES)
    remember(tmp_path / "state")
    assert rules(file).splitlines() == [
        "1  20 Nov 20:00  Show, season 1, is Dark (2017), season 2, episodes + 13",
        "2  20 Nov 20:00  all in /tv/Show is never told to Trakt",
        f'{file}:11: path "/kids/*" is never told to Trakt',
        f'{file}:15: show "Office" and library "Serien" is show slug the-office, season 2, episodes - 13',
        f'{file}:22: title "Heet" is imdb tt0113277, episodes + 3',
    ]


def test_programs_are_told_the_parts(tmp_path: Path) -> None:
    file = configured(tmp_path, more=RULES)
    remember(tmp_path / "state")
    said = known(file, "list")
    assert said["remembered"][0] == {
        "id": 1,
        "scope": "show",
        "words": "Show, season 1, is Dark (2017), season 2, episodes + 13",
        "at": "2026-11-20T20:00:00+00:00",
        "about": {"type": "show", "show": {"title": "Show"}},
        "meaning": {
            "type": "episodes",
            "show": {"title": "Dark", "year": 2017, "ids": {"trakt": 7}},
            "numbers": {"type": "shifted", "of_season": 1, "season": 2, "by": 13},
        },
    }
    assert said["configured"][1] == {
        "where": f"{file}:15",
        "words": 'show "Office" and library "Serien" is show slug the-office, season 2, episodes - 13',
        "path": None,
        "show": "Office",
        "title": None,
        "library": "Serien",
        "season": 2,
        "episode_offset": -13,
        "ids": {"slug": "the-office"},
        "ignore": False,
    }


def test_a_correction_is_taken_back(tmp_path: Path) -> None:
    file = configured(tmp_path)
    remember(tmp_path / "state")
    assert rules(file, "remove", "2") == "2  holds no longer: all in /tv/Show is never told to Trakt\n"
    assert [one.id for one in corrected(tmp_path / "state")] == [1]
    assert known(file, "remove", "1") == {"removed": [1], "left": []}
    assert rules(file) == NOTHING
    last = decisions(tmp_path / "state")[-1]
    assert (last.what, last.words) == (What.CORRECTED, "correction 1 was taken back by the user")


@pytest.mark.parametrize(
    ("words", "there"),
    [
        (("remove", "9"), "there is no correction 9: there are 1, 2; rules of the file are removed there"),
        (("remove", "1", "9", "8"), "there is no correction 9, 8: there are 1, 2; rules of the file are removed there"),
    ],
)
def test_one_that_is_not_there_is_one_line_and_changes_nothing(
    words: tuple[str, ...], there: str, tmp_path: Path
) -> None:
    file = configured(tmp_path)
    remember(tmp_path / "state")
    assert complaint(ran("rules", *words, "--config", file), 2) == there
    assert len(corrected(tmp_path / "state")) == 2


def test_without_any_there_is_none_to_remove(tmp_path: Path) -> None:
    file = configured(tmp_path)
    words = "there is no correction 1: nothing was corrected; rules of the file are removed there"
    assert complaint(ran("rules", "remove", "1", "--config", file), 2) == words


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("remove",), "Error: Missing argument 'ID [ID]...'."),
        (("remove", "x"), "Error: Invalid value for 'ID [ID]...': 'x' is not a valid integer range."),
        (("lst",), "Error: There is no command 'lst': did you mean list?"),
    ],
)
def test_a_mistyped_command_says_what_is_allowed(words: tuple[str, ...], line: str) -> None:
    done = ran("rules", *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[-1] == line
