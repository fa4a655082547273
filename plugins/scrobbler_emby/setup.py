"""How Emby is made to call us: by its user in the settings, or through the API that those settings use."""

from typing import Final

from scrobbler.adapters import Address, Api, Setup
from scrobbler.errors import ScrobblerError
from scrobbler.payload import Table, rows, table, text, truth

CONFIGURED: Final = "/emby/Notifications/Services/Configured"
"""Not in Emby's published API, but what its own pages and WatchState use; each entry belongs to a user."""
EVENTS: Final = ("playback.start", "playback.pause", "playback.unpause", "playback.stop")
ENTRY: Final[Table] = {
    "NotifierKey": "webhooknotifications",
    "SetupModuleUrl": "configurationpage?name=webhookeditorjs",
    "ServiceName": "Webhooks",
    "PluginId": "85a7b1d4-fbda-4e85-a0a2-ac303c9946a4",
    "FriendlyName": "scrobbler",
    "Enabled": True,
    "DeviceIds": [],
    "LibraryIds": [],
    "EventIds": list(EVENTS),
    "IsSelfNotification": False,
    "GroupItems": False,
}


def register(api: Api, token: str, address: Address, *, wanted: bool) -> bool:
    """Enter a notification of the first administrator's, for all users, or remove it. Returns whether anything changed.

    It names the users one by one, because Emby tells whose a playback is only where it does.
    """
    headers = {"X-Emby-Token": token, "Accept": "application/json"}
    users = [each for each in rows(api("GET", "/emby/Users", headers=headers)) if text(each.get("Id"))]
    owner = next((text(each["Id"]) for each in users if truth(table(each.get("Policy")).get("IsAdministrator"))), None)
    if owner is None:
        raise ScrobblerError("the token knows no administrator there: make an API key under Advanced > API Keys")
    path = f"{CONFIGURED}?UserId={owner}"
    ours = [each for each in rows(api("GET", path, headers=headers)) if address.is_ours(_url(each))]
    first = ours[0] if ours else {}
    options = {**table(first.get("Options")), "Url": address.url, "EnableMultipartFormData": False}
    new = {**first, **ENTRY, "UserIds": [text(each["Id"]) for each in users], "Options": options}
    keeps = wanted and first == new
    for old in ours[1 if wanted else 0 :]:
        api("DELETE", f"{CONFIGURED}?Id={text(old.get('Id'))}&UserId={owner}", headers=headers)
    if wanted and not keeps:
        api("POST", path, headers=headers, body=new)
    return bool(ours[1:]) or (not keeps if wanted else bool(ours))


def _url(entry: Table) -> str:
    return text(table(entry.get("Options")).get("Url")) or ""


SETUP: Final = Setup(
    steps=(
        "In Emby (4.8 or newer): click on your name > Settings > Notifications > Add Notification > Webhooks.",
        "Url: {url}",
        "Data type: application/json (either works).",
        "Events: under Playback tick Start, Pause, Unpause and Stop.",
        "Limit user events to: choose each person whose plays are to count; else Emby does not say who watches.",
        "Save, play something for a moment, then look at: scrobbler status",
    ),
    notes=("Older servers have the same under Server > Webhooks. Emby may ask for Premiere.",),
    server="http://127.0.0.1:8096",
    token="an API key: Settings > Advanced > API Keys > New",  # noqa: S106  # it tells where one is found
    register=register,
)
