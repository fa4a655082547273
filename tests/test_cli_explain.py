"""``scrobbler explain``: one message, and what would be made of it."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cli_process import PATIENCE, PROGRAM, complaint, configured, ran
from plugins.sample import SAMPLES


def explained(*args: str | Path) -> dict[str, Any]:
    done = ran("explain", "--json", *args)
    assert done.returncode == 0, done
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def file(name: str) -> Path:
    return SAMPLES / f"{name}.json"


def test_a_payload_becomes_one_object() -> None:
    found = explained("plex", file("plex/movie_pause"))
    assert (found["source"], found["action"], found["user"], found["kind"]) == ("plex", "pause", "marta", "movie")
    assert found["progress_pct"] == pytest.approx(36.83)
    assert found["ids"] == {"imdb": "tt0133093", "tmdb": 603, "tvdb": 169}
    assert found["show"] is None


@pytest.mark.parametrize("name", ["plex_multipart_thumb", "emby_multipart_data", "jellyfin_text_plain"])
def test_a_whole_request_is_the_same_as_its_payload(name: str) -> None:
    request = SAMPLES / "wire" / f"{name}.http"
    same = json.loads((SAMPLES / "wire" / f"{name}.expected.json").read_text())["same_as"]
    source = same.partition("/")[0]
    assert explained(source, request) == explained(source, file(same))


def test_kodi_is_explained_though_it_posts_nothing() -> None:
    found = explained("kodi", file("kodi/onstop_end_true"))
    assert (found["action"], found["progress_pct"], found["completed"]) == ("stop", 100.0, True)


def test_it_reads_standard_input() -> None:
    with file("emby/movie_pause").open("rb") as body:
        done = subprocess.run(
            [*PROGRAM, "explain", "emby", "--json"], stdin=body, capture_output=True, timeout=PATIENCE, check=True
        )
    assert json.loads(done.stdout)["action"] == "pause"


def test_what_is_no_json_is_ignored_as_malformed_and_why_is_said_beside() -> None:
    done = ran("explain", "plex", "--json", SAMPLES / "wire" / "plex_no_payload_part.http")
    found = json.loads(done.stdout)
    assert (done.returncode, found["action"], found["reason"]) == (0, "ignore", "malformed")
    assert done.stderr == "scrobbler: the form has no field 'payload'\n"


def test_people_are_told_who_where_what_and_what_follows() -> None:
    lines = ran("explain", "plex", file("plex/movie_pause")).stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["plex:", "who", "where", "what", "place", "so"]
    assert lines[3].endswith("The Matrix (1999) (imdb tt0133093, tmdb 603, tvdb 169)")
    assert lines[4].endswith("0:50:05 of 2:16:00, 36.8 %")
    assert lines[5].endswith("Trakt is told that it is paused")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("plex/trailer_clip", "nothing is said to Trakt: it is a trailer or another extra"),
        ("plex/movie_scrobble_no_viewoffset", "it plays on, and counts as watched once it stops"),
        ("plex/movie_play_new_agent", "Trakt is told that it plays, where it did not yet"),
        ("jellyfin/movie_progress_automated", "it plays on, of which Trakt is told only where it did not play before"),
        ("jellyfin/movie_stop_partial", "Trakt keeps where to go on: 30.0 % is under 80 %, and no watch"),
        ("kodi/onstop_end_false", "it counts as watched: 80.0 % is 80 % or more"),
        ("kodi/onstop_end_true", "it counts as watched"),
    ],
)
def test_what_follows_is_said_in_plain_words(name: str, words: str) -> None:
    said = ran("explain", name.partition("/")[0], file(name)).stdout
    assert said.rstrip().endswith(f"so     {words}"), said


def test_only_the_users_that_are_named_count() -> None:
    found = explained("plex", file("plex/other_user"), "--user", "marta", "--user", "someone")
    assert (found["action"], found["reason"], found["user"]) == ("ignore", "other_user", "guest-of-marta")
    assert explained("plex", file("plex/other_user"))["action"] == "stop"
    assert explained("plex", file("plex/user_case_and_space"), "--user", "MARTA ")["action"] != "ignore"
    assert explained("jellyfin", file("jellyfin/no_user"), "--user", "marta")["reason"] == "no_user"


def test_the_users_of_the_configuration_count(tmp_path: Path) -> None:
    config = configured(tmp_path, more='[players.living]\nkind = "plex"\nusers = { marta = "default" }\n')
    for source in ("plex", "living"):
        assert explained(source, file("plex/other_user"), "--config", config)["reason"] == "other_user"
        assert explained(source, file("plex/movie_pause"), "--config", config)["source"] == "plex"


def test_people_are_told_that_nobody_has_mapped_a_user_yet(tmp_path: Path) -> None:
    config = configured(tmp_path, more="[players.plex]\n")
    said = ran("explain", "plex", file("plex/movie_pause"), "--config", config).stdout
    assert "user 'marta' counts for no account: `scrobbler users map plex marta ACCOUNT`" in said


def test_the_filters_of_the_configuration_are_named(tmp_path: Path) -> None:
    config = configured(tmp_path, more="[filter]\nshorter_than = 1000\n")
    said = ran("explain", "plex", file("plex/movie_pause"), "--config", config).stdout
    assert "nothing is said to Trakt: its 136 minutes are under shorter_than" in said


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["plox", "-"], "there is no adapter 'plox': did you mean plex? there are: emby, jellyfin, kodi, mpv, "),
        (["zzz", "-"], "there is no adapter 'zzz': there are: emby, "),
        (["mpv", "-"], "mpv: this player posts no messages; `scrobbler run --record FILE` shows what it says"),
        (["plex", "/nowhere/file"], "/nowhere/file: cannot be read: No such file or directory"),
        (["plex", "/dev/zero"], "/dev/zero: is longer than 4 MiB, and no message"),
    ],
)
def test_a_mistake_is_one_clear_line(args: list[str], words: str) -> None:
    assert complaint(ran("explain", *args), 2).startswith(words)
