"""A path taken apart: folders and file name, wherever the file lies."""

import re
from typing import Final
from urllib.parse import unquote, urlsplit

from msgspec import Struct

from scrobbler.events import Media
from scrobbler.reading.pattern import regex

VIDEO: Final = regex(
    r"3gp|asf|avi|bdmv|divx|f4v|flv|iso|m2ts|m4v|mk3d|mkv|mov|mp4|mpe?g|mts|og[mv]|rm|rmvb|strm|ts|vob|webm|wmv|wtv",
    re.IGNORECASE,
)
"""Suffixes of video files. A dot before anything else is part of the name."""


class Parts(Struct, frozen=True, kw_only=True):
    """``folders`` from the root on, and the file's name without its suffix; ``suffix`` is empty if it is no video's."""

    folders: tuple[str, ...]
    stem: str
    suffix: str

    def tail(self) -> str:
        """The file with the three folders above it: what can say what is in it, and no more."""
        name = f"{self.stem}.{self.suffix}" if self.suffix else self.stem
        return "/".join((*self.folders[-3:], name))


def take_apart(media: Media) -> Parts | None:
    """The parts of the path, or of the title where a player gives a name and no path.

    None where neither says anything: an address that does not end in a video file's name has no words to read.
    """
    path = media.path
    if path is None:
        return _parts([media.title]) if media.title else None
    if "://" not in path:
        return _parts(re.split(r"[\\/]+", path))
    parts = _parts(unquote(urlsplit(path).path).split("/"))
    return parts if parts is not None and parts.suffix else None


def _parts(names: list[str]) -> Parts | None:
    *folders, name = [part for part in names if part.strip()] or [""]
    stem, _, suffix = name.rpartition(".")
    if not stem or not VIDEO.fullmatch(suffix):
        stem, suffix = name, ""
    return Parts(folders=tuple(folders), stem=stem.strip(), suffix=suffix.lower()) if stem else None
