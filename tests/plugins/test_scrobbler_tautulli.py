"""What Tautulli posts by our template is understood, though every value of it is a text."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scrobbler_tautulli.webhook import KINDS
from tables import SPEC, rows

from plugins import hook, mutation, sample
from scrobbler.adapters import Ignored, WebhookRequest
from scrobbler.events import Ids, Kind, PlayerEvent, SessionKey

PARASITE = json.loads(sample.raw("tautulli", "play_movie"))
DARK = json.loads(sample.raw("tautulli", "stop_episode"))


def heard(payload: object) -> PlayerEvent | Ignored:
    return sample.parsed("tautulli", sample.request(json.dumps(payload).encode()))


def event(base: dict[str, Any], **more: object) -> PlayerEvent:
    found = heard(base | more)
    assert isinstance(found, PlayerEvent)
    return found


def why(base: dict[str, Any], **more: object) -> str:
    """Why nothing counts."""
    found = heard(base | more)
    assert isinstance(found, Ignored)
    return found.reason


@pytest.mark.parametrize("name", sample.names("tautulli"))
def test_a_sample_is_understood(name: str) -> None:
    sample.check("tautulli", name)


@pytest.mark.parametrize("name", sample.names("tautulli"))
def test_a_sample_is_the_same_however_it_is_packed(name: str) -> None:
    ways = sample.ways("tautulli", sample.raw("tautulli", name))
    found = {way: sample.parsed("tautulli", request) for way, request in ways.items()}
    assert {way: said for way, said in found.items() if said != found["json"]} == {}


@pytest.mark.anyio
async def test_a_request_is_answered_and_understood() -> None:
    body = sample.raw("tautulli", "stop_episode")
    requests = [hook.posting("tautulli", body, "application/json"), hook.posting("tautulli", b"hello", "text/plain")]
    statuses, [said] = await hook.answers("tautulli", *requests)
    assert statuses == [200, 400]
    sample.agree(said, sample.wanted("tautulli", "stop_episode"))


def template() -> str:
    """The JSON that users are told to paste."""
    found = re.search(r"```json\n(.*?)```", (SPEC / "adapters.md").read_text(), re.DOTALL)
    assert found is not None
    return found[1]


def test_the_template_that_users_paste_has_all_that_the_samples_follow() -> None:
    followed = json.loads((sample.SAMPLES / "tautulli" / "TEMPLATE.txt").read_text())
    assert followed.items() <= json.loads(template()).items()
    for name in sample.names("tautulli"):
        assert json.loads(sample.raw("tautulli", name)).keys() == followed.keys()


def test_a_template_that_nobody_filled_in_says_nothing() -> None:
    assert heard(json.loads(template())) == Ignored(reason="malformed")


def test_the_page_about_adapters_lists_the_same_events() -> None:
    assert rows("adapters.md", "Tautulli says", "event") == [(word, kind.value) for word, kind in KINDS.items()]


@pytest.mark.parametrize(("word", "kind"), KINDS.items())
def test_what_is_said_of_a_playback_becomes_its_event(word: str, kind: Kind) -> None:
    found = event(PARASITE, action=word)
    assert (found.kind, found.heard, found.watched, found.at) == (kind, word, word == "watched", sample.AT)


@pytest.mark.parametrize("word", ["buffer", "change", "error", "intro", "commercial", "credits", "created", "test"])
def test_other_triggers_are_ignored(word: str) -> None:
    assert why(PARASITE, action=word) == "unsupported_event"


def test_an_object_without_an_action_is_malformed() -> None:
    assert why({}) == why(PARASITE, action="{action}") == why(PARASITE, action=None) == "malformed"


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"media_type": "track"}, "music"),
        ({"media_type": "clip"}, "trailer_or_extra"),
        ({"preroll": "1"}, "trailer_or_extra"),
        ({"extra_type": "2"}, "trailer_or_extra"),
        ({"live": "1"}, "live_tv"),
        ({"guid": "tv.plex.xmltv://episode/EP0123"}, "live_tv"),
        ({"media_type": "show"}, "not_video"),
        ({"media_type": ""}, "not_video"),
        ({"title": "", "imdb_id": "", "themoviedb_id": ""}, "missing_identity"),
    ],
)
def test_what_cannot_count_is_ignored_by_name(more: dict[str, str], reason: str) -> None:
    assert why(PARASITE, **more) == reason


def test_a_zero_in_a_text_means_no() -> None:
    assert event(PARASITE, live="0", preroll="0", extra_type="0").kind is Kind.PLAY


def test_the_ids_of_an_episode_are_those_of_its_show() -> None:
    media = event(DARK).media
    assert media.ids == Ids()
    assert media.show is not None
    assert (media.show.title, media.show.year) == ("Dark", 2017)
    assert media.show.ids == Ids(imdb="tt5753856", tmdb=70523, tvdb=334824)
    nothing = {"imdb_id": "imdb://", "themoviedb_id": "0", "thetvdb_id": "{thetvdb_id}"}
    assert event(DARK, **nothing).media.show == type(media.show)(title="Dark", year=2017)
    assert why(DARK, **nothing, show_name="") == why(DARK, season_num="") == "missing_identity"


def test_ids_may_have_the_scheme_of_an_address() -> None:
    assert event(PARASITE, imdb_id="imdb://tt6751668", themoviedb_id="tmdb://496243").media == event(PARASITE).media


def test_a_season_may_be_zero_and_numbers_have_zeros_before_them() -> None:
    media = event(DARK, season_num="00", episode_num="03").media
    assert (media.season, media.episode) == (0, 3)


@pytest.mark.parametrize(
    ("told", "duration"),
    [
        ({"duration_ms": "3060500", "duration_sec": "3060", "duration": "51"}, 3060.5),
        ({"duration_sec": "3060", "duration": "51"}, 3060.0),
        ({"duration_sec": "{duration_sec}", "duration": "51"}, 3060.0),
        ({"duration_sec": "0", "duration": "51"}, 3060.0),
        ({"duration_sec": "", "duration": "0"}, None),
        ({"duration_sec": "-1", "duration": "9" * 300}, None),
    ],
)
def test_the_finest_length_counts_and_the_plain_one_is_in_minutes(told: dict[str, str], duration: float | None) -> None:
    assert event(DARK, **told).duration == duration


def test_a_place_is_told_in_milliseconds_else_in_seconds_else_in_percent() -> None:
    told = {"view_offset": "1500", "progress_duration_sec": "2", "progress_percent": "97"}
    assert (event(DARK, **told).position, event(DARK, **told).percent) == (1.5, None)
    assert event(DARK, **told | {"view_offset": ""}).position == 2.0
    shared = event(DARK, **told | {"view_offset": "", "progress_duration_sec": ""})
    assert (shared.position, shared.percent) == (None, 97.0)
    for share, percent in (("102", 100.0), ("0", 0.0), ("120", None), ("-1", None), ("", None)):
        assert event(DARK, view_offset="{view_offset}", progress_percent=share).percent == percent
    assert event(DARK, action="play", view_offset="0").position == 0.0


def test_a_session_is_a_device_and_who_uses_it() -> None:
    known = event(DARK).session
    assert known == SessionKey(source="tautulli", player="r4kz81x0q2", id="marta")
    assert event(PARASITE, session_key="46", username=" MARTA ").session == known
    assert event(DARK, machine_id="").session == SessionKey(source="tautulli", player="45", id="marta")


def test_the_user_is_the_name_of_the_account_and_not_the_one_for_friends() -> None:
    assert event(DARK).user == "marta"
    assert event(DARK, username="").user == "Marta K."
    assert event(DARK, username="{username}", user="").user is None


@given(request=st.data())
def test_no_payload_is_anything_but_understood_or_refused(request: st.DataObject) -> None:
    asked: WebhookRequest = request.draw(mutation.mutated("tautulli"))
    mutation.holds(sample.adapter("tautulli"), asked)
