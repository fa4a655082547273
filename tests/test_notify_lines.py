"""What is said in a player's window: what concerns who sits there, once, one after another, and never in a flood."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from conftest import Clock

from scrobbler.adapters import Concern, Line
from scrobbler.notices.lines import AGAIN, QUEUED, Lines
from scrobbler.state.decisions import Note, What

pytestmark = pytest.mark.anyio

LOGINS = {"default": "scrobbler login", "marta": "scrobbler login --account marta"}


class Subtitler:
    """A watcher as a third party would make it, whose lines are over when the test says so."""

    def __init__(self, *, seen: bool = True) -> None:
        self.seen = seen
        self.lines: list[Line] = []
        self._over = asyncio.Semaphore(0)

    async def caption(self, line: Line) -> bool:
        self.lines.append(line)
        await self._over.acquire()
        return self.seen

    async def over(self) -> None:
        """The line that is shown is over, and whoever waited for that has gone on."""
        self._over.release()
        await settled()

    @property
    def words(self) -> list[str]:
        return [line.words for line in self.lines]


async def settled() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


@asynccontextmanager
async def at_work(clock: Clock, **players: Subtitler) -> AsyncIterator[Lines]:
    accounts = {name: "marta" if name == "bedroom" else "default" for name in ("mpv", "bedroom")}
    lines = Lines(players, accounts, LOGINS, clock)
    running = asyncio.create_task(lines.run())
    try:
        yield lines
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def note(what: What, label: str | None = None, *, source: str = "mpv", account: str = "default") -> Note:
    at = Clock()()
    return Note(at=at, what=what, words="", account=account, source=source, session=f"{source}/7", label=label)


async def test_a_watch_and_what_was_not_recognised_are_said_where_it_played(clock: Clock) -> None:
    mpv, bedroom = Subtitler(), Subtitler()
    async with at_work(clock, mpv=mpv, bedroom=bedroom) as lines:
        lines.hear(note(What.WATCHED, "Heat (1995)"))
        lines.hear(note(What.UNMATCHED, "Nobody", source="bedroom"))
        lines.hear(note(What.WATCHED, "Tron", source="plex"))
        await settled()
    assert mpv.lines == [Line(concern=Concern.SCROBBLED, words="Trakt: watched Heat (1995)", session="mpv/7")]
    assert bedroom.words == ["Trakt: Nobody was not recognised"]


async def test_only_what_may_lead_to_a_line_is_listened_to(clock: Clock) -> None:
    async with at_work(clock, mpv=Subtitler()) as lines:
        assert lines.wants(note(What.WATCHED, "Heat"))
        assert not lines.wants(note(What.SENT))
        assert not lines.wants(note(What.WATCHED, "Heat", source="plex"))
        assert not lines.wants(note(What.HEARD))
        lines.hear(note(What.SENT))
        lines.hear(note(What.HEARD))
        lines.need("default", holds=True)
        assert lines.wants(note(What.HEARD))
        assert not lines.wants(note(What.HEARD, account="marta"))


async def test_one_is_read_before_the_next_comes_and_a_flood_is_left_out(clock: Clock) -> None:
    mpv = Subtitler()
    async with at_work(clock, mpv=mpv) as lines:
        lines.hear(note(What.WATCHED, "Film 0"))
        await settled()
        for number in range(1, 20):
            lines.hear(note(What.WATCHED, f"Film {number}"))
        await settled()
        assert len(mpv.lines) == 1
        for _ in range(20):
            await mpv.over()
    assert mpv.words == [f"Trakt: watched Film {number}" for number in range(QUEUED + 1)]


async def test_what_was_not_recognised_is_said_once_and_a_second_watch_again(clock: Clock) -> None:
    mpv = Subtitler()
    async with at_work(clock, mpv=mpv) as lines:
        for what, label in ((What.DROPPED, "Holiday"), (What.UNMATCHED, "Holiday"), (What.WATCHED, "Heat")) * 2:
            lines.hear(note(what, label))
            await settled()
            await mpv.over()
    assert mpv.words == ["Trakt: Holiday was not recognised", "Trakt: watched Heat", "Trakt: watched Heat"]


async def test_what_nobody_could_see_was_not_said(clock: Clock) -> None:
    mpv = Subtitler(seen=False)
    async with at_work(clock, mpv=mpv) as lines:
        for _ in range(2):
            lines.hear(note(What.UNMATCHED, "Holiday"))
            await settled()
            await mpv.over()
    assert len(mpv.lines) == 2


async def test_who_is_not_signed_in_hears_it_where_he_sits_once_a_day(clock: Clock) -> None:
    mpv, bedroom = Subtitler(seen=False), Subtitler()
    async with at_work(clock, mpv=mpv, bedroom=bedroom) as lines:

        async def plays() -> None:
            lines.hear(note(What.HEARD))
            await settled()
            await mpv.over()

        lines.need("default", holds=True)
        lines.need("default", holds=True)
        await settled()
        await mpv.over()
        assert mpv.lines == [
            Line(concern=Concern.SIGN_IN, words="Trakt: nobody is signed in, run scrobbler login", session=None)
        ]
        mpv.seen = True
        await plays()
        await plays()
        assert [line.session for line in mpv.lines[1:]] == ["mpv/7"]
        clock.at += AGAIN + timedelta(seconds=1)
        await plays()
        assert len(mpv.lines) == 3
        lines.need("default", holds=False)
        await plays()
        assert len(mpv.lines) == 3
        lines.need("default", holds=True)
        await settled()
        assert len(mpv.lines) == 4
    assert bedroom.lines == []


async def test_without_a_window_there_is_nothing_to_do(clock: Clock) -> None:
    async with at_work(clock) as lines:
        lines.need("default", holds=True)
        lines.hear(note(What.WATCHED, "Heat"))
        await settled()
