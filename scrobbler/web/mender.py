"""What the page asks of those who know what Trakt has: what something may be, and how it is said what it really is.

The page itself looks nothing up. Whoever runs it hands in a ``Mender``.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from scrobbler.control.request import Request
from scrobbler.state.entry import Entry


class Which(Struct, frozen=True, kw_only=True):
    """What is to be mended: an entry of the outbox, or a play."""

    id: int
    is_play: bool = False


class Choice(Struct, frozen=True, kw_only=True):
    """Something that it may be."""

    name: str
    why: str
    """What speaks for it, in one short clause."""
    pick: str
    """What is given back to choose it."""


class Choices(Struct, frozen=True, kw_only=True):
    """It is not certain what it is: what it may be, the likeliest first, and why none of these is sure."""

    reason: str
    found: tuple[Choice, ...] = ()


class Subject(Struct, frozen=True, kw_only=True):
    """What is known of what is to be mended."""

    which: Which
    label: str
    account: str
    at: datetime
    path: str | None
    reason: str | None
    choices: tuple[Choice, ...]


class Named(Struct, frozen=True, kw_only=True):
    """It is what these words name: an address, an id or a name."""

    words: str


class Picked(Struct, frozen=True, kw_only=True):
    """It is this choice."""

    pick: str


class LeftOut(Struct, frozen=True, kw_only=True):
    """It is never to be told to Trakt."""


Meant = Named | Picked | LeftOut


class Remedy(Struct, frozen=True, kw_only=True):
    """What is to be asked of the agent, one after the other, and what that means in words."""

    requests: tuple[Request, ...]
    words: str


class Mender(Protocol):
    """Knows what Trakt has. What takes long happens on threads of its own."""

    def listed(self, entry: Entry) -> Sequence[Choice]:
        """What was kept with an entry when it was set aside. Asks nobody."""
        ...

    async def subject(self, which: Which) -> Subject:
        """What is to be mended. Asks nobody outside. Raises ``ScrobblerError`` where there is no such thing."""
        ...

    async def search(self, which: Which, words: str) -> Choices:
        """What it may be, by the words, or without any by its own. Raises ``ScrobblerError``."""
        ...

    async def remedy(self, which: Which, meant: Meant, scope: str | None) -> Remedy | Choices:
        """How that is said. ``scope``: "file", "folder", "show", or None for as much as makes sense.

        Raises ``ScrobblerError`` where it cannot be said, or Trakt cannot be asked.
        """
        ...
