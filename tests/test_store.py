"""What must not be lost, and the order in which it leaves. ``spec/delivery.md`` has the MUSTs."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import pytest
from conftest import EPOCH, Clock
from hypothesis import given, settings
from hypothesis import strategies as st
from playbook import HEAT, KEY, TRON

from scrobbler.errors import StateError
from scrobbler.events import Media, Seconds, SessionKey, Show
from scrobbler.household import Stranger, Switched
from scrobbler.machine.motion import State
from scrobbler.machine.scrobble import Action, Scrobble
from scrobbler.machine.session import Session
from scrobbler.state.amendments import Entered, NotUndone, Replaced, Wrong, by_hand
from scrobbler.state.answers import Answer
from scrobbler.state.corrections import Correction, Never, OfShow, Remembered
from scrobbler.state.decisions import Note, What
from scrobbler.state.entry import HOPELESS, OTHERS, Entry, EntryState, Failure, Removal
from scrobbler.state.people import Mapped
from scrobbler.state.plays import How, Play
from scrobbler.state.schema import FILE, SCRIPTS
from scrobbler.state.snapshot import Queued, corrected, decisions, entry, look, mapped, play, queued, vigil
from scrobbler.state.store import Store
from scrobbler.state.vigil import Spoken, Vigil


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


def fail(
    store: Store, clock: Clock, entry: Entry, *, until: float = 0.0, uncertain: bool = False, own: bool = True
) -> None:
    """The attempt came to nothing, and is made again after so many seconds."""
    at = clock() + timedelta(seconds=until)
    failure = Failure(at=clock(), reason="Trakt failed", until=at, next_at=at, uncertain=uncertain, own=own)
    store.fail(entry, failure).result(10)


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


def test_another_accounts_entry_overtakes_nothing(store: Store, clock: Clock, tmp_path: Path) -> None:
    keep(store, clock, START)
    started = claim(store, clock)
    keep(store, clock, says(Action.STOP, 0, retract=True))
    keep(store, clock, msgspec.structs.replace(says(Action.START, 50, sitting="hers"), account="marta"))
    store.settle(started).result(10)
    assert waiting(tmp_path) == ["stop 0", "start 50"]
    fail(store, clock, claim(store, clock))
    assert waiting(tmp_path) == ["stop 0", "start 50"]


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
    fail(store, clock, claim(store, clock), uncertain=True)
    keep(store, clock, says(Action.STOP, 0, retract=True))
    assert waiting(tmp_path) == ["stop 0"]


def test_a_start_that_was_sent_is_taken_back(store: Store, clock: Clock, tmp_path: Path) -> None:
    store.settle(keep(store, clock, START, idle=True) or pytest.fail("nothing was claimed")).result(10)
    keep(store, clock, says(Action.STOP, 0, retract=True))
    assert waiting(tmp_path) == ["stop 0"]


def test_what_failed_waits_for_its_time_and_holds_up_its_account(store: Store, clock: Clock) -> None:
    keep(store, clock, WATCH)
    fail(store, clock, claim(store, clock), until=30)
    assert store.claim("default", clock()).result(10) is None
    assert store.next_due("default", clock()).result(10) == clock() + timedelta(seconds=30)
    clock.advance(30)
    again = claim(store, clock)
    assert (again.attempts, again.uncertain) == (1, False)


def test_what_may_have_been_done_stays_uncertain(store: Store, clock: Clock) -> None:
    keep(store, clock, WATCH)
    fail(store, clock, claim(store, clock), uncertain=True)
    fail(store, clock, claim(store, clock))
    store.defer(claim(store, clock), clock()).result(10)
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
    assert state.plays == (msgspec.structs.replace(play_of(entry, clock), id=1),)
    assert store.next_due("default", clock()).result(10) is None
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


def watches(store: Store, clock: Clock, *sittings: str) -> None:
    keep(store, clock, *(says(Action.STOP, 95, sitting=sitting) for sitting in sittings))


def goes_through(store: Store, clock: Clock, sitting: str) -> None:
    entry = claim(store, clock)
    assert entry.scrobble.sitting == sitting
    store.deliver(entry, play_of(entry, clock)).result(10)


def test_what_failed_three_times_steps_behind_what_failed_less(store: Store, clock: Clock) -> None:
    watches(store, clock, "ill", "well")
    for _ in range(3):
        entry = claim(store, clock)
        assert entry.scrobble.sitting == "ill"
        assert not entry.behind
        fail(store, clock, entry)
    goes_through(store, clock, "well")
    assert claim(store, clock).behind


def test_those_that_stepped_behind_take_turns(store: Store, clock: Clock) -> None:
    watches(store, clock, "one", "two", "three")
    tried = []
    for _ in range(15):
        entry = claim(store, clock)
        tried.append(entry.scrobble.sitting)
        fail(store, clock, entry)
    assert tried[:9] == ["one"] * 3 + ["two"] * 3 + ["three"] * 3
    assert tried[9:] == ["one", "two", "three"] * 2


def test_a_missing_connection_is_no_failure_of_an_entry(store: Store, clock: Clock, tmp_path: Path) -> None:
    watches(store, clock, "one", "two")
    for _ in range(20):
        entry = claim(store, clock)
        assert entry.scrobble.sitting == "one"
        fail(store, clock, entry, own=False)
    (first, _) = look(tmp_path).waiting
    assert (first.attempts, first.reason, first.failing_since) == (0, "Trakt failed", clock())


def test_an_outage_however_long_makes_nothing_hopeless(store: Store, clock: Clock) -> None:
    watches(store, clock, "one", "two")
    for _ in range(200):
        entry = claim(store, clock)
        assert not entry.hopeless
        fail(store, clock, entry)


def ill_while_others_go_through(store: Store, clock: Clock) -> None:
    watches(store, clock, "ill", "a", "b", "c")
    for _ in range(3):
        fail(store, clock, claim(store, clock))
    for sitting in "abc":
        goes_through(store, clock, sitting)


def test_what_fails_while_others_go_through_is_hopeless(store: Store, clock: Clock) -> None:
    ill_while_others_go_through(store, clock)
    failures = 3
    while not (entry := claim(store, clock)).hopeless:
        fail(store, clock, entry)
        failures += 1
    assert failures == HOPELESS - 1
    assert entry.others == OTHERS


def test_what_fails_while_others_go_through_rests_longer_each_time_but_never_over_an_hour(
    store: Store, clock: Clock
) -> None:
    ill_while_others_go_through(store, clock)
    rests = []
    for _ in range(10):
        entry = claim(store, clock)
        rests.append(entry.rest.total_seconds())
        fail(store, clock, entry, until=rests[-1])
        clock.advance(rests[-1])
    assert rests == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]


def test_in_an_outage_nothing_rests_for_itself(store: Store, clock: Clock) -> None:
    watches(store, clock, "one", "two")
    for _ in range(50):
        entry = claim(store, clock)
        assert entry.rest == timedelta(0)
        fail(store, clock, entry)


def test_what_rests_behind_holds_up_nobody_not_even_what_stepped_behind_too(store: Store, clock: Clock) -> None:
    ill_while_others_go_through(store, clock)
    fail(store, clock, claim(store, clock), until=3600)
    watches(store, clock, "also ill")
    for _ in range(6):
        entry = claim(store, clock)
        assert entry.scrobble.sitting == "also ill"
        fail(store, clock, entry)
    store.set_aside(claim(store, clock), "no").result(10)
    assert store.claim("default", clock()).result(10) is None
    assert store.next_due("default", clock()).result(10) == clock() + timedelta(hours=1)


def test_one_that_gets_through_after_all_wakes_those_that_rest(store: Store, clock: Clock) -> None:
    ill_while_others_go_through(store, clock)
    fail(store, clock, claim(store, clock), until=3600)
    watches(store, clock, "also ill")
    for _ in range(3):
        fail(store, clock, claim(store, clock))
    goes_through(store, clock, "also ill")
    clock.advance(5)
    assert claim(store, clock).scrobble.sitting == "ill"


def test_a_retry_ends_a_rest(store: Store, clock: Clock) -> None:
    ill_while_others_go_through(store, clock)
    entry = claim(store, clock)
    fail(store, clock, entry, until=3600, uncertain=True)
    store.changes.retry([entry.id], clock()).result(10)
    clock.advance(5)
    assert claim(store, clock).scrobble.sitting == "ill"


def test_a_service_that_comes_back_for_a_moment_makes_nothing_hopeless(store: Store, clock: Clock) -> None:
    watches(store, clock, "ill")
    for _ in range(20):
        fail(store, clock, claim(store, clock))
    watches(store, clock, "a", "b", "c")
    for sitting in "abc":
        goes_through(store, clock, sitting)
    assert not claim(store, clock).hopeless


def test_what_was_dropped_unsent_says_nothing_about_the_service(store: Store, clock: Clock) -> None:
    watches(store, clock, "ill", "a")
    for _ in range(3):
        fail(store, clock, claim(store, clock))
    store.settle(claim(store, clock), through=False).result(10)
    assert claim(store, clock).others == 0


def test_a_start_does_not_overtake_the_pause_that_came_while_it_was_sent(
    store: Store, clock: Clock, tmp_path: Path
) -> None:
    start = keep(store, clock, START, idle=True) or pytest.fail("nothing was claimed")
    keep(store, clock, PAUSE)
    fail(store, clock, start)
    assert waiting(tmp_path) == ["pause 40"]
    assert decisions(tmp_path) == ()


def test_after_a_crash_what_was_overtaken_is_not_sent_again(tmp_path: Path, clock: Clock) -> None:
    with closing(Store(tmp_path, clock())) as store:
        keep(store, clock, START, idle=True)
        keep(store, clock, PAUSE)
        store.recover(clock()).result(10)
        assert waiting(tmp_path) == ["pause 40"]


def test_what_was_begun_of_taking_back_a_start_is_ended(store: Store, clock: Clock, tmp_path: Path) -> None:
    store.settle(keep(store, clock, START, idle=True) or pytest.fail("nothing was claimed")).result(10)
    back = keep(store, clock, says(Action.STOP, 0, retract=True), idle=True) or pytest.fail("nothing was claimed")
    keep(store, clock, says(Action.START, 0, sitting="two"))
    store.defer(back, clock()).result(10)
    assert waiting(tmp_path) == ["stop 0", "start 0"]


def test_the_forms_that_were_tried_survive_a_restart(tmp_path: Path, clock: Clock) -> None:
    with closing(Store(tmp_path, clock())) as store:
        watches(store, clock, "one")
        store.defer(claim(store, clock), clock(), form=2).result(10)
    with closing(Store(tmp_path, clock())) as store:
        assert claim(store, clock).form == 2


def test_what_waits_says_since_when_why_and_until_when(store: Store, clock: Clock, tmp_path: Path) -> None:
    began_at = clock()
    watches(store, clock, "one")
    clock.advance(10)
    fail(store, clock, claim(store, clock), until=30)
    clock.advance(100)
    (entry,) = look(tmp_path).waiting
    assert (entry.since, entry.failing_since) == (began_at, began_at + timedelta(seconds=10))
    assert (entry.reason, entry.attempts) == ("Trakt failed", 1)
    assert entry.next_at == began_at + timedelta(seconds=40)


def test_what_the_user_wants_tried_again_begins_anew_but_is_looked_up_first(
    store: Store, clock: Clock, tmp_path: Path
) -> None:
    watches(store, clock, "one")
    fail(store, clock, claim(store, clock), uncertain=True)
    store.set_aside(claim(store, clock), "Trakt does not know this item").result(10)
    (aside,) = look(tmp_path).aside
    assert store.changes.retry([aside.id, 99], clock()).result(10) == (aside,)
    again = claim(store, clock)
    assert (again.attempts, again.reason, again.failing_since, again.uncertain) == (0, None, None, True)
    assert store.changes.retry([again.id], clock()).result(10) == ()
    assert [one.what for one in decisions(tmp_path)] == [What.WAITING, What.RETRIED]


def test_a_watch_that_the_user_drops_is_gone_and_noted(store: Store, clock: Clock, tmp_path: Path) -> None:
    store.settle(keep(store, clock, START, idle=True) or pytest.fail("nothing was claimed")).result(10)
    watches(store, clock, "one", "two")
    (one, two) = look(tmp_path).waiting
    assert store.changes.drop([one.id], clock()).result(10) == (one,)
    assert look(tmp_path).waiting == (two,)
    (noted,) = decisions(tmp_path)
    assert (noted.what, noted.words, noted.entry) == (
        What.DROPPED,
        "stop Heat (1995) was dropped by the user",
        one.id,
    )
    sending = claim(store, clock)
    assert store.changes.drop([sending.id], clock()).result(10) == ()
    store.set_aside(sending, "no").result(10)
    assert len(store.changes.drop([sending.id], clock()).result(10)) == 1
    assert look(tmp_path).aside == ()


def test_plays_and_decisions_are_kept_for_their_time(store: Store, clock: Clock, tmp_path: Path) -> None:
    for sitting in ("old", "new"):
        watches(store, clock, sitting)
        goes_through(store, clock, sitting)
        store.note([Note(at=clock(), what=What.SENT, words=sitting)]).result(10)
        clock.advance(timedelta(days=40).total_seconds())
    store.tidy(clock() - timedelta(days=60), clock() - timedelta(days=60)).result(10)
    assert [play.sitting for play in look(tmp_path).plays] == ["new"]
    assert [one.words for one in decisions(tmp_path)] == ["new"]
    store.tidy(clock() - timedelta(days=60), clock()).result(10)
    assert len(look(tmp_path).plays) == 1
    assert decisions(tmp_path) == ()


def test_a_play_is_found_by_the_time_of_its_sitting(store: Store, clock: Clock) -> None:
    told = msgspec.structs.replace(WATCH, began_at=EPOCH - timedelta(hours=2))
    entry = keep(store, clock, told, idle=True) or pytest.fail("nothing was claimed")
    play = msgspec.structs.replace(play_of(entry, clock), told=told, item="{}", id=1)
    store.deliver(entry, play).result(10)

    def near(began: float, ended: float, account: str = "default") -> list[Play]:
        began_at, ended_at = (EPOCH + timedelta(hours=hours) for hours in (began, ended))
        return list(store.plays_near(account, began_at, ended_at).result(10).values())

    assert near(-3, -1) == near(-1.5, -1) == near(-1, 1) == [play]
    assert near(-9, -3) == near(1, 2) == near(-1, 1, "marta") == []


def test_a_forgotten_session_is_gone(store: Store, clock: Clock, tmp_path: Path) -> None:
    keep(store, clock)
    store.forget([KEY]).result(10)
    assert look(tmp_path).sessions == ()


def test_looking_into_an_empty_folder_finds_nothing(tmp_path: Path) -> None:
    assert look(tmp_path / "nowhere").sessions == ()
    assert decisions(tmp_path / "nowhere") == ()


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


def test_on_which_days_it_ran_and_what_it_told_of_a_player_is_kept(tmp_path: Path, clock: Clock) -> None:
    assert vigil(tmp_path) == Vigil()
    with closing(Store(tmp_path, clock())) as store:
        for _ in range(3):
            store.wake(clock().date(), keep=2).result(10)
            store.wake(clock().date(), keep=2).result(10)
            clock.at += timedelta(days=1)
        heard: list[Note] = []
        store.listeners.append(heard.extend)
        store.note([Note(at=clock(), what=What.HEARD, words="it plays", source="mpv")]).result(10)
        store.said("silent", "mpv", EPOCH).result(10)
        assert [note.words for note in heard] == ["it plays"]
        store.said("silent", "mpv", clock()).result(10)
    assert vigil(tmp_path) == Vigil(
        awake=tuple(EPOCH.date() + timedelta(days=days) for days in (1, 2)),
        spoken={"mpv": Spoken(days=1, last_at=clock())},
        said={("silent", "mpv"): clock()},
    )


def test_a_state_of_another_version_shows_nothing_rather_than_nonsense(tmp_path: Path, clock: Clock) -> None:
    with closing(Store(tmp_path, clock())) as store:
        keep(store, clock, WATCH)
        store._database.submit(lambda db: db.execute("PRAGMA user_version = 99")).result(10)
    assert look(tmp_path).waiting == ()


def test_query_strings_and_passwords_of_media_urls_never_reach_the_disk(
    store: Store, clock: Clock, tmp_path: Path
) -> None:
    media = Media(path="https://marta:hush@nas.lan:8096/films/Heat%20(1995).mkv?api_key=hush#hush")
    keep(store, clock, says(Action.START, 0, media=media))
    store.set_aside(claim(store, clock), "no").result(10)
    written = b"".join(path.read_bytes() for path in tmp_path.glob(f"{FILE}*"))
    assert b"nas.lan:8096/films/Heat" in written
    assert b"hush" not in written


VERSION_1 = """
    CREATE TABLE outbox (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        account TEXT NOT NULL,
        session TEXT NOT NULL,
        sitting TEXT NOT NULL,
        action TEXT NOT NULL,
        counts INTEGER,
        scrobble TEXT NOT NULL,
        state TEXT NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0,
        uncertain INTEGER NOT NULL DEFAULT 0,
        not_before TEXT NOT NULL,
        reason TEXT
    ) STRICT;
    CREATE INDEX outbox_by_account ON outbox (account, id) WHERE state IN ('waiting', 'sending');
    CREATE INDEX outbox_by_session ON outbox (session);
    CREATE INDEX outbox_by_sitting ON outbox (sitting);

    CREATE TABLE sessions (
        key TEXT PRIMARY KEY,
        snapshot TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE plays (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        account TEXT NOT NULL,
        sitting TEXT NOT NULL UNIQUE,
        media TEXT NOT NULL,
        watched_at TEXT NOT NULL,
        delivered_at TEXT NOT NULL,
        history_id INTEGER,
        how TEXT NOT NULL
    ) STRICT;
    CREATE INDEX plays_by_history ON plays (account, history_id);
    """
"""What the first release made. It is in users' hands."""

MPV = '{"source":"mpv","id":"4711"}'
FILM = '{"kind":"movie","title":"Heat","year":1995,"ids":{"imdb":"tt0113277"}}'
WATCHED_1 = (
    f'{{"session":{MPV},"sitting":"mpv/4711@2026-11-20T20:00:00+00:00.1","account":"default","action":"stop",'
    f'"media":{FILM},"at":"2026-11-20T20:00:00Z","position":95.0,"duration":100.0}}'
)
SESSION_1 = (
    f'{{"key":{MPV},"account":"default","state":"playing","sittings":1,"sitting":"mpv/4711@2026-11-20T20:00:00+00:00.1",'
    f'"media":{FILM},"at":"2026-11-20T20:00:00Z","position":10.0,"position_at":"2026-11-20T20:00:00Z",'
    '"duration":100.0,"played":10.0,"said":"start"}'
)
NOW_1 = "2026-11-20T20:00:00.000000+00:00"


def version_1(folder: Path) -> Path:
    """A state file as the first release left it: a film is on, two watches wait, one is set aside, one is delivered."""
    path = folder / FILE
    with closing(sqlite3.connect(path)) as db:
        db.executescript(
            f"PRAGMA journal_mode = WAL;{VERSION_1}PRAGMA application_id = 0x5C20BB1E; PRAGMA user_version = 1"
        )
        db.execute("INSERT INTO sessions VALUES ('mpv/4711', ?)", (SESSION_1,))
        for state, reason in (("waiting", None), ("sending", None), ("aside", "Trakt does not know this item")):
            db.execute(
                "INSERT INTO outbox (account, session, sitting, action, counts, scrobble, state, not_before, reason)"
                " VALUES ('default', 'mpv/4711', ?, 'stop', 1, ?, ?, ?, ?)",
                (state, WATCHED_1, state, NOW_1, reason),
            )
        db.execute(
            "INSERT INTO plays (account, sitting, media, watched_at, delivered_at, history_id, how)"
            " VALUES ('default', 'one', ?, ?, ?, 77, 'scrobbled')",
            (FILM, NOW_1, NOW_1),
        )
        db.commit()
    return path


def version_2(folder: Path) -> Path:
    """A state file as the second version left it: that of the first, upgraded, with a play that knows its sitting."""
    path = version_1(folder)
    with closing(sqlite3.connect(path)) as db:
        db.executescript(f"{SCRIPTS[1]}PRAGMA user_version = 2")
        told = WATCHED_1.replace('"at":"2026-11-20T20:00:00Z"', '"at":"2026-11-20T20:00:00Z","played":95.0')
        db.execute(
            "INSERT INTO plays (account, sitting, media, watched_at, delivered_at, history_id, how, told, item,"
            " began_at, ended_at) VALUES ('default', 'two', ?, ?, ?, NULL, 'added to the history', ?, ?, ?, ?)",
            (FILM, NOW_1, NOW_1, told, '{"kind":"movie","title":"Heat"}', NOW_1, NOW_1),
        )
        db.execute("UPDATE outbox SET attempts = 5, others = 4, blamed = 2, form = 1 WHERE state = 'waiting'")
        db.commit()
    return path


def test_a_file_of_the_second_version_is_copied_and_upgraded_with_all_that_is_in_it(
    tmp_path: Path, clock: Clock
) -> None:
    path = version_2(tmp_path)
    with closing(Store(tmp_path, clock())) as store:
        assert store.moved is None
        state = look(tmp_path)
        assert [(play.id, play.history_id, play.undone_at) for play in state.plays] == [(2, None, None), (1, 77, None)]
        assert [(entry.attempts, entry.item, entry.removes) for entry in state.waiting] == [
            (5, None, None),
            (0, None, None),
        ]
        assert [(entry.reason, entry.unmatched) for entry in state.aside] == [("Trakt does not know this item", False)]
        for number in (1, 2):
            assert isinstance(store.changes.undo(number, clock()).result(10), Entry)
        assert [entry.removes for entry in look(tmp_path).waiting][2:] == [
            Removal(play=1, history_id=77),
            Removal(play=2, history_id=None),
        ]
        assert list(store.plays_near("default", EPOCH, EPOCH).result(10)) == [2]
    with closing(sqlite3.connect(path.with_name(f"{FILE}.version-2"))) as copy:
        assert copy.execute("PRAGMA user_version").fetchone() == (2,)
        assert copy.execute("SELECT count(*) FROM plays").fetchone() == (2,)


def holds_version_1s(folder: Path, clock: Clock) -> None:
    """All that was in the old file is in the new one, and is worked with."""
    with closing(Store(folder, clock())) as store:
        assert store.moved is None
        assert store.recover(clock()).result(10) == 1
        state = look(folder)
        assert [session.media for session in state.sessions] == [HEAT]
        assert [entry.since for entry in (*state.waiting, *state.aside)] == [EPOCH] * 3
        (aside,) = state.aside
        assert (aside.reason, aside.scrobble.media) == ("Trakt does not know this item", HEAT)
        assert [(play.history_id, play.told, play.item) for play in state.plays] == [(77, None, None)]
        assert store.plays_near("default", EPOCH, EPOCH).result(10) == {}
        for _ in range(2):
            entry = claim(store, clock)
            assert entry.scrobble.counts()
            store.deliver(entry, msgspec.structs.replace(play_of(entry, clock), sitting=str(entry.id))).result(10)
        assert len(look(folder).plays) == 3


def test_the_first_version_of_the_schema_is_as_it_was_released() -> None:
    assert SCRIPTS[0].split() == VERSION_1.split()


def test_a_file_of_the_first_version_is_copied_and_upgraded_with_all_that_is_in_it(
    tmp_path: Path, clock: Clock
) -> None:
    path = version_1(tmp_path)
    holds_version_1s(tmp_path, clock)
    with closing(sqlite3.connect(path.with_name(f"{FILE}.version-1"))) as copy:
        assert copy.execute("SELECT count(*) FROM outbox").fetchone() == (3,)
        assert copy.execute("PRAGMA user_version").fetchone() == (1,)


# What is changed afterwards


def delivered(store: Store, clock: Clock, sitting: str = "one", media: Media = HEAT) -> Play:
    """A watch that Trakt has."""
    keep(store, clock, says(Action.STOP, 95, sitting=sitting, media=media))
    entry = claim(store, clock)
    store.deliver(entry, msgspec.structs.replace(play_of(entry, clock), told=entry.scrobble, item="{}")).result(10)
    play = store.play_of(sitting).result(10)
    assert play is not None
    return play


def undone(store: Store, clock: Clock, play: Play) -> Entry:
    entry = store.changes.undo(play.id, clock()).result(10)
    assert isinstance(entry, Entry)
    return entry


def test_a_play_that_is_taken_back_is_kept_as_undone_with_the_entry_that_removes_it(
    store: Store, clock: Clock, tmp_path: Path
) -> None:
    play = delivered(store, clock)
    clock.advance(60)
    entry = undone(store, clock, play)
    assert (entry.scrobble.action, entry.scrobble.media, entry.scrobble.at) == (Action.REMOVE, HEAT, EPOCH)
    assert (entry.removes, entry.item) == (Removal(play=play.id, history_id=77), "{}")
    state = look(tmp_path)
    assert state.waiting == (entry,)
    assert state.plays == (msgspec.structs.replace(play, undone_at=clock()),)
    assert store.has_play("default", [77]).result(10) == {77}


def test_a_play_is_taken_back_once_and_only_if_there_is_one(store: Store, clock: Clock, tmp_path: Path) -> None:
    play = delivered(store, clock)
    undone(store, clock, play)
    assert store.changes.undo(play.id, clock()).result(10) is NotUndone.ALREADY
    assert store.changes.undo(99, clock()).result(10) is NotUndone.UNKNOWN
    assert store.changes.replace(play.id, TRON, clock()).result(10) is NotUndone.ALREADY
    assert len(look(tmp_path).waiting) == 1


def test_a_removal_is_no_watch_and_is_superseded_by_nothing(store: Store, clock: Clock, tmp_path: Path) -> None:
    entry = undone(store, clock, delivered(store, clock))
    assert (entry.scrobble.counts(), entry.scrobble.lasts()) == (False, True)
    mine = SESSION_OF_USER
    for action in (Action.START, Action.PAUSE):
        said = msgspec.structs.replace(says(action, 40, sitting="mine"), session=mine.key)
        store.keep(mine, (said,), clock(), idle=False).result(10)
    claimed = claim(store, clock)
    assert claimed.id == entry.id
    fail(store, clock, claimed)
    assert entry.id in {one.id for one in look(tmp_path).waiting}


SESSION_OF_USER = msgspec.structs.replace(SESSION, key=by_hand("default", HEAT, EPOCH).session)


def test_a_removal_leaves_nothing_behind_once_it_is_done(store: Store, clock: Clock, tmp_path: Path) -> None:
    undone(store, clock, delivered(store, clock))
    store.settle(claim(store, clock)).result(10)
    assert look(tmp_path).waiting == ()
    left = store._database.submit(lambda db: db.execute("SELECT count(*) FROM outbox").fetchone()[0])
    assert left.result(10) == 0


def test_a_play_whose_removal_the_user_drops_stands_again(store: Store, clock: Clock, tmp_path: Path) -> None:
    entry = undone(store, clock, delivered(store, clock))
    store.changes.drop([entry.id], clock()).result(10)
    assert [play.undone_at for play in look(tmp_path).plays] == [None]
    assert decisions(tmp_path)[-1].words == "remove Heat (1995) was dropped by the user"


def test_what_was_looked_up_for_a_removal_survives_a_crash(tmp_path: Path, clock: Clock) -> None:
    with closing(Store(tmp_path, clock())) as store:
        undone(store, clock, delivered(store, clock))
        store.found(claim(store, clock), 4711).result(10)
    with closing(Store(tmp_path, clock())) as store:
        store.recover(clock()).result(10)
        entry = claim(store, clock)
        assert (entry.removes, entry.uncertain) == (Removal(play=1, history_id=4711), True)


def test_a_watch_that_is_entered_twice_is_one_wherever_it_is_by_then(
    store: Store, clock: Clock, tmp_path: Path
) -> None:
    watch = by_hand("default", HEAT, clock())
    first = store.changes.enter(watch, clock(), item="{}").result(10)
    again = store.changes.enter(msgspec.structs.replace(watch, at=clock() - timedelta(seconds=1)), clock()).result(10)
    assert (first.new, again.new, again.stands) == (True, False, first.stands)
    entry = claim(store, clock)
    assert (entry.item, entry.scrobble.counts()) == ("{}", True)
    store.deliver(entry, play_of(entry, clock)).result(10)
    assert store.changes.enter(watch, clock()).result(10) == Entered(stands=look(tmp_path).plays[0], new=False)
    assert [one.what for one in decisions(tmp_path)] == [What.ENTERED]


def test_a_watch_that_was_undone_may_be_entered_again_as_one_of_its_own(
    store: Store, clock: Clock, tmp_path: Path
) -> None:
    watch = by_hand("default", HEAT, clock())
    store.changes.enter(watch, clock()).result(10)
    entry = claim(store, clock)
    store.deliver(entry, play_of(entry, clock)).result(10)
    store.changes.undo(1, clock()).result(10)
    again = store.changes.enter(watch, clock()).result(10)
    assert again.new
    assert isinstance(again.stands, Entry)
    assert again.stands.scrobble.sitting == f"{watch.sitting} #2"


@pytest.mark.parametrize(
    "other",
    [
        by_hand("default", TRON, EPOCH),
        by_hand("marta", HEAT, EPOCH),
        by_hand("default", HEAT, EPOCH + timedelta(minutes=1)),
    ],
)
def test_another_item_account_or_minute_is_another_watch(store: Store, clock: Clock, other: Scrobble) -> None:
    assert store.changes.enter(by_hand("default", HEAT, EPOCH), clock()).result(10).new
    assert store.changes.enter(other, clock()).result(10).new


def replaced(store: Store, clock: Clock, play: Play) -> Replaced:
    done = store.changes.replace(play.id, TRON, clock()).result(10)
    assert isinstance(done, Replaced)
    return done


def test_what_takes_the_place_of_a_play_has_its_time_and_waits_for_its_removal(store: Store, clock: Clock) -> None:
    play = delivered(store, clock)
    clock.advance(3600)
    done = replaced(store, clock, play)
    watch = done.entered.stands
    assert isinstance(watch, Entry)
    assert (watch.scrobble.media, watch.scrobble.at, watch.scrobble.action) == (TRON, EPOCH, Action.HISTORY)
    for _ in range(5):
        entry = claim(store, clock)
        assert entry.id == done.removal.id
        fail(store, clock, entry)
    store.settle(claim(store, clock)).result(10)
    assert claim(store, clock).id == watch.id


@pytest.mark.parametrize("end", ["aside", "dropped"])
def test_where_there_is_no_removal_any_more_nothing_waits_for_it(store: Store, clock: Clock, end: str) -> None:
    done = replaced(store, clock, delivered(store, clock))
    if end == "aside":
        store.set_aside(claim(store, clock), "no").result(10)
    else:
        store.changes.drop([done.removal.id], clock()).result(10)
    assert claim(store, clock).scrobble.media == TRON


def test_the_watch_that_trakt_mistook_is_removed_and_tried_again_in_one_commit(
    store: Store, clock: Clock, tmp_path: Path
) -> None:
    wrong = Wrong(media=TRON, item="{}", history_id=5, watched_at=EPOCH)
    keep(store, clock, WATCH)
    store.mistaken(claim(store, clock), wrong, until=clock(), form=1, reason="").result(10)
    watch, removal = look(tmp_path).waiting
    assert (watch.form, watch.uncertain) == (1, True)
    assert (removal.scrobble.media, removal.removes) == (TRON, Removal(play=None, history_id=5))
    store.mistaken(claim(store, clock), wrong, until=clock(), form=None, reason="no form is left").result(10)
    state = look(tmp_path)
    assert [entry.removes for entry in state.waiting] == [Removal(play=None, history_id=5)] * 2
    assert [entry.reason for entry in state.aside] == ["no form is left"]
    store.changes.drop([removal.id], clock()).result(10)
    assert len(look(tmp_path).waiting) == 1


def test_what_was_not_recognised_keeps_its_candidates_until_it_is_tried_again(
    store: Store, clock: Clock, tmp_path: Path
) -> None:
    keep(store, clock, WATCH)
    store.set_aside(claim(store, clock), "which one?", candidates="[]").result(10)
    (aside,) = look(tmp_path).aside
    assert (aside.candidates, aside.unmatched) == ("[]", True)
    store.changes.retry([aside.id], clock()).result(10)
    (waiting,) = look(tmp_path).waiting
    assert (waiting.candidates, waiting.unmatched) == (None, False)


class Amended:
    """A store whose entries leave to a Trakt that is a list, whatever the user does meanwhile."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = Clock()
        self.store = Store(folder, self.clock())
        self.history: dict[int, tuple[str | None, datetime]] = {}
        self.wanted: dict[str, tuple[str | None, datetime]] = {}
        """What must be there in the end, by sitting."""
        self.ids = 100

    def watch(self, media: Media) -> None:
        """One that a player tells of."""
        self.clock.advance(3600)
        watch = msgspec.structs.replace(
            says(Action.STOP, 95, sitting=f"at {self.clock()}", media=media), at=self.clock()
        )
        keep(self.store, self.clock, watch)
        self.wanted[watch.sitting] = (media.title, watch.at)

    def enter(self, media: Media) -> None:
        done = self.store.changes.enter(by_hand("default", media, self.clock()), self.clock()).result(10)
        self._expect(done)

    def undo(self, number: int) -> None:
        if play := self._play(number):
            undone(self.store, self.clock, play)
            del self.wanted[play.sitting]

    def replace(self, number: int, media: Media) -> None:
        if play := self._play(number):
            done = self.store.changes.replace(play.id, media, self.clock()).result(10)
            assert isinstance(done, Replaced)
            del self.wanted[play.sitting]
            self._expect(done.entered)

    def send(self, number: int) -> None:
        """An attempt: it goes well, fails, or is cut off by a crash before or after Trakt did it."""
        entry = self.store.claim("default", self.clock()).result(10)
        if entry is None:
            return
        if number % 4 == 1:
            fail(self.store, self.clock, entry)
            return
        if number % 4 != 2:
            self._do(entry)
        if number % 4 >= 2:
            self.store.close()
            self.store = Store(self.folder, self.clock())
            self.store.recover(self.clock()).result(10)
            return
        self._settle(entry)

    def send_all(self) -> None:
        while (entry := self.store.claim("default", self.clock()).result(10)) is not None:
            self._do(entry)
            self._settle(entry)

    def close(self) -> None:
        self.store.close()

    def _do(self, entry: Entry) -> None:
        if entry.removes is not None:
            assert entry.removes.history_id is not None
            self.history.pop(entry.removes.history_id, None)
        elif self._found(entry) is None:
            self.ids += 1
            self.history[self.ids] = (entry.scrobble.media.title, entry.scrobble.at)

    def _settle(self, entry: Entry) -> None:
        if entry.removes is not None:
            self.store.settle(entry).result(10)
        else:
            self.store.deliver(entry, play_of(entry, self.clock, self._found(entry))).result(10)

    def _found(self, entry: Entry) -> int | None:
        """As the courier looks it up: the same, and none of our other plays."""
        meant = (entry.scrobble.media.title, entry.scrobble.at)
        alike = [number for number, play in self.history.items() if play == meant]
        ours = self.store.has_play("default", alike).result(10)
        return next((number for number in alike if number not in ours), None)

    def _play(self, number: int) -> Play | None:
        standing = [play for play in look(self.folder).plays if play.undone_at is None]
        return standing[number % len(standing)] if standing else None

    def _expect(self, done: Entered) -> None:
        if done.new:
            assert isinstance(done.stands, Entry)
            said = done.stands.scrobble
            self.wanted[said.sitting] = (said.media.title, said.at)


FILMS = st.sampled_from([HEAT, TRON])
DOINGS = st.lists(
    st.one_of(
        st.tuples(st.just("watch"), FILMS),
        st.tuples(st.just("enter"), FILMS),
        st.tuples(st.just("undo"), st.integers(0, 9)),
        st.tuples(st.just("replace"), st.integers(0, 9), FILMS),
        st.tuples(st.just("send"), st.integers(0, 9)),
    ),
    max_size=25,
)


@given(DOINGS)
@settings(max_examples=60)
def test_whatever_is_undone_entered_and_replaced_each_watch_that_stands_is_there_once(
    doings: list[tuple[str, *tuple[object, ...]]],
) -> None:
    with TemporaryDirectory() as name:
        amended = Amended(Path(name))
        with closing(amended):
            for what, *how in doings:
                getattr(amended, what)(*how)
            amended.send_all()
            assert sorted(map(str, amended.history.values())) == sorted(map(str, amended.wanted.values()))
            standing = [play for play in look(amended.folder, limit=99).plays if play.undone_at is None]
            assert {play.sitting for play in standing} == amended.wanted.keys()


# Incognito, and who follows the decisions


def test_a_stranger_is_remembered_until_he_is_mapped_and_a_mapping_until_it_is_taken_back(
    store: Store, tmp_path: Path, clock: Clock
) -> None:
    store.meet("plex", Stranger(user="Kim"), clock()).result(10)
    assert [one.user for one in look(tmp_path).strangers] == ["Kim"]
    kims = Mapped(player="plex", user="kim", account="marta")
    store.map_user(kims, [Note(at=clock(), what=What.HANDED, words="kim is marta")]).result(10)
    assert store.mapped().result(10) == mapped(tmp_path) == (kims,)
    assert look(tmp_path).strangers == ()
    assert [store.unmap_user("plex", "Kim", []).result(10) for _ in range(2)] == [True, False]
    assert mapped(tmp_path) == ()
    assert [one.words for one in decisions(tmp_path)] == ["kim is marta"]


def test_what_trakt_answered_is_there_for_the_next_who_asks(store: Store, clock: Clock) -> None:
    said = Answer(at=clock(), text="[]")
    store.remember("movie text Heat", said)
    assert (store.recall("movie text Heat"), store.recall("movie text Dune")) == (said, None)


def test_a_correction_holds_from_its_commit_until_it_is_taken_back(store: Store, tmp_path: Path, clock: Clock) -> None:
    assert store.changes.corrections() == ()
    said = Correction(key="show heat", about=OfShow(show=Show(title="Heat")), meaning=Never())
    note = Note(at=clock(), what=What.CORRECTED, words="corrected")
    row, tried = store.changes.correct(said, (7,), clock(), note).result(10)
    assert (row, tried) == (Remembered(id=row.id, correction=said, at=clock()), ())
    assert store.changes.corrections() == (said,)
    assert corrected(tmp_path) == (row,)
    assert store.changes.uncorrect((row.id, 9), clock()).result(10) == (row,)
    assert store.changes.corrections() == ()
    assert corrected(tmp_path) == ()
    assert [one.words for one in decisions(tmp_path)] == ["corrected", "correction 1 was taken back by the user"]


def test_what_is_corrected_is_tried_again_in_the_same_commit(store: Store, clock: Clock) -> None:
    keep(store, clock, WATCH)
    entry = claim(store, clock)
    store.set_aside(entry, "not recognised").result(10)
    said = Correction(key="show heat", about=OfShow(show=Show(title="Heat")), meaning=Never())
    _, tried = store.changes.correct(said, (entry.id,), clock()).result(10)
    assert [one.id for one in tried] == [entry.id]
    assert claim(store, clock).id == entry.id


def test_incognito_is_kept_by_account_until_it_is_switched_off(store: Store, tmp_path: Path, clock: Clock) -> None:
    end = clock() + timedelta(hours=2)
    note = Note(at=clock(), what=What.INCOGNITO, words="incognito is on")
    assert store.incognito().result(10) == {}
    store.hide(["default", "marta"], end, [note]).result(10)
    store.hide(["marta"], end + timedelta(hours=1), []).result(10)
    assert store.incognito().result(10) == {"default": end, "marta": end + timedelta(hours=1)}
    assert look(tmp_path).incognito == store.incognito().result(10)
    store.hide(["marta", "nobody"], None, []).result(10)
    assert store.incognito().result(10) == {"default": end}
    assert [one.words for one in decisions(tmp_path)] == ["incognito is on"]


def test_whose_a_player_is_is_kept_until_it_is_switched_back(store: Store, tmp_path: Path) -> None:
    tv = Switched(player="tv", account="marta", until=EPOCH)
    room, den = Switched(player="plex", account="marta", device="Den"), Switched(player="plex", account="paul")
    store.switch([tv, room, den], []).result(10)
    assert set(look(tmp_path).switched) == {tv, room, den}
    again = Switched(player="plex", account="kim", device="den")
    store.switch([again], []).result(10)
    store.switch_back(["tv"], None, []).result(10)
    assert set(store.switched().result(10)) == {again, den}
    store.switch_back(["plex"], "DEN", []).result(10)
    assert look(tmp_path).switched == (den,)


def test_what_was_heard_last_is_found_beside_the_agent(store: Store, tmp_path: Path, clock: Clock) -> None:
    notes = [Note(at=clock(), what=What.HEARD, words=words, source="mpv") for words in ("play", "stop")]
    store.note(notes).result(10)
    assert [one.words for one in look(tmp_path).heard] == ["stop"]


def test_a_decision_touches_the_file_once_it_can_be_read(store: Store, tmp_path: Path, clock: Clock) -> None:
    os.utime(tmp_path / FILE, (0, 0))
    keep(store, clock, START)
    assert (tmp_path / FILE).stat().st_mtime == 0
    store.note([Note(at=clock(), what=What.HEARD, words="play")])
    store.close()
    assert (tmp_path / FILE).stat().st_mtime > 0
    assert [one.words for one in decisions(tmp_path)] == ["play"]


def test_a_file_that_is_gone_is_not_touched_and_harms_nobody(store: Store, tmp_path: Path, clock: Clock) -> None:
    (tmp_path / FILE).rename(tmp_path / "away")
    store.note([Note(at=clock(), what=What.HEARD, words="play")]).result(10)
    assert not (tmp_path / FILE).exists()


def test_a_folder_of_another_user_is_said_to_be_so() -> None:
    with TemporaryDirectory() as name:
        Path(name).chmod(0)
        us = os.geteuid()
        if us == 0:
            os.seteuid(65534)
        try:
            with pytest.raises(StateError, match=f"the state folder {name} cannot be read: Permission denied"):
                look(Path(name))
        finally:
            os.seteuid(us)
            Path(name).chmod(0o700)


@pytest.mark.parametrize("moment", [*range(1, 20, 3), 99])
def test_a_kill_in_the_middle_of_the_upgrade_leaves_either_version_whole(
    tmp_path: Path, clock: Clock, moment: int
) -> None:
    import signal  # noqa: PLC0415
    import subprocess  # noqa: PLC0415
    import sys  # noqa: PLC0415

    path = version_1(tmp_path)
    script = (
        "import os, signal, sqlite3, sys; from pathlib import Path; sys.path.insert(0, 'tests')\n"
        "from test_store import *\n"
        "import scrobbler.state.database as database\n"
        "left = int(sys.argv[2])\n"
        "def strike(statement):\n"
        "    global left\n"
        "    left -= 1\n"
        "    if left < 0: os.kill(os.getpid(), signal.SIGKILL)\n"
        "opened = database._connect\n"
        "def traced(path):\n"
        "    connection = opened(path)\n"
        "    connection.set_trace_callback(strike)\n"
        "    return connection\n"
        "database._connect = traced\n"
        "Store(Path(sys.argv[1]), EPOCH)\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    ended = subprocess.run([sys.executable, "-c", script, str(tmp_path), str(moment)], check=False, timeout=30)
    assert ended.returncode == -signal.SIGKILL
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        version = db.execute("PRAGMA user_version").fetchone()[0]
        columns = [row[1] for row in db.execute("PRAGMA table_info(outbox)")]
        assert (version, "failing_since" in columns) == ((len(SCRIPTS), True) if moment == 99 else (1, False))
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    holds_version_1s(tmp_path, clock)


ROWS = {
    "a session": "UPDATE sessions SET snapshot = '{\"key\":'",
    "a scrobble": "UPDATE outbox SET scrobble = '{oops' WHERE id = 3",
    "the state of an entry": "UPDATE outbox SET state = 'flying' WHERE id = 3",
    "the time of an entry": "UPDATE outbox SET not_before = 'yesterday' WHERE id = 1",
    "incognito": "INSERT INTO incognito VALUES ('default', 'soon')",
}


@pytest.mark.parametrize("statement", ROWS.values(), ids=ROWS.keys())
def test_a_row_that_makes_no_sense_is_left_out_and_kept_in_a_copy(tmp_path: Path, clock: Clock, statement: str) -> None:
    path = tmp_path / FILE
    with closing(Store(tmp_path, clock())) as store:
        for number in range(5):
            keep(store, clock, says(Action.STOP, 95, sitting=str(number)))
    with closing(sqlite3.connect(path)) as db:
        db.execute(statement)
        db.commit()
    damaged = path.read_bytes()
    if "'flying'" not in statement:
        with pytest.raises(StateError, match="is damaged"):
            look(tmp_path)
    with closing(Store(tmp_path, clock())) as store:
        assert store.moved is not None
        assert "1 of its rows make no sense); it was copied to " in store.moved
        assert store.sessions().result(10) == (() if "sessions" in statement else (SESSION,))
        assert len(look(tmp_path).waiting) == (4 if "outbox" in statement else 5)
        assert store.claim("default", clock()).result(10) is not None
    with closing(Store(tmp_path, clock())) as again:
        assert again.moved is None
    [copy] = tmp_path.glob(f"{FILE}.aside-*")
    assert copy.read_bytes() == damaged


def test_a_clock_that_is_set_back_holds_up_nothing(store: Store, clock: Clock) -> None:
    watches(store, clock, "one")
    fail(store, clock, claim(store, clock), until=5)
    clock.advance(-timedelta(days=1).total_seconds())
    assert store.next_due("default", clock()).result(10) == clock()
    assert claim(store, clock).scrobble.sitting == "one"


def test_a_look_may_be_bounded_and_shows_the_first_that_wait_and_the_last_that_were_set_aside(
    store: Store, tmp_path: Path, clock: Clock
) -> None:
    for name in ("one", "two", "three", "four"):
        watches(store, clock, name)
    for _ in range(2):
        store.set_aside(claim(store, clock), "nobody knows it").result(10)
    seen = look(tmp_path, most=1)
    assert [one.scrobble.sitting for one in (*seen.waiting, *seen.aside)] == ["three", "two"]
    assert entry(tmp_path, seen.aside[0].id) == seen.aside[0]
    store.changes.drop([seen.aside[0].id], clock()).result(10)
    assert entry(tmp_path, seen.aside[0].id) is None


def test_what_is_in_the_outbox_is_counted_by_account_and_state(store: Store, tmp_path: Path, clock: Clock) -> None:
    assert queued(tmp_path) == ()
    watches(store, clock, "one")
    store.set_aside(claim(store, clock), "nobody knows it").result(10)
    since = clock.at = clock() + timedelta(hours=1)
    watches(store, clock, "two")
    clock.advance(60)
    watches(store, clock, "three")
    assert queued(tmp_path) == (
        Queued(account="default", state="aside", entries=1, oldest=EPOCH),
        Queued(account="default", state="waiting", entries=2, oldest=since),
    )


def test_a_look_says_how_far_the_removal_of_a_play_is(store: Store, tmp_path: Path, clock: Clock) -> None:
    watches(store, clock, "one")
    taken = claim(store, clock)
    store.deliver(taken, play_of(taken, clock)).result(10)
    assert look(tmp_path).removals == {}
    store.changes.undo(1, clock()).result(10)
    assert look(tmp_path).removals == {1: EntryState.WAITING}
    found = play(tmp_path, 1)
    assert found is not None
    assert found.undone_at == clock()
    assert play(tmp_path, 2) is None
