"""What an account of the sandbox shows beside its history: resume points, watching, settings; and the clock."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from sandbox_visitor import DULCINEA, HEAT, NOW, TRON, Visitor, frozen, visiting

from scrobbler.sandbox import SandboxClock
from scrobbler.sandbox.clock import iso, parse

pytestmark = pytest.mark.anyio


@pytest.fixture
async def visitor(anyio_backend: str) -> AsyncIterator[Visitor]:
    async with visiting(frozen()) as someone:
        yield someone


async def titles(visitor: Visitor, url: str, **query: str | int) -> list[str]:
    rows = (await visitor.get(url, **query)).json()
    return [row["movie"]["title"] if row["type"] == "movie" else row["episode"]["title"] for row in rows]


async def test_the_last_paused_comes_first(visitor: Visitor) -> None:
    for item in (TRON, DULCINEA, HEAT):
        await visitor.scrobble("pause", item, 40)
    assert await titles(visitor, "/sync/playback") == ["Heat", "Dulcinea", "TRON: Legacy"]
    assert await titles(visitor, "/sync/playback/movies") == ["Heat", "TRON: Legacy"]
    assert await titles(visitor, "/sync/playback/episodes") == ["Dulcinea"]
    assert (await visitor.get("/sync/playback/songs")).status_code == 404
    assert await titles(visitor, "/sync/playback", start_at="2026-11-20T20:00:03Z") == ["Heat"]


async def test_resume_points_come_in_pages_only_if_asked(visitor: Visitor) -> None:
    for item in (TRON, DULCINEA, HEAT):
        await visitor.scrobble("pause", item, 40)
    assert "x-pagination-page" not in (await visitor.get("/sync/playback")).headers
    second = await visitor.get("/sync/playback", page=2, limit=2)
    assert len(second.json()) == 1
    assert second.headers["x-pagination-page-count"] == "2"


async def test_a_resume_point_is_kept_for_half_a_year(visitor: Visitor) -> None:
    await visitor.scrobble("pause", TRON, 40)
    visitor.sandbox.rules.token_life = 365 * 86_400
    visitor.user = {"Authorization": f"Bearer {visitor.sandbox.sign_in()['access_token']}"}
    visitor.sandbox.clock.advance(181 * 86_400)
    assert len(await visitor.playback()) == 1
    visitor.sandbox.clock.advance(86_400)
    assert await visitor.playback() == []


async def test_a_resume_point_is_removed_once(visitor: Visitor) -> None:
    number = (await visitor.scrobble("pause", TRON, 40)).json()["id"]
    await visitor.scrobble("pause", HEAT, 40)
    gone = await visitor.delete(f"/sync/playback/{number}")
    assert (gone.status_code, gone.content) == (204, b"")
    assert await titles(visitor, "/sync/playback") == ["Heat"]
    assert (await visitor.delete(f"/sync/playback/{number}")).status_code == 404
    assert (await visitor.delete("/sync/playback/nonsense")).status_code == 404


async def test_another_users_resume_point_is_not_found(visitor: Visitor) -> None:
    number = (await visitor.scrobble("pause", TRON, 40)).json()["id"]
    marta = {"Authorization": f"Bearer {visitor.sandbox.sign_in('marta')['access_token']}"}
    assert (await visitor.http.delete(f"/sync/playback/{number}", headers=marta)).status_code == 404
    assert len(await visitor.playback()) == 1


async def test_the_end_of_a_checkin_ends_the_watching(visitor: Visitor) -> None:
    await visitor.scrobble("start", TRON, 5)
    assert (await visitor.delete("/checkin")).status_code == 204
    assert (await visitor.get("/users/me/watching")).status_code == 204


async def test_watching_is_found_under_the_users_own_name_too(visitor: Visitor) -> None:
    await visitor.scrobble("start", TRON, 5)
    assert (await visitor.get("/users/sandbox/watching")).status_code == 200
    assert (await visitor.get("/users/marta/watching")).status_code == 404


async def test_settings_tell_who_one_is(visitor: Visitor) -> None:
    told = (await visitor.get("/users/settings")).json()
    assert (told["user"]["username"], told["user"]["ids"]["slug"]) == ("sandbox", "sandbox")
    assert told["user"]["joined_at"] == "2026-11-20T20:00:00.000Z"
    assert told.keys() >= {"account", "limits", "permissions"}


def test_a_clock_runs_stands_and_jumps() -> None:
    clock = SandboxClock()
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=5)
    clock.advance(3600)
    assert timedelta(minutes=59) < clock.now() - datetime.now(UTC) < timedelta(minutes=61)
    clock.freeze(NOW)
    clock.advance(1.5)
    assert clock.now() == clock.now() == NOW + timedelta(seconds=1.5)
    clock.thaw()
    assert clock.now() >= NOW + timedelta(seconds=1.5)
    assert clock.now() < NOW + timedelta(minutes=5)


def test_a_clock_may_be_frozen_where_it_stands_and_only_at_an_aware_instant() -> None:
    clock = SandboxClock()
    clock.freeze()
    assert clock.now() == clock.now()
    with pytest.raises(ValueError, match="aware"):
        clock.freeze(NOW.replace(tzinfo=None))
    with pytest.raises(OverflowError):
        clock.advance(1e12)
    assert clock.now().year == datetime.now(UTC).year


def test_instants_are_written_in_milliseconds_and_read_in_any_zone() -> None:
    assert iso(NOW.replace(microsecond=123_999)) == "2026-11-20T20:00:00.123Z"
    assert parse("2026-11-20T21:00:00+01:00") == parse("2026-11-20T20:00:00") == NOW
