"""A session as a snapshot, and what one sitting in it says: how it begins, what it may say, how it ends.

A *session* is one place where things are played (a player's process, a device on a server). Within it, a *sitting* is
one item from its first PLAY to its end; a sitting counts at most once. ``step`` decides when each of these happens.

After a watch the same item again is a repeat and is silent, unless it begins near its start: then it is a new sitting,
which counts only if half of it is really played. What was watched is remembered over other items.
"""

from datetime import datetime
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from scrobbler.events import Media, Percent, PlayerEvent, Seconds, SessionKey, percent
from scrobbler.machine.motion import Motion, State, estimate, played_until, told
from scrobbler.machine.parts import File
from scrobbler.machine.policy import Policy
from scrobbler.machine.scrobble import WATCHED, WINDOWS, Action, Said, Scrobble

DEFAULT_ACCOUNT: Final = "default"
"""The account of somebody who has only one."""
REMEMBERED: Final = 8
"""So many watched items are known again, at most, when a player comes back to one."""


class Seen(Struct, frozen=True, kw_only=True):
    """An item that was watched in a session, and when that ended."""

    media: Media
    at: datetime


class Session(Motion, frozen=True, kw_only=True, omit_defaults=True):
    """One place of playback, as a snapshot that survives serialisation at any point."""

    key: SessionKey
    account: str
    sittings: int = 0
    """How many there were in this session so far."""
    sitting: str = ""
    """Names the sitting for ever: the session, the instant at which it began, its number (two may begin at once)."""
    began_at: datetime | None = None
    media: Media | None = None
    file: File | None = None
    """The file that ``media`` is a part of, where it holds several episodes."""
    said: Action | None = None
    marked: bool = False
    """The player itself marked the item as watched."""
    watched: bool = False
    """A scrobble that counts was said for this sitting, or it repeats one: nothing more is said."""
    rewatch: bool = False
    """The item had been watched just before: this sitting counts only if enough of it is played."""
    incognito: bool = False
    """The sitting is nobody's business: nothing more is said."""
    seen: tuple[Seen, ...] = ()
    """What was watched in the sittings before this one."""


def begin(session: Session, event: PlayerEvent, policy: Policy) -> Session:
    """The session at the first event of a sitting. A repeat of what was watched has nothing more to say."""
    number = session.sittings + 1
    seen = _seen(session, event.at, policy)
    share = percent(event.place(), event.duration)
    began = event.percent if share is None else share
    behind = began is not None and began >= WATCHED  # nobody saw it pass the threshold
    fresh = Session(
        key=session.key,
        account=session.account,
        media=event.media,
        sittings=number,
        sitting=f"{session.key}@{event.at.isoformat()}.{number}",
        began_at=event.at,
        played=told(Motion(), event) or Seconds(0.0),
        reached=Seconds(0.0) if behind else None,
        incognito=policy.hides(event.at),
        seen=seen,
    )
    if not any(one.media.same_as(event.media) for one in seen):
        return fresh
    if began is not None and began < policy.rewatch_begins_below:
        return replace(fresh, rewatch=True)
    return replace(fresh, watched=True)


def _seen(session: Session, at: datetime, policy: Policy) -> tuple[Seen, ...]:
    """What was watched lately, with the sitting that has ended; a repeat does not make it any younger."""
    seen, media = session.seen, session.media
    known = next((one for one in seen if media is not None and one.media.same_as(media)), None)
    if media is not None and session.at is not None and (session.rewatch or (session.watched and known is None)):
        seen = (*(one for one in seen if one is not known), Seen(media=media, at=session.at))
    lately = [one for one in seen if (at - one.at).total_seconds() <= policy.repeat_within]
    return tuple(lately[-REMEMBERED:])


def hide(session: Session, at: datetime, policy: Policy) -> tuple[Session, Said]:
    """Incognito is on: take back what the sitting's start made, and say nothing more of it."""
    if session.state is State.IDLE or session.incognito or not policy.hides(at):
        return session, ()
    hidden = replace(session, incognito=True)
    if session.said is None or session.watched:
        return hidden, ()
    retracted = replace(scrobble(session, Action.STOP, session.position, at, policy), retract=True)
    return replace(hidden, said=Action.STOP), (retracted,)


def close(session: Session, position: Seconds | None, at: datetime, policy: Policy) -> tuple[Session, Said]:
    """End the sitting at a position; the session keeps what it needs to know a repeat."""
    if session.state is State.IDLE:
        return session, ()
    shown = played_until(session, at, position, policy)
    session = replace(session, played=shown, state=State.IDLE, seek_at=None)
    return say(session, Action.STOP, position, at, policy)


def close_early(session: Session, at: datetime, policy: Policy) -> tuple[Session, Said]:
    """Where the user wants so, say the stop as soon as it counts; the rest of the sitting is silent."""
    if not policy.at_threshold or session.state is not State.PLAYING or session.seek_at is not None:
        return session, ()
    position = estimate(session, at, policy)
    shown = replace(session, played=played_until(session, at, position, policy))
    closing = scrobble(shown, Action.STOP, position, at, policy).final()
    if closing.action is not Action.STOP or not closing.counts():
        return session, ()
    _, said = say(shown, Action.STOP, position, at, policy)
    return replace(session, said=Action.STOP, watched=True), said


def say(
    session: Session, action: Action, position: Seconds | None, at: datetime, policy: Policy
) -> tuple[Session, Said]:
    """Say an action, if its window and what the sitting already said allow it."""
    if session.watched or session.incognito:
        return session, ()
    said = scrobble(session, action, position, at, policy).final()
    share = said.share()
    outside = action is not Action.STOP and share is not None and not WINDOWS[action].holds(share)
    if outside or (said.retract and session.said is None):
        return session, ()
    return replace(session, said=action, watched=said.counts() is True, seek_at=None), (said,)


def scrobble(session: Session, action: Action, position: Seconds | None, at: datetime, policy: Policy) -> Scrobble:
    """An action with all that its final form depends on."""
    assert session.media is not None  # noqa: S101  # something is on
    return Scrobble(
        session=session.key,
        sitting=session.sitting,
        account=session.account,
        action=action,
        media=session.media,
        at=at,
        began_at=session.began_at or at,
        position=position,
        duration=session.duration,
        percent=session.percent,
        rate=session.rate,
        played=session.played,
        reached=session.reached,
        threshold=policy.threshold,
        needs=needs(session, policy),
        marked=session.marked and action is Action.STOP,
        rewatch=session.rewatch,
    )


def needs(session: Session, policy: Policy) -> Percent:
    """So much of the item must have been on the screen for the sitting to count."""
    return max(policy.really_watched, policy.rewatch_plays) if session.rewatch else policy.really_watched
