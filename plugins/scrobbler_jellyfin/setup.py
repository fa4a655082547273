"""How Jellyfin is made to call us: by its user in either plugin, or through the official plugin's configuration."""

from typing import Any, Final

from scrobbler.adapters import Address, Api, Setup
from scrobbler.errors import ScrobblerError
from scrobbler.payload import Table, rows, table, text

PLUGIN: Final = "71552a5a5c5c4350a2aeebe451a30173"
"""The official plugin's id, without dashes (``WebhookPlugin.cs``)."""
TYPES: Final = ("PlaybackStart", "PlaybackProgress", "PlaybackStop")
OPTION: Final[Table] = {
    "NotificationTypes": list(TYPES),
    "WebhookName": "scrobbler",
    "EnableMovies": True,
    "EnableEpisodes": True,
    "EnableSeries": False,
    "EnableSeasons": False,
    "EnableAlbums": False,
    "EnableSongs": False,
    "EnableVideos": False,
    "SendAllProperties": True,
    "TrimWhitespace": False,
    "SkipEmptyMessageBody": False,
    "EnableWebhook": True,
    "Template": "",
    "UserFilter": [],
    "Headers": [],
    "Fields": [],
}
"""A *Generic Destination*, with all properties sent (``BaseOption.cs``, ``GenericOption.cs``)."""


def register(api: Api, token: str, address: Address, *, wanted: bool) -> bool:
    """Put our destination into the plugin's configuration, or take it out. Returns whether anything had to be changed.

    Raises ``ScrobblerError`` where the plugin is not installed.
    """
    headers = {"Authorization": f'MediaBrowser Token="{token}"', "Accept": "application/json"}
    path = f"/Plugins/{_plugin(api('GET', '/Plugins', headers=headers))}/Configuration"
    said = table(api("GET", path, headers=headers))
    there = rows(said.get("GenericOptions"))
    ours = [each for each in there if address.is_ours(text(each.get("WebhookUri")) or "")]
    new = [{**(ours[0] if ours else {}), **OPTION, "WebhookUri": address.url}] if wanted else []
    if ours == new:
        return False
    after = [each for each in there if each not in ours] + new
    api("POST", path, headers=headers, body={**said, "GenericOptions": after})
    return True


def _plugin(said: Any) -> str:
    """The id of the official plugin, as this server writes it."""
    for each in rows(said):
        found = text(each.get("Id")) or ""
        if found.replace("-", "").lower() == PLUGIN:
            return found
    raise ScrobblerError(
        "the plugin Webhook is not installed there: Dashboard > Plugins > Catalogue > Webhook, restart"
    )


SETUP: Final = Setup(
    steps=(
        "In Jellyfin: Dashboard > Plugins > Catalogue > Webhook > Install, then restart the server.",
        "Dashboard > Plugins > Webhook > Add Generic Destination.",
        "Webhook Url: {url}",
        "Notification Type: tick Playback Start, Playback Progress and Playback Stop, and nothing else.",
        "Item Type: tick Movies and Episodes.",
        "Tick Send All Properties (Ignores Template), then Save.",
        "Play something for a moment, then look at: scrobbler status",
    ),
    notes=(
        "Progress is needed: this plugin has no word of its own for a pause. It comes every second, which is fine.",
        "With shemanaev's plugin Webhooks instead: add a hook with the same address and the format Default.",
        "Of its events tick Play, Pause, Resume, Stop, Scrobble and Progress. Use one of the two plugins, not both.",
    ),
    server="http://127.0.0.1:8096",
    token="an API key: Dashboard > API Keys > +",  # noqa: S106  # it tells where one is found
    register=register,
)
