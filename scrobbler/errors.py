"""One error class for each thing that a caller does about it.

ScrobblerError
├─ ConfigError         the user's settings are wrong: name the key and the line, exit 2
├─ StateError          the state folder cannot be used as it is: say what was done about it
├─ PayloadError        what a player sent makes no sense: answer 400, go on
└─ TraktError
   ├─ Unavailable      surely not done: wait, then the same call again
   │  └─ Unreachable   not even a connection was made: wait for the network
   ├─ Uncertain        maybe done: look in the history before it is sent again
   ├─ Unauthorized     refresh the token once, then wait for a sign-in
   ├─ Closed           Trakt refuses this app or this account as such: stop and say so
   └─ Rejected         never: set it aside with the reason, go on with the next
"""


class ScrobblerError(Exception):
    """Base of everything that this program raises on purpose. Its text is meant for the user."""


class ConfigError(ScrobblerError):
    """A setting is wrong or missing. The text names file, line, key and what is allowed."""


class StateError(ScrobblerError):
    """The state folder cannot be used: locked by another agent, not writable, not ours."""


class PayloadError(ScrobblerError):
    """A body that no player of this kind sends."""


class TraktError(ScrobblerError):
    """A call to Trakt did not give what was asked for."""


class Unavailable(TraktError):
    """Nothing was done and the same call may succeed later (outage, rate limit, edge block)."""

    def __init__(self, text: str, *, retry_after: float | None = None) -> None:
        super().__init__(text)
        self.retry_after = retry_after
        """Seconds that Trakt asked us to wait, if it said so."""


class Unreachable(Unavailable):
    """No connection to Trakt could be made: nothing that was to be sent can be the reason."""


class Uncertain(TraktError):
    """The request left but no answer came back: it may have been done."""


class Unauthorized(TraktError):
    """The token is missing, expired or revoked."""


class Closed(TraktError):
    """The app was deleted, the account is locked, or a VIP is needed. Retrying cannot help."""


class Rejected(TraktError):
    """Trakt will never accept this request."""

    def __init__(self, text: str, *, status: int) -> None:
        super().__init__(text)
        self.status = status
