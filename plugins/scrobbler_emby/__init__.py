"""Understands the webhooks of Emby."""

from scrobbler.adapters import Options, Plugin
from scrobbler_emby.setup import SETUP
from scrobbler_emby.webhook import EmbyWebhook

__all__ = ["EmbyOptions", "EmbyWebhook", "plugin"]


class EmbyOptions(Options, frozen=True, kw_only=True):
    """Emby has no keys of its own in ``[players.NAME]``."""


def _build(name: str, options: EmbyOptions) -> EmbyWebhook:  # noqa: ARG001  # it has none
    return EmbyWebhook(name)


plugin = Plugin(name="emby", options=EmbyOptions, build=_build, setup=SETUP)
