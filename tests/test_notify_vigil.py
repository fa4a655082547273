"""A player that falls silent, or is turned away, is told of: once, and only where that is news."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, closing
from datetime import timedelta
from pathlib import Path

import pytest
from conftest import Clock
from double import Served
from eavesdropper import Eavesdropper
from receiver import SECRET, Receiver

from scrobbler.notices.kind import NEEDED, Kind, named
from scrobbler.notices.post import Post
from scrobbler.notices.target import Targets
from scrobbler.notices.vigil import SPEAKS, TURNED_AWAY, Vigil
from scrobbler.state.decisions import Note, What
from scrobbler.state.schema import FILE
from scrobbler.state.snapshot import vigil as known
from scrobbler.state.store import Store

pytestmark = pytest.mark.anyio

PATIENCE = 20.0
DAY = timedelta(days=1)


@pytest.fixture
def receiver(served: Served, eavesdropper: Eavesdropper) -> Iterator[Receiver]:
    eavesdropper.secrets.add(SECRET)
    with ExitStack() as stack:
        yield Receiver(served, stack)


class Home:
    """An agent's state, from day to day."""

    def __init__(self, folder: Path, clock: Clock, receiver: Receiver) -> None:
        self.folder = folder
        self.clock = clock
        self.receiver = receiver
        self.addresses: tuple[str, ...] = (receiver.json,)
        self.says = named([NEEDED])
        self.after_days = 3
        self.vigil: Vigil

    def speaks(self, source: str, days: int = 1, what: What = What.HEARD) -> None:
        """A player is heard on so many days."""
        with closing(Store(self.folder, self.clock())) as store:
            for _ in range(days):
                self.clock.at += DAY
                store.note([Note(at=self.clock(), what=what, words="it plays", source=source)]).result(10)

    async def days(self, number: int) -> None:
        """The agent is started on so many days, and has looked around."""
        for _ in range(number):
            self.clock.at += DAY
            async with self.running():
                await self.looked()

    def knocks(self, *knew: bool, player: str = "plex") -> None:
        """Somebody calls a webhook, and knows its secret or not."""
        for each in knew:
            self.vigil.knocked(player, each)

    async def looked(self) -> None:
        await eventually(lambda: self.vigil.looked_on == self.clock().date())

    @asynccontextmanager
    async def running(self, looks: float = 3600.0) -> AsyncIterator[None]:
        """The agent runs meanwhile."""
        post = Post(Targets(addresses=self.addresses), pauses=())
        with closing(Store(self.folder, self.clock())) as store:
            self.vigil = Vigil(
                *(post, store, self.folder, ("mpv", "plex"), self.clock),
                says=self.says,
                after_days=self.after_days,
                looks=looks,
            )
            task = asyncio.create_task(self.vigil.run())
            try:
                yield
                assert not task.done() or not self.addresses
            finally:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)


async def eventually(condition: Callable[[], bool]) -> None:
    """Until it is so; what is awaited is in other processes."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


@pytest.fixture
def home(tmp_path: Path, clock: Clock, receiver: Receiver) -> Home:
    return Home(tmp_path, clock, receiver)


async def test_a_player_that_spoke_and_is_silent_is_told_of_once_until_it_speaks_again(home: Home) -> None:
    home.speaks("plex", SPEAKS, What.IGNORED)
    await home.days(2)
    assert home.receiver.taken == []
    await home.days(3)
    assert home.receiver.titles == ["Trakt: a player is silent"]
    assert home.receiver.taken[0]["message"] == (
        "Nothing was heard for long of plex (3 days). Run `scrobbler doctor` to see whether all is well."
    )
    home.speaks("plex")
    await home.days(3)
    assert len(home.receiver.taken) == 2


async def test_who_never_really_spoke_or_is_not_there_any_more_is_not_missed(home: Home) -> None:
    home.speaks("plex", SPEAKS - 1)
    home.speaks("kodi", SPEAKS)
    await home.days(5)
    assert home.receiver.taken == []


async def test_days_on_which_the_agent_was_off_do_not_count(home: Home) -> None:
    home.speaks("mpv", SPEAKS)
    await home.days(1)
    home.clock.at += 60 * DAY
    await home.days(1)
    assert home.receiver.taken == []
    await home.days(1)
    assert len(home.receiver.taken) == 1


async def test_all_that_are_silent_are_one_notice(home: Home) -> None:
    home.speaks("mpv", SPEAKS)
    home.speaks("plex", SPEAKS)
    await home.days(3)
    assert "mpv (6 days), plex (3 days)." in home.receiver.taken[0]["message"]
    assert len(home.receiver.taken) == 1


async def test_the_days_pass_while_it_runs(home: Home) -> None:
    home.speaks("mpv", SPEAKS)
    async with home.running(looks=0.001):
        for _ in range(3):
            home.clock.at += DAY
            await home.looked()
        await eventually(lambda: len(home.receiver.taken) == 1)


@pytest.mark.parametrize("off", ["never", "not said", "nowhere"])
async def test_who_does_not_want_it_is_told_nothing_and_nothing_ticks(off: str, home: Home) -> None:
    home.speaks("mpv", SPEAKS)
    home.after_days = 0 if off == "never" else 3
    home.says = named([NEEDED]) - {Kind.SILENT} if off == "not said" else home.says
    home.addresses = () if off == "nowhere" else home.addresses
    for _ in range(4):
        home.clock.at += DAY
        async with home.running(looks=0.001):
            for _ in range(20):
                await asyncio.sleep(0.001)
    assert known(home.folder).awake == ()
    assert home.receiver.taken == []


async def test_what_reached_nobody_is_told_the_next_day(home: Home) -> None:
    home.speaks("mpv", SPEAKS)
    home.addresses = (home.receiver.refusing,)
    await home.days(3)
    assert (home.receiver.refused, home.receiver.taken) == (1, [])
    home.addresses = (home.receiver.json,)
    await home.days(1)
    assert len(home.receiver.taken) == 1


async def test_only_so_many_days_are_kept_and_none_of_the_future_counts(home: Home) -> None:
    home.speaks("mpv", SPEAKS)
    home.clock.at += 9000 * DAY
    await home.days(1)
    home.clock.at -= 9000 * DAY
    await home.days(2)
    assert home.receiver.taken == []
    await home.days(4)
    assert len(known(home.folder).awake) == home.after_days + 1
    assert len(home.receiver.taken) == 1


async def test_a_disk_that_takes_nothing_is_tried_again(home: Home) -> None:
    home.speaks("mpv", SPEAKS)
    home.clock.at += DAY
    async with home.running(looks=0.001):
        await home.looked()
        file, away = home.folder / FILE, home.folder / "away"
        file.rename(away)
        file.mkdir()
        home.clock.at += DAY
        home.knocks(*SOME)
        for _ in range(20):
            await asyncio.sleep(0.001)
        assert home.vigil.looked_on != home.clock().date()
        file.rmdir()
        away.rename(file)
        await home.looked()
        home.clock.at += DAY
        home.knocks(*SOME)
        await eventually(lambda: "Trakt: a webhook is turned away" in home.receiver.titles)


# Turned away

SOME = (False,) * TURNED_AWAY


async def test_a_server_with_a_wrong_secret_is_told_of_once_a_day_over_restarts(home: Home) -> None:
    async with home.running():
        home.knocks(*SOME, *SOME)
        await eventually(lambda: bool(known(home.folder).said))
        assert home.receiver.titles == ["Trakt: a webhook is turned away"]
        assert home.receiver.taken[0]["message"] == (
            "plex: its webhook is called without the right secret, and nothing of that counts. "
            "Run `scrobbler webhook plex` to see the address with it."
        )
    async with home.running():
        home.knocks(*SOME)
        home.knocks(*SOME, player="mpv")
        await eventually(lambda: len(home.receiver.taken) == 2)
        assert str(home.receiver.taken[1]["message"]).startswith("mpv: ")
        home.knocks(*SOME)
        home.clock.at += DAY
        home.knocks(*SOME)
        await eventually(lambda: len(home.receiver.taken) == 3)


async def test_a_slip_or_somebody_beside_the_server_is_not_told_of(home: Home) -> None:
    async with home.running():
        home.knocks(*(*SOME[1:], True) * 3)
        home.knocks(*SOME, player="mpv")
        await eventually(lambda: len(home.receiver.taken) == 1)
    assert str(home.receiver.taken[0]["message"]).startswith("mpv: ")


async def test_who_does_not_want_that_is_not_told(home: Home) -> None:
    home.says = frozenset({Kind.SILENT})
    home.speaks("mpv", SPEAKS)
    await home.days(2)
    home.clock.at += DAY
    async with home.running():
        home.knocks(*SOME)
        await home.looked()
    assert home.receiver.titles == ["Trakt: a player is silent"]


# What is kept


async def test_what_makes_no_sense_in_it_is_left_out(home: Home) -> None:
    with closing(Store(home.folder, home.clock())) as store:
        store._database.submit(lambda db: db.execute("INSERT INTO awake VALUES ('yesterday')")).result(10)
        store._database.submit(lambda db: db.execute("INSERT INTO said VALUES ('silent', 'mpv', 'never')")).result(10)
    with closing(Store(home.folder, home.clock())) as store:
        assert "2 of its rows make no sense" in (store.moved or "")
    assert (known(home.folder).awake, known(home.folder).said) == ((), {})
