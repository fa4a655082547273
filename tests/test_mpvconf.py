"""The line in mpv.conf: found as mpv reads it, put where it holds, and everything else kept byte for byte."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrobbler.setup.mpvconf import MpvConf, all_of


@pytest.fixture
def conf(tmp_path: Path) -> MpvConf:
    return MpvConf(path=tmp_path / "mpv.conf", sockets=Path("/run/user/1/mpv"))


@pytest.mark.parametrize(
    ("text", "socket"),
    [
        ("", None),
        ("input-ipc-server=/tmp/one\n", "/tmp/one"),
        ("  --input-ipc-server = /tmp/one  # here\n", "/tmp/one"),
        ('input-ipc-server="/tmp/a b"\n', "/tmp/a b"),
        ("input-ipc-server='/tmp/#1'\n", "/tmp/#1"),
        ("input-ipc-server=%6%/tmp/x\n", "/tmp/x"),
        ("input-unix-socket=/tmp/old\n", "/tmp/old"),
        ("input-ipc-server=/tmp/one\ninput-ipc-server=/tmp/two\n", "/tmp/two"),
        ("# input-ipc-server=/tmp/one\n", None),
        ("[quiet]\ninput-ipc-server=/tmp/only-there\n", None),
        ("input-ipc-server=\n", None),
        ("input-ipc-server=fd://4\n", None),
        ("input-ipc-server=@abstract\n", None),
    ],
)
def test_where_mpv_listens_is_read_as_mpv_reads_it(text: str, socket: str | None, conf: MpvConf) -> None:
    conf.path.write_text(text)
    assert conf.socket() == (None if socket is None else Path(socket))


def test_a_home_and_the_folder_of_the_file_are_meant_by_their_signs(
    conf: MpvConf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/home/ann")
    conf.path.write_text("input-ipc-server=~/socket\n")
    assert conf.socket() == Path("/home/ann/socket")
    conf.path.write_text("input-ipc-server=~~/socket\n")
    assert conf.socket() == conf.path.parent / "socket"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "LINE\n"),
        ("fs=yes\n", "fs=yes\nLINE\n"),
        ("fs=yes", "fs=yes\nLINE\n"),
        ("fs=yes\r\n", "fs=yes\r\nLINE\r\n"),
        ("fs=yes\n[quiet]\nmute=yes\n", "fs=yes\nLINE\n[quiet]\nmute=yes\n"),
        ("[quiet]\nmute=yes\n", "LINE\n[quiet]\nmute=yes\n"),
    ],
)
def test_the_line_stands_above_all_profiles(before: str, after: str, conf: MpvConf) -> None:
    conf.path.write_bytes(before.encode())
    assert conf.amended().decode() == after.replace("LINE", "input-ipc-server=/run/user/1/mpv/socket")


@given(st.binary(max_size=80))
def test_every_byte_is_kept_and_the_line_holds(before: bytes) -> None:
    with TemporaryDirectory() as folder:
        conf = MpvConf(path=Path(folder) / "mpv.conf", sockets=Path("/run/user/1/mpv"))
        conf.path.write_bytes(before)
        after = conf.amended()
        conf.path.write_bytes(after)
        assert conf.socket() == Path("/run/user/1/mpv/socket")
    line = conf.line.encode()
    left, _, right = after.partition(line)
    assert before in {left + right[1:], left + right[2:], left[:-1] + right[1:], left[:-2] + right[2:]}


def test_the_file_is_where_mpv_looks_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home, runtime = tmp_path / "home", Path("/run/user/1")
    monkeypatch.delenv("XDG_CONFIG_HOME")
    monkeypatch.delenv("MPV_HOME", raising=False)

    def paths() -> list[Path]:
        return [each.path for each in all_of(runtime, home)]

    assert paths() == [home / ".config/mpv/mpv.conf"]
    (home / ".mpv").mkdir(parents=True)
    assert paths() == [home / ".mpv/mpv.conf"]
    (home / ".config/mpv").mkdir(parents=True)
    assert paths() == [home / ".config/mpv/mpv.conf"]
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    (tmp_path / "xdg" / "mpv").mkdir(parents=True)
    assert paths() == [tmp_path / "xdg/mpv/mpv.conf"]
    monkeypatch.setenv("MPV_HOME", str(tmp_path / "own"))
    assert paths() == [tmp_path / "own/mpv.conf"]


def test_an_mpv_in_a_box_has_a_file_and_a_folder_for_sockets_of_its_own(tmp_path: Path) -> None:
    (tmp_path / ".var/app/io.mpv.Mpv").mkdir(parents=True)
    (tmp_path / "snap/mpv/current").mkdir(parents=True)
    _, flatpak, snap = all_of(Path("/run/user/1"), tmp_path)
    assert flatpak.path == tmp_path / ".var/app/io.mpv.Mpv/config/mpv/mpv.conf"
    assert flatpak.line == "input-ipc-server=/run/user/1/app/io.mpv.Mpv/socket"
    assert snap.path == tmp_path / "snap/mpv/current/.config/mpv/mpv.conf"
    assert snap.line == "input-ipc-server=/run/user/1/snap.mpv/socket"
