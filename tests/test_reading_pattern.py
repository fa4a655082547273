"""Patterns are compiled when they are first needed, and each of them can be."""

import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

from scrobbler.reading.pattern import regex

ROOT = Path(__file__).parent.parent
MODULES = [
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for folder in ("reading", "identify")
    for path in sorted((ROOT / "scrobbler" / folder).glob("[a-z]*.py"))
    if path.name != "guesser.py"  # a child's program, which alone loads guessit, and has no pattern
]
KIND = type(regex(""))


def patterns(module: ModuleType) -> Iterator[re.Pattern[str]]:
    """All that stand in a module's names, and in the tuples among them."""
    for value in vars(module).values():
        pairs = value if isinstance(value, tuple) else (value,)
        for each in pairs:
            yield from (one for one in (each if isinstance(each, tuple) else (each,)) if isinstance(one, KIND))


@pytest.mark.parametrize("name", MODULES)
def test_each_pattern_can_be_compiled(name: str) -> None:
    for each in patterns(import_module(name)):
        assert each.groups >= 0, each.pattern


def test_there_are_patterns_at_all() -> None:
    assert sum(1 for name in MODULES for _ in patterns(import_module(name))) > 80


def test_none_is_compiled_before_a_name_is_read() -> None:
    code = f"""
import sys
from importlib import import_module
sys.path[:0] = [{str(ROOT / "tests")!r}, {str(ROOT)!r}]
from test_reading_pattern import MODULES, patterns
compiled = [each.pattern for name in MODULES for each in patterns(import_module(name)) if len(vars(each)) > 2]
sys.exit("\\n".join(compiled) or None)
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=30)


@pytest.mark.parametrize(
    ("text", "flags", "said", "found"),
    [
        (r"h(?P<vowel>[ae])at", re.IGNORECASE, "HEAT HAAT", {"vowel": "E"}),
        (r"(?P<year>\d{4})", re.NOFLAG, "Heat 1995", {"year": "1995"}),
    ],
)
def test_it_finds_what_the_compiled_one_finds(
    text: str, flags: re.RegexFlag, said: str, found: Mapping[str, str]
) -> None:
    later, compiled = regex(text, flags), re.compile(text, flags)
    assert later.pattern == text
    for _ in range(2):
        match = later.search(said)
        assert match is not None
        assert match.groupdict() == found
    assert later.findall(said) == compiled.findall(said)
    assert later.sub("-", said) == compiled.sub("-", said)
    assert later.fullmatch(said) is None


def test_it_reads_bytes_too() -> None:
    assert regex(rb"a+").findall(b"aabaaa") == [b"aa", b"aaa"]


def test_a_mistake_in_a_pattern_is_an_error_of_the_one_who_uses_it() -> None:
    wrong = regex("(")
    with pytest.raises(re.error, match="missing"):
        wrong.search("")
