"""The running program: events in, sessions stepped and kept, entries sent, timers set; and nothing that ticks.

One asyncio loop does everything but writing to the disk (the store's thread) and talking to Trakt (sender threads).
A timer exists only while something plays or waits.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import wait
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from scrobbler.adapters import Ignored, Watcher
from scrobbler.admission import Admission, Admitted, KeptOut
from scrobbler.control.deed import perform, touched
from scrobbler.control.request import Agreed, Answer, Hidden, Incognito, Request
from scrobbler.delivery.outlet import Outlet
from scrobbler.delivery.senders import Senders
from scrobbler.delivery.settlement import UNCERTAIN_REST
from scrobbler.events import PlayerEvent, Seconds
from scrobbler.filters import Filters
from scrobbler.household import Household
from scrobbler.machine.handover import changes_hands, is_on, leave, take_over, turn_away
from scrobbler.machine.motion import State
from scrobbler.machine.policy import Policy
from scrobbler.machine.scrobble import Scrobble
from scrobbler.machine.session import Session
from scrobbler.machine.step import step
from scrobbler.playback import Playback
from scrobbler.playbacks import Playbacks
from scrobbler.reading.names import numbered
from scrobbler.repeats import Repeats
from scrobbler.state import decisions
from scrobbler.state.decisions import Note, What
from scrobbler.state.patience import patiently
from scrobbler.state.store import Store

log = logging.getLogger(__name__)

FORGET_EVERY: Final = timedelta(hours=1)
"""So often, at most, are sessions looked through for those that nobody will come back to."""
TIDY_EVERY: Final = timedelta(days=1)
PLAYS_KEEP_DAYS: Final = 30
"""So long a play is kept in any case: without it, another source's word of it would be a watch of its own."""
GRACE_SECONDS: Final = 3.0
"""So long may a running request take once the agent is told to end."""
SENDERS: Final = 4
"""Threads that talk to Trakt, at most; each account's entries leave one at a time."""


class Source(Struct, frozen=True, kw_only=True):
    """One configured player: what makes its events, and whose they are."""

    name: str
    account: str
    """Whose is what names no user."""
    users: Mapping[str, str] | None = None
    """For which account each user of a server counts; None where the configuration does not say."""
    filters: Filters = Filters()
    watcher: Watcher | None = None
    """None for a server that calls us."""
    policy: Policy = Policy()


class Agent:
    """Ties sources, sessions and outlets together. Made and run on one event loop."""

    def __init__(
        self,
        sources: Sequence[Source],
        store: Store,
        outlets: Mapping[str, Outlet],
        clock: Callable[[], datetime],
        *,
        keep_days: int,
    ) -> None:
        """``keep_days``: so long are delivered plays and decisions remembered."""
        self._sources = {source.name: source for source in sources}
        self._store = store
        self._outlets = outlets
        self._clock = clock
        self._incognito: dict[str, datetime] = {}
        self._admission = Admission()
        self._keep_days = keep_days
        self._looked_at = self._tidied_at = clock()
        self._tasks = asyncio.TaskGroup()
        self._playbacks = Playbacks(store, outlets, clock, self._tasks)
        self._delivering: list[asyncio.Task[None]] = []
        self._restored = asyncio.Event()
        self._repeats = Repeats()

    @property
    def ready(self) -> bool:
        """Whether the sessions of the last run were taken up."""
        return self._restored.is_set()

    async def run(self) -> None:
        """Follow all players and send what they lead to, until cancelled. Raises what a watcher raises."""
        senders = Senders(min(SENDERS, len(self._outlets)))
        try:
            async with self._tasks as tasks:
                await self._restore()
                self._restored.set()
                for outlet in self._outlets.values():
                    outlet.courier.learned = self._on_loop(self._playbacks.learned)
                    self._delivering.append(tasks.create_task(outlet.run(senders)))
                for source in self._sources.values():
                    if source.watcher is not None:
                        tasks.create_task(self._follow(source, source.watcher))
        finally:
            senders.close()
            self._let_go()

    async def settle(self) -> None:
        """Send nothing more, and wait for what is on its way; all that is heard meanwhile is kept.

        After this another agent may take over the store in this process.
        """
        for task in self._delivering:
            task.cancel()
        await asyncio.gather(*self._delivering, return_exceptions=True)
        for outlet in self._outlets.values():
            outlet.free = False
        sending = [asyncio.wrap_future(one.sending) for one in self._outlets.values() if one.sending is not None]
        await asyncio.gather(*sending, return_exceptions=True)

    def _let_go(self) -> None:
        """Give the requests that are under way a moment to end. One that does not is looked up at the next start."""
        sending = {outlet.sending: outlet for outlet in self._outlets.values() if outlet.sending is not None}
        self._playbacks.close()
        _, late = wait(sending, timeout=GRACE_SECONDS)
        for outlet in self._outlets.values():
            if outlet.sending not in late:
                outlet.courier.close()

    async def receive(self, source: str, heard: Sequence[PlayerEvent | Ignored]) -> None:
        """What a webhook said. Returns once it is on the disk. Raises ``StateError`` where it cannot be."""
        self._ignore(source, [one for one in heard if isinstance(one, Ignored) and one.event is None])
        for one in heard:
            event = one.event if isinstance(one, Ignored) else one
            if event is not None:
                await self.hear(self._sources[source], event)

    def _ignore(self, source: str, ignored: Sequence[Ignored]) -> None:
        """Note what is no playback of ours; what a server says every second, now and then."""
        now = self._clock()
        fresh = [one for one in ignored if self._repeats.is_new((source, one.user, one.heard, one.reason), now)]
        if fresh:
            self._store.note([decisions.ignored(source, one, now) for one in fresh])

    async def hear(self, source: Source, event: PlayerEvent) -> None:
        """Step the event's session and keep it. Raises ``StateError`` where the disk takes nothing."""
        await self._restored.wait()
        await self._forget_old()
        judged = self._judge(source, replace(event, media=numbered(event.media)))
        event = judged.event
        if isinstance(judged, KeptOut):
            await self._keep_out(judged)
            return
        account = judged.account
        live = self._playbacks.of(event.session)
        if live is None:
            live = self._playbacks.begin(event.session, account, self._policy(source, account))
        async with live.turn:
            live.heard, live.last = True, event
            if live.session.account != account:
                await self._change_hands(live, source, account, event)
            session, said = step(live.session, event, live.policy)
            await self._playbacks.advance(live, session, said, _noted(live.session, session, event))

    def _judge(self, source: Source, event: PlayerEvent) -> Admitted | KeptOut:
        """For whom the event counts, or why for nobody."""
        now = self._clock()

        def hidden(account: str) -> bool:
            return self._incognito.get(account, now) > now

        household = Household(account=source.account, users=source.users)
        return self._admission.judge(household, source.filters, event, hidden, now)

    async def _keep_out(self, judged: KeptOut) -> None:
        """Write down what is to be, and end what is on there."""
        event, noted = judged.event, self._written(judged)
        live = self._playbacks.of(event.session)
        if live is None or live.session.state is State.IDLE:
            if noted:
                self._store.note(noted)
            return
        async with live.turn:
            live.heard = True
            await self._playbacks.advance(live, *turn_away(live.session, event, live.policy), noted)

    def _written(self, judged: KeptOut) -> list[Note]:
        """What is to be noted of it; who it was is written down."""
        if judged.stranger is not None:
            self._store.meet(judged.event.session.source, judged.stranger, judged.event.at)
        return [judged.note] if judged.note is not None else []

    async def _change_hands(self, live: Playback, source: Source, account: str, event: PlayerEvent) -> None:
        """What begins now is another account's. What is on stays its account's to the end."""
        if live.session.state is not State.IDLE and not is_on(live.session, event):
            await self._playbacks.advance(live, *turn_away(live.session, event, live.policy))
        if live.session.state is State.IDLE:
            live.session = Session(key=event.session, account=account, sittings=live.session.sittings)
            live.policy = self._policy(source, account)

    async def perform(self, request: Request) -> Answer:
        """Do what a command asks for. Raises ``StateError`` where the disk takes nothing."""
        await self._restored.wait()
        answer = await perform(request, self._store, tuple(self._outlets), self._clock())
        for account in touched(answer) & self._outlets.keys():
            self._outlets[account].wake()
        if isinstance(request, Incognito) and isinstance(answer, Hidden):
            await self._hide(answer.accounts, request.until)
        elif isinstance(answer, Agreed):
            await self._reassign()
        return answer

    async def _reassign(self) -> None:
        """Let hold what was said of players and users, for what is on, too."""
        await self._read_wishes()
        for live in self._playbacks:
            async with live.turn:
                source, last = self._sources.get(live.session.key.source), live.last
                if source is not None and last is not None and changes_hands(live.session):
                    await self._reassign_one(live, source, last)
        for event in self._admission.waiting(self._clock()):
            await self.hear(self._sources[event.session.source], event)

    async def _reassign_one(self, live: Playback, source: Source, last: PlayerEvent) -> None:
        """Take the sitting back from an account that it is not of any more, and give it to the one whose it is."""
        now, session = self._clock(), live.session
        judged = self._judge(source, last)
        if isinstance(judged, KeptOut):
            await self._playbacks.advance(live, *leave(session, now, live.policy), self._written(judged))
        elif judged.account != session.account:
            await self._playbacks.advance(live, *leave(session, now, live.policy))
            live.policy = self._policy(source, judged.account)
            taken, said = take_over(session, judged.account, now, live.policy)
            live.session = Session(key=session.key, account=judged.account)
            await self._playbacks.advance(live, taken, said)

    async def _read_wishes(self) -> None:
        switched, mapped = await patiently(self._store.switched), await patiently(self._store.mapped)
        self._admission.restore(switched, mapped, tuple(self._outlets))

    async def _hide(self, accounts: Sequence[str], until: datetime | None) -> None:
        """Let it hold for what is on already, too: its timer takes back what was told of it."""
        for account in accounts:
            self._incognito.pop(account, None)
            if until is not None:
                self._incognito[account] = until
        for live in self._playbacks:
            async with live.turn:
                if live.session.account in accounts:
                    self._playbacks.follow(live, replace(live.policy, incognito_until=until))

    def _policy(self, source: Source | None, account: str) -> Policy:
        """What holds for the sessions of a source that are an account's."""
        return replace(source.policy if source else Policy(), incognito_until=self._incognito.get(account))

    async def _follow(self, source: Source, watcher: Watcher) -> None:
        async with contextlib.aclosing(watcher.events()) as events:
            async for event in events:
                await patiently(partial(self.hear, source, event))

    def _on_loop(self, act: Callable[[Scrobble, Seconds], None]) -> Callable[[Scrobble, Seconds], None]:
        """The same for another thread to call."""
        loop = asyncio.get_running_loop()

        def post(scrobble: Scrobble, runtime: Seconds) -> None:
            loop.call_soon_threadsafe(act, scrobble, runtime)

        return post

    async def _restore(self) -> None:
        """Take up the sessions of the last run; those that were playing wait a moment for their players."""
        self._incognito = await patiently(self._store.incognito)
        await self._read_wishes()
        for session in await patiently(self._store.sessions):
            if session.account not in self._outlets:
                log.warning("%s: its account %s is not configured any more", session.key, session.account)
                continue
            source = self._sources.get(session.key.source)
            watched = None if source is None else source.watcher is not None
            self._playbacks.restore(session, self._policy(source, session.account), watched=watched)
        unsure = await patiently(partial(self._store.recover, self._clock() + UNCERTAIN_REST))
        if unsure:
            words = f"{unsure} were on their way to Trakt when the last run ended; their outcome will be looked up"
            self._store.note([Note(at=self._clock(), what=What.WAITING, words=words)])
        self._tidy()

    async def _forget_old(self) -> None:
        """Let go of old sessions and plays, now and then."""
        now = self._clock()
        if now - self._looked_at < FORGET_EVERY:
            return
        self._looked_at = now
        old = self._playbacks.forget_old()
        if now - self._tidied_at >= TIDY_EVERY:
            self._tidy()
        await self._store.forget(old)

    def _tidy(self) -> None:
        """Let go of old plays and decisions. Nobody waits for it: what the disk refuses goes another day."""
        now = self._tidied_at = self._clock()
        plays = timedelta(days=max(self._keep_days, PLAYS_KEEP_DAYS))
        self._store.tidy(now - plays, now - timedelta(days=self._keep_days))


def _noted(before: Session, after: Session, event: PlayerEvent) -> list[Note]:
    """What is to be told of a step. A position that merely moves is for the program's own log, if for anybody."""
    changes = after.state is not before.state
    seeks = not changes and after.seek_at == event.at
    told = changes or seeks
    if not told and not log.isEnabledFor(logging.DEBUG):
        return []
    note = decisions.hidden if after.incognito else decisions.heard
    heard = note(event, after.account, "seek" if seeks else event.kind.value)
    if told:
        return [heard]
    log.debug("%s", heard.words)
    return []
