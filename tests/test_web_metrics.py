"""What machines are told: whether all is well, and figures in the words of Prometheus."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import Future
from datetime import datetime, timedelta

import httpx
import pytest
from conftest import EPOCH, Clock
from prometheus_client.parser import text_string_to_metric_families
from starlette.applications import Starlette

from scrobbler.errors import StateError
from scrobbler.state.decisions import Note, What
from scrobbler.state.snapshot import Queued
from scrobbler.web.guard import Guard
from scrobbler.web.health import HealthPages
from scrobbler.web.metrics import REMEMBERED, Metrics

pytestmark = pytest.mark.anyio


class House:
    """An agent, as far as these pages know one."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.queue: Sequence[Queued] = ()
        self.ready = True
        self.disk: Future[None] = Future()
        self.disk.set_result(None)
        self.metrics = Metrics(lambda: self.queue, lambda: {"marta": True, "tom": False}, self.clock)

    def web(self, password: str | None = None) -> httpx.AsyncClient:
        pages = HealthPages(
            lambda: asyncio.wrap_future(self.disk), lambda: self.ready, self.metrics, Guard(password=password)
        )
        transport = httpx.ASGITransport(Starlette(routes=pages.routes()), client=("127.0.0.1", 4242))
        return httpx.AsyncClient(transport=transport, base_url="http://localhost:8722")

    def figures(self) -> dict[tuple[str, ...], float]:
        """Each figure by its name and the values of its labels."""
        return {
            (sample.name, *sorted(sample.labels.values())): sample.value
            for family in text_string_to_metric_families(self.metrics.text().decode())
            for sample in family.samples
        }


@pytest.fixture
def house() -> House:
    return House()


def note(what: What, at: datetime, *, account: str | None = "marta", session: str = "mpv/1") -> Note:
    return Note(at=at, what=what, words="", account=account, source=session.partition("/")[0], session=session)


async def test_healthy_is_who_turns_and_whose_disk_answers(house: House) -> None:
    async with house.web(password="open sesame") as web:
        well = await web.get("/healthz")
        assert (well.status_code, well.text) == (200, "ok\n")
        house.disk = Future()
        house.disk.set_exception(StateError("the disk is full: /home/marta/state.db"))
        ill = await web.get("/healthz")
        assert (ill.status_code, ill.text) == (503, "not now\n")


async def test_ready_is_who_has_taken_up_the_last_run_besides(house: House) -> None:
    async with house.web() as web:
        assert (await web.get("/readyz")).status_code == 200
        house.ready = False
        assert (await web.get("/readyz")).status_code == 503
        assert (await web.get("/healthz")).status_code == 200


async def test_the_figures_are_for_those_who_may_see_the_pages(house: House) -> None:
    async with house.web(password="open sesame") as web:
        assert (await web.get("/metrics")).status_code == 401
        answer = await web.get("/metrics", auth=("prometheus", "open sesame"))
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/plain; version=")
        assert "scrobbler_build_info" in answer.text


async def test_an_outbox_that_cannot_be_read_is_said_and_no_crash(house: House) -> None:
    def unreadable() -> Sequence[Queued]:
        raise StateError("state.db is damaged")

    house.metrics = Metrics(unreadable, dict, house.clock)
    async with house.web() as web:
        answer = await web.get("/metrics")
        assert (answer.status_code, answer.text) == (503, "state.db is damaged\n")


def test_events_and_what_became_of_scrobbles_are_counted(house: House) -> None:
    house.metrics.told([note(What.HEARD, EPOCH), note(What.IGNORED, EPOCH, account=None)])
    house.metrics.told([note(What.HEARD, EPOCH), note(What.WATCHED, EPOCH), note(What.INCOGNITO, EPOCH)])
    figures = house.figures()
    assert figures["scrobbler_events_total", "heard", "mpv"] == 2
    assert figures["scrobbler_events_total", "ignored", "mpv"] == 1
    assert figures["scrobbler_scrobbles_total", "marta", "watched"] == 1
    assert figures["scrobbler_last_event_timestamp_seconds", "mpv"] == EPOCH.timestamp()
    assert (figures["scrobbler_signed_in", "marta"], figures["scrobbler_signed_in", "tom"]) == (1, 0)
    assert not any("incognito" in name for name in figures)


def test_what_waits_is_counted_and_its_age_is_told(house: House) -> None:
    house.queue = [Queued(account="marta", state="waiting", entries=3, oldest=EPOCH - timedelta(minutes=5))]
    figures = house.figures()
    assert figures["scrobbler_queue_entries", "marta", "waiting"] == 3
    assert figures["scrobbler_queue_oldest_seconds", "marta", "waiting"] == 300


def test_delivery_is_measured_from_the_players_word_to_trakts_answer(house: House) -> None:
    house.metrics.told([note(What.HEARD, EPOCH), note(What.SENT, EPOCH + timedelta(seconds=0.2))])
    house.metrics.told([note(What.WATCHED, EPOCH + timedelta(hours=2))])
    house.metrics.told([note(What.SENT, EPOCH, session="plex/2")])  # heard by the run before this one
    figures = house.figures()
    assert figures["scrobbler_delivery_seconds_bucket", "0.1"] == 0
    assert figures["scrobbler_delivery_seconds_bucket", "0.25"] == 1
    assert figures["scrobbler_delivery_seconds_bucket", "86400.0"] == 2
    assert figures["scrobbler_delivery_seconds_count",] == 2
    assert figures["scrobbler_delivery_seconds_sum",] == pytest.approx(7200.2)


def test_a_thousand_sessions_are_remembered_and_no_more(house: House) -> None:
    house.metrics.told([note(What.HEARD, EPOCH, session=f"plex/{n}") for n in range(REMEMBERED + 1)])
    house.metrics.told([note(What.SENT, EPOCH, session="plex/0"), note(What.SENT, EPOCH, session="plex/1")])
    assert house.figures()["scrobbler_delivery_seconds_count",] == 1
