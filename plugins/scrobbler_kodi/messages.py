"""What one notification of Kodi means, with the answers that were asked for and what was known before.

No input, no output, no clock. Kodi says little by itself: a library item is a number, no message has a position but
``OnSeek``, and after ``OnStop`` nothing can be asked any more. ``spec/adapters.md`` tells what is read from where.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from msgspec import Struct

from scrobbler.adapters import Ignored
from scrobbler.events import Kind, Media, PlayerEvent, Seconds, SessionKey
from scrobbler.payload import Table, identifiable, length, number, table, text, truth
from scrobbler_kodi.items import clock, media, runtime_of, same, unwanted

PROPERTIES: Final = "Player.GetProperties"
ITEM: Final = "Player.GetItem"

STOP: Final = "Player.OnStop"
SEEK: Final = "Player.OnSeek"
WORDS: Final[Mapping[str, Kind | str]] = {
    "Player.OnPlay": Kind.PLAY,
    "Player.OnAVStart": Kind.PLAY,
    "Player.OnResume": Kind.PLAY,
    "Player.OnPause": Kind.PAUSE,
    SEEK: Kind.PLAY,
    "Player.OnSpeedChanged": Kind.PLAY,
    STOP: Kind.STOP,
    "VideoLibrary.OnUpdate": "not_a_playback_event",
}
"""What is not here is ``unsupported_event``. PLAY is a pause where the speed is 0: a seek while paused, a film that was
paused before its first picture came, and the word of Kodi up to 17 for any pause."""

_WHOLE: Final = 0.9
"""Of a film in several files, each end is called one. Only one behind this share is the film's."""
_LONGEST: Final = 64


class Known(Struct, frozen=True, kw_only=True):
    """What is known of a playback from before."""

    item: Table
    """As ``Player.GetItem`` told it."""
    media: Media
    position: Seconds | None = None
    duration: Seconds | None = None


def heard(note: Table) -> str:
    """Kodi's word in a notification."""
    return (text(note.get("method")) or "")[:_LONGEST]


def data(note: Table) -> Table:
    """What a notification tells."""
    return table(table(note.get("params")).get("data"))


def understood(
    place: SessionKey, note: Table, answers: Table, known: Known | None, at: datetime
) -> PlayerEvent | Ignored:
    """The event, or why there is none. ``answers`` are results by the names of their methods."""
    word = heard(note)
    meaning = WORDS.get(word, "unsupported_event") if word else "malformed"
    said = data(note)
    if isinstance(meaning, str):
        return _ignored(place, word, meaning)
    if meaning is Kind.STOP:
        return _stopped(place, said, answers, known, at)
    speed = number(table(said.get("player")).get("speed"))
    if speed is None:
        speed = number(table(answers.get(PROPERTIES)).get("speed"))
    kind = Kind.PAUSE if speed == 0 else meaning
    position = clock(table(said.get("player")).get("time")) if word == SEEK else None
    return snapshot(place, kind, word, table(said.get("item")), answers, known, at, speed=speed, position=position)


def snapshot(  # noqa: PLR0913  # what was heard, what was asked, what was known, and when
    place: SessionKey,
    kind: Kind,
    word: str,
    said: Table,
    answers: Table,
    known: Known | None,
    at: datetime,
    *,
    speed: float | None = None,
    position: Seconds | None = None,
) -> PlayerEvent | Ignored:
    """What plays or is paused, by the answers; ``said`` is the item of the notification, if there was one."""
    properties, item = table(answers.get(PROPERTIES)), table(table(answers.get(ITEM)).get("item"))
    if known is not None and not same(said or item, known.item):
        known = None
    if not item and known is not None:
        item = known.item
    if not same(said, item):
        return _ignored(place, word, "stale_event")
    if reason := unwanted(said, item, properties):
        return _ignored(place, word, reason)
    what = media(said, item, answers) if item or known is None else known.media
    if not (identifiable(what) or what.path):
        return _ignored(place, word, "missing_identity")
    total = length(clock(properties.get("totaltime"))) or (known.duration if known is not None else None)
    if position is None:
        position = clock(properties.get("time"))
    if position is None and known is not None:
        position = known.position
    return PlayerEvent(
        session=place,
        kind=kind,
        media=what,
        at=at,
        position=position,
        duration=total or runtime_of(item),
        rate=speed if speed is not None and speed > 0 else 1.0,
        heard=word,
    )


def _stopped(
    place: SessionKey, data: Table, answers: Table, known: Known | None, at: datetime
) -> PlayerEvent | Ignored:
    """An end, which only what was known before can tell the place of."""
    said = table(data.get("item"))
    if known is None:
        known = Known(item={}, media=media(said, {}, answers))
    if not same(said, known.item):
        return _ignored(place, STOP, "stale_event")
    if reason := unwanted(said, known.item, {"type": "video"}):
        return _ignored(place, STOP, reason)
    if not (identifiable(known.media) or known.media.path):
        return _ignored(place, STOP, "missing_identity")
    ended = truth(data.get("end")) is True and not _is_part(known)
    return PlayerEvent(
        session=place,
        kind=Kind.STOP,
        media=known.media,
        at=at,
        position=known.duration if ended and known.duration is not None else known.position,
        duration=known.duration,
        watched=ended,
        heard=STOP,
    )


def _is_part(known: Known) -> bool:
    """Whether it is the end of a file of several, and not yet that of the film."""
    if not (known.media.path or "").startswith("stack://"):
        return False
    return not known.position or not known.duration or known.position / known.duration < _WHOLE


def _ignored(place: SessionKey, word: str, reason: str) -> Ignored:
    return Ignored(reason=reason, heard=word, player=place.player or None)
