"""What a real mpv does, and what the adapter makes of it: one story for each thing that a user can do."""

import os
import shutil
import signal
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import HTTPServer, SimpleHTTPRequestHandler
from pathlib import Path
from threading import Thread

import pytest
from plugins.real_mpv import Ear, RealMpv, listening

from scrobbler.events import Kind

pytestmark = [pytest.mark.mpv, pytest.mark.anyio]

PLAY, PAUSE, STOP = Kind.PLAY, Kind.PAUSE, Kind.STOP
Start = Callable[..., Awaitable[RealMpv]]


async def test_a_loaded_file_plays(start: Start, ear: Ear, clips: Path) -> None:
    mpv = await start()
    await mpv.load(clips / "Film.mkv")
    event = await ear.expect((PLAY, 0, 20))
    assert (event.media.path, event.media.title, event.rate) == (str(clips / "Film.mkv"), None, 1.0)
    assert str(event.session) == f"mpv/{mpv.pid}"


async def test_a_title_is_told_where_it_is_not_the_files_name(start: Start, ear: Ear, clips: Path) -> None:
    mpv = await start()
    await mpv.load(clips / "Titled.mkv")
    assert (await ear.plays(clips / "Titled.mkv")).media.title == "A Real Title"


async def test_a_relative_path_becomes_absolute(start: Start, ear: Ear, clips: Path) -> None:
    up = Path(*[".."] * len(Path.cwd().parts))
    await start(up / clips.relative_to("/") / "Film.mkv")
    await ear.plays(clips / "Film.mkv")


async def test_pause_and_resume(start: Start, ear: Ear, clips: Path) -> None:
    mpv = await playing(start, ear, clips / "Film.mkv")
    await mpv.set("pause", True)
    await ear.expect((PAUSE, 0, 20))
    await mpv.set("pause", False)
    await ear.expect((PLAY, 0, 20))


async def test_a_seek_while_playing_is_one_play_at_the_new_position(start: Start, ear: Ear, clips: Path) -> None:
    mpv = await playing(start, ear, clips / "Film.mkv")
    await mpv.seek(12)
    await ear.expect((PLAY, 12, 20))
    await mpv.set("pause", True)
    await ear.expect((PAUSE, 12, 20))


async def test_a_seek_while_paused_is_one_pause_at_the_new_position(start: Start, ear: Ear, clips: Path) -> None:
    mpv = await playing(start, ear, clips / "Film.mkv")
    await mpv.set("pause", True)
    await ear.expect((PAUSE, 0, 20))
    await mpv.seek(12)
    await ear.expect((PAUSE, 12, 20))
    await mpv.set("pause", False)
    await ear.expect((PLAY, 12, 20))


async def test_the_hour_is_known_to_the_second(start: Start, ear: Ear, clips: Path) -> None:
    mpv = await playing(start, ear, clips / "Hour.mkv")
    await mpv.seek(2880)
    event = await ear.expect((PLAY, 2880, 3600))
    assert event.rate == 1.0


async def test_next_in_the_playlist_stops_the_one_and_plays_the_other(start: Start, ear: Ear, clips: Path) -> None:
    mpv = await playing(start, ear, clips / "Film.mkv")
    await mpv.load(clips / "Next.mkv", "append")
    await mpv.seek(12)
    await ear.expect((PLAY, 12, 20))
    await mpv.command("playlist-next")
    await ear.expect((STOP, 12, 20), (PLAY, 0, 30))


async def test_the_natural_end_of_the_last_file_stops_at_its_duration(start: Start, ear: Ear, clips: Path) -> None:
    await playing(start, ear, clips / "Short.mkv")
    event = await ear.next()
    assert (event.kind, event.position, event.watched) == (STOP, event.duration, False)
    assert event.duration == pytest.approx(1.2, abs=0.1)


async def test_a_natural_end_with_more_to_come_stops_and_plays(start: Start, ear: Ear, clips: Path) -> None:
    mpv = await start()
    await mpv.load(clips / "Short.mkv")
    await mpv.load(clips / "Film.mkv", "append")
    await ear.expect((PLAY, 0, 1.2), (STOP, 1.2, 1.2), (PLAY, 0, 20))


async def test_with_keep_open_the_end_stops_once_and_going_back_plays_again(
    start: Start, ear: Ear, clips: Path
) -> None:
    mpv = await playing(start, ear, clips / "Film.mkv", "--keep-open=yes")
    await mpv.seek(19.4)
    await ear.expect((PLAY, 19.4, 20), (STOP, 20, 20))
    await mpv.until("pause", bool)  # by itself
    await mpv.said("playback-restart")
    await mpv.seek(5)
    await mpv.said("playback-restart")
    await mpv.set("pause", False)
    await ear.expect((PLAY, 5, 20))
    await mpv.command("stop")
    await ear.expect((STOP, 5, 20))


async def test_with_keep_open_the_next_file_does_not_stop_the_last_one_twice(
    start: Start, ear: Ear, clips: Path
) -> None:
    mpv = await playing(start, ear, clips / "Short.mkv", "--keep-open=yes")
    await ear.expect((STOP, 1.2, 1.2))
    await mpv.until("pause", bool)
    await mpv.load(clips / "Film.mkv")
    await ear.expect((PAUSE, 0, 20))
    await mpv.set("pause", False)
    await ear.expect((PLAY, 0, 20))


async def test_the_turn_of_a_looped_file_is_silent(start: Start, ear: Ear, clips: Path) -> None:
    mpv = await playing(start, ear, clips / "Film.mkv", "--loop-file=inf")
    await mpv.seek(19.4)
    await ear.expect((PLAY, 19.4, 20))
    await turn(mpv)
    await mpv.seek(10)
    await ear.expect((PLAY, 10, 20))


async def test_the_last_turn_of_a_counted_loop_is_silent_too(start: Start, ear: Ear, clips: Path) -> None:
    mpv = await playing(start, ear, clips / "Film.mkv", "--loop-file=1")
    await mpv.seek(19.4)
    await ear.expect((PLAY, 19.4, 20))
    await turn(mpv)
    await mpv.seek(10)
    await ear.expect((PLAY, 10, 20))


async def test_the_turns_of_an_a_b_loop_are_silent(start: Start, ear: Ear, clips: Path) -> None:
    mpv = await playing(start, ear, clips / "Film.mkv", "--ab-loop-a=4", "--ab-loop-b=8")
    await mpv.seek(7.5)
    await ear.expect((PLAY, 7.5, 20))
    await turn(mpv)
    await mpv.seek(6)
    await ear.expect((PLAY, 6, 20))


async def test_a_chapter_skip_is_a_seek_and_one_past_the_last_a_stop(start: Start, ear: Ear, clips: Path) -> None:
    mpv = await playing(start, ear, clips / "Next.mkv")
    await mpv.command("add", "chapter", 1)
    await ear.expect((PLAY, 10, 30))
    await mpv.command("add", "chapter", 1)
    await ear.expect((PLAY, 20, 30))
    await mpv.command("add", "chapter", 1)
    await ear.expect((STOP, 20, 30))


async def test_another_speed_is_a_play_with_the_new_rate(start: Start, ear: Ear, clips: Path) -> None:
    mpv = await playing(start, ear, clips / "Film.mkv")
    await mpv.set("speed", 2.0)
    event = await ear.expect((PLAY, 0, 20))
    assert event.rate == 2.0


@pytest.mark.parametrize("name", ["Broken.mkv", "Missing.mkv", "Picture.png", "Song.m4a", "Covered.m4a"])
async def test_what_is_no_film_is_not_told(name: str, start: Start, ear: Ear, clips: Path) -> None:
    mpv = await playing(start, ear, clips / "Film.mkv", "--image-display-duration=inf")
    await mpv.load(clips / name)
    await ear.expect((STOP, 0, 20))
    await mpv.said("start-file")
    await mpv.said("playback-restart" if name.endswith(("png", "m4a")) else "idle")
    await mpv.set("pause", True)
    await mpv.set("pause", False)
    await mpv.set("speed", 1.5)
    await mpv.load(clips / "Next.mkv")
    await ear.plays(clips / "Next.mkv")


async def test_a_playlist_file_is_not_a_play(start: Start, ear: Ear, clips: Path) -> None:
    mpv = await start()
    await mpv.load(clips / "List.m3u")
    await ear.plays(clips / "Film.mkv")
    await mpv.command("stop")
    await ear.expect((STOP, 0, 20))


async def test_stop_tells_the_position_where_it_was_stopped(start: Start, ear: Ear, clips: Path) -> None:
    mpv = await playing(start, ear, clips / "Film.mkv", "--speed=5")
    await mpv.until("time-pos", lambda at: at and at > 3)
    at = await mpv.command("get_property", "time-pos")
    await mpv.command("stop")
    event = await ear.next()
    assert event.kind is STOP
    assert event.position == pytest.approx(at, abs=0.5)


async def test_quit_stops(start: Start, ear: Ear, clips: Path) -> None:
    mpv = await playing(start, ear, clips / "Film.mkv")
    await mpv.seek(12)
    await ear.expect((PLAY, 12, 20))
    await mpv.command("quit")
    event = await ear.expect((STOP, 12, 20))
    assert event.heard == "end-file quit"


async def test_a_killed_mpv_stops_at_its_last_known_position(start: Start, ear: Ear, clips: Path) -> None:
    mpv = await playing(start, ear, clips / "Film.mkv", "--speed=5")
    await mpv.seek(5)
    known = (await ear.expect((PLAY, 5, 20))).position
    await mpv.until("time-pos", lambda at: at > 8)
    mpv.signal(signal.SIGKILL)
    event = await ear.next()
    assert (event.kind, event.position, event.heard) == (STOP, known, "gone")


async def test_loading_over_a_running_file_stops_it(start: Start, ear: Ear, clips: Path) -> None:
    mpv = await playing(start, ear, clips / "Film.mkv")
    await mpv.load(clips / "Next.mkv")
    await ear.expect((STOP, 0, 20), (PLAY, 0, 30))


async def test_loading_the_same_file_again_is_a_new_play(start: Start, ear: Ear, clips: Path) -> None:
    mpv = await playing(start, ear, clips / "Film.mkv")
    await mpv.seek(12)
    await ear.expect((PLAY, 12, 20))
    await mpv.load(clips / "Film.mkv")
    await ear.expect((STOP, 12, 20), (PLAY, 0, 20))


@pytest.mark.parametrize(("paused", "kind"), [("yes", PAUSE), ("no", PLAY)])
async def test_an_mpv_found_in_the_middle_is_told_as_it_is(
    paused: str, kind: Kind, start: Start, sockets: Path, clips: Path
) -> None:
    mpv = await start("--start=12", f"--pause={paused}", clips / "Film.mkv")
    await mpv.until("time-pos", lambda at: at and at >= 12)
    async with listening(sockets) as ear:
        event = await ear.expect((kind, 12, 20))
        assert (event.media.path, event.heard) == (str(clips / "Film.mkv"), "attached")


async def test_an_mpv_found_at_a_kept_open_end_has_stopped_there(start: Start, sockets: Path, clips: Path) -> None:
    mpv = await start("--keep-open=yes", "--start=19.6", clips / "Film.mkv")
    await mpv.until("eof-reached", bool)
    async with listening(sockets) as ear:
        await ear.expect((STOP, 20, 20))
        await mpv.until("pause", bool)
        await mpv.load(clips / "Next.mkv")
        await ear.expect((PAUSE, 19.6, 30))  # --start holds for every file


async def test_no_token_of_an_address_is_told(start: Start, ear: Ear, clips: Path) -> None:
    with served(clips) as address:
        mpv = await start()
        await mpv.load(f"{address}/Film.mkv?token=s3cret")
        event = await ear.next()
    assert (event.kind, event.media.path, event.media.title) == (PLAY, f"{address}/Film.mkv", None)
    assert "s3cret" not in repr(event)


async def test_a_name_that_is_no_unicode_is_read_as_its_user_does(
    start: Start, ear: Ear, clips: Path, tmp_path: Path
) -> None:
    film = os.fsencode(tmp_path) + b"/Caf\xe9.mkv"
    shutil.copy(os.fsencode(clips / "Film.mkv"), film)
    await start(film)
    event = await ear.next()
    assert event.media.path == f"{tmp_path}/Café.mkv"
    assert event.media.title is None


async def playing(start: Start, ear: Ear, film: Path, *options: str) -> RealMpv:
    """An mpv of which the adapter has just told that it plays the film."""
    mpv = await start(*options)
    await mpv.load(film)
    await ear.plays(film)
    await mpv.said("playback-restart")
    return mpv


async def turn(mpv: RealMpv) -> None:
    """Waits for a loop's turn: the seek was the user's, the second is its own."""
    await mpv.said("seek")
    await mpv.said("playback-restart")
    await mpv.said("seek")
    await mpv.said("playback-restart")


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The folder over HTTP on loopback."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Says nothing."""

    with HTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder)) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
