"""``scrobbler add``: a watch is entered by hand, with its time, once, and only if it is clear what it is."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cli_process import complaint, configured, eventually, ran, running
from double import Double, Served

from scrobbler.machine.scrobble import Action
from scrobbler.sandbox import FaultKind, Sandbox
from scrobbler.state.snapshot import look


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def home(tmp_path: Path, state: Path, served: Served) -> Iterator[tuple[Path, Double]]:
    """A configuration for a sandbox that somebody is signed in to."""
    with ExitStack() as stack:
        sandbox = Sandbox()
        double = Double(sandbox, served.open(stack, sandbox.app))
        double.tokens(state)
        yield configured(tmp_path, double.url, "[accounts.marta]\n"), double


def add(file: Path, *words: str) -> str:
    done = ran("add", *words, "--config", file)
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout


AT = ("--at", "2026-01-20T20:00:00Z")


def test_without_an_agent_it_waits_for_one_and_twice_is_once(home: tuple[Path, Double], state: Path) -> None:
    file, _ = home
    assert add(file, "Heat", "(1995)", *AT) == (
        "1  Heat (1995), 20 Jan 20:00, goes to Trakt when the agent runs: `scrobbler run`\n"
    )
    assert add(file, "tt0113277", *AT) == "Heat (1995), 20 Jan 20:00, was entered before: it is entry 1 of the queue\n"
    (entry,) = look(state).waiting
    assert (entry.scrobble.action, entry.scrobble.at) == (Action.HISTORY, datetime(2026, 1, 20, 20, 0, tzinfo=UTC))


def test_a_running_agent_brings_it_to_the_history_with_its_time(home: tuple[Path, Double]) -> None:
    file, double = home
    with running("run", "--config", file) as agent:
        agent.says("watching mpv")
        assert add(file, "The Expanse s01e02", *AT).endswith(", 20 Jan 20:00, is on its way to Trakt\n")
        eventually(lambda: [at for _, at in double.history()] == [datetime(2026, 1, 20, 20, 0, tzinfo=UTC)])
        eventually(lambda: "it is play 1" in add(file, "The Expanse 1x02", *AT))
        assert agent.end() == 0
    assert len(double.history()) == 1


def test_it_is_undone_like_any_other_watch(home: tuple[Path, Double]) -> None:
    file, double = home
    with running("run", "--config", file) as agent:
        agent.says("watching mpv")
        add(file, "Heat (1995)", *AT)
        eventually(lambda: "Watched   Heat (1995)" in ran("status", "--config", file).stdout)
        assert ran("undo", "--yes", "--config", file).stdout == "1  Heat (1995), 20 Jan 20:00, was removed from Trakt\n"
        assert double.history() == []
        assert agent.end() == 0


def test_the_keys_for_programs_are_always_the_same(home: tuple[Path, Double]) -> None:
    file, _ = home
    told: dict[str, Any] = json.loads(add(file, "Heat (1995)", *AT, "--json"))
    assert told == {
        "account": "default",
        "item": "Heat (1995)",
        "watched_at": "2026-01-20T20:00:00+00:00",
        "entry": 1,
        "play": None,
        "new": True,
    }
    assert json.loads(add(file, "Heat (1995)", *AT, "--json")) == {**told, "new": False}


def test_without_a_time_it_was_just_now(home: tuple[Path, Double], state: Path) -> None:
    file, _ = home
    add(file, "Heat (1995)", "--account", "marta")
    (entry,) = look(state).waiting
    assert datetime.now(UTC) - entry.scrobble.at < timedelta(minutes=1)
    assert entry.scrobble.account == "marta"


def test_what_may_be_several_is_listed_and_nothing_is_entered(home: tuple[Path, Double], state: Path) -> None:
    file, _ = home
    done = ran("add", "Heat", *AT, "--config", file)
    assert (done.returncode, done.stdout) == (2, "")
    first, *candidates = done.stderr.splitlines()
    assert first.startswith("scrobbler: it is not clear what 'Heat' is: ")
    assert "  Heat (1995)" in [line.partition(",")[0] for line in candidates]
    assert look(state).waiting == ()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["The Expanse"], "'The Expanse' is a show: say which episode, as in `scrobbler add The Expanse s01e02`"),
        (["tt99999999"], "it is not clear what 'tt99999999' is: "),
        (["Heat (1995)", "--at", "tomorrow"], "--at 'tomorrow' is no time: such as 21:00"),
        (["Heat (1995)", "--at", "2999-01-01 20:00"], "is yet to come"),
        (["Heat (1995)", "--account", "mara"], "there is no account 'mara'"),
    ],
)
def test_a_mistake_gets_one_line_and_nothing_is_entered(
    home: tuple[Path, Double], state: Path, words: list[str], said: str
) -> None:
    file, _ = home
    assert said in complaint(ran("add", *words, "--config", file), 2)
    assert look(state).waiting == ()


def test_where_trakt_cannot_be_asked_that_is_said(home: tuple[Path, Double], state: Path) -> None:
    file, double = home
    double.fault(FaultKind.STATUS, status=503, times=None)
    said = complaint(ran("add", "Heat (1995)", "--config", file), 1)
    assert said.startswith("Trakt cannot be asked what 'Heat (1995)' is: ")
    assert look(state).waiting == ()
