"""The agent: whether one runs, since when, and of which version; and what it has to send and cannot."""

import platform
import sys
from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from scrobbler import __version__, lock
from scrobbler.age import ago
from scrobbler.doctor.finding import Case, Finding, ok, warn
from scrobbler.state.snapshot import look

LONG: Final = timedelta(days=1)
"""What has waited for so long does not only wait for the network."""


def program(case: Case) -> Iterator[Finding]:  # noqa: ARG001  # it is the same in each case
    """What this is."""
    yield ok(f"scrobbler {__version__} on Python {platform.python_version()}, {sys.platform}")


def running(case: Case) -> Iterator[Finding]:
    """The process that holds the state folder."""
    folder = case.configuration.state_dir
    pid = lock.holder(folder)
    if pid is None:
        yield warn("no agent runs: nothing is watched", "scrobbler run")
        return
    since, version = lock.began(folder)
    words = f"an agent runs (pid {pid}, since {ago(case.now - since)})"
    if version != __version__:
        yield warn(f"{words}, of version {version or 'unknown'} and not {__version__}", "start it again")
    else:
        yield ok(words)


def waiting(case: Case) -> Iterator[Finding]:
    """What was not sent."""
    state = look(case.configuration.state_dir)
    if state.aside:
        yield warn(f"{len(state.aside)} watches were set aside", "scrobbler queue")
    old = [entry for entry in state.waiting if case.now - entry.scrobble.at > LONG]
    if old:
        yield warn(f"{len(old)} entries have waited for more than a day", "scrobbler queue")
    elif state.waiting:
        yield ok(f"{len(state.waiting)} entries wait to be sent")
    if not state.aside and not state.waiting:
        yield ok("all that was watched was sent")
