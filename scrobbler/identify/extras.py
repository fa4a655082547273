"""Which files are trailers, samples and other extras, by the names that Plex, Jellyfin and Kodi give them.

Sources: https://support.plex.tv/articles/local-files-for-trailers-and-extras/ and
https://jellyfin.org/docs/general/server/media/movies/#movie-extras
"""

import re
from collections.abc import Sequence
from typing import Final

from scrobbler.trakt.titles import fold

FOLDERS: Final = frozenset(
    fold(name)
    for name in (
        *("trailers", "trailer", "featurettes", "featurette", "behind the scenes", "deleted scenes", "interviews"),
        *("samples", "sample", "extras", "backdrops", "theme-music"),
    )
)
FOLDERS_IN_A_FILM: Final = frozenset(fold(name) for name in ("clips", "other", "scenes", "shorts"))
"""Words that are a shelf's name as well: they count only right below a folder with a year."""

_WHOLE: Final = re.compile(r"(?:trailer|teaser|sample|theme)[ ._-]?\d*|sample[._-].*", re.IGNORECASE)
_ENDING: Final = re.compile(r"[._-](?:trailer|teaser|sample|featurette|behindthescenes)\d*$", re.IGNORECASE)
_SMALL_ENDING: Final = re.compile(r"-(?:clip|deleted|deletedscene|extra|interview|other|scene|short)\d*$")
"""Words that may end a title or name a release group, but not in small letters right after a dash."""
_YEAR: Final = re.compile(r"\((?:19|20)\d\d\)")


def is_extra(folders: Sequence[str], stem: str) -> bool:
    """Whether a file (its name without the suffix, its folders from the root on) is an extra."""
    if _WHOLE.fullmatch(stem) or _ENDING.search(stem) or _SMALL_ENDING.search(stem):
        return True
    if not folders:
        return False
    folder = fold(folders[-1])
    if folder in FOLDERS_IN_A_FILM:
        return any(_YEAR.search(name) for name in folders[-2:-1])
    return folder in FOLDERS and not fold(stem).startswith(folder)  # a show may be called Extras
