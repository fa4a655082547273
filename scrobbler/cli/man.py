"""``scrobbler man``: the manual page, made of what ``--help`` says, so that it can say nothing else."""

from collections.abc import Iterator

import click

from scrobbler import __version__

FILES = {
    "~/.config/scrobbler/config.toml": "What you set; SCROBBLER_CONFIG names another one.",
    "~/.local/state/scrobbler": "What must not be lost, and the tokens; SCROBBLER_STATE names another folder.",
}
STATUSES = {
    "0": "All went well.",
    "1": "It could not be done, and one line says why.",
    "2": "A mistake in the command or in the configuration; the line says what is allowed.",
    "130": "It was interrupted.",
}


@click.command()
@click.pass_context
def command(context: click.Context) -> None:
    """Print the manual page.

    \b
    Examples:
      scrobbler man | man -l -
      scrobbler man > ~/.local/share/man/man1/scrobbler.1
    """
    click.echo("\n".join(_page(context.find_root())))


def _page(root: click.Context) -> Iterator[str]:
    program = root.command
    yield f'.TH SCROBBLER 1 "" "scrobbler {__version__}" "User Commands"'
    yield from (".SH NAME", f"scrobbler \\- {_plain((program.help or '').splitlines()[0].rstrip('.'))}")
    yield from (".SH SYNOPSIS", ".B scrobbler", "[OPTIONS] COMMAND [ARGS]...", ".SH DESCRIPTION")
    yield from _text(program)
    yield from _options(root)
    yield ".SH COMMANDS"
    yield from _commands(root, "scrobbler")
    yield ".SH FILES"
    yield from _listed(FILES)
    yield ".SH EXIT STATUS"
    yield from _listed(STATUSES)


def _commands(context: click.Context, name: str) -> Iterator[str]:
    """Each command below this one, and what is below it."""
    group = context.command
    assert isinstance(group, click.Group)  # noqa: S101  # only groups have commands below them
    for each in group.list_commands(context):
        one = group.get_command(context, each)
        assert one is not None  # it was listed  # noqa: S101
        inner = click.Context(one, info_name=each, parent=context)
        usage = " ".join(one.collect_usage_pieces(inner))
        yield from (f".SS {_plain(f'{name} {each} {usage}')}",)
        yield from _text(one)
        yield from _options(inner)
        if isinstance(one, click.Group):
            yield from _commands(inner, f"{name} {each}")


def _text(one: click.Command) -> Iterator[str]:
    """The long help: paragraphs, and lines that stay as they are after a ``\\b``."""
    for paragraph in (one.help or "").split("\n\n"):
        kept = paragraph.startswith("\b\n")
        yield from (".PP", *([".nf"] if kept else []))
        yield from map(_plain, paragraph.removeprefix("\b\n").splitlines())
        if kept:
            yield ".fi"


def _options(context: click.Context) -> Iterator[str]:
    records = (param.get_help_record(context) for param in context.command.get_params(context))
    yield from _listed({record[0]: record[1] for record in records if record})


def _listed(terms: dict[str, str]) -> Iterator[str]:
    for term, words in terms.items():
        yield from (".TP", f".B {_plain(term)}", _plain(words))


def _plain(text: str) -> str:
    """The text so that it means nothing to the typesetter."""
    plain = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{plain}" if plain.startswith((".", "'")) else plain
