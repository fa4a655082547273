"""``scrobbler undo``: a wrong watch is taken out of Trakt's history, agent or none, and never by accident."""

import json
import os
import pty
import subprocess
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cli_process import PATIENCE, PROGRAM, complaint, configured, eventually, ran, running
from double import Double, Served
from playbook import HEAT, T0, TRON
from queued import claimed, kept, opened

from scrobbler.events import Ids, Media, MediaKind, Show
from scrobbler.sandbox import FaultKind, Sandbox
from scrobbler.state.entry import Removal
from scrobbler.state.plays import How, Play
from scrobbler.state.snapshot import look
from scrobbler.trakt.wire import Item


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return configured(tmp_path, more="[accounts.marta]\n")


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


def watched(
    state: Path, media: Any, *, hours: float = 0, account: str = "default", history_id: int | None = 77
) -> None:
    """A watch that Trakt has, so many hours later than the first."""
    kept(state, media, account=account)
    with opened(state) as store:
        entry = claimed(store, account)
        at = T0 + timedelta(hours=hours)
        play = Play(
            account=account,
            sitting=f"{entry.id}",
            media=media,
            watched_at=at,
            delivered_at=at,
            history_id=history_id,
            how=How.SCROBBLED,
            told=entry.scrobble,
            item=msgspec.json.encode({"kind": "movie", "ids": {"imdb": media.ids.imdb}}).decode(),
        )
        store.deliver(entry, play).result(10)


OFICE = Media(path="/series/The Ofice s01e01.mkv", title="The Ofice s01e01.mkv")
OFFICE = Item(kind=MediaKind.EPISODE, show=Show(title="The Office", year=2005), season=1, number=1)


def identified(state: Path, item: Item | None) -> None:
    """A watch of a file with a wrong name, of which Trakt has the item."""
    kept(state, OFICE)
    with opened(state) as store:
        entry = claimed(store)
        play = Play(
            account="default",
            sitting="one",
            media=OFICE,
            watched_at=T0,
            delivered_at=T0,
            history_id=77,
            how=How.SCROBBLED,
            told=entry.scrobble,
            item=None if item is None else msgspec.json.encode(item).decode(),
        )
        store.deliver(entry, play).result(10)


@pytest.mark.parametrize(
    ("item", "name"),
    [
        (OFFICE, "The Office S01E01"),
        (None, "The Ofice s01e01.mkv"),
        (Item(kind=MediaKind.EPISODE, ids=Ids(tvdb=7)), "The Ofice s01e01.mkv"),
        (Item(kind=MediaKind.EPISODE, title="Pilot"), "The Ofice s01e01.mkv"),
    ],
    ids=["named", "unknown", "only ids", "only the episode"],
)
def test_a_watch_is_called_as_trakt_calls_it_where_that_is_known(
    item: Item | None, name: str, file: Path, state: Path
) -> None:
    identified(state, item)
    assert f"default  {name}, scrobbled" in undo(file, "--list")
    assert f"Watched   {name}, 20 Nov" in ran("status", "--config", file).stdout
    assert [one["item"] for one in json.loads(undo(file, "--list", "--json"))] == [name]
    assert undo(file, "--yes").startswith(f"1  {name}, 20 Nov 20:00, waits")
    assert f"remove {name}; waits" in ran("queue", "--config", file).stdout
    assert f"What      remove {name}, takes a watch back" in ran("queue", "show", "2", "--config", file).stdout
    assert f"Waiting   remove {name}, 20 Nov" in ran("status", "--config", file).stdout
    assert f"2  remove {name} was dropped" in ran("queue", "drop", "--yes", "2", "--config", file).stdout


def undo(file: Path, *words: str) -> str:
    done = ran("undo", *words, "--config", file)
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout


def on_a_terminal(file: Path, answer: bytes, *words: str) -> tuple[int, str, str]:
    """As somebody types it who is asked."""
    master, slave = pty.openpty()
    with subprocess.Popen(
        [*PROGRAM, "undo", *words, "--config", str(file)],
        stdin=slave,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        os.write(master, answer)
        said, asked = process.communicate(timeout=PATIENCE)
    os.close(slave)
    os.close(master)
    return process.returncode, said, asked


def test_the_last_watch_is_meant_and_asked_about(file: Path, state: Path) -> None:
    watched(state, HEAT, hours=2)
    watched(state, TRON)
    status, said, asked = on_a_terminal(file, b"n\n")
    assert (status, said) == (1, "")
    assert "1  20 Nov 22:00  default  Heat (1995), scrobbled\n" in asked
    assert "Remove it from Trakt's history? [y/N]" in asked
    assert asked.endswith("scrobbler: nothing was undone\n")
    status, said, _ = on_a_terminal(file, b"y\n")
    assert status == 0
    assert said == (
        "1  Heat (1995), 20 Nov 22:00, waits in the queue to be removed (entry 3),"
        " and is removed when the agent runs: `scrobbler run`\n"
    )
    (entry,) = look(state).waiting
    assert (entry.removes, entry.scrobble.media) == (Removal(play=1, history_id=77), HEAT)


def test_without_a_terminal_it_asks_for_a_yes_and_says_what_is_meant(file: Path, state: Path) -> None:
    watched(state, HEAT)
    assert complaint(ran("undo", "--config", file), 2) == (
        "say --yes to undo: 1 20 Nov 20:00 default Heat (1995), scrobbled"
    )
    assert look(state).waiting == ()


def test_the_last_watch_of_one_account(file: Path, state: Path) -> None:
    watched(state, HEAT, account="marta")
    watched(state, TRON, hours=1)
    assert undo(file, "--yes", "--account", "marta").startswith("1  Heat (1995), ")
    assert "there is no account 'mara'" in complaint(ran("undo", "--account", "mara", "--config", file), 2)


def test_plays_are_named_as_they_are_shown(file: Path, state: Path) -> None:
    watched(state, HEAT)
    watched(state, TRON, hours=1)
    assert undo(file, "--list") == (
        "2  20 Nov 21:00  default  TRON: Legacy (2010), scrobbled\n1  20 Nov 20:00  default  Heat (1995), scrobbled\n"
    )
    assert "Watched   TRON: Legacy (2010), 20 Nov 21:00, scrobbled, play 2" in ran("status", "--config", file).stdout
    assert len(undo(file, "--yes", "#1", "2", "1").splitlines()) == 2
    lines = undo(file, "--list").splitlines()
    assert all("; undone " in line for line in lines)
    assert "Undone    Heat (1995), 20 Nov 20:00, scrobbled, play 1" in ran("status", "--config", file).stdout
    assert "play 1, Heat (1995), was undone " in complaint(ran("undo", "--yes", "1", "--config", file), 2)
    assert complaint(ran("undo", "--yes", "--config", file), 1) == "there is no watch to be undone"


def test_what_is_no_play_is_said_to_be_none(file: Path, state: Path) -> None:
    assert undo(file, "--list") == "Nothing was watched yet.\n"
    assert json.loads(undo(file, "--list", "--json")) == []
    assert not state.exists()
    kept(state, HEAT)
    said = complaint(ran("undo", "--yes", "1", "--config", file), 2)
    assert said.endswith("it is an entry of the queue: `scrobbler queue drop 1`")
    assert "`scrobbler undo --list`" in complaint(ran("undo", "--yes", "9", "--config", file), 2)


def test_a_last_watch_that_is_not_at_trakt_yet_is_not_confused_with_the_one_before(file: Path, state: Path) -> None:
    watched(state, HEAT, hours=-1)
    kept(state, TRON)
    assert complaint(ran("undo", "--yes", "--config", file), 1) == (
        "the last watch, TRON: Legacy (2010), is not at Trakt yet: `scrobbler queue drop 2` forgets it"
    )
    assert undo(file, "--yes", "1").startswith("1  Heat (1995), ")


def test_the_keys_for_programs_are_always_the_same(file: Path, state: Path) -> None:
    watched(state, HEAT)
    assert json.loads(undo(file, "--list", "--json")) == [
        {
            "play": 1,
            "account": "default",
            "item": "Heat (1995)",
            "watched_at": "2026-11-20T20:00:00+00:00",
            "how": "scrobbled",
            "history_id": 77,
            "undone_at": None,
        }
    ]
    assert json.loads(undo(file, "--yes", "--json")) == {
        "plays": [
            {
                "play": 1,
                "entry": 2,
                "item": "Heat (1995)",
                "state": "waiting",
                "reason": None,
                "running": False,
            }
        ],
        "left": [],
    }


def at_a_sandbox(tmp_path: Path, served: Served, stack: ExitStack) -> tuple[Double, Path]:
    sandbox = Sandbox()
    double = Double(sandbox, served.open(stack, sandbox.app))
    double.tokens(tmp_path / "state")
    return double, configured(tmp_path, double.url)


def in_the_history(double: Double) -> int:
    """A play at Trakt; its id."""
    world = double.sandbox.world
    movie = world.catalogue.movie("tt0113277")
    assert movie is not None
    return world.account("default").scrobble(movie, T0).id


def test_a_running_agent_removes_it_at_once_and_it_says_so(tmp_path: Path, served: Served) -> None:
    with ExitStack() as stack:
        double, file = at_a_sandbox(tmp_path, served, stack)
        watched(tmp_path / "state", HEAT, history_id=in_the_history(double))
        with running("run", "--config", file) as agent:
            agent.says("watching mpv")
            assert undo(file, "--yes") == "1  Heat (1995), 20 Nov 20:00, was removed from Trakt\n"
            assert double.history() == []
            assert agent.end() == 0


def test_in_an_outage_it_says_that_it_waits_and_why(tmp_path: Path, served: Served) -> None:
    with ExitStack() as stack:
        double, file = at_a_sandbox(tmp_path, served, stack)
        double.fault(FaultKind.STATUS, status=503, path="/sync/*", times=1)
        watched(tmp_path / "state", HEAT, history_id=in_the_history(double))
        with running("run", "--config", file) as agent:
            agent.says("watching mpv")
            said = undo(file, "--yes")
            assert said.startswith("1  Heat (1995), 20 Nov 20:00, waits in the queue to be removed (entry 2): Trakt ")
            eventually(lambda: double.history() == [])
            assert agent.end() == 0


def test_what_cannot_be_removed_is_said_and_the_queue_shows_it(tmp_path: Path, served: Served) -> None:
    with ExitStack() as stack:
        _, file = at_a_sandbox(tmp_path, served, stack)
        watched(tmp_path / "state", HEAT, history_id=None)
        with running("run", "--config", file) as agent:
            agent.says("watching mpv")
            done = ran("undo", "--yes", "--config", file)
            assert done.returncode == 1
            assert "could not be removed (entry 2 of the queue): Trakt's history has no play of " in done.stdout
            assert "takes a watch back" in ran("queue", "show", "2", "--config", file).stdout
            assert agent.end() == 0
