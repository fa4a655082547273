"""What needs the user is said where he is, once: a sign-in, an account that Trakt refuses, a watch nobody recognised.

Theory of operation
-------------------
A *matter* is one need of one account. It holds or it does not, and it was said or it was not; where the two differ,
something is to be said: the need, or that all is well again. So a need that was never said is never taken back, one
that comes and goes before anybody could be told is none, and nothing is said twice.

A watch that was not recognised is told of once, by its entry of the outbox; nothing is ever said to be well again about
it. Those that come in a row are one notice.

What was said is kept in a file of its own, over restarts. A notice that reached no target is tried again a few times;
targets that did not take it are left behind. Nothing waits for any of this.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from contextlib import aclosing, suppress
from enum import Enum
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from scrobbler.notices.notice import How, Notice, check, send
from scrobbler.notices.target import Targets
from scrobbler.welcome.invitation import Invitation, Needed, SignedIn

log = logging.getLogger(__name__)

FILE: Final = "notified.json"
PAUSES: Final = (60.0, 600.0, 3600.0)
"""Seconds until a target that did not take a notice is tried again; after the last it is left alone."""
GATHERS: Final = 10.0
"""Seconds in which watches that were not recognised are gathered for one notice."""
NAMED: Final = 3
"""So many of them are named."""


class Need(Enum):
    """What only the user can mend."""

    SIGN_IN = "sign-in"
    CLOSED = "closed"
    """Trakt refuses the app, or the account, as such."""


class Unmatched(Struct, frozen=True, kw_only=True):
    """A watch that was set aside because nobody knows what it is."""

    entry: int
    """Of the outbox."""
    account: str
    label: str


class _Matter:
    """One need of one account."""

    def __init__(self, account: str, need: Need, *, said: bool) -> None:
        self.account = account
        self.need = need
        self.said = said
        self.holds = said  # as it was, until somebody knows better
        self.words = ""
        self.news = asyncio.Event()

    def become(self, *, holds: bool, words: str = "") -> None:
        """How it is now; what was known before is no news."""
        if holds is not self.holds:
            self.holds, self.words = holds, words
            self.news.set()


class Notifier:
    """Says what needs the user. Used on the agent's event loop only."""

    def __init__(
        self,
        targets: Targets,
        state: Path,
        logins: Mapping[str, str],
        *,
        pauses: Sequence[float] = PAUSES,
        gathers: float = GATHERS,
    ) -> None:
        """``logins``: each account with the command that signs it in. Touches nothing yet but reads what was said."""
        self.page: str | None = None
        """The address of the page where one can sign in, where there is one."""
        self._targets = targets
        self._file = state / FILE
        self._logins = logins
        self._pauses = pauses
        self._failing: set[int] = set()
        self._gathers = gathers
        self._fresh: dict[int, Unmatched] = {}
        self._came = asyncio.Event()
        said = self._read()
        self._told = {one for words in said.values() for one in words if isinstance(one, int)}
        self._matters = {
            (account, need): _Matter(account, need, said=need in said.get(account, ()))
            for account in logins
            for need in Need
        }

    async def run(self, invitations: Sequence[Invitation] = ()) -> None:
        """Say what comes up, until cancelled. Raises ``ConfigError`` where an address makes no sense."""
        if not self._targets.addresses:
            return
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(check(self._targets))
            tasks.create_task(self._gather(tasks))
            for matter in self._matters.values():
                tasks.create_task(self._attend(matter))
            for invitation in invitations:
                tasks.create_task(self._follow(invitation))

    def closed(self, account: str, words: str | None) -> None:
        """Why Trakt refuses an account as such; None once it does not."""
        self._matters[account, Need.CLOSED].become(holds=words is not None, words=words or "")

    def unmatched(self, *ones: Unmatched) -> None:
        """These were not recognised."""
        for one in ones:
            if one.entry not in self._told and one.entry not in self._fresh:
                self._fresh[one.entry] = one
                self._came.set()

    def still_unmatched(self, *ones: Unmatched) -> None:
        """When the agent starts: these are all that there are; what was told of others need not be remembered."""
        self._told &= {one.entry for one in ones}
        self.unmatched(*ones)

    async def _gather(self, tasks: asyncio.TaskGroup) -> None:
        while True:
            await self._came.wait()
            await asyncio.sleep(self._gathers)
            self._came.clear()
            fresh, self._fresh = self._fresh, {}
            self._told |= fresh.keys()
            tasks.create_task(self._tell(tuple(fresh.values())))

    async def _tell(self, fresh: Sequence[Unmatched]) -> None:
        """Tell all targets of them, until each was told, or all was tried."""
        left = tuple(range(len(self._targets.addresses)))
        for pause in (*self._pauses, None):
            outcomes = await send(self._targets, _unrecognised(fresh), left)
            if len(left) > sum(outcome.how is not How.TOOK for outcome in outcomes):
                self._write()
            for outcome in outcomes:
                self._heed(outcome.target, None if outcome.how is How.TOOK else outcome.why)
            left = tuple(outcome.target for outcome in outcomes if outcome.how is not How.TOOK)
            if not left or pause is None:
                return
            await asyncio.sleep(pause)

    async def _follow(self, invitation: Invitation) -> None:
        """Whether an account is signed in is what its invitation knows."""
        matter = self._matters[invitation.account, Need.SIGN_IN]
        async with aclosing(invitation.states()) as states:
            async for state in states:
                words = state.words if isinstance(state, Needed) else ""
                matter.become(holds=not isinstance(state, SignedIn), words=words.rstrip("."))

    async def _attend(self, matter: _Matter) -> None:
        while True:
            await matter.news.wait()
            matter.news.clear()
            if matter.holds is not matter.said:
                await self._say(matter)

    async def _say(self, matter: _Matter) -> None:
        """Tell all targets, until each was told, all was tried, or it is otherwise by now."""
        holds, notice = matter.holds, self._notice(matter)
        left = tuple(range(len(self._targets.addresses)))
        for pause in (*self._pauses, None):
            outcomes = await send(self._targets, notice, left)
            if any(outcome.how is How.TOOK for outcome in outcomes):
                self._remember(matter, said=holds)
            for outcome in outcomes:
                self._heed(outcome.target, None if outcome.how is How.TOOK else outcome.why)
            left = tuple(outcome.target for outcome in outcomes if outcome.how is not How.TOOK)
            if not left or matter.holds is not holds or pause is None:
                break
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await matter.news.wait()
            if matter.holds is not holds:
                break
        if not holds:
            self._remember(matter, said=False)  # it is mended, whether anybody could be told or not

    def _heed(self, number: int, failure: str | None) -> None:
        """One warning for a target that fails, until it works again."""
        if failure is None:
            self._failing.discard(number)
        elif number not in self._failing:
            self._failing.add(number)
            log.warning("notification: %s %s", self._targets.name(number), failure)

    def _notice(self, matter: _Matter) -> Notice:
        account = f"Account {matter.account}"
        if not matter.holds:
            title = "Trakt: signed in" if matter.need is Need.SIGN_IN else "Trakt: works again"
            return Notice(title=title, text=f"{account}: what was watched meanwhile is being sent.")
        if matter.need is Need.CLOSED:
            text = f"{account}: {matter.words}. What is watched meanwhile is kept."
            return Notice(title="Trakt: account refused", text=text, urgent=True)
        page = f", or open {self.page}/{matter.account}" if self.page else ""
        reason = f" {matter.words}." if matter.words else ""
        text = f"{account}:{reason} Run `{self._logins[matter.account]}`{page}. What is watched meanwhile is kept."
        return Notice(title="Trakt: sign-in needed", text=text, urgent=True)

    def _read(self) -> dict[str, list[Need | int]]:
        """What was said; where that cannot be read it is said again, which is better than not at all."""
        with suppress(OSError, msgspec.DecodeError, UnicodeDecodeError):
            return msgspec.json.decode(self._file.read_bytes(), type=dict[str, list[Need | int]])
        return {}

    def _remember(self, matter: _Matter, *, said: bool) -> None:
        if matter.said is said:
            return
        matter.said = said
        self._write()

    def _write(self) -> None:
        kept: dict[str, list[Need | int]] = {}
        for one in self._matters.values():
            if one.said:
                kept.setdefault(one.account, []).append(one.need)
        if self._told:
            kept[""] = [*sorted(self._told)]
        try:
            new = self._file.with_suffix(".new")
            new.write_bytes(msgspec.json.encode(kept))
            new.replace(self._file)
        except OSError as error:
            log.warning("%s cannot be written: %s; it may be said again", self._file, error.strerror)


def _unrecognised(ones: Sequence[Unmatched]) -> Notice:
    names = [f"{one.label} ({one.account})" for one in ones[:NAMED]]
    more = f" and {len(ones) - NAMED} more" if len(ones) > NAMED else ""
    were = "was" if len(ones) == 1 else "were"
    text = f"{', '.join(names)}{more} {were} not recognised. Run `scrobbler fix {ones[0].entry}` to say what it is."
    return Notice(title="Trakt: not recognised", text=text)
