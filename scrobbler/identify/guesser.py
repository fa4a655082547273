"""The child process that guesses: it alone loads guessit (130 ms and 15 MiB), answers once, and is gone.

It reads ``{"name": …, "options": …}`` on standard input and writes what guessit made of it, so that a path is on no
command line for others to see. It is run by its file's name and needs nothing of ours.
"""

import json
import sys
from typing import Final

from guessit import guessit

WANTED: Final = ("type", "title", "alternative_title", "year", "season", "episode", "date", "country")


def main() -> None:
    """Answers one question."""
    question = json.loads(sys.stdin.buffer.read())
    name, options = question["name"], question["options"]
    found = guessit(name, options)
    if found["type"] == "episode" and not found.keys() & {"episode", "date"}:
        # Below a season's folder guessit overlooks the bare number of "[Group] Show - 05", which it knows alone.
        found = {**guessit(name.rpartition("/")[2], options), **found}
    answer = {key: _plain(found[key]) for key in WANTED if key in found}
    sys.stdout.write(json.dumps(answer))


def _plain(value: object) -> object:
    """A value of guessit's as JSON: its dates and countries become text."""
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return value if isinstance(value, int | str) else str(value)


if __name__ == "__main__":
    main()
