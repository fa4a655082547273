"""The configuration that a beginner gets: every key explained, with its default, and only what was chosen in force."""

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec
from msgspec import Struct

from scrobbler import adapters
from scrobbler.settings.keys import TABLES
from scrobbler.settings.tables import PlayerKeys, Server

WIDTH: Final = 100

TABLE_WORDS: Final = {
    "trakt": "The Trakt app in whose name you sign in. `scrobbler login` asks for it where it is missing.",
    "scrobble": "What you take for watched.",
    "filter": "What is not to be counted. An empty list says nothing; an `only` list lets nothing else through.",
    "server": "Where media servers post, and where the pages are; only with this table, or with a player that posts.",
    "notify": "Where you are told that something needs you; without it, on the desktop where there is one.",
    "state": "What must not be lost: tokens, what waits to be sent, what was watched.",
}
WORDS: Final = {
    "trakt.api_url": ("Where Trakt's API is.", None),
    "trakt.auth_url": ("Where Trakt's sign-in is.", None),
    "trakt.client_id": ("The app's id.", '"..."'),
    "trakt.client_secret": ("Its secret, where it has one.", '"..."'),
    "trakt.client_id_file": ("A file that holds the id instead.", '"client_id"'),
    "trakt.client_secret_file": ("A file that holds the secret instead.", '"client_secret"'),
    "scrobble.threshold": ("From this percent on it is watched (80 to 100).", None),
    "scrobble.really_watched": ("So many percent of it must have been on the screen (0 to 100).", None),
    "scrobble.at_threshold": ("Tell Trakt as soon as it counts, and not only when it is stopped.", None),
    "filter.ignore_paths": ("Patterns of files, or of folders above them; * stands for any signs.", None),
    "filter.only_paths": ("Only what fits one of these.", None),
    "filter.ignore_libraries": ("Libraries of a media server.", None),
    "filter.only_libraries": ("Only these.", None),
    "filter.ignore_users": ("Users of a media server.", None),
    "filter.only_users": ("Only these.", None),
    "filter.ignore_players": ("Devices or programs on which it plays, or names of players below.", None),
    "filter.only_players": ("Only these.", None),
    "filter.shorter_than": ("Nothing that has fewer minutes than this.", "5"),
    "filter.allow": ("Kinds that are left out otherwise.", '["live"]'),
    "server.listen": ("HOST:PORT. 0.0.0.0 lets other machines in; this is for this machine alone.", None),
    "server.password": (
        "What the pages ask for, 8 signs or more; without it they are for this machine only.",
        '"a long text"',
    ),
    "server.public_url": ("Where others find it, behind a reverse proxy.", '"https://home.example/scrobbler"'),
    "server.hosts": ("The only names by which it may be called, beside this machine's own.", '["scrobbler.lan"]'),
    "notify.targets": (
        "The desktop, or any address of https://appriseit.com/services/.",
        '["ntfy://ntfy.sh/my-topic"]',
    ),
    "notify.say": (
        'What is told there: "needed" is all that needs you, "scrobbled" each watch; `scrobbler notify` lists all.',
        None,
    ),
    "notify.silent_after_days": ("A player that says nothing for so many days is told of, once; 0 is never.", None),
    "state.dir": ("Another folder than the usual one. It holds from the next start on.", '"/var/lib/scrobbler"'),
    "state.keep_days": ("So many days are watches and the log remembered.", None),
    "players.kind": ("Which adapter; without it the one that has the player's name.", '"mpv"'),
    "players.account": ("For which Trakt account it counts: a name of [accounts.NAME].", None),
    "players.secret": (
        "What its server must know; without it one is made. `scrobbler webhook` shows it.",
        '"a long text"',
    ),
    "players.secret_file": ("A file that holds it instead.", '"plex.secret"'),
    "players.users": (
        "Its server's users, and for which account each counts; nobody else then.",
        '{ "Ann" = "default" }',
    ),
    "players.filter": ("As [filter], for this player alone.", '{ only_libraries = ["Films"] }'),
    "mpv.sockets": (
        "Where mpv listens (input-ipc-server): a folder, a socket, or a list of them.",
        '"$XDG_RUNTIME_DIR/mpv"',
    ),
    "mpv.invite": ("Show a QR code in mpv's window while you are not signed in.", None),
    "mpv.osd": (
        'Show a line in mpv\'s window for some seconds: true for what needs you, "all" for each watch, too.',
        None,
    ),
    "kodi.host": ("The machine that Kodi runs on.", None),
    "kodi.port": ("The port of its JSON-RPC over TCP.", None),
}
"""What each key means, and a value to show where it has no default. Of a key of an adapter by somebody else nothing is
known here but its default."""
_OF_SERVERS: Final = {"secret", "secret_file", "users"}
"""Keys that mean something only for a player that calls us."""
_HEAD: Final = """\
# What scrobbler watches, and how. Each key is here with its default, behind a #: take that away to change it, or let
# `scrobbler config set KEY VALUE` do it. A running agent follows each change at once, and says where it is a mistake.
"""
_TAIL: Final = """
# Somebody else's account, for the players (or the users of a server) that name it: `scrobbler login --account marta`.
# [accounts.marta]

# What files of a kind are: the first rule that fits holds. `scrobbler fix` remembers corrections by itself.
# [[rules]]
# path = "~/Videos/Office/*"
# item = "https://trakt.tv/shows/the-office"
"""


class Choice(Struct, frozen=True, kw_only=True):
    """What is to be in force."""

    players: tuple[str, ...]
    """Kinds, each of which becomes a player of that name."""
    sockets: tuple[str, ...] = ()
    """Where mpv's sockets are, if not in their own folder alone."""
    listen: str | None = None
    """Where webhooks come in, if not at the default."""


def written(choice: Choice) -> str:
    """The file."""
    parts = [_HEAD]
    for table, kind in TABLES.items():
        parts.append("\n".join(_table(table, kind, choice)))
    for player in choice.players:
        parts.append("\n".join(_player(player, choice)))
    return "\n".join(parts) + _TAIL


def _table(table: str, kind: type[Struct], choice: Choice) -> Iterator[str]:
    yield from _comment(TABLE_WORDS[table])
    listens = table == "server" and choice.listen is not None
    yield f"# [{table}]" if kind is Server and not listens else f"[{table}]"
    for key in msgspec.structs.fields(kind):
        yield from _key(f"{table}.{key.name}", key)
        if listens and key.name == "listen":
            yield f'listen = "{choice.listen}"'
    yield ""


def _player(name: str, choice: Choice) -> Iterator[str]:
    yield f"[players.{name}]"
    plugin = adapters.load(name)
    posts = plugin is not None and plugin.setup is not None
    for key in msgspec.structs.fields(PlayerKeys):
        if posts or key.name not in _OF_SERVERS:
            yield from _key(f"players.{key.name}", key, kind=name)
    for key in msgspec.structs.fields(plugin.options) if plugin is not None else ():
        yield from _key(f"{name}.{key.name}", key)
        if name == "mpv" and key.name == "sockets" and choice.sockets:
            yield f"sockets = {_toml(list(choice.sockets))}"
    yield ""


def _key(name: str, field: msgspec.structs.FieldInfo, kind: str | None = None) -> Iterator[str]:
    words, example = WORDS.get(name, ("", None))
    default = field.default_factory() if field.default_factory is not msgspec.NODEFAULT else field.default
    if example is None:
        example = '"..."' if default in (None, msgspec.NODEFAULT) else _toml(msgspec.to_builtins(default))
    if name == "players.kind" and kind is not None:
        example = _toml(kind)
    yield from _comment(words)
    yield f"# {name.rpartition('.')[2]} = {example}"


def _comment(words: str) -> Sequence[str]:
    import textwrap  # noqa: PLC0415  # only a new file needs it

    return [f"# {line}" for line in textwrap.wrap(words, WIDTH)]


def _toml(value: object) -> str:
    import tomlkit  # noqa: PLC0415  # as above

    text: str = tomlkit.item(value).as_string()
    return text
