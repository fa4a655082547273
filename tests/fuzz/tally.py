"""What came of so many requests."""

import logging
from collections import Counter

from fuzz.bodies import Request
from msgspec import Struct, field

SLOW = 1.0
"""Seconds of processor time after which one body has held the server up."""
FINE = frozenset({200, 400, 413})
"""What becomes of a payload from somebody who knows the secret."""
EXPECTED = FINE | {303, 307, 401, 403, 404, 405, 408, 414, 421, 429, 431}


class Tally(Struct, kw_only=True):
    """Counts of one process; those of several are added up."""

    bodies: int = 0
    sockets: int = 0
    """Of them, sent as bytes to a real agent."""
    cut: int = 0
    """Of those, what got no answer at all: no HTTP, and its connection was closed."""
    events: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    slowest: float = 0.0
    """Seconds of processor time that one body took."""
    wrong: list[str] = field(default_factory=list)

    def add(self, other: "Tally") -> None:
        """Count those as well."""
        self.bodies += other.bodies
        self.sockets += other.sockets
        self.cut += other.cut
        self.events += other.events
        self.statuses.update(other.statuses)
        self.slowest = max(self.slowest, other.slowest)
        self.wrong += other.wrong

    def judge(self, name: str, asked: Request, status: int, seconds: float) -> None:
        """Hold one answer against what may be."""
        self.statuses[status] += 1
        self.slowest = max(self.slowest, seconds)
        if status not in (FINE | {431, 414} if asked.knows else EXPECTED):
            self.wrong.append(f"{name}: answered {status}")
        if not asked.knows and asked.path.startswith("/hooks/") and status == 200 and asked.method in {"POST", "PUT"}:
            self.wrong.append(f"{name}: somebody was let in who does not know the secret")
        if seconds > SLOW:
            self.wrong.append(f"{name}: took {seconds:.2f} s of processor time")

    def lines(self) -> list[str]:
        """For people."""
        statuses = ", ".join(f"{status}: {count:,}" for status, count in sorted(self.statuses.items()))
        return [
            f"{self.bodies:,} bodies, {self.sockets:,} of them over sockets ({self.cut:,} had their connection closed)",
            f"answers {statuses}",
            f"{self.events:,} events were understood; the slowest body took {self.slowest * 1000:.0f} ms",
            f"{len(self.wrong)} were wrong",
            *(f"  {line}" for line in self.wrong[:20]),
        ]


class Errors(logging.Handler):
    """Keeps what is logged as an error; nothing may be."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.heard.append(self.format(record).splitlines()[-1])

    def taken(self) -> list[str]:
        """What was heard since this was asked last."""
        heard, self.heard = self.heard, []
        return heard
