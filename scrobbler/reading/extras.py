"""Which files are trailers, samples and other extras, by the names that Plex, Jellyfin and Kodi give them.

Sources: https://support.plex.tv/articles/local-files-for-trailers-and-extras/ and
https://jellyfin.org/docs/general/server/media/movies/#movie-extras
"""

import re
from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from scrobbler.reading.pattern import regex
from scrobbler.trakt.titles import fold


class Extra(Struct, frozen=True, kw_only=True):
    """Not to be scrobbled, though it may carry a film's name."""

    reason: str


FOLDERS: Final = frozenset(
    fold(name)
    for name in (
        *("trailers", "trailer", "featurettes", "featurette", "behind the scenes", "deleted scenes", "interviews"),
        *("samples", "sample", "extras", "backdrops", "theme-music", "bonus", "bonus features", "special features"),
        *("ncop", "nced", "creditless", "menus", "bonusmaterial", "gag reel", "making of", "bloopers"),
    )
)
FOLDERS_IN_A_FILM: Final = frozenset(fold(name) for name in ("clips", "other", "others", "scenes", "shorts"))
"""Words that are a shelf's name as well: they count only right below a folder with a year."""

_WHOLE: Final = regex(
    r"(?:(?:movie|film)?[ ._-]?(?:trailer|teaser)|sample|theme)[ ._-]?\d*|sample[._-].*|(?:nc)?(?:op|ed)\d+",
    re.IGNORECASE,
)
_ENDING: Final = regex(
    r"[ ._-]\(?(?:official[ ._-])?(?:trailer|teaser)[ ._-]?\d*\)?$|[._-](?:sample|featurette|behindthescenes)\d*$"
    r"|[ ._-]\(?sample\)?$"
    r"|\((?:making[ ._]of|behind the scenes|featurette|deleted scenes?|gag reel|bloopers|interviews?)\)$",
    re.IGNORECASE,
)
_SMALL_ENDING: Final = regex(r"-(?:clip|deleted|deletedscene|extra|interview|other|scene|short)\d*$")
"""Words that may end a title or name a release group, but not in small letters right after a dash."""
_AFTER_YEAR: Final = regex(
    r"[(._ ](?:19|20)\d\d\)?[ ._-]+(?:.*[ ._-])?(?:trailer|teaser|making[ ._-]of|behind[ ._-]the[ ._-]scenes|featurette"
    r"|deleted[ ._-]scenes?|gag[ ._-]reel|bloopers)(?:$|[ ._-])",
    re.IGNORECASE,
)
_OFFICIAL: Final = regex(r"(?:^|[ ._-])(?:official|teaser)[ ._-](?:trailer|teaser)(?:$|[ ._(-])", re.IGNORECASE)
_CREDITLESS: Final = regex(
    r"(?:^|[ ._\]-])(?:nc[ ._-]?(?:op|ed)|creditless[ ._-](?:op|ed|opening|ending)|clean[ ._-](?:opening|ending)|menu)"
    r"(?:[ ._-]?\d+[a-z]?)?(?:v\d)?(?:$|[ ._\[(-])",
    re.IGNORECASE,
)
_SAMPLE: Final = regex(r"[ ._-]sample[ ._-]", re.IGNORECASE)
_NUMBERED: Final = regex(r"s\d+[ ._]?e\d+|\d+x\d\d|\((?:19|20)\d\d\)", re.IGNORECASE)
_YEAR: Final = regex(r"\((?:19|20)\d\d\)")


def is_extra(folders: Sequence[str], stem: str) -> bool:
    """Whether a file (its name without the suffix, its folders from the root on) is an extra."""
    if _WHOLE.fullmatch(stem) or _SMALL_ENDING.search(stem) or _CREDITLESS.search(stem):
        return True
    if (_ENDING.search(stem) and not re.search(r" - [^-]*$", stem)) or re.search(
        r"[._-](?:trailer|teaser|sample|featurette|behindthescenes)\d*$", stem, re.IGNORECASE
    ):
        return True
    if _OFFICIAL.search(stem):
        return True
    if _AFTER_YEAR.search(stem) and not re.search(r"s\d+e\d+", stem, re.IGNORECASE):
        return True
    if _SAMPLE.search(stem) and " " not in stem and re.search(r"\d{3,4}[pi]|x26\d|xvid", stem, re.IGNORECASE):
        return True
    return any(_is_for_extras(folders, index, stem) for index in range(max(len(folders) - 2, 0), len(folders)))


def _is_for_extras(folders: Sequence[str], index: int, stem: str) -> bool:
    folder = fold(folders[index])
    if folder in FOLDERS_IN_A_FILM:
        return index == len(folders) - 1 and any(_YEAR.search(name) for name in folders[index - 1 : index] if index)
    if folder not in FOLDERS or fold(stem).startswith(folder):
        return False  # a show may be called Extras
    return index == len(folders) - 1 or not re.search(r"\d", folders[-1])
