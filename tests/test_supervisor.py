"""The keeper of the service is told the truth, and nobody is told where there is none."""

import asyncio
import os
import socket
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest

from scrobbler.errors import StateError
from scrobbler.service.supervisor import Supervisor

pytestmark = pytest.mark.anyio


class Keeper:
    """Systemd's side of the socket."""

    def __init__(self, path: Path) -> None:
        self._ear = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._ear.bind(str(path))
        self._ear.settimeout(5)
        self.environment = {"NOTIFY_SOCKET": str(path)}

    def heard(self) -> list[str]:
        return self._ear.recv(4096).decode().splitlines()

    def close(self) -> None:
        self._ear.close()


@pytest.fixture
def keeper(tmp_path: Path) -> Iterator[Keeper]:
    keeper = Keeper(tmp_path / "notify")
    yield keeper
    keeper.close()


def test_the_keeper_hears_that_we_are_ready_and_what_we_do(keeper: Keeper) -> None:
    Supervisor(keeper.environment).ready("watching mpv,\nplex")
    assert keeper.heard() == ["READY=1", "STATUS=watching mpv, plex"]


def test_the_keeper_hears_of_the_end(keeper: Keeper) -> None:
    Supervisor(keeper.environment).stopping()
    assert keeper.heard() == ["STOPPING=1"]


def test_a_socket_without_a_place_in_the_file_system_is_known_by_its_sign() -> None:
    name = f"scrobbler-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(f"\0{name}")
        ear.settimeout(5)
        Supervisor({"NOTIFY_SOCKET": f"@{name}"}).stopping()
        assert ear.recv(64) == b"STOPPING=1"


@pytest.mark.parametrize("address", ["", "relative/path", "/nowhere/at/all"])
def test_where_nobody_listens_nothing_is_said(address: str) -> None:
    Supervisor({"NOTIFY_SOCKET": address}).ready("watching mpv")


async def test_a_sign_of_life_is_given_again_and_again_while_the_agent_answers(keeper: Keeper) -> None:
    supervisor = Supervisor({**keeper.environment, "WATCHDOG_USEC": "20000"})
    asked = 0

    async def alive() -> None:
        nonlocal asked
        asked += 1

    signs = asyncio.create_task(supervisor.keep_alive(alive))
    for _ in range(3):
        assert await asyncio.to_thread(keeper.heard) == ["WATCHDOG=1"]
    signs.cancel()
    assert asked >= 3


async def test_one_that_does_not_answer_gives_no_sign(keeper: Keeper) -> None:
    never: Future[None] = Future()
    supervisor = Supervisor({**keeper.environment, "WATCHDOG_USEC": "1000"})
    signs = asyncio.create_task(supervisor.keep_alive(lambda: asyncio.wrap_future(never)))
    await asyncio.sleep(0)
    supervisor.stopping()
    assert await asyncio.to_thread(keeper.heard) == ["STOPPING=1"]
    signs.cancel()


async def test_a_disk_that_takes_nothing_is_no_death(keeper: Keeper) -> None:
    async def full() -> None:
        raise StateError("the disk is full")

    supervisor = Supervisor({**keeper.environment, "WATCHDOG_USEC": "1000000"})
    signs = asyncio.create_task(supervisor.keep_alive(full))
    assert await asyncio.to_thread(keeper.heard) == ["WATCHDOG=1"]
    signs.cancel()


@pytest.mark.parametrize(
    "environment",
    [{}, {"WATCHDOG_USEC": "soon"}, {"WATCHDOG_USEC": "0"}, {"WATCHDOG_USEC": "5000000", "WATCHDOG_PID": "1"}],
)
async def test_nobody_waits_for_a_sign_that_was_not_asked_of_us(environment: dict[str, str]) -> None:
    supervisor = Supervisor(environment)
    assert supervisor.patience is None
    await supervisor.keep_alive(lambda: pytest.fail("nobody asked"))
