"""What a server posted, kept as it came: the body alone, or the whole request."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plugins.sample import SAMPLES

from scrobbler.errors import PayloadError
from scrobbler.replay.capture import captured

AT = datetime(2026, 11, 20, 20, 15, tzinfo=UTC)


@pytest.mark.parametrize("body", [b'{"event": "media.play"}', b"payload=%7B%7D", b"--x\r\n", b"", b"POST what?"])
def test_a_body_alone_is_the_body(body: bytes) -> None:
    asked = captured(body, AT)
    assert (asked.method, asked.headers, asked.body, asked.at) == ("POST", {}, body, AT)


def test_a_whole_request_is_taken_apart() -> None:
    head = b"PUT /hooks/plex?token=x&a=1 HTTP/1.1\r\nHost: agent\r\nContent-Type: text/plain\r\nContent-Length: 2"
    asked = captured(head + b"\r\n\r\n{}\r\n", AT)
    assert (asked.method, asked.query, asked.body) == ("PUT", {"token": "x", "a": "1"}, b"{}")
    assert asked.headers == {"host": "agent", "content-type": "text/plain", "content-length": "2"}


@pytest.mark.parametrize("before", [b"", b"\xef\xbb\xbf", b"\r\n"])
def test_it_may_be_written_by_hand(before: bytes) -> None:
    """With the line ends of an editor, and no length."""
    asked = captured(before + b'POST / HTTP/1.1\nContent-Type: application/json\n\n{"a": 1}', AT)
    assert asked.body == b'{"a": 1}'


@pytest.mark.parametrize("name", ["plex_multipart_thumb", "emby_multipart_data", "jellyfin_text_plain"])
def test_a_recorded_request_is_whole(name: str) -> None:
    raw = (SAMPLES / "wire" / f"{name}.http").read_bytes()
    asked = captured(raw, AT)
    assert len(asked.body) == int(asked.headers["content-length"])
    assert raw.endswith(asked.body)


def test_a_body_in_chunks_is_put_together() -> None:
    head = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert captured(head + b'4\r\n{"a"\r\n4;x=1\r\n: 1}\r\n0\r\n\r\n', AT).body == b'{"a": 1}'
    assert captured(head + b'4\r\n{"a"\r\nzz', AT).body == b'{"a"'


def test_a_body_that_breaks_off_is_taken_as_it_is() -> None:
    assert captured(b"POST / HTTP/1.1\r\nContent-Length: 500\r\n\r\n{", AT).body == b"{"


def test_headers_without_an_end_are_refused() -> None:
    with pytest.raises(PayloadError, match="an empty line is missing"):
        captured(b"POST / HTTP/1.1\r\nHost: agent", AT)


def test_no_headers_are_an_empty_body() -> None:
    assert captured(b"POST / HTTP/1.1\r\n\r\n{}", AT).body == b"{}"


@given(
    st.binary(),
    st.sampled_from([b"", b"POST / HTTP/1.1\r\n", b"POST /?a=%ff HTTP/1.0\nTransfer-Encoding: chunked\n\n"]),
)
def test_any_bytes_are_a_request_or_refused(rest: bytes, before: bytes) -> None:
    try:
        assert isinstance(captured(before + rest, AT).body, bytes)
    except PayloadError:
        assert before
