"""``scrobbler logout``: take the access back at Trakt, then forget the tokens."""

from contextlib import closing

import click

from scrobbler.cli import Settings, app_of, known_account, settings_options
from scrobbler.errors import ScrobblerError
from scrobbler.machine.session import DEFAULT_ACCOUNT
from scrobbler.settings import credentials
from scrobbler.settings.config import Config
from scrobbler.trakt import signin
from scrobbler.trakt.tokens import TokenFile, Tokens


@click.command()
@click.option("--account", metavar="NAME", default=DEFAULT_ACCOUNT, help="Which account (default: default).")
@click.option("--force", is_flag=True, help="Forget the tokens although Trakt does not take the access back.")
@settings_options
@click.pass_obj
def command(settings: Settings, account: str, force: bool) -> None:
    """Sign out: take the access back at Trakt, forget the tokens.

    An agent that is running notices by itself. What is watched meanwhile is kept until somebody signs in again.

    \b
    Examples:
      scrobbler logout
      scrobbler logout --account marta
    """
    configuration = settings.load()
    file = TokenFile(configuration.state_dir, known_account(configuration, account))
    forgotten = _forgotten(configuration, file, force=force)
    click.echo(f"{account} is signed out." if forgotten else f"{account} is not signed in.")


def _forgotten(configuration: Config, file: TokenFile, *, force: bool) -> bool:
    """Revoke and forget while nobody renews the tokens. False where there are none.

    Raises ``ScrobblerError`` where that did not work, and then keeps them, unless it is forced.
    """
    with file.locked():
        try:
            tokens = file.read()
            if tokens is None:
                return False
            _revoke(configuration, tokens)
        except ScrobblerError as error:
            if not force:
                raise ScrobblerError(f"{error}. The tokens are kept; --force forgets them all the same") from error
            click.echo(f"{error}. Take the access back yourself: https://app.trakt.tv/settings/apps", err=True)
        file.remove()
    return True


def _revoke(configuration: Config, tokens: Tokens) -> None:
    from scrobbler.trakt.transport import Transport  # noqa: PLC0415  # loads httpx

    app = app_of(configuration, credentials.needed(configuration))
    with closing(Transport(app)) as transport:
        signin.revoke(transport, app, tokens)
