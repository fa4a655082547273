"""Taking back what Trakt was told: a play out of the history, and the start of a sitting that was none."""

from typing import Final

from scrobbler.delivery.history import History
from scrobbler.delivery.naming import Naming
from scrobbler.delivery.settlement import Settlement
from scrobbler.errors import Rejected
from scrobbler.events import MediaKind, Percent
from scrobbler.machine.scrobble import Action
from scrobbler.state.decisions import What
from scrobbler.state.entry import Entry
from scrobbler.state.store import Store
from scrobbler.trakt.client import Trakt
from scrobbler.trakt.wire import Item

TRACE: Final = Percent(1.0)
"""The least that Trakt takes for a stop; used to end a sitting that was none."""


class Withdrawal:
    """Takes back for one account. What it returns is whether Trakt answered as it should."""

    def __init__(self, trakt: Trakt, history: History, naming: Naming, store: Store, settle: Settlement) -> None:
        self._trakt = trakt
        self._history = history
        self._naming = naming
        self._store = store
        self._settle = settle

    def remove(self, entry: Entry, history_id: int) -> bool:
        """Take a play out of the history; one that is not there any more is out of it."""
        reply = self._trakt.remove_history([history_id])
        label = entry.scrobble.media.label()
        if not reply.removed and history_id not in reply.not_found:
            kind = entry.scrobble.media.kind or MediaKind.MOVIE
            if self._history.has(kind, history_id, entry.scrobble.at):
                raise Rejected("Trakt did not remove it", status=200)
        words = f"Trakt: removed {label}" if reply.removed else f"Trakt: {label} was removed already"
        self._store.settle(entry, self._settle.note(entry, What.REMOVED, words)).result()
        return True

    def look_up(self, entry: Entry, item: Item) -> bool:
        """Find out which play is meant that Trakt never told the id of, and remove it; never by a guess."""
        found = self._history.standing(item, entry.scrobble.at)
        if len(found) == 1:
            self._store.found(entry, found[0]).result()
            return self.remove(entry, found[0])
        there = "no play" if not found else f"{len(found)} plays"
        at = f"{entry.scrobble.at:%Y-%m-%d %H:%M} UTC"
        why = f"Trakt's history has {there} of {item.label()} at {at}, so it is not known which to remove"
        return self._settle.give_up(entry, why, asked=True)

    def retract(self, entry: Entry, item: Item) -> bool:
        """End a sitting that was none, then remove the resume point that ending it made: one write at a time."""
        watching = self._trakt.watching()
        if watching is not None and item.same_as(watching.item):
            self._trakt.scrobble(Action.STOP, self._naming.named(entry, item), TRACE)
            return self._settle.again(entry, uncertain=False)
        traces = (left for left in self._trakt.playback() if item.same_as(left.item) and left.progress <= TRACE)
        trace = next(traces, None)
        if trace is not None:
            self._trakt.delete_playback(trace.id)
        words = f"Trakt: took back the start of {entry.scrobble.media.label()}"
        self._store.settle(entry, self._settle.note(entry, What.SENT, words)).result()
        return True
