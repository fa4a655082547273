"""``scrobbler accounts``: who is signed in and until when, whether Trakt agrees, and one account more or less."""

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from shlex import quote

import click
from msgspec import Struct, to_builtins

from scrobbler.cli import Group, Settings, app_of, known_account, now, settings_options
from scrobbler.errors import ConfigError, StateError, TraktError
from scrobbler.machine.session import DEFAULT_ACCOUNT
from scrobbler.settings import credentials, edit
from scrobbler.settings.config import Config
from scrobbler.state.snapshot import look
from scrobbler.trakt.client import Trakt
from scrobbler.trakt.tokens import TokenFile


class Account(Struct, frozen=True, kw_only=True):
    """What is known of an account, in the shape of ``--json``."""

    name: str
    signed_in: bool
    problem: str | None = None
    """Why nothing can be sent, in words for the user."""
    token_until: datetime | None = None
    """The end of the access token; a new one is fetched before."""
    user: str | None = None
    """The name at Trakt; None where Trakt was not asked or did not say."""
    login: str
    """The command that signs the account in."""


@click.group(cls=Group, invoke_without_command=True)
@click.option("--check", is_flag=True, help="Ask Trakt as well; without it nothing is sent.")
@click.option("--json", "as_json", is_flag=True, help="Print it as one JSON array.")
@settings_options
@click.pass_context
def command(context: click.Context, check: bool, as_json: bool) -> None:
    """Show who is signed in, and until when; add an account.

    With --check, Trakt is asked whether it still agrees, and whose account it is; exit 1 where one does not work.

    \b
    Examples:
      scrobbler accounts
      scrobbler accounts add marta
      scrobbler accounts --check
    """
    if context.invoked_subcommand is None:
        _show(context.ensure_object(Settings).load(), check=check, as_json=as_json)


@command.command()
@click.argument("name")
@settings_options
@click.pass_obj
def add(settings: Settings, name: str) -> None:
    """Make one more account known, for another person's Trakt.

    It is written into the configuration, which stays as it is otherwise; then the person signs in.

    \b
    Examples:
      scrobbler accounts add marta
    """
    path = settings.path()
    added = edit.put(path, ("accounts", name), {})
    click.echo(f"The account {name} is in {path}." if added else f"{path} has the account {name} already.")
    click.echo(f"To sign it in: scrobbler login --account {quote(name)}")


@command.command()
@click.argument("name")
@settings_options
@click.pass_obj
def remove(settings: Settings, name: str) -> None:
    """Take an account out of the configuration.

    Not while something counts for it, or it is signed in. What Trakt has stays there.

    \b
    Examples:
      scrobbler accounts remove marta
    """
    configuration = settings.load()
    known_account(configuration, name)
    users = [] if name == DEFAULT_ACCOUNT else list(_used(configuration, name))
    if users:
        raise ConfigError(f"the account {name} is in use: {'; '.join(users)}")
    if not edit.drop(settings.path(), ("accounts", name)):
        raise ConfigError(f"{settings.path()} has no account {name}: {DEFAULT_ACCOUNT} is there by itself")
    click.echo(f"The account {name} is not in {settings.path()} any more.")


def _used(configuration: Config, name: str) -> Iterator[str]:
    """What counts for the account, each with the command that ends that."""
    for player, one in configuration.players.items():
        if one.account == name:
            key = edit.joined(("players", player, "account"))
            yield f"the player {player} counts for it (`scrobbler config unset {quote(key)}`)"
        for user in (user for user, account in (one.users or {}).items() if account == name):
            key = edit.joined(("players", player, "users", user))
            yield f"{user} of {player} counts for it (`scrobbler config unset {quote(key)}`)"
    state = look(configuration.state_dir)
    for mapped in (one for one in state.mapped if one.account == name):
        words = f"scrobbler users unmap {quote(mapped.player)} {quote(mapped.user)}"
        yield f"{mapped.user} of {mapped.player} counts for it (`{words}`)"
    for switched in (one for one in state.switched if one.account == name and one.holds(now())):
        place = f"{switched.player}/{switched.device}" if switched.device else switched.player
        yield f"{place} is switched to it (`scrobbler switch --back --player {quote(place)}`)"
    waiting = [one.id for one in (*state.waiting, *state.aside) if one.scrobble.account == name]
    if waiting:
        number = "1 entry" if len(waiting) == 1 else f"{len(waiting)} entries"
        yield f"{number} of the queue may be its watches (`scrobbler queue`)"
    if TokenFile(configuration.state_dir, name).path.exists():
        yield f"it is signed in (`scrobbler logout --account {quote(name)}`)"


def _show(configuration: Config, *, check: bool, as_json: bool) -> None:
    if check:
        credentials.needed(configuration)
    found = [_account(configuration, name, check=check) for name in configuration.accounts]
    click.echo(json.dumps(to_builtins(found), indent=2) if as_json else "\n".join(map(_words, found)))
    if check and any(one.problem for one in found):
        click.get_current_context().exit(1)


def _account(configuration: Config, name: str, *, check: bool) -> Account:
    file = TokenFile(configuration.state_dir, name)
    user, problem = None, None
    try:
        if check and file.read() is not None:
            user, problem = _asked(configuration, file)
        tokens = file.read()  # now, because asking may have renewed them
        refusal = file.refusal()
    except StateError as error:
        return Account(name=name, signed_in=False, problem=str(error), login=file.login)
    if tokens is None or refusal is not None:
        return Account(name=name, signed_in=False, problem=refusal or "not signed in", login=file.login)
    return Account(
        name=name, signed_in=True, problem=problem, token_until=tokens.expires_at, user=user, login=file.login
    )


def _asked(configuration: Config, file: TokenFile) -> tuple[str | None, str | None]:
    """What Trakt calls the account, or why it does not say."""
    with closing(Trakt(app_of(configuration), file)) as trakt:
        try:
            return trakt.settings().username, None
        except TraktError as error:
            return None, str(error)


def _words(account: Account) -> str:
    if account.token_until is None:
        return f"{account.name}: {account.problem}: `{account.login}`"
    who = f"signed in as {account.user}" if account.user else "signed in"
    end = f"{account.token_until.astimezone():%d %b %H:%M}"
    over = account.token_until <= now()
    life = f"token expired {end}, renewed at next use" if over else f"token good until {end}, renewed before"
    return f"{account.name}: {who}; {account.problem or life}"
