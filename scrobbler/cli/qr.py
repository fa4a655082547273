"""A QR code on a terminal, dark or light, wide or narrow."""

import io
import os
from typing import Final, TextIO

QUIET: Final = (4, 2)
"""Modules of white around the code: what the standard wants, and what scanners still read where there is less room."""
WORDS: Final = 4
"""Lines that must fit on the screen together with the code."""


def draw(text: str, out: TextIO) -> str | None:
    """The code in half blocks with its own colours, so that it scans on any background.

    None where the stream cannot show it: not a terminal, one without colours or too small, or an encoding without
    block characters.
    """
    if not out.isatty() or os.environ.get("TERM") == "dumb":
        return None
    try:
        "█▀▄\N{NO-BREAK SPACE}".encode(out.encoding or "ascii")
    except UnicodeEncodeError:
        return None
    import qrcode  # noqa: PLC0415  # only a sign-in needs it

    columns, lines = os.get_terminal_size(out.fileno())
    for border in QUIET:
        code = qrcode.QRCode(border=border)
        code.add_data(text)
        code.make()
        modules = code.modules_count + 2 * border
        if modules <= (columns or 80) and modules // 2 + 1 + WORDS <= (lines or 24):  # 0: it does not know its size
            drawn = _Terminal()
            code.print_ascii(drawn, tty=True)
            return drawn.getvalue()
    return None


class _Terminal(io.StringIO):
    """What ``print_ascii`` takes for a terminal, so that it colours the code."""

    def isatty(self) -> bool:
        return True
