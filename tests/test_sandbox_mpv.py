"""The simulated mpv, heard by the real adapter and by a library that others wrote."""

import asyncio
import gc
import socket
from collections.abc import AsyncIterator
from contextlib import aclosing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from python_mpv_jsonipc import MPV
from scrobbler_mpv import MpvWatcher

from scrobbler.events import Kind, Media, PlayerEvent
from scrobbler.sandbox.mpv import SimulatedMpv

pytestmark = pytest.mark.anyio
PLAY, PAUSE, STOP = Kind.PLAY, Kind.PAUSE, Kind.STOP


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Clock:
    """Time that passes when told to."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def mpv(clock: Clock) -> AsyncIterator[SimulatedMpv]:
    with TemporaryDirectory(prefix="mpv") as folder:
        player = SimulatedMpv(Path(folder) / "mpv.sock", clock=clock)
        await player.start()
        yield player
        await player.quit()


@pytest.fixture
async def heard(mpv: SimulatedMpv) -> AsyncIterator[asyncio.Queue[PlayerEvent]]:
    """What the adapter says of it."""
    events: asyncio.Queue[PlayerEvent] = asyncio.Queue()

    async def listen() -> None:
        async with aclosing(MpvWatcher("mpv", [mpv.socket]).events()) as told:
            async for event in told:
                events.put_nowait(event)

    task = asyncio.create_task(listen())
    yield events
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()


@pytest.mark.parametrize(("back", "kept"), [(3, True), (86_400, False)], ids=["overtaken", "the clock was set back"])
async def test_no_word_seems_older_than_the_one_before_it(mpv: SimulatedMpv, back: float, kept: bool) -> None:
    """A pause that a look at the position has overtaken would be taken for late, and be lost."""
    at = datetime(2026, 11, 20, 20, 0, tzinfo=UTC)
    async with aclosing(MpvWatcher("mpv", [mpv.socket], clock=lambda: at).events()) as told:
        mpv.play("/films/Heat (1995).mkv", 6000)
        playing = await anext(told)
        at -= timedelta(seconds=back)
        mpv.pause()
        paused = await anext(told)
    assert (playing.kind, paused.kind) == (PLAY, PAUSE)
    assert (paused.at == playing.at) is kept
    assert kept or paused.at == at


async def test_the_adapter_hears_a_whole_evening(
    mpv: SimulatedMpv, clock: Clock, heard: asyncio.Queue[PlayerEvent]
) -> None:
    mpv.play("/films/Heat (1995).mkv", 6000)
    first = await expect(heard, PLAY, 0)
    assert first.media == Media(path="/films/Heat (1995).mkv")
    assert first.duration == 6000.0
    clock.now += 60
    mpv.pause()
    await expect(heard, PAUSE, 60)
    clock.now += 600
    mpv.resume()
    await expect(heard, PLAY, 60)
    mpv.seek(5400)
    await expect(heard, PLAY, 5400)
    mpv.finish()
    await expect(heard, STOP, 6000)
    mpv.play("/films/Ronin (1998).mkv", 7000)
    await expect(heard, PLAY, 0)
    mpv.play("/live/camera", None)
    await expect(heard, STOP, 0)
    assert (await expect(heard, PLAY, 0)).duration is None
    await mpv.quit()
    await expect(heard, STOP, 0)


async def test_the_library_can_drive_it_as_a_remote_control(
    mpv: SimulatedMpv, clock: Clock, heard: asyncio.Queue[PlayerEvent]
) -> None:
    library = await asyncio.to_thread(MPV, start_mpv=False, ipc_socket=str(mpv.socket))

    async def command(*words: object) -> object:
        return await asyncio.to_thread(library.command, *words)

    assert await command("client_name") == "ipc-0"
    assert await command("get_property", "duration") is None
    await command("seek", 10)  # of nothing
    await command("loadfile", "/films/Heat.mkv")
    await expect(heard, PLAY, 0)
    await command("seek", 100, "absolute")
    await expect(heard, PLAY, 100)
    await command("seek", -40)
    await expect(heard, PLAY, 60)
    await command("set_property", "speed", 2)
    assert (await expect(heard, PLAY, 60)).rate == 2
    clock.now += 10
    await command("set_property", "pause", True)
    await expect(heard, PAUSE, 80)
    await command("set_property", "pause", False)
    await expect(heard, PLAY, 80)
    await command("stop")
    await expect(heard, STOP, 80)
    with pytest.raises(Exception, match="invalid parameter"):
        await command("frame-step")
    await command("quit")
    await asyncio.to_thread(library.terminate)


async def test_a_name_that_is_taken_is_replaced_as_mpv_does(mpv: SimulatedMpv) -> None:
    other = SimulatedMpv(mpv.socket)
    await other.start()
    await other.quit()
    assert mpv.socket.is_socket()


async def expect(heard: asyncio.Queue[PlayerEvent], kind: Kind, position: float) -> PlayerEvent:
    event = await asyncio.wait_for(heard.get(), 10)
    assert event.kind is kind
    assert event.position == pytest.approx(position, abs=0.5)
    return event


@pytest.mark.parametrize("turns", range(8))
async def test_whoever_comes_in_the_moment_of_its_end_is_sent_away_and_leaves_nothing_open(
    mpv: SimulatedMpv, turns: int
) -> None:
    with socket.socket(socket.AF_UNIX) as late:
        late.connect(str(mpv.socket))
        for _ in range(turns):
            await asyncio.sleep(0)
        await mpv.quit()
        late.settimeout(5.0)
        with suppress(ConnectionResetError):  # where nobody had let it in yet
            assert late.recv(1) == b""
    gc.collect()  # what is still open by now would complain
    await mpv.start()
