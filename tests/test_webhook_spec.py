"""The limits of a caller are those of the page, and so are the servers that a program can register with."""

from datetime import timedelta

from scrobbler_tautulli.setup import TEMPLATE
from tables import SPEC, rows

from scrobbler import adapters, form, payload
from scrobbler.adapters import Webhook
from scrobbler.playback import JOURNAL_SECONDS, JOURNAL_SHARE
from scrobbler.repeats import AGAIN_AFTER
from scrobbler.settings import secrets
from scrobbler.web import gate, hooks, server

MIB = 1024 * 1024


def test_the_limits_are_those_of_the_page() -> None:
    idle, patience = f"{server.IDLE_SECONDS:.0f} s", f"{server.REQUEST_SECONDS:.0f} s from its first byte"
    assert rows("webhooks.md", "limit", "value", "beyond") == [
        ("body", f"{hooks.MAX_BODY_BYTES // MIB} MiB; {form.MAX_TEXT_BYTES // MIB} MiB of text in it", "413; 400"),
        (
            "JSON",
            f"{payload.MAX_DEPTH} levels, {payload.MAX_COMMAS:,} values, numbers under {payload.MAX_DIGITS} digits",
            "400",
        ),
        ("a form", f"{form.MAX_FIELDS} fields or {form.MAX_PARTS} parts", "400"),
        ("path and query", f"{gate.MAX_TARGET_BYTES // 1024} KiB", "414"),
        ("headers", f"{gate.MAX_HEADERS}, {server.MAX_HEADER_BYTES // 1024} KiB with the request's line", "431; 400"),
        (
            "time for a request",
            f"{patience}, and {hooks.BODY_SECONDS:.0f} s for its body",
            "the connection is cut; 408",
        ),
        ("idle connection", f"{idle}, longer than servers keep theirs", "it is closed"),
        (
            "connections",
            f"{server.MAX_CONNECTIONS} at once, {server.MAX_OF_A_PEER} from one address other than this machine's",
            "the one that waited longest for a request makes room, else the new one is closed",
        ),
        (
            "the end of the agent",
            f"{server.GRACE_SECONDS:.0f} s for running requests, open event streams included",
            "they are cut",
        ),
        (
            "a connection that is new at that moment",
            f"{server.FIRST_SECONDS} s, from when it came, for its request to begin",
            "it is closed",
        ),
    ]


def test_the_other_numbers_are_those_of_the_page() -> None:
    page = " ".join((SPEC / "webhooks.md").read_text().split())
    for words in (
        f"{secrets.MADE_BYTES * 8} bits of chance",
        f"{gate.BURST} refusals at once and one more each {gate.EVERY:.0f} s",
        f"kept each {JOURNAL_SECONDS:.0f} s or {JOURNAL_SHARE} percent",
        "Somebody without the right secret is said once in ten minutes",
        "is written down once in ten minutes",
        f"the header `{hooks.IN_TEST.title()}`",
        f"`{hooks.IN_HEADER.title()}`",
    ):
        assert words in page
    assert timedelta(minutes=10) == hooks.COMPLAIN_EVERY == AGAIN_AFTER


def test_the_template_for_tautulli_is_that_of_the_page() -> None:
    assert f"```json\n{TEMPLATE}\n```" in (SPEC / "adapters.md").read_text()


def test_the_servers_that_can_be_registered_with_are_those_of_the_page() -> None:
    page = {name.lower(): by != "nothing" for name, by in rows("webhooks.md", "server", "by")}
    found = {}
    for kind in adapters.available():
        plugin = adapters.load(kind)
        assert plugin is not None
        if isinstance(plugin.build(kind, plugin.options()), Webhook):
            assert plugin.setup is not None
            found[kind] = plugin.setup.register is not None
    assert found == page
