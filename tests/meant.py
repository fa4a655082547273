"""Films and episodes as players say them, and what is meant: looked for in a catalogue that is full of look-alikes."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from msgspec import Struct

from scrobbler.events import Ids, Media, MediaKind, Show
from scrobbler.trakt.wire import Item

UNSURE = "unsure"
SURE = "sure"


class Said(Struct, frozen=True):
    """What was said; what it is, or None where Trakt has no such thing; and whether that can be known for sure."""

    media: Media
    meant: str | None
    how: str = SURE


def film(title: str | None, year: int | None = None, **ids: Any) -> Media:
    return Media(kind=MediaKind.MOVIE, title=title, year=year, ids=Ids(**ids))


def show(title: str | None, year: int | None = None, **ids: Any) -> Show:
    return Show(title=title, year=year, ids=Ids(**ids))


def episode(of: Show | str | None, season: int | None, number: int | None, **more: Any) -> Media:
    named = show(of) if isinstance(of, str) else of
    return Media(kind=MediaKind.EPISODE, show=named, season=season, episode=number, **more)


def absolute(of: Show | str, number: int) -> Media:
    return episode(of, None, None, number_abs=number)


def aired(of: Show | str, day: str, **more: Any) -> Media:
    return episode(of, None, None, date=date.fromisoformat(day), **more)


def name(item: Item) -> str:
    """An item so that it tells namesakes apart."""
    if item.show is None:
        return f"{item.title} ({item.year})"
    place = "" if item.season is None or item.number is None else f" {item.season}x{item.number}"
    return f"{item.show.title} ({item.show.year}){place}"


EXPANSE = "The Expanse (2015)"
OFFICE_US, OFFICE_UK = "The Office (2005)", "The Office (2001)"
WHO_NEW, WHO_OLD = "Doctor Who (2005)", "Doctor Who (1963)"


def films() -> Iterator[Said]:
    """Films by name."""
    for title, year, meant in (
        ("Heat", 1995, "Heat (1995)"),
        ("HEAT", 1995, "Heat (1995)"),
        ("Heat", 1986, "Heat (1986)"),
        ("Heat", 1996, "Heat (1995)"),
        ("The Heat", 2013, "The Heat (2013)"),
        ("Heat, The", 2013, "The Heat (2013)"),
        ("Dune", 1984, "Dune (1984)"),
        ("Dune", 2021, "Dune (2021)"),
        ("Dune: Part One", 2021, "Dune (2021)"),
        ("Dune Part One", 2021, "Dune (2021)"),
        ("Dune: Part Two", 2024, "Dune: Part Two (2024)"),
        ("Dune - Part 2", 2024, "Dune: Part Two (2024)"),
        ("Dune Part II", 2024, "Dune: Part Two (2024)"),
        ("The Thing", 1982, "The Thing (1982)"),
        ("The Thing", 2011, "The Thing (2011)"),
        ("John Carpenter's The Thing", 1982, "The Thing (1982)"),
        ("Ghostbusters", 1984, "Ghostbusters (1984)"),
        ("Ghost Busters", 1984, "Ghostbusters (1984)"),
        ("Ghostbusters", 2016, "Ghostbusters (2016)"),
        ("SOS Fantômes", 1984, "Ghostbusters (1984)"),
        ("Ghostbusters - Answer the Call", 2016, "Ghostbusters (2016)"),
        ("Suspiria", 1977, "Suspiria (1977)"),
        ("Suspiria", 2018, "Suspiria (2018)"),
        ("Total Recall", 1990, "Total Recall (1990)"),
        ("Total Recall", 2012, "Total Recall (2012)"),
        ("Вспомнить всё", 1990, "Total Recall (1990)"),
        ("Вспомнить все", 1990, "Total Recall (1990)"),
        ("Desafío total", 1990, "Total Recall (1990)"),
        ("Desafio Total", 1990, "Total Recall (1990)"),
        ("RoboCop", 1987, "RoboCop (1987)"),
        ("Robocop", 2014, "RoboCop (2014)"),
        ("The Lion King", 1994, "The Lion King (1994)"),
        ("Le Roi Lion", 2019, "The Lion King (2019)"),
        ("Der König der Löwen", 1994, "The Lion King (1994)"),
        ("Der Koenig der Loewen", 1994, None),
        ("Solaris", 1972, "Solaris (1972)"),
        ("Солярис", 1972, "Solaris (1972)"),
        ("Solaris", 2002, "Solaris (2002)"),
        ("The Godfather", 1972, "The Godfather (1972)"),
        ("Il Padrino", 1972, "The Godfather (1972)"),
        ("The Godfather: Part II", 1974, "The Godfather Part II (1974)"),
        ("The Godfather Part 2", 1974, "The Godfather Part II (1974)"),
        ("The Godfather 2", 1974, "The Godfather Part II (1974)"),
        ("Rocky", 1976, "Rocky (1976)"),
        ("Rocky 2", 1979, "Rocky II (1979)"),
        ("Rocky III", 1982, "Rocky III (1982)"),
        ("Kill Bill Volume 1", 2003, "Kill Bill: Vol. 1 (2003)"),
        ("Kill Bill - Vol. 2", 2004, "Kill Bill: Vol. 2 (2004)"),
        ("Kill Bill Vol 2", 2003, "Kill Bill: Vol. 2 (2004)"),
        ("Mission - Impossible", 1996, "Mission: Impossible (1996)"),
        ("Mission Impossible 2", 2000, "Mission: Impossible II (2000)"),
        ("Borat", 2006, "Borat: Cultural Learnings of America for Make Benefit Glorious Nation of Kazakhstan (2006)"),
        ("Lilo and Stitch", 2002, "Lilo & Stitch (2002)"),
        ("Lilo & Stitch", 2025, "Lilo & Stitch (2025)"),
        ("Das Boot", 1981, "Das Boot (1981)"),
        ("Boot, Das", 1981, "Das Boot (1981)"),
        ("The Boat", 2018, "The Boat (2018)"),
        ("La vita e bella", 1997, "Life Is Beautiful (1997)"),
        ("Män som hatar kvinnor", 2009, "The Girl with the Dragon Tattoo (2009)"),
        ("Girl with the Dragon Tattoo, The", 2011, "The Girl with the Dragon Tattoo (2011)"),
        ("올드보이", 2003, "Oldboy (2003)"),
        ("Oldboy", 2013, "Oldboy (2013)"),
        ("Shichinin no Samurai", 1954, "Seven Samurai (1954)"),
        ("七人の侍", 1954, "Seven Samurai (1954)"),
        ("Kimi no Na wa", 2016, "Your Name. (2016)"),
        ("Your Name", 2016, "Your Name. (2016)"),
        ("1917", 2019, "1917 (2019)"),
        ("2012", 2009, "2012 (2009)"),
        ("Blade Runner 2049", 2017, "Blade Runner 2049 (2017)"),
        ("Blade Runner", 1982, "Blade Runner (1982)"),
        ("2001 A Space Odyssey", 1968, "2001: A Space Odyssey (1968)"),
        ("Limitless", 2011, "Limitless (2011)"),
        ("Westworld", 1973, "Westworld (1973)"),
        ("Hannibal", 2001, "Hannibal (2001)"),
        ("MASH", 1970, "M*A*S*H (1970)"),
        ("Batman", 1989, "Batman (1989)"),
        ("The Batman", 2022, "The Batman (2022)"),
        ("Alien", 1979, "Alien (1979)"),
        ("Aliens", 1986, "Aliens (1986)"),
        ("Schindlers List", 1993, "Schindler's List (1993)"),
        ("Psycho", 1960, "Psycho (1960)"),
        ("Psycho", 1998, "Psycho (1998)"),
        ("Fargo", 1996, "Fargo (1996)"),
        ("Amelie", 2001, "Amélie (2001)"),
        ("Le fabuleux destin d'Amélie Poulain", 2001, "Amélie (2001)"),
        ("Брат", 1997, "Brother (1997)"),
        ("Parasite", 2019, "Parasite (2019)"),
        ("Gisaengchung", 2019, "Parasite (2019)"),
        ("Parásitos", 2019, "Parasite (2019)"),
        ("Seven", 1995, "Se7en (1995)"),
        ("Sen to Chihiro no Kamikakushi", 2001, "Spirited Away (2001)"),
        ("Night of the Living Dead", 1990, "Night of the Living Dead (1990)"),
        ("The Dark Knight", 2008, "The Dark Knight (2008)"),
        ("Inception", None, "Inception (2010)"),
        ("The Dark Knight", None, "The Dark Knight (2008)"),
        ("Heat (1995)", None, "Heat (1995)"),
        ("Matrix", 1999, "The Matrix (1999)"),
        ("A Film That Nobody Made", 1971, None),
        ("", 1995, None),
        ("???", 1995, None),
    ):
        yield Said(film(title, year), meant, SURE if meant else UNSURE)
    for title, year, meant in (
        ("Heat", None, "Heat (1995)"),
        ("Heat", 1990, "Heat (1995)"),
        ("Heat", 2000, "Heat (1995)"),
        ("Dune", None, "Dune (2021)"),
        ("Dune", 1989, "Dune (1984)"),
        ("The Thing", None, "The Thing (2011)"),
        ("Ghostbusters", None, "Ghostbusters (1984)"),
        ("Ghost Busters", None, "Ghostbusters (1984)"),
        ("Suspiria", None, "Suspiria (1977)"),
        ("Psycho", None, "Psycho (1960)"),
        ("Batman", None, "Batman (1989)"),
        ("Oldboy", None, "Oldboy (2003)"),
        ("Total Recall", 1985, "Total Recall (1990)"),
        ("The Lion King", None, "The Lion King (2019)"),
        ("Incepton", 2010, None),
        ("Schindlers Lst", 1993, "Schindler's List (1993)"),
        ("The Gofather", 1972, "The Godfather (1972)"),
        ("Spirited Awya", 2001, "Spirited Away (2001)"),
        ("Blade Runer 2049", 2017, "Blade Runner 2049 (2017)"),
        ("2001", 1968, "2001: A Space Odyssey (1968)"),
        ("Tron", 2010, "TRON: Legacy (2010)"),
    ):
        yield Said(film(title, year), meant, UNSURE)


def films_with_ids() -> Iterator[Said]:
    """Films by ids, right ones and wrong ones."""
    yield Said(film(None, imdb="tt0113277"), "Heat (1995)")
    yield Said(film(None, tmdb=949), "Heat (1995)")
    yield Said(film(None, trakt=12601), "TRON: Legacy (2010)")
    yield Said(film(None, slug="tron-legacy-2010"), "TRON: Legacy (2010)")
    yield Said(film("Heat", 1995, imdb="tt0113277", tmdb=949), "Heat (1995)")
    yield Said(film("Heat", imdb="tt0113277"), "Heat (1995)")
    yield Said(film("Схватка", 1995, imdb="tt0113277"), "Heat (1995)")
    yield Said(film("Жар", 1995, imdb="tt0113277"), "Heat (1995)")  # called so nowhere at Trakt
    yield Said(film("Heat", 1990, imdb="tt0113277"), "Heat (1995)")  # a wrong year, and no film of that one
    yield Said(film("Heat", 1986, imdb="tt0113277"), "Heat (1986)", UNSURE)  # two things were said
    yield Said(film("Heat", 1995, imdb="tt1375666"), "Heat (1995)")  # the id of Inception
    yield Said(film("Heat", 1995, imdb="tt1375666", tmdb=27205), "Heat (1995)")
    yield Said(film("Heat", 1995, imdb="tt0903747"), "Heat (1995)")  # the id of a show
    yield Said(film("Heat", 1995, imdb="tt0114369"), "Heat (1995)")  # the id of a film of the same year
    yield Said(film("Called So Nowhere", 1995, imdb="tt0113277"), "Heat (1995)")  # and nothing else is, of that year
    yield Said(film("Heat", 1995, tvdb=9), "Heat (1995)")
    yield Said(film(None, tvdb=9), None, UNSURE)
    yield Said(film(None, imdb="tt99999999"), None, UNSURE)
    yield Said(film(None, imdb="tt0903747"), None, UNSURE)
    yield Said(film("Dune", imdb="tt1160419"), "Dune (2021)")
    yield Said(film("Dune", tmdb=841), "Dune (1984)")
    yield Said(film("Something Else Entirely", 2003, imdb="tt0113277"), "Heat (1995)", UNSURE)
    yield Said(film("Le Grand Bleu", 1988, tmdb=949), None, UNSURE)
    yield Said(film(None, imdb="tt0113277", tmdb=27205), "Heat (1995)", UNSURE)  # each is of another film


def episodes() -> Iterator[Said]:
    """Episodes by the names of their shows."""
    for of, year, season, number, meant in (
        ("The Expanse", None, 1, 2, EXPANSE),
        ("the expanse", 2015, 2, 13, EXPANSE),
        ("Expanse, The", None, 1, 1, EXPANSE),
        ("Пространство", 2015, 1, 1, EXPANSE),
        ("Dark", None, 1, 3, "Dark (2017)"),
        ("Dark (2017)", None, 2, 8, "Dark (2017)"),
        ("Breaking Bad", None, 5, 14, "Breaking Bad (2008)"),
        ("Breaking.Bad", 2008, 5, 16, "Breaking Bad (2008)"),
        ("Perníkový tatko", 2008, 1, 1, "Breaking Bad (2008)"),
        ("Le Trône de fer", 2011, 1, 10, "Game of Thrones (2011)"),
        ("Game of Thrones", None, 0, 2, "Game of Thrones (2011)"),
        ("The Office (US)", None, 3, 6, OFFICE_US),
        ("The Office", 2005, 3, 6, OFFICE_US),
        ("The Office (2005)", None, 1, 1, OFFICE_US),
        ("The Office (UK)", None, 1, 2, OFFICE_UK),
        ("The Office (GB)", None, 1, 2, OFFICE_UK),
        ("The Office", 2001, 1, 2, OFFICE_UK),
        ("Battlestar Galactica (2003)", None, 1, 1, "Battlestar Galactica (2004)"),
        ("Battlestar Galactica", 2004, 1, 3, "Battlestar Galactica (2004)"),
        ("Battlestar Galactica", 1978, 1, 3, "Battlestar Galactica (1978)"),
        ("Doctor Who (2005)", None, 1, 1, WHO_NEW),
        ("Doctor Who", 1963, 1, 1, WHO_OLD),
        ("Ghosts (US)", None, 1, 1, "Ghosts (2021)"),
        ("Ghosts (UK)", None, 1, 1, "Ghosts (2019)"),
        ("Ghosts", 2019, 1, 2, "Ghosts (2019)"),
        ("Ghosts", 2021, 1, 2, "Ghosts (2021)"),
        ("House of Cards (US)", None, 1, 1, "House of Cards (2013)"),
        ("House of Cards", 1990, 1, 1, "House of Cards (1990)"),
        ("Shameless (US)", None, 1, 1, "Shameless (2011)"),
        ("Shameless (UK)", 2004, 1, 1, "Shameless (2004)"),
        ("Utopia", 2013, 1, 1, "Utopia (2013)"),
        ("Utopia (2020)", None, 1, 1, "Utopia (2020)"),
        ("Skins (US)", None, 1, 1, "Skins (2011)"),
        ("Skins", 2007, 1, 1, "Skins (2007)"),
        ("Charmed", 1998, 1, 1, "Charmed (1998)"),
        ("Charmed (2018)", None, 1, 1, "Charmed (2018)"),
        ("Fargo", None, 1, 1, "Fargo (2014)"),
        ("Westworld", None, 1, 1, "Westworld (2016)"),
        ("Hannibal", 2013, 1, 1, "Hannibal (2013)"),
        ("Limitless", None, 1, 1, "Limitless (2015)"),
        ("MASH", None, 1, 1, "M*A*S*H (1972)"),
        ("24", None, 1, 1, "24 (2001)"),
        ("1923", None, 1, 1, "1923 (2022)"),
        ("1883", 2021, 1, 2, "1883 (2021)"),
        ("9-1-1", None, 1, 1, "9-1-1 (2018)"),
        ("911", 2018, 1, 1, "9-1-1 (2018)"),
        ("La casa de papel", None, 1, 1, "Money Heist (2017)"),
        ("Haus des Geldes", 2017, 1, 2, "Money Heist (2017)"),
        ("Бумажный дом", 2017, 1, 2, "Money Heist (2017)"),
        ("오징어 게임", 2021, 1, 1, "Squid Game (2021)"),
        ("Игра в кальмара", 2021, 1, 1, "Squid Game (2021)"),
        ("Bron", 2011, 1, 1, "The Bridge (2011)"),
        ("The Bridge (US)", None, 1, 1, "The Bridge (2013)"),
        ("The Bridge", 2011, 1, 1, "The Bridge (2011)"),
        ("Shingeki no Kyojin", 2013, 1, 1, "Attack on Titan (2013)"),
        ("進撃の巨人", None, 2, 1, "Attack on Titan (2013)"),
        ("Fullmetal Alchemist", 2003, 1, 1, "Fullmetal Alchemist (2003)"),
        ("Fullmetal Alchemist Brotherhood", None, 1, 1, "Fullmetal Alchemist: Brotherhood (2009)"),
        ("Star Trek - The Next Generation", None, 1, 1, "Star Trek: The Next Generation (1987)"),
        ("Star Trek TNG", 1987, 1, 3, "Star Trek: The Next Generation (1987)"),
        ("Star Trek", 1966, 1, 1, "Star Trek (1966)"),
        ("Agents of S.H.I.E.L.D.", 2013, 1, 1, "Marvel's Agents of S.H.I.E.L.D. (2013)"),
        ("Marvels Agents of SHIELD", 2013, 1, 1, "Marvel's Agents of S.H.I.E.L.D. (2013)"),
        ("Tron Uprising", None, 1, 2, "Tron: Uprising (2012)"),
        ("Severance", 2022, 1, 9, "Severance (2022)"),
        ("One Piece", None, 9, 21, "One Piece (1999)"),
    ):
        yield Said(episode(show(of, year), season, number), f"{meant} {season}x{number}")


def unsure_episodes() -> Iterator[Said]:
    """Episodes that may be of several shows, or of none."""
    for of, year, season, number, meant in (
        ("The Office", None, 1, 2, OFFICE_US),
        ("The Office (AU)", None, 1, 2, None),
        ("Doctor Who", None, 1, 1, WHO_NEW),
        ("Doctor Who", 1985, 1, 1, WHO_OLD),
        ("Battlestar Galactica", None, 1, 1, "Battlestar Galactica (2004)"),
        ("Ghosts", None, 1, 1, "Ghosts (2021)"),
        ("House of Cards", None, 1, 1, "House of Cards (2013)"),
        ("House of Cards", 2008, 1, 1, "House of Cards (2013)"),
        ("Shameless", None, 1, 1, "Shameless (2011)"),
        ("Utopia", None, 1, 1, "Utopia (2013)"),
        ("Skins", None, 1, 2, "Skins (2007)"),
        ("Charmed", None, 1, 1, "Charmed (1998)"),
        ("The Bridge", None, 1, 1, "The Bridge (2011)"),
        ("Breaking Bed", 2008, 1, 1, "Breaking Bad (2008)"),
        ("The Expans", None, 1, 1, EXPANSE),
        ("Full Metal Panic", None, 1, 1, None),
        ("The Expanse", 2020, 1, 1, EXPANSE),
        ("The Late Show", None, 9, 1, None),
    ):
        yield Said(episode(show(of, year), season, number), meant and f"{meant} {season}x{number}", UNSURE)
    yield Said(episode("The Expanse", 9, 1), None, UNSURE)
    yield Said(episode("The Expanse", 1, 11), None, UNSURE)
    yield Said(episode("The Expanse", None, None), None, UNSURE)
    yield Said(episode(show(None), 1, 2), None, UNSURE)
    yield Said(episode(None, 1, 2), None, UNSURE)
    yield Said(episode("The Expanse", 1, 3, title="CQB"), f"{EXPANSE} 1x4", UNSURE)  # by another order
    yield Said(episode("Firefly", 1, 1, title="The Train Job"), "Firefly (2002) 1x2", UNSURE)


def namesakes_told_apart() -> Iterator[Said]:
    """Shows of one name, of which only one has an episode of this title."""
    yield Said(episode("The Office", 1, 2, title="Diversity Day"), f"{OFFICE_US} 1x2")
    yield Said(episode("The Office", 1, 2, title="Work Experience"), f"{OFFICE_UK} 1x2")
    yield Said(episode("Doctor Who", 1, 1, title="Rose"), f"{WHO_NEW} 1x1")
    yield Said(episode("Skins", 1, 1, title="Tony"), "Skins (2007) 1x1", UNSURE)  # both have it
    yield Said(episode("Utopia", 1, 1, title="Episode 1"), "Utopia (2013) 1x1", UNSURE)  # says nothing


def episodes_with_ids() -> Iterator[Said]:
    """Episodes by ids of their own and of their shows, right ones and wrong ones."""
    bad = "Breaking Bad (2008)"
    yield Said(episode(show(None, tvdb=280619), 1, 2), f"{EXPANSE} 1x2")
    yield Said(episode(show(None, tmdb=63639), 1, 2), f"{EXPANSE} 1x2")
    yield Said(episode(show(None, imdb="tt3230854"), 1, 2), f"{EXPANSE} 1x2")
    yield Said(episode(show(None, trakt=77199), 1, 2), f"{EXPANSE} 1x2")
    yield Said(episode(show(None, slug="the-expanse"), 1, 2), f"{EXPANSE} 1x2")
    yield Said(episode(show("The Expanse", 2015, tvdb=280619), 2, 1), f"{EXPANSE} 2x1")
    yield Said(episode(show("The Office", tvdb=78107), 1, 1), f"{OFFICE_UK} 1x1")
    yield Said(episode(show("The Office", tvdb=73244), 1, 1), f"{OFFICE_US} 1x1")
    yield Said(episode(show("Doctor Who", 1963, tvdb=78804), 1, 1), f"{WHO_OLD} 1x1", UNSURE)
    yield Said(episode(None, None, None, ids=Ids(tvdb=349232)), f"{bad} 1x1")
    yield Said(episode(None, None, None, ids=Ids(imdb="tt2301451")), f"{bad} 5x14")
    yield Said(episode(None, 5, 14, ids=Ids(tmdb=62161)), f"{bad} 5x14")
    yield Said(episode("Breaking Bad", 5, 14, ids=Ids(imdb="tt2301451")), f"{bad} 5x14")
    yield Said(episode(show("Breaking Bad", tvdb=81189), 1, 1, ids=Ids(tvdb=349232)), f"{bad} 1x1")
    yield Said(episode(show("Breaking Bad"), 1, 1, ids=Ids(tmdb=1396)), f"{bad} 1x1")  # the show's as the episode's
    yield Said(episode(show("Breaking Bad", tvdb=349232), 1, 1), f"{bad} 1x1")  # the episode's as the show's
    yield Said(episode(show("Breaking Bad", tvdb=334824), 1, 1), f"{bad} 1x1")  # the id of Dark
    yield Said(episode(show("Breaking Bad", 2008, tvdb=334824, tmdb=70523), 1, 1), f"{bad} 1x1")
    yield Said(episode(show("Breaking Bad"), 1, 2, ids=Ids(tvdb=6275363)), f"{bad} 1x2")  # an episode of Dark
    yield Said(episode(show(None, tvdb=999999999), 1, 1, ids=Ids(tvdb=349232)), f"{bad} 1x1", UNSURE)
    yield Said(episode(show(None, trakt=999999999), 1, 1, ids=Ids(tvdb=349232)), f"{bad} 1x1", UNSURE)
    yield Said(episode(show(None, tvdb=999999999), 1, 1), None, UNSURE)
    yield Said(episode(None, 1, 1, ids=Ids(tvdb=999999999)), None, UNSURE)
    yield Said(episode(None, 3, 7, ids=Ids(tvdb=349232)), None, UNSURE)  # the id is of 1x1
    yield Said(episode(show(None, tvdb=280619), 9, 1), None, UNSURE)
    yield Said(episode(show(None, tvdb=280619, tmdb=1396), 1, 1), f"{EXPANSE} 1x1", UNSURE)  # two shows
    yield Said(episode(show("Ломая плохо", 2008, tvdb=81189), 1, 1), f"{bad} 1x1")  # called so nowhere at Trakt
    yield Said(episode(show("Quite Another Show", 1999, tvdb=81189), 1, 1), f"{bad} 1x1", UNSURE)
    yield Said(episode(show("Quite Another Show", None, tvdb=81189), 1, 1), f"{bad} 1x1", UNSURE)
    yield Said(episode(show("Dune", tmdb=438631), 1, 1), None, UNSURE)  # a film's number
    yield Said(episode(show("Fargo", 2014, imdb="tt0116282"), 1, 1), "Fargo (2014) 1x1")  # the film's id


def numbered_otherwise() -> Iterator[Said]:
    """Episodes by numbers that count through all seasons, and by days."""
    titan, hero = "Attack on Titan (2013)", "My Hero Academia (2016)"
    colbert, letterman = "The Late Show with Stephen Colbert (2015)", "The Late Show with David Letterman (1993)"
    yield Said(absolute("One Piece", 5), "One Piece (1999) 1x5")
    yield Said(absolute("One Piece", 164), "One Piece (1999) 9x21")
    yield Said(absolute("One Piece", 100), None, UNSURE)  # Trakt's lists have a gap there
    yield Said(absolute("ワンピース", 1), "One Piece (1999) 1x1")
    yield Said(absolute(show(None, tvdb=81797), 164), "One Piece (1999) 9x21")
    yield Said(absolute("Attack on Titan", 3), f"{titan} 1x3")
    yield Said(absolute("Attack on Titan", 27), f"{titan} 2x2")
    yield Said(absolute("Shingeki no Kyojin", 26), f"{titan} 2x1")
    yield Said(absolute("Attack on Titan", 6), None, UNSURE)
    yield Said(absolute("Attack on Titan", 99), None, UNSURE)
    yield Said(absolute("My Hero Academia", 13), f"{hero} 1x13")  # counted: Trakt has no such numbers for it
    yield Said(absolute("Boku no Hero Academia", 14), f"{hero} 2x1")
    yield Said(absolute("My Hero Academia", 18), None, UNSURE)
    yield Said(absolute("Fullmetal Alchemist", 2), "Fullmetal Alchemist (2003) 1x2")
    yield Said(absolute("Doctor Who", 2), None, UNSURE)
    yield Said(aired("The Late Show with Stephen Colbert", "2024-05-07"), f"{colbert} 9x2")
    yield Said(aired("The Late Show with Stephen Colbert", "2024-10-01"), f"{colbert} 10x1")
    yield Said(aired("The Late Show with Stephen Colbert", "2024-05-10"), f"{colbert} 9x4", UNSURE)
    yield Said(aired("The Late Show with Stephen Colbert", "2023-05-10"), None, UNSURE)
    yield Said(aired("The Late Show", "2024-05-07"), None, UNSURE)
    yield Said(aired("The Late Show with David Letterman", "2015-05-20"), f"{letterman} 22x2")
    week = "Last Week Tonight with John Oliver (2014)"
    yield Said(aired("Last Week Tonight with John Oliver", "2024-02-25"), f"{week} 11x2")
    yield Said(aired("Last Week Tonight with John Oliver", "2024-02-26"), f"{week} 11x2")  # the day after, by UTC
    yield Said(aired("Last Week Tonight with John Oliver", "2024-02-28"), None, UNSURE)
    yield Said(aired(show(None, tvdb=278518), "2024-03-03"), f"{week} 11x3")


def all_of_them() -> list[Said]:
    """Everything that is said here."""
    return [
        *films(),
        *films_with_ids(),
        *episodes(),
        *unsure_episodes(),
        *namesakes_told_apart(),
        *episodes_with_ids(),
        *numbered_otherwise(),
    ]
