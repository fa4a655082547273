"""Many at once whose tokens end: one renews them for all, and everybody goes on.

Run as a program, this file is fifty processes that do so: ``URL STATE NOW``.
"""

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from scrobbler.trakt.app import App
from scrobbler.trakt.client import Trakt
from scrobbler.trakt.tokens import TokenFile

if __name__ != "__main__":
    from conftest import Clock
    from double import Double
    from test_agent import living

    from scrobbler.events import Kind
    from scrobbler.sandbox import FaultKind

PROCESSES = 50
THREADS = 20
RENEWAL = "POST /oauth/token"


class Start:
    """The time as somebody reads it who has just read the tokens, and then waits for all the others to have done so."""

    def __init__(self, now: datetime, wait: Callable[[], object]) -> None:
        self._now = now
        self._wait = wait
        self._seen = threading.local()

    def __call__(self) -> datetime:
        if not hasattr(self._seen, "once"):
            self._seen.once = True
            self._wait()
        return self._now


DAYS = pytest.mark.parametrize(
    ("ours", "trakts"),
    [(6, 6), (8, 8), (1, 8)],
    ids=["they end soon", "they have ended", "our clock is behind, so Trakt refuses them"],
)


@DAYS
def test_fifty_processes_at_once_renew_once_and_all_go_on(
    tmp_path: Path, clock: "Clock", double: "Double", ours: int, trakts: int
) -> None:
    file = double.tokens(tmp_path)
    old = file.read()
    now = clock() + timedelta(days=ours)
    clock.advance(timedelta(days=trakts).total_seconds())
    done = subprocess.run(
        [sys.executable, __file__, double.url, str(tmp_path), now.isoformat()],
        capture_output=True,
        encoding="utf-8",
        timeout=40,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    calls = double.calls()
    assert [call for call in calls if call.startswith(RENEWAL)] == [f"{RENEWAL} 200"]
    assert calls.count("GET /users/settings 200") == PROCESSES
    assert calls.count("GET /users/settings 401") == (PROCESSES if ours < trakts else 0)
    assert file.read() != old


def opened(double: "Double", file: TokenFile, clock: "Clock") -> Trakt:
    """A client that has made a call, as an agent's has when its tokens end."""
    trakt = Trakt(double.app, file, now=clock)
    trakt.settings()
    return trakt


@DAYS
def test_the_threads_of_a_process_renew_once_too(
    tmp_path: Path, clock: "Clock", double: "Double", ours: int, trakts: int
) -> None:
    trakt = opened(double, double.tokens(tmp_path), clock)
    now = clock() + timedelta(days=ours)
    clock.advance(timedelta(days=trakts).total_seconds())
    together = threading.Barrier(THREADS, timeout=20)
    trakt._now = Start(now, together.wait)
    with ThreadPoolExecutor(THREADS) as threads:
        users = [future.result(30).username for future in [threads.submit(trakt.settings) for _ in range(THREADS)]]
    trakt.close()
    assert users == ["default"] * THREADS
    assert [call for call in double.calls() if call.startswith(RENEWAL)] == [f"{RENEWAL} 200"]


def test_who_waited_for_a_renewal_that_failed_may_try_its_own_and_loses_nothing(
    tmp_path: Path, clock: "Clock", double: "Double"
) -> None:
    trakt = opened(double, double.tokens(tmp_path), clock)
    clock.advance(timedelta(days=8).total_seconds())
    double.fault(FaultKind.STATUS, status=503, path="/oauth/token")
    together = threading.Barrier(2, timeout=20)
    trakt._now = Start(clock(), together.wait)
    with ThreadPoolExecutor(2) as threads:
        errors = [future.exception(30) for future in [threads.submit(trakt.settings) for _ in range(2)]]
    trakt.close()
    assert sorted(str(error) for error in errors) == ["None", "Trakt is overloaded (status 503)"]


@pytest.mark.anyio
async def test_a_sign_in_at_the_very_moment_of_the_refusal_is_not_overlooked(
    tmp_path: Path, clock: "Clock", double: "Double", monkeypatch: pytest.MonkeyPatch
) -> None:
    class User(logging.Handler):
        """Is quicker than the agent: signs in when it asks for that, and before it looks what tokens there are."""

        def emit(self, record: logging.LogRecord) -> None:
            if "scrobbler login" in record.getMessage():
                double.tokens(tmp_path)

    monkeypatch.setattr("scrobbler.trakt.client.WRITE_EVERY", 0.0)
    log = logging.getLogger("scrobbler.state.decisions")
    async with living(tmp_path, clock, double) as house:
        clock.advance(timedelta(days=8).total_seconds())
        double.fault(FaultKind.REFRESH_401)
        log.addHandler(user := User())
        try:
            house.does(Kind.PLAY, 0)
            house.does(Kind.STOP, 95, after=95)
            await house.sees(lambda: len(double.history()) == 1)
            await house.sees(lambda: house.outlet.trouble is None)
        finally:
            log.removeHandler(user)


def rush(url: str, state: Path, now: datetime) -> int:
    """Fork the processes, let them go together, and say how many of them failed."""
    import scrobbler.trakt.transport  # noqa: F401, PLC0415  # loaded once, and not by each

    ready, arrived = os.pipe()
    gate, opener = os.pipe()

    def wait() -> None:
        os.write(arrived, b".")
        os.read(gate, 1)  # ends when the last opener is closed

    children = []
    for _ in range(PROCESSES):
        child = os.fork()
        if not child:
            os.close(opener)
            app = App(client_id="sandbox", client_secret="sandbox-secret", api_url=url, auth_url=url)
            Trakt(app, TokenFile(state, "default"), now=Start(now, wait)).settings()
            os._exit(0)
        children.append(child)
    os.close(arrived)
    waiting = 0
    while waiting < PROCESSES and (come := os.read(ready, PROCESSES)):
        waiting += len(come)
    os.close(opener)
    return sum(os.waitpid(child, 0)[1] != 0 for child in children)


if __name__ == "__main__":
    sys.exit(rush(sys.argv[1], Path(sys.argv[2]), datetime.fromisoformat(sys.argv[3])))
