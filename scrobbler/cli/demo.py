"""``scrobbler demo``: sign in, watch a film, and find it in the history, in half a minute and without an account."""

import asyncio
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

import click

from scrobbler.cli import qr, stage
from scrobbler.cli.stage import Remote
from scrobbler.errors import ScrobblerError
from scrobbler.sandbox import DEFAULT_APP, Sandbox

CLIP: Final = "TRON Legacy (2010) {imdb-tt1104001}.mkv"
APPROVED_AFTER: Final = 3.0
LONGEST_FOLDER: Final = 98
"""Bytes; a socket's whole path may have 103 on every system."""
_NO_MPV: Final = (
    "There is no mpv on this machine, so a simulated player plays instead. To see a real one: "
    "`apt install mpv`, `dnf install mpv`, `brew install mpv`, or https://mpv.io/installation"
)


@click.command()
def command() -> None:
    """Show the whole idea in half a minute, without an account.

    A Trakt of its own is started on this machine, the agent signs in to it with a device code, an mpv plays a short
    clip (paused, sought in, finished), and what the agent said about it is read back from Trakt's history. Nothing
    leaves this machine, and nothing stays behind on it.
    """
    with tempfile.TemporaryDirectory(prefix="scrobbler-demo-") as folder:
        try:
            found = asyncio.run(_Demo(Path(folder)).run())
        except KeyboardInterrupt:
            raise click.Abort from None
    if not found:
        raise ScrobblerError("the watch did not arrive in the history")


class _Demo:
    """One performance, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._began = time.monotonic()
        self._lines: list[str] = []
        self._news = asyncio.Event()

    async def run(self) -> bool:
        """Play it all. Returns whether the watch is in the history."""
        from scrobbler.web.server import serving  # noqa: PLC0415  # not needed for --help

        sandbox = Sandbox(approve_after=APPROVED_AFTER, poll_interval=1)
        async with serving(sandbox.app, "127.0.0.1", 0) as url:
            self._say("trakt", f"a sandbox of Trakt runs at {url}")
            config = self._configure(url)
            await self._sign_in(config)
            async with stage.agent(config, self._hear):
                await self._heard("watching mpv", "the agent did not start")
                await self._play()
                await self._heard("Trakt: watched", "the watch was not delivered")
        plays = sandbox.world.account(sandbox.rules.user).plays
        for play in plays:
            when = f"{play.watched_at.astimezone():%Y-%m-%d %H:%M:%S}"
            self._say("history", f"{play.item.title} (imdb {play.item.ids.imdb}), watched {when}, id {play.id}")
        return len(plays) == 1

    def _configure(self, url: str) -> Path:
        sockets = self._folder / "mpv"
        if len(os.fsencode(sockets)) > LONGEST_FOLDER:
            raise ScrobblerError(
                f"{self._folder} is too long a name for a socket's folder: set TMPDIR to a shorter one"
            )
        sockets.mkdir(mode=0o700)
        config = self._folder / "config.toml"
        config.write_text(
            f'[trakt]\napi_url = "{url}"\nauth_url = "{url}"\n'
            f'client_id = "{DEFAULT_APP.client_id}"\nclient_secret = "{DEFAULT_APP.client_secret}"\n'
            f'[players.mpv]\nsockets = "{sockets}"\n[state]\ndir = "{self._folder / "state"}"\n'
        )
        return config

    async def _sign_in(self, config: Path) -> None:
        """``scrobbler login --json``, with its steps told here."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "scrobbler", "login", "--json", "--config", str(config)),
            stdout=asyncio.subprocess.PIPE,
            env=stage.environment(),
        )
        assert process.stdout is not None  # asked for above  # noqa: S101
        while line := await process.stdout.readline():
            step = json.loads(line)
            if step["step"] == "code":
                picture = qr.draw(step["scan"], sys.stdout)
                if picture:
                    click.echo(picture, nl=False)
                self._say("login", f"scan this, or enter {step['user_code']} at {step['url']}")
                self._say("login", f"(here it approves itself after {APPROVED_AFTER:.0f} seconds)")
            elif step["step"] == "signed in":
                self._say("login", f"signed in as {step['user']}")
        if await process.wait():
            raise ScrobblerError("the sign-in failed")

    async def _play(self) -> None:
        """The story: play, pause, go on, seek, finish."""
        clip, socket = self._folder / CLIP, self._folder / "mpv" / "demo"
        real = stage.has_mpv()
        if real:
            await asyncio.to_thread(stage.make_clip, clip)
        else:
            self._say("player", _NO_MPV)
        async with (stage.real_player if real else stage.simulated_player)(socket, clip) as player:
            self._say("player", f"{'mpv' if real else 'the simulated player'} plays {CLIP}")
            await self._heard("Trakt: started", "the start was not told")
            await self._watch(player)

    async def _watch(self, player: Remote) -> None:
        await player.reached(3)
        self._say("player", "pause")
        await player.tell("set_property", "pause", True)
        await self._heard("Trakt: paused", "the pause was not told")
        await asyncio.sleep(1.2)
        self._say("player", "resume")
        await player.tell("set_property", "pause", False)
        await self._heard("Trakt: started", "the resume was not told", times=2)
        await player.reached(5)
        self._say("player", "seek to 60 %")
        await player.tell("seek", 0.6 * stage.CLIP_SECONDS, "absolute")
        await self._heard("Trakt: started", "the seek was not told", times=3)
        await player.reached(stage.CLIP_SECONDS)
        self._say("player", "finished")

    def _hear(self, line: str) -> None:
        """A line of the agent's log."""
        self._lines.append(line)
        self._news.set()
        self._say("agent", line.partition(" ")[2])

    async def _heard(self, words: str, otherwise: str, *, times: int = 1) -> None:
        """Until the agent has said so. Raises ``ScrobblerError`` where it does not."""
        try:
            async with asyncio.timeout(stage.PATIENCE):
                while sum(words in line for line in self._lines) < times:
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise ScrobblerError(otherwise) from None

    def _say(self, who: str, words: str) -> None:
        click.echo(f"{time.monotonic() - self._began:5.1f} s  {who:<8}{words}")
