"""``scrobbler webhook``: where a server must post and how it is told to, whether that works, and a new secret."""

import json
from pathlib import Path
from typing import Any, Final

import click
from msgspec import Struct

from scrobbler import adapters
from scrobbler.adapters import Address, Setup, Webhook
from scrobbler.cli import Group, Settings, local, secret_of, settings_options
from scrobbler.errors import ConfigError, ScrobblerError, StateError
from scrobbler.settings import addresses, secrets
from scrobbler.settings.config import Config
from scrobbler.settings.secrets import Secret
from scrobbler.settings.tables import Server
from scrobbler.state.snapshot import look

SECRET: Final = "The address holds a secret: whoever has it can tell your agent what was watched."  # noqa: S105  # no secret


class Hook(Struct, frozen=True, kw_only=True):
    """The webhook of one player."""

    player: str
    kind: str
    setup: Setup
    secret: Secret
    outside: str
    """Where its server posts, without the secret."""
    inside: str
    """The same, on this machine and past any proxy."""

    def address(self) -> Address:
        """With the secret."""
        return Address(url=addresses.with_secret(self.outside, self.secret()))


class _Webhooks(Group):
    """The commands; anything else is the name of a player, whose webhook is shown."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that is meant."""
        if args[0] not in self.commands and not args[0].startswith("-"):
            return "show", show, args
        return super().resolve_command(ctx, args)


@click.group(cls=_Webhooks, invoke_without_command=True)
@settings_options
@click.pass_context
def command(context: click.Context) -> None:
    """Show where a server must post, and how to tell it.

    With the name of a player it shows the address and the steps; without one it lists those that call us.

    \b
    Examples:
      scrobbler webhook
      scrobbler webhook plex
      scrobbler webhook jellyfin --register --server http://nas.local:8096
      scrobbler webhook test plex
      scrobbler webhook rotate plex
    """
    if context.invoked_subcommand is None:
        _list(context.ensure_object(Settings).load())


@command.command()
@click.argument("player", metavar="PLAYER|KIND")
@click.option("--json", "as_json", is_flag=True, help="Print it for a program.")
@click.option("--register", is_flag=True, help="Enter it in the server, through the server's own API.")
@click.option("--unregister", is_flag=True, help="Take it out of the server again.")
@click.option("--server", metavar="URL", help="Where the server's API is.")
@click.option(
    "--server-token-file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="A file that holds the server's token; else SCROBBLER_SERVER_TOKEN is taken, or you are asked.",
)
@settings_options
@click.pass_obj
def show(
    settings: Settings,
    player: str,
    as_json: bool,
    register: bool,
    unregister: bool,
    server: str | None,
    server_token_file: Path | None,
) -> None:
    """Show a player's address, and the steps to enter it.

    The address holds a secret that was made for it, or that you set as players.NAME.secret.

    \b
    Examples:
      scrobbler webhook show plex
      scrobbler webhook show jellyfin --register --server http://nas.local:8096
      SCROBBLER_SERVER_TOKEN=... scrobbler webhook plex --register
    """
    configuration = settings.load()
    hook = _hook(configuration, player)
    if register and unregister:
        raise ConfigError("--register and --unregister: one of the two")
    if register or unregister:
        _enrol(hook, server, server_token_file, wanted=register)
    elif as_json:
        click.echo(json.dumps(_shown(hook), indent=2))
    else:
        _print(hook, configuration)


@command.command()
@click.argument("player", metavar="PLAYER|KIND")
@settings_options
@click.pass_obj
def rotate(settings: Settings, player: str) -> None:
    """Make a new secret. The old one opens nothing from that moment on, also where the agent is running.

    \b
    Examples:
      scrobbler webhook rotate plex
    """
    configuration = settings.load()
    name, _ = _player(configuration, player)
    if configuration.players[name].secret is not None:
        raise ConfigError(f"{configuration.path}: players.{name}: its secret is set there, so it is changed there")
    secrets.rotate(configuration.state_dir, name)
    click.echo(f"{name} has a new secret; its server still has the old one. Enter the new address there:")
    click.echo(f"  scrobbler webhook {name}")


@command.command()
@click.argument("player", metavar="PLAYER|KIND")
@click.option("--url", metavar="URL", help="Try this address instead, such as the one that you entered.")
@click.option("--json", "as_json", is_flag=True, help="Print it for a program.")
@settings_options
@click.pass_obj
def test(settings: Settings, player: str, url: str | None, as_json: bool) -> None:
    """Post a test to the running agent.

    It says how far the test came; exit 1 where it did not get through. Nothing is made of a test but a line in the
    agent's log. It goes to the address on this machine and, where server.public_url is set, to that one as well.

    \b
    Examples:
      scrobbler webhook test plex
      scrobbler webhook test plex --url https://home.example/scrobbler/hooks/plex
    """
    from scrobbler.cli.way import Found, tried  # noqa: PLC0415  # httpx, which the others need not

    configuration = settings.load()
    hook = _hook(configuration, player)
    wanted = (
        [url.partition("?")[0].partition("#")[0]]
        if url is not None
        else list(dict.fromkeys((hook.inside, hook.outside)))
    )
    results = {where: tried(where, hook.secret(), hook.player) for where in wanted}
    heard = _heard(configuration, hook.player)
    if as_json:
        rows = [
            {"url": where, "result": one.found.value, "words": one.words, "ms": round(one.seconds * 1000, 1)}
            for where, one in results.items()
        ]
        click.echo(json.dumps({"player": hook.player, "tests": rows, "last_event": heard}, indent=2))
    else:
        for where, one in results.items():
            click.echo(f"{where}: {one.words or f'ok, {one.seconds * 1000:.0f} ms'}")
        click.echo(f"last event of {hook.player}: {heard or 'none yet'}")
    if any(one.found is not Found.THROUGH for one in results.values()):
        click.get_current_context().exit(1)


def _list(configuration: Config) -> None:
    """The players that call us, a line each; nothing of it is secret."""
    found = {}
    for name, player in configuration.players.items():
        plugin = adapters.load(player.kind)
        assert plugin is not None  # the configuration was read with it  # noqa: S101
        if isinstance(plugin.build(name, player.options), Webhook):
            found[name] = _heard(configuration, name) or "nothing heard yet"
    for name, heard in found.items():
        click.echo(f"{name}: {heard} (its address: scrobbler webhook {name})")
    if not found:
        click.echo("No player calls us. For the steps: scrobbler webhook plex (or jellyfin, emby, tautulli)")


def _hook(configuration: Config, wanted: str) -> Hook:
    """The webhook of the player that is meant. Raises ``ConfigError``, ``StateError``."""
    name, setup = _player(configuration, wanted)
    server = configuration.server or Server()
    if server.address()[1] == 0 and server.public_url is None:
        raise ConfigError(f"{configuration.path}: server.listen: port 0 is another one each time; choose one")
    return Hook(
        player=name,
        kind=configuration.players[name].kind,
        setup=setup,
        secret=secret_of(configuration, name),
        outside=addresses.hook(addresses.outside(server), name),
        inside=addresses.hook(addresses.inside(server), name),
    )


def _player(configuration: Config, wanted: str) -> tuple[str, Setup]:
    """The name of a configured player that calls us: this one, or the only one of this kind. Raises ``ConfigError``."""
    file = configuration.path or "the configuration"
    players = configuration.players
    names = [wanted] if wanted in players else [name for name, each in players.items() if each.kind == wanted]
    if len(names) > 1:
        raise ConfigError(f"{file}: there are several players of the kind {wanted}: {', '.join(names)}; name one")
    if not names:
        if wanted not in adapters.available():
            raise ConfigError(f"{file}: there is no player {wanted!r}; there are: {', '.join(players)}")
        add = f"`scrobbler config set players.{wanted}.kind {wanted}` adds it"
        if all(written == "mpv" for written in players):
            add += " (and `scrobbler config set players.mpv.kind mpv`, to go on watching mpv)"
        raise ConfigError(f"{file}: there is no player of the kind {wanted} yet: {add}")
    name = names[0]
    plugin = adapters.load(players[name].kind)
    assert plugin is not None  # the configuration was read with it  # noqa: S101
    if not isinstance(plugin.build(name, players[name].options), Webhook):
        raise ConfigError(f"{file}: players.{name}: {players[name].kind} does not call us, it is watched")
    return name, plugin.setup or Setup(steps=("Let it post to this address: {url}",))


def _print(hook: Hook, configuration: Config) -> None:
    """For people, on their own terminal."""
    url = hook.address().url
    click.echo(f"{url}\n\n{SECRET}\n")
    for number, step in enumerate(hook.setup.steps, start=1):
        click.echo(f"{number}. {step.replace('{url}', url)}")
    if hook.setup.paste:
        click.echo(f"\n{hook.setup.paste}")
    notes = [*hook.setup.notes, *_hints(hook, configuration)]
    if notes:
        click.echo("\n" + "\n".join(notes))
    click.echo(f"\nWhether it gets through: scrobbler webhook test {hook.player}")


def _hints(hook: Hook, configuration: Config) -> list[str]:
    hints = []
    if not configuration.players[hook.player].users:
        words = f"scrobbler users map {hook.player} NAME ACCOUNT"
        hints.append(f"A user of the server counts for nobody until you say for whom: {words}")
    if addresses.is_here_only(hook.outside):
        hints.append(
            "This address is good on this machine only. For a server elsewhere (also in a container) set under "
            '[server] listen = "0.0.0.0:8722", and public_url where that is not the address it is reached by.'
        )
    if hook.setup.register is not None:
        hints.append(f"Or let it be entered for you: scrobbler webhook {hook.player} --register")
    if configuration.players[hook.player].secret is None:
        hints.append(f"Should the secret get known: scrobbler webhook rotate {hook.player}")
    return hints


def _shown(hook: Hook) -> dict[str, Any]:
    url = hook.address().url
    return {
        "player": hook.player,
        "kind": hook.kind,
        "url": url,
        "secret": hook.secret(),
        "steps": [step.replace("{url}", url) for step in hook.setup.steps],
        "paste": hook.setup.paste or None,
        "notes": list(hook.setup.notes),
        "can_register": hook.setup.register is not None,
    }


def _enrol(hook: Hook, server: str | None, token_file: Path | None, *, wanted: bool) -> None:
    """Let the server's own API do it. Raises ``ScrobblerError``."""
    from scrobbler.cli.enrolment import ServerApi, token_of  # noqa: PLC0415  # most users do it by hand

    setup = hook.setup
    if setup.register is None:
        raise ConfigError(
            f"{hook.kind} cannot be told so by a program: `scrobbler webhook {hook.player}` has the steps"
        )
    api = ServerApi(server or setup.server)
    try:
        changed = setup.register(api, token_of(setup, token_file), hook.address(), wanted=wanted)
    except ConfigError:
        raise
    except ScrobblerError as error:
        raise ScrobblerError(f"{error}; by hand: `scrobbler webhook {hook.player}`") from None
    if wanted:
        click.echo("Entered." if changed else "It is entered already.")
        if addresses.is_here_only(hook.outside):
            click.echo("It is an address on this machine only: a server elsewhere will not reach it (server.listen).")
    else:
        click.echo("Taken out." if changed else "There was none of ours.")


def _heard(configuration: Config, player: str) -> str | None:
    """When the player's server was last heard, as the state file has it."""
    try:
        found = next((each for each in look(configuration.state_dir).heard if each.source == player), None)
    except StateError:
        return None
    return None if found is None else f"{local(found.at)}, {found.words}"
