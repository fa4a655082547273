"""What a file's name and the folders above it say together: the reader without NFO files and guessing."""

from msgspec.structs import replace

from scrobbler.events import Media, MediaKind
from scrobbler.reading.episodes import bare, episode, three_digits, unread
from scrobbler.reading.extras import Extra, is_extra
from scrobbler.reading.films import NO_EPISODE, by_folder, film
from scrobbler.reading.names import Name, Proof, read_name, show, title_of
from scrobbler.reading.numbers import Form, Number
from scrobbler.reading.outcome import Read, Unread
from scrobbler.reading.paths import Parts
from scrobbler.reading.shelves import Shelf, place, without_disc
from scrobbler.reading.words import is_home, is_junk


def read_layout(media: Media, parts: Parts) -> Read | Extra | Unread:
    """Reads a path's parts. A kind that the player knows is not overruled."""
    if is_extra(parts.folders, parts.stem):
        return Extra(reason="a trailer, a sample or another extra")
    folders, stem = without_disc(parts.folders, parts.stem)
    found = _read(media, read_name(stem), stem, place(folders, media.library))
    if isinstance(found, Read) and media.kind is not None and found.media.kind is not media.kind:
        return Unread(reason=f"the player says {media.kind.value}, and the name something else", media=media)
    return found


def _read(media: Media, name: Name, stem: str, shelf: Shelf) -> Read | Unread:
    if name.number is not None and name.number.form is Form.BROKEN:
        return unread("the numbers in the name contradict each other", media, shelf)
    if name.number is not None and shelf.kind is MediaKind.MOVIE and name.number.form is not Form.PLACED:
        name = Name(tagged=name.tagged, number=None, lead=title_of(name.tagged))
    if _is_junk(name, stem, shelf):
        return by_folder(media, name, shelf, "the name is one that a camera or a recorder gives")
    if (number := _number(name, shelf)) is not None:
        return episode(media, _with(name, number), number, shelf)
    return _unnumbered(media, name, shelf)


def _unnumbered(media: Media, name: Name, shelf: Shelf) -> Read | Unread:
    """A name without the number of an episode."""
    if shelf.season is not None:
        return by_folder(media, name, shelf, NO_EPISODE)
    if name.number is not None and name.number.form is Form.SEASON:
        return by_folder(media, name, shelf, "a season without an episode", guessable=True)
    if name.lead is None:
        return by_folder(media, name, shelf, "there is no title in the name")
    return film(media, name, name.lead, shelf)


def _number(name: Name, shelf: Shelf) -> Number | None:
    """The number of an episode, in a word or shape or by where the file lies."""
    number = name.number
    if number is not None and number.form is not Form.SEASON:
        home = number.form is not Form.PLACED and name.lead is not None and is_home(name.lead.title)
        return None if home else number
    if found := bare(name, shelf):
        return found
    dated = name.lead is not None and name.lead.proof is Proof.YEAR
    return None if dated or number is not None or shelf.season is not None else three_digits(name)


def _with(name: Name, number: Number) -> Name:
    """The name with the number that only its place shows, and with what stands before that as its lead."""
    if number is name.number:
        return name
    text = name.tagged.text
    return replace(name, number=number, lead=show(text[: number.start]), after=text[number.end :])


def _is_junk(name: Name, stem: str, shelf: Shelf) -> bool:
    """Whether a name is a camera's, and neither a bare number in a show's folder nor a title with its year."""
    inside = shelf.season is not None or shelf.kind is MediaKind.EPISODE
    if not is_junk(stem) or (inside and stem.strip(" ._-").isdigit()):
        return False
    return not (name.lead is not None and name.lead.proof is Proof.YEAR and "(" in stem)
