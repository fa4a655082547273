"""Which keys there are, what holds for each, and where that comes from."""

import os
import re
from collections.abc import Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from scrobbler import adapters
from scrobbler.filters import Filter
from scrobbler.settings.config import Config
from scrobbler.settings.tables import Notify, PlayerKeys, Scrobbling, Server, State, Trakt
from scrobbler.settings.toml import Document, Keys

TABLES: Final[Mapping[str, type[Struct]]] = {
    "trakt": Trakt,
    "scrobble": Scrobbling,
    "filter": Filter,
    "server": Server,
    "notify": Notify,
    "state": State,
}
"""Those whose keys are always the same; the others are named by the user."""
HIDDEN: Final = "(hidden)"

_SECRET: Final = re.compile(r"(secret|password|token|api_?key)$")
_VARIABLES: Final[Mapping[Keys, str]] = {
    ("trakt", "client_id"): "SCROBBLER_TRAKT_CLIENT_ID",
    ("trakt", "client_secret"): "SCROBBLER_TRAKT_CLIENT_SECRET",
    ("state", "dir"): "SCROBBLER_STATE",
}
"""What the environment says above the file."""


class Origin(Enum):
    """Where a value comes from."""

    ENVIRONMENT = "environment"
    FILE = "file"
    DEFAULT = "default"


class Setting(Struct, frozen=True, kw_only=True):
    """What holds for one key; ``value`` is what TOML and JSON can say, None where there is none."""

    keys: Keys
    value: Any
    origin: Origin

    @property
    def shown(self) -> Any:
        """The value, without what is secret."""
        return shown(self.keys, self.value)


def settings(configuration: Config, document: Document) -> Iterator[Setting]:
    """All keys that the tables of a configuration may have, in the order in which they are explained."""
    for table, kind in TABLES.items():
        for one in _of(document, (table,), kind, ()):
            is_state = one.keys == ("state", "dir")
            yield msgspec.structs.replace(one, value=str(configuration.state_dir)) if is_state else one
    for account in configuration.accounts:
        yield Setting(keys=("accounts", account), value={}, origin=_origin(document, ("accounts", account)))
    own = [name for name in PlayerKeys.__struct_fields__ if name not in {"filter", "users"}]
    for name, player in configuration.players.items():
        at = ("players", name)
        written = document.raw.get("players", {}).get(name, {})
        for key in own:
            value = player.kind if key == "kind" else written.get(key, _default(PlayerKeys, key))
            yield Setting(keys=(*at, key), value=value, origin=_origin(document, (*at, key)))
        for user, account in (player.users or {}).items():
            yield Setting(keys=(*at, "users", user), value=account, origin=Origin.FILE)
        yield from _of(document, (*at, "filter"), Filter, ())
        plugin = adapters.load(player.kind)
        if plugin is not None:
            yield from _of(document, at, plugin.options, PlayerKeys.__struct_fields__)
    for number, rule in enumerate(document.raw.get("rules") or []):
        yield Setting(keys=("rules", str(number + 1)), value=rule, origin=Origin.FILE)


def document(path: Path | None) -> Document:
    """The file as it is written; an empty one where there is none. Raises ``ConfigError`` where it is no TOML."""
    text = path.read_text(encoding="utf-8") if path is not None else ""
    return Document(path or Path("(no configuration file)"), text)


def shown(keys: Keys, value: Any) -> Any:
    """A value that nobody need be kept from seeing: secrets are hidden, and so is all but the kind of an address."""
    if value and keys[-1:] == ("targets",):
        return [one if "://" not in one else f"{one.partition('://')[0]}://{HIDDEN}" for one in value]
    return HIDDEN if value and is_secret(keys) else value


def is_secret(keys: Keys) -> bool:
    """Whether the value of this key is nobody else's business."""
    return _SECRET.search(keys[-1]) is not None


def _of(document: Document, at: Keys, kind: type[Struct], but: tuple[str, ...]) -> Iterator[Setting]:
    """The keys of one table, which may have others that are somebody else's."""
    written: Any = document.raw
    for part in at:
        written = written.get(part) or {}
    for key in (name for name in kind.__struct_fields__ if name not in but):
        keys = (*at, key)
        variable = _VARIABLES.get(keys)
        if variable and os.environ.get(variable):
            yield Setting(keys=keys, value=os.environ[variable], origin=Origin.ENVIRONMENT)
        else:
            yield Setting(keys=keys, value=written.get(key, _default(kind, key)), origin=_origin(document, keys))


def _origin(document: Document, keys: Keys) -> Origin:
    table: Any = document.raw
    for part in keys:
        if not isinstance(table, dict) or part not in table:
            return Origin.DEFAULT
        table = table[part]
    return Origin.FILE


def _default(kind: type[Struct], key: str) -> Any:
    """As TOML would say it."""
    (found,) = (one for one in msgspec.structs.fields(kind) if one.name == key)
    value = found.default if found.default is not msgspec.NODEFAULT else None
    if found.default_factory is not msgspec.NODEFAULT:
        value = found.default_factory()
    return msgspec.to_builtins(value)
