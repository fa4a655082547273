"""Events are snapshots in which only what is known and harmless can stand."""

import math
import os
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrobbler.events import (
    Ids,
    Kind,
    Media,
    MediaKind,
    Percent,
    PlayerEvent,
    Seconds,
    SessionKey,
    Show,
    percent,
    seconds,
)

KEY = SessionKey(source="mpv")
NOW = datetime(2026, 11, 20, tzinfo=UTC)


@pytest.mark.parametrize("value", [None, "12", True, -1, -0.5, math.nan, math.inf, [1]])
def test_what_cannot_be_a_time_is_unknown(value: object) -> None:
    assert seconds(value) is None


@pytest.mark.parametrize("value", [0, 12, 12.5])
def test_a_number_is_seconds(value: float) -> None:
    assert seconds(value) == value


@pytest.mark.parametrize(
    ("position", "duration", "share"),
    [
        (50.0, 200.0, 25.0),
        (0.0, 200.0, 0.0),
        (208.0, 200.0, 100.0),
        (210.0, 200.0, 100.0),
        (211.0, 200.0, None),
        (50.0, None, None),
        (50.0, 0.0, None),
        (None, 200.0, None),
    ],
)
def test_the_share_is_known_when_both_are_and_tolerates_a_small_overshoot(
    position: float | None, duration: float | None, share: float | None
) -> None:
    at = None if position is None else Seconds(position)
    assert percent(at, None if duration is None else Seconds(duration)) == share


def test_empty_and_malformed_ids_are_dropped_one_by_one() -> None:
    assert Ids(trakt=0, slug="", imdb="nonsense", tmdb=-3, tvdb=12).known() == {"tvdb": 12}
    assert not Ids(imdb="tt")
    assert Ids(imdb="tt0113277")


def test_ids_share_what_both_know() -> None:
    assert Ids(imdb="tt1", tmdb=5).shares(Ids(tmdb=5))
    assert not Ids(imdb="tt1", tmdb=5).shares(Ids(tmdb=6, tvdb=5))


def test_ids_differ_where_one_catalogue_knows_two_and_not_where_it_knows_one_only() -> None:
    assert Ids(imdb="tt1", tmdb=5).differs(Ids(imdb="tt1", tmdb=6))
    assert not Ids(imdb="tt1", tmdb=5).differs(Ids(tmdb=5, tvdb=6))
    assert not Ids(imdb="tt1").differs(Ids(tmdb=5))


@pytest.mark.parametrize(
    ("url", "bare"),
    [
        ("https://marta:secret@nas.lan:8080/films/Heat.mkv?token=abc#t=5", "https://nas.lan:8080/films/Heat.mkv"),
        ("smb://nas/films/Heat (1995).mkv", "smb://nas/films/Heat (1995).mkv"),
        ("http://[::1]:99999/a?token=abc", "http://[::1]:99999/a"),
        ("http://marta:secret@[broken/a?token=abc", "http://[broken/a"),
        ("/films/Heat?.mkv", "/films/Heat?.mkv"),
    ],
)
def test_a_url_keeps_neither_password_nor_query(url: str, bare: str) -> None:
    assert Media(path=url).path == bare


@given(st.text(), st.text())
def test_no_url_at_all_lets_its_query_through(host: str, secret: str) -> None:
    path = Media(path=f"http://{host}?{secret}").path
    assert path is not None
    assert "?" not in path.partition("://")[2]


@pytest.mark.parametrize(
    ("media", "label"),
    [
        (Media(title="Heat", year=1995), "Heat (1995)"),
        (Media(title="Heat"), "Heat"),
        (Media(show=Show(title="Dark"), season=1, episode=2), "Dark S01E02"),
        (Media(show=Show(title="Dark"), season=1, episode=2, episode_end=3), "Dark S01E02-E03"),
        (Media(show=Show(title="Dark"), title="Lügen", path="/x/y.mkv"), "Lügen"),
        (Media(path="/films/Heat.mkv"), "Heat.mkv"),
        (Media(path="/"), "/"),
        (Media(), "something without a name"),
    ],
)
def test_a_medium_has_a_short_name(media: Media, label: str) -> None:
    assert media.label() == label


def test_a_name_that_is_not_utf8_stays_readable_and_can_be_written() -> None:
    media = Media(path=os.fsdecode(b"/films/Caf\xe9.mkv"), title="\ud83d", show=Show(title="\udcfcber"))
    assert media.path == "/films/Café.mkv"
    assert media.title == "\ufffd"
    assert msgspec.json.decode(msgspec.json.encode(media), type=Media) == media


@given(st.text(st.characters(codec=None, categories=None, min_codepoint=0)))
def test_any_text_can_be_written(text: str) -> None:
    media = Media(path=text, title=text, library=text, show=Show(title=text), ids=Ids(slug=text))
    event = PlayerEvent(session=SessionKey(source="x", player=text, id=text), kind=Kind.PLAY, media=media, at=NOW)
    assert msgspec.json.decode(msgspec.json.encode(event), type=PlayerEvent) == event


def test_one_item_is_told_from_another_by_path_then_ids_then_name() -> None:
    assert Media(path="/a", title="Heat").same_as(Media(path="/a", title="Heat (tagged)"))
    assert not Media(path="/a", title="Heat").same_as(Media(path="/b", title="Heat"))
    assert Media(title="Heat", ids=Ids(imdb="tt1")).same_as(Media(title="HEAT!", ids=Ids(imdb="tt1")))
    assert Media(kind=MediaKind.MOVIE, title="heat", year=1995).same_as(Media(title="Heat", year=1995))
    assert not Media(title="Heat", year=1995).same_as(Media(title="Heat", year=1986))
    dark = Show(title="Dark")
    assert Media(show=dark, season=1, episode=2, title="Lies").same_as(Media(show=dark, season=1, episode=2))
    assert not Media(show=dark, season=1, episode=2).same_as(Media(show=dark, season=1, episode=3))
    assert not Media(library="films").same_as(Media())
    assert Media(library="films").same_as(Media(library="films"))
    first, second = Media(path="/dark.mkv", episode=1), Media(path="/dark.mkv", episode=2)
    assert not first.same_as(second)
    assert first.same_as(Media(path="/dark.mkv"))


def test_an_instant_must_know_its_time_zone() -> None:
    with pytest.raises(ValueError, match="aware"):
        PlayerEvent(session=KEY, kind=Kind.PLAY, media=Media(), at=datetime(2026, 1, 1))  # noqa: DTZ001  # the mistake


def test_a_share_is_a_place_once_the_duration_is_known() -> None:
    event = PlayerEvent(session=KEY, kind=Kind.PLAY, media=Media(), at=NOW, percent=Percent(25.0))
    assert event.place() is None
    assert msgspec.structs.replace(event, duration=Seconds(200.0)).place() == 50.0
    assert msgspec.structs.replace(event, position=Seconds(7.0)).place() == 7.0


def test_a_session_key_reads_as_a_path() -> None:
    assert str(SessionKey(source="plex", player="tv", id="7")) == "plex/tv/7"
    assert str(KEY) == "mpv"
