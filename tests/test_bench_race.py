"""How the race with the rival is run and told; the race itself is for ``make bench``."""

import asyncio
from pathlib import Path

import pytest
from bench import race, rival, table
from bench.figure import MeasurementError, Unit
from bench.rival import NAME, POLL

from scrobbler.trakt.tokens import Tokens


@pytest.mark.parametrize("count", [1, 3, 10])
def test_presses_come_evenly_between_two_looks(count: int) -> None:
    rests = race.spread(count)
    assert sorted(rests) == pytest.approx([POLL * (each + 0.5) / count for each in range(count)])


def test_the_rivals_median_stands_where_a_floor_would() -> None:
    ours, theirs = race.pair("mpv pause", Unit.MS, [3.0, 4.0, 5.0], [4000.0, 5000.0, 9000.0], race.GOALS["mpv pause"])
    assert ours.floor == theirs.p50 == 5000.0
    assert ours.met
    assert theirs.met is None


def test_a_goal_says_whose_share_it_is() -> None:
    ours, _ = race.pair("mpv pause", Unit.MS, [3.0], [5000.0], race.GOALS["mpv pause"])
    (line,) = table.lines(table.run([ours]), None)[3:]
    assert f" 0.0006  <= 0.001 x {NAME}  met" in line


def test_without_the_rival_its_measurement_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rival, "HOME", tmp_path)

    async def start(tokens: Tokens | None = None) -> None:
        async with rival.rival(tmp_path, "http://127.0.0.1:1", tmp_path, tokens=tokens):
            pytest.fail("it cannot start")

    with pytest.raises(MeasurementError, match="make bench"):
        asyncio.run(start())
