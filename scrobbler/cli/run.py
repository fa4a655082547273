"""``scrobbler run``: put the parts together and run them until told to stop."""

import asyncio
import contextlib
import logging
import signal
from collections.abc import Mapping
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Any, Final

import click
import msgspec

from scrobbler import adapters, lock
from scrobbler.adapters import Screens, Webhook
from scrobbler.agent import Agent, Source
from scrobbler.cli import Settings, app_of, now, settings_options
from scrobbler.control import channel as control
from scrobbler.delivery.courier import Courier
from scrobbler.delivery.network import Network
from scrobbler.delivery.outlet import Outlet
from scrobbler.errors import ConfigError, ScrobblerError, StateError
from scrobbler.events import Percent, Seconds
from scrobbler.identify.lookup import Finder
from scrobbler.machine.policy import Policy
from scrobbler.notices.notify import Notifier
from scrobbler.replay.recording import RecordedWatcher, RecordedWebhook, Recorder
from scrobbler.settings.config import Config
from scrobbler.settings.tables import Server
from scrobbler.state.store import Store
from scrobbler.trakt.client import Trakt
from scrobbler.trakt.tokens import TokenFile
from scrobbler.welcome.invitation import Invitation, SignedIn
from scrobbler.welcome.usher import Usher

log = logging.getLogger("scrobbler")

SERVER_POLICY: Final = Policy(silence=Seconds(6 * 3600.0))
"""A server does not say when a device is gone for good; a film may be paused over dinner."""
WATCHER_POLICY: Final = Policy(trust=Seconds(60.0), late=Seconds(0.0))
"""A watcher looks every 15 s and tells all in order: what is longer was a sleep, what is older a clock set back."""


@click.command()
@click.option("-v", "--verbose", is_flag=True, help="Say more: every message of a player.")
@click.option("--record", metavar="FILE", type=click.Path(path_type=Path), help="Write down what players say.")
@settings_options
@click.pass_obj
def command(settings: Settings, verbose: bool, record: Path | None) -> None:
    """Run the agent: watch players, tell Trakt.

    It runs in the foreground until Ctrl-C or SIGTERM. What it could not deliver by then is delivered next time.

    \b
    Examples:
      scrobbler run
      scrobbler run --config ./config.toml --state ./state
      scrobbler run --record evening.jsonl    (secrets are left out; `scrobbler replay` plays it again)
    """
    configuration = settings.load()
    recorder = Recorder(record) if record is not None else None
    logging.basicConfig(format="%(asctime)s %(message)s", datefmt="%H:%M:%S", level=logging.WARNING)
    logging.getLogger("scrobbler").setLevel(logging.DEBUG if verbose else logging.INFO)
    with lock.held(configuration.state_dir):
        store = Store(configuration.state_dir, now())
        if store.moved:
            log.error("%s", store.moved)
        try:
            asyncio.run(_until_told(configuration, store, recorder))
        except ExceptionGroup as group:
            mistakes = group.subgroup(ScrobblerError)
            if mistakes is None:
                raise
            raise _first(mistakes) from None
        finally:
            store.close()
            if recorder is not None:
                recorder.close()
    log.info("stopped")


async def _until_told(configuration: Config, store: Store, recorder: Recorder | None) -> None:
    """Run until SIGTERM or SIGINT."""
    running = asyncio.ensure_future(_run(configuration, store, recorder))
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, running.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await running


async def _run(configuration: Config, store: Store, recorder: Recorder | None) -> None:
    made = {name: _build(name, player.kind, player.options) for name, player in configuration.players.items()}
    built = {name: _recorded(one, recorder, configuration.players[name].kind, name) for name, one in made.items()}
    webhooks = {name: one for name, one in built.items() if isinstance(one, Webhook)}
    sources = [
        Source(
            name=name,
            account=player.account,
            watcher=None if name in webhooks else built[name],
            policy=policy_of(configuration, calls_us=name in webhooks),
        )
        for name, player in configuration.players.items()
    ]
    network = Network()
    invitations = {account: _invitation(account, configuration) for account in configuration.accounts}
    notifier = _notifier(configuration)
    outlets = {account: _outlet(one, configuration, store, network, notifier) for account, one in invitations.items()}
    agent = Agent(sources, store, outlets, now, keep_days=configuration.keep_days)
    async with AsyncExitStack() as stack, asyncio.TaskGroup() as tasks:
        if configuration.server is not None or webhooks:
            notifier.page = await _listen(stack, configuration, webhooks, agent, invitations)
        await stack.enter_async_context(control.answering(configuration.state_dir, agent.perform))
        for invitation in invitations.values():
            tasks.create_task(invitation.run())
        tasks.create_task(notifier.run(tuple(invitations.values())))
        for name, player in configuration.players.items():
            if isinstance(made[name], Screens):
                tasks.create_task(Usher(made[name], invitations[player.account], now).run())
        log.info("watching %s", ", ".join(configuration.players))
        await agent.run()


def policy_of(configuration: Config, *, calls_us: bool) -> Policy:
    """What holds for a source, one that calls us or one that is watched, with what the user takes for watched."""
    chosen = configuration.scrobble
    return msgspec.structs.replace(
        SERVER_POLICY if calls_us else WATCHER_POLICY,
        threshold=Percent(chosen.threshold),
        really_watched=Percent(chosen.really_watched),
        at_threshold=chosen.at_threshold,
    )


def _build(name: str, kind: str, options: adapters.Options) -> Any:
    plugin = adapters.load(kind)
    assert plugin is not None  # the configuration was read with it  # noqa: S101
    return plugin.build(name, options)


def _recorded(adapter: Any, recorder: Recorder | None, kind: str, name: str) -> Any:
    if recorder is None:
        return adapter
    recorded = RecordedWebhook if isinstance(adapter, Webhook) else RecordedWatcher
    return recorded(adapter, recorder, kind, name)


def _outlet(
    invitation: Invitation, configuration: Config, store: Store, network: Network, notifier: Notifier
) -> Outlet:
    account = invitation.account
    tokens = TokenFile(configuration.state_dir, account)
    try:
        problem = None if tokens.read() else f"is not signed in: run `{tokens.login}`"
    except StateError as error:
        problem = f"cannot be used: {error}"
    if problem:
        log.warning("account %s %s; what is watched meanwhile is kept", account, problem)
    trakt = Trakt(app_of(configuration), tokens)
    courier = Courier(account, trakt, Finder(trakt), store, now)
    return Outlet(courier, store, tokens, now, network, invitation.look, partial(notifier.closed, account))


def _notifier(configuration: Config) -> Notifier:
    logins = {name: TokenFile(configuration.state_dir, name).login for name in configuration.accounts}
    return Notifier(configuration.targets, configuration.state_dir, logins)


def _invitation(account: str, configuration: Config) -> Invitation:
    return Invitation(app_of(configuration), TokenFile(configuration.state_dir, account), now)


async def _listen(
    stack: AsyncExitStack,
    configuration: Config,
    webhooks: Mapping[str, Webhook],
    agent: Agent,
    invitations: Mapping[str, Invitation],
) -> str:
    """Open the web server, and say where one can sign in.

    Its modules are imported here, because most agents beside a player need none.
    """
    from scrobbler.web.app import Hook, build  # noqa: PLC0415
    from scrobbler.web.guard import Guard  # noqa: PLC0415
    from scrobbler.web.login import LoginPages  # noqa: PLC0415
    from scrobbler.web.server import serving  # noqa: PLC0415

    server = configuration.server or Server()
    hooks = {name: Hook(webhook=webhook, secret=_secret(name, configuration)) for name, webhook in webhooks.items()}
    pages = LoginPages(invitations, Guard(password=server.password), now).routes()
    address = await stack.enter_async_context(serving(build(hooks, agent, now, pages), *server.address()))
    log.info("listening on %s", address)
    if not all(isinstance(one.state, SignedIn) for one in invitations.values()):
        log.info("to sign in, open %s/login", address)
    return f"{address}/login"


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
