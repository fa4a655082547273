"""What is known of one figure: its samples, what nobody could do better, and what we want it to be."""

from collections.abc import Sequence
from enum import Enum
from statistics import quantiles

from msgspec import Struct

FLOOR = "floor"
"""What a ratio is to, as a rule."""


class MeasurementError(Exception):
    """A figure could not be had; the text says why."""


class Unit(Enum):
    """What is counted."""

    MS = "ms"
    MIB = "MiB"
    CPU = "CPU s/min"
    WAKES = "/min"
    KIB = "KiB/h"
    US = "us"
    RATE = "/s"
    CALLS = "calls"
    HOURLY = "/h"
    SIZE = "KiB"
    COUNT = "count"
    S = "s"


class Goal(Struct, frozen=True, kw_only=True):
    """The most that is wanted, and the least, where less is no better."""

    most: float
    of: str = ""
    """What ``most`` is a multiple of: the floor, or the rival that stands in its place. Empty: it is of the unit."""
    least: float | None = None

    def holds(self, value: float) -> bool:
        return value <= self.most and (self.least is None or value >= self.least)


def exactly(wanted: float) -> Goal:
    """No more, and no less."""
    return Goal(most=wanted, least=wanted)


class Figure(Struct, frozen=True, kw_only=True):
    """One row of the table. ``floor`` is in the figure's unit and was measured in the same run."""

    name: str
    unit: Unit
    samples: tuple[float, ...]
    floor: float | None = None
    goal: Goal | None = None

    @property
    def p50(self) -> float:
        return percentile(self.samples, 50)

    @property
    def p95(self) -> float | None:
        """None where there are too few samples to have one."""
        return percentile(self.samples, 95) if len(self.samples) > 4 else None

    @property
    def ratio(self) -> float | None:
        """To the floor."""
        return self.p50 / self.floor if self.floor else None

    @property
    def met(self) -> bool | None:
        """Whether the goal is reached; None where there is none, or no floor to compare with."""
        value = self.ratio if self.goal is not None and self.goal.of else self.p50
        return None if self.goal is None or value is None else self.goal.holds(value)


def percentile(samples: Sequence[float], which: int) -> float:
    """Between the two nearest samples; a single sample is all of its percentiles."""
    if len(samples) == 1:
        return samples[0]
    return quantiles(samples, n=100, method="inclusive")[which - 1]


def milliseconds(seconds: Sequence[float]) -> tuple[float, ...]:
    return tuple(each * 1000 for each in seconds)
