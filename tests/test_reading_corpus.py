"""Names as people really give them, each with what it is: the share that is read right."""

import sys

import pytest
from naming import cases, same, words

from scrobbler.reading.reader import read_all

RIGHT = 0.98
"""The least share that is good enough."""


def test_the_corpus_is_read_right() -> None:
    corpus = list(cases())
    readings = read_all([case.media for case in corpus], nfo=False)
    wrong = [
        f"{case.where}: {case.media.path or case.media.title!r}\n    is  {case.expected}\n    not {words(reading)}"
        for case, reading in zip(corpus, readings, strict=True)
        if not same(case.expected, words(reading))
    ]
    share = 1 - len(wrong) / len(corpus)
    sys.stdout.write("\n".join([f"{len(corpus)} names, {share:.2%} read right", *wrong, ""]))
    assert len(corpus) >= 450
    assert share >= RIGHT, "\n".join(wrong)


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("film Heat (1995)", "film Heat (1995)", True),
        ("film The Heat (1995)", "film heat (1995)", True),
        ("film Heat (1995)", "film Heat", False),
        ("film Heat (1995)", "show Heat (1995) S01E02", False),
        ("film Heat (1995) [tmdb:949]", "film Heat (1995)", False),
        ("show X S01E02", "show X S01E02-E03", False),
        ("show X #5", "show X S01E05", False),
        ("-", "ignore", False),
        ("-", "-", True),
    ],
)
def test_readings_are_compared_strictly(one: str, other: str, is_same: bool) -> None:
    assert same(one, other) is is_same
