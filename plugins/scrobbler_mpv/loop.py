"""Whether a jump is the turn of a loop: to mpv it is a seek like any other."""

from collections.abc import Mapping

from msgspec import Struct

from scrobbler.events import Seconds, seconds

PROPERTIES = ("loop-file", "ab-loop-a", "ab-loop-b")

_NEAR = 1.0
"""Seconds, at normal speed, around the ends of a loop within which a jump counts as its turn."""


class Loop(Struct, frozen=True, kw_only=True):
    """The part of a file that is played again and again, in seconds."""

    start: float
    end: float

    def turned(self, left: Seconds | None, reached: Seconds | None, speed: float) -> bool:
        """Whether the jump from ``left`` to ``reached`` is the loop's own and not the user's."""
        if left is None or reached is None:
            return False
        near = _NEAR * max(speed, 1.0)
        return abs(left - self.end) <= near and abs(reached - self.start) <= near


def loop(said: Mapping[str, object], duration: Seconds | None) -> Loop | None:
    """The loop that is switched on: from A to B, else the whole file."""
    first, second = seconds(said.get("ab-loop-a")), seconds(said.get("ab-loop-b"))
    if first is not None and second is not None:
        return Loop(start=min(first, second), end=max(first, second))
    whole = said.get("loop-file") not in (None, False, "no")
    return Loop(start=0.0, end=duration) if whole and duration is not None else None
