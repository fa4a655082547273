"""The correction by which something is what the user means, from now on, and for as much as he means it."""

import re

import msgspec
from msgspec import Struct

from scrobbler.events import Media, MediaKind
from scrobbler.identify.corrections import Spot, show_of, spot
from scrobbler.state.corrections import (
    Correction,
    Episodes,
    Film,
    Fixed,
    Meaning,
    Never,
    Numbers,
    OfFile,
    OfFolder,
    OfShow,
    Same,
    Scope,
    Shifted,
)
from scrobbler.trakt.titles import fold
from scrobbler.trakt.wire import Item


class Senseless(Struct, frozen=True, kw_only=True):
    """Such a correction cannot be made, and why."""

    reason: str


def remedy(
    media: Media, read: Media | None, meant: Item | Episodes | Never, scope: Scope | None
) -> Correction | Senseless:
    """The correction by which the media is what is meant from now on.

    ``meant``: a film, an episode (without its place: its show), a show with the numbers that its episodes get, or to
    be left out. ``scope`` None: as
    wide as it makes sense.
    """
    meaning = _meaning(meant, spot(media, read))
    if isinstance(meaning, Senseless):
        return meaning
    numbers = meaning.numbers if isinstance(meaning, Episodes) else None
    if scope is None:
        counted = numbers is not None and not isinstance(numbers, Fixed)
        scope = Scope.SHOW if counted and show_of(media, read) is not None else Scope.FILE
    if scope is not Scope.FILE and isinstance(meaning, Film):
        return Senseless(reason=f"a {scope.value} is no one film: say which file is this film")
    if scope is not Scope.FILE and isinstance(numbers, Fixed):
        return Senseless(reason=f"its season and number are not known, so nothing follows for the {scope.value}")
    about = _about(media, read, scope)
    if isinstance(about, Senseless):
        return about
    season = ""
    if scope is not Scope.FILE and isinstance(numbers, Shifted):
        season = f" season {'-' if numbers.of_season is None else numbers.of_season}"
    return Correction(key=f"{scope.value} {_key(about)}{season}", about=about, meaning=meaning)


def _meaning(meant: Item | Episodes | Never, at: Spot | None) -> Meaning | Senseless:
    if isinstance(meant, Never):
        return meant
    if isinstance(meant, Episodes):
        if at is None and not isinstance(meant.numbers, Fixed):
            return Senseless(reason="its season and number are not known: name one episode, such as a show with s01e02")
        return meant
    if meant.kind is MediaKind.MOVIE:
        return Film(title=meant.title, year=meant.year, ids=meant.ids, runtime=meant.runtime)
    if meant.show is None or (meant.place is None and at is None):
        return Senseless(reason="it is not known of which show this episode is, and where in it")
    return Episodes(show=meant.show, numbers=_numbers(meant.place, at))


def _numbers(place: tuple[int, int] | None, at: Spot | None) -> Numbers:
    """How one comes of the other; at least one of them is known."""
    if place is None or (at is not None and (at.season, at.number) == place):
        return Same()
    season, number = place
    if at is None:
        return Fixed(season=season, number=number)
    return Shifted(of_season=at.season, season=season, by=number - at.number)


def _about(media: Media, read: Media | None, scope: Scope) -> OfFile | OfFolder | OfShow | Senseless:
    if scope is Scope.FILE:
        return OfFile(media=media)
    if scope is Scope.FOLDER:
        folder = _folder(media.path)
        return OfFolder(path=folder) if folder else Senseless(reason="it is not known in which folder it lies")
    show = show_of(media, read)
    return OfShow(show=show) if show else Senseless(reason="it is not known of which show it is")


def _folder(path: str | None) -> str | None:
    """The folder of a file; an address on the net has none that says anything."""
    if path is None or "://" in path:
        return None
    return re.split(r"[\\/][^\\/]*$", path)[0] if re.search(r"[\\/]", path) else None


def _key(about: OfFile | OfFolder | OfShow) -> str:
    """A text that is the same for two that are about the same."""
    if isinstance(about, OfFolder):
        return about.path
    if isinstance(about, OfShow):
        return f"{fold(about.show.title)} {about.show.year or ''}" if about.show.title else repr(about.show.ids.known())
    media = about.media
    if media.path and "://" not in media.path:
        return media.path
    return msgspec.json.encode([media.path, *media.name(), media.ids.known()]).decode()
