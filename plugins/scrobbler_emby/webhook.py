"""What Emby's notifications say. ``spec/adapters.md`` tells what is read from where, and why."""

from collections.abc import Sequence
from typing import Final

from scrobbler_mediabrowser.items import Reason, described
from scrobbler_mediabrowser.reports import Report, Seat, Word, Words, ended, judged, meaning, seat

from scrobbler.adapters import Ignored, WebhookRequest
from scrobbler.events import Kind, PlayerEvent
from scrobbler.payload import Table, decoded, length, table, text, ticks, truth

FIELD: Final = "data"
"""The field of its form in which the JSON is, unless the user chose plain JSON."""

WORDS: Final[Words] = {
    "playback.start": Word(kind=Kind.PLAY),
    "playback.unpause": Word(kind=Kind.PLAY),
    "playback.pause": Word(kind=Kind.PAUSE),
    "playback.stop": Word(kind=Kind.STOP),
    "item.markplayed": Reason.NO_PLAYBACK,
    "item.markunplayed": Reason.NO_PLAYBACK,
}


class EmbyWebhook:
    """The webhook of one ``[players.NAME]``."""

    def __init__(self, source: str) -> None:
        self._source = source

    def parse(self, request: WebhookRequest) -> Sequence[PlayerEvent | Ignored]:
        """The event of one notification, or why it is none. Raises ``PayloadError`` where there is no JSON object."""
        said = decoded(request, FIELD)
        heard = text(said.get("Event"))
        return [judged(_report(said, meaning(WORDS, heard)), self._source, _seat(said), heard, request.at)]


def _seat(said: Table) -> Seat:
    user, session = table(said.get("User")), table(said.get("Session"))
    return seat(
        name=text(user.get("Name")),
        user=text(user.get("Id")),
        device=text(session.get("DeviceId")),
        session=text(session.get("Id")),
        called=text(session.get("DeviceName")),
    )


def _report(said: Table, word: Word | Reason) -> Report | Reason:
    """What the notification tells of a playback.

    The position is that of ``PlaybackInfo``: the ``PlayState`` of the session may be the next item's already.
    """
    if isinstance(word, Reason):
        return word
    item, info = table(said.get("Item")), table(said.get("PlaybackInfo"))
    media = described(item, {})
    if isinstance(media, Reason):
        return media
    duration = length(ticks(item.get("RunTimeTicks")))
    complete = word.kind is Kind.STOP and truth(info.get("PlayedToCompletion")) is True
    position = ended(ticks(info.get("PositionTicks")), duration, complete=complete)
    return Report(kind=word.kind, media=media, position=position, duration=duration, watched=complete)
