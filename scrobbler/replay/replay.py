"""A recorded log played through again: the calls that it leads to, without a network, a disk or a clock of our own.

The parsers and the machine are the real ones. Time is the log's: what the passing of time alone makes of a session
happens between its lines, and after the last one until nothing is due any more. Calls are the machine's, before
delivery lets one give way to a later one; two sources of one playback are compared by what they say themselves.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from scrobbler import adapters
from scrobbler.adapters import Ignored, Webhook, WebhookRequest
from scrobbler.errors import ConfigError, PayloadError
from scrobbler.events import PlayerEvent, SessionKey
from scrobbler.filters import Filters
from scrobbler.household import Household, Member, Nobody, Stranger, Whose, in_own_seat
from scrobbler.machine.handover import turn_away
from scrobbler.machine.policy import Policy
from scrobbler.machine.scrobble import Said, Scrobble, alike, overlap
from scrobbler.machine.session import DEFAULT_ACCOUNT, Session
from scrobbler.machine.step import deadline, expire, step
from scrobbler.reading.names import numbered
from scrobbler.replay.recording import Line


class Unheard(Struct, frozen=True, kw_only=True):
    """Something in the log that led to no event, and why."""

    at: datetime
    source: str
    reason: str


class People(Struct, frozen=True, kw_only=True):
    """Whose a source is, and what of it is not counted."""

    household: Household | None = None
    """None: each user of a server is an account of that name."""
    filters: Filters = Filters()

    def whose(self, event: PlayerEvent) -> Whose:
        """Whose an event is."""
        if self.household is None:
            return Member(account=event.user or DEFAULT_ACCOUNT)
        return self.household.whose(event)


class Outcome(Struct, frozen=True, kw_only=True):
    """What a log leads to."""

    calls: tuple[Scrobble, ...]
    """In the order of their instants."""
    watches: tuple[Scrobble, ...]
    """Those of them that count, one for each watch."""
    unheard: tuple[Unheard, ...]


class Replay:
    """A run through one log."""

    def __init__(
        self, policy: Callable[[str, bool], Policy], people: Callable[[str, bool], People] = lambda *_: People()
    ) -> None:
        """Both give what holds for a source, by its name and whether it calls us."""
        self._policy = policy
        self._people = people
        self._parsers: dict[str, Webhook | None] = {}
        self._sessions: dict[SessionKey, tuple[Session, Policy]] = {}
        self._said: list[Scrobble] = []
        self._unheard: list[Unheard] = []

    def run(self, lines: Iterable[tuple[int, Line]], name: str) -> Outcome:
        """Play it through. Raises ``ConfigError`` for a line that is nobody's, with ``name`` and its number."""
        for number, line in lines:
            self._expire_until(line.at)
            try:
                heard = self._heard(line)
            except PayloadError as error:
                heard = [Ignored(reason=f"not understood: {error}")]
            except ConfigError as error:
                raise ConfigError(f"{name}, line {number}: {error}") from None
            for one in heard:
                event = one.event if isinstance(one, Ignored) else one
                why = one.reason if isinstance(one, Ignored) else None
                if event is not None:
                    refusal = self._step(event, line.player or line.source)
                    why = refusal and (why or refusal)
                if why is not None:
                    self._unheard.append(Unheard(at=line.at, source=line.source, reason=why))
        self._expire_until(None)
        return Outcome(calls=tuple(self._said), watches=tuple(_watches(self._said)), unheard=tuple(self._unheard))

    def _heard(self, line: Line) -> Sequence[PlayerEvent | Ignored]:
        """What the real parser makes of a line."""
        name = line.player or line.source
        if name not in self._parsers:
            self._parsers[name] = _parser(line, name)
        parser = self._parsers[name]
        if parser is None:
            return [_event(line)]
        body = msgspec.json.encode(line.payload)
        headers = {"content-type": "application/json", "content-length": str(len(body))}
        return parser.parse(WebhookRequest(method="POST", query={}, headers=headers, body=body, at=line.at))

    def _step(self, event: PlayerEvent, name: str) -> str | None:
        """Step the event's session; why it is not counted, where it is not."""
        calls_us = self._parsers[name] is not None
        policy, people = self._policy(name, calls_us), self._people(name, calls_us)
        event = replace(event, media=numbered(event.media))
        whose = people.whose(event)
        if isinstance(whose, Member) and whose.own_seat:
            event = in_own_seat(event)
        refusal = people.filters.refusal(event) or _refusal(whose)
        account = whose.account if isinstance(whose, Member) else DEFAULT_ACCOUNT
        session, _ = self._sessions.get(event.session, (Session(key=event.session, account=account), policy))
        if refusal is not None:
            self._keep(policy, *turn_away(session, event, policy))
        else:
            self._keep(policy, *step(session, replace(event, media=replace(event.media, live=False)), policy))
        return refusal

    def _expire_until(self, until: datetime | None) -> None:
        """Let happen what is due before an instant, or all that ever will be, in its order."""
        while True:
            dues = ((deadline(*known), known) for known in self._sessions.values())
            ripe = [(due, known) for due, known in dues if due is not None and (until is None or due < until)]
            if not ripe:
                return
            due, (session, policy) = min(ripe, key=lambda each: each[0])
            self._keep(policy, *expire(session, due, policy))

    def _keep(self, policy: Policy, session: Session, said: Said) -> None:
        self._sessions[session.key] = session, policy
        self._said.extend(said)


def _parser(line: Line, name: str) -> Webhook | None:
    """What understands the messages of this player; None for one whose events are in the log.

    An event tells all by itself, so the adapter that made it need not be installed here.
    """
    plugin = adapters.load(line.source)
    said = line.payload
    is_event = isinstance(said, PlayerEvent) or (isinstance(said, dict) and said.keys() >= {"session", "kind", "media"})
    if plugin is None and is_event:
        return None
    if plugin is None:
        raise ConfigError(f"there is no adapter {line.source!r}; there are: {', '.join(adapters.available())}")
    if plugin.reader is not None and not is_event:
        return plugin.reader(name)
    made = plugin.build(name, plugin.options())
    return made if isinstance(made, Webhook) else None


def _event(line: Line) -> PlayerEvent:
    """A watcher's event, as ``run --record`` wrote it. Raises ``PayloadError``."""
    try:
        return msgspec.convert(line.payload, PlayerEvent)
    except (msgspec.ValidationError, ValueError) as error:
        raise PayloadError(str(error)) from None


def _refusal(whose: Whose) -> str | None:
    if isinstance(whose, Stranger):
        return f"user {whose.user!r} counts for no account"
    return "it names no user, and users say who counts" if isinstance(whose, Nobody) else None


def _watches(said: Sequence[Scrobble]) -> list[Scrobble]:
    """The calls that count, without those that another source says of the same playback."""
    watches: list[Scrobble] = []
    for one in said:
        if one.counts() and not any(
            one.account == other.account and alike(one.media, other.media) and overlap(one, other) for other in watches
        ):
            watches.append(one)
    return watches


def call(scrobble: Scrobble) -> Mapping[str, Any]:
    """A call in the shape of ``--json``; ``progress`` is None where only Trakt's runtime will tell it.

    A stop that takes a start back is said where it was; delivery makes the least of it that Trakt takes.
    """
    media = scrobble.media
    share = scrobble.share()
    return {
        "at": scrobble.at.isoformat().replace("+00:00", "Z"),
        "account": scrobble.account,
        "call": scrobble.action.value,
        "item": {
            "kind": media.kind.value if media.kind else None,
            "title": media.title,
            "year": media.year,
            "show": media.show.title if media.show else None,
            "season": media.season,
            "episode": media.episode,
        },
        "progress": None if share is None else round(share, 2),
    }
