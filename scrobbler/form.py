"""The fields of a form that was posted, urlencoded or in parts; files among them are passed over.

python-multipart reads the parts. It is given a piece at a time, and no more once the wanted field is whole, so that a
picture costs nothing behind it and 0.2 ms for each megabyte before it.
"""

import logging
import re
from typing import Any, Final
from urllib.parse import parse_qsl

from scrobbler.errors import PayloadError

MAX_TEXT_BYTES: Final = 1024 * 1024
"""Of the fields that are no files, together. Real ones have 1 to 50 KiB."""
MAX_FIELDS: Final = 500
MAX_PARTS: Final = 50

_PIECE: Final = 64 * 1024
_QUIET: Final = logging.Logger("multipart", logging.CRITICAL)  # noqa: LOG001  # it is nobody's child: nothing is heard


def pairs(text: str) -> dict[str, str]:
    """The fields of an urlencoded form; the first of each name. Raises ``PayloadError`` beyond the limits."""
    if len(text) > MAX_TEXT_BYTES * 3:  # each byte may be written as three
        raise PayloadError(f"the form is longer than {MAX_TEXT_BYTES * 3} bytes")
    try:
        found = parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError:
        raise PayloadError(f"the form has more than {MAX_FIELDS} fields") from None
    return dict(reversed(found))


def parts(body: bytes, content_type: str, wanted: str | None) -> dict[str, bytes]:
    """The parts of a multipart form, by name: the wanted one, be it a file or not, or else all that are no files.

    Some call every part a file that has a content type; so has Plex's ``payload``. A form that breaks off behind the
    wanted part is whole enough. Raises ``PayloadError`` for what is no such form, or beyond the limits.
    """
    from python_multipart.exceptions import FormParserError  # noqa: PLC0415  # most requests are plain JSON
    from python_multipart.multipart import MultipartParser  # noqa: PLC0415  # as above

    form = _Form(wanted)
    try:
        parser = MultipartParser(_boundary(body, content_type), form.callbacks())
        parser.logger = _QUIET  # what it warns of, it raises as well
        for start in range(0, len(body), _PIECE):
            parser.write(body[start : start + _PIECE])
            if wanted in form.parts:
                break
    except FormParserError:
        if wanted not in form.parts:
            raise PayloadError("the body is no multipart form") from None
    return form.parts


def _boundary(body: bytes, content_type: str) -> bytes:
    """What stands between the parts. The body's first line knows it, also where a relay has lost the header."""
    from python_multipart.multipart import parse_options_header  # noqa: PLC0415  # as above

    if first := re.match(rb"--([^\r\n]{1,200})\r\n", body):
        return first[1].rstrip()
    said = parse_options_header(content_type[:1000])[1].get(b"boundary", b"")
    if not 0 < len(said) <= 200:
        raise PayloadError("the body is no multipart form")
    return said


class _Form:
    """Collects what a multipart parser finds."""

    def __init__(self, wanted: str | None) -> None:
        self.parts: dict[str, bytes] = {}
        self._wanted = wanted
        self._count = self._size = 0
        self._header = self._value = b""
        self._about: dict[bytes, bytes] = {}
        self._name: str | None = None
        """Of the part that is being read, if it is kept."""
        self._data: list[bytes] = []

    def callbacks(self) -> Any:
        """By the names that the parser calls."""
        return {
            "on_part_begin": self._begin,
            "on_header_begin": self._begin_header,
            "on_header_field": self._more_header,
            "on_header_value": self._more_value,
            "on_header_end": self._end_header,
            "on_headers_finished": self._choose,
            "on_part_data": self._more,
            "on_part_end": self._end,
        }

    def _begin(self) -> None:
        self._count += 1
        if self._count > MAX_PARTS:
            raise PayloadError(f"the form has more than {MAX_PARTS} parts")
        self._about, self._name, self._data = {}, None, []

    def _begin_header(self) -> None:
        self._header = self._value = b""

    def _more_header(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _more_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        from python_multipart.multipart import parse_options_header  # noqa: PLC0415  # as above

        if self._header.lower() == b"content-disposition":
            self._about = parse_options_header(self._value)[1]

    def _choose(self) -> None:
        name = self._about.get(b"name", b"").decode("utf-8", "replace")
        keeps = name == self._wanted if self._wanted is not None else b"filename" not in self._about
        self._name = name if keeps and name not in self.parts else None

    def _more(self, data: bytes, start: int, end: int) -> None:
        if self._name is None:
            return
        self._size += end - start
        if self._size > MAX_TEXT_BYTES:
            raise PayloadError(f"the form is longer than {MAX_TEXT_BYTES} bytes")
        self._data.append(data[start:end])

    def _end(self) -> None:
        if self._name is not None:
            self.parts[self._name] = b"".join(self._data)
