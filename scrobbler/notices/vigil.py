"""Notices players of which nothing comes in: they fell silent, or do not know their secret and are turned away.

Theory of operation
-------------------
A player is *silent* after so many days on which the agent ran and heard nothing of it, if it was heard on several days
before. Days on which the agent did not run say nothing about a player, and so do not count. What happened is all in the
state file, so it is looked at once a day, beside the agent's own writer; an hourly look at the calendar is all that
runs meanwhile. It is said once for each silence, over restarts.

A webhook is *turned away* if it was called without the right secret a few times in a row, by nobody else with it. That
is said once a day at most.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

from scrobbler.errors import StateError
from scrobbler.notices.kind import Kind
from scrobbler.notices.notice import Notice
from scrobbler.notices.post import Post
from scrobbler.state import snapshot
from scrobbler.state.promise import Promise
from scrobbler.state.store import Store
from scrobbler.state.vigil import Vigil as Known

SPEAKS: Final = 3
"""On so many days must a player have been heard, so that its silence is news."""
LOOKS: Final = 3600.0
"""Seconds between two looks at the calendar."""
TURNED_AWAY: Final = 3
"""So many calls in a row without the right secret are no slip: a server makes two or three of one film."""
AGAIN: Final = timedelta(days=1)
NAMED: Final = 5
"""So many silent players are named."""


class Vigil:
    """Watches over the players of a configuration. Used on one event loop only."""

    def __init__(
        self,
        post: Post,
        store: Store,
        folder: Path,
        players: Sequence[str],
        clock: Callable[[], datetime],
        *,
        says: frozenset[Kind],
        after_days: int,
        looks: float = LOOKS,
    ) -> None:
        """``after_days``: so many days of silence are news; 0 is never. ``folder`` holds the store's file."""
        self._post = post
        self._store = store
        self._folder = folder
        self._players = players
        self._clock = clock
        self._after_days = after_days if Kind.SILENT in says else 0
        self._looks = looks
        self._listens = Kind.REFUSED in says
        self._refusals: dict[str, int] = {}
        self._turned_away: asyncio.Queue[str] = asyncio.Queue()
        self._refused_at: dict[str, datetime] = {}
        self.looked_on: date | None = None
        """The last day (UTC) on which it has looked who is silent, and has told of it."""

    async def run(self) -> None:
        """Say what comes up, until cancelled."""
        if not self._post.targets.addresses:
            return
        async with asyncio.TaskGroup() as tasks:
            if self._after_days:
                tasks.create_task(self._watch())
            tasks.create_task(self._attend(tasks))

    def knocked(self, player: str, knew: bool) -> None:
        """Somebody called the webhook of a player, and knew its secret or not."""
        if knew or not self._listens:
            self._refusals.pop(player, None)
            return
        self._refusals[player] = self._refusals.get(player, 0) + 1
        if self._refusals[player] == TURNED_AWAY:
            del self._refusals[player]
            if not self._is_recent(player):
                self._refused_at[player] = self._clock()
                self._turned_away.put_nowait(player)

    async def _watch(self) -> None:
        while True:
            if (today := self._clock().astimezone(UTC).date()) != self.looked_on:
                with suppress(StateError):  # the agent itself says what is wrong with the disk; an hour later, then
                    await self._look(today)
                    self.looked_on = today
            await asyncio.sleep(self._looks)

    async def _look(self, today: date) -> None:
        await self._store.wake(today, keep=self._after_days + 1)
        known = await asyncio.to_thread(snapshot.vigil, self._folder)
        if silent := tuple(self._silent(known, today)):
            await self._tell(Kind.SILENT, silent, _silence(silent, known, self._clock()))

    def _silent(self, known: Known, today: date) -> Iterator[str]:
        for player in self._players:
            spoken = known.spoken.get(player)
            if spoken is None or spoken.days < SPEAKS:
                continue
            told_at = known.said.get((Kind.SILENT.value, player))
            listened = [day for day in known.awake if spoken.last_at.date() < day <= today]
            if len(listened) >= self._after_days and (told_at is None or told_at < spoken.last_at):
                yield player

    def _is_recent(self, player: str) -> bool:
        told_at = self._refused_at.get(player)
        return told_at is not None and timedelta() <= self._clock() - told_at < AGAIN

    async def _attend(self, tasks: asyncio.TaskGroup) -> None:
        while True:
            tasks.create_task(self._refuse(await self._turned_away.get()))

    async def _refuse(self, player: str) -> None:
        with suppress(StateError):  # as above; whoever is turned away comes again tomorrow
            known = await asyncio.to_thread(snapshot.vigil, self._folder)
            told_at = known.said.get((Kind.REFUSED.value, player))
            if told_at is not None:
                self._refused_at[player] = told_at
            if told_at is None or not self._is_recent(player):
                self._refused_at[player] = self._clock()
                await self._tell(Kind.REFUSED, (player,), _turned_away(player))

    async def _tell(self, kind: Kind, players: Sequence[str], notice: Notice) -> None:
        """Tell it, and remember that it was told. Raises ``StateError``."""
        kept: list[Promise[None]] = []

        def took() -> None:
            kept.extend(self._store.said(kind.value, player, self._clock()) for player in players)

        await self._post.deliver(notice, took)
        await asyncio.gather(*kept)


def _silence(players: Sequence[str], known: Known, now: datetime) -> Notice:
    since = [f"{name} ({(now - known.spoken[name].last_at).days} days)" for name in players[:NAMED]]
    more = f" and {len(players) - NAMED} more" if len(players) > NAMED else ""
    text = f"Nothing was heard for long of {', '.join(since)}{more}. Run `scrobbler doctor` to see whether all is well."
    return Notice(title="Trakt: a player is silent", text=text)


def _turned_away(player: str) -> Notice:
    text = (
        f"{player}: its webhook is called without the right secret, and nothing of that counts. "
        f"Run `scrobbler webhook {player}` to see the address with it."
    )
    return Notice(title="Trakt: a webhook is turned away", text=text, urgent=True)
