"""What Jellyfin's webhooks say, whichever plugin sends them. ``spec/adapters.md`` tells what is read from where.

The official plugin and its templates are flat. The other one sends objects (``Event``, ``Item``, ``User``,
``Session``), and so do templates that imitate it.
"""

from collections.abc import Sequence
from typing import Final

from scrobbler_mediabrowser import items
from scrobbler_mediabrowser.items import Reason
from scrobbler_mediabrowser.reports import Report, Seat, Word, Words, ended, judged, meaning, seat

from scrobbler.adapters import Ignored, WebhookRequest
from scrobbler.events import Kind, PlayerEvent, Seconds
from scrobbler.payload import Table, decoded, length, plain, table, text, ticks, truth
from scrobbler_jellyfin import flat

WORDS: Final[Words] = {
    # the official plugin's
    "playbackstart": Word(kind=Kind.PLAY),
    "playbackprogress": Word(kind=Kind.PLAY, tells_pauses=True),
    "playbackstop": Word(kind=Kind.STOP),
    "userdatasaved": Reason.NO_PLAYBACK,
    # the other one's
    "play": Word(kind=Kind.PLAY),
    "resume": Word(kind=Kind.PLAY),
    "pause": Word(kind=Kind.PAUSE),
    "stop": Word(kind=Kind.STOP),
    "progress": Word(kind=Kind.PLAY, tells_pauses=True),
    "scrobble": Word(kind=Kind.PLAY, tells_pauses=True, marks=True),
    "markplayed": Reason.NO_PLAYBACK,
    "markunplayed": Reason.NO_PLAYBACK,
}
"""A save of user data follows each report of a position, each import, and whatever a sync tool writes: no watch."""

_MEANT: Final = 0.8
"""The server calls an item of less than five minutes played from 5 % on. Such a mark is no watch below this share."""


class JellyfinWebhook:
    """The webhook of one ``[players.NAME]``."""

    def __init__(self, source: str) -> None:
        self._source = source

    def parse(self, request: WebhookRequest) -> Sequence[PlayerEvent | Ignored]:
        """The event of one message, or why it is none. Raises ``PayloadError`` where there is no JSON object."""
        said = decoded(request, None)
        heard = text(said.get("NotificationType")) or text(said.get("Event"))
        return [judged(_report(said, meaning(WORDS, heard)), self._source, _seat(said), heard, request.at)]


def _seat(said: Table) -> Seat:
    user, session = table(said.get("User")), table(said.get("Session"))
    return seat(
        name=plain(said.get("NotificationUsername")) or plain(user.get("Name")),
        user=text(said.get("UserId")) or text(user.get("Id")),
        device=plain(said.get("DeviceId")) or plain(session.get("DeviceId")),
        session=text(said.get("Id")) or text(session.get("Id")),
        called=plain(said.get("DeviceName")) or plain(session.get("DeviceName")),
    )


def _report(said: Table, word: Word | Reason) -> Report | Reason:
    """What the message tells of a playback."""
    if isinstance(word, Reason):
        return word
    item, session = table(said.get("Item")), table(said.get("Session"))
    state = table(session.get("PlayState"))
    media = items.described(item, table(said.get("Series"))) if item else flat.described(said)
    if isinstance(media, Reason):
        return media
    runtime = _first(said.get("RunTimeTicks"), item.get("RunTimeTicks"))
    duration = length(runtime)
    complete = word.kind is Kind.STOP and runtime != 0.0 and _completed(said, item)
    told = _first(said.get("PlaybackPositionTicks"), state.get("PositionTicks"), session.get("PositionTicks"))
    position = ended(told, duration, complete=complete)
    paused = word.tells_pauses and (truth(said.get("IsPaused")) or truth(state.get("IsPaused")))
    return Report(
        kind=Kind.PAUSE if paused else word.kind,
        media=media,
        position=position,
        duration=duration,
        watched=word.marks or (complete and _meant(position, duration)),
    )


def _first(*told: object) -> Seconds | None:
    """The first of several that is a time. (The position in an item's user data is 0 once the item was watched.)"""
    return next((time for one in told if (time := ticks(one)) is not None), None)


def _completed(said: Table, item: Table) -> bool:
    """What the server calls played to completion; it says so of everything whose length it gives as 0.

    ``Played`` in the item's user data tells of any time in the past; but templates for Yamtrack, Floppy and Ryot put
    this one there, and nothing beside it.
    """
    data = table(item.get("UserData"))
    return truth(said.get("PlayedToCompletion")) is True or (len(data) == 1 and truth(data.get("Played")) is True)


def _meant(position: Seconds | None, duration: Seconds | None) -> bool:
    """Whether a mark of the server's is one of ours."""
    return duration is None or position is None or position / duration >= _MEANT
