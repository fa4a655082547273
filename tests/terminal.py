"""A real terminal for tests: of a certain size, with a command on it, and somebody who types."""

import fcntl
import os
import pty
import struct
import subprocess
import termios
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from cli_process import PATIENCE, PROGRAM, eventually


class Terminal:
    """A terminal of a certain size, and the command that runs on it."""

    def __init__(self, columns: int, rows: int, *args: str | Path, **env: str) -> None:
        self._ours, theirs = _opened(columns, rows)
        kept = {name: value for name, value in os.environ.items() if name not in {"COLUMNS", "LINES"}}
        self.process = subprocess.Popen(
            [*PROGRAM, *map(str, args)],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=kept | {"TERM": "xterm-256color", "PYTHONIOENCODING": "utf-8"} | env,
            start_new_session=True,
        )
        os.close(theirs)
        self._shown = b""
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    @property
    def shown(self) -> str:
        """All that it showed so far."""
        return self._shown.decode("utf-8", "replace").replace("\r\n", "\n")

    def shows(self, words: str) -> None:
        """Wait until it does."""
        eventually(lambda: words in self.shown)

    def types(self, text: str) -> None:
        """Somebody at the keyboard."""
        os.write(self._ours, text.encode())

    def end(self) -> int:
        """Wait until the command has ended, and say how."""
        status = self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        return status

    def close(self) -> None:
        """By force, if it still runs."""
        self.process.kill()
        self.process.wait()
        self._reader.join()
        os.close(self._ours)

    def _read(self) -> None:
        while True:
            try:
                some = os.read(self._ours, 65_536)
            except OSError:  # the other side is closed
                return
            if not some:
                return
            self._shown += some


@contextmanager
def terminal(columns: int, rows: int, *args: str | Path, **env: str) -> Iterator[Terminal]:
    """A terminal whose command is over when the test is."""
    screen = Terminal(columns, rows, *args, **env)
    try:
        yield screen
    finally:
        screen.close()


@contextmanager
def tty(columns: int, rows: int, encoding: str = "utf-8") -> Iterator[TextIO]:
    """A stream that leads to a terminal of this size."""
    ours, theirs = _opened(columns, rows)
    with os.fdopen(theirs, "w", encoding=encoding) as out:
        yield out
    os.close(ours)


def _opened(columns: int, rows: int) -> tuple[int, int]:
    """Both ends of a terminal: the screen with its keyboard, and what a program writes to."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    return ours, theirs
