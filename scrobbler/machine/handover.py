"""A sitting that is not, or no longer, its account's: how it is taken back, and how it changes hands.

That is known only while it is on: what plays turns out to be of a kind that the user does not want counted, or he says
that somebody else sits before the player. A sitting that counted already stays as it is.
"""

from datetime import datetime

from msgspec.structs import replace

from scrobbler.events import Kind, PlayerEvent
from scrobbler.machine.motion import State, estimate
from scrobbler.machine.policy import Policy
from scrobbler.machine.scrobble import Action, Said
from scrobbler.machine.session import Session, close, scrobble
from scrobbler.machine.step import step


def leave(session: Session, at: datetime, policy: Policy) -> tuple[Session, Said]:
    """End the sitting that is on as if it had never been: what its start made is taken back."""
    left = Session(key=session.key, account=session.account, sittings=session.sittings, seen=session.seen)
    if session.said is None or session.watched or session.incognito:
        return left, ()
    return left, (replace(scrobble(session, Action.STOP, session.position, at, policy), retract=True),)


def turn_away(session: Session, event: PlayerEvent, policy: Policy) -> tuple[Session, Said]:
    """An event that is not to be counted: what is on is left if it is about that, and else ends where it is by then."""
    if session.state is State.IDLE or (session.at is not None and event.at < session.at):
        return session, ()
    if is_on(session, event):
        return leave(session, event.at, policy)
    if event.kind is Kind.STOP:
        return session, ()
    return close(session, estimate(session, event.at, policy), event.at, policy)


def is_on(session: Session, event: PlayerEvent) -> bool:
    """Whether the event is about the item, or the file, that is on."""
    known = (session.media, session.file.media if session.file is not None else None)
    return session.state is not State.IDLE and any(one is not None and one.same_as(event.media) for one in known)


def changes_hands(session: Session) -> bool:
    """Whether the sitting can still be somebody else's: it is on, did not count yet, and is not nobody's business."""
    return session.state is not State.IDLE and not session.watched and not session.incognito


def take_over(session: Session, account: str, at: datetime, policy: Policy) -> tuple[Session, Said]:
    """The sitting of another account, as this one's: it begins where it is, and what lies before was seen as well."""
    assert session.media is not None  # noqa: S101  # something is on
    place = estimate(session, at)
    event = PlayerEvent(
        session=session.key,
        kind=Kind.PLAY if session.state is State.PLAYING else Kind.PAUSE,
        media=session.media,
        at=at,
        position=place,
        duration=session.duration,
        percent=session.percent if place is None else None,
        rate=session.rate,
    )
    taken, said = step(Session(key=session.key, account=account, sittings=session.sittings), event, policy)
    return replace(taken, file=session.file, marked=session.marked), said
