"""``scrobbler log``: the decisions as they were made, and with ``--follow`` as they are made."""

import json
import os
import select
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from cli_process import PATIENCE, PROGRAM, complaint, configured, eventually, ran, running
from msgspec.structs import replace
from playbook import KEY, T0
from queued import opened

from scrobbler.state.decisions import Note, What, about
from scrobbler.state.snapshot import decisions


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return configured(tmp_path, more="[accounts.marta]\n")


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


def log(file: Path, *words: str) -> list[str]:
    """What ``scrobbler log`` says where all is well."""
    done = ran("log", *words, "--config", file)
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout.splitlines()


def decided(state: Path, *words: str) -> None:
    """Something was decided, in these words."""
    with opened(state) as store:
        store.note([about(KEY, "default", T0, What.HEARD, one) for one in words]).result(10)


def filled(state: Path) -> None:
    """One decision of each of several kinds, a minute apart."""
    with opened(state) as store:
        notes = [
            about(KEY, "default", T0, What.HEARD, "mpv: play at 0:00 of Heat"),
            about(KEY, "default", T0, What.SENT, "Trakt: started Heat (1995) at 0.0 %", entry=1),
            Note(at=T0, what=What.IGNORED, words="plex: ignored media.rate: no playback", source="plex"),
            Note(at=T0, what=What.SIGN_IN, words="account marta: no tokens", account="marta"),
            Note(at=T0, what=What.ASIDE, words="stop \x1b[31mHeat\nagain was set aside", account="default", entry=2),
        ]
        later = [replace(note, at=T0 + timedelta(minutes=minute)) for minute, note in enumerate(notes)]
        store.note(later).result(10)


def test_each_decision_has_its_line_with_the_users_own_time(file: Path, state: Path) -> None:
    filled(state)
    lines = [
        "20 Nov 20:00:00  heard      mpv: play at 0:00 of Heat",
        "20 Nov 20:01:00  sent       Trakt: started Heat (1995) at 0.0 %",
        "20 Nov 20:02:00  ignored    plex: ignored media.rate: no playback",
        "20 Nov 20:03:00  sign-in    account marta: no tokens",
        "20 Nov 20:04:00  aside      stop \ufffd[31mHeat\ufffdagain was set aside",
    ]
    assert log(file) == lines
    assert log(file, "-n", "2") == lines[-2:]
    assert log(file, "-n", "0") == []
    done = ran("log", "-n", "1", "--config", file, TZ="UTC-5:30")
    assert done.stdout.startswith("21 Nov 01:34:00  aside ")


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["--source", "mpv"], [1, 2]),
        (["--source", "plex"], [3]),
        (["--account", "marta"], [4]),
        (["--account", "default", "--what", "aside"], [5]),
        (["--source", "mpv", "-n", "1"], [2]),
    ],
)
def test_only_what_is_asked_for_is_shown(words: list[str], found: list[int], file: Path, state: Path) -> None:
    filled(state)
    assert [json.loads(line)["id"] for line in log(file, "--json", *words)] == found


def test_for_programs_each_is_an_object_on_its_own_line(file: Path, state: Path) -> None:
    filled(state)
    lines = [json.loads(line) for line in log(file, "--json")]
    assert len(lines) == 5
    assert lines[1] == {
        "at": "2026-11-20T20:01:00+00:00",
        "what": "sent",
        "words": "Trakt: started Heat (1995) at 0.0 %",
        "account": "default",
        "source": "mpv",
        "session": "mpv/4711",
        "entry": 1,
        "id": 2,
    }
    assert lines[4]["words"] == "stop \x1b[31mHeat\nagain was set aside"


def test_the_last_fifty_are_shown(file: Path, state: Path) -> None:
    decided(state, *(f"number {number}" for number in range(60)))
    lines = log(file)
    assert len(lines) == 50
    assert lines[-1].endswith("number 59")
    assert len(log(file, "-n", "1000")) == 60


def test_where_there_is_nothing_it_says_so(file: Path, state: Path) -> None:
    done = ran("log", "--config", file)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "Nothing was decided yet.\n")
    assert log(file, "--json") == []
    assert not state.exists()
    filled(state)
    assert ran("log", "--what", "closed", "--config", file).stderr == "There are no such decisions.\n"


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("--source", "mvp"), "there is no player 'mvp': known are mpv, plex"),
        (
            ("--account", "mart"),
            "there is no account 'mart': known are marta, default; `scrobbler accounts add mart` adds it",
        ),
    ],
)
def test_a_name_that_nothing_has_is_one_line(words: tuple[str, str], line: str, file: Path, state: Path) -> None:
    filled(state)
    for more in ((), ("--follow",)):
        assert complaint(ran("log", *words, *more, "--config", file), 2) == line


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("--what", "watchd"), "Invalid value for '--what': 'watchd' is not one of 'heard', 'ignored', 'sent'"),
        (("-n", "-1"), "Invalid value for '-n': -1 is not in the range"),
        (("-n", "many"), "Invalid value for '-n': 'many' is not a valid integer"),
        (("--folow",), "No such option '--folow'. Did you mean '--follow'?"),
    ],
)
def test_a_mistyped_option_says_what_is_allowed(words: tuple[str, ...], line: str) -> None:
    done = ran("log", *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert line in done.stderr.splitlines()[-1]


# Following


def test_new_ones_are_shown_as_they_are_committed(file: Path, state: Path) -> None:
    decided(state, "before")
    with running("log", "--follow", "--config", file) as following:
        following.says("heard      before")
        with opened(state) as store:
            for number in range(3):
                store.note([about(KEY, "default", T0, What.HEARD, f"number {number}")]).result(10)
                following.says(f"heard      number {number}")
        assert following.said.count("\n") == 4


def test_it_waits_for_an_agent_that_starts_later_and_the_one_after_it(file: Path, state: Path) -> None:
    with running("log", "--follow", "--json", "--config", file) as following:
        for _ in range(2):
            with running("run", "--config", file) as agent:
                agent.says("watching mpv")
                assert ran("incognito", "on", "--account", "marta", "--config", file).returncode == 0
                following.says("account marta: incognito is on until it is switched off")
                assert agent.end() == 0
            ran("incognito", "off", "--account", "marta", "--config", file)
            following.says("account marta: incognito is off")
        eventually(lambda: len(following.said.splitlines()) == 4)
        assert [json.loads(line)["id"] for line in following.said.splitlines()] == [1, 2, 3, 4]


def test_it_goes_on_with_a_state_file_that_is_begun_anew(file: Path, state: Path) -> None:
    decided(state, "one", "two", "three")
    with running("log", "--follow", "--config", file) as following:
        following.says("three")
        shutil.rmtree(state)
        decided(state, "anew")
        following.says("heard      anew")


def test_only_what_is_asked_for_is_followed(file: Path, state: Path) -> None:
    filled(state)
    with running("log", "-f", "-n", "1", "--what", "heard", "--config", file) as following:
        following.says("heard      mpv: play at 0:00 of Heat")
        with opened(state) as store:
            store.note([about(KEY, "default", T0, What.SENT, "not this")]).result(10)
            store.note([about(KEY, "default", T0, What.HEARD, "but this")]).result(10)
            following.says("but this")
        assert "not this" not in following.said


def test_ctrl_c_ends_it_without_a_word(file: Path, state: Path) -> None:
    decided(state, "before")
    with running("log", "--follow", "--config", file) as following:
        following.says("before")
        assert following.end(signal.SIGINT, within=5) == 130
        assert following.said.strip() == "20 Nov 20:00:00  heard      before"


@contextmanager
def read_by(file: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """It follows, and somebody reads it from a pipe."""
    reader, writer = os.pipe()
    command = [*PROGRAM, "log", "--follow", "--config", str(file)]
    with subprocess.Popen(command, stdout=writer, stderr=subprocess.PIPE) as process:
        os.close(writer)
        try:
            yield process, reader
        finally:
            process.kill()


def test_a_reader_that_leaves_ends_it_at_once_and_quietly(file: Path, state: Path) -> None:
    decided(state, "before")
    with read_by(file) as (process, reader):
        assert os.read(reader, 1000).endswith(b"before\n")
        os.close(reader)
        _, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, err) == (0, b"")


def test_while_nothing_is_decided_it_sleeps(file: Path, state: Path) -> None:
    decided(state, "before")

    def switches(pid: int) -> list[str]:
        statuses = [path.read_text().splitlines() for path in Path(f"/proc/{pid}/task").glob("*/status")]
        return [line for status in statuses for line in status if line.startswith("voluntary_ctxt")]

    with read_by(file) as (process, reader):
        os.read(reader, 1000)
        for _ in range(5):  # it may still be on its way to where it waits
            before = switches(process.pid)
            assert select.select([reader], [], [], 1.2)[0] == []
            if switches(process.pid) == before:
                break
        else:
            pytest.fail("no quiet second")
        os.close(reader)


def test_what_a_running_agent_decides_is_shown_within_a_moment(file: Path, state: Path) -> None:
    decided(state, "before")
    with running("run", "--config", file) as agent, running("log", "-f", "--config", file) as following:
        agent.says("watching mpv")
        following.says("before")
        ran("incognito", "on", "--config", file)
        began = time.monotonic()
        following.says("account default: incognito is on")
        assert time.monotonic() - began < 5
    assert [one.what for one in decisions(state)] == [What.HEARD, What.INCOGNITO, What.INCOGNITO]
