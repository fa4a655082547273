"""How often a watcher looks, how far it believes without looking, and how what it sees becomes a stream."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrobbler.events import Kind, Media, PlayerEvent, Seconds, SessionKey
from scrobbler.watching import BELIEVED, LOOK_EVERY, moved_on, next_look, stream, utc_now

HEAT = PlayerEvent(
    session=SessionKey(source="tv", id="1"),
    kind=Kind.PLAY,
    media=Media(title="Heat"),
    at=datetime(2026, 11, 20, 20, tzinfo=UTC),
)
FILM = Seconds(6000.0)
Tell = Callable[[PlayerEvent], None]


@pytest.mark.parametrize(
    ("duration", "rate", "pause"),
    [
        (None, 1.0, 30.0),
        (6000.0, 1.0, 30.0),
        (600.0, 1.0, 30.0),
        (600.0, 2.0, 15.0),
        (100.0, 1.0, 5.0),
        (4.0, 1.0, 1.0),
    ],
    ids=["a stream", "a film", "ten minutes", "twice as fast", "a clip", "a jingle"],
)
def test_what_is_short_is_looked_at_more_often(duration: float | None, rate: float, pause: float) -> None:
    assert next_look(0.0, None if duration is None else Seconds(duration), rate) == pause


@given(st.floats(0, 1e7), st.floats(1, 1e6), st.floats(0.01, 100))
def test_a_kill_costs_thirty_seconds_or_a_twentieth_whichever_is_less(
    last: float, duration: float, rate: float
) -> None:
    pause = next_look(last, Seconds(duration), rate) - last
    most = min(LOOK_EVERY, max(1.0, duration / 20 / rate))
    assert 0 < pause <= most + 0.011


def test_the_looks_at_several_players_fall_together() -> None:
    film, stream, other = (
        next_look(last, length, 1.0) for last, length in ((1000.0, FILM), (1003.7, None), (1019.9, FILM))
    )
    assert film == stream == other == 1020.0


def test_a_timer_that_fires_a_little_early_makes_no_second_look() -> None:
    assert next_look(1019.9999, FILM, 1.0) == next_look(1020.0, FILM, 1.0) == 1050.0


@given(st.floats(0, 1e5), st.floats(-1e4, 1e4), st.floats(0.1, 4), st.none() | st.floats(1e5, 1e6))
def test_what_plays_goes_on_but_neither_back_nor_past_its_end_nor_without_limit(
    position: float, passed: float, rate: float, duration: float | None
) -> None:
    reached = moved_on(Seconds(position), passed, rate, None if duration is None else Seconds(duration))
    assert position <= reached <= position + BELIEVED * rate
    assert duration is None or reached <= duration


def test_one_look_may_go_unanswered_before_nothing_more_is_believed() -> None:
    assert LOOK_EVERY < BELIEVED < 2 * LOOK_EVERY


def test_the_clock_is_aware_and_utc() -> None:
    assert utc_now().utcoffset() == timedelta(0)


@pytest.mark.anyio
async def test_what_is_told_comes_in_order_and_ends_with_the_watch() -> None:
    async def watch(tell: Tell) -> None:
        tell(HEAT)
        await asyncio.sleep(0)
        tell(HEAT)

    assert [event async for event in stream(watch)] == [HEAT, HEAT]


@pytest.mark.anyio
async def test_what_ends_the_watch_reaches_who_listens_after_all_that_was_told() -> None:
    async def watch(tell: Tell) -> None:
        tell(HEAT)
        raise OSError("no folder")

    async with aclosing(stream(watch)) as events:
        assert await anext(events) == HEAT
        with pytest.raises(OSError, match="no folder"):
            await anext(events)


@pytest.mark.anyio
async def test_who_stops_listening_ends_the_watch() -> None:
    ended = asyncio.Event()

    async def watch(tell: Tell) -> None:
        tell(HEAT)
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async with aclosing(stream(watch)) as events:
        assert await anext(events) == HEAT
    assert ended.is_set()
