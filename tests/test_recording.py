"""What players said, written down and read again, without secrets. ``spec/replay.md`` has the format."""

import stat
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrobbler.adapters import Ignored, WebhookRequest
from scrobbler.errors import ConfigError
from scrobbler.events import Kind, Media, PlayerEvent, SessionKey
from scrobbler.replay.recording import LEFT_OUT, Line, RecordedWatcher, RecordedWebhook, Recorder, read, scrubbed

AT = datetime(2026, 11, 20, 20, 0, tzinfo=UTC)
EVENT = PlayerEvent(session=SessionKey(source="mpv", id="1"), kind=Kind.PLAY, media=Media(title="Heat"), at=AT)


def kept(path: Path) -> list[Line]:
    with path.open("rb") as file:
        return [line for _, line in read(file, str(path))]


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "log")
    lines = [
        Line(at=AT, source="plex", player="living", payload={"event": "media.play"}),
        Line(at=AT, source="x", payload=[1]),
    ]
    for line in lines:
        recorder.write(line)
    recorder.close()
    assert kept(tmp_path / "log") == lines


def test_a_log_is_for_its_owner_alone_and_an_old_one_is_continued(tmp_path: Path) -> None:
    for _ in range(2):
        recorder = Recorder(tmp_path / "log")
        recorder.write(Line(at=AT, source="plex", payload={}))
        recorder.close()
    assert len(kept(tmp_path / "log")) == 2
    assert stat.S_IMODE((tmp_path / "log").stat().st_mode) == 0o600


def test_a_place_that_takes_no_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be written: Is a directory"):
        Recorder(tmp_path)


def test_a_full_disk_ends_the_recording_and_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    recorder = Recorder(Path("/dev/full"))
    for _ in range(2):
        recorder.write(Line(at=AT, source="plex", payload={}))
    assert caplog.messages == ["/dev/full: the recording ends: No space left on device"]
    recorder.close()


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ({"X-Plex-Token": "abc"}, {"X-Plex-Token": LEFT_OUT}),
        ({"user": {"apiKey": "abc", "name": "marta"}}, {"user": {"apiKey": LEFT_OUT, "name": "marta"}}),
        ([{"password": ""}], [{"password": ""}]),
        ("http://nas/file.mkv?token=abc&x=1 and more", f"http://nas/file.mkv?{LEFT_OUT} and more"),
        ("see http://me:secret@nas/film.mkv", f"see http://{LEFT_OUT}nas/film.mkv"),
        ("Who's Afraid? No = no", "Who's Afraid? No = no"),
        (12.5, 12.5),
    ],
)
def test_secrets_are_left_out(said: Any, written: Any) -> None:
    assert scrubbed(said) == written


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(_JSON)
def test_scrubbing_twice_is_scrubbing_once(value: Any) -> None:
    assert scrubbed(scrubbed(value)) == scrubbed(value)


@given(st.text(alphabet="abcdef0123456789", min_size=12, max_size=30), st.sampled_from(["token", "apikey", "Passwort"]))
def test_no_secret_of_a_query_or_a_named_key_is_written(secret: str, name: str) -> None:
    said = {name: secret, "url": f"https://nas.local/x?{name}={secret}", "deep": [f"https://u:{secret}@nas/x"]}
    assert secret not in str(scrubbed(said))


@pytest.mark.parametrize(
    "line", [b"{}", b"[]", b"no json", b'{"at": "2026-11-20T20:00:00", "source": "plex", "payload": {}}', b"\xff\xfe"]
)
def test_a_line_that_is_none_is_told_by_its_number(line: bytes) -> None:
    good = msgspec.json.encode(Line(at=AT, source="plex", payload={}))
    with pytest.raises(ConfigError, match=r"^log, line 3: .*; a line looks like "):
        list(read([b"\xef\xbb\xbf" + good, b"\n", line], "log"))


class Film:
    """A third party's watcher."""

    async def events(self) -> Any:
        yield EVENT


class Bell:
    """A third party's webhook."""

    def parse(self, request: WebhookRequest) -> Sequence[PlayerEvent | Ignored]:
        return [Ignored(reason=f"{len(request.body)} bytes")]


@pytest.mark.anyio
async def test_a_watchers_events_are_written_as_they_pass(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "log")
    assert [event async for event in RecordedWatcher(Film(), recorder, "mpv", "tv").events()] == [EVENT]
    recorder.close()
    [line] = kept(tmp_path / "log")
    assert (line.source, line.player, line.at) == ("mpv", "tv", AT)
    assert msgspec.convert(line.payload, PlayerEvent) == EVENT


@pytest.mark.parametrize(
    ("kind", "body", "payload"),
    [
        ("application/json", b'{"event": "play"}', {"event": "play"}),
        ("application/x-www-form-urlencoded", b"payload=%7B%22event%22%3A%22play%22%7D", {"event": "play"}),
        ("application/x-www-form-urlencoded", b"data=%7B%22event%22%3A%22play%22%7D", {"event": "play"}),
        ("application/x-www-form-urlencoded", b"event=play&n=1", {"event": "play", "n": "1"}),
        ("text/plain", b"what?", "what?"),
        ("application/json", b'{"half \\udc00": "a sign \\ud800"}', {"half ?": "a sign ?"}),
    ],
)
def test_a_request_is_written_as_its_json_and_understood_all_the_same(
    kind: str, body: bytes, payload: Any, tmp_path: Path
) -> None:
    recorder = Recorder(tmp_path / "log")
    request = WebhookRequest(method="POST", query={"q": "1"}, headers={"content-type": kind}, body=body, at=AT)
    [ignored] = RecordedWebhook(Bell(), recorder, "plex", "living").parse(request)
    recorder.close()
    assert isinstance(ignored, Ignored)
    assert ignored.reason == f"{len(body)} bytes"
    assert kept(tmp_path / "log") == [Line(at=AT, source="plex", player="living", payload=payload)]
