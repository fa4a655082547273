"""When two titles are the same title, whoever wrote them."""

import re
import unicodedata
from typing import Final

LETTERS: Final = str.maketrans(
    {
        "ł": "l",
        "đ": "d",
        "ð": "d",
        "ø": "o",
        "æ": "ae",
        "œ": "oe",
        "þ": "th",
        "\N{LATIN SMALL LETTER DOTLESS I}": "i",
        "ħ": "h",
        "ŧ": "t",
    }
)
"""Letters that Unicode does not decompose, by what people type instead of them."""

_LEADING_ARTICLE: Final = re.compile(r"^(?:the|an?)(?:\s+(?=\S)|[._](?=\w{2}))")
_TRAILING_ARTICLE: Final = re.compile(r",\s*(?:the|an?)$")


def fold(title: str) -> str:
    """What is left of a title that people, file systems and catalogues agree on.

    Case, accents, punctuation, spaces and an English article at either end do not count; ``&`` is ``and``. So
    ``M*A*S*H`` is ``MASH`` and ``Matrix, The`` is ``The Matrix``. A title of nothing but signs stays as it is.
    """
    text = " ".join(title.casefold().split())
    text = _LEADING_ARTICLE.sub("", _TRAILING_ARTICLE.sub("", text))
    plain = unicodedata.normalize("NFKD", text.translate(LETTERS).replace("&", " and ")).casefold()
    return "".join(sign for sign in plain if sign.isalnum()) or text


def same_title(one: str | None, other: str | None) -> bool:
    """Whether both are known and fold to the same."""
    return one is not None and other is not None and fold(one) == fold(other)


def same_year(one: int | None, other: int | None) -> bool:
    """Whether the years agree, as far as both are known."""
    return one is None or other is None or one == other
