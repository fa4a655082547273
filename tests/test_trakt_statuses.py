"""What we make of each refusal."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from scrobbler.errors import Closed, Rejected, TraktError, Unauthorized, Unavailable, Uncertain
from scrobbler.trakt.statuses import AFTER_429, LONGEST_WAIT, Reply, fault

NOW = datetime(2026, 11, 20, 20, 0, tzinfo=UTC)


def refusal(status: int, *, data: object = None, write: bool = True, **headers: str) -> TraktError:
    """The error for a reply; header names are written with underscores."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return fault(Reply(status=status, headers=named, data=data), write=write, now=NOW)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (301, Rejected),
        (400, Rejected),
        (401, Unauthorized),
        (403, Closed),
        (404, Rejected),
        (405, Rejected),
        (409, Rejected),
        (410, Rejected),
        (412, Rejected),
        (418, Rejected),
        (420, Closed),
        (422, Rejected),
        (423, Closed),
        (426, Closed),
        (429, Unavailable),
        (451, Rejected),
        (500, Uncertain),
        (502, Uncertain),
        (503, Unavailable),
        (504, Uncertain),
        (520, Uncertain),
        (521, Unavailable),
        (522, Uncertain),
        (524, Uncertain),
        (530, Unavailable),
    ],
)
def test_a_refused_write_is_one_of_five_things(status: int, kind: type[TraktError]) -> None:
    error = refusal(status)
    assert type(error) is kind
    assert f"status {status}" in str(error)


@pytest.mark.parametrize("status", [500, 502, 504, 520, 522, 524])
def test_a_read_that_failed_has_done_nothing(status: int) -> None:
    assert type(refusal(status, write=False)) is Unavailable


def test_a_web_page_with_403_comes_from_the_edge() -> None:
    assert type(refusal(403, content_type="text/html; charset=UTF-8")) is Unavailable
    assert type(refusal(403, content_type="application/json")) is Closed


def test_a_deactivated_account_is_closed() -> None:
    error = refusal(410, x_account_deactivated="true")
    assert type(error) is Closed
    assert "deactivated" in str(error)


def test_a_rejection_keeps_its_status() -> None:
    error = refusal(422)
    assert isinstance(error, Rejected)
    assert error.status == 422


def test_trakts_own_words_are_passed_on_and_nothing_else_of_the_body() -> None:
    data = {"message": "Progress should be at least 1.0% to pause.\n", "access_token": "secret", "errors": ["secret"]}
    text = str(refusal(422, data=data))
    assert "Progress should be at least 1.0% to pause." in text
    assert "secret" not in text
    assert "\n" not in text


def test_a_long_message_is_cut() -> None:
    assert len(str(refusal(422, data={"message": "x" * 5000}))) < 300


@pytest.mark.parametrize(
    ("said", "wait"),
    [
        ("10", 10.0),
        ("1.5", 1.5),
        ("-1", 0.0),
        ("999999", LONGEST_WAIT),
        ("inf", LONGEST_WAIT),
        ("nan", AFTER_429),
        ("soon", AFTER_429),
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90.0),
        (format_datetime(NOW - timedelta(seconds=90), usegmt=True), 0.0),
    ],
)
def test_the_wait_is_a_number_or_a_date_within_reason(said: str, wait: float) -> None:
    error = refusal(429, retry_after=said)
    assert isinstance(error, Unavailable)
    assert error.retry_after == wait


def test_a_429_without_a_wait_has_ours() -> None:
    error = refusal(429, content_type="text/html")
    assert isinstance(error, Unavailable)
    assert error.retry_after == AFTER_429


def test_an_overloaded_trakt_may_name_a_wait() -> None:
    named, unnamed = refusal(503, retry_after="30"), refusal(503)
    assert isinstance(named, Unavailable)
    assert isinstance(unnamed, Unavailable)
    assert (named.retry_after, unnamed.retry_after) == (30.0, None)


def test_a_reply_shows_nothing_of_its_body() -> None:
    assert "secret" not in repr(Reply(status=200, headers={}, data={"access_token": "secret"}))
