"""An instant of the past, as people write it on a command line."""

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from scrobbler.errors import ConfigError

FORMS: Final = "21:00, yesterday 21:00, 2026-11-20 21:00, 2026-11-20T21:00:00Z or 2h ago"
EARLIEST: Final = datetime(1900, 1, 1, tzinfo=UTC)
SLACK: Final = timedelta(minutes=1)
"""Who writes the minute that his clock shows does not mean the future."""

_AGO: Final = re.compile(r"(?:(\d{1,5})d)?(?:(\d{1,5})h)?(?:(\d{1,5})m(?:in)?)?ago")
_DAYS: Final = {"today": 0, "yesterday": 1}


def read(text: str, now: datetime) -> datetime:
    """The instant in UTC; without a zone it is the user's own. Raises ``ConfigError`` for what is none, or to come."""
    at = _read(" ".join(text.lower().split()), text.strip(), now)
    if at is None:
        raise ConfigError(f"--at {text!r} is no time: such as {FORMS}")
    if at > now + SLACK:
        raise ConfigError(f"--at {text!r} is yet to come: what is entered was watched already")
    if at < EARLIEST:
        raise ConfigError(f"--at {text!r} is too long ago")
    return min(at, now)


def _read(words: str, text: str, now: datetime) -> datetime | None:
    if words == "now":
        return now
    try:
        if ago := _AGO.fullmatch(words.replace(" ", "")):
            days, hours, minutes = (int(number or 0) for number in ago.groups())
            length = timedelta(days=days, hours=hours, minutes=minutes)
            return now - length if length else None
        return _on_a_day(words, now) or _written_out(text)
    except (ValueError, OverflowError):
        return None


def _on_a_day(words: str, now: datetime) -> datetime | None:
    """``21:00`` and ``yesterday 21:00``, by the user's clock."""
    found = re.fullmatch(r"(?:(today|yesterday) )?(\d{1,2}):(\d{2})", words)
    if found is None:
        return None
    day = now.astimezone().date() - timedelta(days=_DAYS[found[1] or "today"])
    return _here(day, time(int(found[2]), int(found[3])))


def _written_out(text: str) -> datetime | None:
    """ISO 8601; a day alone has no time of day."""
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        return None
    at = datetime.fromisoformat(text)
    return _here(at.date(), at.timetz()) if at.tzinfo is None else at.astimezone(UTC)


def _here(day: date, at: time) -> datetime:
    return datetime.combine(day, at).astimezone(UTC)
