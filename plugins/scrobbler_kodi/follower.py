"""What one Kodi plays while a connection to it lasts: its notifications, made complete by what is asked."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Final

from msgspec import Struct

from scrobbler.adapters import Ignored
from scrobbler.events import Kind, Media, PlayerEvent, Seconds, SessionKey
from scrobbler.payload import Table, length, number, rows, table, text, whole
from scrobbler.watching import moved_on, next_look
from scrobbler_kodi.client import Client
from scrobbler_kodi.items import EPISODES, SHOW, clock, same
from scrobbler_kodi.messages import ITEM, PROPERTIES, STOP, WORDS, Known, data, heard, snapshot, understood

OPENS_WITHIN: Final = 5.0
"""Seconds after ``OnPlay`` in which a file that can be played is open. (Up to Kodi 17 there is no ``OnAVStart``.)"""

CLOSING: Final = frozenset({"System.OnQuit", "System.OnSleep"})
WAKING: Final = "System.OnWake"
OPENING: Final = "Player.OnPlay"
_PROPERTIES: Final = ("time", "totaltime", "percentage", "speed", "live", "type")
_OLD_FIELDS: Final = ("title", "showtitle", "season", "episode", "year", "firstaired", "imdbnumber", "file", "runtime")
_FIELDS: Final = (*_OLD_FIELDS, "originaltitle", "uniqueid", "tvshowid")
"""Kodi answers one name that it does not know with an error; ``uniqueid`` came with Kodi 17."""


class Playing(Struct, frozen=True, kw_only=True):
    """What was told last of one of Kodi's players."""

    item: Table
    media: Media
    position: Seconds | None
    duration: Seconds | None
    rate: float
    paused: bool
    sampled: float
    """The loop's clock, in seconds."""

    def due(self) -> float | None:
        """When to look again; None while nothing moves, so that nothing wakes."""
        return None if self.paused else next_look(self.sampled, self.duration, self.rate)

    def known(self, now: float | None) -> Known:
        """As it was at the last look; with ``now`` moved on by the time played since, and never past the end."""
        position = self.position
        if position is not None and now is not None and not self.paused:
            position = moved_on(position, now - self.sampled, self.rate, self.duration)
        return Known(item=self.item, media=self.media, position=position, duration=self.duration)


class Follower:
    """One connection's players."""

    def __init__(
        self, client: Client, source: str, clock: Callable[[], datetime], tell: Callable[[PlayerEvent], None]
    ) -> None:
        self._client = client
        self._source = source
        self._clock = clock
        self._tell = tell
        self._loop = asyncio.get_running_loop()
        self._players: dict[int, Playing] = {}
        self._opening: dict[int, float] = {}
        self._details: tuple[object, Table] = (None, {})
        self._unanswered = False
        self.proven = False
        """Whether it has answered as a Kodi does."""

    async def run(self) -> None:
        """Follows until the connection ends. Raises ``Gone``, and ``TimeoutError`` for a Kodi that is stuck."""
        await self._attach()
        while True:
            dues = [due for each in self._players.values() if (due := each.due()) is not None]
            try:
                async with asyncio.timeout_at(min([*dues, *self._opening.values()], default=None)):
                    note = await self._client.next()
            except TimeoutError:
                await self._look()
            else:
                await self._hear(note)

    def lose(self) -> None:
        """The connection is gone without a word: each ends where it was seen last."""
        for player in list(self._players):
            self._end(player, "gone", None)

    async def _attach(self) -> None:
        """Finds out what plays already."""
        active = await self._client.ask("Player.GetActivePlayers")
        self.proven = self.proven or isinstance(active, list)
        for one in rows(active)[:10]:
            if (player := whole(one.get("playerid"))) is not None:
                await self._look_at(player, "attached")

    async def _hear(self, note: Table) -> None:
        word, said = heard(note), data(note)
        if word in CLOSING:
            for player in list(self._players):
                self._end(player, word, self._loop.time())
            self._opening.clear()
        elif word == WAKING:
            await self._attach()
        elif word == STOP:
            self._stop(note, table(said.get("item")))
        elif isinstance(WORDS.get(word), Kind):
            whose = await self._player(said)
            if whose is not None:
                await self._follow(whose, note)

    async def _player(self, said: Table) -> int | None:
        """Which of Kodi's players a notification is about; it does not always know itself."""
        player = whole(table(said.get("player")).get("playerid"))
        if player is not None:
            return player
        active = rows(await self._client.ask("Player.GetActivePlayers"))
        videos = [whole(one.get("playerid")) for one in active if text(one.get("type")) == "video"]
        return videos[0] if videos else None

    async def _follow(self, player: int, note: Table) -> None:
        """One notification of something that goes on."""
        answers = await self._answers(player)
        if not answers and player not in self._players:  # it is over already
            return
        if heard(note) == OPENING and not length(clock(table(answers.get(PROPERTIES)).get("totaltime"))):
            # The file is not open yet, and may never be: OnAVStart follows, or a look finds it.
            self._opening[player] = self._loop.time() + OPENS_WITHIN
            return
        event = understood(self._place(player), note, answers, self._known(player), self._clock())
        self._take(player, event, answers)

    async def _look(self) -> None:
        """Looks at all whose time has come."""
        now = self._loop.time()
        due = [player for player, each in self._players.items() if (at := each.due()) is not None and at <= now]
        opening = [player for player, at in self._opening.items() if at <= now]
        for player in dict.fromkeys((*due, *opening)):
            self._opening.pop(player, None)
            await self._look_at(player, "progress")

    async def _look_at(self, player: int, word: str) -> None:
        answers = await self._answers(player)
        if not answers:
            if not self._unanswered:  # Kodi says that nothing is on, and did not say that it ended
                self._end(player, word, None)
            elif (playing := self._players.get(player)) is not None:
                moved = playing.known(self._loop.time())
                self._keep(player, playing.item, moved, paused=playing.paused, rate=playing.rate)
            return
        speed = number(table(answers[PROPERTIES]).get("speed"))
        kind = Kind.PAUSE if speed == 0 else Kind.PLAY
        event = snapshot(self._place(player), kind, word, {}, answers, self._known(player), self._clock(), speed=speed)
        self._take(player, event, answers)

    def _take(self, player: int, event: PlayerEvent | Ignored, answers: Table) -> None:
        """Tells what was understood. What is of no interest ends what was on before, of which Kodi says no end."""
        if isinstance(event, Ignored):
            if event.reason != "stale_event":
                self._opening.pop(player, None)
                self._end(player, event.heard, self._loop.time())
            return
        self._opening.pop(player, None)
        before = self._players.get(player)
        item = table(table(answers.get(ITEM)).get("item")) or (before.item if before is not None else {})
        now = Known(item=item, media=event.media, position=event.position, duration=event.duration)
        self._keep(player, item, now, paused=event.kind is Kind.PAUSE, rate=event.rate)
        self._tell(event)

    def _keep(self, player: int, item: Table, known: Known, *, paused: bool, rate: float) -> None:
        self._players[player] = Playing(
            item=item,
            media=known.media,
            position=known.position,
            duration=known.duration,
            rate=rate,
            paused=paused,
            sampled=self._loop.time(),
        )

    def _stop(self, note: Table, said: Table) -> None:
        """The end of what is on. One that names another item is late: what is on goes on."""
        self._opening.clear()
        for player, playing in list(self._players.items()):
            if same(said, playing.item):
                del self._players[player]
                event = understood(self._place(player), note, {}, playing.known(self._loop.time()), self._clock())
                if isinstance(event, PlayerEvent):
                    self._tell(event)
                return

    def _end(self, player: int, word: str, now: float | None) -> None:
        """An end that Kodi did not tell as such: where it must be by now, or without ``now`` where it was seen last."""
        playing = self._players.pop(player, None)
        if playing is None:
            return
        known = playing.known(now)
        self._tell(
            PlayerEvent(
                session=self._place(player),
                kind=Kind.STOP,
                media=known.media,
                at=self._clock(),
                position=known.position,
                duration=known.duration,
                heard=word,
            )
        )

    async def _answers(self, player: int) -> Table:
        """What can be asked of a player; empty where it plays nothing, or where Kodi does not answer.

        Raises ``TimeoutError`` where it does not for the second time in a row.
        """
        try:
            found = await self._asked(player)
        except TimeoutError:
            if self._unanswered:
                raise
            self._unanswered = True
            return {}
        self._unanswered = False
        return found

    async def _asked(self, player: int) -> Table:
        asked = {"playerid": player}
        properties = await self._client.ask(PROPERTIES, {**asked, "properties": _PROPERTIES})
        if not isinstance(properties, dict):  # no such player is active; GetItem would tell of what was on before
            return {}
        item = await self._client.ask(ITEM, {**asked, "properties": _FIELDS})
        if item is None:
            item = await self._client.ask(ITEM, {**asked, "properties": _OLD_FIELDS})
        return {PROPERTIES: properties, ITEM: item} | await self._about(table(table(item).get("item")))

    async def _about(self, item: Table) -> Table:
        """The show of an episode in Kodi's library, and the episodes that its season has; asked once for each."""
        show, season = whole(item.get("tvshowid")), whole(item.get("season"))
        if not show or season is None:
            return {}
        key = (show, season, item.get("id"))
        if self._details[0] != key:
            fields = ("title", "year", "uniqueid", "imdbnumber")
            details = await self._client.ask(SHOW, {"tvshowid": show, "properties": fields})
            asked = {"tvshowid": show, "season": season, "properties": ("file", "season", "episode")}
            self._details = (key, {SHOW: details, EPISODES: await self._client.ask(EPISODES, asked)})
        return self._details[1]

    def _known(self, player: int) -> Known | None:
        playing = self._players.get(player)
        return playing.known(self._loop.time()) if playing is not None else None

    def _place(self, player: int) -> SessionKey:
        return SessionKey(source=self._source, id=str(player))
