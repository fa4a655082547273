"""Who is let in: users of servers, whose a player is for a while, and what is filtered."""

from contextlib import closing
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from conftest import EPOCH, Clock
from double import Double
from playbook import HEAT, TRON
from residence import living, server

from scrobbler.adapters import Ignored
from scrobbler.admission import REMEMBERED, WAITING, Admission, KeptOut
from scrobbler.agent import Source
from scrobbler.control.people import MapUser, Switch
from scrobbler.control.request import UNTIL_OFF, Incognito, Refused
from scrobbler.events import Kind, Media, PlayerEvent, SessionKey
from scrobbler.filters import Filters
from scrobbler.household import Household
from scrobbler.machine.motion import State
from scrobbler.machine.policy import Policy
from scrobbler.state.decisions import What
from scrobbler.state.people import MOST, Mapped
from scrobbler.state.snapshot import look, mapped
from scrobbler.state.store import Store

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def no_spacing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test's clock stands still, so waiting for one write a second would be waiting in vain."""
    monkeypatch.setattr("scrobbler.trakt.client.WRITE_EVERY", 0.0)


# Users


async def test_a_user_who_is_not_mapped_counts_for_nobody_and_one_command_maps_him(
    tmp_path: Path, clock: Clock, double: Double
) -> None:
    async with living(tmp_path, clock, double, server(users={"marta": "marta"})) as house:
        await house.watches("Kim K.", user_id="7")
        await house.watches(" MARTA ", media=TRON)
        await house.settled()
        [met] = house.looks().strangers
        assert (met.player, met.user, met.user_id) == ("plex", "Kim K.", "7")
        assert (met.first_at, met.last_at) == (EPOCH, EPOCH + timedelta(seconds=95))
        assert house.words(What.IGNORED) == [
            "plex: ignored media.play: user 'Kim K.' counts for no account: `scrobbler users map plex 'Kim K.' ACCOUNT`"
        ]
        await house.asks(MapUser(player="plex", user="kim k.", account="kim"))
        assert house.looks().strangers == ()
        await house.watches("Kim K.")
        await house.sees(lambda: len(double.history("kim")) == 1)
        assert [title for title, _ in double.history("marta")] == ["TRON: Legacy"]
        assert double.history("default") == []


async def test_who_is_mapped_in_mid_film_has_it_from_its_beginning(
    tmp_path: Path, clock: Clock, double: Double
) -> None:
    async with living(tmp_path, clock, double, server()) as house:
        await house.hears("kim", Kind.PLAY, 0.0)
        clock.advance(50)
        await house.asks(MapUser(player="plex", user="Kim", account="kim"))
        await house.sees(lambda: look(tmp_path).sessions[0].account == "kim")
        clock.advance(45)
        await house.hears("kim", Kind.STOP, None)
        await house.sees(lambda: len(double.history("kim")) == 1)


@pytest.mark.parametrize(("kind", "after"), [(Kind.STOP, 1), (Kind.PLAY, 7 * 3600)], ids=["ended", "long ago"])
async def test_what_is_over_does_not_begin_when_its_user_is_mapped(
    kind: Kind, after: float, tmp_path: Path, clock: Clock, double: Double
) -> None:
    async with living(tmp_path, clock, double, server()) as house:
        await house.hears("kim", Kind.PLAY, 0.0)
        await house.hears("kim", kind, 10.0)
        clock.advance(after)
        await house.asks(MapUser(player="plex", user="Kim", account="kim"))
        assert house.looks().sessions == ()


async def test_who_is_mapped_no_more_has_what_he_watches_taken_back(
    tmp_path: Path, clock: Clock, double: Double
) -> None:
    async with living(tmp_path, clock, double, server()) as house:
        await house.asks(MapUser(player="plex", user="kim", account="kim"))
        await house.hears("kim", Kind.PLAY, 5.0)
        await house.sees(lambda: double.saw("POST /scrobble/start 201"))
        await house.asks(MapUser(player="plex", user="Kim"))
        await house.sees(lambda: double.saw("DELETE /sync/playback/1 204"))
        await house.watches("kim")
        await house.settled()
        assert double.history("kim") == []
        assert [one.user for one in house.looks().strangers] == ["kim"]
        assert house.words(What.HANDED) == [
            "plex: user 'kim' counts for kim",
            "plex: user 'Kim' counts for nobody any more",
        ]


async def test_a_user_is_only_mapped_to_an_account_that_there_is(tmp_path: Path, clock: Clock, double: Double) -> None:
    async with living(tmp_path, clock, double, server()) as house:
        refused = await house.agent.perform(MapUser(player="plex", user="kim", account="mallory"))
        assert isinstance(refused, Refused)
        assert refused.why.startswith("there is no account 'mallory': known are default, marta")
        refused = await house.agent.perform(MapUser(player="plex", user="kim"))
        assert refused == Refused(why="no command ever said for whom the user 'kim' of plex counts")
    assert mapped(tmp_path) == ()


async def test_without_a_user_it_counts_for_the_player_unless_users_decide(
    tmp_path: Path, clock: Clock, double: Double
) -> None:
    async with living(tmp_path, clock, double, server("emby"), server("plex", {"*": "marta"})) as house:
        await house.watches(None, session=SessionKey(source="emby"))
        await house.watches(None)
        await house.settled()
        await house.sees(lambda: len(double.history("default")) == 1)
        assert double.history("marta") == []
        assert house.words(What.IGNORED) == [
            "plex: ignored media.play: it names no user, and players.plex.users says who counts"
        ]
        assert house.looks().strangers == ()


async def test_two_of_one_name_who_go_by_their_ids_never_mix_on_one_device(
    tmp_path: Path, clock: Clock, double: Double
) -> None:
    async with living(tmp_path, clock, double, server(users={"2": "marta", "3": "kim"})) as house:
        await house.hears("Kim", Kind.PLAY, 0.0, user_id="2")
        await house.hears("kim", Kind.PLAY, 0.0, user_id="3", media=TRON)
        clock.advance(90)
        await house.hears("kim", Kind.STOP, 50.0, user_id="3", media=TRON)
        await house.hears("Kim", Kind.STOP, 90.0, user_id="2")
        await house.settled()
        await house.sees(lambda: [title for title, _ in double.history("marta")] == ["Heat"])
        assert double.history("kim") == []


async def test_mappings_are_kept_over_a_restart_but_not_to_an_account_that_is_gone(
    tmp_path: Path, clock: Clock, double: Double
) -> None:
    async with living(tmp_path, clock, double, server()) as house:
        await house.asks(MapUser(player="plex", user="kim", account="kim"))
        house.store.map_user(Mapped(player="plex", user="gone", account="gone"), []).result(10)
    async with living(tmp_path, clock, double, server()) as house:
        await house.watches("kim")
        await house.sees(lambda: len(double.history("kim")) == 1)
        await house.watches("gone")
        assert [one.user for one in house.looks().strangers] == ["gone"]


async def test_a_flood_of_names_fills_nothing(tmp_path: Path, clock: Clock, double: Double) -> None:
    async with living(tmp_path, clock, double, server()) as house:
        for number in range(MOST + 20):
            clock.advance(1)
            await house.hears(f"{number} " + "x" * 5000, Kind.PLAY, 0.0)
        assert len(house.looks().strangers) == MOST
        assert house.looks().strangers[0].user.startswith(f"{MOST + 19} xxx")
        assert max(len(one.user) for one in house.looks().strangers) <= 100
        assert house.looks().sessions == ()


def test_what_is_remembered_of_those_kept_out_is_bounded() -> None:
    admission = Admission()
    for number in range(REMEMBERED + 10):
        key = SessionKey(source="plex", player=str(number))
        event = PlayerEvent(session=key, kind=Kind.PLAY, media=HEAT, at=EPOCH, user="kim")
        judged = admission.judge(Household(account="a"), Filters(), event, lambda _: False, EPOCH)
        assert isinstance(judged, KeptOut)
    assert len(admission._told) == REMEMBERED
    assert len(admission.waiting(EPOCH)) == WAITING


# Filters


async def test_what_is_filtered_says_why_once_a_sitting(tmp_path: Path, clock: Clock, double: Double) -> None:
    kids = Media(title="Up", year=2009, library="Kids")
    async with living(tmp_path, clock, double, server(users={"*": "marta"}, ignore_libraries=["Kids"])) as house:
        for _ in range(2):
            for second in range(0, 50, 10):
                await house.hears("kim", Kind.PLAY, float(second), media=kids)
            await house.hears("kim", Kind.PAUSE, 50.0, media=kids)
            await house.hears("kim", Kind.STOP, 95.0, media=kids)
            await house.hears("kim", Kind.STOP, 95.0, media=kids)
        await house.watches("kim")
        await house.sees(lambda: len(double.history("marta")) == 1)
        why = "plex: ignored Up (2009): library 'Kids' is in ignore_libraries (players.plex.filter)"
        assert house.words(What.IGNORED) == [why, why]


async def test_who_counts_for_nobody_or_is_incognito_has_no_titles_in_the_log(
    tmp_path: Path, clock: Clock, double: Double
) -> None:
    async with living(tmp_path, clock, double, server(users={"marta": "marta"}, ignore_libraries=["Kids"])) as house:
        kids = Media(title="Up", year=2009, library="Kids")
        await house.asks(Incognito(account="marta", until=UNTIL_OFF))
        await house.hears("marta", Kind.PLAY, 0.0, media=kids)
        await house.hears("kim", Kind.PLAY, 0.0, media=kids)
        assert house.words(What.IGNORED) == [
            "plex: ignored media.play: incognito",
            "plex: ignored media.play: library 'Kids' is in ignore_libraries (players.plex.filter)",
        ]


async def test_what_turns_out_to_be_too_short_is_taken_back_and_stays_out(
    tmp_path: Path, clock: Clock, double: Double
) -> None:
    async with living(tmp_path, clock, double, server(users={"*": "marta"}, shorter_than=10)) as house:
        await house.hears("marta", Kind.PLAY, 0.0, duration=None)
        await house.sees(lambda: double.saw("POST /scrobble/start 201"))
        clock.advance(30)
        await house.hears("marta", Kind.PLAY, 30.0)
        await house.sees(lambda: double.saw("DELETE /sync/playback/1 204"))
        await house.hears("marta", Kind.PLAY, 40.0, duration=None)
        await house.hears("marta", Kind.STOP, 95.0, duration=None)
        await house.settled()
        assert house.looks().sessions[0].state is State.IDLE
        assert double.history("marta") == []
        [why] = house.words(What.IGNORED)
        assert why == "plex: ignored Heat (1995): its 1.67 minutes are under shorter_than = 10 (players.plex.filter)"
        assert double.sandbox.world.account("marta").watching(clock()) is None


async def test_of_what_nothing_was_told_nothing_is_taken_back(tmp_path: Path, clock: Clock, double: Double) -> None:
    async with living(tmp_path, clock, double, server(users={"*": "marta"}, shorter_than=10)) as house:
        await house.hears("marta", Kind.PAUSE, 5.0, duration=None)
        assert house.looks().sessions[0].state is State.PAUSED
        await house.hears("marta", Kind.PAUSE, 5.0)
        assert house.looks().sessions[0].state is State.IDLE
        assert double.calls() == []


async def test_what_is_filtered_ends_what_was_on_before_it(tmp_path: Path, clock: Clock, double: Double) -> None:
    async with living(tmp_path, clock, double, server(users={"*": "marta"}, ignore_libraries=["Kids"])) as house:
        await house.hears("marta", Kind.PLAY, 0.0)
        clock.advance(90)
        kids = Media(title="Up", year=2009, library="Kids")
        await house.hears("marta", Kind.STOP, 1.0, media=kids)
        await house.hears("marta", Kind.PLAY, 10.0, media=kids, at=EPOCH - timedelta(seconds=1))  # late
        assert house.looks().sessions[0].state is State.PLAYING
        await house.hears("marta", Kind.PLAY, 0.0, media=kids)
        await house.sees(lambda: [title for title, _ in double.history("marta")] == ["Heat"])


async def test_live_tv_counts_where_it_is_allowed(tmp_path: Path, clock: Clock, double: Double) -> None:
    live = msgspec.structs.replace(HEAT, live=True)
    said = PlayerEvent(session=SessionKey(source="plex"), kind=Kind.PLAY, media=live, at=EPOCH, user="kim")
    strict, lax = server("plex", {"*": "marta"}), server("den", {"*": "kim"}, allow=["live"])
    async with living(tmp_path, clock, double, strict, lax) as house:
        await house.agent.receive("plex", [Ignored(reason="live_tv", heard="media.play", event=said)])
        await house.agent.receive("plex", [Ignored(reason="live_tv", heard="media.play")])
        await house.watches("kim", media=live, session=SessionKey(source="den"))
        await house.sees(lambda: len(double.history("kim")) == 1)
        assert house.words(What.IGNORED) == [
            "plex: ignored Heat (1995): live TV, which is not in allow (filter)",
            "plex: ignored media.play: live_tv",
        ]
        assert double.history("marta") == []


# Whose a player is for a while

TV = SessionKey(source="tv")


def player(name: str = "tv") -> Source:
    return Source(name=name, account="default")


async def test_what_is_on_changes_hands(tmp_path: Path, clock: Clock, double: Double) -> None:
    async with living(tmp_path, clock, double, player()) as house:
        await house.hears(None, Kind.PLAY, 0.0, session=TV)
        await house.sees(lambda: double.saw("POST /scrobble/start 201"))
        clock.advance(50)
        await house.asks(Switch(players=("tv",), account="marta"))
        await house.sees(lambda: double.saw("DELETE /sync/playback/1 204"))
        await house.sees(lambda: double.saw("POST /scrobble/start 201", times=2))
        clock.advance(45)
        await house.hears(None, Kind.STOP, None, session=TV)
        await house.sees(lambda: len(double.history("marta")) == 1)
        await house.settled()
        assert double.history("default") == []
        await house.asks(Switch(players=("tv",)))
        await house.watches(None, media=TRON, session=TV)
        await house.sees(lambda: len(double.history("default")) == 1)
        assert house.words(What.HANDED) == ["tv counts for marta", "tv counts for whom it counted before"]


async def test_what_is_paused_changes_hands_and_goes_on_for_the_other(
    tmp_path: Path, clock: Clock, double: Double
) -> None:
    async with living(tmp_path, clock, double, player()) as house:
        await house.hears(None, Kind.PLAY, 0.0, session=TV)
        clock.advance(30)
        await house.hears(None, Kind.PAUSE, 30.0, session=TV)
        await house.asks(Switch(players=("tv",), account="marta"))
        assert (house.looks().sessions[0].account, house.looks().sessions[0].state) == ("marta", State.PAUSED)
        clock.advance(30)
        await house.hears(None, Kind.PLAY, 30.0, session=TV)
        clock.advance(65)
        await house.hears(None, Kind.STOP, 95.0, session=TV)
        await house.sees(lambda: len(double.history("marta")) == 1)
        assert double.history("default") == []


async def test_what_counted_already_or_is_nobodys_business_stays(tmp_path: Path, clock: Clock, double: Double) -> None:
    early = Source(name="early", account="default", policy=Policy(at_threshold=True))
    async with living(tmp_path, clock, double, player(), early) as house:
        key = SessionKey(source="early")
        await house.hears(None, Kind.PLAY, 0.0, session=key)
        clock.advance(85)
        await house.hears(None, Kind.PLAY, 85.0, session=key)
        await house.asks(Incognito(account="default", until=UNTIL_OFF))
        await house.hears(None, Kind.PLAY, 10.0, session=TV, media=TRON)
        await house.asks(Switch(players=("tv", "early"), account="marta"))
        assert [one.account for one in house.looks().sessions] == ["default", "default"]
        await house.hears(None, Kind.STOP, 95.0, session=key)
        await house.hears(None, Kind.STOP, 95.0, session=TV, media=TRON)
        await house.settled()
        assert [title for title, _ in double.history("default")] == ["Heat"]
        assert double.history("marta") == []


async def test_it_may_end_by_itself_and_what_is_on_then_stays_to_its_end(
    tmp_path: Path, clock: Clock, double: Double
) -> None:
    async with living(tmp_path, clock, double, player()) as house:
        await house.asks(Switch(players=("tv",), account="marta", until=EPOCH + timedelta(seconds=50)))
        await house.watches(None, session=TV)
        await house.sees(lambda: len(double.history("marta")) == 1)
        await house.hears(None, Kind.PLAY, 0.0, session=TV, media=TRON)
        await house.sees(lambda: look(tmp_path).sessions[0].account == "default")
        past = await house.agent.perform(Switch(players=("tv",), account="marta", until=EPOCH))
        assert past == Refused(why="that instant is over already")


async def test_the_next_item_is_the_next_ones_though_nobody_told_the_end_of_the_last(
    tmp_path: Path, clock: Clock, double: Double
) -> None:
    async with living(tmp_path, clock, double, player()) as house:
        await house.asks(Switch(players=("tv",), account="marta", until=EPOCH + timedelta(seconds=50)))
        await house.hears(None, Kind.PLAY, 0.0, session=TV)
        clock.advance(90)
        await house.hears(None, Kind.PLAY, 0.0, session=TV, media=TRON)
        await house.sees(lambda: [title for title, _ in double.history("marta")] == ["Heat"])
        clock.advance(90)
        await house.hears(None, Kind.STOP, 90.0, session=TV, media=TRON)
        await house.sees(lambda: [title for title, _ in double.history("default")] == ["TRON: Legacy"])


async def test_a_device_that_was_switched_is_whoever_the_server_names(
    tmp_path: Path, clock: Clock, double: Double
) -> None:
    async with living(tmp_path, clock, double, server(users={"marta": "marta"})) as house:
        await house.asks(Switch(players=("plex",), account="kim", device="Living room TV"))
        await house.asks(Switch(players=("plex",), account="lena"))
        await house.watches("somebody", device="living  room tv")
        await house.watches("marta", media=TRON, device="kitchen")
        await house.watches(None, media=TRON, device="kitchen")
        await house.settled()
        for account, title in (("kim", "Heat"), ("marta", "TRON: Legacy"), ("lena", "TRON: Legacy")):
            await house.sees(lambda name=account, film=title: _saw(double, name, film))  # type: ignore[misc]  # bound now
        await house.asks(Switch(players=("plex",), device="LIVING ROOM TV"))
        assert [(one.device, one.account) for one in house.looks().switched] == [("", "lena")]
        await house.asks(Switch(players=("plex",)))
        assert house.looks().switched == ()


def _saw(double: Double, account: str, title: str) -> bool:
    return [one for one, _ in double.history(account)] == [title]


async def test_it_is_kept_over_a_restart(tmp_path: Path, clock: Clock, double: Double) -> None:
    async with living(tmp_path, clock, double, player()) as house:
        await house.asks(Switch(players=("tv",), account="marta"))
        await house.asks(Switch(players=("tv",), account="kim"))
    async with living(tmp_path, clock, double, player()) as house:
        await house.watches(None, session=TV)
        await house.sees(lambda: len(double.history("kim")) == 1)


async def test_what_was_not_heard_of_since_a_restart_stays_where_it_is(
    tmp_path: Path, clock: Clock, double: Double
) -> None:
    async with living(tmp_path, clock, double, server(users={"marta": "marta"})) as house:
        await house.hears("marta", Kind.PLAY, 0.0)
    async with living(tmp_path, clock, double, server(users={"marta": "paul"})) as house:
        await house.asks(MapUser(player="plex", user="kim", account="kim"))
        clock.advance(95)
        await house.hears("marta", Kind.STOP, 95.0)
        await house.sees(lambda: len(double.history("marta")) == 1)
        assert double.history("paul") == []


def test_rows_that_make_no_sense_are_left_out(tmp_path: Path, clock: Clock) -> None:
    with closing(Store(tmp_path, clock())) as store:
        for row in (
            "strangers VALUES ('plex', 'kim', '', 'kim', NULL, 'then', 'now')",
            "switched VALUES ('tv', '', 'marta', 'tomorrow')",
        ):
            store._database.submit(lambda db, row=row: db.execute(f"INSERT INTO {row}")).result(10)  # type: ignore[misc]  # bound now
    with closing(Store(tmp_path, clock())) as store:
        assert "2 of its rows make no sense" in (store.moved or "")
        assert store.switched().result(10) == ()
    assert look(tmp_path).strangers == ()
