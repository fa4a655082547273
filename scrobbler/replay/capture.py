"""What a server posted, as somebody kept it: the body alone, or the whole HTTP request with its first line."""

import re
from collections.abc import Mapping
from datetime import datetime
from email.parser import BytesParser
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from scrobbler.adapters import WebhookRequest
from scrobbler.errors import PayloadError

_FIRST_LINE: Final = re.compile(rb"(?:\xef\xbb\xbf|\s)*([A-Z]{3,7}) (\S{1,8000}) HTTP/1\.[01]\r?\n")
_END_OF_HEADERS: Final = re.compile(rb"\r?\n\r?\n")
_CHUNK: Final = re.compile(rb"\r?\n?([0-9A-Fa-f]{1,8})[^\r\n]{0,1000}\r?\n")


def captured(raw: bytes, at: datetime) -> WebhookRequest:
    """The request that this is. A body that is shorter than its headers say is taken as it is.

    Raises ``PayloadError`` where the headers have no end.
    """
    first = _FIRST_LINE.match(raw)
    if first is None:
        return WebhookRequest(method="POST", query={}, headers={}, body=raw, at=at)
    end = _END_OF_HEADERS.search(raw, first.end() - 2)
    if end is None:
        raise PayloadError("the request ends within its headers: an empty line is missing")
    headers = _headers(raw[first.end() : end.start()])
    query = dict(reversed(parse_qsl(urlsplit(first[2].decode("ascii", "replace")).query)))
    body = _body(raw[end.end() :], headers)
    return WebhookRequest(method=first[1].decode(), query=query, headers=headers, body=body, at=at)


def _headers(raw: bytes) -> Mapping[str, str]:
    """By their names in lower case; the first of each name."""
    said = BytesParser().parsebytes(raw, headersonly=True)
    return dict(reversed([(name.lower(), str(value).strip()) for name, value in said.items()]))


def _body(raw: bytes, headers: Mapping[str, str]) -> bytes:
    """What belongs to it of all that follows the headers."""
    if "chunked" in headers.get("transfer-encoding", "").lower():
        return _joined(raw)
    length = headers.get("content-length", "")
    return raw[: int(length)] if re.fullmatch(r"[0-9]{1,12}", length) else raw


def _joined(raw: bytes) -> bytes:
    """The chunks in one, up to the last or to where they break off."""
    body, at = [], 0
    while (size := _CHUNK.match(raw, at)) is not None and (count := int(size[1], 16)):
        body.append(raw[size.end() : size.end() + count])
        at = size.end() + count
    return b"".join(body)
