"""The command line of the fuzzer: so many bodies, in several processes, and what came of them."""

import argparse
import logging
import multiprocessing
import random
import sys
import time
from collections.abc import Sequence

from fuzz import inside, outside
from fuzz.tally import Tally

BATCH = 5000
SHARE = 40
"""Of so many batches one goes over sockets."""
Job = tuple[str, int, int, bool]


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit status: 1 where an answer, a log or a delay was not as it must be."""
    said = _parser().parse_args(arguments)
    if said.again:
        seed, number, *way = said.again.split(":")
        tally = (outside.run if way else inside.run)(seed, [int(number)])
        sys.stdout.write("\n".join(tally.lines()) + "\n")
        return bool(tally.wrong)
    began, total = time.monotonic(), Tally()
    sys.stdout.write(f"fuzz: {said.bodies:,} bodies in {said.processes} processes, seed {said.seed}\n")
    with multiprocessing.get_context("spawn").Pool(said.processes) as pool:
        for done, tally in enumerate(pool.imap_unordered(_work, jobs(said.seed, said.bodies)), start=1):
            total.add(tally)
            if done % 10 == 0 or tally.wrong:
                took = time.monotonic() - began
                sys.stdout.write(f"  {total.bodies:,} after {took:.0f} s, {len(total.wrong)} wrong\n")
                sys.stdout.flush()
    sys.stdout.write("\n".join([f"{time.monotonic() - began:.0f} s", *total.lines()]) + "\n")
    return bool(total.wrong)


def jobs(seed: str, bodies: int) -> list[Job]:
    """What there is to do: a seed, the first number and the last, and whether over sockets."""
    firsts = range(0, bodies, BATCH)
    return [(seed, first, min(first + BATCH, bodies), index % SHARE == 0) for index, first in enumerate(firsts)]


def _work(job: Job) -> Tally:
    logging.lastResort = None
    seed, first, last, sockets = job
    return (outside.run if sockets else inside.run)(seed, range(first, last))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="fuzz",
        description="Sends the receiver what nobody sends, and looks that no answer is a 5xx, no error is logged, and "
        "no body holds it up.",
    )
    parser.add_argument("--bodies", type=int, default=1_000_000, help="how many")
    parser.add_argument("--processes", type=int, default=2, help="how many at once")
    parser.add_argument("--seed", default=f"{random.randrange(16**6):06x}", help="what is drawn by chance comes of it")
    parser.add_argument("--again", metavar="SEED:NUMBER", default="", help="only this one, as a finding names it")
    return parser
