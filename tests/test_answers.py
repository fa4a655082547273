"""What Trakt answered is kept over restarts, and may be lost without harm."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from scrobbler.state import answers, schema
from scrobbler.state.answers import Answer
from scrobbler.state.store import Store

NOW = datetime(2026, 11, 20, 20, 0, tzinfo=UTC)


def test_an_answer_is_there_after_a_restart_and_the_newer_one_takes_its_place(tmp_path: Path) -> None:
    later = Answer(at=NOW + timedelta(days=1), text="[2]")
    for answer in (Answer(at=NOW, text="[1]"), later):
        with closing(Store(tmp_path, NOW)) as store:
            store.remember("movie text Heat", answer)
            assert store.recall("movie text Heat") == answer
            assert store.recall("movie text Dune") is None
    with closing(Store(tmp_path, NOW)) as store:
        assert store.recall("movie text Heat") == later


def test_a_row_that_makes_no_sense_is_no_answer(tmp_path: Path) -> None:
    with closing(Store(tmp_path, NOW)):
        pass
    with closing(sqlite3.connect(tmp_path / schema.FILE)) as db, db:
        db.execute("INSERT INTO answers VALUES ('key', 'yesterday', '[]')")
    with closing(Store(tmp_path, NOW)) as store:
        assert store.recall("key") is None


def test_where_there_are_too_many_the_oldest_go() -> None:
    with closing(sqlite3.connect(":memory:")) as db:
        db.executescript(answers.TABLE)
        for number in range(answers.MOST + 1):
            answers.remember(db, str(number), Answer(at=NOW + timedelta(seconds=number), text="[]"))
        assert db.execute("SELECT count(*) FROM answers").fetchone()[0] == answers.MOST + 1 - answers.AT_ONCE
        assert answers.recall(db, "0") is None
        assert answers.recall(db, str(answers.MOST)) is not None
