"""The words that are heard of an mpv, each with the moment it was said."""

from datetime import datetime
from enum import Enum

from msgspec import Struct


class Word(Enum):
    """What is heard of an mpv."""

    START_FILE = "start-file"
    SEEK = "seek"
    PLAYBACK_RESTART = "playback-restart"
    END_FILE = "end-file"
    PAUSE = "pause"
    SPEED = "speed"
    DURATION = "duration"
    EOF_REACHED = "eof-reached"
    PAUSED_FOR_CACHE = "paused-for-cache"
    ATTACHED = "attached"
    SAMPLE = "sample"
    GONE = "gone"


EVENTS = frozenset({Word.START_FILE, Word.SEEK, Word.PLAYBACK_RESTART, Word.END_FILE})
"""Those that mpv says as events."""

OBSERVED = (Word.PAUSE, Word.SPEED, Word.DURATION, Word.EOF_REACHED, Word.PAUSED_FOR_CACHE)
"""Those that mpv says as changes of a property. Never the position: that would wake us with every frame."""


class Moment(Struct, frozen=True, kw_only=True):
    """One word: its value (a property's, or why a file ended), its instant, and a steady clock's reading in seconds."""

    word: Word
    at: datetime
    clock: float
    value: object = None
    play: int = 0
    """How many files had begun or ended by then."""
