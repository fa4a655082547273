"""What the user set: one TOML file, read as a whole before anything starts.

Where a value comes from, the first that has one: a command-line option, the environment (``SCROBBLER_CONFIG``,
``SCROBBLER_STATE``), the file, the defaults below. ``spec/config.md`` lists every key; a test compares the two.
"""

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from msgspec import Struct

from scrobbler import adapters
from scrobbler.adapters import Options
from scrobbler.errors import ConfigError
from scrobbler.filters import Filter, mistake
from scrobbler.household import folded
from scrobbler.identify.rules import Rule
from scrobbler.machine.session import DEFAULT_ACCOUNT
from scrobbler.notices.kind import Kind, named
from scrobbler.notices.target import DESKTOP, Targets
from scrobbler.settings import rules, secrets
from scrobbler.settings.secrets import Secret
from scrobbler.settings.tables import (
    NAME,
    NAME_WORDS,
    Account,
    Notify,
    PlayerKeys,
    Scrobbling,
    Sections,
    Server,
    State,
    Trakt,
)
from scrobbler.settings.toml import Document, Keys


class Player(Struct, frozen=True, kw_only=True):
    """``[players.NAME]``: one source; ``options`` are the keys that its adapter defines."""

    kind: str
    account: str
    """Whose is what names no user."""
    options: Options
    users: Mapping[str, str] | None = None
    """Its server's users, and for which account each counts; None where that was not said."""
    filter: Filter = Filter()
    """What of it is not to be counted."""
    secret: Secret | None = None
    """What its server must know, where the user set it; else one is made (``settings.secrets``)."""


class Config(Struct, frozen=True, kw_only=True):
    """Everything that was set, with the defaults filled in."""

    path: Path | None
    """The file it came from; None where there is none and the defaults serve."""
    trakt: Trakt
    accounts: tuple[str, ...]
    players: Mapping[str, Player]
    scrobble: Scrobbling
    filter: Filter
    """What is not to be counted, whatever it plays on."""
    server: Server | None
    """None where there is no ``[server]``; a player that calls us wants one all the same."""
    targets: Targets
    """Where it is said that something needs the user."""
    says: frozenset[Kind]
    """What is said there."""
    silent_after_days: int
    """After so many days of silence of a player; 0 is never."""
    state_dir: Path
    keep_days: int
    """So long are plays and decisions remembered."""
    rules: tuple[Rule, ...] = ()
    """What media of a kind are to be taken for; the first that fits holds."""


def default_path() -> Path:
    """The file that is read when no option names one: ``SCROBBLER_CONFIG``, else the user's configuration folder."""
    if chosen := os.environ.get("SCROBBLER_CONFIG"):
        return Path(chosen)
    import platformdirs  # noqa: PLC0415  # not needed where the path is given

    return platformdirs.user_config_path("scrobbler") / "config.toml"


def load(path: Path | None = None, state_dir: Path | None = None) -> Config:
    """The configuration in a file; without a path the default one, which need not exist.

    ``state_dir`` holds above what the file says.

    Raises ``ConfigError`` with the file, the line, the key and what is allowed there.
    """
    must_exist = path is not None or bool(os.environ.get("SCROBBLER_CONFIG"))
    path = path or default_path()
    try:
        text = path.read_bytes().decode()
    except FileNotFoundError:
        if must_exist:
            raise ConfigError(f"{path}: there is no such file") from None
        return parse("", None, state_dir)
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: byte {error.start} is not UTF-8; save the file as UTF-8") from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    return parse(text, path, state_dir)


def parse(text: str, path: Path | None, state_dir: Path | None = None) -> Config:
    """The configuration in a text. Raises ``ConfigError`` as ``load`` does."""
    document = Document(path or Path("(no configuration file)"), text)
    sections = document.table((), Sections)
    for name in sections.accounts:
        if not re.fullmatch(NAME, name):
            raise document.wrong(("accounts", name), f"an account's name must be {NAME_WORDS}")
        document.table(("accounts", name), Account)
    players = {name: _player(document, name) for name in sections.players or {"mpv": {}}}
    for name, player in players.items():
        _check_account(document, ("players", name, "account"), player.account, sections)
        for user, account in (player.users or {}).items():
            _check_account(document, ("players", name, "users", user), account, sections)
    trakt = document.table(("trakt",), Trakt)
    state = document.table(("state",), State)
    notify = document.table(("notify",), Notify)
    for key in ("client_id", "client_secret"):
        if getattr(trakt, key) and getattr(trakt, f"{key}_file"):
            raise document.wrong(("trakt", f"{key}_file"), f"there is a trakt.{key} already; one of the two is enough")
    return Config(
        path=path,
        trakt=trakt,
        accounts=tuple(dict.fromkeys((*sections.accounts, *_accounts(players)))) or (DEFAULT_ACCOUNT,),
        players=players,
        scrobble=document.table(("scrobble",), Scrobbling),
        filter=_filter(document, ("filter",)),
        server=document.table(("server",), Server) if sections.server is not None else None,
        targets=_targets(document, notify.targets),
        says=named(notify.say),
        silent_after_days=notify.silent_after_days,
        state_dir=_state_dir(state_dir or os.environ.get("SCROBBLER_STATE") or state.dir),
        keep_days=state.keep_days,
        rules=rules.read(document),
    )


def _player(document: Document, name: str) -> Player:
    """One ``[players.NAME]``: its own keys, then the rest by the adapter that its kind names."""
    at = ("players", name)
    own = PlayerKeys.__struct_fields__
    written = document.raw.get("players", {}).get(name, {})
    others = tuple(written.keys() - set(own)) if isinstance(written, dict) else ()
    keys = document.table(at, PlayerKeys, but=others)
    kind = keys.kind or name
    plugin = adapters.load(kind)
    if plugin is None:
        raise document.wrong(
            (*at, "kind") if keys.kind else at,
            f"there is no adapter {kind!r}; installed are: {', '.join(adapters.available())}",
        )
    return Player(
        kind=kind,
        account=keys.account,
        options=document.table(at, plugin.options, but=own),
        users=_users(document, (*at, "users"), keys.users),
        filter=_filter(document, (*at, "filter")),
        secret=_secret(document, (*at, "secret"), keys),
    )


def _check_account(document: Document, at: Keys, account: str, sections: Sections) -> None:
    if account != DEFAULT_ACCOUNT and account not in sections.accounts:
        known = ", ".join(dict.fromkeys((DEFAULT_ACCOUNT, *sections.accounts)))
        words = f"there is no [accounts.{account}]; known are: {known}"
        add = f"; `scrobbler accounts add {account}` adds it" if re.fullmatch(NAME, account) else ""
        raise document.wrong(at, words + add)


def _accounts(players: Mapping[str, Player]) -> Iterator[str]:
    """Those for which something may count. Where users decide, nothing counts for a player's own."""
    for player in players.values():
        yield from [player.account] if player.users is None else player.users.values()


def _users(document: Document, at: Keys, users: Mapping[str, str] | None) -> Mapping[str, str] | None:
    """``users``, of whom none may be another one in other letters."""
    seen: dict[str, str] = {}
    for user in users or {}:
        other = seen.setdefault(folded(user), user)
        if not folded(user):
            raise document.wrong((*at, user), "a user has a name or an id")
        if other != user:
            words = f"this is {other!r} once more: case and spaces make no difference; give one of them by the id"
            raise document.wrong((*at, user), words)
    return users


def _filter(document: Document, at: Keys) -> Filter:
    """``[filter]``, or that of a player."""
    found = document.table(at, Filter)
    for key in ("ignore_paths", "only_paths"):
        for pattern in getattr(found, key):
            if (words := mistake(pattern)) is not None:
                raise document.wrong((*at, key), words)
    return found


def _secret(document: Document, at: Keys, keys: PlayerKeys) -> Secret | None:
    """What is set of ``secret`` and ``secret_file``, whose path is relative to the configuration's folder."""
    if keys.secret is not None and keys.secret_file is not None:
        raise document.wrong((*at[:-1], "secret_file"), f"there is a {'.'.join(at)} already; one of the two is enough")
    own = os.path.expanduser(keys.secret_file) if keys.secret_file is not None else None  # noqa: PTH111  # as Path's raises for a user who is not there
    file = document.path.parent / own if own is not None else None
    return secrets.given(keys.secret, file, f"{document.path}: {'.'.join(at)}")


def _targets(document: Document, chosen: tuple[str, ...] | None) -> Targets:
    """What the file says, else the desktop, where there is one."""
    if chosen is None:
        chosen = (DESKTOP,) if os.environ.get("DBUS_SESSION_BUS_ADDRESS") else ()
    at = ("notify", "targets")
    return Targets(addresses=chosen, place=f"{document.path}:{document.line(at)}: {'.'.join(at)}")


def _state_dir(chosen: Path | str | None) -> Path:
    """What was chosen, else the user's state folder."""
    if chosen:
        return Path(chosen).expanduser().absolute()
    import platformdirs  # noqa: PLC0415  # as above

    return platformdirs.user_state_path("scrobbler")
