"""In whose name we talk to Trakt: the id and the secret of an app, from the first source that has them.

``spec/config.md`` lists the sources in their order.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from scrobbler import file
from scrobbler.errors import ConfigError, StateError
from scrobbler.settings.config import Config, default_path
from scrobbler.trakt import baked

WHERE_FROM: Final = "https://app.trakt.tv/settings/apps, where Trakt lets only VIP members create one since July 2026"

_ENVIRONMENT: Final = "SCROBBLER_TRAKT_"
_NAMES: Final = ("client_id", "client_secret")
_VALUE: Final = re.compile(r"[!-~]{1,500}")
_LONGEST: Final = 4096
"""Bytes of a file that are looked at: whatever is longer was not meant."""


class Credentials(Struct, frozen=True, kw_only=True):
    """An app's id and, where it has one, its secret."""

    client_id: str
    client_secret: str | None = None

    def __repr__(self) -> str:  # the secret must not reach a log through a repr
        return f"Credentials(client_id={self.client_id!r}, ...)"


def find(configuration: Config) -> Credentials | None:
    """The app's credentials; None where there are none anywhere. Raises ``ConfigError`` where a source is wrong."""
    given = {name: next(_given(configuration, name), None) for name in _NAMES}
    if given["client_id"]:
        return Credentials(client_id=given["client_id"], client_secret=given["client_secret"])
    own = _remembered(configuration) or _baked()
    return own and Credentials(client_id=own.client_id, client_secret=given["client_secret"] or own.client_secret)


def needed(configuration: Config) -> Credentials:
    """The app's credentials. Raises ``ConfigError``, which says where an app comes from, where there are none."""
    found = find(configuration)
    if found is None:
        raise ConfigError(
            f"{configuration.path or default_path()}: trakt.client_id is missing: "
            f"it names the Trakt app to sign in with, from {WHERE_FROM}"
        )
    return found


def checked(value: str, where: str) -> str:
    """The value, where Trakt can have given it out. Raises ``ConfigError``, which does not quote it."""
    if not _VALUE.fullmatch(value):
        raise ConfigError(f"{where}: this must be one word of letters, digits and signs, as Trakt shows it")
    return value


def remember(configuration: Config, credentials: Credentials) -> None:
    """Keep what the user typed in, for the next time. Raises ``StateError``."""
    path = _path(configuration)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file.replace(path, msgspec.json.encode(credentials))
    except OSError as error:
        raise StateError(f"{path} cannot be written: {error.strerror}") from error


def _given(configuration: Config, name: str) -> Iterator[str]:
    """What was set from outside, in the order of the sources; a source that does not count is not looked at."""
    variable = _ENVIRONMENT + name.upper()
    if value := os.environ.get(variable):
        yield checked(value, variable)
    if folder := os.environ.get("CREDENTIALS_DIRECTORY"):
        path = Path(folder) / f"trakt_{name}"
        if (content := _content(path, str(path))) is not None:
            yield content
    origin = f"{configuration.path}: trakt.{name}"
    if value := getattr(configuration.trakt, name):
        yield checked(value, origin)
    if value := getattr(configuration.trakt, f"{name}_file"):
        own = os.path.expanduser(value)  # noqa: PTH111  # Path's raises for a user who is not there
        path = (configuration.path or default_path()).parent / own
        content = _content(path, f"{origin}_file: {path}")
        if content is None:
            raise ConfigError(f"{origin}_file: {path}: there is no such file")
        yield content


def _content(path: Path, where: str) -> str | None:
    """The one word in a file; None where there is no file. Raises ``ConfigError``."""
    try:
        with path.open("rb") as file:
            return checked(file.read(_LONGEST).decode("ascii", errors="replace").strip(), where)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:  # ValueError: a name that cannot be one
        raise ConfigError(f"{where}: cannot be read: {getattr(error, 'strerror', error)}") from None


def _remembered(configuration: Config) -> Credentials | None:
    path = _path(configuration)
    try:
        kept = msgspec.json.decode(path.read_bytes(), type=Credentials)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        # The cause is cut off on purpose: it could quote what the file holds.
        raise ConfigError(f"{path}: is damaged: remove it, and `scrobbler login` asks again") from None
    for value in (kept.client_id, kept.client_secret):
        if value is not None:
            checked(value, str(path))
    return kept


def _baked() -> Credentials | None:
    return Credentials(client_id=baked.CLIENT_ID, client_secret=baked.CLIENT_SECRET) if baked.CLIENT_ID else None


def _path(configuration: Config) -> Path:
    return configuration.state_dir / "app.json"
