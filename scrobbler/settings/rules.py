"""The rules that the user writes by hand: ``[[rules]]``, each a pattern and what it means."""

from typing import Annotated, Final

from msgspec import Meta, Struct

from scrobbler.errors import ConfigError
from scrobbler.filters import mistake
from scrobbler.identify.notation import ById, Subject, Unclear, parse
from scrobbler.identify.rules import Rule
from scrobbler.settings.toml import Document, Keys

AT: Final[Keys] = ("rules",)
PATTERNS: Final = ("path", "show", "title", "library")

_Text = Annotated[str, Meta(min_length=1, description="a text that is not empty")]


class RuleKeys(Struct, frozen=True, kw_only=True):
    """``[[rules]]``: one rule."""

    path: _Text | None = None
    show: _Text | None = None
    title: _Text | None = None
    library: _Text | None = None
    item: _Text | None = None
    season: Annotated[int, Meta(ge=0, le=9999, description="a season's number")] | None = None
    episode_offset: Annotated[int, Meta(ge=-99_999, le=99_999, description="a whole number, as 13 or -12")] = 0
    ignore: bool = False


def read(document: Document) -> tuple[Rule, ...]:
    """The rules of a file, in their order. Raises ``ConfigError``."""
    found = document.tables(AT, RuleKeys)
    return tuple(_Reader(document, number, keys).rule() for number, keys in enumerate(found))


class _Reader:
    """One rule as it is written, which may be wrong."""

    def __init__(self, document: Document, number: int, keys: RuleKeys) -> None:
        self._document = document
        self._number = number
        self._keys = keys

    def rule(self) -> Rule:
        keys = self._keys
        self._check()
        item = self._item(keys.item) if keys.item is not None else None
        place = item.place if item is not None else None
        return Rule(
            where=f"{self._document.path}:{self._document.line(AT, nth=self._number)}",
            path=keys.path,
            show=keys.show,
            title=keys.title,
            library=keys.library,
            item=item,
            season=keys.season if place is None else place.season,
            episode_offset=keys.episode_offset,
        )

    def _check(self) -> None:
        """What does not go together, whatever the item is."""
        keys = self._keys
        if all(getattr(keys, name) is None for name in PATTERNS):
            raise self._wrong(None, f"a rule needs one of {', '.join(PATTERNS)}: what it is about")
        if keys.path is not None and (words := mistake(keys.path)) is not None:
            raise self._wrong("path", words)
        if keys.ignore and keys.item is not None:
            raise self._wrong("item", "either item or ignore = true, not both")
        if not keys.ignore and keys.item is None:
            raise self._wrong(None, "a rule needs item, or ignore = true")
        if keys.ignore and self._moved is not None:
            raise self._wrong(self._moved, "this goes with item, and not with ignore = true")

    def _item(self, text: str) -> ById:
        keys, meant = self._keys, parse(text)
        if isinstance(meant, Unclear):
            raise self._wrong("item", meant.reason)
        if not isinstance(meant, ById) or meant.subject is Subject.EPISODE:
            raise self._wrong(
                "item", "a rule names a film or a show by its address or id, such as tt0113277 or tmdb:tv:1396"
            )
        if meant.subject is Subject.MOVIE and self._moved is not None:
            raise self._wrong(self._moved, "this goes with a show, and item is a film")
        if meant.place is not None and meant.place.episode is not None:
            raise self._wrong("item", "a rule is of a whole show or season: one file is corrected with `scrobbler fix`")
        if meant.place is not None and keys.season is not None:
            raise self._wrong("season", "there is a season in item already; one of the two is enough")
        return meant

    @property
    def _moved(self) -> str | None:
        """The key, if there is one, that gives other numbers."""
        return "season" if self._keys.season is not None else "episode_offset" if self._keys.episode_offset else None

    def _wrong(self, key: str | None, words: str) -> ConfigError:
        return self._document.wrong(AT if key is None else (*AT, key), words, nth=self._number)
