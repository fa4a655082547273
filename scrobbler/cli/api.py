"""``scrobbler api``: any method of Trakt's API, by its path."""

import json
import re
from contextlib import closing
from typing import Final

import click
from msgspec import to_builtins

from scrobbler.cli import Settings, app_of, known_account, settings_options
from scrobbler.cli.answers import Caller, print_answer, print_pages
from scrobbler.cli.asked import Asked, read
from scrobbler.errors import ConfigError
from scrobbler.machine.session import DEFAULT_ACCOUNT
from scrobbler.settings import credentials
from scrobbler.trakt import endpoints
from scrobbler.trakt.client import Trakt
from scrobbler.trakt.endpoints import Endpoint, SignIn, Vip
from scrobbler.trakt.tokens import TokenFile

METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
SUGGESTED: Final = 3

_SIGN_IN: Final = {SignIn.NONE: "", SignIn.OPTIONAL: "optional", SignIn.REQUIRED: "required"}
_VIP: Final = {Vip.NO: "", Vip.ENHANCED: "more", Vip.ONLY: "only"}


@click.command()
@click.argument("words", metavar="PATH", nargs=-1)
@click.option(
    "-X",
    "--method",
    metavar="METHOD",
    type=click.Choice(METHODS, case_sensitive=False),
    help="GET, POST, PUT, PATCH or DELETE (default: GET, or POST where -d is given).",
)
@click.option("-q", "--query", "pairs", metavar="KEY=VALUE", multiple=True, help="Add this to the query; repeatable.")
@click.option("-d", "--data", metavar="JSON|@FILE|@-", help="Send this; @- reads it from the standard input.")
@click.option("--paginate", is_flag=True, help="Read all pages, and print them as one JSON array.")
@click.option("-i", "--include", is_flag=True, help="Say the status, the pages and the limits on stderr as well.")
@click.option("--force", is_flag=True, help="Send it although the table of methods does not have it.")
@click.option("--list", "listing", is_flag=True, help="List the methods that have all of these words instead.")
@click.option("--json", "as_json", is_flag=True, help="With --list: print it as one JSON array.")
@click.option("--account", metavar="NAME", default=DEFAULT_ACCOUNT, help="Whose sign-in to use (default: default).")
@settings_options
@click.pass_obj
def command(  # noqa: PLR0913, PLR0917  # click gives each option an argument
    settings: Settings,
    words: tuple[str, ...],
    method: str | None,
    pairs: tuple[str, ...],
    data: str | None,
    paginate: bool,
    include: bool,
    force: bool,
    listing: bool,
    as_json: bool,
    account: str,
) -> None:
    """Call any method of Trakt's API.

    PATH is what stands behind https://api.trakt.tv; the whole address will do as well. The call is signed in where the
    account is, and what Trakt answers is printed as JSON. Where Trakt asks to slow down, that is waited for.

    \b
    Examples:
      scrobbler api /users/me/stats
      scrobbler api /sync/history -q start_at=2026-01-01 --paginate > history.json
      scrobbler api /sync/ratings -d '{"movies": [{"rating": 9, "ids": {"imdb": "tt0113277"}}]}'
      scrobbler api -X DELETE /sync/playback/13
      scrobbler api --list watchlist
    """
    if listing:
        if method or pairs or data is not None or paginate or include or force:
            raise click.UsageError("--list goes with words and --json only.")
        _list(words, as_json=as_json)
        return
    if as_json:
        raise click.UsageError("--json goes with --list; what Trakt answers is JSON in any case.")
    configuration = settings.load()
    asked = read(words, pairs, data, method, api_url=app_of(configuration).api_url)
    if paginate and asked.method != "GET":
        raise click.UsageError(f"--paginate goes with GET, and not with {asked.method}.")
    if paginate and not re.fullmatch(r"[1-9][0-9]{0,8}", asked.query.get("page", "1")):
        raise click.UsageError("page is the number of the page to begin with.")
    endpoint = _known(asked, force=force)
    file = TokenFile(configuration.state_dir, known_account(configuration, account))
    app = app_of(configuration, credentials.needed(configuration))
    with closing(Trakt(app, file)) as trakt:
        caller = Caller(trakt, file, asked, endpoint, include=include)
        if paginate:
            print_pages(caller)
        else:
            print_answer(caller.call(asked.query))


def _known(asked: Asked, *, force: bool) -> Endpoint | None:
    """The method that is meant. Raises ``ConfigError`` where the table has none, unless that is forced."""
    meant = {each.method: each for each in endpoints.meant(asked.path)}
    if asked.method in meant or force:
        return meant.get(asked.method)
    if meant:
        path = next(iter(meant.values())).path
        raise ConfigError(
            f"{path} takes {' and '.join(sorted(meant))}, and not {asked.method}; --force sends it nevertheless"
        )
    close = endpoints.nearest(asked.method, asked.path, SUGGESTED)
    hint = (
        f"did you mean {', '.join(map(str, close))}?" if close else "`scrobbler api --list` shows all that there are;"
    )
    raise ConfigError(f"{asked} is not among the methods of Trakt: {hint} --force sends it nevertheless")


def _list(words: tuple[str, ...], *, as_json: bool) -> None:
    wanted = [word.casefold() for word in words]
    found = [each for each in endpoints.table() if all(word in _searched(each) for word in wanted)]
    if as_json:
        click.echo(json.dumps(to_builtins(found), indent=2, ensure_ascii=False))
    elif found:
        rows = [("METHOD", "PATH", "SIGN-IN", "VIP", "NAME")]
        rows += [(each.method, each.path, _SIGN_IN[each.sign_in], _VIP[each.vip], each.name) for each in found]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for row in rows:
            click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    else:
        click.echo(f"None of the {len(endpoints.table())} methods has these words.", err=True)


def _searched(endpoint: Endpoint) -> str:
    vip = "" if endpoint.vip is Vip.NO else "VIP"
    return f"{endpoint} {endpoint.group} {endpoint.name} {vip}".casefold()
