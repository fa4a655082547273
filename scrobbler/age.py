"""How long ago something was, in words for people."""

from datetime import timedelta
from typing import Final

_UNITS: Final = (("day", 86400), ("hour", 3600), ("minute", 60))


def ago(age: timedelta) -> str:
    """``3 hours ago``, in the largest unit that fits; ``just now`` for less than a minute, or a time to come."""
    seconds = age.total_seconds()
    for unit, length in _UNITS:
        number = int(seconds // length)
        if number > 0:
            return f"{number} {unit}{'' if number == 1 else 's'} ago"
    return "just now"
