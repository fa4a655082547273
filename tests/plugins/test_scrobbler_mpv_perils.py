"""Sockets without a player, players without an answer, and players that come and go: none of it may cost anything."""

import asyncio
import gc
import os
import signal
import socket
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from plugins.real_mpv import Ear, RealMpv, listening
from scrobbler_mpv import connection
from scrobbler_mpv.probe import Dead, Live, probe

from scrobbler.events import Kind
from scrobbler.watching import utc_now

pytestmark = [pytest.mark.mpv, pytest.mark.anyio]

PLAY, PAUSE, STOP = Kind.PLAY, Kind.PAUSE, Kind.STOP
Start = Callable[..., Awaitable[RealMpv]]


async def test_a_stale_socket_is_given_up_and_left_alone(sockets: Path) -> None:
    stale = sockets / "stale.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(stale))
        listener.listen()
    assert await probe(stale) is Dead.STALE
    assert stale.is_socket()
    assert await probe(sockets / "missing.sock") is Dead.STALE


async def test_a_new_mpv_on_a_stale_path_is_found(start: Start, ear: Ear, clips: Path) -> None:
    for film in ("Film.mkv", "Next.mkv"):
        mpv = await start(clips / film)
        await ear.plays(clips / film)
        mpv.signal(signal.SIGKILL)
        assert (await ear.next()).kind is STOP
        mpv.process.wait()


async def test_a_stolen_path_keeps_both(start: Start, ear: Ear, clips: Path) -> None:
    first = await start(clips / "Film.mkv")
    await ear.plays(clips / "Film.mkv")
    second = await start(clips / "Next.mkv")
    event = await ear.plays(clips / "Next.mkv")
    assert event.session.id == str(second.pid)
    await first.set("pause", True)
    event = await ear.expect((PAUSE, 0, 20))
    assert event.session.id == str(first.pid)


async def test_several_players_are_several_sessions(start: Start, ear: Ear, clips: Path) -> None:
    players = [await start("--pause", clips / "Film.mkv", name=f"{number}.sock") for number in range(3)]
    heard = {(await ear.next()).session.id for _ in players}
    assert heard == {str(player.pid) for player in players}


async def test_one_player_under_two_names_is_one_session(start: Start, sockets: Path, clips: Path) -> None:
    mpv = await start("--pause", clips / "Film.mkv")
    (sockets / "other.sock").symlink_to(mpv.socket)
    async with listening(sockets, mpv.socket, sockets / "other.sock") as ear:
        await ear.expect((PAUSE, 0, 20))
        await mpv.set("pause", False)
        await ear.expect((PLAY, 0, 20))
        await mpv.command("stop")
        await ear.expect((STOP, 0, 20))


async def test_a_folder_or_a_socket_that_is_not_there_yet(start: Start, sockets: Path, clips: Path) -> None:
    async with listening(sockets / "mpv.sock", sockets / "folder") as ear:
        await start(clips / "Film.mkv")
        await ear.plays(clips / "Film.mkv")
        (sockets / "folder").mkdir()
        await start(clips / "Next.mkv", name="folder/mpv.sock")
        await ear.plays(clips / "Next.mkv")


async def test_a_socket_that_never_answers_stands_in_nobodys_way(start: Start, sockets: Path, clips: Path) -> None:
    with socket.socket(socket.AF_UNIX) as deaf:
        deaf.bind(str(sockets / "deaf.sock"))
        deaf.listen(1)
        async with listening(sockets) as ear:
            await start(clips / "Film.mkv")
            await ear.plays(clips / "Film.mkv")
        before = resources()
        for _ in range(3):  # the third finds the backlog full
            assert await probe(sockets / "deaf.sock") is Dead.SILENT
        assert resources() == before


@pytest.mark.parametrize(
    "answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"[]\n{}\n", b'{"request_id":0,"data":"x"}\n', b""]
)
async def test_a_socket_that_talks_nonsense_is_no_player(answer: bytes, sockets: Path) -> None:
    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        writer.close()

    server = await asyncio.start_unix_server(talk, sockets / "other.sock")
    async with server:
        assert await probe(sockets / "other.sock") is Dead.SILENT


async def test_another_users_socket_is_never_spoken_to(sockets: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root, to become another user")
    with socket.socket(socket.AF_UNIX) as foreign:
        foreign.bind(str(sockets / "foreign.sock"))
        os.seteuid(65534)
        try:
            foreign.listen()
        finally:
            os.seteuid(0)
        assert await probe(sockets / "foreign.sock") is Dead.FOREIGN
        connected, _ = foreign.accept()
        with connected:
            assert connected.recv(1) == b""


async def test_a_frozen_mpv_is_found_when_it_thaws(start: Start, sockets: Path, clips: Path) -> None:
    mpv = await start("--pause", clips / "Film.mkv")
    await mpv.until("time-pos", lambda at: at is not None)
    await mpv.freeze()
    before = resources()
    assert await probe(mpv.socket) is Dead.SILENT
    assert resources() == before
    mpv.signal(signal.SIGCONT)
    assert await probe(mpv.socket) == Live(pid=mpv.pid)


async def test_a_frozen_mpv_does_not_hold_up_the_end(start: Start, sockets: Path, clips: Path) -> None:
    before = resources()
    async with listening(sockets) as ear:
        mpv = await start(clips / "Film.mkv")
        await ear.plays(clips / "Film.mkv")
        await mpv.freeze()
        began = time.monotonic()
    assert time.monotonic() - began < 1
    mpv.signal(signal.SIGCONT)
    await mpv.close()
    assert resources() == before


async def test_a_frozen_mpv_is_asked_once_and_never_again_until_it_answers(start: Start, clips: Path) -> None:
    mpv = await start("--pause", clips / "Film.mkv")
    await mpv.until("time-pos", lambda at: at is not None)
    async with connection.listening(mpv.socket, utc_now) as line:
        moment = await line.next(None)
        await mpv.freeze()
        assert await line.ask(moment, ["time-pos"]) == {}
        began = time.monotonic()
        for _ in range(1000):
            assert await line.ask(moment, ["time-pos"]) == {}
        assert time.monotonic() - began < 1
        mpv.signal(signal.SIGCONT)
        async with asyncio.timeout(10):
            while not (said := await line.ask(moment, ["time-pos"])):  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.01)
        assert said == {"time-pos": 0.0}
        line.client.close()
        line.client.close()


async def test_fifty_attachments_leave_nothing_behind(start: Start, clips: Path) -> None:
    mpv = await start("--pause", clips / "Film.mkv")
    before = resources()
    for _ in range(50):
        async with connection.listening(mpv.socket, utc_now) as line:
            moment = await line.next(None)
            assert (await line.ask(moment, ["pid"])) == {"pid": mpv.pid}
    assert resources() == before


async def test_a_huge_playlist_costs_nothing(start: Start, ear: Ear, clips: Path) -> None:
    playlist = clips / "Huge.m3u"
    playlist.write_text(f"{clips / 'Film.mkv'}\n" * 5000)
    mpv = await start()
    await mpv.command("loadlist", str(playlist))
    await ear.plays(clips / "Film.mkv")
    began = time.monotonic()
    await mpv.set("pause", True)
    await ear.expect((PAUSE, 0, 20))
    assert time.monotonic() - began < 0.5


async def test_a_pause_is_told_within_milliseconds(start: Start, ear: Ear, clips: Path) -> None:
    mpv = await start(clips / "Film.mkv")
    await ear.plays(clips / "Film.mkv")
    took = []
    for number in range(21):
        began = time.perf_counter()
        await mpv.set("pause", number % 2 == 0)
        await ear.next()
        took.append(time.perf_counter() - began)
    assert sorted(took)[10] < 0.02  # 1.3 ms on a quiet machine, with the way to mpv and back


async def test_no_thread_wakes_while_a_film_is_paused(start: Start, ear: Ear, clips: Path) -> None:
    await start("--pause", clips / "Film.mkv")
    await ear.expect((PAUSE, 0, 20))
    for _ in range(4):  # the words of the start may still be under way
        before = switches()
        await asyncio.sleep(1.2)
        if switches() == before:
            return
    pytest.fail("no quiet second")


def switches() -> list[str]:
    """How often each other thread went to sleep."""
    ours = {thread.native_id for thread in threading.enumerate()} - {threading.get_native_id()}
    lines = [Path(f"/proc/self/task/{task}/status").read_text().splitlines() for task in ours]
    return [line for status in lines for line in status if line.startswith("voluntary_ctxt")]


def resources() -> tuple[int, int]:
    """Threads and descriptors of this process."""
    gc.collect()
    return threading.active_count(), sum(1 for _ in Path("/proc/self/fd").iterdir())
