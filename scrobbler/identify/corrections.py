"""What the user said something really is, and what follows from that for the next one.

The narrower word is heard first: what was corrected for one file, then the rules of the configuration in their order,
then what was corrected for a folder (the longest first), then for a show. Among the last two an episode is looked for
by its season, since two seasons of one name may be two shows. Numbers are those of the player where it has any, else
those that its file's name was read to say. Nothing in here asks Trakt.
"""

import re
from collections.abc import Callable, Sequence

from msgspec import Struct

from scrobbler.events import Media, MediaKind, Show
from scrobbler.identify.rules import Rule
from scrobbler.reading.extras import Extra
from scrobbler.state.corrections import (
    Correction,
    Episodes,
    Film,
    Fixed,
    Never,
    OfFile,
    OfFolder,
    OfShow,
    Same,
    Shifted,
)
from scrobbler.trakt.titles import same_title, same_year
from scrobbler.trakt.wire import Item


class Beyond(Struct, frozen=True, kw_only=True):
    """The user's word speaks of something like this, but does not reach so far."""

    reason: str


Said = Item | Media | Extra | Beyond
"""What the user's word makes of a media: the item; or a media to be looked up, whose show or film has ids by now; or
that it is left out; or that his word does not reach so far."""
Correct = Callable[[Media, Media | None], Said | None]
"""Asked with what a player said, and with what reading made of it, or None before it was read. None: nothing was
said about this, or only reading can tell."""


class Spot(Struct, frozen=True, kw_only=True):
    """Where in its show something stands; ``season`` is None for a number that counts through the whole show."""

    season: int | None
    number: int


class Corrector:
    """A ``Correct``, from what is remembered and what is written in the configuration."""

    def __init__(self, remembered: Callable[[], Sequence[Correction]], rules: Sequence[Rule] = ()) -> None:
        self._remembered = remembered
        self._rules = rules

    def __call__(self, media: Media, read: Media | None) -> Said | None:
        """What the user said of it."""
        said = self._remembered()
        files = [one for one in said if isinstance(one.about, OfFile)]
        wide = sorted((one for one in said if isinstance(one.about, OfFolder)), key=_length, reverse=True)
        wide += [one for one in said if isinstance(one.about, OfShow)]
        words: tuple[Correction | Rule, ...] = (*files, *self._rules, *wide)
        for word in words:
            found = _ruled(word, media, read) if isinstance(word, Rule) else _by(word, media, read)
            if found is None:
                return None  # something narrower may hold, once the name was read
            if not isinstance(found, bool):
                return found
        return _beyond([one for one in wide if isinstance(one.meaning, Episodes)], media, read) if wide else None


def covers(correction: Correction, media: Media, read: Media | None) -> bool:
    """Whether the correction says something of this."""
    return not isinstance(_by(correction, media, read), bool | None)


def spot(media: Media, read: Media | None) -> Spot | None:
    """Season and number as the player says them, or else as they were read."""
    for one in (media, read):
        if one is not None and one.season is not None and one.episode is not None:
            return Spot(season=one.season, number=one.episode)
    absolute = next((one.number_abs for one in (media, read) if one is not None and one.number_abs is not None), None)
    return None if absolute is None else Spot(season=None, number=absolute)


def show_of(media: Media, read: Media | None) -> Show | None:
    """The show that the player names, or else the one that was read."""
    named = (one.show for one in (media, read) if one is not None and one.show is not None)
    return next((show for show in named if show.ids or show.title), None)


def shifted(numbers: Same | Shifted, at: Spot) -> Spot | None:
    """Where that is by the user's word; None where it says nothing of this season, or leads below the first one."""
    if isinstance(numbers, Same):
        return at
    number = at.number + numbers.by
    return Spot(season=numbers.season, number=number) if at.season == numbers.of_season and number >= 0 else None


def _by(one: Correction, media: Media, read: Media | None) -> Said | bool | None:
    """What it makes of the media: False, nothing; None, that cannot be said before the name was read."""
    fits = _fits(one.about, media, read)
    if not fits:
        return fits
    if isinstance(one.meaning, Never):
        return Extra(reason="left out, as you said with `scrobbler fix`")
    if isinstance(one.meaning, Film):
        film = one.meaning
        return Item(kind=MediaKind.MOVIE, title=film.title, year=film.year, ids=film.ids, runtime=film.runtime)
    numbers = one.meaning.numbers
    if isinstance(numbers, Fixed):
        return _episode(one.meaning.show, Spot(season=numbers.season, number=numbers.number))
    at = spot(media, read)
    if at is None:
        return None if read is None else (isinstance(numbers, Same) and _dated(one.meaning.show, read)) or False
    there = shifted(numbers, at)
    return False if there is None else _episode(one.meaning.show, there)


def _ruled(rule: Rule, media: Media, read: Media | None) -> Said | bool | None:
    fits = rule.fits(media, read)
    if not fits:
        return fits
    if rule.item is None:
        return Extra(reason=f"left out by the rule in {rule.where}")
    kind = media.kind or (read.kind if read is not None else None)
    if kind is None and read is None and rule.item.subject is None:
        return None
    if rule.is_film(kind):
        return Media(kind=MediaKind.MOVIE, ids=rule.item.ids)
    return _ruled_episode(rule, media, read)


def _ruled_episode(rule: Rule, media: Media, read: Media | None) -> Said | None:
    at = spot(media, read)
    if at is None and read is not None:
        return _dated(rule.show_meant(), read) or Beyond(
            reason=f"the rule in {rule.where} says of which show it is, and its name does not say which episode"
        )
    if at is None:
        return None
    number = at.number + rule.episode_offset
    if number < 0:
        return Beyond(reason=f"the rule in {rule.where} makes it episode {number}")
    return _episode(rule.show_meant(), Spot(season=at.season if rule.season is None else rule.season, number=number))


def _beyond(wide: Sequence[Correction], media: Media, read: Media | None) -> Beyond | None:
    """A season that no correction speaks of, of a show that is another one: what it is nobody said."""
    at = spot(media, read)
    for one in wide:
        read_as = show_of(media, read)
        stays = isinstance(one.meaning, Episodes) and read_as is not None and _may_be(one.meaning.show, read_as)
        if at is not None and not stays and _fits(one.about, media, read):
            season = "" if at.season is None else f" {at.season}"
            return Beyond(reason=f"another season of it was corrected, and season{season} was not")
    return None


def _episode(show: Show, at: Spot) -> Media:
    if at.season is None:
        return Media(kind=MediaKind.EPISODE, show=show, number_abs=at.number)
    return Media(kind=MediaKind.EPISODE, show=show, season=at.season, episode=at.number)


def _dated(show: Show, read: Media) -> Media | None:
    return Media(kind=MediaKind.EPISODE, show=show, date=read.date) if read.date is not None else None


def _fits(about: OfFile | OfFolder | OfShow, media: Media, read: Media | None) -> bool | None:
    if isinstance(about, OfFile):
        return _same_file(about.media, media)
    if isinstance(about, OfFolder):
        return bool(media.path) and re.match(re.escape(about.path) + r"[\\/]", media.path or "") is not None
    if any(_same_show(about.show, one.show) for one in (media, read) if one is not None):
        return True
    return None if read is None and media.kind is not MediaKind.MOVIE else False


def _same_file(one: Media, other: Media) -> bool:
    """Whether both are one file, or one item of a server. One address may play many things, so it needs the title."""
    if one.path and other.path and "://" not in one.path + other.path:
        return one.path == other.path
    if bool(one.path) and bool(other.path) and one.path != other.path:
        return False
    apart = None not in (one.episode, other.episode) and one.name() != other.name()
    if one.ids.shares(other.ids):
        return not apart
    return any(one.name()) and one.name() == other.name()


def _same_show(one: Show, other: Show | None) -> bool:
    if other is None:
        return False
    if one.ids.shares(other.ids):
        return True
    return same_title(one.title, other.title) and one.year == other.year


def _may_be(one: Show, other: Show) -> bool:
    return one.ids.shares(other.ids) or (same_title(one.title, other.title) and same_year(one.year, other.year))


def _length(one: Correction) -> int:
    return len(one.about.path) if isinstance(one.about, OfFolder) else 0
