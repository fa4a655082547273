"""The agent's web server: hooks, pages, and what machines ask, put together. Nobody imports it who needs no server."""

import logging
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from functools import partial

from scrobbler.adapters import Webhook
from scrobbler.agent import Agent
from scrobbler.cli import now, secret_of
from scrobbler.cli.lasting import Lasting
from scrobbler.cli.mending import Mending
from scrobbler.cli.users import strangers
from scrobbler.delivery.label import named
from scrobbler.delivery.outlet import Outlet
from scrobbler.settings.config import Config
from scrobbler.settings.tables import Server
from scrobbler.state.store import Store
from scrobbler.web.actions import Actions
from scrobbler.web.app import build
from scrobbler.web.gate import Entrance
from scrobbler.web.guard import Guard
from scrobbler.web.health import HealthPages
from scrobbler.web.hooks import Hook
from scrobbler.web.login import LoginPages
from scrobbler.web.page import Page
from scrobbler.web.server import serving
from scrobbler.web.shown import Home, Player
from scrobbler.welcome.invitation import Invitation, SignedIn

log = logging.getLogger("scrobbler")


async def listen(  # noqa: PLR0913  # all parts of a run meet here
    stack: AsyncExitStack,
    configuration: Config,
    webhooks: Mapping[str, Webhook],
    agent: Agent,
    store: Store,
    outlets: Mapping[str, Outlet],
    invitations: Mapping[str, Invitation],
    lasting: Lasting,
    *,
    knocked: Callable[[str, bool], None],
) -> str:
    """Serve until the stack is left, and say where one can sign in. Raises ``ConfigError``.

    ``knocked`` hears of each call of a webhook, and whether it knew the secret.
    """
    server = configuration.server or Server()
    guard = Guard(password=server.password)
    hooks = {name: Hook(webhook=webhook, secret=secret_of(configuration, name)) for name, webhook in webhooks.items()}
    mending = Mending(configuration)
    stack.callback(mending.close)
    home = home_of(configuration)
    page = Page(
        home,
        Actions(home, agent.perform, mending, now),
        mending,
        invitations,
        guard,
        now,
        troubles=lambda: {name: one.trouble for name, one in outlets.items() if one.trouble},
    )
    store.listeners.append(page.news.told)
    stack.callback(store.listeners.remove, page.news.told)
    health = HealthPages(store.incognito, lambda: agent.ready, lasting.metrics, guard)
    pages = [*page.routes(), *LoginPages(invitations, guard, now).routes(), *health.routes()]
    entrance = Entrance(hosts=server.hosts, url=server.public_url)
    app = build(hooks, agent, now, pages, entrance, knocked)
    address = await stack.enter_async_context(serving(app, *server.address(), lasting.doors))
    stack.callback(page.news.close)
    log.info("listening on %s", address)
    if not all(isinstance(one.state, SignedIn) for one in invitations.values()):
        log.info("to sign in, open %s/login", address)
    return f"{address}/login"


def home_of(configuration: Config) -> Home:
    """What the page knows of the configuration."""
    players = tuple(
        Player(
            name=name,
            kind=player.kind,
            account=player.account if player.users is None else None,
            users=player.users or {},
        )
        for name, player in configuration.players.items()
    )
    return Home(
        folder=configuration.state_dir,
        accounts=configuration.accounts,
        players=players,
        strangers=partial(strangers, configuration),
        named=named,
    )
