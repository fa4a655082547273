"""What every test may ask for."""

import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from contract import contract
from contract_watch import Watch
from double import Double, Served
from eavesdropper import Eavesdropper
from hypothesis import HealthCheck, settings

from scrobbler.sandbox import Sandbox

settings.register_profile("ci", max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("ci")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as in `make test &`: the children would not hear Ctrl-C either
    signal.signal(signal.SIGINT, signal.default_int_handler)

EPOCH = datetime(2026, 11, 20, 20, 0, tzinfo=UTC)


NEEDS = {
    "window": ("mpv", "ffmpeg", "zbarimg", "Xvfb"),
    "browser": ("chromium", "zbarimg"),
    "kodi": ("kodi", "ffmpeg", "Xvfb"),
}
"""The programs that a mark asks for."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for mark, programs in NEEDS.items():
        if not all(map(shutil.which, programs)):
            reason = f"needs {' and '.join(programs)}"
            for item in items:
                if item.get_closest_marker(mark) is not None:
                    item.add_marker(pytest.mark.skip(reason=reason))


class Clock:
    """A clock that moves only when it is told to."""

    def __init__(self) -> None:
        self.at = EPOCH

    def __call__(self) -> datetime:
        return self.at

    def advance(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)

    def monotonic(self) -> float:
        return (self.at - EPOCH).total_seconds()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def no_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or writes the user's own configuration, state or sockets, or speaks to his desktop."""
    ours = [name for name in os.environ if name.startswith("SCROBBLER_")]
    for name in [*ours, "CREDENTIALS_DIRECTORY", "DBUS_SESSION_BUS_ADDRESS"]:
        monkeypatch.delenv(name, raising=False)
    for name, folder in (("HOME", "home"), ("XDG_CONFIG_HOME", "config"), ("XDG_STATE_HOME", "state")):
        monkeypatch.setenv(name, str(tmp_path / folder))
    runtime = tmp_path / "run"
    runtime.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))


@pytest.fixture(autouse=True)
def breaches(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What breaks ``spec/trakt/openapi.yaml``: a request of the client, or an answer of the sandbox.

    Nothing may. A test that breaks it on purpose takes what it expects from the list.
    """
    watch = Watch(contract())
    watch.install(monkeypatch)
    yield watch.wrong
    assert not watch.wrong, "\n".join(watch.wrong)


@pytest.fixture(autouse=True)
def eavesdropper(monkeypatch: pytest.MonkeyPatch) -> Iterator[Eavesdropper]:
    """Hears what the program logs and prints: no token, code or secret may be in it."""
    eavesdropper = Eavesdropper()
    eavesdropper.install(monkeypatch)
    yield eavesdropper
    assert not list(eavesdropper.told()), "\n".join(eavesdropper.told())


@pytest.fixture(scope="session")
def served() -> Iterator[Served]:
    server = Served()
    yield server
    server.close()


@pytest.fixture
def double(served: Served, clock: Clock) -> Iterator[Double]:
    """A sandbox on a real socket, whose time is the test's clock."""
    sandbox = Sandbox()
    sandbox.clock.now = clock  # type: ignore[method-assign]  # the one clock of the test
    with ExitStack() as stack:
        yield Double(sandbox, served.open(stack, sandbox.app))
