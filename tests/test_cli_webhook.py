"""``scrobbler webhook``: the address, the steps, a server's own API (by small doubles), and the way to the agent."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest
import scrobbler_tautulli
from cli_process import complaint, configured, ran, running
from click.testing import CliRunner, Result
from conftest import EPOCH
from double import Served
from eavesdropper import Eavesdropper
from scrobbler_tautulli import TautulliWebhook
from scrobbler_tautulli.setup import FIELDS, TEMPLATE
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from scrobbler import adapters
from scrobbler.adapters import Address, WebhookRequest
from scrobbler.cli import program
from scrobbler.cli.way import Found, tried
from scrobbler.events import PlayerEvent
from scrobbler.settings import secrets
from scrobbler.state.snapshot import look

KINDS = ("plex", "jellyfin", "emby", "tautulli")
TOKEN = "the-token-of-the-server"


class House:
    """A configuration, and the commands on it."""

    def __init__(self, folder: Path, eavesdropper: Eavesdropper) -> None:
        self.folder = folder
        self.file = folder / "config.toml"
        self._eavesdropper = eavesdropper

    def write(self, text: str) -> None:
        self.file.write_text(f'[state]\ndir = "{self.folder}/state"\n{text}')

    def secret(self, player: str = "plex") -> str:
        """Its own terminal may show it to the user, so here it is no breach."""
        made = secrets.made(self.folder / "state", player)()
        self._eavesdropper.secrets.discard(made)
        return made

    def run(self, *args: str, **env: str | None) -> Result:
        return CliRunner().invoke(program, ["--config", str(self.file), "webhook", *args], env=env)


@pytest.fixture
def house(tmp_path: Path, eavesdropper: Eavesdropper) -> House:
    house = House(tmp_path, eavesdropper)
    house.write("".join(f"[players.{kind}]\n" for kind in KINDS))
    eavesdropper.secrets.add(TOKEN)
    return house


# What is shown


@pytest.mark.parametrize("kind", KINDS)
def test_it_shows_the_address_that_it_is_a_secret_and_numbered_steps(kind: str, house: House) -> None:
    url = f"http://127.0.0.1:8722/hooks/{kind}?token={house.secret(kind)}"
    shown = house.run(kind)
    assert shown.exit_code == 0
    lines = shown.stdout.splitlines()
    assert lines[0] == url
    assert "secret" in lines[2]
    steps = [line for line in lines if re.match(r"\d\. ", line)]
    assert [step[0] for step in steps] == [str(number) for number in range(1, len(steps) + 1)]
    assert any(url in step for step in steps)
    assert "scrobbler webhook test " + kind in shown.stdout
    assert "{url}" not in shown.stdout


def test_a_program_gets_the_same_as_json(house: House) -> None:
    secret = house.secret("tautulli")
    shown = json.loads(house.run("tautulli", "--json").stdout)
    assert shown["url"] == f"http://127.0.0.1:8722/hooks/tautulli?token={secret}"
    assert (shown["player"], shown["kind"], shown["secret"]) == ("tautulli", "tautulli", secret)
    assert json.loads(shown["paste"])["action"] == "{action}"
    assert shown["can_register"] is False


def test_the_public_address_is_the_one_that_is_shown(house: House) -> None:
    house.write('[players.plex]\n[server]\npublic_url = "https://home.example/scrobbler/"\n')
    secret = house.secret()
    shown = house.run("plex").stdout
    assert shown.startswith(f"https://home.example/scrobbler/hooks/plex?token={secret}\n")
    assert "on this machine only" not in shown
    house.write("[players.plex]\n")
    assert "on this machine only" in house.run("plex").stdout


def test_each_of_several_servers_of_a_kind_has_its_own(house: House) -> None:
    house.write('[players.plex]\n[players.plex2]\nkind = "plex"\n')
    one, other = house.secret("plex"), house.secret("plex2")
    assert house.run("plex").stdout.startswith(f"http://127.0.0.1:8722/hooks/plex?token={one}\n")
    assert house.run("plex2").stdout.startswith(f"http://127.0.0.1:8722/hooks/plex2?token={other}\n")
    house.write('[players.up]\nkind = "plex"\n[players.down]\nkind = "plex"\n')
    assert "several players of the kind plex: up, down; name one" in str(house.run("plex").exception)


@pytest.mark.parametrize(
    ("text", "wanted", "words"),
    [
        (
            "",
            "plex",
            "`scrobbler config set players.plex.kind plex` adds it (and `scrobbler config set players.mpv.kind mpv`,",
        ),
        (
            "[players.emby]\n",
            "plex",
            "there is no player of the kind plex yet: `scrobbler config set players.plex.kind plex` adds it",
        ),
        ("", "plx", "there is no player 'plx'; there are: mpv"),
        ("", "mpv", "players.mpv: mpv does not call us, it is watched"),
        (
            '[players.plex]\n[server]\nlisten = "127.0.0.1:0"\n',
            "plex",
            "server.listen: port 0 is another one each time",
        ),
    ],
)
def test_what_cannot_be_shown_is_one_line_that_says_what_to_do(
    text: str, wanted: str, words: str, house: House
) -> None:
    house.write(text)
    assert words in complaint(ran("webhook", wanted, "--config", house.file), 2)


def test_the_template_for_tautulli_has_all_that_the_adapter_reads(house: House) -> None:
    folder = Path(scrobbler_tautulli.__file__).parent
    read = {name for path in folder.glob("*.py") for name in re.findall(r'said\.get\("(\w+)"\)', path.read_text())}
    assert read <= set(FIELDS)
    filled = {"action": "play", "media_type": "movie", "title": "Heat", "view_offset": "60000", "duration_sec": "600"}
    body = json.dumps(json.loads(TEMPLATE) | filled).encode()
    asked = WebhookRequest(method="POST", query={}, headers={}, body=body, at=EPOCH)
    [event] = TautulliWebhook("tautulli").parse(asked)
    assert isinstance(event, PlayerEvent)
    assert (event.media.title, event.position, event.duration, event.user) == ("Heat", 60.0, 600.0, None)


# A new secret


def test_a_new_secret_is_made_without_showing_it(house: House) -> None:
    old = house.secret()
    done = house.run("rotate", "plex")
    assert done.exit_code == 0
    new = house.secret()
    assert old != new
    assert new not in done.output
    assert f"token={new}" in house.run("plex").stdout


def test_a_secret_that_the_user_set_is_his_to_change(house: House) -> None:
    house.write('[players.plex]\nsecret = "of my own choice"\n')
    refused = house.run("rotate", "plex").exception
    assert str(refused).endswith("players.plex: its secret is set there, so it is changed there")


# The server's own API


class Server:
    """A double of a server's API: what it was asked, and what it has."""

    def __init__(self) -> None:
        self.kept: Any = []
        self.writes = 0
        self.tokens: set[str] = set()
        self.status = 200

    def app(self) -> ASGIApp:
        raise NotImplementedError

    def urls(self) -> list[str]:
        raise NotImplementedError


class PlexTv(Server):
    def app(self) -> ASGIApp:
        async def hooks(request: Request) -> Response:
            self.tokens.add(request.headers["x-plex-token"])
            if request.method == "POST":
                self.writes += 1
                fields = parse_qsl((await request.body()).decode(), keep_blank_values=True)
                self.kept = [{"url": value} for name, value in fields if name == "urls[]"]
            return JSONResponse(self.kept, self.status)

        return Starlette(routes=[Route("/api/v2/user/webhooks", hooks, methods=["GET", "POST"])])

    def urls(self) -> list[str]:
        return [each["url"] for each in self.kept]


class Jellyfin(Server):
    def __init__(self) -> None:
        super().__init__()
        self.plugins = [{"Name": "Trakt", "Id": "1"}, {"Name": "Webhook", "Id": "71552a5a5c5c4350a2aeebe451a30173"}]
        self.kept = {"ServerUrl": "http://own", "DiscordOptions": [{"a": 1}], "GenericOptions": []}

    def app(self) -> ASGIApp:
        async def plugins(request: Request) -> Response:
            self.tokens.add(request.headers["authorization"].partition('Token="')[2].rstrip('"'))
            return JSONResponse(self.plugins, self.status)

        async def configuration(request: Request) -> Response:
            if request.method == "POST":
                self.writes += 1
                self.kept = await request.json()
                return Response(status_code=204)
            return JSONResponse(self.kept)

        return Starlette(
            routes=[
                Route("/Plugins", plugins),
                Route(
                    "/Plugins/71552a5a5c5c4350a2aeebe451a30173/Configuration", configuration, methods=["GET", "POST"]
                ),
            ]
        )

    def urls(self) -> list[str]:
        return [each["WebhookUri"] for each in self.kept["GenericOptions"]]


class Emby(Server):
    def app(self) -> ASGIApp:
        async def users(request: Request) -> Response:
            self.tokens.add(request.headers["x-emby-token"])
            people = [("u1", False), ("u2", True)]
            return JSONResponse([{"Id": name, "Policy": {"IsAdministrator": is_one}} for name, is_one in people])

        async def configured_ones(request: Request) -> Response:
            assert request.query_params["UserId"] == "u2"
            if request.method == "GET":
                return JSONResponse(self.kept, self.status)
            self.writes += 1
            if request.method == "DELETE":
                self.kept = [each for each in self.kept if each["Id"] != request.query_params["Id"]]
            else:
                said = {"Id": f"n{self.writes}"} | await request.json()
                self.kept = [each for each in self.kept if each["Id"] != said["Id"]] + [said]
            return Response(status_code=204)

        path = "/emby/Notifications/Services/Configured"
        routes = [Route("/emby/Users", users), Route(path, configured_ones, methods=["GET", "POST", "DELETE"])]
        return Starlette(routes=routes)

    def urls(self) -> list[str]:
        return [each["Options"]["Url"] for each in self.kept]


@contextmanager
def at(served: Served, app: ASGIApp) -> Iterator[str]:
    with ExitStack() as stack:
        yield served.open(stack, app)


SERVERS: dict[str, type[Server]] = {"plex": PlexTv, "jellyfin": Jellyfin, "emby": Emby}


@pytest.mark.parametrize("kind", SERVERS)
def test_it_is_entered_once_however_often_and_what_is_not_ours_stays(
    kind: str, house: House, served: Served, tmp_path: Path
) -> None:
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    server, other = SERVERS[kind](), "http://127.0.0.1:1/hooks/another?token=x"
    with at(served, server.app()) as url:
        options = ("--server", url, "--server-token-file", str(file))
        own = f"http://127.0.0.1:8722/hooks/{kind}?token={house.secret(kind)}"
        assert house.run(kind, "--register", *options).output.splitlines()[0] == "Entered."
        assert house.run(kind, "--register", *options).output.splitlines()[0] == "It is entered already."
        assert (server.urls(), server.writes, server.tokens) == ([own], 1, {TOKEN})

        register = getattr(adapters.load(kind), "setup").register  # noqa: B009  # it may be None for mypy
        from scrobbler.cli.enrolment import ServerApi  # noqa: PLC0415

        register(ServerApi(url), TOKEN, Address(url=other), wanted=True)
        house.run("rotate", kind)
        new = f"http://127.0.0.1:8722/hooks/{kind}?token={house.secret(kind)}"
        assert house.run(kind, "--register", *options).output.splitlines()[0] == "Entered."
        assert sorted(server.urls()) == sorted([other, new]), "the old address of ours is gone"

        assert house.run(kind, "--unregister", *options).output == "Taken out.\n"
        assert house.run(kind, "--unregister", *options).output == "There was none of ours.\n"
        assert server.urls() == [other]


def test_what_else_is_set_in_jellyfin_stays_as_it_is(house: House, served: Served) -> None:
    server = Jellyfin()
    with at(served, server.app()) as url:
        house.run("jellyfin", "--register", "--server", url, SCROBBLER_SERVER_TOKEN=TOKEN)
    [ours] = server.kept.pop("GenericOptions")
    assert server.kept == {"ServerUrl": "http://own", "DiscordOptions": [{"a": 1}]}
    assert ours["SendAllProperties"] is True
    assert ours["NotificationTypes"] == ["PlaybackStart", "PlaybackProgress", "PlaybackStop"]


def test_emby_is_told_for_all_its_users_so_that_it_says_who_watches(house: House, served: Served) -> None:
    server = Emby()
    with at(served, server.app()) as url:
        house.run("emby", "--register", "--server", url, SCROBBLER_SERVER_TOKEN=TOKEN)
        house.run("emby", "--unregister", "--server", url, SCROBBLER_SERVER_TOKEN=TOKEN)
        assert server.kept == []
        house.run("emby", "--register", "--server", url, SCROBBLER_SERVER_TOKEN=TOKEN)
    assert server.kept[0]["UserIds"] == ["u1", "u2"]


def refusing(status: int) -> ASGIApp:
    async def answer(request: Request) -> Response:
        return PlainTextResponse("what?", status)

    return Starlette(routes=[Route("/{path:path}", answer, methods=["GET", "POST"])])


@pytest.mark.parametrize(
    ("status", "words"),
    [(401, "it does not take the token"), (404, "it knows no such call"), (500, "it did not do it"), (200, "as such")],
)
def test_a_server_that_does_not_do_it_is_one_line_with_a_way_out(
    status: int, words: str, house: House, served: Served
) -> None:
    with at(served, refusing(status)) as url:
        refused = house.run("jellyfin", "--register", "--server", url, SCROBBLER_SERVER_TOKEN=TOKEN).exception
    assert words in str(refused)
    assert str(refused).endswith("; by hand: `scrobbler webhook jellyfin`")
    assert "\n" not in str(refused)


def test_a_server_without_what_is_needed_is_said(house: House, served: Served) -> None:
    bare = Jellyfin()
    bare.plugins.pop()
    with at(served, bare.app()) as url:
        refused = house.run("jellyfin", "--register", "--server", url, SCROBBLER_SERVER_TOKEN=TOKEN).exception
    assert "the plugin Webhook is not installed there" in str(refused)
    refused = house.run(
        "jellyfin", "--register", "--server", "http://127.0.0.1:9", SCROBBLER_SERVER_TOKEN=TOKEN
    ).exception
    assert str(refused).startswith("127.0.0.1: it cannot be reached; by hand")


@pytest.mark.parametrize(
    ("args", "token", "words"),
    [
        (
            ("tautulli", "--register"),
            TOKEN,
            "tautulli cannot be told so by a program: `scrobbler webhook tautulli` has",
        ),
        (("plex", "--register", "--unregister"), TOKEN, "--register and --unregister: one of the two"),
        (("plex", "--register", "--server", "nas"), TOKEN, "--server: this must be an address such as"),
        (("plex", "--register", "--server", "http://[x"), TOKEN, "--server: this must be an address such as"),
        (("plex", "--register"), 'the-token-of-the-server"', "SCROBBLER_SERVER_TOKEN: this must be one word"),
        (("plex", "--register", "--server-token-file", "/nowhere"), "", "--server-token-file /nowhere: cannot be read"),
    ],
)
def test_a_mistake_in_registering_is_one_line(args: tuple[str, ...], token: str, words: str, house: House) -> None:
    refused = house.run(*args, SCROBBLER_SERVER_TOKEN=token).exception
    assert words in str(refused)


def test_the_token_is_asked_for_where_it_is_not_given_and_not_shown(house: House, served: Served) -> None:
    server = PlexTv()
    with at(served, server.app()) as url:
        args = ["--config", str(house.file), "webhook", "plex", "--register", "--server", url]
        done = CliRunner().invoke(program, args, input=f"{TOKEN}\n")
    assert server.tokens == {TOKEN}
    assert "X-Plex-Token" in done.output
    assert done.exit_code == 0


# The way


def test_a_test_goes_the_whole_way_and_nothing_is_made_of_it(tmp_path: Path, eavesdropper: Eavesdropper) -> None:
    port = free_port()
    file = configured(tmp_path, more=f'[players.plex]\n[server]\nlisten = "127.0.0.1:{port}"\n')
    before = ran("webhook", "test", "plex", "--config", file)
    words = "nobody listens there: is `scrobbler run` running, and with this configuration?"
    assert before.returncode == 1
    assert before.stdout == f"http://127.0.0.1:{port}/hooks/plex: {words}\nlast event of plex: none yet\n"
    with running("run", "--config", file) as agent:
        agent.says("watching mpv, plex")
        secret = secrets.made(tmp_path / "state", "plex")
        eavesdropper.secrets.add(secret())
        done = ran("webhook", "test", "plex", "--config", file)
        assert re.fullmatch(
            rf"http://127.0.0.1:{port}/hooks/plex: ok, \d+ ms\nlast event of plex: none yet\n", done.stdout
        )
        agent.says("plex: a test came in, and nothing is made of it")
        hook = f"http://127.0.0.1:{port}/hooks/plex"
        heard = httpx.post(hook, params={"token": secret()}, json={"event": "library.new"})
        assert heard.status_code == 200
        agent.says("plex: ignored library.new: unsupported_event")
        assert "plex: ignored library.new" in ran("webhook", "test", "plex", "--config", file).stdout

        old = secret()
        assert ran("webhook", "rotate", "plex", "--config", file).returncode == 0
        eavesdropper.secrets.add(secret())
        assert httpx.post(hook, params={"token": old}, json={"event": "library.new"}).status_code == 401
        again = ran("webhook", "test", "plex", "--json", "--config", file)
        assert json.loads(again.stdout)["tests"][0]["result"] == "ok"
        assert agent.end() == 0
    assert look(tmp_path / "state").sessions == ()


def free_port() -> int:
    import socket  # noqa: PLC0415

    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def answering(make: Callable[[], Response]) -> ASGIApp:
    async def answer(request: Request) -> Response:
        return make()

    return Starlette(routes=[Route("/{path:path}", answer, methods=["POST"])])


@pytest.mark.parametrize(
    ("make", "found"),
    [
        (lambda: PlainTextResponse("hello"), Found.SOMEBODY),
        (lambda: PlainTextResponse("", 401), Found.SECRET),
        (lambda: PlainTextResponse("", 429), Found.SECRET),
        (lambda: PlainTextResponse("", 421), Found.HOST),
        (lambda: PlainTextResponse("", 404), Found.PATH),
        (lambda: PlainTextResponse("", 502), Found.PROXY),
        (lambda: RedirectResponse("https://elsewhere.example/x?token=hush"), Found.PROXY),
        (lambda: PlainTextResponse("", 418), Found.SOMEBODY),
    ],
)
def test_what_is_wrong_on_the_way_is_told_apart(make: Callable[[], Response], found: Found, served: Served) -> None:
    with at(served, answering(make)) as url:
        result = tried(f"{url}/hooks/plex", "open sesame", "plex")
    assert result.found is found
    assert result.words
    assert "token" not in result.words


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("http://127.0.0.1:9/hooks/plex", Found.NOBODY),
        ("http://no-such-name.invalid/hooks/plex", Found.NAME),
        ("nonsense", Found.NOBODY),
    ],
)
def test_an_address_that_leads_nowhere_is_told(url: str, found: Found) -> None:
    assert tried(url, "open sesame", "plex").found is found


def test_plain_http_behind_an_address_with_tls_is_told(served: Served) -> None:
    with at(served, answering(lambda: PlainTextResponse("hello"))) as url:
        assert tried(url.replace("http:", "https:"), "open sesame", "plex").found is Found.TLS
