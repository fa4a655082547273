"""What ends an outage: the kernel's word that the network is back, or the success of another."""

import asyncio
import errno
import shutil
import socket
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from scrobbler.delivery import network
from scrobbler.delivery.network import Network, kernel, tells_of_new

pytestmark = pytest.mark.anyio

ADDRESS = bytes.fromhex("4c000000140000000000000000000000" + "0208fe0001000000" + "0800010a00000100" * 6 + "00000000")
"""RTM_NEWADDR as the kernel sends it."""
GONE = struct.pack("=IHHII", 16, 21, 0, 0, 0)
ROUTE = struct.pack("=IHHII", 18, 24, 0, 0, 0) + b"\0\0\0\0"
LINK = struct.pack("=IHHII", 16, 16, 0, 0, 0)


@pytest.fixture(autouse=True)
def no_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scrobbler.delivery.network.SETTLE_SECONDS", 0.0)


class Wire:
    """A kernel that says what the test wants."""

    def __init__(self) -> None:
        self.ends: list[tuple[socket.socket, socket.socket]] = []

    def listen(self) -> socket.socket:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        ours.setblocking(False)
        self.ends.append((ours, theirs))
        return ours

    def says(self, message: bytes) -> None:
        self.ends[-1][1].send(message)

    def is_open(self) -> bool:
        return bool(self.ends) and self.ends[-1][0].fileno() >= 0

    def close(self) -> None:
        for _, theirs in self.ends:
            theirs.close()


async def turns(number: int = 5) -> None:
    """So often may the loop look around."""
    for _ in range(number):
        await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("message", "good"),
    [
        (ADDRESS, True),
        (ROUTE, True),
        (GONE + LINK + ROUTE, True),
        (GONE, False),
        (LINK, False),
        (b"\0" * 40, False),
        (b"x", False),
        (b"", False),
    ],
)
def test_a_new_address_or_a_new_route_is_good_news(message: bytes, good: bool) -> None:
    assert tells_of_new(message) is good


async def test_whoever_waits_is_told_when_the_network_is_back() -> None:
    wire, back = Wire(), asyncio.Event()
    with Network(wire.listen).waiting(back=back.set, works=lambda: None):
        wire.says(GONE)
        await turns()
        assert not back.is_set()
        wire.says(ADDRESS)
        wire.says(ROUTE)
        await asyncio.wait_for(back.wait(), 5)
    wire.close()


async def test_nothing_is_open_while_nobody_waits() -> None:
    wire = Wire()
    shared = Network(wire.listen)
    assert not wire.is_open()
    with shared.waiting(back=lambda: None, works=lambda: None):
        with shared.waiting(back=lambda: None, works=lambda: None):
            assert wire.is_open()
        assert wire.is_open()
        wire.says(ROUTE)
        await turns()
    assert not wire.is_open()
    assert len(wire.ends) == 1
    wire.close()


async def test_news_that_settle_when_nobody_waits_any_more_tell_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scrobbler.delivery.network.SETTLE_SECONDS", 60.0)
    wire, told = Wire(), []
    shared = Network(wire.listen)

    def pending() -> bool:
        return shared._settling is not None

    with shared.waiting(back=lambda: told.append(1), works=lambda: None):
        wire.says(ROUTE)
        await turns()
        assert pending()
    assert not pending()
    assert told == []
    wire.close()


async def test_where_the_kernel_tells_nothing_the_others_remain() -> None:
    told: list[str] = []
    shared = Network(lambda: None)
    with shared.waiting(back=lambda: told.append("back"), works=lambda: told.append("works")):
        shared.works()
    shared.works()
    assert told == ["works"]


class Torn:
    """A socket whose messages are lost, or were read already."""

    def __init__(self, error: OSError) -> None:
        self.error = error

    def recv(self, _: int) -> bytes:
        raise self.error


@pytest.mark.parametrize(
    ("error", "good"), [(OSError(errno.ENOBUFS, "lost"), True), (BlockingIOError(errno.EAGAIN, "nothing"), False)]
)
async def test_a_message_that_was_lost_may_have_been_a_good_one(error: OSError, good: bool) -> None:
    shared = Network(lambda: None)
    told: list[int] = []
    with shared.waiting(back=lambda: told.append(1), works=lambda: None):
        shared._read(Torn(error))  # type: ignore[arg-type]  # as a socket does
        await turns()
    assert bool(told) is good


@pytest.mark.parametrize("step", ["socket", "bind"])
def test_a_sandbox_that_forbids_the_socket_is_lived_with(monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    class Forbidden(socket.socket):
        def __init__(self, *args: int) -> None:
            if step == "socket":
                raise PermissionError
            super().__init__(*args)

        def bind(self, address: object) -> None:
            raise PermissionError

    monkeypatch.setattr("scrobbler.delivery.network.socket.socket", Forbidden)
    assert kernel() is None


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")
def test_the_kernel_is_listened_to_without_waiting_for_it() -> None:
    news = kernel()
    assert news is not None
    with news:
        assert not news.getblocking()


def test_elsewhere_there_is_no_such_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scrobbler.delivery.network.sys.platform", "darwin")
    assert kernel() is None


def _may_have_a_network_of_its_own() -> bool:
    if sys.platform != "linux" or not (shutil.which("unshare") and shutil.which("ip")):
        return False
    return subprocess.run(["unshare", "-rn", "true"], capture_output=True, check=False).returncode == 0


REAL = """
import asyncio, subprocess
from scrobbler.delivery.network import Network

async def main():
    back = asyncio.Event()
    with Network().waiting(back=back.set, works=lambda: None):
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        await asyncio.wait_for(back.wait(), 10)
    print("back")

asyncio.run(main())
"""


@pytest.mark.skipif(not _may_have_a_network_of_its_own(), reason="needs Linux with user namespaces, and ip")
def test_a_real_network_that_comes_up_is_told_by_the_kernel() -> None:
    folder = Path(network.__file__).parent.parent
    ran = subprocess.run(
        ["unshare", "-rn", sys.executable, "-c", REAL],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
        cwd=folder,
    )
    assert (ran.stdout, ran.stderr) == ("back\n", "")
