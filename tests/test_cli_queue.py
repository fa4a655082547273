"""``scrobbler queue``: what waits and what was set aside, and what the user wants done with it, agent or none."""

import json
import os
import pty
import re
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cli_process import PATIENCE, PROGRAM, Running, complaint, configured, eventually, ran, running
from double import Double, Served
from playbook import HEAT, KEY, T0, TRON
from queued import UNKNOWN, claimed, kept, opened, said

from scrobbler import lock
from scrobbler.events import Ids, Media, MediaKind
from scrobbler.identify.match import Candidate
from scrobbler.machine.scrobble import Action
from scrobbler.machine.session import Session
from scrobbler.sandbox import FaultKind, Sandbox
from scrobbler.state.decisions import What, about
from scrobbler.state.entry import Failure
from scrobbler.state.snapshot import decisions, look
from scrobbler.trakt.wire import Item

AMELIE = Media(title="Le Fabuleux Destin d'Amélie Poulain", year=2001, path="/films/Am\x1b[31mélie.mkv")
NOTHING = "Nothing waits, and nothing was set aside.\n"


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return configured(tmp_path)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


def queue(file: Path, *words: str) -> str:
    """What ``scrobbler queue`` says where all is well."""
    done = ran("queue", *words, "--config", file)
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout


def known(file: Path, *words: str) -> Any:
    return json.loads(queue(file, *words, "--json"))


def failed(state: Path) -> None:
    """The next entry fails, and is tried again in a minute."""
    with opened(state) as store:
        failure = Failure(
            at=T0,
            reason="Trakt answered 503",
            until=T0,
            next_at=T0 + timedelta(days=36_500),
            uncertain=True,
            own=True,
        )
        store.fail(claimed(store), failure).result(10)


def test_an_empty_queue_says_so_and_leaves_nothing_behind(file: Path, state: Path) -> None:
    assert queue(file) == queue(file, "list") == queue(file, "retry", "--all") == NOTHING
    assert known(file, "list") == []
    assert known(file, "retry", "--all") == {"entries": [], "left": []}
    assert not state.exists()


def test_each_entry_has_its_line_oldest_first(file: Path, state: Path) -> None:
    kept(state, HEAT, aside=True)
    kept(state, TRON)
    failed(state)
    kept(state, AMELIE)
    assert (
        queue(file, "list")
        == queue(file)
        == (
            f"1  20 Nov 20:00  default  stop Heat (1995); set aside: {UNKNOWN}\n"
            "2  20 Nov 20:00  default  stop TRON: Legacy (2010); waits, failed once, next try 27 Oct 20:00: "
            "Trakt answered 503\n"
            "3  20 Nov 20:00  default  stop Le Fabuleux Destin d'Amélie Poulain (2001); waits\n"
        )
    )


def test_the_keys_for_programs_are_always_the_same(file: Path, state: Path) -> None:
    kept(state, HEAT, aside=True)
    kept(state, TRON)
    aside, waiting = known(file, "list")
    assert aside == {
        "entry": 1,
        "account": "default",
        "action": "stop",
        "item": "Heat (1995)",
        "at": "2026-11-20T20:00:00+00:00",
        "attempts": 1,
        "not_before": "2026-11-20T20:00:00+00:00",
        "reason": UNKNOWN,
        "state": "aside",
        "watch": True,
        "next_at": None,
        "unmatched": False,
    }
    assert list(waiting) == list(aside)
    assert (waiting["state"], waiting["next_at"], waiting["reason"]) == ("waiting", "2026-11-20T20:00:00+00:00", None)
    more = ["session", "path", "ids", "began_at", "position_s", "duration_s"]
    more += ["since", "failing_since", "uncertain", "candidates", "decisions"]
    assert list(known(file, "show", "1")) == [*aside, *more]


def test_what_was_not_recognised_is_shown_with_what_it_may_be_and_how_to_say_it(file: Path, state: Path) -> None:
    kept(state, AMELIE)
    heat = Candidate(item=Item(kind=MediaKind.MOVIE, title="Heat", year=1995), score=0.5, why="another year")
    written = msgspec.json.encode((heat,)).decode()
    with opened(state) as store:
        store.set_aside(claimed(store), "which one?", candidates=written).result(10)
    lines = queue(file, "show", "1").splitlines()
    assert "Is it     1  Heat (1995), another year" in lines
    assert "To do     scrobbler fix 1, or scrobbler queue drop 1" in lines
    (told,) = known(file, "show", "1")["candidates"]
    assert (told["pick"], told["item"], told["why"]) == (1, "Heat (1995)", "another year")
    assert known(file, "list")[0]["unmatched"] is True


def test_candidates_that_make_no_sense_are_none(file: Path, state: Path) -> None:
    kept(state, HEAT)
    with opened(state) as store:
        store.set_aside(claimed(store), "which one?", candidates="{oops").result(10)
    assert known(file, "show", "1")["candidates"] == []


def test_all_about_one_entry_is_shown_with_what_was_decided(file: Path, state: Path) -> None:
    with opened(state) as store:
        film = msgspec.structs.replace(AMELIE, ids=Ids(imdb="tt0211915", tmdb=194))
        heard = about(KEY, "default", T0, What.HEARD, "mpv: play at 0:00 of Amélie")
        other = about(KEY, "default", T0 - timedelta(hours=1), What.HEARD, "mpv: play at 0:00 of Heat")
        store.keep(Session(key=KEY, account="default"), [said(film)], T0, idle=False, noted=[other, heard]).result(10)
    failed(state)
    with opened(state) as store:
        note = about(KEY, "default", T0, What.ASIDE, "stop Amélie was set aside: no", entry=1)
        store.set_aside(claimed(store), "no", note, uncertain=True).result(10)
    assert queue(file, "show", "#1").splitlines() == [
        "Entry     1, in the queue since 20 Nov 20:00",
        "What      stop Le Fabuleux Destin d'Amélie Poulain (2001), counts as watched",
        "Account   default",
        "When      20 Nov 20:00, at 1:35 of 1:40 (95 %)",
        "Player    mpv/4711",
        "File      /films/Am\ufffd[31mélie.mkv",
        "Ids       imdb tt0211915, tmdb 194",
        "State     set aside",
        "Reason    no",
        "Note      Trakt may have it already: its history is looked at before it is sent again",
        "To do     scrobbler queue retry 1, or scrobbler queue drop 1",
        "Log       20 Nov 20:00:00  heard      mpv: play at 0:00 of Amélie",
        f"Log       20 Nov 20:00:00  waiting    stop {AMELIE.label()} waits: Trakt answered 503",
        "Log       20 Nov 20:00:00  aside      stop Amélie was set aside: no",
    ]
    assert [one["what"] for one in known(file, "show", "1")["decisions"]] == ["heard", "waiting", "aside"]


def test_what_is_no_watch_and_has_no_name_is_shown_as_well(file: Path, state: Path) -> None:
    with opened(state) as store:
        start = msgspec.structs.replace(said(Media(), Action.START), position=None, duration=None)
        store.keep(Session(key=KEY, account="default"), [start], T0, idle=False).result(10)
    shown = queue(file, "show", "1")
    assert "What      start something without a name, counts for nothing\n" in shown
    assert "When      20 Nov 20:00\n" in shown
    assert "File" not in shown


@pytest.mark.parametrize(
    ("words", "complaint_"),
    [
        (("show", "8"), "there is no entry 8: in the queue are 1, 2; `scrobbler log` tells what left it"),
        (("retry", "1", "x", "8"), "there is no entry x, 8: in the queue are 1, 2; `scrobbler log` tells what left it"),
        (("drop", "--yes", "99999999999999999999"), "there is no entry 99999999999999999999: in the queue are 1, 2"),
        (("drop", "1", "2"), "what is dropped never gets to Trakt: say --yes to drop 1, 2"),
    ],
)
def test_a_mistake_is_one_line_and_changes_nothing(
    words: tuple[str, ...], complaint_: str, file: Path, state: Path
) -> None:
    kept(state, HEAT, TRON, aside=True)
    before = look(state)
    assert complaint(ran("queue", *words, "--config", file), 2).startswith(complaint_)
    assert look(state) == before


def test_of_many_entries_a_mistake_names_the_first(file: Path, state: Path) -> None:
    kept(state, *(Media(title=f"Film {number}") for number in range(12)), aside=True)
    words = complaint(ran("queue", "show", "99", "--config", file), 2)
    assert "in the queue are 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 2 more;" in words


def test_an_empty_queue_has_no_entry(file: Path) -> None:
    assert "there is no entry 1: the queue is empty" in complaint(ran("queue", "show", "1", "--config", file), 2)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("lst",), "Error: There is no command 'lst': did you mean list?"),
        (("fly",), "Error: There is no command 'fly': there are: list, show, retry, drop."),
        (("retry",), "Error: Name the entries, or --all."),
        (("retry", "--all", "1"), "Error: Either IDs or --all, not both."),
        (("drop",), "Error: Missing argument 'ID [ID]...'."),
        (("show",), "Error: Missing argument 'ID'."),
        (("retry", "-x"), "Error: No such option '-x'."),
    ],
)
def test_a_mistyped_command_says_what_is_allowed(words: tuple[str, ...], line: str, file: Path) -> None:
    done = ran("queue", *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[-1] == line


def test_without_an_agent_the_command_does_it_and_says_when_it_is_tried(file: Path, state: Path) -> None:
    kept(state, HEAT, TRON, aside=True)
    assert queue(file, "retry", "2", "2") == (
        "2  stop TRON: Legacy (2010) is tried again when the agent runs: `scrobbler run`\n"
    )
    assert [entry.id for entry in look(state).waiting] == [2]
    assert known(file, "drop", "--yes", "1") == {
        "entries": [{"id": 1, "account": "default", "label": "stop Heat (1995)"}],
        "left": [],
    }
    assert look(state).aside == ()
    assert queue(file, "drop", "-y", "2") == "2  stop TRON: Legacy (2010) was dropped\n"
    assert [one.what for one in decisions(state)] == [What.RETRIED, What.DROPPED, What.DROPPED]


def test_thousands_are_tried_again_at_once(file: Path, state: Path) -> None:
    with opened(state) as store:
        films = [said(Media(title=f"Film {number}")) for number in range(1001)]
        store.keep(Session(key=KEY, account="default"), films, T0, idle=False).result(30)
    assert len(known(file, "retry", "--all")["entries"]) == 1001


# A terminal


@contextmanager
def asked(file: Path, *words: str) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """The command on a terminal, and the user's end of it."""
    ours, theirs = pty.openpty()
    command = [*PROGRAM, "queue", *words, "--config", str(file)]
    process = subprocess.Popen(command, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    os.close(theirs)
    with process:
        try:
            yield ours, process
        finally:
            process.kill()
            os.close(ours)


@pytest.mark.parametrize(
    ("answer", "status", "left", "words"),
    [
        (b"y\n", 0, [], "1  stop Heat (1995) was dropped"),
        (b"n\n", 1, [1, 2], "scrobbler: nothing was dropped"),
        (b"\n", 1, [1, 2], "scrobbler: nothing was dropped"),
    ],
)
def test_on_a_terminal_it_asks(
    answer: bytes, status: int, left: list[int], words: str, file: Path, state: Path
) -> None:
    kept(state, HEAT, TRON, aside=True)
    with asked(file, "drop", "1", "2") as (terminal, process):
        os.write(terminal, answer)
        out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == status
    assert f"1  20 Nov 20:00  default  stop Heat (1995); set aside: {UNKNOWN}" in err.decode()
    assert "2 watches are lost by this. Drop them? [y/N]: " in err.decode()
    assert words in (out + err).decode()
    assert [entry.id for entry in look(state).aside] == left


@pytest.mark.parametrize(
    ("action", "words"),
    [(Action.STOP, "A watch is lost by this. Drop it?"), (Action.PAUSE, "No watch is lost. Drop it?")],
)
def test_it_says_what_is_lost(action: Action, words: str, file: Path, state: Path) -> None:
    with opened(state) as store:
        position = 95.0 if action is Action.STOP else 50.0
        store.keep(Session(key=KEY, account="default"), [said(HEAT, action, position)], T0, idle=False).result(10)
    with asked(file, "drop", "1") as (terminal, process):
        os.write(terminal, b"n\n")
        _, err = process.communicate(timeout=PATIENCE)
    assert words in err.decode()


# Beside a running agent


@contextmanager
def at_home(tmp_path: Path, served: Served) -> Iterator[tuple[Path, Double, ExitStack]]:
    """A configuration for a sandbox that somebody is signed in to."""
    with ExitStack() as stack:
        sandbox = Sandbox()
        double = Double(sandbox, served.open(stack, sandbox.app))
        double.tokens(tmp_path / "state")
        yield configured(tmp_path, double.url), double, stack


def started(stack: ExitStack, file: Path) -> Running:
    agent = stack.enter_context(running("run", "--config", file))
    agent.says("watching mpv")
    return agent


def test_a_retry_reaches_trakt_at_once(tmp_path: Path, served: Served) -> None:
    with at_home(tmp_path, served) as (file, double, stack):
        kept(tmp_path / "state", HEAT, aside=True)
        agent = started(stack, file)
        assert queue(file, "retry", "1") == "1  stop Heat (1995) is tried again\n"
        eventually(lambda: [title for title, _ in double.history()] == ["Heat"])
        eventually(lambda: look(tmp_path / "state").plays)
        assert queue(file) == NOTHING
        assert "stop Heat (1995) is tried again, as the user wants" in agent.said
        assert agent.end() == 0


def test_a_retry_ends_a_backoff(tmp_path: Path, served: Served) -> None:
    with at_home(tmp_path, served) as (file, double, stack):
        double.fault(FaultKind.STATUS, status=503, times=None)
        kept(tmp_path / "state", HEAT)
        started(stack, file)
        eventually(lambda: [entry.attempts for entry in look(tmp_path / "state").waiting] == [3])
        assert "stop Heat (1995); waits, failed 3 times, next try" in queue(file)
        double.sandbox.faults.clear()
        queue(file, "retry", "--all")
        eventually(lambda: [title for title, _ in double.history()] == ["Heat"])


def test_what_is_dropped_never_arrives(tmp_path: Path, served: Served) -> None:
    with at_home(tmp_path, served) as (file, double, stack):
        kept(tmp_path / "state", HEAT, aside=True)
        agent = started(stack, file)
        assert queue(file, "drop", "--yes", "1") == "1  stop Heat (1995) was dropped\n"
        assert agent.end() == 0
        assert double.history() == []
        assert look(tmp_path / "state").aside == ()


def test_what_is_being_sent_is_left_alone(tmp_path: Path, served: Served) -> None:
    with at_home(tmp_path, served) as (file, double, stack):
        double.fault(FaultKind.DELAY, delay_s=15.0)
        kept(tmp_path / "state", HEAT)
        agent = started(stack, file)
        eventually(lambda: "is being sent" in queue(file))
        for words in (("retry", "1"), ("drop", "--yes", "1")):
            said_ = complaint(ran("queue", *words, "--config", file), 1)
            assert said_ == "1 is being sent just now: look again in a moment"
        assert queue(file, "retry", "--all") == NOTHING
        agent.process.kill()
        agent.process.wait()
        assert "stop Heat (1995); was being sent when the agent ended\n" in queue(file)
        assert "State     was being sent when the agent ended\n" in queue(file, "show", "1")
        assert queue(file, "drop", "-y", "1") == "1  stop Heat (1995) was dropped\n"


def test_what_left_meanwhile_is_said_to_have_left(tmp_path: Path, file: Path, state: Path) -> None:
    kept(state, HEAT, aside=True)
    with asked(file, "drop", "1") as (terminal, process):
        assert process.stderr is not None
        shown = b""
        while b"[y/N]" not in shown:
            shown += os.read(process.stderr.fileno(), 1000)
        queue(file, "drop", "--yes", "1")
        os.write(terminal, b"y\n")
        _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert err.decode().endswith("scrobbler: 1 left the queue meanwhile: `scrobbler log` tells how\n")


def test_an_agent_of_another_user_refuses_in_one_line(tmp_path: Path, file: Path, state: Path) -> None:
    """As it is answered to root in a container, whose agent runs as somebody else."""
    kept(state, HEAT, aside=True)
    script = (
        "import asyncio, sys\nfrom pathlib import Path\n"
        "from scrobbler import lock\nfrom scrobbler.control import channel\n"
        "async def main(folder):\n"
        "    async with channel.answering(folder, None, user=4711):\n"
        "        print('listening', flush=True)\n        await asyncio.Event().wait()\n"
        "folder = Path(sys.argv[1])\n"
        "with lock.held(folder): asyncio.run(main(folder))\n"
    )
    command = [PROGRAM[0], "-c", script, str(state)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        try:
            words = complaint(ran("queue", "retry", "1", "--config", file), 1)
            assert words == "the agent belongs to another user (uid 4711): run this as that user"
            assert lock.holder(state) == other.pid
        finally:
            other.kill()


def test_the_help_of_each_command_shows_examples() -> None:
    for name in ("list", "show", "retry", "drop"):
        done = ran("queue", name, "--help")
        assert re.search(rf"Examples:\n +scrobbler queue {name}.*\n +scrobbler queue {name}.* --", done.stdout)
