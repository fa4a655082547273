"""A recorded log played again. ``spec/replay.md`` has the rules."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from scrobbler.errors import ConfigError
from scrobbler.events import Ids, Kind, Media, MediaKind, PlayerEvent, Seconds, SessionKey
from scrobbler.filters import Filter, Filters, Genre
from scrobbler.household import Household
from scrobbler.machine.policy import Policy
from scrobbler.replay.recording import Line
from scrobbler.replay.replay import Outcome, People, Replay, call

AT = datetime(2026, 11, 20, 20, 0, tzinfo=UTC)
HEAT = Media(kind=MediaKind.MOVIE, title="Heat", year=1995, ids=Ids(imdb="tt0113277"))
SILENT = Policy(silence=Seconds(6 * 3600.0))


def replayed(*lines: Line) -> Outcome:
    return Replay(lambda _name, calls_us: SILENT if calls_us else Policy()).run(enumerate(lines, 1), "log")


def mpv(at: float, kind: Kind, position: float | None, media: Media = HEAT, **more: Any) -> Line:
    """What a watcher said, in a film of 100 s."""
    event = PlayerEvent(
        session=SessionKey(source="mpv", id="1"),
        kind=kind,
        media=media,
        at=AT + timedelta(seconds=at),
        position=None if position is None else Seconds(position),
        duration=Seconds(100.0),
        **more,
    )
    return Line(at=event.at, source="mpv", payload=event)


def plex(at: float, event: str, position: float | None, title: str = "Heat", **more: Any) -> Line:
    """What a Plex server posted, about a film of 100 s."""
    metadata = {"type": "movie", "librarySectionType": "movie", "title": title, "year": 1995, "duration": 100_000}
    if position is not None:
        metadata["viewOffset"] = round(position * 1000)
    metadata |= {"ratingKey": "1", "Guid": [{"id": "imdb://tt0113277"}]}
    payload = {
        "event": f"media.{event}",
        "user": True,
        "owner": True,
        "Account": {"id": 1, "title": "marta"},
        "Server": {"title": "attic", "uuid": "s"},
        "Player": {"uuid": "tv", "title": "TV", "local": True},
        "Metadata": metadata,
    }
    return Line(at=AT + timedelta(seconds=at), source="plex", payload=payload | more)


def told(outcome: Outcome) -> list[str]:
    return [f"{one.account} {one.action.value} {one.share():g}" for one in outcome.calls]


def test_a_watchers_film_leads_to_its_calls_and_one_watch() -> None:
    outcome = replayed(mpv(0, Kind.PLAY, 0), mpv(30, Kind.PAUSE, 30), mpv(90, Kind.PLAY, 30), mpv(160, Kind.STOP, 100))
    assert told(outcome) == ["default start 0", "default pause 30", "default start 30", "default stop 100"]
    assert len(outcome.watches) == 1


def test_a_servers_user_counts_as_an_account_of_that_name() -> None:
    outcome = replayed(plex(0, "play", 0), plex(95, "stop", 95))
    assert told(outcome) == ["marta start 0", "marta stop 95"]
    assert len(outcome.watches) == 1


def test_the_time_after_the_last_line_passes_too() -> None:
    outcome = replayed(plex(0, "play", 0), plex(50, "pause", 50))
    assert told(outcome) == ["marta start 0", "marta pause 50", "marta stop 50"]


def test_what_is_due_between_two_lines_is_said_at_its_time() -> None:
    outcome = replayed(plex(0, "play", 0), plex(50, "pause", 50), plex(7 * 3600.0, "play", 50))
    assert told(outcome)[2] == "marta stop 50"
    assert outcome.calls[3].at == AT + timedelta(hours=7)


def test_two_sources_of_one_playback_are_one_watch() -> None:
    lines = [plex(0, "play", 0), mpv(1, Kind.PLAY, 0), mpv(95, Kind.STOP, 95), plex(96, "stop", 95)]
    marta_and_somebody_else = replayed(*lines)
    assert len(marta_and_somebody_else.calls) == 4
    assert len(marta_and_somebody_else.watches) == 2
    for line in (lines[0], lines[3]):
        line.payload["Account"] = {}
    assert len(replayed(*lines).watches) == 1


def test_a_file_with_two_episodes_is_two_watches() -> None:
    both = Media(path="/shows/Dark S01E01-E02.mkv")
    outcome = replayed(mpv(0, Kind.PLAY, 0, both), mpv(60, Kind.PLAY, 60, both), mpv(98, Kind.STOP, 98, both))
    assert [(one.media.episode, one.action.value) for one in outcome.calls] == [
        (1, "start"),
        (1, "stop"),
        (2, "start"),
        (2, "stop"),
    ]
    assert len(outcome.watches) == 2


def test_what_leads_to_nothing_is_told_with_its_reason() -> None:
    outcome = replayed(
        plex(0, "rate", None),
        Line(at=AT, source="plex", payload="no object"),
        Line(at=AT, source="mpv", payload={"kind": "play"}),
    )
    assert not outcome.calls
    assert [one.source for one in outcome.unheard] == ["plex", "plex", "mpv"]
    assert outcome.unheard[2].reason.startswith("not understood: ")


def test_an_adapter_that_is_not_there_is_told_with_the_line() -> None:
    with pytest.raises(ConfigError, match=r"^log, line 2: there is no adapter 'plox'; there are: .*plex"):
        replayed(plex(0, "play", 0), Line(at=AT, source="plox", payload={}))


@pytest.mark.parametrize("adapter", ["kodi", "one that is not installed here"])
def test_an_event_tells_all_by_itself_whatever_adapter_made_it(adapter: str) -> None:
    lines = [mpv(0, Kind.PLAY, 0), mpv(95, Kind.STOP, 95)]
    elsewhere = [Line(at=line.at, source=adapter, payload=msgspec.to_builtins(line.payload)) for line in lines]
    assert len(replayed(*elsewhere).watches) == 1


def kodi(at: float, word: str, position: float, **data: Any) -> Line:
    """What Kodi said, with what was asked after it, about a film of 100 s."""

    def clock(seconds: float) -> dict[str, float]:
        return {"hours": 0, "minutes": 0, "seconds": seconds, "milliseconds": 0}

    item = {"id": 1, "type": "movie", "title": "Heat", "year": 1995, "uniqueid": {"imdb": "tt0113277"}}
    payload = {
        "notification": {"method": word, "params": {"data": {"item": {"id": 1, "type": "movie"}, **data}}},
        "enrichment": {
            "Player.GetProperties": {"time": clock(position), "totaltime": clock(100), "type": "video"},
            "Player.GetItem": {"item": item},
        },
        "cached": {"item": item, "position_s": position, "duration_s": 100},
    }
    return Line(at=AT + timedelta(seconds=at), source="kodi", payload=payload)


def test_a_watched_players_own_messages_are_read_where_its_adapter_can() -> None:
    outcome = replayed(kodi(0, "Player.OnAVStart", 0), kodi(95, "Player.OnStop", 95, end=False))
    assert told(outcome) == ["default start 0", "default stop 95"]


def test_a_call_is_told_as_the_player_named_its_item() -> None:
    outcome = replayed(mpv(0, Kind.PLAY, None, Media(path="/films/heat.mkv")))
    assert call(outcome.calls[0]) == {
        "at": "2026-11-20T20:00:00Z",
        "account": "default",
        "call": "start",
        "item": {"kind": None, "title": None, "year": None, "show": None, "season": None, "episode": None},
        "progress": None,
    }
    assert call(replayed(mpv(0, Kind.PLAY, 12.344)).calls[0])["progress"] == 12.34


# Whose it is, and what is not counted


def test_where_users_are_mapped_only_they_count() -> None:
    def people(_name: str, _calls_us: bool) -> People:
        return People(household=Household(account="default", users={"Marta": "m", "7": "kim"}))

    def watched(user: str, number: int, at: float) -> list[Line]:
        account: dict[str, Any] = {"Account": {"title": user, "id": number}}
        return [plex(at, "play", 0, **account), plex(at + 95, "stop", 95, **account)]

    said = [*watched("marta", 1, 0), *watched("Kim", 7, 200), *watched("kim", 8, 400), *watched("", 0, 600)]
    outcome = Replay(lambda *_: SILENT, people).run(enumerate(said, 1), "log")
    assert [one.account for one in outcome.watches] == ["m", "kim"]
    assert [one.reason for one in outcome.unheard] == [
        *["user 'kim' counts for no account"] * 2,
        *["user '0' counts for no account"] * 2,
    ]


def test_an_event_without_a_user_is_nobodys_where_users_are_mapped() -> None:
    people = People(household=Household(account="default", users={}))
    outcome = Replay(lambda *_: Policy(), lambda *_: people).run(enumerate([mpv(0, Kind.PLAY, 0)], 1), "log")
    assert [one.reason for one in outcome.unheard] == ["it names no user, and users say who counts"]


def test_what_is_filtered_leads_to_nothing_and_ends_what_was_on() -> None:
    kids = Media(title="Up", path="/kids/Up.mkv")
    filters = Filters(player="mpv", own=Filter(ignore_paths=("/kids",)))
    said = [mpv(0, Kind.PLAY, 0), mpv(90, Kind.PLAY, 0, kids), mpv(185, Kind.STOP, 95, kids)]
    outcome = Replay(lambda *_: Policy(), lambda *_: People(filters=filters)).run(enumerate(said, 1), "log")
    assert told(outcome) == ["default start 0", "default stop 90"]
    assert [one.reason for one in outcome.unheard] == ["path '/kids' is in ignore_paths (players.mpv.filter)"] * 2


def test_live_tv_leads_to_something_only_where_it_is_allowed() -> None:
    live = [
        Line(at=one.at, source="plex", payload=_live(one.payload)) for one in (plex(0, "play", 0), plex(95, "stop", 95))
    ]
    outcome = replayed(*live)
    assert ([one.reason for one in outcome.unheard], outcome.calls) == (["live_tv", "live_tv"], ())
    allowed = People(filters=Filters(player="plex", own=Filter(allow=(Genre.LIVE,))))
    outcome = Replay(lambda *_: SILENT, lambda *_: allowed).run(enumerate(live, 1), "log")
    assert len(outcome.watches) == 1


def _live(payload: dict[str, Any]) -> dict[str, Any]:
    return payload | {"Metadata": payload["Metadata"] | {"live": "1"}}
