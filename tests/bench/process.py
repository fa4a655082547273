"""What the kernel says about a process: the time it ran, how often it woke up, the memory it holds."""

from pathlib import Path

from msgspec import Struct


class Cost(Struct, frozen=True, kw_only=True):
    """Since the process began: seconds on a processor, and switches of context, over all of its threads."""

    cpu: float
    switches: int


def cost(pid: int) -> Cost:
    """A thread that ends takes its own counts with it."""
    tasks = list(Path(f"/proc/{pid}/task").iterdir())
    ran = sum(int((task / "schedstat").read_text().split()[0]) for task in tasks)
    switches = sum(_sum(task / "status", "voluntary_ctxt_switches", "nonvoluntary_ctxt_switches") for task in tasks)
    return Cost(cpu=ran / 1e9, switches=switches)


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
