"""``scrobbler run --record`` and ``scrobbler replay``: a missed watch, told as a log and found in it."""

import asyncio
import json
import subprocess
from pathlib import Path

import pytest
from cli_process import PATIENCE, PROGRAM, complaint, configured, ran, running
from test_cli_run import Film

PLAYED = {
    "at": "2026-11-20T20:00:00Z",
    "source": "mpv",
    "payload": {
        "session": {"source": "mpv", "id": "1"},
        "kind": "play",
        "media": {"kind": "movie", "title": "Heat", "year": 1995},
        "at": "2026-11-20T20:00:00Z",
        "position": 0,
        "duration": 100,
    },
}


def stopped(at: str, position: float) -> dict[str, object]:
    payload = PLAYED["payload"]
    assert isinstance(payload, dict)
    return {**PLAYED, "at": at, "payload": {**payload, "kind": "stop", "at": at, "position": position}}


def log(folder: Path, *lines: object) -> Path:
    file = folder / "evening.jsonl"
    file.write_text("".join(line if isinstance(line, str) else json.dumps(line) + "\n" for line in lines))
    return file


def test_what_was_recorded_leads_to_the_same_watch_again(tmp_path: Path) -> None:
    file, evening = configured(tmp_path), tmp_path / "evening.jsonl"
    with running("run", "--config", file, "--record", evening) as agent:
        agent.says("watching mpv")
        asyncio.run(Film(tmp_path / "mpv" / "one").watched(agent))
        assert agent.end() == 0
    replayed = json.loads(ran("replay", "--json", evening).stdout)
    assert [one["call"] for one in replayed["calls"]] == ["start", "stop"]
    assert replayed["calls"][1]["progress"] >= 98
    assert replayed["watches"] == 1


def test_a_log_is_told_in_words(tmp_path: Path) -> None:
    file = log(tmp_path, PLAYED, stopped("2026-11-20T20:01:35Z", 95))
    lines = ran("replay", file).stdout.splitlines()
    assert [line.split("  ", 1)[1].split() for line in lines[:2]] == [
        ["start", "0.0", "%", "Heat", "(1995)"],
        ["stop", "95.0", "%", "Heat", "(1995)"],
    ]
    assert lines[2:] == ["Watched: Heat (1995)."]


def test_the_thresholds_of_the_configuration_hold(tmp_path: Path) -> None:
    config = configured(tmp_path, more="[scrobble]\nthreshold = 96\n")
    file = log(tmp_path, PLAYED, stopped("2026-11-20T20:01:35Z", 95))
    assert json.loads(ran("replay", "--json", "--config", config, file).stdout)["watches"] == 0


def test_it_says_why_something_led_to_nothing_if_it_is_asked(tmp_path: Path) -> None:
    file = log(tmp_path, {**PLAYED, "source": "plex", "payload": {"event": "library.new"}})
    quiet, verbose = ran("replay", file).stdout, ran("replay", "--verbose", file).stdout
    assert quiet.splitlines() == [
        "1 line led to nothing; --verbose says why.",
        "Nothing counts as watched.",
    ]
    assert "nothing, from plex: unsupported_event" in verbose


def test_it_reads_standard_input(tmp_path: Path) -> None:
    command = [*PROGRAM, "replay", "--json", "-"]
    done = subprocess.run(command, input=json.dumps(PLAYED).encode(), capture_output=True, timeout=PATIENCE, check=True)
    assert [one["call"] for one in json.loads(done.stdout)["calls"]] == ["start"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("what?\n", "line 1: JSON is malformed"),
        ('{"at": "yesterday", "source": "mpv", "payload": {}}\n', "line 1: Invalid RFC3339"),
        (json.dumps({**PLAYED, "source": "plox", "payload": {}}), "line 1: there is no adapter 'plox'; there are: "),
    ],
)
def test_a_line_that_is_none_is_one_clear_line(line: str, words: str, tmp_path: Path) -> None:
    file = log(tmp_path, line)
    assert complaint(ran("replay", file), 2).startswith(f"{file}, {words}")


def test_a_log_that_is_not_there_is_said() -> None:
    assert complaint(ran("replay", "/nowhere/log"), 2) == "/nowhere/log: cannot be read: No such file or directory"


def test_a_record_that_cannot_be_written_is_said_before_anything_starts(tmp_path: Path) -> None:
    done = ran("run", "--config", configured(tmp_path), "--record", tmp_path)
    assert complaint(done, 2) == f"{tmp_path}: cannot be written: Is a directory"


def test_the_users_and_filters_of_the_configuration_hold(tmp_path: Path) -> None:
    kim = {"Account": {"title": "Kim"}}
    film = {"type": "movie", "title": "Heat", "year": 1995, "duration": 100000, "librarySectionTitle": "Films"}
    said = [
        kim | {"event": f"media.{word}", "Metadata": film | {"viewOffset": place}}
        for word, place in (("play", 0), ("stop", 95000))
    ]
    lines = [
        {"at": f"2026-11-20T20:0{2 * number}:00Z", "source": "plex", "payload": one} for number, one in enumerate(said)
    ]
    evening = log(tmp_path, *lines)
    more = '[accounts.kim]\n[players.plex]\nsecret = "open sesame"\nusers = { "Paul" = "kim" }\n'
    file = configured(tmp_path, more=more)
    assert json.loads(ran("replay", "--json", evening).stdout)["calls"][0]["account"] == "Kim"
    shown = ran("replay", "--verbose", "--config", file, evening).stdout
    assert "nothing, from plex: user 'Kim' counts for no account" in shown
    assert ran("users", "map", "plex", "kim", "kim", "--config", file).returncode == 0
    found = json.loads(ran("replay", "--json", "--config", file, evening).stdout)
    assert ({one["account"] for one in found["calls"]}, found["watches"]) == ({"kim"}, 1)
    file.write_text(f'{file.read_text()}[players.plex.filter]\nignore_libraries = ["films"]\n')
    assert json.loads(ran("replay", "--json", "--config", file, evening).stdout)["calls"] == []
