"""What every server tells of who plays something on what, and live TV as it would be if it were to count."""

import json
from typing import Any

import pytest

from plugins import sample
from scrobbler.adapters import Ignored
from scrobbler.events import MediaKind, PlayerEvent


def heard(source: str, said: dict[str, Any]) -> PlayerEvent | Ignored:
    return sample.parsed(source, sample.request(json.dumps(said).encode()))


def told(source: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(sample.raw(source, name))
    return found


@pytest.mark.parametrize(
    ("source", "name", "who"),
    [
        ("plex", "movie_play_new_agent", ("marta", "1", "Living Room TV")),
        ("jellyfin", "movie_start", ("marta", "6f1c2d3e4b5a69788796a5b4c3d2e1f0", "Firefox")),
        ("jellyfin", "shemanaev_resume", ("marta", "6f1c2d3e4b5a69788796a5b4c3d2e1f0", "Shield")),
        ("emby", "movie_start", ("marta", "e1d2c3b4a5968778695a4b3c2d1e0f00", "Shield")),
        ("tautulli", "play_movie", ("marta", "1", "Shield")),
    ],
)
def test_a_user_has_a_name_and_an_id_and_a_device_a_name(source: str, name: str, who: tuple[str, str, str]) -> None:
    event = heard(source, told(source, name))
    assert isinstance(event, PlayerEvent)
    assert (event.user, event.user_id, event.device) == who
    assert who[2] not in str(event.session)
    again = heard(source, told(source, name))
    assert again == event


@pytest.mark.parametrize("source", ["plex", "jellyfin", "emby", "tautulli"])
def test_two_users_on_one_device_have_two_sessions(source: str) -> None:
    name = {"plex": "movie_play_new_agent", "tautulli": "play_movie"}.get(source, "movie_start")
    sessions = set()
    for user, number in (("Marta", "11"), ("Paul", "12")):
        said = told(source, name)
        for place, values in (
            ("Account", {"title": user, "id": int(number)}),
            ("User", {"Name": user, "Id": number}),
        ):
            if place in said:
                said[place] = values
        said |= {key: value for key, value in (("username", user), ("user_id", number)) if key in said}
        said |= {key: value for key, value in (("NotificationUsername", user), ("UserId", number)) if key in said}
        event = heard(source, said)
        assert isinstance(event, PlayerEvent)
        assert (event.user, event.user_id) == (user, number)
        sessions.add(event.session)
    assert len(sessions) == 2


LIVE: dict[str, tuple[str, dict[str, Any]]] = {
    "plex": ("episode_play_new_agent", {"Metadata": {"live": "1"}}),
    "tautulli": ("play_movie", {"live": "1"}),
    "jellyfin": ("movie_start", {"ItemType": "LiveTvProgram"}),
    "emby": ("movie_start", {"Item": {"Type": "Program"}}),
}


@pytest.mark.parametrize("source", LIVE)
def test_live_tv_is_ignored_but_says_what_it_would_be(source: str) -> None:
    name, changes = LIVE[source]
    said = told(source, name)
    for key, value in changes.items():
        said[key] = said[key] | value if isinstance(value, dict) else value
    ignored = heard(source, said)
    assert isinstance(ignored, Ignored)
    assert ignored.reason == "live_tv"
    assert ignored.event is not None
    assert ignored.event.media.live
    plain = heard(source, told(source, name))
    assert isinstance(plain, PlayerEvent)
    assert ignored.event.session == plain.session
    assert ignored.event.media.title == plain.media.title


def test_an_episode_on_live_tv_is_one_of_its_series() -> None:
    said = told("jellyfin", "episode_start") | {"ItemType": "Program"}
    ignored = heard("jellyfin", said)
    assert isinstance(ignored, Ignored)
    assert ignored.event is not None
    assert ignored.event.media.kind is MediaKind.EPISODE


@pytest.mark.parametrize(
    ("source", "name", "changes"),
    [
        ("plex", "movie_play_new_agent", {"Metadata": {"type": "clip", "extraType": 1, "live": "1"}}),
        ("plex", "episode_play_new_agent", {"Metadata": {"live": "1", "parentIndex": None, "Guid": [], "guid": ""}}),
        ("plex", "episode_play_new_agent", {"Metadata": {"live": "1", "type": "photo"}}),
        ("tautulli", "play_movie", {"live": "1", "media_type": "show"}),
        ("jellyfin", "movie_start", {"ItemType": "LiveTvChannel"}),
        ("jellyfin", "movie_start", {"ItemType": "Program", "Name": "", "Provider_imdb": "", "Provider_tmdb": ""}),
        ("emby", "tv_channel", {}),
    ],
)
def test_what_is_named_by_nothing_would_be_nothing(source: str, name: str, changes: dict[str, Any]) -> None:
    said = told(source, name)
    for key, value in changes.items():
        said[key] = said[key] | value if isinstance(value, dict) else value
    ignored = heard(source, said)
    assert isinstance(ignored, Ignored)
    assert ignored.event is None


def test_live_tv_of_plex_is_known_by_the_address_of_its_guide() -> None:
    said = told("plex", "episode_play_new_agent")
    said["Metadata"] |= {"guid": "tv.plex.xmltv://episode/EP012345678901"}
    ignored = heard("plex", said)
    assert isinstance(ignored, Ignored)
    assert ignored.reason == "live_tv"
