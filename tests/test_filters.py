"""What the user does not want counted: each list, where it stands, and what is not told."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrobbler.events import Kind, Media, PlayerEvent, Seconds, SessionKey
from scrobbler.filters import Filter, Filters, Genre, mistake

AT = datetime(2026, 11, 20, 20, 0, tzinfo=UTC)


def event(
    path: str | None = None, library: str | None = None, minutes: float | None = None, live: bool = False, **more: str
) -> PlayerEvent:
    return PlayerEvent(
        session=SessionKey(source="plex", player="uuid-1"),
        kind=Kind.PLAY,
        media=Media(title="Heat", path=path, library=library, live=live),
        at=AT,
        duration=None if minutes is None else Seconds(minutes * 60),
        user=more.get("user"),
        user_id=more.get("user_id"),
        device=more.get("device"),
    )


def own(*, serves: bool = True, **keys: object) -> Filters:
    """The filter of a player."""
    return Filters(player="plex", serves=serves, own=msgspec.convert(keys, Filter))


def everywhere(*, serves: bool = True, **keys: object) -> Filters:
    """That of all players."""
    return Filters(player="plex", serves=serves, everywhere=msgspec.convert(keys, Filter))


def test_without_a_filter_everything_counts_but_live_tv() -> None:
    assert Filters().refusal(event("/films/Heat.mkv", "Kids", 1, user="marta")) is None
    assert Filters().refusal(event(live=True)) == "live TV, which is not in allow (filter)"


# Paths


@pytest.mark.parametrize(
    ("pattern", "path", "fits"),
    [
        ("/films/kids", "/films/kids/Up.mkv", True),
        ("/films/kids/", "/films/kids/a/b/Up.mkv", True),
        ("/films/kids", "/films/kids", True),
        ("/films/kids", "/films/kids too/Up.mkv", False),
        ("/films/kids", "/nas/films/kids/Up.mkv", False),
        ("*/kids", "/nas/films/kids/Up.mkv", True),
        ("*/Sample/*", "/films/Heat/Sample/heat.mkv", True),
        ("*.ts", "/rec/news.ts", True),
        ("*.ts", "/rec/news.ts.mkv", False),
        ("/films/[0-9]*", "/films/300/300.mkv", True),
        ("/films/?p", "/films/Up/Up.mkv", True),
        ("~/Films", "{home}/Films/Up.mkv", True),
        ("~", "{home}/Up.mkv", True),
        ("/", "/anything", True),
        ("/films/Ame\u0301lie*", "/films/Am\u00e9lie.mkv", True),
        ("https://nas.lan/", "https://nas.lan/films/Up.mkv", True),
        ("smb://*/kids", "smb://nas/share/kids/Up.mkv", True),
    ],
)
def test_a_folder_means_all_below_it_and_a_pattern_is_over_the_whole_path(pattern: str, path: str, fits: bool) -> None:
    path = path.format(home=Path.home())
    assert mistake(pattern) is None
    refusal = own(ignore_paths=[pattern]).refusal(event(path))
    assert refusal == (f"path {pattern!r} is in ignore_paths (players.plex.filter)" if fits else None)
    assert (own(only_paths=[pattern]).refusal(event(path)) is None) is fits


@pytest.mark.skipif(os.name != "posix" or os.uname().sysname == "Darwin", reason="its file system knows no capitals")
def test_capitals_are_told_apart_as_the_file_system_does() -> None:
    assert own(ignore_paths=["/films/Kids"]).refusal(event("/films/kids/Up.mkv")) is None


def test_a_pattern_that_fits_no_path_is_a_mistake() -> None:
    assert mistake("Kids") == '\'Kids\' fits no path: write a whole one that begins with "/" or "~", or "*/Kids"'
    assert mistake("") is not None
    assert mistake("~nobody-of-that-name/x") == "'~nobody-of-that-name/x': there is no user of that name here"


@given(st.text(max_size=30), st.text(max_size=60))
def test_no_pattern_and_no_path_is_more_than_a_word(pattern: str, path: str) -> None:
    if mistake(pattern) is None:
        own(ignore_paths=[pattern], only_paths=[pattern]).refusal(event(path))


# Libraries, users, devices


@pytest.mark.parametrize(
    ("word", "told", "also"),
    [
        ("libraries", {"library": "Kids  Films"}, "library"),
        ("users", {"user": "KIDS films"}, "user"),
        ("users", {"user": "somebody", "user_id": "Kids Films"}, "user"),
        ("players", {"device": "kids films"}, "player"),
    ],
)
def test_names_are_compared_without_case_and_spaces(word: str, told: dict[str, str], also: str) -> None:
    heard = event(**told)  # type: ignore[arg-type]  # a library, or a user, or a device
    keys: dict[str, Any] = {f"ignore_{word}": [" kids Films "]}
    right: dict[str, Any] = {f"only_{word}": ["Kids Films"]}
    wrong: dict[str, Any] = {f"only_{word}": ["Films"]}
    assert own(**keys).refusal(heard) == f"{also} ' kids Films ' is in ignore_{word} (players.plex.filter)"
    assert everywhere(**keys).refusal(heard) == f"{also} ' kids Films ' is in ignore_{word} (filter)"
    assert own(**right).refusal(heard) is None
    refusal = own(**wrong).refusal(heard)
    assert refusal is not None
    assert refusal.endswith(f" is not in only_{word} (players.plex.filter)")


def test_a_device_goes_by_its_id_its_name_or_the_name_of_the_player() -> None:
    for name in ("uuid-1", "Living Room TV", "plex"):
        assert own(only_players=[name]).refusal(event(device="Living room TV")) is None
        assert own(ignore_players=[name]).refusal(event(device="Living room TV")) is not None


def test_an_id_of_a_user_is_written_with_dashes_or_without() -> None:
    heard = event(user="marta", user_id="6f1c2d3e4b5a")
    assert own(ignore_users=["6F1C-2D3E-4B5A"]).refusal(heard) is not None


# What is not told


def test_what_is_not_told_is_not_ignored_but_not_among_the_only_ones_either() -> None:
    assert own(ignore_libraries=["Kids"], ignore_users=["kim"], ignore_paths=["/x"]).refusal(event()) is None
    assert own(only_libraries=["Films"]).refusal(event()) == (
        "no library is told, so it is not in only_libraries (players.plex.filter)"
    )
    assert own(only_users=["marta"]).refusal(event()) is not None
    assert own(only_paths=["/films"]).refusal(event()) is not None


def test_a_list_for_all_players_asks_only_those_that_can_tell_it() -> None:
    film = event("/films/Heat.mkv")
    assert everywhere(only_libraries=["Films"], only_users=["marta"], serves=False).refusal(film) is None
    assert everywhere(only_libraries=["Films"], serves=True).refusal(film) is not None
    assert everywhere(only_paths=["/music"], serves=False).refusal(film) is not None
    assert everywhere(only_paths=["/music"], serves=True).refusal(event(library="Films")) is None


def test_both_tables_hold() -> None:
    both = Filters(
        player="plex",
        serves=True,
        everywhere=Filter(only_libraries=("Films", "TV"), ignore_users=("kim",)),
        own=Filter(only_libraries=("TV", "Kids"), ignore_users=("bob",)),
    )
    assert both.refusal(event(library="TV", user="marta")) is None
    assert both.refusal(event(library="Films")) == "library 'Films' is not in only_libraries (players.plex.filter)"
    assert both.refusal(event(library="Kids")) == "library 'Kids' is not in only_libraries (filter)"
    assert both.refusal(event(library="TV", user="Kim")) == "user 'kim' is in ignore_users (filter)"
    assert both.refusal(event(library="TV", user="Bob")) == "user 'bob' is in ignore_users (players.plex.filter)"


# Length and live TV


def test_what_is_shorter_is_known_only_with_its_length() -> None:
    short = everywhere(shorter_than=20)
    assert short.refusal(event()) is None
    assert short.refusal(event(minutes=20)) is None
    assert short.refusal(event(minutes=19.5)) == "its 19.5 minutes are under shorter_than = 20 (filter)"


def test_the_word_of_a_player_stands_in_place_of_that_for_all() -> None:
    both = Filters(
        player="plex", everywhere=Filter(shorter_than=20, allow=(Genre.LIVE,)), own=Filter(shorter_than=0, allow=())
    )
    assert both.refusal(event(minutes=1)) is None
    assert both.refusal(event(live=True)) == "live TV, which is not in allow (players.plex.filter)"


def test_live_tv_counts_where_it_is_allowed() -> None:
    assert everywhere(allow=["live"]).refusal(event(live=True)) is None
    assert own(allow=["live"]).refusal(event(live=True)) is None
