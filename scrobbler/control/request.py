"""What commands and pages ask of the agent, and what they are answered. ``deed`` does it."""

from datetime import UTC, datetime
from typing import Annotated, Final

from msgspec import Meta, Struct

from scrobbler.control.people import MapUser, Switch
from scrobbler.events import Media
from scrobbler.state.corrections import Correction

MOST_IDS: Final = 1000
"""So many entries, at most, may one request be about."""
UNTIL_OFF: Final = datetime(9999, 1, 1, tzinfo=UTC)
"""Stands for incognito that ends only when it is switched off."""

Id = Annotated[int, Meta(ge=1, le=2**63 - 1)]
Ids = Annotated[tuple[Id, ...], Meta(max_length=MOST_IDS)]


class Retry(Struct, frozen=True, kw_only=True, tag="retry", forbid_unknown_fields=True):
    """These entries of the outbox are to be tried again."""

    ids: Ids


class Drop(Struct, frozen=True, kw_only=True, tag="drop", forbid_unknown_fields=True):
    """These entries of the outbox are to be forgotten."""

    ids: Ids


class Incognito(Struct, frozen=True, kw_only=True, tag="incognito", forbid_unknown_fields=True):
    """Until then what is watched is nobody's business."""

    account: str | None = None
    """None: all that there are."""
    until: Annotated[datetime, Meta(tz=True)] | None = None
    """None: what is watched is told again."""


class Correct(Struct, frozen=True, kw_only=True, tag="correct", forbid_unknown_fields=True):
    """This is what something really is, from now on; these entries of the outbox are to be tried again with it."""

    correction: Correction
    ids: Ids = ()


class Forget(Struct, frozen=True, kw_only=True, tag="forget", forbid_unknown_fields=True):
    """These corrections are to hold no longer."""

    ids: Ids


class Undo(Struct, frozen=True, kw_only=True, tag="undo", forbid_unknown_fields=True):
    """These plays are to be taken out of Trakt's history again."""

    plays: Ids


class Enter(Struct, frozen=True, kw_only=True, tag="enter", forbid_unknown_fields=True):
    """This account watched this, up to then."""

    account: str
    media: Media
    at: Annotated[datetime, Meta(tz=True)]
    item: str | None = None
    """Trakt's, as delivery writes it, where it is known."""


class Replace(Struct, frozen=True, kw_only=True, tag="replace", forbid_unknown_fields=True):
    """This play was of something else: it is to be removed, and the other to be added with its time."""

    play: Id
    media: Media
    item: str | None = None
    """As in ``Enter``."""


Request = Retry | Drop | Incognito | Correct | Forget | Undo | Enter | Replace | Switch | MapUser


class Handled(Struct, frozen=True, kw_only=True):
    """An entry with which was done what was asked for."""

    id: int
    account: str
    label: str


class Done(Struct, frozen=True, kw_only=True, tag="done"):
    """What was done with entries; ``left``: the ids of those that are being sent, or are gone."""

    entries: tuple[Handled, ...]
    left: tuple[int, ...]


class Hidden(Struct, frozen=True, kw_only=True, tag="hidden"):
    """The accounts that are incognito now, or are so no longer."""

    accounts: tuple[str, ...]


class Corrected(Struct, frozen=True, kw_only=True, tag="corrected"):
    """A correction is remembered under an id; ``entries`` are tried again, ``left`` are being sent, or gone."""

    id: int
    entries: tuple[Handled, ...]
    left: tuple[int, ...]


class Forgotten(Struct, frozen=True, kw_only=True, tag="forgotten"):
    """The ids of the corrections that hold no longer; ``left``: there were none of these."""

    ids: tuple[int, ...]
    left: tuple[int, ...]


class Removing(Struct, frozen=True, kw_only=True):
    """A play that is undone, and the entry that removes it at Trakt."""

    play: int
    entry: int
    account: str
    label: str
    watched_at: datetime


class Undone(Struct, frozen=True, kw_only=True, tag="undone"):
    """The plays that are undone; ``left``: there are none of these, or they were undone already."""

    plays: tuple[Removing, ...]
    left: tuple[int, ...]


class Entering(Struct, frozen=True, kw_only=True, tag="entered"):
    """What stands for a watch that was entered: the entry that adds it, or the play that it is already."""

    account: str
    label: str
    watched_at: datetime
    entry: int | None
    play: int | None
    new: bool
    """False where it had been entered before: then nothing was done."""


class Replaced(Struct, frozen=True, kw_only=True, tag="replaced"):
    """The play that is undone, and what stands in its place."""

    removed: Removing
    added: Entering


class Agreed(Struct, frozen=True, kw_only=True, tag="agreed"):
    """It holds from now on."""


class Refused(Struct, frozen=True, kw_only=True, tag="refused"):
    """Nothing was done, and why, in one line for the user."""

    why: str


Answer = Done | Hidden | Corrected | Forgotten | Undone | Entering | Replaced | Agreed | Refused


def shown(until: datetime | None) -> str:
    """How incognito is, for people."""
    if until is None:
        return "off"
    return "on until it is switched off" if until >= UNTIL_OFF else f"on until {until.astimezone():%d %b %H:%M}"
