"""What one message of a player was understood to say, in words that are the same for all players.

It is the view of one message alone. What the messages of an evening lead to is ``replay``'s.
"""

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from scrobbler.adapters import Ignored
from scrobbler.events import Kind, Media, Percent, PlayerEvent, Seconds, percent


class Action(Enum):
    """What a message says that a player does."""

    PLAY = "play"
    PAUSE = "pause"
    STOP = "stop"
    PROGRESS = "progress"
    IGNORE = "ignore"


PROGRESS: Final = frozenset(
    {
        "media.scrobble",
        "player.onseek",
        "player.onspeedchanged",
        "playbackprogress",
        "progress",
        "scrobble",
        "watched",
    }
)
"""Words of players, in lower case, that say that something plays on and not that it begins.

To the program both are PLAY: an event is a snapshot, and tells no more than that it plays.
"""

PLEX_MARK: Final = "media.scrobble"
PLEX_MARK_AT: Final = Percent(90.0)
"""Plex says with this word that the server's watched mark was passed, and not always where; 90 % is its default."""

ABOUT_THE_ITEM: Final = frozenset({"music", "trailer_or_extra", "live_tv", "not_video", "missing_identity"})
"""Reasons that are asked for only after it is clear that the user counts."""

OTHER_USER: Final = "other_user"
NO_USER: Final = "no_user"

Counts = Callable[[Ignored | PlayerEvent], bool]
"""Whether the user of a message is one whose watches count."""


class Explanation(Struct, frozen=True, kw_only=True):
    """One message. Unknown is None; of one that is ignored only the first fields are told."""

    source: str
    action: Action
    reason: str | None = None
    user: str | None = None
    player: str | None = None
    kind: str | None = None
    title: str | None = None
    year: int | None = None
    ids: Mapping[str, int | str] = {}
    show: Mapping[str, Any] | None = None
    """``title``, ``year`` and ``ids``, which are the show's own."""
    season: int | None = None
    episode: int | None = None
    episode_end: int | None = None
    position_s: Seconds | None = None
    duration_s: Seconds | None = None
    progress_pct: Percent | None = None
    completed: bool = False


def explained(source: str, said: PlayerEvent | Ignored, counts: Counts | None = None) -> Explanation:
    """What a message says; ``counts`` judges its user, where only some count."""
    if counts is not None and (isinstance(said, PlayerEvent) or said.reason in ABOUT_THE_ITEM) and not counts(said):
        known = said.user is not None
        said = Ignored(reason=OTHER_USER if known else NO_USER, user=said.user, player=_player(said))
    if isinstance(said, Ignored):
        return Explanation(
            source=source, action=Action.IGNORE, reason=said.reason, user=_trimmed(said.user), player=_player(said)
        )
    position = _within(said.place(), said.duration)
    share = _share(said)
    return replace(
        _item(source, said.media),
        action=_action(said),
        user=_trimmed(said.user),
        player=_player(said),
        position_s=position,
        duration_s=said.duration,
        progress_pct=None if share is None else Percent(round(share, 2)),
        completed=said.watched,
    )


def _item(source: str, media: Media) -> Explanation:
    show = media.show
    return Explanation(
        source=source,
        action=Action.PLAY,
        kind=media.kind.value if media.kind else None,
        title=media.title,
        year=media.year,
        ids=media.ids.known(),
        show={"title": show.title, "year": show.year, "ids": show.ids.known()} if show is not None else None,
        season=media.season,
        episode=media.episode,
        episode_end=media.episode_end,
    )


def _action(said: PlayerEvent) -> Action:
    if said.kind is Kind.PLAY and said.heard.casefold() in PROGRESS:
        return Action.PROGRESS
    return Action(said.kind.value)


def _player(said: PlayerEvent | Ignored) -> str | None:
    return (said.session.player if isinstance(said, PlayerEvent) else said.player) or None


def _share(said: PlayerEvent) -> Percent | None:
    share = said.percent if said.percent is not None else percent(said.position, said.duration)
    if said.heard.casefold() == PLEX_MARK:
        return max(PLEX_MARK_AT, share or PLEX_MARK_AT)
    return share


def _within(position: Seconds | None, duration: Seconds | None) -> Seconds | None:
    """The position, or the end where it is up to 5 % past it; one further out is what it is."""
    if position is not None and duration and duration < position <= duration * 1.05:
        return duration
    return position


def _trimmed(name: str | None) -> str | None:
    return name.strip() or None if name is not None else None
