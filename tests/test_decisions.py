"""What came in, what went out, and why not: on the disk with the step that it tells of, bounded, and said once."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from conftest import EPOCH, Clock
from playbook import HEAT, KEY

from scrobbler.adapters import Ignored
from scrobbler.events import Kind, PlayerEvent, Seconds
from scrobbler.machine.session import Session
from scrobbler.state import decisions
from scrobbler.state.decisions import Decision, Note, What, clock, heard, hidden, ignored, kept_out, read, write
from scrobbler.state.snapshot import decisions as kept
from scrobbler.state.store import Store

SESSION = Session(key=KEY, account="default")
EVENT = PlayerEvent(session=KEY, kind=Kind.PLAY, media=HEAT, at=EPOCH, position=Seconds(12.0), duration=Seconds(5400.0))


def note(words: str, what: What = What.SENT, entry: int | None = None) -> Note:
    return Note(at=EPOCH, what=what, words=words, entry=entry)


@pytest.fixture
def db() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:")) as db:
        db.executescript(decisions.TABLE)
        yield db


def words(db: sqlite3.Connection, after: int | None = None, limit: int = 100) -> list[str]:
    return [one.words for one in read(db, after, limit)]


def test_a_note_on_the_disk_is_a_decision_with_a_number(db: sqlite3.Connection) -> None:
    write(db, [heard(EVENT, "default", "play")])
    assert read(db, None, 10) == (
        Decision(
            id=1,
            at=EPOCH,
            what=What.HEARD,
            words="mpv: play at 0:12 of 1:30:00 Heat (1995)",
            account="default",
            source="mpv",
            session="mpv/4711",
        ),
    )


def test_what_is_watched_incognito_has_no_name() -> None:
    said = hidden(EVENT, "default", "play")
    assert (said.what, said.words) == (What.HEARD, "mpv: play, incognito")
    assert "Heat" not in str(said)


def test_what_is_kept_out_has_its_source_and_session_and_no_account() -> None:
    said = kept_out(EVENT, "user 'kim': nobody said whose it is")
    assert (said.what, said.words) == (What.IGNORED, "mpv: ignored user 'kim': nobody said whose it is")
    assert (said.source, said.session, said.account) == ("mpv", "mpv/4711", None)


def test_of_each_source_the_last_word_is_found(db: sqlite3.Connection) -> None:
    for source, what, words_ in (
        ("mpv", What.HEARD, "play"),
        ("plex", What.HEARD, "play"),
        ("mpv", What.HEARD, "stop"),
        ("mpv", What.SENT, "Trakt: stopped"),
        ("plex", What.IGNORED, "media.rate"),
    ):
        write(db, [msgspec.structs.replace(note(words_, what), source=source)])
    assert [(one.source, one.words) for one in decisions.last_of_each(db)] == [("mpv", "stop"), ("plex", "media.rate")]


def test_on_how_many_days_a_source_was_heard_is_known(db: sqlite3.Connection) -> None:
    days = {What.HEARD: 0.0, What.IGNORED: 1.0, What.SENT: 2.0}
    for what, day in days.items():
        at = EPOCH + timedelta(days=day)
        write(db, [Note(at=at, what=what, words=str(number), source="plex") for number in range(3)])
    write(db, [Note(at=EPOCH, what=What.HEARD, words="it has no name")])
    assert decisions.spoken(db) == {"plex": (2, EPOCH + timedelta(days=1))}


def test_what_is_not_known_of_an_event_is_left_out() -> None:
    bare = msgspec.structs.replace(EVENT, position=None, duration=None)
    assert heard(bare, "default", "play").words == "mpv: play Heat (1995)"
    assert ignored("plex", Ignored(heard="media.rate", reason="no playback"), EPOCH).words == (
        "plex: ignored media.rate: no playback"
    )


@pytest.mark.parametrize(("seconds", "said"), [(0.4, "0:00"), (15.9, "0:16"), (75, "1:15"), (3725, "1:02:05")])
def test_positions_are_written_as_players_write_them(seconds: float, said: str) -> None:
    assert clock(seconds) == said


def test_the_log_is_read_on_from_a_number_or_from_its_end(db: sqlite3.Connection) -> None:
    write(db, [note(str(number)) for number in range(1, 10)])
    assert words(db, limit=3) == ["7", "8", "9"]
    assert words(db, after=2, limit=3) == ["3", "4", "5"]
    assert words(db, after=9) == []


def test_an_entry_that_waits_is_told_once_for_each_reason(db: sqlite3.Connection) -> None:
    told = [
        write(db, [note(reason, What.WAITING, entry)])
        for reason, entry in [("busy", 1), ("busy", 1), ("gone", 1), ("busy", 1), ("busy", 2)]
    ]
    assert [bool(one) for one in told] == [True, False, True, False, True]
    assert words(db) == ["busy", "gone", "busy"]


def test_the_log_is_bounded(db: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scrobbler.state.decisions.ROWS", 5)
    write(db, [note(str(number)) for number in range(8)])
    assert words(db) == ["3", "4", "5", "6", "7"]


def test_a_decision_is_on_the_disk_with_its_step_and_said_in_the_same_words(
    tmp_path: Path, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    with closing(Store(tmp_path, clock())) as store:
        store.keep(SESSION, (), EPOCH, idle=False, noted=[heard(EVENT, "default", "play")]).result(10)
        store.note([note("closed", What.CLOSED)])
    assert [one.words for one in kept(tmp_path)] == caplog.messages
    assert [record.levelname for record in caplog.records] == ["INFO", "ERROR"]
    assert [one.words for one in kept(tmp_path, after=1)] == ["closed"]


def test_a_step_that_the_disk_refuses_is_neither_kept_nor_said(
    tmp_path: Path, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    with closing(Store(tmp_path, clock())) as store:
        refuse = "CREATE TEMP TRIGGER full BEFORE INSERT ON sessions BEGIN INSERT INTO nowhere VALUES (1); END"
        store._database.submit(lambda db: db.execute(refuse)).result(10)
        step = store.keep(SESSION, (), EPOCH, idle=False, noted=[note("watched")])
        assert step.exception(10) is not None
    assert kept(tmp_path) == ()
    assert caplog.messages == []


def test_old_decisions_go_a_bounded_number_at_once(db: sqlite3.Connection) -> None:
    write(db, [note(str(number)) for number in range(5)])
    decisions.forget(db, EPOCH + timedelta(seconds=1), 2)
    assert words(db) == ["2", "3", "4"]
    decisions.forget(db, EPOCH, 100)
    assert words(db) == ["2", "3", "4"]
