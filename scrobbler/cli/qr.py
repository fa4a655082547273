"""A QR code on a terminal, dark or light, wide or narrow."""

import io
from typing import TextIO


def draw(text: str, out: TextIO) -> str | None:
    """The code in half blocks with its own colours, so that it scans on any background.

    None where the stream cannot show it: not a terminal, or an encoding without block characters.
    """
    encoding = out.encoding or "ascii"
    try:
        "█▀▄".encode(encoding)
    except UnicodeEncodeError:
        return None
    if not out.isatty():
        return None
    import qrcode  # noqa: PLC0415  # only a sign-in needs it

    code = qrcode.QRCode(border=2)
    code.add_data(text)
    drawn = _Terminal()
    code.print_ascii(drawn, tty=True)
    return drawn.getvalue()


class _Terminal(io.StringIO):
    """What ``print_ascii`` takes for a terminal, so that it colours the code."""

    def isatty(self) -> bool:
        return True
