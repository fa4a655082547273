"""A real Kodi, and what the adapter makes of it: one evening, because its start takes seven seconds."""

from pathlib import Path

import pytest
from plugins.kodi_double import listening
from plugins.real_kodi import RealKodi, real_kodi
from plugins.real_mpv import Ear

from scrobbler.events import Kind, PlayerEvent, Seconds

pytestmark = [pytest.mark.kodi, pytest.mark.anyio, pytest.mark.timeout(120)]


async def until(ear: Ear, kind: Kind) -> PlayerEvent:
    """The next event of another kind than what went on; Kodi says what plays more than once."""
    while (event := await ear.next()).kind is not kind:
        assert event.kind is Kind.PLAY, event
    return event


async def opened(kodi: RealKodi, ear: Ear, file: Path) -> PlayerEvent:
    await kodi.do("Player.Open", item={"file": str(file)})
    while (event := await ear.next()).heard != "Player.OnAVStart":
        assert event.kind is Kind.PLAY, event
    return event


async def test_a_film_is_paused_sought_and_watched_and_the_next_one_ends_with_kodi(
    tmp_path: Path, display: str, clips: Path
) -> None:
    async with real_kodi(tmp_path / "kodi", display) as kodi, listening("127.0.0.1", kodi.port) as ear:
        event = await opened(kodi, ear, clips / "Film.mkv")
        assert (event.media.path, event.media.title, event.media.kind) == (str(clips / "Film.mkv"), None, None)
        assert event.duration == pytest.approx(20, abs=0.2)
        assert str(event.session) == "kodi/1"
        await kodi.do("Player.PlayPause", playerid=1, play=False)
        paused = await until(ear, Kind.PAUSE)
        assert paused.position is not None
        assert paused.position < 10
        await kodi.do("Player.Seek", playerid=1, value={"time": {"seconds": 17}})
        assert (await ear.next()).position == pytest.approx(17, abs=0.5)
        await kodi.do("Player.PlayPause", playerid=1, play=True)
        stop = await until(ear, Kind.STOP)
        assert (stop.watched, stop.position, stop.heard) == (True, stop.duration, "Player.OnStop")

        await opened(kodi, ear, clips / "Next.mkv")
        await kodi.do("Application.Quit")
        stop = await until(ear, Kind.STOP)
        assert (stop.media.path, stop.watched) == (str(clips / "Next.mkv"), False)
        assert stop.position is not None
        assert stop.position < Seconds(20)
