"""Kodi's messages out of its TCP stream, in which objects follow each other without anything between them.

They come joined, and cut anywhere: within a text, within a sign of UTF-8. Each byte is looked at once, whatever the
pieces; an object is read once it is whole.
"""

import re
from datetime import UTC, datetime
from typing import Final

from scrobbler.adapters import WebhookRequest
from scrobbler.errors import PayloadError
from scrobbler.payload import MAX_DEPTH, Table, decoded

LONGEST: Final = 1024 * 1024
"""Bytes of a message. Real ones have up to a few thousand, and the list of a season's episodes up to 50 KiB."""

_MARK: Final = re.compile(rb'\\.|["{}\[\]]', re.DOTALL)
_NEVER: Final = datetime.min.replace(tzinfo=UTC)


class Stream:
    """One connection's bytes."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._at = 0
        """So far everything was looked at."""
        self._depth = 0
        self._quoted = False

    def feed(self, data: bytes) -> list[Table]:
        """The messages that are whole with these bytes. Raises ``PayloadError`` for what Kodi does not send."""
        self._held += data
        found = []
        while (end := self._end()) is not None:
            found.append(_read(bytes(self._held[:end])))
            del self._held[:end]
            self._at = 0
        if len(self._held) > LONGEST:
            raise PayloadError(f"a message is longer than {LONGEST} bytes")
        return found

    def _end(self) -> int | None:
        """Where the first message ends; None while it is not whole."""
        for mark in _MARK.finditer(self._held, self._at):
            self._at = mark.end()
            sign = mark[0]
            if not self._depth and (sign != b"{" or self._held[: mark.start()].strip()):
                break
            if sign == b'"':
                self._quoted = not self._quoted
            elif not self._quoted and sign in b"{[":
                self._depth += 1
                if self._depth > MAX_DEPTH:
                    raise PayloadError(f"a message is nested deeper than {MAX_DEPTH} levels")
            elif not self._quoted and sign in b"}]":
                self._depth -= 1
                if not self._depth:
                    return self._at
        if not self._depth and self._held.strip():
            raise PayloadError("what comes is no JSON-RPC")
        if not self._held.endswith(b"\\"):  # what it escapes is still to come
            self._at = len(self._held)
        return None


def _read(message: bytes) -> Table:
    return decoded(WebhookRequest(method="", query={}, headers={}, body=message, at=_NEVER), None)
