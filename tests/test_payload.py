"""What servers post becomes one object or one line that says why not, whatever it is and however it is packed."""

import json
import logging
import os
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from plugins.sample import form, request

from scrobbler import payload
from scrobbler.errors import PayloadError
from scrobbler.events import Ids, Media, MediaKind, Show
from scrobbler.form import MAX_FIELDS, MAX_PARTS, MAX_TEXT_BYTES
from scrobbler.payload import MAX_COMMAS, MAX_DEPTH, MAX_DIGITS, decoded
from scrobbler.web.hooks import MAX_BODY_BYTES

HEAT = {"title": "Heat, “Los Ángeles”", "year": 1995}
PLAIN = json.dumps(HEAT, ensure_ascii=False).encode()
TYPES = [
    None,
    "",
    "application/json",
    "text/plain; charset=utf-8",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "multipart/form-data; boundary=x",
    'multipart/form-data; boundary="',
    "multipart/form-data; boundary=" + "x" * 300,
    "multipart/form-data; boundary=\u20ac".encode().decode("latin-1"),
    "nonsense",
]


def refused(body: bytes, content_type: str | None = "application/json", field: str | None = None) -> str:
    """The words with which a body is refused."""
    with pytest.raises(PayloadError) as caught:
        decoded(request(body, content_type), field)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("content_type", TYPES)
@pytest.mark.parametrize("field", [None, "payload"])
def test_json_is_understood_whatever_it_is_called(content_type: str | None, field: str | None) -> None:
    assert decoded(request(PLAIN, content_type), field) == HEAT


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp1252"])
def test_json_is_understood_in_each_encoding(encoding: str) -> None:
    assert decoded(request(PLAIN.decode().encode(encoding)), None) == HEAT


def test_line_breaks_within_a_text_are_no_reason_to_lose_a_watch() -> None:
    assert decoded(request(b'{"summary": "one\ntwo\ttabs", "title": "Heat"}'), None)["title"] == "Heat"


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(said=st.dictionaries(st.text(), VALUES), escaped=st.booleans())
def test_what_was_written_is_what_is_read(said: dict[str, Any], escaped: bool) -> None:
    body = json.dumps(said, ensure_ascii=escaped).encode("utf-8", "replace")
    assert decoded(request(body), None) == json.loads(body)


@pytest.mark.parametrize(
    "body",
    [
        b'{"n": 123456789012345678901234567890, "m": 18446744073709551616, "k": -9223372036854775809}',
        b'{"n": -0, "m": -0.0, "k": 0.1e-400, "j": 1E400, "i": -1e999}',
        b'{"n": 1, "n": 2, "o": {"a": 1, "a": null}}',
        b'{"half": "\\ud83d", "other half": "\\ude00", "whole": "\\ud83d\\ude00"}',
        b'{"raw": "\0\x01\x1f\x7f\n", "n": 123456789012345678901234567890, "n": 3}',
    ],
    ids=["long numbers", "odd numbers", "said twice", "half a sign", "control characters"],
)
def test_what_is_odd_is_read_as_python_reads_it(body: bytes) -> None:
    want = json.loads(body, strict=False)
    found = decoded(request(body), None)
    assert found == want
    assert repr(found) == repr(want)  # 0 and -0.0 are alike, but not the same


def test_fields_of_a_form_are_the_object_where_none_is_asked_for() -> None:
    want = {"title": "Heat & Dust", "year": "1983", "empty": ""}
    body = b"title=Heat+%26+Dust&year=1983&empty=&title=again"
    assert decoded(request(body, "application/x-www-form-urlencoded"), None) == want
    parts = form([('name="title"', b"Heat & Dust"), ('name="year"', b"1983"), ('name="empty"', b"")])
    assert decoded(parts, None) == want


def test_files_are_no_fields_of_the_object() -> None:
    parts = [('name="thumb"; filename="thumb.jpg"', b"\xff\xd8"), ('name="title"', b"Heat"), ('name="title"', b"again")]
    assert decoded(form(parts), None) == {"title": "Heat"}


def test_text_before_the_first_part_needs_the_header_that_tells_where_it_begins() -> None:
    asked = form([('name="data"', PLAIN)])
    before = request(b"\r\n" + asked.body, asked.headers["content-type"])
    assert decoded(before, "data") == HEAT
    assert refused(b"preamble\r\n" + asked.body, "multipart/form-data") == "the body is no multipart form"


def test_a_form_that_breaks_off_in_its_thumb_is_whole_enough() -> None:
    asked = form([('name="payload"', PLAIN), ('name="thumb"; filename="t.jpg"', bytes(100_000))])
    assert decoded(request(asked.body[:-50_000]), "payload") == HEAT
    assert decoded(request(asked.body + b"--- and rubbish"), "payload") == HEAT
    junk = asked.body[: asked.body.rindex(b"\r\n--")].replace(b'Content-Disposition: form-data; name="thumb"', b"\0\0")
    assert decoded(request(junk), "payload") == HEAT


def test_the_wanted_field_is_found_between_pictures() -> None:
    picture = ('name="thumb"; filename="t.jpg"\r\nContent-Type: image/jpeg', os.urandom(300_000))
    assert decoded(form([picture, ('name="payload"', PLAIN), picture]), "payload") == HEAT


NO_OBJECT = {
    b"": "the body is empty",
    b" \r\n\xef\xbb\xbf": "the body is empty",
    b"hello": "the body is no JSON: line 1, column 1",
    b'{"a": ,}': "the body is no JSON: line 1, column 7",
    b'{"a":\n{"b"': "the body is no JSON: line 2, column 5",
    b"[1]": "the JSON is no object",
    b'"{}"': "the JSON is no object",
    b"12": "the JSON is no object",
    b"null": "the JSON is no object",
    b'{"position": NaN}': "the body is no JSON: it holds NaN",
    b'{"position": -Infinity}': "the body is no JSON: it holds -Infinity",
    b"\xff\xfe\xfd": "the body is no JSON: line 1, column 1",
    b"--": "the body is no multipart form",
    b"--x\r\n\0rubbish": "the body is no multipart form",
    b"--x\r\n\r\n": "the form has no field 'payload'",
    b"data=1": "the form has no field 'payload'",
    b"payload=": "the body is no JSON: line 1, column 1",
    b"payload=%5B%5D": "the JSON is no object",
}


@pytest.mark.parametrize(("body", "words"), NO_OBJECT.items())
def test_what_holds_no_object_is_refused_with_one_line(body: bytes, words: str) -> None:
    assert refused(body, None, "payload") == words


TOO_MUCH = {
    "depth": (b'{"a":' * (MAX_DEPTH + 1) + b"1" + b"}" * (MAX_DEPTH + 1), "the JSON is nested deeper than 32 levels"),
    "endless depth": (b'{"a":' + b"[" * 500_000 + b"]" * 500_000 + b"}", "the JSON is nested deeper than 32 levels"),
    "digits": (b'{"a":' + b"9" * MAX_DIGITS + b"}", "the JSON holds a number of 1000 digits or more"),
    "fraction": (b'{"a":0.' + b"9" * MAX_DIGITS + b"}", "the JSON holds a number of 1000 digits or more"),
    "values": (b'{"a":[1' + b",1" * MAX_COMMAS + b",1]}", "the JSON holds more than 20000 values"),
    "length": (b'{"a":"' + b" " * MAX_TEXT_BYTES + b'"}', "the JSON is longer than 1048576 bytes"),
    "fields": (b"a=1&" * (MAX_FIELDS + 1), "the form has more than 500 fields"),
    "form": (b"a=" + b"%41" * MAX_TEXT_BYTES, "the form is longer than 3145728 bytes"),
    "part": (form([('name="payload"', bytes(MAX_TEXT_BYTES + 1))]).body, "the form is longer than 1048576 bytes"),
    "parts": (form([('name="a"', b"")] * (MAX_PARTS + 1)).body, "the form has more than 50 parts"),
}


@pytest.mark.parametrize(("body", "words"), TOO_MUCH.values(), ids=TOO_MUCH)
def test_what_is_beyond_a_limit_is_refused(body: bytes, words: str) -> None:
    assert refused(body, None, "payload") == words


def test_what_is_just_within_the_limits_is_understood() -> None:
    deep = b'{"a":' * MAX_DEPTH + b"1" + b"}" * MAX_DEPTH
    wide = b'{"a":[1' + b",1" * MAX_COMMAS + b"]}"
    for body in (
        deep,
        wide,
        b'{"a":' + b"9" * (MAX_DIGITS - 1) + b"}",
        b'{"a":"' + b" " * (MAX_TEXT_BYTES - 8) + b'"}',
    ):
        assert "a" in decoded(request(body), None)


def test_no_refusal_quotes_what_was_sent() -> None:
    for body in (b'{"password": hunter2}', b"hunter2", b"--hunter2\r\nhunter2", b"hunter2=hunter2", b'"hunter2"'):
        assert "hunter2" not in refused(body, "hunter2", "payload")


def test_the_library_that_reads_forms_says_nothing_of_its_own(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    refused(b"--x\r\n\0\0\0", None)
    refused(b"hello", "multipart/form-data; boundary=x")
    assert caplog.text == ""


HEAVY = {
    "open lists": b"[" * MAX_BODY_BYTES,
    "lists": b'{"a":[' + b"[]," * 340_000 + b"[]]}",
    "floats": b'{"a":[' + b"1e999," * 170_000 + b"1]}",
    "escapes": b'{"a":"' + b"\\u0041" * 170_000 + b'"}',
    "digits": b"9" * MAX_BODY_BYTES,
    "pairs": b"a=1&" * (MAX_BODY_BYTES // 4),
    "escaped pairs": b"a=" + b"%41" * (MAX_BODY_BYTES // 3 - 1),
    "dashes": b"-" * MAX_BODY_BYTES,
    "nearly boundaries": b'--xxxxxxxx\r\nContent-Disposition: form-data; name="payload"\r\n\r\n'
    + b"\r\n--xxxxxxx" * 350_000,
    "line ends": b"--x\r\n\r\n" + b"\r" * 4_000_000,
    "parts": b"--xx\r\n\r\n" * (MAX_BODY_BYTES // 8),
    "headers": b"--x\r\n" + b"A: b\r\n" * 690_000,
    "one header": b"--x\r\nA: " + b"b" * 4_000_000,
    "parameters": b"--x\r\nContent-Disposition: form-data" + b'; a="' * 800 + b"\r\n\r\n",
    "white space": b" " * MAX_BODY_BYTES,
    "noise": os.urandom(MAX_BODY_BYTES),
}


@pytest.mark.parametrize("body", HEAVY.values(), ids=HEAVY)
@pytest.mark.parametrize("content_type", [None, "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
def test_no_body_holds_the_server_up(body: bytes, content_type: str | None) -> None:
    """Each costs under 25 ms of the processor; what grows with the square of its length would cost minutes."""
    assert len(body) <= MAX_BODY_BYTES
    began = time.process_time()
    for field in (None, "payload"):
        with suppress(PayloadError):
            decoded(request(body, content_type), field)
    assert time.process_time() - began < 1


def test_a_picture_of_two_megabytes_costs_next_to_nothing() -> None:
    picture = ('name="thumb"; filename="t.jpg"\r\nContent-Type: image/jpeg', os.urandom(2_000_000))
    for parts in ([picture, ('name="payload"', PLAIN)], [('name="payload"', PLAIN), picture]):
        asked = form(parts)
        costs = []
        for _ in range(5):
            began = time.process_time()
            assert decoded(asked, "payload") == HEAT
            costs.append(time.process_time() - began)
        assert min(costs) < 0.02


@given(body=st.binary(max_size=400), content_type=st.sampled_from(TYPES), field=st.sampled_from([None, "payload"]))
@example(body=b"--\xe9\r\n\r\n", content_type=None, field=None)
def test_any_bytes_are_an_object_or_refused(body: bytes, content_type: str | None, field: str | None) -> None:
    for begin in (
        b"",
        b"{",
        b'{"a":',
        b"--x\r\n",
        b'--x\r\nContent-Disposition: form-data; name="payload"\r\n\r\n{}',
        b"a=",
    ):
        words = "an object"
        try:
            assert isinstance(decoded(request(begin + body, content_type), field), dict)
        except PayloadError as error:
            words = str(error)
        assert words.isprintable()
        assert len(words) < 100


# Readers

ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.floats()
    | st.integers()
    | st.text(st.characters())
    | st.from_regex(r"-?\d+(\.\d*)?"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=4,
)


@given(value=ANYTHING)
def test_readers_read_anything(value: object) -> None:
    assert payload.truth(value) in {True, False, None}
    assert isinstance(payload.table(value), dict)
    assert all(isinstance(each, dict) for each in payload.rows(value))
    assert payload.ids(imdb=value, tmdb=value, tvdb=value) is not None
    for read in (payload.text, payload.plain):
        said = read(value)
        assert said is None or (said == said.strip() != "" and said.encode() and "\n" not in said)
    for measure in (payload.number, payload.whole, payload.milliseconds, payload.ticks):
        found = measure(value)
        assert found is None or found < float("inf")
    when = payload.instant(value)
    assert when is None or when.utcoffset() == timedelta(0)


TAKEN: dict[str, list[tuple[Any, Any]]] = {
    "text": [
        (" Heat ", "Heat"),
        (7, "7"),
        ("a\nb\x1b[2J\0", "a b [2J"),
        ("\ud800 x", "\ufffd x"),
        ("😀", "😀"),
        ("x" * 2000, "x" * 1000),
        ("&amp;", "&amp;"),
    ],
    "plain": [("Tom &amp; Jerry&#39;s", "Tom & Jerry's"), ("R&B", "R&B"), ("&#0;", "\ufffd"), (1, "1")],
    "number": [(1, 1.0), (1.5, 1.5), ("1.5", 1.5), (" 42 ", 42.0), ("-1", -1.0), ("1e3", 1000.0), ("1.", 1.0)],
    "whole": [(7, 7), ("07", 7), (7.0, 7), ("7.0", 7), (0, 0), ("0", 0), (2**53, 2**53)],
    "truth": [
        *((value, True) for value in (True, "True", "1", 1, "yes", " true ")),
        *((value, False) for value in (False, "FALSE", "0", 0, "No")),
    ],
    "milliseconds": [(1500, 1.5), ("1500", 1.5), (0, 0.0)],
    "ticks": [(15_300_000_000, 1530.0), ("10000000", 1.0), (0, 0.0)],
    "length": [(8160.0, 8160.0)],
    "table": [({"a": 1}, {"a": 1}), ([], {}), ("x", {}), (None, {})],
    "rows": [([{"a": 1}, 2, None, {}], [{"a": 1}, {}]), ({"a": 1}, [{"a": 1}]), ("x", []), (None, [])],
    "instant": [
        ("2026-11-20T20:15:31.1234567+02:00", datetime(2026, 11, 20, 18, 15, 31, 123456, UTC)),
        ("2026-11-20T18:15:31Z", datetime(2026, 11, 20, 18, 15, 31, 0, UTC)),
        ("1763662531", datetime(2025, 11, 20, 18, 15, 31, 0, UTC)),
        (1763662531, datetime(2025, 11, 20, 18, 15, 31, 0, UTC)),
    ],
}
UNKNOWN: dict[str, list[Any]] = {
    "text": ["", " \n", True, None, [], {}],
    "plain": ["&nbsp;", None],
    "number": [
        True,
        "",
        "n/a",
        "nan",
        "inf",
        "1_000",
        "٣",
        "1e999",
        float("nan"),
        float("inf"),
        10**400,
        "9" * 400,
        [1],
    ],
    "whole": [-1, 7.5, 2**60, "6-10", "true", True, None],
    "truth": ["", 2, "maybe", None, []],
    "milliseconds": [-1, "", 10**30, None],
    "ticks": [-1, "x", None],
    "length": [0.0, None, 1e12],
    "instant": [
        "2026-11-20T18:15:31",
        "0001-01-01T00:00:00Z",
        "0001-01-01T00:00:00+09:00",
        0,
        1e20,
        -1e20,
        "today",
        None,
    ],
}


@pytest.mark.parametrize(("reader", "value", "wanted"), [(name, *row) for name, rows in TAKEN.items() for row in rows])
def test_a_reader_takes_what_makes_sense(reader: str, value: object, wanted: object) -> None:
    found = getattr(payload, reader)(value)
    assert (type(found), found) == (type(wanted), wanted)


@pytest.mark.parametrize(("reader", "value"), [(name, value) for name, values in UNKNOWN.items() for value in values])
def test_a_reader_leaves_the_rest_unknown(reader: str, value: object) -> None:
    assert getattr(payload, reader)(value) is None


def test_ids_are_dropped_one_by_one() -> None:
    assert payload.ids(imdb="tt0113277", tmdb="949", tvdb=0) == Ids(imdb="tt0113277", tmdb=949)
    assert payload.ids(imdb="", tmdb="x", tvdb="7") == Ids(tvdb=7)
    assert payload.ids(imdb="nm123", tmdb=-1, tvdb=True) == Ids()


def test_an_item_needs_an_id_a_films_title_or_a_place_in_a_show() -> None:
    def episode(season: int | None, number: int | None, show: Show | None) -> Media:
        return Media(kind=MediaKind.EPISODE, title="Pilot", season=season, episode=number, show=show)

    lost = Show(title="Lost")
    assert payload.identifiable(Media(kind=MediaKind.MOVIE, title="Heat"))
    assert payload.identifiable(Media(kind=MediaKind.MOVIE, ids=Ids(tmdb=949)))
    assert payload.identifiable(episode(0, 0, lost))
    assert payload.identifiable(episode(1, 1, Show(ids=Ids(tvdb=73739))))
    assert payload.identifiable(Media(kind=MediaKind.EPISODE, ids=Ids(tvdb=127131)))
    for nameless in (
        Media(kind=MediaKind.MOVIE),
        episode(1, None, lost),
        episode(None, 1, lost),
        episode(1, 1, Show()),
    ):
        assert not payload.identifiable(nameless)
