"""What a Plex server posts is understood, in each form that its agents, its relays and its moods give it."""

import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scrobbler_plex.media import PREFIXES, TYPES
from scrobbler_plex.webhook import KINDS
from tables import rows

from plugins import hook, mutation, sample
from scrobbler.adapters import Ignored, WebhookRequest
from scrobbler.errors import PayloadError
from scrobbler.events import Ids, Kind, PlayerEvent, Seconds, SessionKey
from scrobbler.machine.policy import Policy
from scrobbler.machine.session import Session
from scrobbler.machine.step import deadline, expire, step
from scrobbler.replay.recording import Line
from scrobbler.replay.replay import Outcome, Replay, call

MATRIX = json.loads(sample.raw("plex", "movie_pause"))
OZYMANDIAS = json.loads(sample.raw("plex", "episode_play_new_agent"))
PLAYER = MATRIX["Player"]["uuid"]


def changed(base: Mapping[str, Any], **metadata: object) -> dict[str, Any]:
    """A payload with other metadata; what is None is left out."""
    kept = {**base["Metadata"], **metadata}
    return {**base, "Metadata": {key: value for key, value in kept.items() if value is not None}}


def heard(payload: Mapping[str, Any]) -> PlayerEvent | Ignored:
    return sample.parsed("plex", sample.request(json.dumps(payload).encode()))


def event(payload: Mapping[str, Any]) -> PlayerEvent:
    found = heard(payload)
    assert isinstance(found, PlayerEvent)
    return found


def why(payload: Mapping[str, Any]) -> str:
    """Why nothing counts."""
    found = heard(payload)
    assert isinstance(found, Ignored)
    return found.reason


@pytest.mark.parametrize("name", sample.names("plex"))
def test_a_sample_is_understood(name: str) -> None:
    sample.check("plex", name)


@pytest.mark.parametrize("name", sample.names("plex"))
def test_a_sample_is_the_same_however_it_is_packed(name: str) -> None:
    ways = sample.ways("plex", sample.raw("plex", name))
    found = {way: sample.parsed("plex", request) for way, request in ways.items()}
    assert {way: said for way, said in found.items() if said != found["json"]} == {}


@pytest.mark.anyio
async def test_a_real_request_with_a_picture_is_answered_and_understood() -> None:
    statuses, [said] = await hook.answers("plex", hook.recorded("plex_multipart_thumb"))
    assert statuses == [200]
    sample.agree(said, sample.wanted("plex", "movie_play_new_agent"))


@pytest.mark.anyio
async def test_a_form_without_a_payload_is_answered_400() -> None:
    assert await hook.answers("plex", hook.recorded("plex_no_payload_part")) == ([400], [])


def test_the_page_about_adapters_lists_the_same_events() -> None:
    assert rows("adapters.md", "Plex says", "event") == [(word, kind.value) for word, kind in KINDS.items()]


@pytest.mark.parametrize(("word", "kind"), KINDS.items())
def test_what_is_said_of_a_playback_becomes_its_event(word: str, kind: Kind) -> None:
    found = event({**MATRIX, "event": word})
    assert (found.kind, found.heard, found.watched) == (kind, word, word == "media.scrobble")
    assert found.at == sample.AT


@pytest.mark.parametrize(
    "word",
    ["media.rate", "library.new", "library.on.deck", "playback.started", "device.new", "admin.database.corrupted", "x"],
)
def test_what_is_said_of_other_things_is_ignored(word: str) -> None:
    assert why({**MATRIX, "event": word}) == "unsupported_event"


def test_words_that_say_nothing_are_ignored_by_name() -> None:
    assert why({}) == "malformed"
    assert why({**MATRIX, "event": ["media.play"]}) == "malformed"
    assert why({**MATRIX, "Metadata": None}) == "missing_identity"
    assert why({**MATRIX, "Metadata": "film"}) == "missing_identity"


GUIDS: list[tuple[str, str, Ids, Ids]] = [
    ("movie", "plex://movie/5d7768000000000000911f3f", Ids(), Ids()),
    ("movie", "com.plexapp.agents.imdb://tt0133093?lang=en", Ids(imdb="tt0133093"), Ids()),
    ("movie", "com.plexapp.agents.themoviedb://603?lang=en", Ids(tmdb=603), Ids()),
    ("movie", "com.plexapp.agents.themoviedb://", Ids(), Ids()),
    ("movie", "com.plexapp.agents.imdb://0133093", Ids(), Ids()),
    ("movie", "com.plexapp.agents.none://700001?lang=xn", Ids(), Ids()),
    ("movie", "com.plexapp.agents.hama://anidb-7729?lang=en", Ids(), Ids()),
    ("movie", "com.plexapp.agents.hama://tvdb-81797?lang=en", Ids(), Ids()),
    ("movie", "net.fribbtastic.coding.plex.myanimelist://1575", Ids(), Ids()),
    ("movie", "local://8369", Ids(), Ids()),
    ("movie", "tmdb://603", Ids(tmdb=603), Ids()),
    ("episode", "com.plexapp.agents.thetvdb://121361/1/1?lang=en", Ids(), Ids(tvdb=121361)),
    ("episode", "com.plexapp.agents.themoviedb://1396/2/3?lang=en", Ids(), Ids(tmdb=1396)),
    ("episode", "com.plexapp.agents.hama://tvdb-81797/22/70?lang=en", Ids(), Ids(tvdb=81797)),
    ("episode", "com.plexapp.agents.hama://tvdb4-81797/22/70?lang=en", Ids(), Ids(tvdb=81797)),
    ("episode", "com.plexapp.agents.hama://anidb-7729/1/5", Ids(), Ids()),
    ("episode", "com.plexapp.agents.none://121361/1/1?lang=xn", Ids(), Ids()),
    ("episode", "plex://episode/5d9c0000000000001f495d74", Ids(), Ids()),
    ("episode", "imdb://tt2301451", Ids(imdb="tt2301451"), Ids()),
]


@pytest.mark.parametrize(("kind", "guid", "own", "show"), GUIDS, ids=[f"{row[0]} {row[1]}" for row in GUIDS])
def test_an_id_is_that_of_the_film_the_episode_or_the_show(kind: str, guid: str, own: Ids, show: Ids) -> None:
    base = {"movie": MATRIX, "episode": OZYMANDIAS}[kind]
    media = event(changed(base, Guid=None, guid=guid, grandparentGuid=None)).media
    assert media.ids == own
    assert (media.show.ids if media.show else Ids()) == show


def test_the_list_of_ids_is_the_items_own_and_goes_before_the_address() -> None:
    listed = [{"id": "tvdb://4639461"}, {"id": "tvdb://7"}, "imdb://tt2301451", {"id": "tmdb://x"}, 7, {"id": 7}]
    media = event(changed(OZYMANDIAS, Guid=listed, guid="com.plexapp.agents.thetvdb://81189/5/14")).media
    assert media.ids == Ids(tvdb=4639461, imdb="tt2301451")
    assert media.show is not None
    assert media.show.ids == Ids(tvdb=81189)
    for odd in ("tmdb://603", {"id": "tmdb://603"}, [{"id": "tmdb://0"}, {"id": "TMDB://603"}]):
        assert event(changed(MATRIX, Guid=odd)).media.ids == Ids(tmdb=603)


def test_an_old_agent_tells_the_show_and_the_place_where_the_rest_is_silent() -> None:
    silent = {"Guid": None, "index": None, "parentIndex": None, "grandparentTitle": None}
    media = event(changed(OZYMANDIAS, **silent, guid="com.plexapp.agents.thetvdb://121361/0/3?lang=en")).media
    assert (media.season, media.episode) == (0, 3)
    parent = {"guid": "local://1", "grandparentGuid": "com.plexapp.agents.thetvdb://121361?lang=en"}
    media = event(changed(OZYMANDIAS, Guid=None, **parent)).media
    assert media.show is not None
    assert media.show.ids == Ids(tvdb=121361)


def test_the_year_of_an_episode_is_not_that_of_its_show() -> None:
    media = event(OZYMANDIAS).media
    assert media.year == 2013
    assert media.show is not None
    assert media.show.year is None


def test_an_item_that_nothing_tells_is_ignored() -> None:
    assert why(changed(MATRIX, Guid=None, title="")) == "missing_identity"
    assert why(changed(OZYMANDIAS, Guid=None, index=None)) == "missing_identity"
    assert why(changed(OZYMANDIAS, Guid=None, parentIndex="x")) == "missing_identity"
    assert why(changed(OZYMANDIAS, Guid=None, grandparentTitle=None)) == "missing_identity"


@pytest.mark.parametrize(("prefix", "reason"), PREFIXES.items())
def test_an_address_tells_what_is_of_no_interest(prefix: str, reason: str) -> None:
    assert why(changed(MATRIX, guid=f"{prefix}something")) == reason


@pytest.mark.parametrize(
    ("kind", "reason"), [*TYPES.items(), ("photo", "not_video"), ("show", "not_video"), ("", "not_video")]
)
def test_a_type_tells_what_is_of_no_interest(kind: str, reason: str) -> None:
    assert why(changed(MATRIX, type=kind)) == reason


def test_extras_and_live_tv_are_known_by_their_flags() -> None:
    assert why(changed(MATRIX, extraType=1)) == why(changed(MATRIX, extraType="3")) == "trailer_or_extra"
    assert why(changed(MATRIX, live="1")) == why(changed(MATRIX, live=True)) == "live_tv"
    assert why(changed(MATRIX, key="/livetv/sessions/8f2c")) == "live_tv"
    assert event(changed(MATRIX, live="0", extraType=0)).media.title == "The Matrix"


@pytest.mark.parametrize(("word", "position"), [(word, 0.0 if word == "media.play" else None) for word in KINDS])
def test_only_a_play_without_a_place_is_at_the_beginning(word: str, position: float | None) -> None:
    for nothing in (None, "", -1, "x", True):
        assert event({**changed(MATRIX, viewOffset=nothing), "event": word}).position == position


def test_times_that_can_be_none_are_unknown() -> None:
    for nothing in (None, 0, "0", -5, "", "long", 10**30, [1], "9" * 400):
        assert event(changed(MATRIX, duration=nothing)).duration is None
    assert event(changed(MATRIX, duration="8160000")).duration == 8160.0
    assert event(changed(MATRIX, viewOffset=10**14)).position == 1e11


def test_a_jellyfin_that_speaks_as_plex_does_not_know_how_long_its_films_are() -> None:
    """shemanaev/jellyfin-plugin-webhooks sends its ticks divided by 1000, which is ten times too much."""
    account = {"id": "0f0e0d0c0b0a09080706050403020100", "title": "marta"}
    assert event({**MATRIX, "Account": account}).duration is None
    for number in (1, "1", 139113761, 1.0, None):
        assert event({**MATRIX, "Account": {"id": number, "title": "marta"}}).duration == 8160.0


def test_a_session_is_a_device_and_who_uses_it() -> None:
    assert event(MATRIX).session == SessionKey(source="plex", player=PLAYER, id="marta")
    same = {**MATRIX, "Account": {"title": " Marta "}, "Player": {"uuid": PLAYER, "title": "renamed"}, "Server": {}}
    assert (
        event(same).session
        == event(MATRIX).session
        == event(changed(OZYMANDIAS) | {"Player": MATRIX["Player"]}).session
    )
    other = {**MATRIX, "Account": {"title": "paul"}}
    assert event(other).session != event(MATRIX).session
    bare = event({"event": "media.play", "Metadata": MATRIX["Metadata"]})
    assert (bare.session, bare.user) == (SessionKey(source="plex"), None)


def test_two_hooks_of_one_household_say_the_same() -> None:
    assert event({**MATRIX, "user": False, "owner": True}) == event({**MATRIX, "user": True, "owner": False})


def test_what_is_ignored_is_told_with_its_user_and_its_device() -> None:
    found = heard({**MATRIX, "event": "media.rate"})
    assert found == Ignored(reason="unsupported_event", heard="media.rate", user="marta", player=PLAYER)


def played(name: str) -> tuple[Outcome, dict[str, Any]]:
    """What a sequence of payloads leads to, and what it should."""
    story = json.loads((sample.SAMPLES / "sequences" / f"{name}.json").read_text())
    lines = [
        Line(at=sample.AT + timedelta(seconds=each["at_s"]), source="plex", payload=each["payload"])
        for each in story["events"]
    ]
    policy = Policy(silence=Seconds(6 * 3600.0))
    return Replay(lambda _name, _calls_us: policy).run(enumerate(lines, 1), name), story["expected"]


@pytest.mark.parametrize("name", ["plex_switch_without_stop", "plex_watched_then_stop_without_offset"])
def test_a_sequence_leads_to_the_calls_that_it_should(name: str) -> None:
    outcome, expected = played(name)
    said = [call(scrobble) for scrobble in outcome.calls]
    wanted = [each for each in expected["calls"] if not each.get("optional")]
    assert len(said) == len(wanted)
    for one, want in zip(said, wanted, strict=True):
        stops = {"pause", "stop"} if want["progress"][1] < 80 else set()
        assert one["call"] in {want["call"], *(stops if want["call"] in stops else ())}
        assert one["item"]["title"] == want["item"]
        low, high = want["progress"]
        assert low - 0.01 <= one["progress"] <= high + 0.01
    assert len(outcome.watches) == expected["watched_total"]


@given(request=st.data())
def test_no_payload_is_anything_but_understood_or_refused(request: st.DataObject) -> None:
    asked: WebhookRequest = request.draw(mutation.mutated("plex"))
    mutation.holds(sample.adapter("plex"), asked)


@given(data=st.data())
def test_what_is_understood_of_any_payload_is_no_riddle_to_the_machine(data: st.DataObject) -> None:
    policy, session = Policy(silence=Seconds(3600.0)), Session(key=SessionKey(source="plex"), account="marta")
    for second in range(4):
        asked = msgspec.structs.replace(data.draw(mutation.mutated("plex")), at=sample.AT + timedelta(seconds=second))
        with suppress(PayloadError):
            for one in sample.adapter("plex").parse(asked):
                if isinstance(one, PlayerEvent):
                    session, _ = step(session, one, policy)
                    deadline(session, policy)
    expire(session, sample.AT + timedelta(days=1), policy)
