"""``scrobbler run``: put the parts together and run them until told to stop."""

import asyncio
import contextlib
import logging
import signal
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Any, Final

import click

from scrobbler import adapters, lock
from scrobbler.adapters import Webhook
from scrobbler.agent import Agent, Source
from scrobbler.cli import Settings, app_of, now, settings_options
from scrobbler.config import Config, Server
from scrobbler.delivery import Courier
from scrobbler.errors import ConfigError, ScrobblerError, StateError
from scrobbler.events import Seconds
from scrobbler.identify.lookup import Finder
from scrobbler.outlet import Outlet
from scrobbler.session import Policy
from scrobbler.store import Store
from scrobbler.trakt.client import Trakt
from scrobbler.trakt.tokens import TokenFile

log = logging.getLogger("scrobbler")

SERVER_POLICY: Final = Policy(silence=Seconds(6 * 3600.0))
"""A server does not say when a device is gone for good; a film may be paused over dinner."""


@click.command()
@click.option("-v", "--verbose", is_flag=True, help="Say more: every message of a player.")
@settings_options
@click.pass_obj
def command(settings: Settings, verbose: bool) -> None:
    """Run the agent: watch players, tell Trakt.

    It runs in the foreground until Ctrl-C or SIGTERM. What it could not deliver by then is delivered next time.

    \b
    Examples:
      scrobbler run
      scrobbler run --config ./config.toml --state ./state
    """
    configuration = settings.load()
    logging.basicConfig(format="%(asctime)s %(message)s", datefmt="%H:%M:%S", level=logging.WARNING)
    logging.getLogger("scrobbler").setLevel(logging.DEBUG if verbose else logging.INFO)
    with lock.held(configuration.state_dir):
        store = Store(configuration.state_dir, now())
        if store.moved:
            log.error("%s", store.moved)
        try:
            asyncio.run(_until_told(configuration, store))
        except ExceptionGroup as group:
            mistakes = group.subgroup(ScrobblerError)
            if mistakes is None:
                raise
            raise _first(mistakes) from None
        finally:
            store.close()
    log.info("stopped")


async def _until_told(configuration: Config, store: Store) -> None:
    """Run until SIGTERM or SIGINT."""
    running = asyncio.ensure_future(_run(configuration, store))
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, running.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await running


async def _run(configuration: Config, store: Store) -> None:
    built = {name: _build(name, player.kind, player.options) for name, player in configuration.players.items()}
    webhooks = {name: one for name, one in built.items() if isinstance(one, Webhook)}
    sources = [
        Source(name=name, account=player.account, policy=SERVER_POLICY)
        if name in webhooks
        else Source(name=name, account=player.account, watcher=built[name])
        for name, player in configuration.players.items()
    ]
    outlets = {account: _outlet(account, configuration, store) for account in configuration.accounts}
    agent = Agent(sources, store, outlets, now)
    async with AsyncExitStack() as stack:
        if configuration.server is not None or webhooks:
            await _listen(stack, configuration.server or Server(), configuration, webhooks, agent)
        log.info("watching %s", ", ".join(configuration.players))
        await agent.run()


def _build(name: str, kind: str, options: adapters.Options) -> Any:
    plugin = adapters.load(kind)
    assert plugin is not None  # the configuration was read with it  # noqa: S101
    return plugin.build(name, options)


def _outlet(account: str, configuration: Config, store: Store) -> Outlet:
    tokens = TokenFile(configuration.state_dir, account)
    try:
        problem = None if tokens.read() else f"is not signed in: run `{tokens.login}`"
    except StateError as error:
        problem = f"cannot be used: {error}"
    if problem:
        log.warning("account %s %s; what is watched meanwhile is kept", account, problem)
    trakt = Trakt(app_of(configuration), tokens)
    return Outlet(Courier(account, trakt, Finder(trakt), store, now), store, tokens, now)


async def _listen(
    stack: AsyncExitStack, server: Server, configuration: Config, webhooks: Mapping[str, Webhook], agent: Agent
) -> None:
    """Open the web server; its modules are imported here, because most agents beside a player need none."""
    from scrobbler.web.app import Hook, build  # noqa: PLC0415
    from scrobbler.web.server import serving  # noqa: PLC0415

    hooks = {name: Hook(webhook=webhook, secret=_secret(name, configuration)) for name, webhook in webhooks.items()}
    address = await stack.enter_async_context(serving(build(hooks, agent, now), *server.address()))
    log.info("listening on %s", address)


def _secret(name: str, configuration: Config) -> str:
    """What the callers of a hook must know. Raises ``ConfigError`` where nothing was set: it would be closed to all."""
    secret = getattr(configuration.players[name].options, "secret", "")
    if not isinstance(secret, str) or not secret:
        raise ConfigError(
            f"{configuration.path or 'the configuration'}: players.{name}.secret is missing: "
            f"choose a long random text, and let the server post to /hooks/{name}?token=THAT_TEXT"
        )
    return secret


def _first(group: BaseExceptionGroup[ScrobblerError]) -> ScrobblerError:
    inner = group.exceptions[0]
    return _first(inner) if isinstance(inner, BaseExceptionGroup) else inner
