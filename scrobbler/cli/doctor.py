"""``scrobbler doctor``: whether all is well, and the command that mends what is not."""

import json
import sys
from typing import Final

import click
from msgspec import to_builtins
from msgspec.structs import replace

from scrobbler.cli import Settings, now, printable, settings_options
from scrobbler.doctor.examination import examined
from scrobbler.doctor.finding import Case, Finding, Status
from scrobbler.errors import ConfigError
from scrobbler.settings.config import parse
from scrobbler.setup.machine import runtime

_SIGNS: Final = {Status.OK: "\u2713", Status.WARN: "!", Status.PROBLEM: "\u2717"}
_PLAIN: Final = {Status.OK: "+", Status.WARN: "!", Status.PROBLEM: "x"}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print it as one JSON object.")
@settings_options
@click.pass_obj
def command(settings: Settings, as_json: bool) -> None:
    """Look whether all is well, and say what mends it.

    It changes nothing, and works without a configuration, a network or a running agent. Exit 1 where there is a
    problem; what only deserves a look (!) is none.

    \b
    Examples:
      scrobbler doctor
      scrobbler doctor --json
    """
    found = examined(_case(settings))
    everything = [one for some in found.values() for one in some]
    problems = sum(one.status is Status.PROBLEM for one in everything)
    if as_json:
        rows = [{"topic": topic, **to_builtins(one)} for topic, some in found.items() for one in some]
        click.echo(json.dumps({"ok": not problems, "findings": rows}, indent=2, ensure_ascii=False))
    else:
        click.echo("\n".join(printable(line) for line in _lines(found)))
    if problems:
        click.get_current_context().exit(1)


def _case(settings: Settings) -> Case:
    path, mistake = settings.path(), None
    try:
        configuration = settings.load()
    except ConfigError as error:
        mistake = str(error)
        configuration = parse("", None)
        if settings.state_dir is not None:
            configuration = replace(configuration, state_dir=settings.state_dir.absolute())
    return Case(path=path, configuration=configuration, mistake=mistake, runtime=runtime(), now=now())


def _lines(found: dict[str, list[Finding]]) -> list[str]:
    """For people: a line a finding, and under it what mends it."""
    signs = _SIGNS if _can_show("".join(_SIGNS.values())) else _PLAIN
    lines: list[str] = []
    for topic, some in found.items():
        if some:
            lines.append(topic)
        for one in some:
            lines.append(f"  {signs[one.status]} {one.what}")
            if one.mend:
                lines.append(f"      {one.mend}")
    number = {status: sum(one.status is status for some in found.values() for one in some) for status in Status}
    problems, warnings = number[Status.PROBLEM], number[Status.WARN]
    if problems or warnings:
        lines.append(f"{_counted(problems, 'problem')}, {_counted(warnings, 'warning')}, {number[Status.OK]} well.")
    else:
        lines.append(f"All is well ({number[Status.OK]} checks).")
    return lines


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _can_show(text: str) -> bool:
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
