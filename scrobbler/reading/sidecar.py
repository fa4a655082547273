"""The NFO files that lie beside a media file, found and read without trust in what they are."""

import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from msgspec import Struct

from scrobbler.reading.nfo import MOST, Nfo, Root, parse

UP: Final = 3
"""So many folders above the file may hold its show's NFO."""


class Sidecars(Struct, frozen=True, kw_only=True):
    """What lies beside a file: its ``own`` NFO, the folder's ``movie``, and the ``show`` of the folders above."""

    own: tuple[Nfo, ...] = ()
    movie: Nfo | None = None
    show: Nfo | None = None


def beside(path: str, *, disc: bool = False) -> Sidecars:
    """Looks for them. Only an absolute path of this machine has any; nothing that lies there raises or blocks."""
    place = _local(path)
    if place is None:
        return Sidecars()
    folder = place.parent
    own = _read(place.with_suffix(".nfo")) if place.name and place.suffix else ()
    if disc:
        folder = folder.parent
        own = own or _read(folder / f"{folder.name}.nfo")
    movies = [nfo for nfo in _read(folder / "movie.nfo") if nfo.root in {Root.MOVIE, Root.ADDRESS}]
    return Sidecars(own=own, movie=movies[0] if len(movies) == 1 else None, show=_show((folder, *folder.parents)[:UP]))


def _show(folders: Sequence[Path]) -> Nfo | None:
    """The nearest ``tvshow.nfo``."""
    for folder in folders:
        found = [nfo for nfo in _read(folder / "tvshow.nfo") if nfo.root in {Root.SHOW, Root.ADDRESS}]
        if len(found) == 1:
            return found[0]
    return None


def _local(path: str) -> Path | None:
    if path.startswith("file://"):
        path = unquote(urlsplit(path).path)
    if "\0" in path or not Path(path).is_absolute():
        return None
    return Path(path)


def _read(path: Path) -> tuple[Nfo, ...]:
    """An NFO's content, where it is a plain file of a decent size that we may read."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # asked before it is opened: opening a device may do something
            return ()
        file = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
        try:
            if not stat.S_ISREG(os.fstat(file).st_mode):  # a FIFO that came in its place
                return ()
            data = b""
            while len(data) <= MOST and (more := os.read(file, MOST + 1 - len(data))):
                data += more
        finally:
            os.close(file)
    except (OSError, ValueError):
        return ()
    return parse(data)
