"""The control socket: one line in, one line out, for this user only; and no bytes of anybody harm the agent."""

import asyncio
import contextlib
import logging
import os
import socket
import stat
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import pytest
from cli_process import eventually
from conftest import Clock
from hypothesis import example, given
from hypothesis import strategies as st
from playbook import HEAT, T0, TRON
from queued import claimed, kept, opened

from scrobbler import lock
from scrobbler.control import channel as control
from scrobbler.control.channel import CONNECTIONS, LONGEST_LINE, LONGEST_PATH, NAME, answering, ask, settle
from scrobbler.control.deed import touched
from scrobbler.control.people import MapUser, Switch
from scrobbler.control.request import (
    UNTIL_OFF,
    Agreed,
    Answer,
    Correct,
    Corrected,
    Done,
    Drop,
    Enter,
    Entering,
    Forget,
    Forgotten,
    Handled,
    Hidden,
    Incognito,
    Refused,
    Removing,
    Replace,
    Replaced,
    Request,
    Retry,
    Undo,
    Undone,
    shown,
)
from scrobbler.errors import StateError
from scrobbler.events import Ids, Media
from scrobbler.household import Switched
from scrobbler.state.corrections import Correction, Film, OfFile
from scrobbler.state.decisions import What
from scrobbler.state.entry import EntryState
from scrobbler.state.people import Mapped
from scrobbler.state.plays import How, Play
from scrobbler.state.schema import FILE
from scrobbler.state.snapshot import corrected, decisions, look, mapped

pytestmark = pytest.mark.anyio
ACCOUNTS = ("default", "marta")
IS_HEAT = Correction(
    key="file /films/h.mkv",
    about=OfFile(media=Media(path="/films/h.mkv")),
    meaning=Film(title="Heat", year=1995, ids=Ids(imdb="tt0113277")),
)


class Agent:
    """Notes what it is asked for, and answers as the test says."""

    def __init__(self, answer: Answer | None = None) -> None:
        self.asked: list[Request] = []
        self.answer = answer or Hidden(accounts=("default",))
        self.error: str | None = None
        self.go_on = asyncio.Event()
        self.go_on.set()

    async def perform(self, request: Request) -> Answer:
        self.asked.append(request)
        await self.go_on.wait()
        if self.error is not None:
            raise StateError(self.error)
        return self.answer


@asynccontextmanager
async def listening(folder: Path, agent: Agent, *, user: int | None = None) -> AsyncIterator[None]:
    async with answering(folder, agent.perform, user=user):
        yield


async def said(folder: Path, line: bytes, *, end: bool = False) -> bytes:
    """What comes back for these bytes, until the agent hangs up."""
    reader, writer = await asyncio.open_unix_connection(folder / NAME)
    with contextlib.suppress(ConnectionError):
        writer.write(line)
        await writer.drain()
        if end:
            writer.write_eof()
    try:
        return await asyncio.wait_for(reader.read(), 10)
    except ConnectionError:
        return b""
    finally:
        writer.close()


def answered(reply: bytes) -> Answer:
    found: Answer = msgspec.json.decode(reply, type=Answer)
    return found


GONE = Removing(play=7, entry=8, account="default", label="Heat (1995)", watched_at=T0)
ENTERED = Entering(account="default", label="Heat (1995)", watched_at=T0, entry=9, play=None, new=True)

# The way there and back


@pytest.mark.parametrize(
    "request_",
    [
        Retry(ids=(1, 2, 2**63 - 1)),
        Drop(ids=(7,)),
        Incognito(),
        Incognito(account="marta", until=UNTIL_OFF),
        Correct(correction=IS_HEAT, ids=(7,)),
        Forget(ids=(3,)),
        Undo(plays=(7, 2**63 - 1)),
        Enter(account="default", media=HEAT, at=T0, item="{}"),
        Replace(play=7, media=TRON),
    ],
    ids=["retry", "drop", "off for all", "on for one", "correct", "forget", "undo", "enter", "replace"],
)
async def test_what_is_asked_for_arrives_and_so_does_the_answer(request_: Request, tmp_path: Path) -> None:
    answers = (
        Done(entries=(Handled(id=1, account="default", label="stop Amélie"),), left=(2,)),
        Hidden(accounts=("default",)),
        Corrected(id=3, entries=(), left=(7,)),
        Forgotten(ids=(3,), left=(4,)),
        Undone(plays=(GONE,), left=(4,)),
        Replaced(removed=GONE, added=ENTERED),
        ENTERED,
        Refused(why="no"),
    )
    for answer in answers:
        agent = Agent(answer)
        async with listening(tmp_path, agent):
            assert await asyncio.to_thread(ask, tmp_path, request_) == answer
        assert agent.asked == [request_]


async def test_the_socket_is_its_users_alone_and_goes_with_the_agent(tmp_path: Path) -> None:
    async with listening(tmp_path, Agent()):
        mode = (tmp_path / NAME).stat().st_mode
        assert stat.S_ISSOCK(mode)
        assert stat.S_IMODE(mode) == 0o600
    assert not (tmp_path / NAME).exists()


async def test_the_socket_of_a_killed_agent_is_replaced(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(os.fspath(tmp_path / NAME))
    assert (tmp_path / NAME).exists()
    async with listening(tmp_path, Agent()):
        assert isinstance(await asyncio.to_thread(ask, tmp_path, Incognito()), Hidden)


async def test_an_error_of_the_disk_is_the_answer(tmp_path: Path) -> None:
    agent = Agent()
    agent.error = "state.db cannot be written: disk full"
    async with listening(tmp_path, agent):
        assert await asyncio.to_thread(ask, tmp_path, Incognito()) == Refused(why=agent.error)


@pytest.mark.parametrize("more", [-1, 0, 1, 60, 250])
async def test_a_folder_with_a_long_name_has_a_socket_too(more: int) -> None:
    with TemporaryDirectory() as short:
        folder = Path(short)
        while missing := LONGEST_PATH + more - len(os.fsencode(folder / NAME)):
            if missing < 2:
                folder = folder.with_name(folder.name + "é"[: missing or 1])
                break
            folder /= "d" * min(missing - 1, 200)
        folder.mkdir(parents=True, exist_ok=True)
        assert len(os.fsencode(folder / NAME)) >= LONGEST_PATH + more
        agent = Agent()
        async with listening(folder, agent):
            assert stat.S_ISSOCK((folder / NAME).stat().st_mode)
            assert isinstance(await asyncio.to_thread(ask, folder, Incognito()), Hidden)
        assert not (folder / NAME).exists()


async def test_where_no_socket_can_be_the_agent_says_so_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(control, "_DESCRIPTORS", tmp_path / "no /proc on this system")
    folder = tmp_path / ("d" * 120)
    folder.mkdir()
    async with listening(folder, Agent()):
        pass
    words = f"{folder / NAME} is too long for a socket: choose a state folder with a shorter name"
    assert caplog.messages == [f"commands cannot reach this agent: {words}"]
    with pytest.raises(StateError, match="too long for a socket"):
        ask(folder, Incognito())


async def test_something_else_in_its_place_is_left_alone(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / NAME).mkdir()
    async with listening(tmp_path, Agent()):
        pass
    assert caplog.messages[0].startswith("commands cannot reach this agent: ")
    assert (tmp_path / NAME).is_dir()


# Strangers


async def test_another_user_gets_one_line_and_nothing_is_done(tmp_path: Path) -> None:
    agent = Agent()
    stranger = os.geteuid() + 1
    async with listening(tmp_path, agent, user=stranger):
        answer = await asyncio.to_thread(ask, tmp_path, Incognito())
    assert answer == Refused(why=f"the agent belongs to another user (uid {stranger}): run this as that user")
    assert agent.asked == []


async def test_where_the_system_does_not_say_who_asks_the_files_mode_must_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = Agent()
    async with listening(tmp_path, agent, user=os.geteuid() + 1):
        with monkeypatch.context() as elsewhere:
            elsewhere.setattr(sys, "platform", "darwin")
            assert isinstance(await asyncio.to_thread(ask, tmp_path, Incognito()), Hidden)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"\n", "truncated"),
        (b"what?\n", "malformed"),
        (b"[1]\n", "Expected `object`"),
        (b'{"type": "stop"}\n', "Invalid value 'stop'"),
        (b'{"type": "retry"}\n', "missing required field `ids`"),
        (b'{"type": "retry", "ids": [0]}\n', ">= 1"),
        (b'{"type": "retry", "ids": [9223372036854775808]}\n', ""),
        (b'{"type": "drop", "ids": ["7"]}\n', "Expected `int`"),
        (b'{"type": "drop", "ids": [' + b"1," * 1000 + b"1]}\n", "<= 1000"),
        (b'{"type": "incognito", "until": "2026-11-20T20:00:00"}\n', "timezone"),
        (b'{"type": "incognito", "accuont": "marta"}\n', "unknown field `accuont`"),
        (b'{"x": ' + b"[" * 60_000 + b"\n", ""),
        (b"x" * (LONGEST_LINE + 10) + b"\n", ""),
    ],
)
async def test_what_is_no_request_is_refused_in_one_line(line: bytes, words: str, tmp_path: Path) -> None:
    agent = Agent()
    async with listening(tmp_path, agent):
        reply = await said(tmp_path, line)
        assert isinstance(await asyncio.to_thread(ask, tmp_path, Incognito()), Hidden), "it lives"
    if len(line) <= LONGEST_LINE:  # who sends more may find the door shut before the answer
        refused = answered(reply)
        assert isinstance(refused, Refused)
        assert refused.why.startswith("the agent does not understand this: ")
        assert words in refused.why
        assert "\n" not in refused.why
    assert agent.asked == [Incognito()]


@given(
    st.lists(
        st.binary(max_size=200)
        | st.sampled_from(
            [b'{"type": ', b'"retry"', b', "ids": [', b"1e400", b"]}", b"\n", b"\\ud800", b"\xff", b"null"]
        ),
        max_size=8,
    )
)
@example([b'{"type": "incognito", "account": "\\ud800"}\n'])
@example([b'{"type": "incognito", "until": "9999-12-31T23:59:59-23:59"}\n'])
def test_no_bytes_crash_it(parts: list[bytes]) -> None:
    async def bombarded() -> None:
        with TemporaryDirectory() as name:
            folder = Path(name)
            agent = Agent()
            failed: list[object] = []
            asyncio.get_running_loop().set_exception_handler(lambda _, context: failed.append(context))
            async with listening(folder, agent):
                reply = await said(folder, b"".join(parts), end=True)
                assert reply.count(b"\n") <= 1
                if reply:
                    assert isinstance(answered(reply), Refused | Hidden)
                assert isinstance(await asyncio.to_thread(ask, folder, Retry(ids=(1,))), Hidden)
            assert failed == []

    asyncio.run(bombarded())


async def test_who_says_nothing_is_sent_away_after_a_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "LINE_SECONDS", 0.05)
    async with listening(tmp_path, Agent()):
        refused = answered(await said(tmp_path, b'{"type": "ret'))
        assert refused == Refused(why="the agent does not understand this: no whole line came in")
        assert await said(tmp_path, b"", end=True) == b""


async def test_who_leaves_before_the_answer_harms_nobody(tmp_path: Path) -> None:
    agent = Agent()
    agent.go_on.clear()
    async with listening(tmp_path, agent):
        _, writer = await asyncio.open_unix_connection(tmp_path / NAME)
        writer.write(b'{"type": "retry", "ids": [1]}\n')
        await until(lambda: len(agent.asked) == 1)
        writer.transport.abort()
        await asyncio.sleep(0)
        agent.go_on.set()
        assert isinstance(await asyncio.to_thread(ask, tmp_path, Incognito()), Hidden)


async def test_who_does_not_take_the_answer_is_sent_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "LINE_SECONDS", 0.5)
    agent = Agent(Refused(why="no" * 2_000_000))
    async with listening(tmp_path, agent):
        with socket.socket(socket.AF_UNIX) as peer:
            peer.connect(os.fspath(tmp_path / NAME))
            peer.sendall(b'{"type": "retry", "ids": [1]}\n')
            peer.setblocking(False)
            await until(lambda: len(agent.asked) == 1)
            agent.answer = Hidden(accounts=())
            assert isinstance(await asyncio.to_thread(ask, tmp_path, Incognito()), Hidden)


async def test_only_so_many_are_served_at_once(tmp_path: Path) -> None:
    async with listening(tmp_path, Agent()):
        crowd = [await asyncio.open_unix_connection(tmp_path / NAME) for _ in range(CONNECTIONS)]
        reader, writer = await asyncio.open_unix_connection(tmp_path / NAME)
        assert await asyncio.wait_for(reader.read(), 10) == b""
        writer.close()
        for _, one in crowd:
            one.close()

        async def answers() -> bool:
            with contextlib.suppress(StateError):
                return isinstance(await asyncio.to_thread(ask, tmp_path, Incognito()), Hidden)
            return False

        async with asyncio.timeout(10):
            while not await answers():
                pass


async def test_an_agent_that_ends_waits_for_nobody(tmp_path: Path) -> None:
    agent = Agent()
    agent.go_on.clear()
    async with listening(tmp_path, agent):
        asking = asyncio.create_task(asyncio.to_thread(ask, tmp_path, Incognito()))
        await until(lambda: len(agent.asked) == 1)
    with pytest.raises(StateError, match="the agent gave no answer"):
        await asking


# An agent that does not answer


def test_where_nobody_listens_that_is_said(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "nowhere", tmp_path / ("d" * 120)):
        with pytest.raises(StateError, match=f"nobody listens on {folder / NAME}"):
            ask(folder, Incognito())


def test_one_that_is_silent_is_given_up(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as deaf:
        deaf.bind(os.fspath(tmp_path / NAME))
        deaf.listen()
        with pytest.raises(StateError, match="the agent does not answer within 0 s: look at its log"):
            ask(tmp_path, Incognito(), patience=0.05)


def test_one_that_answers_nonsense_is_said_to_give_none(tmp_path: Path) -> None:
    def babble() -> None:
        peer, _ = listener.accept()
        with peer:
            peer.recv(1000)
            peer.sendall(b"hello\n")

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.fspath(tmp_path / NAME))
        listener.listen()
        thread = threading.Thread(target=babble)
        thread.start()
        with pytest.raises(StateError, match="the agent gave no answer: look at its log, and try again"):
            ask(tmp_path, Incognito())
        thread.join()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_socket_of_another_user_is_said_to_be_so() -> None:
    with TemporaryDirectory() as name, socket.socket(socket.AF_UNIX) as listener:
        folder = Path(name)
        folder.chmod(0o755)
        listener.bind(os.fspath(folder / NAME))
        (folder / NAME).chmod(0o600)
        listener.listen()
        os.seteuid(65534)
        try:
            with pytest.raises(StateError, match="belongs to another user: run this as that user"):
                ask(folder, Incognito())
        finally:
            os.seteuid(0)


# With an agent and without one


def test_without_an_agent_the_command_does_it_itself(tmp_path: Path, clock: Clock) -> None:
    kept(tmp_path, HEAT, TRON, aside=True)
    answer = settle(tmp_path, Retry(ids=(1, 99, 1)), ACCOUNTS, clock)
    assert answer == Done(entries=(Handled(id=1, account="default", label="stop Heat (1995)"),), left=(99,))
    assert [entry.id for entry in look(tmp_path).waiting] == [1]
    answer = settle(tmp_path, Drop(ids=(2,)), ACCOUNTS, clock)
    assert isinstance(answer, Done)
    assert look(tmp_path).aside == ()
    assert [one.what for one in decisions(tmp_path)] == [What.RETRIED, What.DROPPED]
    assert lock.holder(tmp_path) is None


def test_what_a_killed_agent_was_sending_can_be_dropped_or_tried_again_with_care(tmp_path: Path, clock: Clock) -> None:
    kept(tmp_path, HEAT)
    with opened(tmp_path) as store:
        claimed(store)
    assert look(tmp_path).waiting[0].state is EntryState.SENDING
    answer = settle(tmp_path, Retry(ids=(1,)), ACCOUNTS, clock)
    assert isinstance(answer, Done)
    assert [entry.id for entry in answer.entries] == [1]
    [entry] = look(tmp_path).waiting
    assert (entry.state, entry.uncertain) == (EntryState.WAITING, True)


def test_a_damaged_state_file_is_said_and_kept(tmp_path: Path, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / FILE).write_bytes(b"what?" * 1000)
    with caplog.at_level(logging.ERROR):
        settle(tmp_path, Incognito(until=UNTIL_OFF), ACCOUNTS, clock)
    assert "is damaged" in caplog.messages[0]
    assert look(tmp_path).incognito == dict.fromkeys(ACCOUNTS, UNTIL_OFF)


def test_a_folder_that_cannot_be_is_said_at_once(tmp_path: Path, clock: Clock) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StateError, match="cannot be used"):
        settle(tmp_path / "file" / "state", Incognito(), ACCOUNTS, clock)


async def test_with_an_agent_the_command_asks_it(tmp_path: Path, clock: Clock) -> None:
    agent = Agent()
    with lock.held(tmp_path):
        async with listening(tmp_path, agent):
            assert isinstance(await asyncio.to_thread(settle, tmp_path, Incognito(), ACCOUNTS, clock), Hidden)
    assert agent.asked == [Incognito()]


async def test_an_agent_that_only_begins_is_waited_for(tmp_path: Path, clock: Clock) -> None:
    agent = Agent()
    with lock.held(tmp_path):
        asking = asyncio.create_task(asyncio.to_thread(settle, tmp_path, Incognito(), ACCOUNTS, clock))
        await asyncio.sleep(0.1)
        async with listening(tmp_path, agent):
            assert isinstance(await asking, Hidden)


async def test_one_that_ends_is_waited_for_and_then_the_command_does_it_itself(tmp_path: Path, clock: Clock) -> None:
    with lock.held(tmp_path):
        asking = asyncio.create_task(asyncio.to_thread(settle, tmp_path, Incognito(), ACCOUNTS, clock))
        await asyncio.sleep(0.1)
    assert await asking == Hidden(accounts=ACCOUNTS)


def test_one_that_never_listens_is_named(tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "PATIENCE_SECONDS", 0.1)
    with lock.held(tmp_path), pytest.raises(StateError) as caught:
        settle(tmp_path, Incognito(), ACCOUNTS, clock)
    assert str(caught.value) == (
        f"the agent (pid {os.getpid()}) does not listen on {tmp_path / NAME}: stop it, or start it again"
    )


# Incognito


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (
            Incognito(account="mart", until=UNTIL_OFF),
            "there is no account 'mart': known are default, marta; `scrobbler accounts add mart` adds it",
        ),
        (Incognito(until=T0), "that instant is over already"),
    ],
)
def test_incognito_that_cannot_be_is_refused(request_: Request, words: str, tmp_path: Path, clock: Clock) -> None:
    assert settle(tmp_path, request_, ACCOUNTS, clock) == Refused(why=words)
    assert look(tmp_path).incognito == {}
    assert decisions(tmp_path) == ()


def test_incognito_is_kept_for_one_account_or_all(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "UTC")
    end = T0 + timedelta(hours=3)
    assert settle(tmp_path, Incognito(account="marta", until=end), ACCOUNTS, clock) == Hidden(accounts=("marta",))
    assert look(tmp_path).incognito == {"marta": end}
    assert settle(tmp_path, Incognito(until=UNTIL_OFF), ACCOUNTS, clock) == Hidden(accounts=ACCOUNTS)
    assert look(tmp_path).incognito == dict.fromkeys(ACCOUNTS, UNTIL_OFF)
    settle(tmp_path, Incognito(account="marta"), ACCOUNTS, clock)
    assert look(tmp_path).incognito == {"default": UNTIL_OFF}
    assert [one.words for one in decisions(tmp_path)] == [
        "account marta: incognito is on until 20 Nov 23:00",
        "account default: incognito is on until it is switched off",
        "account marta: incognito is on until it is switched off",
        "account marta: incognito is off",
    ]
    assert {one.what for one in decisions(tmp_path)} == {What.INCOGNITO}


def test_whose_a_player_or_a_user_is_holds_for_an_account_that_there_is(tmp_path: Path, clock: Clock) -> None:
    switch, user = Switch(players=("tv",), account="marta"), MapUser(player="plex", user="Kim", account="marta")
    assert settle(tmp_path, switch, ACCOUNTS, clock) == settle(tmp_path, user, ACCOUNTS, clock) == Agreed()
    assert look(tmp_path).switched == (Switched(player="tv", account="marta"),)
    assert mapped(tmp_path) == (Mapped(player="plex", user="Kim", account="marta"),)
    nobodys = msgspec.structs.replace(user, account="mart")
    refused = settle(tmp_path, nobodys, ACCOUNTS, clock)
    assert isinstance(refused, Refused)
    assert refused.why.startswith("there is no account 'mart': known are default, marta")
    assert [one.account for one in mapped(tmp_path)] == ["marta"]


def test_a_correction_is_kept_and_taken_back_and_what_is_gone_is_said(tmp_path: Path, clock: Clock) -> None:
    kept(tmp_path, HEAT, aside=True)
    done = settle(tmp_path, Correct(correction=IS_HEAT, ids=(1, 9, 9)), ACCOUNTS, clock)
    assert done == Corrected(id=1, entries=(Handled(id=1, account="default", label="stop Heat (1995)"),), left=(9,))
    assert [one.correction for one in corrected(tmp_path)] == [IS_HEAT]
    assert settle(tmp_path, Forget(ids=(1, 4)), ACCOUNTS, clock) == Forgotten(ids=(1,), left=(4,))
    assert corrected(tmp_path) == ()
    assert [one.words for one in decisions(tmp_path)] == [
        "corrected by the user: /films/h.mkv is Heat (1995)",
        "stop Heat (1995) is tried again, corrected by the user",
        "correction 1 was taken back by the user",
    ]


def watched(folder: Path) -> None:
    """One watch that Trakt has."""
    kept(folder, HEAT)
    with opened(folder) as store:
        play = Play(
            account="default",
            sitting="one",
            media=HEAT,
            watched_at=T0,
            delivered_at=T0,
            history_id=77,
            how=How.SCROBBLED,
        )
        store.deliver(claimed(store), play).result(10)


def test_a_play_is_undone_and_what_is_none_is_said(tmp_path: Path, clock: Clock) -> None:
    watched(tmp_path)
    gone = Removing(play=1, entry=2, account="default", label="Heat (1995)", watched_at=T0)
    assert settle(tmp_path, Undo(plays=(1, 9, 1)), ACCOUNTS, clock) == Undone(plays=(gone,), left=(9,))
    assert settle(tmp_path, Undo(plays=(1,)), ACCOUNTS, clock) == Undone(plays=(), left=(1,))
    assert [one.words for one in decisions(tmp_path)] == ["play 1, Heat (1995), was taken back by the user"]


def test_a_watch_is_entered_once_for_an_account_that_there_is_and_not_in_the_future(
    tmp_path: Path, clock: Clock
) -> None:
    enter = Enter(account="marta", media=HEAT, at=T0)
    first = settle(tmp_path, enter, ACCOUNTS, clock)
    assert first == Entering(account="marta", label="Heat (1995)", watched_at=T0, entry=1, play=None, new=True)
    assert settle(tmp_path, enter, ACCOUNTS, clock) == msgspec.structs.replace(first, new=False)
    watched(tmp_path)
    for request, words in (
        (
            msgspec.structs.replace(enter, account="mara"),
            "there is no account 'mara': known are default, marta; `scrobbler accounts add mara` adds it",
        ),
        (msgspec.structs.replace(enter, at=T0 + timedelta(minutes=2)), "that instant is yet to come"),
    ):
        assert settle(tmp_path, request, ACCOUNTS, clock) == Refused(why=words)


def test_a_watch_that_is_a_play_by_now_is_named_as_one(tmp_path: Path, clock: Clock) -> None:
    enter = Enter(account="default", media=HEAT, at=T0)
    settle(tmp_path, enter, ACCOUNTS, clock)
    with opened(tmp_path) as store:
        entry = claimed(store)
        play = Play(
            account="default",
            sitting=entry.scrobble.sitting,
            media=HEAT,
            watched_at=T0,
            delivered_at=T0,
            history_id=None,
            how=How.HISTORY,
        )
        store.deliver(entry, play).result(10)
    again = settle(tmp_path, enter, ACCOUNTS, clock)
    assert again == Entering(account="default", label="Heat (1995)", watched_at=T0, entry=None, play=1, new=False)


def test_one_watch_takes_the_place_of_a_play_that_there_is(tmp_path: Path, clock: Clock) -> None:
    watched(tmp_path)
    done = settle(tmp_path, Replace(play=1, media=TRON), ACCOUNTS, clock)
    assert isinstance(done, Replaced)
    assert (done.removed.label, done.added.label, done.added.watched_at) == ("Heat (1995)", "TRON: Legacy (2010)", T0)
    for play, words in ((1, "play 1 was undone already"), (9, "play 9 is not known")):
        refused = settle(tmp_path, Replace(play=play, media=TRON), ACCOUNTS, clock)
        assert isinstance(refused, Refused)
        assert refused.why.startswith(words)


def test_whose_entries_may_leave_after_it_is_known() -> None:
    handled = Handled(id=1, account="marta", label="")
    assert touched(Done(entries=(handled,), left=())) == touched(Corrected(id=1, entries=(handled,), left=()))
    assert touched(Undone(plays=(GONE,), left=())) == touched(ENTERED) == {"default"}
    assert touched(Replaced(removed=GONE, added=ENTERED)) == {"default"}
    assert touched(Hidden(accounts=("marta",))) == touched(Refused(why="")) == set()


def test_it_is_shown_in_words_whatever_the_clock_says() -> None:
    assert shown(None) == "off"
    assert shown(UNTIL_OFF) == shown(datetime.max.replace(tzinfo=UTC)) == "on until it is switched off"
    assert shown(T0).startswith("on until 2")


async def until(condition: object) -> None:
    assert callable(condition)
    await asyncio.to_thread(eventually, condition)
