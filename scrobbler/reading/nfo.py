"""What an NFO file says: the XML of Kodi and Jellyfin, the address of a catalogue's page, or one after the other.

Its bytes are anybody's. They are refused as a whole where they are longer than ``MOST`` or declare a document type or
entities; where they are broken, what stands before the break counts as nothing. No bytes raise.
Source: https://kodi.wiki/view/NFO_files
"""

import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE, lookup
from collections.abc import Sequence
from datetime import date
from enum import Enum
from typing import Final

from msgspec import Struct

from scrobbler.events import Ids
from scrobbler.reading.pattern import regex

MOST: Final = 1 << 20
"""Bytes of the longest NFO that is read."""
LONGEST: Final = 300
"""Letters of a title; a longer one is none."""


class Root(Enum):
    """What an NFO is of."""

    MOVIE = "movie"
    SHOW = "tvshow"
    EPISODE = "episodedetails"
    MUSIC = "musicvideo"
    ADDRESS = "address"


class Nfo(Struct, frozen=True, kw_only=True):
    """What one NFO, or one of several episodes in it, says. ``ids`` are the item's own."""

    root: Root
    title: str | None = None
    year: int | None = None
    ids: Ids = Ids()
    show_title: str | None = None
    season: int | None = None
    episode: int | None = None
    aired: date | None = None


_ROOT: Final = regex(r"<(movie|tvshow|episodedetails|musicvideo)(?=[\s>])")
_ENTITY: Final = regex(r"&(?!(?:amp|lt|gt|quot|apos);)(#x?[0-9a-fA-F]{1,7};|[A-Za-z][A-Za-z0-9]{1,31};)?")
_CONTROL: Final = regex("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_ENCODING: Final = regex(rb"""^\s*<\?xml[^>]{0,100}?encoding\s*=\s*["']([A-Za-z0-9_.:-]{1,40})["']""")
_IDS: Final = {
    "imdbid": "imdb",
    "imdb_id": "imdb",
    "imdb": "imdb",
    "tmdbid": "tmdb",
    "tmdb_id": "tmdb",
    "tmdb": "tmdb",
    "tvdbid": "tvdb",
    "tvdb_id": "tvdb",
    "tvdb": "tvdb",
    "trakt": "trakt",
    "traktid": "trakt",
    "themoviedb": "tmdb",
    "thetvdb": "tvdb",
}
_ADDRESSES: Final = (
    (regex(r"themoviedb\.org/movie/(\d{1,9})", re.IGNORECASE), Root.MOVIE, "tmdb"),
    (regex(r"themoviedb\.org/tv/(\d{1,9})(?!\d|[\w-]*/season)", re.IGNORECASE), Root.SHOW, "tmdb"),
    (regex(r"imdb\.com/(?:[a-z-]{2,5}/)?title/(tt\d{5,10})", re.IGNORECASE), Root.ADDRESS, "imdb"),
    (regex(r"thetvdb\.com/\S{0,60}?[?&]id=(\d{1,9})", re.IGNORECASE), Root.SHOW, "tvdb"),
    (regex(r"thetvdb\.com/(?:dereferrer/)?series/(\d{1,9})(?![\w-])", re.IGNORECASE), Root.SHOW, "tvdb"),
    (regex(r"thetvdb\.com/dereferrer/movie/(\d{1,9})(?![\w-])", re.IGNORECASE), Root.MOVIE, "tvdb"),
    (regex(r"trakt\.tv/movies/([a-z0-9-]{1,100})(?![\w-])", re.IGNORECASE), Root.MOVIE, "slug"),
    (regex(r"trakt\.tv/shows/([a-z0-9-]{1,100})(?![\w/-])", re.IGNORECASE), Root.SHOW, "slug"),
)


class _RefusedError(Exception):
    """The XML does what no NFO needs to do."""


def parse(data: bytes) -> tuple[Nfo, ...]:
    """What an NFO says; several where it has several episodes, none where it says nothing that can be believed."""
    if len(data) > MOST:
        return ()
    text = _decoded(data)
    if re.search(r"<!(?:DOCTYPE|ENTITY)", text, re.IGNORECASE):
        return ()
    found = tuple(_elements(text))
    if found:
        if len(found) == 1 and not found[0].ids and (address := _address(text, found[0].root)) is not None:
            return (_joined(found[0], address),)
        return found
    if _ROOT.search(text):
        return ()
    address = _address(text, None)
    return (address,) if address is not None else ()


def _decoded(data: bytes) -> str:
    """The text, in whatever encoding. Bytes that fit none are Latin-1."""
    if data.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return data.decode("utf-16", "replace")
    for sign, name in ((b"<\0", "utf-16-le"), (b"\0<", "utf-16-be")):
        if data.startswith(sign):
            return data.decode(name, "replace")
    data = data.removeprefix(BOM_UTF8)
    declared = _ENCODING.match(data)
    names = ["utf-8", "cp1252"]
    if declared is not None:
        try:
            codec = lookup(declared[1].decode("ascii")).name
        except LookupError:
            codec = "utf-8"
        if not codec.startswith(("utf-16", "utf-32", "utf-7")):
            names.insert(0, codec)
    for name in names:
        try:
            return data.decode(name)
        except (UnicodeError, LookupError):  # the second: a codec from bytes to bytes
            continue
    return data.decode("latin-1")


def _elements(text: str) -> list[Nfo]:
    """Each root with what is in it. A root that is not closed ends the search."""
    found: list[Nfo] = []
    place = 0
    while len(found) < 32 and (begin := _ROOT.search(text, place)):
        closing = f"</{begin[1]}>"
        end = text.find(closing, begin.end())
        if end < 0:
            return []
        place = end + len(closing)
        fields = _fields(text[begin.start() : place])
        if fields is None:
            return []
        found.append(_nfo(Root(begin[1]), fields))
    if len(found) > 1 and any(one.root is not Root.EPISODE for one in found):
        return []
    return found


def _fields(xml: str) -> list[tuple[str, str, str]] | None:
    """Name, type and text of each element right below the root; None where the XML is broken."""
    from xml.parsers import expat  # noqa: PLC0415  # 0.3 MiB with its library, and most files have no NFO

    fields: list[tuple[str, str, str]] = []
    depth = 0
    kind, words = "", [""]

    def start(_name: str, attributes: dict[str, str]) -> None:
        nonlocal depth, kind
        depth += 1
        if depth == 2:
            kind = attributes.get("type", "")
            words.clear()

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        if depth == 1:
            fields.append((name.casefold(), kind.casefold(), "".join(words).strip()))

    def say(data: str) -> None:
        if depth == 2:
            words.append(data)

    def refuse(*_: object) -> None:
        raise _RefusedError

    parser = expat.ParserCreate("utf-8")
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, say
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = refuse
    try:
        parser.Parse(_CONTROL.sub("", _plain(xml)).encode("utf-8"), True)
    except (expat.ExpatError, _RefusedError):
        return None
    return fields


def _plain(xml: str) -> str:
    """The XML without HTML's entities. What stands in CDATA is as it is."""
    first, *others = xml.split("<![CDATA[")
    pieces = [_ENTITY.sub(_entity, first)]
    for other in others:
        inside, closing, after = other.partition("]]>")
        pieces += ["<![CDATA[", inside, closing, _ENTITY.sub(_entity, after)]
    return "".join(pieces)


def _entity(found: re.Match[str]) -> str:
    """HTML's entities as signs; an ampersand that begins none as itself."""
    named = found[1]
    if named is None:
        return "&amp;"
    if named.startswith("#"):
        number = int(named[2:-1], 16) if named[1] in "xX" else (int(named[1:-1]) if named[1:-1].isdigit() else 0)
        return found[0] if 0 < number < 0x110000 and not _CONTROL.match(chr(number)) else ""
    from html.entities import html5  # noqa: PLC0415  # 2231 names, 0.3 MiB, and hardly an NFO has one

    sign = html5.get(named)
    return sign if sign is not None and sign not in {"&", "<", ">"} else f"&amp;{named}"


def _nfo(root: Root, fields: Sequence[tuple[str, str, str]]) -> Nfo:
    first: dict[str, str] = {}
    for name, _, text in fields:
        if text:
            first.setdefault(name, text)
    aired = _day(first.get("aired")) if root is Root.EPISODE else None
    premiered = _day(first.get("premiered")) or _day(first.get("releasedate"))
    year = _whole(first.get("year"), 1880, 2100)
    if year is None and root is not Root.EPISODE and premiered is not None:
        year = premiered.year
    return Nfo(
        root=root,
        title=_title(first.get("title")),
        year=year,
        ids=_ids(root, fields),
        show_title=_title(first.get("showtitle")),
        season=_whole(first.get("season"), 0, 9999),
        episode=_whole(first.get("episode"), 0, 9999),
        aired=aired,
    )


def _ids(root: Root, fields: Sequence[tuple[str, str, str]]) -> Ids:
    """The ids in the words of several writers. A bare ``<id>`` is IMDb's, or for shows and episodes TheTVDB's."""
    found: dict[str, str] = {}
    for name, kind, text in fields:
        source = _IDS.get(kind if name == "uniqueid" else name)
        if source is None and name in {"id", "uniqueid"}:
            numeric = "tvdb" if root in {Root.SHOW, Root.EPISODE} and name == "id" else None
            source = "imdb" if text.startswith("tt") else numeric
        if source is not None and re.fullmatch(r"tt\d{5,10}" if source == "imdb" else r"\d{1,9}", text, re.ASCII):
            found.setdefault(source, text)
    numbers = {name: int(text) for name, text in found.items() if name != "imdb"}
    return Ids(trakt=numbers.get("trakt"), imdb=found.get("imdb"), tmdb=numbers.get("tmdb"), tvdb=numbers.get("tvdb"))


def _address(text: str, root: Root | None) -> Nfo | None:
    """The page of a catalogue that a text names. Several pages of one catalogue are no answer."""
    ids: dict[str, int | str] = {}
    kind = Root.ADDRESS
    for pattern, of, source in _ADDRESSES:
        known = set(pattern.findall(text))
        if len(known) > 1 or (known and source in ids):
            return None
        if not known or (root not in {None, of} and of is not Root.ADDRESS):
            continue
        if kind is not Root.ADDRESS and of is not Root.ADDRESS and of is not kind:
            return None
        kind = of if of is not Root.ADDRESS else kind
        (one,) = known
        ids[source] = int(one) if source in {"tmdb", "tvdb"} else one.lower()
    return Nfo(root=kind, ids=Ids(**ids)) if ids else None  # type: ignore[arg-type]  # each by its own type


def _joined(nfo: Nfo, address: Nfo) -> Nfo:
    """The XML with the ids of the address behind it. An episode's may be its show's, so they are not used."""
    if nfo.root not in {Root.MOVIE, Root.SHOW}:
        return nfo
    return Nfo(root=nfo.root, title=nfo.title, year=nfo.year, ids=address.ids)


def _title(text: str | None) -> str | None:
    return " ".join(text.split()) if text and len(text) <= LONGEST and re.search(r"\w", text) else None


def _whole(text: str | None, least: int, most: int) -> int | None:
    if text is None or not re.fullmatch(r"\d{1,5}", text, re.ASCII):
        return None
    return int(text) if least <= int(text) <= most else None


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text[:10]) if text else None
    except ValueError:
        return None
