"""What the kernel says about a process: the time it ran, how often it woke up, the memory it holds."""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct


class Cost(Struct, frozen=True, kw_only=True):
    """Since the process began, over all of its threads: seconds on a processor, and how often one of them slept.

    One that another process pushes aside has not slept, and did not wake up: how often that happens is the machine's.
    """

    cpu: float
    sleeps: int


class Spent(Struct, frozen=True, kw_only=True):
    """In a minute: seconds on a processor, and how often it woke up."""

    cpu: float
    wakes: float


async def spent(pids: Sequence[int], seconds: float) -> list[Spent]:
    """What each of these processes uses in the same time."""
    before, began = list(map(cost, pids)), time.monotonic()
    await asyncio.sleep(seconds)
    after, minutes = list(map(cost, pids)), (time.monotonic() - began) / 60
    return [
        Spent(cpu=(end.cpu - begin.cpu) / minutes, wakes=(end.sleeps - begin.sleeps) / minutes)
        for begin, end in zip(before, after, strict=True)
    ]


def cost(pid: int) -> Cost:
    """A thread that ends takes its own counts with it."""
    tasks = list(Path(f"/proc/{pid}/task").iterdir())
    ran = sum(int((task / "schedstat").read_text().split()[0]) for task in tasks)
    return Cost(cpu=ran / 1e9, sleeps=sum(_sum(task / "status", "voluntary_ctxt_switches") for task in tasks))


def written(pid: int) -> int:
    """Bytes that it had the kernel write to a disk, in whole pages; what is only in memory (tmpfs) does not count."""
    return _sum(Path(f"/proc/{pid}/io"), "write_bytes")


def memory(pid: int) -> tuple[float, float]:
    """RSS and PSS in MiB. PSS shares what other processes of the moment use too, so compare RSS."""
    rollup = Path(f"/proc/{pid}/smaps_rollup")
    return _sum(rollup, "Rss") / 1024, _sum(rollup, "Pss") / 1024


def _sum(path: Path, *names: str) -> int:
    found = 0
    for line in path.read_text().splitlines():
        name, _, value = line.partition(":")
        if name in names:
            found += int(value.split()[0])
    return found
