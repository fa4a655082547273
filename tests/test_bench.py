"""How the benchmark judges and shows what it has measured. What it measures is for ``make bench``; no test is timed."""

import asyncio
import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import tables
from bench import table
from bench.agent import APP
from bench.command import MEASUREMENTS
from bench.figure import FLOOR, Figure, Goal, MeasurementError, Unit, exactly, milliseconds, percentile
from bench.player import Line, happened
from bench.service import Kind, Service, crowd, kind, refused
from bench.table import Run
from bench.watch import LEAST, LENGTH, MOST, STORY, Act
from httpx import AsyncClient
from hypothesis import given
from hypothesis import strategies as st

from scrobbler.sandbox.journal import Entry

AT = datetime(2026, 11, 20, 20, 0, tzinfo=UTC)
ROUNDING = 1e-6
SAMPLES = st.lists(st.floats(0, 1e6), min_size=1, max_size=50)


def figure(
    *samples: float, name: str = "mpv pause", floor: float | None = None, goal: Goal | None = None, unit: Unit = Unit.MS
) -> Figure:
    return Figure(name=name, unit=unit, samples=samples, floor=floor, goal=goal)


def run(*figures: Figure) -> Run:
    return Run(at=AT, machine={"python": "3.11"}, figures=figures)


def rows(ours: Run, earlier: Run | None = None) -> list[str]:
    """The table without what it says about the machine, its heads, and more than one space."""
    return [" ".join(line.split()) for line in table.lines(ours, earlier)[3:]]


def test_the_page_says_of_every_measurement_what_it_is_and_what_bounds_it() -> None:
    assert [name for (name,) in tables.rows("performance.md", "measurement")] == list(MEASUREMENTS)


class TestPercentiles:
    @given(SAMPLES, st.integers(1, 99))
    def test_one_lies_within_the_samples(self, samples: list[float], which: int) -> None:
        assert min(samples) - ROUNDING <= percentile(samples, which) <= max(samples) + ROUNDING

    @given(SAMPLES)
    def test_they_grow_with_their_share(self, samples: list[float]) -> None:
        told = [percentile(samples, which) for which in (5, 50, 95)]
        assert told == pytest.approx(sorted(told), abs=ROUNDING)

    def test_the_median_of_an_even_number_lies_between_the_middle_two(self) -> None:
        assert percentile([4.0, 1.0, 2.0, 3.0], 50) == 2.5

    def test_a_single_sample_is_all_of_them(self) -> None:
        assert percentile([7.0], 1) == percentile([7.0], 95) == 7.0

    def test_of_few_samples_there_is_no_p95(self) -> None:
        assert figure(1.0, 2.0, 3.0, 4.0).p95 is None
        assert figure(1.0, 2.0, 3.0, 4.0, 5.0).p95 == pytest.approx(4.8)

    def test_seconds_are_shown_as_milliseconds(self) -> None:
        assert milliseconds([0.5, 2.0]) == (500.0, 2000.0)


class TestVerdicts:
    @pytest.mark.parametrize(
        ("value", "floor", "goal", "met"),
        [
            (3.0, 2.0, None, None),
            (3.0, None, Goal(most=3.0), True),
            (3.1, None, Goal(most=3.0), False),
            (3.0, 2.0, Goal(most=1.5, of=FLOOR), True),
            (3.1, 2.0, Goal(most=1.5, of=FLOOR), False),
            (-1.0, None, Goal(most=5.0), True),
            (0.0, None, Goal(most=0.0), True),
            (1.0, None, exactly(1), True),
            (0.0, None, exactly(1), False),
            (2.0, None, exactly(1), False),
        ],
        ids=str,
    )
    def test_a_goal_is_met_or_missed(
        self, value: float, floor: float | None, goal: Goal | None, met: bool | None
    ) -> None:
        assert figure(value, floor=floor, goal=goal).met is met

    @pytest.mark.parametrize("floor", [None, 0.0])
    def test_without_a_floor_nothing_is_said_of_a_ratio(self, floor: float | None) -> None:
        one = figure(3.0, floor=floor)
        assert one.ratio is None

    def test_a_goal_that_is_a_ratio_is_not_judged_without_a_floor(self) -> None:
        goal = Goal(most=1.5, of=FLOOR)
        assert figure(0.0001, goal=goal).met is None

    def test_it_is_the_median_that_is_judged(self) -> None:
        assert figure(1.0, 1.0, 90.0, goal=Goal(most=1.0)).met is True


class TestTable:
    def test_a_figure_is_shown_beside_its_floor_and_its_goal(self) -> None:
        goal = Goal(most=1.5, of=FLOOR)
        assert rows(run(figure(3.0, floor=2.0, goal=goal))) == ["mpv pause ms 3.00 2.00 1.50 <= 1.5 x floor met 1"]

    @pytest.mark.parametrize(
        ("goal", "words"),
        [(exactly(3), "= 3 met"), (Goal(most=10), "<= 10 met"), (Goal(most=10, least=4), ">= 4, <= 10 missed")],
    )
    def test_a_goal_says_which_way_is_good(self, goal: Goal, words: str) -> None:
        assert rows(run(figure(3, goal=goal, unit=Unit.CALLS))) == [f"mpv pause calls 3 {words} 1"]

    @pytest.mark.parametrize("unit", Unit)
    def test_every_unit_can_be_shown(self, unit: Unit) -> None:
        assert rows(run(figure(3.0, unit=unit)))[0].startswith(f"mpv pause {unit.value} 3")


class TestComparing:
    def test_a_run_is_read_as_it_was_written(self, tmp_path: Path) -> None:
        kept = run(figure(3.0, 4.0, floor=2.0, goal=exactly(1)), figure(-0.5, name="from when it plays"))
        table.write(tmp_path / "run.json", kept)
        assert table.read(tmp_path / "run.json") == kept

    def test_each_figure_is_told_as_times_the_earlier_one(self) -> None:
        assert rows(run(figure(3.0)), run(figure(2.0))) == ["mpv pause ms 3.00 1 1.50"]

    def test_rows_that_only_one_of_the_runs_has_are_no_hindrance(self) -> None:
        ours = run(figure(3.0), figure(1.0, name="new"))
        earlier = run(figure(2.0), figure(9.0, name="gone"))
        assert rows(ours, earlier) == ["mpv pause ms 3.00 1 1.50", "new ms 1.00 1"]

    def test_nothing_is_so_many_times_nothing(self) -> None:
        assert rows(run(figure(3.0)), run(figure(0.0))) == ["mpv pause ms 3.00 1"]

    def test_a_run_from_before_a_goal_could_say_the_least_is_still_read(self, tmp_path: Path) -> None:
        (tmp_path / "old.json").write_text(
            '{"at": "2026-11-20T20:00:00Z", "machine": {}, "figures": [{"name": "mpv pause", "unit": "ms",'
            ' "samples": [2.0], "floor": null, "goal": {"most": 3.0, "of_floor": true}}]}'
        )
        assert rows(run(figure(3.0)), table.read(tmp_path / "old.json")) == ["mpv pause ms 3.00 1 1.50"]

    @pytest.mark.parametrize("text", [None, "", "[]", '{"figures": 1}'])
    def test_what_holds_no_run_is_said_in_one_line(self, tmp_path: Path, text: str | None) -> None:
        path = tmp_path / "run.json"
        if text is not None:
            path.write_text(text)
        with pytest.raises(MeasurementError, match="holds no run to compare with") as raised:
            table.read(path)
        assert "\n" not in str(raised.value)


class TestCalls:
    def call(self, path: str, status: int | None = 201) -> Entry:
        return Entry(seq=1, at=AT, method="POST", path=path, query="", body=None, status=status)

    @pytest.mark.parametrize(
        ("path", "wanted"),
        [
            ("/scrobble/start", Kind.START),
            ("/scrobble/pause", Kind.PAUSE),
            ("/scrobble/stop", Kind.STOP),
            ("/search/imdb/tt1104001", Kind.LOOKUP),
            ("/shows/1/seasons", Kind.LOOKUP),
            ("/sync/history", Kind.OTHER),
        ],
    )
    def test_each_is_of_one_kind(self, path: str, wanted: Kind) -> None:
        assert kind(self.call(path)) is wanted

    @pytest.mark.parametrize(("status", "wanted"), [(201, False), (204, False), (422, True), (429, True), (None, True)])
    def test_what_was_not_answered_well_came_to_nothing(self, status: int | None, wanted: bool) -> None:
        assert refused(self.call("/scrobble/pause", status)) is wanted

    @pytest.mark.parametrize(
        ("seconds", "most"), [([], 0), ([0], 1), ([0, 1, 2], 1), ([0, 0.9], 2), ([0, 5, 5.5, 5.99, 6], 3)]
    )
    def test_a_crowd_is_what_lies_within_any_one_second(self, seconds: list[float], most: int) -> None:
        assert crowd([AT + timedelta(seconds=each) for each in seconds]) == most

    def test_the_story_of_a_watch_pauses_only_where_trakt_takes_a_pause(self) -> None:
        played, places = 0.0, list[float]()
        for sixtieths, act in STORY:
            played += sixtieths / 60
            places += [played] if act is Act.PAUSE else []
            played += LENGTH if act is Act.SEEK else 0.0
        assert places == pytest.approx([10 / 60, 30 / 60, 45 / 60])
        assert all(0.01 <= place < 0.8 for place in places)

    def test_its_calls_are_eight_without_seeks_and_lookup_and_eleven_with_them(self) -> None:
        assert (LEAST, MOST) == (8, 11)


@pytest.mark.anyio
class TestService:
    async def test_it_says_when_the_first_play_is_there(self) -> None:
        film = {"movie": {"ids": {"imdb": "tt1104001"}}, "progress": 90.0}
        async with Service.running() as service, visitor(service) as client:
            recorded = asyncio.create_task(service.recorded(patience=20))
            began = time.monotonic()
            assert (await client.post("/scrobble/start", json=film)).status_code == 201
            assert not recorded.done()
            service.sandbox.rules.write_gap = 0.0
            assert (await client.post("/scrobble/stop", json=film)).status_code == 201
            at = await recorded
            assert at is not None
            assert began < at <= time.monotonic()
            assert service.plays == 1
            assert [kind(each) for each in service.calls()] == [Kind.START, Kind.STOP]

    async def test_it_holds_trakts_limit_of_one_write_in_a_second(self) -> None:
        film = {"movie": {"ids": {"imdb": "tt1104001"}}, "progress": 50.0}
        async with Service.running() as service, visitor(service) as client:
            service.sandbox.clock.freeze()
            assert [(await client.post("/scrobble/start", json=film)).status_code for _ in range(2)] == [201, 429]
            assert [refused(each) for each in service.calls()] == [False, True]

    async def test_a_play_that_does_not_come_is_no_instant(self) -> None:
        async with Service.running() as service:
            assert await service.recorded(patience=0.01) is None


def visitor(service: Service) -> AsyncClient:
    """One who is signed in as the benchmark's agents are."""
    headers = {"trakt-api-version": "2", "trakt-api-key": APP, "User-Agent": "bench"}
    bearer = {"Authorization": f"Bearer {service.tokens().access_token}"}
    return AsyncClient(base_url=service.url, headers=headers | bearer)


class TestLine:
    @pytest.fixture
    def line(self) -> Iterator[tuple[Line, socket.socket]]:
        """A line, and the end of it that mpv has."""
        with TemporaryDirectory(prefix="bench") as folder, socket.socket(socket.AF_UNIX) as listening:
            listening.bind(f"{folder}/mpv")
            listening.listen()
            line = Line(Path(folder) / "mpv")
            with listening.accept()[0] as mpv:
                yield line, mpv
            line.close()

    def test_what_mpv_says_in_one_breath_is_all_heard(self, line: tuple[Line, socket.socket]) -> None:
        ear, mpv = line
        mpv.sendall(b'{"event": "start-file"}\n{"event": "seek"}\n{"event": "playback-restart"}\n')
        first = ear.until(happened("start-file"))
        assert ear.until(happened("playback-restart")) == first

    def test_an_answer_is_that_to_the_last_command(self, line: tuple[Line, socket.socket]) -> None:
        mouth, mpv = line
        asked = mouth.say("stop"), mouth.say("loadfile", "film.mkv")
        assert mpv.recv(4096).count(b"\n") == len(asked)
        mpv.sendall(b'{"request_id": 1, "error": "success"}\n{"event": "end-file"}\n')
        mpv.sendall(b'{"request_id": 2, "error": "success"}\n{"event": "start-file"}\n')
        assert mouth.answer() >= asked[-1]
        assert mouth.until(happened("start-file")) >= asked[-1]

    def test_a_player_that_goes_is_no_measurement(self, line: tuple[Line, socket.socket]) -> None:
        ear, mpv = line
        mpv.shutdown(socket.SHUT_RDWR)
        with pytest.raises(MeasurementError, match="mpv went silent"):
            ear.until(happened("end-file"))
