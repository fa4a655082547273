"""What the page's forms do: each through the agent, each answered with one line, and never for another site."""

import asyncio
import html
import re
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from conftest import Clock
from double import Double
from home import House, inhabited
from playbook import HEAT, TRON
from queued import UNKNOWN, said

from scrobbler.control.people import MapUser, Switch
from scrobbler.control.request import UNTIL_OFF, Correct, Drop, Enter, Incognito, Replace, Retry, Undo
from scrobbler.errors import StateError
from scrobbler.events import Media, SessionKey
from scrobbler.machine.session import Session
from scrobbler.sandbox import FaultKind
from scrobbler.sandbox.titles import Episode, Movie
from scrobbler.state.corrections import Never, Scope
from scrobbler.state.entry import Entry
from scrobbler.state.snapshot import corrected, look
from scrobbler.web.forms import FORMS
from scrobbler.web.mender import Picked, Remedy, Which
from scrobbler.web.page import LONGEST_FORM, REMEMBERED

pytestmark = pytest.mark.anyio

OFFICE = Media(path="/films/The Ofice/The Ofice s01e01.mkv")
SECOND = Media(path="/films/The Ofice/The Ofice s01e02.mkv")
SENSE = {
    "/retry": {"entry": "1"},
    "/drop": {"entry": "1"},
    "/undo": {"play": "1"},
    "/fix": {"entry": "1", "never": "1"},
    "/incognito": {"to": "1h"},
    "/switch": {"player": "mpv", "account": "marta"},
    "/users": {"player": "plex", "user": "Eve", "account": "marta"},
}
"""A form for each address."""


@pytest.fixture(autouse=True)
def no_spacing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test's clock stands still, so waiting for one write a second would be waiting in vain."""
    monkeypatch.setattr("scrobbler.trakt.client.WRITE_EVERY", 0.0)


@pytest.fixture
async def house(tmp_path: Path, double: Double, clock: Clock) -> AsyncIterator[House]:
    async with inhabited(tmp_path, double, clock) as house:
        yield house


async def sent(house: House, path: str, **form: str) -> str:
    """What a browser shows after a form was sent: the line."""
    async with httpx.AsyncClient(base_url=house.url, headers=house.headers, follow_redirects=True) as http:
        reply = await http.post(path, data=form)
        assert reply.status_code == 200
        assert [each.status_code for each in reply.history] == [303]
        return line_of(reply.text)


def line_of(page: str) -> str:
    found = re.search(r'<p class="line( wrong)?" role="(alert|status)">([^<]*)</p>', page)
    assert found is not None, page
    assert bool(found[1]) == (found[2] == "alert")
    return ("! " if found[1] else "") + html.unescape(found[3])


async def set_aside(house: House, media: Media = HEAT) -> Entry:
    """An entry of somebody who is not signed in, as one that Trakt does not take."""
    store = house.store
    await asyncio.wrap_future(store.changes.enter(said(media, account="marta"), house.clock()))
    entry = await asyncio.wrap_future(store.claim("marta", house.clock()))
    assert entry is not None
    await asyncio.wrap_future(store.set_aside(entry, UNKNOWN))
    return entry


# Entries and plays


async def test_what_was_set_aside_is_tried_again(house: House) -> None:
    entry = await set_aside(house)
    assert await sent(house, "/retry", entry=str(entry.id)) == "Heat (1995) is tried again."
    assert house.asked == [Retry(ids=(entry.id,))]
    assert [one.id for one in look(house.folder).waiting] == [entry.id]


async def test_what_is_dropped_is_gone(house: House) -> None:
    entry = await set_aside(house)
    assert await sent(house, "/drop", entry=str(entry.id)) == "Heat (1995) is dropped."
    assert house.asked == [Drop(ids=(entry.id,))]
    assert look(house.folder).aside == ()
    again = await sent(house, "/drop", entry=str(entry.id))
    assert again == f"! Entry {entry.id} is being sent just now, or left the queue."


async def test_a_watch_is_taken_out_of_the_history(house: House) -> None:
    await house.watched(HEAT)
    assert await sent(house, "/undo", play="1") == "Heat (1995) is taken out of Trakt's history."
    assert house.asked == [Undo(plays=(1,))]
    await house.eventually(lambda state: not state.removals)
    assert house.double.history() == []
    async with httpx.AsyncClient(base_url=house.url) as http:
        page = (await http.get("/")).text
    assert "play 1 · <strong>undone</strong>" in page
    assert "fix?play=1" not in page
    assert await sent(house, "/undo", play="1") == "! Play 1 was undone already, or is gone."


# What it really is


async def picks(house: House, path: str = "/") -> dict[str, str]:
    """The choices on a page, by their names."""
    async with httpx.AsyncClient(base_url=house.url, headers=house.headers) as http:
        page = (await http.get(path)).text
    found = re.findall(r'<button name="pick" value="([^"]+)"><bdi>([^<]+)</bdi>', page)
    return {html.unescape(name): html.unescape(value) for value, name in found}


async def test_a_candidate_that_is_picked_is_what_it_is_and_so_is_the_next_episode(house: House) -> None:
    entry = await house.unmatched(OFFICE)
    line = await sent(house, "/fix", entry=str(entry), pick=(await picks(house))["The Office (2001) S01E01"])
    assert line == (
        "The Ofice s01e01.mkv is tried again. Remembered: The Ofice is The Office (2001), with the same numbers."
    )
    await house.eventually(lambda state: len(state.plays) == 1)
    await house.watched(SECOND, 2)
    items = [play.item for play in house.double.sandbox.world.account("default").plays]
    assert [item.show.ids.slug for item in items if isinstance(item, Episode)] == ["the-office-uk"] * 2


@pytest.mark.parametrize(
    "words", ["The Office (2001) s01e01", "https://trakt.tv/shows/the-office-uk", "imdb:show:tt0290978"]
)
async def test_a_name_an_address_and_an_id_say_it_too(words: str, house: House) -> None:
    entry = await house.unmatched(OFFICE)
    line = await sent(house, "/fix", entry=str(entry), words=words)
    assert "is tried again. Remembered: The Ofice is The Office" in line
    await house.eventually(lambda state: len(state.plays) == 1)


async def test_it_may_hold_for_the_file_alone_or_for_its_folder(house: House) -> None:
    entry = await house.unmatched(OFFICE)
    await house.unmatched(SECOND, 2)
    pick = (await picks(house, f"/fix?entry={entry}"))["The Office (2001) S01E01"]
    line = await sent(house, "/fix", entry=str(entry), pick=pick, scope="folder")
    assert "and 1 more are tried again. Remembered: all in /films/The Ofice is The Office (2001)" in line
    assert [one.correction.scope for one in corrected(house.folder)] == [Scope.FOLDER]
    await house.eventually(lambda state: len(state.plays) == 2)


async def test_what_is_nobodys_business_is_left_out_from_now_on(house: House) -> None:
    entry = await house.unmatched(OFFICE)
    line = await sent(house, "/fix", entry=str(entry), never="1", scope="show")
    assert line.endswith("Remembered: The Ofice is never told to Trakt.")
    [request] = house.asked
    assert isinstance(request, Correct)
    assert request.correction.meaning == Never()
    await house.eventually(lambda state: not state.aside and not state.waiting)
    assert house.double.history() == []


async def test_words_that_may_mean_several_things_lead_to_a_page_with_all_of_them(house: House) -> None:
    entry = await house.unmatched(OFFICE)
    async with httpx.AsyncClient(base_url=house.url, headers=house.headers, follow_redirects=True) as http:
        reply = await http.post("/fix", data={"entry": str(entry), "words": "The Office", "scope": "file"})
    assert reply.url.path == "/fix"
    assert line_of(reply.text).startswith("! ")
    assert "<bdi>The Office (2005) S01E01</bdi>" in reply.text
    assert '<option value="file" selected>' in reply.text
    assert house.asked == []


async def test_a_watch_that_was_something_else_is_mended_with_its_time(house: House) -> None:
    await house.watched(HEAT)
    [(_, at)] = house.double.history()
    names = await picks(house, "/fix?play=1")
    assert "Heat (1986)" in names
    line = await sent(house, "/fix", play="1", pick=names["Heat (1986)"])
    assert line.startswith(
        "Heat (1995) is taken out of Trakt's history, and Heat (1986) is added with its time. Remembered:"
    )
    assert [type(request) for request in house.asked] == [Correct, Replace]
    await house.eventually(lambda state: len(state.plays) == 2 and not state.removals)
    [play] = house.double.sandbox.world.account("default").plays
    assert isinstance(play.item, Movie)
    assert (play.item.year, play.watched_at) == (1986, at)


async def test_a_watch_that_is_nobodys_business_is_taken_out(house: House) -> None:
    await house.watched(HEAT)
    line = await sent(house, "/fix", play="1", never="1")
    assert line.startswith("Heat (1995) is taken out of Trakt's history. Remembered: Heat (1995) is never told")
    await house.eventually(lambda state: not state.removals)
    assert house.double.history() == []


async def test_what_was_entered_by_hand_is_mended_and_nothing_is_remembered(house: House) -> None:
    await house.perform(Enter(account="default", media=HEAT, at=house.clock()))
    await house.eventually(lambda state: len(state.plays) == 1)
    line = await sent(house, "/fix", play="1", words="tt1104001")
    assert line == "Heat (1995) is taken out of Trakt's history, and TRON: Legacy (2010) is added with its time."
    assert corrected(house.folder) == ()


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"entry": "99", "never": "1"}, "! There is no entry 99 any more that could be mended."),
        ({"play": "99", "words": "Heat"}, "! There is no play 99 any more that could be mended."),
        ({"words": "Heat"}, "! It was not said what is to be mended."),
        ({"entry": "1", "play": "1", "never": "1"}, "! It was not said what is to be mended."),
        ({"entry": "1"}, "! Say what it is: an address, an id, or a name such as `The Expanse s01e02`."),
        ({"entry": "1", "pick": "{}"}, "! This choice is not understood: load the page again."),
        ({"entry": "1", "words": "https://example.com/"}, "! "),
        ({"entry": "1", "never": "1", "scope": "show"}, "! Stop Heat (1995): it is not known of which show it is."),
        ({"entry": "1", "never": "1", "scope": "all"}, "! This form is not understood: load the page again."),
    ],
)
async def test_what_cannot_be_mended_is_said_in_a_line(form: Mapping[str, str], words: str, house: House) -> None:
    watch = said(HEAT, account="marta")
    session = Session(key=watch.session, account="marta")
    await asyncio.wrap_future(house.store.keep(session, [watch], house.clock(), idle=False))
    assert (await sent(house, "/fix", **form)).startswith(words)
    assert house.asked == []


async def test_a_trakt_that_does_not_answer_is_given_up(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scrobbler.web.actions.LOOKUP_SECONDS", 0.2)
    entry = await house.unmatched(OFFICE)
    house.double.fault(FaultKind.DELAY, delay_s=1.0, path="/shows/*", times=None)
    line = await sent(house, "/fix", entry=str(entry), words="https://trakt.tv/shows/the-office-uk")
    assert line == "! Trakt does not answer within 0 s: try again later."
    assert house.asked == []


async def test_another_sites_link_makes_us_ask_trakt_for_nothing(house: House) -> None:
    await house.watched(HEAT)
    house.double.calls(lookups=True)
    async with httpx.AsyncClient(base_url=house.url, headers={"Sec-Fetch-Site": "cross-site"}) as http:
        reply = await http.get("/fix", params={"play": "1", "words": "Heat"})
    assert reply.status_code == 200
    assert house.double.calls(lookups=True) == []


async def test_what_is_not_there_to_be_mended_is_a_page_that_says_so(house: House) -> None:
    async with httpx.AsyncClient(base_url=house.url) as http:
        for query, words in (
            ("play=9", "There is no play 9 any more"),
            ("", "It was not said"),
            ("play=x", "This form"),
        ):
            reply = await http.get(f"/fix?{query}")
            assert reply.status_code == 404
            assert words in reply.text


# Incognito, players, users


@pytest.mark.parametrize(
    ("to", "account", "words"),
    [
        ("1h", "", "Incognito is on for 1 h for default, marta."),
        ("2h", "marta", "Incognito is on for 2 h for marta."),
        ("on", "marta", "Incognito is on until it is switched off for marta."),
        ("off", "", "Incognito is off for default, marta."),
    ],
)
async def test_incognito_is_switched(to: str, account: str, words: str, house: House) -> None:
    assert await sent(house, "/incognito", to=to, account=account) == words
    until = {"1h": house.clock() + timedelta(hours=1), "2h": house.clock() + timedelta(hours=2), "on": UNTIL_OFF}
    assert house.asked == [Incognito(account=account or None, until=until.get(to))]
    assert look(house.folder).incognito.get("marta") == until.get(to)


async def test_an_account_that_is_not_there_is_named_with_those_that_are(house: House) -> None:
    known = "known are default, marta; `scrobbler accounts add eve` adds it."
    assert await sent(house, "/incognito", to="on", account="eve") == f"! There is no account 'eve': {known}"
    assert await sent(house, "/switch", player="mpv", account="eve") == f"! There is no account 'eve': {known}"


async def test_a_shared_player_changes_hands_and_back(house: House) -> None:
    await house.plays(TRON, 10)
    line = await sent(house, "/switch", player="mpv", account="marta", to="2h")
    assert line == "mpv counts for marta for 2 h."
    assert house.asked[-1] == Switch(players=("mpv",), account="marta", until=house.clock() + timedelta(hours=2))
    assert [one.account for one in look(house.folder).sessions] == ["marta"]
    assert await sent(house, "/switch", player="mpv") == "mpv counts for whom it counted before."
    assert look(house.folder).switched == ()
    line = await sent(house, "/switch", player="plex", account="marta", device=" Living Room ")
    assert line == "plex/Living Room counts for marta."
    [switched] = look(house.folder).switched
    assert switched.device == "Living Room"


async def test_a_user_who_counts_for_nobody_is_mapped_with_what_he_is_watching_and_unmapped(house: House) -> None:
    await house.plays(TRON, 10, at=SessionKey(source="plex", id="1"), user="Eve")
    async with httpx.AsyncClient(base_url=house.url) as http:
        assert '<input type="hidden" name="user" value="Eve">' in (await http.get("/")).text
    assert await sent(house, "/users", player="plex", user="Eve", account="marta") == "Eve of plex counts for marta."
    assert house.asked == [MapUser(player="plex", user="Eve", account="marta")]
    state = look(house.folder)
    assert [one.account for one in state.sessions] == ["marta"]
    assert state.strangers == ()
    assert await sent(house, "/users", player="plex", user="Eve") == "Eve of plex counts for nobody any more."
    assert (await sent(house, "/users", player="plex", user="Eve")).startswith("! No command ever said")
    assert await sent(house, "/users", player="plex", user="*", account="marta") == (
        "everybody else of plex counts for marta."
    )


async def test_what_the_configuration_says_of_a_user_is_changed_there(house: House) -> None:
    line = await sent(house, "/users", player="plex", user=" PAUL", account="marta")
    words = "! Players.plex.users of the configuration says that 'Paul' counts for default: change it there."
    assert line == words
    assert await sent(house, "/users", player="plex", user="  ", account="marta") == "! A user has a name or an id."
    for path in ("/users", "/switch"):
        line = await sent(house, path, player="vlc", user="Eve", account="marta")
        assert line == "! There is no player 'vlc': known are mpv, plex."
    assert house.asked == []


# What is no form, and whose it is


@pytest.mark.parametrize("path", FORMS)
@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Host": "evil.example"},
    ],
    ids=["cross-site", "origin", "null", "rebinding"],
)
async def test_what_another_site_sends_is_refused(path: str, headers: Mapping[str, str], house: House) -> None:
    async with httpx.AsyncClient(base_url=house.url, headers=headers) as http:
        reply = await http.post(path, data=SENSE[path])
    assert reply.status_code == 403
    assert house.asked == []


@pytest.mark.parametrize("path", FORMS)
async def test_where_there_is_a_password_nothing_is_done_without_it(
    path: str, tmp_path: Path, double: Double, clock: Clock
) -> None:
    async with inhabited(tmp_path, double, clock, password="open sesame") as house:
        async with httpx.AsyncClient(base_url=house.url) as http:
            assert (await http.post(path, data=SENSE[path])).status_code == 401
        assert house.asked == []


@pytest.mark.parametrize("path", FORMS)
@pytest.mark.parametrize(
    "body", [b"", b"\xff=\xff", b"entry=0&play=0&to=never", b"&".join([b"x=1"] * 100), b"entry=x&play=x"]
)
async def test_what_is_no_form_is_said_in_a_line(path: str, body: bytes, house: House) -> None:
    async with httpx.AsyncClient(base_url=house.url, follow_redirects=True) as http:
        reply = await http.post(path, content=body)
    assert line_of(reply.text).startswith(("! This form is not understood", "! It was not said"))
    assert house.asked == []


async def test_a_form_has_a_bounded_size(house: House) -> None:
    async with httpx.AsyncClient(base_url=house.url, follow_redirects=True) as http:
        reply = await http.post("/fix", content=b"entry=1&words=" + b"x" * LONGEST_FORM)
    assert line_of(reply.text) == "! This form is too long."


async def test_a_form_that_does_not_come_is_given_up(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scrobbler.web.page.BODY_SECONDS", 0.05)
    over = asyncio.Event()

    async def drip() -> AsyncIterator[bytes]:
        yield b"to=on"
        await over.wait()

    async with httpx.AsyncClient(base_url=house.url) as http:
        sending = asyncio.create_task(http.post("/incognito", content=drip()))
        asyncio.get_running_loop().call_later(0.3, over.set)
        where = (await sending).headers["location"]
        assert line_of((await http.get(f"/{where}")).text) == "! This form came too slowly."
    assert house.asked == []


async def test_only_so_many_lines_are_kept(house: House) -> None:
    async with httpx.AsyncClient(base_url=house.url) as http:
        first = (await http.post("/retry", data={"entry": "99"})).headers["location"]
        assert "is being sent just now" in (await http.get(f"/{first}")).text
        for _ in range(REMEMBERED):
            await http.post("/retry", data={"entry": "99"})
        assert "is being sent just now" not in (await http.get(f"/{first}")).text


async def test_what_cannot_be_looked_up_is_said_on_the_page_for_it(house: House) -> None:
    await house.watched(HEAT)
    house.double.fault(FaultKind.STATUS, status=503, path="/*", times=None)
    async with httpx.AsyncClient(base_url=house.url) as http:
        page = (await http.get("/fix", params={"play": "1", "words": "imdb:tt0091159"})).text
    assert line_of(page).startswith("! Trakt ")


@pytest.mark.parametrize(
    ("words", "name"), [("The Heat", "The Heat (2013)"), ("", "Heat (1986)"), ("no such film anywhere", None)]
)
async def test_the_page_for_it_looks_for_the_words(words: str, name: str | None, house: House) -> None:
    await house.watched(HEAT)
    found = await picks(house, f"/fix?play=1&words={words}")
    assert name in found if name is not None else found == {}


async def test_what_leaves_meanwhile_is_said_and_the_correction_is_remembered(house: House) -> None:
    entry = await house.unmatched(OFFICE)
    choice = (await picks(house))["The Office (2001) S01E01"]
    remedy = await house.mending.remedy(Which(id=entry), Picked(pick=choice), None)
    assert isinstance(remedy, Remedy)

    async def settled(*_: object) -> Remedy:
        await house.agent.perform(Drop(ids=(entry,)))
        return remedy

    house.mending.remedy = settled  # type: ignore[method-assign,assignment]  # somebody else is quicker
    line = await sent(house, "/fix", entry=str(entry), pick=choice)
    assert line == f"! Entry {entry} is being sent just now, or left the queue; the correction is remembered."
    assert len(corrected(house.folder)) == 1


async def test_something_narrower_stands_above_what_is_said(house: House) -> None:
    first = await house.unmatched(OFFICE)
    await sent(house, "/fix", entry=str(first), never="1")
    await house.eventually(lambda state: not state.aside and not state.waiting)
    await asyncio.wrap_future(house.store.changes.enter(said(OFFICE, account="marta"), house.clock()))
    await house.eventually(lambda state: state.waiting)
    second = look(house.folder).waiting[0].id
    line = await sent(house, "/fix", entry=str(second), words="The Office (2001) s01e01", scope="show")
    assert line.startswith("! Stop The Ofice s01e01.mkv: something narrower holds for it")


async def test_forms_are_posted(house: House) -> None:
    async with httpx.AsyncClient(base_url=house.url) as http:
        for path in set(FORMS) - {"/fix"}:
            assert (await http.get(path)).status_code == 405


async def test_a_disk_that_takes_nothing_is_said_in_a_line(house: House) -> None:
    async def fails(_request: object) -> None:
        raise StateError("the disk is full")

    house.page._actions._perform = fails  # type: ignore[assignment]  # as the agent does then
    assert await sent(house, "/incognito", to="on") == "! The disk is full."


async def test_nobody_can_put_words_into_our_mouth(house: House) -> None:
    async with httpx.AsyncClient(base_url=house.url) as http:
        assert 'class="line' not in (await http.get("/", params={"said": "Your account was deleted"})).text
