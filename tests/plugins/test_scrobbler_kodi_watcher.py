"""What a Kodi says over TCP, and what is told of it: one story for each thing that happens there."""

import asyncio
import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plugins.kodi_double import FILM, KodiDouble, clock, kodi, listening, watched
from scrobbler_kodi.stream import LONGEST, Stream

from plugins import sample
from scrobbler.errors import PayloadError
from scrobbler.events import Kind, PlayerEvent

PLAY, PAUSE, STOP = Kind.PLAY, Kind.PAUSE, Kind.STOP
NEXT = {**FILM, "id": 215, "title": "Ronin", "year": 1998, "uniqueid": {}, "file": "smb://nas/films/Ronin.mkv"}
EPISODE = {
    "id": 701,
    "type": "episode",
    "title": "Encounter at Farpoint",
    "showtitle": "Star Trek: The Next Generation",
    "season": 1,
    "episode": 1,
    "tvshowid": 12,
    "file": "smb://nas/tv/TNG/S01E01E02.mkv",
}

pytestmark = pytest.mark.anyio


# The stream


CHUNKS = [(sample.SAMPLES / "wire" / f"kodi_tcp_chunk_{number}.bin").read_bytes() for number in (1, 2, 3)]


def test_a_recorded_stream_is_read_whatever_its_pieces() -> None:
    stream = Stream()
    messages = [message for chunk in CHUNKS for message in stream.feed(chunk)]
    assert [message.get("method", message.get("id")) for message in messages] == [
        "Player.OnAVStart",
        7,
        "Player.OnPause",
    ]
    assert messages[0]["params"]["data"]["item"]["title"] == 'Wir sind {die} "Welle" \u2013 Ärger'


@given(st.data())
def test_it_does_not_matter_where_the_stream_is_cut(data: st.DataObject) -> None:
    whole, stream, messages = b"".join(CHUNKS), Stream(), []
    while whole:
        count = data.draw(st.integers(1, len(whole)))
        messages += stream.feed(whole[:count])
        whole = whole[count:]
    assert messages == Stream().feed(b"".join(CHUNKS))


def test_every_single_cut_gives_the_same() -> None:
    whole = b"".join(CHUNKS)
    for at in range(len(whole)):
        stream = Stream()
        assert stream.feed(whole[:at]) + stream.feed(whole[at:]) == Stream().feed(whole)


@given(st.lists(st.text(), max_size=5), st.integers(1, 7))
def test_any_text_may_be_in_a_message(texts: list[str], size: int) -> None:
    raw, stream, found = "".join(json.dumps({"said": text}) for text in texts).encode(), Stream(), []
    for at in range(0, len(raw), size):
        found += stream.feed(raw[at : at + size])
    assert [message["said"] for message in found] == texts


@given(st.binary())
def test_any_bytes_are_messages_or_refused(raw: bytes) -> None:
    with suppress(PayloadError):
        assert all(isinstance(message, dict) for message in Stream().feed(raw))


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 400 Bad Request\r\n",
        b"[1]",
        b"}",
        b'"{}"',
        b"{]",
        b"{" * 33,
        b'{"a":' * 40,
        b'{"a": NaN}',
        b'{"n": ' + b"9" * 2000 + b"}",
        b'{"a": "' + b"x" * LONGEST,
    ],
)
def test_what_kodi_does_not_send_is_refused(raw: bytes) -> None:
    with pytest.raises(PayloadError):
        Stream().feed(raw)


# What happens at a Kodi


async def played(double: KodiDouble, item: dict[str, Any] = FILM, position: float = 0.5, duration: float = 100) -> None:
    double.plays(item, position, duration)
    await double.says("Player.OnPlay", item)
    await double.says("Player.OnAVStart", item)


async def test_a_film_is_played_paused_resumed_and_stopped() -> None:
    double = KodiDouble()
    async with watched(double) as ear:
        await played(double, position=0.5)
        event = await ear.expect((PLAY, 0.5, 100), (PLAY, 0.5, 100))
        assert (event.media.title, event.media.ids.imdb, str(event.session)) == ("Heat", "tt0113277", "kodi/1")
        double.plays(FILM, 30, 100, speed=0)
        await double.says("Player.OnPause", FILM, player={"playerid": 1, "speed": 0})
        await ear.expect((PAUSE, 30, 100))
        double.plays(FILM, 30, 100)
        await double.says("Player.OnResume", FILM)
        await ear.expect((PLAY, 30, 100))
        double.idles()
        await double.says("Player.OnStop", FILM, end=False)
        stop = await ear.expect((STOP, 30, 100))
        assert not stop.watched


async def test_a_film_that_comes_to_its_end_is_watched() -> None:
    double = KodiDouble()
    async with watched(double) as ear:
        await played(double, position=98)
        await ear.expect((PLAY, 98, 100), (PLAY, 98, 100))
        double.idles()
        await double.says("Player.OnStop", FILM, end=True)
        assert (await ear.expect((STOP, 100, 100))).watched


async def test_a_seek_is_told_at_the_place_that_kodi_names() -> None:
    double = KodiDouble()
    async with watched(double) as ear:
        await played(double)
        await ear.expect((PLAY, 0.5, 100), (PLAY, 0.5, 100))
        player = {"playerid": 1, "speed": 1, "time": clock(70), "seekoffset": clock(69.5)}
        await double.says("Player.OnSeek", FILM, player=player)
        await ear.expect((PLAY, 70, 100))


async def test_the_position_is_looked_at_while_something_plays() -> None:
    """Every half minute, and each second of something that is as short as this."""
    double = KodiDouble()
    async with watched(double) as ear:
        await played(double, duration=20)
        await ear.expect((PLAY, 0.5, 20), (PLAY, 0.5, 20))
        double.plays(FILM, 8, 20)
        assert (await ear.expect((PLAY, 8, 20))).heard == "progress"


async def test_nothing_is_asked_of_a_kodi_that_is_paused_or_idle() -> None:
    double = KodiDouble()
    async with watched(double) as ear:
        await played(double, duration=20)
        await ear.expect((PLAY, 0.5, 20), (PLAY, 0.5, 20))
        double.plays(FILM, 8, 20, speed=0)
        await double.says("Player.OnPause", FILM, player={"playerid": 1, "speed": 0})
        await ear.expect((PAUSE, 8, 20))
        asked = len(double.asked)
        with pytest.raises(TimeoutError):  # a look would come after one second
            await asyncio.wait_for(ear.events.get(), 1.3)
        assert len(double.asked) == asked


async def test_a_kodi_that_plays_already_is_heard_at_once() -> None:
    double = KodiDouble()
    double.plays(FILM, 42, 100)
    async with watched(double) as ear:
        assert (await ear.expect((PLAY, 42, 100))).heard == "attached"


async def test_a_kodi_that_is_paused_already_is_heard_as_paused() -> None:
    double = KodiDouble()
    double.plays(FILM, 42, 100, speed=0)
    async with watched(double) as ear:
        await ear.expect((PAUSE, 42, 100))


async def test_what_was_played_before_is_not_taken_for_what_is_on() -> None:
    """GetItem still tells of it; only GetActivePlayers knows that nothing plays."""
    double = KodiDouble()
    double.plays(FILM, 42, 100)
    double.idles()
    async with watched(double) as ear:
        await played(double, NEXT)
        assert (await ear.expect((PLAY, 0.5, 100))).media.title == "Ronin"


async def test_a_kodi_that_vanishes_stops_where_it_was_seen_last_and_is_found_again() -> None:
    double = KodiDouble()
    async with watched(double) as ear:
        await played(double, position=42)
        await ear.expect((PLAY, 42, 100), (PLAY, 42, 100))
        double.plays(FILM, 50, 100)
        await double.hangs_up()
        await ear.expect((STOP, 42, 100), (PLAY, 50, 100))


async def test_a_kodi_that_says_goodbye_stops_and_only_once() -> None:
    double = KodiDouble()
    async with watched(double) as ear:
        await played(double, position=42)
        await ear.expect((PLAY, 42, 100), (PLAY, 42, 100))
        double.idles()
        await double.says("System.OnQuit", exitcode=0)
        assert (await ear.expect((STOP, 42, 100))).heard == "System.OnQuit"
        await double.says("Player.OnStop", FILM, end=False)
        await double.hangs_up()
        await played_again(double)
        assert (await ear.next()).kind is PLAY


async def played_again(double: KodiDouble) -> None:
    await double.visited()
    await played(double)


async def test_a_kodi_that_does_not_answer_is_gone_after_the_second_time() -> None:
    double = KodiDouble()
    async with watched(double, patience=0.2) as ear:
        await played(double, position=10, duration=20)
        await ear.expect((PLAY, 10, 20), (PLAY, 10, 20))
        double.mute = True
        event = await ear.next()
        assert (event.kind, event.heard) == (STOP, "gone")
        assert event.position is not None
        assert 10 <= event.position <= 12.5


async def test_an_end_that_kodi_did_not_tell_is_found_by_the_next_look() -> None:
    double = KodiDouble()
    async with watched(double) as ear:
        await played(double, position=10, duration=20)
        await ear.expect((PLAY, 10, 20), (PLAY, 10, 20))
        double.idles()
        await ear.expect((STOP, 10, 20))


async def test_the_next_film_of_a_list_comes_without_a_stop() -> None:
    """So it was with Kodi 20; a late stop of the first one ends nothing."""
    double = KodiDouble()
    async with watched(double) as ear:
        await played(double, position=95)
        await ear.expect((PLAY, 95, 100), (PLAY, 95, 100))
        double.plays(NEXT, 0.1, 120)
        await double.says("Player.OnResume", FILM)
        await double.says("Player.OnPlay", NEXT)
        await double.says("Player.OnStop", FILM, end=True)
        await double.says("Player.OnAVStart", NEXT)
        events = [await ear.next() for _ in range(2)]
        assert [(event.kind, event.media.title) for event in events] == [(PLAY, "Ronin"), (PLAY, "Ronin")]


async def test_music_ends_the_film_before_it_and_is_not_told() -> None:
    double = KodiDouble()
    async with watched(double) as ear:
        await played(double, position=42)
        await ear.expect((PLAY, 42, 100), (PLAY, 42, 100))
        double.plays({"id": 5, "type": "song", "title": "A Song"}, 1, 200, type="audio")
        await double.says("Player.OnAVStart", {"id": 5, "type": "song"})
        await ear.expect((STOP, 42, 100))


async def test_a_file_that_is_not_open_yet_is_told_once_it_is() -> None:
    double = KodiDouble()
    async with watched(double) as ear:
        double.plays(FILM, 0, 0)
        await double.says("Player.OnPlay", FILM)
        await double.was_asked("Player.GetItem")
        await double.says("Player.OnAVChange", FILM)
        double.plays(FILM, 0.1, 100)
        await double.says("Player.OnAVStart", FILM)
        assert (await ear.expect((PLAY, 0.1, 100))).heard == "Player.OnAVStart"


async def test_a_file_of_several_episodes_is_told_with_its_show() -> None:
    double = KodiDouble()
    double.results |= {
        "VideoLibrary.GetTVShowDetails": {
            "tvshowdetails": {"title": "TNG", "year": 1987, "uniqueid": {"tvdb": "71470"}}
        },
        "VideoLibrary.GetEpisodes": {
            "episodes": [{"season": 1, "episode": each, "file": EPISODE["file"]} for each in (1, 2)]
        },
    }
    async with watched(double) as ear:
        await played(double, EPISODE)
        media = (await ear.expect((PLAY, 0.5, 100), (PLAY, 0.5, 100))).media
        assert media.show is not None
        assert (media.show.year, media.show.ids.tvdb, media.episode, media.episode_end) == (1987, 71470, 1, 2)
        assert double.asked.count("VideoLibrary.GetEpisodes") == 1


async def test_a_player_without_a_number_is_the_one_that_shows_a_film() -> None:
    double = KodiDouble()
    async with watched(double) as ear:
        double.plays(FILM, 3, 100)
        await double.says("Player.OnAVStart", FILM, player={"playerid": -1, "speed": 1})
        assert str((await ear.expect((PLAY, 3, 100))).session) == "kodi/1"


async def test_a_kodi_that_slept_is_asked_what_it_plays() -> None:
    double = KodiDouble()
    async with watched(double) as ear:
        await played(double, position=42)
        await ear.expect((PLAY, 42, 100), (PLAY, 42, 100))
        await double.says("System.OnSleep")
        await double.says("System.OnWake")
        await ear.expect((STOP, 42, 100), (PLAY, 42, 100))


async def test_a_look_that_is_not_answered_once_changes_nothing() -> None:
    double = KodiDouble()
    async with watched(double, patience=0.3) as ear:
        await played(double, position=10, duration=20)
        await ear.expect((PLAY, 10, 20), (PLAY, 10, 20))
        asked = double.asked.count("Player.GetProperties")
        double.mute = True
        await double.was_asked("Player.GetProperties", asked + 1)
        double.mute = False
        double.plays(FILM, 13, 20)
        await ear.expect((PLAY, 13, 20))


async def test_an_old_kodi_is_asked_only_for_what_it_knows() -> None:
    double = KodiDouble()
    double.plays(FILM, 42, 100)
    double.results["Player.GetItem"] = lambda asked: None if "uniqueid" in asked["properties"] else {"item": FILM}
    async with watched(double) as ear:
        assert (await ear.expect((PLAY, 42, 100))).media.title == "Heat"


async def test_two_players_of_one_kodi_are_two_playbacks() -> None:
    double = KodiDouble()
    double.plays(FILM, 42, 100)
    double.results["Player.GetActivePlayers"] = [{"playerid": 1, "type": "video"}, {"playerid": 3, "type": "video"}]
    double.results["Player.GetItem"] = lambda asked: {"item": FILM if asked["playerid"] == 1 else NEXT}
    async with watched(double) as ear:
        events = [await ear.next(), await ear.next()]
        assert [(str(event.session), event.media.title) for event in events] == [
            ("kodi/1", "Heat"),
            ("kodi/3", "Ronin"),
        ]
        await double.says("Player.OnStop", NEXT, end=True)
        stop = await ear.next()
        assert (str(stop.session), stop.kind, stop.watched) == ("kodi/3", STOP, True)


async def test_more_than_anybody_says_ends_the_connection() -> None:
    double = KodiDouble()
    double.mute = True
    async with watched(double) as ear:
        await double.was_asked("Player.GetActivePlayers")
        await double.write(b'{"method": "Player.OnPlay"}' * 1100)
        await double.visited()
        double.mute = False
        assert ear.events.empty()


@pytest.mark.parametrize("raw", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"{" * 50, b"\0\xff{}}"])
async def test_what_is_no_kodi_is_left_alone_and_tried_again(raw: bytes, caplog: pytest.LogCaptureFixture) -> None:
    double = KodiDouble()
    async with watched(double) as ear:
        await double.write(raw)
        await double.visited()
        await played(double)
        assert (await ear.next()).kind is PLAY
    assert len(caplog.messages) == 1
    assert "is no JSON-RPC of Kodi" in caplog.messages[0]


async def test_a_kodi_that_starts_later_is_found() -> None:
    double = KodiDouble()
    async with kodi(double) as port:
        pass
    async with listening("127.0.0.1", port) as ear:
        double.plays(FILM, 42, 100)
        async with kodi(double, port):
            await ear.expect((PLAY, 42, 100))
        assert (await ear.next()).kind is STOP


HOSTILE = st.one_of(
    st.binary(max_size=200),
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.text(max_size=5)
        | st.sampled_from(["video", "movie", "episode"]),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["method", "params", "data", "item", "player", "playerid", "speed", "id", "result", "type"]
                ),
                inner,
                max_size=5,
            )
        ),
        max_leaves=20,
    ).map(lambda said: json.dumps(said).encode()),
)


@settings(max_examples=40)
@given(
    st.lists(HOSTILE, max_size=5), st.dictionaries(st.sampled_from(list(FILM)), st.none() | st.integers()), st.data()
)
def test_no_kodi_however_strange_ends_the_watcher(
    raw: list[bytes], strange: dict[str, Any], data: st.DataObject
) -> None:
    async def story() -> list[PlayerEvent]:
        double = KodiDouble()
        double.plays({**FILM, **strange}, 1, 100, time=strange, totaltime=None)
        async with watched(double) as ear:
            for each in raw:
                await double.write(each)
            await double.hangs_up()
            await double.visited()
            double.cuts = lambda: data.draw(st.integers(1, 40))
            await played(double, NEXT)
            while (event := await ear.next()).media.title != "Ronin":
                pass
            return [event]

    assert asyncio.run(story())[0].kind is PLAY
