"""What the user wrote by hand about media of a kind: which they are, and what to take them for."""

import os
import re
from fnmatch import translate
from functools import lru_cache

from msgspec import Struct

from scrobbler.events import Media, MediaKind, Show
from scrobbler.identify.notation import ById, Subject
from scrobbler.trakt.titles import fold


class Rule(Struct, frozen=True, kw_only=True):
    """One rule of the configuration; what is None does not matter to it.

    ``path`` is a pattern of a path, or of a folder above it, in which ``*`` stands for any signs, ``/`` among them;
    titles and libraries are compared folded.
    """

    where: str
    """File and line, for people."""
    path: str | None = None
    show: str | None = None
    title: str | None = None
    library: str | None = None
    item: ById | None = None
    """A film or a show; None: these are left out."""
    season: int | None = None
    """An episode is of this season, whatever it says."""
    episode_offset: int = 0

    def fits(self, media: Media, read: Media | None) -> bool | None:
        """Whether it is about this; None where that cannot be said before the name was read."""
        if self.path is not None and not (media.path and _pattern(self.path).match(media.path)):
            return False
        if self.library is not None and not _same(self.library, media.library):
            return False
        for wanted, name in ((self.show, _show), (self.title, _title)):
            if wanted is not None and not any(_same(wanted, name(one)) for one in (media, read) if one is not None):
                return None if read is None else False
        return True

    def is_film(self, kind: MediaKind | None) -> bool:
        """Whether it means a film; where its id does not say so, what was read decides."""
        assert self.item is not None  # who asks has looked  # noqa: S101
        if self.item.subject is not None:
            return self.item.subject is Subject.MOVIE
        return self.season is None and not self.episode_offset and kind is not MediaKind.EPISODE

    def show_meant(self) -> Show:
        """The show that it means, by its id."""
        assert self.item is not None  # as above  # noqa: S101
        return Show(ids=self.item.ids)


def _show(media: Media) -> str | None:
    return media.show.title if media.show is not None else None


def _title(media: Media) -> str | None:
    return media.title


def _same(one: str, other: str | None) -> bool:
    return other is not None and fold(one) == fold(other)


@lru_cache(maxsize=256)
def _pattern(path: str) -> re.Pattern[str]:
    whole = os.path.expanduser(path).rstrip("/")  # noqa: PTH111  # Path's raises for a user who is not there
    return re.compile(f"{translate(whole)}|{translate(whole + '/*')}")
