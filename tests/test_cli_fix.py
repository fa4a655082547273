"""``scrobbler fix``: said once what something is, it is right, and so is the next one."""

import json
import os
import pty
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cli_process import PATIENCE, PROGRAM, Running, complaint, configured, eventually, ran, running
from double import Double, Served
from playbook import T0, TRON
from queued import UNKNOWN, claimed, kept, opened

from scrobbler.events import Ids, Media, MediaKind, Show
from scrobbler.identify.match import Candidate
from scrobbler.sandbox import Sandbox
from scrobbler.state.corrections import Never
from scrobbler.state.decisions import What
from scrobbler.state.plays import How, Play
from scrobbler.state.snapshot import corrected, decisions, look
from scrobbler.trakt.client import Trakt
from scrobbler.trakt.tokens import TokenFile
from scrobbler.trakt.wire import Item

OLD_HEAT = Item(kind=MediaKind.MOVIE, title="Heat", year=1986, ids=Ids(imdb="tt0093164"))
RIGHT_HEAT = Item(kind=MediaKind.MOVIE, title="Heat", year=1995, ids=Ids(imdb="tt0113277", tmdb=949))
MAYBE = (
    Candidate(item=RIGHT_HEAT, score=0.9, why="its title is the same"),
    Candidate(item=OLD_HEAT, score=0.8, why="its title is the same"),
)
HEIST = Media(path="/films/heist.mkv", kind=MediaKind.MOVIE, title="Heist")


def galactica(number: int, folder: str = "/tv/Battlestar Galactica") -> Media:
    return Media(path=f"{folder}/Battlestar Galactica - S01E{number:02d}.mkv")


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def home(tmp_path: Path, served: Served) -> Iterator[tuple[Path, Double, ExitStack]]:
    """A configuration for a sandbox that somebody is signed in to."""
    with ExitStack() as stack:
        sandbox = Sandbox()
        double = Double(sandbox, served.open(stack, sandbox.app))
        double.tokens(tmp_path / "state")
        yield configured(tmp_path, double.url), double, stack


def fix(file: Path, *words: str) -> str:
    """What ``scrobbler fix`` says where all is well."""
    done = ran("fix", *words, "--config", file)
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout


def known(file: Path, *words: str) -> Any:
    return json.loads(fix(file, *words, "--json"))


def unmatched(folder: Path, media: Media, candidates: tuple[Candidate, ...] = MAYBE) -> None:
    """A watch that was set aside because it was not recognised."""
    kept(folder, media)
    with opened(folder) as store:
        written = msgspec.json.encode(candidates).decode()
        store.set_aside(claimed(store), "it was not recognised", candidates=written).result(10)


def sent(folder: Path, media: Media, item: Item, double: Double) -> None:
    """A watch that was sent, and stands in the history."""
    kept(folder, media)
    with opened(folder) as store:
        entry = claimed(store)
        watched_at = T0 - timedelta(days=1)
        play = Play(
            account="default",
            sitting=entry.scrobble.sitting,
            media=media,
            watched_at=watched_at,
            delivered_at=T0,
            history_id=add(double, folder, item, watched_at),
            how=How.SCROBBLED,
            told=entry.scrobble,
            item=msgspec.json.encode(item).decode(),
        )
        store.deliver(entry, play).result(10)


def add(double: Double, state: Path, item: Item, at: datetime) -> int:
    """Put it into the history, and return the id that it has there."""
    with closing(Trakt(double.app, TokenFile(state, "default"))) as trakt:
        trakt.add_history(item, at)
        (entry,) = trakt.history(item.kind, at, at)
        return entry.id


def started(stack: ExitStack, file: Path) -> Running:
    agent = stack.enter_context(running("run", "--config", file))
    agent.says("watching mpv")
    return agent


def seen(double: Double) -> list[str]:
    """What is in the history, by the words that people use."""
    plays = double.sandbox.world.account("default").plays
    return [told(play.item) for play in plays]


def told(item: Any) -> str:
    show = getattr(item, "show", None)
    return f"{show.title} ({show.year}) {item.season}x{item.number}" if show else f"{item.title} ({item.year})"


# What there is to mend


def test_without_anything_set_aside_there_is_nothing_to_mend(tmp_path: Path, state: Path) -> None:
    file = configured(tmp_path)
    assert fix(file) == "Nothing was set aside.\n"
    assert known(file) == []
    assert not state.exists()


def test_what_was_set_aside_is_listed_with_what_it_may_be(tmp_path: Path, state: Path) -> None:
    file = configured(tmp_path)
    unmatched(state, HEIST)
    kept(state, TRON, aside=True)
    assert fix(file).splitlines()[:4] == [
        "1  20 Nov 20:00  stop Heist: it was not recognised",
        "     1  Heat (1995), its title is the same",
        "     2  Heat (1986), its title is the same",
        f"2  20 Nov 20:00  stop TRON: Legacy (2010): {UNKNOWN}",
    ]
    assert known(file)[0] == {
        "entry": 1,
        "account": "default",
        "item": "Heist",
        "at": "2026-11-20T20:00:00+00:00",
        "reason": "it was not recognised",
        "candidates": [
            {
                "pick": 1,
                "kind": "movie",
                "item": "Heat (1995)",
                "ids": {"imdb": "tt0113277", "tmdb": 949},
                "score": 0.9,
                "why": "its title is the same",
            },
            {
                "pick": 2,
                "kind": "movie",
                "item": "Heat (1986)",
                "ids": {"imdb": "tt0093164"},
                "score": 0.8,
                "why": "its title is the same",
            },
        ],
    }


def test_one_entry_shows_what_it_may_be_where_nobody_can_be_asked(tmp_path: Path, state: Path) -> None:
    file = configured(tmp_path)
    unmatched(state, HEIST)
    assert fix(file, "1").splitlines()[:3] == [
        "stop Heist",
        "1  Heat (1995), its title is the same",
        "2  Heat (1986), its title is the same",
    ]
    assert [one["pick"] for one in known(file, "1")] == [1, 2]
    assert corrected(state) == ()


# Without an agent


def test_a_candidate_is_picked_and_remembered_for_the_file(tmp_path: Path, state: Path) -> None:
    file = configured(tmp_path)
    unmatched(state, HEIST)
    assert fix(file, "1", "--pick", "2").splitlines() == [
        "1  stop Heist is tried again when the agent runs: `scrobbler run`",
        "Remembered: /films/heist.mkv is Heat (1986)",
        "`scrobbler rules remove 1` takes that back",
    ]
    assert [entry.id for entry in look(state).waiting] == [1]
    assert [one.correction.label() for one in corrected(state)] == ["/films/heist.mkv is Heat (1986)"]
    assert [one.what for one in decisions(state)] == [What.CORRECTED, What.RETRIED]


def test_a_wider_word_that_would_not_hold_is_refused(tmp_path: Path, state: Path) -> None:
    file = configured(tmp_path)
    unmatched(state, HEIST)
    fix(file, "1", "--pick", "1")
    words = complaint(ran("fix", "1", "--ignore", "--for", "folder", "--config", file), 2)
    assert words.startswith("stop Heist: something narrower holds for it, which `scrobbler rules` lists")
    assert "Remembered: /films/heist.mkv is never told to Trakt\n" in fix(file, "1", "--ignore")
    assert len(corrected(state)) == 1


def test_what_is_nobodys_business_needs_no_network(tmp_path: Path, state: Path) -> None:
    file = configured(tmp_path)
    unmatched(state, HEIST)
    report = known(file, "1", "--ignore", "--for", "folder")
    assert report == {
        "correction": {"id": 1, "scope": "folder", "words": "all in /films is never told to Trakt"},
        "entries": [{"id": 1, "account": "default", "label": "stop Heist"}],
        "left": [],
        "removed": None,
        "added": None,
    }
    assert corrected(state)[0].correction.meaning == Never()


def test_a_name_an_id_or_an_address_is_looked_up(home: tuple[Path, Double, ExitStack], state: Path) -> None:
    file, _, _ = home
    unmatched(state, HEIST)
    for words in (("Heat", "(1995)"), ("tt0113277",), ("https://trakt.tv/movies/heat-1995",), ("tmdb:949",)):
        assert "Remembered: /films/heist.mkv is Heat (1995)\n" in fix(file, "#1", *words)
    assert len(corrected(state)) == 1


def test_others_of_the_show_that_were_set_aside_are_tried_again_as_well(
    home: tuple[Path, Double, ExitStack], state: Path
) -> None:
    file, _, _ = home
    kept(state, galactica(1), galactica(2), Media(path="/tv/Dark/Dark - S01E01.mkv"), aside=True)
    said_ = fix(file, "1", "https://trakt.tv/shows/battlestar-galactica-2003")
    assert said_.splitlines()[:2] == [
        "1  stop Battlestar Galactica - S01E01.mkv is tried again when the agent runs: `scrobbler run`",
        "2  stop Battlestar Galactica - S01E02.mkv is tried again when the agent runs: `scrobbler run`",
    ]
    assert "Remembered: Battlestar Galactica is Battlestar Galactica (2004), with the same numbers\n" in said_
    assert [entry.id for entry in look(state).aside] == [3]


def test_what_has_no_candidates_is_looked_up_by_its_own_words(
    home: tuple[Path, Double, ExitStack], state: Path
) -> None:
    file, _, _ = home
    kept(state, TRON, aside=True)
    assert fix(file, "1").splitlines()[1].startswith("1  TRON: Legacy (2010), ")
    assert "Remembered: TRON: Legacy (2010) is TRON: Legacy (2010)\n" in fix(file, "1", "--pick", "1")


def test_candidates_that_cannot_be_read_any_more_are_none(tmp_path: Path, state: Path) -> None:
    file = configured(tmp_path)
    kept(state, HEIST)
    with opened(state) as store:
        store.set_aside(claimed(store), "no", candidates='[{"of": "another version"}]').result(10)
    assert known(file)[0]["candidates"] == []


def test_without_trakt_the_words_cannot_be_looked_up(tmp_path: Path, state: Path) -> None:
    file = configured(tmp_path)
    unmatched(state, HEIST)
    assert "cannot be reached" in complaint(ran("fix", "1", "tt0113277", "--config", file), 1)


def test_what_was_entered_by_hand_is_what_it_is(home: tuple[Path, Double, ExitStack], state: Path) -> None:
    file, _, _ = home
    assert ran("add", "Heat (1995)", "--config", file).returncode == 0
    words = complaint(ran("fix", "1", "tt0113277", "--config", file), 2)
    assert words == "entry 1 was entered by hand: `scrobbler queue drop 1`, and add the right one"
    assert len(look(state).waiting) == 1


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("9",), "there is no entry '9': there are 1; a watch that was sent goes by --play"),
        (("x", "Heat"), "there is no entry 'x': there are 1; a watch that was sent goes by --play"),
        (("--play", "9", "Heat"), "there is no play 9: `scrobbler undo --list` shows those that there are"),
        (("1", "--pick", "3"), "--pick 3: there are 2"),
        (("1", "https://evil.example/x"), "'evil.example' is no site that Trakt has ids of: give an address at"),
        (("1", "tmdb:abc"), "'tmdb:abc' is no id: give an address at"),
        (("1", "--pick", "1", "--for", "show"), "stop Heist: a show is no one film: say which file is this film"),
        (("1", "--ignore", "--for", "show"), "stop Heist: it is not known of which show it is"),
    ],
)
def test_a_mistake_is_one_line_and_changes_nothing(
    words: tuple[str, ...], line: str, tmp_path: Path, state: Path
) -> None:
    file = configured(tmp_path)
    unmatched(state, HEIST)
    before = look(state)
    assert complaint(ran("fix", *words, "--config", file), 2).startswith(line)
    assert look(state) == before
    assert corrected(state) == ()


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("--ignore",), "Error: Which ENTRY? `scrobbler fix` lists them."),
        (("--pick", "1"), "Error: Which ENTRY? `scrobbler fix` lists them."),
        (("1", "Heat", "--ignore"), "Error: Either ITEM or --ignore, not both."),
        (("1", "--for", "ever"), "Error: Invalid value for '--for': 'ever' is not one of 'file', 'folder', 'show'."),
    ],
)
def test_a_mistyped_command_says_what_is_allowed(words: tuple[str, ...], line: str, tmp_path: Path) -> None:
    done = ran("fix", *words, "--config", configured(tmp_path))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[-1] == line


def test_what_may_be_several_is_not_guessed(home: tuple[Path, Double, ExitStack], state: Path) -> None:
    file, _, _ = home
    unmatched(state, HEIST)
    words = complaint(ran("fix", "1", "Heat", "--config", file), 2)
    assert words.startswith("stop Heist: ")
    assert ": say --pick and one of 1  Heat (1" in words
    assert "Remembered: /films/heist.mkv is Heat (" in fix(file, "1", "Heat", "--pick", "1")


# On a terminal


@contextmanager
def asked(file: Path, *words: str) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """The command on a terminal, and the user's end of it."""
    ours, theirs = pty.openpty()
    command = [*PROGRAM, "fix", *words, "--config", str(file)]
    process = subprocess.Popen(command, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    os.close(theirs)
    with process:
        try:
            yield ours, process
        finally:
            process.kill()
            os.close(ours)


@pytest.mark.parametrize(
    ("answer", "status", "words"),
    [
        (b"2\n", 0, "Remembered: /films/heist.mkv is Heat (1986)"),
        (b"7\n1\n", 0, "Remembered: /films/heist.mkv is Heat (1995)"),
        (b"s\nTRON: Legacy (2010)\n", 0, "Remembered: /films/heist.mkv is TRON: Legacy (2010)"),
        (b"s\ntmdb:abc\nq\n", 1, "'tmdb:abc' is no id"),
        (b"s\nThe Thing\n1\n", 0, "Remembered: /films/heist.mkv is The Thing ("),
        (b"q\n", 1, "scrobbler: nothing was changed"),
        (b"\n", 1, "scrobbler: nothing was changed"),
    ],
)
def test_on_a_terminal_it_asks(
    answer: bytes, status: int, words: str, home: tuple[Path, Double, ExitStack], state: Path
) -> None:
    file, _, _ = home
    unmatched(state, HEIST)
    with asked(file, "1") as (terminal, process):
        os.write(terminal, answer)
        out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == status, err.decode()
    assert "1  Heat (1995), its title is the same\n2  Heat (1986), its title is the same\n" in err.decode()
    assert "Which is it? [1-2, s = search, q = leave]: " in err.decode()
    assert words in (out + err).decode()
    assert (len(corrected(state)) == 1) is (status == 0)


# Beside a running agent


def test_a_wrong_match_is_corrected_once_and_the_next_episode_is_right_by_itself(
    home: tuple[Path, Double, ExitStack], state: Path
) -> None:
    file, double, stack = home
    kept(state, galactica(1))
    agent = started(stack, file)
    eventually(lambda: look(state).aside)
    assert seen(double) == []
    picks = known(file, "1")
    old = next(one["pick"] for one in picks if "(1978)" in one["item"])
    assert "1  stop Battlestar Galactica - S01E01.mkv is tried again\n" in fix(file, "1", "--pick", str(old))
    eventually(lambda: seen(double) == ["Battlestar Galactica (1978) 1x1"])
    assert agent.end() == 0
    kept(state, galactica(2))
    again = started(stack, file)
    eventually(lambda: len(seen(double)) == 2)
    assert seen(double)[1] == "Battlestar Galactica (1978) 1x2"
    assert again.end() == 0


def test_numbers_of_another_order_are_counted_on(home: tuple[Path, Double, ExitStack], state: Path) -> None:
    file, double, stack = home
    strange = [Media(path=f"/tv/Weltraum/Weltraum - S03E{number:02d}.mkv") for number in (14, 15)]
    kept(state, strange[0])
    agent = started(stack, file)
    eventually(lambda: look(state).aside)
    said_ = fix(file, "1", "The", "Expanse", "s01e01")
    assert "Remembered: Weltraum, season 3, is The Expanse (2015), season 1, episodes - 13\n" in said_
    eventually(lambda: seen(double) == ["The Expanse (2015) 1x1"])
    assert agent.end() == 0
    kept(state, strange[1])
    started(stack, file)
    eventually(lambda: seen(double) == ["The Expanse (2015) 1x1", "The Expanse (2015) 1x2"])


def test_what_is_never_to_be_told_is_dropped_and_stays_untold(
    home: tuple[Path, Double, ExitStack], state: Path
) -> None:
    file, double, stack = home
    unmatched(state, HEIST)
    agent = started(stack, file)
    fix(file, "1", "--ignore")
    eventually(lambda: not look(state).aside and not look(state).waiting)
    agent.says("stop Heist was not sent: it is left out, as you said with `scrobbler fix`")
    assert seen(double) == []


def test_a_rule_of_the_configuration_holds(tmp_path: Path, served: Served, state: Path) -> None:
    rule = (
        '[[rules]]\nshow = "Weltraum"\nitem = "https://trakt.tv/shows/the-expanse"\nseason = 1\nepisode_offset = -13\n'
    )
    with ExitStack() as stack:
        sandbox = Sandbox()
        double = Double(sandbox, served.open(stack, sandbox.app))
        double.tokens(state)
        file = configured(tmp_path, double.url, rule)
        kept(state, Media(path="/tv/Weltraum/Weltraum - S03E15.mkv"))
        started(stack, file)
        eventually(lambda: seen(double) == ["The Expanse (2015) 1x2"])


def test_a_watch_that_was_sent_is_put_right_with_its_time(home: tuple[Path, Double, ExitStack], state: Path) -> None:
    file, double, stack = home
    sent(state, HEIST, OLD_HEAT, double)
    before = double.history()
    assert seen(double) == ["Heat (1986)"]
    started(stack, file)
    assert fix(file, "--play", "1", "tt0113277").splitlines() == [
        "play 1, Heat (1986), is taken out of the history",
        "Heat (1995) is added with its time, 19 Nov 20:00",
        "Remembered: /films/heist.mkv is Heat (1995)",
        "`scrobbler rules remove 1` takes that back",
    ]
    eventually(lambda: seen(double) == ["Heat (1995)"])
    assert [at for _, at in double.history()] == [at for _, at in before]
    words = complaint(ran("fix", "--play", "1", "tt0113277", "--config", file), 2)
    assert words.startswith("play 1 was taken out of the history already")
    eventually(lambda: len(look(state).plays) == 2)
    assert fix(file, "--play", "2", "tt1104001").splitlines() == [
        "play 2, Heat (1995), is taken out of the history",
        "TRON: Legacy (2010) is added with its time, 19 Nov 20:00",
        "It was entered by hand, so nothing is remembered of it",
    ]
    eventually(lambda: seen(double) == ["TRON: Legacy (2010)"])
    assert len(corrected(state)) == 1


def test_a_watch_that_was_nobodys_business_is_taken_back(home: tuple[Path, Double, ExitStack], state: Path) -> None:
    file, double, stack = home
    sent(state, HEIST, OLD_HEAT, double)
    started(stack, file)
    assert "play 1, Heat (1986), is taken out of the history\n" in fix(file, "--play", "1", "--ignore")
    eventually(lambda: seen(double) == [])


def test_a_whole_show_of_absolute_numbers_is_looked_up_for_a_play(
    home: tuple[Path, Double, ExitStack], state: Path
) -> None:
    file, double, stack = home
    media = Media(kind=MediaKind.EPISODE, show=Show(title="Piece"), number_abs=164)
    wrong = Item(kind=MediaKind.EPISODE, show=Show(title="Dark", ids=Ids(tmdb=70523)), season=1, number=1)
    sent(state, media, wrong, double)
    started(stack, file)
    assert "One Piece" in fix(file, "--play", "1", "https://trakt.tv/shows/one-piece")
    eventually(lambda: seen(double) == ["One Piece (1999) 9x21"])
