"""Jellyfin's webhooks: what both plugins and users' templates send, and what is made of it."""

import json
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plugins.mutation import ENCODINGS, GONE, changed, holds, mutated
from scrobbler_jellyfin.webhook import WORDS
from scrobbler_mediabrowser.items import TYPES, Reason
from tables import rows

from plugins import hook, sample
from scrobbler.adapters import Ignored, WebhookRequest
from scrobbler.errors import PayloadError
from scrobbler.events import Ids, Kind, MediaKind, PlayerEvent, Seconds
from scrobbler.machine.policy import Policy
from scrobbler.replay.recording import Line
from scrobbler.replay.replay import Replay, call

WEBHOOK = sample.adapter("jellyfin")
NAMELESS = {f"Provider_{name}": GONE for name in ("tmdb", "imdb", "tvdb")}


def told(name: str, **changes: Any) -> dict[str, Any]:
    return changed("jellyfin", name, **changes)


def heard(said: dict[str, Any]) -> PlayerEvent | Ignored:
    [one] = WEBHOOK.parse(sample.request(json.dumps(said).encode(), "text/plain; charset=utf-8"))
    return one


def event(name: str, **changes: Any) -> PlayerEvent:
    one = heard(told(name, **changes))
    assert isinstance(one, PlayerEvent), one
    return one


def reason(name: str, **changes: Any) -> str:
    one = heard(told(name, **changes))
    assert isinstance(one, Ignored), one
    return one.reason


@pytest.mark.parametrize("name", sample.names("jellyfin"))
def test_a_sample_is_understood(name: str) -> None:
    sample.check("jellyfin", name)


@pytest.mark.parametrize("name", ["movie_stop_completed", "unicode_episode", "template_html_escaped"])
def test_it_does_not_matter_how_the_message_is_packed(name: str) -> None:
    body = sample.raw("jellyfin", name)
    said = {way: sample.parsed("jellyfin", request) for way, request in sample.ways("jellyfin", body).items()}
    assert said == dict.fromkeys(said, sample.parsed("jellyfin", sample.request(body)))


def test_a_form_of_single_fields_is_a_message_of_texts() -> None:
    """The destination "Generic Form"."""
    said = {key: "" if value is None else str(value) for key, value in told("episode_multi").items()}
    form = sample.request(urlencode(said).encode(), "application/x-www-form-urlencoded")
    sample.agree(sample.parsed("jellyfin", form), sample.wanted("jellyfin", "episode_multi"))


@pytest.mark.anyio
@pytest.mark.parametrize("name", ["jellyfin_text_plain"])
async def test_a_recorded_request_is_answered_and_heard(name: str) -> None:
    statuses, [one] = await hook.answers("jellyfin", hook.recorded(name))
    assert statuses == [200]
    sample.agree(one, sample.wanted("jellyfin", "movie_progress_paused"))


@pytest.mark.anyio
async def test_the_server_gets_an_answer_to_whatever_it_sends() -> None:
    bodies = [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"{",
        b'{"IsPaused": True}',
        b"[" * 200_000,
        b'{"RunTimeTicks": ' + b"9" * 5000,
    ]
    wrong = [hook.posting("jellyfin", body, "text/plain") for body in bodies]
    good = hook.posting("jellyfin", sample.raw("jellyfin", "movie_start"), "text/plain")
    statuses, found = await hook.answers("jellyfin", *wrong, good)
    assert statuses == [400, 400, 400, 200, 400, 400, 400, 400, 200]
    assert [one.reason for one in found if isinstance(one, Ignored)] == ["malformed"]
    assert isinstance(found[-1], PlayerEvent)


# Events


def test_the_words_and_the_types_are_those_of_the_page() -> None:
    words = {word: sense.value if isinstance(sense, Reason) else sense.kind.value for word, sense in WORDS.items()}
    assert {word.lower(): sense for word, sense in rows("adapters.md", "Jellyfin says", "event")} == words
    told = {
        name.lower(): sense for names, sense in rows("adapters.md", "type of item", "is") for name in names.split(", ")
    }
    assert told == {name: sense.value for name, sense in TYPES.items()}


@pytest.mark.parametrize(
    "word", ["ItemAdded", "Generic", "AuthenticationSuccess", "TaskCompleted", "PlaybackPaused", "SessionStart", "Rate"]
)
def test_an_event_that_is_nothing_to_us_is_told_by_its_name(word: str) -> None:
    said = heard(told("movie_start", NotificationType=word))
    device = told("movie_start")["DeviceId"]
    assert said == Ignored(reason="unsupported_event", heard=word, user="marta", player=device)


@pytest.mark.parametrize("why", ["PlaybackFinished", "TogglePlayed", "Import", "PlaybackProgress"])
def test_a_save_of_user_data_is_no_playback(why: str) -> None:
    said = {"NotificationType": "UserDataSaved", "SaveReason": why, "Played": True}
    assert reason("movie_start", **said) == "not_a_playback_event"


@pytest.mark.parametrize("word", ["MarkPlayed", "MarkUnplayed"])
def test_a_mark_by_hand_is_no_playback(word: str) -> None:
    assert reason("shemanaev_resume", Event=word) == "not_a_playback_event"


@pytest.mark.parametrize("word", [GONE, "", None, {}, []])
def test_a_message_without_an_event_is_malformed(word: object) -> None:
    assert reason("movie_start", NotificationType=word) == "malformed"


@pytest.mark.parametrize("word", ["playbackstart", " PlaybackStart "])
def test_case_and_white_space_of_an_event_do_not_matter(word: str) -> None:
    assert event("movie_start", NotificationType=word).kind is Kind.PLAY


@pytest.mark.parametrize(
    "paused", [True, "True", "true", "1", 1, False, "False", "false", "0", 0, "", None, GONE, "perhaps", {}, [True]]
)
def test_a_pause_is_a_progress_that_says_so(paused: Any) -> None:
    kind = Kind.PAUSE if paused in (True, "True", "true", "1") else Kind.PLAY
    assert event("movie_progress_paused", IsPaused=paused).kind is kind


@pytest.mark.parametrize(
    ("word", "paused", "kind"),
    [
        ("Play", False, Kind.PLAY),
        ("Resume", False, Kind.PLAY),
        ("Pause", True, Kind.PAUSE),
        ("Pause", False, Kind.PAUSE),
        ("Progress", False, Kind.PLAY),
        ("Progress", True, Kind.PAUSE),
        ("Scrobble", False, Kind.PLAY),
        ("Stop", False, Kind.STOP),
        ("Stop", True, Kind.STOP),
    ],
)
def test_the_other_plugin_has_words_of_its_own(word: str, paused: bool, kind: Kind) -> None:
    said = event("shemanaev_resume", Event=word, Session__PlayState__IsPaused=paused)
    assert (said.kind, said.watched, said.heard) == (kind, word == "Scrobble", word)


# Position, length, and the watched mark


@pytest.mark.parametrize(
    ("ticks", "position"),
    [
        *[(1, 1e-7), ("22200000000", 2220.0), (2.22e10, 2220.0), (0, 0.0)],
        *[
            (-1, None),
            ("", None),
            (None, None),
            (GONE, None),
            ("soon", None),
            ({}, None),
            (True, None),
            ("1e400", None),
        ],
    ],
)
def test_a_position_is_in_ticks_or_unknown(ticks: object, position: float | None) -> None:
    assert event("movie_progress_paused", PlaybackPositionTicks=ticks).position == position


@pytest.mark.parametrize("ticks", [0, "0", -1, None, GONE, "", "unknown", []])
def test_a_length_of_nothing_is_unknown(ticks: object) -> None:
    said = event("movie_progress_paused", RunTimeTicks=ticks)
    assert (said.position, said.duration) == (2220.0, None)


@pytest.mark.parametrize(
    ("share", "position"), [(0.999, 8871.12), (1.0, 8880.0), (1.03, 8880.0), (1.05, 8880.0), (1.06, 9412.8)]
)
def test_a_position_just_past_the_end_is_the_end(share: float, position: float) -> None:
    said = event("movie_stop_completed", PlaybackPositionTicks=round(88_800_000_000 * share))
    assert said.watched
    assert said.position == pytest.approx(position)


@pytest.mark.parametrize("share", [0.05, 0.5, 0.79])
def test_a_completion_below_four_fifths_is_no_watch(share: float) -> None:
    """A film of four minutes is complete to the server from 5 % on."""
    short = {"RunTimeTicks": 2_400_000_000, "PlaybackPositionTicks": round(2_400_000_000 * share)}
    said = event("movie_stop_completed", **short)
    assert not said.watched
    assert said.position == pytest.approx(240 * share)


def test_a_completion_of_something_without_a_length_is_no_watch() -> None:
    """The server says so of all that it knows no length of."""
    said = event("movie_stop_completed", RunTimeTicks=0)
    assert (said.position, said.duration, said.watched) == (8520.75, None, False)
    said = event("movie_stop_completed", RunTimeTicks=0, PlaybackPositionTicks=0)
    assert (said.position, said.duration, said.watched) == (0.0, None, False)


def test_a_completion_in_a_template_without_the_length_is_a_watch() -> None:
    """The server knows the length; only the template does not say it."""
    said = event("movie_stop_completed", RunTimeTicks=GONE, PlaybackPositionTicks=GONE, PlayedToCompletion="True")
    assert (said.position, said.duration, said.watched) == (None, None, True)


@pytest.mark.parametrize("mark", [False, "False", "", None, GONE, 0])
def test_a_failed_start_stays_at_the_beginning(mark: object) -> None:
    said = event("movie_stop_completed", PlaybackPositionTicks=0, PlayedToCompletion=mark)
    assert (said.kind, said.position, said.watched) == (Kind.STOP, 0.0, False)


def test_only_a_stop_is_completed() -> None:
    assert not event("movie_progress_paused", PlayedToCompletion=True).watched


@pytest.mark.parametrize("place", ["PlayState", "Session"])
def test_the_other_plugin_tells_the_position_in_the_session(place: str) -> None:
    """An older version of it had no ``PlayState``; the user data are of no use, being 0 once the item was watched."""
    said = told("shemanaev_resume")
    state = said["Session"].pop("PlayState")
    said["Session"] |= {"PlayState": state} if place == "PlayState" else {"PositionTicks": state["PositionTicks"]}
    one = heard(said)
    assert isinstance(one, PlayerEvent)
    assert (one.position, one.duration) == (1531.0, 3060.0)


def test_that_an_item_was_ever_played_is_no_mark() -> None:
    assert told("shemanaev_multi_episode_stop")["Item"]["UserData"]["Played"] is True
    assert not event("shemanaev_multi_episode_stop").watched


# Items


@pytest.mark.parametrize(
    ("sort", "why"),
    [
        ("Audio", "music"),
        ("MusicAlbum", "music"),
        ("MusicVideo", "music"),
        ("Trailer", "trailer_or_extra"),
        ("Video", "trailer_or_extra"),
        ("LiveTvChannel", "live_tv"),
        ("TvChannel", "live_tv"),
        ("LiveTvProgram", "live_tv"),
        ("Program", "live_tv"),
        ("Season", "not_video"),
        ("Series", "not_video"),
        ("Photo", "not_video"),
        ("Book", "not_video"),
        ("SomethingNew", "not_video"),
    ],
)
@pytest.mark.parametrize(("name", "key"), [("movie_start", "ItemType"), ("shemanaev_resume", "Item__Type")])
def test_what_is_no_film_or_episode_is_ignored_with_the_reason(name: str, key: str, sort: str, why: str) -> None:
    assert reason(name, **{key: sort}) == why


def test_an_extra_is_one_whatever_it_says_it_is() -> None:
    assert reason("shemanaev_resume", Item__ExtraType="BehindTheScenes") == "trailer_or_extra"


def test_the_ids_of_a_film_are_not_those_of_its_collection() -> None:
    said = event("movie_start", Provider_tmdb=GONE, Provider_imdb=GONE)
    assert said.media.ids == Ids()


@pytest.mark.parametrize(
    ("sent", "ids"),
    [
        ({"Provider_tmdb": "27205"}, Ids(tmdb=27205)),
        ({"Provider_tmdb": 27205}, Ids(tmdb=27205)),
        ({"Provider_Tmdb": "27205", "PROVIDER_IMDB": "tt1375666"}, Ids(tmdb=27205, imdb="tt1375666")),
        ({"Provider_tmdb": " 27205 ", "Provider_imdb": "tt1375666 "}, Ids(tmdb=27205, imdb="tt1375666")),
        ({"Provider_tmdb": "0", "Provider_imdb": "1375666", "Provider_tvdb": "12"}, Ids(tvdb=12)),
        ({"Provider_tmdb": "27205-inception", "Provider_imdb": "tt", "Provider_tvdb": -3}, Ids()),
        ({"Provider_tmdb": [27205], "Provider_imdb": {"id": "tt1375666"}, "Provider_tvdb": 10**400}, Ids()),
        ({"Provider_tmdb": True, "Provider_tvdb": "\uff12\uff17", "Provider_imdb": None}, Ids()),
    ],
)
def test_an_id_that_is_none_is_dropped_alone(sent: dict[str, object], ids: Ids) -> None:
    said = event("movie_start", **NAMELESS | sent)
    assert (said.media.ids, said.media.title) == (ids, "Inception")


def test_the_year_of_an_episode_is_its_series() -> None:
    said = event("episode_series_year").media
    assert said.show is not None
    assert (said.year, said.show.year, said.show.ids) == (2013, 2008, Ids())


def test_the_year_of_an_episode_is_its_own_where_the_series_has_none() -> None:
    said = event("episode_series_year", Year=2013, SeriesPremiereDate=GONE).media
    assert said.show is not None
    assert (said.year, said.show.year) == (2013, None)


@pytest.mark.parametrize("date", [GONE, None, "", "0001-01-01", "someday", 2013, {}])
def test_a_date_that_says_nothing_gives_an_episode_no_year(date: object) -> None:
    assert event("episode_series_year", PremiereDate=date).media.year is None


def test_specials_are_season_0() -> None:
    said = event("episode_start", SeasonNumber=0, EpisodeNumber="0")
    assert (said.media.season, said.media.episode) == (0, 0)


def test_a_number_with_zeros_is_as_good() -> None:
    said = event("episode_multi", SeasonNumber=GONE, EpisodeNumber="", EpisodeNumberEnd=None, EpisodeNumber00=GONE)
    assert (said.media.season, said.media.episode, said.media.episode_end) == (1, 1, 2)


@pytest.mark.parametrize("last", ["", None, GONE, 1, 0, -2, "two"])
def test_an_end_that_is_not_behind_the_beginning_is_none(last: object) -> None:
    ends = dict.fromkeys(["EpisodeNumberEnd", "EpisodeNumberEnd00", "EpisodeNumberEnd000"], last)
    assert event("episode_multi", **ends).media.episode_end is None


@pytest.mark.parametrize(
    ("sent", "title"),
    [
        (r"The \"Real\" Thing", 'The "Real" Thing'),
        (r"The \&quot;Real\&quot; Thing", 'The "Real" Thing'),
        ("Mom &amp; Dad&#39;s &#x22;Plan&#x22;", 'Mom & Dad\'s "Plan"'),
        (r"AC\DC & Co", r"AC\DC & Co"),
        ("Amélie &eacute;", "Amélie é"),
        (1917, "1917"),
        ("  Heat ", "Heat"),
        ("Heat\ud800", "Heat\ufffd"),
    ],
)
def test_a_title_is_read_as_it_was_written(sent: object, title: str) -> None:
    said = event("episode_start", Name=sent, SeriesName=sent).media
    assert said.show is not None
    assert (said.title, said.show.title) == (title, title)


@pytest.mark.parametrize("name", ["", None, GONE, {}])
def test_a_film_without_title_and_ids_cannot_be_found(name: object) -> None:
    assert reason("movie_start", Name=name, **NAMELESS) == "missing_identity"
    assert event("movie_start", Name=name).media.ids.tmdb == 27205


@pytest.mark.parametrize(
    "gone",
    [
        ["SeriesName"],
        ["SeasonNumber", "SeasonNumber00", "SeasonNumber000"],
        ["EpisodeNumber", "EpisodeNumber00", "EpisodeNumber000"],
    ],
)
def test_an_episode_without_ids_needs_its_show_and_its_place_in_it(gone: list[str]) -> None:
    missing = dict.fromkeys(gone, GONE)
    assert reason("episode_start", **NAMELESS, **missing) == "missing_identity"
    assert event("episode_start", **missing).media.ids.tvdb == 6275363


def test_a_template_without_the_type_is_what_its_names_make_it() -> None:
    assert event("episode_start", ItemType=GONE).media.kind is MediaKind.EPISODE
    assert event("shemanaev_resume", Item__Type=GONE).media.kind is MediaKind.EPISODE
    said = event("movie_start", ItemType=GONE).media
    assert (said.kind, said.title, said.year) == (None, "Inception", 2010)


def test_the_other_plugin_sends_the_ids_of_the_series() -> None:
    said = event("shemanaev_resume", Item__ProviderIds=GONE, Item__SeriesName=GONE).media
    assert said.show is not None
    assert (said.ids, said.show.title, said.show.ids.tmdb) == (Ids(), "Dark", 70523)


IMITATION: dict[str, Any] = {
    "Event": "Stop",
    "User": {"Name": "marta"},
    "Item": {
        "Type": "Episode",
        "RunTimeTicks": 30600000000,
        "ProviderIds": {"Tmdb": "1325985", "Imdb": "", "Tvdb": ""},
        "UserData": {"Played": True},
        "SeriesName": "Mom &amp; Dad",
        "ParentIndexNumber": 1,
        "IndexNumber": 2,
    },
    "Session": {"PlayState": {"PositionTicks": 0}},
}


def test_a_template_that_imitates_the_other_plugin_tells_completion_as_played() -> None:
    said = heard(IMITATION)
    assert isinstance(said, PlayerEvent)
    assert said.media.show is not None
    assert (said.media.show.title, said.media.ids) == ("Mom & Dad", Ids(tmdb=1325985))
    assert (said.position, said.duration, said.watched, said.session.player) == (3060.0, 3060.0, True, "")
    partly = IMITATION | {
        "PlaybackPositionTicks": "15300000000",
        "Item": IMITATION["Item"] | {"UserData": {"Played": False}},
    }
    one = heard(partly)
    assert isinstance(one, PlayerEvent)
    assert (one.position, one.watched) == (1530.0, False)


# Who and where


def test_two_users_before_one_screen_are_two_sessions() -> None:
    """The plugin sends each message once for every user of a session."""
    one = event("movie_start")
    other = event("movie_start", UserId="00000000000000000000000000000002", NotificationUsername="kids")
    assert one.session.player == other.session.player
    assert one.session != other.session
    assert (one.user, other.user) == ("marta", "kids")


def test_one_user_on_one_device_is_one_session_whatever_is_on() -> None:
    """So a new item ends the old one, also where the server never tells of its end."""
    assert event("movie_start").session == event("episode_start").session == event("movie_stop_partial").session


def test_an_id_of_a_user_is_the_same_with_dashes() -> None:
    plain, dashed = "6f1c2d3e4b5a69788796a5b4c3d2e1f0", "6F1C2D3E-4B5A-6978-8796-A5B4C3D2E1F0"
    assert event("movie_start", UserId=plain).session == event("movie_start", UserId=dashed).session


def test_a_user_without_a_name_goes_by_the_id() -> None:
    assert event("movie_start", NotificationUsername="  ").user == "6f1c2d3e4b5a69788796a5b4c3d2e1f0"
    assert event("movie_start", NotificationUsername=GONE, UserId=GONE).user is None


def test_who_and_where_may_come_as_html() -> None:
    said = event("template_html_escaped", NotificationUsername="O&#39;Brien", DeviceId="TW96+aWx/sYQ&#61;&#x3D;")
    assert (said.user, said.session.player) == ("O'Brien", "TW96+aWx/sYQ==")


def test_a_session_stands_in_for_a_device_that_is_not_told() -> None:
    one = event("movie_start", DeviceId=GONE).session
    other = event("movie_start", DeviceId=GONE, Id="another").session
    assert (one.player, other.player) == ("", "")
    assert one != other


def test_an_event_is_of_the_instant_at_which_it_came() -> None:
    said = event("movie_start")
    assert (said.at, said.session.source, said.heard) == (sample.AT, "jellyfin", "PlaybackStart")


# Together


def flood(later: float) -> list[Line]:
    """Twelve messages of a minute with a pause in it, ``later`` seconds further into the film."""
    story = json.loads((sample.SAMPLES / "sequences" / "jellyfin_progress_flood.json").read_text())
    lines = []
    for step in story["events"]:
        said = step["payload"]
        said["PlaybackPositionTicks"] += round(later * 10_000_000)
        lines.append(Line(at=sample.AT + timedelta(seconds=step["at_s"]), source="jellyfin", payload=said))
    return lines


@pytest.mark.parametrize(
    ("later", "calls", "watches"),
    [
        (888, [("start", 10.0), ("pause", 10.14), ("start", 10.14), ("stop", 10.36)], 0),
        (8000, [("start", 90.09), ("stop", 90.45)], 1),
    ],
)
def test_a_flood_of_progress_is_a_few_calls(later: float, calls: list[tuple[str, float]], watches: int) -> None:
    """The server tells its position each second. (Trakt takes no pause from 80 % on.)"""
    replay = Replay(lambda _name, _calls_us: Policy(silence=Seconds(6 * 3600.0)))
    outcome = replay.run(enumerate(flood(later), 1), "flood")
    assert [(said["call"], said["progress"]) for said in map(call, outcome.calls)] == calls
    assert len(outcome.watches) == watches


@given(mutated("jellyfin"))
def test_nothing_that_is_sent_breaks_anything(request: WebhookRequest) -> None:
    holds(WEBHOOK, request)


@given(st.binary() | st.text().map(str.encode))
def test_no_bytes_break_anything(body: bytes) -> None:
    holds(WEBHOOK, sample.request(body, None))


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_any_encoding_of_unicode_is_read(encoding: str) -> None:
    body = json.dumps(told("unicode_episode"), ensure_ascii=encoding == "latin-1").encode(encoding)
    sample.agree(sample.parsed("jellyfin", sample.request(body)), sample.wanted("jellyfin", "unicode_episode"))


def test_a_refusal_quotes_nothing() -> None:
    with pytest.raises(PayloadError) as refused:
        WEBHOOK.parse(sample.request(b'{"NotificationType": "a secret'))
    assert "secret" not in str(refused.value)
