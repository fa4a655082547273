"""``scrobbler status``: what the state folder says, read beside the agent and without touching anything."""

from datetime import datetime
from typing import Any, Final

import click
from msgspec.structs import asdict

from scrobbler import lock
from scrobbler.age import ago
from scrobbler.cli import Settings, local, now, printable, settings_options
from scrobbler.cli.entries import dumped, told, told_play
from scrobbler.cli.incognito import report as incognito
from scrobbler.cli.switch import rows as switched
from scrobbler.cli.switch import said
from scrobbler.cli.users import mapped, stranger, unmapped
from scrobbler.control.request import UNTIL_OFF, shown
from scrobbler.errors import StateError
from scrobbler.machine.motion import State, estimate
from scrobbler.machine.session import Session
from scrobbler.settings.config import Config
from scrobbler.state.snapshot import Snapshot, look
from scrobbler.trakt.tokens import TokenFile

MOST: Final = 10
"""So many entries of a kind are shown to people; `scrobbler queue list` shows all."""


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print it as one JSON object.")
@settings_options
@click.pass_obj
def command(settings: Settings, as_json: bool) -> None:
    """Show what is watched, what waits, what was sent.

    \b
    Examples:
      scrobbler status
      scrobbler status --json
    """
    configuration = settings.load()
    at = now()
    report = _report(configuration, look(configuration.state_dir), at)
    click.echo(dumped(report) if as_json else _words(report, at))


def _report(configuration: Config, state: Snapshot, at: datetime) -> dict[str, Any]:
    """Everything that is known, in the shape of ``--json``."""
    pid = lock.holder(configuration.state_dir)
    heard = {one.source: one for one in state.heard}
    users = mapped(configuration, state)
    return {
        "agent": {"running": pid is not None, "pid": pid},
        "state_dir": str(configuration.state_dir),
        "accounts": [_account(account, configuration) for account in configuration.accounts],
        "players": [
            {
                "name": name,
                "kind": player.kind,
                "account": player.account if player.users is None else None,
                "heard_at": heard[name].at if name in heard else None,
                "heard": heard[name].words if name in heard else None,
                "users": [one for one in users if one["player"] == name],
            }
            for name, player in configuration.players.items()
        ],
        "watching": [
            _session(one, at if pid is not None else one.at) for one in state.sessions if one.state is not State.IDLE
        ],
        "waiting": [asdict(told(entry)) for entry in state.waiting],
        "set_aside": [asdict(told(entry)) for entry in state.aside],
        "watched": [asdict(told_play(play)) for play in state.plays],
        "incognito": [
            incognito(name, until)
            for name in configuration.accounts
            if (until := state.incognito.get(name)) is not None and until > at
        ],
        "switched": switched(state.switched, at),
        "unmapped": unmapped(configuration, state),
    }


def _account(name: str, configuration: Config) -> dict[str, Any]:
    file = TokenFile(configuration.state_dir, name)
    try:
        refusal = file.refusal() if file.read() else "not signed in"
        signed_in, problem = refusal is None, f"{refusal}: `{file.login}`" if refusal else None
    except StateError as error:
        signed_in, problem = False, str(error)
    return {"name": name, "signed_in": signed_in, "problem": problem}


def _session(session: Session, at: datetime | None) -> dict[str, Any]:
    """Where it is by now; without an agent nobody knows, and then where it was when last heard of."""
    return {
        "session": str(session.key),
        "account": session.account,
        "state": session.state.value,
        "item": session.media.label() if session.media and not session.incognito else None,
        "position_s": session.position if at is None else estimate(session, at),
        "duration_s": session.duration,
        "incognito": session.incognito,
    }


def _words(report: dict[str, Any], at: datetime) -> str:
    """The report for people: a line a thing, and no heading over nothing."""
    agent = report["agent"]
    lines = [
        f"Agent     running (pid {agent['pid']})" if agent["running"] else "Agent     not running: `scrobbler run`"
    ]
    for account in report["accounts"]:
        lines.append(f"Account   {account['name']}: {account['problem'] or 'signed in'}")
    for one in report["incognito"]:
        lines.append(f"Incognito {one['account']}: {shown(one['until'] or UNTIL_OFF)}")
    for player in report["players"]:
        heard = f", last heard {ago(at - player['heard_at'])}" if player["heard_at"] else ""
        lines.append(f"Player    {player['name']} ({player['kind']}), for {_whose(player)}{heard}")
    lines += [f"Switched  {said(one)}" for one in report["switched"]]
    lines += _some([f"Unmapped  {stranger(one)}" for one in report["unmapped"]], "users")
    for one in report["watching"]:
        share = f", {one['position_s'] / one['duration_s']:.0%}" if one["position_s"] and one["duration_s"] else ""
        item = "something incognito" if one["incognito"] else one["item"]
        lines.append(f"{'Now' if agent['running'] else 'Last':<10}{item} ({one['state']}{share})")
    lines += _some([_waits(entry) for entry in report["waiting"]])
    unmatched = [one for one in report["set_aside"] if one["unmatched"]]
    if unmatched:
        were = "1 watch was" if len(unmatched) == 1 else f"{len(unmatched)} watches were"
        lines.append(f"Unmatched {were} not recognised: scrobbler fix {unmatched[0]['entry']}")
    lines += _some([f"{_aside(one)}: {one['reason']}" for one in report["set_aside"]])
    for play in report["watched"]:
        word = "Undone" if play["undone_at"] else "Watched"
        lines.append(f"{word:<10}{play['item']}, {local(play['watched_at'])}, {play['how']}, play {play['play']}")
    return "\n".join(map(printable, lines))


def _whose(player: dict[str, Any]) -> str:
    """For whom a player counts: its account, and those of its users."""
    accounts = dict.fromkeys((player["account"], *(one["account"] for one in player["users"])))
    return ", ".join(account for account in accounts if account is not None) or "nobody"


def _waits(entry: dict[str, Any]) -> str:
    reason = f": {entry['reason']}" if entry["reason"] else ""
    return f"Waiting   {entry['action']} {entry['item']}, {local(entry['at'])}{reason}"


def _aside(entry: dict[str, Any]) -> str:
    number = f" (scrobbler fix {entry['entry']})" if entry["unmatched"] else ""
    return f"Set aside {entry['item']}, {local(entry['at'])}{number}"


def _some(lines: list[str], command: str = "queue list") -> list[str]:
    """The first ones, and how many more there are, which a command shows."""
    more = len(lines) - MOST
    return lines if more <= 0 else [*lines[:MOST], f"          and {more} more: `scrobbler {command}`"]
