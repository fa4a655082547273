"""What the user corrected: what a file, a folder or a show really is, so that the next one is right by itself.

Each function works on a connection within a transaction of ``store``.
"""

import sqlite3
from datetime import datetime
from enum import Enum
from typing import Final

import msgspec
from msgspec import Struct

from scrobbler.events import Ids, Media, Seconds, Show
from scrobbler.state.database import rotten, text

TABLE: Final = """
    CREATE TABLE corrections (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        key TEXT NOT NULL UNIQUE,
        said TEXT NOT NULL,
        at TEXT NOT NULL
    ) STRICT;
"""


class Scope(Enum):
    """For how much a correction holds; the narrower one comes first."""

    FILE = "file"
    FOLDER = "folder"
    SHOW = "show"


class OfFile(Struct, frozen=True, kw_only=True, tag="file"):
    """One file, or one item of a server."""

    media: Media


class OfFolder(Struct, frozen=True, kw_only=True, tag="folder"):
    """All that lies below a folder."""

    path: str


class OfShow(Struct, frozen=True, kw_only=True, tag="show"):
    """All episodes of a show, as the player or the name of the file says it."""

    show: Show


About = OfFile | OfFolder | OfShow


class Film(Struct, frozen=True, kw_only=True, tag="film"):
    """It is this film."""

    title: str | None
    year: int | None
    ids: Ids
    runtime: Seconds | None = None


class Same(Struct, frozen=True, kw_only=True, tag="same"):
    """An episode keeps its numbers."""


class Shifted(Struct, frozen=True, kw_only=True, tag="shifted"):
    """An episode of one season is one of another (or the same), so many further on.

    ``of_season`` is None where the episodes are counted through the whole show.
    """

    of_season: int | None
    season: int
    by: int


class Fixed(Struct, frozen=True, kw_only=True, tag="fixed"):
    """It is this one episode, whatever its name says."""

    season: int
    number: int


Numbers = Same | Shifted | Fixed


class Episodes(Struct, frozen=True, kw_only=True, tag="episodes"):
    """It is of this show."""

    show: Show
    numbers: Numbers


class Never(Struct, frozen=True, kw_only=True, tag="never"):
    """It is nobody's business."""


Meaning = Film | Episodes | Never


class Correction(Struct, frozen=True, kw_only=True):
    """What something really is."""

    key: str
    """A later correction with the same key takes its place."""
    about: About
    meaning: Meaning

    def label(self) -> str:
        """What it says, for people: ``Show, season 1, is Other Show, season 2, episodes + 13``."""
        is_it = "never told to Trakt" if isinstance(self.meaning, Never) else _named(self.meaning)
        return f"{self._subject()} is {is_it}"

    def _subject(self) -> str:
        if isinstance(self.about, OfFile):
            return self.about.media.path or self.about.media.label()
        whole = f"all in {self.about.path}" if isinstance(self.about, OfFolder) else _title(self.about.show)
        numbers = self.meaning.numbers if isinstance(self.meaning, Episodes) else None
        if not isinstance(numbers, Shifted):
            return whole
        return f"{whole}, {'counted through' if numbers.of_season is None else f'season {numbers.of_season}'},"

    @property
    def scope(self) -> Scope:
        """For how much it holds."""
        if isinstance(self.about, OfFile):
            return Scope.FILE
        return Scope.FOLDER if isinstance(self.about, OfFolder) else Scope.SHOW


class Remembered(Struct, frozen=True, kw_only=True):
    """A correction, and since when it holds."""

    id: int
    correction: Correction
    at: datetime


def remember(db: sqlite3.Connection, correction: Correction, at: datetime) -> Remembered:
    """Keep a correction in place of an older one of the same key."""
    db.execute("DELETE FROM corrections WHERE key = ?", (correction.key,))
    said = msgspec.json.encode(correction).decode()
    row = db.execute("INSERT INTO corrections (key, said, at) VALUES (?, ?, ?)", (correction.key, said, text(at)))
    assert row.lastrowid is not None  # an INSERT has one  # noqa: S101
    return Remembered(id=row.lastrowid, correction=correction, at=at)


def forget(db: sqlite3.Connection, number: int) -> Remembered | None:
    """Let go of one, and return it; None where there is none of that id."""
    found = next((one for one in remembered(db) if one.id == number), None)
    db.execute("DELETE FROM corrections WHERE id = ?", (number,))
    return found


def remembered(db: sqlite3.Connection) -> tuple[Remembered, ...]:
    """All, the oldest first."""
    rows = db.execute("SELECT id, said, at FROM corrections ORDER BY id")
    return tuple(
        Remembered(id=number, correction=_correction(said), at=datetime.fromisoformat(at)) for number, said, at in rows
    )


def weed(db: sqlite3.Connection) -> int:
    """Delete what makes no sense, and say how many rows it was."""
    found = rotten(db.execute("SELECT key, said FROM corrections"), _correction)
    found += rotten(db.execute("SELECT key, at FROM corrections"), datetime.fromisoformat)
    db.executemany("DELETE FROM corrections WHERE key = ?", set(found))
    return len(set(found))


def _named(meaning: Film | Episodes) -> str:
    if isinstance(meaning, Film):
        return _title(meaning)
    numbers, show = meaning.numbers, _title(meaning.show)
    if isinstance(numbers, Fixed):
        return f"{show} S{numbers.season:02d}E{numbers.number:02d}"
    if isinstance(numbers, Same):
        return f"{show}, with the same numbers"
    by = f", episodes {'+' if numbers.by > 0 else '-'} {abs(numbers.by)}" if numbers.by else ""
    return f"{show}, season {numbers.season}{by}"


def _title(one: Film | Show) -> str:
    if one.title:
        return f"{one.title} ({one.year})" if one.year else one.title
    return " ".join(f"{name} {value}" for name, value in one.ids.known().items()) or "something without a name"


def _correction(said: str) -> Correction:
    return msgspec.json.decode(said, type=Correction)
