"""What needs the user is said where he is: once, until it is mended, and without anybody having to wait for it."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

import pytest
from conftest import Clock
from desktop import desktop, session
from double import Double, Served
from eavesdropper import Eavesdropper
from msgspec.structs import replace
from receiver import SECRET, Receiver

from scrobbler.errors import ConfigError
from scrobbler.notices.notice import How, Notice, Outcome, check, send
from scrobbler.notices.notify import FILE, Notifier, Unmatched
from scrobbler.notices.target import Targets
from scrobbler.trakt.tokens import TokenFile
from scrobbler.welcome.invitation import Invitation

pytestmark = pytest.mark.anyio

PATIENCE = 20.0
NOTICE = Notice(title="A title", text="Tom & Jerry <3", urgent=True)
LOGIN = "scrobbler login"
needs_bus = pytest.mark.skipif(shutil.which("dbus-daemon") is None, reason="needs dbus-daemon")


@pytest.fixture
def receiver(served: Served, eavesdropper: Eavesdropper) -> Iterator[Receiver]:
    eavesdropper.secrets.add(SECRET)
    with ExitStack() as stack:
        yield Receiver(served, stack)


async def told(*addresses: str, notice: Notice = NOTICE) -> tuple[Outcome, ...]:
    return await send(Targets(addresses=addresses), notice, range(len(addresses)))


async def eventually(condition: Callable[[], bool]) -> None:
    """Until it is so; what is awaited is in other processes."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


def took(number: int) -> Outcome:
    return Outcome(target=number, how=How.TOOK)


# The way to a target


async def test_a_web_service_is_told(receiver: Receiver) -> None:
    assert await told(receiver.json, receiver.ntfy) == (took(0), took(1))
    [json] = [said for said in receiver.taken if "version" in said]
    [ntfy] = [said for said in receiver.taken if "topic" in said]
    assert (json["title"], json["message"], json["type"]) == ("A title", "Tom & Jerry <3", "warning")
    assert (ntfy["topic"], ntfy["title"], ntfy["message"]) == (SECRET, "A title", "Tom & Jerry <3")


async def test_each_target_fails_for_itself(receiver: Receiver) -> None:
    outcomes = await told("json://127.0.0.1:9/hush", receiver.refusing, receiver.json, "ntyf://hush", "ntfy://")
    assert [(outcome.how, outcome.why) for outcome in outcomes] == [
        (How.FAILED, "could not be reached, or did not answer"),
        (How.FAILED, "answered with HTTP status 507"),
        (How.TOOK, ""),
        (How.WRONG, ""),
        (How.FAILED, "did not take it"),
    ]


async def test_an_answer_without_an_end_is_not_waited_for(receiver: Receiver) -> None:
    targets = Targets(addresses=(receiver.endless,))
    [outcome] = await send(targets, NOTICE, [0], patience=0.5)
    assert outcome == Outcome(target=0, how=How.FAILED, why="did not answer in 0.5 s")
    await eventually(lambda: receiver.dripping == 0)


async def test_who_does_not_wait_for_it_leaves_no_process(receiver: Receiver) -> None:
    telling = asyncio.create_task(told(receiver.endless))
    await eventually(lambda: receiver.dripping == 1)
    telling.cancel()
    await asyncio.gather(telling, return_exceptions=True)
    await eventually(lambda: receiver.dripping == 0)


async def test_a_child_that_breaks_down_is_a_target_that_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "messenger.py"
    broken.write_text("raise SystemExit(3)")
    monkeypatch.setattr("scrobbler.notices.notice._MESSENGER", broken)
    [outcome] = await told("json://127.0.0.1:9/hush")
    assert outcome.why == "could not be told: the process that tells it broke down"
    monkeypatch.setattr("sys.executable", str(tmp_path / "nowhere"))
    [outcome] = await told("json://127.0.0.1:9/hush")
    assert outcome.why == "could not be told: No such file or directory"


@needs_bus
@pytest.mark.parametrize(
    ("capabilities", "text"), [((), "Tom & Jerry <3"), (("body", "body-markup"), "Tom &amp; Jerry &lt;3")]
)
async def test_the_desktop_shows_it_as_it_is(
    capabilities: tuple[str, ...], text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with session() as bus, desktop(bus, *capabilities) as shows:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", bus)
        assert await told("desktop") == (took(0),)
        assert await told("desktop", notice=replace(NOTICE, urgent=False)) == (took(0),)
    assert shows.shown == [("A title", text, 2), ("A title", text, 1)]


@needs_bus
async def test_a_session_in_which_nobody_shows_notifications_is_said_to_be_one(monkeypatch: pytest.MonkeyPatch) -> None:
    with session() as bus:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", bus)
        [outcome] = await told("desktop")
    assert outcome.why == "nothing shows notifications in this session"


async def test_without_a_session_there_is_no_desktop() -> None:
    [outcome] = await told("desktop")
    assert outcome.why == "there is no session bus (DBUS_SESSION_BUS_ADDRESS)"


async def test_an_address_that_makes_no_sense_is_named_without_its_secret() -> None:
    good = ("desktop", "json://example.org/hush", "https://discord.com/api/webhooks/1234/hush")
    await check(Targets(addresses=good))
    targets = Targets(addresses=(*good, "ntyf://hush"), place="config.toml:2: notify.targets")
    with pytest.raises(ConfigError, match=r"^config.toml:2: notify.targets: target 4 \(ntyf\) is no address") as caught:
        await check(targets)
    for words in (str(caught.value), repr(targets), targets.name(3)):
        assert "hush" not in words
    assert repr(targets) == "Targets(desktop, target 2 (json), target 3 (https), target 4 (ntyf))"


# What is said, and when


class Office:
    """An account with its invitation, and who is told of its needs."""

    def __init__(self, folder: Path, double: Double, clock: Clock) -> None:
        self.state = folder / "state"
        self.double = double
        self.clock = clock
        self.file = TokenFile(self.state, "default")
        self.invitation: Invitation
        self.notifier: Notifier

    def refused(self) -> None:
        """Trakt does not take the tokens any more, and the outlet hears it."""
        tokens = self.file.read()
        assert tokens is not None
        self.file.refuse(tokens, "Trakt does not accept the sign-in any more")
        self.invitation.look()

    def signs_in(self) -> None:
        self.double.tokens(self.state)

    @property
    def kept(self) -> bytes:
        return (self.state / FILE).read_bytes()

    @asynccontextmanager
    async def open(self, *addresses: str, pauses: tuple[float, ...] = ()) -> AsyncIterator[None]:
        """An agent runs meanwhile."""
        self.state.mkdir(exist_ok=True)
        self.invitation = Invitation(self.double.app, self.file, self.clock)
        targets = Targets(addresses=addresses)
        self.notifier = Notifier(targets, self.state, {"default": LOGIN}, pauses=pauses, gathers=0.02)
        following = asyncio.create_task(self.invitation.run())
        saying = asyncio.create_task(self.notifier.run([self.invitation]))
        await asyncio.sleep(0)
        try:
            yield
            assert not saying.done() or not addresses
        finally:
            for task in (saying, following):
                task.cancel()
            await asyncio.gather(saying, following, return_exceptions=True)


@pytest.fixture
def office(tmp_path: Path, double: Double, clock: Clock) -> Office:
    return Office(tmp_path, double, clock)


async def test_a_refused_sign_in_is_said_once_and_so_is_the_next(office: Office, receiver: Receiver) -> None:
    office.signs_in()
    async with office.open(receiver.json):
        office.notifier.page = "http://127.0.0.1:8722/login"
        office.refused()
        await eventually(lambda: receiver.titles == ["Trakt: sign-in needed"])
        assert receiver.taken[0]["message"] == (
            "Account default: Trakt does not accept the sign-in any more. Run `scrobbler login`, "
            "or open http://127.0.0.1:8722/login/default. What is watched meanwhile is kept."
        )
        office.refused()
        office.signs_in()
        await eventually(lambda: receiver.titles == ["Trakt: sign-in needed", "Trakt: signed in"])
        assert receiver.taken[1]["message"] == "Account default: what was watched meanwhile is being sent."
        assert receiver.taken[1]["type"] == "info"
        office.refused()
        await eventually(lambda: receiver.titles[2:] == ["Trakt: sign-in needed"])
        await eventually(lambda: office.kept == b'{"default":["sign-in"]}')


async def test_what_was_said_is_not_said_again_after_a_restart(office: Office, receiver: Receiver) -> None:
    async with office.open(receiver.json):
        await eventually(lambda: receiver.titles == ["Trakt: sign-in needed"])
        await eventually((office.state / FILE).exists)
        assert "Nobody has signed in yet. Run `scrobbler login`. " in receiver.taken[0]["message"]
    async with office.open(receiver.json):
        office.notifier.closed("default", "The Trakt account is locked")
        await eventually(lambda: receiver.titles == ["Trakt: sign-in needed", "Trakt: account refused"])
        await eventually(lambda: office.kept == b'{"default":["sign-in","closed"]}')
        office.notifier.closed("default", "The Trakt account is locked")
    office.signs_in()
    async with office.open(receiver.json):
        await eventually(lambda: receiver.titles[2:] == ["Trakt: signed in"])
        office.notifier.closed("default", None)
        await eventually(lambda: receiver.titles[3:] == ["Trakt: works again"])
        await eventually(lambda: office.kept == b"{}")


async def test_an_account_that_trakt_refuses_is_said_with_the_reason(office: Office, receiver: Receiver) -> None:
    office.signs_in()
    async with office.open(receiver.json):
        office.notifier.closed("default", None)
        office.notifier.closed("default", "The Trakt account is locked: write to support@trakt.tv")
        await eventually(lambda: receiver.titles == ["Trakt: account refused"])
        assert receiver.taken[0]["message"] == (
            "Account default: The Trakt account is locked: write to support@trakt.tv. "
            "What is watched meanwhile is kept."
        )


async def test_what_nobody_was_told_is_not_taken_back(
    office: Office, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    async with office.open(receiver.refusing, pauses=(3600.0,)):
        await eventually(lambda: "answered with HTTP status 507" in caplog.text)
        office.signs_in()
        office.notifier.closed("default", "The Trakt account is locked")
        await eventually(lambda: receiver.refused == 2)
    assert not (office.state / FILE).exists()
    async with office.open(receiver.json):
        office.refused()
        await eventually(lambda: receiver.titles == ["Trakt: sign-in needed"])


async def test_a_target_that_fails_is_one_warning_and_is_tried_again(
    office: Office, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.refusals = 3
    async with office.open(receiver.json, receiver.refusing, pauses=(0.0, 0.0, 0.0, 0.0)):
        await eventually(lambda: len(receiver.taken) == 2)
    assert receiver.refused == 3
    assert receiver.titles == ["Trakt: sign-in needed"] * 2
    said = [record.message for record in caplog.records if "notification" in record.message]
    assert said == ["notification: target 2 (json) answered with HTTP status 507"]


async def test_well_again_is_forgotten_even_if_nobody_could_be_told(office: Office, receiver: Receiver) -> None:
    async with office.open(receiver.json):
        await eventually((office.state / FILE).exists)
    office.signs_in()
    async with office.open(receiver.refusing):
        await eventually(lambda: office.kept == b"{}")
    assert receiver.refused == 1


async def test_a_memory_that_makes_no_sense_or_cannot_be_kept_stops_nothing(
    office: Office, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    office.state.mkdir()
    (office.state / FILE).write_text('{"default": ["hunger"]}')
    (office.state / FILE).with_suffix(".new").mkdir()
    async with office.open(receiver.json):
        await eventually(lambda: receiver.titles == ["Trakt: sign-in needed"])
        await eventually(lambda: f"{FILE} cannot be written: Is a directory; it may be said again" in caplog.text)
        office.signs_in()
        await eventually(lambda: receiver.titles[1:] == ["Trakt: signed in"])


def unknown(entry: int) -> Unmatched:
    return Unmatched(entry=entry, account="default", label=f"Film {entry}")


async def test_a_watch_that_was_not_recognised_is_said_once_over_restarts(office: Office, receiver: Receiver) -> None:
    office.signs_in()
    async with office.open(receiver.json):
        office.notifier.unmatched(unknown(7))
        office.notifier.unmatched(unknown(7))
        await eventually(lambda: receiver.titles == ["Trakt: not recognised"])
        assert receiver.taken[0]["message"] == (
            "Film 7 (default) was not recognised. Run `scrobbler fix 7` to say what it is."
        )
        await eventually(lambda: (office.state / FILE).exists() and office.kept == b'{"":[7]}')
    async with office.open(receiver.json):
        office.notifier.still_unmatched(unknown(7), unknown(8))
        await eventually(lambda: len(receiver.titles) == 2)
        assert str(receiver.taken[1]["message"]).startswith("Film 8 ")
        await eventually(lambda: office.kept == b'{"":[7,8]}')
    async with office.open(receiver.json):
        office.notifier.still_unmatched(unknown(8))
        office.notifier.closed("default", "The Trakt account is locked")
        await eventually(lambda: office.kept == b'{"default":["closed"],"":[8]}')
    assert len(receiver.titles) == 3


async def test_those_that_come_in_a_row_are_one_notice(office: Office, receiver: Receiver) -> None:
    office.signs_in()
    async with office.open(receiver.json):
        office.notifier.unmatched(*map(unknown, range(1, 6)))
        await eventually(lambda: len(receiver.titles) == 1)
        assert receiver.taken[0]["message"] == (
            "Film 1 (default), Film 2 (default), Film 3 (default) and 2 more were not recognised."
            " Run `scrobbler fix 1` to say what it is."
        )


async def test_a_target_that_did_not_take_it_is_told_again(office: Office, receiver: Receiver) -> None:
    office.signs_in()
    async with office.open(receiver.refusing, pauses=(0.01,)):
        office.notifier.unmatched(unknown(7))
        await eventually(lambda: receiver.refused == 2)
    assert not (office.state / FILE).exists()


async def test_without_a_target_nothing_is_said(office: Office) -> None:
    async with office.open():
        office.notifier.closed("default", "The Trakt account is locked")
        office.notifier.closed("default", None)
    assert not (office.state / FILE).exists()


@needs_bus
async def test_a_refused_sign_in_is_on_the_desktop(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office.signs_in()
    with session() as bus, desktop(bus) as shows:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", bus)
        async with office.open("desktop"):
            office.refused()
            await eventually(lambda: [title for title, _, _ in shows.shown] == ["Trakt: sign-in needed"])
            office.signs_in()
            await eventually(lambda: [title for title, _, _ in shows.shown][1:] == ["Trakt: signed in"])
