"""What is said to Trakt about a sitting, in which share of the item it may be said, and when it is final.

A scrobble is made before everything is known about its item, so it carries what its last form depends on: how much
was played, and what the user asks of a watch. ``final`` gives that form, once, and the same again if it is asked
again; ``measured`` does so for a runtime that was only found out on the way to Trakt. No other place in the program
decides whether something is a watch. ``spec/sessions.md`` has the tables, and a test compares them.
"""

import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Final

from msgspec import Struct
from msgspec.structs import force_setattr, replace

from scrobbler.events import Media, Percent, Seconds, SessionKey, percent


class Action(Enum):
    """What is said to Trakt. START, PAUSE and STOP are the names of its endpoints for scrobbles."""

    START = "start"
    PAUSE = "pause"
    STOP = "stop"
    HISTORY = "history"
    """A watch that no stop can express, to be added with its true time: marked below 80 %, or entered by hand."""
    REMOVE = "remove"
    """A watch that is to be taken out of the history again."""


class Window(Struct, frozen=True):
    """The share of an item in which an action is accepted: from ``low`` up to but not including ``below``."""

    low: Percent
    below: Percent

    def holds(self, share: Percent) -> bool:
        """Whether the action is accepted at this share."""
        return self.low <= share < self.below


ENDLESS: Final = Percent(float("inf"))
WATCHED: Final = Percent(80.0)
"""From here on a stop counts as watched (https://docs.trakt.tv, scrobble)."""

WINDOWS: Final[Mapping[Action, Window]] = {
    Action.START: Window(Percent(0.0), ENDLESS),
    Action.PAUSE: Window(Percent(1.0), WATCHED),
    Action.STOP: Window(Percent(1.0), ENDLESS),
    Action.HISTORY: Window(Percent(1.0), WATCHED),
}

MARKED: Final = Percent(90.0)
"""What a player's own watched mark is worth where it tells no position (Plex and Kodi mark at about 90 %)."""
CAPPED: Final = Percent(79.9)
"""What is said of a sitting that came far enough for Trakt but not for the user: it keeps the place, and no more."""

BY_HAND: Final = SessionKey(source="scrobbler", player="by hand")
"""The session of what the user says himself: watches that are entered, and those that are taken back."""

_BEFORE_OR_AFTER: Final = timedelta(minutes=2)
_NOT_TOLD: Final = datetime.max.replace(tzinfo=UTC)


class Scrobble(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something to be said to Trakt about a sitting."""

    session: SessionKey
    sitting: str
    account: str
    action: Action
    media: Media
    at: datetime
    began_at: datetime = _NOT_TOLD
    """The instant of the sitting's first event; never after ``at``."""
    position: Seconds | None = None
    duration: Seconds | None = None
    percent: Percent | None = None
    """The share that the player told, where it told no position."""
    rate: float = 1.0
    played: Seconds = Seconds(0.0)
    """How much of the item was on the screen; what lies before the place where it was taken up counts as well."""
    reached: Seconds | None = None
    """Up to here it was seen without a gap; behind ``position`` where the user went back afterwards."""
    threshold: Percent = WATCHED
    """From here on the user takes it for watched; never under Trakt's own."""
    needs: Percent = Percent(0.0)
    """So much of it must have been on the screen to count."""
    marked: bool = False
    """The player itself says that it was watched: where no position says otherwise, it was."""
    rewatch: bool = False
    """The item was watched again on purpose: that Trakt has it already is no reason to leave it out."""
    retract: bool = False
    """The sitting turned out to be none: what its start made is to be taken back."""
    capped: bool = False
    """It came as far as Trakt asks, but not as far as the user does."""

    def __post_init__(self) -> None:
        if self.began_at > self.at:
            force_setattr(self, "began_at", self.at)

    def share(self) -> Percent | None:
        """The progress to be said; None until the duration is known."""
        if self.capped:
            return CAPPED
        share = percent(self.position, self.duration)
        share = self.percent if share is None else Percent(round(share, 6))
        if self.marked and (share is None or share < WINDOWS[Action.STOP].low):
            return MARKED
        return share

    def counts(self) -> bool | None:
        """Whether this makes a watch; None until all is known that it depends on."""
        if self.action is Action.HISTORY:
            return True
        if self.action is not Action.STOP or self.retract:
            return False
        share, enough = self.share(), self._enough()
        if share is None or (share >= self.threshold and enough is None):
            return None
        return share >= self.threshold and enough is True

    def lasts(self) -> bool:
        """Whether it must get to Trakt whatever comes after it: it may be a watch, or takes one back."""
        return self.action is Action.REMOVE or self.counts() is not False

    def measured(self, runtime: Seconds | None) -> "Scrobble":
        """Its final form, by a runtime from elsewhere where the player told none, or one that its position belies."""
        known = self.duration if self.position is None else percent(self.position, self.duration)
        return (self if runtime is None or known is not None else replace(self, duration=runtime)).final()

    def final(self) -> "Scrobble":
        """The form in which it may be sent, as far as that can be known by now; itself if it ends nothing."""
        if self.action is not Action.STOP or self.retract or self.capped:
            return self
        best, share, enough = self._from_furthest(), self.share(), self._enough()
        seen = best.share()
        if seen is not None and seen >= self.threshold:
            return best if enough is not False else self._refused()
        if share is None:
            return self
        if share >= WATCHED:
            return replace(self, capped=True)
        if self.marked and enough and self.threshold <= WATCHED:
            return replace(self, action=Action.HISTORY)
        return replace(self, retract=True) if share < WINDOWS[Action.STOP].low else self

    def _from_furthest(self) -> "Scrobble":
        """The same at the furthest place that was really seen: who looks something up again has watched it."""
        if self.reached is None or (self.position is not None and self.reached <= self.position):
            return self
        furthest = replace(self, position=self.reached)
        share = percent(self.reached, self.duration)
        return furthest if share is not None and share >= self.threshold else self

    def _refused(self) -> "Scrobble":
        """Too little of it was on the screen: a rewatch was none, and of anything else the place is kept."""
        return replace(self, retract=True) if self.rewatch else replace(self, capped=True)

    def _enough(self) -> bool | None:
        """Whether enough was on the screen; None until the duration is known."""
        share = percent(self.played, self.duration) if self.needs else ENDLESS
        if share is None and self.duration:
            return True  # more was played than there is: it was played faster, or again
        return None if share is None else share >= self.needs


Said = tuple[Scrobble, ...]


def overlap(one: Scrobble, other: Scrobble) -> bool:
    """Whether two closing scrobbles may be of one playback that two sources tell: their sittings were at one time.

    Two sittings of one session never are. Two minutes between them are allowed, because a source may notice an end
    late, and because somebody may finish the credits on another screen; but not where one was watched again on
    purpose, since that begins right after the other.
    """
    slack = timedelta(0) if one.rewatch or other.rewatch else _BEFORE_OR_AFTER
    return one.session != other.session and one.began_at < other.at + slack and other.began_at < one.at + slack


def alike(one: Media, other: Media) -> bool:
    """Whether two sources may mean one item: a shared id, else the same name without case, accents and signs."""
    return one.ids.shares(other.ids) or (_name(one) == _name(other) and any(_name(one)))


def _name(media: Media) -> tuple[object, ...]:
    """A show with season and episode, else a title with its year; empty where neither is complete."""
    if media.show is not None and media.show.title and media.season is not None and media.episode is not None:
        return _folded(media.show.title), media.season, media.episode
    return (_folded(media.title), media.year) if media.title and media.show is None else ()


def _folded(title: str) -> str:
    return "".join(sign for sign in unicodedata.normalize("NFKD", title).casefold() if sign.isalnum()) or title
