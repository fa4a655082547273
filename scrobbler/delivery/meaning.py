"""Whether Trakt took what was named for what was meant: by its reply, since a wrong id is answered with 201 as well.

One id settles little here. Where a server gives an episode the id of its show, Trakt finds another show's episode by
it, and both sides have that id in common; two ids in common are no accident. So what the reply says beside the ids
counts too: the show, the place in it, the title and the year. What the reply leaves out says nothing, and neither does
an id that was not part of the form in which the item was named: that form is only tried because Trakt did not know the
others.
"""

from enum import Enum

from scrobbler.events import Ids, MediaKind
from scrobbler.trakt.titles import same_title
from scrobbler.trakt.wire import Item


class _Word(Enum):
    """What one part of a reply says about the other."""

    SAME = "same"
    OTHER = "other"
    NOTHING = "nothing"


def another(meant: Item, named: Item, answered: Item | None) -> bool:
    """Whether the answer is about another item than was meant. ``named`` is the form that Trakt was told."""
    if answered is None:
        return False
    if answered.kind is not meant.kind:
        return True
    if len(named.ids.known().items() & answered.ids.known().items()) > 1:
        return False
    if meant.kind is MediaKind.MOVIE:
        return _another_movie(meant, named, answered)
    return _another_episode(meant, named, answered)


def _another_movie(meant: Item, named: Item, answered: Item) -> bool:
    title, year = _titles(meant.title, answered.title), _years(meant.year, answered.year)
    if named.ids.shares(answered.ids):
        return title is not _Word.SAME and title is year is _Word.OTHER
    if _differ(named.ids, answered.ids):
        return not (title is _Word.SAME and meant.year == answered.year and meant.year is not None)
    return _Word.OTHER in {title, year}


def _another_episode(meant: Item, named: Item, answered: Item) -> bool:
    shared, show, place = named.ids.shares(answered.ids), _show(meant, named, answered), _place(meant, answered)
    if show is _Word.OTHER:
        return not (shared and _sure_place(meant, answered) and not _known_shows(named, answered))
    if place is not _Word.OTHER:
        return show is _Word.NOTHING and not shared and _differ(named.ids, answered.ids)
    if not shared:
        return True
    return show is not _Word.SAME and _titles(meant.title, answered.title) is _Word.OTHER


def _show(meant: Item, named: Item, answered: Item) -> _Word:
    if meant.show is None or answered.show is None:
        return _Word.NOTHING
    if meant.show.ids.shares(answered.show.ids):
        return _Word.SAME
    if _known_shows(named, answered):
        return _Word.OTHER
    return _titles(meant.show.title, answered.show.title)


def _known_shows(named: Item, answered: Item) -> bool:
    """Whether the very ids by which the show was named are another show's."""
    return named.show is not None and answered.show is not None and _differ(named.show.ids, answered.show.ids)


def _place(meant: Item, answered: Item) -> _Word:
    if meant.place is None or answered.place is None:
        return _Word.NOTHING
    return _Word.SAME if meant.place == answered.place else _Word.OTHER


def _sure_place(meant: Item, answered: Item) -> bool:
    """Not the first of a season: that many shows have."""
    return _place(meant, answered) is not _Word.OTHER and (meant.number or 0) > 1


def _titles(one: str | None, other: str | None) -> _Word:
    if one is None or other is None:
        return _Word.NOTHING
    return _Word.SAME if same_title(one, other) else _Word.OTHER


def _years(one: int | None, other: int | None) -> _Word:
    """Those of a premiere and a release may be a year apart."""
    if one is None or other is None:
        return _Word.NOTHING
    return _Word.SAME if abs(one - other) <= 1 else _Word.OTHER


def _differ(one: Ids, other: Ids) -> bool:
    """Whether some catalogue knows the two as two, and none as one."""
    return one.differs(other) and not one.shares(other)
