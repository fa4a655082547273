"""What an account shows beside its history: resume points, what is watched now, its settings."""

from datetime import timedelta
from hashlib import sha256

from scrobbler.sandbox.call import Call, delete, get
from scrobbler.sandbox.clock import iso
from scrobbler.sandbox.replies import PAGE_MAX, Refused, Reply, paged
from scrobbler.sandbox.titles import Kind

TYPES = {"movies": Kind.MOVIE, "episodes": Kind.EPISODE}


def playback(call: Call) -> Reply:
    """``GET /sync/playback[/{type}]``: the last paused first; all of them, unless a page is asked for."""
    wanted = call.params.get("type")
    if wanted is not None and wanted not in TYPES:
        raise Refused(404)
    oldest = call.now - timedelta(seconds=call.world.rules.playback_kept)
    places = [
        place
        for place in call.account.playback
        if place.paused_at > oldest
        and call.between(place.paused_at)
        and (wanted is None or place.item.key[0] is TYPES[wanted])
    ]
    places.sort(key=lambda place: (place.paused_at, place.id), reverse=True)
    headers: dict[str, str] = {}
    rows = list(places)
    if "page" in call.query or "limit" in call.query:
        some, headers = paged(places, **call.page(default=PAGE_MAX))
        rows = list(some)
    return Reply(body=[place.wire(full=call.extended("full")) for place in rows], headers=headers)


def remove_playback(call: Call) -> Reply:
    """``DELETE /sync/playback/{id}``."""
    place = next((each for each in call.account.playback if str(each.id) == call.params["id"]), None)
    if place is None:
        raise Refused(404)
    call.account.forget(place.item)
    return Reply(status=204)


def watching(call: Call) -> Reply:
    """``GET /users/{id}/watching``: 204 while nothing is."""
    if call.params["id"] not in {"me", call.account.name}:
        raise Refused(404)
    now_on = call.account.watching(call.now)
    if now_on is None:
        return Reply(status=204)
    return Reply(body=now_on.wire(full=call.extended("full")))


def end_checkin(call: Call) -> Reply:
    """``DELETE /checkin``: whatever is watched is not, any more."""
    call.account.end()
    return Reply(status=204)


def settings(call: Call) -> Reply:
    """``GET /users/settings``."""
    name = call.account.name
    unique = sha256(name.encode()).hexdigest()[:40]
    user = {
        "username": name,
        "private": False,
        "name": name.title(),
        "vip": False,
        "vip_ep": False,
        "ids": {"slug": name, "uuid": unique},
        "joined_at": iso(call.account.joined_at),
        "location": "",
        "about": None,
        "gender": None,
        "age": None,
        "images": {"avatar": {"full": None}},
        "vip_og": False,
        "vip_years": 0,
    }
    body = {
        "user": user,
        "account": {"timezone": "UTC", "date_format": "ymd", "time_24hr": True, "cover_image": None},
        "browsing": {"watch_only_once": False},
        "connections": {},
        "sharing_text": {"watching": "I'm watching [item]", "watched": "I just watched [item]", "rated": "[item]"},
        "limits": {
            "list": {"count": 5, "item_count": 250},
            "watchlist": {"item_count": 250},
            "favorites": {"item_count": 100},
        },
        "permissions": {"commenting": True, "liking": True, "following": True},
    }
    return Reply(body=body)


ROUTES = (
    get("/sync/playback", playback),
    get("/sync/playback/{type}", playback),
    delete("/sync/playback/{id}", remove_playback),
    get("/users/settings", settings),
    get("/users/{id}/watching", watching),
    delete("/checkin", end_checkin),
)
