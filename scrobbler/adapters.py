"""The contract between the program and a player's adapter: all that a plugin author must know besides events.

A ``Watcher`` stays connected to a player and yields what it does. A ``Webhook`` understands one request that a server
sent. Neither can reach the store, the clock of the machine, or Trakt. ``spec/adapters.md`` has a worked example.
"""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

from msgspec import Struct

from scrobbler.events import PlayerEvent

ENTRY_POINTS = "scrobbler.adapters"


class Options(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of an adapter's own settings: the keys of ``[players.NAME]`` that are not the program's."""


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


@runtime_checkable
class Webhook(Protocol):
    """Understands what one server posts."""

    def parse(self, request: WebhookRequest) -> Sequence[PlayerEvent | Ignored]:
        """A pure function. Raises ``PayloadError`` for a body that no server of this kind sends."""
        ...


OptionsT = TypeVar("OptionsT", bound=Options)


class Plugin(Struct, Generic[OptionsT], frozen=True, kw_only=True):
    """What an entry point in the group ``scrobbler.adapters`` names."""

    name: str
    options: type[OptionsT]
    build: Callable[[str, OptionsT], Watcher | Webhook]
    """Makes the adapter for one ``[players.NAME]``; NAME becomes the ``source`` of its session keys."""


def available() -> list[str]:
    """The names of all installed adapters, sorted; none of them is imported."""
    from importlib.metadata import entry_points  # noqa: PLC0415  # 18 ms that most commands can do without

    return sorted({entry.name for entry in entry_points(group=ENTRY_POINTS)})


def load(kind: str) -> Plugin[Any] | None:
    """The adapter of that name, imported now; None where none is installed."""
    from importlib.metadata import entry_points  # noqa: PLC0415  # as above

    for entry in entry_points(group=ENTRY_POINTS, name=kind):
        plugin: Plugin[Any] = entry.load()
        return plugin
    return None
