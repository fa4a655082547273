"""``scrobbler status``: what the state folder says, read beside the agent and without touching anything."""

import json
from datetime import datetime
from typing import Any

import click

from scrobbler import lock
from scrobbler.cli import Settings, now, settings_options
from scrobbler.config import Config
from scrobbler.errors import StateError
from scrobbler.outbox import Entry
from scrobbler.session import Session, State, estimate
from scrobbler.store import Play, Snapshot, look
from scrobbler.trakt.tokens import TokenFile


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
    report = _report(configuration, look(configuration.state_dir), now())
    click.echo(json.dumps(report, indent=2) if as_json else _words(report))


def _report(configuration: Config, state: Snapshot, at: datetime) -> dict[str, Any]:
    """Everything that is known, in the shape of ``--json``."""
    pid = lock.holder(configuration.state_dir)
    return {
        "agent": {"running": pid is not None, "pid": pid},
        "state_dir": str(configuration.state_dir),
        "accounts": [_account(account, configuration) for account in configuration.accounts],
        "players": [
            {"name": name, "kind": player.kind, "account": player.account}
            for name, player in configuration.players.items()
        ],
        "watching": [
            _session(one, at if pid is not None else one.at) for one in state.sessions if one.state is not State.IDLE
        ],
        "waiting": [_entry(entry) for entry in state.waiting],
        "set_aside": [_entry(entry) for entry in state.aside],
        "watched": [_play(play) for play in state.plays],
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
        "item": session.media.label() if session.media else None,
        "position_s": session.position if at is None else estimate(session, at),
        "duration_s": session.duration,
    }


def _entry(entry: Entry) -> dict[str, Any]:
    return {
        "entry": entry.id,
        "account": entry.scrobble.account,
        "action": entry.scrobble.action.value,
        "item": entry.scrobble.media.label(),
        "at": entry.scrobble.at.isoformat(),
        "attempts": entry.attempts,
        "not_before": entry.not_before.isoformat(),
        "reason": entry.reason,
    }


def _play(play: Play) -> dict[str, Any]:
    return {
        "account": play.account,
        "item": play.media.label(),
        "watched_at": play.watched_at.isoformat(),
        "how": play.how.value,
        "history_id": play.history_id,
    }


def _words(report: dict[str, Any]) -> str:
    """The report for people: a line a thing, and no heading over nothing."""
    agent = report["agent"]
    lines = [
        f"Agent     running (pid {agent['pid']})" if agent["running"] else "Agent     not running: `scrobbler run`"
    ]
    for account in report["accounts"]:
        lines.append(f"Account   {account['name']}: {account['problem'] or 'signed in'}")
    for player in report["players"]:
        lines.append(f"Player    {player['name']} ({player['kind']}), for {player['account']}")
    for one in report["watching"]:
        share = f", {one['position_s'] / one['duration_s']:.0%}" if one["position_s"] and one["duration_s"] else ""
        lines.append(f"{'Now' if agent['running'] else 'Last':<10}{one['item']} ({one['state']}{share})")
    for entry in report["waiting"]:
        lines.append(f"Waiting   {entry['action']} {entry['item']}, {_local(entry['at'])}")
    for entry in report["set_aside"]:
        lines.append(f"Set aside {entry['item']}, {_local(entry['at'])}: {entry['reason']}")
    for play in report["watched"]:
        lines.append(f"Watched   {play['item']}, {_local(play['watched_at'])}, {play['how']}")
    return "\n".join(lines)


def _local(at: str) -> str:
    return f"{datetime.fromisoformat(at).astimezone():%d %b %H:%M}"
