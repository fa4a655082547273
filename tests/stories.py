"""The stories in ``spec/scenarios``, and how they are played.

A story is one TOML file: a ``title`` that a user could say, the ``media`` that is on, its ``duration`` (left out: the
player does not know it), what a ``policy`` sets (its instants are seconds of the story), the ``steps``, and how many
``watches`` come of it all. A step happens ``at`` so many seconds, and is one of

====================================  =================================================================================
``play``, ``pause``, ``stop`` = 12    the player tells this, with its position; ``"?"`` where it tells none
``gone = true``                       the player is gone without a word
``learn = 1300``                      a runtime was looked up
``policy = { … }``                    the user sets something else
nothing of these                      time passes
====================================  =================================================================================

and may have ``share`` (the player tells a percent instead of a position), ``watched`` (it marks the item), ``rate``,
``duration``, ``episode`` or ``film`` (another item than usual), ``player`` (another one than usual), and ``late`` (so
many seconds ago it happened; it is only heard now). ``says`` is what Trakt must be told then, in order; deadlines that
pass on the way come first. Another item than usual is named: ``stop 96 E2``.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec.structs import replace
from playbook import named

from scrobbler.events import Kind, Media, MediaKind, Percent, PlayerEvent, Seconds, SessionKey, Show
from scrobbler.machine.policy import Policy
from scrobbler.machine.scrobble import Said, Scrobble, alike, overlap
from scrobbler.machine.session import Session
from scrobbler.machine.step import Facts, deadline, expire, learn, step, vanish

T0 = datetime(2026, 11, 20, 20, 0, tzinfo=UTC)


@dataclass
class Story:
    """A story that is being played."""

    told: dict[str, Any]
    policy: Policy = field(default_factory=Policy)
    sessions: dict[str, Session] = field(default_factory=dict)
    watches: list[Scrobble] = field(default_factory=list)

    def play(self) -> int:
        """Play it to its end, comparing what is said at each step. Returns how many watches there were."""
        self._set(self.told.get("policy", {}))
        for doing in self.told["steps"]:
            said = [*self._wait(doing), *self._do(doing)]
            assert [named(one, self._media({})) for one in said] == doing["says"], f"at {doing['at']}"
            self.watches += [one for one in said if one.counts() is True]
        return sum(not self._known(number) for number in range(len(self.watches)))

    def _known(self, number: int) -> bool:
        """Whether another player told the same watch before."""
        one = self.watches[number]
        return any(overlap(one, other) and alike(one.media, other.media) for other in self.watches[:number])

    def _wait(self, doing: dict[str, Any]) -> Said:
        said: Said = ()
        for player, session in self.sessions.items():
            now = session
            while (due := deadline(now, self.policy)) is not None and due <= self._at(doing):
                now, more = expire(now, due, self.policy)
                said += more
            self.sessions[player] = now
        return said

    def _do(self, doing: dict[str, Any]) -> Said:
        key = SessionKey(source=doing.get("player", "story"))
        session = self.sessions.get(key.source, Session(key=key, account="default"))
        said: Said = ()
        if "policy" in doing:
            self._set(doing["policy"])
        if "gone" in doing:
            session, said = vanish(session, self.policy)
        elif "learn" in doing:
            facts = Facts(media=self._media(doing), runtime=Seconds(float(doing["learn"])))
            session, said = learn(session, facts, self.policy)
        elif any(kind.value in doing for kind in Kind):
            session, said = step(session, self._event(key, doing), self.policy)
        self.sessions[key.source] = session
        return said

    def _set(self, policy: dict[str, Any]) -> None:
        instants = {name: T0 + timedelta(seconds=policy[name]) for name in policy if name.endswith("until")}
        self.policy = replace(self.policy, **{**policy, **instants})

    def _at(self, doing: dict[str, Any]) -> datetime:
        return T0 + timedelta(seconds=doing["at"])

    def _event(self, key: SessionKey, doing: dict[str, Any]) -> PlayerEvent:
        kind = next(kind for kind in Kind if kind.value in doing)
        duration = doing.get("duration", self.told.get("duration"))
        return PlayerEvent(
            session=key,
            kind=kind,
            media=self._media(doing),
            at=self._at(doing) - timedelta(seconds=doing.get("late", 0)),
            position=None if doing[kind.value] == "?" else Seconds(float(doing[kind.value])),
            duration=None if duration is None else Seconds(float(duration)),
            percent=Percent(float(doing["share"])) if "share" in doing else None,
            rate=doing.get("rate", 1.0),
            watched=doing.get("watched", False),
        )

    def _media(self, doing: dict[str, Any]) -> Media:
        if "film" in doing:
            return Media(kind=MediaKind.MOVIE, title=doing["film"])
        media = self.told["media"]
        if "title" in media:
            return Media(kind=MediaKind.MOVIE, title=media["title"], year=media["year"])
        return Media(
            kind=MediaKind.EPISODE,
            show=Show(title=media["show"]),
            season=media["season"],
            episode=doing.get("episode", media["episode"]),
            episode_end=None if "episode" in doing else media.get("episode_end"),
            path=media.get("path"),
        )
