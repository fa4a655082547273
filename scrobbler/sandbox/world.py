"""Everything that the sandbox remembers: accounts with history, resume points and watching; apps; the machinery."""

from datetime import datetime, timedelta
from enum import Enum
from itertools import count

from msgspec import Struct

from scrobbler.sandbox.catalogue import Catalogue, catalogue
from scrobbler.sandbox.clock import SandboxClock, iso
from scrobbler.sandbox.devices import Devices
from scrobbler.sandbox.faults import Faults
from scrobbler.sandbox.invitations import Invitations
from scrobbler.sandbox.journal import Journal
from scrobbler.sandbox.rules import Rules
from scrobbler.sandbox.titles import Json, Watchable, typed
from scrobbler.sandbox.tokens import App, Tokens

DEFAULT_APP = App(client_id="sandbox", client_secret="sandbox-secret")  # noqa: S106 - known to all, opens a toy
FIRST_PLAY = 10_000_000_001
"""Above 32 bits, as Trakt's are."""


class PlayAction(Enum):
    """How a play came into the history."""

    SCROBBLE = "scrobble"
    CHECKIN = "checkin"
    WATCH = "watch"


class Play(Struct, frozen=True, kw_only=True):
    """One line of the history."""

    id: int
    item: Watchable
    watched_at: datetime
    action: PlayAction

    def wire(self, *, full: bool = False) -> Json:
        """As in ``/sync/history``."""
        head: Json = {"id": self.id, "watched_at": iso(self.watched_at), "action": self.action.value}
        return head | typed(self.item, full=full)


class Playback(Struct, frozen=True, kw_only=True):
    """A resume point; ``progress`` in percent."""

    id: int
    item: Watchable
    progress: float
    paused_at: datetime

    def wire(self, *, full: bool = False) -> Json:
        """As in ``/sync/playback``."""
        head: Json = {"progress": self.progress, "paused_at": iso(self.paused_at), "id": self.id}
        return head | typed(self.item, full=full)


class Watching(Struct, frozen=True, kw_only=True):
    """What an account watches now."""

    item: Watchable
    started_at: datetime
    expires_at: datetime
    action: PlayAction = PlayAction.SCROBBLE

    def wire(self, *, full: bool = False) -> Json:
        """As in ``/users/me/watching``."""
        head: Json = {"expires_at": iso(self.expires_at), "started_at": iso(self.started_at)}
        return head | {"action": self.action.value} | typed(self.item, full=full)


class Account:
    """One user's history, resume points, and what is watched now."""

    def __init__(self, name: str, *, joined_at: datetime) -> None:
        self.name = name
        self.joined_at = joined_at
        self.plays: list[Play] = []
        self.playback: list[Playback] = []
        self._watching: Watching | None = None
        self._play_ids = count(FIRST_PLAY)
        self._playback_ids = count(1)

    def watching(self, now: datetime) -> Watching | None:
        """Until it expires; expiry alone makes no play."""
        if self._watching is not None and self._watching.expires_at <= now:
            self._watching = None
        return self._watching

    def start(self, item: Watchable, progress: float, now: datetime, *, default: int) -> None:
        """Watch this now, for the rest of its runtime; its resume point goes."""
        whole = timedelta(minutes=item.runtime) if item.runtime else timedelta(seconds=default)
        played = whole * (progress / 100)
        self._watching = Watching(item=item, started_at=now - played, expires_at=now - played + whole)
        self.forget(item)

    def pause(self, item: Watchable, progress: float, now: datetime) -> Playback:
        """Keep the place; the item is not watched any more."""
        kept = next((each.id for each in self.playback if each.item.key == item.key), None)
        self.forget(item)
        self.end(item)
        place = Playback(id=kept or next(self._playback_ids), item=item, progress=progress, paused_at=now)
        self.playback.append(place)
        return place

    def play(self, item: Watchable, at: datetime, action: PlayAction) -> Play:
        """Add to the history, whatever is in it already."""
        play = Play(id=next(self._play_ids), item=item, watched_at=at, action=action)
        self.plays.append(play)
        return play

    def scrobble(self, item: Watchable, now: datetime) -> Play:
        """Watched to the end: history, no place to resume, not watched any more."""
        self.forget(item)
        self.end(item)
        return self.play(item, now, PlayAction.SCROBBLE)

    def last_scrobble(self, item: Watchable) -> datetime | None:
        """When this item was scrobbled last."""
        at = (
            play.watched_at for play in self.plays if play.action is PlayAction.SCROBBLE and play.item.key == item.key
        )
        return max(at, default=None)

    def forget(self, item: Watchable) -> None:
        """Remove the item's resume point."""
        self.playback = [each for each in self.playback if each.item.key != item.key]

    def end(self, item: Watchable | None = None) -> None:
        """Watch nothing any more; with an item, only if it is this one."""
        if item is None or (self._watching is not None and self._watching.item.key == item.key):
            self._watching = None


class World:
    """The whole state. Plain objects: a test may look at, and change, anything."""

    def __init__(self, clock: SandboxClock, rules: Rules) -> None:
        self.clock = clock
        self.rules = rules
        self.catalogue: Catalogue = catalogue()
        self.apps: dict[str, App] = {DEFAULT_APP.client_id: DEFAULT_APP}
        self.accounts: dict[str, Account] = {}
        self.tokens = Tokens(clock, rules)
        self.devices = Devices(clock, rules, self.tokens)
        self.invitations = Invitations(clock, rules, self.tokens)
        self.faults = Faults()
        self.journal = Journal()

    def account(self, name: str) -> Account:
        """The account of that name, made at its first sign-in."""
        return self.accounts.setdefault(name, Account(name, joined_at=self.clock.now()))

    def add_app(self, app: App) -> None:
        """Register an app, or replace the one of its client id."""
        self.apps[app.client_id] = app
