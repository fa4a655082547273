"""The code on a real terminal: what is drawn there is what a camera reads, on dark and on light, or it is not drawn."""

import re
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from camera import zbar
from cli_process import configured, ran
from double import Served
from terminal import terminal, tty

from scrobbler.cli import qr
from scrobbler.sandbox import Sandbox

ESCAPE = "\x1b"
PIXELS = 4
"""Pixels of a bitmap for each module; a cell of a terminal is one module wide and two high."""

Picture = list[list[int]]
"""Rows of grey, 0 to 255, one for each half of a line."""


def painted(text: str, background: int) -> Picture:
    """What a terminal of this background shows for half blocks in colours of the 256-colour table."""
    default = (255 - background, background)
    front, back = default
    rows: Picture = []
    for line in text.splitlines():
        upper, lower = [], []
        for escape, sign in re.findall(r"\x1b\[([\d;]*)m|([^\x1b])", line):
            if not sign:
                front, back = coloured(escape, front, back, default)
                continue
            tops = {"█": (front, front), "▀": (front, back), "▄": (back, front)}
            top, bottom = tops.get(sign, (back, back))
            assert sign in "█▀▄ \N{NO-BREAK SPACE}"
            upper.append(top)
            lower.append(bottom)
        rows += [upper, lower]
    return rows


def coloured(escape: str, front: int, back: int, default: tuple[int, int]) -> tuple[int, int]:
    """Both colours after an escape: a grey of the table, or the terminal's own."""
    if escape == "0":
        return default
    what, table, number = map(int, escape.split(";"))
    assert table == 5
    assert 232 <= number <= 255, "only the greys have the same meaning on every terminal"
    grey = 8 + 10 * (number - 232)
    return (grey, back) if what == 38 else (front, grey)


def read(picture: Picture, background: int, folder: Path) -> str:
    """What a scanner reads in the picture, which stands amid a terminal of this background."""
    wide = max(map(len, picture)) + 8
    empty = [background] * wide
    rows = (
        [empty] * 4 + [[background] * 4 + row + [background] * (wide - 4 - len(row)) for row in picture] + [empty] * 4
    )
    pixels = b"".join(bytes(grey for grey in row for _ in range(PIXELS)) * PIXELS for row in rows)
    file = folder / "screen.pgm"
    file.write_bytes(f"P5 {wide * PIXELS} {len(rows) * PIXELS} 255\n".encode() + pixels)
    return zbar(file)


@pytest.fixture
def trakt(served: Served) -> Iterator[tuple[Sandbox, str]]:
    sandbox = Sandbox(poll_interval=1)
    with ExitStack() as stack:
        yield sandbox, served.open(stack, sandbox.app)


def test_the_picture_leads_a_camera_to_the_page_of_the_code(tmp_path: Path, trakt: tuple[Sandbox, str]) -> None:
    sandbox, url = trakt
    with terminal(80, 24, "login", "--config", configured(tmp_path, url)) as screen:
        screen.shows("good until")
        [device] = sandbox.world.devices.codes
        lines = screen.shown.splitlines()
        picture = "\n".join(line for line in lines if ESCAPE in line)
        assert len(lines) < 24
        assert lines[-3] == "Scan the picture, or open"
        assert lines[-2] == f"{url}/activate"
        assert lines[-1].startswith(f"and enter {device.user_code} (good until ")
        sandbox.world.devices.decide(device, approve=True)
        assert screen.end() == 0
        assert screen.shown.endswith("\nSigned in as sandbox.\n")
        assert device.device_code not in screen.shown
        assert "sandbox-secret" not in screen.shown
    for background in (0, 255):
        assert read(painted(picture, background), background, tmp_path) == f"{url}/activate/{device.user_code}"


def test_on_a_screen_that_is_too_narrow_words_are_enough_and_ctrl_c_ends_it(
    tmp_path: Path, trakt: tuple[Sandbox, str]
) -> None:
    sandbox, url = trakt
    with terminal(30, 24, "login", "--config", configured(tmp_path, url)) as screen:
        screen.shows("good until")
        [device] = sandbox.world.devices.codes
        lines = screen.shown.splitlines()
        assert lines[:2] == ["Open", f"{url}/activate"]
        assert lines[2].startswith(f"and enter {device.user_code} (good until ")
        assert max(map(len, lines)) <= 40
        screen.process.send_signal(signal.SIGINT)
        assert screen.end() == 130
        assert ESCAPE not in screen.shown
        assert "Traceback" not in screen.shown


LINK = "https://auth.trakt.tv/activate/ABCD1234"


@pytest.fixture(autouse=True)
def term(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")


@pytest.mark.parametrize(
    ("columns", "rows", "wide"),
    [(80, 24, 37), (40, 24, 37), (37, 23, 37), (36, 24, 33), (80, 22, 33), (33, 21, 33), (0, 0, 37)],
)
def test_the_code_has_as_much_white_around_it_as_there_is_room_for(
    columns: int, rows: int, wide: int, tmp_path: Path
) -> None:
    with tty(columns, rows) as out:
        picture = qr.draw(LINK, out)
    assert picture is not None
    assert {len(re.sub(r"\x1b\[[\d;]*m", "", line)) for line in picture.splitlines()} == {wide}
    for background in (0, 255):
        assert read(painted(picture, background), background, tmp_path) == LINK


@pytest.mark.parametrize(("columns", "rows"), [(32, 24), (80, 20)])
def test_a_code_that_does_not_fit_is_left_out(columns: int, rows: int) -> None:
    with tty(columns, rows) as out:
        assert qr.draw(LINK, out) is None


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_a_terminal_without_blocks_gets_none(encoding: str) -> None:
    with tty(80, 24, encoding) as out:
        assert qr.draw(LINK, out) is None


def test_a_terminal_without_colours_gets_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    with tty(80, 24) as out:
        assert qr.draw(LINK, out) is None


def test_what_is_no_terminal_gets_plain_words(tmp_path: Path, trakt: tuple[Sandbox, str]) -> None:
    sandbox, url = trakt
    sandbox.rules.approve_after = 0
    done = ran("login", "--config", configured(tmp_path, url), PYTHONIOENCODING="latin-1")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.isascii()
    assert ESCAPE not in done.stdout
    assert done.stdout.splitlines()[1::2] == [f"{url}/activate", "Signed in as sandbox."]


def test_a_picture_in_the_terminals_own_colours_would_be_read_on_one_background_only(tmp_path: Path) -> None:
    """That the scanner of these tests can fail is what makes them worth something."""
    with tty(80, 24) as out:
        picture = qr.draw(LINK, out) or ""
    broken = re.sub(r"\x1b\[[\d;]*m", "", picture)
    assert [read(painted(broken, background), background, tmp_path) for background in (0, 255)].count(LINK) < 2
