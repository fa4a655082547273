"""Understands what Tautulli's webhook agent sends by the template that ``spec/adapters.md`` gives."""

from scrobbler.adapters import Plugin
from scrobbler_tautulli.setup import SETUP
from scrobbler_tautulli.webhook import TautulliOptions, TautulliWebhook

__all__ = ["TautulliOptions", "TautulliWebhook", "plugin"]

plugin = Plugin(
    name="tautulli", options=TautulliOptions, build=lambda name, _options: TautulliWebhook(name), setup=SETUP
)
