"""Kodi's notifications with what was asked after them, and what is made of them."""

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plugins.mutation import GONE, changed, holds, mutated
from scrobbler_kodi import KodiReader, KodiWatcher, plugin
from scrobbler_kodi.messages import WORDS
from tables import rows

from plugins import sample
from scrobbler.adapters import Ignored, WebhookRequest
from scrobbler.events import Ids, Kind, MediaKind, PlayerEvent, Seconds
from scrobbler.machine.policy import Policy
from scrobbler.replay.recording import Line
from scrobbler.replay.replay import Replay, call

READER = KodiReader("kodi")
FILE = "TRON Legacy (2010) {imdb-tt1104001}.mkv"


def heard(said: dict[str, Any]) -> PlayerEvent | Ignored:
    [one] = READER.parse(sample.request(json.dumps(said).encode()))
    return one


def event(name: str, **changes: Any) -> PlayerEvent:
    one = heard(changed("kodi", name, **changes))
    assert isinstance(one, PlayerEvent), one
    return one


def reason(name: str, **changes: Any) -> str:
    one = heard(changed("kodi", name, **changes))
    assert isinstance(one, Ignored), one
    return one.reason


def asked(name: str, item: dict[str, Any], said: dict[str, Any], **properties: Any) -> PlayerEvent | Ignored:
    """A sample with another item in the notification and in the answer."""
    changes: dict[str, Any] = {f"enrichment__Player.GetProperties__{key}": value for key, value in properties.items()}
    answered = {"enrichment__Player.GetItem": {"item": item}} if item else {"enrichment__Player.GetItem": GONE}
    return heard(changed("kodi", name, notification__params__data__item=said, **answered, **changes))


@pytest.mark.parametrize("name", sample.names("kodi"))
def test_a_sample_is_understood(name: str) -> None:
    sample.check("kodi", name)


def test_a_kodi_is_watched_at_its_own_address_or_another() -> None:
    assert isinstance(plugin.build("kodi", plugin.options()), KodiWatcher)
    options = plugin.options(host="kodi.lan", port=19090)
    assert (options.host, options.port) == ("kodi.lan", 19090)


def test_the_words_are_those_of_the_page() -> None:
    table = [(word, sense if isinstance(sense, str) else sense.value) for word, sense in WORDS.items()]
    assert rows("adapters.md", "Kodi says", "event") == table


def test_the_keys_are_those_of_the_page() -> None:
    options = plugin.options()
    table = [(name, str(getattr(options, name))) for name in options.__struct_fields__]
    assert rows("config.md", "key of a Kodi", "default") == table


def test_a_notification_may_stand_alone() -> None:
    item = {"title": "Heat", "year": 1995, "type": "movie"}
    one = heard({"jsonrpc": "2.0", "method": "Player.OnAVStart", "params": {"data": {"item": item}, "sender": "xbmc"}})
    assert isinstance(one, PlayerEvent)
    assert (one.media.kind, one.media.label(), one.position) == (MediaKind.MOVIE, "Heat (1995)", None)


@pytest.mark.parametrize(
    ("word", "why"),
    [
        ("Player.OnAVChange", "unsupported_event"),
        ("Player.OnPropertyChanged", "unsupported_event"),
        ("Playlist.OnAdd", "unsupported_event"),
        ("System.OnSleep", "unsupported_event"),
        ("VideoLibrary.OnUpdate", "not_a_playback_event"),
        ("", "malformed"),
        (GONE, "malformed"),
    ],
)
def test_another_word_is_ignored_with_the_reason(word: Any, why: str) -> None:
    assert reason("onpause", notification__method=word) == why


# Playing, paused, where


def test_a_seek_is_told_where_it_went() -> None:
    player = {"playerid": 1, "speed": 1, "time": {"hours": 1, "minutes": 0, "seconds": 0, "milliseconds": 500}}
    one = event("onresume", notification__method="Player.OnSeek", notification__params__data__player=player)
    assert (one.kind, one.position) == (Kind.PLAY, 3600.5)
    one = event(
        "onresume", notification__method="Player.OnSeek", notification__params__data__player=player | {"speed": 0}
    )
    assert (one.kind, one.position) == (Kind.PAUSE, 3600.5)


@pytest.mark.parametrize(("speed", "kind", "rate"), [(2, Kind.PLAY, 2.0), (0, Kind.PAUSE, 1.0), (-4, Kind.PLAY, 1.0)])
def test_a_speed_of_nothing_is_a_pause(speed: int, kind: Kind, rate: float) -> None:
    """Up to Kodi 17 there is no other word for it. Backwards, nothing is played."""
    one = event(
        "onresume",
        notification__method="Player.OnSpeedChanged",
        notification__params__data__player={"playerid": 1, "speed": speed},
    )
    assert (one.kind, one.rate) == (kind, rate)


@pytest.mark.parametrize("time", [None, GONE, {}, {"hours": -1, "minutes": 0, "seconds": 0, "milliseconds": 0}, "0:10"])
def test_a_time_that_is_none_is_unknown(time: Any) -> None:
    one = event("onpause", **{"enrichment__Player.GetProperties__time": time})
    assert (one.position, one.duration) == (None, 7322.5)


def test_a_length_is_the_files_else_the_scrapers_else_unknown() -> None:
    assert event("onpause").duration == 7322.5
    nothing = {"hours": 0, "minutes": 0, "seconds": 0, "milliseconds": 0}
    assert event("onpause", **{"enrichment__Player.GetProperties__totaltime": nothing}).duration == 7320.0
    changes = {"enrichment__Player.GetProperties__totaltime": nothing, "enrichment__Player.GetItem__item__runtime": 0}
    assert event("onpause", **changes).duration is None


def test_what_is_not_answered_is_taken_from_before() -> None:
    cached = json.loads(sample.raw("kodi", "onstop_end_false"))["cached"]
    one = event("onpause", enrichment={}, cached=cached)
    assert (one.kind, one.position, one.duration, one.media.year) == (Kind.PAUSE, 5858.0, 7322.5, 2001)


# The end


def test_an_end_without_a_word_of_how_is_a_stop() -> None:
    one = event("onstop_end_true", notification__params__data__end=GONE)
    assert (one.position, one.watched) == (7312.0, False)


def test_an_end_without_an_item_is_that_of_what_was_on() -> None:
    assert event("onstop_end_true", notification__params__data__item=GONE).watched


def test_an_end_of_another_item_is_late() -> None:
    assert reason("onstop_end_true", notification__params__data__item={"id": 7, "type": "movie"}) == "stale_event"
    assert reason("onstop_end_true", notification__params__data__item={"id": 214, "type": "episode"}) == "stale_event"


def test_an_end_of_which_nothing_was_known_before_tells_what_it_can() -> None:
    assert reason("onstop_end_true", cached=None) == "missing_identity"
    tagged = {"title": "Heat", "year": 1995, "type": "movie"}
    one = event("onstop_end_true", cached=None, notification__params__data__item=tagged)
    assert (one.position, one.duration, one.watched) == (None, None, True)


@pytest.mark.parametrize(("position", "watched"), [(3000.0, False), (7300.0, True)])
def test_of_a_film_in_several_files_only_the_last_end_is_the_films(position: float, watched: bool) -> None:
    changes = {
        "cached__item__file": "stack://smb://nas/a-cd1.avi , smb://nas/a-cd2.avi",
        "cached__position_s": position,
    }
    one = event("onstop_end_true", **changes)
    assert (one.watched, one.position) == (watched, 7322.5 if watched else position)


# Items


@pytest.mark.parametrize(
    ("said", "item", "properties", "why"),
    [
        ({"id": 5, "type": "song"}, {"id": 5, "type": "song", "title": "A"}, {"type": "audio"}, "music"),
        ({"id": 5, "type": "musicvideo"}, {}, {}, "music"),
        ({"title": "x.mp3", "type": "unknown"}, {"type": "unknown", "label": "x.mp3"}, {"type": "audio"}, "music"),
        ({"file": "/p/1.jpg", "type": "picture"}, {}, {"type": "picture"}, "not_video"),
        ({"type": "unknown"}, {}, {"type": GONE}, "not_video"),
        ({"id": 3, "title": "R", "type": "channel", "channeltype": "radio"}, {}, {"type": "audio"}, "live_tv"),
        ({"title": "News", "type": "movie"}, {"title": "News", "type": "unknown"}, {"live": True}, "live_tv"),
        ({"title": "N"}, {"title": "N", "file": "pvr://channels/tv/1.pvr"}, {}, "live_tv"),
        (
            {"title": "Heat (Trailer)", "type": "movie"},
            {"title": "Heat (Trailer)", "type": "movie"},
            {},
            "trailer_or_extra",
        ),
        ({"title": "", "type": "movie"}, {"file": "/f/Heat-trailer.mp4", "type": "movie"}, {}, "trailer_or_extra"),
        ({"title": "", "type": "movie"}, {"type": "unknown", "title": ""}, {}, "missing_identity"),
    ],
)
def test_what_cannot_count_is_ignored_with_the_reason(said: Any, item: Any, properties: Any, why: str) -> None:
    one = asked("onpause", item, said, **properties)
    assert isinstance(one, Ignored), one
    assert (one.reason, one.player) == (why, "kodi-livingroom")


def test_a_films_trailer_is_much_shorter_than_its_film() -> None:
    item = {"type": "movie", "title": "Heat", "year": 1995, "runtime": 10200, "uniqueid": {"imdb": "tt0113277"}}
    short = {"hours": 0, "minutes": 2, "seconds": 30, "milliseconds": 0}
    one = asked("onpause", item, {"title": "Heat", "type": "movie"}, totaltime=short)
    assert isinstance(one, Ignored)
    assert one.reason == "trailer_or_extra"


def test_a_file_that_kodi_does_not_know_is_told_by_its_path_alone() -> None:
    """``movie`` is a guess of the notification's, and the title is the file's name."""
    item = {"type": "unknown", "title": "", "label": FILE, "file": f"/films/{FILE}", "year": 0, "season": -1}
    one = asked("onpause", item, {"title": FILE, "type": "movie"})
    assert isinstance(one, PlayerEvent)
    assert (one.media.kind, one.media.title, one.media.path) == (None, None, f"/films/{FILE}")
    alone = asked("onpause", {}, {"title": FILE, "type": "movie"})
    assert isinstance(alone, PlayerEvent)
    assert (alone.media.title, alone.media.path) == (None, FILE)


def test_an_add_on_is_no_path() -> None:
    """Without its query it would be the same for all that it plays."""
    one = event("nonlibrary_episode_tagged")
    assert (one.media.path, one.media.label()) == (None, "Slow Horses S02E04")


@pytest.mark.parametrize(
    ("unique", "imdbnumber", "ids"),
    [
        ({"imdb": "tt0211915", "tmdb": "194"}, "", Ids(imdb="tt0211915", tmdb=194)),
        ({"tmdb": "0", "tvdb": "x1", "imdb": "0211915"}, "", Ids()),
        ({}, "tt0211915", Ids(imdb="tt0211915")),
        ({"tmdb": 194}, "194", Ids(tmdb=194)),
        (GONE, GONE, Ids()),
        (["tt0211915"], None, Ids()),
    ],
)
def test_ids_are_dropped_one_by_one(unique: Any, imdbnumber: Any, ids: Ids) -> None:
    at = "enrichment__Player.GetItem__item__"
    assert event("onpause", **{f"{at}uniqueid": unique, f"{at}imdbnumber": imdbnumber}).media.ids == ids


def test_the_show_of_an_episode_has_its_own_ids_and_year() -> None:
    details = {"title": "TNG", "year": 1987, "uniqueid": {"tvdb": "71470", "imdb": "tt0092455"}, "imdbnumber": "71470"}
    answers = {"enrichment__VideoLibrary.GetTVShowDetails": {"tvshowdetails": details}}
    media = event("multi_episode_same_file", **answers).media
    assert media.show is not None
    assert (media.show.year, media.show.ids) == (1987, Ids(tvdb=71470, imdb="tt0092455"))
    assert media.ids == Ids(tvdb=48936)


@pytest.mark.parametrize(
    ("episode", "first", "last", "title"),
    [(1, 1, 2, "Encounter at Farpoint (1)"), (2, 1, 2, None), (5, 5, None, "Encounter at Farpoint (1)")],
)
def test_a_file_of_several_episodes_is_all_of_them(episode: int, first: int, last: int | None, title: str) -> None:
    """Kodi names the one that was chosen, and plays the file."""
    media = event("multi_episode_same_file", **{"enrichment__Player.GetItem__item__episode": episode}).media
    assert (media.episode, media.episode_end, media.title) == (first, last, title)


def test_specials_are_in_season_0() -> None:
    assert event("multi_episode_same_file", **{"enrichment__Player.GetItem__item__season": 0}).media.season == 0


def test_answers_about_another_item_are_none() -> None:
    assert reason("onpause", notification__params__data__item={"id": 9, "type": "movie"}) == "stale_event"


# Sequences and nonsense


def test_a_late_stop_of_the_first_episode_does_not_end_the_second() -> None:
    story = json.loads((sample.SAMPLES / "sequences" / "kodi_stop_after_next_play.json").read_text())
    lines = [
        Line(at=sample.AT + timedelta(seconds=each["at_s"]), source="kodi", payload=each["payload"])
        for each in story["events"]
    ]
    replay = Replay(lambda _name, _calls_us: Policy(silence=Seconds(6 * 3600.0)))
    outcome = replay.run(enumerate(lines, 1), "story")
    expected = story["expected"]
    *said, over = [call(scrobble) for scrobble in outcome.calls]
    assert len(outcome.watches) == expected["watched_total"]
    for one, want in zip(said, expected["calls"], strict=True):
        low, high = want["progress"]
        assert (one["call"], one["item"]["title"]) == (want["call"], want["item"])
        assert low <= one["progress"] <= high
    assert outcome.calls[-1].retract, over  # the log ends there, and time goes on


@given(mutated("kodi"))
def test_nothing_that_is_sent_breaks_anything(request: WebhookRequest) -> None:
    holds(READER, request)


@given(st.binary() | st.text().map(str.encode))
def test_no_bytes_break_anything(body: bytes) -> None:
    holds(READER, sample.request(body, None))
