"""Whose a playback is: users of servers and their accounts, devices that were switched, and nobody's by default."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from conftest import EPOCH
from hypothesis import given
from hypothesis import strategies as st
from playbook import HEAT

from scrobbler.events import Kind, PlayerEvent, SessionKey
from scrobbler.household import (
    LONGEST,
    Household,
    Member,
    Nobody,
    Origin,
    Stranger,
    Switched,
    concerns,
    folded,
    in_own_seat,
    shortened,
    unknown,
)

TV = SessionKey(source="plex", player="tv-uuid")


def event(user: str | None = None, user_id: str | None = None, **more: Any) -> PlayerEvent:
    said: dict[str, Any] = {"session": TV, "kind": Kind.PLAY, "media": HEAT, "at": EPOCH}
    return PlayerEvent(**said | more, user=user, user_id=user_id)


def home(users: Mapping[str, str] | None = None, **added: str) -> Household:
    return Household(account="default", users=users, added=added)


# Users


def test_without_users_what_names_nobody_is_the_players_and_who_is_named_counts_for_nobody() -> None:
    assert home().whose(event()) == Member(account="default")
    assert home().whose(event("Kim", "7")) == Stranger(user="Kim", user_id="7")
    assert home().whose(event(None, "7")) == Stranger(user="7", user_id="7")


def test_with_users_what_names_nobody_is_nobodys() -> None:
    assert home({}).whose(event()) == Nobody()
    assert home({"*": "guest"}).whose(event()) == Nobody()


@pytest.mark.parametrize("said", ["Marta K.", " marta  k. ", "MARTA\tK.", "Ｍarta K．", "marta\u00a0k."])  # noqa: RUF001  # the wide forms are meant
def test_a_name_is_the_same_in_other_letters(said: str) -> None:
    assert home({"Marta K.": "marta"}).whose(event(said)) == Member(account="marta")
    assert home({said: "marta"}).whose(event("Marta K.")) == Member(account="marta")


def test_names_fold_as_their_scripts_do() -> None:
    assert folded("STRASSE") == folded("straße")
    assert folded("Ça va") == folded("c\u0327a VA")
    assert folded("marta") != folded("martha")


@given(st.text(), st.text())
def test_folding_is_stable_and_never_maps_who_is_not_named(one: str, other: str) -> None:
    assert folded(folded(one)) == folded(one)
    whose = home({one: "marta"} if folded(one) and one != "*" else {}).whose(event(other or "x"))
    assert isinstance(whose, Member) is (folded(one) == folded(other or "x") and bool(folded(one)) and one != "*") or (
        isinstance(whose, Stranger)
    )


def test_an_id_comes_before_a_name_and_has_its_own_seat() -> None:
    users = {"marta": "marta", "3": "kim", "6f1c-2d3e": "paul"}
    assert home(users).whose(event("Marta", "2")) == Member(account="marta")
    assert home(users).whose(event("Marta", "3")) == Member(account="kim", own_seat=True)
    assert home(users).whose(event("whoever", "6F1C2D3E")) == Member(account="paul", own_seat=True)


def test_two_of_one_name_on_one_device_are_told_apart_by_the_id() -> None:
    key = SessionKey(source="plex", player="tv", id="marta")
    first, second = (in_own_seat(event("marta", number, session=key)).session for number in ("2", "3"))
    assert (first.id, second.id) == ("marta/2", "marta/3")
    dashed = SessionKey(source="jellyfin", player="tv", id="6f1c2d3e/session")
    assert in_own_seat(event("marta", "6F1C-2D3E", session=dashed)).session == dashed
    assert in_own_seat(event(None, "2")).session.id == "2"


def test_everybody_else_is_whom_the_star_says() -> None:
    assert home({"marta": "marta", "*": "guest"}).whose(event("Kim")) == Member(account="guest")
    assert home({"marta": "marta", "*": "guest"}).whose(event("Marta")) == Member(account="marta")
    assert home({"*": "guest"}).whose(event("*")) == Member(account="guest")


def test_the_configuration_stands_above_commands_and_a_name_above_the_star() -> None:
    assert home({"marta": "marta"}, marta="paul").whose(event("marta")) == Member(account="marta")
    assert home({"*": "guest"}, kim="kim").whose(event("kim")) == Member(account="kim")
    assert home(None, kim="kim").whose(event("kim")) == Member(account="kim")
    assert home(None, kim="kim").whose(event()) == Member(account="default")
    assert home({"marta": "m"}, kim="k").origin("MARTA") is Origin.CONFIG
    assert home({"marta": "m"}, kim="k").origin("Kim") is Origin.COMMAND
    assert home({"marta": "m"}, kim="k").origin("Bob") is None


def test_a_strangers_name_is_kept_short_and_on_one_line() -> None:
    whose = home().whose(event("a\nb " * 100, "x" * 500))
    assert isinstance(whose, Stranger)
    assert len(whose.user) == LONGEST
    assert len(whose.user_id or "") == LONGEST
    assert "\n" not in shortened("a\r\nb")


# What was switched


def test_what_was_said_of_a_player_is_about_what_names_nobody() -> None:
    said = Switched(player="plex", account="paul")
    assert concerns(said, event())
    assert not concerns(said, event("marta"))
    assert not concerns(said, event(session=SessionKey(source="mpv")))


def test_what_was_said_of_a_device_is_about_all_that_it_plays() -> None:
    kitchen = event("marta", device="Kitchen", session=SessionKey(source="plex", player="k"))
    for device in ("tv-uuid", "living ROOM"):
        said = Switched(player="plex", account="paul", device=device)
        assert concerns(said, event("marta", device="Living Room"))
        assert not concerns(said, kitchen)
        assert home({}).whose(event("kim"), said) == Member(account="paul")


def test_it_may_have_an_end() -> None:
    said = Switched(player="plex", account="paul", until=EPOCH)
    assert said.holds(EPOCH - timedelta(seconds=1))
    assert not said.holds(EPOCH)
    assert Switched(player="plex", account="paul").holds(EPOCH)


def test_an_account_that_is_not_there_is_answered_with_what_adds_it() -> None:
    assert unknown("eve k", ["default", "marta"]) == (
        "there is no account 'eve k': known are default, marta; `scrobbler accounts add 'eve k'` adds it"
    )
