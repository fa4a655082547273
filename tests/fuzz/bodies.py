"""Requests as nobody sends them, made of recorded ones. Each is drawn from a seed and a number, and so comes again."""

import copy
import json
import random
from collections.abc import Iterator
from functools import cache
from typing import Any, Final
from urllib.parse import quote_from_bytes, urlencode

from msgspec import Struct

from plugins import sample

SECRET: Final = "a secret of the hooks"
SOURCES: Final = ("plex", "jellyfin", "emby", "tautulli")
_ODD: Final[tuple[Any, ...]] = (
    *(None, True, False, 0, -1, 1, 2**31, 2**53, 2**63, 2**64, 10**400, -(10**999), 1e308, 5e-324, 0.5, -0.0),
    *(float("nan"), float("inf"), "", "0", "-1", "1e999", "NaN", "True", "False", "null", "\ud800", "\0", "\u202e"),
    *("\uff19", "tt", "tt0", "tt99999999999", "&amp;", "a\nb\r\nc", "x" * 5000, "[]", "{}", "../../etc", "%00", "{x}"),
    *([], {}, [[]], [None], {"": ""}, {"id": []}, [1, "a", {}], {"a": {"b": {"c": [{}]}}}),
)
_ENCODINGS: Final = ("utf-8", "utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "latin-1", "cp1252")
_TYPES: Final = (
    *("application/json", "text/plain; charset=utf-8", "application/x-www-form-urlencoded", "multipart/form-data"),
    *("multipart/form-data; boundary=", "multipart/form-data; boundary=x; boundary=y", "text/html", "", "\xff;=;"),
)
_JUNK: Final = (
    *(b"\0", b"\xff", b"\xed\xa0\x80", b'"', b"{", b"[", b"}", b",", b":", b"\\u", b"\\ud800", b"&", b"=", b"--"),
    *(b"\r\n", b"\r\n\r\n", b"\n", b"Content-Disposition: form-data; name=", b"9" * 1100, b"[" * 200, b'{"a":' * 60),
)


class Request(Struct, frozen=True, kw_only=True):
    """One request. ``knows``: it is a post to a hook of ours with the right secret, so it must be understood or
    refused as a payload."""

    method: str
    path: str
    query: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    knows: bool


def draw(seed: str, number: int) -> Request:
    """The request of that number."""
    return _Drawer(random.Random(f"{seed}:{number}")).request()


def raw(seed: str, number: int) -> bytes:
    """The same one as bytes on a socket, often no HTTP any more."""
    chance = random.Random(f"{seed}:{number}:raw")
    asked = draw(seed, number)
    target = asked.path + (f"?{asked.query.decode('latin-1')}" if asked.query else "")
    lines = [f"{asked.method} {target} HTTP/1.1".encode("latin-1", "replace")]
    lines += [name + b": " + value for name, value in asked.headers]
    body, way = asked.body, chance.randrange(8)
    if way == 0:
        lines.append(b"Transfer-Encoding: chunked")
        body = _chunked(chance, body)
    else:
        length = len(body) + (chance.choice((-3, -1, 1, 5, 10**6, -(10**6))) if way == 1 else 0)
        lines.append(f"Content-Length: {length}".encode())
    if way == 2:
        lines.insert(chance.randrange(len(lines)), chance.choice((b"", b":", b"\0", b" x: y", b"Content-Length: 1")))
    sent = b"\r\n".join((lines[0], b"Host: agent", b"Connection: close", *lines[1:], b"", b"")) + body
    if way == 3:
        sent = _Drawer(chance).broken(sent)
    return sent[: chance.randrange(len(sent))] if way == 4 else sent


def _chunked(chance: random.Random, body: bytes) -> bytes:
    out, at = [], 0
    while at < len(body):
        size = chance.randrange(1, 4000)
        piece = body[at : at + size]
        said = len(piece) if chance.random() < 0.98 else chance.randrange(0, 10**6)
        out.append(f"{said:x}\r\n".encode() + piece + b"\r\n")
        at += size
    return b"".join((*out, chance.choice((b"0\r\n\r\n", b"0\r\n\r\n", b"")))) or b"0\r\n\r\n"


@cache
def _recorded(source: str) -> tuple[Any, ...]:
    return tuple(json.loads(sample.raw(source, name)) for name in sample.names(source))


class _Drawer:
    """What comes of one source of chance."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance

    def request(self) -> Request:
        chance = self._chance
        source = chance.choice(SOURCES)
        body, kind = self._packed(source, self._said(source))
        if chance.random() < 0.35:
            body = self.broken(body)
        headers = [(b"content-type", kind.encode("latin-1", "replace"))] if kind is not None else []
        if chance.random() < 0.05:
            headers += [(b"x-odd", self._noise(40)) for _ in range(chance.choice((1, 5, 150)))]
        knows, method, path, query = True, "POST", f"/hooks/{source}", b""
        how = chance.random()
        if how < 0.5:
            query = urlencode({"token": SECRET}).encode()
        elif how < 0.94:
            headers.append((b"x-scrobbler-token", SECRET.encode()))
        else:
            knows, query = False, urlencode({"token": chance.choice(("", "wrong", SECRET[:-1], SECRET + "x"))}).encode()
        if chance.random() < 0.02:
            knows, method = False, chance.choice(("GET", "PUT", "HEAD", "DELETE", "OPTIONS", "PATCH", "M" * 20))
        if chance.random() < 0.02:
            knows, path = False, self._odd_path()
        if chance.random() < 0.02:
            query += b"&" + quote_from_bytes(self._noise(60)).encode()
        return Request(method=method, path=path, query=query, headers=tuple(headers), body=body, knows=knows)

    def broken(self, body: bytes) -> bytes:
        """Bytes with a few of them changed."""
        chance = self._chance
        for _ in range(chance.randrange(1, 5)):
            at, end = sorted((chance.randrange(len(body) + 1), chance.randrange(len(body) + 1)))
            end = min(end, at + chance.choice((1, 4, 60, 10**6)))
            match chance.randrange(6):
                case 0:
                    body = body[:at] + body[end:]
                case 1:
                    body = body[:at] + chance.choice(_JUNK) + body[at:]
                case 2:
                    body = body[:at] + body[at:end] * chance.randrange(2, 5) + body[end:]
                case 3:
                    body = body[:at] + self._noise(8) + body[end:]
                case 4:
                    body = body[:at]
                case _:
                    body = body[:at] + bytes([chance.randrange(256)]) + body[at + 1 :]
        return body[: 256 * 1024]

    def _said(self, source: str) -> Any:
        """A recorded payload in which a few things are changed."""
        chance = self._chance
        said = copy.deepcopy(chance.choice(_recorded(source)))
        for _ in range(chance.choice((0, 0, 1, 1, 2, 3, 6))):
            places = list(_places(said))
            if not places:
                break
            inside, key = chance.choice(places)
            match chance.randrange(6):
                case 0:
                    del inside[key]
                case 1:
                    inside[key] = {"nested": inside[key]}
                case 2:
                    inside[key] = str(inside[key])
                case 3:
                    inside[key] = self._elsewhere()
                case _:
                    inside[key] = copy.deepcopy(chance.choice(_ODD))
        return said

    def _elsewhere(self) -> Any:
        """A value of some other payload."""
        inside, key = self._chance.choice(list(_places(self._chance.choice(_recorded(self._chance.choice(SOURCES))))))
        return copy.deepcopy(inside[key])

    def _packed(self, source: str, said: Any) -> tuple[bytes, str | None]:
        """A payload as a body, and what it is called."""
        chance = self._chance
        text = json.dumps(said, ensure_ascii=chance.random() < 0.5)
        body = text.encode(chance.choice(_ENCODINGS), "replace")
        field = sample.FIELDS[source]
        way = chance.randrange(4)
        if way == 0 and isinstance(said, dict):
            return urlencode({field: text} if field else said, errors="replace").encode(), _TYPES[2]
        if way == 1:
            thumb = ('name="thumb"; filename="thumb.jpg"\r\nContent-Type: image/jpeg', self._noise(300))
            parts = [(f'name="{field or "payload"}"\r\nContent-Type: application/json', body), thumb]
            made = sample.form(parts[:: chance.choice((1, -1))])
            return made.body, made.headers["content-type"]
        return body, chance.choice(_TYPES) if chance.random() < 0.3 else chance.choice((_TYPES[0], _TYPES[1], None))

    def _odd_path(self) -> str:
        names = (
            *(
                "/",
                "/hooks",
                "/hooks/",
                "/hooks/nobody",
                "/hooks/plex/",
                "/hooks/plex/..",
                "/hooks//plex",
                "//hooks/plex",
            ),
            *("/login", "/login/default", "/static/", "/static/../app.py", "/static/%2e%2e/app.py", "/static/page.css"),
            *("/scrobbler/hooks/plex", "/scrobbler", "/hooks/\0", "/" + "x" * 9000, "*", ""),
        )
        return self._chance.choice(names)

    def _noise(self, most: int) -> bytes:
        return self._chance.randbytes(self._chance.randrange(most + 1))


def _places(said: Any) -> Iterator[tuple[Any, Any]]:
    """Each value in a payload: what it is in, and its key there."""
    inner = said.items() if isinstance(said, dict) else enumerate(said) if isinstance(said, list) else ()
    for key, value in inner:
        yield said, key
        yield from _places(value)
