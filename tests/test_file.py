"""A file is whole at every moment, and its user's alone."""

import os
import stat
from pathlib import Path

import pytest

from scrobbler import file


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "folder"
    folder.mkdir()
    return folder


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_what_was_there_is_replaced_as_a_whole(folder: Path) -> None:
    path = folder / "it"
    file.replace(path, b"one")
    file.replace(path, b"two")
    assert path.read_bytes() == b"two"
    assert mode(path) == 0o600
    assert [each.name for each in folder.iterdir()] == ["it"]


def test_a_file_may_be_prepared_before_anybody_sees_it(folder: Path) -> None:
    file.replace(folder / "it", b"one", lambda descriptor: os.fchmod(descriptor, 0o640))
    assert mode(folder / "it") == 0o640


def test_what_fails_leaves_the_old_and_nothing_else(folder: Path) -> None:
    path = folder / "it"
    file.replace(path, b"one")

    def refuse(_descriptor: int) -> None:
        raise OSError("no room")

    with pytest.raises(OSError, match="no room"):
        file.replace(path, b"two", refuse)
    assert path.read_bytes() == b"one"
    assert [each.name for each in folder.iterdir()] == ["it"]


def test_of_two_who_make_it_one_does(folder: Path) -> None:
    path = folder / "it"
    file.make(path, b"one")
    with pytest.raises(FileExistsError):
        file.make(path, b"two")
    assert path.read_bytes() == b"one"
    assert mode(path) == 0o600
    assert [each.name for each in folder.iterdir()] == ["it"]
