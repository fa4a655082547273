"""Emby's notifications, and what is made of them."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plugins.mutation import GONE, changed, holds, mutated
from scrobbler_emby.webhook import WORDS
from scrobbler_mediabrowser.items import Reason
from tables import rows

from plugins import hook, sample
from scrobbler.adapters import Ignored, WebhookRequest
from scrobbler.errors import PayloadError
from scrobbler.events import Ids, Kind, MediaKind, PlayerEvent

WEBHOOK = sample.adapter("emby")


def heard(said: dict[str, Any]) -> PlayerEvent | Ignored:
    [one] = WEBHOOK.parse(sample.form([('name="data"', json.dumps(said).encode())]))
    return one


def event(name: str, **changes: Any) -> PlayerEvent:
    one = heard(changed("emby", name, **changes))
    assert isinstance(one, PlayerEvent), one
    return one


def reason(name: str, **changes: Any) -> str:
    one = heard(changed("emby", name, **changes))
    assert isinstance(one, Ignored), one
    return one.reason


@pytest.mark.parametrize("name", sample.names("emby"))
def test_a_sample_is_understood(name: str) -> None:
    sample.check("emby", name)


@pytest.mark.parametrize("name", ["movie_stop_completed", "library_new"])
def test_it_does_not_matter_how_the_notification_is_packed(name: str) -> None:
    """Before Emby 4.9 it is always a form; later the user may choose JSON."""
    body = sample.raw("emby", name)
    said = {way: sample.parsed("emby", request) for way, request in sample.ways("emby", body).items()}
    assert said == dict.fromkeys(said, sample.parsed("emby", sample.request(body)))


@pytest.mark.anyio
async def test_a_recorded_request_is_answered_and_heard() -> None:
    statuses, [one] = await hook.answers("emby", hook.recorded("emby_multipart_data"))
    assert statuses == [200]
    sample.agree(one, sample.wanted("emby", "movie_stop_completed"))


@pytest.mark.anyio
async def test_the_server_gets_an_answer_to_whatever_it_sends() -> None:
    test = json.dumps({"Title": "Test", "Event": "system.notificationtest", "Server": {"Name": "attic"}}).encode()
    kind = "multipart/form-data; boundary=x"
    bodies = [b"", b"--x\r\n", b'--x\r\nContent-Disposition: form-data; name="thumb"\r\n\r\n1\r\n--x--\r\n', b"data={"]
    wrong = [hook.posting("emby", body, kind) for body in bodies]
    statuses, found = await hook.answers("emby", *wrong, hook.posting("emby", test, "application/json"))
    assert statuses == [400, 400, 400, 400, 200]
    assert found == [Ignored(reason="unsupported_event", heard="system.notificationtest")]


def test_the_words_are_those_of_the_page() -> None:
    words = [(word, sense.value if isinstance(sense, Reason) else sense.kind.value) for word, sense in WORDS.items()]
    assert rows("adapters.md", "Emby says", "event") == words


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("playback.start", Kind.PLAY),
        ("playback.unpause", Kind.PLAY),
        ("playback.pause", Kind.PAUSE),
        ("playback.stop", Kind.STOP),
        ("Playback.Stop", Kind.STOP),
    ],
)
def test_four_events_are_a_playback(word: str, kind: Kind) -> None:
    said = event("movie_start", Event=word)
    assert (said.kind, said.heard, said.at) == (kind, word, sample.AT)


@pytest.mark.parametrize(
    ("word", "why"),
    [
        ("item.markplayed", "not_a_playback_event"),
        ("item.markunplayed", "not_a_playback_event"),
        ("item.rate", "unsupported_event"),
        ("library.deleted", "unsupported_event"),
        ("user.authenticated", "unsupported_event"),
        ("playback.progress", "unsupported_event"),
        ("", "malformed"),
        (None, "malformed"),
        (GONE, "malformed"),
        ([], "malformed"),
    ],
)
def test_another_event_is_ignored_with_the_reason(word: Any, why: str) -> None:
    assert reason("movie_start", Event=word, Session=GONE) == why


def test_of_a_long_word_only_the_beginning_is_kept() -> None:
    one = heard(changed("emby", "movie_start", Event="x" * 5000))
    device = event("movie_start").session.player
    assert one == Ignored(reason="unsupported_event", heard="x" * 64, user="marta", player=device)


# Position, length, and the watched mark


def test_the_position_of_the_session_is_none_of_ours() -> None:
    """On autoplay it is the next item's, from 0 again."""
    said = event("episode_stop_autoplay_playstate_reset")
    assert (said.position, said.watched) == (2965.0, True)
    said = event("episode_stop_autoplay_playstate_reset", PlaybackInfo=GONE)
    assert (said.position, said.watched) == (None, False)


@pytest.mark.parametrize("ticks", ["75240000000", 7.524e10, 75240000000])
def test_numbers_may_be_texts(ticks: object) -> None:
    said = event("movie_stop_completed", PlaybackInfo__PositionTicks=ticks, Item__RunTimeTicks="79200000000")
    assert (said.position, said.duration) == (7524.0, 7920.0)


@pytest.mark.parametrize("ticks", [0, "0", -1, None, GONE, "", "unknown", {}, True, 10**400])
def test_a_length_of_nothing_is_unknown(ticks: object) -> None:
    said = event("movie_pause", Item__RunTimeTicks=ticks)
    assert (said.position, said.duration) == (1980.0, None)


@pytest.mark.parametrize("mark", [True, "True", "true", "1", 1, False, "False", "0", "", None, GONE, {}, "perhaps"])
def test_a_completion_is_a_watch_and_its_absence_none(mark: Any) -> None:
    """Emby often leaves it out instead of saying no."""
    said = event("movie_stop_completed", PlaybackInfo__PlayedToCompletion=mark)
    assert (said.position, said.watched) == (7524.0, mark in (True, "True", "true", "1"))


def test_only_a_stop_is_completed() -> None:
    assert not event("movie_pause", PlaybackInfo__PlayedToCompletion=True).watched


def test_a_completion_at_0_is_one_at_the_end() -> None:
    said = event("movie_stop_completed", PlaybackInfo__PositionTicks=0)
    assert (said.position, said.watched) == (7920.0, True)
    said = event("movie_stop_completed", PlaybackInfo__PositionTicks=0, Item__RunTimeTicks=GONE)
    assert (said.position, said.watched) == (None, True)


def test_a_stop_at_0_that_is_not_completed_stays_there() -> None:
    said = event("movie_stop_partial_ptc_false", PlaybackInfo__PositionTicks=0)
    assert (said.position, said.watched) == (0.0, False)


@pytest.mark.parametrize(("share", "position"), [(1.04, 7920.0), (1.2, 9504.0)])
def test_a_position_just_past_the_end_is_the_end(share: float, position: float) -> None:
    said = event("movie_stop_completed", PlaybackInfo__PositionTicks=round(79_200_000_000 * share))
    assert said.position == pytest.approx(position)


# Items


@pytest.mark.parametrize(
    ("sort", "why"),
    [
        ("Audio", "music"),
        ("MusicVideo", "music"),
        ("Trailer", "trailer_or_extra"),
        ("Video", "trailer_or_extra"),
        ("TvChannel", "live_tv"),
        ("Program", "live_tv"),
        ("Photo", "not_video"),
        ("Series", "not_video"),
        ("Game", "not_video"),
    ],
)
def test_what_is_no_film_or_episode_is_ignored_with_the_reason(sort: str, why: str) -> None:
    assert reason("movie_start", Item__Type=sort) == why


def test_an_extra_is_one_whatever_it_says_it_is() -> None:
    assert reason("movie_start", Item__ExtraType="Trailer") == "trailer_or_extra"


@pytest.mark.parametrize(
    ("sent", "ids"),
    [
        ({"tmdb": 496243, "IMDB": "tt6751668"}, Ids(tmdb=496243, imdb="tt6751668")),
        ({"Tmdb": "0", "Imdb": "", "Tvdb": "12"}, Ids(tvdb=12)),
        ({"Tmdb": "496243x", "Imdb": "6751668", "Official Website": "https://example.org"}, Ids()),
        ({}, Ids()),
        (None, Ids()),
        (GONE, Ids()),
        (["496243"], Ids()),
    ],
)
def test_ids_are_read_in_any_case_and_dropped_one_by_one(sent: object, ids: Ids) -> None:
    said = event("movie_start", Item__ProviderIds=sent)
    assert (said.media.ids, said.media.title) == (ids, "Parasite")


def test_the_year_and_the_ids_of_an_episode_are_its_own() -> None:
    said = event("episode_stop_autoplay_playstate_reset").media
    assert said.show is not None
    assert (said.year, said.ids.tvdb) == (2013, 4478571)
    assert (said.show.title, said.show.year, said.show.ids) == ("House of Cards", None, Ids())


def test_the_date_of_an_episode_is_left_alone() -> None:
    """It is shifted to UTC, and may be a day early."""
    said = event("episode_special_season0", Item__ProductionYear=GONE).media
    assert (said.year, said.date, said.season, said.episode) == (None, None, 0, 5)


@pytest.mark.parametrize(("last", "end"), [(6, 6), ("7", 7), (5, None), (4, None), ("", None), (None, None)])
def test_a_file_may_hold_several_episodes(last: object, end: int | None) -> None:
    assert event("episode_special_season0", Item__IndexNumberEnd=last).media.episode_end == end


def test_what_cannot_be_found_by_anything_is_ignored() -> None:
    assert reason("provider_ids_empty", Item__Name=GONE) == "missing_identity"
    assert reason("provider_ids_empty", Item={"Type": "Movie"}) == "missing_identity"
    assert reason("provider_ids_empty", Item=GONE) == "missing_identity"
    for key in ("SeriesName", "ParentIndexNumber", "IndexNumber"):
        assert reason("episode_special_season0", **{f"Item__{key}": GONE}) == "missing_identity"
        told = {f"Item__{key}": GONE, "Item__ProviderIds": {"Imdb": "tt1234567"}}
        assert event("episode_special_season0", **told).media.kind is MediaKind.EPISODE


def test_paths_and_addresses_are_left_out() -> None:
    said = repr(event("movie_start"))
    for private in ("/data/", "192.168", ".mkv"):
        assert private not in said


# Who and where


def test_a_notification_for_all_users_names_none() -> None:
    """The user is sent only where the notification is limited to some."""
    said = event("movie_start", User=GONE)
    assert (said.user, said.session.player) == (None, "5d3f1a90-7c2b-4a44-9b1e-0f6a2c8d7e11")
    assert event("movie_start", User__Name=GONE).user == "e1d2c3b4a5968778695a4b3c2d1e0f00"


def test_two_users_of_one_device_are_two_sessions() -> None:
    one, other = event("movie_start").session, event("movie_start", User__Id="0" * 32).session
    assert (one.source, one.player) == (other.source, other.player)
    assert one != other


def test_one_user_on_one_device_is_one_session_whatever_is_on() -> None:
    assert event("movie_start").session == event("episode_stop_autoplay_playstate_reset").session


def test_a_user_who_has_only_a_name_is_told_apart_by_it() -> None:
    one, other = event("movie_start", User={"Name": "Marta "}), event("movie_start", User={"Name": "marta"})
    assert one.session == other.session != event("movie_start", User={"Name": "kids"}).session
    assert one.user == "Marta"


def test_a_session_stands_in_for_a_device_that_is_not_told() -> None:
    one, other = (event("movie_start", Session={"Id": name}).session for name in ("one", "other"))
    assert one.player == other.player == ""
    assert one != other


# Whatever comes


@given(mutated("emby"))
def test_nothing_that_is_sent_breaks_anything(request: WebhookRequest) -> None:
    holds(WEBHOOK, request)


@given(st.binary() | st.text().map(str.encode))
def test_no_bytes_break_anything(body: bytes) -> None:
    holds(WEBHOOK, sample.request(body, None))
    holds(WEBHOOK, sample.form([('name="data"', body)]))


def test_a_refusal_quotes_nothing() -> None:
    with pytest.raises(PayloadError) as refused:
        WEBHOOK.parse(sample.request(b'{"Event": "a secret'))
    assert "secret" not in str(refused.value)
