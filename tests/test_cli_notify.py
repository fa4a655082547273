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
    assert (listed.returncode, listed.stdout.splitlines()[0]) == (
        0,
        "told at target 1 (json), desktop, target 3 (json):",
    )
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
        "nowhere: there is no desktop session here, and no notify.targets\nin the windows of mpv: unmatched\n"
    )
    assert complaint(ran("notify", "--test", "--config", file), 2) == f"{file}: there is no notify.targets to be tried"


def test_an_address_that_makes_no_sense_is_one_line(tmp_path: Path) -> None:
    file = configured(tmp_path, more=targets("ntyf://hush"))
    words = complaint(ran("notify", "--test", "--config", file), 2)
    assert words.startswith(f"{file}:11: notify.targets: target 1 (ntyf) is no address that Apprise can use here: ")
    assert "hush" not in words


def test_it_shows_what_is_told_where(tmp_path: Path) -> None:
    file = configured(tmp_path, more='[notify]\ntargets = ["desktop"]\n')
    assert ran("notify", "--config", file).stdout == (
        "told at desktop:\n"
        "  sign-in    nobody has signed in, or Trakt refuses the tokens: scrobbler login\n"
        "  account    Trakt refuses the app or the account: scrobbler doctor\n"
        "  unmatched  a watch was not recognised: scrobbler fix ENTRY\n"
        "  aside      a watch cannot be delivered: scrobbler queue show ENTRY\n"
        "  silent     a player says nothing any more, after 14 days: scrobbler doctor\n"
        "  refused    a webhook is called with a wrong secret: scrobbler webhook NAME\n"
        "  state      the state file could not be used as it was: scrobbler status\n"
        "not told: scrobbled (notify.say)\n"
        "in the windows of mpv: unmatched\n"
    )


@pytest.mark.parametrize(
    ("say", "player", "shown"),
    [
        ('["silent"]\nsilent_after_days = 0', "osd = false", ["never (notify.silent_after_days)", "not told: sign-in"]),
        ('["needed", "scrobbled"]', 'osd = "all"', ["scrobbled  Trakt has a watch: ", "of mpv: unmatched, scrobbled"]),
        ("[]", "invite = false", ["nothing is told at desktop", "in the windows of mpv: sign-in, unmatched"]),
    ],
)
def test_it_shows_what_was_chosen(say: str, player: str, shown: list[str], tmp_path: Path) -> None:
    file = configured(tmp_path, more=f'[notify]\ntargets = ["desktop"]\nsay = {say}\n')
    file.write_text(file.read_text().replace("[players.mpv]\n", f"[players.mpv]\n{player}\n"))
    said = ran("notify", "--config", file).stdout
    assert all(words in said for words in shown), said
    assert ("in the windows" in said) is (player != "osd = false")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (
            'say = ["all"]',
            "notify.say: this must be a list of words out of: needed, sign-in, account, unmatched, aside",
        ),
        ("silent_after_days = -1", "notify.silent_after_days: this must be a number of days from 0 (never) to 3650"),
    ],
)
def test_a_kind_that_there_is_not_is_one_line(line: str, words: str, tmp_path: Path) -> None:
    file = configured(tmp_path, more=f"[notify]\n{line}\n")
    assert complaint(ran("notify", "--config", file), 2).startswith(f"{file}:11: {words}")


def test_a_line_in_the_window_is_for_what_needs_the_user_or_all_or_nothing(tmp_path: Path) -> None:
    file = configured(tmp_path)
    file.write_text(file.read_text().replace("[players.mpv]\n", '[players.mpv]\nosd = "some"\n'))
    assert (
        complaint(ran("notify", "--config", file), 2) == f'{file}:7: players.mpv.osd: this must be true, false or "all"'
    )
