"""``scrobbler login``: a code, a QR to scan it with, and a wait until Trakt says yes."""

import json
import sys
import time
from contextlib import closing
from typing import Final

import click

from scrobbler.cli import Settings, app_of, now, qr, settings_options
from scrobbler.config import Config, default_path
from scrobbler.errors import ConfigError, ScrobblerError, Unavailable
from scrobbler.session import DEFAULT_ACCOUNT
from scrobbler.trakt import signin
from scrobbler.trakt.client import Trakt
from scrobbler.trakt.signin import Answer, DeviceCode
from scrobbler.trakt.tokens import TokenFile, Tokens

_SAID: Final = {
    Answer.DENIED: "The sign-in was denied. Run `scrobbler login` to try again.",
    Answer.EXPIRED: "The code has expired. Run `scrobbler login` for a new one.",
    Answer.USED: "The code was used already. Run `scrobbler login` for a new one.",
    Answer.UNKNOWN: "Trakt does not know the code any more. Run `scrobbler login` for a new one.",
}


@click.command()
@click.option("--account", metavar="NAME", default=DEFAULT_ACCOUNT, help="Which account to sign in (default: default).")
@click.option("--json", "as_json", is_flag=True, help="Print each step as a line of JSON.")
@settings_options
@click.pass_obj
def command(settings: Settings, account: str, as_json: bool) -> None:
    """Sign in to Trakt with a code or a QR.

    Scan the QR with a phone, or open the page that is shown and type in the code. An agent that is running goes on
    by itself as soon as you are signed in.

    \b
    Examples:
      scrobbler login
      scrobbler login --account marta
    """
    configuration = settings.load()
    known = dict.fromkeys((*configuration.accounts, DEFAULT_ACCOUNT))
    if account not in known:
        raise ConfigError(f"there is no account {account!r}: known are {', '.join(known)}")
    if not configuration.trakt.client_id:
        raise ConfigError(
            f"{configuration.path or default_path()}: trakt.client_id is missing: "
            "it names the Trakt app to sign in with (https://app.trakt.tv/settings/apps; Trakt lets VIPs create one)"
        )
    screen = Screen(as_json=as_json)
    file = TokenFile(configuration.state_dir, account)
    with file.locked():
        pass  # a folder that cannot be written to must be known before the user has typed in a code
    tokens = _sign_in(configuration, screen)
    with file.locked():
        file.write(tokens)
    with closing(Trakt(app_of(configuration), file)) as trakt:
        screen.signed_in(account, _user(trakt))


class Screen:
    """Says the steps of a sign-in, to a person or to a program."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json

    def code(self, code: DeviceCode) -> None:
        """The code has come and waits to be typed in."""
        if self._as_json:
            self._line("code", url=code.verification_url, user_code=code.user_code, scan=code.activation_url)
            return
        picture = qr.draw(code.activation_url, sys.stdout)
        if picture:
            click.echo(picture, nl=False)
        click.echo("Scan the picture, or open" if picture else "Open")
        click.echo(code.verification_url)  # alone on its line, so that it stays whole on a narrow screen
        click.echo(f"and enter {code.user_code} (good until {code.expires_at.astimezone():%H:%M}).")

    def waiting(self, answer: Answer) -> None:
        """Trakt was asked and has no answer yet."""
        if self._as_json:
            self._line("waiting", answer=answer.value)
        elif answer is Answer.UNREACHABLE:
            click.echo("Trakt cannot be reached just now; trying again.", err=True)

    def signed_in(self, account: str, user: str | None) -> None:
        """It is done; the user's name is None where Trakt could not be asked for it."""
        if self._as_json:
            self._line("signed in", account=account, user=user)
        else:
            click.echo(f"Signed in as {user}." if user else "Signed in.")

    def _line(self, step: str, **known: str | None) -> None:
        click.echo(json.dumps({"step": step, **known}))


def _sign_in(configuration: Config, screen: Screen) -> Tokens:
    """Ask for a code and wait until it is approved. Raises ``ScrobblerError`` in words for the user."""
    from scrobbler.trakt.transport import Transport  # noqa: PLC0415  # loads httpx

    app = app_of(configuration)
    transport = Transport(app)
    try:
        code = signin.start(transport, app, now=now())
        screen.code(code)
        for poll in signin.wait(transport, app, code, sleep=time.sleep, clock=now):
            if poll.tokens is not None:
                return poll.tokens
            if poll.answer.final:
                raise ScrobblerError(_SAID[poll.answer])
            screen.waiting(poll.answer)
    finally:
        transport.close()
    raise ScrobblerError(_SAID[Answer.EXPIRED])


def _user(trakt: Trakt) -> str | None:
    """Who signed in; that Trakt cannot say so just now does not undo it."""
    try:
        return trakt.settings().username
    except Unavailable:
        return None
