"""One client of an mpv: its commands and events, over python-mpv-jsonipc.

The library's ``MPVInter`` is used and not its ``MPV``: that one first downloads the lists of all properties and
commands (30 ms), runs callbacks on a second thread that its own notice of the end overtakes, and waits for answers on
the caller's thread. ``MPVInter`` says everything on one thread in the order of the wire. It is internal to the library:
hence the exact version in the project file.
"""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from scrobbler_mpv.probe import peer


def _ignore(error: Exception | None, value: object) -> None:
    """A command whose answer nobody needs; where this version of mpv does not know it, nothing comes of it."""


def _is_news(record: logging.LogRecord) -> bool:
    """Not that the socket died: an mpv that goes without a word is told by ``gone``, and is no error."""
    return record.exc_info is None or not isinstance(record.exc_info[1], OSError)


class Client:
    """A connection to the mpv behind a socket. Use it on one event loop, and ``with`` it."""

    def __init__(self, path: Path, heard: Callable[[str, dict[str, Any]], None], gone: Callable[[], None]) -> None:
        """Touches nothing yet.

        ``heard`` gets each event and ``gone`` comes after the last one, both on the library's thread.
        """
        self._path = path
        self._heard = heard
        self._gone = gone
        self._loop = asyncio.get_running_loop()

    def open(self) -> None:
        """Connects at once. Raises OSError where nobody listens any more; probe the socket before."""
        from python_mpv_jsonipc import MPVInter  # noqa: PLC0415 - not loaded before the first mpv is there

        logging.getLogger("mpv-jsonipc").addFilter(_is_news)
        self._inter: Any = MPVInter(str(self._path), self._heard, self._gone)
        self._socket: socket.socket = self._inter.socket.socket
        self.pid = peer(self._socket).pid

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def command(self, *words: object, reply: Callable[[Exception | None, object], None] = _ignore) -> None:
        """Has mpv do something, without waiting for it; ``reply`` comes once, mostly on the library's thread."""
        self._inter.command_async(reply, *words)

    def post(self, call: Callable[..., None], *args: object) -> None:
        """From the library's thread: has the event loop call it. A closed loop has nobody left who listens."""
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(call, *args)

    def close(self) -> None:
        """Ends the connection and its thread at once, with a frozen mpv too. May be called again."""
        with contextlib.suppress(OSError):  # mpv may have closed it before
            self._socket.shutdown(socket.SHUT_RDWR)  # wakes the library's reader, which its own stop() does not
        self._inter.stop()
        self._socket.close()
