"""What the page's forms may say, and the reading of one that was sent."""

from collections.abc import Mapping
from typing import Annotated, Final, Literal
from urllib.parse import parse_qsl

import msgspec
from msgspec import Meta, Struct

from scrobbler.control.people import Name
from scrobbler.control.request import Id
from scrobbler.errors import PayloadError
from scrobbler.web.mender import LeftOut, Meant, Named, Picked, Which

Text = Annotated[str, Meta(max_length=1000)]
For = Literal["1h", "2h", "4h", "on"]


class OnEntry(Struct, frozen=True, kw_only=True):
    """``/retry`` and ``/drop``."""

    entry: Id


class OnPlay(Struct, frozen=True, kw_only=True):
    """``/undo``."""

    play: Id


class Fix(Struct, frozen=True, kw_only=True):
    """``/fix``: an entry or a play, and one of: the ``pick`` of a choice, ``words``, or ``never``."""

    entry: Id | None = None
    play: Id | None = None
    pick: Annotated[str, Meta(max_length=20_000)] = ""
    words: Text = ""
    never: Text = ""
    scope: Literal["", "file", "folder", "show"] = ""

    @property
    def which(self) -> Which:
        """What is to be mended. Raises ``PayloadError``."""
        number = self.entry or self.play
        if number is None or (self.entry is not None and self.play is not None):
            raise PayloadError("it was not said what is to be mended")
        return Which(id=number, is_play=self.play is not None)

    @property
    def meant(self) -> Meant:
        """What it is. Raises ``PayloadError`` where nothing was said."""
        if self.never:
            return LeftOut()
        if self.pick:
            return Picked(pick=self.pick)
        if self.words.strip():
            return Named(words=self.words.strip())
        raise PayloadError("say what it is: an address, an id, or a name such as `The Expanse s01e02`")


class Hide(Struct, frozen=True, kw_only=True):
    """``/incognito``: on for so long, or off; without ``account`` for all."""

    to: Literal["1h", "2h", "4h", "on", "off"]
    account: Text = ""


class Hand(Struct, frozen=True, kw_only=True):
    """``/switch``: a player, or a device of it, is for an account now; without ``account`` for whom it was before."""

    player: Name
    account: Text = ""
    device: Annotated[str, Meta(max_length=100)] = ""
    to: For = "on"


class MapForm(Struct, frozen=True, kw_only=True):
    """``/users``: a server's user counts for an account; without ``account`` for nobody any more."""

    player: Name
    user: Name
    account: Text = ""


Form = OnEntry | OnPlay | Fix | Hide | Hand | MapForm
FORMS: Final[Mapping[str, type[Form]]] = {
    "/retry": OnEntry,
    "/drop": OnEntry,
    "/undo": OnPlay,
    "/fix": Fix,
    "/incognito": Hide,
    "/switch": Hand,
    "/users": MapForm,
}
"""What is sent where."""
MOST_FIELDS: Final = 20


def read(path: str, body: bytes) -> Form:
    """The form that was sent to a path. Raises ``PayloadError``, in words that quote nothing of it."""
    try:
        fields = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS)
        form: Form = msgspec.convert(dict(fields), type=FORMS[path], strict=False)
    except ValueError:  # msgspec's errors are ValueErrors
        raise PayloadError("this form is not understood: load the page again") from None
    return form
