"""The sandbox's switches: what is not settled about the real service, or is too slow for a test."""

from msgspec import Struct


class Rules(Struct, kw_only=True):
    """May be changed at any time; times are seconds. The defaults are what Trakt does, as far as that is known."""

    user: str = "sandbox"
    """Who approves, where nobody is named."""
    token_life: int = 604_800
    device_life: int = 600
    poll_interval: int = 5
    approve_after: float | None = None
    """A device code approves itself after this long; None: only by hand."""
    family_revoke: bool = False
    """Whether a refresh token that is used twice ends every token that came from the same sign-in."""
    write_gap: float = 1.0
    """A user's POST, PUT and DELETE may follow one another this fast; 0 switches the limit off."""
    reads: int = 1000
    reads_period: int = 300
    same_item: int = 3600
    """How long a second final stop of the same item is a duplicate."""
    watching_default: int = 3600
    """How long something of unknown runtime stays the watched one."""
    playback_kept: int = 182 * 86_400
    public_url: str | None = None
    """The address for the user's browser, where it is not the one that was asked."""
