"""What a check finds, and what it has to go by."""

from datetime import datetime
from enum import Enum
from pathlib import Path

from msgspec import Struct

from scrobbler.settings.config import Config


class Status(Enum):
    """How much it matters."""

    OK = "ok"
    WARN = "warn"
    PROBLEM = "problem"


class Finding(Struct, frozen=True, kw_only=True):
    """One thing that was looked at, in the shape of ``--json``."""

    status: Status
    what: str
    """In words for the user; without a secret."""
    mend: str | None = None
    """The command, or the step, that mends it."""


class Case(Struct, frozen=True, kw_only=True):
    """What there is to look at. Without a configuration that can be read, the defaults are looked at."""

    path: Path
    configuration: Config
    mistake: str | None
    """Why the configuration cannot be read."""
    runtime: Path
    """The user's folder for sockets."""
    now: datetime


def ok(what: str) -> Finding:
    """All is well."""
    return Finding(status=Status.OK, what=what)


def warn(what: str, mend: str | None = None) -> Finding:
    """It works, but not as well as it could, or not for long."""
    return Finding(status=Status.WARN, what=what, mend=mend)


def problem(what: str, mend: str | None = None) -> Finding:
    """It does not work."""
    return Finding(status=Status.PROBLEM, what=what, mend=mend)
