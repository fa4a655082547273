"""The command line of the benchmark."""

import argparse
import asyncio
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

from bench import (
    backlog,
    crowd,
    drain,
    flood,
    idle,
    journal,
    latency,
    loading,
    loss,
    memory,
    names,
    opening,
    race,
    soak,
    table,
    watch,
    webhooks,
)
from bench.bench import QUICK, Bench, Rounds
from bench.figure import Figure, MeasurementError
from bench.player import film

MEASUREMENTS: Mapping[str, Callable[[Bench], Awaitable[list[Figure]]]] = {
    "pause": latency.measure,
    "load": loading.measure,
    "open": opening.players,
    "spawn": opening.agents,
    "version": opening.commands,
    "watch": watch.measure,
    "loss": loss.measure,
    "idle": idle.measure,
    "memory": memory.measure,
    "journal": journal.measure,
    "backlog": backlog.measure,
    "drain": drain.measure,
    "webhooks": webhooks.measure,
    "flood": flood.measure,
    "crowd": crowd.measure,
    "soak": soak.measure,
    "names": names.measure,
    "race": race.measure,
}

_HOW_TO_READ = """\
how to read the table:
  p50, p95  the median, and what 95 of 100 stay under; of fewer than 5 samples (n) there is no p95
  floor     the least it can take: the same parts with nothing of ours in them, measured in the same run (for a
            pause: mpv's own event, one durable commit and one request by bare httpx, each as far apart as the pauses
            are, since caches go cold; the rows below it give the parts, and what they take back to back)
            In the rows of "race" the rival's p50 stands there, of the same presses in the same mpv
  ratio     p50 / floor. Compare ratios between machines, never milliseconds
  goal      what we want; it only says met or missed, and no goal makes the command fail
  x before  with --compare: p50 / the earlier run's p50

Instants are CLOCK_MONOTONIC; a request has arrived once the fake Trakt, in this process, has read its head. Everything
else is real: mpv, and the agent as a process of its own. PSS shares memory with whatever else runs: compare RSS.
Run it on an idle machine. Exit status 1: something could not be measured, and the last lines say what.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures, shows, keeps. Returns the exit status."""
    said = _parser().parse_args(arguments)
    try:
        earlier = None if said.compare is None else table.read(said.compare)
        with tempfile.TemporaryDirectory(prefix="b", dir=said.folder) as folder:
            bench = Bench(Path(folder), film(Path(folder)), QUICK if said.quick else Rounds())
            figures, failures = asyncio.run(_measure(bench, said.only or list(MEASUREMENTS)))
    except (MeasurementError, OSError, subprocess.CalledProcessError) as error:
        sys.stderr.write(f"bench: {error}\n")
        return 1
    run = table.run(figures)
    sys.stdout.write("\n".join([*table.lines(run, earlier), *failures]) + "\n")
    if said.json is not None:
        table.write(said.json, run)
    return 1 if failures else 0


async def _measure(bench: Bench, names: Sequence[str]) -> tuple[list[Figure], list[str]]:
    """The figures, and a line for each measurement that failed."""
    figures: list[Figure] = []
    failures: list[str] = []
    for name in names:
        try:
            figures += await MEASUREMENTS[name](bench)
        except (MeasurementError, OSError, subprocess.CalledProcessError) as error:
            failures.append(f"{name} could not be measured: {error}")
    return figures, failures


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bench",
        description="Measures the agent beside what is physically possible, and prints a table.",
        epilog=_HOW_TO_READ,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--only", nargs="+", choices=MEASUREMENTS, metavar="NAME", help=", ".join(MEASUREMENTS))
    parser.add_argument("--quick", action="store_true", help="fewer rounds: a third of the time, and more noise")
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep the run in a file, all samples included")
    parser.add_argument("--compare", type=Path, metavar="FILE", help="beside an earlier run that was kept so")
    parser.add_argument("--folder", type=Path, metavar="FOLDER", help="where to work: its disk takes the commits")
    return parser
