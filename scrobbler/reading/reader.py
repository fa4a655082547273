"""What a name says, from all sources and in the order in which they are believed; nothing is looked up.

What the player itself identified stands. Then an NFO beside the file is believed before the file's name, the name
before its folders, and all of them before a guess. ``spec/identification.md`` has the rules.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

from msgspec.structs import replace

from scrobbler.events import Ids, Media, MediaKind, Seconds, Show
from scrobbler.reading import guess
from scrobbler.reading.belief import with_nfo
from scrobbler.reading.extras import Extra
from scrobbler.reading.layout import read_layout
from scrobbler.reading.names import identified
from scrobbler.reading.outcome import Read, Reading, Source, Unread
from scrobbler.reading.paths import Parts, take_apart
from scrobbler.reading.shelves import without_disc
from scrobbler.reading.sidecar import beside
from scrobbler.trakt.titles import same_title

__all__ = ["Extra", "Read", "Reading", "Source", "Unread", "read", "read_all"]

LONGEST: Final = 400
"""Letters of a name. A file's has at most 255 bytes; what is longer is none."""

PLAYER = Source.PLAYER


def read(media: Media, *, nfo: bool = True, patience: Seconds = guess.PATIENCE) -> Reading:
    """What this media is, as far as its own words and files say.

    ``nfo`` says whether files beside the media may be read. Guessing runs a child process that is given ``patience``
    seconds. Never raises.
    """
    return read_all([media], nfo=nfo, patience=patience)[0]


def read_all(many: Sequence[Media], *, nfo: bool = True, patience: Seconds = guess.PATIENCE) -> list[Reading]:
    """The same for many, with one child process for all that have to be guessed."""
    known = [_known(media, nfo=nfo) for media in many]
    asked = [
        (index, guess.Question(parts=parts, kind=media.kind))
        for index, (media, reading) in enumerate(zip(many, known, strict=True))
        if isinstance(reading, Unread) and reading.guessable and (parts := take_apart(media)) is not None
    ]
    answers = guess.ask([question for _, question in asked], patience=patience)
    for (index, question), answer in zip(asked, answers, strict=True):
        known[index] = _guessed(many[index], known[index], question.parts, answer)
    return [_meant(media, reading) for media, reading in zip(many, known, strict=True)]


def _known(media: Media, *, nfo: bool) -> Reading:
    if identified(media):
        return _completed(media, nfo=nfo)
    reading = _by_path(media, nfo=nfo)
    if isinstance(reading, Unread) and media.path is not None and media.title:
        said = _by_title(media)
        if not isinstance(said, Unread):
            return said
    return reading


def _by_path(media: Media, *, nfo: bool) -> Reading:
    """What the path says, and the NFO files beside it."""
    if media.live:
        return Unread(reason="live television", media=media)
    parts = take_apart(media)
    if parts is None:
        return Unread(reason="there is no file name to go by", media=media)
    if max(map(len, (parts.stem, *parts.folders))) > LONGEST:
        return Unread(reason="the name is too long for one", media=media)
    reading = _layout(replace(media, title=None) if media.path is not None else media, parts)
    if isinstance(reading, Extra) or not nfo or media.path is None:
        return reading
    disc = without_disc(parts.folders, parts.stem) != (parts.folders, parts.stem)
    return with_nfo(reading, beside(media.path, disc=disc), media)


@lru_cache(maxsize=512)
def _layout(media: Media, parts: Parts) -> Reading:
    return read_layout(media, parts)


def _by_title(media: Media) -> Reading:
    """What the title says that a player shows for a stream or a file without a telling name."""
    reading = _by_path(replace(media, path=None), nfo=False)
    if not isinstance(reading, Read):
        return reading
    return Read(media=replace(reading.media, path=media.path), sources=dict.fromkeys(reading.sources, PLAYER))


def _completed(media: Media, *, nfo: bool) -> Reading:
    """What the player identified, with ids from the path where it has none and the path means the same."""
    told = dict.fromkeys(_fields(media), PLAYER)
    named = Read(media=media, sources=told)
    if media.path is None or media.ids or (media.show is not None and media.show.ids):
        return named
    reading = _by_path(replace(media, title=None, show=None, year=None), nfo=nfo)
    if not isinstance(reading, Read):
        return named
    found = reading.media
    if media.kind is MediaKind.MOVIE:
        near = media.year is None or found.year is None or abs(media.year - found.year) <= 1
        if not same_title(media.title, found.title) or not near:
            return named
        for field in ("year", "ids"):
            if not getattr(media, field) and getattr(found, field):
                media = replace(media, **{field: getattr(found, field)})
                told[field] = reading.sources.get(field, Source.NAME)
        return Read(media=media, sources=told)
    if media.show is None or found.show is None or not same_title(media.show.title, found.show.title):
        return named
    show = replace(media.show, year=media.show.year or found.show.year, ids=found.show.ids)
    for field, before, now in (("show.year", media.show.year, show.year), ("show.ids", None, show.ids)):
        if now and not before:
            told[field] = reading.sources.get(field, Source.NAME)
    return Read(media=replace(media, show=show), sources=told)


def _fields(media: Media) -> list[str]:
    """The names of the fields that a media has, as ``sources`` names them."""
    names = ("kind", "title", "year", "season", "episode", "episode_end", "number_abs", "date")
    found = [name for name in names if getattr(media, name) is not None]
    show = media.show or Show()
    found += ["ids"] if media.ids else []
    found += ["show.title"] if show.title else []
    found += ["show.year"] if show.year else []
    return found + (["show.ids"] if show.ids else [])


def _guessed(media: Media, reading: Reading, parts: Parts, answer: Mapping[str, object] | guess.Unguessed) -> Reading:
    """What a guess adds to a reading that was none."""
    if not isinstance(reading, Unread) or isinstance(answer, guess.Unguessed):
        return reading
    plain = replace(media, title=None, show=reading.media.show)
    found = guess.understood(answer, plain, parts.stem)
    if isinstance(found, guess.Unguessed):
        return reading
    before = {key: who for key, who in reading.sources.items() if key.startswith("show.") and plain.show is not None}
    told = dict.fromkeys(_fields(found), Source.GUESS) | before
    return Read(media=found, sources=told)


def _meant(media: Media, reading: Reading) -> Reading:
    """The reading of the one episode that the player says is on, where its file holds several."""
    if not isinstance(reading, Read) or media.episode is None or reading.media.kind is not MediaKind.EPISODE:
        return reading
    found = reading.media
    told = {**reading.sources, "season": PLAYER, "episode": PLAYER}
    season = media.season if media.season is not None else found.season
    same = (found.season, found.episode) == (season, media.episode) and found.episode_end == media.episode_end
    found = replace(
        found,
        season=season,
        episode=media.episode,
        episode_end=media.episode_end,
        number_abs=media.number_abs,
        title=found.title if same or media.title else None,
        ids=found.ids if same or media.ids else Ids(),
    )
    return Read(media=found, sources={key: who for key, who in told.items() if key in _fields(found)})
