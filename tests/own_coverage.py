"""Each module of the spine is covered by its own test file and not by luck. Run after pytest --cov-context=test."""

import sys
from pathlib import Path

from coverage import Coverage

SPINE = (
    *("errors", "events", "session", "adapters", "config", "toml", "lock", "database", "outbox", "store", "delivery"),
    *("credentials", "senders", "outlet", "agent", "folder", "backoff", "network", "decisions", "plays", "history"),
    *("scrobble", "policy", "motion", "parts", "machine"),
    *("playback", "naming", "invitation", "usher", "control", "request", "notify", "notice", "target"),
)
TESTED_BY = {
    "errors": "test_delivery",
    "toml": "test_config",
    "outbox": "test_store",
    "plays": "test_store",
    "history": "test_delivery",
    "naming": "test_delivery",
    "playback": "test_agent",
    "request": "test_control",
    "notice": "test_notify",
    "target": "test_notify",
    "policy": "test_session",
    "motion": "test_session",
    "machine": "test_session",
}
"""Where a module has no behaviour of its own, or has it only together with another, that one's tests count."""


def main() -> int:
    """Print what is missing; the number of modules with gaps is the exit status."""
    coverage = Coverage()
    coverage.load()
    if not coverage.get_data().measured_files():
        print("nothing was measured: run pytest --cov --cov-context=test before", file=sys.stderr)
        return 1
    gaps = 0
    for name in SPINE:
        path = str(Path("scrobbler", f"{name}.py").resolve())
        test = TESTED_BY.get(name, f"test_{name}")
        _, statements, _, _, _ = coverage.analysis2(path)
        contexts = coverage.get_data().contexts_by_lineno(path)
        missing = [line for line in statements if not _covered(contexts.get(line, []), test)]
        if missing:
            gaps += 1
            print(f"scrobbler/{name}.py: not covered by tests/{test}.py: {', '.join(map(str, missing))}")
    print(f"{len(SPINE) - gaps} of {len(SPINE)} modules of the spine are covered by their own tests")
    return gaps


def _covered(contexts: list[str], test: str) -> bool:
    """A line that only an import runs has an empty context."""
    return any(not context or f"{test}.py::" in context or f".{test}." in context for context in contexts)


if __name__ == "__main__":
    sys.exit(main())
