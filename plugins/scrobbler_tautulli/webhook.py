"""What one webhook of Tautulli says: an event of a playback, or why it is none."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from scrobbler.adapters import Ignored, Options, WebhookRequest
from scrobbler.events import Kind, Percent, PlayerEvent, Seconds, SessionKey
from scrobbler.payload import Table, decoded, identifiable, length, milliseconds, number, text
from scrobbler_tautulli.media import LIVE, media, unwanted

WATCHED: Final = "watched"
KINDS: Final[Mapping[str, Kind]] = {
    "play": Kind.PLAY,
    "resume": Kind.PLAY,
    "pause": Kind.PAUSE,
    "stop": Kind.STOP,
    WATCHED: Kind.PLAY,  # it has passed Tautulli's own threshold, which may lie below Trakt's, and plays on
}
"""Of the triggers, those that say where a playback is."""

POSITIONS: Final[Mapping[str, int]] = {"view_offset": 1, "progress_duration_sec": 1000}
DURATIONS: Final[Mapping[str, int]] = {"duration_ms": 1, "duration_sec": 1000, "duration": 60_000}
"""Milliseconds in a unit of each field, the finest first. Old versions know only ``duration``."""


class TautulliOptions(Options, frozen=True, kw_only=True):
    """Tautulli has no keys of its own in ``[players.NAME]``."""


class TautulliWebhook:
    """The webhook adapter for one ``[players.NAME]``."""

    def __init__(self, source: str) -> None:
        self._source = source

    def parse(self, request: WebhookRequest) -> Sequence[PlayerEvent | Ignored]:
        """Raises ``PayloadError`` for what holds no JSON object."""
        said = _filled(decoded(request, None))
        heard = (text(said.get("action")) or "").lower()[:64]
        user = text(said.get("username")) or text(said.get("user"))
        reason = _reason(heard, said)
        event = self._event(heard, said, user, request.at) if reason in {None, LIVE} else None
        if reason is None and event is not None:
            return [event]
        player = _player(said)
        return [Ignored(reason=reason or "missing_identity", heard=heard, user=user, player=player, event=event)]

    def _event(self, heard: str, said: Table, user: str | None, at: datetime) -> PlayerEvent | None:
        """The playback; None where nothing tells what it is of."""
        item = media(said)
        if item is None or not identifiable(item):
            return None
        position = next(_times(said, POSITIONS), None)
        return PlayerEvent(
            session=_session(self._source, said, user),
            kind=KINDS[heard],
            media=item,
            at=at,
            user=user,
            user_id=text(said.get("user_id")),
            device=text(said.get("player")),
            position=position,
            duration=next(filter(length, _times(said, DURATIONS)), None),
            percent=_percent(said) if position is None else None,
            watched=heard == WATCHED,
            heard=heard,
        )


def _filled(said: Table) -> Table:
    """What was really filled in: old versions leave a name that they do not know as it is, ``{duration_sec}``."""
    return {
        name: value
        for name, value in said.items()
        if not (isinstance(value, str) and re.fullmatch(r"\s*\{[^{}]*\}\s*", value[:100]))
    }


def _reason(heard: str, said: Table) -> str | None:
    """Why this is no playback that could count, by trigger and then by item."""
    if not heard:
        return "malformed"
    return unwanted(said) if heard in KINDS else "unsupported_event"


def _session(source: str, said: Table, user: str | None) -> SessionKey:
    """The device, and who uses it. A ``session_key`` may change before the stop, so it serves only without a device."""
    return SessionKey(source=source, player=_player(said) or "", id=(user or "").casefold())


def _player(said: Table) -> str | None:
    return text(said.get("machine_id")) or text(said.get("session_key"))


def _times(said: Table, units: Mapping[str, int]) -> Iterator[Seconds]:
    """The times that are told, the finest first."""
    for name, unit in units.items():
        count = number(said.get(name))
        if count is not None and (found := milliseconds(count * unit)) is not None:
            yield found


def _percent(said: Table) -> Percent | None:
    """The share that was played, which may lie a little past the end."""
    share = number(said.get("progress_percent"))
    return Percent(min(share, 100.0)) if share is not None and 0 <= share <= 105 else None
