"""The secret of a webhook: made once whoever is first, kept for its user only, exchanged under a running agent."""

import multiprocessing
import os
import re
import socket
import stat
from pathlib import Path

import pytest
from eavesdropper import Eavesdropper

from scrobbler.errors import ConfigError, StateError
from scrobbler.settings import addresses, config, secrets
from scrobbler.settings.tables import Server


def test_it_is_made_at_first_need_and_is_the_same_ever_after(tmp_path: Path) -> None:
    first = secrets.made(tmp_path / "state", "plex")
    assert re.fullmatch(r"[A-Za-z0-9_-]{32}", first())
    assert secrets.made(tmp_path / "state", "plex")() == first()
    assert secrets.made(tmp_path / "state", "plex2")() != first()
    assert first() not in repr(first)


def test_nobody_else_may_read_it_and_no_half_of_it_stays_behind(tmp_path: Path) -> None:
    state = tmp_path / "state"
    made = secrets.made(state, "plex")
    secrets.rotate(state, "plex")
    assert made.file is not None
    assert stat.S_IMODE(state.stat().st_mode) == 0o700
    assert stat.S_IMODE(made.file.stat().st_mode) == 0o600
    assert stat.S_IMODE(made.file.parent.stat().st_mode) == 0o700
    assert list(made.file.parent.iterdir()) == [made.file]


def _make(folder: Path, gate: object, found: object) -> None:
    gate.wait()  # type: ignore[attr-defined]  # a barrier
    found.put(secrets.made(folder, "plex")())  # type: ignore[attr-defined]  # a queue


def test_processes_that_make_it_at_the_same_time_end_with_the_same(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    gate, found = context.Barrier(4), context.Queue()
    makers = [context.Process(target=_make, args=(tmp_path, gate, found)) for _ in range(4)]
    for maker in makers:
        maker.start()
    made = {found.get(timeout=30) for _ in makers}
    for maker in makers:
        maker.join(30)
    assert made == {secrets.made(tmp_path, "plex")()}


def test_a_new_one_holds_at_once_for_whoever_has_the_old(tmp_path: Path) -> None:
    running = secrets.made(tmp_path, "plex")
    old = running()
    new = secrets.rotate(tmp_path, "plex")
    assert running() == new() != old


def test_a_file_that_is_gone_or_damaged_changes_nothing_under_a_running_agent(tmp_path: Path) -> None:
    running = secrets.made(tmp_path, "plex")
    known = running()
    assert running.file is not None
    running.file.write_bytes(b"\0\xff")
    assert running() == known
    running.file.unlink()
    assert running() == known
    running.file.write_text("another secret\n")
    assert running() == "another secret"


def test_a_damaged_file_is_said_with_what_mends_it(tmp_path: Path) -> None:
    made = secrets.made(tmp_path, "plex")
    assert made.file is not None
    made.file.write_text("short")
    with pytest.raises(StateError) as caught:
        secrets.made(tmp_path, "plex")
    assert str(caught.value) == (
        f"{made.file}: this must be one line of 8 signs or more: `scrobbler webhook rotate plex` makes a new one"
    )
    secrets.rotate(tmp_path, "plex")
    assert len(secrets.made(tmp_path, "plex")()) == 32


@pytest.mark.parametrize("name", ["..", "a/b", "a b", "é", ".", "%2F"])
def test_whatever_a_player_is_called_its_secret_stays_in_its_folder(name: str, tmp_path: Path) -> None:
    made = secrets.made(tmp_path, name)
    assert made.file is not None
    assert made.file.resolve().parent == (tmp_path / "webhooks").resolve()
    assert secrets.made(tmp_path, name)() == made()


@pytest.mark.parametrize("act", [secrets.made, secrets.rotate])
def test_a_folder_that_takes_nothing_is_one_line(act: object, tmp_path: Path) -> None:
    (tmp_path / "webhooks").write_text("in the way")
    with pytest.raises(StateError, match=rf"^{tmp_path}/webhooks/plex\.secret: cannot be (used|written): \S[^\n]+$"):
        act(tmp_path, "plex")  # type: ignore[operator]  # one of two functions


# Set by the user


def loaded(folder: Path, keys: str) -> config.Config:
    return config.parse(f"[players.plex]\n{keys}\n", folder / "config.toml")


def test_what_the_user_set_is_taken(tmp_path: Path, eavesdropper: Eavesdropper) -> None:
    (tmp_path / "kept").write_text("open sesame\n")
    for keys in ('secret = "open sesame"', 'secret_file = "kept"', f'secret_file = "{tmp_path}/kept"'):
        player = loaded(tmp_path, keys).players["plex"]
        assert player.secret is not None
        assert player.secret() == "open sesame"
        assert "sesame" not in repr(player)
    followed = loaded(tmp_path, 'secret_file = "kept"').players["plex"].secret
    (tmp_path / "kept").write_text("open barley\n")
    assert followed is not None
    assert followed() == "open barley"
    assert loaded(tmp_path, "").players["plex"].secret is None


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ('secret = "short"', ":2: players.plex.secret: this must be a text of 8 signs or more"),
        ("secret = 7", ":2: players.plex.secret: this must be a text of 8 signs or more, not a whole number"),
        ('secret_file = "nowhere"', ": players.plex.secret_file: {}/nowhere: there is no such file"),
        ('secret_file = "short"', ": players.plex.secret_file: {}/short: this must be one line of 8 signs or more"),
        ('secret_file = "."', ": players.plex.secret_file: {}: cannot be read: Is a directory"),
        ('secret_file = "\\u0000"', ": players.plex.secret_file: {}/\0: cannot be read: embedded null byte"),
        (
            'secret = "open sesame"\nsecret_file = "kept"',
            ":3: players.plex.secret_file: there is a players.plex.secret already; one of the two is enough",
        ),
    ],
)
def test_what_cannot_be_one_is_one_line(keys: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "short").write_text("short")
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, keys)
    assert str(caught.value) == f"{tmp_path}/config.toml{words.format(tmp_path)}"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "kept").touch(mode=0)
    with pytest.raises(ConfigError, match=r"cannot be read: Permission denied$"):
        loaded(tmp_path, 'secret_file = "kept"')


# Where it is used


@pytest.mark.parametrize(
    ("server", "outside", "inside"),
    [
        (Server(), "http://127.0.0.1:8722", "http://127.0.0.1:8722"),
        (Server(listen="192.0.2.7:80"), "http://192.0.2.7:80", "http://192.0.2.7:80"),
        (Server(listen="[::1]:8722"), "http://[::1]:8722", "http://[::1]:8722"),
        (Server(listen="nas.lan:1"), "http://nas.lan:1", "http://nas.lan:1"),
        (Server(public_url="https://a.example/x/"), "https://a.example/x", "http://127.0.0.1:8722"),
        (Server(listen="0.0.0.0:9", public_url="http://nas:9"), "http://nas:9", "http://127.0.0.1:9"),
        (Server(listen="[::]:9", public_url="http://nas:9"), "http://nas:9", "http://[::1]:9"),
    ],
)
def test_a_server_is_told_the_address_that_leads_here(server: Server, outside: str, inside: str) -> None:
    assert (addresses.outside(server), addresses.inside(server)) == (outside, inside)


def test_who_listens_everywhere_is_told_an_address_of_this_machine() -> None:
    found = addresses.outside(Server(listen="0.0.0.0:9"))
    assert re.fullmatch(r"http://([\d.]+|\[[\da-f:]+\]):9", found)
    assert "0.0.0.0" not in found


def test_who_listens_everywhere_on_a_machine_without_a_network_is_told_its_loopback(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("scrobbler.settings.addresses._ELSEWHERE", (("no address", socket.AF_INET),))
    assert addresses.outside(Server(listen="0.0.0.0:9")) == "http://127.0.0.1:9"


def test_names_and_secrets_are_written_so_that_an_address_can_hold_them() -> None:
    url = addresses.with_secret(addresses.hook("http://a", "my box/2"), "open sésame&x=1")
    assert url == "http://a/hooks/my%20box%2F2?token=open%20s%C3%A9same%26x%3D1"


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("http://127.0.0.1:1", True),
        ("http://[::1]:1/", True),
        ("http://localhost", True),
        ("http://a.localhost", True),
        ("http://192.0.2.1", False),
        ("https://nas.lan/x", False),
    ],
)
def test_an_address_that_only_this_machine_can_use_is_known(url: str, here: bool) -> None:
    assert addresses.is_here_only(url) is here
