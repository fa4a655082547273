"""The item in a message of the official plugin, whose names lie beside each other and not in objects.

A user's template has the same names, but fewer of them, and all values as texts.
"""

import re

from scrobbler_mediabrowser.items import Reason, end_of, ids_of, is_programme, sort_of, title

from scrobbler.events import Ids, Media, MediaKind, Show
from scrobbler.payload import Table, text, whole

_PROVIDER = "provider_"


def described(said: Table) -> Media | Reason:
    """What is said of the item, or why it is of no interest.

    The ids of an episode are its own; those of its series are never sent. Where no type is said, a series, a season
    or a number makes it an episode, and else it may be either.
    """
    sort = sort_of(text(said.get("ItemType")))
    live = sort is Reason.LIVE and is_programme(text(said.get("ItemType")))
    if live:
        sort = None
    if isinstance(sort, Reason):
        return sort
    show = title(said.get("SeriesName"))
    season, first = _numbered(said, "SeasonNumber"), _numbered(said, "EpisodeNumber")
    year, own = whole(said.get("Year")) or None, _year(said.get("PremiereDate"))
    if sort is MediaKind.EPISODE or (sort is None and (show, season, first) != (None, None, None)):
        return Media(
            kind=MediaKind.EPISODE,
            title=title(said.get("Name")),
            year=own,
            show=Show(title=show, year=None if _is_own(said, year, own, season) else year),
            season=season,
            episode=first,
            episode_end=end_of(first, _numbered(said, "EpisodeNumberEnd")),
            ids=_ids(said),
            live=live,
        )
    return Media(kind=sort, title=title(said.get("Name")), year=year, ids=_ids(said), live=live)


def _ids(said: Table) -> Ids:
    return ids_of({name[len(_PROVIDER) :]: said[name] for name in said if name.casefold().startswith(_PROVIDER)})


def _numbered(said: Table, name: str) -> int | None:
    """A number that is also sent with zeros before it, of which a template may have either."""
    numbers = (whole(said.get(name + zeros)) for zeros in ("", "00", "000"))
    return next((number for number in numbers if number is not None), None)


def _year(date: object) -> int | None:
    """The year of a date; .NET writes the year 1 where it has none."""
    found = re.match(r"([12][0-9]{3})-", text(date) or "")
    return int(found[1]) if found else None


def _is_own(said: Table, year: int | None, own: int | None, season: int | None) -> bool:
    """Whether ``Year`` is the episode's, and not the series' as usual: so it is where the series has none."""
    alone = text(said.get("SeriesPremiereDate")) is None
    return alone and year is not None and year == own and season is not None and season > 1
