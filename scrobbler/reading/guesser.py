"""The child process that guesses: it alone loads guessit (130 ms and 15 MiB), answers what it is asked, and is gone.

It reads a list of ``{"name": …, "options": …}`` on standard input, so that a path is on no command line for others to
see, and writes one line of JSON for each: what guessit made of it, or null where guessit failed. It is run by its
file's name and needs nothing of ours.
"""

import json
import sys
from typing import Final

from guessit import guessit

WANTED: Final = ("type", "title", "alternative_title", "year", "season", "episode", "date", "country")


def main() -> None:
    """Answers all questions, each as soon as it can."""
    for question in json.loads(sys.stdin.buffer.read()):
        sys.stdout.write(json.dumps(_answer(question["name"], question["options"])) + "\n")
        sys.stdout.flush()


def _answer(name: str, options: dict[str, object]) -> dict[str, object] | None:
    try:
        found = guessit(name, options)
    except Exception:  # noqa: BLE001  # whatever one odd name does to guessit, the others want their answers
        return None
    return {key: _plain(found[key]) for key in WANTED if key in found}


def _plain(value: object) -> object:
    """A value of guessit's as JSON: its dates and countries become text."""
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return value if isinstance(value, int | str) else str(value)


if __name__ == "__main__":
    main()
