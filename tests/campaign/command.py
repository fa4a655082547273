"""The command line of the campaigns."""

import argparse
import asyncio
import multiprocessing
import random
import sys
import time
from collections.abc import Sequence

from campaign import crash, faults
from campaign.household import Outcome
from campaign.moments import Kind, draw
from double import Served


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one. Returns the exit status: 1 where anything was lost, doubled or dated wrongly."""
    said = _parser().parse_args(arguments)
    return int(said.campaign(said))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="campaign", description="Shows that no watch is lost, and none counts twice.")
    which = parser.add_subparsers(required=True)
    killing = which.add_parser("crash", help="kill -9 of a real agent, at moments drawn by chance")
    killing.add_argument("--runs", type=int, default=300, help="how many watches")
    killing.add_argument("--seed", default=f"{random.randrange(16**6):06x}", help="what the moments are drawn from")
    killing.add_argument("--lanes", type=int, default=crash.lanes(), help="how many at once")
    killing.add_argument("--again", metavar="SEED:KIND", default="", help="only this one, as a failure names it")
    killing.set_defaults(campaign=_crash)
    ailing = which.add_parser("faults", help="a Trakt that fails in every way, and one that cannot be reached")
    ailing.add_argument("--sequences", type=int, default=300, help="how many evenings with faults in random sequence")
    ailing.add_argument("--minutes", type=float, default=100.0, help="how long a film is")
    ailing.add_argument("--seed", default=f"{random.randrange(16**6):06x}", help="what is drawn by chance comes of it")
    ailing.add_argument("--again", metavar="NAME", default="", help="only these, as a failure names them")
    ailing.set_defaults(campaign=_faults)
    return parser


def _crash(said: argparse.Namespace) -> int:
    if said.again:
        seed, _, kind = said.again.rpartition(":")
        planned = [draw(seed, Kind[kind], crash.FILM_SECONDS)]
        _say(str(planned[0]))
    else:
        planned = crash.plans(said.runs, said.seed)
        _say(f"crash campaign: {said.runs} watches, {said.lanes} at once, seed {said.seed}")
    began, finished = time.monotonic(), 0

    def done(outcome: Outcome) -> None:
        nonlocal finished
        finished += 1
        if outcome.failed:
            _say(crash.failure(outcome))
        if finished % 20 == 0:
            _say(f"  {finished} of {len(planned)} after {time.monotonic() - began:.0f} s")

    outcomes = asyncio.run(crash.run(planned, said.lanes, done))
    _say("\n".join(["", *crash.table(outcomes)]))
    return int(any(outcome.failed for outcome in outcomes))


def _faults(said: argparse.Namespace) -> int:
    stories = [each for each in faults.campaign(said.seed, said.sequences, said.minutes) if said.again in each[0]]
    _say(f"fault campaign: {len(stories)} evenings, seed {said.seed}")
    began = time.monotonic()
    with multiprocessing.Pool() as pool:
        results = []
        for result in pool.imap_unordered(_spend, [(name, said) for name, _ in stories]):
            results.append(result)
            for wrong in result.wrong:
                _say(
                    f"FAILED {result.name}: {wrong}; again: make fault-campaign SEED={said.seed} AGAIN='{result.name}'"
                )
            if len(results) % 100 == 0:
                _say(f"  {len(results)} of {len(stories)} after {time.monotonic() - began:.0f} s")
    _say("\n".join(["", *faults.table(results)]))
    return int(any(result.wrong for result in results))


def _spend(chosen: tuple[str, argparse.Namespace]) -> faults.Result:
    """One evening, in a process of the pool."""
    name, said = chosen
    story = next(each for at, each in faults.campaign(said.seed, said.sequences, said.minutes) if at == name)
    served = Served()
    try:
        return faults.spend(name, story, said.seed, served)
    finally:
        served.close()


def _say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()
