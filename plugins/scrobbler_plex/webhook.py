"""What one webhook of a Plex server says: an event of a playback, or why it is none."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from scrobbler.adapters import Ignored, Options, WebhookRequest
from scrobbler.events import Kind, PlayerEvent, Seconds, SessionKey
from scrobbler.payload import Table, decoded, identifiable, length, milliseconds, number, table, text
from scrobbler_plex.media import LIVE, media, unwanted

FIELD: Final = "payload"
SCROBBLE: Final = "media.scrobble"
KINDS: Final[Mapping[str, Kind]] = {
    "media.play": Kind.PLAY,
    "media.resume": Kind.PLAY,
    "media.pause": Kind.PAUSE,
    "media.stop": Kind.STOP,
    SCROBBLE: Kind.PLAY,  # it has passed the server's watched mark, and plays on
}
"""All that Plex says of playbacks. The rest is about libraries, ratings, devices, and what others have begun."""


class PlexOptions(Options, frozen=True, kw_only=True):
    """Plex has no keys of its own in ``[players.NAME]``."""


class PlexWebhook:
    """The webhook adapter for one ``[players.NAME]``."""

    def __init__(self, source: str) -> None:
        self._source = source

    def parse(self, request: WebhookRequest) -> Sequence[PlayerEvent | Ignored]:
        """Raises ``PayloadError`` for what holds no JSON object."""
        said = decoded(request, FIELD)
        heard = (text(said.get("event")) or "").lower()[:64]
        user = text(table(said.get("Account")).get("title"))
        reason = _reason(heard, said)
        event = self._event(heard, said, user, request.at) if reason in {None, LIVE} else None
        if reason is None and event is not None:
            return [event]
        player = text(table(said.get("Player")).get("uuid"))
        return [Ignored(reason=reason or "missing_identity", heard=heard, user=user, player=player, event=event)]

    def _event(self, heard: str, said: Table, user: str | None, at: datetime) -> PlayerEvent | None:
        """The playback; None where nothing tells what it is of."""
        metadata = table(said.get("Metadata"))
        item = media(metadata)
        if item is None or not identifiable(item):
            return None
        return PlayerEvent(
            session=_session(self._source, said, user),
            kind=KINDS[heard],
            media=item,
            at=at,
            user=user,
            user_id=text(table(said.get("Account")).get("id")),
            device=text(table(said.get("Player")).get("title")),
            position=_position(heard, metadata),
            duration=_duration(said, metadata),
            watched=heard == SCROBBLE,
            heard=heard,
        )


def _reason(heard: str, said: Table) -> str | None:
    """Why this is no playback that could count, by event and then by item."""
    if not heard:
        return "malformed"
    if heard not in KINDS:
        return "unsupported_event"
    metadata = table(said.get("Metadata"))
    return unwanted(metadata) if metadata else "missing_identity"


def _session(source: str, said: Table, user: str | None) -> SessionKey:
    """The device, and who uses it. What plays there is no part of it: the next item ends the one before."""
    player = text(table(said.get("Player")).get("uuid"))
    return SessionKey(source=source, player=player or "", id=(user or "").casefold())


def _position(heard: str, metadata: Table) -> Seconds | None:
    """Plex leaves it out at the beginning, and on every event once the item counts as watched."""
    position = milliseconds(metadata.get("viewOffset"))
    return Seconds(0.0) if position is None and heard == "media.play" else position


def _duration(said: Table, metadata: Table) -> Seconds | None:
    """A Jellyfin plugin that speaks as Plex tells ten times the length; its accounts have no number."""
    account = table(said.get("Account")).get("id")
    if text(account) is not None and number(account) is None:
        return None
    return length(milliseconds(metadata.get("duration")))
