"""``scrobbler completion``: let a shell complete commands and options."""

import click
from click.shell_completion import get_completion_class

SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def command(context: click.Context, shell: str) -> None:
    """Let your shell complete commands with the Tab key.

    It prints what the shell is to read.

    \b
    Examples:
      scrobbler completion bash > ~/.local/share/bash-completion/completions/scrobbler
      scrobbler completion zsh > ~/.zfunc/_scrobbler
      scrobbler completion fish > ~/.config/fish/completions/scrobbler.fish
    """
    complete = get_completion_class(shell)
    assert complete is not None  # click knows all that are offered  # noqa: S101
    click.echo(complete(context.find_root().command, {}, "scrobbler", "_SCROBBLER_COMPLETE").source())
