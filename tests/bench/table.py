"""How figures are shown to people and kept for the next run."""

import os
import platform
import sqlite3
import subprocess
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from bench.figure import Figure, MeasurementError, Unit
from msgspec import Struct

_PLACES = {
    Unit.MS: 2,
    Unit.MIB: 1,
    Unit.CPU: 4,
    Unit.WAKES: 1,
    Unit.KIB: 0,
    Unit.US: 1,
    Unit.RATE: 0,
    Unit.CALLS: 0,
    Unit.HOURLY: 0,
    Unit.SIZE: 1,
    Unit.COUNT: 0,
    Unit.S: 2,
}
_HEADS = ("figure", "unit", "p50", "p95", "floor", "ratio", "goal", "", "n")


class Run(Struct, frozen=True, kw_only=True):
    """What is written to a file: one run of the benchmark, and on what it ran."""

    at: datetime
    machine: Mapping[str, str]
    figures: tuple[Figure, ...]


def run(figures: Sequence[Figure]) -> Run:
    """These figures, as taken here and now."""
    mpv = subprocess.run(["mpv", "--version"], capture_output=True, text=True, check=True).stdout.split("\n", 1)[0]
    machine = {
        "system": f"{platform.system()} {platform.release()} {platform.machine()}, {os.cpu_count()} processors",
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "mpv": mpv.split()[1],
        "load": " ".join(f"{each:.2f}" for each in os.getloadavg()),
    }
    return Run(at=datetime.now(UTC), machine=machine, figures=tuple(figures))


def write(path: Path, run: Run) -> None:
    path.write_bytes(msgspec.json.format(msgspec.json.encode(run)) + b"\n")


def read(path: Path) -> Run:
    """Raises ``MeasurementError`` where the file holds no run."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Run)
    except (OSError, msgspec.DecodeError) as error:
        raise MeasurementError(f"{path} holds no run to compare with: {error}") from None


def lines(run: Run, earlier: Run | None) -> list[str]:
    """The table. With an earlier run, one more column: how many times its figure ours is."""
    was = {} if earlier is None else {figure.name: figure for figure in earlier.figures}
    heads = _HEADS if earlier is None else (*_HEADS, "x before")
    rows = [heads, *((*_row(each), *([_times(each, was.get(each.name))] if earlier else [])) for each in run.figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(heads))]
    about = ", ".join(f"{name} {value}" for name, value in run.machine.items())
    return [about, "", *(_line(row, widths) for row in rows)]


def _row(figure: Figure) -> tuple[str, ...]:
    verdict = {None: "", True: "met", False: "missed"}[figure.met]
    return (
        figure.name,
        figure.unit.value,
        _number(figure, figure.p50),
        _number(figure, figure.p95),
        _number(figure, figure.floor),
        _ratio(figure.ratio),
        _goal(figure),
        verdict,
        str(len(figure.samples)),
    )


def _ratio(ratio: float | None) -> str:
    """Two digits of it, however small it is."""
    if ratio is None:
        return ""
    return f"{ratio:.2f}" if ratio >= 0.1 else f"{ratio:.2g}"


def _goal(figure: Figure) -> str:
    goal = figure.goal
    if goal is None:
        return ""
    least = "" if goal.least in {None, goal.most} else f">= {goal.least:g}, "
    sign = "=" if goal.least == goal.most else "<="
    return f"{least}{sign} {goal.most:g}" + (f" x {goal.of}" if goal.of else "")


def _number(figure: Figure, value: float | None) -> str:
    return "" if value is None else f"{value:.{_PLACES[figure.unit]}f}"


def _times(figure: Figure, earlier: Figure | None) -> str:
    return f"{figure.p50 / earlier.p50:.2f}" if earlier is not None and earlier.p50 else ""


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    """The name and the verdict begin on the left, numbers end on the right."""
    left = {0, 1, 7}
    cells = (
        cell.ljust(width) if column in left else cell.rjust(width)
        for column, (cell, width) in enumerate(zip(row, widths, strict=True))
    )
    return "  ".join(cells).rstrip()
