"""Sign-in: codes for devices, codes for browsers, tokens, their refresh and their end."""

from urllib.parse import urlencode, urlsplit

from msgspec import UNSET, Struct, UnsetType

from scrobbler.sandbox.call import Access, Call, T, post
from scrobbler.sandbox.devices import Poll
from scrobbler.sandbox.invitations import Invitation
from scrobbler.sandbox.replies import Refused, Reply, oauth_error
from scrobbler.sandbox.tokens import App, Token

OUT_OF_BAND = "urn:ietf:wg:oauth:2.0:oob"
LOOPBACK = {"localhost", "127.0.0.1", "::1"}


class Client(Struct, frozen=True, kw_only=True):
    """Who asks. An app's secret may be left out, but is no null."""

    client_id: str = ""
    client_secret: str | UnsetType = UNSET


class PollIn(Client, frozen=True, kw_only=True):
    """The body of ``/oauth/device/token``."""

    code: str = ""


class TokenIn(Client, frozen=True, kw_only=True):
    """The body of ``/oauth/token``."""

    grant_type: str = ""
    code: str = ""
    refresh_token: str = ""
    redirect_uri: str = ""
    code_verifier: str = ""


class RevokeIn(Client, frozen=True, kw_only=True):
    """The body of ``/oauth/revoke``."""

    token: str = ""


def device_code(call: Call) -> Reply:
    """``POST /oauth/device/code``; no secret is needed."""
    app = known(call, _read(call, Client).client_id)
    device = call.world.devices.invite(app.client_id)
    body = {
        "device_code": device.device_code,
        "user_code": device.user_code,
        "verification_url": f"{call.world.rules.public_url or call.base_url}".rstrip("/") + "/activate",
        "expires_in": call.world.rules.device_life,
        "interval": device.interval,
    }
    return Reply(body=body)


def device_token(call: Call) -> Reply:
    """``POST /oauth/device/token``: the status tells all, without a body, until there are tokens."""
    asked = _read(call, PollIn)
    app = _client(call, asked)
    if not asked.code:
        raise oauth_error("invalid_request", "code is required")
    answer = call.world.devices.poll(asked.code, app.client_id)
    return Reply(status=answer.value) if isinstance(answer, Poll) else Reply(body=answer.wire())


def token(call: Call) -> Reply:
    """``POST /oauth/token``: each code and each refresh token works once."""
    asked = _read(call, TokenIn)
    app = _client(call, asked)
    granted: Token | None
    if asked.grant_type == "refresh_token":
        granted = call.world.tokens.refresh(asked.refresh_token, app.client_id)
    elif asked.grant_type == "authorization_code":
        granted = call.world.invitations.redeem(
            asked.code, client_id=app.client_id, redirect_uri=asked.redirect_uri, verifier=asked.code_verifier
        )
    elif not asked.grant_type:
        raise oauth_error("invalid_request", "grant_type is required")
    else:
        raise oauth_error("unsupported_grant_type", "This grant type is not known here.")
    if granted is None:
        raise oauth_error("invalid_grant", "The grant is invalid, expired, revoked, used, or another client's.")
    return Reply(body=granted.wire())


def revoke(call: Call) -> Reply:
    """``POST /oauth/revoke``; also of a token that nobody knows."""
    asked = _read(call, RevokeIn)
    app = _client(call, asked)
    call.world.tokens.revoke(asked.token, app.client_id)
    return Reply(body={})


def known(call: Call, client_id: str) -> App:
    """The app of that id. Raises ``Refused`` (400 or 401) with ``invalid_client``."""
    if not client_id:
        raise oauth_error("invalid_client", "client_id is required")
    app = call.world.apps.get(client_id)
    if app is None:
        raise oauth_error("invalid_client", "The client is unknown.", status=401)
    return app


def invitation(call: Call, fields: dict[str, str]) -> Invitation:
    """What an app asks the user for. Raises ``Refused`` (400 or 401): then nobody is sent anywhere."""
    app = known(call, fields.get("client_id", ""))
    redirect_uri = fields.get("redirect_uri", "")
    if fields.get("response_type", "code") != "code":
        raise oauth_error("unsupported_response_type", "response_type must be code")
    if redirect_uri not in app.redirect_uris and not _on_loopback(redirect_uri):
        raise oauth_error("invalid_request", "The redirect URI is not registered.")
    if fields.get("code_challenge_method", "S256") != "S256":
        raise oauth_error("invalid_request", "code_challenge_method must be S256")
    return Invitation(
        client_id=app.client_id,
        redirect_uri=redirect_uri,
        state=fields.get("state", ""),
        challenge=fields.get("code_challenge", ""),
    )


def landing(invited: Invitation, **answer: str) -> str:
    """Where the user's browser goes with the answer."""
    if invited.state:
        answer["state"] = invited.state
    joint = "&" if urlsplit(invited.redirect_uri).query else "?"
    return f"{invited.redirect_uri}{joint}{urlencode(answer)}"


def _on_loopback(uri: str) -> bool:
    try:
        parts = urlsplit(uri)
        return parts.scheme in {"http", "https"} and parts.hostname in LOOPBACK and uri.isprintable()
    except ValueError:
        return False


def _read(call: Call, shape: type[T]) -> T:
    try:
        return call.decode(shape)
    except Refused as refused:
        raise oauth_error("invalid_request", "The body is not what this call takes.") from refused


def _client(call: Call, asked: Client) -> App:
    app = known(call, asked.client_id)
    if not app.accepts(asked.client_secret if asked.client_secret is not UNSET else None):
        raise oauth_error("invalid_client", "The client secret is wrong or missing.", status=401)
    return app


ROUTES = (
    post("/oauth/device/code", device_code, Access.AGENT),
    post("/oauth/device/token", device_token, Access.AGENT),
    post("/oauth/token", token, Access.AGENT),
    post("/oauth/revoke", revoke, Access.AGENT),
)
