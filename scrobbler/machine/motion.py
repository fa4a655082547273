"""Where an item is, how it got there, and how much of it was seen on the way: what events tell, and what time adds.

A position is *told* by an event, or *expected* from the last told one and the time since. Only what was told is
remembered while something plays, so that a player that vanishes is closed where it really was.
"""

from datetime import datetime
from enum import Enum
from typing import Final, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from scrobbler.events import Kind, Percent, PlayerEvent, Seconds, percent
from scrobbler.machine.policy import Policy
from scrobbler.machine.scrobble import MARKED


class State(Enum):
    """What a session is doing."""

    IDLE = "idle"
    PLAYING = "playing"
    PAUSED = "paused"


class Motion(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The part of a session that moves."""

    state: State = State.IDLE
    at: datetime | None = None
    """The instant of the last event that was believed."""
    position: Seconds | None = None
    position_at: datetime | None = None
    """The last position that was not merely expected, and the instant at which it was so."""
    percent: Percent | None = None
    """The share that the player told, where it told no position."""
    duration: Seconds | None = None
    rate: float = 1.0
    played: Seconds = Seconds(0.0)
    """How much of the item was on the screen in this sitting; what lies before the place where it was taken up counts
    as well, because it was seen on another day."""
    reached: Seconds | None = None
    """Up to here the item was seen without a gap."""
    seek_at: datetime | None = None
    """When a seek happened that has not been said yet."""

    def share(self) -> Percent | None:
        """How much of the item was played at the last event."""
        share = percent(self.position, self.duration)
        return self.percent if share is None else share


M = TypeVar("M", bound=Motion)
ANY: Final = Policy()


def estimate(motion: Motion, at: datetime, policy: Policy = ANY) -> Seconds | None:
    """Where the item is at an instant: the last position and, while it plays, the time since, within the duration."""
    if motion.position is None or motion.position_at is None or motion.state is not State.PLAYING:
        return motion.position
    passed = policy.trusted((at - motion.position_at).total_seconds())
    reached = max(0.0, motion.position + passed * motion.rate)
    return Seconds(min(reached, max(motion.duration, motion.position)) if motion.duration else reached)


def told(motion: Motion, event: PlayerEvent) -> Seconds | None:
    """The position that an event tells, also as a share of the duration that is known; None where it tells none.

    Players say 0 when they stop after the end, or no longer know.
    """
    place = replace(event, duration=event.duration or motion.duration).place()
    return None if event.kind is Kind.STOP and not place else place


def moved(motion: M, event: PlayerEvent, state: State, policy: Policy) -> M:
    """The motion after an event that leads to a state."""
    duration = event.duration or motion.duration
    place, expected = told(motion, event), estimate(motion, event.at, policy)
    marked = event.watched and place is None
    keeps = place is None and motion.state is state is State.PLAYING and event.rate == motion.rate
    seek = _is_seek(motion, event, place, expected, policy)
    changed = replace(
        motion,
        state=state,
        at=event.at,
        percent=event.percent if place is not None or event.percent is not None or marked else motion.percent,
        duration=duration,
        rate=event.rate,
        played=played_until(motion, event.at, place, policy),
        reached=_reached(motion, place, policy, seek=seek),
        seek_at=event.at if seek or _slept(motion, event.at, state, policy) else motion.seek_at,
    )
    if marked and duration:
        return replace(changed, position=Seconds(max(MARKED / 100 * duration, expected or 0.0)), position_at=event.at)
    return changed if keeps else replace(changed, position=expected if place is None else place, position_at=event.at)


def played_until(motion: Motion, at: datetime, place: Seconds | None, policy: Policy) -> Seconds:
    """What was shown until this instant: the time that passed, but no more than the position moved."""
    if motion.state is not State.PLAYING or motion.at is None:
        return motion.played
    passed = (at - motion.at).total_seconds()
    if place is None or motion.position is None:
        return Seconds(motion.played + max(0.0, policy.trusted(passed) * motion.rate))
    return Seconds(motion.played + max(0.0, min(passed * motion.rate, place - motion.position)))


def _is_seek(
    motion: Motion, event: PlayerEvent, place: Seconds | None, expected: Seconds | None, policy: Policy
) -> bool:
    """Ahead of what the clock allows, or behind what was already shown. Merely late is buffering."""
    if motion.state is State.IDLE or place is None or expected is None or motion.position is None:
        return False
    coarse = 0.0 if event.position is not None else (motion.duration or 0.0) / 100  # shares come in whole percents
    tolerance = policy.seek_tolerance + coarse
    return place > expected + tolerance or place < motion.position - tolerance


def _slept(motion: Motion, at: datetime, state: State, policy: Policy) -> bool:
    """Whether more time passed while it played than can have: Trakt's card has run out, and is due anew."""
    if motion.at is None or policy.trust is None or not motion.state is state is State.PLAYING:
        return False
    return (at - motion.at).total_seconds() > policy.trust


def _reached(motion: Motion, place: Seconds | None, policy: Policy, *, seek: bool) -> Seconds | None:
    """How far it was seen without a gap: on from there where it plays on, and no further by a seek."""
    if motion.reached is None or place is None or motion.position is None:
        return place if motion.reached is None else motion.reached
    joined = motion.position <= motion.reached + policy.seek_tolerance
    goes_on = motion.state is State.PLAYING and joined and place > motion.position and not seek
    return max(motion.reached, place) if goes_on else motion.reached
