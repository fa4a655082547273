"""Who of those that players tell of is let in: for whom an event counts, or why it counts for nobody.

What keeps an event out is said once a sitting and not with each of its heartbeats, and a stranger is written down now
and then. What a stranger does is kept in mind for a while, so that it counts as soon as somebody says whose it is.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from shlex import quote
from typing import Final, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from scrobbler.events import Kind, Media, PlayerEvent, Seconds, SessionKey
from scrobbler.filters import Filters
from scrobbler.household import Household, Member, Nobody, Stranger, Switched, concerns, in_own_seat
from scrobbler.state import decisions
from scrobbler.state.decisions import Note
from scrobbler.state.people import Mapped

_T = TypeVar("_T")

REMEMBERED: Final = 1000
"""So many playbacks that were kept out; the one that was heard of longest ago is forgotten."""
WAITING: Final = 100
"""So many playbacks of strangers are kept in mind."""
MEET_EVERY: Final = timedelta(minutes=1)
"""So often, at most, is a stranger written down."""
WAITS: Final = timedelta(hours=6)
"""So long does what a stranger does wait for somebody to say whose it is."""


class Admitted(Struct, frozen=True, kw_only=True):
    """The event counts for an account."""

    event: PlayerEvent
    account: str


class KeptOut(Struct, frozen=True, kw_only=True):
    """The event counts for nobody. ``note`` and ``stranger``: what is to be written down of that now, if anything."""

    event: PlayerEvent
    note: Note | None = None
    stranger: Stranger | None = None


class _Told(Struct, kw_only=True):
    """What was said of a playback that is kept out."""

    media: Media
    why: str
    duration: Seconds | None
    stopped: bool
    met_at: datetime | None = None


class Admission:
    """Judges events, and remembers what was said of those that were kept out."""

    def __init__(self) -> None:
        self.switched: tuple[Switched, ...] = ()
        self._added: dict[str, dict[str, str]] = {}
        self._told: dict[SessionKey, _Told] = {}
        self._waiting: dict[SessionKey, PlayerEvent] = {}

    def restore(self, switched: Sequence[Switched], mapped: Sequence[Mapped], accounts: Sequence[str]) -> None:
        """What commands said, as far as it is about accounts that there still are."""
        self.switched = tuple(one for one in switched if one.account in accounts)
        self._added = {}
        for one in mapped:
            if one.account in accounts:
                self._added.setdefault(one.player, {})[one.user] = one.account

    def judge(
        self, household: Household, filters: Filters, event: PlayerEvent, hidden: Callable[[str], bool], now: datetime
    ) -> Admitted | KeptOut:
        """For whom the event counts. ``hidden``: whether what an account watches is nobody's business."""
        source = event.session.source
        household = replace(household, added=self._added.get(source, {}))
        whose = household.whose(event, self._said_of(event, now))
        if isinstance(whose, Member) and whose.own_seat:
            event = in_own_seat(event)
        told = self._told.get(event.session)
        known = told.duration if told is not None and told.media.same_as(event.media) else None
        refusal = filters.refusal(replace(event, duration=event.duration or known))
        if refusal is not None:
            nameless = not isinstance(whose, Member) or hidden(whose.account)
            secret = isinstance(whose, Member) and hidden(whose.account)
            what = event.heard or event.kind.value if nameless else event.media.label()
            return self._keep_out(event, what, "incognito" if secret else refusal)
        what = event.heard or event.kind.value
        if isinstance(whose, Stranger):
            self._wait(event)
            return self._keep_out(event, what, _strange(source, whose), whose)
        if isinstance(whose, Nobody):
            return self._keep_out(event, what, f"it names no user, and players.{source}.users says who counts")
        self._told.pop(event.session, None)
        self._waiting.pop(event.session, None)
        wanted = replace(event, media=replace(event.media, live=False))  # the user wants live TV taken for any other
        return Admitted(event=wanted, account=whose.account)

    def _said_of(self, event: PlayerEvent, now: datetime) -> Switched | None:
        """What was said of the device, else of the player."""
        said = [one for one in self.switched if one.holds(now) and concerns(one, event)]
        return max(said, key=lambda one: one.device != "", default=None)

    def waiting(self, now: datetime) -> tuple[PlayerEvent, ...]:
        """What strangers are doing."""
        return tuple(event for event in self._waiting.values() if now - event.at < WAITS)

    def _keep_out(self, event: PlayerEvent, what: str, why: str, stranger: Stranger | None = None) -> KeptOut:
        told = self._told.pop(event.session, None)
        new = told is None or told.why != why or not told.media.same_as(event.media)
        new = new or (told is not None and told.stopped and event.kind is not Kind.STOP)
        met_at = told.met_at if told is not None else None
        meets = stranger is not None and (met_at is None or abs(event.at - met_at) >= MEET_EVERY)
        self._told[event.session] = _Told(
            media=event.media,
            why=why,
            duration=event.duration or (told.duration if told is not None and not new else None),
            stopped=event.kind is Kind.STOP,
            met_at=event.at if meets else met_at,
        )
        _bound(self._told, REMEMBERED)
        note = decisions.kept_out(event, f"{what}: {why}") if new else None
        return KeptOut(event=event, note=note, stranger=stranger if meets else None)

    def _wait(self, event: PlayerEvent) -> None:
        self._waiting.pop(event.session, None)
        if event.kind is not Kind.STOP:
            self._waiting[event.session] = event
            _bound(self._waiting, WAITING)


def mapping(player: str, user: str, account: str = "ACCOUNT") -> str:
    """The command by which a user counts for an account."""
    return f"scrobbler users map {quote(player)} {quote(user)} {account}"


def _strange(player: str, one: Stranger) -> str:
    return f"user {one.user!r} counts for no account: `{mapping(player, one.user)}`"


def _bound(many: dict[SessionKey, _T], most: int) -> None:
    while len(many) > most:
        del many[next(iter(many))]
