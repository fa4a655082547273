"""The sandbox's pages for people: what it holds, the code of a device, the question of an app."""

from functools import cache
from typing import TYPE_CHECKING

from scrobbler.sandbox.call import Access, Call, get, post
from scrobbler.sandbox.clock import iso
from scrobbler.sandbox.devices import DeviceState
from scrobbler.sandbox.oauth import OUT_OF_BAND, invitation, known, landing
from scrobbler.sandbox.replies import HTML, Refused, Reply
from scrobbler.sandbox.titles import label

if TYPE_CHECKING:
    from jinja2 import Environment

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
}
SHOWN = 25
"""Lines of each list on the first page."""

OUTCOMES = {
    DeviceState.PENDING: "This device is still waiting.",
    DeviceState.APPROVED: "The device is connected. You may close this page.",
    DeviceState.DENIED: "The device was turned away.",
    DeviceState.USED: "This code was used already.",
    DeviceState.EXPIRED: "This code has expired. Start again on the device.",
}


def home(call: Call) -> Reply:
    """``GET /``: what the sandbox holds, as of now."""
    world = call.world
    accounts = []
    for account in world.accounts.values():
        now_on = account.watching(call.now)
        plays = sorted(account.plays, key=lambda play: (play.watched_at, play.id), reverse=True)
        shown = {
            "name": account.name,
            "watching": (label(now_on.item), iso(now_on.expires_at)) if now_on is not None else None,
            "plays": [(iso(play.watched_at), play.action.value, label(play.item)) for play in plays[:SHOWN]],
            "more": max(len(plays) - SHOWN, 0),
            "playback": [
                (iso(place.paused_at), f"{place.progress:.1f} %", label(place.item)) for place in account.playback
            ],
        }
        accounts.append(shown)
    requests = [
        (entry.seq, iso(entry.at), entry.method, entry.path, entry.status or "dropped")
        for entry in reversed(world.journal.after(0)[-SHOWN:])
    ]
    faults = [
        (fault.kind.value, f"{fault.method or 'any'} {fault.path}", "always" if left is None else f"{left} times")
        for fault, left in world.faults.listed()
    ]
    return _page(
        "home.html", now=iso(call.now), accounts=accounts, tokens=world.tokens.alive(), requests=requests, faults=faults
    )


def activate(call: Call) -> Reply:
    """``GET /activate[/{code}]``: the code, and what to say to its device."""
    code = call.params.get("code", "")
    device = call.world.devices.find(code) if code else None
    if device is None:
        problem = "No device waits with this code." if code else ""
        return _page("activate.html", status=404 if code else 200, code=code, app="", problem=problem)
    state = call.world.devices.state(device)
    problem = "" if state is DeviceState.PENDING else OUTCOMES[state]
    app = call.world.apps.get(device.client_id)
    return _page("activate.html", code=device.user_code, app=app.name if app else "", problem=problem)


def decide_device(call: Call) -> Reply:
    """``POST /activate``: the user's word on a code."""
    fields = _form(call)
    code = fields.get("code", "")
    device = call.world.devices.find(code)
    if device is None:
        return _page("activate.html", status=404, code=code, app="", problem="No device waits with this code.")
    call.world.devices.decide(device, approve=_approved(fields))
    return _page("done.html", text=OUTCOMES[call.world.devices.state(device)], code="")


def authorize(call: Call) -> Reply:
    """``GET /oauth/authorize``: an app asks; nothing is granted before the user says so."""
    fields = dict(call.query)
    try:
        asked = invitation(call, fields)
    except Refused as refused:
        return _sorry(refused)
    return _page("authorize.html", app=known(call, asked.client_id).name, fields=fields)


def decide_app(call: Call) -> Reply:
    """``POST /oauth/authorize``: back to the app with a code or a refusal; out of band, the code is shown."""
    fields = _form(call)
    try:
        asked = invitation(call, fields)
    except Refused as refused:
        return _sorry(refused)
    approved = _approved(fields)
    code = call.world.invitations.open(asked, call.world.rules.user) if approved else ""
    if asked.redirect_uri == OUT_OF_BAND:
        text = "Give this code to the app:" if approved else "The app was turned away."
        return _page("done.html", text=text, code=code)
    answer = landing(asked, code=code) if approved else landing(asked, error="access_denied")
    return Reply(status=302, headers=HEADERS | {"Location": answer})


def _approved(fields: dict[str, str]) -> bool:
    """Raises ``Refused`` (400) where the form was sent by neither of its buttons."""
    decision = fields.get("decision")
    if decision not in {"approve", "deny"}:
        raise Refused(400, {"message": "decision is approve or deny"})
    return decision == "approve"


def _form(call: Call) -> dict[str, str]:
    try:
        return call.form()
    except ValueError as error:
        raise Refused(400, {"message": "The body is no form."}) from error


def _sorry(refused: Refused) -> Reply:
    body = refused.reply.body
    told = body.get("error_description") if isinstance(body, dict) else None
    return _page("done.html", status=refused.reply.status, text=str(told or "This cannot be."), code="")


def _page(template: str, *, status: int = 200, **shown: object) -> Reply:
    return Reply(status=status, body=_templates().get_template(template).render(shown), headers=HEADERS, media=HTML)


@cache
def _templates() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415 - 4 MiB that only pages need

    loader = PackageLoader("scrobbler.sandbox")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


ROUTES = (
    get("/", home, Access.PAGE),
    get("/activate", activate, Access.PAGE),
    get("/activate/{code}", activate, Access.PAGE),
    post("/activate", decide_device, Access.PAGE),
    get("/oauth/authorize", authorize, Access.PAGE),
    post("/oauth/authorize", decide_app, Access.PAGE),
)
