"""Watches a Kodi through its JSON-RPC; it only asks."""

from scrobbler.adapters import Plugin
from scrobbler_kodi.options import KodiOptions
from scrobbler_kodi.reader import KodiReader
from scrobbler_kodi.watcher import KodiWatcher

__all__ = ["KodiOptions", "KodiReader", "KodiWatcher", "plugin"]


def _build(name: str, options: KodiOptions) -> KodiWatcher:
    return KodiWatcher(name, options.host, options.port)


plugin = Plugin(name="kodi", options=KodiOptions, build=_build, reader=KodiReader)
