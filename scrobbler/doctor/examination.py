"""All checks, and how they are made: side by side, for some wait for the network, and none can stop the others."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from scrobbler.doctor import agent, files, mpv, trakt, webhooks
from scrobbler.doctor.finding import Case, Finding, problem
from scrobbler.errors import ScrobblerError

Check = Callable[[Case], Iterator[Finding]]

CHECKS: Final[Mapping[str, Sequence[Check]]] = {
    "Program": (agent.program, agent.running, agent.waiting),
    "Configuration": (files.configuration, files.permissions, files.disk, files.leftovers),
    "Trakt": (trakt.reachable, trakt.application, trakt.accounts),
    "mpv": (mpv.program, mpv.line, mpv.sockets),
    "Webhooks": (webhooks.port, webhooks.hooks, webhooks.heard),
}
"""By topic, in the order in which they are shown."""


def examined(case: Case) -> dict[str, list[Finding]]:
    """What all checks find, by topic. Raises nothing."""
    with ThreadPoolExecutor(sum(map(len, CHECKS.values()))) as pool:
        going = {topic: [pool.submit(_made, check, case) for check in checks] for topic, checks in CHECKS.items()}
        return {topic: [one for each in some for one in each.result()] for topic, some in going.items()}


def _made(check: Check, case: Case) -> list[Finding]:
    """What one check finds. What it cannot cope with is a finding, too."""
    found: list[Finding] = []
    try:
        found.extend(check(case))
    except ScrobblerError as error:
        found.append(problem(str(error)))
    except Exception as error:  # noqa: BLE001  # its words could quote a secret
        name = f"{check.__module__.rpartition('.')[2]}.{check.__name__}"
        found.append(
            problem(f"the check {name} failed: {type(error).__name__}", "report it as a mistake of the program")
        )
    return found
