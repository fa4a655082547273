"""One account's calls to Trakt: signed, renewed in time, typed, and never faster than Trakt allows."""

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from scrobbler.errors import StateError, Unauthorized, Unavailable, Uncertain
from scrobbler.events import MediaKind, Percent, Seconds
from scrobbler.machine.scrobble import Action
from scrobbler.trakt import replies, signin, wire
from scrobbler.trakt.app import App
from scrobbler.trakt.lookups import Lookups
from scrobbler.trakt.reads import Reads
from scrobbler.trakt.replies import (
    HistoryAdded,
    HistoryEntry,
    HistoryRemoved,
    PlaybackEntry,
    ScrobbleReply,
    Settings,
    Watching,
)
from scrobbler.trakt.statuses import Reply
from scrobbler.trakt.tokens import Refused, TokenFile, Tokens
from scrobbler.trakt.wire import Item

if TYPE_CHECKING:
    from scrobbler.trakt.transport import Transport

WRITE_EVERY: Final = 1.1
"""Seconds. Trakt takes one write a second for each account."""
RENEWAL_RESTS: Final = 600.0
"""Seconds without a further early renewal: a clock that is days ahead must not spend a token for each call."""
PAGE: Final = 250
"""The most rows that Trakt puts on a page."""
EXPLAINED: Final = frozenset({400, 404, 405, 409, 412, 413, 422})
"""Refusals of one request, which may say in their body what was wrong with it."""


class Trakt(Lookups):
    """The calls. Each opens connections and reads the token file only when it is made; threads may share one.

    Every call raises the errors of ``scrobbler.errors`` below ``TraktError``, and ``StateError`` for the token file.
    """

    def __init__(
        self,
        app: App,
        tokens: TokenFile,
        *,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """``clock`` measures waits (seconds, never set back); ``now`` is compared with the tokens' life."""
        self._app = app
        self._file = tokens
        self._clock = clock
        self._now = now
        self._transport: Transport | None = None
        self._opening = Lock()
        self._reads = Reads(clock)
        self._write_at = clock()
        self._renewal_at = clock()

    def write_ready_in(self) -> Seconds:
        """How long to wait before the next write, so that Trakt takes it. The calls themselves never wait."""
        return Seconds(max(0.0, self._write_at - self._clock()))

    def close(self) -> None:
        """Lets the connections go; a further call opens them anew."""
        if self._transport is not None:
            self._transport.close()

    # What is watched

    def scrobble(self, action: Action, item: Item, progress: Percent) -> ScrobbleReply:
        """Says that the item starts, pauses or stops at this share."""
        body = wire.scrobble_body(item, progress)
        reply = self._write("POST", f"/scrobble/{action.value}", body=body, accept={409})
        return replies.read_scrobble(reply, action)

    def add_history(self, item: Item, watched_at: datetime) -> HistoryAdded:
        """Adds a play. Trakt never looks whether it has the same play already."""
        return replies.read_added(self._write("POST", "/sync/history", body=wire.history_body(item, watched_at)))

    def remove_history(self, ids: Sequence[int]) -> HistoryRemoved:
        """Removes plays by their history ids."""
        return replies.read_removed(self._write("POST", "/sync/history/remove", body={"ids": list(ids)}))

    def history(self, kind: MediaKind, start_at: datetime, end_at: datetime) -> tuple[HistoryEntry, ...]:
        """The plays between two instants, latest first."""
        span = {"start_at": wire.stamp(start_at), "end_at": wire.stamp(end_at)}
        plays = (replies.read_play(row) for row in self._rows(f"/sync/history/{kind.value}s", span))
        return tuple(play for play in plays if play is not None)

    def playback(self) -> tuple[PlaybackEntry, ...]:
        """The resume points, the last paused first."""
        entries = (replies.read_playback(row) for row in self._rows("/sync/playback", {}))
        return tuple(entry for entry in entries if entry is not None)

    def delete_playback(self, playback_id: int) -> bool:
        """Removes a resume point; False where it was gone already."""
        return self._write("DELETE", f"/sync/playback/{playback_id}", accept={404}).ok

    def watching(self) -> Watching | None:
        """What the account watches just now, on any device."""
        return replies.read_watching(self._call("GET", "/users/me/watching"))

    def settings(self) -> Settings:
        """Whose account it is."""
        return replies.read_settings(self._call("GET", "/users/settings"))

    # Whatever else Trakt can do

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str | int] | None = None,
        body: Mapping[str, Any] | None = None,
        signed: bool = True,
    ) -> Reply:
        """Any method by its path, which begins with a slash. A reply of ``EXPLAINED`` is returned, not raised.

        Where it need not be ``signed``, it is made without a sign-in too.
        """
        if path.startswith("/oauth/"):  # these have a host of their own, and no token goes there
            return self._opened().send(method, self._app.auth_url + path, query=query, body=body, accept=EXPLAINED)
        make = self._call if method == "GET" else self._write
        return make(method, path, query=query, body=body, accept=EXPLAINED, signed=signed)

    # How a call is made

    def _opened(self) -> "Transport":
        with self._opening:
            if self._transport is None:
                from scrobbler.trakt.transport import Transport  # noqa: PLC0415  (httpx loads with the first call)

                self._transport = Transport(self._app)
            return self._transport

    def _write(self, method: str, path: str, **more: Any) -> Reply:
        wait = WRITE_EVERY
        try:
            return self._call(method, path, **more)
        except Unavailable as error:
            wait = max(wait, error.retry_after or 0.0)
            raise
        finally:
            self._write_at = self._clock() + wait

    def _look(self, path: str, **query: str | int) -> Reply:
        return self._call("GET", path, query=query, signed=False)

    def _rows(self, path: str, query: Mapping[str, str | int]) -> Iterator[object]:
        """All rows of a list that Trakt gives page by page."""
        page, pages = 1, 1
        while page <= pages:
            reply = self._call("GET", path, query={**query, "page": page, "limit": PAGE})
            yield from wire.read_rows(reply.data)
            count = reply.headers.get("x-pagination-page-count", "")
            pages = int(count) if count.isdecimal() else 1
            page += 1

    def _call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str | int] | None = None,
        body: Mapping[str, Any] | None = None,
        accept: Collection[int] = (),
        signed: bool = True,
    ) -> Reply:
        """One request; if Trakt refuses the token, it is renewed and the request is made once more."""
        tokens = self._tokens()
        if tokens is None and signed:
            raise self._signed_out()
        send = partial(self._send, method, path, query=query, body=body, accept=accept)
        if tokens is None:
            try:
                return send()
            except Unauthorized as error:
                raise self._signed_out() from error
        try:
            reply = send(token=tokens.access_token)
        except Unauthorized:
            tokens = self._renewed(tokens)
            try:
                reply = send(token=tokens.access_token)
            except Unauthorized as error:
                raise self._file.refuse(tokens, str(error)) from error
        self._file.accept()
        return reply

    def _send(self, method: str, path: str, **more: Any) -> Reply:
        if method == "GET":
            self._reads.count()
        return self._opened().send(method, self._app.api_url + path, **more)

    def _tokens(self) -> Tokens | None:
        """The tokens to use. Those that end soon are renewed now; if that fails, they still do."""
        try:
            tokens = self._file.read()
        except StateError as error:  # nobody can use a damaged file but by a new sign-in
            raise Unauthorized(str(error)) from error
        if tokens is None or not tokens.stale(self._now()) or self._clock() < self._renewal_at:
            return tokens
        try:
            return self._renewed(tokens)
        except Unavailable:
            if tokens.expired(self._now()):
                raise
            self._renewal_at = self._clock() + RENEWAL_RESTS
            return tokens

    def _renewed(self, used: Tokens) -> Tokens:
        """Tokens newer than these: another process's, or our own in exchange for them, on disk before they are used."""
        with self._file.locked():
            kept = self._file.read()
            if kept is None:
                raise self._signed_out()
            if kept != used:
                return kept
            self._file.check()
            try:
                new = signin.refresh(self._opened(), self._app, used, now=self._now())
            except Uncertain as error:  # about the renewal; what was asked for was not even tried
                raise Unavailable(str(error)) from error
            except Unauthorized as error:
                kept = self._file.read()  # a file system without locks: did another process win?
                if kept is None or kept == used:
                    raise self._file.refuse(used, str(error)) from error
                return kept
            self._file.write(new)
        self._renewal_at = self._clock() + RENEWAL_RESTS
        return new

    def _signed_out(self) -> Refused:
        return Refused(f"{self._file.account} is not signed in", tokens=None)
