"""``scrobbler notify``: where something is said, and whether it gets there."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from cli_process import complaint, configured, ran
from double import Served
from eavesdropper import Eavesdropper
from receiver import SECRET, Receiver


@pytest.fixture
def receiver(served: Served, eavesdropper: Eavesdropper) -> Iterator[Receiver]:
    eavesdropper.secrets.add(SECRET)
    with ExitStack() as stack:
        yield Receiver(served, stack)


def targets(*addresses: str) -> str:
    return f"[notify]\ntargets = {list(addresses)}\n"


def test_a_test_says_which_targets_took_it(receiver: Receiver, tmp_path: Path) -> None:
    file = configured(tmp_path, more=targets(receiver.json, "desktop", receiver.refusing))
    listed = ran("notify", "--config", file)
    assert (listed.returncode, listed.stdout) == (0, "target 1 (json)\ndesktop\ntarget 3 (json)\n")
    done = ran("notify", "--test", "--config", file)
    assert done.returncode == 1
    assert done.stdout == (
        "target 1 (json) took it\n"
        "desktop there is no session bus (DBUS_SESSION_BUS_ADDRESS)\n"
        "target 3 (json) answered with HTTP status 507\n"
    )
    assert receiver.titles == ["Trakt: a test"]


def test_a_test_that_all_took_is_a_success(receiver: Receiver, tmp_path: Path) -> None:
    done = ran("notify", "--test", "--config", configured(tmp_path, more=targets(receiver.ntfy)))
    assert (done.returncode, done.stdout) == (0, "target 1 (ntfy) took it\n")


def test_without_a_target_there_is_nothing_to_try(tmp_path: Path) -> None:
    file = configured(tmp_path)
    assert ran("notify", "--config", file).stdout == (
        "nowhere: there is no desktop session here, and no notify.targets\n"
    )
    assert complaint(ran("notify", "--test", "--config", file), 2) == f"{file}: there is no notify.targets to be tried"


def test_an_address_that_makes_no_sense_is_one_line(tmp_path: Path) -> None:
    file = configured(tmp_path, more=targets("ntyf://hush"))
    words = complaint(ran("notify", "--test", "--config", file), 2)
    assert words.startswith(f"{file}:11: notify.targets: target 1 (ntyf) is no address that Apprise can use here: ")
    assert "hush" not in words
