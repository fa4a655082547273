"""The whole way with everything real: an agent, an mpv in a window, a phone that scans, and the history."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from pathlib import Path

import camera
import pytest
from cli_process import configured, eventually, running
from double import Served
from plugins.real_mpv import RealMpv

from scrobbler.sandbox import Sandbox
from scrobbler.sandbox.devices import DeviceCode

pytestmark = [pytest.mark.mpv, pytest.mark.window, pytest.mark.anyio]


async def test_who_watches_without_a_sign_in_scans_the_code_and_has_the_film_in_his_history(
    start: Callable[..., Awaitable[RealMpv]], display: str, clips: Path, sockets: Path, served: Served, tmp_path: Path
) -> None:
    film = shutil.copy(clips / "Film.mkv", tmp_path / "Heat (1995) {imdb-tt0113277}.mkv")
    sandbox = Sandbox(poll_interval=1)
    sandbox.rules.write_gap = 0.0
    with ExitStack() as stack:
        url = served.open(stack, sandbox.app)
        config = configured(tmp_path, url)
        config.write_text(config.read_text().replace(f"{tmp_path}/mpv", str(sockets)))
        agent = stack.enter_context(running("run", "--config", config))
        mpv = await start("--geometry=960x540", "--loop-file=no", film, display=display)
        await mpv.until("video-out-params", bool)
        device = await scanned(sandbox, url, mpv, tmp_path)
        await mpv.seek(19)
        await mpv.until("percent-pos", lambda share: (share or 0) > 90)
        await mpv.set("pause", True)
        assert sandbox.world.account("sandbox").plays == []

        assert sandbox.world.devices.decide(device, approve=True)
        await mpv.shows("", tmp_path)
        await mpv.command("stop")
        await asyncio.to_thread(eventually, lambda: sandbox.world.account("sandbox").plays)
        assert [play.item.title for play in sandbox.world.account("sandbox").plays] == ["Heat"]
        assert await asyncio.to_thread(agent.end) == 0
        assert "account default: signed in with the code that was shown" in agent.said
        assert device.device_code not in agent.said


async def scanned(sandbox: Sandbox, url: str, mpv: RealMpv, folder: Path) -> DeviceCode:
    """What a phone makes of the window: the code that it leads to."""
    await asyncio.to_thread(eventually, lambda: sandbox.world.devices.codes)
    [device] = sandbox.world.devices.codes
    await mpv.shows(f"{url}/activate/{device.user_code}", folder)
    assert camera.zbar(folder / "window.png").removeprefix(f"{url}/activate/") == device.user_code
    found = sandbox.world.devices.find(device.user_code)
    assert found is device
    return found
