"""A film from its name, its folder and its library: whether they prove that it is one, and which is believed."""

import re
from typing import Final

from msgspec.structs import replace

from scrobbler.events import Media, MediaKind
from scrobbler.reading.episodes import SPECIAL, episode, unread
from scrobbler.reading.names import Name, Named, Proof
from scrobbler.reading.numbers import Form
from scrobbler.reading.outcome import Read, Source, Unread
from scrobbler.reading.pattern import regex
from scrobbler.reading.shelves import Shelf, sure
from scrobbler.reading.words import is_home
from scrobbler.trakt.titles import fold

NOTHING: Final = "nothing shows that this is a film or an episode"
"""Why most names are not read."""
NO_EPISODE: Final = "the name does not say which episode it is"

_NAME, _FOLDER = Source.NAME, Source.FOLDER
_PIECE: Final = regex(r"[\W_]*(?:\d{1,3}(?![^\W_])|\d{4}-)")
_PART: Final = regex(r"\b(?:part|pt|teil|vol|volume|disc|cd)[ .]?(?:\d{1,2}|[ivx]{1,4}|one|two|three)\b", re.IGNORECASE)
_FILE: Final = regex(r"\.(?:mkv|mp4|avi|m4v|wmv|divx|ogm)$", re.IGNORECASE)
_TITLE: Final = regex(r"(?=[^\W\d_a-z])[^\d_]{3,80}(?: \d{1,2})?")
"""With a capital first, or of a script that has none; and with no number but that of a sequel."""
_PIECES: Final = regex(r"\b(?:seasons?|episodes?|series|lectures?|lessons?|chapter|copy|clip|scene)\b", re.IGNORECASE)
_NUMERAL: Final = regex(r"\d{1,2}|[ivx]{1,4}", re.IGNORECASE)


def film(media: Media, name: Name, lead: Named, shelf: Shelf) -> Read | Unread:
    """A film by its own name, by its folder's, or by the library's."""
    inside = shelf.kind is MediaKind.EPISODE
    if SPECIAL.search(name.tagged.text) and (name.tagged.group or inside):
        return unread("a special, and the name does not give its number on Trakt", media, shelf)
    if lead.proof is Proof.YEAR and _PIECE.match(lead.rest) and not _is_shelved(media, shelf):
        return unread("there is a number behind the year", media, shelf, guessable=True)
    if lead.proof is Proof.YEAR or name.ids:
        return _as_film(media, lead, name, shelf)
    if inside:
        return unread(NO_EPISODE, media, shelf, guessable=True)
    return _by_its_folder(media, name, lead, shelf) if sure(shelf.named) else _by_title(media, name, lead, shelf)


def _by_its_folder(media: Media, name: Name, lead: Named, shelf: Shelf) -> Read | Unread:
    """A film by its folder, whatever its file is called; only not by the name of another part."""
    if shelf.named is not None and shelf.named.lead is not None and _is_a_sequel(lead, shelf.named.lead):
        return unread("the name and its folder's may be of two films", media, shelf)
    return by_folder(media, name, shelf, NOTHING)


def _by_title(media: Media, name: Name, lead: Named, shelf: Shelf) -> Read | Unread:
    """A film by its title alone, where its library or the source of a release shows that it is one."""
    if is_home(lead.title) or not re.search(r"[^\W_]", lead.title):
        return unread(NOTHING, media, shelf)
    if lead.proof is Proof.MARK and _PART.search(lead.title):
        return unread("a part of something, and the name does not say of what kind", media, shelf)
    released = lead.proof is Proof.MARK and not name.tagged.group and not name.televised
    if released or _is_shelved(media, shelf):
        return _as_film(media, lead, name, shelf)
    if _looks_like_a_film(media, name, lead):
        found = _as_film(media, lead, name, shelf)
        return Read(media=found.media, sources={**found.sources, "kind": Source.GUESS})
    return Unread(
        reason=NOTHING,
        media=replace(media, title=media.title or lead.title),
        sources={"title": _NAME},
        guessable=not name.tagged.group and (name.marked or bool(re.search(r"\d", lead.title))),
    )


def _looks_like_a_film(media: Media, name: Name, lead: Named) -> bool:
    """A file called by a title and nothing else, written as titles are; whoever believes it must look further."""
    path = media.path or ""
    if "://" in path or not _FILE.search(path) or name.tagged.group or name.televised or re.search(r"\w", lead.rest):
        return False
    return _TITLE.fullmatch(lead.title) is not None and not (_PART.search(lead.title) or _PIECES.search(lead.title))


def _is_shelved(media: Media, shelf: Shelf) -> bool:
    """Whether the library or the player knows it for a film."""
    return MediaKind.MOVIE in {shelf.kind, media.kind}


def _as_film(media: Media, lead: Named, name: Name, shelf: Shelf) -> Read:
    """The film, with its folder's spelling, year and ids where that is the same film."""
    title, year, ids = lead.title, lead.year, name.ids
    told = {"kind": _NAME, "title": _NAME}
    told |= {"year": _NAME} if year else {}
    told |= {"ids": _NAME} if ids else {}
    if lead.proof is Proof.NONE and not name.ids:
        told["kind"] = _FOLDER if shelf.kind is MediaKind.MOVIE else Source.PLAYER
    folder = shelf.named.lead if shelf.named is not None else None
    if (
        folder is not None
        and shelf.named is not None
        and (_is_same_film(lead, folder) or _has_its_id(lead, shelf.named))
    ):
        if sure(shelf.named) and folder.title != title:
            title, told["title"] = folder.title, _FOLDER
        if year is None and folder.year is not None:
            year, told["year"] = folder.year, _FOLDER
        if not ids and shelf.named.ids:
            ids, told["ids"] = shelf.named.ids, _FOLDER
    found = replace(media, kind=MediaKind.MOVIE, title=title, year=year, ids=ids or media.ids, show=None)
    return Read(media=found, sources=told)


def _is_same_film(lead: Named, folder: Named) -> bool:
    """Whether a file's name and its folder's mean one film: one title and no two years, or its end and one year."""
    if lead.year is not None and folder.year is not None and lead.year != folder.year:
        return False
    ours, theirs = fold(lead.title), fold(folder.title)
    within = lead.year is not None and (ours.endswith(theirs) or theirs.endswith(ours))
    return ours == theirs or (within and lead.year == folder.year)


def _has_its_id(lead: Named, folder: Name) -> bool:
    """Whether a folder with an id is of the file's year: then it is the same film in another language."""
    return bool(folder.ids) and folder.lead is not None and lead.year is not None and lead.year == folder.lead.year


def _is_a_sequel(lead: Named, folder: Named) -> bool:
    """Whether a file has its folder's title and a number: another part than the folder's."""
    ours, theirs = fold(lead.title), fold(folder.title)
    return ours != theirs and ours.startswith(theirs) and bool(_NUMERAL.fullmatch(ours.removeprefix(theirs)))


def by_folder(media: Media, name: Name, shelf: Shelf, reason: str, *, guessable: bool = False) -> Read | Unread:
    """What a file's folder says where its own name says nothing; where neither does, ``reason`` is why."""
    release, folder = shelf.release, shelf.named
    if release is not None and release.number is not None and release.number.form is not Form.BROKEN:
        found = episode(media, release, release.number, replace(shelf, release=None))
        if isinstance(found, Read):
            told = {key: _FOLDER if who is _NAME else who for key, who in found.sources.items()}
            return Read(media=found.media, sources=told)
    if shelf.season is not None or shelf.kind is MediaKind.EPISODE or name.number is not None:
        return unread(reason, media, shelf, guessable=guessable)
    if folder is None or folder.lead is None or not sure(folder) or not shelf.direct:
        return unread(reason, media, shelf, guessable=guessable)
    lead, ids = folder.lead, folder.ids
    told = {"kind": _FOLDER, "title": _FOLDER}
    told |= {"year": _FOLDER} if lead.year else {}
    told |= {"ids": _FOLDER} if ids else {}
    found_media = replace(
        media, kind=MediaKind.MOVIE, title=lead.title, year=lead.year, ids=ids or media.ids, show=None
    )
    return Read(media=found_media, sources=told)
