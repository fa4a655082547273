"""Sessions as plays: ``Playbook() >> play(10) << "start 10"`` says what happens and what must be said then.

Positions are seconds of a film of 100 s, so that they are percents too; a step happens one second after the other
unless ``at`` says when.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

from scrobbler.events import Ids, Kind, Media, MediaKind, Percent, PlayerEvent, Seconds, SessionKey
from scrobbler.machine.policy import Policy
from scrobbler.machine.scrobble import Scrobble
from scrobbler.machine.session import Session
from scrobbler.machine.step import Facts, deadline, expire, learn, step, vanish

T0 = datetime(2026, 11, 20, 20, 0, tzinfo=UTC)
KEY = SessionKey(source="mpv", id="4711")
HEAT = Media(kind=MediaKind.MOVIE, title="Heat", year=1995, ids=Ids(imdb="tt0113277"))
TRON = Media(kind=MediaKind.MOVIE, title="TRON: Legacy", year=2010, ids=Ids(imdb="tt1104001"))


@dataclass(frozen=True)
class Doing:
    """One line of a play."""

    kind: Kind
    position: float | None
    at: float | None = None
    media: Media = HEAT
    duration: float | None = 100.0
    rate: float = 1.0
    watched: bool = False
    percent: float | None = None


def play(position: float | None = None, **more: object) -> Doing:
    return Doing(Kind.PLAY, position, **more)  # type: ignore[arg-type]  # keywords of Doing


def pause(position: float | None = None, **more: object) -> Doing:
    return Doing(Kind.PAUSE, position, **more)  # type: ignore[arg-type]  # keywords of Doing


def stop(position: float | None = None, **more: object) -> Doing:
    return Doing(Kind.STOP, position, **more)  # type: ignore[arg-type]  # keywords of Doing


@dataclass(frozen=True)
class Wait:
    """Nothing happens until then; what is due meanwhile expires."""

    until: float


@dataclass(frozen=True)
class Learn:
    """A runtime was looked up."""

    runtime: float
    media: Media = HEAT


@dataclass(frozen=True)
class Gone:
    """The player is gone without a word."""


def heard(doing: Doing, at: float) -> PlayerEvent:
    """A line of a play as an event."""
    return PlayerEvent(
        session=KEY,
        kind=doing.kind,
        media=doing.media,
        at=T0 + timedelta(seconds=at),
        position=None if doing.position is None else Seconds(doing.position),
        duration=None if doing.duration is None else Seconds(doing.duration),
        percent=None if doing.percent is None else Percent(doing.percent),
        rate=doing.rate,
        watched=doing.watched,
    )


class Playbook:
    """A session that is played through, line by line."""

    def __init__(self, policy: Policy | None = None) -> None:
        self.policy = policy or Policy()
        self.session = Session(key=KEY, account="default")
        self.now = 0.0
        self.said: list[Scrobble] = []
        self.all: list[Scrobble] = []
        self._begun = False

    def __rshift__(self, doing: Doing | Wait | Gone | Learn | Policy) -> Self:
        """Something happens, or another policy holds; what was said before must have been asked about."""
        assert not self.said, f"also said: {self.words()}"
        if isinstance(doing, Policy):
            self.policy = doing
        elif isinstance(doing, Learn):
            self._hear(*learn(self.session, Facts(media=doing.media, runtime=Seconds(doing.runtime)), self.policy))
        elif isinstance(doing, Wait):
            self._wait(doing.until)
        elif isinstance(doing, Gone):
            self._hear(*vanish(self.session, self.policy))
        else:
            self._do(doing)
        return self

    def __lshift__(self, words: str) -> Self:
        """What must be said now, in order; the empty text for nothing."""
        assert self.words() == words
        self.said.clear()
        return self

    def words(self) -> str:
        return ", ".join(map(spoken, self.said))

    def _do(self, doing: Doing) -> None:
        at = doing.at if doing.at is not None else self.now + 1 if self._begun else 0.0
        self._begun = True
        self._wait(at)
        event = heard(doing, at)
        self._hear(*step(self.session, event, self.policy))
        again, more = step(self.session, event, self.policy)
        assert not more, f"a repeated {doing.kind.value} said {list(map(spoken, more))}"
        assert again == self.session, "a repeated event changed the session"

    def _wait(self, until: float) -> None:
        while (due := deadline(self.session, self.policy)) is not None and due <= T0 + timedelta(seconds=until):
            self._hear(*expire(self.session, due, self.policy))
        self.now = until

    def _hear(self, session: Session, said: tuple[Scrobble, ...]) -> None:
        self.session = session
        self.said.extend(said)
        self.all.extend(said)


def spoken(scrobble: Scrobble) -> str:
    """A scrobble in the words of a play: ``stop 96``, ``start ?``, ``take back 0``; all but one film is named."""
    return named(scrobble, HEAT)


def named(scrobble: Scrobble, usual: Media) -> str:
    """What is said, with the name of its item where that is not the usual one: ``stop 96 E2``."""
    media = scrobble.media
    name = "" if media.same_as(usual) else f" E{media.episode}" if media.show else f" {media.title}"
    return f"{plain(scrobble)}{name}"


def plain(scrobble: Scrobble) -> str:
    """What is said, whatever it is said about."""
    share = scrobble.share()
    name = "take back" if scrobble.retract else scrobble.action.value
    return f"{name} {'?' if share is None else f'{share:g}'}"
