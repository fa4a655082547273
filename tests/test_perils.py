"""A disk that is full or takes nothing, a state that is damaged, two agents, a clock that is wrong: a word, no loop."""

import asyncio
import contextlib
import os
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from cli_process import Running, complaint, configured, eventually, ran, running
from conftest import EPOCH, Clock
from double import Double, Served
from playbook import TRON
from test_agent import living
from test_store import SESSION, WATCH

from scrobbler import __version__
from scrobbler.cli.run import WATCHER_POLICY
from scrobbler.events import Kind
from scrobbler.lock import NAME, held
from scrobbler.sandbox import FaultKind, Sandbox
from scrobbler.sandbox.mpv import SimulatedMpv
from scrobbler.state.schema import FILE
from scrobbler.state.snapshot import look
from scrobbler.state.store import Store

DAY = timedelta(days=1).total_seconds()


# The disk


class Disk:
    """A small one of its own."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def fill(self) -> None:
        """Until it takes nothing more."""
        with contextlib.suppress(OSError), (self.place / "rubbish").open("ab", buffering=0) as rubbish:
            while True:
                rubbish.write(b"x" * 512)

    def clear(self) -> None:
        (self.place / "rubbish").unlink()

    def lock(self) -> None:
        """Nothing can be written any more."""
        subprocess.run(["mount", "-o", "remount,ro", self.place], check=True, capture_output=True)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    place = tmp_path / "disk"
    place.mkdir()
    try:
        words = ["mount", "-t", "tmpfs", "-o", "size=512k,mode=700", "tmpfs", str(place)]
        subprocess.run(words, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("needs the right to mount a small disk (root)")
    yield Disk(place)
    subprocess.run(["umount", "--lazy", place], check=True)


def on(disk: Disk, folder: Path, url: str = "http://127.0.0.1:9") -> tuple[str | Path, ...]:
    return "--config", configured(folder, url), "--state", disk.place / "state"


def test_an_agent_on_a_full_disk_says_so_in_one_line(disk: Disk, tmp_path: Path) -> None:
    disk.fill()
    assert "No space left on device" in complaint(ran("run", *on(disk, tmp_path)), 1)


def test_an_agent_that_ended_before_the_disk_was_full_says_so_and_starts_once_there_is_room(
    disk: Disk, tmp_path: Path
) -> None:
    options = on(disk, tmp_path)
    for _ in range(2):
        with running("run", *options) as agent:
            agent.says("watching mpv")
            assert agent.end() == 0
        before = (disk.place / "state" / FILE).read_bytes()
        disk.fill()
        assert "the disk is full" in complaint(ran("run", *options), 1)
        assert (disk.place / "state" / FILE).read_bytes() == before
        disk.clear()


def test_an_agent_that_was_killed_starts_again_on_a_full_disk(disk: Disk, tmp_path: Path) -> None:
    options = on(disk, tmp_path)
    with running("run", *options) as agent:
        agent.says("watching mpv")
    disk.fill()
    with running("run", *options) as agent:
        agent.says("watching mpv")
        assert agent.end() == 0


def test_a_disk_that_fills_while_a_film_plays_costs_nothing_once_there_is_room(
    disk: Disk, tmp_path: Path, served: Served
) -> None:
    sandbox = Sandbox()
    ahead = 0.0

    async def watched(agent: Running) -> None:
        nonlocal ahead
        player = SimulatedMpv(tmp_path / "mpv" / "one", clock=lambda: ahead)
        await player.start()
        player.play("/films/Heat (1995) {imdb-tt0113277}.mkv", 6000.0)
        await asyncio.to_thread(agent.says, "Trakt: started")
        disk.fill()
        ahead = 5900.0
        player.pause()
        await asyncio.to_thread(agent.says, "is full; trying again every 5 s")
        player.finish()
        await player.quit()

    with ExitStack() as stack:
        options = on(disk, tmp_path, served.open(stack, sandbox.app))
        Double(sandbox, "").tokens(disk.place / "state")
        agent = stack.enter_context(running("run", *options))
        agent.says("watching mpv")
        asyncio.run(watched(agent))
        disk.clear()
        agent.says("Trakt: watched Heat (1995)")
        assert [play.item.title for play in sandbox.world.account("default").plays] == ["Heat"]
        assert agent.said.count("is full") < 6
        assert agent.end() == 0
        assert "Traceback" not in agent.said


def test_a_state_folder_that_cannot_be_written_is_one_line_and_can_still_be_read(disk: Disk, tmp_path: Path) -> None:
    options = on(disk, tmp_path)
    with running("run", *options) as agent:
        agent.says("watching mpv")
        assert agent.end() == 0
    before = {path.name: path.read_bytes() for path in (disk.place / "state").iterdir()}
    disk.lock()
    assert complaint(ran("run", *options), 1).endswith("cannot be used: Read-only file system")
    assert ran("status", *options).returncode == 0
    assert {path.name: path.read_bytes() for path in (disk.place / "state").iterdir()} == before


# Damage


def kept(folder: Path) -> Path:
    """A state file with a session and many watches that wait."""
    with closing(Store(folder, EPOCH)) as store:
        for number in range(150):
            watch = msgspec.structs.replace(WATCH, sitting=str(number))
            store.keep(SESSION, (watch,), EPOCH, idle=False).result(10)
    return folder / FILE


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "its header": lambda whole: bytes(16) + whole[16:],
    "its first page": lambda whole: whole[:100] + b"\xa5" * 300 + whole[400:],
    "a page in the middle": lambda whole: whole[: 8 * 4096] + b"\xa5" * 4096 + whole[9 * 4096 :],
    "its second half": lambda whole: whole[: len(whole) // 2],
    "its end, within a page": lambda whole: whole[: len(whole) - 5000],
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_a_damaged_file_is_kept_as_it_is_and_a_new_one_begun_once(
    tmp_path: Path, clock: Clock, damage: Callable[[bytes], bytes]
) -> None:
    path = kept(tmp_path)
    damaged = damage(path.read_bytes())
    path.write_bytes(damaged)
    with closing(Store(tmp_path, clock())) as store:
        assert store.moved is not None
        assert "is damaged" in store.moved
        store.keep(SESSION, (WATCH,), clock(), idle=False).result(10)
    with closing(Store(tmp_path, clock())) as again:
        assert again.moved is None
    [aside] = (each for each in tmp_path.glob(f"{FILE}.aside-*") if not each.name.endswith(("-wal", "-shm")))
    assert aside.read_bytes() == damaged
    assert len(look(tmp_path).waiting) == 1


def test_rubbish_in_the_log_costs_nothing_that_was_committed_before(tmp_path: Path, clock: Clock) -> None:
    path = kept(tmp_path)
    path.with_name(f"{FILE}-wal").write_bytes(b"\xa5" * 50_000)
    with closing(Store(tmp_path, clock())) as store:
        assert store.moved is None
        assert len(look(tmp_path).waiting) == 150


def test_a_command_beside_a_damaged_state_says_so_in_one_line(tmp_path: Path) -> None:
    file = configured(tmp_path)
    (tmp_path / "state").mkdir()
    with closing(sqlite3.connect(kept(tmp_path / "state"))) as db:
        db.execute("UPDATE outbox SET scrobble = '{oops' WHERE id = 3")
        db.commit()
    assert "is damaged" in complaint(ran("status", "--config", file), 1)
    assert "is damaged" in complaint(ran("queue", "list", "--config", file), 1)
    with running("run", "--config", file) as agent:
        agent.says("1 of its rows make no sense); it was copied to state.db.aside-")
        agent.says("watching mpv")
        assert ran("status", "--config", file).returncode == 0
        assert agent.end() == 0


# Two agents


def test_of_agents_that_start_at_once_one_runs_and_the_others_say_who(tmp_path: Path) -> None:
    file = configured(tmp_path)
    with ExitStack() as stack:
        agents = [stack.enter_context(running("run", "--config", file)) for _ in range(5)]
        eventually(lambda: sum(agent.process.poll() is not None for agent in agents) == 4)
        [winner] = [agent for agent in agents if agent.process.poll() is None]
        winner.says("watching mpv")
        for agent in agents:
            if agent is not winner:
                agent.says("an agent is already running on ")
                assert agent.process.returncode == 1
                assert "Traceback" not in agent.said
        assert (tmp_path / "state" / NAME).read_text().split()[0] == str(winner.process.pid)
        assert winner.end() == 0


def test_a_lock_is_signed_over_a_longer_pid(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text("12345678901234567890\n")
    with held(tmp_path):
        assert (tmp_path / NAME).read_text().split() == [str(os.getpid()), __version__]


# The clock


class Watch(Clock):
    """A clock that can be set; what it measures passes all the same."""

    def __init__(self) -> None:
        super().__init__()
        self._set_by = 0.0

    def set_by(self, seconds: float) -> None:
        self.advance(seconds)
        self._set_by += seconds

    def monotonic(self) -> float:
        return super().monotonic() - self._set_by


@pytest.fixture
def clock() -> Watch:
    return Watch()


@pytest.fixture
def no_spacing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test's clock stands still, so waiting for one write a second would be waiting in vain."""
    monkeypatch.setattr("scrobbler.trakt.client.WRITE_EVERY", 0.0)


@pytest.mark.anyio
@pytest.mark.usefixtures("no_spacing")
async def test_a_clock_that_is_set_back_by_a_day_between_two_runs_costs_no_watch(
    tmp_path: Path, clock: Watch, double: Double
) -> None:
    clock.advance(2 * DAY)
    async with living(tmp_path, clock, double, WATCHER_POLICY) as house:
        house.does(Kind.PLAY, 0)
        house.does(Kind.PLAY, 40, after=40)
        await house.sees(lambda: bool(look(tmp_path).sessions) and (look(tmp_path).sessions[0].position or 0.0) >= 40)
    clock.set_by(-DAY)
    async with living(tmp_path, clock, double, WATCHER_POLICY) as house:
        house.does(Kind.PLAY, 50, after=10)
        house.does(Kind.STOP, 95, after=45)
        await house.sees(lambda: len(double.history()) == 1)
        house.does(Kind.PLAY, 0, media=TRON, after=60)
        house.does(Kind.STOP, 96, media=TRON, after=96)
        await house.sees(lambda: len(double.history()) == 2)
        assert [title for title, _ in double.history()] == ["Heat", "TRON: Legacy"]
        await house.sees(lambda: len(look(tmp_path).plays) == 2 and not look(tmp_path).waiting)


@pytest.mark.anyio
@pytest.mark.usefixtures("no_spacing")
@pytest.mark.parametrize("by", [-DAY, DAY], ids=["back", "ahead"])
async def test_a_clock_that_is_set_by_a_day_while_a_film_plays_costs_no_watch(
    tmp_path: Path, clock: Watch, double: Double, by: float
) -> None:
    clock.advance(2 * DAY)
    async with living(tmp_path, clock, double, WATCHER_POLICY) as house:
        house.does(Kind.PLAY, 0)
        house.does(Kind.PLAY, 40, after=40)
        await house.sees(lambda: bool(look(tmp_path).sessions) and (look(tmp_path).sessions[0].position or 0.0) >= 40)
        clock.set_by(by)
        house.does(Kind.PLAY, 41, after=1)
        house.does(Kind.STOP, 95, after=54)
        await house.sees(lambda: len(double.history()) == 1)
        [(title, at)] = double.history()
        assert (title, at) == ("Heat", clock())


@pytest.mark.anyio
@pytest.mark.usefixtures("no_spacing")
async def test_a_watch_that_waits_while_the_clock_is_set_back_is_not_held_up_for_a_day(
    tmp_path: Path, clock: Watch, double: Double
) -> None:
    clock.advance(2 * DAY)
    double.fault(FaultKind.STATUS, status=503, path="/scrobble/stop")
    async with living(tmp_path, clock, double, WATCHER_POLICY) as house:
        house.does(Kind.PLAY, 0)
        house.does(Kind.STOP, 95, after=95)
        await house.sees(lambda: bool(look(tmp_path).waiting) and look(tmp_path).waiting[-1].attempts == 1)
        clock.set_by(-DAY)
        house.does(Kind.PLAY, 0, media=TRON, after=10)
        await house.sees(lambda: len(double.history()) == 1)
