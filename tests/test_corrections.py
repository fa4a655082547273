"""What the user said once holds for the next one: as narrow as he meant it, and never further."""

import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from playbook import T0
from queued import kept, opened

from scrobbler.events import Ids, Media, MediaKind, Show
from scrobbler.identify.corrections import (
    Beyond,
    Corrector,
    Said,
    Spot,
    covers,
    shifted,
    spot,
)
from scrobbler.identify.notation import ById, Place, Subject
from scrobbler.identify.remedy import Senseless, remedy
from scrobbler.identify.rules import Rule
from scrobbler.reading.extras import Extra
from scrobbler.state.corrections import (
    Correction,
    Episodes,
    Film,
    Fixed,
    Never,
    OfFile,
    OfFolder,
    OfShow,
    Remembered,
    Same,
    Scope,
    Shifted,
)
from scrobbler.state.snapshot import corrected as corrected_ones
from scrobbler.state.snapshot import look
from scrobbler.trakt.wire import Item

EPISODE = MediaKind.EPISODE
MOVIE = MediaKind.MOVIE
HEAT = Item(kind=MOVIE, title="Heat", year=1995, ids=Ids(trakt=4, imdb="tt0113277"))
OTHER = Show(title="Other Show", year=2011, ids=Ids(trakt=7))
NEVER = Never()


def episode(season: int, number: int, show: Show = OTHER) -> Item:
    return Item(kind=EPISODE, show=show, season=season, number=number)


def file(name: str, folder: str = "/tv/Show/Season 1") -> Media:
    return Media(path=f"{folder}/{name}")


def read(season: int | None, number: int, title: str = "Show", year: int | None = None) -> Media:
    """What the name of a file was read to say."""
    show = Show(title=title, year=year)
    if season is None:
        return Media(kind=EPISODE, show=show, number_abs=number)
    return Media(kind=EPISODE, show=show, season=season, episode=number)


FIFTH = file("Show - S01E05.mkv")


def corrected(*said: Correction | Senseless, rules: tuple[Rule, ...] = ()) -> Corrector:
    good = tuple(one for one in said if isinstance(one, Correction))
    assert len(good) == len(said)
    return Corrector(lambda: good, rules)


def found(said: Said | None) -> tuple[int | None, int | None]:
    """Season and number, where it is an episode of the other show."""
    assert isinstance(said, Media), said
    assert said.show is not None
    assert said.show.title in {None, "Other Show"}
    return said.season, said.episode if said.episode is not None else said.number_abs


# The next one is right by itself


def test_the_next_episode_is_right_by_itself() -> None:
    said = remedy(FIFTH, read(1, 5), episode(2, 18), None)
    correct = corrected(said)
    assert found(correct(FIFTH, read(1, 5))) == (2, 18)
    assert found(correct(file("Show - S01E06.mkv"), read(1, 6))) == (2, 19)
    assert isinstance(said, Correction)
    assert (said.scope, said.key) == (Scope.SHOW, "show show  season 1")
    assert said.label() == "Show, season 1, is Other Show (2011), season 2, episodes + 13"


def test_a_show_with_the_right_numbers_keeps_them_in_all_seasons() -> None:
    correct = corrected(remedy(FIFTH, read(1, 5), episode(1, 5), None))
    assert found(correct(file("Show - S03E02.mkv"), read(3, 2))) == (3, 2)


def test_absolute_numbers_are_counted_on_in_the_season_that_was_named() -> None:
    said = remedy(file("[G] Show - 15.mkv"), read(None, 15), episode(2, 3), None)
    assert found(corrected(said)(file("[G] Show - 16.mkv"), read(None, 16))) == (2, 4)
    assert isinstance(said, Correction)
    assert said.label() == "Show, counted through, is Other Show (2011), season 2, episodes - 12"


def test_a_show_alone_leaves_absolute_numbers_and_dates_to_be_looked_up() -> None:
    correct = corrected(remedy(file("x.mkv"), read(None, 15), Episodes(show=OTHER, numbers=Same()), None))
    assert found(correct(file("y.mkv"), read(None, 1016))) == (None, 1016)
    aired = Media(kind=EPISODE, show=Show(title="Show"), date=date(2026, 3, 4))
    assert correct(file("z.mkv"), aired) == Media(kind=EPISODE, show=OTHER, date=date(2026, 3, 4))
    assert correct(file("z.mkv"), Media(kind=EPISODE, show=Show(title="Show"))) is None


def test_a_season_that_nobody_corrected_is_not_guessed() -> None:
    correct = corrected(remedy(FIFTH, read(1, 5), episode(2, 18), None))
    said = correct(file("Show - S02E01.mkv"), read(2, 1))
    assert said == Beyond(reason="another season of it was corrected, and season 2 was not")
    assert isinstance(correct(file("Show - 30.mkv"), read(None, 30)), Beyond)


def test_another_season_of_the_same_show_stays_what_it_is() -> None:
    reordered = episode(2, 18, Show(title="Show", year=1999, ids=Ids(trakt=7)))
    correct = corrected(remedy(FIFTH, read(1, 5), reordered, None))
    assert correct(file("Show - S02E01.mkv"), read(2, 1)) is None


def test_two_seasons_are_corrected_apart() -> None:
    one = remedy(FIFTH, read(1, 5), episode(2, 18), None)
    two = remedy(file("Show - S02E01.mkv"), read(2, 1), episode(4, 1), None)
    assert isinstance(one, Correction)
    assert isinstance(two, Correction)
    assert one.key != two.key
    correct = corrected(one, two)
    assert found(correct(file("a"), read(1, 6))) == (2, 19)
    assert found(correct(file("b"), read(2, 2))) == (4, 2)


def test_what_would_lie_before_the_first_episode_is_not_said() -> None:
    correct = corrected(remedy(FIFTH, read(1, 5), episode(1, 1), None))
    assert found(correct(file("a"), read(1, 4))) == (1, 0)
    assert isinstance(correct(file("a"), read(1, 3)), Beyond)


def test_a_film_is_a_film() -> None:
    said = remedy(Media(path="/films/h.mkv"), None, HEAT, None)
    assert corrected(said)(Media(path="/films/h.mkv"), None) == HEAT
    assert corrected(said)(Media(path="/films/i.mkv"), None) is None
    assert isinstance(said, Correction)
    assert (said.scope, said.label()) == (Scope.FILE, "/films/h.mkv is Heat (1995)")


def test_a_file_whose_name_says_nothing_is_the_one_episode() -> None:
    said = remedy(file("a.mkv"), None, episode(2, 3), None)
    assert isinstance(said, Correction)
    assert said.scope is Scope.FILE
    assert found(corrected(said)(file("a.mkv"), None)) == (2, 3)
    assert said.label() == "/tv/Show/Season 1/a.mkv is Other Show (2011) S02E03"


def test_each_part_of_a_file_with_two_episodes_is_shifted() -> None:
    double = Media(path="/tv/Show S01E05E06.mkv", kind=EPISODE, season=1, episode=5, episode_end=6)
    correct = corrected(remedy(double, read(1, 5), episode(2, 18), Scope.FILE))
    second = Media(path=double.path, kind=EPISODE, season=1, episode=6)
    assert found(correct(second, read(1, 5))) == (2, 19)


def test_what_is_nobodys_business_is_left_out() -> None:
    said = remedy(FIFTH, read(1, 5), NEVER, Scope.SHOW)
    assert isinstance(corrected(said)(file("x"), read(7, 1)), Extra)
    assert isinstance(said, Correction)
    assert said.label() == "Show is never told to Trakt"


# What it is about


def test_a_folder_holds_for_all_that_lies_below_it() -> None:
    said = remedy(FIFTH, read(1, 5), episode(2, 18), Scope.FOLDER)
    correct = corrected(said)
    assert found(correct(file("x.mkv", "/tv/Show/Season 1/deep"), read(1, 1, "Anything"))) == (2, 14)
    assert correct(file("x.mkv", "/tv/Show/Season 11"), read(1, 1, "Anything")) is None
    assert isinstance(said, Correction)
    assert said.label() == "all in /tv/Show/Season 1, season 1, is Other Show (2011), season 2, episodes + 13"


def test_the_narrower_word_is_heard_first_whatever_came_later() -> None:
    third = Show(title="Third", ids=Ids(trakt=8))
    by_file = remedy(FIFTH, read(1, 5), HEAT, None)
    deep = remedy(FIFTH, read(1, 5), episode(1, 1, third), Scope.FOLDER)
    high = Correction(key="h", about=OfFolder(path="/tv"), meaning=Never())
    by_show = remedy(FIFTH, read(1, 5), episode(2, 18), Scope.SHOW)
    correct = corrected(by_show, high, deep, by_file)
    assert correct(FIFTH, read(1, 5)) == HEAT
    said = correct(file("Show - S01E06.mkv"), read(1, 6))
    assert isinstance(said, Media)
    assert said.show == third
    assert isinstance(correct(file("a", "/tv/Show/Season 2"), read(1, 5)), Extra)
    assert found(correct(file("a", "/other"), read(1, 6))) == (2, 19)


def test_a_rule_stands_between_a_file_and_a_folder() -> None:
    rule = Rule(where="config.toml:3", path="/tv/*", item=ById(ids=Ids(tmdb=5), subject=Subject.SHOW))
    by_file = remedy(FIFTH, read(1, 5), HEAT, None)
    folder = remedy(FIFTH, read(1, 5), episode(2, 18), Scope.FOLDER)
    correct = corrected(by_file, folder, rules=(rule,))
    assert correct(FIFTH, read(1, 5)) == HEAT
    said = correct(file("Show - S01E06.mkv"), read(1, 6))
    assert said == Media(kind=EPISODE, show=Show(ids=Ids(tmdb=5)), season=1, episode=6)


def test_before_the_name_was_read_nothing_wide_is_said_that_something_narrow_may_forestall() -> None:
    by_show = Rule(where="c:1", show="Show", item=ById(ids=Ids(tmdb=5), subject=Subject.SHOW))
    never = Correction(key="n", about=OfFolder(path="/tv"), meaning=Never())
    correct = corrected(never, rules=(by_show,))
    assert correct(FIFTH, None) is None
    assert isinstance(correct(FIFTH, read(1, 5)), Media)
    assert isinstance(correct(FIFTH, read(1, 5, "Other")), Extra)
    assert isinstance(corrected(never)(FIFTH, None), Extra)


def test_a_show_is_known_by_its_title_and_year_or_by_an_id() -> None:
    server = Media(kind=EPISODE, show=Show(title="Show", year=2005, ids=Ids(tvdb=1)), season=1, episode=5)
    correct = corrected(remedy(server, None, episode(2, 18), None))

    def of(show: Show) -> Said | None:
        return correct(Media(kind=EPISODE, show=show, season=1, episode=6), None)

    assert found(of(Show(title="The show!", year=2005))) == (2, 19)
    assert found(of(Show(title="Anything", ids=Ids(tvdb=1)))) == (2, 19)
    assert of(Show(title="Show", year=1990)) is None
    assert of(Show(title="Show", ids=Ids(tvdb=2))) is None


def test_an_item_of_a_server_is_known_by_its_ids_or_its_name() -> None:
    film = Media(kind=MOVIE, title="Heet", year=1995, ids=Ids(imdb="tt1"))
    correct = corrected(remedy(film, None, HEAT, None))
    assert correct(Media(kind=MOVIE, title="heet", year=1995), None) == HEAT
    assert correct(Media(kind=MOVIE, title="X", ids=Ids(imdb="tt1")), None) == HEAT
    assert correct(Media(kind=MOVIE, title="Heet", year=1994, ids=Ids(imdb="tt2")), None) is None


def test_two_episodes_that_carry_their_shows_id_are_two() -> None:
    one = Media(kind=EPISODE, show=Show(title="S"), season=1, episode=1, ids=Ids(tvdb=9))
    two = Media(kind=EPISODE, show=Show(title="S"), season=1, episode=2, ids=Ids(tvdb=9))
    assert corrected(remedy(one, None, NEVER, Scope.FILE))(two, None) is None


def test_one_address_may_play_many_things() -> None:
    one = Media(path="https://tube.example/watch", title="One")
    correct = corrected(remedy(one, None, HEAT, None))
    assert correct(one, None) == HEAT
    assert correct(Media(path="https://tube.example/watch", title="Two"), None) is None
    assert correct(Media(path="https://tube.example/other", title="One"), None) is None


def test_a_correction_says_which_others_it_covers() -> None:
    said = remedy(FIFTH, read(1, 5), episode(2, 18), None)
    assert isinstance(said, Correction)
    assert covers(said, file("a"), read(1, 6))
    assert not covers(said, file("a"), read(2, 6))
    assert not covers(said, file("a"), None)


# What makes no sense


@pytest.mark.parametrize(
    ("media", "reading", "meant", "scope", "why"),
    [
        (FIFTH, read(1, 5), HEAT, Scope.SHOW, "a show is no one film: say which file is this film"),
        (FIFTH, read(1, 5), HEAT, Scope.FOLDER, "a folder is no one film: say which file is this film"),
        (FIFTH, None, episode(1, 1), Scope.FOLDER, "its season and number are not known, so nothing follows for"),
        (Media(title="x"), None, NEVER, Scope.FOLDER, "it is not known in which folder it lies"),
        (Media(path="http://h/x.mkv"), None, NEVER, Scope.FOLDER, "it is not known in which folder it lies"),
        (FIFTH, None, NEVER, Scope.SHOW, "it is not known of which show it is"),
        (FIFTH, None, Episodes(show=OTHER, numbers=Same()), None, "its season and number are not known: name one"),
        (FIFTH, None, Item(kind=EPISODE, ids=Ids(tvdb=1)), None, "it is not known of which show this episode is"),
    ],
)
def test_a_correction_that_makes_no_sense_says_why(
    media: Media, reading: Media | None, meant: Item | Episodes | Never, scope: Scope | None, why: str
) -> None:
    said = remedy(media, reading, meant, scope)
    assert isinstance(said, Senseless)
    assert said.reason.startswith(why)


# Rules


def ruled(rule: Rule, media: Media, reading: Media | None) -> Said | None:
    return Corrector(tuple, (rule,))(media, reading)


SHOW_RULE = Rule(where="c:1", show="show", item=ById(ids=Ids(slug="other"), subject=Subject.SHOW), season=2)


@pytest.mark.parametrize(
    ("rule", "media", "reading", "said"),
    [
        (SHOW_RULE, FIFTH, None, None),
        (SHOW_RULE, FIFTH, read(1, 5), Media(kind=EPISODE, show=Show(ids=Ids(slug="other")), season=2, episode=5)),
        (SHOW_RULE, FIFTH, read(None, 5), Media(kind=EPISODE, show=Show(ids=Ids(slug="other")), season=2, episode=5)),
        (SHOW_RULE, FIFTH, read(1, 5, "Another"), None),
        (
            Rule(where="c:1", path="*/S 1", item=ById(ids=Ids(imdb="tt7")), episode_offset=-3),
            Media(path="/tv/S 1/x.mkv"),
            read(None, 30),
            Media(kind=EPISODE, show=Show(ids=Ids(imdb="tt7")), number_abs=27),
        ),
        (
            Rule(where="c:1", path="*/S 1", item=ById(ids=Ids(imdb="tt7")), episode_offset=-3),
            Media(path="/tv/S 1/x.mkv"),
            read(1, 2),
            Beyond(reason="the rule in c:1 makes it episode -1"),
        ),
        (
            Rule(where="c:1", title="heet", library="Films", item=ById(ids=Ids(imdb="tt7"))),
            Media(kind=MOVIE, title="Heet", library="films"),
            None,
            Media(kind=MOVIE, ids=Ids(imdb="tt7")),
        ),
        (
            Rule(where="c:1", library="Films", item=ById(ids=Ids(imdb="tt7"))),
            Media(kind=MOVIE, title="Heet", library="Kids"),
            None,
            None,
        ),
        (
            Rule(where="c:1", path="/tv/*", item=ById(ids=Ids(tmdb=7), subject=Subject.MOVIE)),
            FIFTH,
            read(1, 5),
            Media(kind=MOVIE, ids=Ids(tmdb=7)),
        ),
        (Rule(where="c:1", path="/tv/*", item=ById(ids=Ids(tmdb=7))), FIFTH, None, None),
        (Rule(where="c:1", path="/tv/*", item=ById(ids=Ids(tmdb=7), subject=Subject.SHOW)), FIFTH, None, None),
        (
            Rule(where="c:1", path="/tv/*", item=ById(ids=Ids(tmdb=7))),
            FIFTH,
            Media(kind=MOVIE, title="x"),
            Media(kind=MOVIE, ids=Ids(tmdb=7)),
        ),
        (
            SHOW_RULE,
            FIFTH,
            Media(kind=EPISODE, show=Show(title="Show"), date=date(2026, 3, 4)),
            Media(kind=EPISODE, show=Show(ids=Ids(slug="other")), date=date(2026, 3, 4)),
        ),
        (
            SHOW_RULE,
            FIFTH,
            Media(kind=EPISODE, show=Show(title="Show")),
            Beyond(
                reason="the rule in c:1 says of which show it is, and its name does not say which episode",
            ),
        ),
        (Rule(where="c:1", path="/tv"), FIFTH, None, Extra(reason="left out by the rule in c:1")),
        (Rule(where="c:1", path="/t"), FIFTH, None, None),
    ],
)
def test_a_rule_says_what_it_is(rule: Rule, media: Media, reading: Media | None, said: Said | None) -> None:
    assert ruled(rule, media, reading) == said


def test_the_first_rule_that_fits_holds() -> None:
    kids = Rule(where="c:1", path="/tv/Show/Season 1")
    rest = Rule(where="c:3", path="/tv/*", item=ById(ids=Ids(tmdb=7), subject=Subject.MOVIE, place=Place(season=1)))
    assert isinstance(Corrector(tuple, (kids, rest))(FIFTH, None), Extra)
    assert isinstance(Corrector(tuple, (rest, kids))(FIFTH, None), Media)


# Properties

NUMBERS = st.integers(min_value=0, max_value=3000)


@given(season=st.none() | NUMBERS, to=NUMBERS, by=st.integers(-3000, 3000), number=NUMBERS)
def test_a_shift_back_undoes_a_shift(season: int | None, to: int, by: int, number: int) -> None:
    there = shifted(Shifted(of_season=season, season=to, by=by), Spot(season=season, number=number))
    assert (there is None) == (number + by < 0)
    if there is not None and season is not None:
        assert shifted(Shifted(of_season=to, season=season, by=-by), there) == Spot(season=season, number=number)


@given(season=st.none() | NUMBERS, number=NUMBERS, to=NUMBERS, other=NUMBERS, scope=st.sampled_from(Scope))
def test_what_was_corrected_is_what_was_meant(
    season: int | None, number: int, to: int, other: int, scope: Scope
) -> None:
    reading = read(season, number)
    assert found(corrected(remedy(FIFTH, reading, episode(to, other), scope))(FIFTH, reading)) == (to, other)


MEDIA = st.builds(
    Media,
    kind=st.none() | st.sampled_from(MediaKind),
    title=st.none() | st.text(max_size=5),
    show=st.none() | st.builds(Show, title=st.none() | st.text(max_size=5)),
    season=st.none() | NUMBERS,
    episode=st.none() | NUMBERS,
    number_abs=st.none() | NUMBERS,
    path=st.none() | st.text(max_size=20),
)
MEANT = st.sampled_from([HEAT, episode(1, 2), NEVER, Episodes(show=OTHER, numbers=Same())])


@given(media=MEDIA, reading=st.none() | MEDIA, meant=MEANT, scope=st.none() | st.sampled_from(Scope), other=MEDIA)
def test_nothing_that_a_player_says_breaks_it(
    media: Media, reading: Media | None, meant: Item | Episodes | Never, scope: Scope | None, other: Media
) -> None:
    said = remedy(media, reading, meant, scope)
    if isinstance(said, Correction):
        assert said.label()
        correct = corrected(said)
        correct(other, None)
        correct(other, reading)
        if scope is Scope.FILE and (media.path or media.ids or any(media.name())):
            assert correct(media, reading) is not None


def test_numbers_of_the_player_come_before_those_that_were_read() -> None:
    assert spot(Media(season=1, episode=6), read(1, 5)) == Spot(season=1, number=6)
    assert spot(Media(number_abs=6), read(1, 5)) == Spot(season=1, number=5)
    assert spot(Media(), None) is None


def test_what_is_remembered_of_each_kind_has_its_words() -> None:
    show = OfShow(show=Show(ids=Ids(tvdb=3)))
    assert Correction(key="", about=show, meaning=Never()).label() == "tvdb 3 is never told to Trakt"
    same = Episodes(show=OTHER, numbers=Same())
    assert Correction(key="", about=show, meaning=same).label() == "tvdb 3 is Other Show (2011), with the same numbers"
    film = Film(title=None, year=None, ids=Ids())
    nameless = Correction(key="", about=OfFile(media=Media(title="X")), meaning=film)
    assert nameless.label() == "X is something without a name"
    fixed = Correction(key="", about=show, meaning=Episodes(show=OTHER, numbers=Fixed(season=1, number=2)))
    assert fixed.label() == "tvdb 3 is Other Show (2011) S01E02"


# What is remembered


def test_what_is_corrected_is_remembered_until_it_is_taken_back(tmp_path: Path) -> None:
    said = remedy(FIFTH, read(1, 5), episode(2, 18), None)
    assert isinstance(said, Correction)
    with opened(tmp_path) as store:
        assert store.changes.corrections() == ()
        row, _ = store.changes.correct(said, (), T0).result(10)
        assert store.changes.corrections() == (said,)
        assert store.changes.corrections() is store.changes.corrections()
    with opened(tmp_path) as store:
        assert store.changes.corrections() == (said,)
        assert corrected_ones(tmp_path) == (Remembered(id=row.id, correction=said, at=T0),)
        assert store.changes.uncorrect((row.id, 99), T0).result(10) == (row,)
        assert store.changes.corrections() == ()
        assert corrected_ones(tmp_path) == ()


def test_a_later_word_about_the_same_takes_the_place_of_the_older(tmp_path: Path) -> None:
    first = remedy(FIFTH, read(1, 5), episode(2, 18), None)
    second = remedy(file("Show - S01E09.mkv"), read(1, 9), episode(3, 9), None)
    other = remedy(FIFTH, read(1, 5), HEAT, None)
    assert isinstance(first, Correction)
    assert isinstance(second, Correction)
    assert isinstance(other, Correction)
    with opened(tmp_path) as store:
        for said in (first, second, other):
            store.changes.correct(said, (), T0).result(10)
        assert store.changes.corrections() == (second, other)


def test_what_was_set_aside_is_tried_again_with_its_correction(tmp_path: Path) -> None:
    kept(tmp_path, Media(path="/films/h.mkv"), aside=True)
    said = remedy(Media(path="/films/h.mkv"), None, HEAT, None)
    assert isinstance(said, Correction)
    with opened(tmp_path) as store:
        _, entries = store.changes.correct(said, (1, 5), T0).result(10)
    assert [entry.id for entry in entries] == [1]
    assert [entry.id for entry in look(tmp_path).waiting] == [1]


def test_a_row_that_makes_no_sense_is_left_out(tmp_path: Path) -> None:
    said = remedy(Media(path="/films/h.mkv"), None, HEAT, None)
    assert isinstance(said, Correction)
    with opened(tmp_path) as store:
        store.changes.correct(said, (), T0).result(10)
    with closing(sqlite3.connect(tmp_path / "state.db")) as db, db:
        db.execute("INSERT INTO corrections (key, said, at) VALUES ('a', '{}', '2026-01-01T00:00:00+00:00')")
        db.execute("INSERT INTO corrections (key, said, at) SELECT 'b', said, 'never' FROM corrections WHERE id = 1")
    with opened(tmp_path) as store:
        assert store.moved is not None
        assert "2 of its rows make no sense" in store.moved
        assert store.changes.corrections() == (said,)
