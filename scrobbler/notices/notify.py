"""What needs the user is said where he is, once: a sign-in, an account that Trakt refuses, a watch nobody recognised.

Theory of operation
-------------------
A *matter* is one need of one account. It holds or it does not, and it was said or it was not; where the two differ,
something is to be said: the need, or that all is well again. So a need that was never said is never taken back, one
that comes and goes before anybody could be told is none, and nothing is said twice.

A watch that was not recognised, or set aside, is told of once, by its entry of the outbox, and one that Trakt has where
the user asks for that; nothing is ever said to be well again about it. Those that come in a row are one notice. They
are heard of as decisions that are on the disk, and so is what is said in a player's window (``lines``).

What was said is kept in a file of its own, over restarts. Nothing waits for any of this. What is told unasked, and what
only if the user wants it, is a table (``kind``).
"""

import asyncio
import logging
from collections.abc import Collection, Mapping, Sequence
from contextlib import aclosing, suppress
from enum import Enum
from functools import partial
from pathlib import Path
from typing import Final

import msgspec

from scrobbler.notices.gathering import GATHERED, GATHERS, Gathering, Watch
from scrobbler.notices.kind import NEEDED, Kind, named
from scrobbler.notices.lines import Lines
from scrobbler.notices.notice import Notice, check
from scrobbler.notices.post import Post
from scrobbler.state.decisions import Note, What
from scrobbler.welcome.invitation import Invitation, Needed, SignedIn

log = logging.getLogger(__name__)

FILE: Final = "notified.json"


class Need(Enum):
    """What only the user can mend."""

    SIGN_IN = "sign-in"
    CLOSED = "closed"
    """Trakt refuses the app, or the account, as such."""


_KINDS: Final[Mapping[Need, Kind]] = {Need.SIGN_IN: Kind.SIGN_IN, Need.CLOSED: Kind.ACCOUNT}
_DECIDED: Final[Mapping[What, Kind]] = {
    What.UNMATCHED: Kind.UNMATCHED,
    What.ASIDE: Kind.ASIDE,
    What.WATCHED: Kind.SCROBBLED,
}
"""Which decisions are told of a watch."""


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
    """Says what needs the user. Made and used on one event loop only, but for ``hear``."""

    def __init__(
        self,
        post: Post,
        state: Path,
        logins: Mapping[str, str],
        *,
        says: Collection[Kind] = named([NEEDED]),
        lines: Lines | None = None,
        gathers: float = GATHERS,
    ) -> None:
        """``logins``: each account with the command that signs it in. Touches nothing yet but reads what was said."""
        self.page: str | None = None
        """The address of the page where one can sign in, where there is one."""
        self.trouble: str | None = None
        """What was done with a state file that could not be used, until somebody was told."""
        self._post = post
        self._file = state / FILE
        self._logins = logins
        self._says = says if post.targets.addresses else ()
        self._lines = lines
        self._loop = asyncio.get_running_loop()
        self._gatherings = {kind: Gathering(kind, gathers=gathers) for kind in GATHERED if kind in self._says}
        said = self._read()
        self._told = {one for words in said.values() for one in words if isinstance(one, int)}
        self._matters = {
            (account, need): _Matter(account, need, said=need in said.get(account, ()))
            for account in logins
            for need in Need
        }

    async def run(self, invitations: Sequence[Invitation] = ()) -> None:
        """Say what comes up, until cancelled. Raises ``ConfigError`` where an address makes no sense."""
        async with asyncio.TaskGroup() as tasks:
            if self._post.targets.addresses:
                tasks.create_task(check(self._post.targets))
            if self.trouble is not None and Kind.STATE in self._says:
                notice = _state(self.trouble.replace(f"{self._file.parent}/", ""))
                tasks.create_task(self._post.deliver(notice, partial(setattr, self, "trouble", None)))
            for gathering in self._gatherings.values():
                tasks.create_task(self._gather(gathering, tasks))
            for matter in self._matters.values():
                if _KINDS[matter.need] in self._says:
                    tasks.create_task(self._attend(matter))
            for invitation in invitations:
                tasks.create_task(self._follow(invitation))

    def closed(self, account: str, words: str | None) -> None:
        """Why Trakt refuses an account as such; None once it does not."""
        self._matters[account, Need.CLOSED].become(holds=words is not None, words=words or "")

    def hear(self, notes: Sequence[Note]) -> None:
        """These decisions are on the disk. May be called from any thread."""
        lines = self._lines
        wanted = [note for note in notes if self._is_told(note) or (lines is not None and lines.wants(note))]
        if wanted:
            with suppress(RuntimeError):  # the agent has ended meanwhile; what stays is told when it starts again
                self._loop.call_soon_threadsafe(self._heard, wanted)

    def still_aside(self, unmatched: Sequence[Watch], others: Sequence[Watch]) -> None:
        """When the agent starts: these are all that there are; what was told of others need not be remembered."""
        self._told &= {one.entry for one in (*unmatched, *others)}
        for kind, ones in ((Kind.UNMATCHED, unmatched), (Kind.ASIDE, others)):
            for one in ones:
                self._add(kind, one)

    def _is_told(self, note: Note) -> bool:
        return _DECIDED.get(note.what) in self._gatherings

    def _heard(self, notes: Sequence[Note]) -> None:
        for note in notes:
            if self._is_told(note) and note.entry is not None:
                label = note.label or note.words
                watch = Watch(entry=note.entry, account=note.account or "", label=label, words=note.words)
                self._add(_DECIDED[note.what], watch)
            if self._lines is not None:
                self._lines.hear(note)

    def _add(self, kind: Kind, one: Watch) -> None:
        if kind in self._gatherings and (kind is Kind.SCROBBLED or one.entry not in self._told):
            self._gatherings[kind].add(one)

    async def _gather(self, gathering: Gathering, tasks: asyncio.TaskGroup) -> None:
        while True:
            fresh = await gathering.next()
            if gathering.kind is not Kind.SCROBBLED:
                self._told |= {one.entry for one in fresh}
            tasks.create_task(self._post.deliver(gathering.notice(fresh), self._write))

    async def _follow(self, invitation: Invitation) -> None:
        """Whether an account is signed in is what its invitation knows."""
        matter = self._matters[invitation.account, Need.SIGN_IN]
        async with aclosing(invitation.states()) as states:
            async for state in states:
                words = state.words if isinstance(state, Needed) else ""
                matter.become(holds=not isinstance(state, SignedIn), words=words.rstrip("."))
                if self._lines is not None:
                    self._lines.need(invitation.account, holds=not isinstance(state, SignedIn))

    async def _attend(self, matter: _Matter) -> None:
        while True:
            await matter.news.wait()
            matter.news.clear()
            if matter.holds is not matter.said:
                await self._say(matter)

    async def _say(self, matter: _Matter) -> None:
        """Tell all targets, until each was told, all was tried, or it is otherwise by now."""
        holds = matter.holds
        await self._post.deliver(
            self._notice(matter),
            took=lambda: self._remember(matter, said=holds),
            over=lambda: matter.holds is not holds,
            news=matter.news,
        )
        if not holds:
            self._remember(matter, said=False)  # it is mended, whether anybody could be told or not

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


def _state(words: str) -> Notice:
    text = f"{words}. What is watched from now on counts; tokens and settings are files of their own."
    return Notice(title="Trakt: the state file could not be used", text=text, urgent=True)
