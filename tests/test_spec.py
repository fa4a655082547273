"""The spec is executed: its tables are compared with the code, its stories are played, its example runs."""

import re
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct
from playbook import HEAT, KEY, plain
from scrobbler_mpv import MpvOptions
from stories import Story
from tables import SPEC, rows

from scrobbler.adapters import Ignored, Webhook, WebhookRequest
from scrobbler.cli import COMMANDS
from scrobbler.errors import PayloadError
from scrobbler.events import Kind, Percent, PlayerEvent, Seconds
from scrobbler.filters import Filter
from scrobbler.machine.policy import Policy
from scrobbler.machine.scrobble import WINDOWS, Action, Scrobble
from scrobbler.machine.session import DEFAULT_ACCOUNT
from scrobbler.machine.step import TRANSITIONS
from scrobbler.notices.kind import KINDS
from scrobbler.sandbox import FaultKind
from scrobbler.settings import config, tables
from scrobbler.settings.rules import RuleKeys
from scrobbler.trakt.statuses import TABLE

T0 = datetime(2026, 11, 20, 20, 0, tzinfo=UTC)
NOW = datetime(2026, 11, 20, tzinfo=UTC)


def test_the_transitions_are_those_of_the_page() -> None:
    table = {
        (state.value, kind.value, after.value, action.value if action else "nothing")
        for (state, kind), (after, action) in TRANSITIONS.items()
    }
    assert set(rows("sessions.md", "state", "event", "next state", "said")) == table


def test_the_windows_are_those_of_the_page() -> None:
    table = [(action.value, f"{window.low:g}", f"{window.below:g}") for action, window in WINDOWS.items()]
    assert rows("sessions.md", "action", "from percent", "below percent") == table


def test_the_numbers_are_those_of_the_page() -> None:
    policy = Policy()
    table = [(name, str(getattr(policy, name)).lower()) for name in Policy.__struct_fields__]
    assert rows("sessions.md", "name", "value") == table


def test_the_final_filter_is_that_of_the_page() -> None:
    columns = ("share", "threshold", "on the screen", "asked for", "marked", "rewatch", "said")
    for share, threshold, played, needs, marked, rewatch, said in rows("sessions.md", *columns):
        known = share != "unknown"
        stop = Scrobble(
            session=KEY,
            sitting="one",
            account="default",
            action=Action.STOP,
            media=HEAT,
            at=NOW,
            position=Seconds(float(share)) if known else None,
            duration=Seconds(100.0) if known else None,
            threshold=Percent(float(threshold)),
            played=Seconds(float(played)),
            needs=Percent(float(needs)),
            marked=marked == "yes",
            rewatch=rewatch == "yes",
        ).final()
        assert (plain(stop), stop.counts()) == (
            said.removesuffix(", a watch"),
            None if not known and marked == "no" else said.endswith("a watch"),
        )


def test_the_statuses_are_those_of_the_page() -> None:
    table = [(str(status), kind.__name__) for status, (kind, _) in TABLE.items()]
    assert rows("delivery.md", "status", "error") == table


def test_the_faults_are_those_of_the_page() -> None:
    assert [row[0] for row in rows("sandbox.md", "fault")] == [kind.value for kind in FaultKind]


def test_the_keys_of_the_configuration_are_those_of_the_page() -> None:
    sections: dict[str, type[Struct]] = {
        "trakt": tables.Trakt,
        "scrobble": tables.Scrobbling,
        "server": tables.Server,
        "notify": tables.Notify,
        "state": tables.State,
    }
    found = [
        (
            f"{table}.{name}",
            _written(default),
        )
        for table, kind in sections.items()
        for name, default in zip(kind.__struct_fields__, kind.__struct_defaults__, strict=True)
    ]
    found += [("players.NAME.kind", "NAME"), ("players.NAME.account", DEFAULT_ACCOUNT)]
    found += [(f"players.NAME.{key}", "none") for key in ("secret", "secret_file", "users", "filter")]
    assert rows("config.md", "key", "default") == found
    assert {f"players.NAME.{key}" for key in tables.PlayerKeys.__struct_fields__} == {
        name for name, _ in found if name.startswith("players.")
    }


def _written(default: object) -> str:
    if default is None:
        return "none"
    if isinstance(default, tuple):
        return "[" + ", ".join(f'"{one}"' for one in default) + "]"
    return str(default).lower() if isinstance(default, bool) else str(default)


def test_what_may_be_told_is_as_on_the_page() -> None:
    table = [
        (kind.value, "yes" if meaning.needed else "no", meaning.tells, meaning.command)
        for kind, meaning in KINDS.items()
    ]
    assert rows("config.md", "kind", "unasked", "what it tells", "what helps") == table
    assert {meaning.command.split()[1] for meaning in KINDS.values()} <= set(COMMANDS)


def test_the_keys_of_a_filter_are_those_of_the_page() -> None:
    defaults = zip(Filter.__struct_fields__, Filter.__struct_defaults__, strict=True)
    table = [(name, "none" if default is None else str(list(default))) for name, default in defaults]
    assert rows("config.md", "key of a filter", "default") == table


def test_the_keys_of_a_rule_are_those_of_the_page() -> None:
    defaults = zip(RuleKeys.__struct_fields__, RuleKeys.__struct_defaults__, strict=True)
    table = [(name, "none" if default is None else str(default).lower()) for name, default in defaults]
    assert rows("config.md", "key of a rule", "default") == table


def test_the_keys_of_mpv_are_those_of_the_page() -> None:
    page = (SPEC / "config.md").read_text().partition("## mpv")[2]
    assert re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE) == list(MpvOptions.__struct_fields__)


def test_the_example_of_the_configuration_is_one() -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", (SPEC / "config.md").read_text(), re.DOTALL)
    assert config.parse(example, Path("example.toml")).players["bedroom"].account == "marta"


# The stories


@pytest.mark.parametrize("path", sorted((SPEC / "scenarios").glob("*.toml")), ids=lambda path: path.stem)
def test_the_story_is_as_it_is_told(path: Path) -> None:
    story = tomllib.loads(path.read_text())
    assert Story(story).play() == story["watches"], story["title"]


# The example for those who write an adapter


@pytest.fixture(scope="module")
def jukebox() -> Webhook:
    (example,) = re.findall(r"```python\n(.*?)```", (SPEC / "adapters.md").read_text(), re.DOTALL)
    module = ModuleType("scrobbler_jukebox")
    exec(compile(example, "spec/adapters.md", "exec"), module.__dict__)
    built: Webhook = module.plugin.build("jukebox", module.plugin.options())
    return built


def request(body: bytes) -> WebhookRequest:
    return WebhookRequest(method="POST", query={}, headers={}, body=body, at=NOW)


def test_the_example_adapter_understands_its_player(jukebox: Webhook) -> None:
    body = b'{"state": "playing", "film": "Heat", "second": 12, "length": 10200}'
    (heard,) = jukebox.parse(request(body))
    assert isinstance(heard, PlayerEvent)
    assert (heard.kind, heard.media.label(), heard.position) == (Kind.PLAY, "Heat", Seconds(12))
    (ignored,) = jukebox.parse(request(b'{"state": "polished", "film": "Heat"}'))
    assert isinstance(ignored, Ignored)


@given(
    st.binary()
    | st.sampled_from([b"[]", b'{"state": []}', b'{"state": [], "film": "Heat"}', b'{"state": "playing", "film": 7}'])
)
def test_the_example_adapter_takes_nothing_else_for_it(jukebox: Webhook, body: bytes) -> None:
    with pytest.raises(PayloadError):
        jukebox.parse(request(body))


# The front page


def test_every_page_that_is_linked_is_there() -> None:
    for page in [SPEC.parent / "README.md", *SPEC.rglob("*.md")]:
        for link in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text()):
            assert (page.parent / link).exists(), f"{page.name} links {link}"


@pytest.mark.parametrize("path", sorted((SPEC / "decisions").glob("*.md")), ids=lambda path: path.stem)
def test_a_decision_is_short(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 40
