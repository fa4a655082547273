"""The fault campaign: each fault of the sandbox, alone and in random sequence, and an outage as long as three films."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from campaign.evening import FILMS, Evening, Service
from campaign.hourglass import Hourglass
from conftest import Clock
from double import Served
from msgspec import Struct

from scrobbler.sandbox import Fault, FaultKind
from scrobbler.trakt.statuses import TABLE

DELAY_S = 0.01
HOTEL = "<html>Welcome! Please accept our terms.</html>"
NO_BY_ITSELF = {400, 404, 405, 410, 412, 418, 422}
"""Trakt says no to the request as such. A watch is set aside then, and the user has it tried again."""
LOST = (FaultKind.DROP_BEFORE, FaultKind.DROP_AFTER)
CALLS = ("*", "/scrobble/*", "/scrobble/stop", "/sync/history*", "/search/*", "/oauth/token")
LOOKUPS = {"*", "/search/*"}
"""An answer that makes no sense, to a question what something is, is as good as none: it is not recognised then."""
UNSEEN = {FaultKind.ANOTHER_ITEM.value}
"""What Trakt takes for something else is found out by its answer: nobody can where that is lost, too."""


class Ill(Struct, frozen=True, kw_only=True):
    """Something that goes wrong, and whether a watch may be set aside because of it."""

    fault: Fault
    aside: bool = False


def _each() -> Mapping[str, Ill]:
    found: dict[str, Ill] = {}
    more: Mapping[FaultKind, Mapping[str, Any]] = {FaultKind.DELAY: {"delay_s": DELAY_S}}
    for kind in FaultKind:
        if kind is not FaultKind.STATUS:
            fault = Fault(kind=kind, times=None, **more.get(kind, {}))
            found[kind.value] = Ill(fault=fault, aside=kind is FaultKind.ANOTHER_ITEM)
    statuses = sorted({*TABLE, 301, 413, 521} - {409})  # a 409 says that Trakt has it, and that is believed
    for status in statuses:
        aside = status in {*NO_BY_ITSELF, 301, 413}
        found[f"status {status}"] = Ill(fault=Fault(kind=FaultKind.STATUS, status=status, times=None), aside=aside)
    for status, body in ((200, HOTEL), (200, {}), (200, []), (201, {}), (204, None), (429, HOTEL), (503, HOTEL)):
        named = "a page" if body is HOTEL else "nothing" if body is None else str(body)
        fault = Fault(kind=FaultKind.STATUS, status=status, body=body, times=None)
        found[f"status {status} with {named}"] = Ill(fault=fault)
    slow = Fault(kind=FaultKind.STATUS, status=429, headers={"Retry-After": "1800"}, times=None)
    return found | {"status 429 for half an hour": Ill(fault=slow)}


EACH = _each()
"""Every fault by a name, without an end."""


class Result(Struct, frozen=True, kw_only=True):
    """How an evening went."""

    name: str
    watched: int
    aside: int
    """So many were set aside, and tried again by the user."""
    wrong: tuple[str, ...]


Story = Callable[[Evening, Hourglass, Service], Awaitable[bool]]
"""What happens; the result says whether a watch may have been set aside."""


def alone(ill: Ill, path: str, minutes: float) -> Story:
    """A fault from some time in the first film until some time after the second."""

    async def story(evening: Evening, loop: Hourglass, service: Service) -> bool:
        films = evening.chance.sample(FILMS, 3)
        await asyncio.sleep(evening.chance.choice((0.0, 6 * 86_400.0)))  # six days later tokens are renewed
        watching = asyncio.create_task(_watch_all(evening, films, minutes))
        await asyncio.sleep(evening.chance.uniform(0, minutes * 60))
        service.sandbox.faults.add(_on(ill.fault, path))
        if path.startswith("/sync/"):  # it is asked only where an answer was lost
            service.sandbox.faults.add(Fault(kind=evening.chance.choice(LOST), path="/scrobble/stop", times=None))
        await asyncio.sleep(evening.chance.uniform(1.0, 2.0) * minutes * 60)
        service.sandbox.faults.clear()
        await watching
        return ill.aside or path in LOOKUPS

    return story


def in_sequence(minutes: float, films: int = 4) -> Story:
    """Any faults at any time, some of them now and then and some for long."""

    async def story(evening: Evening, loop: Hourglass, service: Service) -> bool:
        aside = False
        chosen = [evening.chance.choice(FILMS) for _ in range(films)]
        chosen = [film for at, film in enumerate(chosen) if film not in chosen[:at]]
        watching = asyncio.create_task(_watch_all(evening, chosen, minutes))
        while not watching.done():
            for _ in range(evening.chance.randrange(3)):
                ill = EACH[evening.chance.choice(sorted(EACH.keys() - UNSEEN))]
                times, path = evening.chance.choice((1, 1, 2, 3, 8, None)), evening.chance.choice(CALLS)
                aside = aside or ill.aside or path in LOOKUPS
                service.sandbox.faults.add(_on(ill.fault, path, times))
            await asyncio.sleep(evening.chance.uniform(10, minutes * 60))
            if evening.chance.random() < 0.5:
                service.sandbox.faults.clear()
        service.sandbox.faults.clear()
        await watching
        return aside

    return story


def outage(minutes: float) -> Story:
    """No connection at all from the middle of the first film until half an hour after the fourth."""

    async def story(evening: Evening, loop: Hourglass, service: Service) -> bool:
        watching = asyncio.create_task(_watch_all(evening, FILMS[:4], minutes))
        await asyncio.sleep(minutes * 30)
        with loop.held():
            await asyncio.to_thread(service.close)
        await watching
        await asyncio.sleep(1800)
        with loop.held():
            await asyncio.to_thread(service.open)
        return False

    return story


async def _watch_all(evening: Evening, films: Sequence[Any], minutes: float) -> None:
    for film in films:
        await evening.watch(film, minutes)
        await asyncio.sleep(evening.chance.uniform(0, 1200))


def _on(fault: Fault, path: str, times: int | None = None) -> Fault:
    fields = {name: getattr(fault, name) for name in fault.__struct_fields__}
    return Fault(**fields | {"path": path, "times": times})


def campaign(seed: str, sequences: int, minutes: float) -> Iterator[tuple[str, Story]]:
    """All of it: each fault on each kind of call, so many sequences, and outages."""
    for name, ill in EACH.items():
        for path in CALLS:
            yield f"{name} on {path}", alone(ill, path, minutes)
    for number in range(sequences):
        yield f"sequence {seed}.{number}", in_sequence(minutes)
    for number in range(max(1, sequences // 10)):
        yield f"outage of three films {seed}.{number}", outage(minutes)


def spend(name: str, story: Story, seed: str, served: Served) -> Result:
    """One evening, in a folder and with a service of its own."""
    clock = Clock()
    service = Service(clock, served)
    logger = logging.getLogger("scrobbler")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        with TemporaryDirectory(prefix="f") as folder:
            evening = Evening(Path(folder), clock, service, Random(f"{name} {seed}"))
            loops: list[Hourglass] = []

            def make() -> Hourglass:
                loops.append(Hourglass(clock))
                return loops[0]

            async def night() -> tuple[bool, int, list[str]]:
                loops[0].works = evening.works
                async with evening.living():
                    may = await story(evening, loops[0], service)
                    aside = await evening.tidied_up(loops[0])
                    loops[0].works = lambda: False
                    return may, aside, evening.wrong()

            with asyncio.Runner(loop_factory=make) as runner:
                may, aside, wrong = runner.run(night())
        if aside and not may:
            wrong.append(f"{aside} were set aside although the service was only ill")
        return Result(name=name, watched=len(evening.watched), aside=aside, wrong=tuple(wrong))
    finally:
        logger.setLevel(level)
        with suppress(Exception):
            service.close()


def table(results: Sequence[Result]) -> list[str]:
    """Kind of evening by what came of it."""
    groups = {"a fault alone": " on ", "faults in random sequence": "sequence ", "outage of three films": "outage "}
    lines = [f"{'':28}{'evenings':>10}{'watches':>10}{'tried again by the user':>26}{'wrong':>8}"]
    for title, mark in groups.items():
        of = [each for each in results if mark in each.name]
        counts = (
            len(of),
            sum(each.watched for each in of),
            sum(each.aside for each in of),
            sum(map(bool, (each.wrong for each in of))),
        )
        lines.append(f"{title:28}{counts[0]:>10}{counts[1]:>10}{counts[2]:>26}{counts[3]:>8}")
    return lines
