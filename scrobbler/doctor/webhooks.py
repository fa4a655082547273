"""Players that call us: whether they could, and when they last did."""

import errno
import http.client
import socket
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import timedelta
from typing import Final
from urllib.parse import quote

from scrobbler import adapters, lock
from scrobbler.adapters import Webhook
from scrobbler.age import ago
from scrobbler.doctor.finding import Case, Finding, ok, problem, warn
from scrobbler.settings import secrets
from scrobbler.settings.config import Player
from scrobbler.settings.tables import Server
from scrobbler.state.snapshot import look

SILENT: Final = timedelta(days=14)
"""A household that watches nothing for so long is rarer than a server that forgot its webhook."""
WITHIN_SECONDS: Final = 3.0


def port(case: Case) -> Iterator[Finding]:
    """The address on which the agent listens: its own, or free for it."""
    if case.configuration.server is None and not _players(case):
        return
    host, number = (case.configuration.server or Server()).address()
    runs = lock.holder(case.configuration.state_dir) is not None
    taken = _taken(host, number)
    if runs and taken is None:
        yield problem(f"the agent runs and does not listen on {host}:{number}", "start it again, and look at its log")
    elif not runs and isinstance(taken, str):
        yield problem(
            f"{host}:{number} cannot be listened on: {taken}", f"ss -ltnp 'sport = :{number}', or set server.listen"
        )
    else:
        yield ok(f"{host}:{number} is {'listened on' if runs else 'free'}")


def hooks(case: Case) -> Iterator[Finding]:
    """Whether each hook lets its server in."""
    if lock.holder(case.configuration.state_dir) is None:
        return  # nobody is there to answer
    for name, player in _players(case).items():
        yield _hook(case, name, player)


def heard(case: Case) -> Iterator[Finding]:
    """When each player said something last."""
    last = {one.source: one.at for one in look(case.configuration.state_dir, limit=1).heard}
    calls = _players(case)
    for name in case.configuration.players:
        mend = f"scrobbler webhook {name}" if name in calls else None
        if name not in last:
            words = f"nothing was ever heard from {name}"
            yield warn(words, mend) if name in calls else ok(words)
        elif name in calls and case.now - last[name] > SILENT:
            yield warn(f"last event from {name}: {ago(case.now - last[name])}", f"scrobbler webhook test {name}")
        else:
            yield ok(f"last event from {name}: {ago(case.now - last[name])}")


def _players(case: Case) -> Mapping[str, Player]:
    found = {}
    for name, player in case.configuration.players.items():
        plugin = adapters.load(player.kind) if player.kind != "mpv" else None
        if plugin is not None and isinstance(plugin.build(name, player.options), Webhook):
            found[name] = player
    return found


def _taken(host: str, number: int) -> str | None:
    """Why the address cannot be listened on; None where it can."""
    try:
        with socket.create_server((host, number), family=socket.AF_INET6 if ":" in host else socket.AF_INET):
            return None
    except OSError as error:
        return "another program does" if error.errno == errno.EADDRINUSE else error.strerror or str(error)


def _hook(case: Case, name: str, player: Player) -> Finding:
    """Knock as the server does, with a request of which nothing is made."""
    host, number = (case.configuration.server or Server()).address()
    mend = f"scrobbler webhook test {name}"
    near = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  # where it listens, not we
    headers = {
        "X-Scrobbler-Test": "1",
        "X-Scrobbler-Token": (player.secret or secrets.made(case.configuration.state_dir, name))(),
    }
    with closing(http.client.HTTPConnection(near, number, timeout=WITHIN_SECONDS)) as connection:
        try:
            connection.request("POST", f"/hooks/{quote(name)}", headers=headers)
            status = connection.getresponse().status
        except (OSError, http.client.HTTPException) as error:
            return problem(f"the webhook of {name} is not reached on {near}:{number} ({error})", mend)
    if status == 200:
        return ok(f"the webhook of {name} is open to who knows its secret")
    return problem(f"the webhook of {name} answered a test with status {status}", mend)
