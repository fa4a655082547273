"""Understands the webhooks of Emby."""

from scrobbler.adapters import Options, Plugin
from scrobbler_emby.webhook import EmbyWebhook

__all__ = ["EmbyOptions", "EmbyWebhook", "plugin"]


class EmbyOptions(Options, frozen=True, kw_only=True):
    """The keys of ``[players.NAME]`` for Emby."""

    secret: str = ""


def _build(name: str, options: EmbyOptions) -> EmbyWebhook:  # noqa: ARG001  # the web asks for the secret
    return EmbyWebhook(name)


plugin = Plugin(name="emby", options=EmbyOptions, build=_build)
