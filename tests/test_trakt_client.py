"""One account's calls: what is asked, what is understood, and how the sign-in is kept alive."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import respx
from contract import LISTED_ONLY
from msgspec.structs import replace

from scrobbler.errors import Closed, Rejected, Unauthorized, Unavailable, Uncertain
from scrobbler.events import Ids, MediaKind, Percent, Seconds, Show
from scrobbler.machine.scrobble import Action
from scrobbler.trakt.app import App
from scrobbler.trakt.catalogue import Entry, EntryKind, IdSource, Season
from scrobbler.trakt.client import Trakt
from scrobbler.trakt.replies import HistoryAdded, HistoryEntry, Outcome, PlaybackEntry, ScrobbleReply, Settings
from scrobbler.trakt.tokens import TokenFile, Tokens
from scrobbler.trakt.wire import Item

API = "https://api.trakt.tv"
TOKEN = "https://auth.trakt.tv/oauth/token"
NOW = datetime(2026, 11, 20, 20, 0, tzinfo=UTC)
TOKENS = Tokens(access_token="access", refresh_token="refresh", created_at=NOW, expires_at=NOW + timedelta(days=7))
STALE = replace(TOKENS, created_at=NOW - timedelta(days=6), expires_at=NOW + timedelta(days=1))
EXPIRED = replace(TOKENS, created_at=NOW - timedelta(days=7), expires_at=NOW)
RENEWED = replace(TOKENS, access_token="access-2", refresh_token="refresh-2")
GRANT = {
    "access_token": "access-2",
    "refresh_token": "refresh-2",
    "expires_in": 604800,
    "created_at": int(NOW.timestamp()),
    "scope": "public",
}

HEAT_JSON = {"title": "Heat", "year": 1995, "ids": {"trakt": 4, "slug": "heat-1995", "imdb": "tt0113277", "tmdb": 949}}
HEAT = Item(
    kind=MediaKind.MOVIE, title="Heat", year=1995, ids=Ids(trakt=4, slug="heat-1995", imdb="tt0113277", tmdb=949)
)
SHOW_JSON = {"title": "Breaking Bad", "year": 2008, "ids": {"trakt": 1, "slug": "breaking-bad"}}
SHOW = Show(title="Breaking Bad", year=2008, ids=Ids(trakt=1, slug="breaking-bad"))
PILOT_JSON = {"season": 1, "number": 1, "title": "Pilot", "ids": {"trakt": 16}}
PILOT = Item(kind=MediaKind.EPISODE, title="Pilot", ids=Ids(trakt=16), show=SHOW, season=1, number=1)


class Timer:
    """Monotonic seconds that only a test moves."""

    def __init__(self) -> None:
        self.at = 100.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def timer() -> Timer:
    return Timer()


@pytest.fixture
def file(tmp_path: Path) -> TokenFile:
    file = TokenFile(tmp_path, "me")
    file.write(TOKENS)
    return file


@pytest.fixture
def trakt(file: TokenFile, timer: Timer) -> Trakt:
    return Trakt(App(client_id="our-id", client_secret="our-secret"), file, clock=timer, now=lambda: NOW)


def bearers(route: respx.Route) -> list[str | None]:
    return [call.request.headers.get("authorization") for call in route.calls]


def body(route: respx.Route) -> dict[str, Any]:
    return msgspec.json.decode(route.calls.last.request.content, type=dict[str, Any])


# Scrobbles


def test_a_start_begins_watching(respx_mock: respx.MockRouter, trakt: Trakt) -> None:
    route = respx_mock.post(f"{API}/scrobble/start").respond(
        201, json={"id": 0, "action": "start", "progress": 1.25, "movie": HEAT_JSON}
    )
    assert trakt.scrobble(Action.START, HEAT, Percent(1.25)) == ScrobbleReply(outcome=Outcome.STARTED, item=HEAT)
    assert body(route)["progress"] == 1.25
    assert bearers(route) == ["Bearer access"]


@pytest.mark.parametrize(
    ("word", "outcome"),
    [("scrobble", Outcome.WATCHED), ("stop", Outcome.WATCHED), ("pause", Outcome.PAUSED), ("start", Outcome.STARTED)],
)
def test_the_reply_says_what_a_stop_was_taken_for(
    respx_mock: respx.MockRouter, trakt: Trakt, word: str, outcome: Outcome
) -> None:
    respx_mock.post(f"{API}/scrobble/stop").respond(
        200, json={"id": 9007199254740993123, "action": word, "episode": PILOT_JSON, "show": SHOW_JSON, "sharing": {}}
    )
    reply = trakt.scrobble(Action.STOP, PILOT, Percent(80))
    assert reply == ScrobbleReply(outcome=outcome, id=9007199254740993123, item=PILOT)


def test_a_reply_may_leave_out_the_show(respx_mock: respx.MockRouter, trakt: Trakt) -> None:
    respx_mock.post(f"{API}/scrobble/stop").respond(201, json={"action": "scrobble", "episode": PILOT_JSON})
    assert trakt.scrobble(Action.STOP, PILOT, Percent(80)).item == replace(PILOT, show=None)


def test_a_stop_that_trakt_has_already_is_a_duplicate_of_a_play(respx_mock: respx.MockRouter, trakt: Trakt) -> None:
    respx_mock.post(f"{API}/scrobble/stop").respond(
        409, json={"watched_at": "2026-11-20T19:30:00.000Z", "expires_at": "2026-11-20T20:30:00.000Z"}
    )
    assert trakt.scrobble(Action.STOP, HEAT, Percent(95)) == ScrobbleReply(
        outcome=Outcome.DUPLICATE,
        watched_at=NOW - timedelta(minutes=30),
        expires_at=NOW + timedelta(minutes=30),
    )


@pytest.mark.parametrize("action", [Action.START, Action.PAUSE])
def test_a_check_in_in_the_way_is_no_error(respx_mock: respx.MockRouter, trakt: Trakt, action: Action) -> None:
    respx_mock.post(f"{API}/scrobble/{action.value}").respond(409, json={"expires_at": "2026-11-20T20:30:00Z"})
    reply = trakt.scrobble(action, HEAT, Percent(5))
    assert reply == ScrobbleReply(outcome=Outcome.SKIPPED, expires_at=NOW + timedelta(minutes=30))


def test_a_reply_that_says_nothing_is_uncertain(respx_mock: respx.MockRouter, trakt: Trakt) -> None:
    respx_mock.post(f"{API}/scrobble/stop").respond(201, json={"id": 7})
    with pytest.raises(Uncertain, match="did not say"):
        trakt.scrobble(Action.STOP, HEAT, Percent(95))


def test_an_unknown_item_is_rejected(respx_mock: respx.MockRouter, trakt: Trakt) -> None:
    respx_mock.post(f"{API}/scrobble/start").respond(404)
    with pytest.raises(Rejected) as caught:
        trakt.scrobble(Action.START, HEAT, Percent(5))
    assert caught.value.status == 404


# History, resume points, the account


@pytest.mark.parametrize(
    ("reply", "added"),
    [
        ({"added": {"movies": 1, "episodes": 0}, "not_found": {"movies": []}}, HistoryAdded(added=1, not_found=False)),
        ({"added": {"episodes": 1}, "updated": {}}, HistoryAdded(added=1, not_found=False)),
        ({"added": {}, "not_found": {"movies": [{"ids": {}}]}}, HistoryAdded(added=0, not_found=True)),
    ],
)
def test_a_play_is_added_or_not_found(
    respx_mock: respx.MockRouter, trakt: Trakt, reply: dict[str, Any], added: HistoryAdded
) -> None:
    route = respx_mock.post(f"{API}/sync/history").respond(201, json=reply)
    assert trakt.add_history(HEAT, NOW) == added
    assert body(route)["movies"][0]["watched_at"] == "2026-11-20T20:00:00.000Z"


def test_the_history_is_read_to_its_last_page(respx_mock: respx.MockRouter, trakt: Trakt) -> None:
    def page(request: httpx.Request) -> httpx.Response:
        number = int(request.url.params["page"])
        row = {"id": number, "watched_at": "2026-11-20T20:00:00.000Z", "action": "scrobble", "movie": HEAT_JSON}
        return httpx.Response(200, json=[row, {"id": 9}], headers={"X-Pagination-Page-Count": "3"})

    route = respx_mock.get(f"{API}/sync/history/movies").mock(side_effect=page)
    plays = trakt.history(MediaKind.MOVIE, NOW - timedelta(hours=1), NOW)
    assert plays == tuple(HistoryEntry(id=id_, watched_at=NOW, item=HEAT, action="scrobble") for id_ in (1, 2, 3))
    assert dict(route.calls.last.request.url.params) == {
        "start_at": "2026-11-20T19:00:00.000Z",
        "end_at": "2026-11-20T20:00:00.000Z",
        "page": "3",
        "limit": "250",
    }


def test_a_list_without_a_page_count_is_one_page(respx_mock: respx.MockRouter, trakt: Trakt) -> None:
    route = respx_mock.get(f"{API}/sync/history/episodes").respond(json=[])
    assert trakt.history(MediaKind.EPISODE, NOW, NOW) == ()
    assert route.call_count == 1


def test_plays_are_removed_by_their_ids(respx_mock: respx.MockRouter, trakt: Trakt) -> None:
    route = respx_mock.post(f"{API}/sync/history/remove").respond(json={"deleted": {"movies": 1, "episodes": 1}})
    assert trakt.remove_history([1, 2]).removed == 2
    assert body(route) == {"ids": [1, 2]}


def test_resume_points_are_listed_and_removed(respx_mock: respx.MockRouter, trakt: Trakt) -> None:
    row = {"id": 13, "progress": 10, "paused_at": "2026-11-20T20:00:00Z", "type": "movie", "movie": HEAT_JSON}
    respx_mock.get(f"{API}/sync/playback").respond(json=[row, {"id": 14}])
    respx_mock.delete(f"{API}/sync/playback/13").mock(side_effect=[httpx.Response(204), httpx.Response(404)])
    assert trakt.playback() == (PlaybackEntry(id=13, progress=Percent(10.0), item=HEAT, paused_at=NOW),)
    assert trakt.delete_playback(13)
    assert not trakt.delete_playback(13)


def test_watching_is_something_or_nothing(respx_mock: respx.MockRouter, trakt: Trakt) -> None:
    card = {"expires_at": "2026-11-20T20:00:00Z", "action": "checkin", "type": "movie", "movie": HEAT_JSON}
    respx_mock.get(f"{API}/users/me/watching").mock(side_effect=[httpx.Response(204), httpx.Response(200, json=card)])
    assert trakt.watching() is None
    watching = trakt.watching()
    assert watching is not None
    assert (watching.item, watching.action, watching.expires_at) == (HEAT, "checkin", NOW)


def test_the_settings_say_whose_account_it_is(respx_mock: respx.MockRouter, trakt: Trakt) -> None:
    respx_mock.get(f"{API}/users/settings").respond(
        json={"user": {"username": "ann", "vip": True, "ids": {"slug": "ann"}}, "account": {"timezone": "Europe/Oslo"}}
    )
    assert trakt.settings() == Settings(username="ann", slug="ann", vip=True, timezone="Europe/Oslo")


# The catalogue


def test_signs_with_a_meaning_are_escaped_in_a_search(respx_mock: respx.MockRouter, trakt: Trakt) -> None:
    movie = HEAT_JSON | {"runtime": 170, "country": "us", "original_title": "Heat"}
    route = respx_mock.get(f"{API}/search/movie").respond(json=[{"type": "movie", "score": None, "movie": movie}, {}])
    [entry] = trakt.search_text(EntryKind.MOVIE, "Face/Off: (What?) & more")
    assert entry.movie() == replace(HEAT, runtime=Seconds(170 * 60.0))
    assert entry.label() == "Heat (1995)"
    assert route.calls.last.request.url.params["query"] == r"Face\/Off\: \(What\?\) \& more"


def test_other_catalogues_ids_find_entries_of_the_kind_asked_for(respx_mock: respx.MockRouter, trakt: Trakt) -> None:
    route = respx_mock.get(f"{API}/search/tvdb/81189").respond(json=[{"type": "show", "show": SHOW_JSON}])
    [entry] = trakt.search_id(IdSource.TVDB, 81189, EntryKind.SHOW)
    assert entry.show() == SHOW
    assert route.calls.last.request.url.params["type"] == "show"


def test_shows_seasons_and_films_are_read(respx_mock: respx.MockRouter, trakt: Trakt) -> None:
    respx_mock.get(f"{API}/shows/breaking-bad").respond(json=SHOW_JSON)
    respx_mock.get(f"{API}/movies/tt0113277").respond(json=HEAT_JSON)
    respx_mock.get(f"{API}/shows/1/seasons").respond(json=[{"number": 0, "title": "Specials", "episode_count": 3}, {}])
    respx_mock.get(f"{API}/shows/1/seasons/1").respond(json=[PILOT_JSON | {"runtime": 58}])
    assert trakt.show("breaking-bad").show() == SHOW
    assert trakt.movie("tt0113277") == Entry(kind=EntryKind.MOVIE, title="Heat", year=1995, ids=HEAT.ids)
    assert trakt.seasons(1) == (Season(number=0, title="Specials", episode_count=3),)
    [pilot] = trakt.season(1, 1)
    assert pilot.item(SHOW) == replace(PILOT, show=SHOW, runtime=Seconds(3480.0))


@pytest.mark.parametrize("answer", [{"content": b""}, {"json": {}}, {"json": {"ids": []}}, {"json": "what?"}])
def test_a_senseless_answer_to_a_lookup_is_no_unknown_item(
    respx_mock: respx.MockRouter, trakt: Trakt, answer: dict[str, Any]
) -> None:
    respx_mock.get(f"{API}/search/movie").respond(**answer)
    respx_mock.get(f"{API}/movies/heat").respond(**answer)
    with pytest.raises(Unavailable):
        trakt.search_text(EntryKind.MOVIE, "Heat")
    with pytest.raises(Unavailable):
        trakt.movie("heat")


def test_an_id_cannot_lead_to_another_path(respx_mock: respx.MockRouter, trakt: Trakt) -> None:
    route = respx_mock.get(url__startswith=f"{API}/movies/").respond(json=HEAT_JSON)
    trakt.movie("../users/me?x=1#y")
    assert route.calls.last.request.url.raw_path == b"/movies/..%2Fusers%2Fme%3Fx%3D1%23y?extended=full"


def test_the_catalogue_is_open_without_a_sign_in(respx_mock: respx.MockRouter, trakt: Trakt, file: TokenFile) -> None:
    file.remove()
    route = respx_mock.get(f"{API}/search/movie").respond(json=[])
    assert trakt.search_text(EntryKind.MOVIE, "Heat") == ()
    assert bearers(route) == [None]
    with pytest.raises(Unauthorized, match="me is not signed in"):
        trakt.watching()


# Any other method

OUR_STATS = f"{API}/users/me/stats"


@pytest.fixture
def any_call(breaches: list[str]) -> Iterator[None]:
    """What openapi.yaml does not describe may be called all the same, if endpoints.tsv lists it."""
    yield
    breaches[:] = [each for each in breaches if not each.endswith(LISTED_ONLY)]


@pytest.mark.usefixtures("any_call")
def test_any_method_is_called_by_its_path(respx_mock: respx.MockRouter, trakt: Trakt) -> None:
    read = respx_mock.get(OUR_STATS, params={"extended": "full"}).respond(json={"plays": 7})
    write = respx_mock.put(f"{API}/comments/9").respond(json={"id": 9})
    assert trakt.request("GET", "/users/me/stats", query={"extended": "full"}).data == {"plays": 7}
    assert trakt.write_ready_in() == 0.0
    assert trakt.request("PUT", "/comments/9", body={"comment": "Good."}).data == {"id": 9}
    assert trakt.write_ready_in() == pytest.approx(1.1)
    assert body(write) == {"comment": "Good."}
    assert bearers(read) + bearers(write) == ["Bearer access"] * 2


@pytest.mark.usefixtures("any_call")
def test_a_method_is_replayed_with_renewed_tokens_like_any_call(respx_mock: respx.MockRouter, trakt: Trakt) -> None:
    respx_mock.post(TOKEN).respond(json=GRANT)
    route = respx_mock.get(OUR_STATS).mock(side_effect=[httpx.Response(401), httpx.Response(200, json={})])
    assert trakt.request("GET", "/users/me/stats").ok
    assert bearers(route) == ["Bearer access", "Bearer access-2"]


@pytest.mark.usefixtures("any_call")
@pytest.mark.parametrize("status", [400, 404, 405, 409, 412, 413, 422])
def test_a_refusal_that_may_explain_itself_is_given_back(
    respx_mock: respx.MockRouter, trakt: Trakt, status: int
) -> None:
    respx_mock.post(f"{API}/comments").respond(status, json={"errors": {"comment": ["must be five words"]}})
    reply = trakt.request("POST", "/comments", body={})
    assert (reply.status, reply.ok) == (status, False)
    assert reply.data == {"errors": {"comment": ["must be five words"]}}


@pytest.mark.usefixtures("any_call")
def test_a_method_needs_a_sign_in_only_where_it_is_told_to(
    respx_mock: respx.MockRouter, trakt: Trakt, file: TokenFile
) -> None:
    file.remove()
    route = respx_mock.get(OUR_STATS).mock(side_effect=[httpx.Response(200, json={}), httpx.Response(401)])
    with pytest.raises(Unauthorized, match="me is not signed in"):
        trakt.request("GET", "/users/me/stats")
    assert route.call_count == 0
    assert trakt.request("GET", "/users/me/stats", signed=False).ok
    with pytest.raises(Unauthorized, match="me is not signed in"):  # Trakt knows better
        trakt.request("GET", "/users/me/stats", signed=False)
    assert bearers(route) == [None, None]


def test_the_methods_of_the_sign_in_go_to_its_host_and_carry_no_token(
    respx_mock: respx.MockRouter, trakt: Trakt
) -> None:
    route = respx_mock.post("https://auth.trakt.tv/oauth/device/code").respond(json={"user_code": "A"})
    assert trakt.request("POST", "/oauth/device/code", body={"client_id": "our-id"}).data == {"user_code": "A"}
    assert bearers(route) == [None]


@pytest.mark.usefixtures("any_call")
def test_a_private_user_ends_no_sign_in(respx_mock: respx.MockRouter, trakt: Trakt, file: TokenFile) -> None:
    renewal = respx_mock.post(TOKEN).respond(json=GRANT)
    respx_mock.get(f"{API}/users/ann/stats").respond(401, headers={"X-Private-User": "true"})
    with pytest.raises(Rejected, match="private"):
        trakt.request("GET", "/users/ann/stats")
    assert (renewal.call_count, file.refusal()) == (0, None)


# The pace of reads and writes


def test_no_more_reads_are_made_than_trakt_takes(respx_mock: respx.MockRouter, trakt: Trakt, timer: Timer) -> None:
    route = respx_mock.get(f"{API}/users/me/watching").respond(204)
    for _ in range(999):
        trakt.watching()
    timer.at += 100
    trakt.watching()
    timer.at += 50
    with pytest.raises(Unavailable, match="1000 reads in five minutes") as caught:
        trakt.watching()
    assert caught.value.retry_after == pytest.approx(150)
    assert route.call_count == 1000
    timer.at += 150
    trakt.watching()
    assert route.call_count == 1001


def test_a_write_is_no_read(respx_mock: respx.MockRouter, trakt: Trakt, timer: Timer) -> None:
    respx_mock.get(f"{API}/users/me/watching").respond(204)
    respx_mock.post(f"{API}/scrobble/start").respond(201, json={"action": "start"})
    for _ in range(1000):
        trakt.watching()
    assert trakt.scrobble(Action.START, HEAT, Percent(1)).outcome is Outcome.STARTED


def test_writes_keep_their_distance(respx_mock: respx.MockRouter, trakt: Trakt, timer: Timer) -> None:
    respx_mock.post(f"{API}/scrobble/start").respond(201, json={"action": "start"})
    respx_mock.get(f"{API}/users/me/watching").respond(204)
    assert trakt.write_ready_in() == 0.0
    trakt.watching()
    assert trakt.write_ready_in() == 0.0
    trakt.scrobble(Action.START, HEAT, Percent(1))
    assert trakt.write_ready_in() == pytest.approx(1.1)
    timer.at += 1.0
    assert trakt.write_ready_in() == pytest.approx(0.1)
    timer.at += 60.0
    assert trakt.write_ready_in() == 0.0


@pytest.mark.parametrize(("headers", "wait"), [({"Retry-After": "10"}, 10.0), ({}, 5.0), ({"Retry-After": "0"}, 1.1)])
def test_a_write_after_429_waits_as_long_as_trakt_says(
    respx_mock: respx.MockRouter, trakt: Trakt, headers: dict[str, str], wait: float
) -> None:
    respx_mock.post(f"{API}/scrobble/stop").respond(
        429, headers=headers, text="AUTHED_API_POST_LIMIT rate limit exceeded."
    )
    with pytest.raises(Unavailable):
        trakt.scrobble(Action.STOP, HEAT, Percent(90))
    assert trakt.write_ready_in() == pytest.approx(wait)


# The life of the sign-in


def test_a_refused_token_is_renewed_once_and_the_call_made_again(
    respx_mock: respx.MockRouter, trakt: Trakt, file: TokenFile
) -> None:
    def renew(_: httpx.Request) -> httpx.Response:
        assert file.read() == TOKENS
        return httpx.Response(200, json=GRANT)

    def stop(request: httpx.Request) -> httpx.Response:
        if request.headers["authorization"] == "Bearer access":
            return httpx.Response(401)
        assert file.read() == RENEWED  # on disk before it is used
        return httpx.Response(201, json={"action": "scrobble"})

    respx_mock.post(TOKEN).mock(side_effect=renew)
    route = respx_mock.post(f"{API}/scrobble/stop").mock(side_effect=stop)
    assert trakt.scrobble(Action.STOP, HEAT, Percent(90)).outcome is Outcome.WATCHED
    assert bearers(route) == ["Bearer access", "Bearer access-2"]


def test_a_second_refusal_asks_for_a_new_sign_in(respx_mock: respx.MockRouter, trakt: Trakt) -> None:
    renewal = respx_mock.post(TOKEN).respond(json=GRANT)
    route = respx_mock.get(f"{API}/users/settings").respond(401)
    with pytest.raises(Unauthorized, match=r"does not (accept|renew) the sign-in any more"):
        trakt.settings()
    assert (route.call_count, renewal.call_count) == (2, 1)


def test_what_another_process_renewed_is_used(respx_mock: respx.MockRouter, trakt: Trakt, file: TokenFile) -> None:
    def settings(request: httpx.Request) -> httpx.Response:
        if request.headers["authorization"] == "Bearer access":
            file.write(RENEWED)
            return httpx.Response(401)
        return httpx.Response(200, json={})

    route = respx_mock.get(f"{API}/users/settings").mock(side_effect=settings)
    trakt.settings()
    assert bearers(route) == ["Bearer access", "Bearer access-2"]


def test_a_refused_renewal_looks_once_more_for_another_processs(
    respx_mock: respx.MockRouter, trakt: Trakt, file: TokenFile
) -> None:
    def lose(_: httpx.Request) -> httpx.Response:
        file.write(RENEWED)  # by a process that the lock did not hold
        return httpx.Response(400, json={"error": "invalid_grant"})

    respx_mock.post(TOKEN).mock(side_effect=lose)
    route = respx_mock.get(f"{API}/users/settings").mock(
        side_effect=[httpx.Response(401), httpx.Response(200, json={})]
    )
    trakt.settings()
    assert bearers(route) == ["Bearer access", "Bearer access-2"]


@pytest.mark.parametrize("status", [400, 401])
def test_a_refused_renewal_keeps_the_file(
    respx_mock: respx.MockRouter, trakt: Trakt, file: TokenFile, status: int
) -> None:
    file.write(EXPIRED)
    respx_mock.post(TOKEN).respond(status)
    with pytest.raises(Unauthorized, match=r"does not (accept|renew) the sign-in any more"):
        trakt.settings()
    assert file.read() == EXPIRED


FAULTS = [
    httpx.ConnectError("down"),
    httpx.ReadTimeout("slow"),
    httpx.Response(403, html="blocked"),
    httpx.Response(429),
    httpx.Response(500),
    httpx.Response(503),
    httpx.Response(200, html="a hotel"),
]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_renewal_that_fails_for_now_never_touches_the_tokens(
    respx_mock: respx.MockRouter, trakt: Trakt, file: TokenFile, fault: httpx.Response | Exception
) -> None:
    file.write(EXPIRED)
    respx_mock.post(TOKEN).mock(side_effect=[fault])
    with pytest.raises(Unavailable):
        trakt.scrobble(Action.STOP, HEAT, Percent(90))
    assert file.read() == EXPIRED


def test_tokens_are_renewed_before_they_end(respx_mock: respx.MockRouter, trakt: Trakt, file: TokenFile) -> None:
    file.write(STALE)
    respx_mock.post(TOKEN).respond(json=GRANT)
    route = respx_mock.get(f"{API}/users/settings").respond(json={})
    trakt.settings()
    assert bearers(route) == ["Bearer access-2"]
    assert file.read() == RENEWED


def test_tokens_that_still_work_are_used_when_they_cannot_be_renewed(
    respx_mock: respx.MockRouter, trakt: Trakt, file: TokenFile, timer: Timer
) -> None:
    file.write(STALE)
    renewal = respx_mock.post(TOKEN).respond(503)
    route = respx_mock.get(f"{API}/users/settings").respond(json={})
    trakt.settings()
    trakt.settings()
    assert bearers(route) == ["Bearer access"] * 2
    assert renewal.call_count == 1
    timer.at += 601
    trakt.settings()
    assert renewal.call_count == 2


def test_a_clock_that_is_days_ahead_does_not_spend_a_token_for_each_call(
    respx_mock: respx.MockRouter, file: TokenFile, timer: Timer
) -> None:
    renewal = respx_mock.post(TOKEN).respond(json=GRANT)
    respx_mock.get(f"{API}/users/settings").respond(json={})
    trakt = Trakt(App(client_id="our-id"), file, clock=timer, now=lambda: NOW + timedelta(days=30))
    for _ in range(3):
        trakt.settings()
    assert renewal.call_count == 1


def test_a_deleted_app_is_told_from_a_bad_sign_in(respx_mock: respx.MockRouter, trakt: Trakt, file: TokenFile) -> None:
    file.write(EXPIRED)
    respx_mock.post(TOKEN).respond(401, json={"error": "invalid_client"})
    with pytest.raises(Closed, match="app"):
        trakt.settings()


def test_a_sign_out_during_a_renewal_is_not_undone(respx_mock: respx.MockRouter, trakt: Trakt, file: TokenFile) -> None:
    def settings(_: httpx.Request) -> httpx.Response:
        file.remove()
        return httpx.Response(401)

    respx_mock.get(f"{API}/users/settings").mock(side_effect=settings)
    with pytest.raises(Unauthorized, match="not signed in"):
        trakt.settings()
    assert file.read() is None


def test_a_closed_client_can_be_used_again(respx_mock: respx.MockRouter, trakt: Trakt) -> None:
    respx_mock.get(f"{API}/users/me/watching").respond(204)
    trakt.close()
    trakt.watching()
    trakt.close()
    assert trakt.watching() is None


@pytest.mark.parametrize("call", [lambda trakt: trakt.close(), lambda trakt: trakt.write_ready_in()])
def test_what_needs_no_network_makes_no_request(
    respx_mock: respx.MockRouter, trakt: Trakt, call: Callable[[Trakt], object]
) -> None:
    call(trakt)
    assert not respx_mock.calls


def test_httpx_is_loaded_by_the_first_call_only() -> None:
    script = "import sys, scrobbler.trakt.client, scrobbler.trakt.signin; sys.exit('httpx' in sys.modules)"
    package_root = Path(sys.modules["scrobbler"].__path__[0]).parent
    subprocess.run([sys.executable, "-c", script], check=True, cwd=package_root)
