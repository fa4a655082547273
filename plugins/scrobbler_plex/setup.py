"""How Plex is made to call us: by its user in the web app, or through the account's own API at plex.tv."""

from typing import Any, Final

from scrobbler.adapters import Address, Api, Setup
from scrobbler.payload import rows, text

HOOKS: Final = "/api/v2/user/webhooks"
"""Takes the whole list each time: ``urls[]`` for each, an empty ``urls`` for none (python-plexapi, ``setWebhooks``)."""


def register(api: Api, token: str, address: Address, *, wanted: bool) -> bool:
    """Put our address into the account's list, or take it out. Returns whether anything had to be changed."""
    headers = {"X-Plex-Token": token, "X-Plex-Client-Identifier": "scrobbler", "Accept": "application/json"}
    there = _addresses(api("GET", HOOKS, headers=headers))
    others = [url for url in there if not address.is_ours(url)]
    after = [*others, address.url] if wanted else others
    if sorted(after) == sorted(there):
        return False
    form = [("urls[]", url) for url in after] or [("urls", "")]
    api("POST", HOOKS, headers=headers, form=form)
    return True


def _addresses(said: Any) -> list[str]:
    return [url for each in rows(said) if (url := text(each.get("url"))) is not None]


SETUP: Final = Setup(
    steps=(
        "You need a Plex Pass: webhooks belong to the account of the server's owner.",
        "In Plex Media Server: Settings > Network > Webhooks must be ticked (it is, as installed).",
        "Open https://app.plex.tv, and there Account Settings > Webhooks > Add Webhook.",
        "Enter this address and save: {url}",
        "Play something for a moment, then look at: scrobbler status",
    ),
    notes=(
        "The webhook comes from your server, so it is from there that the address must be reachable.",
        "It travels with the account: what you play on other servers comes in, too, and so do the plays of guests.",
    ),
    server="https://plex.tv",
    token="your account's X-Plex-Token (https://support.plex.tv/articles/204059436)",  # noqa: S106  # it tells where one is found
    register=register,
)
