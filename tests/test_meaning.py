"""Whether Trakt took what was named for what was meant. ``spec/delivery.md``."""

import pytest

from scrobbler.delivery.meaning import another
from scrobbler.events import Ids, MediaKind, Show
from scrobbler.trakt.wire import Item, forms

HEAT = Item(
    kind=MediaKind.MOVIE, title="Heat", year=1995, ids=Ids(trakt=602, slug="heat-1995", imdb="tt0113277", tmdb=949)
)
EXPANSE = Show(title="The Expanse", year=2015, ids=Ids(trakt=77199, slug="the-expanse", tvdb=280619, tmdb=63639))
PLACE = Item(kind=MediaKind.EPISODE, show=EXPANSE, season=1, number=2)
FOUND = Item(
    kind=MediaKind.EPISODE,
    title="The Big Empty",
    ids=Ids(trakt=1964900, tvdb=5392157, imdb="tt3982238", tmdb=1100290),
    show=EXPANSE,
    season=1,
    number=2,
)
OTHER = Item(
    kind=MediaKind.EPISODE,
    title="Pilot",
    ids=Ids(trakt=1, tvdb=2, imdb="tt1", tmdb=63639),
    show=Show(title="Some Other Show", year=1999, ids=Ids(trakt=3, slug="some-other-show", tvdb=4, tmdb=5)),
    season=4,
    number=7,
)


def movie(title: str | None = "Heat", year: int | None = 1995, **ids: object) -> Item:
    return Item(kind=MediaKind.MOVIE, title=title, year=year, ids=Ids(**ids))  # type: ignore[arg-type]  # names of Ids


def episode(show: str | None = None, place: tuple[int, int] | None = (1, 2), **ids: object) -> Item:
    season, number = place or (None, None)
    return Item(
        kind=MediaKind.EPISODE,
        show=None if show is None else Show(title=show),
        season=season,
        number=number,
        ids=Ids(**ids),  # type: ignore[arg-type]  # names of Ids
    )


def bare(item: Item) -> Item:
    """As a reply that leaves out the show."""
    return Item(kind=item.kind, title=item.title, ids=item.ids, season=item.season, number=item.number)


@pytest.mark.parametrize(
    ("meant", "answered"),
    [
        (HEAT, HEAT),
        (movie(imdb="tt0113277"), HEAT),
        (movie(title=None, year=None, imdb="tt0113277"), HEAT),
        (movie(), HEAT),
        (movie(year=1996), HEAT),
        (movie(title="Alerta roja", imdb="tt0113277"), HEAT),
        (movie(title="Heat", year=1959, imdb="tt0113277"), HEAT),
        (movie(title="Alerta roja", year=2001, imdb="tt0113277", tmdb=949), HEAT),
        (movie(tmdb=1), HEAT),
        (HEAT, None),
        (HEAT, Item(kind=MediaKind.MOVIE)),
        (PLACE, FOUND),
        (PLACE, bare(FOUND)),
        (PLACE, Item(kind=MediaKind.EPISODE)),
        (FOUND, FOUND),
        (episode(tvdb=5392157), FOUND),
        (episode(tvdb=5392157, place=None), bare(FOUND)),
        (episode("Die weite Leere", tvdb=5392157), FOUND),
        (episode("Die weite Leere", (1, 1), tvdb=5392157, imdb="tt3982238"), FOUND),
        (episode("The Expanse", (0, 5), tvdb=5392157), FOUND),
        (episode(None, (0, 5), tvdb=5392157), bare(FOUND)),
    ],
)
def test_what_may_well_be_what_was_meant_is_taken_for_it(meant: Item, answered: Item | None) -> None:
    assert not another(meant, meant, answered)


@pytest.mark.parametrize(
    ("meant", "answered"),
    [
        (HEAT, FOUND),
        (FOUND, HEAT),
        (movie(title="The Fast and the Furious", year=2001, tmdb=949), HEAT),
        (movie(imdb="tt9999999", title="Ronin"), HEAT),
        (movie(imdb="tt9999999", year=2013), HEAT),
        (movie(title="Ronin", year=1998), HEAT),
        (movie(year=2013), HEAT),
        (PLACE, OTHER),
        (PLACE, bare(OTHER)),
        (episode("The Expanse", tmdb=63639), OTHER),
        (Item(kind=MediaKind.EPISODE, title="The Big Empty", season=1, number=2, ids=Ids(tmdb=63639)), bare(OTHER)),
        (episode("The Expanse", (4, 8), tmdb=63639), OTHER),
        (
            episode("Some Show", (1, 1), tvdb=1),
            Item(kind=MediaKind.EPISODE, ids=Ids(tvdb=1), show=OTHER.show, number=1, season=1),
        ),
        (PLACE, Item(kind=MediaKind.EPISODE, show=EXPANSE, season=1, number=3)),
        (episode(place=None, tvdb=1), bare(OTHER)),
    ],
)
def test_what_says_that_it_is_something_else_is_something_else(meant: Item, answered: Item) -> None:
    assert another(meant, meant, answered)


def test_an_id_that_was_not_named_says_nothing_about_what_was_found_by_another() -> None:
    """Trakt did not know the show by its id, so the episode was named by its own."""
    meant = Item(kind=MediaKind.EPISODE, show=Show(ids=Ids(tvdb=999)), season=1, number=2, ids=Ids(tvdb=5392157))
    alone = forms(meant)[1]
    assert alone.show is None
    assert not another(meant, alone, FOUND)
    assert another(meant, meant, FOUND)
