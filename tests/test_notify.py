"""What needs the user is said where he is: once, until it is mended, and without anybody having to wait for it."""

import asyncio
import shutil
import threading
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

from scrobbler.adapters import Line
from scrobbler.errors import ConfigError
from scrobbler.notices.gathering import Watch
from scrobbler.notices.kind import NEEDED, Kind, named
from scrobbler.notices.lines import Lines
from scrobbler.notices.notice import How, Notice, Outcome, check, send
from scrobbler.notices.notify import FILE, Notifier
from scrobbler.notices.post import Post
from scrobbler.notices.target import Targets
from scrobbler.state.decisions import Note, What
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
        self.says = named([NEEDED])
        self.lines: Lines | None = None
        self.moved: str | None = None
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

    def decided(self, what: What, *entries: int, words: str = "", source: str = "plex") -> None:
        """It is on the disk, as the store's thread says."""
        notes = [
            Note(
                at=self.clock(),
                what=what,
                words=words,
                account="default",
                source=source,
                entry=entry,
                label=f"Film {entry}",
            )
            for entry in entries
        ]
        threading.Thread(target=self.notifier.hear, args=(notes,)).start()

    @property
    def kept(self) -> bytes:
        return (self.state / FILE).read_bytes()

    @asynccontextmanager
    async def open(self, *addresses: str, pauses: tuple[float, ...] = ()) -> AsyncIterator[None]:
        """An agent runs meanwhile."""
        self.state.mkdir(exist_ok=True)
        self.invitation = Invitation(self.double.app, self.file, self.clock)
        post = Post(Targets(addresses=addresses), pauses=pauses)
        self.notifier = Notifier(post, self.state, {"default": LOGIN}, says=self.says, lines=self.lines, gathers=0.02)
        self.notifier.trouble = self.moved
        following = asyncio.create_task(self.invitation.run())
        saying = asyncio.create_task(self.notifier.run([self.invitation]))
        await asyncio.sleep(0)
        try:
            yield
            assert not saying.done()
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


def watch(entry: int, words: str = "") -> Watch:
    return Watch(entry=entry, account="default", label=f"Film {entry}", words=words)


async def test_a_watch_that_was_not_recognised_is_said_once_over_restarts(office: Office, receiver: Receiver) -> None:
    office.signs_in()
    async with office.open(receiver.json):
        office.decided(What.UNMATCHED, 7)
        office.decided(What.UNMATCHED, 7)
        await eventually(lambda: receiver.titles == ["Trakt: not recognised"])
        assert receiver.taken[0]["message"] == (
            "Film 7 (default) was not recognised. Run `scrobbler fix 7` to say what it is."
        )
        await eventually(lambda: (office.state / FILE).exists() and office.kept == b'{"":[7]}')
    async with office.open(receiver.json):
        office.notifier.still_aside([watch(7), watch(8)], [])
        await eventually(lambda: len(receiver.titles) == 2)
        assert str(receiver.taken[1]["message"]).startswith("Film 8 ")
        await eventually(lambda: office.kept == b'{"":[7,8]}')
    async with office.open(receiver.json):
        office.notifier.still_aside([watch(8)], [])
        office.notifier.closed("default", "The Trakt account is locked")
        await eventually(lambda: office.kept == b'{"default":["closed"],"":[8]}')
    assert len(receiver.titles) == 3


async def test_what_trakt_does_not_take_is_said_with_the_reason(office: Office, receiver: Receiver) -> None:
    office.signs_in()
    async with office.open(receiver.json):
        office.notifier.still_aside([], [watch(4, "stop Film 4 was set aside: Trakt does not know this item")])
        office.decided(What.ASIDE, 5, words="stop Film 5 was set aside: Trakt does not know this item")
        await eventually(lambda: receiver.titles == ["Trakt: set aside"])
        assert receiver.taken[0]["message"] == (
            "stop Film 4 was set aside: Trakt does not know this item. So was 1 more. Run `scrobbler queue show 4`."
        )


async def test_those_that_come_in_a_row_are_one_notice(office: Office, receiver: Receiver) -> None:
    office.signs_in()
    async with office.open(receiver.json):
        office.decided(What.UNMATCHED, *range(1, 6))
        await eventually(lambda: len(receiver.titles) == 1)
        assert receiver.taken[0]["message"] == (
            "Film 1 (default), Film 2 (default), Film 3 (default) and 2 more were not recognised."
            " Run `scrobbler fix 1` to say what it is."
        )


async def test_what_never_ends_is_told_in_parts(office: Office, receiver: Receiver) -> None:
    office.signs_in()
    office.says = named(["scrobbled"])
    async with office.open(receiver.json):
        for entry in range(10_000):
            office.decided(What.WATCHED, entry)
            await asyncio.sleep(0.005)
            if receiver.titles:
                break
    assert receiver.titles[0].endswith(" watched")


async def test_each_watch_is_said_to_who_wants_it_and_to_nobody_else(office: Office, receiver: Receiver) -> None:
    office.signs_in()
    async with office.open(receiver.json):
        office.decided(What.WATCHED, 6)
        office.decided(What.UNMATCHED, 7)
        await eventually(lambda: receiver.titles == ["Trakt: not recognised"])
    office.says = named([NEEDED, "scrobbled"])
    async with office.open(receiver.json):
        office.decided(What.WATCHED, 8)
        await eventually(lambda: receiver.titles[1:] == ["Film 8: watched"])
        assert receiver.taken[1]["message"] == "Trakt has it, for the account default."
        office.decided(What.WATCHED, 9, 10)
        await eventually(lambda: receiver.titles[2:] == ["Trakt: 2 watched"])
        assert receiver.taken[2]["message"] == "Film 9 (default), Film 10 (default)."


async def test_what_is_not_asked_for_is_not_said(office: Office, receiver: Receiver) -> None:
    office.says = named(["unmatched"])
    async with office.open(receiver.json):
        office.notifier.closed("default", "The Trakt account is locked")
        office.decided(What.ASIDE, 6)
        office.decided(What.UNMATCHED, 7)
        await eventually(lambda: receiver.titles == ["Trakt: not recognised"])


class Subtitler:
    """A watcher's windows, as a third party would make them."""

    def __init__(self) -> None:
        self.words: list[str] = []

    async def caption(self, line: Line) -> bool:
        self.words.append(line.words)
        return True


async def test_what_concerns_who_sits_there_is_said_in_the_window_without_any_target(
    office: Office, clock: Clock
) -> None:
    mpv = Subtitler()
    office.lines = Lines({"mpv": mpv}, {"mpv": "default"}, {"default": LOGIN}, clock)
    speaking = asyncio.create_task(office.lines.run())
    async with office.open():
        await eventually(lambda: mpv.words == ["Trakt: nobody is signed in, run scrobbler login"])
        office.decided(What.SENT, 1)
        office.decided(What.WATCHED, 2, source="mpv")
        await eventually(lambda: mpv.words[1:] == ["Trakt: watched Film 2"])
    speaking.cancel()
    await asyncio.gather(speaking, return_exceptions=True)


async def test_a_state_file_that_could_not_be_used_is_said_without_its_folder(
    office: Office, receiver: Receiver
) -> None:
    office.signs_in()
    office.moved = f"{office.state}/state.db is damaged (no); it was kept as state.db.aside-1, and a new one was begun"
    async with office.open(receiver.json):
        await eventually(lambda: office.notifier.trouble is None)
    assert receiver.titles == ["Trakt: the state file could not be used"]
    assert str(receiver.taken[0]["message"]).startswith("state.db is damaged (no); it was kept as state.db.aside-1")


async def test_what_is_decided_after_the_end_is_nobodys_business(office: Office, receiver: Receiver) -> None:
    office.state.mkdir()

    async def made() -> Notifier:
        return Notifier(Post(Targets(addresses=(receiver.json,))), office.state, {})

    notifier = await asyncio.to_thread(asyncio.run, made())
    notifier.hear([Note(at=office.clock(), what=What.UNMATCHED, words="", entry=1)])


@pytest.mark.parametrize(
    ("words", "kinds"),
    [
        ([], set()),
        ([NEEDED], set(Kind) - {Kind.SCROBBLED}),
        ([NEEDED, "scrobbled"], set(Kind)),
        (["silent", "scrobbled"], {Kind.SILENT, Kind.SCROBBLED}),
    ],
)
def test_needed_is_all_that_need_the_user(words: list[str], kinds: set[Kind]) -> None:
    assert named(words) == kinds


async def test_a_target_that_did_not_take_it_is_told_again(office: Office, receiver: Receiver) -> None:
    office.signs_in()
    async with office.open(receiver.refusing, pauses=(0.01,)):
        office.decided(What.UNMATCHED, 7)
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
