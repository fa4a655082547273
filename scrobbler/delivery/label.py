"""What a watch is called to people: by Trakt's name for it where that is known, else by what the player said."""

import msgspec

from scrobbler.events import Media, MediaKind
from scrobbler.state.entry import Entry
from scrobbler.state.plays import Play
from scrobbler.trakt.wire import Item


def named(item: str | None, media: Media) -> str:
    """``The Office S01E01``; ``item`` is Trakt's, as delivery wrote it."""
    known = _read(item)
    return known.label() if known is not None and _has_name(known) else media.label()


def of_play(play: Play) -> str:
    """What a play is called."""
    return named(play.item, play.media)


def of_entry(entry: Entry) -> str:
    """What an entry says of what: ``stop Heat (1995)``."""
    return f"{entry.scrobble.action.value} {named(entry.item, entry.scrobble.media)}"


def _read(item: str | None) -> Item | None:
    try:
        return msgspec.json.decode(item, type=Item) if item is not None else None
    except ValueError:  # msgspec's errors are ValueErrors; another version of this program wrote it
        return None


def _has_name(item: Item) -> bool:
    """Whether it is more than ids, or the title of an episode alone, which says less than a file's name."""
    if item.kind is MediaKind.MOVIE:
        return bool(item.title)
    return item.show is not None and bool(item.show.title) and item.place is not None
