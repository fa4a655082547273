"""When an agent is killed: drawn by chance, so that a seed gives the same plan again."""

from enum import Enum
from random import Random

from campaign.wire import Point, Trap
from msgspec import Struct


class Kind(Enum):
    """One for each way in which a moment is found."""

    TIME = "at a random time"
    LINE = "at a line of its log"
    ARRIVAL = "at the arrival of a request"
    ANSWER = "between write and answer"
    COMMIT = "inside a commit"
    STOP = "right after the stop"
    SEVERAL = "several in one watch"
    RESTART = "in the middle of the restart"
    GONE = "the film ends meanwhile"


class After(Struct, frozen=True, kw_only=True):
    """So long after it was started."""

    seconds: float


class Line(Struct, frozen=True, kw_only=True):
    """So long after it logged these words."""

    words: str
    seconds: float


class Commit(Struct, frozen=True, kw_only=True):
    """So long after the n-th write to its log since it was started: one transaction makes several."""

    number: int
    seconds: float


class Ended(Struct, frozen=True, kw_only=True):
    """So long after the player ended the film."""

    seconds: float


class Credits(Struct, frozen=True, kw_only=True):
    """When the player is about to end the film, and the agent has written down how far it came."""


Moment = After | Line | Commit | Ended | Credits | Trap


class Strike(Struct, frozen=True, kw_only=True):
    """A kill, and for how many seconds nobody starts another agent."""

    moment: Moment
    away: float = 0.0


class Ending(Enum):
    """How the player ends the film."""

    FINISH = "it stays open"
    QUIT = "it is closed"
    NEXT = "another film is begun"
    UNHEARD = "it is closed while no agent runs"


class Act(Struct, frozen=True, kw_only=True):
    """Something that the user does at a share of the film: a pause of so many seconds, or a jump by some of them."""

    at: float
    pause_s: float = 0.0
    jump_s: float = 0.0


class Plan(Struct, frozen=True, kw_only=True):
    """One run: what is watched, and when the agent dies meanwhile. Times are seconds."""

    seed: str
    kind: Kind
    film: float
    acts: tuple[Act, ...]
    until: float
    """The share at which the film is ended."""
    ending: Ending
    strikes: tuple[Strike, ...]


LINES = ("watching mpv", "mpv: play", "Trakt: started", "mpv: pause", "Trakt: paused", "mpv: stop", "Trakt: watched")
CALLS = ("POST /scrobble/start", "POST /scrobble/pause", "POST /scrobble/stop", "POST /scrobble/stop", "GET /")


def draw(seed: str, kind: Kind, longest: float) -> Plan:
    """The plan of a seed, about a film of so many seconds at most."""
    chance = Random(f"{seed} {kind.name}")
    film = chance.uniform(0.7, 1.0) * longest
    endings = (Ending.FINISH, Ending.FINISH, Ending.QUIT, Ending.NEXT)
    return Plan(
        seed=seed,
        kind=kind,
        film=film,
        acts=_acts(chance),
        until=chance.uniform(0.85, 1.0),
        ending=Ending.UNHEARD if kind is Kind.GONE else chance.choice(endings),
        strikes=_strikes(chance, kind, film),
    )


def _acts(chance: Random) -> tuple[Act, ...]:
    shares = sorted(chance.uniform(0.05, 0.75) for _ in range(chance.randrange(3)))
    return tuple(
        Act(at=share, pause_s=chance.uniform(0.1, 0.8))
        if chance.random() < 0.6
        else Act(at=share, jump_s=chance.uniform(-1.0, 1.0))
        for share in shares
    )


def _strikes(chance: Random, kind: Kind, film: float) -> tuple[Strike, ...]:
    match kind:
        case Kind.SEVERAL:
            return tuple(Strike(moment=_any(chance, 3.0)) for _ in range(chance.randrange(3, 6)))
        case Kind.RESTART:
            first = Strike(moment=_any(chance, film))
            return first, *(Strike(moment=_starting(chance)) for _ in range(chance.randrange(1, 4)))
        case Kind.GONE:
            return (Strike(moment=Credits(), away=chance.uniform(0.3, 1.0)),)
    return (Strike(moment=_moment(chance, kind, film)),)


def _moment(chance: Random, kind: Kind, film: float) -> Moment:
    at_once_or = 0.0 if chance.random() < 0.5 else 1.0
    moments: dict[Kind, Moment] = {
        Kind.LINE: Line(words=chance.choice(LINES), seconds=at_once_or * chance.uniform(0, 0.05)),
        Kind.ARRIVAL: Trap(
            line=chance.choice(CALLS),
            point=chance.choice((Point.LOST, Point.LATE)),
            late_s=chance.uniform(0.1, 3.0),
        ),
        Kind.ANSWER: Trap(line=chance.choice(CALLS[:-1]), point=Point.DONE),
        Kind.COMMIT: Commit(number=chance.randrange(1, 40), seconds=at_once_or * chance.uniform(0, 0.003)),
        Kind.STOP: Ended(seconds=chance.uniform(0, 0.03))
        if chance.random() < 0.5
        else Line(words="mpv: stop", seconds=chance.uniform(0, 0.01)),
    }
    return moments.get(kind, After(seconds=chance.uniform(0, film + 3.0)))


def _any(chance: Random, longest: float) -> Moment:
    kinds = (Kind.TIME, Kind.LINE, Kind.ARRIVAL, Kind.ANSWER, Kind.COMMIT, Kind.STOP)
    kind = chance.choice(kinds)
    return After(seconds=chance.uniform(0.2, longest)) if kind is Kind.TIME else _moment(chance, kind, longest)


def _starting(chance: Random) -> Moment:
    if chance.random() < 0.6:
        return After(seconds=chance.uniform(0, 1.2))
    return Commit(number=chance.randrange(1, 12), seconds=chance.choice((0.0, chance.uniform(0, 0.003))))
