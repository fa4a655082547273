"""The meaning of mpv's words by recorded lists, and what options and properties may hold. Needs no mpv."""

import asyncio
import importlib
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import aclosing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import pytest
from scrobbler_mpv import MpvOptions, MpvWatcher, plugin
from scrobbler_mpv.media import media
from scrobbler_mpv.playback import Playback
from scrobbler_mpv.words import Moment, Word

from scrobbler.errors import ConfigError
from scrobbler.events import Kind, SessionKey
from scrobbler.sandbox.mpv import SimulatedMpv

AT = datetime(2026, 1, 1, tzinfo=UTC)
PLAY, PAUSE, STOP = Kind.PLAY, Kind.PAUSE, Kind.STOP
FILM: Mapping[str, object] = {
    "path": "/films/Heat.mkv",
    "working-directory": "/",
    "filename": "Heat.mkv",
    "media-title": "Heat.mkv",
    "current-tracks/video": {"id": 1, "image": False, "albumart": False},
    "duration": 6000.0,
    "pause": False,
    "speed": 1.0,
    "eof-reached": False,
    "loop-file": False,
    "ab-loop-a": "no",
    "ab-loop-b": "no",
    "time-pos": 0.0,
}


class Recording:
    """A player's words, one after the other, and what they were taken for."""

    def __init__(self) -> None:
        self.playback = Playback(SessionKey(source="mpv", id="1"))
        self.told: list[tuple[Kind, float | None]] = []

    def hear(self, word: Word, clock: float, value: object = None, **said: object) -> "Recording":
        moment = Moment(word=word, at=AT, clock=clock, value=value)
        known = {**FILM, **{name.replace("_", "-"): value for name, value in said.items()}}
        answers = {name: known[name] for name in self.playback.questions(moment)}
        return self.take(moment, answers)

    def unanswered(self, word: Word, clock: float, value: object = None) -> "Recording":
        return self.take(Moment(word=word, at=AT, clock=clock, value=value), {})

    def take(self, moment: Moment, answers: Mapping[str, object]) -> "Recording":
        event = self.playback.hear(moment, answers)
        if event is not None:
            assert event.at == AT
            self.told.append((event.kind, event.position))
        return self


def playing(clock: float = 0, **said: object) -> Recording:
    recording = Recording().hear(Word.ATTACHED, clock, path=None).hear(Word.START_FILE, clock)
    return recording.hear(Word.PLAYBACK_RESTART, clock, **said)


def test_the_words_of_an_evening() -> None:
    evening = playing().hear(Word.DURATION, 0, 6000.0).hear(Word.PAUSE, 0, False)
    evening.hear(Word.PAUSE, 60, True, time_pos=60.1).hear(Word.PAUSE, 90, False, time_pos=60.1)
    evening.hear(Word.SEEK, 100).hear(Word.PLAYBACK_RESTART, 100.1, time_pos=5900.0)
    evening.hear(Word.END_FILE, 200, "eof")
    assert evening.told == [(PLAY, 0), (PAUSE, 60.1), (PLAY, 60.1), (PLAY, 5900), (STOP, 6000)]


def test_a_stop_is_where_the_time_since_the_last_look_leads() -> None:
    assert playing(speed=2.0).hear(Word.END_FILE, 5, "stop").told[-1] == (STOP, 10)


def test_a_stop_is_never_past_the_end() -> None:
    assert playing(time_pos=5999.0).hear(Word.END_FILE, 5, "stop").told[-1] == (STOP, 6000)


def test_time_without_a_look_at_the_position_is_not_believed() -> None:
    assert playing().hear(Word.END_FILE, 3600, "quit").told[-1] == (STOP, 40)


def test_the_end_of_a_stream_without_a_length_is_where_it_was_left() -> None:
    assert playing(duration=None).hear(Word.END_FILE, 5, "eof").told[-1] == (STOP, 5)


def test_a_lost_player_stops_where_it_was_last_seen() -> None:
    assert playing().hear(Word.SAMPLE, 15, time_pos=14.9).hear(Word.GONE, 25).told == [
        (PLAY, 0),
        (PLAY, 14.9),
        (STOP, 14.9),
    ]


def test_a_look_without_an_answer_tells_nothing() -> None:
    assert playing().unanswered(Word.SAMPLE, 15).told == [(PLAY, 0)]


def test_a_filling_cache_is_no_pause_and_no_time_played() -> None:
    stream = playing().hear(Word.PAUSED_FOR_CACHE, 5, True, time_pos=5.0)
    assert stream.playback.due is None
    stream.hear(Word.PAUSED_FOR_CACHE, 15, False, time_pos=5.0)
    assert stream.hear(Word.END_FILE, 16, "stop").told == [(PLAY, 0), (STOP, 6)]


def test_a_look_is_due_only_while_something_moves() -> None:
    recording = Recording()
    assert recording.playback.due is None
    assert playing(100).playback.due == 120
    assert playing(100).hear(Word.PAUSE, 101, True).playback.due is None
    assert playing(100).hear(Word.END_FILE, 101, "stop").playback.due is None


@pytest.mark.parametrize(
    ("duration", "speed", "pause"), [(100.0, 1.0, 5), (100.0, 2.0, 2.5), (4.0, 1.0, 1), (None, 1.0, 30)]
)
def test_what_is_short_is_looked_at_more_often(duration: float | None, speed: float, pause: float) -> None:
    recording = Recording().hear(Word.START_FILE, 0)
    assert recording.hear(Word.PLAYBACK_RESTART, 0, duration=duration, speed=speed).playback.due == pause


def test_another_speed_while_paused_waits_for_the_resume() -> None:
    film = playing().hear(Word.PAUSE, 1, True).hear(Word.SPEED, 2, 1.5).hear(Word.SPEED, 3, 1.5)
    assert len(film.told) == 2


def test_a_track_change_is_no_seek() -> None:
    assert playing().hear(Word.PLAYBACK_RESTART, 9, time_pos=9.0).told == [(PLAY, 0)]


def test_of_many_seeks_at_once_the_last_is_told() -> None:
    film = playing().hear(Word.SEEK, 1).hear(Word.SEEK, 1.1).hear(Word.PLAYBACK_RESTART, 1.2, time_pos=99.0)
    assert film.told == [(PLAY, 0), (PLAY, 99)]


def test_a_jump_inside_a_loop_is_the_users() -> None:
    film = playing(loop_file="inf").hear(Word.SEEK, 1).hear(Word.PLAYBACK_RESTART, 1.1, time_pos=99.0, loop_file="inf")
    assert film.told[-1] == (PLAY, 99)


def test_a_jump_from_nobody_knows_where_is_told() -> None:
    film = playing(loop_file="inf", time_pos=None).hear(Word.SEEK, 1)
    assert film.hear(Word.PLAYBACK_RESTART, 1.1, time_pos=0.0, loop_file="inf").told == [(PLAY, None), (PLAY, 0)]


def test_a_file_whose_questions_were_not_answered_is_not_made_up() -> None:
    silent = Recording().hear(Word.START_FILE, 0).unanswered(Word.PLAYBACK_RESTART, 1)
    assert silent.hear(Word.PLAYBACK_RESTART, 2).told == [(PLAY, 0)]


def test_an_error_before_anything_played_and_a_redirect_are_silent() -> None:
    for reason in ("error", "redirect"):
        assert Recording().hear(Word.START_FILE, 0).hear(Word.END_FILE, 1, reason).told == []


def test_the_end_of_a_kept_open_file_is_told_once_whatever_comes_first() -> None:
    by_pause = playing().hear(Word.PAUSE, 9, True, eof_reached=True).hear(Word.EOF_REACHED, 9, True)
    by_end = playing().hear(Word.EOF_REACHED, 9, True).hear(Word.PAUSE, 9, True, eof_reached=True)
    for film in (by_pause, by_end):
        assert film.told == [(PLAY, 0), (STOP, 6000)]
        film.hear(Word.PAUSE, 10, False, eof_reached=True).hear(Word.PAUSE, 10.1, True, eof_reached=True)
        film.hear(Word.SEEK, 11).hear(Word.PLAYBACK_RESTART, 11, time_pos=50.0).hear(Word.EOF_REACHED, 11, False)
        film.hear(Word.PAUSE, 12, False, time_pos=50.0).hear(Word.END_FILE, 13, "stop")
        assert film.told == [(PLAY, 0), (STOP, 6000), (PLAY, 50), (STOP, 51)]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/films/Heat.mkv", "/films/Heat.mkv"),
        ("../films/Heat.mkv", "/films/Heat.mkv"),
        ("file:///films/Heat%20%281995%29.mkv", "/films/Heat (1995).mkv"),
        ("file:///films/Caf%E9.mkv", "/films/Café.mkv"),
        ("https://user:secret@host/Heat.mkv?token=secret#secret", "https://host/Heat.mkv"),
        ("lavf://https://user:secret@host/Heat.mkv?token=secret", "https://host/Heat.mkv"),
        ("edl://%40%https://user:secret@host/Heat.mkv", None),
        ("-", None),
    ],
)
def test_a_path_is_absolute_or_an_address_without_secrets(path: str, expected: str | None) -> None:
    found = media({**FILM, "path": path, "working-directory": "/home"})
    assert found is not None
    assert found.path == expected


@pytest.mark.parametrize(
    ("title", "expected"),
    [("Heat (1995)", "Heat (1995)"), ("Heat.mkv", None), ("Heat", None), (" ", None), (None, None)],
)
def test_a_title_is_the_files_own(title: str | None, expected: str | None) -> None:
    found = media({**FILM, "media-title": title})
    assert found is not None
    assert found.title == expected


def test_a_title_that_is_the_end_of_an_address_is_none() -> None:
    said = {"path": "https://h/a%20b?key=secret", "filename": "a b", "media-title": "a b?key=secret"}
    found = media({**FILM, **said})
    assert found is not None
    assert found.title is None


def test_options_name_folders_and_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    monkeypatch.setenv("RUNTIME", "/run/ada")
    options = msgspec.convert({"sockets": ["~/mpv", "$RUNTIME/mpv.sock", "~/mpv"]}, plugin.options)
    assert options.places("tv") == [Path("/home/ada/mpv"), Path("/run/ada/mpv.sock")]
    assert MpvOptions(sockets="/run/mpv").places("tv") == [Path("/run/mpv")]
    assert isinstance(plugin.build("tv", options), MpvWatcher)


@pytest.mark.parametrize(
    ("sockets", "text"),
    [
        ("", "players.tv.sockets holds an empty path"),
        ([], "players.tv.sockets is an empty list"),
        ("mpv/socket", "players.tv.sockets = 'mpv/socket' is a relative path"),
        ("$NOWHERE/mpv", "players.tv.sockets = '\\$NOWHERE/mpv': the environment has no \\$NOWHERE"),
        ("/a\0b", "cannot hold a NUL"),
    ],
)
def test_a_place_that_can_be_none_is_said_in_one_line(sockets: str | list[str], text: str) -> None:
    with pytest.raises(ConfigError, match=text) as raised:
        plugin.build("tv", MpvOptions(sockets=sockets))
    assert "\n" not in str(raised.value)


def test_without_options_it_is_the_runtime_folder_made_for_this_user_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert MpvOptions().places("tv") == [tmp_path / "mpv"]
    assert (tmp_path / "mpv").stat().st_mode & 0o777 == 0o700
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "later"))
    assert MpvOptions().places("tv") == [tmp_path / "later" / "mpv"]
    (tmp_path / "file").mkdir(mode=0o700)
    (tmp_path / "file" / "mpv").touch()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "file"))
    with pytest.raises(ConfigError, match="cannot be made"):
        MpvOptions().places("tv")


@pytest.mark.anyio
async def test_a_place_that_cannot_be_watched_is_a_setting_to_correct() -> None:
    with closed_folder() as closed, unprivileged(), pytest.raises(ConfigError, match="closed cannot be watched"):
        async with aclosing(MpvWatcher("tv", [closed]).events()) as events:
            await asyncio.wait_for(anext(events), 10)


@pytest.mark.anyio
async def test_a_silent_socket_is_tried_again_later_and_at_once_when_it_is_made_anew(sockets: Path) -> None:
    """It answers the second time, as an mpv does that was frozen."""
    place = sockets / "mpv.sock"
    player = SimulatedMpv(place)
    with socket.socket(socket.AF_UNIX) as deaf:
        deaf.bind(str(place))
        deaf.listen(0)
        with socket.socket(socket.AF_UNIX) as first:
            first.connect(str(place))  # its backlog is full: silent at once
            async with aclosing(MpvWatcher("tv", [sockets]).events()) as events:
                heard = asyncio.ensure_future(anext(events))
                await asyncio.wait([heard], timeout=0.2)
                await player.start()
                player.play("/films/Heat.mkv", 6000)
                event = await asyncio.wait_for(heard, 1.5)  # less than the pause before the next try
    assert event.kind is PLAY
    await player.quit()


@pytest.mark.anyio
async def test_a_line_that_makes_no_sense_costs_nothing(sockets: Path) -> None:
    player = SimulatedMpv(sockets / "mpv.sock")
    await player.start()
    player.play("/films/Heat.mkv", 6000)
    async with aclosing(MpvWatcher("tv", [sockets]).events()) as events:
        assert (await anext(events)).kind is PLAY
        player.garble(b'garbled\n[]\n"\xff"\n\n{"event": 7}\n{"request_id": []}\n{"request_id": 99}\n')
        player.pause()
        assert (await anext(events)).kind is PAUSE
    await player.quit()


@pytest.mark.anyio
async def test_a_connection_that_broke_is_made_anew(sockets: Path) -> None:
    """A line that does not end is given up, and the connection with it; the player goes on."""
    player = SimulatedMpv(sockets / "mpv.sock")
    await player.start()
    player.play("/films/Heat.mkv", 6000)
    async with aclosing(MpvWatcher("tv", [sockets]).events()) as events:
        assert (await anext(events)).kind is PLAY
        player.garble(b"x" * (1 << 21))
        assert (await anext(events)).kind is STOP
        assert (await asyncio.wait_for(anext(events), 10)).kind is PLAY
    await player.quit()


@contextmanager
def closed_folder() -> Iterator[Path]:
    """A folder that nobody but root may read."""
    with TemporaryDirectory() as public:
        Path(public).chmod(0o755)
        Path(public, "closed").mkdir(mode=0)
        yield Path(public, "closed")


@contextmanager
def unprivileged() -> Iterator[None]:
    """As a user without privileges: root may read everything."""
    importlib.import_module("watchdog.observers")  # which that user may not be able to load
    us = os.geteuid()
    if us == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(us)
