"""Samples of what servers post, each with what is to be understood from it, sent through the installed adapter."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import pytest

from scrobbler import adapters
from scrobbler.adapters import Ignored, Webhook, WebhookRequest
from scrobbler.events import Kind, Media, Percent, PlayerEvent, percent

SAMPLES: Final = Path(__file__).parent / "samples"
AT: Final = datetime(2026, 11, 20, 20, 15, tzinfo=UTC)
ALLOWED: Final = "marta"
"""Whose playbacks count in all samples; whose they are not is for the agent to leave out, so it is done here."""
FIELDS: Final[Mapping[str, str | None]] = {
    "plex": "payload",
    "emby": "data",
    "jellyfin": None,
    "tautulli": None,
    "kodi": None,
}
"""The field of a form in which each server sends its JSON, if it sends forms."""
ACTIONS: Final = {"play": Kind.PLAY, "progress": Kind.PLAY, "pause": Kind.PAUSE, "stop": Kind.STOP}
_LINE: Final = b"\r\n"


def names(source: str) -> list[str]:
    """The samples of a source."""
    found = sorted(path.name.removesuffix(".expected.json") for path in (SAMPLES / source).glob("*.expected.json"))
    assert found, f"there are no samples of {source}"
    return found


def raw(source: str, name: str) -> bytes:
    """A sample, as the bytes of its JSON."""
    return (SAMPLES / source / f"{name}.json").read_bytes()


def wanted(source: str, name: str) -> dict[str, Any]:
    """What is to be understood from it."""
    found: dict[str, Any] = json.loads((SAMPLES / source / f"{name}.expected.json").read_text())
    return found


def adapter(source: str) -> Webhook:
    """The adapter as the program finds it: by its entry point, with its defaults; of a watcher its reader."""
    plugin = adapters.load(source)
    assert plugin is not None, f"no adapter is installed for {source}"
    built = plugin.reader(source) if plugin.reader is not None else plugin.build(source, plugin.options())
    assert isinstance(built, Webhook)
    return built


def request(body: bytes, content_type: str | None = "application/json") -> WebhookRequest:
    headers = {"content-type": content_type} if content_type is not None else {}
    return WebhookRequest(method="POST", query={}, headers=headers, body=body, at=AT)


def form(parts: list[tuple[str, bytes]], boundary: bytes = b"-----------------4be1f0c2a9d87356") -> WebhookRequest:
    """A multipart form of parts, each with the rest of its headers (after ``form-data;``) and its bytes."""
    lines = [b"".join((b"--", boundary, _LINE, _about(head), _LINE * 2, body, _LINE)) for head, body in parts]
    body = b"".join((*lines, b"--", boundary, b"--", _LINE))
    return request(body, f"multipart/form-data; boundary={boundary.decode()}")


def _about(head: str) -> bytes:
    return b"Content-Disposition: form-data; " + head.encode()


def ways(source: str, body: bytes) -> dict[str, WebhookRequest]:
    """The same JSON in all the packings in which servers and relays send it."""
    found = {
        "json": request(body),
        "text": request(body, "text/plain; charset=utf-8"),
        "nothing said": request(body, None),
        "called a form": request(body, "application/x-www-form-urlencoded"),
        "called multipart": request(body, "multipart/form-data; boundary=x"),
        "marked utf-8": request(b"\xef\xbb\xbf" + body),
        "utf-16": request(body.decode().encode("utf-16")),
        "white space": request(b"\r\n " + body + b"\n\n"),
    }
    if (field := FIELDS[source]) is not None:
        thumb = ('name="thumb"; filename="thumb.jpg"\r\nContent-Type: image/jpeg', b"\xff\xd8\r\n--\r\n" + bytes(5000))
        part = (f'name="{field}"', body)
        typed = (f'name="{field}"\r\nContent-Type: application/json', body)
        encoded = urlencode({field: body}).encode()
        found |= {
            "form": form([part]),
            "form, part with a type": form([typed]),
            "form, thumb after it": form([typed, thumb]),
            "form, thumb before it": form([thumb, typed]),
            "form, part as a file": form([(f'name="{field}"; filename="{field}.json"', body)]),
            "form, name without quotes": form([(f"name={field}", body)]),
            "form, nothing said": request(form([typed, thumb]).body, None),
            "form, called json": request(form([typed]).body),
            "form, cut off in the thumb": request(form([typed, thumb]).body[:-3000], "multipart/form-data"),
            "urlencoded": request(encoded, "application/x-www-form-urlencoded"),
            "urlencoded, nothing said": request(encoded, None),
            "urlencoded, more fields": request(b"a=1&" + encoded + b"&b=2", None),
        }
    return found


def parsed(source: str, asked: WebhookRequest) -> PlayerEvent | Ignored:
    """What the adapter says about one request; there is one thing to say."""
    [said] = adapter(source).parse(asked)
    return said


def view(said: PlayerEvent | Ignored) -> dict[str, Any]:
    """What was understood, in the words of the samples."""
    if isinstance(said, Ignored):
        return {"action": "ignore", "reason": said.reason, "user": said.user}
    share = _share(said)
    return {
        "action": said.kind,
        "user": said.user,
        "player": said.session.player or None,
        **_item(said.media),
        "position_s": said.place(),
        "duration_s": said.duration,
        "progress_pct": None if share is None else round(share, 2),
        "completed": said.watched,
        "reason": None,
    }


def _item(media: Media) -> dict[str, Any]:
    show = media.show and {"title": media.show.title, "year": media.show.year, "ids": media.show.ids.known()}
    return {
        "kind": media.kind.value if media.kind else None,
        "title": media.title,
        "year": media.year,
        "ids": media.ids.known(),
        "show": show,
        "season": media.season,
        "episode": media.episode,
        "episode_end": media.episode_end,
    }


def _share(said: PlayerEvent) -> Percent | None:
    share = said.percent if said.percent is not None else percent(said.position, said.duration)
    if (
        said.heard == "media.scrobble"
    ):  # Plex says no share with its mark, only that it was passed: rule 8 of the machine
        return Percent(max(90.0, share or 0.0))
    return share


def check(source: str, name: str) -> None:
    """Holds what the adapter understands against what the sample wants."""
    agree(parsed(source, ways(source, raw(source, name))["json"]), wanted(source, name))


def agree(said: PlayerEvent | Ignored, expected: Mapping[str, Any]) -> None:
    """Fails with the fields that differ."""
    found = view(said)
    if expected["action"] == "ignore":
        user = (expected.get("user") or "").strip().casefold()
        if expected["reason"] in {"other_user", "no_user"}:
            assert (said.user or "").strip().casefold() == user != ALLOWED
            return
        assert (found["action"], found["reason"]) == ("ignore", expected["reason"])
        assert not user or (said.user or "").casefold() == user
        return
    assert (said.user or "").strip().casefold() == ALLOWED or expected["user"] is None
    want = {key: value for key, value in expected.items() if key in found} | {"action": ACTIONS[expected["action"]]}
    different = {key: (found[key], value) for key, value in want.items() if not _same(found[key], value)}
    assert not different, f"understood and wanted: {different}"


def _same(found: object, value: object) -> bool:
    if isinstance(found, float) and isinstance(value, float | int):
        return found == pytest.approx(value, abs=0.01)
    return found == value
