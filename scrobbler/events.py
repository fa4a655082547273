"""What players do, as data: an event is a snapshot of one playback at one instant.

A repeated event means nothing new, a lost one is healed by the next, and a heartbeat needs no kind of its own.
Unknown is ``None``, never 0. Instants are aware UTC; positions and durations are seconds.
"""

import math
import re
from datetime import date, datetime
from enum import Enum
from typing import NewType
from urllib.parse import urlsplit, urlunsplit

from msgspec import Struct
from msgspec.structs import force_setattr

Day = date
"""A day on which something was aired; named apart because ``Media`` has a field ``date``."""

Seconds = NewType("Seconds", float)
"""A position in, or the length of, a medium. Finite and not negative."""

Percent = NewType("Percent", float)
"""How much of a medium was played, 0 to 100."""


def seconds(value: object) -> Seconds | None:
    """A player's number as seconds, or None where it cannot be a time (not a number, negative, NaN, endless)."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return Seconds(float(value)) if math.isfinite(value) and value >= 0 else None


def percent(position: Seconds | None, duration: Seconds | None) -> Percent | None:
    """The share that was played, or None while the position or the duration is unknown.

    A position up to 5 % past the end counts as the end (players overshoot); one further out makes the pair
    worth nothing.
    """
    if position is None or not duration:
        return None
    share = position / duration * 100
    return Percent(min(share, 100.0)) if share <= 105 else None


def _readable(text: str | None) -> str | None:
    """The text without lone surrogates, which can be written nowhere.

    Bytes of a file name that are not UTF-8 come as such (``os.fsdecode``); nearly always they are Latin-1, and then
    this gives the name that the user sees.
    """
    if text is None or text.isascii():
        return text
    latin = re.sub("[\udc80-\udcff]", lambda found: chr(ord(found[0]) - 0xDC00), text)
    return re.sub("[\ud800-\udfff]", "\ufffd", latin)


class Ids(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The ids by which others know an item. Empty or malformed ones are dropped one by one."""

    trakt: int | None = None
    slug: str | None = None
    imdb: str | None = None
    tmdb: int | None = None
    tvdb: int | None = None

    def __post_init__(self) -> None:
        for name in ("trakt", "tmdb", "tvdb"):
            number = getattr(self, name)
            if number is not None and number <= 0:
                force_setattr(self, name, None)
        if self.imdb is not None and not re.fullmatch(r"tt\d+", self.imdb):
            force_setattr(self, "imdb", None)
        force_setattr(self, "slug", _readable(self.slug) or None)

    def __bool__(self) -> bool:
        return self != _NO_IDS

    def known(self) -> dict[str, int | str]:
        """Those that are known, by name."""
        return {name: value for name in self.__struct_fields__ if (value := getattr(self, name)) is not None}

    def shares(self, other: "Ids") -> bool:
        """Whether at least one id is known to both and the same."""
        return bool(self.known().items() & other.known().items())

    def differs(self, other: "Ids") -> bool:
        """Whether some catalogue knows the two as two."""
        mine, theirs = self.known(), other.known()
        return any(mine[name] != theirs[name] for name in mine.keys() & theirs.keys())


_NO_IDS = Ids()


class MediaKind(Enum):
    """What Trakt can count."""

    MOVIE = "movie"
    EPISODE = "episode"


class Show(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The show that an episode belongs to; its ids are the show's own, never the episode's."""

    title: str | None = None
    year: int | None = None
    ids: Ids = Ids()

    def __post_init__(self) -> None:
        force_setattr(self, "title", _readable(self.title))


class Media(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the player says is on. Nothing in it was looked up.

    ``title``, ``year`` and ``ids`` are the item's own (for an episode: the episode's). ``path`` is a file path or a
    URL; queries, fragments and passwords of URLs are stripped here, so that they can reach neither log nor disk.
    """

    kind: MediaKind | None = None
    title: str | None = None
    year: int | None = None
    show: Show | None = None
    season: int | None = None
    episode: int | None = None
    episode_end: int | None = None
    number_abs: int | None = None
    date: Day | None = None
    ids: Ids = Ids()
    path: str | None = None
    library: str | None = None
    live: bool = False

    def __post_init__(self) -> None:
        for name in ("title", "path", "library"):
            force_setattr(self, name, _readable(getattr(self, name)))
        if self.path is not None and "://" in self.path:
            force_setattr(self, "path", _bare_url(self.path))

    def same_as(self, other: "Media") -> bool:
        """Whether both are one item, as far as one player can tell: one path, else a shared id, else one name.

        Titles are compared without case; a field that a later message leaves out does not make it another item.
        Two episodes are two items, though one file may hold them both.
        """
        if self == other:
            return True
        if self.path and other.path:
            two = None not in (self.episode, other.episode) and self.episode != other.episode
            return self.path == other.path and not two
        if self.ids.shares(other.ids):
            return True
        mine, theirs = self.name(), other.name()
        return any(mine) and mine == theirs

    def name(self) -> tuple[object, ...]:
        """What tells the item from others when no path and no id does."""
        show = self.show.title.casefold() if self.show and self.show.title else None
        if show is not None and self.season is not None and self.episode is not None:
            return (show, self.season, self.episode)
        return (show, self.title.casefold() if self.title else None, self.year)

    def label(self) -> str:
        """A short name for people: ``Heat (1995)``, ``The Expanse S01E02``, or the file's name."""
        if self.show is not None and self.show.title and self.season is not None and self.episode is not None:
            last = f"-E{self.episode_end:02d}" if self.episode_end else ""
            return f"{self.show.title} S{self.season:02d}E{self.episode:02d}{last}"
        if self.title:
            return f"{self.title} ({self.year})" if self.year else self.title
        if self.path:
            return self.path.rstrip("/").rpartition("/")[2] or self.path
        return "something without a name"


def _bare_url(url: str) -> str:
    """The URL without user, password, query and fragment."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:  # a broken port or bracket: keep what stands before anything that could be secret
        return re.split(r"[?#]", re.sub(r"//[^/@]*@", "//", url))[0]
    return urlunsplit((parts.scheme, host + port, parts.path, "", ""))


class Kind(Enum):
    """What a player does."""

    PLAY = "play"
    PAUSE = "pause"
    STOP = "stop"


class SessionKey(Struct, frozen=True, kw_only=True):
    """Where a playback happens.

    ``source`` is the configured name of the player, ``player`` the device's stable id (never its display name), and
    ``id`` tells playbacks apart that the same device runs at once (empty where it runs one at a time).
    """

    source: str
    player: str = ""
    id: str = ""

    def __post_init__(self) -> None:
        for name in ("player", "id"):
            force_setattr(self, name, _readable(getattr(self, name)))

    def __str__(self) -> str:
        return "/".join(part for part in (self.source, self.player, self.id) if part)


class PlayerEvent(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A snapshot: this playback was in this condition at this instant.

    ``percent`` is set only where a player says a share and no position. ``watched`` is an explicit "watched" mark of
    the player. ``heard`` is the player's own word for what happened, kept for logs. ``user_id`` is the server's id of
    the user, and ``device`` the device's name on the screen; neither is any part of where the playback happens.
    """

    session: SessionKey
    kind: Kind
    media: Media
    at: datetime
    user: str | None = None
    user_id: str | None = None
    device: str | None = None
    position: Seconds | None = None
    duration: Seconds | None = None
    percent: Percent | None = None
    rate: float = 1.0
    watched: bool = False
    heard: str = ""

    def __post_init__(self) -> None:
        if self.at.tzinfo is None:
            raise ValueError("an event's instant must be aware of its time zone")

    def place(self) -> Seconds | None:
        """The position, also where the player says only a share; None where it says neither."""
        if self.position is None and self.percent is not None and self.duration:
            return Seconds(self.percent / 100 * self.duration)
        return self.position
