"""Payloads as nobody sends them, made of real ones: keys gone, types changed, values nested, numbers huge."""

import copy
import json
from typing import Any

import msgspec
from hypothesis import strategies as st

from plugins import sample
from scrobbler.adapters import Ignored, Webhook, WebhookRequest
from scrobbler.errors import PayloadError

GONE: Any = object()
"""What a payload does not have."""

ODD: Any = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([0, -1, 2**31, 2**63, 2**64, 10**400, -(10**999), 1e308, -1e-308, 5e-324]),
    st.floats(allow_nan=True, allow_infinity=True),
    st.text(),
    st.sampled_from(["", "0", "-1", "1e999", "NaN", "True", "False", "\ud800", "\0", "\uff19", "tt", "&amp;", "a\nb"]),
    st.recursive(
        st.none() | st.text(max_size=3),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
        max_leaves=8,
    ),
)
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "latin-1"]


def changed(source: str, name: str, **changes: Any) -> dict[str, Any]:
    """A sample with other values; ``Item__Type`` is the key ``Type`` in ``Item``."""
    said: dict[str, Any] = json.loads(sample.raw(source, name))
    for path, value in changes.items():
        *way, last = path.split("__")
        inside = said
        for key in way:
            inside = inside[key]
        if value is GONE:
            inside.pop(last, None)
        else:
            inside[last] = value
    return said


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to each value in a payload."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, each in inner for found in ((*path, key), *_places(each, (*path, key)))]


@st.composite
def mutated(draw: st.DrawFn, source: str) -> WebhookRequest:
    """A sample with a few things about it changed, in some packing."""
    said = json.loads(sample.raw(source, draw(st.sampled_from(sample.names(source)))))
    for _ in range(draw(st.integers(0, 6))):
        places = _places(said)
        if not places:
            break
        *way, last = draw(st.sampled_from(places))
        inside = said
        for key in way:
            inside = inside[key]
        if draw(st.booleans()):
            del inside[last]
        else:
            kept = copy.deepcopy(inside[last])
            inside[last] = draw(st.one_of(ODD, st.just([kept]), st.just({"nested": kept}), st.just(str(kept))))
    text = json.dumps(said, ensure_ascii=draw(st.booleans()))
    body = text.encode(draw(st.sampled_from(ENCODINGS)), "replace")
    kind = draw(st.sampled_from(["application/json", "text/plain", "application/x-www-form-urlencoded", None]))
    whole = sample.request(body, kind)
    packings = [whole, sample.request(body[: draw(st.integers(0, len(body)))], kind)]
    if (field := sample.FIELDS[source]) is not None:
        packings.append(sample.form([(f'name="{field}"', body)]))
    chosen: WebhookRequest = draw(st.sampled_from(packings))
    return chosen


def holds(webhook: Webhook, request: WebhookRequest) -> None:
    """Whatever comes in is events, a named reason, or a refusal in one line; and all of it can be written down."""
    try:
        heard = webhook.parse(request)
    except PayloadError as error:
        heard = [Ignored(reason=str(error))]
    assert heard
    for one in heard:
        msgspec.json.encode(one)  # as the store does
        if isinstance(one, Ignored):
            assert one.reason
            assert one.reason.isprintable()
        else:
            assert one.position is None or one.position >= 0
            assert one.duration is None or one.duration > 0
            assert one.media.label()
