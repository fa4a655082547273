"""The window of one mpv, and what we show in it for a while.

It is a client of its own, so that mpv takes the picture and the key back by itself when we end, however we end. It is
there only while somebody has to sign in.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from scrobbler.adapters import Sign
from scrobbler_mpv.client import Client, connected
from scrobbler_mpv.picture import draw

DISMISS: Final = "scrobbler-dismiss"
"""The script message that puts the picture away, for a key of the user's own in ``input.conf``."""
_KEY: Final = "ESC"
_SECTION: Final = "scrobbler"
_OVERLAY: Final = 7
_SIZE: Final = "osd-dimensions"


class Window:
    """What is known of the window, as mpv tells it."""

    def __init__(self, signed: Callable[[int], None]) -> None:
        """``signed`` hears that a sign is shown from now on (1), or no longer (-1)."""
        self.client: Client
        self._signed = signed
        self._size = (0, 0)
        self._dismissed = False
        self._gone = False
        self._news = asyncio.Event()

    async def show(self, sign: Sign) -> bool:
        """Shows it until the user puts it away (True) or the window is gone (False)."""
        self._dismissed = False
        keyed = Sign(link=sign.link, words=(*sign.words, "Esc puts this away"))
        self._signed(1)
        # A section takes the key for a while, and gives it back; a binding would be for good.
        self.client.command("define-section", _SECTION, f"{_KEY} script-message {DISMISS}\n", "force")
        self.client.command("enable-section", _SECTION)
        try:
            while not self._dismissed and self.opened:
                self._draw(keyed)
                await self._next()
            return self._dismissed
        finally:
            self._signed(-1)
            self.client.command("osd-overlay", _OVERLAY, "none", "")
            self.client.command("disable-section", _SECTION)

    @property
    def opened(self) -> bool:
        """Whether there is a window in which something can be seen; mpv may play sound alone."""
        return min(self._size) > 0 and not self._gone

    async def opens(self) -> bool:
        """Waits until there is one; False where mpv has ended."""
        while not self.opened and not self._gone:
            await self._next()
        return not self._gone

    async def closes(self) -> None:
        """Waits until there is none any more."""
        while self.opened:
            await self._next()

    def hear(self, event: str, data: Mapping[str, Any]) -> None:
        """One event of mpv."""
        if event == "property-change" and data.get("name") == _SIZE:
            size = data.get("data") or {}
            self._size = (int(size.get("w", 0)), int(size.get("h", 0)))
        elif event == "client-message" and data.get("args") == [DISMISS]:
            self._dismissed = True
        else:
            return
        self._tell()

    def end(self) -> None:
        """After the last event."""
        self._gone = True
        self._tell()

    def _draw(self, sign: Sign) -> None:
        drawing = draw(sign, *self._size)
        self.client.command("osd-overlay", _OVERLAY, "ass-events", drawing.events, drawing.width, drawing.height)

    def _tell(self) -> None:
        """Wakes all who wait, each of whom looks for himself."""
        news, self._news = self._news, asyncio.Event()
        news.set()

    async def _next(self) -> None:
        await self._news.wait()


@asynccontextmanager
async def attached(path: Path, signed: Callable[[int], None]) -> AsyncIterator[Window]:
    """The window of the mpv behind a socket. Raises OSError where nobody listens any more."""
    window = Window(signed)
    async with connected(path, window.hear, window.end) as client:
        window.client = client
        client.command("observe_property", 1, _SIZE)
        yield window
