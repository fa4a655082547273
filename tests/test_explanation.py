"""What one message was understood to say, in the words that are the same for all players."""

import json
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from plugins import sample
from scrobbler.adapters import Ignored
from scrobbler.events import Kind, Media, MediaKind, Percent, PlayerEvent, Seconds, SessionKey, Show
from scrobbler.replay.capture import captured
from scrobbler.replay.explanation import Action, explained

AT = datetime(2026, 11, 20, 20, 15, tzinfo=UTC)
FIELDS = (
    *("source", "action", "reason", "user", "player", "kind", "title", "year", "ids", "show", "season", "episode"),
    *("episode_end", "position_s", "duration_s", "progress_pct", "completed"),
)
SAMPLES = [
    (source, name) for source in ("plex", "jellyfin", "emby", "tautulli", "kodi") for name in sample.names(source)
]


def marta(said: PlayerEvent | Ignored) -> bool:
    return (said.user or "").strip().casefold() == "marta"


def event(**more: Any) -> PlayerEvent:
    told: dict[str, Any] = {
        "session": SessionKey(source="plex", player="tv"),
        "kind": Kind.PLAY,
        "media": Media(kind=MediaKind.MOVIE, title="Heat"),
        "at": AT,
        "user": "marta",
    }
    return PlayerEvent(**told | more)


@pytest.mark.parametrize(("source", "name"), SAMPLES)
def test_a_sample_is_explained_as_it_should_be(source: str, name: str) -> None:
    [said] = sample.adapter(source).parse(captured(sample.raw(source, name), AT))
    found = msgspec.to_builtins(explained(source, said, None if source == "kodi" else marta))
    assert tuple(found) == FIELDS
    wanted = sample.wanted(source, name)
    ignored = wanted["action"] == "ignore"
    for field in FIELDS:
        if ignored and (field not in {"source", "action", "reason", "user", "player"} or wanted[field] is None):
            continue
        same = pytest.approx(wanted[field], abs=0.01) if isinstance(wanted[field], float) else wanted[field]
        assert found[field] == same, field


@pytest.mark.parametrize(
    ("position", "duration", "share", "place"),
    [
        (50.0, 100.0, 50.0, 50.0),
        (104.0, 100.0, 100.0, 100.0),
        (106.0, 100.0, None, 106.0),
        (50.0, None, None, 50.0),
        (None, 100.0, None, None),
        (1.0, 3.0, 33.33, 1.0),
    ],
)
def test_a_share_is_told_where_both_are_known_and_fit(
    position: float | None, duration: float | None, share: float | None, place: float | None
) -> None:
    said = event(
        position=None if position is None else Seconds(position),
        duration=None if duration is None else Seconds(duration),
    )
    found = explained("plex", said)
    assert (found.progress_pct, found.position_s) == (share, place)


@pytest.mark.parametrize(("position", "share"), [(None, 90.0), (10.0, 90.0), (95.0, 95.0), (500.0, 90.0)])
def test_plexs_mark_is_90_percent_or_more(position: float | None, share: float) -> None:
    said = event(
        heard="media.scrobble",
        watched=True,
        position=None if position is None else Seconds(position),
        duration=Seconds(100.0),
    )
    found = explained("plex", said)
    assert (found.action, found.completed, found.progress_pct) == (Action.PROGRESS, True, share)


def test_a_share_alone_is_a_place_too() -> None:
    found = explained("tautulli", event(percent=Percent(50.0), duration=Seconds(100.0)))
    assert (found.position_s, found.progress_pct) == (50.0, 50.0)


def test_what_plays_on_is_progress_and_what_is_paused_is_a_pause() -> None:
    assert explained("jellyfin", event(heard="PlaybackProgress")).action is Action.PROGRESS
    assert explained("jellyfin", event(heard="PlaybackProgress", kind=Kind.PAUSE)).action is Action.PAUSE


def test_an_episode_is_told_with_its_show() -> None:
    media = Media(kind=MediaKind.EPISODE, show=Show(title="Dark"), season=0, episode=1)
    found = explained("plex", event(media=media))
    assert (found.show, found.season, found.ids) == ({"title": "Dark", "year": None, "ids": {}}, 0, {})


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (event(user="guest"), "other_user"),
        (event(user=None), "no_user"),
        (Ignored(reason="music", user="guest"), "other_user"),
        (Ignored(reason="music", user=None), "no_user"),
        (Ignored(reason="music", user="marta"), "music"),
        (Ignored(reason="unsupported_event", user=None), "unsupported_event"),
        (Ignored(reason="not_a_playback_event", user="guest"), "not_a_playback_event"),
    ],
)
def test_the_user_is_asked_after_the_event_and_before_the_item(said: PlayerEvent | Ignored, reason: str) -> None:
    found = explained("plex", said, marta)
    assert (found.action, found.reason, found.user) == (Action.IGNORE, reason, said.user)


def test_a_user_is_told_without_the_spaces_around() -> None:
    assert explained("plex", event(user=" Marta ")).user == "Marta"
    assert explained("plex", event(user="  ")).user is None


def test_it_is_json() -> None:
    assert json.loads(msgspec.json.encode(explained("plex", event())))["action"] == "play"
