"""In which form an item is named to Trakt: the next one where Trakt does not know it, and again the one that worked."""

from scrobbler.state.entry import Entry
from scrobbler.trakt.wire import Item, forms


class Naming:
    """What one account's Trakt knew. An entry keeps how far it has come; the rest is in memory only."""

    def __init__(self) -> None:
        self._understood: tuple[Item, int] | None = None
        self._exhausted: Item | None = None

    def named(self, entry: Entry, item: Item) -> Item:
        """The item in the form whose turn it is."""
        return forms(item)[self._number(entry, item)]

    def worked(self, entry: Entry, item: Item) -> None:
        """Trakt knew the item by that form: what is said of it next begins with it."""
        self._understood = item, self._number(entry, item)

    def mistaken(self, entry: Entry, item: Item) -> None:
        """Trakt took that form for another item: what is said of it next begins with the form after it."""
        if self.has_another(entry, item):
            self._understood = item, self.tried(entry, item)
        else:
            self._exhausted = item

    def begin_anew(self) -> None:
        """A watch was set aside for it: if it is tried once more, the user wants it so."""
        self._exhausted = self._understood = None

    def exhausted(self, item: Item) -> bool:
        """Whether it was named in every form, and the last one was mistaken. Said once: then it may be tried anew."""
        exhausted = self._exhausted == item
        if exhausted:
            self.begin_anew()
        return exhausted

    def tried(self, entry: Entry, item: Item) -> int:
        """How many forms are behind us, now that Trakt does not know this one either."""
        return self._number(entry, item) + 1

    def has_another(self, entry: Entry, item: Item) -> bool:
        """Whether there is a form left."""
        return self.tried(entry, item) < len(forms(item))

    def _number(self, entry: Entry, item: Item) -> int:
        known = self._understood[1] if self._understood is not None and self._understood[0] == item else 0
        return min(max(entry.form, known), len(forms(item)) - 1)
