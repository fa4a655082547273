"""A line of words in mpv's window for some seconds, as mpv shows its own, by a client that is gone with it.

Nothing in the words is a command: what comes over the socket is neither expanded nor read as mpv's subtitle language.
Who has switched mpv's own messages off (``osd-level=0``) sees none of ours either.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from scrobbler_mpv.client import Client, connected

_LEVEL: Final = 1
"""mpv's own default for what it says."""
_LONGEST: Final = 120


@asynccontextmanager
async def captioned(path: Path, words: str, seconds: float) -> AsyncIterator[Callable[[], None] | None]:
    """The line is shown; what is yielded takes it back before its time. None: there is nowhere to show it.

    Raises OSError where nobody listens behind the socket any more.
    """
    async with connected(path) as client:
        if not await _opened(client):
            yield None
            return
        client.command("show-text", _plain(words), round(seconds * 1000), _LEVEL)
        yield lambda: client.command("show-text", "", 1, _LEVEL)


async def _opened(client: Client) -> bool:
    """Whether there is a window in which something can be seen."""
    size = (await client.ask("osd-dimensions")).get("osd-dimensions")
    return isinstance(size, dict) and min(size.get("w", 0), size.get("h", 0)) > 0


def _plain(words: str) -> str:
    """One line, without signs that are none."""
    visible = "".join(sign if sign.isprintable() else " " for sign in words)
    return visible if len(visible) <= _LONGEST else f"{visible[: _LONGEST - 1]}…"
