"""``scrobbler api``: any method of Trakt's API by its path, and clear words for whatever is wrong with it."""

import json
import os
import pty
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from cli_process import PATIENCE, PROGRAM, complaint, configured, ran, running
from click.testing import CliRunner, Result
from contract import LISTED_ONLY, Exchange, contract
from double import Double, Served

from scrobbler.cli import program
from scrobbler.errors import ConfigError, ScrobblerError
from scrobbler.sandbox import FaultKind, Sandbox
from scrobbler.sandbox.world import PlayAction
from scrobbler.trakt.endpoints import table
from scrobbler.trakt.tokens import TokenFile

NEAR = "GET /sync/history/{type}/{id}, POST /sync/history, POST /sync/history/remove"
FORCE = "--force sends it nevertheless"
HEAT = '{"movies": [{"watched_at": "2026-11-20T20:00:00.000Z", "ids": {"imdb": "tt0113277"}}]}'
SPAN = ("-q", "start_at=2020-01-01T00:00:00.000Z", "-q", "end_at=2030-01-01T00:00:00.000Z")


@pytest.fixture(autouse=True)
def any_call(breaches: list[str]) -> Iterator[None]:
    """This command may call what openapi.yaml does not describe, as long as endpoints.tsv lists it."""
    yield
    breaches[:] = [each for each in breaches if not each.endswith(LISTED_ONLY)]


@pytest.fixture
def double(served: Served) -> Iterator[Double]:
    """A sandbox in whose time the command lives as well."""
    sandbox = Sandbox()
    with ExitStack() as stack:
        yield Double(sandbox, served.open(stack, sandbox.app))


@pytest.fixture
def file(tmp_path: Path, double: Double) -> Path:
    return configured(tmp_path, double.url)


@pytest.fixture
def tokens(tmp_path: Path, double: Double) -> TokenFile:
    return double.tokens(tmp_path / "state")


def api(file: Path, *args: str, stdin: str | bytes | None = None) -> Result:
    """What the command does in this process."""
    return CliRunner().invoke(program, ["api", "--config", str(file), *args], input=stdin)


def answered(file: Path, *args: str, stdin: str | bytes | None = None) -> Any:
    result = api(file, *args, stdin=stdin)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def mistake(file: Path, *args: str, stdin: str | bytes | None = None) -> str:
    """The words with which it ends as with a mistake of the user's."""
    result = api(file, *args, stdin=stdin)
    assert isinstance(result.exception, ConfigError), result.output
    assert "\n" not in str(result.exception)
    return str(result.exception)


def trouble(file: Path, *args: str) -> str:
    """The words with which it ends because Trakt said no."""
    result = api(file, *args)
    assert isinstance(result.exception, ScrobblerError), result.output
    assert not isinstance(result.exception, ConfigError)
    assert "\n" not in str(result.exception)
    return str(result.exception)


def filled(double: Double, count: int) -> None:
    """The default account has watched something so many times."""
    world = double.sandbox.world
    movie = world.catalogue.movies[0]
    for number in range(count):
        at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=number)
        world.account("default").play(movie, at, PlayAction.WATCH)


def first_of_three_pages(double: Double) -> None:
    """The next answer is a page with two rows of five, whatever is asked for."""
    pages = {"X-Pagination-Page-Count": "3", "X-Pagination-Item-Count": "5"}
    double.fault(FaultKind.STATUS, status=200, body=[{"title": "Ä\u2028\n"}, 2], headers=pages)


# What is asked, and what is printed


def test_an_answer_is_printed_as_json(file: Path, double: Double, tokens: TokenFile) -> None:
    result = api(file, "/users/settings")
    assert json.loads(result.stdout)["user"]["username"] == "default"
    assert result.stdout.startswith('{\n  "user": {\n    "username"')
    assert (result.stderr, result.exit_code) == ("", 0)
    assert double.calls() == ["GET /users/settings 200"]


@pytest.mark.parametrize("path", ["movies/heat-1995?extended=full", "/movies/heat-1995/?extended=full"])
def test_a_path_may_have_a_query_and_needs_no_slash(file: Path, path: str) -> None:
    assert answered(file, path)["runtime"] == 170


def test_a_query_is_joined_with_that_of_the_path(file: Path) -> None:
    assert answered(file, "/movies/heat-1995?extended=min", "-q", "extended=full")["runtime"] == 170
    found = answered(file, "/search/movie?query=heat&extended=full", "-q", "page=1", "-q", "limit=50")
    assert found[0]["movie"]["title"] == "Heat"


def test_the_whole_address_will_do(file: Path, double: Double) -> None:
    assert answered(file, f"{double.url}/movies/heat-1995?extended=full")["title"] == "Heat"
    assert answered(file, f"{double.url.removeprefix('http:')}/movies/heat-1995?extended=full")["title"] == "Heat"


@pytest.mark.parametrize(
    "url",
    [
        "https://api.trakt.example/users/settings",
        "//api.trakt.example/users/settings",
        "{url}@api.trakt.example/users/settings",
        "{url}.example/users/settings",
        "{url}0/users/settings",
        "ftp://[/users/settings",
        "http://x:port/users/settings",
    ],
)
def test_no_other_host_is_ever_called(file: Path, double: Double, tokens: TokenFile, url: str) -> None:
    words = mistake(file, url.format(url=double.url))
    assert words.startswith(("Calls go to http://127.0.0.1:", "PATH is no address"))
    assert double.calls() == []


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_unicode_stays_as_it_is_and_where_it_cannot_it_is_still_json(
    file: Path, double: Double, tokens: TokenFile, encoding: str
) -> None:
    double.fault(FaultKind.STATUS, status=200, body=[{"name": "Вечер \U0001f525"}])
    done = ran("api", "--config", file, "/users/me/lists", PYTHONIOENCODING=encoding)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == [{"name": "Вечер \U0001f525"}]
    assert ("Вечер \U0001f525" in done.stdout) == (encoding == "utf-8")


def test_an_answer_without_a_body_prints_nothing(file: Path, tokens: TokenFile) -> None:
    result = api(file, "/users/me/watching")
    assert (result.output, result.exit_code) == ("", 0)


@pytest.mark.parametrize("how", ["word", "file", "stdin"])
def test_a_body_is_sent_by_post(file: Path, double: Double, tokens: TokenFile, tmp_path: Path, how: str) -> None:
    (tmp_path / "body.json").write_text("\ufeff" + HEAT, encoding="utf-8")
    data = {"word": HEAT, "file": f"@{tmp_path}/body.json", "stdin": "@-"}[how]
    answer = answered(file, "/sync/history", "-d", data, stdin=HEAT)
    assert answer["added"] == {"movies": 1, "episodes": 0}
    assert double.calls() == ["POST /sync/history 201"]
    assert [title for title, _ in double.history()] == ["Heat"]


def test_what_is_destructive_is_just_done(file: Path, double: Double, tokens: TokenFile) -> None:
    answered(file, "/sync/history", "-d", HEAT)
    play = double.sandbox.world.account("default").plays[0].id
    assert answered(file, "-X", "post", "/sync/history/remove", "-d", json.dumps({"ids": [play]}))["deleted"]
    assert double.history() == []


def test_the_status_and_the_pages_are_told_and_nothing_secret(file: Path, double: Double, tokens: TokenFile) -> None:
    headers = {
        "Set-Cookie": "session=open sesame",
        "X-Pagination-Page-Count": "1",
        "X-Ratelimit": '{"remaining":3}',
        "X-Request": "open sesame",
    }
    double.fault(FaultKind.STATUS, status=200, body=[], headers=headers)
    result = api(file, "-i", "/users/me/lists")
    assert result.stderr.splitlines() == ["status: 200", "x-pagination-page-count: 1", 'x-ratelimit: {"remaining":3}']
    assert result.stdout == "[]\n"


# Whose sign-in it is


def test_what_needs_no_sign_in_works_without_one(file: Path, double: Double) -> None:
    assert answered(file, "/movies/heat-1995", "-q", "extended=full")["title"] == "Heat"


@pytest.mark.parametrize("path", ["/users/settings", "/users/me/watching"])
def test_what_needs_a_sign_in_says_how_to_get_one(file: Path, double: Double, breaches: list[str], path: str) -> None:
    assert trouble(file, path) == "default is not signed in: run `scrobbler login`"
    breaches[:] = [each for each in breaches if not each.endswith("no token is sent")]  # the table says "optional"


def test_nothing_is_sent_where_the_table_knows_that_it_is_in_vain(file: Path, double: Double) -> None:
    trouble(file, "/sync/last_activities")
    assert double.calls() == []


def test_an_account_is_chosen_by_its_name(tmp_path: Path, double: Double) -> None:
    file = configured(tmp_path, double.url, more='[accounts.marta]\n[players.tv]\nkind = "mpv"\naccount = "marta"\n')
    double.tokens(tmp_path / "state", "marta")
    assert answered(file, "/users/settings", "--account", "marta")["user"]["username"] == "marta"
    assert mistake(file, "/users/settings", "--account", "bob").startswith("there is no account 'bob'")
    assert trouble(file, "/users/settings") == "default is not signed in: run `scrobbler login`"


# What Trakt says no to


def test_a_refusal_names_the_method_and_says_what_trakt_says(file: Path, double: Double, tokens: TokenFile) -> None:
    assert trouble(file, "/users/me/lists", "-d", "{}") == (
        'POST /users/{id}/lists, "Lists - Create personal list": Trakt does not know this item (status 404)'
    )
    double.fault(FaultKind.STATUS, status=422, body={"message": "No name.\nGive one."}, times=1)
    assert trouble(file, "/users/me/lists", "-d", "{}").endswith("(status 422: No name. Give one.)")
    double.fault(FaultKind.STATUS, status=400, body={"errors": {"name": ["is\nmissing"]}}, times=1)
    assert trouble(file, "/users/me/lists", "-d", "{}").endswith(r'(status 400): {"errors": {"name": ["is\nmissing"]}}')
    double.fault(FaultKind.VIP_ONLY, times=1)
    assert "VIP members only" in trouble(file, "/users/me/lists", "-d", "{}")


def test_an_answer_that_is_no_json_is_one_line(file: Path, double: Double, tokens: TokenFile) -> None:
    double.fault(FaultKind.STATUS, status=200, body="<p>A hotel</p>")
    assert "not what Trakt sends" in trouble(file, "/users/me/lists")
    double.fault(FaultKind.STATUS, status=200, body="<p>A hotel</p>")
    assert trouble(file, "/users/me/lists", "-d", "{}").endswith("it may have been done all the same")


def test_a_trakt_that_cannot_be_reached_is_one_line(tmp_path: Path) -> None:
    words = complaint(ran("api", "--config", configured(tmp_path), "/movies/heat-1995", "-q", "extended=full"), 1)
    assert words.startswith("Trakt cannot be reached: ")


def test_a_limit_is_waited_for(file: Path, double: Double, tokens: TokenFile) -> None:
    double.fault(FaultKind.STATUS, status=429, headers={"Retry-After": "0"}, times=2)
    result = api(file, "/users/settings")
    assert result.stderr == "Trakt asks us to slow down (status 429): going on in 0 s\n" * 2
    assert json.loads(result.stdout)["user"]["username"] == "default"


def test_a_write_that_was_too_soon_is_made_again(
    file: Path, double: Double, tokens: TokenFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scrobbler.trakt.client.WRITE_EVERY", 0.0)
    double.fault(FaultKind.STATUS, status=429, headers={"Retry-After": "0"}, times=1)
    assert answered(file, "/sync/history", "-d", HEAT)["added"]["movies"] == 1
    assert double.calls() == ["POST /sync/history 429", "POST /sync/history 201"]


def test_a_limit_is_not_waited_for_without_end(file: Path, double: Double, tokens: TokenFile) -> None:
    double.fault(FaultKind.STATUS, status=429, headers={"Retry-After": "0"}, times=None)
    assert trouble(file, "/users/settings") == "Trakt asks us to slow down (status 429)"
    assert len(double.calls()) == 6


def test_a_long_limit_is_told_instead(file: Path, double: Double, tokens: TokenFile) -> None:
    double.fault(FaultKind.STATUS, status=429, headers={"Retry-After": "1000"})
    assert trouble(file, "/users/settings").endswith("(status 429): try again in 17 minutes")
    assert len(double.calls()) == 1


# Pages


def test_all_pages_are_one_array(file: Path, double: Double, tokens: TokenFile) -> None:
    filled(double, 7)
    result = api(file, "/sync/history", "--paginate", "-q", "limit=3")
    rows = json.loads(result.stdout)
    assert result.stdout == json.dumps(rows, indent=2) + "\n"
    assert len({row["id"] for row in rows}) == 7
    assert (result.stderr, result.exit_code) == ("", 0)
    assert [entry.query for entry in double.sandbox.world.journal.after(0)] == [
        "limit=3&page=1",
        "limit=3&page=2",
        "limit=3&page=3",
    ]


def test_a_page_has_a_hundred_rows_where_nobody_says_how_many(file: Path, double: Double, tokens: TokenFile) -> None:
    filled(double, 101)
    assert len(answered(file, "/sync/history/movies", "--paginate", *SPAN)) == 101
    limits = [parse_qs(entry.query)["limit"] for entry in double.sandbox.world.journal.after(0)]
    assert limits == [["100"], ["100"]]


def test_pages_may_begin_later(file: Path, double: Double, tokens: TokenFile) -> None:
    filled(double, 7)
    assert len(answered(file, "/sync/history", "--paginate", "-q", "limit=3", "-q", "page=3")) == 1
    for page in ("0", "x", "²", "9" * 5000):
        result = api(file, "/sync/history", "--paginate", "-q", f"page={page}")
        assert result.exit_code == 2, page


def test_no_rows_are_an_empty_array(file: Path, tokens: TokenFile) -> None:
    assert api(file, "/sync/history", "--paginate").stdout == "[]\n"


def test_an_answer_without_pages_is_printed_as_it_is(file: Path, double: Double, tokens: TokenFile) -> None:
    double.fault(FaultKind.STATUS, status=200, body={"movies": {"plays": 3}})
    assert answered(file, "/users/me/stats", "--paginate") == {"movies": {"plays": 3}}


def test_an_array_that_an_error_ends_stays_open(file: Path, double: Double, tokens: TokenFile) -> None:
    first_of_three_pages(double)
    double.fault(FaultKind.STATUS, status=404)
    result = api(file, "/users/me/lists", "--paginate")
    assert str(result.exception).endswith("Trakt does not know this item (status 404)")
    assert json.loads(result.stdout + "]") == [{"title": "Ä\u2028\n"}, 2]


def test_a_page_that_is_no_list_is_an_error(file: Path, double: Double, tokens: TokenFile) -> None:
    first_of_three_pages(double)
    double.fault(FaultKind.STATUS, status=200, body={})
    assert trouble(file, "/users/me/lists", "--paginate") == ("page 2 of 3 is no list: what came before it is printed")


@pytest.mark.parametrize("args", [("-X", "POST"), ("-d", "{}"), ("-X", "delete")])
def test_only_what_is_read_has_pages(file: Path, double: Double, args: tuple[str, ...]) -> None:
    result = api(file, "/sync/history", "--paginate", *args)
    assert result.exit_code == 2
    assert "--paginate goes with GET" in result.stderr
    assert double.calls() == []


def test_a_terminal_shows_how_far_it_is(file: Path, double: Double, tokens: TokenFile) -> None:
    filled(double, 5)
    ours, theirs = pty.openpty()
    args = [*PROGRAM, "api", "--config", str(file), "/sync/history", "--paginate", "-q", "limit=2"]
    with subprocess.Popen(args, stdout=subprocess.PIPE, stderr=theirs) as process:
        out, _ = process.communicate(timeout=PATIENCE)
    os.close(theirs)
    shown = os.read(ours, 4096).decode()
    os.close(ours)
    assert len(json.loads(out)) == 5
    assert shown == "page 1 of 3, 2 of 5\r\x1b[Kpage 2 of 3, 4 of 5\r\x1b[K"


def test_ctrl_c_closes_the_array_and_says_how_far_it_came(file: Path, double: Double, tokens: TokenFile) -> None:
    first_of_three_pages(double)
    double.fault(FaultKind.STATUS, status=429, headers={"Retry-After": "60"})
    with running("api", "--config", file, "/users/me/lists", "--paginate") as command:
        command.says("going on in 60 s")
        assert command.end(signal.SIGINT) == 130
    said = [line for line in command.lines if line.strip() and "slow down" not in line]
    assert [line for line in said if "Stopped" in line] == ["Stopped after page 1 of 3, 2 of 5.\n"]
    assert json.loads("".join(line for line in said if "Stopped" not in line)) == [{"title": "Ä\u2028\n"}, 2]


def test_ctrl_c_before_the_first_page_prints_nothing(file: Path, double: Double, tokens: TokenFile) -> None:
    double.fault(FaultKind.STATUS, status=429, headers={"Retry-After": "60"})
    with running("api", "--config", file, "/users/me/lists", "--paginate") as command:
        command.says("going on in 60 s")
        assert command.end(signal.SIGINT) == 130
    assert [line for line in command.lines if line.strip() and "slow down" not in line] == []


# Mistakes


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ((), "PATH is missing: `scrobbler api --list` shows all that there are"),
        (("/a", "/b"), "One PATH at a time, and not 2: a query goes with -q, a body with -d"),
        (("/shows/{id}/seasons",), "PATH needs a value in the place of {id}, as in /movies/heat-1995"),
        (("/users/:id/stats",), "PATH needs a value in the place of :id, as in /movies/heat-1995"),
        (("/movies/1#2",), "PATH ends before the first #: write %23 if you mean that sign"),
        (("/movies/a\nb",), "PATH has a sign that cannot be in one: '/movies/a\\nb'"),
        (("/movies/\udce9",), "PATH has a sign that cannot be in one: '/movies/\\udce9'"),
        (("/movies/../users/settings",), "PATH has a part that is empty or of dots only: '/movies/../users/settings'"),
        (("//",), "PATH is missing: `scrobbler api --list` shows all that there are"),
        (("/movies//1",), "PATH has a part that is empty or of dots only: '/movies//1'"),
        (("/movies/" + "a" * 8000,), "PATH and query have more than 8000 signs"),
        (("/movies/1", "-q", "extended"), "-q 'extended': this must be KEY=VALUE"),
        (("/movies/1", "-q", "=full"), "-q '=full': this must be KEY=VALUE"),
        (("/movies/1", "-q", "a=\udce9"), "-q 'a=\\udce9': this is not UTF-8"),
        (("/x", "-q", "genres=a", "-q", "genres=b"), "genres is said twice: several values are one, as in genres=a,b"),
        (("/x", "-X", "GET", "-d", "{}"), "-d goes with POST, PUT, PATCH and DELETE; what a GET asks for goes with -q"),
        (("/x", "-d", '{"a":\n }'), "-d is no JSON: line 2, column 2: Expecting value"),
        (("/x", "-d", ""), "-d is no JSON: line 1, column 1: Expecting value"),
        (("/x", "-d", '{"a": NaN}'), "-d is no JSON: there is no NaN"),
        (("/x", "-d", "[1]"), "-d must be a JSON object, {...}: Trakt takes nothing else"),
        (("/x", "-d", "@/no/such/file"), "-d @/no/such/file: cannot be read: No such file or directory"),
        (("/x", "-d", "@"), "-d @: cannot be read: Is a directory"),
    ],
)
def test_a_mistake_is_one_line_and_nothing_is_sent(
    file: Path, double: Double, args: tuple[str, ...], words: str
) -> None:
    assert mistake(file, *args) == words
    assert double.calls() == []


@pytest.mark.parametrize("data", ['{"a": "\\ud800"}', "[" * 100_000, '{"a": ' + "9" * 5000 + "}"])
def test_a_body_that_json_cannot_carry_is_a_mistake(file: Path, data: str) -> None:
    assert mistake(file, "/x", "-d", "@-", stdin=data).startswith("-d @- cannot be sent as JSON: ")


def test_a_body_that_is_no_text_is_a_mistake(file: Path) -> None:
    assert mistake(file, "/x", "-d", "@-", stdin=b'{"a": "\xff"}') == "-d @-: this is no text in UTF-8"


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (
            ("/sync/histroy",),
            f"GET /sync/histroy is not among the methods of Trakt: did you mean {NEAR}? {FORCE}",
        ),
        (
            ("/zzz",),
            f"GET /zzz is not among the methods of Trakt: `scrobbler api --list` shows all that there are; {FORCE}",
        ),
        (
            ("-X", "DELETE", "/users/me/lists"),
            "/users/{id}/lists takes GET and POST, and not DELETE; --force sends it nevertheless",
        ),
        (
            ("/sync/history/remove",),
            "/sync/history/remove takes POST, and not GET; --force sends it nevertheless",
        ),
    ],
)
def test_what_the_table_does_not_have_is_not_sent(
    file: Path, double: Double, tokens: TokenFile, args: tuple[str, ...], words: str
) -> None:
    assert mistake(file, *args) == words
    assert double.calls() == []


def test_what_only_the_list_has_is_still_held_to_what_every_call_needs() -> None:
    listed = Exchange(method="GET", url="/users/me/lists?page=1", headers={"authorization": "Basic b3Vy"})
    assert list(contract().wrong_request(listed)) == [
        LISTED_ONLY,
        *(f"header {name} is missing or wrong" for name in ("user-agent", "trakt-api-version", "trakt-api-key")),
        "header content-type is missing or wrong",
        "the token is not sent as a bearer's",
    ]


def test_it_is_sent_by_force(file: Path, double: Double, tokens: TokenFile, breaches: list[str]) -> None:
    words = trouble(file, "/sync/histroy", "--force")
    assert words == "GET /sync/histroy: Trakt does not know this item (status 404)"
    assert double.calls() == ["GET /sync/histroy 404"]
    assert set(breaches) == {"request GET /sync/histroy: no such call"}
    breaches.clear()


def test_without_an_app_nothing_can_be_asked(tmp_path: Path) -> None:
    (tmp_path / "empty.toml").touch()
    assert "trakt.client_id is missing" in complaint(ran("api", "--config", tmp_path / "empty.toml", "/movies/1"), 2)


# The list


def test_the_methods_are_listed(tmp_path: Path) -> None:
    done = ran("api", "--list")
    lines = done.stdout.splitlines()
    assert (done.returncode, done.stderr, len(lines)) == (0, "", 222)
    assert lines[0].split() == ["METHOD", "PATH", "SIGN-IN", "VIP", "NAME"]


def test_words_narrow_the_list(file: Path) -> None:
    lines = api(file, "--list", "Watchlist", "POST").stdout.splitlines()
    assert [line.split()[:3] for line in lines[1:]] == [
        ["POST", "/sync/watchlist", "required"],
        ["POST", "/sync/watchlist/remove", "required"],
        ["POST", "/sync/watchlist/reorder", "required"],
    ]
    none = api(file, "--list", "zzz")
    assert (none.stdout, none.stderr, none.exit_code) == ("", "None of the 221 methods has these words.\n", 0)


def test_programs_get_the_list_as_json(file: Path) -> None:
    assert len(json.loads(api(file, "--list", "--json").stdout)) == len(table())
    (one,) = json.loads(api(file, "--list", "--json", "people", "vip").stdout)
    assert one == {
        "method": "POST",
        "path": "/people/{id}/refresh",
        "sign_in": "required",
        "vip": "only",
        "group": "People",
        "name": "Refresh - Refresh person metadata",
    }
    assert json.loads(api(file, "--list", "--json", "zzz").stdout) == []


@pytest.mark.parametrize("args", [("--json", "/movies/1"), ("--list", "-X", "GET"), ("--list", "--force")])
def test_the_list_and_a_call_do_not_mix(file: Path, args: tuple[str, ...]) -> None:
    result = api(file, *args)
    assert result.exit_code == 2
    assert "--json goes with --list" in result.stderr or "--list goes with words" in result.stderr
