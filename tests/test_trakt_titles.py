"""Titles that are one title, and titles that are two."""

import pytest

from scrobbler.trakt.titles import fold, same_title

SAME = [
    ("The Office", "office"),
    ("Matrix, The", "The Matrix"),
    ("The.Matrix", "The Matrix"),
    ("A.I. Artificial Intelligence", "AI Artificial Intelligence"),
    ("M*A*S*H", "MASH"),
    ("WALL·E", "Wall-E"),
    ("Star Trek: Deep Space Nine", "Star Trek - Deep Space Nine"),
    ("Law & Order", "Law and Order"),
    ("Åsted Norge", "asted norge"),
    ("Brødre", "Brodre"),
    ("Ręce do góry, Łódź", "Rece do gory, Lodz"),
    ("Þrestir", "Threstir"),
    ("Les Misérables", "les miserables"),
    ("Don't Look Up", "Don’t Look Up"),  # noqa: RUF001  (the apostrophe that catalogues write)
    ("Amélie", "Ame\N{COMBINING ACUTE ACCENT}lie"),
    ("Rocky Ⅳ", "Rocky IV"),
]
OTHER = [("Alien", "Aliens"), ("It", "It Follows"), ("Heat", "The Heat 2"), ("!!!", "???"), ("Se7en", "Seven")]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_one_title_written_in_two_ways_folds_to_the_same(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_two_titles_stay_two(one: str, other: str) -> None:
    assert fold(one) != fold(other)


def test_an_article_alone_is_a_title() -> None:
    assert fold("The") == "the"
    assert fold("A") == "a"


def test_a_title_that_is_not_known_is_the_same_as_none() -> None:
    assert not same_title(None, None)
    assert not same_title("Heat", None)
    assert same_title("Heat", "HEAT")
