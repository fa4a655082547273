"""The command line as its users run it: real processes, what they say, and how they end."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

PROGRAM = [sys.executable, "-m", "scrobbler"]
PATIENCE = 20.0
"""Seconds after which something that must happen will not happen any more."""


def ran(*args: str | Path, **env: str) -> subprocess.CompletedProcess[str]:
    """A command that ends by itself, without a terminal."""
    return subprocess.run(
        [*PROGRAM, *map(str, args)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="surrogateescape",
        env=os.environ | env,
        timeout=PATIENCE,
        check=False,
    )


def complaint(done: subprocess.CompletedProcess[str], status: int) -> str:
    """The one line that a command says when it ends with this status, and says nothing else."""
    assert (done.returncode, done.stdout) == (status, ""), done
    assert done.stderr.startswith("scrobbler: "), done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr.removeprefix("scrobbler: ").rstrip()


class Running:
    """A command that runs until it is told to stop."""

    def __init__(self, *args: str | Path, **env: str) -> None:
        self.process = subprocess.Popen(
            [*PROGRAM, *map(str, args)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            env=os.environ | env,
            start_new_session=True,
        )
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        self.lines: list[str] = []
        self._news = threading.Condition()
        streams = (self.process.stdout, self.process.stderr)
        self._listeners = [threading.Thread(target=self._listen, args=(stream,)) for stream in streams]
        for listener in self._listeners:
            listener.start()

    @property
    def said(self) -> str:
        """All that it said so far, on both of its streams."""
        with self._news:
            return "".join(self.lines)

    def says(self, words: str) -> str:
        """Wait for a line with these words."""

        def found() -> str | None:
            return next((line for line in self.lines if words in line), None)

        with self._news:
            line = self._news.wait_for(found, PATIENCE)
            assert line, f"it did not say {words!r} but: {''.join(self.lines)}"
            return line

    def end(self, number: signal.Signals = signal.SIGTERM, *, within: float = PATIENCE) -> int:
        """Tell it to stop, and say with which status it did within so many seconds; no process may stay behind."""
        self.process.send_signal(number)
        status = self.process.wait(within)
        for listener in self._listeners:
            listener.join(PATIENCE)
        eventually(lambda: not self._anybody_left())
        return status

    def close(self) -> None:
        """By force, if it still runs."""
        if self._anybody_left():
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        for listener in self._listeners:
            listener.join()
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()

    def _anybody_left(self) -> bool:
        try:
            os.killpg(self.process.pid, 0)
        except ProcessLookupError:
            return False
        return True

    def _listen(self, stream: IO[str]) -> None:
        for line in stream:
            with self._news:
                self.lines.append(line)
                self._news.notify_all()


@contextmanager
def running(*args: str | Path, **env: str) -> Iterator[Running]:
    """A command that is over when the test is."""
    command = Running(*args, **env)
    try:
        yield command
    finally:
        command.close()


def eventually(condition: Callable[[], object]) -> None:
    """Until it is so."""
    until = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < until, "it never came to pass"
        time.sleep(0.005)


def configured(folder: Path, url: str = "http://127.0.0.1:9", more: str = "") -> Path:
    """A configuration file for a Trakt at this address and players in ``folder/mpv``, with its state in a folder."""
    (folder / "mpv").mkdir(mode=0o700)
    file = folder / "config.toml"
    file.write_text(
        f'[trakt]\napi_url = "{url}"\nauth_url = "{url}"\nclient_id = "sandbox"\nclient_secret = "sandbox-secret"\n'
        f'[players.mpv]\nsockets = "{folder}/mpv"\n[state]\ndir = "{folder}/state"\n{more}'
    )
    return file
