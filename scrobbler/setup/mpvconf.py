"""The one line of mpv's configuration by which an mpv can be watched: where it belongs, and whether it is there.

mpv reads ``mpv.conf`` from ``$MPV_HOME``, else from ``$XDG_CONFIG_HOME/mpv``, else from ``~/.config/mpv``, and from
``~/.mpv`` where only that is there (its manual, "FILES"). In a Flatpak or a Snap it has a home, and a folder for
sockets, of its own.
"""

import os
import re
from pathlib import Path
from typing import Final

from msgspec import Struct

OPTION: Final = "input-ipc-server"
FLATPAK: Final = "io.mpv.Mpv"

_SETTING: Final = re.compile(r"^\s*(?:--)?input-(?:ipc-server|unix-socket)\s*=\s*(.*?)\s*$")
_PROFILE: Final = re.compile(r"^\s*\[")


class MpvConf(Struct, frozen=True, kw_only=True):
    """One mpv's configuration file, which need not exist, and the folder in which its sockets can be seen by others."""

    path: Path
    sockets: Path

    @property
    def line(self) -> str:
        """What must stand in it."""
        return f"{OPTION}={self.sockets / 'socket'}"

    def text(self) -> str:
        """What stands in it, byte for byte; empty where there is none. Raises ``OSError``."""
        try:
            return os.fsdecode(self.path.read_bytes())
        except FileNotFoundError:
            return ""

    def socket(self) -> Path | None:
        """Where this mpv listens by now; None where it does not. Raises ``OSError``."""
        said = _said(self.text())
        return _expanded(said, self.path.parent) if said else None

    def amended(self) -> bytes:
        """The file with the line in it, above all profiles. Raises ``OSError``."""
        text = self.text()
        end = "\r\n" if "\r\n" in text else "\n"
        lines = text.splitlines(keepends=True)
        at = next((number for number, line in enumerate(lines) if _PROFILE.match(line)), len(lines))
        if at and not lines[at - 1].endswith(("\n", "\r")):
            lines[at - 1] += end
        return os.fsencode("".join([*lines[:at], self.line, end, *lines[at:]]))


def all_of(runtime: Path, home: Path | None = None) -> list[MpvConf]:
    """That of each mpv which is installed, the system's own first. ``runtime``: ``$XDG_RUNTIME_DIR``."""
    home = home or Path.home()
    found = [MpvConf(path=_own(home), sockets=runtime / "mpv")]
    flatpak, snap = home / ".var/app" / FLATPAK, home / "snap/mpv/current"
    if flatpak.is_dir():
        found.append(MpvConf(path=flatpak / "config/mpv/mpv.conf", sockets=runtime / "app" / FLATPAK))
    if snap.is_dir():
        found.append(MpvConf(path=snap / ".config/mpv/mpv.conf", sockets=runtime / "snap.mpv"))
    return found


def _own(home: Path) -> Path:
    if named := os.environ.get("MPV_HOME"):
        return Path(named) / "mpv.conf"
    folder = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config") / "mpv"
    old = home / ".mpv"
    return (old if old.is_dir() and not folder.is_dir() else folder) / "mpv.conf"


def _said(text: str) -> str | None:
    """The value that holds for every file that is played: the last one above the first profile."""
    found: str | None = None
    for line in text.splitlines():
        if _PROFILE.match(line):
            break
        if setting := _SETTING.match(line):
            found = _unquoted(setting[1])
    return found


def _unquoted(value: str) -> str:
    if value[:1] in {'"', "'"} and value.count(value[0]) > 1:
        return value[1:].partition(value[0])[0]
    if exact := re.match(r"%(\d+)%", value):
        return value[exact.end() : exact.end() + int(exact[1])]
    return value.partition(" #")[0].rstrip()


def _expanded(value: str, folder: Path) -> Path | None:
    """The path that mpv makes of it; None for what is no path."""
    if value.startswith(("@", "fd://")):
        return None
    if value.startswith("~~/"):
        return folder / value[3:]
    return Path(os.path.expanduser(value))  # noqa: PTH111  # pathlib's raises for a user who is not there
