"""What a server reported of one playback, made into the event that it is or the reason why it is none."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, TypeAlias

from msgspec import Struct

from scrobbler.adapters import Ignored
from scrobbler.events import Kind, Media, PlayerEvent, Seconds, SessionKey
from scrobbler.payload import identifiable
from scrobbler_mediabrowser.items import Reason


class Word(Struct, frozen=True, kw_only=True):
    """What an event of the server means."""

    kind: Kind
    tells_pauses: bool = False
    """It comes while something plays and while it is paused, and says which in ``IsPaused``."""
    marks: bool = False
    """It is itself a watched mark."""


_LONGEST: Final = 64
"""Signs of a word of the server that are kept for the log."""

Words: TypeAlias = Mapping[str, Word | Reason]
"""The events of a server, in lower case."""


class Seat(Struct, frozen=True, kw_only=True):
    """Who watches, and where."""

    user: str | None
    """The name, else the id."""
    user_id: str | None
    player: str
    """The device's id; empty where none was sent."""
    device: str | None
    """The device's name on the screen."""
    id: str
    """Tells apart what several users see on one device, each of whom the server reports by himself. It names no item:
    on one device a new item ends the old one."""


class Report(Struct, frozen=True, kw_only=True):
    """One playback at one instant."""

    kind: Kind
    media: Media
    position: Seconds | None
    duration: Seconds | None
    watched: bool


def seat(*, name: str | None, user: str | None, device: str | None, session: str | None, called: str | None) -> Seat:
    """Where a message comes from. Ids of users are written with and without dashes, in one case or the other."""
    whose = (user or "").replace("-", "").casefold() or (name or "").casefold()
    where = "" if device else session or ""
    return Seat(
        user=name or user,
        user_id=user,
        player=device or "",
        device=called,
        id="/".join(part for part in (whose, where) if part),
    )


def meaning(words: Words, heard: str | None) -> Word | Reason:
    """What an event means; what is not in the table is nothing to us."""
    return Reason.MALFORMED if heard is None else words.get(heard.casefold(), Reason.UNSUPPORTED)


def ended(position: Seconds | None, duration: Seconds | None, *, complete: bool) -> Seconds | None:
    """Where a playback ended: a client that tells no position is reported at 0, even where it came to the end."""
    return duration if complete and position == 0.0 else position


def within(position: Seconds | None, duration: Seconds | None) -> Seconds | None:
    """The position, or the end where it is up to 5 % past it. One further out is left for whoever divides the two."""
    if position is not None and duration and duration < position <= duration * 1.05:
        return duration
    return position


def judged(report: Report | Reason, source: str, seat: Seat, heard: str | None, at: datetime) -> PlayerEvent | Ignored:
    """The event, or why there is none."""
    heard = (heard or "")[:_LONGEST]
    if isinstance(report, Report) and not identifiable(report.media):
        report = Reason.LIVE if report.media.live else Reason.UNIDENTIFIED
    if isinstance(report, Reason):
        return Ignored(reason=report.value, heard=heard, user=seat.user, player=seat.player or None)
    event = _event(report, source, seat, heard, at)
    if not event.media.live:
        return event
    player = seat.player or None
    return Ignored(reason=Reason.LIVE.value, heard=heard, user=seat.user, player=player, event=event)


def _event(report: Report, source: str, seat: Seat, heard: str, at: datetime) -> PlayerEvent:
    return PlayerEvent(
        session=SessionKey(source=source, player=seat.player, id=seat.id),
        kind=report.kind,
        media=report.media,
        at=at,
        user=seat.user,
        user_id=seat.user_id,
        device=seat.device,
        position=within(report.position, report.duration),
        duration=report.duration,
        watched=report.watched,
        heard=heard,
    )
