"""A log of what players said, as JSON lines that can be sent to somebody else and played through again.

One line is ``{"at": ISO time, "source": adapter, "player": name, "payload": …}``: for a server the JSON that it
posted, for a watcher the event that it made. Secrets are left out: of a request only the body is written, and in that
no value of a key that names a secret, and no query of an address.
"""

import logging
import os
import re
from collections.abc import AsyncGenerator, Iterable, Iterator, Sequence
from contextlib import aclosing
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Final

import msgspec
from msgspec import Meta, Struct

from scrobbler.adapters import Ignored, Watcher, Webhook, WebhookRequest
from scrobbler.errors import ConfigError, PayloadError
from scrobbler.events import PlayerEvent
from scrobbler.payload import decoded

log = logging.getLogger(__name__)

Instant = Annotated[datetime, Meta(tz=True)]

LEFT_OUT: Final = "(left out)"
_FIELDS: Final = ("payload", "data")
"""Where Plex and Emby put their JSON."""
_LONGEST: Final = 10_000
_SECRET: Final = re.compile(r"token|secret|passw|api_?key|authori[sz]ation|cookie|signature", re.IGNORECASE)
_QUERY: Final = re.compile(r"(?<=[a-z]://)[^/?#\s@\"']*@|(?:(?<=\?)|(?<=;))[^\s\"'<>#]*=[^\s\"'<>#]*")


class Line(Struct, frozen=True, kw_only=True):
    """One thing that a player said. ``source`` is the adapter's name, ``player`` the one in ``[players.NAME]``."""

    at: Instant
    source: str
    payload: Any
    player: str | None = None


class Recorder:
    """Writes a log, a line as it comes; an existing file is continued.

    Where the disk takes nothing any more, that is said once and the recording ends; what is watched goes on.
    """

    def __init__(self, path: Path) -> None:
        """Raises ``ConfigError`` where the file cannot be written."""
        try:
            handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise ConfigError(f"{path}: cannot be written: {error.strerror}") from None
        self._file: BinaryIO | None = os.fdopen(handle, "ab", buffering=0)
        self._path = path

    def write(self, line: Line) -> None:
        """Add a line."""
        if self._file is None:
            return
        kept = msgspec.structs.replace(line, payload=scrubbed(msgspec.to_builtins(line.payload)))
        try:
            self._file.write(msgspec.json.encode(kept) + b"\n")
        except OSError as error:
            log.error("%s: the recording ends: %s", self._path, error.strerror)  # noqa: TRY400  # the words are enough
            self.close()

    def close(self) -> None:
        """End it."""
        if self._file is not None:
            self._file.close()
            self._file = None


def read(lines: Iterable[bytes], name: str) -> Iterator[tuple[int, Line]]:
    """The lines of a log with their numbers, from 1; empty ones are left out.

    Raises ``ConfigError`` for one that is none, with ``name``, its number and what is wanted.
    """
    for number, text in enumerate(lines, start=1):
        if not text.strip():
            continue
        try:
            yield number, msgspec.json.decode(text.removeprefix(b"\xef\xbb\xbf"), type=Line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            wanted = '{"at": "2026-11-20T20:00:00Z", "source": "plex", "payload": {…}}'
            raise ConfigError(f"{name}, line {number}: {error}; a line looks like {wanted}") from None


def scrubbed(value: Any) -> Any:
    """The same without what may be a secret, and without halves of signs, which can be written nowhere."""
    if isinstance(value, dict):
        return {
            _whole(str(key)): LEFT_OUT if _SECRET.search(str(key)) and one else scrubbed(one)
            for key, one in value.items()
        }
    if isinstance(value, list):
        return [scrubbed(one) for one in value]
    return _QUERY.sub(LEFT_OUT, _whole(value)) if isinstance(value, str) else value


def _whole(text: str) -> str:
    return text.encode(errors="replace").decode()


class RecordedWatcher:
    """A watcher whose events are written down as they come."""

    def __init__(self, watcher: Watcher, recorder: Recorder, source: str, player: str) -> None:
        self._watcher = watcher
        self._recorder = recorder
        self._source = source
        self._player = player

    async def events(self) -> AsyncGenerator[PlayerEvent, None]:
        """The watcher's."""
        async with aclosing(self._watcher.events()) as events:
            async for event in events:
                self._recorder.write(Line(at=event.at, source=self._source, player=self._player, payload=event))
                yield event


class RecordedWebhook:
    """A webhook whose requests are written down before they are understood."""

    def __init__(self, webhook: Webhook, recorder: Recorder, source: str, player: str) -> None:
        self._webhook = webhook
        self._recorder = recorder
        self._source = source
        self._player = player

    def parse(self, request: WebhookRequest) -> Sequence[PlayerEvent | Ignored]:
        """As the webhook does."""
        self._recorder.write(Line(at=request.at, source=self._source, player=self._player, payload=_posted(request)))
        return self._webhook.parse(request)


def _posted(request: WebhookRequest) -> Any:
    """The JSON that was posted, by itself or in a form; else the form; else the text, which nobody will understand."""
    for field in (*_FIELDS, None):
        try:
            return decoded(request, field)
        except PayloadError:
            continue
    return request.body[:_LONGEST].decode(errors="replace")
