"""One message of Kodi as a log or a sample has it: the notification, with what was asked and known at that time."""

from collections.abc import Sequence

from scrobbler.adapters import Ignored, WebhookRequest
from scrobbler.events import PlayerEvent, SessionKey, seconds
from scrobbler.payload import Table, decoded, length, number, table, text
from scrobbler_kodi.items import media
from scrobbler_kodi.messages import Known, understood


class KodiReader:
    """Understands ``{"connection": {"player"}, "notification", "enrichment": {METHOD: RESULT}, "cached"}``.

    A notification alone will do, too. ``cached`` is ``{"item", "position_s", "duration_s"}``, or null.
    """

    def __init__(self, source: str) -> None:
        self._source = source

    def parse(self, request: WebhookRequest) -> Sequence[PlayerEvent | Ignored]:
        """The event, or why there is none. Raises ``PayloadError`` where there is no JSON object."""
        said = decoded(request, None)
        note = table(said.get("notification")) if "notification" in said else said
        player = text(table(said.get("connection")).get("player"))
        place = SessionKey(source=self._source, player=player or "")
        answers = table(said.get("enrichment"))
        return [understood(place, note, answers, _known(table(said.get("cached")), answers), request.at)]


def _known(cached: Table, answers: Table) -> Known | None:
    item = table(cached.get("item"))
    if not item:
        return None
    return Known(
        item=item,
        media=media({}, item, answers),
        position=seconds(number(cached.get("position_s"))),
        duration=length(seconds(number(cached.get("duration_s")))),
    )
