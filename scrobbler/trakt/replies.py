"""What Trakt answers, as data: one reader for each kind of reply that we use."""

from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from typing import Final

from msgspec import Struct

from scrobbler.errors import Uncertain
from scrobbler.events import Percent
from scrobbler.machine.scrobble import Action
from scrobbler.trakt.statuses import Reply
from scrobbler.trakt.wire import (
    Item,
    read_instant,
    read_item,
    read_number,
    read_rows,
    read_table,
    read_text,
)


class Outcome(Enum):
    """What Trakt did about a scrobble."""

    STARTED = "started"
    PAUSED = "paused"
    WATCHED = "watched"
    DUPLICATE = "duplicate"
    """The item was watched a moment ago; that play stands."""
    SKIPPED = "skipped"
    """Something else, such as a check-in, is on just now. A later stop counts all the same."""


_OUTCOMES: Final[Mapping[str | None, Outcome]] = {
    "start": Outcome.STARTED,
    "pause": Outcome.PAUSED,
    "scrobble": Outcome.WATCHED,
    "stop": Outcome.WATCHED,
}
"""By the word ``action`` of the reply. The contract says ``stop`` where the service says ``scrobble``."""


class ScrobbleReply(Struct, frozen=True, kw_only=True):
    """What became of a scrobble, and of what item Trakt understood it to be."""

    outcome: Outcome
    id: int = 0
    """Of the play if it was watched, of the resume point if it was paused; 0 where there is none."""
    item: Item | None = None
    watched_at: datetime | None = None
    """Of a duplicate: the play that stands."""
    expires_at: datetime | None = None
    """Of a duplicate or a check-in: until when it stands in the way."""


class HistoryAdded(Struct, frozen=True, kw_only=True):
    """What became of a play that was added by hand."""

    added: int
    not_found: bool


class HistoryRemoved(Struct, frozen=True, kw_only=True):
    """What became of plays that were to be removed."""

    removed: int
    not_found: frozenset[int]
    """The ids of those that are not in the history."""


class HistoryEntry(Struct, frozen=True, kw_only=True):
    """One play in the history."""

    id: int
    watched_at: datetime
    item: Item
    action: str = ""
    """Trakt's word for how it got there: ``scrobble``, ``checkin`` or ``watch``."""


class PlaybackEntry(Struct, frozen=True, kw_only=True):
    """One resume point."""

    id: int
    progress: Percent
    item: Item
    paused_at: datetime | None = None


class Watching(Struct, frozen=True, kw_only=True):
    """What the account watches just now."""

    item: Item
    action: str = ""
    started_at: datetime | None = None
    expires_at: datetime | None = None


class Settings(Struct, frozen=True, kw_only=True):
    """Whose account it is."""

    username: str
    slug: str | None = None
    vip: bool = False
    timezone: str | None = None


def read_scrobble(reply: Reply, action: Action) -> ScrobbleReply:
    """What became of a scrobble. Raises ``Uncertain`` where the reply does not say."""
    data = read_table(reply.data)
    if reply.status == 409:
        return ScrobbleReply(
            outcome=Outcome.DUPLICATE if action is Action.STOP else Outcome.SKIPPED,
            watched_at=read_instant(data, "watched_at"),
            expires_at=read_instant(data, "expires_at"),
        )
    outcome = _OUTCOMES.get(read_text(data, "action"))
    if outcome is None:
        raise Uncertain(f"Trakt did not say what it made of the {action.value}")
    return ScrobbleReply(outcome=outcome, id=read_number(data, "id") or 0, item=read_item(data))


def read_added(reply: Reply) -> HistoryAdded:
    """What became of plays that were added. Raises ``Uncertain`` where the reply does not say."""
    data = read_table(reply.data)
    if not isinstance(data.get("added"), dict):
        raise Uncertain("Trakt did not say what it added to the history")
    added, missing = read_table(data["added"]), read_table(data.get("not_found"))
    return HistoryAdded(
        added=(read_number(added, "movies") or 0) + (read_number(added, "episodes") or 0),
        not_found=any(missing.values()),
    )


def read_removed(reply: Reply) -> HistoryRemoved:
    """What became of plays that were to be removed. Raises ``Uncertain`` where the reply does not say."""
    data = read_table(reply.data)
    if not isinstance(data.get("deleted"), dict):
        raise Uncertain("Trakt did not say what it removed from the history")
    deleted = read_table(data["deleted"])
    missing = read_rows(read_table(data.get("not_found")).get("ids"))
    return HistoryRemoved(
        removed=(read_number(deleted, "movies") or 0) + (read_number(deleted, "episodes") or 0),
        not_found=frozenset(number for number in missing if isinstance(number, int)),
    )


def read_play(data: object) -> HistoryEntry | None:
    """One play, or None where it has no id, no instant or no item."""
    row, item = read_table(data), read_item(data)
    id_, watched_at = read_number(row, "id"), read_instant(row, "watched_at")
    if id_ is None or watched_at is None or item is None:
        return None
    return HistoryEntry(id=id_, watched_at=watched_at, item=item, action=read_text(row, "action") or "")


def read_playback(data: object) -> PlaybackEntry | None:
    """One resume point, or None where it has no id or no item."""
    row, item = read_table(data), read_item(data)
    id_, progress = read_number(row, "id"), row.get("progress")
    if id_ is None or item is None:
        return None
    share = Percent(float(progress)) if isinstance(progress, int | float) else Percent(0.0)
    return PlaybackEntry(id=id_, progress=share, item=item, paused_at=read_instant(row, "paused_at"))


def read_watching(reply: Reply) -> Watching | None:
    """What is on, or None; an account that watches nothing answers 204 without a body."""
    row, item = read_table(reply.data), read_item(reply.data)
    if item is None:
        return None
    return Watching(
        item=item,
        action=read_text(row, "action") or "",
        started_at=read_instant(row, "started_at"),
        expires_at=read_instant(row, "expires_at"),
    )


def read_settings(reply: Reply) -> Settings:
    """Whose account it is."""
    user, account = read_table(read_table(reply.data).get("user")), read_table(read_table(reply.data).get("account"))
    return Settings(
        username=read_text(user, "username") or "",
        slug=read_text(read_table(user.get("ids")), "slug"),
        vip=user.get("vip") is True,
        timezone=read_text(account, "timezone"),
    )
