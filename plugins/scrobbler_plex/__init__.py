"""Understands the webhooks of a Plex Media Server."""

from scrobbler.adapters import Plugin
from scrobbler_plex.setup import SETUP
from scrobbler_plex.webhook import PlexOptions, PlexWebhook

__all__ = ["PlexOptions", "PlexWebhook", "plugin"]

plugin = Plugin(name="plex", options=PlexOptions, build=lambda name, _options: PlexWebhook(name), setup=SETUP)
