"""What an entry of the outbox is: a scrobble on its way to Trakt, how far it has come, and how long it rests."""

from datetime import datetime, timedelta
from enum import Enum
from typing import Final

from msgspec import Struct

from scrobbler.machine.scrobble import Scrobble
from scrobbler.state.decisions import Note, What, about

STEPS_BEHIND: Final = 3
"""With so many failures an entry lets the others go first."""
HOPELESS: Final = 8
"""So many failures of this program about one entry, while others went through, are enough."""
OTHERS: Final = 3
"""So many others must have gone through, and so many failures must have come after that."""
FIRST_REST: Final = timedelta(seconds=30)
"""So long rests an entry that failed while others went through; each further failure doubles it."""
MOST_REST: Final = timedelta(hours=1)
LONGEST_REST: Final = timedelta(hours=2)
"""Nothing is put off for so long (Trakt may ask for an hour): what seems to be was so by a clock that was ahead."""


class EntryState(Enum):
    """How far an entry of the outbox has come."""

    WAITING = "waiting"
    SENDING = "sending"
    DONE = "done"
    ASIDE = "aside"


class Removal(Struct, frozen=True, kw_only=True):
    """What an entry takes out of the history again."""

    play: int | None
    """Which of our plays it is; None for what Trakt made of something else that was said."""
    history_id: int | None
    """Trakt's own id; None until it was looked up."""


class Entry(Struct, frozen=True, kw_only=True):
    """A scrobble on its way to Trakt."""

    id: int
    scrobble: Scrobble
    state: EntryState
    attempts: int
    """How often it failed. That no connection could be made, or that Trakt asked for time, is no failure of its own."""
    uncertain: bool
    """An earlier attempt may have been done: look in the history before it is sent again."""
    not_before: datetime
    next_at: datetime
    """When it is tried again at the latest, once it is its turn."""
    since: datetime
    """Since when it is in the outbox."""
    failing_since: datetime | None
    others: int
    """How many others of its account went through since it failed first."""
    blamed: int
    """How often it failed after ``OTHERS`` of them had."""
    form: int
    """How many ways of naming its item Trakt did not know."""
    reason: str | None
    """Why it was set aside, or what it failed with last."""
    item: str | None = None
    """The item of Trakt where it is known already, as delivery wrote it; nothing in here reads it."""
    removes: Removal | None = None
    """Only of what is to be removed."""
    candidates: str | None = None
    """What it may be, where it was not recognised: JSON as delivery wrote it; nothing in here reads it."""

    def label(self) -> str:
        """What it says of what, for people: ``stop Heat (1995)``."""
        return f"{self.scrobble.action.value} {self.scrobble.media.label()}"

    def note(self, at: datetime, what: What, words: str, label: str | None = None) -> Note:
        """A note about it."""
        said = self.scrobble
        return about(said.session, said.account, at, what, words, entry=self.id, label=label)

    @property
    def behind(self) -> bool:
        """Whether others go first."""
        return self.attempts >= STEPS_BEHIND

    def rests(self, now: datetime) -> timedelta:
        """How long it must not be tried yet."""
        rest = self.not_before - now
        return rest if timedelta(0) < rest <= LONGEST_REST else timedelta(0)

    @property
    def unmatched(self) -> bool:
        """Whether it was set aside because nobody knows what it is."""
        return self.state is EntryState.ASIDE and self.candidates is not None

    @property
    def rest(self) -> timedelta:
        """How long it rests if it fails once more: nothing in an outage, which is over for all at once."""
        return min(FIRST_REST * 2 ** min(self.blamed, 10), MOST_REST) if self.others >= OTHERS else timedelta(0)

    @property
    def hopeless(self) -> bool:
        """Whether one more failure that is its own fault is enough. An outage alone, however long, makes none so."""
        return self.attempts + 1 >= HOPELESS and self.others >= OTHERS and self.blamed + 1 >= OTHERS


class Failure(Struct, frozen=True, kw_only=True):
    """What an attempt came to that did not go through."""

    at: datetime
    reason: str
    until: datetime
    """Before this the entry must not be tried again."""
    next_at: datetime
    """When it probably is."""
    uncertain: bool
    """It may have been done all the same."""
    own: bool
    """The entry may be the reason; a missing connection is nobody's fault."""
