"""Apps that ask through the user's browser: what they ask for, and the code that they get for a yes."""

import secrets
from base64 import urlsafe_b64encode
from datetime import datetime, timedelta
from hashlib import sha256

from msgspec import Struct

from scrobbler.sandbox.clock import SandboxClock
from scrobbler.sandbox.rules import Rules
from scrobbler.sandbox.tokens import Token, Tokens


class Invitation(Struct, frozen=True, kw_only=True):
    """What an app asks for at ``/oauth/authorize``. ``challenge`` is that of PKCE (S256), if it sent one."""

    client_id: str
    redirect_uri: str
    state: str = ""
    challenge: str = ""


class Invitations:
    """The codes that were given out and not yet changed into tokens."""

    def __init__(self, clock: SandboxClock, rules: Rules, tokens: Tokens) -> None:
        self._clock = clock
        self._rules = rules
        self._tokens = tokens
        self._codes: dict[str, tuple[Invitation, str, datetime]] = {}

    def open(self, invitation: Invitation, user: str) -> str:
        """A code that the app may change into tokens within ten minutes, once."""
        code = secrets.token_urlsafe(32)
        self._codes[code] = (invitation, user, self._clock.now() + timedelta(seconds=self._rules.device_life))
        return code

    def redeem(self, code: str, *, client_id: str, redirect_uri: str, verifier: str = "") -> Token | None:
        """The tokens for a code; None where anything differs from what the user agreed to."""
        invitation, user, expires_at = self._codes.pop(code, (None, "", None))
        if invitation is None or expires_at is None or expires_at <= self._clock.now():
            return None
        if (invitation.client_id, invitation.redirect_uri) != (client_id, redirect_uri):
            return None
        if invitation.challenge and invitation.challenge != challenge_of(verifier):
            return None
        return self._tokens.issue(client_id, user)


def challenge_of(verifier: str) -> str:
    """The S256 challenge of RFC 7636."""
    return urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
