"""What the page's forms ask for, each turned into requests for the agent, and its answers into a line for people.

Nothing here changes anything by itself: all goes through ``perform``, as the requests of commands do.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Final

from scrobbler.control.people import MapUser, Switch
from scrobbler.control.request import (
    UNTIL_OFF,
    Answer,
    Correct,
    Corrected,
    Done,
    Drop,
    Hidden,
    Incognito,
    Refused,
    Replaced,
    Request,
    Retry,
    Undo,
    Undone,
)
from scrobbler.errors import ConfigError, PayloadError, ScrobblerError
from scrobbler.household import EVERYBODY, folded
from scrobbler.machine.scrobble import Action
from scrobbler.web.forms import Fix, Form, Hand, Hide, MapForm, OnEntry, OnPlay
from scrobbler.web.mender import Choices, Mender, Which
from scrobbler.web.shown import Home, Player

LOOKUP_SECONDS: Final = 15.0
"""So long may it take to find out what somebody means."""
HOURS: Final[Mapping[str, timedelta | None]] = {
    "1h": timedelta(hours=1),
    "2h": timedelta(hours=2),
    "4h": timedelta(hours=4),
    "on": None,
}
"""For how long something is switched on; "on" until it is switched off."""

_ACTIONS: Final = frozenset(action.value for action in Action)


class AskAgain(ScrobblerError):  # noqa: N818  # no error
    """It is not certain what was meant: the user may choose, on a page of its own."""

    def __init__(self, form: Fix, choices: Choices) -> None:
        super().__init__(choices.reason)
        self.form = form


class Actions:
    """Does what forms ask for, in the name of whoever may see the page."""

    def __init__(
        self,
        home: Home,
        perform: Callable[[Request], Awaitable[Answer]],
        mender: Mender,
        clock: Callable[[], datetime],
    ) -> None:
        self._home = home
        self._perform = perform
        self._mender = mender
        self._clock = clock

    async def do(self, path: str, form: Form) -> str:
        """Do it, and say what was done, in a line. Raises ``ScrobblerError`` with the line that says why not."""
        if isinstance(form, OnEntry):
            drops = path == "/drop"
            answer = await self._ask(Drop(ids=(form.entry,)) if drops else Retry(ids=(form.entry,)))
            return _done(answer, "is dropped" if drops else "is tried again", form.entry)
        if isinstance(form, OnPlay):
            return _undone(await self._ask(Undo(plays=(form.play,))), form.play)
        if isinstance(form, Fix):
            return await self._fix(form)
        if isinstance(form, Hide):
            return await self._hide(form)
        if isinstance(form, Hand):
            return await self._hand(form)
        return await self._map(form)

    async def _fix(self, form: Fix) -> str:
        which, meant = form.which, form.meant
        async with timely():
            remedy = await self._mender.remedy(which, meant, form.scope or None)
        if isinstance(remedy, Choices):
            raise AskAgain(form, remedy)
        said = [_mended(await self._ask(request), which) for request in remedy.requests]
        remembers = any(isinstance(request, Correct) for request in remedy.requests)
        return " ".join(filter(None, (*said, f"Remembered: {remedy.words}." if remembers else "")))

    async def _hide(self, form: Hide) -> str:
        until = None if form.to == "off" else self._until(form.to) or UNTIL_OFF
        answer = await self._ask(Incognito(account=form.account or None, until=until))
        assert isinstance(answer, Hidden)  # what such a request is answered  # noqa: S101
        how = {"off": "off", "on": "on until it is switched off"}.get(form.to, f"on for {_hours(form.to)}")
        return f"Incognito is {how} for {', '.join(answer.accounts)}."

    async def _hand(self, form: Hand) -> str:
        self._player(form.player)
        device = form.device.strip()
        until = self._until(form.to) if form.account else None
        place = f"{form.player}/{device}" if device else form.player
        await self._ask(
            Switch(players=(form.player,), account=form.account or None, device=device or None, until=until)
        )
        if not form.account:
            return f"{place} counts for whom it counted before."
        how = "" if until is None else f" for {_hours(form.to)}"
        return f"{place} counts for {form.account}{how}."

    async def _map(self, form: MapForm) -> str:
        written = self._player(form.player).users
        if not folded(form.user):
            raise PayloadError("a user has a name or an id")
        if (twin := next((one for one in written if folded(one) == folded(form.user)), None)) is not None:
            words = f"players.{form.player}.users of the configuration says that {twin!r} counts for {written[twin]}"
            raise ConfigError(f"{words}: change it there")
        await self._ask(MapUser(player=form.player, user=form.user, account=form.account or None))
        who = "everybody else" if form.user == EVERYBODY else form.user
        return f"{who} of {form.player} counts for {form.account or 'nobody any more'}."

    def _until(self, how: str) -> datetime | None:
        length = HOURS[how]
        return None if length is None else self._clock() + length

    async def _ask(self, request: Request) -> Answer:
        answer = await self._perform(request)
        if isinstance(answer, Refused):
            raise ConfigError(answer.why)
        return answer

    def _player(self, name: str) -> Player:
        found = next((one for one in self._home.players if one.name == name), None)
        if found is None:
            known = ", ".join(one.name for one in self._home.players)
            raise ConfigError(f"there is no player {name!r}: known are {known}")
        return found


@asynccontextmanager
async def timely() -> AsyncIterator[None]:
    """Give up on what Trakt does not answer. Raises ``ConfigError`` then."""
    try:
        async with asyncio.timeout(LOOKUP_SECONDS):
            yield
    except TimeoutError:
        raise ConfigError(f"Trakt does not answer within {LOOKUP_SECONDS:.0f} s: try again later") from None


def _title(label: str) -> str:
    """What an entry is about, without the word for what it says of it."""
    action, _, title = label.partition(" ")
    return title if action in _ACTIONS else label


def _hours(how: str) -> str:
    return f"{how.rstrip('h')} h"


def _done(answer: Answer, words: str, number: int) -> str:
    assert isinstance(answer, Done)  # what such a request is answered  # noqa: S101
    if answer.left:
        raise ConfigError(f"entry {number} is being sent just now, or left the queue")
    return f"{_title(answer.entries[0].label)} {words}."


def _undone(answer: Answer, number: int) -> str:
    assert isinstance(answer, Undone)  # as above  # noqa: S101
    if answer.left:
        raise ConfigError(f"play {number} was undone already, or is gone")
    return f"{answer.plays[0].label} is taken out of Trakt's history."


def _mended(answer: Answer, which: Which) -> str:
    """What came of one request of a remedy."""
    if isinstance(answer, Replaced):
        added = answer.added.label
        return f"{answer.removed.label} is taken out of Trakt's history, and {added} is added with its time."
    if isinstance(answer, Undone):
        return _undone(answer, which.id)
    assert isinstance(answer, Corrected)  # the last that there is in a remedy  # noqa: S101
    if not which.is_play and which.id in answer.left:
        raise ConfigError(f"entry {which.id} is being sent just now, or left the queue; the correction is remembered")
    tried = [_title(entry.label) for entry in answer.entries]
    more = f" and {len(tried) - 1} more" if len(tried) > 1 else ""
    return f"{tried[0]}{more} {'are' if more else 'is'} tried again." if tried else ""
