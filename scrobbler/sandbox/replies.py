"""The one way in which the sandbox answers: a reply is data until it is sent, a refusal is a reply that was raised."""

from collections.abc import Mapping, Sequence
from typing import Final, TypeVar

import msgspec
from msgspec import Struct
from starlette.responses import Response

JSON: Final = "application/json; charset=utf-8"
HTML: Final = "text/html; charset=utf-8"
TEXT: Final = "text/plain; charset=utf-8"
PAGE_MAX: Final = 250
"""A larger ``limit`` is clamped, not refused."""

RowT = TypeVar("RowT")


class Reply(Struct, frozen=True, kw_only=True):
    """An answer that was not sent yet. ``body`` is sent as JSON unless ``media`` says otherwise; None sends nothing."""

    status: int = 200
    body: object = None
    headers: Mapping[str, str] = {}
    media: str = JSON

    def response(self) -> Response:
        """As Starlette sends it."""
        if self.body is None:
            content = b""
        elif self.media == JSON:
            content = msgspec.json.encode(self.body)
        else:
            content = str(self.body).encode()
        media = self.media if content else None
        return Response(content, self.status, dict(self.headers), media)


class Refused(Exception):  # noqa: N818 - an answer, not an error
    """The request ends here, with this reply."""

    def __init__(self, status: int, body: object = None, **headers: str) -> None:
        """Header names are given with ``_`` for ``-``."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        super().__init__(f"{status} {body or ''}".strip())
        self.reply = Reply(status=status, body=body, headers=named)


def malformed(reason: str) -> Refused:
    """400: the request has the wrong form or a value of the wrong type."""
    return Refused(400, {"message": reason})


def unprocessable(message: str) -> Refused:
    """422: well-formed, but against the rules."""
    return Refused(422, {"message": message})


def oauth_error(error: str, description: str, *, status: int = 400) -> Refused:
    """An error as RFC 6749 words it."""
    return Refused(status, {"error": error, "error_description": description})


def paged(rows: Sequence[RowT], *, page: int, limit: int) -> tuple[Sequence[RowT], dict[str, str]]:
    """One page of the rows, and the headers that say which."""
    pages = -(-len(rows) // limit)
    headers = {
        "X-Pagination-Page": str(page),
        "X-Pagination-Limit": str(limit),
        "X-Pagination-Page-Count": str(pages),
        "X-Pagination-Item-Count": str(len(rows)),
    }
    return rows[(page - 1) * limit : page * limit], headers


def edge_page(status: int, title: str, text: str) -> Reply:
    """What the network in front of the service answers by itself: HTML, whatever was asked for."""
    body = (
        f"<!DOCTYPE html>\n<html><head><title>{title}</title></head><body><h1>{title}</h1><p>{text}</p></body></html>\n"
    )
    return Reply(
        status=status, body=body, media=HTML, headers={"server": "cloudflare", "cf-ray": "8f0000000000beef-AMS"}
    )


def edge_block() -> Reply:
    """403 of the edge: not a word of the API's."""
    return edge_page(403, "Attention Required! | Cloudflare", "Sorry, you have been blocked")
