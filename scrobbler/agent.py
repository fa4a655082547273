"""The running program: events in, sessions stepped and kept, entries sent, timers set; and nothing that ticks.

One asyncio loop does everything but writing to the disk (the store's thread) and talking to Trakt (sender threads).
A timer exists only while something plays or waits.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import wait
from datetime import datetime, timedelta
from functools import partial
from typing import Final

import msgspec
from msgspec import Struct

from scrobbler.adapters import Ignored, Watcher
from scrobbler.delivery import UNCERTAIN_REST
from scrobbler.errors import StateError
from scrobbler.events import Percent, PlayerEvent, SessionKey
from scrobbler.outlet import RETRY_SECONDS, Outlet, patiently
from scrobbler.senders import Senders
from scrobbler.session import Policy, Said, Session, State, deadline, expire, step, vanish
from scrobbler.store import Store

log = logging.getLogger(__name__)

JOURNAL_SECONDS: Final = 14.0
JOURNAL_SHARE: Final = 4.5
"""A position alone is kept only after so many seconds or percents, whichever come first: a little less than the
15 s, or 5 %, at which watchers tell it."""
RETURN_SECONDS: Final = 10.0
"""So long after a start may a player that was playing take to be found again."""
FORGET_EVERY: Final = timedelta(hours=1)
"""So often, at most, are sessions looked through for those that nobody will come back to."""
GRACE_SECONDS: Final = 3.0
"""So long may a running request take once the agent is told to end."""
SENDERS: Final = 4
"""Threads that talk to Trakt, at most; each account's entries leave one at a time."""


class Source(Struct, frozen=True, kw_only=True):
    """One configured player: what makes its events, and whose they are."""

    name: str
    account: str
    watcher: Watcher | None = None
    """None for a server that calls us."""
    policy: Policy = Policy()


class _Live:
    """A session in memory, with what belongs to it while the agent runs."""

    def __init__(self, session: Session, policy: Policy) -> None:
        self.session = session
        self.policy = policy
        self.heard = False
        """False for one that was restored and whose player has not been heard since."""
        self.kept_at: datetime | None = None
        self._kept_share: Percent | None = None
        self.turn = asyncio.Lock()
        self.timer: asyncio.TimerHandle | None = None

    def worth_keeping(self, session: Session, said: Said, now: datetime) -> bool:
        """Whether a step must be on the disk: all but a mere change of position, and that now and then."""
        old = self.session
        if said or self.kept_at is None:
            return session != old or bool(said)
        moved = msgspec.structs.replace(
            old, at=session.at, position=session.position, position_at=session.position_at, played=session.played
        )
        return session != moved or (session != old and self._far_enough(session, now))

    def kept(self, session: Session, now: datetime) -> None:
        """This snapshot is on the disk."""
        self.kept_at, self._kept_share = now, session.share()

    def _far_enough(self, session: Session, now: datetime) -> bool:
        share = session.share()
        played = 0.0 if share is None or self._kept_share is None else abs(share - self._kept_share)
        waited = 0.0 if self.kept_at is None else (now - self.kept_at).total_seconds()
        return waited >= JOURNAL_SECONDS or played >= JOURNAL_SHARE


class Agent:
    """Ties sources, sessions and outlets together. Made and run on one event loop."""

    def __init__(
        self,
        sources: Sequence[Source],
        store: Store,
        outlets: Mapping[str, Outlet],
        clock: Callable[[], datetime],
    ) -> None:
        self._sources = {source.name: source for source in sources}
        self._store = store
        self._outlets = outlets
        self._clock = clock
        self._live: dict[SessionKey, _Live] = {}
        self._looked_at = clock()
        self._tasks = asyncio.TaskGroup()
        self._restored = asyncio.Event()

    async def run(self) -> None:
        """Follow all players and send what they lead to, until cancelled. Raises what a watcher raises."""
        senders = Senders(min(SENDERS, len(self._outlets)))
        try:
            async with self._tasks as tasks:
                await self._restore()
                self._restored.set()
                for outlet in self._outlets.values():
                    tasks.create_task(outlet.run(senders))
                for source in self._sources.values():
                    if source.watcher is not None:
                        tasks.create_task(self._follow(source, source.watcher))
        finally:
            senders.close()
            self._let_go()

    def _let_go(self) -> None:
        """Give the requests that are under way a moment to end. One that does not is looked up at the next start."""
        sending = {outlet.sending: outlet for outlet in self._outlets.values() if outlet.sending is not None}
        _, late = wait(sending, timeout=GRACE_SECONDS)
        for outlet in self._outlets.values():
            if outlet.sending not in late:
                outlet.courier.close()

    async def receive(self, source: str, heard: Sequence[PlayerEvent | Ignored]) -> None:
        """What a webhook said. Returns once it is on the disk. Raises ``StateError`` where it cannot be."""
        for one in heard:
            if isinstance(one, Ignored):
                log.info("%s: ignored %s: %s", source, one.heard, one.reason)
            else:
                await self.hear(self._sources[source], one)

    async def hear(self, source: Source, event: PlayerEvent) -> None:
        """Step the event's session and keep it. Raises ``StateError`` where the disk takes nothing."""
        await self._restored.wait()
        live = self._live.get(event.session)
        if live is None:
            await self._forget_old()
            live = _Live(Session(key=event.session, account=source.account), source.policy)
            self._live[event.session] = live
        async with live.turn:
            live.heard = True
            if live.session.state is State.IDLE and live.session.account != source.account:
                live.session = Session(key=event.session, account=source.account)
            session, said = step(live.session, event, live.policy)
            changes = session.state is not live.session.state
            seeks = not changes and session.seek_at == event.at
            level = logging.INFO if seeks or changes else logging.DEBUG
            log.log(level, "%s: %s %s", source.name, "seek" if seeks else event.kind.value, _where(event))
            await self._advance(live, session, said)

    async def _follow(self, source: Source, watcher: Watcher) -> None:
        async with contextlib.aclosing(watcher.events()) as events:
            async for event in events:
                await self._until_kept(partial(self.hear, source, event))

    async def _until_kept(self, act: Callable[[], Awaitable[None]]) -> None:
        """Do what ends in a commit, again and again until the disk takes it: a step is only made once it is kept."""
        while True:
            try:
                return await act()
            except StateError as error:
                log.error("%s; trying again every %.0f s", error, RETRY_SECONDS)  # noqa: TRY400  # the words are enough
                await asyncio.sleep(RETRY_SECONDS)

    async def _expire(self, live: _Live) -> None:
        async with live.turn:
            await self._advance(live, *expire(live.session, self._clock(), live.policy))

    async def _vanish(self, live: _Live) -> None:
        """Close a session whose player did not come back."""
        async with live.turn:
            if not live.heard:
                await self._advance(live, *vanish(live.session, live.policy))

    async def _advance(self, live: _Live, session: Session, said: Said) -> None:
        """Keep a step, then let it be the session's truth, set its timer, and let what it said leave."""
        now = self._clock()
        outlet = self._outlets[session.account]
        if live.worth_keeping(session, said, now):
            kept = self._store.keep(session, said, now, idle=outlet.free)
            claimed = await asyncio.wrap_future(kept)
            live.kept(session, now)
            if said:
                outlet.wake(claimed)
        live.session = session
        self._set_timer(live, now)

    def _set_timer(self, live: _Live, now: datetime) -> None:
        if live.timer is not None:
            live.timer.cancel()
            live.timer = None
        due = deadline(live.session, live.policy)
        if due is not None:
            self._call_in((due - now).total_seconds(), live, self._expire)

    def _call_in(self, seconds: float, live: _Live, act: Callable[[_Live], Awaitable[None]]) -> None:
        def begin() -> None:
            self._tasks.create_task(self._until_kept(partial(act, live)))

        live.timer = asyncio.get_running_loop().call_later(max(0.0, seconds), begin)

    async def _restore(self) -> None:
        """Take up the sessions of the last run; those that were playing wait a moment for their players."""
        for session in await patiently(self._store.sessions):
            if session.account not in self._outlets:
                log.warning("%s: its account %s is not configured any more", session.key, session.account)
                continue
            source = self._sources.get(session.key.source)
            live = self._live[session.key] = _Live(session, source.policy if source else Policy())
            live.kept(session, self._clock())
            if source is not None and source.watcher is None:
                self._set_timer(live, self._clock())
            elif session.state is not State.IDLE:
                self._call_in(RETURN_SECONDS if source else 0.0, live, self._vanish)
        unsure = await patiently(partial(self._store.recover, self._clock() + UNCERTAIN_REST))
        if unsure:
            log.info("%d were on their way to Trakt when the last run ended; their outcome will be looked up", unsure)

    async def _forget_old(self) -> None:
        """Let go of sessions that ended so long ago that nothing can be a repeat of theirs."""
        now = self._clock()
        if now - self._looked_at < FORGET_EVERY:
            return
        self._looked_at = now
        old = [
            live.session.key
            for live in self._live.values()
            if live.session.state is State.IDLE
            and not live.turn.locked()
            and live.session.at is not None
            and (now - live.session.at).total_seconds() > live.policy.repeat_within
        ]
        for key in old:
            del self._live[key]
        await asyncio.wrap_future(self._store.forget(old))


def _where(event: PlayerEvent) -> str:
    """``0:12 of 1:30:00 Heat (1995)``, as far as it is known."""
    position = "" if event.position is None else f"at {_clock(event.position)} "
    duration = "" if event.duration is None else f"of {_clock(event.duration)} "
    return f"{position}{duration}{event.media.label()}"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
