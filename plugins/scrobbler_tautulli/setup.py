"""How Tautulli is made to call us: by its user, with a text to paste."""

import json
from typing import Final

from scrobbler.adapters import Setup
from scrobbler_tautulli.media import IDS
from scrobbler_tautulli.webhook import DURATIONS, POSITIONS

TRIGGERS: Final = ("Playback Start", "Playback Stop", "Playback Pause", "Playback Resume", "Watched")
FIELDS: Final = (
    *("action", "media_type", "user", "username", "user_id", "player", "machine_id", "session_key", "rating_key"),
    *("title", "show_name", "episode_name", "year", "show_year", "season_num", "episode_num", *IDS.values(), "guid"),
    *("progress_percent", *POSITIONS, *DURATIONS, "live", "preroll", "extra_type", "unixtime", "library_name"),
)
"""What the adapter reads, and a little more for who reads a log. A name that a version does not know stays as it is."""
TEMPLATE: Final = json.dumps({name: f"{{{name}}}" for name in FIELDS}, indent=2)

SETUP: Final = Setup(
    steps=(
        "In Tautulli: Settings > Notification Agents > Add a new notification agent > Webhook.",
        "Configuration: Webhook URL: {url}",
        "Configuration: Webhook Method: POST",
        f"Triggers: tick {', '.join(TRIGGERS[:-1])} and {TRIGGERS[-1]}.",
        f"Data: under each of these {len(TRIGGERS)} paste the text below as JSON Data, and leave JSON Headers empty.",
        "Save, play something for a moment, then look at: scrobbler status",
    ),
    paste=TEMPLATE,
    notes=(
        "Plex itself need not post to us then; where it does all the same, a watch still counts once.",
        "Watched may come early, at Tautulli's own percentage: it counts with the real stop, or by itself later.",
    ),
)
