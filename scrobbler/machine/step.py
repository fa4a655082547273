"""What one playback means to Trakt: a pure function from a session and an event to a session and scrobbles.

Theory of operation
-------------------
Everything that decides lives in literal tables. ``TRANSITIONS`` says, for each state and each kind of event, the next
state and what is to be said; ``scrobble`` holds the windows in which it may be said, and the one filter by which a
stop becomes a watch or none. ``spec/sessions.md`` tells why each is as it is, and a test compares the tables there
with the ones here.

There is no clock, no I/O and no logger in this file. Time comes in with the event; a moment at which something must
be said without an event goes out as data (``deadline``) and comes back as ``expire``.

* An event older than the session, and a STOP for another item than the one that is on, came late and changes nothing.
* Another item means: the old one stopped, then the new one plays. The parts of a file are items (``parts``).
* START is said when playing begins or goes on after a pause was said, and once more when a seek has settled.
* Players say nothing, or 0, when they stop. A STOP that was received is completed by the time that has passed; a
  player that vanished is closed at the last position that it really told (``motion``).
* What a sitting says, what repeats one, and what is nobody's business is for ``session`` to know.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from scrobbler.events import Kind, Media, PlayerEvent, Seconds
from scrobbler.machine.motion import State, estimate, moved, told
from scrobbler.machine.parts import File, file_of
from scrobbler.machine.policy import Policy
from scrobbler.machine.scrobble import Action, Said
from scrobbler.machine.session import Session, begin, close, close_early, hide, needs, say, scrobble

TRANSITIONS: Final[Mapping[tuple[State, Kind], tuple[State, Action | None]]] = {
    (State.IDLE, Kind.PLAY): (State.PLAYING, Action.START),
    (State.IDLE, Kind.PAUSE): (State.PAUSED, None),
    (State.IDLE, Kind.STOP): (State.IDLE, None),
    (State.PLAYING, Kind.PLAY): (State.PLAYING, None),
    (State.PLAYING, Kind.PAUSE): (State.PAUSED, Action.PAUSE),
    (State.PLAYING, Kind.STOP): (State.IDLE, Action.STOP),
    (State.PAUSED, Kind.PLAY): (State.PLAYING, Action.START),
    (State.PAUSED, Kind.PAUSE): (State.PAUSED, None),
    (State.PAUSED, Kind.STOP): (State.IDLE, Action.STOP),
}

_LONGEST: Final = 30 * 86400.0
"""Seconds; nothing plays longer than this."""


class Facts(Struct, frozen=True, kw_only=True):
    """What was looked up about an item, or about one part of a file."""

    media: Media
    runtime: Seconds


def step(session: Session, event: PlayerEvent, policy: Policy) -> tuple[Session, Said]:
    """What an event makes of a session, and what is to be said because of it."""
    if session.at is not None and 0 < (session.at - event.at).total_seconds() <= policy.late:
        return _hear_late(session, event, policy)
    session, hidden = hide(session, event.at, policy)
    file = file_of(session.file, event, on=session.state is not State.IDLE or _just_ended(session, event, policy))
    passed: Said = ()
    if file is not None:
        session, event, passed = _enter(session, event, file, policy)
    session, heard = _hear(session, event, file, policy)
    session, early = close_early(session, event.at, policy)
    return session, hidden + passed + heard + early


def expire(session: Session, now: datetime, policy: Policy) -> tuple[Session, Said]:
    """What the passing of time alone makes of a session. Called at its ``deadline`` or later; before it, nothing."""
    due = deadline(session, policy)
    if due is None or now < due:
        return session, ()
    silent = _silent_at(session, policy)
    if silent is not None and silent <= now:
        return vanish(session, policy)
    if session.at is not None and policy.hides(session.at) and not session.incognito:
        return hide(session, session.at, policy)
    if session.seek_at is not None:
        return say(replace(session, seek_at=None), Action.START, estimate(session, now, policy), now, policy)
    if due == _border_at(session, policy):
        return _cross(session, due, policy)
    return close_early(session, due, policy)


def vanish(session: Session, policy: Policy) -> tuple[Session, Said]:
    """The player is gone without a word: a stop at its last known position, at the time when that was known."""
    at = session.at
    if at is None:
        return session, ()
    session, hidden = hide(session, at, policy)
    session, said = close(session, session.position, at, policy)
    return session, hidden + said


def deadline(session: Session, policy: Policy) -> datetime | None:
    """When ``expire`` has something to do if no event comes first; None: never."""
    if session.state is State.IDLE or session.at is None:
        return None
    if policy.hides(session.at) and not session.incognito:
        return session.at
    dues = [_silent_at(session, policy)]
    if session.state is State.PLAYING and session.seek_at is not None:
        dues.append(session.seek_at + timedelta(seconds=policy.seek_settle))
    else:
        dues += [_border_at(session, policy), _enough_at(session, policy)]
    return min((due for due in dues if due is not None), default=None)


def learn(session: Session, facts: Facts, policy: Policy) -> tuple[Session, Said]:
    """What a runtime that was looked up makes of a session. It fills only what the player did not say itself."""
    said: Said = ()
    at, file = session.at, session.file
    number = file.number_of(facts.media) if file is not None else None
    if at is None or facts.runtime <= 0:
        return session, ()
    if file is not None and number is not None:
        better = replace(file, runtimes={**file.runtimes, number: facts.runtime})
        session, said = _measure(session, file, better, at, policy)
    elif session.media is not None and session.media.same_as(facts.media) and not session.duration:
        session = _timed(session, facts.runtime)
    if session.state is State.IDLE and session.said is Action.STOP:
        closed = scrobble(session, Action.STOP, session.position, at, policy).final()
        return replace(session, watched=session.watched or closed.counts() is True), said
    session, early = close_early(session, at, policy)
    return session, said + early


def _enter(session: Session, event: PlayerEvent, file: File, policy: Policy) -> tuple[Session, PlayerEvent, Said]:
    """The event as one about a part of its file, after the borders that were passed until then."""
    number = file.number_of(session.media) if session.state is not State.IDLE else None
    if number is not None:
        session = replace(session, file=file, duration=file.length(number))
    target = file.target(event, number)
    said: Said = ()
    while number is not None and (target is None or number < target):
        due = _border_at(session, policy)
        if due is None or due > event.at:
            break
        session, more = _cross(session, due, policy)
        number, said = number + 1, said + more
    expected = None if number is None else estimate(session, event.at, policy)
    event = file.narrow(event, number, expected)
    if event.kind is Kind.STOP and number not in (None, event.media.episode):
        session, more = _hear(session, replace(event, kind=Kind.PAUSE, watched=False), file, policy)
        said += more
    return session, event, said


def _cross(session: Session, at: datetime, policy: Policy) -> tuple[Session, Said]:
    """Pass from one part of a file to the next."""
    file = session.file
    number = file.number_of(session.media) if file is not None else None
    assert file is not None  # noqa: S101  # there is a border
    assert number is not None  # noqa: S101
    event = PlayerEvent(
        session=session.key,
        kind=Kind.PLAY,
        media=file.part(number + 1),
        at=at,
        position=Seconds(0.0),
        duration=file.length(number + 1),
        rate=session.rate,
    )
    return _switch(session, event, file, policy)


def _timed(session: Session, runtime: Seconds) -> Session:
    """The session of an item whose length is known at last; a share becomes a place by it."""
    place = session.position
    if place is None and session.percent is not None:
        place = Seconds(session.percent / 100 * runtime)
    return replace(session, duration=runtime, position=place, position_at=session.position_at or session.at)


def _measure(session: Session, before: File, file: File, at: datetime, policy: Policy) -> tuple[Session, Said]:
    """The session when the parts of its file turn out to be of other lengths; another of them may be on."""
    number = file.number_of(session.media)
    if number is None or before == file:
        return session, ()
    session = replace(session, file=file)
    old, new = before.begins(number), file.begins(number)
    session = replace(session, duration=file.length(number))
    if old is None or new is None or session.state is State.IDLE or session.position is None:
        return session, ()
    moved_by, place = old - new, Seconds(old + session.position)
    session = replace(
        session,
        position=_within(session.position + moved_by, session.duration),
        reached=None if session.reached is None else _within(session.reached + moved_by, session.duration),
    )
    target = file.at(place, None)
    if target == number:
        return session, ()
    kind = Kind.PLAY if session.state is State.PLAYING else Kind.PAUSE
    event = PlayerEvent(session=session.key, kind=kind, media=file.media, at=at, rate=session.rate)
    return _switch(session, file.event(event, target, place), file, policy)


def _within(place: float, duration: Seconds | None) -> Seconds:
    return Seconds(max(0.0, place if duration is None else min(place, duration)))


def _hear_late(session: Session, event: PlayerEvent, policy: Policy) -> tuple[Session, Said]:
    """What came late changes nothing; but that the player took the item for watched is true whenever it comes."""
    if not event.watched or session.file is not None or session.media is None:
        return session, ()
    if not session.media.same_as(event.media):
        return session, ()
    if session.state is not State.IDLE:
        return replace(session, marked=True), ()
    return _apply(session, event, policy) if _marks_what_ended(session, event, policy) else (session, ())


def _hear(session: Session, event: PlayerEvent, file: File | None, policy: Policy) -> tuple[Session, Said]:
    """One step about an item that may be another one than the one that is on."""
    if session.media is not None and not session.media.same_as(event.media):
        return (session, ()) if event.kind is Kind.STOP else _switch(session, event, file, policy)
    begins = session.state is State.IDLE
    session, said = _apply(session, event, policy)
    return (replace(session, file=file) if begins and session.state is not State.IDLE else session), said


def _switch(session: Session, event: PlayerEvent, file: File | None, policy: Policy) -> tuple[Session, Said]:
    """Another item: the old one is stopped where it must have been by then, and the new one begins."""
    jumped = file is not None and session.state is not State.IDLE and file.number_of(session.media) is not None
    session, last = close(session, estimate(session, event.at, policy), event.at, policy)
    session, first = _apply(session, event, policy)
    if jumped:  # it adds nothing to what was seen, however far into the part it led
        session = replace(session, played=Seconds(0.0), reached=Seconds(0.0))
    return replace(session, file=file), last + first


def _apply(session: Session, event: PlayerEvent, policy: Policy) -> tuple[Session, Said]:
    """One step within one item."""
    state, action = TRANSITIONS[session.state, event.kind]
    if session.state is State.IDLE:
        if _marks_what_ended(session, event, policy):
            marked = replace(session, marked=True)
            return (session, ()) if session.marked else say(marked, Action.STOP, told(session, event), event.at, policy)
        if state is State.IDLE:
            return session, ()
        session = begin(session, event, policy)
    session = replace(moved(session, event, state, policy), marked=session.marked or event.watched)
    if action is None or (action is session.said is Action.START and session.seek_at is None):
        return session, ()  # a pause that was silent, past the watched mark, needs no new start
    return say(session, action, session.position, event.at, policy)


def _marks_what_ended(session: Session, event: PlayerEvent, policy: Policy) -> bool:
    """Whether this is the player's watched mark for the sitting that it has just ended: they come in either order."""
    if not event.watched or session.media is None or not session.media.same_as(event.media):
        return False
    return _just_ended(session, event, policy)


def _just_ended(session: Session, event: PlayerEvent, policy: Policy) -> bool:
    """Whether what the player says may still be about what was on last."""
    return session.at is not None and abs((event.at - session.at).total_seconds()) <= policy.mark_within


def _silent_at(session: Session, policy: Policy) -> datetime | None:
    """When its silence ends a session."""
    return None if session.at is None or policy.silence is None else session.at + timedelta(seconds=policy.silence)


def _border_at(session: Session, policy: Policy) -> datetime | None:
    """When the part that plays is over and the next one begins."""
    number = session.file.number_of(session.media) if session.file is not None else None
    if session.file is None or number is None or number == session.file.numbers()[-1] or not session.duration:
        return None
    return _reaches_at(session, session.duration, policy)


def _enough_at(session: Session, policy: Policy) -> datetime | None:
    """When what plays will have come far enough to count, where the user wants its stop said then."""
    if not policy.at_threshold or session.watched or session.incognito or not session.duration or session.at is None:
        return None
    far = _reaches_at(session, Seconds(policy.threshold / 100 * session.duration), policy)
    if far is None:
        return None
    missing = (needs(session, policy) / 100 * session.duration - session.played) / session.rate
    due = max(far, session.at + timedelta(seconds=min(max(missing, 0.0), _LONGEST), microseconds=1))
    _, said = close_early(session, due, policy)
    return due if said else None


def _reaches_at(session: Session, place: Seconds, policy: Policy) -> datetime | None:
    """When it comes to a place if it plays on; None where it does not, or where nobody would believe it by then."""
    told_at, at = session.position_at, session.at
    if session.state is not State.PLAYING or session.position is None or told_at is None or at is None:
        return None
    wait = max(0.0, place - session.position) / session.rate if session.rate > 0 else _LONGEST
    if wait >= _LONGEST or policy.trusted(wait) < wait:
        return None
    return max(at, told_at + timedelta(seconds=wait, microseconds=1))
