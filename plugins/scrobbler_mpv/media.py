"""What mpv's properties say about the file that is on."""

import os
from collections.abc import Mapping
from pathlib import PurePath
from urllib.parse import unquote, unquote_to_bytes

from scrobbler.events import Media

PROPERTIES = ("path", "working-directory", "filename", "media-title", "current-tracks/video")

_WRAPPERS = ("lavf://", "ffmpeg://")
"""Prefixes before another address."""

_NAMELESS = ("edl://", "memory://", "hex://", "data://", "lavfi://", "fd://", "fdclose://", "slice://", "mf://")
"""Addresses that name no one file; some hold further addresses, and so perhaps their passwords."""


def media(said: Mapping[str, object]) -> Media | None:
    """The film or episode, or None: a picture, music (with or without a cover) and an empty player are none."""
    path, track = said.get("path"), said.get("current-tracks/video")
    if not isinstance(path, str) or not isinstance(track, dict) or track.get("image") or track.get("albumart"):
        return None
    return Media(path=_place(path, said.get("working-directory")), title=_title(said, path))


def _place(path: str, folder: object) -> str | None:
    """An absolute path or a URL."""
    for wrapper in _WRAPPERS:
        path = path.removeprefix(wrapper)
    if path == "-" or path.startswith(_NAMELESS):
        return None
    if path.startswith("file://"):
        return os.fsdecode(unquote_to_bytes(os.fsencode(path.removeprefix("file://"))))
    if "://" in path or not isinstance(folder, str):
        return path
    return os.path.normpath(os.path.join(folder, path))  # noqa: PTH118 - pathlib keeps "..", and mpv's text may hold any


def _title(said: Mapping[str, object], path: str) -> str | None:
    """The file's own title. mpv falls back on the file name, or on a URL's end with the secrets in its query."""
    title, name = said.get("media-title"), said.get("filename")
    if not isinstance(title, str) or not isinstance(name, str) or title in {name, PurePath(name).stem}:
        return None
    if "://" in path and unquote(title) in unquote(path):
        return None
    return title.strip() or None
