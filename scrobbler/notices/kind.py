"""What there is to be told, kind by kind: whether it is told unasked, and which command helps."""

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Final

from msgspec import Struct


class Kind(Enum):
    """One thing that may be told."""

    SIGN_IN = "sign-in"
    ACCOUNT = "account"
    UNMATCHED = "unmatched"
    ASIDE = "aside"
    SILENT = "silent"
    REFUSED = "refused"
    STATE = "state"
    SCROBBLED = "scrobbled"


class Meaning(Struct, frozen=True, kw_only=True):
    """What a kind is about, in words for the user."""

    needed: bool
    """It needs the user, and is told unless he says otherwise."""
    tells: str
    command: str
    """The one that helps."""


KINDS: Final[Mapping[Kind, Meaning]] = {
    Kind.SIGN_IN: Meaning(
        needed=True, tells="nobody has signed in, or Trakt refuses the tokens", command="scrobbler login"
    ),
    Kind.ACCOUNT: Meaning(needed=True, tells="Trakt refuses the app or the account", command="scrobbler doctor"),
    Kind.UNMATCHED: Meaning(needed=True, tells="a watch was not recognised", command="scrobbler fix ENTRY"),
    Kind.ASIDE: Meaning(needed=True, tells="a watch cannot be delivered", command="scrobbler queue show ENTRY"),
    Kind.SILENT: Meaning(needed=True, tells="a player says nothing any more", command="scrobbler doctor"),
    Kind.REFUSED: Meaning(
        needed=True, tells="a webhook is called with a wrong secret", command="scrobbler webhook NAME"
    ),
    Kind.STATE: Meaning(needed=True, tells="the state file could not be used as it was", command="scrobbler status"),
    Kind.SCROBBLED: Meaning(needed=False, tells="Trakt has a watch", command="scrobbler undo"),
}
"""All of them, in the order in which they are shown."""

NEEDED: Final = "needed"
"""The word for all that need the user, where kinds are named."""
WORDS: Final = (NEEDED, *(kind.value for kind in Kind))
"""All words by which kinds are named."""


def named(words: Iterable[str]) -> frozenset[Kind]:
    """The kinds that these words name."""
    said = frozenset(words)
    return frozenset(kind for kind, one in KINDS.items() if kind.value in said or (one.needed and NEEDED in said))
