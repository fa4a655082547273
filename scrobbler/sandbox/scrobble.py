"""The three calls of a scrobbler, and the table of what each progress makes of them."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from enum import Enum
from functools import partial
from typing import Final

from msgspec import UNSET, Struct

from scrobbler.sandbox.call import Call, post
from scrobbler.sandbox.clock import iso
from scrobbler.sandbox.faults import FaultKind
from scrobbler.sandbox.references import ScrobbleRef
from scrobbler.sandbox.replies import Refused, Reply, malformed, unprocessable
from scrobbler.sandbox.titles import Watchable, named


class Verb(Enum):
    """What is called."""

    START = "start"
    PAUSE = "pause"
    STOP = "stop"


class Outcome(Enum):
    """What comes of it: the ``action`` of the reply."""

    START = "start"
    PAUSE = "pause"
    SCROBBLE = "scrobble"


class Band(Struct, frozen=True):
    """From this progress on (percent, inclusive) a call has this outcome, or is refused with this message."""

    above: float
    outcome: Outcome | str


BANDS: Final[Mapping[Verb, Sequence[Band]]] = {
    Verb.START: (Band(0, Outcome.START),),
    Verb.PAUSE: (
        Band(0, "Progress should be at least 1.0% to pause."),
        Band(1, Outcome.PAUSE),
        Band(80, "Progress is {progress}%. Use stop to scrobble."),
    ),
    Verb.STOP: (
        Band(0, "Progress should be at least 1.0% to stop."),
        Band(1, Outcome.PAUSE),
        Band(80, Outcome.SCROBBLE),
    ),
}


def outcome(verb: Verb, progress: float) -> Outcome:
    """Reads the table. Raises ``Refused`` (422), with the progress as it was sent."""
    if not 0 <= progress <= 100:
        raise unprocessable("Progress should be between 0 and 100.")
    band = next(band for band in reversed(BANDS[verb]) if progress >= band.above)
    if isinstance(band.outcome, str):
        raise unprocessable(band.outcome.format(progress=progress))
    return band.outcome


def scrobble(call: Call, *, verb: Verb) -> Reply:
    """``POST /scrobble/{start,pause,stop}``."""
    asked = call.decode(ScrobbleRef)
    item = _item(call, asked)
    wanted = outcome(verb, asked.progress)
    if wanted is Outcome.SCROBBLE and FaultKind.STOP_EDGE in call.quirks:
        wanted = Outcome.PAUSE
    number = _settle(call, item, wanted, asked.progress)
    body = {"id": number, "action": wanted.value, "progress": asked.progress} | named(item)
    return Reply(status=201, body=body)


def _settle(call: Call, item: Watchable, wanted: Outcome, progress: float) -> int:
    """Changes the account. Returns the id of what came to be, 0 for nothing."""
    if wanted is Outcome.START:
        call.account.start(item, progress, call.now, default=call.world.rules.watching_default)
        return 0
    if wanted is Outcome.PAUSE:
        return call.account.pause(item, progress, call.now).id
    _refuse_duplicate(call, item)
    return call.account.scrobble(item, call.now).id


def _refuse_duplicate(call: Call, item: Watchable) -> None:
    last = call.account.last_scrobble(item)
    if last is None:
        return
    expires_at = last + timedelta(seconds=call.world.rules.same_item)
    if call.now < expires_at:
        raise Refused(409, {"watched_at": iso(last), "expires_at": iso(expires_at)})


def _item(call: Call, asked: ScrobbleRef) -> Watchable:
    """A movie, or an episode: its own ids come before the show and the numbers, right or wrong."""
    catalogue = call.world.catalogue
    found: Watchable | None
    if asked.movie is not UNSET:
        found = asked.movie.movie(catalogue)
    elif asked.episode is not UNSET:
        found = asked.episode.alone(catalogue)
        if found is None and asked.show is not UNSET and (show := asked.show.show(catalogue)) is not None:
            found = asked.episode.within(catalogue, show)
    else:
        raise malformed("A movie or an episode is needed.")
    if found is None:
        raise Refused(404)
    return call.world.catalogue.unlike(found) if FaultKind.ANOTHER_ITEM in call.quirks else found


ROUTES = tuple(post(f"/scrobble/{verb.value}", partial(scrobble, verb=verb)) for verb in Verb)
