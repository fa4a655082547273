"""What the page shows of a state file: a bounded look at it, in the order and the words for people."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Final

from msgspec import Struct

from scrobbler.control.request import UNTIL_OFF
from scrobbler.events import Media
from scrobbler.machine.motion import State, estimate
from scrobbler.machine.scrobble import BY_HAND
from scrobbler.machine.session import Session
from scrobbler.state.decisions import Decision
from scrobbler.state.entry import Entry, EntryState
from scrobbler.state.people import Mapped, Met
from scrobbler.state.plays import Play
from scrobbler.state.snapshot import Queued, Snapshot, look, queued
from scrobbler.web.mender import Choice

PLAYING: Final = 20
PLAYS: Final = 20
ENTRIES: Final = 20
"""So many that wait, and so many that were set aside; the rest is counted."""
CHOICES: Final = 5
"""So many candidates of each, on this page."""
STRANGERS: Final = 10


class Player(Struct, frozen=True, kw_only=True):
    """A player as it is configured."""

    name: str
    kind: str
    account: str | None
    """Whose is what names no user; None where its users decide."""
    users: Mapping[str, str]
    """Its server's users who are mapped by the configuration."""


class Home(Struct, frozen=True, kw_only=True):
    """What the page knows of the configuration."""

    folder: Path
    accounts: tuple[str, ...]
    players: tuple[Player, ...]
    strangers: Callable[[Snapshot], Sequence[tuple[Met, str]]]
    """Who counts for nobody, each with the word that maps him."""
    named: Callable[[str | None, Media], str]
    """What is called how: by Trakt's item, as it is kept, and what the player said of it."""


class Seat(Enum):
    """How it is with a play."""

    THERE = "there"
    REMOVING = "being removed"
    STUCK = "could not be removed"
    UNDONE = "undone"


class OnNow(Struct, frozen=True, kw_only=True):
    """Something that plays. ``item`` is None where it is nobody's business."""

    key: str
    player: str
    account: str
    item: str | None
    playing: bool
    position: float | None
    duration: float | None
    rate: float
    counted: bool


class Waits(Struct, frozen=True, kw_only=True):
    """An entry of the outbox."""

    id: int
    account: str
    label: str
    at: datetime
    sending: bool
    attempts: int
    next_at: datetime | None
    """When it is tried again, if that is not at once."""
    reason: str | None
    lost: bool
    """Whether a watch is lost where it is dropped."""
    fixable: bool
    choices: tuple[Choice, ...]
    path: str | None


class Watched(Struct, frozen=True, kw_only=True):
    """A play."""

    id: int
    account: str
    item: str
    watched_at: datetime
    how: str
    seat: Seat
    fixable: bool


class Whose(Struct, frozen=True, kw_only=True):
    """A player, who uses it, and when it was heard of."""

    player: Player
    heard: Decision | None
    switched: tuple[tuple[str, str, datetime | None], ...]
    """Device (empty: the whole player), account, and until when."""
    mapped: tuple[Mapped, ...]


class Hiding(Struct, frozen=True, kw_only=True):
    """An account that is incognito."""

    account: str
    until: datetime | None
    """None: until it is switched off."""


class Scene(Struct, frozen=True, kw_only=True):
    """All that the page shows, but for who is signed in."""

    at: datetime
    now: tuple[OnNow, ...]
    unmatched: tuple[Waits, ...]
    aside: tuple[Waits, ...]
    waiting: tuple[Waits, ...]
    more_aside: int
    """So many more were set aside, unmatched or not."""
    more_waiting: int
    plays: tuple[Watched, ...]
    hiding: tuple[Hiding, ...]
    players: tuple[Whose, ...]
    strangers: tuple[tuple[Met, str], ...]


def scene(home: Home, at: datetime, listed: Callable[[Entry], Sequence[Choice]]) -> Scene:
    """Read the state file; it takes no longer however much waits. Blocks. Raises ``StateError``."""
    state = look(home.folder, limit=PLAYS, most=ENTRIES)
    counts = queued(home.folder)
    aside = [_waits(one, at, home, listed) for one in reversed(state.aside)]
    unmatched = {one.id for one in state.aside if one.unmatched}
    live = [one for one in state.sessions if one.state is not State.IDLE]
    return Scene(
        at=at,
        now=tuple(_on_now(one, at) for one in live[:PLAYING]),
        unmatched=tuple(one for one in aside if one.id in unmatched),
        aside=tuple(one for one in aside if one.id not in unmatched),
        waiting=tuple(_waits(one, at, home, listed) for one in state.waiting),
        more_aside=_number(counts, EntryState.ASIDE) - len(aside),
        more_waiting=_number(counts, EntryState.WAITING, EntryState.SENDING) - len(state.waiting),
        plays=tuple(_watched(one, home, state) for one in state.plays),
        hiding=tuple(_hiding(state, home, at)),
        players=tuple(_whose(one, state, at) for one in home.players),
        strangers=tuple(home.strangers(state))[:STRANGERS],
    )


def _number(counts: Sequence[Queued], *states: EntryState) -> int:
    wanted = {one.value for one in states}
    return sum(one.entries for one in counts if one.state in wanted)


def _on_now(session: Session, at: datetime) -> OnNow:
    return OnNow(
        key=str(session.key),
        player=session.key.source,
        account=session.account,
        item=session.media.label() if session.media is not None and not session.incognito else None,
        playing=session.state is State.PLAYING,
        position=estimate(session, at),
        duration=session.duration,
        rate=session.rate,
        counted=session.watched,
    )


def _waits(entry: Entry, at: datetime, home: Home, listed: Callable[[Entry], Sequence[Choice]]) -> Waits:
    said = entry.scrobble
    name = home.named(entry.item, said.media)
    rests = entry.state is EntryState.WAITING and entry.next_at > at
    return Waits(
        id=entry.id,
        account=said.account,
        label=name if entry.state is EntryState.ASIDE and entry.removes is None else f"{said.action.value} {name}",
        at=said.at,
        sending=entry.state is EntryState.SENDING,
        attempts=entry.attempts,
        next_at=entry.next_at if rests else None,
        reason=entry.reason,
        lost=entry.removes is None and said.lasts(),
        fixable=entry.removes is None and said.session != BY_HAND,
        choices=tuple(listed(entry))[:CHOICES] if entry.unmatched else (),
        path=said.media.path,
    )


def _watched(play: Play, home: Home, state: Snapshot) -> Watched:
    removal = state.removals.get(play.id)
    stands = Seat.STUCK if removal is EntryState.ASIDE else Seat.REMOVING
    seat = Seat.THERE if play.undone_at is None else Seat.UNDONE if removal is None else stands
    return Watched(
        id=play.id,
        account=play.account,
        item=home.named(play.item, play.media),
        watched_at=play.watched_at,
        how=play.how.value,
        seat=seat,
        fixable=seat is Seat.THERE,
    )


def _hiding(state: Snapshot, home: Home, at: datetime) -> list[Hiding]:
    ends = ((name, state.incognito.get(name)) for name in home.accounts)
    return [
        Hiding(account=name, until=None if until >= UNTIL_OFF else until)
        for name, until in ends
        if until is not None and until > at
    ]


def _whose(player: Player, state: Snapshot, at: datetime) -> Whose:
    return Whose(
        player=player,
        heard=next((one for one in state.heard if one.source == player.name), None),
        switched=tuple(
            (one.device, one.account, one.until)
            for one in state.switched
            if one.player == player.name and one.holds(at)
        ),
        mapped=tuple(one for one in state.mapped if one.player == player.name),
    )
