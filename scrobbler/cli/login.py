"""``scrobbler login``: a code, a QR to scan it with, and a wait until Trakt says yes; or a code from the browser."""

import json
import secrets
import sys
import time
from contextlib import closing
from datetime import datetime
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs

import click

from scrobbler.cli import Settings, app_of, known_account, now, qr, settings_options
from scrobbler.errors import ScrobblerError, Unavailable
from scrobbler.machine.session import DEFAULT_ACCOUNT
from scrobbler.settings import credentials
from scrobbler.settings.credentials import Credentials
from scrobbler.trakt import signin
from scrobbler.trakt.app import App
from scrobbler.trakt.client import Trakt
from scrobbler.trakt.signin import Answer, DeviceCode
from scrobbler.trakt.tokens import TokenFile, Tokens

if TYPE_CHECKING:
    from scrobbler.trakt.transport import Transport

_SAID: Final = {
    Answer.DENIED: "The sign-in was denied. Run `scrobbler login` to try again.",
    Answer.EXPIRED: "The code has expired. Run `scrobbler login` for a new one.",
    Answer.USED: "The code was used already. Run `scrobbler login` for a new one.",
    Answer.UNKNOWN: "Trakt does not know the code any more. Run `scrobbler login` for a new one.",
}


@click.command()
@click.option("--account", metavar="NAME", default=DEFAULT_ACCOUNT, help="Which account to sign in (default: default).")
@click.option("--browser", is_flag=True, help="Agree in a browser, and paste the code that it shows.")
@click.option("--open", "open_page", is_flag=True, help="With --browser: open the page as well as saying where it is.")
@click.option("--json", "as_json", is_flag=True, help="Print each step as a line of JSON.")
@settings_options
@click.pass_obj
def command(settings: Settings, account: str, browser: bool, open_page: bool, as_json: bool) -> None:
    """Sign in to Trakt with a code or a QR.

    Scan the QR with a phone, or open the page that is shown and type in the code. An agent that is running goes on
    by itself as soon as you are signed in.

    \b
    Examples:
      scrobbler login
      scrobbler login --account marta
      scrobbler login --browser --open
    """
    if open_page and not browser:
        raise click.UsageError("--open goes with --browser.")
    configuration = settings.load()
    file = TokenFile(configuration.state_dir, known_account(configuration, account))
    screen = Screen(as_json=as_json)
    known = credentials.find(configuration) if screen.asks else credentials.needed(configuration)
    with file.locked():
        pass  # a folder that cannot be written to must be known before the user has typed in a code
    typed = screen.app() if known is None else None
    app = app_of(configuration, known or typed)
    from scrobbler.trakt.transport import Transport  # noqa: PLC0415  # loads httpx

    with closing(Transport(app)) as transport:
        tokens = _by_browser(transport, app, screen, open_page) if browser else _by_code(transport, app, screen)
    if typed is not None:
        credentials.remember(configuration, typed)  # Trakt takes it; before, it may have been mistyped
    with file.locked():
        file.write(tokens)
    with closing(Trakt(app, file)) as trakt:
        screen.signed_in(account, _user(trakt))


class Screen:
    """Says the steps of a sign-in to a person or to a program, and asks the person."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._live = not as_json and sys.stdout.isatty()
        self.asks = self._live and sys.stdin.isatty()
        """Whether somebody is there who can answer."""
        self._good_until: datetime | None = None
        self._counting = False
        self._reached = True

    def app(self) -> Credentials:
        """The Trakt app that the user types in, where none is known. Raises ``ConfigError`` for what cannot be one."""
        click.echo(f"Which Trakt app to sign in with? They are at\n{credentials.WHERE_FROM}.")
        client_id = credentials.checked(click.prompt("Client id").strip(), "the client id")
        secret = click.prompt("Client secret (empty: none)", hide_input=True, default="", show_default=False).strip()
        return Credentials(
            client_id=client_id, client_secret=credentials.checked(secret, "the client secret") if secret else None
        )

    def code(self, code: DeviceCode) -> None:
        """The code has come and waits to be typed in."""
        self._good_until = code.expires_at
        if self._as_json:
            self._line("code", url=code.verification_url, user_code=code.user_code, scan=code.activation_url)
            return
        picture = qr.draw(code.activation_url, sys.stdout)
        if picture:
            click.echo(picture, nl=False)
        click.echo("Scan the picture, or open" if picture else "Open")
        click.echo(code.verification_url)  # alone on its line, so that it stays whole on a narrow screen
        click.echo(f"and enter {code.user_code} (good until {code.expires_at.astimezone():%H:%M}).")

    def sleep(self, seconds: float) -> None:
        """Let time pass; on a terminal the time that is left for the code is shown, once a second."""
        if not self._live or self._good_until is None:
            time.sleep(seconds)
            return
        while seconds > 0:
            time.sleep(min(1.0, seconds))
            seconds -= 1.0
            left = max(0, round((self._good_until - now()).total_seconds()))
            click.echo(f"\rWaiting: {left // 60}:{left % 60:02d} left ", nl=False)
            self._counting = True

    def settle(self) -> None:
        """End the line that counts down, if there is one, so that what comes next has a line of its own."""
        if self._counting:
            click.echo()
        self._counting = False

    def waiting(self, answer: Answer) -> None:
        """Trakt was asked and has no answer yet."""
        reached, self._reached = self._reached, answer is not Answer.UNREACHABLE
        if self._as_json:
            self._line("waiting", answer=answer.value)
        elif reached and not self._reached:  # once for each outage
            self.settle()
            click.echo("Trakt cannot be reached just now; trying again.", err=True)

    def again(self) -> None:
        """Wait until the user wants another code. Raises ``Abort`` where he does not."""
        click.echo("The code has expired.")
        click.prompt("Enter for a new code, Ctrl-C to end", default="", show_default=False, prompt_suffix=" ")

    def page(self, url: str) -> None:
        """The page on which to agree."""
        if self._as_json:
            self._line("page", url=url)
        else:
            click.echo(f"Open\n{url}\nagree there, and paste the code that it shows:")

    def pasted(self) -> str:
        """What the user carried over. Raises ``ScrobblerError`` where nobody did."""
        line = sys.stdin.readline().strip()
        if not line:
            raise ScrobblerError("no code was given")
        return line

    def signed_in(self, account: str, user: str | None) -> None:
        """It is done; the user's name is None where Trakt could not be asked for it."""
        if self._as_json:
            self._line("signed in", account=account, user=user)
        else:
            click.echo(f"Signed in as {user}." if user else "Signed in.")

    def _line(self, step: str, **known: str | None) -> None:
        click.echo(json.dumps({"step": step, **known}))


def _by_code(transport: "Transport", app: App, screen: Screen) -> Tokens:
    """Ask for a code and wait until it is approved. Raises ``ScrobblerError`` in words for the user."""
    while True:
        code = signin.start(transport, app, now=now())
        screen.code(code)
        polls = signin.wait(transport, app, code, sleep=screen.sleep, clock=now)
        try:
            while not (poll := next(polls)).answer.final:
                screen.waiting(poll.answer)
        finally:
            screen.settle()
        if poll.tokens is not None:
            return poll.tokens
        if poll.answer is not Answer.EXPIRED or not screen.asks:
            raise ScrobblerError(_SAID[poll.answer])
        screen.again()


def _by_browser(transport: "Transport", app: App, screen: Screen, open_page: bool) -> Tokens:
    """Let the user agree on a page and carry the code over. Raises ``ScrobblerError`` in words for the user."""
    state = secrets.token_urlsafe(16)
    url = signin.authorize_url(app, state)
    screen.page(url)
    if open_page:
        import webbrowser  # noqa: PLC0415  # hardly ever needed

        if not webbrowser.open(url):
            click.echo("No browser could be opened.", err=True)
    return signin.exchange(transport, app, _code_in(screen.pasted(), state), now=now())


def _code_in(pasted: str, state: str) -> str:
    """The code by itself, or in the address to which it came with the state that we sent. Raises ``ScrobblerError``."""
    code = pasted
    if set(pasted) & set("?&:"):
        query = pasted.partition("?")[2].partition("#")[0]
        found = {name: values[-1] for name, values in parse_qs(query).items()}
        if not secrets.compare_digest(found.get("state", "").encode(errors="replace"), state.encode()):
            raise ScrobblerError("that address is not the answer to this sign-in: its state is another")
        if found.get("error") == "access_denied":
            raise ScrobblerError(_SAID[Answer.DENIED])
        code = found.get("code", "")
    if not (code.isascii() and code.isprintable() and code):
        raise ScrobblerError("there is no code in what was pasted")
    return code


def _user(trakt: Trakt) -> str | None:
    """Who signed in; that Trakt cannot say so just now does not undo it."""
    try:
        return trakt.settings().username
    except Unavailable:
        return None
