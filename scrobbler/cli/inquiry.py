"""What a user names, looked up for the entry or the play that he wants to mend."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

import msgspec
from msgspec import Struct

from scrobbler.cli import app_of, now
from scrobbler.delivery import label
from scrobbler.errors import ConfigError
from scrobbler.events import Media, MediaKind
from scrobbler.identify.corrections import spot
from scrobbler.identify.finder import Finder
from scrobbler.identify.match import Candidate, Unmatched
from scrobbler.identify.notation import Place, Unclear
from scrobbler.identify.reference import Whole, refer
from scrobbler.machine.scrobble import BY_HAND
from scrobbler.reading.reader import Read, Unread, read
from scrobbler.settings import credentials
from scrobbler.settings.config import Config
from scrobbler.state.corrections import Episodes, Numbers, Same, Shifted
from scrobbler.state.entry import Entry
from scrobbler.state.plays import Play
from scrobbler.trakt.client import Trakt
from scrobbler.trakt.tokens import TokenFile
from scrobbler.trakt.wire import Item


class Thing(Struct, frozen=True, kw_only=True):
    """An entry of the outbox, or a play, and what was made of its name."""

    account: str
    label: str
    media: Media
    reading: Media | None
    entry: int | None = None
    play: int | None = None
    candidates: tuple[Candidate, ...] = ()
    by_hand: bool = False
    """It was entered as what it is, and never had a name of its own that could be wrong again."""

    @property
    def place(self) -> Place | None:
        """Where in its show it says that it is."""
        at = spot(self.media, self.reading)
        return Place(season=at.season, episode=at.number) if at is not None and at.season is not None else None

    @property
    def kind(self) -> MediaKind | None:
        """Whether it is a film or an episode, as far as it says."""
        return self.media.kind or (self.reading.kind if self.reading is not None else None)


def of_entry(entry: Entry) -> Thing:
    """An entry with the candidates that are kept with it."""
    media = entry.scrobble.media
    return Thing(
        account=entry.scrobble.account,
        label=label.of_entry(entry),
        media=media,
        reading=_read(media),
        entry=entry.id,
        candidates=candidates_of(entry),
    )


def of_play(play: Play) -> Thing:
    """A play."""
    return Thing(
        account=play.account,
        label=label.of_play(play),
        media=play.media,
        reading=_read(play.media),
        play=play.id,
        by_hand=play.told is not None and play.told.session == BY_HAND,
    )


def candidates_of(entry: Entry) -> tuple[Candidate, ...]:
    """What the entry may be, as it was written down when it was set aside."""
    try:
        return msgspec.json.decode(entry.candidates or "[]", type=tuple[Candidate, ...])
    except ValueError:  # msgspec's errors are ValueErrors; another version of this program wrote them
        return ()


class Inquiry:
    """What Trakt knows of the words that a user gives for a thing."""

    def __init__(self, trakt: Trakt, finder: Finder, thing: Thing) -> None:
        self._trakt = trakt
        self._finder = finder
        self._thing = thing

    def refer(self, text: str) -> Item | Episodes | Unmatched:
        """What the text names. Raises ``ConfigError`` where it names nothing, and the errors of ``Trakt``."""
        found = refer(text, self._trakt, self._finder, at=self._thing.place, of=self._thing.kind)
        if isinstance(found, Unclear):
            raise ConfigError(found.reason)
        return self._numbered(found) if isinstance(found, Whole) else found

    def search(self) -> tuple[Candidate, ...]:
        """What it may be by its own words. Raises the errors of ``Trakt``."""
        return self._finder.search(self._thing.reading or self._thing.media)

    def one(self, meant: Item | Episodes) -> Item:
        """The very item, where only its show was named. Raises ``ConfigError`` where there is none."""
        if isinstance(meant, Item) and (meant.kind is MediaKind.MOVIE or meant.place is not None):
            return meant
        at = spot(self._thing.media, self._thing.reading)
        number = at.number if at is not None else None
        found = self._finder.resolve(Media(kind=MediaKind.EPISODE, show=meant.show, number_abs=number))
        if not isinstance(found, Item):
            raise ConfigError(f"{self._thing.label}: {found.reason}: name the episode, as in `The Expanse s01e02`")
        return found

    def _numbered(self, whole: Whole) -> Episodes:
        at, numbers = spot(self._thing.media, self._thing.reading), Same()
        if whole.season is None or at is None:
            return Episodes(show=whole.show, numbers=numbers)
        shift: Numbers = Shifted(of_season=at.season, season=whole.season, by=0)
        return Episodes(show=whole.show, numbers=shift)


@contextmanager
def inquiring(configuration: Config, thing: Thing) -> Iterator[Inquiry]:
    """Ask Trakt in the name of the thing's account, signed in or not. Raises ``ConfigError`` without an app."""
    app = app_of(configuration, credentials.needed(configuration))
    with closing(Trakt(app, TokenFile(configuration.state_dir, thing.account))) as trakt:
        yield Inquiry(trakt, Finder(trakt, now), thing)


def _read(media: Media) -> Media | None:
    """What its name says, as far as it says anything."""
    reading = read(media)
    return reading.media if isinstance(reading, Read | Unread) else None
