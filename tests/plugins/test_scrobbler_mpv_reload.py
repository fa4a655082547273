"""A real mpv that plays while the configuration changes: it is found again, and the film stays one watch."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest
from cli_process import Running, configured, eventually, running
from double import Served
from plugins.real_mpv import RealMpv
from test_cli_run import tokens_of

from scrobbler.sandbox import Sandbox
from scrobbler.settings.edit import put
from scrobbler.state.snapshot import look
from scrobbler.trakt.tokens import TokenFile

pytestmark = [pytest.mark.mpv, pytest.mark.anyio]


def _plays_again(agent: Running, times: int) -> bool:
    return agent.said.count("mpv: play at") > times


async def test_a_film_that_plays_goes_on_and_is_one_watch(
    tmp_path: Path, clips: Path, sockets: Path, start: Callable[..., Awaitable[RealMpv]], served: Served
) -> None:
    film = tmp_path / "TRON Legacy (2010) {imdb-tt1104001}.mkv"
    shutil.copy(clips / "Hour.mkv", film)
    sandbox = Sandbox()
    sandbox.rules.write_gap = 0.0
    account = sandbox.world.account("sandbox")
    with ExitStack() as stack:
        file = configured(tmp_path, served.open(stack, sandbox.app))
        put(file, ("players", "mpv", "sockets"), str(sockets))
        TokenFile(tmp_path / "state", "default").write(tokens_of(sandbox))
        agent = stack.enter_context(running("run", "-v", "--config", file))
        await asyncio.to_thread(agent.says, "watching mpv")
        player = await start(film)
        await asyncio.to_thread(agent.says, "Trakt: started TRON: Legacy (2010)")
        for number in (1, 2):
            put(file, ("state", "keep_days"), 30 + number)
            plays = agent.said.count("mpv: play at")
            await asyncio.to_thread(eventually, partial(_plays_again, agent, plays))
        await player.seek(3580)
        await asyncio.to_thread(agent.says, "at 59:4")
        put(file, ("state", "keep_days"), 60)
        await asyncio.to_thread(eventually, lambda: agent.said.count("watching mpv") == 4)
        await player.close()
        await asyncio.to_thread(eventually, lambda: account.plays and not look(tmp_path / "state").waiting)
        assert agent.end() == 0
    assert [play.item.title for play in account.plays] == ["TRON: Legacy"]
    stops = [each for each in sandbox.world.journal.after(0) if each.path == "/scrobble/stop"]
    assert [each.status for each in stops] == [201]
    assert "Traceback" not in agent.said
