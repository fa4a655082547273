"""Bringing one entry of the outbox to Trakt, and settling what became of it.

Theory of operation
-------------------
``Courier.deliver`` takes one entry that was claimed (so its attempt is on the disk) and ends with exactly one commit:
settled, delivered, set aside, deferred, or failed. What it may do follows from two questions.

* Does it count as a watch? Then it never gets lost: live it leaves as a stop; late, or where an earlier attempt may
  have been done, the history is looked at first and the watch is added there only if it is missing, with the time at
  which it really ended. If it does not count, it is worth sending only while it is true. What takes a watch back
  never gets lost either.
* What did Trakt answer? One error class for each thing to do (``errors``): ``Unavailable`` and ``Uncertain`` wait and
  try again, ``Rejected`` names the item in another form, then sets a watch aside and forgets the rest,
  ``Unauthorized`` and ``Closed`` go up to the agent, which stops the account and tells the user. A scrobble that Trakt
  took for another item (``meaning``) is named otherwise, and a watch that came of it is removed again.

Backoff belongs to the account (``backoff``: the service or the network is ill), patience to the entry (``outbox``: this
request is ill, and for a watch it never ends). ``spec/delivery.md`` has the tables. There is no sleep and no loop.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import msgspec

from scrobbler.delivery.backoff import Backoff
from scrobbler.delivery.history import History
from scrobbler.delivery.meaning import another
from scrobbler.delivery.naming import Naming
from scrobbler.delivery.settlement import OurMistake, Settlement, mistake, written
from scrobbler.delivery.withdrawal import Withdrawal
from scrobbler.errors import Rejected, ScrobblerError, TraktError, Unavailable, Uncertain
from scrobbler.events import MediaKind, Percent, Seconds
from scrobbler.identify.finder import Finder
from scrobbler.identify.match import Unmatched
from scrobbler.machine.scrobble import WINDOWS, Action, Scrobble
from scrobbler.reading.extras import Extra
from scrobbler.state.amendments import Wrong
from scrobbler.state.decisions import What
from scrobbler.state.entry import Entry
from scrobbler.state.plays import How
from scrobbler.state.store import Store
from scrobbler.trakt.client import Trakt
from scrobbler.trakt.replies import HistoryEntry, Outcome, ScrobbleReply
from scrobbler.trakt.wire import Item

LIVE: Final = timedelta(seconds=60)
"""So old may a scrobble be to be sent as if it happened now."""


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
        self._settle = Settlement(account, trakt, store, clock, self.backoff)
        self._withdraw = Withdrawal(trakt, self._history, self._naming, store, self._settle)

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
            self._settle.failed(entry, error)
            return False
        except Rejected as error:
            self._settle.give_up(entry, str(error))
            answered = True
        except TraktError:
            self._store.defer(entry, self._clock()).result()
            raise
        except ScrobblerError:
            raise
        except Exception as error:  # noqa: BLE001  # a mistake of ours about one entry must not hold up the others
            self._settle.failed(entry, OurMistake(mistake(error)))
            return False
        if answered:
            self.backoff.succeeded()
        return answered

    def _attempt(self, entry: Entry) -> bool:
        if entry.removes is not None and entry.removes.history_id is not None:
            return self._withdraw.remove(entry, entry.removes.history_id)
        said = entry.scrobble
        item = self._finder.find(said.media, said.duration) if entry.item is None else _read(entry.item)
        if isinstance(item, Extra):
            act = self._settle.drop if entry.removes is None else self._settle.give_up
            return act(entry, f"it is {item.reason}")
        if isinstance(item, Unmatched):
            return self._settle.unrecognised(entry, item)
        if entry.removes is not None:
            return self._withdraw.look_up(entry, item)
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
            return self._withdraw.retract(entry, item)
        unknown = scrobble.share() is None and scrobble.action is not Action.HISTORY
        if scrobble.counts() is False or unknown:
            return self._tell(entry, item, scrobble)
        return self._watch(entry, item, scrobble)

    def _watch(self, entry: Entry, item: Item, scrobble: Scrobble) -> bool:
        """Bring a watch to the history, once."""
        if twin := self._history.twin(scrobble, item):
            number, play = twin
            what = f"play {number}, {play.media.label()}"
            words = f"{entry.label()} was not sent: it is a duplicate of {what}"
            note = self._settle.note(
                entry, What.DUPLICATE, words if play.undone_at is None else f"{words}, which was undone"
            )
            self._store.settle(entry, note, through=False).result()
            return False
        if self._naming.exhausted(item):
            return self._settle.give_up(entry, f"Trakt took {item.label()} for something else in each form")
        share = scrobble.share()
        if share is None or scrobble.action is Action.HISTORY or entry.uncertain or self._is_late(entry):
            return self._add(entry, item)
        named = self._naming.named(entry, item)
        reply = self._trakt.scrobble(Action.STOP, named, share)
        if reply.item is not None and another(item, named, reply.item):
            return self._mistaken(entry, item, reply.item, reply)
        self._naming.worked(entry, item)
        return self._stopped(entry, item, scrobble, reply)

    def _stopped(self, entry: Entry, item: Item, scrobble: Scrobble, reply: ScrobbleReply) -> bool:
        """What became of a final stop, now that Trakt knows what it is about."""
        if reply.outcome is Outcome.WATCHED:
            return self._settle.delivered(entry, _richer(item, reply.item), reply.id, scrobble.at, How.SCROBBLED)
        watched_at = reply.watched_at or scrobble.at
        if reply.outcome is Outcome.DUPLICATE and not scrobble.rewatch and not self._history.undone(item, watched_at):
            return self._settle.delivered(entry, item, None, watched_at, How.FOUND)
        # taken for a pause at the very edge; or refused although it was watched again, or its like was taken back
        return self._settle.again(entry, uncertain=True)

    def _add(self, entry: Entry, item: Item) -> bool:
        """Add a watch to the history with its true time, unless it is there."""
        scrobble = entry.scrobble
        around = self._history.around(scrobble, item)
        seen = self._history.seen(scrobble, item, around)
        if seen is not None:
            return self._settle.delivered(entry, item, seen, scrobble.at, How.FOUND)
        named = self._naming.named(entry, item)
        if not self._trakt.add_history(named, scrobble.at).added:
            raise Rejected("Trakt does not know this item", status=404)
        made = self._history.added(scrobble, item, around)
        if made is not None and another(item, named, made.item):
            return self._mistaken(entry, item, made.item, made)
        self._naming.worked(entry, item)
        return self._settle.delivered(entry, item, made.id if made else None, scrobble.at, How.HISTORY)

    def _mistaken(self, entry: Entry, item: Item, taken: Item, made: ScrobbleReply | HistoryEntry) -> bool:
        """Trakt took a watch for another item: that is removed, and the watch is named otherwise, or set aside."""
        words = f"Trakt took {item.label()} for {taken.label()}"
        more, tried = self._naming.has_another(entry, item), self._naming.tried(entry, item)
        if more:
            self._naming.mistaken(entry, item)
        else:
            self._naming.begin_anew()
        if isinstance(made, ScrobbleReply) and made.outcome is not Outcome.WATCHED:
            return self._name_again(entry, words, tried if more else None)
        wrong = Wrong(
            media=taken.media(),
            item=written(taken),
            history_id=made.id or None,
            watched_at=entry.scrobble.at,
        )
        what = What.SENT if more else What.ASIDE
        then = (
            "which is removed again, and it is named otherwise" if more else "which is removed again; it is set aside"
        )
        self._store.mistaken(
            entry,
            wrong,
            self._settle.note(entry, what, f"{entry.label()}: {words}, {then}"),
            until=self._clock() + timedelta(seconds=self._trakt.write_ready_in()),
            form=tried if more else None,
            reason=f"{words}, in the last of {tried} forms",
        ).result()
        return True

    def _name_again(self, entry: Entry, words: str, form: int | None) -> bool:
        """Nothing that lasts came of it: name it otherwise, if there is another way."""
        if form is None:
            return self._settle.give_up(entry, words, asked=True)
        note = self._settle.note(entry, What.SENT, f"{entry.label()}: {words}; it is named otherwise")
        until = self._clock() + timedelta(seconds=self._trakt.write_ready_in())
        uncertain = entry.scrobble.lasts()
        self._store.defer(entry, until, note, uncertain=uncertain, form=form).result()
        return True

    def _tell(self, entry: Entry, item: Item, scrobble: Scrobble) -> bool:
        """Say something that is no watch: only while it is true, and only in its window."""
        share = scrobble.share()
        if scrobble.action is Action.START:
            share = _progress_now(scrobble, item, self._clock() - scrobble.at)
        if self._is_late(entry) and (share is None or self._watches_something_else(item)):
            return self._settle.drop(entry, "it is out of date")
        if scrobble.action is not Action.START and (share is None or not WINDOWS[scrobble.action].holds(share)):
            why = "its progress is not known" if share is None else f"Trakt takes none at {share:.1f} %"
            return self._settle.drop(entry, why)
        named = self._naming.named(entry, item)
        reply = self._trakt.scrobble(scrobble.action, named, share or Percent(0.0))
        if reply.item is not None and another(item, named, reply.item):
            more = self._naming.has_another(entry, item)
            form = self._naming.tried(entry, item) if more else None
            self._naming.mistaken(entry, item)
            return self._name_again(entry, f"Trakt took {item.label()} for {reply.item.label()}", form)
        self._naming.worked(entry, item)
        words = f"Trakt: {reply.outcome.value} {(reply.item or item).label()} at {share or 0.0:.1f} %"
        self._store.settle(entry, self._settle.note(entry, What.SENT, words)).result()
        return True

    def _is_late(self, entry: Entry) -> bool:
        """Whether it cannot be said any more as if it happened now; what stepped behind may have been overtaken."""
        return entry.behind or self._clock() - entry.scrobble.at > LIVE

    def _watches_something_else(self, item: Item) -> bool:
        watching = self._trakt.watching()
        return watching is not None and not item.same_as(watching.item)

    def _name_otherwise(self, entry: Entry, item: Item, error: Rejected) -> bool:
        """Try the item's next form, each once."""
        tried = self._naming.tried(entry, item)
        if self._naming.has_another(entry, item):
            return self._settle.again(entry, uncertain=False, form=tried)
        return self._settle.give_up(
            entry, str(error) if tried == 1 else f"{error}, in none of {tried} forms", asked=True
        )


def _progress_now(scrobble: Scrobble, item: Item, age: timedelta) -> Percent | None:
    """How far something that plays has come since it was said; None once it must have ended."""
    duration = scrobble.duration or item.runtime
    if scrobble.position is None or not duration:
        return (scrobble.share() or Percent(0.0)) if age <= LIVE else None
    reached = (scrobble.position + age.total_seconds() * scrobble.rate) / duration * 100
    return Percent(reached) if reached <= 100 else None


def _read(item: str) -> Item:
    return msgspec.json.decode(item, type=Item)


def _richer(item: Item, answered: Item | None) -> Item:
    """The item with what Trakt says of it, unless it left out the show, or means another."""
    if answered is None or not item.same_as(answered):
        return item
    return answered if item.kind is MediaKind.MOVIE or answered.show is not None else item
