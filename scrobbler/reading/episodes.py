"""An episode from its numbers, its name and its folders: which show it is of, and when that is not certain."""

import re
from typing import Final

from msgspec.structs import replace

from scrobbler.events import Ids, Media, MediaKind, Show
from scrobbler.reading.names import Name, Named, clean
from scrobbler.reading.numbers import MOST_EPISODES, Form, Number
from scrobbler.reading.outcome import Read, Source, Unread
from scrobbler.reading.pattern import regex
from scrobbler.reading.shelves import Shelf, sure
from scrobbler.reading.words import BEGIN, END, LABEL, MARK
from scrobbler.trakt.titles import fold

SPECIAL: Final = regex(
    rf"{BEGIN}(?:ova|oav|oad|ona|sp|specials?)[ ._-]{{0,3}}(?:\d{{1,3}})?(?:v\d)?{END}", re.IGNORECASE
)
"""A word for what is beside the seasons; Trakt has it among the specials, by a number that no name gives."""

_NAME, _FOLDER = Source.NAME, Source.FOLDER
_BARE: Final = regex(r"(?P<first>\d{1,4})(?:v\d)?(?P<more>[-+&]\d{1,3})?(?=$|[ ._-]|[^\W\d_])")
_BARE_END: Final = regex(r"[ ._-](?P<first>\d{2,3})(?P<more>(?!))?(?:v\d)?$")
_THREE: Final = regex(r"^(?P<lead>.*[^\W\d_].*?)[ ._](?!(?:19|20)\d\d)(?P<season>\d{1,2})(?P<first>\d\d)(?=[ ._-]|$)")
_COUNTRY: Final = regex(r"\s*\([A-Z]{2}\)$")
_TITLED: Final = regex(
    r"(?:v\d)?[\s._]*[-\u2013:][\s._]*(?P<title>\S.*)|(?:v\d)?[\s._]+(?P<plain>[^\W_].*)|「(?P<boxed>[^」]+)」"
)


def bare(name: Name, shelf: Shelf) -> Number | None:
    """A number without any word, which in a season's folder, or alone in a show's, is an episode's."""
    text, season = name.tagged.text, shelf.season
    if season is None and (shelf.kind is not MediaKind.EPISODE or SPECIAL.search(text)):
        return None
    match = _BARE.match(text, _behind_title(text, shelf))
    if match is None and not MARK.search(text) and season is not None:
        match = _BARE_END.search(text)
    if match is None or MARK.match(text, match.start("first")):
        return None
    digits, more = match["first"], match["more"]
    if len(digits) == 4 and digits[:2] in {"19", "20"}:
        return None
    first, last = int(digits), int(more[1:]) if more else None
    if season and len(digits) in {3, 4} and int(digits[:-2]) == season and not name.tagged.group:
        first = int(digits[-2:])
    if last is not None and not first < last <= first + MOST_EPISODES:
        return None
    return Number(form=Form.COUNTED, start=match.start(), end=match.end(), first=first, last=last)


def _behind_title(text: str, shelf: Shelf) -> int:
    """Where a name goes on behind its folder's title, if it begins with that."""
    lead = shelf.named.lead if shelf.named is not None else None
    if lead is None or not text.casefold().startswith(lead.title.casefold()):
        return 0
    rest = text[len(lead.title) :]
    return len(text) - len(rest.lstrip(" ._-"))


def three_digits(name: Name) -> Number | None:
    """``Show.102``, which only on television is season 1 and episode 2."""
    match = _THREE.match(name.tagged.text)
    if match is None or not name.televised:
        return None
    season, first = int(match["season"]), int(match["first"])
    return Number(form=Form.PLACED, start=match.start("season"), end=match.end(), season=season, first=first)


def episode(media: Media, name: Name, number: Number, shelf: Shelf) -> Read | Unread:
    """An episode, as far as its show and its place can be told."""
    before = name.tagged.text[: number.start].strip(" ._-([")
    lead = name.lead if number is name.number else (Named(title=clean(before)) if before else None)
    found = _show(lead, shelf)
    if found is None:
        return unread("the name does not say which show it is of", media, shelf)
    show, told = found
    known = replace(media, kind=MediaKind.EPISODE, title=None, year=None, show=show, ids=Ids())
    told["kind"] = _NAME
    if number.form is Form.AIRED:
        return Read(media=replace(known, date=number.aired), sources=told | {"date": _NAME})
    if number.form is Form.PLACED:
        season, source = number.season or 0, _NAME
        if shelf.season not in {None, 0, season} and season != 0:
            return unread(f"the folder says season {shelf.season}, the name season {season}", media, shelf)
    elif shelf.season is not None:
        season, source = shelf.season, _FOLDER
    else:
        return _absolute(known, number, lead, told)
    title = _episode_title(name.tagged.text[number.end :] if number.end else "")
    told |= {"season": source, "episode": _NAME}
    told |= {"title": _NAME} if title else {}
    told |= {"episode_end": _NAME} if number.last else {}
    place = replace(known, title=title, season=season, episode=number.first, episode_end=number.last)
    return Read(media=place, sources=told)


def _absolute(known: Media, number: Number, lead: Named | None, told: dict[str, Source]) -> Read | Unread:
    """An episode by a number of no season."""
    shown, told_show = replace(known, kind=None), {key: who for key, who in told.items() if key.startswith("show.")}
    special = SPECIAL.search(lead.title) if lead is not None else None
    if special is not None and lead is not None and special.end() == len(lead.title):
        reason = "a special, and the name does not give its number on Trakt"
    elif number.last is not None:
        reason = "several episodes, and the name does not say of which season"
    elif number.first == 0:
        reason = "episode 0 of no season"
    else:
        return Read(media=replace(known, number_abs=number.first), sources=told | {"number_abs": _NAME})
    return Unread(reason=reason, media=shown, sources=told_show)


def _show(lead: Named | None, shelf: Shelf) -> tuple[Show, dict[str, Source]] | None:
    """The show by what stands before the number and by its folder; the folder's spelling where both mean the same."""
    above = shelf.named
    folder = above.lead if above is not None else None
    between = shelf.release or shelf.beneath
    if lead is None:
        if above is not None and folder is not None:
            alone = not shelf.direct or sure(above) or shelf.kind is MediaKind.EPISODE
            return told_of(folder, above.ids, _FOLDER) if alone else None
        return told_of(between.lead, between.ids, _FOLDER) if between is not None and between.lead is not None else None
    if above is not None and folder is not None:
        if folder.year is not None and fold(lead.title) == fold(f"{folder.title} {folder.year}"):
            return told_of(lead, above.ids, _NAME)  # Sealab 2021
        if _same_show(lead, folder):
            longer = lead if _fuller(lead, folder) else folder
            whole = replace(longer, year=folder.year or lead.year)
            show, told = told_of(whole, above.ids, _FOLDER)
            told |= {"show.title": _NAME} if show.title == lead.title else {}
            return show, told | ({"show.year": _NAME} if lead.year is not None else {})
        same_year = folder.year is None or lead.year in {None, folder.year}
        if not shelf.direct and sure(above) and same_year and shelf.release is None:
            return told_of(folder, above.ids, _FOLDER)
    return told_of(lead, Ids(), _NAME) if re.search(r"\w", lead.title) else None


def told_of(lead: Named, ids: Ids, source: Source) -> tuple[Show, dict[str, Source]]:
    """A show, and who says what of it."""
    told = {"show.title": source}
    told |= {"show.year": source} if lead.year else {}
    told |= {"show.ids": source} if ids else {}
    return Show(title=lead.title, year=lead.year, ids=ids), told


def _fuller(lead: Named, folder: Named) -> bool:
    """Whether the file's name says more of the same title: a country, mostly."""
    return fold(lead.title) != fold(folder.title) and fold(lead.title).startswith(fold(folder.title))


def _same_show(lead: Named, folder: Named) -> bool:
    """Whether two titles are of one show: the same but for a country or a release group, or the folder's initials."""
    if lead.year is not None and folder.year is not None and lead.year != folder.year:
        return False
    ours, theirs = fold(lead.title), fold(folder.title)
    bare_ours, bare_theirs = fold(_COUNTRY.sub("", lead.title)), fold(_COUNTRY.sub("", folder.title))
    if ours in {theirs, bare_theirs} or bare_ours == theirs:
        return True
    if ours == bare_ours and ours.endswith(theirs) and len(theirs) > 5:  # a release group in front
        return True
    initials = "".join(word[0] for word in re.findall(r"\w+", folder.title)).casefold()
    return len(ours) > 1 and ours in {initials, initials.removeprefix("t")}


def _episode_title(rest: str) -> str | None:
    """What stands behind the number, up to the first mark."""
    match = _TITLED.match(rest)
    if match is None:
        return None
    text = match["title"] or match["plain"] or match["boxed"] or ""
    mark = MARK.search(text)
    text = text[: mark.start()].rstrip(" ._-([") if mark else text
    gap = r"[\s._-]" if mark else r"[._]"
    text = re.sub(rf"(?:(?:^|{gap}+){LABEL.pattern})+$", "", text, flags=re.IGNORECASE)
    text = clean(re.sub(r"^\((.*)\)$", r"\1", text.strip())).strip(" -")
    if not re.search(r"\w", text) or re.fullmatch(r"v\d|(?:19|20)\d\d|end|final", text, re.IGNORECASE):
        return None
    return text.rstrip(".") if not text.endswith("..") and not re.search(r"\w\.\w\.$", text) else text


def unread(reason: str, media: Media, shelf: Shelf, *, guessable: bool = False) -> Unread:
    """What is below a season's folder is of the show in whose folder that lies, whatever else it is."""
    lead = shelf.named.lead if shelf.named is not None else None
    inside = shelf.season is not None or shelf.kind is MediaKind.EPISODE
    if not inside or lead is None or shelf.named is None or media.show is not None or media.kind is MediaKind.MOVIE:
        return Unread(reason=reason, media=media, guessable=guessable)
    show, told = told_of(lead, shelf.named.ids, _FOLDER)
    return Unread(reason=reason, media=replace(media, show=show), sources=told, guessable=guessable)
