"""How titles are compared, and how they become addresses."""

import re
import unicodedata


def fold(text: str) -> str:
    """Text as titles are compared: no case, accents, or punctuation."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return " ".join(re.findall(r"\w+", re.sub(r"['\u2019]", "", plain).casefold()))


def slug(text: str) -> str:
    """Text as in Trakt's addresses: ``TRON: Legacy`` is ``tron-legacy``."""
    return "-".join(re.findall(r"[a-z0-9]+", fold(text)))
