"""A change touches its key and nothing else, and never leaves a file that is no configuration."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import tomli
from hypothesis import given
from hypothesis import strategies as st

from scrobbler.errors import ConfigError, ScrobblerError
from scrobbler.settings.edit import change, drop, joined, put, split, take, with_key, without_key

FILE = """\
# Our house.

[players.mpv]   # beside the television
sockets = "~/one"  # the old one
# account = "marta"

# The nets.
[server]
listen = "127.0.0.1:8722"
"""


def test_a_value_is_replaced_where_it_stands_and_its_comment_stays(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(FILE)
    assert put(path, ("players", "mpv", "sockets"), ["~/one", "~/two"])
    assert path.read_text() == FILE.replace('"~/one"', '["~/one", "~/two"]')


def test_a_new_key_stands_with_those_of_its_table(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(FILE)
    assert put(path, ("players", "mpv", "invite"), False)
    assert path.read_text() == FILE.replace('# account = "marta"\n', '# account = "marta"\ninvite = false\n')


def test_a_new_table_stands_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(FILE)
    assert put(path, ("state", "keep_days"), 30)
    assert path.read_text() == f"{FILE}\n[state]\nkeep_days = 30\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (FILE, f"{FILE}\n[accounts.marta]\n"),
        ("", "[accounts.marta]\n"),
        ("[accounts.paul]\n# his\n", "[accounts.paul]\n# his\n\n[accounts.marta]\n"),
        ("[accounts]\npaul = {}\n", "[accounts]\npaul = {}\n\n[accounts.marta]\n"),
        ("accounts = { paul = {} }\n", "accounts = { paul = {}, marta = {}}\n"),
    ],
)
def test_an_empty_table_is_written_and_taken_out_again(before: str, after: str, tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(before)
    assert put(path, ("accounts", "marta"), {})
    assert path.read_text() == after
    assert not put(path, ("accounts", "marta"), {})
    assert drop(path, ("accounts", "marta"))
    assert tomli.loads(path.read_text()) == tomli.loads(before)
    assert not drop(path, ("accounts", "marta"))


def test_the_comment_below_an_empty_table_stays_with_what_it_explains(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(f"[accounts.marta]  # hers\n\n{FILE}")
    assert drop(path, ("accounts", "marta"))
    assert path.read_text() == f"\n{FILE}"


def test_a_key_is_taken_out_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(FILE)
    assert take(path, ("players", "mpv", "sockets"))
    assert path.read_text() == FILE.replace('sockets = "~/one"  # the old one\n', "")
    assert not take(path, ("players", "mpv", "sockets"))
    assert not take(path, ("state", "dir"))
    assert not take(path, ("server", "listen", "port"))


def test_what_is_so_already_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(FILE)
    before = path.stat().st_ino
    assert not put(path, ("server", "listen"), "127.0.0.1:8722")
    assert path.stat().st_ino == before


def test_a_file_that_is_not_there_is_made_for_its_user_alone(tmp_path: Path) -> None:
    path = tmp_path / "new" / "config.toml"
    assert put(path, ("server", "listen"), "127.0.0.1:80")
    assert path.read_text() == '[server]\nlisten = "127.0.0.1:80"\n'
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_change_that_would_be_a_mistake_is_refused_and_leaves_all_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(FILE)
    with pytest.raises(ConfigError, match=r"server\.listen: this must be HOST:PORT.*; nothing was changed"):
        put(path, ("server", "listen"), "here")
    with pytest.raises(ConfigError, match="no table, so there is no key in it"):
        put(path, ("server", "listen", "port"), 1)
    assert path.read_text() == FILE
    assert list(tmp_path.glob("*config*")) == [path]


def test_a_broken_value_can_be_mended(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("[server]\nlisten = 5  # what?\n")
    assert put(path, ("server", "listen"), "[::1]:80")
    assert path.read_text() == '[server]\nlisten = "[::1]:80"  # what?\n'


def test_mode_and_link_stay(tmp_path: Path) -> None:
    real, link = tmp_path / "dotfiles" / "scrobbler.toml", tmp_path / "config.toml"
    real.parent.mkdir()
    real.write_text(FILE)
    real.chmod(0o640)
    link.symlink_to(Path("dotfiles") / "scrobbler.toml")
    assert put(link, ("state", "keep_days"), 30)
    assert link.is_symlink()
    assert "keep_days = 30" in real.read_text()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640


def test_a_folder_that_takes_nothing_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ScrobblerError, match=r"config\.toml cannot be written: (Not a directory|File exists)"):
        put(tmp_path / "file" / "config.toml", ("state", "keep_days"), 30)


def test_what_is_no_toml_leaves_no_trace(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(FILE)
    with pytest.raises(ConfigError, match="this is not TOML"):
        change(path, lambda _: "[")
    assert path.read_text() == FILE
    assert list(tmp_path.glob("*config*")) == [path]


def test_a_file_that_is_no_text_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(b"# caf\xe9")
    with pytest.raises(ConfigError, match="byte 5 is not UTF-8"):
        put(path, ("state", "keep_days"), 30)


def test_two_commands_at_once_both_get_their_way(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    names = [f"one{number}" for number in range(24)]
    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(lambda name: put(path, ("players", name, "kind"), "mpv"), names))
    assert sorted(tomli.loads(path.read_text())["players"]) == sorted(names)


def test_a_change_may_be_of_any_kind(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    assert change(path, lambda text: f"{text}# hello\n")
    assert path.read_text() == "# hello\n"


@pytest.mark.parametrize(
    ("key", "keys"),
    [
        ("server.listen", ("server", "listen")),
        ('players.plex.users."Ann Lee"', ("players", "plex", "users", "Ann Lee")),
        ("a.'b.c'", ("a", "b.c")),
    ],
)
def test_a_key_is_written_as_in_the_file(key: str, keys: tuple[str, ...]) -> None:
    assert split(key) == keys
    assert split(joined(keys)) == keys


@pytest.mark.parametrize("key", ["", "a..b", "a b", "a = 1\nb", "a.", "[a]", "a = {b"])
def test_what_is_no_key_is_said(key: str) -> None:
    with pytest.raises(ConfigError, match="is no key: write it as server"):
        split(key)


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("players = { mpv = { sockets = '/a' } }\n", "players = { mpv = { sockets = '/a' , invite = true} }\n"),
        ("players.mpv.sockets = '/a'\n", None),
        ("[players]\nmpv.sockets = '/a'\n", None),
        ("[players.mpv]", "[players.mpv]\ninvite = true\n"),
        ("[players.mpv]\r\nsockets = '/a'\r\n\r\n[server]\r\n", None),
        ("[players.mpv.x]\ny = 1", None),
    ],
)
def test_tables_may_be_written_in_any_way(text: str, after: str | None) -> None:
    changed = with_key(text, ("players", "mpv", "invite"), True)
    assert tomli.loads(changed)["players"]["mpv"]["invite"] is True
    if after is not None:
        assert changed.split() == after.split() or tomli.loads(changed) == tomli.loads(after)
    back = without_key(changed, ("players", "mpv", "invite"))
    assert tomli.loads(back) == tomli.loads(text)
    assert set(text.splitlines()) <= set(back.splitlines())


NAMES = st.sampled_from(["a", "b", "c d", "é", ""])
VALUES = st.one_of(
    st.integers(-(2**63), 2**63 - 1), st.booleans(), st.text(max_size=9), st.lists(st.text(max_size=3), max_size=3)
)
COMMENTS = st.sampled_from(["", "# one", "  # two", "\t", "#", "# [a]", "# x = 1"])


@st.composite
def files(draw: st.DrawFn) -> str:
    """A file with comments, blank lines and tables."""
    end = draw(st.sampled_from(["\n", "\r\n"]))
    lines: list[str] = []
    for table in draw(st.lists(st.tuples(NAMES, NAMES), unique=True, max_size=4)):
        lines += [draw(COMMENTS) for _ in range(draw(st.integers(0, 2)))]
        lines.append(f"[{joined(table)}]{draw(st.sampled_from(['', '  # of a table']))}")
        for name in draw(st.lists(st.sampled_from(["k", "l", "m n"]), unique=True)):
            value = with_key("", ("v",), draw(VALUES)).partition("=")[2].strip()
            lines.append(f"{joined((name,))} = {value}{draw(st.sampled_from(['', ' # of a key']))}")
            lines.append(draw(COMMENTS))
    return end.join(lines) + draw(st.sampled_from(["", end]))


KEYS = st.tuples(NAMES, NAMES, st.sampled_from(["k", "l", "m n", "new"]))


def only(before: str, after: str, keys: tuple[str, ...]) -> None:
    """At most the key's own line went, and all others are there in their order."""
    news = iter(after.splitlines())
    assert all(line in news for line in before.splitlines() if not line.startswith(f"{joined(keys[-1:])} ="))


@given(files(), KEYS, VALUES)
def test_a_change_keeps_every_other_line(text: str, keys: tuple[str, ...], value: Any) -> None:
    changed = with_key(text, keys, value)
    wanted = tomli.loads(text)
    wanted.setdefault(keys[0], {}).setdefault(keys[1], {})[keys[2]] = value
    assert tomli.loads(changed) == wanted
    only(text, changed, keys)
    back = without_key(changed, keys)
    del wanted[keys[0]][keys[1]][keys[2]]
    assert tomli.loads(back) == wanted
    only(text, back, keys)


@given(files(), KEYS)
def test_unsetting_keeps_every_other_line(text: str, keys: tuple[str, ...]) -> None:
    changed = without_key(text, keys)
    only(text, changed, keys)
    assert with_key(changed, keys, 1) != changed
