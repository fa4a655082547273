"""What NFO files say, above what the name says: which of them is believed, and for which fields."""

from msgspec.structs import replace

from scrobbler.events import Media, MediaKind, Show
from scrobbler.reading.extras import Extra
from scrobbler.reading.names import identified
from scrobbler.reading.nfo import Nfo, Root
from scrobbler.reading.outcome import Read, Reading, Source, Unread
from scrobbler.reading.sidecar import Sidecars
from scrobbler.trakt.titles import same_title

NFO = Source.NFO


def with_nfo(reading: Read | Unread, files: Sidecars, media: Media) -> Reading:
    """The reading with what the NFO files say above it."""
    own = files.own[0] if files.own else None
    if own is not None and own.root is Root.MUSIC:
        return Extra(reason="a music video, by its NFO file")
    if own is not None and own.root is Root.EPISODE:
        return _nfo_episode(reading, files, media)
    if own is not None and own.root is Root.MOVIE:
        return _nfo_film(reading, own, media)
    kind = reading.media.kind if isinstance(reading, Read) else media.kind
    film = own if own is not None and own.root is Root.ADDRESS else files.movie
    if film is not None and kind is not MediaKind.EPISODE and (film is own or _fits(film, reading)):
        return _nfo_film(reading, film, media) if Root.MOVIE is film.root or kind is MediaKind.MOVIE else reading
    if files.show is not None and (kind is MediaKind.EPISODE or reading.media.show is not None):
        return _nfo_show(reading, files.show)
    return reading


def _fits(nfo: Nfo, reading: Read | Unread) -> bool:
    """Whether the folder's NFO may be of this file: it does not say another title and another year."""
    if not isinstance(reading, Read) or nfo.root is Root.ADDRESS:
        return True
    year = reading.media.year
    near = year is not None and nfo.year is not None and abs(year - nfo.year) <= 1
    alike = same_title(nfo.title, reading.media.title)
    return near or (alike and (year is None or nfo.year is None)) or not (nfo.title or nfo.year)


def _nfo_film(reading: Read | Unread, nfo: Nfo, media: Media) -> Reading:
    if media.kind is MediaKind.EPISODE:
        return reading
    before = reading.media if isinstance(reading, Read) and reading.media.kind is MediaKind.MOVIE else media
    told = dict(reading.sources) if isinstance(reading, Read) and before is reading.media else {}
    own = {"title": nfo.title, "year": nfo.year, "ids": nfo.ids or None}
    changed = {field: value for field, value in own.items() if value is not None}
    found = replace(before, kind=MediaKind.MOVIE, show=None, season=None, episode=None, episode_end=None, **changed)
    if not found.title and not found.ids:
        return reading
    return Read(media=found, sources=told | dict.fromkeys(("kind", *changed), NFO))


def _nfo_episode(reading: Read | Unread, files: Sidecars, media: Media) -> Reading:
    if media.kind is MediaKind.MOVIE:
        return reading
    places = [(nfo.season, nfo.episode) for nfo in files.own]
    first = files.own[0]
    before = reading.media if isinstance(reading, Read) and reading.media.kind is MediaKind.EPISODE else None
    told = dict(reading.sources) if before is not None else {}
    if before is None:
        show = reading.media.show
        before = replace(media, kind=MediaKind.EPISODE, title=None, year=None, show=show)
        told |= {key: who for key, who in reading.sources.items() if key.startswith("show.")}
    if first.season is not None and first.episode is not None:
        run = [(first.season, first.episode + index) for index in range(len(places))]
        if places != run:
            return Unread(reason="the NFO file's episodes are no run of one season", media=media)
        before = replace(
            before, season=first.season, episode=first.episode, episode_end=None, number_abs=None, date=None
        )
        told |= {"season": NFO, "episode": NFO}
        told = {key: who for key, who in told.items() if key not in {"number_abs", "date", "episode_end"}}
        if len(run) > 1:
            before, told = replace(before, episode_end=run[-1][1]), told | {"episode_end": NFO}
    if len(files.own) == 1:
        for field, value in (("title", first.title), ("ids", first.ids or None)):
            if value is not None:
                before, told[field] = replace(before, **{field: value}), NFO
    if first.show_title:
        named = before.show or Show()
        same = same_title(named.title, first.show_title)
        before = replace(before, show=named if same else Show(title=first.show_title, ids=named.ids))
        told["show.title"] = NFO
    found = Read(media=before, sources=told | {"kind": NFO})
    whole = _nfo_show(found, files.show) if files.show is not None else found
    return (
        whole
        if identified(whole.media)
        else Unread(reason="the NFO file does not say which episode it is", media=media)
    )


def _nfo_show(reading: Read | Unread, nfo: Nfo) -> Read | Unread:
    """The show by its own NFO file."""
    show, told = reading.media.show or Show(), dict(reading.sources)
    for field in ("title", "year", "ids"):
        if value := getattr(nfo, field):
            show, told[f"show.{field}"] = replace(show, **{field: value}), NFO
    return replace(reading, media=replace(reading.media, show=show), sources=told)
