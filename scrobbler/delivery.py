"""Bringing one entry of the outbox to Trakt, and settling what became of it.

Theory of operation
-------------------
``Courier.deliver`` takes one entry that was claimed (so its attempt is on the disk) and ends with exactly one commit:
settled, delivered, set aside, or postponed. What it may do follows from two questions.

* Does it count as a watch? Then it never gets lost: live it leaves as a stop; late, or where an earlier attempt may
  have been done, the history is looked at first and the watch is added there only if it is missing, with the time at
  which it really ended. If it does not count, it is worth sending only while it is true.
* What did Trakt answer? One error class for each thing to do (``errors``): ``Unavailable`` and ``Uncertain`` wait and
  try again, ``Rejected`` sets a watch aside and forgets the rest, ``Unauthorized`` and ``Closed`` go up to the agent,
  which stops the account and tells the user.

``spec/delivery.md`` has the tables. There is no sleep and no loop in here: waiting is a column of the outbox.
"""

import logging
import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from scrobbler.errors import Rejected, TraktError, Unavailable, Uncertain
from scrobbler.events import Percent, percent
from scrobbler.identify.lookup import Finder, Unmatched
from scrobbler.identify.names import Extra
from scrobbler.outbox import Entry
from scrobbler.session import WATCHED, WINDOWS, Action, Scrobble
from scrobbler.store import How, Play, Store
from scrobbler.trakt.client import Trakt
from scrobbler.trakt.replies import Outcome
from scrobbler.trakt.wire import Item

log = logging.getLogger(__name__)

LIVE: Final = timedelta(seconds=60)
"""So old may a scrobble be to be sent as if it happened now."""
UNCERTAIN_REST: Final = timedelta(seconds=5)
"""After an attempt that may have been done: so long before the history is asked, for a late write to arrive."""
FIRST_BACKOFF: Final = timedelta(seconds=2)
LONGEST_BACKOFF: Final = timedelta(minutes=5)
CLOCK_SLACK: Final = timedelta(minutes=2)
"""Trakt's clock and ours may differ by this much."""
TRACE: Final = Percent(1.0)
"""The least that Trakt takes for a stop; used to end a sitting that was none."""


class Courier:
    """Delivers the entries of one account, one at a time."""

    def __init__(self, account: str, trakt: Trakt, finder: Finder, store: Store, clock: Callable[[], datetime]) -> None:
        self.account = account
        self._trakt = trakt
        self._finder = finder
        self._store = store
        self._clock = clock

    def ready_in(self) -> float:
        """Seconds until Trakt takes the next write of this account."""
        return self._trakt.write_ready_in()

    def close(self) -> None:
        """Let go of the connections; a request that is under way ends with an error."""
        self._trakt.close()

    def deliver(self, entry: Entry) -> None:
        """One attempt. Raises ``Unauthorized`` and ``Closed``, with the entry waiting again; nothing else of Trakt's.

        Blocks for as long as httpx's timeouts allow, so it runs on a sender's thread.
        """
        try:
            self._attempt(entry)
        except (Unavailable, Uncertain) as error:
            uncertain = isinstance(error, Uncertain)
            until = self._clock() + (UNCERTAIN_REST if uncertain else backoff(entry.attempts, error))
            log.warning("%s: %s; trying again at %s", _what(entry.scrobble), error, f"{until:%H:%M:%S}")
            self._store.postpone(entry, until, uncertain=uncertain).result()
        except Rejected as error:
            self._give_up(entry, str(error))
        except TraktError:
            self._store.postpone(entry, self._clock(), uncertain=False).result()
            raise

    def _attempt(self, entry: Entry) -> None:
        item = self._finder.find(entry.scrobble.media)
        if isinstance(item, Extra):
            self._drop(entry, f"it is {item.reason}")
            return
        if isinstance(item, Unmatched):
            self._give_up(entry, f"it was not recognised: {item.reason}")
            return
        share = _share(entry.scrobble, item)
        if entry.scrobble.retract:
            self._retract(entry, item)
        elif entry.scrobble.action is Action.STOP and share is not None and share >= WATCHED:
            self._watch(entry, item, share)
        else:
            self._tell(entry, item, share)

    def _watch(self, entry: Entry, item: Item, share: Percent) -> None:
        """Bring a watch to the history, once."""
        scrobble = entry.scrobble
        if entry.uncertain or self._clock() - scrobble.at > LIVE:
            self._add(entry, item)
            return
        reply = self._trakt.scrobble(Action.STOP, item, share)
        if reply.outcome is Outcome.WATCHED:
            self._delivered(entry, reply.item or item, reply.id, scrobble.at, How.SCROBBLED)
        elif reply.outcome is Outcome.DUPLICATE and not scrobble.rewatch:
            self._delivered(entry, item, None, reply.watched_at or scrobble.at, How.FOUND)
        else:  # taken for a pause at the very edge, or refused although it was watched again on purpose
            self._again(entry, uncertain=True)

    def _add(self, entry: Entry, item: Item) -> None:
        """Add a watch to the history with its true time, unless it is there."""
        scrobble = entry.scrobble
        seen = self._seen(scrobble, item)
        if seen is not None:
            self._delivered(entry, item, seen, scrobble.at, How.FOUND)
            return
        added = self._trakt.add_history(item, scrobble.at)
        if added.added:
            self._delivered(entry, item, None, scrobble.at, How.HISTORY)
        else:
            self._give_up(entry, "Trakt does not know this item")

    def _seen(self, scrobble: Scrobble, item: Item) -> int | None:
        """The id of a play in the history that must be this watch, and none of our other plays."""
        half = timedelta(seconds=(scrobble.duration or 0.0) / 2)
        entries = self._trakt.history(item.kind, scrobble.at - max(half, CLOCK_SLACK), self._clock() + CLOCK_SLACK)
        alike = [entry.id for entry in entries if item.same_as(entry.item)]
        ours = self._store.has_play(self.account, alike).result()
        return next((number for number in alike if number not in ours), None)

    def _tell(self, entry: Entry, item: Item, share: Percent | None) -> None:
        """Say something that is no watch: only while it is true, and only in its window."""
        scrobble = entry.scrobble
        age = self._clock() - scrobble.at
        if scrobble.action is Action.START:
            share = _progress_now(scrobble, item, age)
        if age > LIVE and (share is None or self._watches_something_else(item)):
            self._drop(entry, "it is out of date")
        elif scrobble.action is not Action.START and (share is None or not WINDOWS[scrobble.action].holds(share)):
            self._drop(entry, "its progress is not known" if share is None else f"Trakt takes none at {share:.1f} %")
        else:
            reply = self._trakt.scrobble(scrobble.action, item, share or Percent(0.0))
            understood = (reply.item or item).label()
            log.info("Trakt: %s %s at %.1f %%", reply.outcome.value, understood, share or 0.0)
            self._store.settle(entry).result()

    def _watches_something_else(self, item: Item) -> bool:
        watching = self._trakt.watching()
        return watching is not None and not item.same_as(watching.item)

    def _retract(self, entry: Entry, item: Item) -> None:
        """End a sitting that was none, then remove the resume point that ending it made: one write at a time."""
        watching = self._trakt.watching()
        if watching is not None and item.same_as(watching.item):
            self._trakt.scrobble(Action.STOP, item, TRACE)
            self._again(entry, uncertain=False)
            return
        traces = (left for left in self._trakt.playback() if item.same_as(left.item) and left.progress <= TRACE)
        trace = next(traces, None)
        if trace is not None:
            self._trakt.delete_playback(trace.id)
        log.info("Trakt: took back the start of %s", entry.scrobble.media.label())
        self._store.settle(entry).result()

    def _again(self, entry: Entry, *, uncertain: bool) -> None:
        """What comes next is another write, so it waits for its turn."""
        until = self._clock() + timedelta(seconds=self._trakt.write_ready_in())
        self._store.postpone(entry, until, uncertain=uncertain).result()

    def _delivered(self, entry: Entry, item: Item, history_id: int | None, watched_at: datetime, how: How) -> None:
        scrobble = entry.scrobble
        play = Play(
            account=self.account,
            sitting=scrobble.sitting,
            media=scrobble.media,
            watched_at=watched_at,
            delivered_at=self._clock(),
            history_id=history_id,
            how=how,
        )
        self._store.deliver(entry, play).result()
        log.info("Trakt: watched %s, %s", item.label(), how.value)

    def _give_up(self, entry: Entry, reason: str) -> None:
        """A watch is set aside for the user to decide; anything else is not worth keeping."""
        if entry.scrobble.counts() is False:
            self._drop(entry, reason)
        else:
            log.warning("%s was set aside: %s", _what(entry.scrobble), reason)
            self._store.set_aside(entry, reason).result()

    def _drop(self, entry: Entry, reason: str) -> None:
        log.info("%s was not sent: %s", _what(entry.scrobble), reason)
        self._store.settle(entry).result()


def backoff(attempts: int, error: TraktError) -> timedelta:
    """How long to wait after so many failed attempts: what Trakt asks for, else doubling, with jitter of a quarter."""
    asked = error.retry_after if isinstance(error, Unavailable) else None
    wait = FIRST_BACKOFF * 2 ** min(attempts, 10) if asked is None else timedelta(seconds=asked + 1)
    return min(wait, LONGEST_BACKOFF) * random.uniform(1.0, 1.25)  # noqa: S311  # jitter needs no secrecy


def _share(scrobble: Scrobble, item: Item) -> Percent | None:
    """The progress, by the runtime that Trakt knows where the player told no duration."""
    share = scrobble.share()
    return percent(scrobble.position, item.runtime) if share is None else share


def _progress_now(scrobble: Scrobble, item: Item, age: timedelta) -> Percent | None:
    """How far something that plays has come since it was said; None once it must have ended."""
    duration = scrobble.duration or item.runtime
    if scrobble.position is None or not duration:
        return Percent(0.0) if age <= LIVE else None
    reached = (scrobble.position + age.total_seconds() * scrobble.rate) / duration * 100
    return Percent(reached) if reached <= 100 else None


def _what(scrobble: Scrobble) -> str:
    return f"{scrobble.action.value} {scrobble.media.label()}"
