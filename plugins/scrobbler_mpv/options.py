"""Where mpv's sockets are looked for."""

import os
import re
from enum import Enum
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from scrobbler.adapters import Concern, Options
from scrobbler.errors import ConfigError


class Osd(Enum):
    """More than what needs the user."""

    ALL = "all"


class MpvOptions(Options, frozen=True, kw_only=True):
    """The keys of ``[players.NAME]`` for mpv.

    ``sockets`` names folders (every socket in them) or sockets, as mpv's ``input-ipc-server`` does. ``~`` and
    environment variables are expanded. Without it: the folder ``mpv`` in the user's runtime directory. ``invite`` lets
    a QR code be shown in mpv's window while the account is not signed in. ``osd`` lets a line be shown there for some
    seconds: what needs the user, or all.
    """

    sockets: str | list[str] | None = None
    invite: bool = True
    osd: Annotated[bool | Osd, Meta(description='true, false or "all"')] = True

    def places(self, player: str) -> list[Path]:
        """The absolute paths to watch. Raises ``ConfigError`` for those that can be none."""
        if self.sockets is None:
            return [_own_folder(player)]
        texts = [self.sockets] if isinstance(self.sockets, str) else self.sockets
        if not texts:
            raise ConfigError(f"players.{player}.sockets is an empty list: name a folder or a socket, or leave it out")
        return list(dict.fromkeys(_place(player, text) for text in texts))

    def concerns(self) -> frozenset[Concern]:
        """What lines are shown about. Who is shown a code to sign in with needs no line besides."""
        if self.osd is False:
            return frozenset()
        left_out = {Concern.SIGN_IN} if self.invite else set()
        left_out |= set() if self.osd is Osd.ALL else {Concern.SCROBBLED}
        return frozenset(Concern) - left_out


def _place(player: str, text: str) -> Path:
    """The path that a user means."""
    key = f"players.{player}.sockets"
    if not text.strip():
        raise ConfigError(f"{key} holds an empty path: name a folder or a socket, or leave it out")
    if "\0" in text:
        raise ConfigError(f"{key}: a path cannot hold a NUL character")
    place = os.path.expandvars(os.path.expanduser(text))  # noqa: PTH111 - pathlib expands no variables
    if unknown := re.search(r"\$\w+|\$\{[^}]*\}", place):
        raise ConfigError(f"{key} = {text!r}: the environment has no {unknown[0]}")
    if not os.path.isabs(place):  # noqa: PTH117 - as it was typed, before Path tidies it
        raise ConfigError(f"{key} = {text!r} is a relative path: write it from / or from ~")
    return Path(place)


def _own_folder(player: str) -> Path:
    """``mpv`` in the runtime directory, made for this user alone where that directory exists."""
    from platformdirs import user_runtime_path  # noqa: PLC0415 - only without a configured path

    folder = user_runtime_path() / "mpv"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except FileNotFoundError:
        return folder  # no runtime directory yet: it is watched for
    except OSError as error:
        raise ConfigError(f"players.{player}: {folder} cannot be made ({error.strerror}); set sockets") from error
    return folder
