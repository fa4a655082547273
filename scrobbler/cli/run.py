"""``scrobbler run``: put the parts together and run them until told to stop."""

import asyncio
import contextlib
import logging
import signal
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
import msgspec

from scrobbler import adapters, lock
from scrobbler.adapters import Screens, Webhook
from scrobbler.agent import Agent, Source
from scrobbler.cli import Settings, app_of, now, settings_options
from scrobbler.cli.lasting import Lasting
from scrobbler.cli.renewal import Renewed, first, give_way, renewing
from scrobbler.cli.telling import telling
from scrobbler.control import channel as control
from scrobbler.delivery.courier import Courier
from scrobbler.delivery.network import Network
from scrobbler.delivery.outlet import Outlet
from scrobbler.errors import ConfigError, ScrobblerError, StateError
from scrobbler.events import Percent, Seconds
from scrobbler.filters import Filter, Filters
from scrobbler.identify.corrections import Corrector
from scrobbler.identify.finder import Finder
from scrobbler.identify.memory import Memory
from scrobbler.machine.policy import Policy
from scrobbler.notices.notify import Notifier
from scrobbler.settings.config import Config
from scrobbler.settings.watch import changes
from scrobbler.state.store import Store
from scrobbler.trakt.client import Trakt
from scrobbler.trakt.tokens import TokenFile
from scrobbler.watching import LOOK_EVERY
from scrobbler.welcome.invitation import Invitation
from scrobbler.welcome.usher import Usher

if TYPE_CHECKING:
    from scrobbler.replay.recording import Recorder

log = logging.getLogger("scrobbler")

SERVER_POLICY: Final = Policy(silence=Seconds(6 * 3600.0))
"""A server does not say when a device is gone for good; a film may be paused over dinner."""
WATCHER_POLICY: Final = Policy(trust=Seconds(LOOK_EVERY * 3), late=Seconds(0.0))
"""A watcher looks now and then and tells all in order: what is longer was a sleep, what is older a clock set back."""


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
    recorder = _recorder(record) if record is not None else None
    logging.basicConfig(format="%(asctime)s %(message)s", datefmt="%H:%M:%S", level=logging.WARNING)
    logging.getLogger("scrobbler").setLevel(logging.DEBUG if verbose else logging.INFO)
    with lock.held(configuration.state_dir):
        store = Store(configuration.state_dir, now())
        if store.moved:
            log.error("%s", store.moved)
        try:
            asyncio.run(_until_told(settings, configuration, store, recorder))
        except ExceptionGroup as group:
            mistakes = group.subgroup(ScrobblerError)
            if mistakes is None:
                raise
            raise first(mistakes) from None
        finally:
            store.close()
            if recorder is not None:
                recorder.close()
    log.info("stopped")


def _recorder(path: Path) -> "Recorder":
    from scrobbler.replay.recording import Recorder  # noqa: PLC0415  # hardly a run is recorded

    return Recorder(path)


async def _until_told(settings: Settings, configuration: Config, store: Store, recorder: "Recorder | None") -> None:
    """Run until SIGTERM or SIGINT, with what the configuration says at the time."""
    with contextlib.closing(Lasting(configuration.state_dir, store)) as lasting:

        async def begin(holds: Config, over: asyncio.Event) -> None:
            await _run(holds, over, store, recorder, lasting)

        supervisor = lasting.supervisor
        living = asyncio.create_task(supervisor.keep_alive(store.incognito))
        changed = changes(settings.path(), partial(_load, settings, configuration.state_dir))
        try:
            await _until_signal(renewing(begin, configuration, changed), supervisor.stopping)
        finally:
            living.cancel()


def _load(settings: Settings, state_dir: Path) -> Config:
    """What the configuration says now, on the state folder that we hold. Raises ``ConfigError`` where we cannot run."""
    configuration = settings.load()
    if configuration.state_dir != state_dir:
        log.warning("state.dir is another now: that holds from the next start on")
    for name, player in configuration.players.items():
        _check_users(configuration, name, _build(name, player.kind, player.options))
    return msgspec.structs.replace(configuration, state_dir=state_dir)


async def _until_signal(what: Coroutine[None, None, None], stopping: Callable[[], None]) -> None:
    running = asyncio.ensure_future(what)

    def end() -> None:
        stopping()
        running.cancel()

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, end)
    with contextlib.suppress(asyncio.CancelledError):
        await running


async def _run(
    configuration: Config, over: asyncio.Event, store: Store, recorder: "Recorder | None", lasting: Lasting
) -> None:
    """Run until cancelled, or until it is over for this configuration: then nothing is on its way any more."""
    made = {name: _build(name, player.kind, player.options) for name, player in configuration.players.items()}
    built = {name: _recorded(one, recorder, configuration.players[name].kind, name) for name, one in made.items()}
    webhooks = {name: one for name, one in built.items() if isinstance(one, Webhook)}
    for name, one in made.items():
        _check_users(configuration, name, one)
    sources = [
        Source(
            name=name,
            account=player.account,
            users=player.users,
            filters=filters_of(configuration, name, serves=name in webhooks),
            watcher=None if name in webhooks else built[name],
            policy=policy_of(configuration, calls_us=name in webhooks),
        )
        for name, player in configuration.players.items()
    ]
    network = Network()
    invitations = {account: _invitation(account, configuration) for account in configuration.accounts}
    lasting.invitations = invitations
    teller = telling(configuration, store, made)
    memory = Memory(store)
    outlets = {
        account: _outlet(one, configuration, store, memory, network, teller.notifier)
        for account, one in invitations.items()
    }
    agent = Agent(sources, store, outlets, now, keep_days=configuration.keep_days)
    try:
        async with asyncio.TaskGroup() as tasks, AsyncExitStack() as stack:
            if configuration.server is not None or webhooks:
                from scrobbler.cli.listening import listen  # noqa: PLC0415  # most agents beside a player need none

                teller.notifier.page = await listen(
                    *(stack, configuration, webhooks, agent, store, outlets, invitations, lasting),
                    knocked=teller.vigil.knocked,
                )
            await stack.enter_async_context(control.answering(configuration.state_dir, agent.perform))
            for invitation in invitations.values():
                stack.callback(tasks.create_task(invitation.run()).cancel)  # before the server, whose pages wait for it
            stack.enter_context(teller.listening(store))
            tasks.create_task(teller.run(tuple(invitations.values())))
            for name, player in configuration.players.items():
                if isinstance(made[name], Screens):
                    tasks.create_task(Usher(made[name], invitations[player.account], now).run())
            watching = f"watching {', '.join(configuration.players)}"
            log.info("%s", watching)
            lasting.supervisor.ready(watching)
            tasks.create_task(agent.run())
            await over.wait()
            await agent.settle()
            give_way()
    except* Renewed:
        pass


def filters_of(configuration: Config, name: str, *, serves: bool) -> Filters:
    """What of a player is not to be counted; one that the configuration does not name has only what is for all."""
    player = configuration.players.get(name)
    own = player.filter if player is not None else Filter()
    return Filters(player=name, serves=serves, everywhere=configuration.filter, own=own)


def policy_of(configuration: Config, *, calls_us: bool) -> Policy:
    """What holds for a source, one that calls us or one that is watched, with what the user takes for watched."""
    chosen = configuration.scrobble
    return msgspec.structs.replace(
        SERVER_POLICY if calls_us else WATCHER_POLICY,
        threshold=Percent(chosen.threshold),
        really_watched=Percent(chosen.really_watched),
        at_threshold=chosen.at_threshold,
    )


def _check_users(configuration: Config, name: str, adapter: object) -> None:
    """Raises ``ConfigError`` where users are mapped of a player that can name none: it would count for nobody."""
    player = configuration.players[name]
    if player.users is not None and not isinstance(adapter, Webhook):
        words = f"{player.kind} stands beside its user and names none: say players.{name}.account instead"
        raise ConfigError(f"{configuration.path}: players.{name}.users: {words}")


def _build(name: str, kind: str, options: adapters.Options) -> Any:
    plugin = adapters.load(kind)
    assert plugin is not None  # the configuration was read with it  # noqa: S101
    return plugin.build(name, options)


def _recorded(adapter: Any, recorder: "Recorder | None", kind: str, name: str) -> Any:
    if recorder is None:
        return adapter
    from scrobbler.replay.recording import RecordedWatcher, RecordedWebhook  # noqa: PLC0415  # as above

    recorded = RecordedWebhook if isinstance(adapter, Webhook) else RecordedWatcher
    return recorded(adapter, recorder, kind, name)


def _outlet(
    invitation: Invitation, configuration: Config, store: Store, memory: Memory, network: Network, notifier: Notifier
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
    finder = Finder(trakt, now, memory=memory, correct=Corrector(store.changes.corrections, configuration.rules))
    courier = Courier(account, trakt, finder, store, now)
    return Outlet(courier, store, tokens, now, network, invitation.look, partial(notifier.closed, account))


def _invitation(account: str, configuration: Config) -> Invitation:
    return Invitation(app_of(configuration), TokenFile(configuration.state_dir, account), now)
