"""Two households of three users each, in one agent: whatever they watch at once, each has his own and nobody else's."""

import asyncio
import json
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from conftest import EPOCH, Clock
from double import Double, Served
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import Struct
from residence import ACCOUNTS, living, server

from scrobbler import adapters
from scrobbler.adapters import Webhook, WebhookRequest
from scrobbler.sandbox import Sandbox
from scrobbler.state.snapshot import look


@pytest.fixture(autouse=True)
def no_spacing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test's clock stands still, so waiting for one write a second would be waiting in vain."""
    monkeypatch.setattr("scrobbler.trakt.client.WRITE_EVERY", 0.0)


FILMS = {
    "Heat": {"imdb": "tt0113277"},
    "TRON: Legacy": {"imdb": "tt1104001"},
    "Inception": {"imdb": "tt1375666"},
    "The Matrix": {"imdb": "tt0133093"},
}
LENGTH = 6000.0
HOMES: Mapping[str, Mapping[str, str]] = {
    "plex": {"Marta K.": "marta", "Paul": "paul", "3": "kim"},
    "jellyfin": {"marta k.": "lena", "PAUL": "omar", "zoe": "zoe"},
}
"""Two names are in both; on Plex somebody goes by his id, because a guest has his name."""
PEOPLE = [
    ("plex", " MARTA  k.", "1", "marta"),
    ("plex", "paul", "2", "paul"),
    ("plex", "Kim", "3", "kim"),
    ("plex", "kim", "4", None),
    ("jellyfin", "Marta K.", "a1", "lena"),
    ("jellyfin", "paul", "a2", "omar"),
    ("jellyfin", "Zoé", "a3", None),
    ("jellyfin", "Zoe", "a4", "zoe"),
]
"""Where, under which name and id, and for whom; two are guests whom nobody mapped."""


class Sitting(Struct, frozen=True, kw_only=True):
    """One film by one of them: when it begins, whether there is a pause, and where it ends."""

    person: int
    film: str
    begins: int
    pause: bool
    end: float

    def posts(self) -> list[tuple[float, str, float]]:
        """When what is posted, with which place."""
        middle = [(0.4, "pause"), (0.4, "resume")] if self.pause and self.end > 0.4 else []
        doing = [(0.0, "play"), *middle, (self.end, "stop")]
        return [(self.begins + share * LENGTH + step, word, share * LENGTH) for step, (share, word) in enumerate(doing)]


def plex(who: tuple[str, str, str, str | None], film: str, word: str, place: float) -> dict[str, Any]:
    """What Plex posts; all of a household sit before one television."""
    metadata = {"type": "movie", "title": film, "duration": LENGTH * 1000, "viewOffset": place * 1000}
    ids = [{"id": f"imdb://{FILMS[film]['imdb']}"}]
    return {
        "event": f"media.{word}",
        "Account": {"id": int(who[2]), "title": who[1]},
        "Player": {"uuid": "one-tv", "title": "TV"},
        "Metadata": {**metadata, "Guid": ids},
    }


def jellyfin(who: tuple[str, str, str, str | None], film: str, word: str, place: float) -> dict[str, Any]:
    """What Jellyfin posts."""
    words = {"play": "PlaybackStart", "stop": "PlaybackStop"}
    return {
        "NotificationType": words.get(word, "PlaybackProgress"),
        "IsPaused": word == "pause",
        "ItemType": "Movie",
        "Name": film,
        "Provider_imdb": FILMS[film]["imdb"],
        "RunTimeTicks": LENGTH * 1e7,
        "PlaybackPositionTicks": place * 1e7,
        "DeviceId": "one-tv",
        "DeviceName": "TV",
        "UserId": who[2],
        "NotificationUsername": who[1],
    }


POSTS = {"plex": plex, "jellyfin": jellyfin}


@st.composite
def evenings(draw: st.DrawFn) -> list[Sitting]:
    """Some films, of which nobody sees one twice, or two at once."""
    found = []
    for person in range(len(PEOPLE)):
        films = draw(st.lists(st.sampled_from(sorted(FILMS)), unique=True, max_size=2))
        for number, film in enumerate(films):
            begins = number * 9000 + draw(st.integers(0, 2000))
            end = draw(st.sampled_from([0.3, 0.79, 0.8, 0.95, 1.0]))
            found.append(Sitting(person=person, film=film, begins=begins, pause=draw(st.booleans()), end=end))
    return found


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(evening=evenings())
def test_two_households_of_three_users_each_never_mix(evening: list[Sitting], served: Served) -> None:
    with ExitStack() as stack:
        clock, sandbox = Clock(), Sandbox()
        sandbox.clock.now = clock  # type: ignore[method-assign]  # the one clock of the test
        double = Double(sandbox, served.open(stack, sandbox.app))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        asyncio.run(_evening(folder, clock, double, evening))
        for account in ACCOUNTS:
            wanted = [one.film for one in evening if PEOPLE[one.person][3] == account and one.end >= 0.8]
            assert sorted(title for title, _ in double.history(account)) == sorted(wanted), account
        guests = {PEOPLE[one.person][1] for one in evening if PEOPLE[one.person][3] is None}
        assert {one.user for one in look(folder).strangers} == guests


async def _evening(folder: Path, clock: Clock, double: Double, evening: Sequence[Sitting]) -> None:
    posts = sorted((at, number, word, place) for number, one in enumerate(evening) for at, word, place in one.posts())
    parsers = {name: _parser(name) for name in HOMES}
    homes = [server(name, users) for name, users in HOMES.items()]
    async with living(folder, clock, double, *homes) as house:
        for at, number, word, place in posts:
            clock.at = EPOCH + timedelta(seconds=at)
            who = PEOPLE[evening[number].person]
            body = json.dumps(POSTS[who[0]](who, evening[number].film, word, place)).encode()
            request = WebhookRequest(
                method="POST", query={}, headers={"content-type": "application/json"}, body=body, at=clock()
            )
            await house.agent.receive(who[0], parsers[who[0]].parse(request))
        await house.settled()
        assert look(folder).aside == ()


def _parser(name: str) -> Webhook:
    plugin = adapters.load(name)
    assert plugin is not None
    built = plugin.build(name, plugin.options())
    assert isinstance(built, Webhook)
    return built
