"""What one playback means to Trakt: a pure function from a session and an event to a session and scrobbles.

Theory of operation
-------------------
A *session* is one place where things are played (a player's process, a device on a server). Within it, a *sitting* is
one item from its first PLAY to its end; a sitting counts at most once.

Everything that decides lives in two literal tables. ``TRANSITIONS`` says, for each state and each kind of event, the
next state and what is to be said. ``WINDOWS`` says in which share of the item Trakt accepts an action; what falls
outside its window is not said (``spec/sessions.md`` tells why each bound is what it is, and a test compares the tables
there with the ones here).

There is no clock, no I/O and no logger in this file. Time comes in with the event; a moment at which something must
be said without an event goes out as data (``deadline``) and comes back as ``expire``.

* An event older than the session, and a STOP for another item than the one that is on, came late and changes nothing.
* Another item means: the old one stopped, then the new one plays.
* START is said when playing begins or goes on after a pause was said, and once more when a seek has settled.
* The last position is remembered, because players say nothing, or 0, when they stop. A STOP that was received is
  completed by the time that has passed; a player that vanished is closed at the last position that it really told.
* After a watch the same item again is a repeat and is silent, unless it begins near its start: then it is a new
  sitting, which counts only if half of it is really played.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from scrobbler.events import Kind, Media, Percent, PlayerEvent, Seconds, SessionKey, percent

DEFAULT_ACCOUNT: Final = "default"
"""The account of somebody who has only one."""


class State(Enum):
    """What a session is doing."""

    IDLE = "idle"
    PLAYING = "playing"
    PAUSED = "paused"


class Action(Enum):
    """What is said to Trakt; the names of its endpoints."""

    START = "start"
    PAUSE = "pause"
    STOP = "stop"


class Window(Struct, frozen=True):
    """The share of an item in which an action is accepted: from ``low`` up to but not including ``below``."""

    low: Percent
    below: Percent

    def holds(self, share: Percent) -> bool:
        """Whether the action is accepted at this share."""
        return self.low <= share < self.below


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

ENDLESS: Final = Percent(float("inf"))
WATCHED: Final = Percent(80.0)
"""From here on a stop counts as watched (https://docs.trakt.tv, scrobble)."""

WINDOWS: Final[Mapping[Action, Window]] = {
    Action.START: Window(Percent(0.0), ENDLESS),
    Action.PAUSE: Window(Percent(1.0), WATCHED),
    Action.STOP: Window(Percent(1.0), ENDLESS),
}

MARKED: Final = Percent(90.0)
"""What a player's own watched mark is worth where it tells no position (Plex and Kodi mark at about 90 %)."""


class Policy(Struct, frozen=True, kw_only=True):
    """The numbers that are taste and not Trakt's."""

    seek_tolerance: Seconds = Seconds(3.0)
    """A position this far ahead of the expected one, or behind the last one, is a seek."""
    seek_settle: Seconds = Seconds(1.5)
    """So long must a seek rest before it is said."""
    repeat_within: Seconds = Seconds(12 * 3600.0)
    """So long after a watch the same item is taken for a repeat of it."""
    rewatch_begins_below: Percent = Percent(10.0)
    rewatch_plays: Percent = Percent(50.0)
    late: Seconds = Seconds(3600.0)
    """An event older than the last one came late; older than this, it is the clock that was set back."""
    silence: Seconds | None = None
    """After so long without an event a session is closed. None: its adapter tells when a player is gone."""


class Session(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One place of playback, as a snapshot that survives serialisation at any point."""

    key: SessionKey
    account: str
    state: State = State.IDLE
    sittings: int = 0
    """How many there were in this session so far."""
    sitting: str = ""
    """Names the sitting for ever: the session, the instant at which it began, its number (two may begin at once)."""
    media: Media | None = None
    at: datetime | None = None
    """The instant of the last event that was believed."""
    position: Seconds | None = None
    position_at: datetime | None = None
    """The last position that was not merely expected, and the instant at which it was so."""
    duration: Seconds | None = None
    rate: float = 1.0
    played: Seconds = Seconds(0.0)
    """How much of the item really passed on the screen in this sitting."""
    said: Action | None = None
    marked: bool = False
    """The player itself marked the item as watched."""
    watched: bool = False
    """A stop that counts was said for this sitting."""
    rewatch: bool = False
    """The item had been watched just before: this sitting counts only if enough of it is played."""
    seek_at: datetime | None = None
    """When a seek happened that has not been said yet."""

    def share(self) -> Percent | None:
        """How much of the item was played at the last event."""
        return percent(self.position, self.duration)


class Scrobble(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something to be said to Trakt about a sitting."""

    session: SessionKey
    sitting: str
    account: str
    action: Action
    media: Media
    at: datetime
    position: Seconds | None = None
    duration: Seconds | None = None
    rate: float = 1.0
    marked: bool = False
    """The player itself says that it was watched: where no position says otherwise, it was."""
    rewatch: bool = False
    """The item was watched again on purpose: that Trakt has it already is no reason to leave it out."""
    retract: bool = False
    """The sitting turned out to be none: what its start made is to be taken back."""

    def share(self) -> Percent | None:
        """The progress to be said; None until the duration is known."""
        share = percent(self.position, self.duration)
        if self.marked and (share is None or share < WINDOWS[Action.STOP].low):
            return MARKED
        return share

    def counts(self) -> bool | None:
        """Whether this makes a watch; None until the duration is known."""
        if self.action is not Action.STOP or self.retract:
            return False
        share = self.share()
        return None if share is None else share >= WATCHED


Said = tuple[Scrobble, ...]


def step(session: Session, event: PlayerEvent, policy: Policy) -> tuple[Session, Said]:
    """What an event makes of a session, and what is to be said because of it."""
    if session.at is not None and 0 < (session.at - event.at).total_seconds() <= policy.late:
        return session, ()
    if session.media is None or session.media.same_as(event.media):
        return _apply(session, event, policy)
    if event.kind is Kind.STOP:
        return session, ()
    _, last = _close(session, estimate(session, event.at), event.at, policy)
    other = Session(key=session.key, account=session.account, sittings=session.sittings)
    opened, first = _apply(other, event, policy)
    return opened, last + first


def expire(session: Session, now: datetime, policy: Policy) -> tuple[Session, Said]:
    """What the passing of time alone makes of a session. Called at its ``deadline`` or later; before it, nothing."""
    due = deadline(session, policy)
    if due is None or now < due:
        return session, ()
    if session.state is State.PLAYING and session.seek_at is not None:
        return _say(replace(session, seek_at=None), Action.START, estimate(session, now), now, policy)
    return vanish(session, policy)


def vanish(session: Session, policy: Policy) -> tuple[Session, Said]:
    """The player is gone without a word: a stop at its last known position, at the time when that was known."""
    if session.at is None:
        return session, ()
    return _close(session, session.position, session.at, policy)


def deadline(session: Session, policy: Policy) -> datetime | None:
    """When ``expire`` has something to do if no event comes first; None: never."""
    if session.state is State.PLAYING and session.seek_at is not None:
        return session.seek_at + timedelta(seconds=policy.seek_settle)
    if session.state is State.IDLE or session.at is None or policy.silence is None:
        return None
    return session.at + timedelta(seconds=policy.silence)


def estimate(session: Session, at: datetime) -> Seconds | None:
    """Where the item is at an instant: the last position and, while it plays, the time since, within the duration."""
    if session.position is None or session.position_at is None or session.state is not State.PLAYING:
        return session.position
    reached = session.position + max(0.0, (at - session.position_at).total_seconds()) * session.rate
    return Seconds(min(reached, max(session.duration, session.position)) if session.duration else reached)


def _apply(session: Session, event: PlayerEvent, policy: Policy) -> tuple[Session, Said]:
    """One step within one item."""
    state, action = TRANSITIONS[session.state, event.kind]
    if session.state is State.IDLE and state is not State.IDLE:
        session = _begin(session, event, policy)
    if state is State.IDLE:
        # Players say 0 when they stop after the end or no longer know; the time that passed knows better.
        position = event.place() or estimate(session, event.at)
        return _close(_move(session, event, position, policy), position, event.at, policy)
    place = event.place()
    position = estimate(session, event.at) if place is None else place
    moved = replace(_move(session, event, position, policy), state=state)
    if place is None and session.state is state is State.PLAYING:
        moved = replace(moved, position=session.position, position_at=session.position_at)
    if action is None or (action is moved.said is Action.START and moved.seek_at is None):
        return moved, ()  # a pause that was silent, past the watched mark, needs no new start
    return _say(moved, action, position, event.at, policy)


def _begin(session: Session, event: PlayerEvent, policy: Policy) -> Session:
    """The session at the first event of a sitting; a repeat of what was just watched stays in its old sitting."""
    number = session.sittings + 1
    fresh = Session(
        key=session.key,
        account=session.account,
        media=event.media,
        sittings=number,
        sitting=f"{session.key}@{event.at.isoformat()}.{number}",
    )
    seen = session.watched or session.rewatch
    if not seen or session.at is None or (event.at - session.at).total_seconds() > policy.repeat_within:
        return fresh
    began = percent(event.place(), event.duration)
    if began is not None and began < policy.rewatch_begins_below:
        return replace(fresh, rewatch=True)
    return session


def _move(session: Session, event: PlayerEvent, position: Seconds | None, policy: Policy) -> Session:
    """The session at the event's instant and position, with a seek noticed; its state is still the old one."""
    return replace(
        session,
        position=position,
        position_at=event.at,
        duration=event.duration or session.duration,
        rate=event.rate,
        at=event.at,
        played=_played(session, event.at, position),
        marked=session.marked or event.watched,
        seek_at=event.at if _is_seek(session, position, event.at, policy) else session.seek_at,
    )


def _is_seek(session: Session, position: Seconds | None, at: datetime, policy: Policy) -> bool:
    """Ahead of what the clock allows, or behind what was already shown. Merely late is buffering."""
    expected = estimate(session, at)
    if session.state is State.IDLE or position is None or expected is None or session.position is None:
        return False
    ahead = position > expected + policy.seek_tolerance
    return ahead or position < session.position - policy.seek_tolerance


def _played(session: Session, at: datetime, position: Seconds | None) -> Seconds:
    """What was shown until this instant: the time that passed, but no more than the position moved."""
    if session.state is not State.PLAYING or session.at is None:
        return session.played
    passed = (at - session.at).total_seconds() * session.rate
    if position is not None and session.position is not None:
        passed = min(passed, position - session.position)
    return Seconds(session.played + max(0.0, passed))


def _close(session: Session, position: Seconds | None, at: datetime, policy: Policy) -> tuple[Session, Said]:
    """End the sitting at a position; the session keeps what it needs to know a repeat."""
    if session.state is State.IDLE:
        return session, ()
    return _say(replace(session, state=State.IDLE, seek_at=None), Action.STOP, position, at, policy)


def _say(
    session: Session, action: Action, position: Seconds | None, at: datetime, policy: Policy
) -> tuple[Session, Said]:
    """Say an action, if its window and what the sitting already said allow it."""
    if session.media is None or session.watched:
        return session, ()
    scrobble = Scrobble(
        session=session.key,
        sitting=session.sitting,
        account=session.account,
        action=action,
        media=session.media,
        at=at,
        position=position,
        duration=session.duration,
        rate=session.rate,
        marked=session.marked and action is Action.STOP,
        rewatch=session.rewatch,
    )
    share = scrobble.share()
    outside = share is not None and not WINDOWS[action].holds(share)
    if action is Action.STOP and (outside or (scrobble.counts() and not _really_watched(session, policy))):
        if session.said is None:
            return session, ()
        scrobble = replace(scrobble, retract=True)
    elif outside:
        return session, ()
    return replace(session, said=action, watched=scrobble.counts() is True, seek_at=None), (scrobble,)


def _really_watched(session: Session, policy: Policy) -> bool:
    """A first watch counts by its position; a rewatch only if enough of the item was on the screen."""
    share = percent(session.played, session.duration)
    return not session.rewatch or (share is not None and share >= policy.rewatch_plays)
