"""``scrobbler sandbox``: a Trakt of one's own, on a loopback port, with its state on a page."""

import asyncio
import contextlib
import signal

import click

from scrobbler.errors import ConfigError


def _seconds(_context: click.Context, _parameter: click.Parameter, value: str) -> float | None:
    if value == "never":
        return None
    with contextlib.suppress(ValueError):
        if 0 <= float(value) < float("inf"):
            return float(value)
    raise click.BadParameter(f"{value!r} is neither a number of seconds nor 'never'.")


@click.command()
@click.option("--port", type=click.IntRange(0, 65_535), default=8723, show_default=True, help="0 takes a free one.")
@click.option(
    "--approve",
    "approve_after",
    metavar="SECONDS|never",
    default="never",
    show_default=True,
    callback=_seconds,
    help="After how long a sign-in approves itself; never: enter its code on the page.",
)
def command(port: int, approve_after: float | None) -> None:
    """Run a Trakt of your own, to try things out.

    It knows a few films and shows, keeps everything in memory and forgets it at the end. Its page shows what it
    holds; /sandbox/faults breaks it on purpose (see spec/sandbox.md).

    \b
    Examples:
      scrobbler sandbox
      scrobbler sandbox --port 0 --approve 3
    """
    asyncio.run(_serve(port, approve_after))


async def _serve(port: int, approve_after: float | None) -> None:
    from scrobbler.sandbox import DEFAULT_APP, Sandbox  # noqa: PLC0415  # not needed for --help
    from scrobbler.web.server import serving  # noqa: PLC0415

    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    sandbox = Sandbox(approve_after=approve_after)
    try:
        async with serving(sandbox.app, "127.0.0.1", port) as url:
            click.echo(f"The sandbox is at {url} (its page shows what it holds). For your config.toml:\n")
            click.echo(
                f'[trakt]\napi_url = "{url}"\nauth_url = "{url}"\n'
                f'client_id = "{DEFAULT_APP.client_id}"\nclient_secret = "{DEFAULT_APP.client_secret}"\n'
            )
            click.echo("Ctrl-C ends it.", err=True)
            await ended.wait()
    except ConfigError as error:
        raise ConfigError(f"{error}; choose another with --port, or --port 0 for a free one") from None
