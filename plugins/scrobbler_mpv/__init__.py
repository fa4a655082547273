"""Watches every mpv of this user through its JSON IPC socket; it only asks, but for what it shows in the window."""

import socket

from scrobbler.adapters import Plugin
from scrobbler.errors import ConfigError
from scrobbler_mpv.options import MpvOptions
from scrobbler_mpv.watcher import MpvWatcher

__all__ = ["MpvOptions", "MpvWatcher", "plugin"]


def _build(name: str, options: MpvOptions) -> MpvWatcher:
    if not hasattr(socket, "AF_UNIX"):
        raise ConfigError(f"players.{name}: this system has no Unix sockets, by which mpv is watched")
    return MpvWatcher(name, options.places(name), shows=options.invite, concerns=options.concerns())


plugin = Plugin(name="mpv", options=MpvOptions, build=_build)
