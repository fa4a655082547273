"""The numbers by which the machine decides that are taste and not Trakt's; ``spec/sessions.md`` lists them."""

from datetime import datetime

from msgspec import Struct

from scrobbler.events import Percent, Seconds


class Policy(Struct, frozen=True, kw_only=True):
    """What holds for the sessions of one source."""

    threshold: Percent = Percent(80.0)
    """From this share on a stop is a watch; 80 to 100, because Trakt itself takes 80."""
    really_watched: Percent = Percent(0.0)
    """So much of an item must have been on the screen for it to count."""
    at_threshold: bool = False
    """The stop is said as soon as it counts, while the item still plays."""
    incognito_until: datetime | None = None
    """A sitting that is on before this instant is nobody's business. None: incognito is off."""
    seek_tolerance: Seconds = Seconds(3.0)
    """A position this far ahead of the expected one, or behind the last one, is a seek."""
    seek_settle: Seconds = Seconds(1.5)
    """So long must a seek rest before it is said."""
    repeat_within: Seconds = Seconds(12 * 3600.0)
    """So long after a watch the same item is taken for a repeat of it."""
    rewatch_begins_below: Percent = Percent(10.0)
    rewatch_plays: Percent = Percent(50.0)
    mark_within: Seconds = Seconds(60.0)
    """So long after a stop may the player's watched mark for it come."""
    late: Seconds = Seconds(3600.0)
    """An event older than the last one came late; older than this, it is the clock that was set back."""
    trust: Seconds | None = None
    """So much time, at most, may have passed since the last event of something that plays: for a player that tells
    its position now and then. What is longer was no playing: the machine slept, or its clock was set."""
    silence: Seconds | None = None
    """After so long without an event a session is closed. None: its adapter tells when a player is gone."""

    def hides(self, at: datetime) -> bool:
        """Whether what is on at this instant is nobody's business."""
        return self.incognito_until is not None and at < self.incognito_until

    def trusted(self, seconds: float) -> Seconds:
        """How much of the time between two instants can really have been playing."""
        if seconds <= 0 or (self.silence is not None and seconds > self.silence):
            return Seconds(0.0)  # the clock was set: a silence that long would have ended the session
        return Seconds(seconds if self.trust is None else min(seconds, self.trust))
