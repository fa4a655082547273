"""kill -9 of a real agent while one watch takes another's place: the right one is there once, the wrong one is gone."""

import os
import signal
import subprocess
import sys
from contextlib import ExitStack, closing
from pathlib import Path

import msgspec
import pytest
from cli_process import Running, configured, eventually, running
from double import Double, Served
from playbook import HEAT, T0, TRON
from queued import claimed, kept, opened

from scrobbler.sandbox import FaultKind, Sandbox
from scrobbler.state.entry import Removal
from scrobbler.state.plays import How, Play
from scrobbler.state.snapshot import look
from scrobbler.state.store import Store
from scrobbler.trakt.wire import Item

pytestmark = [pytest.mark.crash, pytest.mark.timeout(120)]

RIGHT = msgspec.json.encode(Item(kind=TRON.kind, ids=TRON.ids)).decode()  # type: ignore[arg-type]  # it has a kind


def watched(state: Path, history_id: int | None) -> None:
    """One watch that Trakt has."""
    kept(state, HEAT)
    with opened(state) as store:
        entry = claimed(store)
        play = Play(
            account="default",
            sitting="one",
            media=HEAT,
            watched_at=T0,
            delivered_at=T0,
            history_id=history_id,
            how=How.SCROBBLED,
            told=entry.scrobble,
            item=msgspec.json.encode(Item(kind=HEAT.kind, ids=HEAT.ids)).decode(),  # type: ignore[arg-type]  # as above
        )
        store.deliver(entry, play).result(10)


def killed(agent: Running) -> None:
    agent.process.send_signal(signal.SIGKILL)
    agent.process.wait()


@pytest.mark.parametrize("known", [True, False], ids=["id known", "id looked up"])
@pytest.mark.parametrize("fault", [None, FaultKind.DROP_BEFORE, FaultKind.DROP_AFTER], ids=["", "before", "after"])
@pytest.mark.parametrize("moment", ["POST /sync/history/remove", "POST /sync/history", "GET /sync/history/movies"])
def test_a_kill_between_the_removal_and_the_watch_in_its_place_costs_neither(
    tmp_path: Path, served: Served, moment: str, fault: FaultKind | None, known: bool
) -> None:
    with ExitStack() as stack:
        sandbox = Sandbox()
        double = Double(sandbox, served.open(stack, sandbox.app))
        double.tokens(tmp_path / "state")
        file = configured(tmp_path, double.url)
        world = sandbox.world
        movie = world.catalogue.movie("tt0113277")
        assert movie is not None
        number = world.account("default").scrobble(movie, T0).id
        watched(tmp_path / "state", number if known else None)
        with opened(tmp_path / "state") as store:
            store.changes.replace(1, TRON, T0, item=RIGHT).result(10)
        if fault is not None:
            method, _, path = moment.partition(" ")
            double.fault(fault, method=method, path=path)
        with running("run", "--config", file) as agent:
            eventually(lambda: any(call.startswith(f"{moment} ") for call in double.calls()))
            killed(agent)
        with running("run", "--config", file) as agent:
            agent.says("watching")  # the first may have done it all
            eventually(lambda: not look(tmp_path / "state").waiting)
            assert agent.end() == 0
        assert double.history() == [("TRON: Legacy", T0)]
        state = look(tmp_path / "state")
        assert state.aside == ()
        assert [(play.media, play.undone_at is None) for play in state.plays] == [(TRON, True), (HEAT, False)]


@pytest.mark.parametrize("moment", range(1, 14, 2))
def test_a_kill_in_the_middle_of_the_commit_leaves_both_or_neither(tmp_path: Path, moment: int) -> None:
    watched(tmp_path, 77)
    script = (
        "import os, signal, sys; from pathlib import Path; sys.path.insert(0, 'tests')\n"
        "from playbook import T0, TRON\n"
        "from scrobbler.state.store import Store\n"
        "left = int(sys.argv[2])\n"
        "def strike(statement):\n"
        "    global left\n"
        "    left -= 1\n"
        "    if left < 0: os.kill(os.getpid(), signal.SIGKILL)\n"
        "store = Store(Path(sys.argv[1]), T0)\n"
        "store._database._connection.set_trace_callback(strike)\n"
        "store.changes.replace(1, TRON, T0).result(10)\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path), str(moment)], check=False, timeout=30, env=os.environ
    )
    assert ended.returncode == -signal.SIGKILL
    with closing(Store(tmp_path, T0)):
        state = look(tmp_path)
        removals = [entry.removes for entry in state.waiting if entry.removes is not None]
        added = [entry.scrobble.media for entry in state.waiting if entry.removes is None]
        undone = [play.undone_at is not None for play in state.plays]
        assert (removals, added, undone) in [
            ([], [], [False]),
            ([Removal(play=1, history_id=77)], [TRON], [True]),
        ]
