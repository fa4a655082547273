"""Adapters are found by their entry points, bundled ones like foreign ones, and hold their contract."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
import tomli
from scrobbler_mpv import MpvOptions, MpvWatcher

from scrobbler import adapters
from scrobbler.adapters import Address, Captions, Ignored, Options, Watcher, Webhook, WebhookRequest


def test_the_bundled_adapters_are_found_by_name() -> None:
    assert "mpv" in adapters.available()


def test_an_adapter_is_loaded_by_its_name() -> None:
    plugin = adapters.load("mpv")
    assert plugin is not None
    assert (plugin.name, plugin.options) == ("mpv", MpvOptions)


def test_an_adapter_that_is_not_installed_is_none() -> None:
    assert adapters.load("betamax") is None


@pytest.mark.parametrize("name", adapters.available())
def test_every_adapter_works_with_its_defaults_and_is_of_one_kind(name: str) -> None:
    plugin = adapters.load(name)
    assert plugin is not None
    assert issubclass(plugin.options, Options)
    built = plugin.build(name, plugin.options())
    assert isinstance(built, Watcher) != isinstance(built, Webhook)


def test_who_has_no_window_shows_no_lines() -> None:
    plugin = adapters.load("plex")
    assert plugin is not None
    assert plugin.options().concerns() == frozenset()
    assert not isinstance(plugin.build("plex", plugin.options()), Captions)
    assert isinstance(MpvWatcher("mpv", []), Captions)


def test_a_webhook_is_a_pure_function_of_its_request() -> None:
    class Deaf:
        def parse(self, request: WebhookRequest) -> list[Ignored]:
            return [Ignored(reason="not_video", heard=request.method)]

    request = WebhookRequest(method="POST", query={}, headers={}, body=b"", at=datetime.now(UTC))
    assert isinstance(Deaf(), Webhook)
    assert Deaf().parse(request) == Deaf().parse(request)


@pytest.mark.parametrize(
    ("url", "ours"),
    [
        ("http://nas:8722/hooks/my%20plex?token=another", True),
        ("https://home.example/scrobbler/hooks/my%20plex", True),
        ("http://nas:8722/hooks/my%20plex2?token=open+sesame", False),
        ("http://nas:8722/hooks/plex?x=/hooks/my%20plex", False),
        ("http://[nas/hooks/my%20plex", False),
        ("", False),
    ],
)
def test_an_address_of_ours_is_known_by_its_player_and_by_nothing_else(url: str, ours: bool) -> None:
    address = Address(url="http://127.0.0.1:8722/hooks/my%20plex?token=open+sesame")
    assert address.is_ours(url) is ours
    assert "sesame" not in repr(address)


def test_ours_are_found_by_their_names_as_their_entry_points_say() -> None:
    project = tomli.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]
    said = project["entry-points"][adapters.ENTRY_POINTS]
    assert {name: f"scrobbler_{name}:plugin" for name in adapters.OURS} == said
    for name in adapters.OURS:
        plugin = adapters.load(name)
        assert plugin is not None
        assert plugin.name == name


def test_a_foreign_adapter_is_found_by_its_entry_point(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "betamax.py").write_text("plugin = 'the adapter'\n")
    about = tmp_path / "betamax-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Name: betamax\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(f"[{adapters.ENTRY_POINTS}]\nbetamax = betamax:plugin\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert "betamax" in adapters.available()
    assert str(adapters.load("betamax")) == "the adapter"
