"""A sign as a drawing for mpv's ``osd-overlay``: a white card with a QR code and words, in the lower right corner.

The code is drawn as shapes and never as text: with fonts the dark squares stay transparent and lines have gaps, and no
reader finds it. A drawing has no size of its own, so it is as sharp as the screen.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import Struct

from scrobbler.adapters import Sign

SHORT_SIDE: Final = 720
"""The units of a drawing along the shorter side of the window."""
_QR: Final = 360
_LINE: Final = 28
_EDGE: Final = 24
_LARGEST: Final = 24.0
_WIDEST: Final = 0.6
"""A sign is at most so wide, measured by its height, on the average of a line."""
_LONGEST: Final = 60
"""Signs of a line; the rest of a longer one is left out, so that the others can still be read."""
_QUIET: Final = 4
"""Modules of white that readers want around a code."""
_WHITE, _BLACK = "FFFFFF", "000000"


class Drawing(Struct, frozen=True, kw_only=True):
    """Events in mpv's subtitle language, and the size of the canvas that they are drawn on."""

    events: str
    width: int
    height: int


def draw(sign: Sign, width: int, height: int) -> Drawing:
    """The sign for a window of so many pixels."""
    scale = SHORT_SIDE / min(width, height)
    wide, high = round(width * scale), round(height * scale)
    code = _modules(sign.link)
    unit = _QR // len(code)
    side = unit * len(code)
    card_wide, card_high = side + _LINE, side + _LINE * len(sign.words) + _LINE // 2
    left, top = wide - card_wide - _EDGE, high - card_high - _EDGE
    lines = [
        _shape(left, top, _WHITE, [_box(0, 0, card_wide, card_high)]),
        _shape(left + _LINE // 2, top, _BLACK, _runs(code, unit)),
    ]
    texts = [_cut(words) for words in sign.words]
    size = min(_LARGEST, side / _WIDEST / max([1, *map(len, texts)]))
    for number, words in enumerate(texts):
        place = f"\\pos({left + card_wide // 2},{top + side + _LINE * number})"
        style = f"\\an8{place}\\bord0\\shad0\\b0\\fs{size:.0f}\\1c&H{_BLACK}&"
        lines.append(f"{{{style}}}{_plain(words)}")
    return Drawing(events="\n".join(lines), width=wide, height=high)


def _modules(link: str) -> Sequence[Sequence[bool]]:
    import qrcode  # noqa: PLC0415 - only a sign-in needs it

    code = qrcode.QRCode(border=_QUIET)
    code.add_data(link)
    matrix: Sequence[Sequence[bool]] = code.get_matrix()
    return matrix


def _runs(code: Sequence[Sequence[bool]], unit: int) -> Iterator[str]:
    """The dark squares, those side by side in one box, so that there are no seams between them."""
    for row, modules in enumerate(code):
        column = 0
        while column < len(modules):
            end = column
            while end < len(modules) and modules[end]:
                end += 1
            if end > column:
                yield _box(column * unit, row * unit, end * unit, (row + 1) * unit)
            column = end + 1


def _box(left: int, top: int, right: int, bottom: int) -> str:
    return f"m {left} {top} l {right} {top} {right} {bottom} {left} {bottom}"


def _shape(left: int, top: int, colour: str, boxes: Iterator[str] | list[str]) -> str:
    style = f"\\an7\\pos({left},{top})\\bord0\\shad0\\1c&H{colour}&\\p1"
    return f"{{{style}}}{' '.join(boxes)}{{\\p0}}"


def _cut(words: str) -> str:
    return words if len(words) <= _LONGEST else words[: _LONGEST - 1] + "…"


def _plain(words: str) -> str:
    """Words that may come from outside, as words and never as commands of the subtitle language."""
    visible = "".join(sign if sign.isprintable() else " " for sign in words)
    return visible.replace("\\", "\\\N{WORD JOINER}").replace("{", "\\{").replace("}", "\\}")
