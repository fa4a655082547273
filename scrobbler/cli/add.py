"""``scrobbler add``: a watch that no player told of is entered by hand."""

from contextlib import closing
from datetime import datetime
from typing import Any

import click
import msgspec

from scrobbler import lock
from scrobbler.cli import Settings, app_of, known_account, local, now, printable, settings_options
from scrobbler.cli.entries import dumped
from scrobbler.cli.when import read
from scrobbler.control import channel as control
from scrobbler.control.request import Enter, Entering, Refused
from scrobbler.errors import ConfigError, ScrobblerError, TraktError
from scrobbler.machine.session import DEFAULT_ACCOUNT
from scrobbler.settings import credentials
from scrobbler.settings.config import Config
from scrobbler.trakt.client import Trakt
from scrobbler.trakt.tokens import TokenFile
from scrobbler.trakt.wire import Item


@click.command()
@click.argument("words", metavar="ITEM", nargs=-1, required=True)
@click.option(
    "--at", "at", metavar="TIME", default="now", help="When it ended: 21:00, yesterday 21:00, 2h ago, ISO 8601."
)
@click.option("--account", metavar="NAME", default=DEFAULT_ACCOUNT, help="Who watched it (default: default).")
@click.option("--json", "as_json", is_flag=True, help="Print it as one JSON object.")
@settings_options
@click.pass_obj
def command(settings: Settings, words: tuple[str, ...], at: str, account: str, as_json: bool) -> None:
    """Enter a watch by hand.

    ITEM is a name, an id, or an address at Trakt, IMDb, TMDb or TVDb. What is entered twice for the same minute is one
    watch, and so is what Trakt's history has for that time already. Without --at it was watched just now.

    \b
    Examples:
      scrobbler add "Heat (1995)"
      scrobbler add The Expanse s01e02 --at "yesterday 21:00"
      scrobbler add https://www.imdb.com/title/tt0113277/ --at 2h\\ ago --account marta
    """
    configuration = settings.load()
    known_account(configuration, account)
    watched_at = read(at, now())
    item = _item(" ".join(words), configuration, account)
    entering = _enter(configuration, account, item, watched_at)
    running = lock.holder(configuration.state_dir) is not None
    if as_json:
        click.echo(dumped(_told(entering)))
    else:
        click.echo(printable(_words(entering, running=running)))


def _item(text: str, configuration: Config, account: str) -> Item:
    """What is meant. Raises ``ConfigError`` with what it may be, ``ScrobblerError`` where Trakt cannot be asked."""
    from scrobbler.identify.finder import Finder, Unmatched  # noqa: PLC0415  # only this command of the two needs them
    from scrobbler.identify.reference import Whole, refer  # noqa: PLC0415  # as above

    file = TokenFile(configuration.state_dir, account)
    with closing(Trakt(app_of(configuration, credentials.needed(configuration)), file)) as trakt:
        try:
            found = refer(text, trakt, Finder(trakt, now))
        except TraktError as error:
            raise ScrobblerError(f"Trakt cannot be asked what {text!r} is: {error}") from error
    if isinstance(found, Item):
        return found
    if isinstance(found, Whole):
        title = found.show.title or text
        raise ConfigError(f"{text!r} is a show: say which episode, as in `scrobbler add {printable(title)} s01e02`")
    lines = "".join(f"\n  {one.item.label()}" for one in found.candidates) if isinstance(found, Unmatched) else ""
    raise ConfigError(f"it is not clear what {text!r} is: {found.reason}{'; it may be' if lines else ''}{lines}")


def _enter(configuration: Config, account: str, item: Item, at: datetime) -> Entering:
    request = Enter(account=account, media=item.media(), at=at, item=msgspec.json.encode(item).decode())
    answer = control.settle(configuration.state_dir, request, configuration.accounts, now)
    if isinstance(answer, Refused):
        raise ScrobblerError(answer.why)
    assert isinstance(answer, Entering)  # noqa: S101  # what such a request is answered
    return answer


def _told(entering: Entering) -> dict[str, Any]:
    return {
        "account": entering.account,
        "item": entering.label,
        "watched_at": entering.watched_at,
        "entry": entering.entry,
        "play": entering.play,
        "new": entering.new,
    }


def _words(entering: Entering, *, running: bool) -> str:
    what = f"{entering.label}, {local(entering.watched_at)}"
    if entering.new:
        when = "is on its way to Trakt" if running else "goes to Trakt when the agent runs: `scrobbler run`"
        return f"{entering.entry}  {what}, {when}"
    if entering.play is not None:
        return f"{what}, was entered before: it is play {entering.play}"
    return f"{what}, was entered before: it is entry {entering.entry} of the queue"
