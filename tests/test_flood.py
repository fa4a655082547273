"""A server that says the same every second, or a thousand times a second, costs the disk and Trakt next to nothing."""

import asyncio
import struct
from datetime import timedelta
from pathlib import Path

import pytest
from conftest import EPOCH, Clock
from double import Double
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from playbook import HEAT
from test_agent import House, living

from scrobbler.adapters import Ignored
from scrobbler.events import Kind, PlayerEvent, Seconds, SessionKey
from scrobbler.repeats import AGAIN_AFTER, REMEMBERED, Repeats
from scrobbler.state.schema import FILE
from scrobbler.state.snapshot import decisions, look

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def no_spacing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test's clock stands still, so waiting for one write a second would be waiting in vain."""
    monkeypatch.setattr("scrobbler.trakt.client.WRITE_EVERY", 0.0)


def commits(folder: Path) -> int:
    """How many commits are in SQLite's log: each ends with a frame that tells the size of the file after it.

    https://sqlite.org/fileformat2.html#walformat
    """
    raw = (folder / f"{FILE}-wal").read_bytes()
    page, salt = struct.unpack(">I", raw[8:12])[0], raw[16:24]
    frames = (raw[at : at + 24] for at in range(32, len(raw), 24 + page))
    return sum(frame[8:16] == salt and frame[4:8] != bytes(4) for frame in frames)


def progress(house: House, position: float, device: str = "phone") -> PlayerEvent:
    key = SessionKey(source="tv", player=device)
    told = house.event(Kind.PLAY, position, media=HEAT)
    return replace(told, session=key, position=Seconds(position), duration=Seconds(10_000.0), heard="PlaybackProgress")


async def post_all(house: House, posts: int, seconds: float, begin: float) -> None:
    """So many reports of a position, evenly over so many seconds, fifty at a time under way."""
    for first in range(0, posts, 50):
        house.clock.advance(seconds * 50 / posts)
        position = begin + seconds * first / posts
        await asyncio.gather(*(house.agent.receive("tv", [progress(house, position)]) for _ in range(50)))


async def test_a_thousand_positions_a_second_are_a_commit_in_fifteen_seconds(
    tmp_path: Path, clock: Clock, double: Double
) -> None:
    async with living(tmp_path, clock, double) as house:
        await house.agent.receive("tv", [progress(house, 0.0)])
        await house.sees(lambda: double.saw("POST /scrobble/start 201"))
        await house.sees(lambda: look(tmp_path).waiting == ())
        before = commits(tmp_path)
        await post_all(house, 30_000, 30.0, 0.0)
        assert commits(tmp_path) - before <= 2
        assert double.calls() == ["POST /scrobble/start 201"]
        [kept] = look(tmp_path).sessions
        assert kept.position is not None
        live = house.agent._playbacks.of(kept.key)
        assert live is not None
        assert live.session.position == pytest.approx(30.0, abs=0.1)
        assert 14.0 <= kept.position <= 30.0


async def test_each_of_many_devices_has_its_own_fifteen_seconds(tmp_path: Path, clock: Clock, double: Double) -> None:
    async with living(tmp_path, clock, double) as house:
        for number in range(20):
            await house.agent.receive("tv", [progress(house, 0.0, f"tv {number}")])
        await house.sees(lambda: look(tmp_path).waiting == ())
        before = commits(tmp_path)
        for second in range(13):
            clock.advance(1.0)
            for number in range(20):
                await house.agent.receive("tv", [progress(house, float(second), f"tv {number}")])
        assert commits(tmp_path) == before
        clock.advance(2.0)
        await asyncio.gather(
            *(house.agent.receive("tv", [progress(house, 15.0, f"tv {number}")]) for number in range(20))
        )
        assert 0 < commits(tmp_path) - before <= 20, "what arrives together may share a commit"
        assert all(session.position == 15.0 for session in look(tmp_path).sessions)


async def test_what_is_ignored_a_thousand_times_a_second_is_one_line_and_one_commit(
    tmp_path: Path, clock: Clock, double: Double
) -> None:
    async with living(tmp_path, clock, double) as house:
        saved = Ignored(reason="not_a_playback_event", heard="UserDataSaved", user="marta")
        await house.agent.receive("tv", [saved])
        await house.sees(lambda: len(decisions(tmp_path)) == 1)
        before = commits(tmp_path)
        for _ in range(3000):
            clock.advance(0.001)
            await house.agent.receive("tv", [saved])
        await house.agent.receive("tv", [replace(saved, user="tom")])
        await house.sees(lambda: len(decisions(tmp_path)) == 2)
        assert commits(tmp_path) - before == 1
        clock.advance(AGAIN_AFTER.total_seconds())
        await house.agent.receive("tv", [saved])
        await house.sees(lambda: len(decisions(tmp_path)) == 3)


@given(st.lists(st.tuples(st.integers(0, 3), st.floats(-30.0, 900.0))))
def test_nothing_is_noted_twice_within_ten_minutes(told: list[tuple[int, float]]) -> None:
    repeats, now, noted = Repeats(), EPOCH, dict[int, object]()
    for said, after in told:
        now += timedelta(seconds=after)
        last = noted.get(said)
        new = repeats.is_new(said, now)
        assert new == (last is None or not timedelta() <= now - last < AGAIN_AFTER)  # type: ignore[operator]  # an instant
        if new:
            noted[said] = now


def test_it_remembers_no_more_than_it_says() -> None:
    repeats = Repeats()
    for number in range(REMEMBERED + 1):
        assert repeats.is_new(number, EPOCH)
    assert not repeats.is_new(1, EPOCH)
    assert repeats.is_new(0, EPOCH)
