"""Makes one call to Trakt for a person or a script, waits where Trakt asks for it, and prints the answer as JSON."""

import json
import math
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Final

import click

from scrobbler.cli import now
from scrobbler.cli.asked import Asked
from scrobbler.errors import Closed, Rejected, ScrobblerError, Unauthorized, Unavailable, Uncertain
from scrobbler.trakt.client import Trakt
from scrobbler.trakt.endpoints import Endpoint, SignIn
from scrobbler.trakt.statuses import Reply, fault
from scrobbler.trakt.tokens import TokenFile

PAGE: Final = 100
"""Rows on a page, where nobody says how many."""
PATIENCE: Final = 5
"""How often one request is made again because Trakt asked us to wait."""
LONGEST_WAIT: Final = 300.0
"""Seconds that a command waits by itself; a longer wait is the user's to decide on."""
SHOWN_HEADERS: Final = ("x-pagination-", "x-ratelimit", "retry-after", "x-sort-", "x-applied-sort-", "x-private-user")
"""What headers begin with that ``--include`` shows. No other is, since it may hold a secret."""


class Caller:
    """Makes one call, page by page if need be, and says what is in the way in words for the user."""

    def __init__(
        self, trakt: Trakt, file: TokenFile, asked: Asked, endpoint: Endpoint | None, *, include: bool
    ) -> None:
        self.asked = asked
        self._progress = Progress()
        self._trakt = trakt
        self._file = file
        self._endpoint = endpoint
        self._include = include

    def call(self, query: Mapping[str, str | int], far: str = "") -> Reply:
        """Trakt's answer; while it is waited for, the terminal shows how far we are.

        Raises ``ScrobblerError`` where there is no answer, or it is no.
        """
        self._progress.show(far)
        try:
            reply = self._patiently(query)
            if self._include:
                self._say_headers(reply)
            if not reply.ok:
                error = fault(reply, write=self.asked.method != "GET", now=now())
                raise ScrobblerError(f"{self._name()}: {error}{_explained(reply.data)}")
        except Unauthorized as error:
            raise ScrobblerError(f"{error}: run `{self._file.login}`") from error
        except (Rejected, Closed) as error:
            raise ScrobblerError(f"{self._name()}: {error}") from error
        except Uncertain as error:
            raise ScrobblerError(f"{error}: it may have been done all the same") from error
        finally:
            self._progress.clear()
        return reply

    def _patiently(self, query: Mapping[str, str | int]) -> Reply:
        """The reply, after as many waits as Trakt asks for. Raises what ``Trakt.request`` does."""
        signed = self._endpoint is not None and self._endpoint.sign_in is SignIn.REQUIRED
        again = 0
        while True:
            try:
                return self._trakt.request(
                    self.asked.method, self.asked.path, query=query, body=self.asked.body, signed=signed
                )
            except Unavailable as error:
                if error.retry_after is None or again == PATIENCE:
                    raise
                if error.retry_after > LONGEST_WAIT:
                    minutes = math.ceil(error.retry_after / 60)
                    raise ScrobblerError(f"{error}: try again in {minutes} minutes") from error
                wait = max(error.retry_after, self._trakt.write_ready_in())
                self._progress.clear()
                click.echo(f"{error}: going on in {math.ceil(wait)} s", err=True)
                time.sleep(wait)
                again += 1

    def _say_headers(self, reply: Reply) -> None:
        self._progress.clear()
        shown = [f"{name}: {text}" for name, text in reply.headers.items() if name.lower().startswith(SHOWN_HEADERS)]
        click.echo("\n".join([f"status: {reply.status}", *shown]), err=True)

    def _name(self) -> str:
        return f'{self._endpoint}, "{self._endpoint.name}"' if self._endpoint else f"{self.asked}"


class Progress:
    """How far a long read is, on one line of the terminal; nothing where there is none."""

    def __init__(self) -> None:
        self._live = sys.stderr.isatty()
        self._shown = False

    def show(self, text: str) -> None:
        """Show this until it is cleared."""
        if self._live and text:
            click.echo(text, nl=False, err=True)
            self._shown = True

    def clear(self) -> None:
        """Leave the line to what comes next."""
        if self._shown:
            click.echo("\r\x1b[K", nl=False, err=True)
        self._shown = False


class Array:
    """A JSON array that is printed as its rows come."""

    def __init__(self) -> None:
        self.length = 0

    def add(self, rows: Sequence[object]) -> None:
        """Print some more."""
        if rows:
            lines = ",\n  ".join(_json(row).replace("\n", "\n  ") for row in rows)
            click.echo(f"{',' if self.length else '['}\n  {lines}", nl=False)
            self.length += len(rows)

    def close(self) -> None:
        """Print its end."""
        click.echo("\n]" if self.length else "[]")


def print_pages(caller: Caller) -> None:
    """All rows of all pages as one array, each page as it comes; an answer without pages as it is.

    Ctrl-C closes the array. After an error it stays open, so that no program takes a part for the whole.
    """
    asked: dict[str, str | int] = {"limit": PAGE, **caller.asked.query}
    page, pages, far = int(caller.asked.query.get("page", 1)), 0, ""
    array = Array()
    try:
        while not far or page <= pages:
            reply = caller.call({**asked, "page": page}, far)
            pages = _count(reply, "page") or pages
            if not isinstance(reply.data, list) or not pages:
                if far:
                    raise ScrobblerError(f"page {page} of {pages} is no list: what came before it is printed")
                print_answer(reply)
                return
            array.add(reply.data)
            far = f"page {page} of {pages}, {array.length} of {_count(reply, 'item') or 'an unknown number'}"
            page += 1
    except KeyboardInterrupt:
        if far:
            array.close()
            click.echo(f"Stopped after {far}.", err=True)
        raise
    array.close()


def print_answer(reply: Reply) -> None:
    """The answer as JSON, where it has any."""
    if reply.data is not None:
        click.echo(_json(reply.data))


def _json(value: object) -> str:
    plain = not (sys.stdout.encoding or "").lower().startswith("utf")  # what it cannot show must still be JSON
    return json.dumps(value, indent=2, ensure_ascii=plain)


def _count(reply: Reply, what: str) -> int | None:
    text = reply.headers.get(f"x-pagination-{what}-count", "")
    return int(text) if text.isdecimal() else None


def _explained(data: object) -> str:
    """What a refusal says besides its message, on the same line."""
    if data is None or (isinstance(data, dict) and data.keys() <= {"message"}):
        return ""
    return f": {json.dumps(data, ensure_ascii=False)}"
