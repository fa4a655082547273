"""What must not be lost, and the order in which it leaves. ``spec/delivery.md`` has the MUSTs."""

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from conftest import EPOCH, Clock
from playbook import HEAT, KEY, TRON

from scrobbler.events import Media, Seconds, SessionKey
from scrobbler.outbox import Entry, EntryState
from scrobbler.session import Action, Scrobble, Session, State
from scrobbler.store import How, Play, Store, look


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Iterator[Store]:
    with closing(Store(tmp_path, clock())) as store:
        yield store


SESSION = Session(key=KEY, account="default", state=State.PLAYING, media=HEAT, sitting="one", at=EPOCH)


def says(
    action: Action, position: float, *, sitting: str = "one", media: Media = HEAT, retract: bool = False
) -> Scrobble:
    return Scrobble(
        session=KEY,
        sitting=sitting,
        account="default",
        action=action,
        media=media,
        at=EPOCH,
        position=Seconds(position),
        duration=Seconds(100.0),
        retract=retract,
    )


START, PAUSE, WATCH = says(Action.START, 0), says(Action.PAUSE, 40), says(Action.STOP, 95)


def keep(store: Store, clock: Clock, *said: Scrobble, idle: bool = False) -> Entry | None:
    return store.keep(SESSION, said, clock(), idle=idle).result(10)


def claim(store: Store, clock: Clock) -> Entry:
    entry = store.claim("default", clock()).result(10)
    assert entry is not None
    return entry


def waiting(folder: Path) -> list[str]:
    return [f"{entry.scrobble.action.value} {entry.scrobble.position:g}" for entry in look(folder).waiting]


def play_of(entry: Entry, clock: Clock, history_id: int | None = 77) -> Play:
    scrobble = entry.scrobble
    return Play(
        account="default",
        sitting=scrobble.sitting,
        media=scrobble.media,
        watched_at=scrobble.at,
        delivered_at=clock(),
        history_id=history_id,
        how=How.SCROBBLED,
    )


def test_a_session_and_what_it_says_are_kept_together(store: Store, clock: Clock, tmp_path: Path) -> None:
    keep(store, clock, START)
    state = look(tmp_path)
    assert state.sessions == (SESSION,)
    assert [entry.scrobble for entry in state.waiting] == [START]
    assert store.sessions().result(10) == (SESSION,)


def test_an_idle_account_gets_its_entry_at_once_and_it_counts_as_attempted(store: Store, clock: Clock) -> None:
    entry = keep(store, clock, WATCH, idle=True)
    assert entry is not None
    assert entry.scrobble == WATCH
    assert entry.state is EntryState.SENDING
    assert store.claim("default", clock()).result(10) is None


def test_a_step_that_says_nothing_claims_nothing(store: Store, clock: Clock) -> None:
    keep(store, clock, START)
    assert keep(store, clock, idle=True) is None


def test_entries_leave_in_order_and_one_at_a_time(store: Store, clock: Clock) -> None:
    keep(store, clock, WATCH, says(Action.START, 0, sitting="two", media=TRON))
    first = claim(store, clock)
    assert first.scrobble == WATCH
    assert store.claim("default", clock()).result(10) is None
    store.deliver(first, play_of(first, clock)).result(10)
    assert claim(store, clock).scrobble.sitting == "two"


def test_accounts_do_not_wait_for_each_other(store: Store, clock: Clock) -> None:
    keep(store, clock, WATCH)
    other = msgspec.structs.replace(WATCH, account="marta", session=SessionKey(source="tv"), sitting="tv")
    store.keep(msgspec.structs.replace(SESSION, account="marta"), (other,), clock(), idle=False).result(10)
    assert claim(store, clock).scrobble == WATCH
    entry = store.claim("marta", clock()).result(10)
    assert entry is not None
    assert entry.scrobble == other


def test_what_waits_is_overtaken_by_what_comes_later_in_its_session(store: Store, clock: Clock, tmp_path: Path) -> None:
    keep(store, clock, START)
    keep(store, clock, PAUSE)
    keep(store, clock, says(Action.START, 41))
    assert waiting(tmp_path) == ["start 41"]
    keep(store, clock, WATCH)
    assert waiting(tmp_path) == ["stop 95"]


def test_a_watch_is_never_overtaken(store: Store, clock: Clock, tmp_path: Path) -> None:
    keep(store, clock, WATCH)
    keep(store, clock, says(Action.START, 0, sitting="two"))
    keep(store, clock, says(Action.STOP, 90, sitting="two"))
    assert waiting(tmp_path) == ["stop 95", "stop 90"]


def test_a_stop_of_unknown_length_may_be_a_watch_and_stays(store: Store, clock: Clock, tmp_path: Path) -> None:
    keep(store, clock, msgspec.structs.replace(WATCH, duration=None))
    keep(store, clock, says(Action.START, 0, sitting="two"))
    assert waiting(tmp_path) == ["stop 95", "start 0"]


def test_a_resume_takes_back_a_pause_that_was_not_sent(store: Store, clock: Clock, tmp_path: Path) -> None:
    store.settle(keep(store, clock, START, idle=True) or pytest.fail("nothing was claimed")).result(10)
    keep(store, clock, PAUSE)
    keep(store, clock, says(Action.START, 41))
    assert waiting(tmp_path) == []


def test_nothing_is_taken_back_of_a_sitting_that_trakt_never_heard_of(
    store: Store, clock: Clock, tmp_path: Path
) -> None:
    keep(store, clock, START)
    keep(store, clock, says(Action.STOP, 0, retract=True))
    assert waiting(tmp_path) == []


def test_a_start_that_may_have_arrived_is_taken_back(store: Store, clock: Clock, tmp_path: Path) -> None:
    keep(store, clock, START)
    store.postpone(claim(store, clock), clock(), uncertain=True).result(10)
    keep(store, clock, says(Action.STOP, 0, retract=True))
    assert waiting(tmp_path) == ["stop 0"]


def test_a_start_that_was_sent_is_taken_back(store: Store, clock: Clock, tmp_path: Path) -> None:
    store.settle(keep(store, clock, START, idle=True) or pytest.fail("nothing was claimed")).result(10)
    keep(store, clock, says(Action.STOP, 0, retract=True))
    assert waiting(tmp_path) == ["stop 0"]


def test_what_failed_waits_for_its_time_and_holds_up_its_account(store: Store, clock: Clock) -> None:
    keep(store, clock, WATCH)
    store.postpone(claim(store, clock), clock() + timedelta(seconds=30), uncertain=False).result(10)
    assert store.claim("default", clock()).result(10) is None
    assert store.next_due("default").result(10) == clock() + timedelta(seconds=30)
    clock.advance(30)
    again = claim(store, clock)
    assert (again.attempts, again.uncertain) == (1, False)


def test_what_may_have_been_done_stays_uncertain(store: Store, clock: Clock) -> None:
    keep(store, clock, WATCH)
    store.postpone(claim(store, clock), clock(), uncertain=True).result(10)
    store.postpone(claim(store, clock), clock(), uncertain=False).result(10)
    assert claim(store, clock).uncertain


def test_after_a_crash_what_was_being_sent_is_uncertain(tmp_path: Path, clock: Clock) -> None:
    with closing(Store(tmp_path, clock())) as before:
        keep(before, clock, WATCH, idle=True)
    with closing(Store(tmp_path, clock())) as after:
        assert after.recover(clock() + timedelta(seconds=5)).result(10) == 1
        assert after.claim("default", clock()).result(10) is None
        clock.advance(5)
        assert claim(after, clock).uncertain


def test_a_delivered_watch_is_a_play_and_leaves_nothing_of_its_sitting(
    store: Store, clock: Clock, tmp_path: Path
) -> None:
    store.settle(keep(store, clock, START, idle=True) or pytest.fail("nothing was claimed")).result(10)
    entry = keep(store, clock, WATCH, idle=True) or pytest.fail("nothing was claimed")
    store.deliver(entry, play_of(entry, clock)).result(10)
    state = look(tmp_path)
    assert state.waiting == ()
    assert state.plays == (play_of(entry, clock),)
    assert store.next_due("default").result(10) is None
    left = store._database.submit(lambda db: db.execute("SELECT count(*) FROM outbox").fetchone()[0])
    assert left.result(10) == 0


def test_a_sitting_is_one_play_however_often_it_is_delivered(store: Store, clock: Clock, tmp_path: Path) -> None:
    for _ in range(2):
        entry = keep(store, clock, WATCH, idle=True) or pytest.fail("nothing was claimed")
        store.deliver(entry, play_of(entry, clock)).result(10)
    assert len(look(tmp_path).plays) == 1


def test_known_history_ids_are_recognised(store: Store, clock: Clock) -> None:
    entry = keep(store, clock, WATCH, idle=True) or pytest.fail("nothing was claimed")
    store.deliver(entry, play_of(entry, clock, history_id=2**60)).result(10)
    assert store.has_play("default", [1, 2**60]).result(10) == {2**60}
    assert store.has_play("marta", [2**60]).result(10) == frozenset()
    assert store.has_play("default", []).result(10) == frozenset()


def test_what_is_set_aside_is_kept_with_its_reason_and_blocks_nothing(
    store: Store, clock: Clock, tmp_path: Path
) -> None:
    keep(store, clock, WATCH, says(Action.START, 0, sitting="two"))
    store.set_aside(claim(store, clock), "Trakt does not know this item").result(10)
    (aside,) = look(tmp_path).aside
    assert (aside.reason, aside.scrobble) == ("Trakt does not know this item", WATCH)
    assert claim(store, clock).scrobble.sitting == "two"


def test_a_forgotten_session_is_gone(store: Store, clock: Clock, tmp_path: Path) -> None:
    keep(store, clock)
    store.forget([KEY]).result(10)
    assert look(tmp_path).sessions == ()


def test_looking_into_an_empty_folder_finds_nothing(tmp_path: Path) -> None:
    assert look(tmp_path / "nowhere").sessions == ()


def test_what_was_left_by_a_killed_process_can_be_looked_at(tmp_path: Path, clock: Clock) -> None:
    import os  # noqa: PLC0415
    import subprocess  # noqa: PLC0415
    import sys  # noqa: PLC0415

    script = (
        "import os, sys, signal; from pathlib import Path; sys.path.insert(0, 'tests')\n"
        "from test_store import *\n"
        "store = Store(Path(sys.argv[1]), EPOCH)\n"
        "store.keep(SESSION, (WATCH,), EPOCH, idle=False).result(10)\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False, timeout=30, env=os.environ)
    assert waiting(tmp_path) == ["stop 95"]
    with closing(Store(tmp_path, clock())) as store:
        assert claim(store, clock).scrobble == WATCH


def test_a_state_of_another_version_shows_nothing_rather_than_nonsense(tmp_path: Path, clock: Clock) -> None:
    with closing(Store(tmp_path, clock())) as store:
        keep(store, clock, WATCH)
        store._database.submit(lambda db: db.execute("PRAGMA user_version = 99")).result(10)
    assert look(tmp_path).waiting == ()
