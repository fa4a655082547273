"""``scrobbler users``: for whom each user of a server counts, who counts for nobody, and the mapping of one."""

from collections import Counter
from typing import Any

import click

from scrobbler.admission import mapping
from scrobbler.cli import Group, Settings, known_account, local, now, printable, settings_options
from scrobbler.cli.entries import dumped
from scrobbler.control import channel as control
from scrobbler.control.people import MapUser
from scrobbler.control.request import Refused
from scrobbler.errors import ConfigError, ScrobblerError
from scrobbler.household import EVERYBODY, LONGEST, Household, Origin, Stranger, folded
from scrobbler.settings.config import Config
from scrobbler.state.people import Met
from scrobbler.state.snapshot import Snapshot, look


@click.group(cls=Group, invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print it as one JSON object.")
@settings_options
@click.pass_context
def command(context: click.Context, as_json: bool) -> None:
    """Show for whom each user of a server counts; map one.

    A user whom a server names counts for nobody until he is mapped to an account, by `users map` or in the
    configuration (players.NAME.users), which stands above it.

    \b
    Examples:
      scrobbler users
      scrobbler users map plex "Marta K." marta
      scrobbler users map jellyfin "*" family
      scrobbler users unmap plex "Marta K."
    """
    if context.invoked_subcommand is None:
        configuration = context.ensure_object(Settings).load()
        state = look(configuration.state_dir)
        users, strangers = mapped(configuration, state), unmapped(configuration, state)
        click.echo(dumped({"users": users, "unmapped": strangers}) if as_json else _words(users, strangers))


@command.command("map")
@click.argument("player", metavar="PLAYER")
@click.argument("user", metavar="USER")
@click.argument("account", metavar="ACCOUNT")
@settings_options
@click.pass_obj
def map_(settings: Settings, player: str, user: str, account: str) -> None:
    """Let a server's user count for an account, from now on.

    USER is his name (case and spaces make no difference) or his id; "*" is everybody who is not named. What he is
    watching right now counts as well.

    \b
    Examples:
      scrobbler users map plex "Marta K." marta
    """
    configuration = _checked(settings, player, user)
    known_account(configuration, account)
    _ask(configuration, MapUser(player=player, user=user, account=account))
    click.echo(printable(f"{player}: {_named(user)} counts for {account}"))


@command.command()
@click.argument("player", metavar="PLAYER")
@click.argument("user", metavar="USER")
@settings_options
@click.pass_obj
def unmap(settings: Settings, player: str, user: str) -> None:
    """Let a server's user count for nobody any more. What he is watching right now is taken back.

    \b
    Examples:
      scrobbler users unmap plex "Marta K."
    """
    configuration = _checked(settings, player, user)
    _ask(configuration, MapUser(player=player, user=user))
    click.echo(printable(f"{player}: {_named(user)} counts for nobody any more"))


def mapped(configuration: Config, state: Snapshot) -> list[dict[str, Any]]:
    """The users of all players who count for somebody, in the shape of ``--json``."""
    found = []
    for name, player in configuration.players.items():
        written = player.users or {}
        found += [_row(name, user, account, Origin.CONFIG) for user, account in written.items()]
        known = {folded(user) for user in written}
        found += [
            _row(name, one.user, one.account, Origin.COMMAND)
            for one in state.mapped
            if one.player == name and folded(one.user) not in known
        ]
    return found


def unmapped(configuration: Config, state: Snapshot) -> list[dict[str, Any]]:
    """The users who were heard of and count for nobody, with the command that maps each."""
    return [
        {
            "player": one.player,
            "user": one.user,
            "user_id": one.user_id,
            "first_at": one.first_at,
            "last_at": one.last_at,
            "map": mapping(one.player, word),
        }
        for one, word in strangers(configuration, state)
    ]


def strangers(configuration: Config, state: Snapshot) -> list[tuple[Met, str]]:
    """The same users, each with the word that maps him: his name, or his id where two have the name."""
    found = [
        one
        for one in state.strangers
        if one.player in configuration.players
        and isinstance(_household(configuration, state, one.player).of(one.user, one.user_id), Stranger)
    ]
    names = Counter((one.player, folded(one.user)) for one in found)
    return [(one, (names[one.player, folded(one.user)] > 1 and one.user_id) or one.user) for one in found]


def stranger(one: dict[str, Any]) -> str:
    """A user who counts for nobody, for people."""
    return f"{one['player']}: {one['user']} counts for nobody, last seen {local(one['last_at'])}: `{one['map']}`"


def _household(configuration: Config, state: Snapshot, name: str) -> Household:
    player = configuration.players[name]
    added = {one.user: one.account for one in state.mapped if one.player == name}
    return Household(account=player.account, users=player.users, added=added)


def _row(player: str, user: str, account: str, origin: Origin) -> dict[str, Any]:
    return {"player": player, "user": user, "account": account, "from": origin.value}


def _words(users: list[dict[str, Any]], strangers: list[dict[str, Any]]) -> str:
    where = {"config": "by the configuration", "command": "by command"}
    lines = [
        f"{one['player']}: {_named(one['user'])} counts for {one['account']}, {where[one['from']]}" for one in users
    ]
    lines += map(stranger, strangers)
    return "\n".join(map(printable, lines)) or "No server has named a user so far."


def _named(user: str) -> str:
    return "everybody else" if user == EVERYBODY else user


def _checked(settings: Settings, player: str, user: str) -> Config:
    """The configuration, where such a mapping makes sense with it. Raises ``ConfigError``."""
    configuration = settings.load()
    if player not in configuration.players:
        raise ConfigError(f"there is no player {player!r}: known are {', '.join(configuration.players)}")
    if not folded(user) or len(user) > LONGEST:
        raise ConfigError(f"a user has a name or an id, of {LONGEST} signs at most")
    written = configuration.players[player].users or {}
    if (twin := next((one for one in written if folded(one) == folded(user)), None)) is not None:
        words = f"players.{player}.users says that {twin!r} counts for {written[twin]}: change it there"
        raise ConfigError(f"{configuration.path}: {words}")
    return configuration


def _ask(configuration: Config, request: MapUser) -> None:
    answer = control.settle(configuration.state_dir, request, configuration.accounts, now)
    if isinstance(answer, Refused):
        raise ScrobblerError(answer.why)
