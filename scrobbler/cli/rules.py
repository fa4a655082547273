"""``scrobbler rules``: what was corrected, and what stands in the configuration about what things are."""

from typing import Any

import click

from scrobbler.cli import Group, Settings, local, now, printable, settings_options
from scrobbler.cli.entries import dumped
from scrobbler.control import channel as control
from scrobbler.control.request import Forget, Forgotten, Refused
from scrobbler.errors import ConfigError, ScrobblerError
from scrobbler.identify.notation import Subject
from scrobbler.identify.rules import Rule
from scrobbler.state.corrections import Remembered
from scrobbler.state.snapshot import corrected

NOTHING = "Nothing was corrected, and the configuration has no [[rules]]."


@click.group(cls=Group, invoke_without_command=True)
@settings_options
@click.pass_context
def command(context: click.Context) -> None:
    """Show what you corrected, and the rules of the configuration.

    A correction is made with `scrobbler fix`, and taken back with `scrobbler rules remove`. What was said of one file
    comes first, then the rules of the configuration in their order, then what was said of a folder, then of a show.

    \b
    Examples:
      scrobbler rules
      scrobbler rules remove 3
    """
    if context.invoked_subcommand is None:
        context.invoke(list_command)


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print it as one JSON object.")
@settings_options
@click.pass_obj
def list_command(settings: Settings, as_json: bool = False) -> None:
    """Show what is remembered, and the rules of the file.

    Rules of the configuration are shown with their lines.

    \b
    Examples:
      scrobbler rules list
      scrobbler rules list --json
    """
    configuration = settings.load()
    remembered = corrected(configuration.state_dir)
    if as_json:
        rows = {"remembered": [_told(one) for one in remembered], "configured": list(map(_rule, configuration.rules))}
        click.echo(dumped(rows))
        return
    width = max((len(str(one.id)) for one in remembered), default=0)
    for one in remembered:
        click.echo(printable(f"{one.id:>{width}}  {local(one.at)}  {one.correction.label()}"))
    for rule in configuration.rules:
        click.echo(printable(f"{rule.where}: {words(rule)}"))
    if not remembered and not configuration.rules:
        click.echo(NOTHING)


@command.command("remove")
@click.argument("ids", metavar="ID [ID]...", nargs=-1, required=True, type=click.IntRange(min=1, max=2**63 - 1))
@click.option("--json", "as_json", is_flag=True, help="Print what was done as one JSON object.")
@settings_options
@click.pass_obj
def remove_command(settings: Settings, ids: tuple[int, ...], as_json: bool) -> None:
    """Take corrections back. Watches that were sent meanwhile stay as they are.

    \b
    Examples:
      scrobbler rules remove 3
      scrobbler rules remove 3 4 --json
    """
    configuration = settings.load()
    known = {one.id: one.correction for one in corrected(configuration.state_dir)}
    if unknown := [str(number) for number in ids if number not in known]:
        there = f"there are {', '.join(map(str, known))}" if known else "nothing was corrected"
        raise ConfigError(f"there is no correction {', '.join(unknown)}: {there}; rules of the file are removed there")
    answer = control.settle(configuration.state_dir, Forget(ids=ids), configuration.accounts, now)
    if isinstance(answer, Refused):
        raise ScrobblerError(answer.why)
    assert isinstance(answer, Forgotten)  # noqa: S101  # what such a request is answered
    if as_json:
        click.echo(dumped({"removed": answer.ids, "left": answer.left}))
    else:
        for number in answer.ids:
            click.echo(printable(f"{number}  holds no longer: {known[number].label()}"))


def words(rule: Rule) -> str:
    """The rule for people."""
    about = [f'{key} "{value}"' for key in ("path", "show", "title", "library") if (value := getattr(rule, key))]
    if rule.item is None:
        return f"{' and '.join(about)} is never told to Trakt"
    what = f"{rule.item.subject.value} " if rule.item.subject in {Subject.MOVIE, Subject.SHOW} else ""
    ids = " ".join(f"{name} {value}" for name, value in rule.item.ids.known().items())
    season = "" if rule.season is None else f", season {rule.season}"
    sign = "+" if rule.episode_offset > 0 else "-"
    by = f", episodes {sign} {abs(rule.episode_offset)}" if rule.episode_offset else ""
    return f"{' and '.join(about)} is {what}{ids}{season}{by}"


def _told(one: Remembered) -> dict[str, Any]:
    return {
        "id": one.id,
        "scope": one.correction.scope.value,
        "words": one.correction.label(),
        "at": one.at,
        "about": one.correction.about,
        "meaning": one.correction.meaning,
    }


def _rule(rule: Rule) -> dict[str, Any]:
    keys = {key: getattr(rule, key) for key in ("path", "show", "title", "library", "season", "episode_offset")}
    ids = rule.item.ids.known() if rule.item is not None else None
    return {"where": rule.where, "words": words(rule), **keys, "ids": ids, "ignore": rule.item is None}
