"""How an entry of the outbox, and what was decided about it, is shown to people and to programs."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct, to_builtins
from msgspec.structs import asdict

from scrobbler.cli import local, printable
from scrobbler.cli.choice import listed
from scrobbler.cli.choice import told as told_candidates
from scrobbler.delivery import label
from scrobbler.identify.match import Candidate
from scrobbler.state.decisions import Decision, clock
from scrobbler.state.entry import Entry, EntryState
from scrobbler.state.plays import Play

NOTHING = "Nothing waits, and nothing was set aside."


class Told(Struct, frozen=True, kw_only=True):
    """An entry, in the shape of ``--json``."""

    entry: int
    account: str
    action: str
    item: str
    at: datetime
    """When it was watched, or done."""
    attempts: int
    not_before: datetime
    reason: str | None
    state: str
    watch: bool | None
    """Whether it counts as watched; None where only Trakt knows how long the item is."""
    next_at: datetime | None
    """When it is tried again at the latest; None where the user decides, or it is being sent."""
    unmatched: bool
    """Whether nobody knows what it is: `scrobbler fix` says it."""


class ToldPlay(Struct, frozen=True, kw_only=True):
    """A play, in the shape of ``--json``."""

    play: int
    """The id by which it is undone."""
    account: str
    item: str
    watched_at: datetime
    how: str
    history_id: int | None
    undone_at: datetime | None


def told_play(play: Play) -> ToldPlay:
    """What programs are told of a play."""
    return ToldPlay(
        play=play.id,
        account=play.account,
        item=label.of_play(play),
        watched_at=play.watched_at,
        how=play.how.value,
        history_id=play.history_id,
        undone_at=play.undone_at,
    )


def told(entry: Entry) -> Told:
    """What programs are told of an entry."""
    scrobble = entry.scrobble
    return Told(
        entry=entry.id,
        account=scrobble.account,
        action=scrobble.action.value,
        item=label.named(entry.item, scrobble.media),
        at=scrobble.at,
        attempts=entry.attempts,
        not_before=entry.not_before,
        reason=entry.reason,
        state=entry.state.value,
        watch=scrobble.counts(),
        next_at=entry.next_at if entry.state is EntryState.WAITING else None,
        unmatched=entry.unmatched,
    )


def all_of(entry: Entry, about: Sequence[Decision]) -> dict[str, Any]:
    """All that programs are told of one entry, and of what was decided about it."""
    scrobble = entry.scrobble
    more = {
        "session": str(scrobble.session),
        "path": scrobble.media.path,
        "ids": scrobble.media.ids.known(),
        "began_at": scrobble.began_at,
        "position_s": scrobble.position,
        "duration_s": scrobble.duration,
        "since": entry.since,
        "failing_since": entry.failing_since,
        "uncertain": entry.uncertain,
        "candidates": told_candidates(candidates(entry)),
        "decisions": about,
    }
    return {**asdict(told(entry)), **more}


def dumped(value: object, *, indent: int | None = 2) -> str:
    """Anything of ours as JSON; instants as Python writes them."""
    return json.dumps(to_builtins(value, builtin_types=(datetime,)), indent=indent, default=datetime.isoformat)


def line(entry: Entry, now: datetime, *, running: bool) -> str:
    """An entry on one line."""
    reason = f": {entry.reason}" if entry.reason else ""
    how = condition(entry, now, running=running)
    return printable(f"{local(entry.scrobble.at)}  {entry.scrobble.account}  {label.of_entry(entry)}; {how}{reason}")


def condition(entry: Entry, now: datetime, *, running: bool) -> str:
    """How it is with an entry, while an agent runs or not: ``waits, failed 3 times, next try 20 Nov 20:05``."""
    if entry.state is EntryState.ASIDE:
        return "set aside"
    if entry.state is EntryState.SENDING:
        return "is being sent" if running else "was being sent when the agent ended"
    failed = f", failed {_times(entry.attempts)}" if entry.attempts else ""
    return f"waits{failed}" + (f", next try {local(entry.next_at)}" if entry.next_at > now else "")


def details(entry: Entry, about: Sequence[Decision], now: datetime, *, running: bool) -> str:
    """All about an entry, a line a thing."""
    scrobble, media = entry.scrobble, entry.scrobble.media
    counts = {True: "counts as watched", False: "counts for nothing", None: "may count as watched"}
    meant = "takes a watch back" if entry.removes is not None else counts[scrobble.counts()]
    lines = [
        f"Entry     {entry.id}, in the queue since {local(entry.since)}",
        f"What      {label.of_entry(entry)}, {meant}",
        f"Account   {scrobble.account}",
        f"When      {local(scrobble.at)}{_place(entry)}",
        f"Player    {scrobble.session}",
    ]
    if media.path:
        lines.append(f"File      {media.path}")
    if media.ids:
        lines.append(f"Ids       {', '.join(f'{name} {value}' for name, value in media.ids.known().items())}")
    lines.append(f"State     {condition(entry, now, running=running)}")
    if entry.reason:
        lines.append(f"Reason    {entry.reason}")
    if entry.uncertain:
        lines.append("Note      Trakt may have it already: its history is looked at before it is sent again")
    for number, one in enumerate(listed(candidates(entry))):
        lines.append(f"{'' if number else 'Is it':<10}{one}")
    if entry.unmatched:
        lines.append(f"To do     scrobbler fix {entry.id}, or scrobbler queue drop {entry.id}")
    elif entry.state is EntryState.ASIDE:
        lines.append(f"To do     scrobbler queue retry {entry.id}, or scrobbler queue drop {entry.id}")
    lines += [f"Log       {decided(one)}" for one in about]
    return "\n".join(map(printable, lines))


def candidates(entry: Entry) -> tuple[Candidate, ...]:
    """What an entry may be that was not recognised, the likeliest first; nothing where that cannot be read."""
    try:
        return msgspec.json.decode(entry.candidates or "[]", type=tuple[Candidate, ...])
    except msgspec.DecodeError:
        return ()


def decided(one: Decision) -> str:
    """A decision on one line, with the time of the user's clock."""
    return printable(f"{one.at.astimezone():%d %b %H:%M:%S}  {one.what.value:<9}  {one.words}")


def _place(entry: Entry) -> str:
    scrobble, share = entry.scrobble, entry.scrobble.share()
    position = "" if scrobble.position is None else f", at {clock(scrobble.position)}"
    duration = "" if scrobble.duration is None else f" of {clock(scrobble.duration)}"
    return f"{position}{duration if position else ''}" + ("" if share is None else f" ({share:.0f} %)")


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"
