"""All sessions in memory: each step is kept before it is the truth, each timer waits for what comes due.

A step is made in the session's turn and becomes the session only once it is on the disk, so whatever ends the process
between two lines of this ends it between two steps. A timer exists only while something plays or waits.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Final

from scrobbler.delivery.outlet import Outlet
from scrobbler.events import Seconds, SessionKey
from scrobbler.machine.motion import State
from scrobbler.machine.policy import Policy
from scrobbler.machine.scrobble import Said, Scrobble
from scrobbler.machine.session import Session
from scrobbler.machine.step import Facts, deadline, expire, learn, vanish
from scrobbler.playback import Playback
from scrobbler.state.decisions import Note
from scrobbler.state.patience import patiently
from scrobbler.state.store import Store

RETURN_SECONDS: Final = 10.0
"""So long after a start may a player that was playing take to be found again."""


class Playbacks:
    """The sessions of one agent. Used on its event loop only."""

    def __init__(
        self, store: Store, outlets: Mapping[str, Outlet], clock: Callable[[], datetime], tasks: asyncio.TaskGroup
    ) -> None:
        """``tasks``: what comes due is done as one of these."""
        self._store = store
        self._outlets = outlets
        self._clock = clock
        self._live: dict[SessionKey, Playback] = {}
        self._tasks = tasks

    def __iter__(self) -> Iterator[Playback]:
        """Those that there are by now."""
        return iter(tuple(self._live.values()))

    def of(self, key: SessionKey) -> Playback | None:
        """The one of that session, if it was heard of."""
        return self._live.get(key)

    def begin(self, key: SessionKey, account: str, policy: Policy) -> Playback:
        """A new one."""
        live = self._live[key] = Playback(Session(key=key, account=account), policy)
        return live

    def close(self) -> None:
        """Nothing comes due any more, and what a sender learns is nothing to anybody."""
        for live in self:
            live.stop_timer()
        self._live.clear()

    async def advance(self, live: Playback, session: Session, said: Said, noted: Sequence[Note] = ()) -> None:
        """Keep a step, then let it be the session's truth, set its timer, and let what it said leave.

        Called in the session's turn. Raises ``StateError`` where the disk takes nothing; then nothing has changed.
        """
        now = self._clock()
        outlet = self._outlets[session.account]
        if noted or live.worth_keeping(session, said, now):
            claimed = await self._store.keep(session, said, now, idle=outlet.free, noted=noted)
            live.kept(session, now)
            if said:
                outlet.wake(claimed)
        live.session = session
        self._set_timer(live, now)

    def follow(self, live: Playback, policy: Policy) -> None:
        """Let another policy hold for what is on, too. Called in the session's turn."""
        live.policy = policy
        self._set_timer(live, self._clock())

    def restore(self, session: Session, policy: Policy, *, watched: bool | None) -> None:
        """Take up a session of the last run.

        ``watched``: its player has to be found again, and is waited for a moment if it was playing. False for a server
        that calls us; None for a player that is not configured any more.
        """
        live = self._live[session.key] = Playback(session, policy)
        live.kept(session, self._clock())
        if watched is False:
            live.heard = True
            self._set_timer(live, self._clock())
        elif session.state is not State.IDLE:
            self._call_in(RETURN_SECONDS if watched else 0.0, live, self._vanish)

    def forget_old(self) -> list[SessionKey]:
        """Let go of sessions that ended so long ago that nothing can be a repeat of theirs. Returns which."""
        now = self._clock()
        old = [
            live.session.key
            for live in self
            if live.session.state is State.IDLE
            and not live.turn.locked()
            and live.session.at is not None
            and (now - live.session.at).total_seconds() > live.policy.repeat_within
        ]
        for key in old:
            del self._live[key]
        return old

    def learned(self, scrobble: Scrobble, runtime: Seconds) -> None:
        """A sender found out how long an item is: the session is told, if it does not know."""
        live = self._live.get(scrobble.session)
        if live is not None and (live.session.file is not None or not live.session.duration):
            facts = Facts(media=scrobble.media, runtime=runtime)
            self._do(partial(self._learn, live, facts))

    async def _learn(self, live: Playback, facts: Facts) -> None:
        async with live.turn:
            await self.advance(live, *learn(live.session, facts, live.policy))

    async def _expire(self, live: Playback) -> None:
        async with live.turn:
            await self.advance(live, *expire(live.session, self._clock(), live.policy))

    async def _vanish(self, live: Playback) -> None:
        """Close a session whose player did not come back."""
        async with live.turn:
            if not live.heard:
                await self.advance(live, *vanish(live.session, live.policy))

    def _set_timer(self, live: Playback, now: datetime) -> None:
        if not live.heard:
            return  # the one that waits for its player's return stands
        live.stop_timer()
        due = deadline(live.session, live.policy)
        if due is not None:
            self._call_in((due - now).total_seconds(), live, self._expire)

    def _call_in(self, seconds: float, live: Playback, act: Callable[[Playback], Awaitable[None]]) -> None:
        loop = asyncio.get_running_loop()
        live.timer = loop.call_later(max(0.0, seconds), self._do, partial(act, live))

    def _do(self, act: Callable[[], Awaitable[None]]) -> None:
        """Do it as a task of its own. What comes due in the very moment of the end is left to the next start."""
        work = patiently(act)
        try:
            self._tasks.create_task(work)
        except RuntimeError:  # a group that has ended says so only like this
            work.close()
