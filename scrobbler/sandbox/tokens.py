"""Apps and the tokens that they hold: issued, used, rotated, revoked. Their values never show."""

import secrets
from datetime import datetime, timedelta
from hmac import compare_digest

from msgspec import Struct

from scrobbler.sandbox.clock import SandboxClock
from scrobbler.sandbox.rules import Rules


class Secretive:
    """Shows the names of its fields only."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


class App(Secretive, Struct, frozen=True, kw_only=True):
    """A registered API app. A ``public`` one may leave its secret out."""

    client_id: str
    client_secret: str
    name: str = "Sandbox"
    public: bool = False
    redirect_uris: tuple[str, ...] = ("urn:ietf:wg:oauth:2.0:oob",)
    """Exact ones; beside these, any http(s) address on loopback is allowed."""

    def accepts(self, secret: str | None) -> bool:
        """Whether a client that sends this secret, or none, is this app."""
        if secret is None:
            return self.public
        return compare_digest(secret.encode(), self.client_secret.encode())


class Token(Secretive, Struct, kw_only=True):
    """One access token and the refresh token that came with it."""

    access: str
    refresh: str
    client_id: str
    user: str
    family: str
    created_at: datetime
    expires_at: datetime
    revoked: bool = False
    refreshed: bool = False

    def wire(self) -> dict[str, object]:
        """As ``/oauth/token`` answers it."""
        return {
            "access_token": self.access,
            "token_type": "bearer",
            "expires_in": int((self.expires_at - self.created_at).total_seconds()),
            "refresh_token": self.refresh,
            "scope": "public",
            "created_at": int(self.created_at.timestamp()),
        }


class Tokens:
    """Every pair of tokens that was ever given out."""

    def __init__(self, clock: SandboxClock, rules: Rules) -> None:
        self._clock = clock
        self._rules = rules
        self._tokens: list[Token] = []
        self._by_access: dict[str, Token] = {}
        self._by_refresh: dict[str, Token] = {}

    def issue(self, client_id: str, user: str, *, family: str = "") -> Token:
        """A new pair of tokens."""
        now = self._clock.now().replace(microsecond=0)
        token = Token(
            access=secrets.token_urlsafe(32),
            refresh=secrets.token_urlsafe(32),
            client_id=client_id,
            user=user,
            family=family or secrets.token_hex(8),
            created_at=now,
            expires_at=now + timedelta(seconds=self._rules.token_life),
        )
        self._tokens.append(token)
        self._by_access[token.access] = self._by_refresh[token.refresh] = token
        return token

    def holder(self, access: str) -> Token | None:
        """The token, while it is neither expired nor revoked."""
        token = self._by_access.get(access)
        if token is None or token.revoked or token.expires_at <= self._clock.now():
            return None
        return token

    def refresh(self, refresh: str, client_id: str) -> Token | None:
        """The next pair, once: a refresh token works one time. The old access token lives on until it expires."""
        token = self._by_refresh.get(refresh)
        if token is None or token.client_id != client_id or token.revoked:
            return None
        if token.refreshed:
            if self._rules.family_revoke:
                self._end_family(token.family)
            return None
        token.refreshed = True
        return self.issue(client_id, token.user, family=token.family)

    def revoke(self, value: str, client_id: str) -> None:
        """End the pair that this access or refresh token is of; an unknown one is nothing to end."""
        token = self._by_access.get(value) or self._by_refresh.get(value)
        if token is not None and token.client_id == client_id:
            token.revoked = True

    def alive(self) -> int:
        """How many access tokens work now."""
        return sum(self.holder(token.access) is not None for token in self._tokens)

    def _end_family(self, family: str) -> None:
        for token in self._tokens:
            if token.family == family:
                token.revoked = True
