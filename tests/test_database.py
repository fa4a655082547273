"""One file, one writer; whatever state the file is in, nothing of it is overwritten."""

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, wait
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from conftest import EPOCH, Clock

from scrobbler.errors import StateError
from scrobbler.state.database import Database, read_only, rotten, text

SCHEMA = ("CREATE TABLE t (x INTEGER UNIQUE) STRICT;",)


@contextmanager
def opened(
    path: Path,
    clock: Clock,
    schema: tuple[str, ...] = SCHEMA,
    hear: Callable[[Sequence[Any]], None] = lambda _: None,
) -> Iterator[Database]:
    with closing(Database(path, schema, clock(), hear=hear)) as database:
        yield database


@contextmanager
def held(database: Database) -> Iterator[None]:
    """What is submitted meanwhile is committed together."""
    gate = threading.Event()
    database.submit(lambda _: gate.wait(10))
    yield
    gate.set()


def rows(path: Path) -> list[int]:
    with closing(read_only(path)) as db:
        return [row[0] for row in db.execute("SELECT x FROM t ORDER BY x")]


def kept_aside(folder: Path) -> Path:
    """The one file that was moved; the journals that SQLite keeps beside it go along."""
    (aside,) = [path for path in folder.glob("state.db.aside-*") if not path.name.endswith(("-wal", "-shm"))]
    return aside


def add(x: int, db: sqlite3.Connection) -> None:
    db.execute("INSERT INTO t VALUES (?)", (x,))


def insert(database: Database, x: int) -> None:
    database.submit(lambda db: db.execute("INSERT INTO t VALUES (?)", (x,))).result(10)


def test_what_is_done_is_on_the_disk(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "state.db"
    with opened(path, clock) as database:
        insert(database, 1)
        assert rows(path) == [1]
    assert rows(path) == [1]
    assert path.stat().st_mode & 0o777 == 0o600


def test_news_is_heard_once_it_is_on_the_disk_and_all_of_a_commit_together(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "state.db"
    heard: list[tuple[list[str], list[int]]] = []
    with opened(path, clock, hear=lambda news: heard.append((list(news), rows(path)))) as database:
        insert(database, 1)
        with held(database):
            promises = [database.submit(partial(add, x), [f"{x} is there"]) for x in (2, 3)]
            wrong = database.submit(partial(add, 1), ["never"])
        wait([*promises, wrong], timeout=10)
        full = database.submit(lambda db: db.execute("INSERT INTO nowhere VALUES (1)"), ["never"])
        assert wrong.exception(10)
        assert full.exception(10)
    assert heard == [(["2 is there", "3 is there"], [1, 2, 3])]


def test_who_waits_goes_on_before_others_hear_of_it(tmp_path: Path, clock: Clock) -> None:
    goes_on = threading.Event()
    heard: list[bool] = []
    with opened(tmp_path / "state.db", clock, hear=lambda _: heard.append(goes_on.wait(10))) as database:
        database.submit(partial(add, 1), ["1 is there"]).result(10)
        goes_on.set()
    assert heard == [True]


def test_news_is_heard_soon_though_nothing_more_is_done(tmp_path: Path, clock: Clock) -> None:
    heard = threading.Event()
    with opened(tmp_path / "state.db", clock, hear=lambda _: heard.set()) as database:
        database.submit(partial(add, 1), ["1 is there"])
        assert heard.wait(10)


def test_news_is_heard_at_the_end(tmp_path: Path, clock: Clock) -> None:
    heard: list[str] = []
    with opened(tmp_path / "state.db", clock, hear=heard.extend) as database:
        database.submit(partial(add, 1), ["1 is there"])
    assert heard == ["1 is there"]


def test_what_one_commit_told_is_heard_before_the_next_is_begun(tmp_path: Path, clock: Clock) -> None:
    heard: list[str] = []
    with opened(tmp_path / "state.db", clock, hear=heard.extend) as database:
        database.submit(partial(add, 1), ["1 is there"]).result(10)
        assert database.submit(lambda _: tuple(heard)).result(10) == ("1 is there",)


def test_what_arrives_together_is_committed_together(tmp_path: Path, clock: Clock) -> None:
    with opened(tmp_path / "state.db", clock) as database:
        gate = threading.Event()
        first: Future[Any] = database.submit(lambda _: gate.wait(10))
        rest: list[Future[Any]] = [database.submit(partial(add, x)) for x in range(100)]
        changes: Future[Any] = database.submit(lambda db: db.in_transaction)
        gate.set()
        wait([first, changes, *rest], timeout=10)
        assert changes.result()
        assert len(rows(tmp_path / "state.db")) == 100


def test_a_disk_that_refuses_one_stops_no_reader_beside_it(tmp_path: Path, clock: Clock) -> None:
    with opened(tmp_path / "state.db", clock) as database:
        gate = threading.Event()
        database.submit(lambda _: gate.wait(10))
        wrong = database.submit(lambda db: db.execute("INSERT INTO t VALUES ('text')"))
        full = database.submit(lambda db: db.execute("INSERT INTO nowhere VALUES (1)"))
        read = database.submit(lambda db: db.execute("SELECT count(*) FROM t").fetchone()[0])
        gate.set()
        assert read.result(10) == 0
        assert isinstance(full.exception(10), StateError)
        assert isinstance(wrong.exception(10), sqlite3.IntegrityError)


def test_work_that_fails_is_undone_alone(tmp_path: Path, clock: Clock) -> None:
    def twice(db: sqlite3.Connection) -> None:
        db.execute("INSERT INTO t VALUES (1)")
        db.execute("INSERT INTO t VALUES (1)")

    with opened(tmp_path / "state.db", clock) as database:
        gate = threading.Event()
        database.submit(lambda _: gate.wait(10))
        bad = database.submit(twice)
        good = database.submit(lambda db: db.execute("INSERT INTO t VALUES (2)"))
        gate.set()
        assert isinstance(bad.exception(10), sqlite3.IntegrityError)
        good.result(10)
        assert rows(tmp_path / "state.db") == [2]


def test_the_others_are_committed_together_though_one_was_wrong(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "state.db"
    seen: list[list[int]] = []
    with opened(path, clock) as database:
        insert(database, 0)
        with held(database):
            for x in (1, 0, 2, 0, 3):
                database.submit(partial(add, x))
            last = database.submit(lambda _: seen.append(rows(path)))
        last.result(10)
        assert seen[-1] == [0]
    assert rows(path) == [0, 1, 2, 3]


def test_a_disk_that_takes_nothing_fails_the_work_in_plain_words_and_the_next_goes_on(
    tmp_path: Path, clock: Clock
) -> None:
    path = tmp_path / "state.db"
    with opened(path, clock) as database:
        pages = database.submit(lambda db: db.execute("PRAGMA page_count").fetchone()[0]).result(10)
        limit = database.submit(lambda db: db.execute(f"PRAGMA max_page_count = {pages}").fetchone()[0])
        assert limit.result(10) == pages
        full = database.submit(lambda db: db.execute("CREATE TABLE more (x)"))
        assert "full" in str(full.exception(10))
        database.submit(lambda db: db.execute("PRAGMA max_page_count = 1000").fetchone()).result(10)
        insert(database, 7)
    assert rows(path) == [7]


def test_what_sqlite_itself_has_undone_is_refused_as_well(tmp_path: Path, clock: Clock) -> None:
    def undone(db: sqlite3.Connection) -> None:
        db.execute("ROLLBACK")
        raise sqlite3.OperationalError("disk I/O error")

    with opened(tmp_path / "state.db", clock) as database:
        assert isinstance(database.submit(undone).exception(10), StateError)
        insert(database, 1)
    assert rows(tmp_path / "state.db") == [1]


def test_a_commit_that_fails_fails_all_of_its_work(tmp_path: Path, clock: Clock) -> None:
    schema = ("CREATE TABLE t (x INTEGER UNIQUE); CREATE TABLE u (y REFERENCES t (x) DEFERRABLE INITIALLY DEFERRED);",)
    with opened(tmp_path / "state.db", clock, schema) as database:
        database._connection.execute("PRAGMA foreign_keys = ON")
        broken = database.submit(lambda db: db.execute("INSERT INTO u VALUES (99)"))
        assert isinstance(broken.exception(10), StateError)
        insert(database, 3)
        assert rows(tmp_path / "state.db") == [3]


def test_whoever_stops_waiting_stops_nothing(tmp_path: Path, clock: Clock) -> None:
    with opened(tmp_path / "state.db", clock) as database:
        gate = threading.Event()
        database.submit(lambda _: gate.wait(10))
        assert not database.submit(lambda db: db.execute("INSERT INTO t VALUES (1)")).cancel()
        gate.set()
        insert(database, 2)
    assert rows(tmp_path / "state.db") == [1, 2]


def test_closing_finishes_what_was_submitted(tmp_path: Path, clock: Clock) -> None:
    database = Database(tmp_path / "state.db", SCHEMA, clock())
    gate = threading.Event()
    database.submit(lambda _: gate.wait(10))
    later = [database.submit(partial(add, x)) for x in range(3)]
    threading.Timer(0, gate.set).start()
    database.close()
    assert all(future.done() for future in later)
    assert rows(tmp_path / "state.db") == [0, 1, 2]


@pytest.mark.parametrize(
    "content", [b"this is no database at all, only a text" * 40, b"SQLite format 3\0" + b"\xff" * 4096]
)
def test_a_damaged_file_is_kept_aside_and_said_so(tmp_path: Path, clock: Clock, content: bytes) -> None:
    path = tmp_path / "state.db"
    path.write_bytes(content)
    with opened(path, clock) as database:
        assert database.moved is not None
        assert "damaged" in database.moved
        insert(database, 1)
    aside = kept_aside(tmp_path)
    assert aside.read_bytes() == content
    assert aside.name in database.moved


def test_damage_inside_is_found_before_anything_is_written(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "state.db"
    with opened(path, clock) as database:
        for x in range(2000):
            database.submit(partial(add, x))
    content = bytearray(path.read_bytes())
    content[2 * 4096 : 2 * 4096 + 2000] = b"\xff" * 2000
    path.write_bytes(content)
    with opened(path, clock) as database:
        assert database.moved is not None
    aside = kept_aside(tmp_path)
    assert aside.read_bytes() == bytes(content)


def test_a_file_of_a_newer_version_is_kept_aside(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "state.db"
    with opened(path, clock, (*SCHEMA, "CREATE TABLE later (x);")) as database:
        insert(database, 5)
    with opened(path, clock) as database:
        assert database.moved is not None
        assert "newer version" in database.moved
        assert rows(path) == []
    aside = kept_aside(tmp_path)
    assert rows(aside) == [5]


def test_a_file_of_another_program_is_kept_aside_as_it_was(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "state.db"
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA application_id = 1234")
        other.execute("CREATE TABLE theirs (x)")
    content = path.read_bytes()
    with opened(path, clock) as database:
        assert kept_aside(tmp_path).read_bytes() == content
        assert database.moved is not None
        assert "another program" in database.moved


def test_an_older_file_is_copied_and_then_upgraded(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "state.db"
    with opened(path, clock) as database:
        insert(database, 1)
    with opened(path, clock, (*SCHEMA, "ALTER TABLE t ADD COLUMN y TEXT;")) as database:
        assert database.moved is None
        assert database.submit(lambda db: db.execute("SELECT x, y FROM t").fetchall()).result(10) == [(1, None)]
    assert rows(tmp_path / "state.db.version-1") == [1]


def test_an_upgrade_that_fails_changes_nothing(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "state.db"
    with opened(path, clock) as database:
        insert(database, 1)
    with pytest.raises(StateError, match="no such table"):
        Database(path, (*SCHEMA, "ALTER TABLE t ADD COLUMN y TEXT; DROP TABLE nowhere;"), clock())
    with opened(path, clock) as database:
        assert database.submit(lambda db: db.execute("SELECT * FROM t").fetchall()).result(10) == [(1,)]


def test_a_closed_file_takes_nothing_more(tmp_path: Path, clock: Clock) -> None:
    with opened(tmp_path / "state.db", clock) as database:
        pass
    assert isinstance(database.submit(lambda _: None).exception(10), StateError)


def test_a_path_that_cannot_be_a_file_is_said_to_be_so(tmp_path: Path, clock: Clock) -> None:
    with pytest.raises(StateError, match="cannot be used"):
        Database(tmp_path, SCHEMA, clock())
    with pytest.raises(StateError, match="cannot be read"):
        read_only(tmp_path / "nowhere.db")


def test_a_journal_that_cannot_be_made_is_said_to_be_so(tmp_path: Path, clock: Clock) -> None:
    (tmp_path / "state.db-wal").mkdir()
    with pytest.raises(StateError, match="cannot be used"):
        Database(tmp_path / "state.db", SCHEMA, clock())


def test_what_is_no_database_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "state.db").write_text("no database at all, but long enough to look like one" * 40)
    with pytest.raises(StateError, match="cannot be read"):
        read_only(tmp_path / "state.db")


def test_instants_sort_as_their_texts_do() -> None:
    east = timezone(timedelta(hours=9))
    instants = [
        datetime(2026, 1, 1, tzinfo=east),
        datetime(2026, 1, 1, tzinfo=UTC),
        EPOCH,
        EPOCH + timedelta.resolution,
    ]
    assert sorted(map(text, reversed(instants))) == list(map(text, instants))
    assert all(datetime.fromisoformat(text(one)) == one for one in instants)


def test_a_reader_cannot_write(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "state.db"
    with opened(path, clock), closing(read_only(path)) as db, pytest.raises(sqlite3.OperationalError, match="readonly"):
        db.execute("INSERT INTO t VALUES (1)")


def test_rows_that_make_no_sense_are_left_out_of_a_file_that_was_copied_before(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "state.db"
    with opened(path, clock) as database:
        for x in (1, 2, 3):
            insert(database, x)
    before = path.read_bytes()

    def weed(db: sqlite3.Connection) -> int:
        return db.execute("DELETE FROM t WHERE x > 1").rowcount

    with closing(Database(path, SCHEMA, clock(), weed)) as database:
        aside = kept_aside(tmp_path)
        words = "is damaged (2 of its rows make no sense); it was copied to"
        assert database.moved == f"{path} {words} {aside.name}, and they were left out"
    assert rows(path) == [1]
    assert aside.read_bytes() == before
    with closing(Database(path, SCHEMA, clock(), weed)) as database:
        assert database.moved is None


def test_a_full_disk_is_called_so(tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "state.db").mkdir()
    monkeypatch.setattr("scrobbler.state.database._ROOM", 1 << 62)
    with pytest.raises(StateError, match=r"cannot be used: the disk is full \("):
        Database(tmp_path / "state.db", SCHEMA, clock())


def test_rows_whose_text_makes_no_sense_are_told_by_their_keys() -> None:
    rows = [("a", "2026-11-20"), ("b", "the day after"), ("c", "")]
    assert rotten(rows, datetime.fromisoformat) == [("b",), ("c",)]
