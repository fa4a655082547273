"""The rival: trakt-scrobbler, another agent for mpv, as a process of its own.

``make bench`` installs it from PyPI (tests/bench/rival.txt) into an environment of its own. It runs as it is, but
for three things that are set before its own beginning: the address of its Trakt, its key there, and a User-Agent, as
what stands before Trakt turns the one of its library away (and the sandbox does, too).
"""

import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bench.agent import APP, Agent, invented, launched
from bench.figure import MeasurementError

from scrobbler.trakt.tokens import Tokens

NAME = "trakt-scrobbler"
SOCKET = "mpv"
"""The name of the one player that it can watch, in the folder of sockets."""
POLL = 10.0
"""Seconds between two of its looks, as it comes."""

HOME = Path(sys.prefix) / "rival"
"""Where `make bench` installs it; the file ``.done`` there says that it did."""
_RUN = """
import sys
sys.argv[0] = "trakts"  # so it logs into a file, as in life
import requests.utils
requests.utils.default_user_agent = lambda *_: "trakt-scrobbler/1.8.0"
from trakt_scrobbler import trakt_auth, trakt_key_holder
trakt_auth.API_URL = sys.argv[1]
trakt_key_holder.get_id = lambda: sys.argv[2]
from trakt_scrobbler.main import main
print("watching", file=sys.stderr, flush=True)
main()
"""


@asynccontextmanager
async def rival(folder: Path, url: str, sockets: Path, *, tokens: Tokens | None = None) -> AsyncIterator[Agent]:
    """Starts it, waits until it is ready, and ends it; ``folder`` is empty, or what the last one there has left."""
    if not (HOME / ".done").exists():
        raise MeasurementError(f"{NAME} is not installed; `make bench` does that")
    _configure(folder / ".config" / NAME, sockets / SOCKET)
    _sign_in(folder / ".local" / "share" / NAME, tokens or invented())
    async with launched((str(HOME / "bin" / "python"), "-c", _RUN, url, APP), folder, sockets) as running:
        yield running


def _configure(folder: Path, socket: Path) -> None:
    """No pop-ups: nobody is there to see them, and they would cost it time."""
    folder.mkdir(parents=True, exist_ok=True)
    players = {"monitored": ["mpv"], "mpv": {"ipc_path": str(socket)}}
    config = {"version": "1.0", "general": {"enable_notifs": False}, "players": players}
    (folder / "config.yaml").write_text(json.dumps(config))  # any JSON is YAML


def _sign_in(folder: Path, tokens: Tokens) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    said = {
        "access_token": tokens.access_token,
        "refresh_token": tokens.refresh_token,
        "created_at": int(tokens.created_at.timestamp()),
        "expires_in": int((tokens.expires_at - tokens.created_at).total_seconds()),
    }
    (folder / "trakt_token.json").write_text(json.dumps(said))
