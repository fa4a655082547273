"""How long ago something was, in words for people."""

from datetime import timedelta

import pytest

from scrobbler.age import ago


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "just now"),
        (59, "just now"),
        (60, "1 minute ago"),
        (3599, "59 minutes ago"),
        (7200, "2 hours ago"),
        (86_400, "1 day ago"),
        (259_200, "3 days ago"),
    ],
)
def test_an_age_is_said_in_its_largest_unit(seconds: int, words: str) -> None:
    assert ago(timedelta(seconds=seconds)) == words
