"""One agent per state folder, and the second is told who the first is."""

import os
import resource
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from scrobbler import __version__
from scrobbler.errors import StateError
from scrobbler.lock import NAME, began, held, holder


def test_a_second_agent_is_refused_with_the_pid_of_the_first(tmp_path: Path) -> None:
    with held(tmp_path):
        assert holder(tmp_path) == os.getpid()
        with pytest.raises(StateError, match=f"pid {os.getpid()}"), held(tmp_path):
            pytest.fail("two agents hold one folder")


def test_the_lock_goes_with_its_holder(tmp_path: Path) -> None:
    with held(tmp_path):
        pass
    assert holder(tmp_path) is None
    with held(tmp_path):
        assert holder(tmp_path) == os.getpid()


def test_the_kernel_lets_go_when_the_holder_is_killed(tmp_path: Path) -> None:
    script = (
        "import sys, os, signal; from pathlib import Path; from scrobbler.lock import held\n"
        "with held(Path(sys.argv[1])): os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False, timeout=30)
    assert (tmp_path / NAME).read_text().split()[0].isdigit()
    assert holder(tmp_path) is None


def test_the_holder_says_its_version_and_since_when_it_runs(tmp_path: Path) -> None:
    before = datetime.now(UTC) - timedelta(seconds=2)
    with held(tmp_path):
        since, version = began(tmp_path)
    assert before < since < datetime.now(UTC) + timedelta(seconds=2)
    assert version == __version__
    (tmp_path / NAME).write_text(f"{os.getpid():<10}\n")  # as older ones sign
    assert began(tmp_path)[1] == ""
    with pytest.raises(StateError, match="cannot be read"):
        began(tmp_path / "nowhere")


def test_nobody_holds_a_folder_that_is_not_there(tmp_path: Path) -> None:
    assert holder(tmp_path / "nowhere") is None


def test_nobody_holds_what_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert holder(tmp_path / "file" / "state") is None


def test_a_folder_of_another_user_does_not_say_who_holds_it() -> None:
    with TemporaryDirectory() as name, held(Path(name)):
        Path(name).chmod(0)
        us = os.geteuid()
        if us == 0:
            os.seteuid(65534)
        try:
            with pytest.raises(StateError, match=f"the state folder {name} cannot be read: Permission denied"):
                holder(Path(name))
        finally:
            os.seteuid(us)
            Path(name).chmod(0o700)


def test_the_folder_is_made_for_its_owner_only(tmp_path: Path) -> None:
    with held(tmp_path / "a" / "b"):
        assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o700
        assert (tmp_path / "a" / "b" / NAME).stat().st_mode & 0o777 == 0o600


def test_a_disk_that_takes_no_pid_is_said_to_be_so(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        with pytest.raises(StateError, match="cannot be used: File too large"), held(tmp_path):
            pytest.fail("a lock was taken that nobody signed")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_folder_that_cannot_be_is_said_to_be_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StateError, match="cannot be used"), held(tmp_path / "file" / "state"):
        pytest.fail("a file was taken for a folder")
