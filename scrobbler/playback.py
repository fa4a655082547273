"""One session in memory, with what belongs to it while the agent runs."""

import asyncio
from datetime import datetime
from typing import Final

import msgspec

from scrobbler.events import Percent, PlayerEvent
from scrobbler.machine.policy import Policy
from scrobbler.machine.scrobble import Said
from scrobbler.machine.session import Session

JOURNAL_SECONDS: Final = 14.0
JOURNAL_SHARE: Final = 4.5
"""A position alone is kept only after so many seconds or percents, whichever come first: servers may tell it each
second. Watchers tell it every 30 s, or 5 %."""


class Playback:
    """A session, whose turn it is, its timer, and what of it is on the disk."""

    def __init__(self, session: Session, policy: Policy) -> None:
        self.session = session
        self.policy = policy
        self.heard = False
        """False for one that was restored, and whose player is watched but was not found again."""
        self.last: PlayerEvent | None = None
        """What was heard last in this run of the agent."""
        self.kept_at: datetime | None = None
        self._kept_share: Percent | None = None
        self.turn = asyncio.Lock()
        self.timer: asyncio.TimerHandle | None = None

    def stop_timer(self) -> None:
        """Nothing comes due any more, until the next step."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None

    def worth_keeping(self, session: Session, said: Said, now: datetime) -> bool:
        """Whether a step must be on the disk: all but a mere change of position, and that now and then."""
        old = self.session
        if said or self.kept_at is None:
            return session != old or bool(said)
        moved = msgspec.structs.replace(
            old,
            at=session.at,
            position=session.position,
            position_at=session.position_at,
            percent=session.percent,
            played=session.played,
            reached=session.reached,
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
