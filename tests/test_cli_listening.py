"""A real agent's server: it says that it is well, ends with its pages open, and lasts over a changed configuration."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from cli_process import configured, eventually, running
from prometheus_client.parser import text_string_to_metric_families

from scrobbler.sandbox.mpv import SimulatedMpv
from scrobbler.settings.edit import put
from scrobbler.state.snapshot import look

SERVER = '[server]\nlisten = "127.0.0.1:0"'


@contextmanager
def keeper(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """A socket as systemd has one, and all lines that came to it so far."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        path = folder / "notify"
        ear.bind(str(path))
        ear.settimeout(20)
        lines: list[str] = []

        class Lines(list[str]):
            def __contains__(self, line: object) -> bool:
                while line not in lines:
                    lines.extend(ear.recv(4096).decode().splitlines())
                return True

        yield str(path), Lines()


def test_its_keeper_hears_that_it_is_ready_that_it_lives_and_that_it_ends(tmp_path: Path) -> None:
    file = configured(tmp_path, more=SERVER)
    with (
        keeper(tmp_path) as (address, heard),
        running("run", "--config", file, NOTIFY_SOCKET=address, WATCHDOG_USEC="200000") as agent,
    ):
        assert "WATCHDOG=1" in heard
        assert "READY=1" in heard
        assert "STATUS=watching mpv" in heard
        put(file, ("state", "keep_days"), 90)
        eventually(lambda: agent.said.count("watching mpv") == 2)
        agent.process.terminate()
        assert "STOPPING=1" in heard
        assert agent.process.wait(20) == 0


def test_where_nobody_keeps_it_nothing_is_said(tmp_path: Path) -> None:
    with running("run", "--config", configured(tmp_path)) as agent:
        agent.says("watching mpv")
        assert agent.end() == 0
        assert "Traceback" not in agent.said


def figures(url: str) -> dict[tuple[str, ...], float]:
    """Each figure by its name and the values of its labels."""
    text = httpx.get(f"{url}/metrics").text
    return {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_machines_are_told_how_it_is_and_figures_last_over_a_change(tmp_path: Path) -> None:
    file = configured(tmp_path, more=SERVER)

    async def evening() -> None:
        player = SimulatedMpv(tmp_path / "mpv" / "one", clock=lambda: 0.0)
        await player.start()
        player.play("/films/Heat (1995).mkv", 6000.0)
        await asyncio.to_thread(agent.says, "mpv: play at 0:00")
        await player.quit()

    with running("run", "--config", file) as agent:
        url = agent.says("listening on ").split()[-1]
        agent.says("watching mpv")
        eventually(lambda: httpx.get(f"{url}/readyz").status_code == 200)
        assert (httpx.get(f"{url}/healthz").status_code, httpx.get(f"{url}/healthz").text) == (200, "ok\n")
        asyncio.run(evening())
        eventually(lambda: look(tmp_path / "state").waiting)
        before = figures(url)
        assert before["scrobbler_events_total", "heard", "mpv"] >= 1
        assert before["scrobbler_signed_in", "default"] == 0
        assert before["scrobbler_queue_entries", "default", "waiting"] == 1
        put(file, ("state", "keep_days"), 90)
        eventually(lambda: agent.said.count("watching mpv") == 2)
        eventually(lambda: httpx.get(f"{url}/readyz").status_code == 200)
        after = figures(url)
        name = ("scrobbler_events_total", "heard", "mpv")
        assert after[name] >= before[name]
        assert agent.end() == 0


def test_it_ends_at_once_though_the_page_is_open(tmp_path: Path) -> None:
    file = configured(tmp_path, more=SERVER)
    with running("run", "--config", file) as agent:
        url = agent.says("listening on ").split()[-1]
        assert "Nothing is playing." in httpx.get(url).text
        with httpx.stream("GET", f"{url}/events") as news:
            lines = news.iter_lines()
            assert next(lines) == "event: now"
            assert agent.end(within=1.5) == 0
            assert list(lines)[-1] == ""
        assert "Traceback" not in agent.said


def test_a_page_that_is_open_is_cut_for_a_changed_configuration_and_found_again(tmp_path: Path) -> None:
    file = configured(tmp_path, more=SERVER)
    with running("run", "--config", file) as agent:
        url = agent.says("listening on ").split()[-1]
        with httpx.stream("GET", f"{url}/events") as news:
            lines = news.iter_lines()
            assert next(lines) == "event: now"
            put(file, ("state", "keep_days"), 90)
            eventually(lambda: agent.said.count("watching mpv") == 2)
            assert list(lines)[-1] == ""
        with httpx.stream("GET", f"{url}/events") as news:
            assert next(news.iter_lines()) == "event: now"
        assert agent.end() == 0
        assert "Traceback" not in agent.said
