"""One SQLite file, one connection, one thread that writes it: what arrives together is committed together.

A flush costs 0.1 ms on a good disk and 50 ms on a memory card, so it happens neither on the event loop nor once a
row. SQLite up to 3.51.2 can damage a file that two connections write (https://sqlite.org/wal.html#walresetbug): here
only one ever does, and the agent's lock sees to it that there is one agent.
"""

import os
import queue
import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TypeVar

from scrobbler.errors import StateError
from scrobbler.state.promise import Promise, wake

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]
_Task = tuple[Work[Any], Sequence[Any], Promise[Any]]

APPLICATION: Final = 0x5C20BB1E
"""Marks the file as ours (``PRAGMA application_id``)."""
_BATCH: Final = 256
_MOMENT: Final = 0.005
"""Seconds that those who waited for a commit have Python to themselves, unless more is to be done by then."""
_CACHE_KIB: Final = 256
"""Of pages in memory. The default of 2 MiB fills up in a flood, for good, and the kernel keeps the pages as well."""
_ROOM: Final = 128 * 1024
"""Bytes that SQLite needs beside the file, at least, to open it."""


class Database:
    """The file and its writer. ``schema`` holds one script per version; a file's version is how many were run."""

    def __init__(
        self,
        path: Path,
        schema: Sequence[str],
        now: datetime,
        weed: Callable[[sqlite3.Connection], int] = lambda _: 0,
        hear: Callable[[Sequence[Any]], None] = lambda _: None,
    ) -> None:
        """Open or create the file.

        A file that is damaged or newer than this program is moved aside, never written to; ``moved`` then says so.
        ``weed`` deletes rows that hold nonsense (SQLite does not look into them) and returns how many; if there are
        any, the file is copied before, and ``moved`` says so. ``hear`` is called on the writer's thread with the news
        of each commit that has some.

        Raises ``StateError`` where the disk lets us do nothing.
        """
        self.path = path
        self.moved: str | None = None
        self._closed = False
        self._hear = hear
        try:
            self._connection = self._open(schema, now, weed)
        except (OSError, sqlite3.Error) as error:
            raise StateError(f"the state file {path} cannot be used: {_reason(path, error)}") from None
        self._work: queue.SimpleQueue[_Task | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="store", daemon=True)
        self._thread.start()

    def submit(self, work: Work[T], news: Sequence[Any] = ()) -> Promise[T]:
        """Run ``work`` in the next transaction. The promise is kept when that is on the disk, or carries the error.

        ``news``, which the work may fill, is heard of once it is on the disk: a moment behind the promises of the
        same commit, because somebody waits for those, and before anything that is submitted later is begun.
        Work may be run again after it was undone, so it changes nothing but the file, and begins its news anew.
        It cannot be cancelled: whoever stops waiting for it changes nothing about what is written.
        """
        promise: Promise[T] = Promise()
        if self._closed:
            promise.set_exception(StateError(f"{self.path} is closed"))
        else:
            self._work.put((work, news, promise))
        return promise

    def close(self) -> None:
        """Finish what was submitted and close the file; what comes later fails."""
        self._closed = True
        self._work.put(None)
        self._thread.join()
        self._connection.close()

    def _run(self) -> None:
        news: list[Any] = []
        while (first := self._next(news)) is not None:
            batch = [first]
            while len(batch) < _BATCH and not self._work.empty():
                more = self._work.get()
                if more is None:
                    self._work.put(None)  # its turn is the next
                    break
                batch.append(more)
            news = self._transaction(batch)
            wake(promise for _, _, promise in batch)

    def _next(self, news: Sequence[Any]) -> _Task | None:
        """What is submitted next; before it is begun, the news of the last commit is heard."""
        if not news:
            return self._work.get()
        try:
            first = self._work.get(timeout=_MOMENT)
        except queue.Empty:
            self._hear(news)
            return self._work.get()
        self._hear(news)
        return first

    def _transaction(self, batch: Sequence[_Task]) -> list[Any]:
        """All of the batch in one commit, but for work that is wrong: the rest is done again without it.

        Where the disk refuses, nothing of it is done; then each is tried alone, for what only reads can go on. Returns
        the news of what was done.
        """
        results: list[Any] = []
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            for work, _, promise in batch:
                try:
                    results.append(work(self._connection))
                except sqlite3.OperationalError:  # the disk; SQLite may have rolled back everything by now
                    raise
                except BaseException as error:  # noqa: BLE001  # it goes to whoever waits for it
                    self._connection.execute("ROLLBACK")
                    promise.set_exception(error)
                    return self._transaction([task for task in batch if task[2] is not promise])
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            if len(batch) > 1:
                return [one for task in batch for one in self._transaction([task])]
            batch[0][2].set_exception(StateError(f"{self.path} cannot be written: {error}"))
            return []
        for (_, _, promise), result in zip(batch, results, strict=True):
            promise.set_result(result)
        return [one for _, news, _ in batch for one in news]

    def _open(
        self, schema: Sequence[str], now: datetime, weed: Callable[[sqlite3.Connection], int]
    ) -> sqlite3.Connection:
        reason = _unusable(self.path, len(schema))
        if reason is not None:
            aside = self._move_aside(now)
            self.moved = f"{self.path} {reason}; it was kept as {aside.name}, and a new one was begun"
        connection = _connect(self.path)
        try:
            _upgrade(connection, self.path, schema)
            self._weed(connection, now, weed)
        except BaseException:
            connection.close()
            raise
        return connection

    def _move_aside(self, now: datetime) -> Path:
        """Rename the file, and the journals that belong to it, to a name of their own."""
        aside = self._aside(now)
        for suffix in ("", "-wal", "-shm"):
            part = self.path.with_name(self.path.name + suffix)
            if part.exists():
                part.rename(aside.with_name(aside.name + suffix))
        return aside

    def _aside(self, now: datetime) -> Path:
        return self.path.with_name(f"{self.path.name}.aside-{now:%Y%m%dT%H%M%S%f}")

    def _weed(self, connection: sqlite3.Connection, now: datetime, weed: Callable[[sqlite3.Connection], int]) -> None:
        """Leave out what cannot be read, once all of it is in a copy."""
        connection.execute("BEGIN IMMEDIATE")
        found = weed(connection)
        connection.execute("ROLLBACK")
        if not found:
            return
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        aside = self._aside(now)
        shutil.copy2(self.path, aside)
        connection.execute("BEGIN IMMEDIATE")
        weed(connection)
        connection.execute("COMMIT")
        reason = f"{self.path} is damaged ({found} of its rows make no sense)"
        self.moved = f"{reason}; it was copied to {aside.name}, and they were left out"


def text(at: datetime) -> str:
    """An instant so that its texts sort as it does: UTC, always with microseconds."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def rotten(rows: Iterable[tuple[str, str]], read: Callable[[str], object]) -> list[tuple[str]]:
    """The keys of the rows whose text makes no sense."""
    found = []
    for key, said in rows:
        try:
            read(said)
        except ValueError:  # msgspec's errors are ValueErrors
            found.append((key,))
    return found


def _reason(path: Path, error: OSError | sqlite3.Error) -> str:
    """SQLite calls many things an I/O error; on a full disk it is that."""
    with suppress(OSError):
        if shutil.disk_usage(path.parent).free < _ROOM:
            return f"the disk is full ({error})"
    return str(error)


def read_only(path: Path) -> sqlite3.Connection:
    """A connection for commands beside the agent: it can read and cannot write. Raises ``StateError``."""
    # SQLite wants to write beside the file even to read it. Where nobody can, nobody changes it either.
    how = "mode=ro" if _log(path).exists() or os.access(path.parent, os.W_OK) else "mode=ro&immutable=1"
    try:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?{how}", uri=True, timeout=5, isolation_level=None)
        return _prepared(connection, "SELECT 1 FROM sqlite_schema")
    except sqlite3.Error as error:
        raise StateError(f"the state file {path} cannot be read: {error}") from None


def _log(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


def _connect(path: Path) -> sqlite3.Connection:
    path.touch(mode=0o600)
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
    return _prepared(
        connection, "PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", f"PRAGMA cache_size = -{_CACHE_KIB}"
    )


def _prepared(connection: sqlite3.Connection, *statements: str) -> sqlite3.Connection:
    """The connection with these done on it; one on which they fail is closed."""
    try:
        for statement in statements:
            connection.execute(statement)
    except BaseException:
        connection.close()
        raise
    return connection


def _unusable(path: Path, version: int) -> str | None:
    """Why this file must not be written to, or None. Looking changes nothing in it."""
    if not path.exists():
        return None
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=10)) as connection:
            return _verdict(connection, version)
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorname not in {"SQLITE_CORRUPT", "SQLITE_NOTADB"}:
            raise
        return f"is damaged ({error})"


def _verdict(connection: sqlite3.Connection, version: int) -> str | None:
    ours = connection.execute("PRAGMA application_id").fetchone()[0]
    found = connection.execute("PRAGMA user_version").fetchone()[0]
    if ours not in {0, APPLICATION}:
        return "belongs to another program"
    if found > version:
        return f"was written by a newer version of this program (state version {found}, this one knows {version})"
    verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    return None if verdict == "ok" else f"is damaged ({verdict})"


def _upgrade(connection: sqlite3.Connection, path: Path, schema: Sequence[str]) -> None:
    """Bring the file to this program's version in one transaction; an older file is copied first."""
    found = connection.execute("PRAGMA user_version").fetchone()[0]
    if found == len(schema):
        return
    if found:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copy2(path, path.with_name(f"{path.name}.version-{found}"))
    steps = "\n".join(schema[found:])
    connection.executescript(
        f"BEGIN IMMEDIATE;\n{steps}\nPRAGMA application_id = {APPLICATION};\n"
        f"PRAGMA user_version = {len(schema)};\nCOMMIT;"
    )
