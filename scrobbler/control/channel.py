"""The agent's local control socket: what commands want done to a state file that only the agent may write.

One connection carries one line of JSON in and one out. The socket stands in the state folder and is its user's alone.
Where no agent runs, a command takes the agent's lock and does the same work itself (``settle``).
"""

import asyncio
import contextlib
import logging
import os
import socket
import struct
import sys
import time
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from scrobbler import lock
from scrobbler.control.deed import perform
from scrobbler.control.request import Answer, Refused, Request
from scrobbler.errors import StateError
from scrobbler.state.store import Store

log = logging.getLogger(__name__)

NAME: Final = "control.sock"
LONGEST_PATH: Final = 107 if sys.platform == "linux" else 103
"""Bytes that the system takes for a socket's path."""
LONGEST_LINE: Final = 256 * 1024
CONNECTIONS: Final = 16
LINE_SECONDS: Final = 5.0
"""So long may a line take to come in, or to go out."""
PATIENCE_SECONDS: Final = 10.0
"""So long does a command wait for an agent; one that ends needs three seconds of it."""

_AGAIN_SECONDS: Final = 0.05
_DESCRIPTORS: Final = Path("/proc/self/fd")


class _NotThereError(StateError):
    """Nobody listens on the socket."""


# The agent's side


@asynccontextmanager
async def answering(
    folder: Path, act: Callable[[Request], Awaitable[Answer]], *, user: int | None = None
) -> AsyncIterator[None]:
    """Meanwhile do what is asked for on the folder's socket, for this user only (None: who runs this).

    The caller holds the folder's lock, so a socket that is there is a dead agent's. Where there can be none, that is
    logged, and all else goes on.
    """
    with contextlib.ExitStack() as stack:
        try:
            listener = stack.enter_context(_listening(folder))
        except (OSError, StateError) as error:
            log.warning("commands cannot reach this agent: %s", error)
            yield
            return
        desk = _Desk(act, os.geteuid() if user is None else user)
        server = await asyncio.start_unix_server(desk.receive, sock=listener, limit=LONGEST_LINE)
        try:
            yield
        finally:
            server.close()
            await desk.close()


@contextmanager
def _listening(folder: Path) -> Iterator[socket.socket]:
    with _address(folder) as address, socket.socket(socket.AF_UNIX) as listener:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(address)  # noqa: PTH108  # one of a killed agent
        listener.bind(address)
        try:
            os.chmod(address, 0o600)  # noqa: PTH101  # nobody can connect before ``listen``
            listener.setblocking(False)
            yield listener
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(address)  # noqa: PTH108  # as above


class _Desk:
    """Serves the connections, a bounded number of them at once."""

    def __init__(self, act: Callable[[Request], Awaitable[Answer]], user: int) -> None:
        self._act = act
        self._user = user
        self._serving: set[asyncio.Task[None]] = set()

    def receive(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Take a connection, or close it at once where there are too many."""
        if len(self._serving) >= CONNECTIONS:
            writer.close()
            return
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def close(self) -> None:
        """End them all."""
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)
        await asyncio.sleep(0)  # asyncio closes their sockets in its next turn

    async def _serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        try:
            answer = await self._answer(reader, writer)
            if answer is not None:
                writer.write(msgspec.json.encode(answer) + b"\n")
                async with asyncio.timeout(LINE_SECONDS):
                    await writer.drain()
        except (OSError, TimeoutError):
            pass  # who asked has left
        finally:
            writer.close()

    async def _answer(self, reader: StreamReader, writer: StreamWriter) -> Answer | None:
        try:
            async with asyncio.timeout(LINE_SECONDS):
                line = await reader.readline()
            if not line:
                return None
            if _user_of(writer.get_extra_info("socket")) not in {None, self._user}:
                return Refused(why=f"the agent belongs to another user (uid {self._user}): run this as that user")
            request = msgspec.json.decode(line, type=Request)
        except (TimeoutError, ValueError, msgspec.MsgspecError, RecursionError) as error:
            return Refused(why=f"the agent does not understand this: {str(error) or 'no whole line came in'}")
        try:
            return await self._act(request)
        except StateError as error:
            return Refused(why=str(error))


def _user_of(peer: socket.socket) -> int | None:
    """Who is at the other end; None where the system does not say, and then the file's mode must do."""
    if sys.platform != "linux":
        return None
    _, user, _ = struct.unpack("3i", peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i")))
    return int(user)


# The commands' side


def settle(folder: Path, request: Request, accounts: Sequence[str], clock: Callable[[], datetime]) -> Answer:
    """Have the agent do it, or do it here where none runs: then these are the accounts. Blocks.

    Raises ``StateError`` where the agent does not answer, or the folder cannot be used.
    """
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        agent = lock.holder(folder)
        try:
            return _alone(folder, request, accounts, clock()) if agent is None else ask(folder, request)
        except StateError as error:
            begins_or_ends = isinstance(error, _NotThereError) or (agent is None and lock.holder(folder) is not None)
            if not begins_or_ends:
                raise
            if time.monotonic() > until:
                words = f"the agent (pid {agent}) does not listen on {folder / NAME}: stop it, or start it again"
                raise StateError(words) from error
        time.sleep(_AGAIN_SECONDS)


def _alone(folder: Path, request: Request, accounts: Sequence[str], now: datetime) -> Answer:
    from scrobbler.delivery.settlement import UNCERTAIN_REST  # noqa: PLC0415  # who only asks the agent needs none of it

    with lock.held(folder), closing(Store(folder, now)) as store:
        if store.moved:
            log.error("%s", store.moved)
        store.recover(now + UNCERTAIN_REST).result()  # what a killed agent was sending waits again
        return asyncio.run(perform(request, store, accounts, now))


def ask(folder: Path, request: Request, *, patience: float = PATIENCE_SECONDS) -> Answer:
    """What the agent answers. Blocks. Raises ``StateError`` where it does not within so many seconds."""
    until = time.monotonic() + patience
    try:
        with _address(folder) as address, socket.socket(socket.AF_UNIX) as peer:
            peer.settimeout(patience)
            peer.connect(address)
            peer.sendall(msgspec.json.encode(request) + b"\n")
            line = _line(peer, until)
        answer: Answer = msgspec.json.decode(line, type=Answer)
    except (FileNotFoundError, ConnectionRefusedError, BlockingIOError) as error:
        raise _NotThereError(f"nobody listens on {folder / NAME}") from error
    except PermissionError as error:
        raise StateError(f"the agent on {folder} belongs to another user: run this as that user") from error
    except TimeoutError as error:
        raise StateError(f"the agent does not answer within {patience:.0f} s: look at its log") from error
    except (OSError, msgspec.MsgspecError) as error:
        raise StateError("the agent gave no answer: look at its log, and try again") from error
    return answer


def _line(peer: socket.socket, until: float) -> bytes:
    received = b""
    while not received.endswith(b"\n"):
        peer.settimeout(max(until - time.monotonic(), 0.001))
        more = peer.recv(65536)
        if not more:
            break
        received += more
    return received


@contextmanager
def _address(folder: Path) -> Iterator[str]:
    """The socket's path in a form that the system takes: a long one goes by the folder's descriptor."""
    path = os.fspath(folder / NAME)
    if len(os.fsencode(path)) <= LONGEST_PATH:
        yield path
        return
    if not _DESCRIPTORS.is_dir():
        raise StateError(f"{path} is too long for a socket: choose a state folder with a shorter name")
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"{_DESCRIPTORS}/{descriptor}/{NAME}"
    finally:
        os.close(descriptor)
