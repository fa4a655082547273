"""What came of reading a name: what is known, who said it, and why no more."""

from collections.abc import Mapping
from enum import Enum

from msgspec import Struct

from scrobbler.events import Media
from scrobbler.reading.extras import Extra


class Source(Enum):
    """Who says it."""

    PLAYER = "player"
    NFO = "nfo"
    NAME = "name"
    FOLDER = "folder"
    GUESS = "guess"


class Read(Struct, frozen=True, kw_only=True):
    """It is certain what this is. ``sources`` say of each field of ``media`` who told it, also of ``show.title``."""

    media: Media
    sources: Mapping[str, Source]


class Unread(Struct, frozen=True, kw_only=True):
    """It is not certain what this is. Only what is in ``media`` is known all the same.

    ``guessable`` says that the name may be worth guessing; where it contradicts itself, it is not.
    """

    reason: str
    media: Media
    sources: Mapping[str, Source] = {}
    guessable: bool = False


Reading = Read | Extra | Unread
