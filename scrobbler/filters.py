"""What the user does not want to be counted: by path, library, user, device, length, and live TV.

A *filter* is one table of the configuration: ``[filter]`` for all players, ``[players.NAME.filter]`` for one. Both
hold; only ``shorter_than`` and ``allow`` of a player stand in place of those for all.

What a player does not tell is in no ``ignore`` list, and in no ``only`` list either, so such a list keeps it out. But a
list for all players asks only those that can tell such a thing: paths are told by players beside the user, and
libraries, users and devices by servers.
"""

import fnmatch
import os
import re
import sys
import unicodedata
from collections.abc import Callable, Iterator
from enum import Enum
from functools import lru_cache
from typing import Annotated, Final

from msgspec import Meta, Struct

from scrobbler.events import PlayerEvent
from scrobbler.household import folded, identified

_CASE: Final = re.IGNORECASE if sys.platform == "darwin" else re.NOFLAG
"""A pattern tells capitals apart where the file system does."""

Paths = Annotated[
    tuple[str, ...], Meta(description='a list of folders or patterns such as "~/Films/Kids" or "*/Trailers/*"')
]
Names = Annotated[tuple[str, ...], Meta(description='a list of names such as "Kids"')]
Minutes = Annotated[float, Meta(ge=0, le=1440, description="a number of minutes from 0 to 1440")]


class Genre(Enum):
    """What is left out unless the user allows it. (Music and extras are nothing that Trakt counts.)"""

    LIVE = "live"


class Filter(Struct, frozen=True, kw_only=True):
    """``[filter]`` and ``[players.NAME.filter]``: what is not to be counted. An empty list says nothing."""

    ignore_paths: Paths = ()
    only_paths: Paths = ()
    ignore_libraries: Names = ()
    only_libraries: Names = ()
    ignore_users: Names = ()
    only_users: Names = ()
    ignore_players: Names = ()
    only_players: Names = ()
    shorter_than: Minutes | None = None
    allow: Annotated[tuple[Genre, ...], Meta(description='a list that may hold "live"')] | None = None


class _Trait(Struct, frozen=True):
    """Something by which a playback may be kept out."""

    thing: str
    lists: str
    """The end of its keys: ``ignore_libraries``."""
    served: bool
    """It is a server that can tell it."""
    told: Callable[[PlayerEvent], tuple[str | None, ...]]
    fits: Callable[[str, str], bool]
    """Whether an entry of a list is about what was told."""


class Filters(Struct, frozen=True, kw_only=True):
    """All that holds for one player."""

    player: str = ""
    serves: bool = False
    """It is a server that calls us."""
    everywhere: Filter = Filter()
    own: Filter = Filter()

    def refusal(self, event: PlayerEvent) -> str | None:
        """Why it is not to be counted, in the words of the rule and with where that stands; None where it is."""
        return next(self._refusals(event), None)

    def _refusals(self, event: PlayerEvent) -> Iterator[str]:
        for table, place in ((self.own, f"players.{self.player}.filter"), (self.everywhere, "filter")):
            for trait in _TRAITS:
                held = table is self.own or trait.served is self.serves
                yield from _listed(table, place, trait, event, held=held)
        short = self.everywhere.shorter_than if self.own.shorter_than is None else self.own.shorter_than
        if short and event.duration and event.duration < short * 60:
            yield f"its {event.duration / 60:.3g} minutes are under shorter_than = {short:g} ({self._place('short')})"
        allowed = self.everywhere.allow if self.own.allow is None else self.own.allow
        if event.media.live and Genre.LIVE not in (allowed or ()):
            yield f"live TV, which is not in allow ({self._place('allow')})"

    def _place(self, key: str) -> str:
        written = {"short": self.own.shorter_than, "allow": self.own.allow}[key] is not None
        return f"players.{self.player}.filter" if written else "filter"


def mistake(pattern: str) -> str | None:
    """What is wrong with a pattern of a path, in words; None where nothing is."""
    if pattern.startswith("~") and _expanded(pattern).startswith("~"):
        return f"{pattern!r}: there is no user of that name here"
    if re.match(r"[/~*?\[]|[A-Za-z][A-Za-z0-9+.-]*://", pattern):
        return None
    return f'{pattern!r} fits no path: write a whole one that begins with "/" or "~", or "*/{pattern}"'


def _listed(table: Filter, place: str, trait: _Trait, event: PlayerEvent, *, held: bool) -> Iterator[str]:
    """Why the lists of one table about one trait keep it out. ``held``: its ``only`` list is about this player."""
    unwanted, wanted = getattr(table, f"ignore_{trait.lists}"), getattr(table, f"only_{trait.lists}")
    if not unwanted and not (wanted and held):
        return
    told = [one for one in trait.told(event) if one]
    for entry in unwanted:
        if any(trait.fits(entry, one) for one in told):
            yield f"{trait.thing} {entry!r} is in ignore_{trait.lists} ({place})"
    if wanted and held and not any(trait.fits(entry, one) for entry in wanted for one in told):
        said = f"{trait.thing} {told[0]!r} is not" if told else f"no {trait.thing} is told, so it is not"
        yield f"{said} in only_{trait.lists} ({place})"


def _same(entry: str, told: str) -> bool:
    return folded(entry) == folded(told)


def _same_user(entry: str, told: str) -> bool:
    return _same(entry, told) or identified(entry) == identified(told)


def _beneath(entry: str, path: str) -> bool:
    """Whether the pattern fits the path, or a folder that it is in."""
    return _pattern(entry).fullmatch(unicodedata.normalize("NFC", path)) is not None


@lru_cache(maxsize=1024)
def _pattern(entry: str) -> re.Pattern[str]:
    whole = unicodedata.normalize("NFC", _expanded(entry)).rstrip("/")
    return re.compile(f"{fnmatch.translate(whole)}|{fnmatch.translate(whole + '/*')}", _CASE)


def _expanded(entry: str) -> str:
    return os.path.expanduser(entry)  # noqa: PTH111  # Path's raises for a user who is not there


_TRAITS: Final = (
    _Trait("path", "paths", False, lambda event: (event.media.path,), _beneath),
    _Trait("library", "libraries", True, lambda event: (event.media.library,), _same),
    _Trait("user", "users", True, lambda event: (event.user, event.user_id), _same_user),
    _Trait("player", "players", True, lambda event: (event.device, event.session.player, event.session.source), _same),
)
