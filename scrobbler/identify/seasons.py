"""Where in a show an episode is: by season and number, by a number that counts through all seasons, or by a day.

Only the lists of episodes that Trakt has say so, never arithmetic alone where they number through.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Final

from scrobbler.events import Ids, Media
from scrobbler.identify.facts import Facts
from scrobbler.trakt.catalogue import Entry, Episode, Season
from scrobbler.trakt.titles import fold

MOST_LISTS: Final = 6
"""So many seasons are looked through for one episode."""
ALONE: Final = timedelta(days=3)
"""An episode that no other one is so near to may be meant by the day before or after its own."""
_PLAIN_TITLE: Final = ("episode", "folge", "episodio", "серия", "aflevering", "avsnitt", "afsnit")


class Nowhere(Exception):  # noqa: N818  (an answer, not an error)
    """The show has no such episode, or it is not certain which; the text says why, ``near`` which may be meant."""

    def __init__(self, reason: str, near: Sequence[Episode] = ()) -> None:
        super().__init__(reason)
        self.near = tuple(near)


def locate(media: Media, show: Entry, facts: Facts) -> Episode:
    """The episode of the show that is meant. Raises ``Nowhere``, and the errors of ``Trakt``."""
    if media.season is not None and media.episode is not None:
        return _placed(media, show, facts)
    if media.number_abs is not None:
        return _counted(media.number_abs, show, facts)
    if media.date is not None:
        return _aired(media.date, media.title, show, facts)
    raise Nowhere("it is not known which season and episode this is")


def _placed(media: Media, show: Entry, facts: Facts) -> Episode:
    """By season and number, unless the title or an id says that the numbers are those of another order."""
    assert media.season is not None  # who calls has looked  # noqa: S101
    episodes = facts.season(show, media.season)
    if not episodes:
        raise Nowhere(f"{show.label()} has no season {media.season}")
    there = next((one for one in episodes if one.number == media.episode), None)
    by_id = [one for one in episodes if _has(media.ids, one)]
    by_title = [one for one in episodes if media.title and says(media.title) and same(media.title, one)]
    if there is None:
        raise Nowhere(f"{show.label()} has no S{media.season:02d}E{media.episode:02d}", [*by_id, *by_title][:1])
    if not by_id and not by_title:
        return there
    if there in by_title or (there in by_id and not by_title) or (there in by_id and len(by_title) > 1):
        return there
    if len(by_id) == 1 and by_id == by_title:
        return by_id[0]  # its id and its title say so: the number is of another order
    other = (by_title or by_id)[0]
    reason = f"S{media.season:02d}E{media.episode:02d} of {show.label()} is “{there.title}”, not what it is said to be"
    raise Nowhere(reason, [there, other])


def _counted(number: int, show: Entry, facts: Facts) -> Episode:
    """By the number that Trakt counts through, else by counting through the seasons; specials do not count."""
    table = sorted((one for one in facts.seasons(show) if one.number > 0), key=lambda one: one.number)
    visited: set[int] = set()
    index, rest = _guess(number, table)
    numbered = False
    while 0 <= index < len(table) and index not in visited and len(visited) < MOST_LISTS:
        visited.add(index)
        episodes = facts.season(show, table[index].number)
        known = [one.number_abs for one in episodes if one.number_abs is not None]
        if found := [one for one in episodes if one.number_abs == number]:
            return _only(found, f"{show.label()} has several episodes {number}")
        if not known:
            if numbered:
                break
            found = [one for at, one in enumerate(sorted(episodes, key=lambda one: one.number), start=1) if at == rest]
            if found and all(one.episode_count for one in table[:index]):
                return found[0]
            break
        numbered = True
        index += -1 if number < min(known) else 1
    raise Nowhere(f"{show.label()} has no episode {number} that is counted through all seasons")


def _guess(number: int, table: Sequence[Season]) -> tuple[int, int]:
    """In which season of the table it would be by counting, and which episode of it."""
    rest = number
    for index, season in enumerate(table):
        count = season.episode_count or 0
        if rest <= count:
            return index, rest
        rest -= count
    return len(table) - 1, 0


def _aired(day: date, title: str | None, show: Entry, facts: Facts) -> Episode:
    """By the day on which it was on air where the show is made."""
    listed = [one for number in _around(day, facts.seasons(show)) for one in facts.season(show, number)]
    zone = _zone(show)
    days = [(one.first_aired_at.astimezone(zone).date(), one) for one in listed if one.first_aired_at is not None]
    if on_it := [one for aired, one in days if aired == day]:
        if len(on_it) > 1 and title and (named := [one for one in on_it if same(title, one)]):
            on_it = named
        return _only(on_it, f"{show.label()} had {len(on_it)} episodes on {day}")
    about = [one for aired, one in days if abs(aired - day) <= ALONE]
    beside = [one for aired, one in days if abs(aired - day) <= timedelta(days=1)]
    if len(beside) == 1 and beside == about:
        return beside[0]
    raise Nowhere(f"{show.label()} had no episode on {day}", beside)


def _around(day: date, table: Sequence[Season]) -> Iterator[int]:
    """The seasons that may have been on air on that day, the likeliest first."""
    begun = [one for one in table if one.first_aired_at and one.first_aired_at.date() <= day + timedelta(days=1)]
    latest = sorted(begun, key=lambda one: one.first_aired_at or datetime.min.replace(tzinfo=UTC), reverse=True)
    numbers = [one.number for one in latest if one.number > 0][:2]
    unknown = [one.number for one in table if one.first_aired_at is None and one.number > 0]
    numbers += [one.number for one in table if one.number == day.year] + unknown
    return iter(list(dict.fromkeys(numbers))[:MOST_LISTS])


def _zone(show: Entry) -> tzinfo:
    """Where it is on air; a system without a list of zones knows none."""
    if show.timezone is None:
        return UTC
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # noqa: PLC0415  # 0.3 MiB, for what is named by a day

    try:
        return ZoneInfo(show.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def _only(found: Sequence[Episode], otherwise: str) -> Episode:
    if len(found) > 1:
        raise Nowhere(otherwise, found)
    return found[0]


def same(title: str, episode: Episode) -> bool:
    """Whether an episode is called so."""
    return episode.title is not None and fold(title) == fold(episode.title)


def says(title: str) -> bool:
    """Whether a title is more than "Episode 3"."""
    folded = fold(title)
    return not folded.isdigit() and folded.rstrip("0123456789") not in _PLAIN_TITLE


def _has(ids: Ids, episode: Episode) -> bool:
    return ids.shares(episode.ids)
