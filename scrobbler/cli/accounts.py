"""``scrobbler accounts``: who is signed in and until when, and whether Trakt agrees."""

import json
from contextlib import closing
from datetime import datetime

import click
from msgspec import Struct, to_builtins

from scrobbler.cli import Settings, app_of, now, settings_options
from scrobbler.errors import StateError, TraktError
from scrobbler.settings import credentials
from scrobbler.settings.config import Config
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


@click.command()
@click.option("--check", is_flag=True, help="Ask Trakt as well; without it nothing is sent.")
@click.option("--json", "as_json", is_flag=True, help="Print it as one JSON array.")
@settings_options
@click.pass_obj
def command(settings: Settings, check: bool, as_json: bool) -> None:
    """Show who is signed in, and until when.

    With --check, Trakt is asked whether it still agrees, and whose account it is; exit 1 where one does not work.

    \b
    Examples:
      scrobbler accounts
      scrobbler accounts --check
    """
    configuration = settings.load()
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
