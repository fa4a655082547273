"""mpv: whether it is there, is told to listen, and does so where the agent looks for it."""

import os
import shutil
import socket
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from scrobbler import adapters
from scrobbler.doctor.finding import Case, Finding, ok, problem, warn
from scrobbler.settings.config import Player
from scrobbler.setup.mpvconf import FLATPAK, MpvConf, all_of

KIND = "mpv"


def program(case: Case) -> Iterator[Finding]:
    """The player itself."""
    if not _players(case):
        return
    where = shutil.which(KIND)
    sealed = [each.path for each in all_of(case.runtime)[1:]]
    if where or sealed:
        yield ok(f"mpv is installed ({where or 'as an app of its own'})")
    else:
        yield warn("mpv is not installed, or not on the PATH", "sudo apt install mpv")


def line(case: Case) -> Iterator[Finding]:
    """Whether each mpv.conf lets its mpv listen where somebody listens to it."""
    players = _players(case)
    if not players or not _is_there(case):
        return
    places = [place for name, player in players.items() for place in _places(case, name, player)]
    for conf in all_of(case.runtime):
        try:
            listens = conf.socket()
        except OSError as error:
            yield problem(f"{conf.path} cannot be read: {error.strerror}", f"ls -l {conf.path}")
            continue
        if listens is None:
            yield problem(f"{conf.path} has no input-ipc-server, so this mpv is not heard", _add(conf))
        elif listens in places or listens.parent in places:
            yield ok(f"{conf.path}: mpv listens on {listens}")
        else:
            looked = ", ".join(map(str, places))
            mend = f"scrobbler config set players.{next(iter(players))}.sockets {listens}"
            yield problem(f"{conf.path}: mpv listens on {listens}, and nobody looks there but in {looked}", mend)


def sockets(case: Case) -> Iterator[Finding]:
    """The folders in which sockets are looked for, and whether a player answers in one."""
    alive = 0
    for name, player in _players(case).items():
        for place in _places(case, name, player):
            yield from _place(place)
            found = sorted(place.iterdir()) if place.is_dir() and os.access(place, os.R_OK | os.X_OK) else [place]
            alive += sum(_listens(path) for path in found)
    if alive:
        yield ok(f"{alive} mpv {'listens' if alive == 1 else 'listen'} just now")


def _place(place: Path) -> Iterator[Finding]:
    try:
        seen = place.stat()
    except FileNotFoundError:
        if place.parent.is_dir():
            yield ok(f"{place} is not there yet; the agent waits for it")
        else:
            words = f"{place.parent} is not there, so no mpv can make a socket in it"
            yield warn(words, f"mkdir -p -m 700 {place.parent}")
        return
    except OSError as error:
        yield problem(f"{place} cannot be looked at: {error.strerror}", f"ls -ld {place}")
        return
    if seen.st_uid not in {os.geteuid(), 0}:
        yield problem(
            f"{place} belongs to somebody else (uid {seen.st_uid}): their mpv is not followed", f"ls -ld {place}"
        )
    elif stat.S_ISDIR(seen.st_mode) and seen.st_mode & 0o022 and not seen.st_mode & stat.S_ISVTX:
        yield warn(f"others may put sockets into {place}", f"chmod 700 {place}")
    elif not os.access(place, os.R_OK | os.X_OK if stat.S_ISDIR(seen.st_mode) else os.W_OK):
        yield problem(f"{place} cannot be used by you", f"ls -ld {place}")


def _listens(path: Path) -> bool:
    """Whether somebody is behind a socket. mpv leaves its socket behind when it ends."""
    if not path.is_socket():
        return False
    with closing(socket.socket(socket.AF_UNIX)) as asking:
        asking.settimeout(1.0)
        try:
            asking.connect(os.fspath(path))
        except OSError:
            return False
        return True


def _players(case: Case) -> dict[str, Player]:
    return {name: player for name, player in case.configuration.players.items() if player.kind == KIND}


def _places(case: Case, name: str, player: Player) -> list[Path]:
    """Where the adapter looks; it makes its own folder itself, but not for us."""
    options: Any = player.options
    if options.sockets is None:
        return [case.runtime / "mpv"]
    plugin = adapters.load(KIND)
    return list(options.places(name)) if plugin is not None else []


def _is_there(case: Case) -> bool:
    return bool(shutil.which(KIND)) or len(all_of(case.runtime)) > 1


def _add(conf: MpvConf) -> str:
    note = "" if FLATPAK not in str(conf.path) else f', and sockets = ["{conf.sockets}"] under [players.mpv]'
    return f"put this line into {conf.path}: {conf.line}{note}"
