"""The contract between the program and a player's adapter: all that a plugin author must know besides events.

A ``Watcher`` stays connected to a player and yields what it does. A ``Webhook`` understands one request that a server
sent. Neither can reach the store, the clock of the machine, or Trakt. ``spec/adapters.md`` has a worked example.
"""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from datetime import datetime
from enum import Enum
from importlib import import_module
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable
from urllib.parse import SplitResult, urlsplit

from msgspec import Struct

from scrobbler.events import PlayerEvent

ENTRY_POINTS = "scrobbler.adapters"
OURS = ("emby", "jellyfin", "kodi", "mpv", "plex", "tautulli")
"""Found by their names, because to search all that is installed takes 18 ms and 0.7 MiB."""


class Concern(Enum):
    """What a line is about, so that an adapter can let its user choose."""

    SIGN_IN = "sign-in"
    UNMATCHED = "unmatched"
    SCROBBLED = "scrobbled"


class Options(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of an adapter's own settings: the keys of ``[players.NAME]`` that are not the program's."""

    def concerns(self) -> frozenset[Concern]:
        """What lines are about that its ``Captions`` show."""
        return frozenset()


@runtime_checkable
class Watcher(Protocol):
    """Stays connected to the players of one source."""

    def events(self) -> AsyncGenerator[PlayerEvent, None]:
        """What the players do, until the iteration is cancelled.

        Players come and go without an error; one that vanishes without a word ends with a STOP at its last known
        position. Raises ``ConfigError`` where the options cannot work on this machine.
        """
        ...


class Sign(Struct, frozen=True, kw_only=True):
    """Something to be read off a screen: a link as a QR code, and a few short lines of words under it."""

    link: str
    words: tuple[str, ...]


class Screen(Protocol):
    """A window of a player."""

    async def show(self, sign: Sign) -> bool:
        """Show it until the user puts it away (True) or the window is gone (False). Cancel it to take it back."""
        ...


@runtime_checkable
class Screens(Protocol):
    """What a watcher may have besides: windows in which something can be shown to who sits before the player."""

    def screens(self) -> AsyncGenerator[Screen, None]:
        """Each window: those that are open, and others as they open, until the iteration is closed.

        Knows the players that ``events`` follows meanwhile. Closing it takes back all that is shown.
        """
        ...


class Line(Struct, frozen=True, kw_only=True):
    """A few words for who sits before a player."""

    concern: Concern
    words: str
    session: str | None = None
    """The text of the key of the session that it is about; None: it is for all windows of the player."""
    seconds: float = 5.0
    """So long can it be read."""


@runtime_checkable
class Captions(Protocol):
    """What a watcher may have besides: a line of words in the window of a player, over what plays."""

    async def caption(self, line: Line) -> bool:
        """Show it, and return once it is over; whether anybody could read it.

        Nothing is shown where the user does not want it, where there is no window, and beside a sign of ours.
        """
        ...


class WebhookRequest(Struct, frozen=True, kw_only=True):
    """One HTTP request as it came in, before anything was understood. Header names are lower-case."""

    method: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    at: datetime


class Ignored(Struct, frozen=True, kw_only=True):
    """A request that was understood and is no playback of interest."""

    reason: str
    heard: str = ""
    user: str | None = None
    player: str | None = None
    """The device's stable id, where one is known."""
    event: PlayerEvent | None = None
    """What it would be for a user who wants it counted all the same: live TV, with ``media.live`` set."""


@runtime_checkable
class Webhook(Protocol):
    """Understands what one server posts."""

    def parse(self, request: WebhookRequest) -> Sequence[PlayerEvent | Ignored]:
        """A pure function. Raises ``PayloadError`` for a body that no server of this kind sends."""
        ...


class Api(Protocol):
    """The API of the server that is to call us. The program knows where it is; an adapter knows how to talk to it."""

    def __call__(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str],
        body: Any = None,
        form: Sequence[tuple[str, str]] | None = None,
    ) -> Any:
        """One call with a JSON body or a form; the JSON that it answers, None where it answers none.

        Raises ``ScrobblerError``, in words for the user, for what is no 2xx or no answer at all.
        """
        ...


class Address(Struct, frozen=True, kw_only=True):
    """Where a server posts for one ``[players.NAME]``."""

    url: str
    """With the secret."""

    def __repr__(self) -> str:  # the secret must not reach a log through a repr
        return "Address(...)"

    def is_ours(self, url: str) -> bool:
        """Whether another address leads to the same player, maybe with an older secret or by another name of ours."""
        own, other = urlsplit(self.url), _split(url)
        return other is not None and other.path.endswith(own.path[own.path.rindex("/hooks/") :])


def _split(url: str) -> SplitResult | None:
    try:
        return urlsplit(url)
    except ValueError:
        return None


class Register(Protocol):
    """Makes a server call an address, or no longer."""

    def __call__(self, api: Api, token: str, address: Address, *, wanted: bool) -> bool:
        """Leave exactly one entry of ours there, or none. Returns whether anything had to be changed.

        Raises ``ScrobblerError`` where it cannot be done.
        """
        ...


class Setup(Struct, frozen=True, kw_only=True):
    """How a server is made to call us, for its user; and where its own API allows it, for a program."""

    steps: tuple[str, ...]
    """In their order; ``{url}`` stands for the address with the secret."""
    paste: str = ""
    """A text that one of the steps asks for."""
    notes: tuple[str, ...] = ()
    server: str = ""
    """Where the API is, unless the user says otherwise."""
    token: str = ""
    """What the API asks for, and where the user finds it."""
    register: Register | None = None


OptionsT = TypeVar("OptionsT", bound=Options)


class Plugin(Struct, Generic[OptionsT], frozen=True, kw_only=True):
    """What an entry point in the group ``scrobbler.adapters`` names."""

    name: str
    options: type[OptionsT]
    build: Callable[[str, OptionsT], Watcher | Webhook]
    """Makes the adapter for one ``[players.NAME]``; NAME becomes the ``source`` of its session keys."""
    setup: Setup | None = None
    """Of a webhook: what ``scrobbler webhook`` tells the user."""
    reader: Callable[[str], Webhook] | None = None
    """Of a watcher: understands one message of the player as a log has it, with the answers that were asked for."""


def available() -> list[str]:
    """The names of all installed adapters, sorted; none of them is imported."""
    from importlib.metadata import entry_points  # noqa: PLC0415  # 18 ms that most commands can do without

    return sorted({entry.name for entry in entry_points(group=ENTRY_POINTS)})


def load(kind: str) -> Plugin[Any] | None:
    """The adapter of that name, imported now; None where none is installed."""
    if kind in OURS:
        ours: Plugin[Any] = import_module(f"scrobbler_{kind}").plugin
        return ours
    from importlib.metadata import entry_points  # noqa: PLC0415  # as above

    for entry in entry_points(group=ENTRY_POINTS, name=kind):
        plugin: Plugin[Any] = entry.load()
        return plugin
    return None
