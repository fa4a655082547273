"""The drawing of a sign: exactly the dark squares of its code, on the canvas, and no command but our own."""

import re
from typing import Final

import pytest
import qrcode
from hypothesis import given
from hypothesis import strategies as st
from scrobbler_mpv.picture import SHORT_SIDE, Drawing, draw

from scrobbler.adapters import Sign

LINKS = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=120)
WORDS = st.lists(st.text(max_size=200), max_size=7).map(tuple)
SIDES = st.integers(min_value=60, max_value=8000)
OWN: Final = re.compile(r"\{(\\an[78]\\pos\(\d+,\d+\)\\bord0\\shad0(\\b0\\fs\d+)?\\1c&H(FFFFFF|000000)&(\\p1)?|\\p0)\}")
"""What we tell mpv ourselves."""

Cell = tuple[int, int]


def shapes(drawing: Drawing) -> list[tuple[str, int, int, list[list[int]]]]:
    """Each shape: its colour, where it is, and left, top, right, bottom of its boxes."""
    found = []
    for line in drawing.events.split("\n"):
        if match := re.fullmatch(r"\{\\an7\\pos\((\d+),(\d+)\).*?&H(\w+)&\\p1\}(.*)\{\\p0\}", line):
            left, top, colour, boxes = match.groups()
            corners = re.findall(r"m (\d+) (\d+) l \1?(\d+) \2 \3 (\d+) \1 \4", boxes)
            assert len(corners) == boxes.count("m")
            found.append((colour, int(left), int(top), [[int(each) for each in box] for box in corners]))
    return found


def modules(link: str) -> set[Cell]:
    """Rows and columns of what must be dark."""
    code = qrcode.QRCode(border=4)
    code.add_data(link)
    return {(y, x) for y, row in enumerate(code.get_matrix()) for x, dark in enumerate(row) if dark}


@given(link=LINKS, words=WORDS)
def test_the_boxes_are_the_dark_squares_of_the_code_each_once(link: str, words: tuple[str, ...]) -> None:
    _, (colour, _, _, boxes) = shapes(draw(Sign(link=link, words=words), 1280, 720))
    assert colour == "000000"
    unit = min(bottom - top for _, top, _, bottom in boxes)
    drawn = [
        (y // unit, x // unit)
        for left, top, right, bottom in boxes
        for y in range(top, bottom, unit)
        for x in range(left, right, unit)
    ]
    assert len(drawn) == len(set(drawn))
    assert set(drawn) == modules(link)
    assert all(each % unit == 0 for box in boxes for each in box)


@given(link=LINKS, words=WORDS, wide=SIDES, high=SIDES)
def test_nothing_is_off_the_canvas_or_off_the_card(link: str, words: tuple[str, ...], wide: int, high: int) -> None:
    drawing = draw(Sign(link=link, words=words), wide, high)
    assert min(drawing.width, drawing.height) == SHORT_SIDE
    assert drawing.width / drawing.height == pytest.approx(wide / high, rel=0.01)
    (_, left, top, [card]), (_, right_of, below, boxes) = shapes(drawing)
    assert 0 <= left < left + card[2] <= drawing.width
    assert 0 <= top < top + card[3] <= drawing.height
    for box in boxes:
        assert left <= right_of + box[0] < right_of + box[2] <= left + card[2]
        assert top <= below + box[1] < below + box[3] <= top + card[3]
    for x, y, size in re.findall(r"\\an8\\pos\((\d+),(\d+)\)\S*?\\fs(\d+)", drawing.events):
        assert int(x) == left + card[2] // 2
        assert top < int(y) < int(y) + int(size) <= top + card[3]
        assert int(size) > 0, "mpv takes this for its own size, which is a large one"


@given(words=WORDS)
def test_only_our_own_commands_are_in_it(words: tuple[str, ...]) -> None:
    lines = draw(Sign(link="https://trakt.tv/activate", words=words), 1280, 720).events.split("\n")
    assert len(lines) == 2 + len(words)
    assert all(sign.isprintable() or sign == "\N{WORD JOINER}" for line in lines for sign in line)
    for line in lines:
        text = OWN.sub("", line)
        assert not re.search(r"(?<!\\)[{}]", text)
        assert not re.search(r"\\(?![{}\N{WORD JOINER}])", text)


def test_words_are_as_they_were_said() -> None:
    sign = Sign(link="https://trakt.tv/activate", words=("Scan to sign in", "{b}", "back\\Nslash", "two\nlines"))
    texts = [OWN.sub("", line) for line in draw(sign, 1280, 720).events.split("\n")[2:]]
    assert texts == ["Scan to sign in", "\\{b\\}", "back\\\N{WORD JOINER}Nslash", "two lines"]


def test_a_line_that_is_too_long_is_cut_and_spoils_no_other() -> None:
    *_, long, short = draw(Sign(link="https://trakt.tv/activate", words=("x" * 5000, "code")), 1280, 720).events.split(
        "\n"
    )
    assert OWN.sub("", long) == "x" * 59 + "…"
    assert short.endswith("}code")
    assert int(re.findall(r"\\fs(\d+)", short)[0]) >= 9
