"""Understands the webhooks of Jellyfin, from either of the two plugins that make them."""

from scrobbler.adapters import Options, Plugin
from scrobbler_jellyfin.setup import SETUP
from scrobbler_jellyfin.webhook import JellyfinWebhook

__all__ = ["JellyfinOptions", "JellyfinWebhook", "plugin"]


class JellyfinOptions(Options, frozen=True, kw_only=True):
    """Jellyfin has no keys of its own in ``[players.NAME]``."""


def _build(name: str, options: JellyfinOptions) -> JellyfinWebhook:  # noqa: ARG001  # it has none
    return JellyfinWebhook(name)


plugin = Plugin(name="jellyfin", options=JellyfinOptions, build=_build, setup=SETUP)
