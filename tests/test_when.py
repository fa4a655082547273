"""An instant as people write it. The user's clock is two hours ahead of UTC here."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from time import tzset

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrobbler.cli.when import read
from scrobbler.errors import ConfigError

NOW = datetime(2026, 11, 20, 20, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def zone() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "EET-2")
        tzset()
        yield
    tzset()


@pytest.mark.parametrize(
    ("words", "at"),
    [
        ("now", "2026-11-20 20:30"),
        ("21:00", "2026-11-20 19:00"),
        ("today 9:05", "2026-11-20 07:05"),
        ("Yesterday  21:00", "2026-11-19 19:00"),
        ("2026-11-20 21:00", "2026-11-20 19:00"),
        ("2026-11-20T21:00", "2026-11-20 19:00"),
        ("2026-11-20T19:00:00Z", "2026-11-20 19:00"),
        ("2026-11-20T21:00:00+01:00", "2026-11-20 20:00"),
        ("2h ago", "2026-11-20 18:30"),
        ("1h30m ago", "2026-11-20 19:00"),
        ("90min ago", "2026-11-20 19:00"),
        ("3 d ago", "2026-11-17 20:30"),
        ("22:30", "2026-11-20 20:30"),
    ],
)
def test_what_people_write_is_an_instant(words: str, at: str) -> None:
    assert read(words, NOW) == datetime.fromisoformat(at).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "words",
    [
        "",
        "soon",
        "ago",
        "0h ago",
        "25:00",
        "12:60",
        "2026-11-20",
        "2026-13-01 10:00",
        "yesterday",
        "99999d ago 5",
        "9" * 50,
    ],
)
def test_what_is_no_instant_is_answered_with_what_is(words: str) -> None:
    with pytest.raises(ConfigError, match=r"is no time: such as 21:00, yesterday 21:00"):
        read(words, NOW)


@pytest.mark.parametrize("words", ["22:32", "2026-11-21 10:00", "2030-01-01T00:00:00Z"])
def test_nothing_was_watched_in_the_future(words: str) -> None:
    with pytest.raises(ConfigError, match="is yet to come"):
        read(words, NOW)


@pytest.mark.parametrize("words", ["1800-01-01 10:00", "50000d ago"])
def test_nothing_was_watched_before_there_was_anything(words: str) -> None:
    with pytest.raises(ConfigError, match="too long ago"):
        read(words, NOW)


@given(st.text(max_size=30))
def test_no_text_is_too_much(words: str) -> None:
    with suppress(ConfigError):
        assert read(words, NOW) <= NOW
