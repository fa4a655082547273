"""Each module of the spine is covered by its own test file and not by luck. Run after pytest --cov-context=test."""

import sys
from pathlib import Path

from coverage import Coverage

_SPINE = """
errors events adapters form payload watching household filters admission repeats playback playbacks agent
lock file age folder
machine/ step session motion parts policy scrobble handover
state/ schema database sessions outbox plays amendments decisions wishes people vigil corrections answers
state/ store changes entry snapshot promise patience
delivery/ courier settlement outlet backoff history label meaning naming network senders withdrawal
settings/ config tables credentials toml rules secrets addresses
welcome/ invitation usher
control/ channel deed request people
notices/ notify notice target kind post gathering lines vigil
replay/ capture explanation recording replay
service/ supervisor
web/ hooks page actions forms news shown paper mender
"""
"""A folder a line, and what counts in it."""
SPINE = tuple(
    f"{words[0]}{name}" if words[0].endswith("/") else name
    for words in map(str.split, _SPINE.strip().splitlines())
    for name in (words[1:] if words[0].endswith("/") else words)
)
TESTED_BY = {
    "errors": "test_delivery",
    "playback": "test_agent",
    "playbacks": "test_agent",
    "repeats": "test_flood",
    "machine/step": "test_session",
    "machine/motion": "test_session",
    "machine/policy": "test_session",
    "state/schema": "test_store",
    "state/sessions": "test_store",
    "state/outbox": "test_store",
    "state/entry": "test_store, test_delivery",
    "state/amendments": "test_store",
    "state/changes": "test_store, test_corrections",
    "state/wishes": "test_store",
    "state/snapshot": "test_store",
    "state/plays": "test_store",
    "delivery/courier": "test_delivery",
    "delivery/settlement": "test_delivery",
    "delivery/history": "test_delivery",
    "delivery/naming": "test_delivery",
    "delivery/withdrawal": "test_delivery",
    "settings/config": "test_config, test_webhook_secrets",
    "settings/tables": "test_config",
    "settings/secrets": "test_webhook_secrets",
    "settings/addresses": "test_webhook_secrets",
    "settings/rules": "test_config",
    "settings/toml": "test_config",
    "control/channel": "test_control",
    "control/deed": "test_control",
    "control/request": "test_control",
    "notices/notice": "test_notify",
    "notices/target": "test_notify",
    "notices/kind": "test_notify",
    "notices/post": "test_notify",
    "notices/gathering": "test_notify",
    "notices/lines": "test_notify_lines",
    "notices/vigil": "test_notify_vigil",
    "state/vigil": "test_store, test_notify_vigil",
    "web/hooks": "test_web_app",
    "web/page": "test_web_page, test_web_actions",
    "web/actions": "test_web_actions",
    "web/forms": "test_web_actions",
    "web/news": "test_web_page",
    "web/shown": "test_web_page",
    "web/paper": "test_web_page, test_web_actions, test_web_login",
    "web/mender": "test_web_actions",
    "form": "test_payload",
    "agent": "test_agent, test_admission, test_reload",
    "machine/handover": "test_admission",
    "state/people": "test_admission",
    "control/people": "test_admission",
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
        test = TESTED_BY.get(name, f"test_{Path(name).name}")
        _, statements, _, _, _ = coverage.analysis2(path)
        contexts = coverage.get_data().contexts_by_lineno(path)
        missing = [line for line in statements if not _covered(contexts.get(line, []), test)]
        if missing:
            gaps += 1
            print(f"scrobbler/{name}.py: not covered by tests/{test}.py: {', '.join(map(str, missing))}")
    print(f"{len(SPINE) - gaps} of {len(SPINE)} modules of the spine are covered by their own tests")
    return gaps


def _covered(contexts: list[str], test: str) -> bool:
    """Whether one of these tests runs it. A line that only an import runs has an empty context."""
    marks = [mark for name in test.split(", ") for mark in (f"{name}.py::", f".{name}.")]
    return any(not context or any(mark in context for mark in marks) for context in contexts)


if __name__ == "__main__":
    sys.exit(main())
