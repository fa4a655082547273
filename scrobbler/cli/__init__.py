"""The command ``scrobbler``: which commands there are, and what all of them have in common.

A command's module is imported when it is run, so that none pays for what only another needs. For the same reason this
one has but Click: what reads the configuration is loaded by who asks for it.
"""

import sys
import unicodedata
import warnings
from collections.abc import Callable
from datetime import UTC, datetime
from importlib import import_module
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeVar

import click

from scrobbler import __version__
from scrobbler.errors import ConfigError, ScrobblerError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from scrobbler.settings.config import Config
    from scrobbler.settings.credentials import Credentials
    from scrobbler.settings.secrets import Secret
    from scrobbler.trakt.app import App

COMMANDS: Final = {
    "init": "Set it up: find players, write the configuration, sign in.",
    "doctor": "Look whether all is well, and say what mends it.",
    "run": "Run the agent: watch players, tell Trakt.",
    "login": "Sign in to Trakt with a code or a QR.",
    "logout": "Sign out: take the access back at Trakt, forget the tokens.",
    "accounts": "Show who is signed in, and until when; add an account.",
    "status": "Show what is watched, what waits, what was sent.",
    "undo": "Take a wrong watch out of Trakt's history again.",
    "add": "Enter a watch by hand.",
    "fix": "Say what something really is; the next one is right by itself.",
    "rules": "Show what you corrected, and the rules of the configuration.",
    "queue": "Show what waits and what was set aside; retry it, or drop it.",
    "log": "Show what came in, what went out, and why not.",
    "switch": "Say whose a shared television is now.",
    "users": "Show for whom each user of a server counts; map one.",
    "webhook": "Show where a server must post, and how to tell it.",
    "incognito": "Say nothing of what is watched for a while.",
    "config": "Show, check and change what is set.",
    "notify": "Show what you are told and where, and try it.",
    "identify": "Show what would be scrobbled for a file, and how that is known.",
    "api": "Call any method of Trakt's API.",
    "replay": "Play a recorded log again, and show what it leads to.",
    "explain": "Show what one message of a player says, and what follows.",
    "service": "Let the agent start by itself, with systemd.",
    "completion": "Let your shell complete commands with the Tab key.",
    "man": "Print the manual page.",
    "demo": "Show the whole idea in half a minute, without an account.",
    "sandbox": "Run a Trakt of your own, to try things out.",
}
"""Name and short help; the module of the same name holds the command."""

_COMMANDING: Final = {"Cc", "Cs", "Zl", "Zp"}
"""Categories of Unicode whose signs are not shown but done, or cannot be written."""

F = TypeVar("F", bound=Callable[..., Any])


class Settings:
    """Where the configuration comes from; said by options before or after the command."""

    def __init__(self) -> None:
        self.config_path: Path | None = None
        self.state_dir: Path | None = None

    def path(self) -> Path:
        """The file that is read, whether it is there or not."""
        from scrobbler.settings.config import default_path  # noqa: PLC0415  # `--help` and `--version` do without

        return self.config_path or default_path()

    def load(self) -> "Config":
        """The configuration, with the options' word above the file's. Raises ``ConfigError``."""
        from scrobbler.settings.config import load  # noqa: PLC0415  # as above

        return load(self.config_path, self.state_dir.absolute() if self.state_dir else None)


def now() -> datetime:
    """The time of day, aware and in UTC."""
    return datetime.now(UTC)


def app_of(configuration: "Config", known: "Credentials | None" = None) -> "App":
    """The Trakt app with these credentials, else with those that are found.

    Without any, nothing can be sent but everything can be kept. Raises ``ConfigError`` where a source is wrong.
    """
    from scrobbler.settings import credentials  # noqa: PLC0415  # as above
    from scrobbler.trakt.app import App  # noqa: PLC0415  # as above

    known = known or credentials.find(configuration)
    return App(
        client_id=known.client_id if known else "",
        client_secret=known.client_secret if known else None,
        api_url=configuration.trakt.api_url.rstrip("/"),
        auth_url=configuration.trakt.auth_url.rstrip("/"),
    )


def secret_of(configuration: "Config", player: str) -> "Secret":
    """What the server of a player must know: what the user set, else what is made now or was made before.

    Raises ``StateError`` where it cannot be kept.
    """
    from scrobbler.settings import secrets  # noqa: PLC0415  # as above

    return configuration.players[player].secret or secrets.made(configuration.state_dir, player)


def known_account(configuration: "Config", name: str) -> str:
    """The name, where there is such an account. Raises ``ConfigError`` where there is none."""
    from scrobbler.household import unknown  # noqa: PLC0415  # as above
    from scrobbler.machine.session import DEFAULT_ACCOUNT  # noqa: PLC0415  # as above

    known = dict.fromkeys((*configuration.accounts, DEFAULT_ACCOUNT))
    if name not in known:
        raise ConfigError(unknown(name, known))
    return name


def settings_options(command: F) -> F:
    """Give a command ``--config`` and ``--state``; the body finds them in its ``Settings``."""

    def store(field: str) -> Callable[[click.Context, click.Parameter, Path | None], None]:
        def callback(context: click.Context, _parameter: click.Parameter, value: Path | None) -> None:
            if value is not None:
                setattr(context.ensure_object(Settings), field, value)

        return callback

    file = click.Path(path_type=Path)
    options = (
        click.option(
            "--config",
            metavar="FILE",
            type=file,
            expose_value=False,
            callback=store("config_path"),
            help="Read this configuration file.",
        ),
        click.option(
            "--state",
            metavar="FOLDER",
            type=file,
            expose_value=False,
            callback=store("state_dir"),
            help="Keep state and tokens in this folder.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def local(at: datetime) -> str:
    """An instant as the user's clock shows it, for people."""
    return f"{at.astimezone():%d %b %H:%M}"


def printable(text: str) -> str:
    """The text on one line, without signs that would tell a terminal what to do; a file's name may hold any."""
    return "".join("\ufffd" if unicodedata.category(sign) in _COMMANDING else sign for sign in text)


class Group(click.Group):
    """Commands in the order in which they are written; a mistyped one is answered with one that is there."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Their names."""
        return list(self.commands)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that is meant. A usage error where there is none."""
        known = self.list_commands(ctx)
        if args[0] not in known and not args[0].startswith("-"):
            import difflib  # noqa: PLC0415  # only a typo needs it

            close = difflib.get_close_matches(args[0], known, n=1)
            hint = f"did you mean {close[0]}?" if close else f"there are: {', '.join(known)}."
            ctx.fail(f"There is no command {args[0]!r}: {hint}")
        return super().resolve_command(ctx, args)


class _Commands(Group):
    """Commands by name, each loaded when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        found: click.Command = import_module(f"scrobbler.cli.{cmd_name}").command
        return found

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        from click.shell_completion import CompletionItem  # noqa: PLC0415  # only the Tab key needs it

        commands = [CompletionItem(name, help=what) for name, what in COMMANDS.items() if name.startswith(incomplete)]
        return commands or super().shell_complete(ctx, incomplete)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, message="%(prog)s %(version)s")
@settings_options
@click.pass_context
def program(context: click.Context) -> None:
    """Tell Trakt what you watch, from whatever you watch it on.

    \b
    Try it without an account:        scrobbler demo
    Set it up, then leave it running: scrobbler init && scrobbler run
    """
    context.ensure_object(Settings)


def main() -> NoReturn:
    """Run the command line. A mistake of the user's is one line and exit 2; what else goes wrong is exit 1."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # as stderr does: no title may end a command with an error
    if not sys.warnoptions:
        warnings.simplefilter("ignore")  # a library's warnings are for us and not for its user's users
    try:
        status = program(prog_name="scrobbler", standalone_mode=False)
    except click.exceptions.Exit as stop:
        status = stop.exit_code
    except click.Abort:
        status = 130
    except click.ClickException as error:
        error.show()
        status = error.exit_code
    except ScrobblerError as error:
        click.echo(f"scrobbler: {error}", err=True)
        status = 2 if isinstance(error, ConfigError) else 1
    sys.exit(status if isinstance(status, int) else 0)
