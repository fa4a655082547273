"""What one webhook of Tautulli says: an event of a playback, or why it is none."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from scrobbler.adapters import Ignored, Options, WebhookRequest
from scrobbler.events import Kind, Percent, PlayerEvent, Seconds, SessionKey
from scrobbler.payload import Table, decoded, identifiable, length, milliseconds, number, text
from scrobbler_tautulli.media import media, unwanted

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
    """The keys of ``[players.NAME]`` for Tautulli: the secret that its webhook's address holds."""

    secret: str = ""


class TautulliWebhook:
    """The webhook adapter for one ``[players.NAME]``."""

    def __init__(self, source: str) -> None:
        self._source = source

    def parse(self, request: WebhookRequest) -> Sequence[PlayerEvent | Ignored]:
        """Raises ``PayloadError`` for what holds no JSON object."""
        said = _filled(decoded(request, None))
        heard = (text(said.get("action")) or "").lower()[:64]
        user = text(said.get("username")) or text(said.get("user"))
        if reason := _reason(heard, said):
            return [Ignored(reason=reason, heard=heard, user=user)]
        item = media(said)
        if not identifiable(item):
            return [Ignored(reason="missing_identity", heard=heard, user=user)]
        position = next(_times(said, POSITIONS), None)
        return [
            PlayerEvent(
                session=_session(self._source, said, user),
                kind=KINDS[heard],
                media=item,
                at=request.at,
                user=user,
                position=position,
                duration=next(filter(length, _times(said, DURATIONS)), None),
                percent=_percent(said) if position is None else None,
                watched=heard == WATCHED,
                heard=heard,
            )
        ]


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
    player = text(said.get("machine_id")) or text(said.get("session_key"))
    return SessionKey(source=source, player=player or "", id=(user or "").casefold())


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
