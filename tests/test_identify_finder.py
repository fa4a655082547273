"""From what a player says to an item of Trakt's: never the first hit, and never one that may not be meant."""

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import Any

import httpx
import meant
import pytest
import respx
from conftest import Clock
from double import Double
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from meant import name
from tables import rows

from scrobbler.errors import Rejected, Unavailable
from scrobbler.events import Ids, Media, MediaKind, Seconds, Show
from scrobbler.identify import memory as memory_module
from scrobbler.identify import score
from scrobbler.identify.corrections import Beyond, Said
from scrobbler.identify.facts import LASTING, SHORT
from scrobbler.identify.finder import Finder
from scrobbler.identify.match import Unmatched
from scrobbler.identify.memory import Known, Memory
from scrobbler.reading.extras import Extra
from scrobbler.sandbox.catalogue import catalogue
from scrobbler.sandbox.spelling import fold
from scrobbler.sandbox.titles import Movie
from scrobbler.sandbox.titles import Show as TvShow
from scrobbler.state.answers import Answer
from scrobbler.state.store import Store
from scrobbler.trakt.app import App
from scrobbler.trakt.client import Trakt
from scrobbler.trakt.tokens import TokenFile, Tokens
from scrobbler.trakt.wire import Item

EPISODE, MOVIE = MediaKind.EPISODE, MediaKind.MOVIE


@pytest.fixture
def trakt(tmp_path: Path, clock: Clock, double: Double) -> Iterator[Trakt]:
    trakt = Trakt(double.app, double.tokens(tmp_path), clock=clock.monotonic, now=clock)
    yield trakt
    trakt.close()


@pytest.fixture
def finder(trakt: Trakt, clock: Clock) -> Finder:
    return Finder(trakt, clock)


def test_nothing_wrong_is_ever_found_among_look_alikes(finder: Finder, clock: Clock) -> None:
    told = meant.all_of_them()
    assert len(told) >= 150
    wrong, lost, right, unsure = [], [], 0, 0
    for said in told:
        clock.advance(20)  # so that Trakt's limit of reads is none
        found = finder.resolve(said.media)
        if isinstance(found, Item):
            if name(found) == said.meant and said.how == meant.SURE:
                right += 1
            else:
                wrong.append(f"{said.media} -> {name(found)}, not {said.meant}")
        elif _has(found, said):
            unsure += 1
        else:
            lost.append(f"{said.media} -> {found}, not {said.meant}")
    sys.stdout.write(f"{len(told)} media: {right} found, {unsure} left to the user, {len(wrong)} wrong\n")
    assert not wrong, "\n".join(wrong)
    assert not lost, "\n".join(lost)


def _has(found: Unmatched, said: meant.Said) -> bool:
    """Whether the user can pick what is meant, where it may be left to him."""
    candidates = [name(one.item) for one in found.candidates]
    return said.how != meant.SURE and (said.meant is None or said.meant in candidates)


# What spec/identification.md says


def test_the_shares_are_those_of_the_table() -> None:
    told = {
        "the same title": score.EXACT,
        "the same but for an English article": score.ARTICLE,
        "an alias or a translation": score.ELSEWHERE,
        "numerals, the word before them, or another article differ": score.LOOSE,
        "one is the other up to a colon or dash": score.SUBTITLE,
        "spelt alike": score.SIMILAR,
        "no year was said": score.NO_YEAR,
        "the year before or after": score.YEAR_BESIDE,
        "Trakt knows no year": score.YEAR_UNKNOWN,
        "another year": score.OTHER_YEAR,
        "Trakt knows no country": score.COUNTRY_UNKNOWN,
        "another country": score.OTHER_COUNTRY,
        "**the bar**": score.BAR,
        "**the distance to the next one**": score.DISTANCE,
    }
    assert rows("identification.md", "what was compared", "share") == [
        (what, f"{share:g}") for what, share in told.items()
    ]


def test_the_lives_are_those_of_the_table() -> None:
    assert rows("identification.md", "what Trakt said", "lasts", "if nothing comes of it") == [
        ("of films and shows", _time(LASTING.titles), _time(SHORT.titles)),
        ("of seasons and their episodes", _time(LASTING.episodes), _time(SHORT.episodes)),
    ]


def _time(life: timedelta) -> str:
    if life.days:
        return "1 day" if life.days == 1 else f"{life.days} days"
    return f"{life.seconds // 3600} hours" if life.seconds >= 3600 else f"{life.seconds // 60} minutes"


# How much it costs


def lookups(double: Double) -> list[str]:
    """What was asked of the catalogue since this was asked last."""
    return double.calls(lookups=True)


def binge(finder: Finder, of: Show, episodes: range) -> list[str]:
    found = [finder.find(Media(kind=EPISODE, show=of, season=1, episode=number)) for number in episodes]
    return [one.label() for one in found if isinstance(one, Item)]


def test_a_binge_of_a_season_is_one_search_and_one_season(finder: Finder, double: Double) -> None:
    double.calls()
    assert len(binge(finder, Show(title="The Expanse"), range(1, 11))) == 10
    assert lookups(double) == ["GET /search/show 200", "GET /shows/77199/seasons/1 200"]


def test_a_binge_by_ids_is_one_look_at_the_show_and_one_season(finder: Finder, double: Double) -> None:
    double.calls()
    assert len(binge(finder, Show(title="The Expanse", ids=Ids(tvdb=280619)), range(1, 11))) == 10
    assert lookups(double) == ["GET /search/tvdb/280619 200", "GET /shows/77199/seasons/1 200"]


@pytest.mark.parametrize("media", [meant.film("Heat", 1995), meant.film(None, imdb="tt0113277")])
def test_a_film_is_one_lookup_however_often_it_is_paused(finder: Finder, double: Double, media: Media) -> None:
    double.calls()
    assert {name(item) for _ in range(5) if isinstance(item := finder.find(media), Item)} == {"Heat (1995)"}
    assert len(lookups(double)) == 1


def test_after_a_restart_nothing_is_asked_again(trakt: Trakt, double: Double, clock: Clock, tmp_path: Path) -> None:
    double.calls()
    for asked in (3, 0):
        with closing(Store(tmp_path, clock())) as store:
            finder = Finder(trakt, clock, memory=Memory(store))
            assert len(binge(finder, Show(title="The Expanse"), range(1, 11))) == 10
            assert isinstance(finder.find(meant.film("Heat", 1995)), Item)
        assert len(lookups(double)) == asked


def test_what_one_account_asked_another_need_not(trakt: Trakt, clock: Clock, double: Double, tmp_path: Path) -> None:
    memory = Memory()
    marta = Trakt(double.app, double.tokens(tmp_path, "marta"), clock=clock.monotonic, now=clock)
    double.calls()
    for account in (trakt, marta):
        assert isinstance(Finder(account, clock, memory=memory).find(meant.film("Heat", 1995)), Item)
    marta.close()
    assert len(lookups(double)) == 1


def test_identical_questions_at_once_are_one(respx_mock: respx.MockRouter, trakt: Trakt, clock: Clock) -> None:
    asked, answer = Event(), Event()

    def slow(_: httpx.Request) -> httpx.Response:
        asked.set()
        assert answer.wait(10)
        return httpx.Response(200, json=[hit("movie", HEAT)])

    route = respx_mock.get(url__regex=".*/search/movie").mock(side_effect=slow)
    memory = Memory()
    with ThreadPoolExecutor(4) as threads:
        first = threads.submit(Finder(trakt, clock, memory=memory).find, meant.film("Heat", 1995))
        assert asked.wait(10)
        others = [threads.submit(Finder(trakt, clock, memory=memory).find, meant.film("Heat", 1995)) for _ in range(3)]
        answer.set()
        assert {name(item) for one in (first, *others) if isinstance(item := one.result(10), Item)} == {"Heat (1995)"}
    assert route.call_count == 1


# What is remembered, and for how long


def hit(kind: str, entry: dict[str, Any]) -> dict[str, Any]:
    return {"type": kind, "score": 1.0, kind: entry}


HEAT = {"title": "Heat", "year": 1995, "ids": {"trakt": 4}}
SHOW = {"title": "Some Show", "year": 2008, "ids": {"trakt": 7}}
PILOT: dict[str, Any] = {"season": 1, "number": 1, "title": "Pilot", "ids": {}, "runtime": 40}
SECOND: dict[str, Any] = PILOT | {"number": 2, "title": "Second"}
SOME = meant.episode("Some Show", 1, 2)


def searched(router: respx.MockRouter, *entries: dict[str, Any], kind: str = "movie") -> respx.Route:
    """From now on a search finds these, and nothing else does."""
    router.get(url__regex=rf".*/search/{kind}/exact").respond(json=[])
    router.get(url__regex=r".*/(aliases|translations)").respond(json=[])
    router.get(url__regex=r".*/(movies|shows)/[a-z-]+(-\d+)?\?").respond(404)
    return router.get(url__regex=rf".*/search/{kind}\?").respond(json=[hit(kind, entry) for entry in entries])


@pytest.fixture
def anywhere(respx_mock: respx.MockRouter, tmp_path: Path, clock: Clock) -> Iterator[Finder]:
    """A finder whose Trakt is what the test says."""
    file = TokenFile(tmp_path, "me")
    file.write(
        Tokens(access_token="a", refresh_token="r", created_at=clock(), expires_at=clock() + timedelta(days=999))
    )
    trakt = Trakt(App(client_id="our-id"), file, now=clock)
    yield Finder(trakt, clock)
    trakt.close()


def test_what_was_found_lasts_and_is_refreshed_after_its_life(
    respx_mock: respx.MockRouter, anywhere: Finder, clock: Clock
) -> None:
    route = searched(respx_mock, HEAT)
    for days, calls in ((0, 1), (29, 1), (2, 2), (1, 2)):
        clock.advance(days * 86400)
        assert isinstance(anywhere.find(meant.film("Heat", 1995)), Item)
        assert route.call_count == calls


def test_what_is_old_serves_while_trakt_cannot_be_reached(
    respx_mock: respx.MockRouter, anywhere: Finder, clock: Clock
) -> None:
    searched(respx_mock, HEAT)
    assert isinstance(anywhere.find(meant.film("Heat", 1995)), Item)
    clock.advance(365 * 86400)
    respx_mock.get(url__regex=r".*/search/movie\?").respond(503)
    assert isinstance(anywhere.find(meant.film("Heat", 1995)), Item)
    respx_mock.get(url__regex=r".*/search/movie\?").mock(side_effect=httpx.ReadError)
    assert isinstance(anywhere.find(meant.film("Heat", 1995)), Item)


def test_what_is_old_serves_while_another_asks_anew(
    respx_mock: respx.MockRouter, anywhere: Finder, clock: Clock
) -> None:
    searched(respx_mock, HEAT)
    anywhere.find(meant.film("Heat", 1995))
    clock.advance(31 * 86400)
    asked, answer = Event(), Event()

    def slow(_: httpx.Request) -> httpx.Response:
        asked.set()
        assert answer.wait(10)
        return httpx.Response(200, json=[hit("movie", HEAT)])

    respx_mock.get(url__regex=r".*/search/movie\?").mock(side_effect=slow)
    with ThreadPoolExecutor(1) as thread:
        first = thread.submit(anywhere.find, meant.film("Heat", 1995))
        assert asked.wait(10)
        assert isinstance(anywhere.find(meant.film("Heat", 1995)), Item)
        answer.set()
        assert isinstance(first.result(10), Item)


def test_what_was_not_found_is_looked_for_again_after_some_hours(
    respx_mock: respx.MockRouter, anywhere: Finder, clock: Clock
) -> None:
    route = searched(respx_mock)
    for _ in range(3):
        assert isinstance(anywhere.find(meant.film("Heat", 1995)), Unmatched)
        clock.advance(3600)
    assert route.call_count == 1
    route = searched(respx_mock, HEAT)
    clock.advance(2 * 3600)
    assert isinstance(anywhere.find(meant.film("Heat", 1995)), Item)


def test_a_lookup_that_fails_is_no_missing_item(respx_mock: respx.MockRouter, anywhere: Finder, clock: Clock) -> None:
    route = searched(respx_mock, HEAT)
    for answer in ({"status_code": 503}, {"status_code": 429}, {"status_code": 200, "content": b""}):
        route.respond(**answer)
        with pytest.raises(Unavailable):
            anywhere.find(meant.film("Heat", 1995))
    searched(respx_mock, HEAT)
    assert isinstance(anywhere.find(meant.film("Heat", 1995)), Item)


def test_nothing_is_called_unknown_by_an_old_answer_while_trakt_cannot_be_reached(
    respx_mock: respx.MockRouter, anywhere: Finder, clock: Clock
) -> None:
    searched(respx_mock)
    assert isinstance(anywhere.find(meant.film("Heat", 1995)), Unmatched)
    clock.advance(5 * 3600)
    respx_mock.get(url__regex=r".*/search/movie\?").respond(503)
    with pytest.raises(Unavailable):
        anywhere.find(meant.film("Heat", 1995))


def test_an_episode_that_is_missing_is_looked_for_in_a_fresh_list(
    respx_mock: respx.MockRouter, anywhere: Finder, clock: Clock
) -> None:
    searched(respx_mock, SHOW, kind="show")
    route = respx_mock.get(url__regex=".*/shows/7/seasons/1").respond(json=[PILOT])
    found = anywhere.find(SOME)
    assert isinstance(found, Unmatched)
    assert found.reason == "Some Show (2008) has no S01E02"
    clock.advance(60)
    assert isinstance(anywhere.find(SOME), Unmatched)
    assert route.call_count == 1  # a list that is a minute old is fresh
    respx_mock.get(url__regex=".*/shows/7/seasons/1").respond(json=[PILOT, SECOND])
    clock.advance(900)
    item = anywhere.find(SOME)
    assert isinstance(item, Item)
    assert item.runtime == 2400.0


def test_a_season_that_is_missing_is_said(respx_mock: respx.MockRouter, anywhere: Finder) -> None:
    searched(respx_mock, SHOW, kind="show")
    respx_mock.get(url__regex=".*/shows/7/seasons/9").respond(404)
    found = anywhere.find(meant.episode("Some Show", 9, 1))
    assert found == Unmatched(reason="Some Show (2008) has no season 9")


def test_a_refusal_of_a_lookup_that_is_no_404_is_one(respx_mock: respx.MockRouter, anywhere: Finder) -> None:
    respx_mock.get(url__regex=".*/shows/7/seasons/1").respond(400)
    respx_mock.get(url__regex=r".*/movies/heat-1995\?").respond(400)
    searched(respx_mock, SHOW, kind="show")
    searched(respx_mock)
    for media in (SOME, meant.film("Heat", 1995)):
        with pytest.raises(Rejected):
            anywhere.find(media)


def test_what_search_misses_is_found_at_the_address_that_trakt_gives_it(
    respx_mock: respx.MockRouter, anywhere: Finder
) -> None:
    respx_mock.get(url__regex=r".*/movies/heat-1995\?").respond(json=HEAT)
    searched(respx_mock)
    assert isinstance(anywhere.find(meant.film("Heat", 1995)), Item)
    assert isinstance(anywhere.find(meant.film("Heat")), Unmatched)


def test_what_has_no_id_is_no_item(respx_mock: respx.MockRouter, anywhere: Finder) -> None:
    searched(respx_mock, HEAT | {"ids": {}})
    assert anywhere.find(meant.film("Heat", 1995)) == Unmatched(reason="Trakt knows none that is surely Heat (1995)")


def test_answers_that_make_no_sense_any_more_are_asked_for_again(
    respx_mock: respx.MockRouter, anywhere: Finder, clock: Clock, tmp_path: Path
) -> None:
    searched(respx_mock, HEAT)
    with closing(Store(tmp_path, clock())) as store:
        store.remember("movie text Heat", Answer(at=clock(), text='{"another": "version"}'))
        found = Finder(anywhere._trakt, clock, memory=Memory(store)).find(meant.film("Heat", 1995))
    assert isinstance(found, Item)


def test_only_so_many_answers_are_in_memory(clock: Clock) -> None:
    memory = Memory()
    for number in range(memory_module.MOST + 5):
        memory.remember(str(number), Known(at=clock(), value=number))
        assert memory.recall("0", int) is not None  # what is used stays
    assert memory.recall("1", int) is None


def test_names_are_read_once_while_something_plays(trakt: Trakt, clock: Clock) -> None:
    finder = Finder(trakt, clock)
    films = [Media(path=f"/films/Heat (1995) {number}.mkv") for number in range(70)]
    for media in films:
        finder.find(media)
    assert len(finder._read) == 64
    clock.advance(3600)
    finder.find(films[-1])
    assert len(finder._read) == 64


# What the user said comes first


def corrected(trakt: Trakt, clock: Clock, *, first: Said | None = None, then: Said | None = None) -> Finder:
    """A finder that is told this of everything, before it was read and after."""
    return Finder(trakt, clock, correct=lambda _, read: first if read is None else then)


UNREADABLE = Media(path="https://video.example/watch")


def test_what_the_user_said_is_what_it_is(trakt: Trakt, clock: Clock) -> None:
    item = Item(kind=MOVIE, title="Anything", ids=Ids(trakt=1))
    assert corrected(trakt, clock, first=item).find(UNREADABLE) == item
    assert corrected(trakt, clock, then=item).find(UNREADABLE) == item


def test_what_the_user_said_may_have_to_be_looked_up(trakt: Trakt, clock: Clock) -> None:
    media = meant.episode(meant.show(None, tvdb=280619), 1, 2)
    found = corrected(trakt, clock, first=media).find(UNREADABLE)
    assert isinstance(found, Item)
    assert name(found) == f"{meant.EXPANSE} 1x2"


def test_the_user_may_leave_something_out_or_have_spoken_of_another_season(trakt: Trakt, clock: Clock) -> None:
    extra, beyond = Extra(reason="left out"), Beyond(reason="of another season")
    assert corrected(trakt, clock, first=extra).find(UNREADABLE) == extra
    assert corrected(trakt, clock, then=beyond).find(UNREADABLE) == Unmatched(reason="of another season")


def test_what_cannot_be_read_keeps_its_reason(finder: Finder, double: Double) -> None:
    double.calls()
    found = finder.find(UNREADABLE)
    assert isinstance(found, Unmatched)
    assert found.reason == "there is no file name to go by"
    assert isinstance(finder.find(Media(path="/m/Heat (1995)/Heat (1995)-trailer.mkv")), Extra)
    assert lookups(double) == []


def test_a_file_becomes_an_item(finder: Finder) -> None:
    for path, what in (
        ("/films/Heat (1995)/Heat (1995).mkv", "Heat (1995)"),
        ("/films/Film (1995) {imdb-tt0113277}.mkv", "Heat (1995)"),
        ("/dl/The.Expanse.S01E02.1080p.WEB.mkv", f"{meant.EXPANSE} 1x2"),
        ("/tv/The Office (US)/Season 03/The Office (US) - S03E06.mkv", f"{meant.OFFICE_US} 3x6"),
    ):
        item = finder.find(Media(path=path))
        assert isinstance(item, Item), (path, item)
        assert name(item) == what


def test_each_part_of_a_file_with_several_episodes_is_its_own_item(finder: Finder) -> None:
    for number in (1, 2):
        media = Media(path="/shows/Dark/Season 01/Dark S01E01-E02.mkv", kind=EPISODE, season=1, episode=number)
        item = finder.find(media)
        assert isinstance(item, Item), item
        assert name(item) == f"Dark (2017) 1x{number}"


# What tells namesakes apart


def test_a_film_of_several_by_that_name_is_known_by_its_length_if_no_other_can_be_meant(finder: Finder) -> None:
    for minutes, what in ((170, "Heat (1995)"), (101, None), (135, None), (60, None)):
        found = finder.find(meant.film("Heat"), Seconds(minutes * 60.0))
        assert (name(found) if isinstance(found, Item) else None) == what
    # The Heat lasts 117 minutes, and the two of Dune 137 and 155: that may be another cut.
    assert isinstance(finder.find(meant.film("Dune"), Seconds(155 * 60.0)), Unmatched)


@pytest.mark.parametrize(
    ("minutes", "what"), [(125, "Spirited Away (2001)"), (112, "Spirited Away (2001)"), (90, None), (None, None)]
)
def test_a_file_called_by_a_title_alone_is_that_film_only_if_it_is_as_long(
    minutes: int | None, what: str | None, finder: Finder
) -> None:
    """It may as well be somebody's holiday; and for what it may be, the user is asked."""
    found = finder.find(Media(path="/home/lena/Videos/Spirited Away.mp4"), Seconds(minutes * 60.0) if minutes else None)
    if isinstance(found, Unmatched):
        assert "a title alone does not tell" in found.reason
        assert [name(one.item) for one in found.candidates] == ["Spirited Away (2001)"]
    assert (name(found) if isinstance(found, Item) else None) == what


def test_numbers_of_another_order_are_told_by_title_and_id_together(
    respx_mock: respx.MockRouter, anywhere: Finder
) -> None:
    searched(respx_mock, SHOW, kind="show")
    second = SECOND | {"ids": {"tvdb": 22}}
    respx_mock.get(url__regex=".*/shows/7/seasons/1").respond(json=[PILOT, second])
    respx_mock.get(url__regex=".*/search/tvdb/22").respond(json=[])
    for said, number in (
        ({"title": "Second", "ids": Ids(tvdb=22)}, 2),
        ({"title": "Pilot", "ids": Ids(tvdb=22)}, 1),
        ({"title": "Second"}, None),
        ({"ids": Ids(tvdb=22)}, None),
        ({"title": "Episode 1"}, 1),
        ({}, 1),
    ):
        found = anywhere.find(meant.episode("Some Show", 1, 1, **said))
        assert (found.number if isinstance(found, Item) else None) == number, said


def test_two_episodes_of_one_day_are_told_apart_by_title(respx_mock: respx.MockRouter, anywhere: Finder) -> None:
    searched(respx_mock, SHOW | {"airs": {"timezone": "Nowhere/At_All"}}, kind="show")
    day = {"first_aired": "2024-05-06T12:00:00.000Z"}
    respx_mock.get(url__regex=r".*/shows/7/seasons\?").respond(json=[{"number": 1}, {"number": 0} | day])
    respx_mock.get(url__regex=".*/shows/7/seasons/1").respond(json=[PILOT | day, SECOND | day])
    assert isinstance(anywhere.find(meant.aired("Some Show", "2024-05-06")), Unmatched)
    found = anywhere.find(meant.aired("Some Show", "2024-05-06", title="Second"))
    assert isinstance(found, Item)
    assert found.number == 2


def test_a_year_or_a_country_that_trakt_does_not_know_is_not_sure(
    respx_mock: respx.MockRouter, anywhere: Finder
) -> None:
    searched(respx_mock, HEAT | {"year": None})
    found = anywhere.find(meant.film("Heat", 1995))
    assert isinstance(found, Unmatched)
    assert [one.why for one in found.candidates] == ["Trakt knows no year of it"]
    found = anywhere.find(meant.film("Heat (US)"))
    assert isinstance(found, Unmatched)
    assert [one.why for one in found.candidates] == ["no year was said, Trakt knows no country of it"]


def test_the_item_carries_trakts_ids_and_its_length(finder: Finder) -> None:
    item = finder.find(meant.episode(meant.show("Breaking Bad", tvdb=81189), 1, 1))
    assert isinstance(item, Item)
    assert item.show is not None
    assert (item.show.ids.trakt, item.ids.trakt, item.runtime) == (1388, 73482, 2700.0)


def test_the_user_may_pick_from_all_that_may_be_meant(finder: Finder) -> None:
    candidates = [name(one.item) for one in finder.search(meant.film("Heat"))]
    assert {"Heat (1995)", "Heat (1986)", "The Heat (2013)"} <= set(candidates)
    assert name(finder.search(meant.film("Heat", 1995))[0].item) == "Heat (1995)"
    both = finder.search(Media(title="Fargo", live=True))
    assert {one.item.kind for one in both} == {MOVIE, EPISODE}
    assert all(0 <= one.score <= 1 and one.why for one in both)


# Whatever the name


def titles(entry: Movie | TvShow) -> list[str]:
    elsewhere = [*(one.title for one in entry.aliases), *(one.title for one in entry.translations)]
    return [title for title in (entry.title, entry.original_title, *elsewhere) if title]


ENTRIES: list[Movie | TvShow] = [*catalogue().movies, *catalogue().shows]
MANGLED: list[Callable[[str, int], str]] = [
    lambda title, _: title,
    lambda title, _: title.upper(),
    lambda title, _: title.replace(" ", "."),
    lambda title, at: title[: at % len(title)] + title[at % len(title) + 1 :],
    lambda title, at: title[: at % len(title)] + "x" + title[at % len(title) :],
    lambda title, at: title.split(": ")[0] if at % 2 else title.split()[-1],
    lambda title, at: f"{title} {'II' if at % 2 else at % 9}",
    lambda title, at: f"{('The', 'A', 'Der', 'Le')[at % 4]} {title}",
    lambda title, at: f"{title} ({('US', 'GB', 'UK', 'FR')[at % 4]})",
    lambda title, _: title.replace("&", "and"),
    lambda title, at: f"{title}: {('Part One', 'The Beginning')[at % 2]}",
]
ARTICLES = {"the", "a", "an", "der", "die", "das", "le", "la", "les", "el", "los", "las", "il", "gli"}
NUMBERS = {"i": "1", "ii": "2", "iii": "3", "one": "1", "two": "2"}
COUNTED = {"part", "vol", "volume", "chapter"}


def plain(title: str) -> set[str]:
    """A title as this test alone compares it, with its articles and without: more generous than the program."""
    words = [NUMBERS.get(word, word) for word in fold(title.replace("&", " and ")).split() if word not in COUNTED]
    bare = list(words)
    while len(bare) > 1 and bare[0] in ARTICLES:
        bare = bare[1:]
    while len(bare) > 1 and bare[-1] in ARTICLES:
        bare = bare[:-1]
    return {"".join(words), "".join(bare)}


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    one=st.sampled_from(ENTRIES),
    other=st.sampled_from(ENTRIES),
    which=st.integers(0, 9),
    how=st.lists(st.sampled_from(MANGLED), max_size=2),
    at=st.integers(0, 40),
    off=st.sampled_from([None, None, 0, 0, 0, 1, -1, 2, 5, -5, 100]),
)
def test_no_mangled_title_leads_to_what_was_not_asked_for(
    finder: Finder,
    clock: Clock,
    one: Movie | TvShow,
    other: Movie | TvShow,
    which: int,
    how: list[Callable[[str, int], str]],
    at: int,
    off: int | None,
) -> None:
    clock.advance(30)
    title = titles(one)[which % len(titles(one))]
    for mangle in how:
        title = mangle(title, at) or title
    year = None if off is None else other.year if off == 100 else one.year + off
    if isinstance(one, Movie):
        media = Media(kind=MOVIE, title=title, year=year)
    else:
        media = Media(kind=EPISODE, show=Show(title=title, year=year), season=1, episode=1)
    found = finder.resolve(media)
    if isinstance(found, Unmatched):
        return
    entry = next(each for each in ENTRIES if isinstance(each, type(one)) and _is(found, each))
    said, country = _country(title)
    assert year is None or abs(entry.year - year) <= 1
    known = set[str]().union(*map(plain, titles(entry)))
    assert (plain(said) | plain(title)) & known, (title, entry.title)
    assert country is None or entry.country == country or plain(title) & known
    if year is None and country is None:
        namesakes = [each for each in ENTRIES if isinstance(each, type(one)) and plain(each.title) & plain(title)]
        assert len(namesakes) <= 1


def _is(item: Item, entry: Movie | TvShow) -> bool:
    return (item.show.ids if item.show is not None else item.ids).trakt == entry.ids.trakt


def _country(title: str) -> tuple[str, str | None]:
    for sign, country in (("US", "us"), ("GB", "gb"), ("UK", "gb"), ("FR", "fr")):
        if f"({sign})" in title:
            return title.replace(f"({sign})", " "), country
    return title, None
