"""Bringing one entry of the outbox to Trakt, and settling what became of it.

Theory of operation
-------------------
``Courier.deliver`` takes one entry that was claimed (so its attempt is on the disk) and ends with exactly one commit:
settled, delivered, set aside, deferred, or failed. What it may do follows from two questions.

* Does it count as a watch? Then it never gets lost: live it leaves as a stop; late, or where an earlier attempt may
  have been done, the history is looked at first and the watch is added there only if it is missing, with the time at
  which it really ended. If it does not count, it is worth sending only while it is true.
* What did Trakt answer? One error class for each thing to do (``errors``): ``Unavailable`` and ``Uncertain`` wait and
  try again, ``Rejected`` names the item in another form, then sets a watch aside and forgets the rest,
  ``Unauthorized`` and ``Closed`` go up to the agent, which stops the account and tells the user.

Backoff belongs to the account (``backoff``: the service or the network is ill), patience to the entry (``outbox``: this
request is ill). ``spec/delivery.md`` has the tables. There is no sleep and no loop in here.
"""

import traceback
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec

from scrobbler.delivery.backoff import Backoff
from scrobbler.delivery.history import History
from scrobbler.delivery.naming import Naming
from scrobbler.errors import Rejected, ScrobblerError, TraktError, Unavailable, Uncertain, Unreachable
from scrobbler.events import MediaKind, Percent, Seconds
from scrobbler.identify.lookup import Finder, Unmatched
from scrobbler.identify.names import Extra
from scrobbler.machine.scrobble import WINDOWS, Action, Scrobble
from scrobbler.state.decisions import Note, What, about
from scrobbler.state.outbox import Entry, Failure
from scrobbler.state.plays import How, Play
from scrobbler.state.store import Store
from scrobbler.trakt.client import Trakt
from scrobbler.trakt.replies import Outcome
from scrobbler.trakt.wire import Item

LIVE: Final = timedelta(seconds=60)
"""So old may a scrobble be to be sent as if it happened now."""
UNCERTAIN_REST: Final = timedelta(seconds=5)
"""After an attempt that may have been done: so long before the history is asked, for a late write to arrive."""
TRACE: Final = Percent(1.0)
"""The least that Trakt takes for a stop; used to end a sitting that was none."""


class Courier:
    """Delivers the entries of one account, one at a time."""

    def __init__(
        self,
        account: str,
        trakt: Trakt,
        finder: Finder,
        store: Store,
        clock: Callable[[], datetime],
        *,
        backoff: Backoff | None = None,
    ) -> None:
        self.account = account
        self.backoff = backoff or Backoff()
        """How long the account rests because of what failed."""
        self.learned: Callable[[Scrobble, Seconds], None] = lambda _scrobble, _runtime: None
        """Told on a sender's thread how long the item of a scrobble really is."""
        self._trakt = trakt
        self._finder = finder
        self._store = store
        self._history = History(account, trakt, store, clock)
        self._clock = clock
        self._naming = Naming()

    def ready_in(self) -> float:
        """Seconds until Trakt takes the next write of this account."""
        return self._trakt.write_ready_in()

    def close(self) -> None:
        """Let go of the connections; a request that is under way ends with an error."""
        self._trakt.close()

    def deliver(self, entry: Entry) -> bool:
        """One attempt. Returns whether Trakt answered as it should.

        Raises ``Unauthorized`` and ``Closed``, with the entry waiting again; nothing else of Trakt's. Blocks for as
        long as httpx's timeouts allow, so it runs on a sender's thread.
        """
        try:
            answered = self._attempt(entry)
        except (Unavailable, Uncertain) as error:
            self._failed(entry, error)
            return False
        except Rejected as error:
            self._give_up(entry, str(error))
            answered = True
        except TraktError:
            self._store.defer(entry, self._clock()).result()
            raise
        except ScrobblerError:
            raise
        except Exception as error:  # noqa: BLE001  # a mistake of ours about one entry must not hold up the others
            self._failed(entry, Uncertain(_mistake(error)))
            return False
        if answered:
            self.backoff.succeeded()
        return answered

    def _attempt(self, entry: Entry) -> bool:
        item = self._finder.find(entry.scrobble.media)
        if isinstance(item, Extra):
            return self._drop(entry, f"it is {item.reason}")
        if isinstance(item, Unmatched):
            return self._give_up(entry, f"it was not recognised: {item.reason}")
        if item.runtime is not None:
            self.learned(entry.scrobble, item.runtime)
        try:
            return self._bring(entry, item)
        except Rejected as error:
            if error.status != 404:
                raise
            return self._name_otherwise(entry, item, error)

    def _bring(self, entry: Entry, item: Item) -> bool:
        """What is to be said is settled only here: by the runtime that Trakt knows, where the player told none."""
        scrobble = entry.scrobble.measured(item.runtime)
        if scrobble.retract:
            return self._retract(entry, item)
        if scrobble.counts() is False or scrobble.share() is None:
            return self._tell(entry, item, scrobble)
        return self._watch(entry, item, scrobble)

    def _watch(self, entry: Entry, item: Item, scrobble: Scrobble) -> bool:
        """Bring a watch to the history, once."""
        if twin := self._history.twin(scrobble, item):
            number, play = twin
            words = f"{entry.label()} was not sent: it is a duplicate of play {number}, {play.media.label()}"
            self._store.settle(entry, self._note(entry, What.DUPLICATE, words), through=False).result()
            return False
        share = scrobble.share()
        if share is None or scrobble.action is Action.HISTORY or entry.uncertain or self._is_late(entry):
            return self._add(entry, item)
        reply = self._trakt.scrobble(Action.STOP, self._naming.named(entry, item), share)
        self._naming.worked(entry, item)
        if reply.outcome is Outcome.WATCHED:
            return self._delivered(entry, _richer(item, reply.item), reply.id, scrobble.at, How.SCROBBLED)
        if reply.outcome is Outcome.DUPLICATE and not scrobble.rewatch:
            return self._delivered(entry, item, None, reply.watched_at or scrobble.at, How.FOUND)
        return self._again(entry, uncertain=True)  # taken for a pause at the very edge, or refused though rewatched

    def _add(self, entry: Entry, item: Item) -> bool:
        """Add a watch to the history with its true time, unless it is there."""
        scrobble = entry.scrobble
        seen = self._history.seen(scrobble, item)
        if seen is not None:
            return self._delivered(entry, item, seen, scrobble.at, How.FOUND)
        if not self._trakt.add_history(self._naming.named(entry, item), scrobble.at).added:
            raise Rejected("Trakt does not know this item", status=404)
        self._naming.worked(entry, item)
        return self._delivered(entry, item, None, scrobble.at, How.HISTORY)

    def _tell(self, entry: Entry, item: Item, scrobble: Scrobble) -> bool:
        """Say something that is no watch: only while it is true, and only in its window."""
        share = scrobble.share()
        if scrobble.action is Action.START:
            share = _progress_now(scrobble, item, self._clock() - scrobble.at)
        if self._is_late(entry) and (share is None or self._watches_something_else(item)):
            return self._drop(entry, "it is out of date")
        if scrobble.action is not Action.START and (share is None or not WINDOWS[scrobble.action].holds(share)):
            why = "its progress is not known" if share is None else f"Trakt takes none at {share:.1f} %"
            return self._drop(entry, why)
        reply = self._trakt.scrobble(scrobble.action, self._naming.named(entry, item), share or Percent(0.0))
        self._naming.worked(entry, item)
        words = f"Trakt: {reply.outcome.value} {(reply.item or item).label()} at {share or 0.0:.1f} %"
        self._store.settle(entry, self._note(entry, What.SENT, words)).result()
        return True

    def _is_late(self, entry: Entry) -> bool:
        """Whether it cannot be said any more as if it happened now; what stepped behind may have been overtaken."""
        return entry.behind or self._clock() - entry.scrobble.at > LIVE

    def _watches_something_else(self, item: Item) -> bool:
        watching = self._trakt.watching()
        return watching is not None and not item.same_as(watching.item)

    def _retract(self, entry: Entry, item: Item) -> bool:
        """End a sitting that was none, then remove the resume point that ending it made: one write at a time."""
        watching = self._trakt.watching()
        if watching is not None and item.same_as(watching.item):
            self._trakt.scrobble(Action.STOP, self._naming.named(entry, item), TRACE)
            return self._again(entry, uncertain=False)
        traces = (left for left in self._trakt.playback() if item.same_as(left.item) and left.progress <= TRACE)
        trace = next(traces, None)
        if trace is not None:
            self._trakt.delete_playback(trace.id)
        words = f"Trakt: took back the start of {entry.scrobble.media.label()}"
        self._store.settle(entry, self._note(entry, What.SENT, words)).result()
        return True

    def _name_otherwise(self, entry: Entry, item: Item, error: Rejected) -> bool:
        """Try the item's next form, each once."""
        tried = self._naming.tried(entry, item)
        if self._naming.has_another(entry, item):
            return self._again(entry, uncertain=False, form=tried)
        return self._give_up(entry, str(error) if tried == 1 else f"{error}, in none of {tried} forms", asked=True)

    def _again(self, entry: Entry, *, uncertain: bool, form: int | None = None) -> bool:
        """What comes next is another write, so it waits for its turn."""
        until = self._clock() + timedelta(seconds=self._trakt.write_ready_in())
        self._store.defer(entry, until, uncertain=uncertain, form=form).result()
        return True

    def _delivered(self, entry: Entry, item: Item, history_id: int | None, watched_at: datetime, how: How) -> bool:
        scrobble = entry.scrobble
        play = Play(
            account=self.account,
            sitting=scrobble.sitting,
            media=scrobble.media,
            watched_at=watched_at,
            delivered_at=self._clock(),
            history_id=history_id,
            how=how,
            told=scrobble,
            item=msgspec.json.encode(item).decode(),
        )
        words = f"Trakt: watched {item.label()}, {how.value}"
        self._store.deliver(entry, play, self._note(entry, What.WATCHED, words)).result()
        return True

    def _failed(self, entry: Entry, error: Unavailable | Uncertain) -> None:
        """Wait, for as long as the account rests; give up an entry that fails alone."""
        rest = self.backoff.failed(error)
        uncertain = isinstance(error, Uncertain)
        own = isinstance(error, Uncertain) or not (isinstance(error, Unreachable) or error.retry_after is not None)
        if own and entry.hopeless:
            words = f"{error}, {entry.attempts + 1} times, while others went through"
            self._give_up(entry, f"{words}: try again with `scrobbler queue retry {entry.id}`", uncertain=uncertain)
            return
        now = self._clock()
        until = now + UNCERTAIN_REST if uncertain else now
        failure = Failure(
            at=now,
            reason=str(error),
            until=until,
            next_at=max(until, now + timedelta(seconds=rest)),
            uncertain=uncertain,
            own=own,
        )
        self._store.fail(entry, failure).result()

    def _give_up(self, entry: Entry, reason: str, *, uncertain: bool = False, asked: bool = False) -> bool:
        """A watch is set aside for the user to decide; anything else is not worth keeping."""
        if entry.scrobble.counts() is False:
            self._drop(entry, reason)
        else:
            note = self._note(entry, What.ASIDE, f"{entry.label()} was set aside: {reason}")
            self._store.set_aside(entry, reason, note, uncertain=uncertain).result()
        return asked

    def _drop(self, entry: Entry, reason: str) -> bool:
        note = self._note(entry, What.DROPPED, f"{entry.label()} was not sent: {reason}")
        self._store.settle(entry, note, through=False).result()
        return False

    def _note(self, entry: Entry, what: What, words: str) -> Note:
        return about(entry.scrobble.session, self.account, self._clock(), what, words, entry=entry.id)


def _progress_now(scrobble: Scrobble, item: Item, age: timedelta) -> Percent | None:
    """How far something that plays has come since it was said; None once it must have ended."""
    duration = scrobble.duration or item.runtime
    if scrobble.position is None or not duration:
        return (scrobble.share() or Percent(0.0)) if age <= LIVE else None
    reached = (scrobble.position + age.total_seconds() * scrobble.rate) / duration * 100
    return Percent(reached) if reached <= 100 else None


def _mistake(error: Exception) -> str:
    """Where this program went wrong. The error's own words stay out: they may quote anything."""
    *_, where = traceback.extract_tb(error.__traceback__)
    return f"this program made a mistake ({type(error).__name__} in {Path(where.filename).name}, line {where.lineno})"


def _richer(item: Item, answered: Item | None) -> Item:
    """The item with what Trakt says of it, unless it left out the show, or means another."""
    if answered is None or not item.same_as(answered):
        return item
    return answered if item.kind is MediaKind.MOVIE or answered.show is not None else item
