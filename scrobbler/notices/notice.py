"""A notice on its way to its targets, and what becomes of it at each.

It goes out by a child process (``messenger.py``), which ends when it is said and at the latest when its time is up. So
a target may hang, and the libraries that reach it are in the agent's memory at no time.
"""

import asyncio
import contextlib
import signal
import sys
from collections.abc import Sequence
from enum import Enum
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from scrobbler.errors import ConfigError
from scrobbler.notices.target import DESKTOP, Targets

PATIENCE: Final = 30.0
"""Seconds in which all targets must have answered."""
SERVICES: Final = "https://appriseit.com/services/"

_MESSENGER: Final = Path(__file__).with_name("messenger.py")


class Notice(Struct, frozen=True, kw_only=True):
    """What is said: short, plain, without secrets."""

    title: str
    text: str
    urgent: bool = False
    """It needs the user; a desktop leaves it on the screen."""


class How(Enum):
    """What became of a notice at one target."""

    TOOK = "took"
    FAILED = "failed"
    WRONG = "wrong"
    """Its address makes no sense."""


class Outcome(Struct, frozen=True, kw_only=True):
    """What became of a notice at one target, by its number from 0."""

    target: int
    how: How
    why: str = ""


async def send(
    targets: Targets, notice: Notice | None, numbers: Sequence[int], *, patience: float = PATIENCE
) -> tuple[Outcome, ...]:
    """Tell these targets; one outcome each, in the order of the numbers. Without a notice only look at the addresses.

    The child is ended where the caller is cancelled.
    """
    question = {"targets": [targets.addresses[number] for number in numbers], "seconds": patience, "notice": notice}
    answers, why = await _asked(msgspec.json.encode(question))
    why = why or f"did not answer in {patience:g} s"
    told = {numbers[answer.target]: answer for answer in answers}
    silent = Outcome(target=0, how=How.FAILED, why=why)
    return tuple(msgspec.structs.replace(told.get(number, silent), target=number) for number in numbers)


async def _asked(question: bytes) -> tuple[list[Outcome], str]:
    """What the child says, and what is wrong with it; nothing is where its time was up."""
    try:
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", _MESSENGER),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,  # a library's own words may quote an address
        )
    except OSError as error:
        return [], f"could not be told: {error.strerror}"
    try:
        said, _ = await child.communicate(question)
    finally:
        with contextlib.suppress(ProcessLookupError):
            child.kill()
        await child.wait()
    why = "" if child.returncode == -signal.SIGALRM else "could not be told: the process that tells it broke down"
    return [msgspec.json.decode(line, type=Outcome) for line in said.splitlines()], why


async def check(targets: Targets) -> None:
    """Raises ``ConfigError`` where an address makes no sense. Loads nothing for the desktop alone."""
    numbers = [number for number, address in enumerate(targets.addresses) if address != DESKTOP]
    if not numbers:
        return
    for outcome in await send(targets, None, numbers):
        if outcome.how is How.WRONG:
            raise ConfigError(
                f"{targets.place}: {targets.name(outcome.target)} is no address that Apprise can use here: "
                f'"{DESKTOP}", or a form of {SERVICES}'
            )
