"""``scrobbler login``: a code and where to enter it, a wait, and one clear line for each way in which it can end."""

import json
import re
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from secrets import compare_digest
from types import SimpleNamespace
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from cli_process import complaint, configured, eventually, ran
from click.testing import CliRunner, Result
from double import Served
from terminal import Terminal, terminal

from scrobbler.cli import login, main, program
from scrobbler.errors import ScrobblerError
from scrobbler.sandbox import Fault, FaultKind, Sandbox
from scrobbler.sandbox.devices import DeviceCode
from scrobbler.sandbox.invitations import Invitation
from scrobbler.sandbox.oauth import invitation
from scrobbler.trakt.tokens import TokenFile, Tokens


class House:
    """A user who is about to sign in at a sandbox, and the time that waiting takes."""

    def __init__(self, folder: Path, sandbox: Sandbox, url: str) -> None:
        self.state = folder / "state"
        self.sandbox = sandbox
        self.url = url
        self.file = configured(folder, url, more="[accounts.marta]\n")
        self.waits: list[float] = []

    def sleep(self, seconds: float) -> None:
        """Time passes in the sandbox, and nowhere else."""
        self.waits.append(seconds)
        self.sandbox.clock.advance(seconds)

    def login(self, *options: str, pasted: str = "") -> Result:
        """What the command does; nothing in it may be secret."""
        result = CliRunner().invoke(program, ["login", "--config", str(self.file), *options], input=pasted)
        said = f"{result.output} {result.exception}"
        for secret in self.secrets():
            assert secret not in said
        return result

    def secrets(self) -> list[str]:
        files = [json.loads(file.read_bytes()) for file in self.state.glob("tokens/*.json")]
        kept = [tokens[name] for tokens in files for name in ("access_token", "refresh_token")]
        return ["sandbox-secret", *kept, *(device.device_code for device in self.sandbox.world.devices.codes)]

    def tokens(self, account: str = "default") -> Tokens | None:
        return TokenFile(self.state, account).read()

    @property
    def device(self) -> DeviceCode:
        [device] = self.sandbox.world.devices.codes
        return device

    def refused(self, *options: str, pasted: str = "") -> str:
        """The words with which it fails, leaving no tokens."""
        result = self.login(*options, pasted=pasted)
        assert isinstance(result.exception, ScrobblerError)
        assert self.tokens() is None
        return str(result.exception)


@pytest.fixture
def house(tmp_path: Path, served: Served, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    sandbox = Sandbox(approve_after=12)
    sandbox.rules.write_gap = 0.0
    with ExitStack() as stack:
        house = House(tmp_path, sandbox, served.open(stack, sandbox.app))
        monkeypatch.setattr(login, "time", SimpleNamespace(sleep=house.sleep))
        yield house


def decide(house: House, monkeypatch: pytest.MonkeyPatch, *, approve: bool) -> None:
    """The user makes up his mind while the command waits."""
    house.sandbox.rules.approve_after = None

    def sleep(seconds: float) -> None:
        house.sleep(seconds)
        house.sandbox.world.devices.decide(house.device, approve=approve)

    monkeypatch.setattr(login, "time", SimpleNamespace(sleep=sleep))


def test_it_shows_where_to_enter_which_code_and_who_signed_in(house: House) -> None:
    result = house.login()
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert lines[:2] == ["Open", f"{house.url}/activate"]
    assert lines[2].startswith(f"and enter {house.device.user_code} (good until ")
    assert lines[3:] == ["Signed in as sandbox."]
    assert house.waits == [5, 5, 5]
    assert house.tokens() is not None


def test_another_account_has_tokens_of_its_own(house: House) -> None:
    assert house.login("--account", "marta").exit_code == 0
    assert house.tokens("marta") is not None
    assert house.tokens() is None


def test_an_account_that_is_not_there_is_one_line(house: House) -> None:
    words = house.refused("--account", "nobody")
    assert words == "there is no account 'nobody': known are marta, default; `scrobbler accounts add nobody` adds it"


def test_steps_for_programs_are_lines_of_json(house: House) -> None:
    house.sandbox.faults.add(Fault(kind=FaultKind.STATUS, status=503, path="/oauth/device/token"))
    result = house.login("--json")
    code = house.device.user_code
    assert [json.loads(line) for line in result.stdout.splitlines()] == [
        {"step": "code", "url": f"{house.url}/activate", "user_code": code, "scan": f"{house.url}/activate/{code}"},
        {"step": "waiting", "answer": "unreachable"},
        {"step": "waiting", "answer": "pending"},
        {"step": "signed in", "account": "default", "user": "sandbox"},
    ]
    assert result.stderr == ""


def test_a_user_who_approves_is_signed_in(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    decide(house, monkeypatch, approve=True)
    assert house.login().output.endswith("Signed in as sandbox.\n")


def test_a_user_who_denies_is_not(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    decide(house, monkeypatch, approve=False)
    assert house.refused() == "The sign-in was denied. Run `scrobbler login` to try again."


def test_a_code_that_nobody_enters_expires(house: House) -> None:
    house.sandbox.rules.approve_after = None
    assert house.refused() == "The code has expired. Run `scrobbler login` for a new one."
    assert sum(house.waits) == 600


def test_a_code_ends_by_our_own_clock_too(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.sandbox.rules.approve_after = None
    monkeypatch.setattr(login, "now", house.sandbox.clock.now)
    house.sandbox.faults.add(Fault(kind=FaultKind.STATUS, status=400, path="/oauth/device/token", times=None))
    assert house.refused() == "The code has expired. Run `scrobbler login` for a new one."


@pytest.mark.parametrize(
    ("status", "words"), [(404, "Trakt does not know the code any more"), (409, "The code was used already")]
)
def test_a_code_that_is_over_is_said_so(status: int, words: str, house: House) -> None:
    house.sandbox.faults.add(Fault(kind=FaultKind.STATUS, status=status, path="/oauth/device/token"))
    assert house.refused() == f"{words}. Run `scrobbler login` for a new one."


def test_an_outage_meanwhile_is_said_once_and_waited_for(house: House) -> None:
    house.sandbox.faults.add(Fault(kind=FaultKind.DROP_BEFORE, path="/oauth/device/token", times=2))
    result = house.login()
    assert result.stdout.endswith("Signed in as sandbox.\n")
    assert result.stderr == "Trakt cannot be reached just now; trying again.\n"


def test_that_trakt_cannot_say_who_it_is_undoes_nothing(house: House) -> None:
    house.sandbox.faults.add(Fault(kind=FaultKind.STATUS, status=503, path="/users/settings", times=None))
    result = house.login()
    assert result.exit_code == 0
    assert result.output.endswith("\nSigned in.\n")
    assert house.tokens() is not None


def test_an_account_that_trakt_has_locked_is_said_so(house: House) -> None:
    house.sandbox.faults.add(Fault(kind=FaultKind.LOCKED_ACCOUNT, times=None))
    result = house.login()
    assert isinstance(result.exception, ScrobblerError)
    assert str(result.exception).startswith("The Trakt account is locked")
    assert house.tokens() is not None


def test_an_app_that_trakt_does_not_know_is_one_line(house: House) -> None:
    house.file.write_text(house.file.read_text().replace('"sandbox"', '"nobody"'))
    assert house.refused().startswith("Trakt does not accept this app (")
    assert "check client_id" in house.refused()


def test_a_wrong_secret_of_the_app_is_one_line(house: House) -> None:
    house.file.write_text(house.file.read_text().replace('"sandbox-secret"', '"wrong"'))
    assert house.refused().startswith("Trakt does not accept this app (")


def test_a_state_folder_that_cannot_be_is_said_before_anybody_types_in_a_code(house: House) -> None:
    house.state.touch()
    result = house.login()
    assert isinstance(result.exception, ScrobblerError)
    assert str(result.exception).startswith(f"{house.state}/tokens cannot be used: ")
    assert house.sandbox.world.devices.codes == []


def test_a_trakt_that_cannot_be_reached_is_one_line(tmp_path: Path) -> None:
    words = complaint(ran("login", "--config", configured(tmp_path)), 1)
    assert words == "Trakt cannot be reached: [Errno 111] Connection refused"


def test_without_an_app_it_says_where_to_get_one(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("[trakt]\n")
    words = complaint(ran("login", "--config", file), 2)
    assert words.startswith(f"{file}: trakt.client_id is missing: ")
    assert "https://app.trakt.tv/settings/apps" in words
    assert "only VIP members create one since July 2026" in words
    assert "config.toml: trakt.client_id is missing: " in complaint(ran("login"), 2)


def test_a_refusal_ends_the_program_with_one_line_and_status_1(
    house: House, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    decide(house, monkeypatch, approve=False)
    monkeypatch.setattr("sys.argv", ["scrobbler", "login", "--config", str(house.file)])
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 1
    assert capsys.readouterr().err == "scrobbler: The sign-in was denied. Run `scrobbler login` to try again.\n"


# With a browser


OUT_OF_BAND = "urn:ietf:wg:oauth:2.0:oob"


def agreed(house: House, **asked: str) -> str:
    """The code that the page shows once the user has agreed."""
    wanted = Invitation(client_id="sandbox", redirect_uri=OUT_OF_BAND, **asked)
    return house.sandbox.world.invitations.open(wanted, "sandbox")


@pytest.fixture
def known_state(monkeypatch: pytest.MonkeyPatch) -> str:
    """What the command takes for the text that only it knows."""
    own = SimpleNamespace(token_urlsafe=lambda _length: "our-state", compare_digest=compare_digest)
    monkeypatch.setattr(login, "secrets", own)
    return "our-state"


def test_a_code_from_the_browser_signs_in(house: House) -> None:
    code = agreed(house)
    result = house.login("--browser", pasted=f"  {code} \n")
    assert result.exit_code == 0
    first, url, *lines = result.output.splitlines()
    assert (first, lines) == ("Open", ["agree there, and paste the code that it shows:", "Signed in as sandbox."])
    assert url.startswith(f"{house.url}/oauth/authorize?")
    query = parse_qs(urlsplit(url).query)
    assert len(query.pop("state")[0]) > 20
    assert query == {"response_type": ["code"], "client_id": ["sandbox"], "redirect_uri": [OUT_OF_BAND]}
    assert code not in result.output
    assert house.tokens() is not None


def test_the_page_is_one_that_trakt_understands(house: House) -> None:
    url = house.login("--browser", pasted="\n").output.splitlines()[1]
    wanted = invitation_of(house, url)
    assert (wanted.client_id, wanted.redirect_uri, bool(wanted.state)) == ("sandbox", OUT_OF_BAND, True)


def invitation_of(house: House, url: str) -> Invitation:
    """What the sandbox's page makes of an address."""
    fields = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    return invitation(SimpleNamespace(world=house.sandbox.world), fields)  # type: ignore[arg-type]  # needs no more


def test_each_sign_in_has_a_state_of_its_own(house: House) -> None:
    urls = {house.login("--browser", pasted="\n").output.splitlines()[1] for _ in range(3)}
    assert len(urls) == 3


def test_the_whole_address_may_be_pasted(house: House, known_state: str) -> None:
    answer = urlencode({"code": agreed(house, state=known_state), "state": known_state})
    assert house.login("--browser", pasted=f"https://example.org/back?{answer}#top\n").exit_code == 0
    assert house.tokens() is not None


@pytest.mark.parametrize("state", ["&state=another", "", "&state=", "&state=%C3%A9"])
def test_an_answer_to_somebody_elses_question_is_refused(state: str, house: House, known_state: str) -> None:
    code = agreed(house)
    words = house.refused("--browser", pasted=f"https://example.org/?code={code}{state}\n")
    assert words == "that address is not the answer to this sign-in: its state is another"
    assert house.sandbox.world.tokens.alive() == 0


def test_a_user_who_denies_in_the_browser_is_not_signed_in(house: House, known_state: str) -> None:
    pasted = f"https://example.org/?error=access_denied&state={known_state}\n"
    assert house.refused("--browser", pasted=pasted) == "The sign-in was denied. Run `scrobbler login` to try again."


@pytest.mark.parametrize("pasted", ["https://example.org/?state=our-state\n", "c\u00f6de\n", "two\x00words\n"])
def test_what_holds_no_code_is_said_so(pasted: str, house: House, known_state: str) -> None:
    assert house.refused("--browser", pasted=pasted) == "there is no code in what was pasted"


@pytest.mark.parametrize("pasted", ["", "\n"])
def test_nothing_pasted_is_no_code(pasted: str, house: House) -> None:
    assert house.refused("--browser", pasted=pasted) == "no code was given"


def test_a_code_works_once(house: House) -> None:
    code = agreed(house)
    assert house.login("--browser", pasted=code).exit_code == 0
    result = house.login("--browser", pasted=code)
    assert isinstance(result.exception, ScrobblerError)
    assert str(result.exception) == "Trakt does not take the code: it works once, and not for long"
    assert code not in str(result.exception)


def test_a_bad_app_is_told_from_a_bad_code(house: House) -> None:
    house.file.write_text(house.file.read_text().replace('"sandbox-secret"', '"wrong"'))
    assert house.refused("--browser", pasted=agreed(house)).startswith("Trakt does not accept this app (")


def test_a_program_gets_the_page_as_json(house: House) -> None:
    result = house.login("--browser", "--json", pasted=agreed(house))
    page, done = map(json.loads, result.stdout.splitlines())
    assert page["step"] == "page"
    assert page["url"].startswith(f"{house.url}/oauth/authorize?")
    assert done == {"step": "signed in", "account": "default", "user": "sandbox"}


@pytest.mark.parametrize(("opens", "said"), [(True, ""), (False, "No browser could be opened.\n")])
def test_the_page_is_opened_only_where_somebody_wants_that(
    opens: bool, said: str, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []

    def browse(url: str) -> bool:
        opened.append(url)
        return opens

    monkeypatch.setattr("webbrowser.open", browse)
    assert house.login("--browser", pasted=agreed(house)).exit_code == 0
    assert opened == []
    result = house.login("--browser", "--open", pasted=agreed(house))
    assert opened == [result.stdout.splitlines()[1]]
    assert result.stderr == said


def test_there_is_nothing_to_open_without_a_browser(house: House) -> None:
    result = house.login("--open")
    assert result.exit_code == 2
    assert "Error: --open goes with --browser." in result.output


# On a terminal


@contextmanager
def typing(*args: str | Path) -> Iterator[Terminal]:
    """The command on a terminal of 40 columns, which is too plain for a picture."""
    with terminal(40, 24, "login", *args, TERM="dumb") as screen:
        yield screen


@pytest.fixture
def real(tmp_path: Path, served: Served) -> Iterator[House]:
    """A sandbox whose time is the real one, quick to answer."""
    sandbox = Sandbox(poll_interval=1)
    with ExitStack() as stack:
        yield House(tmp_path, sandbox, served.open(stack, sandbox.app))


def test_the_time_that_is_left_counts_down_in_one_line(real: House) -> None:
    with typing("--config", real.file) as screen:
        eventually(lambda: len(set(re.findall(r"\rWaiting: (\d+:\d\d) left ", screen.shown))) >= 2)
        real.sandbox.world.devices.decide(real.device, approve=True)
        assert screen.end() == 0
        left = [int(m) * 60 + int(s) for m, s in re.findall(r"\rWaiting: (\d+):(\d\d) left ", screen.shown)]
        assert left == sorted(left, reverse=True)
        assert 570 <= left[-1] <= left[0] <= 600
        assert screen.shown.count("Waiting") == screen.shown.count("\rWaiting")
        assert max(map(len, re.split(r"[\r\n]", screen.shown))) <= 40
        assert screen.shown.endswith(" left \nSigned in as sandbox.\n")


def test_ctrl_c_ends_it_cleanly_while_it_waits(real: House) -> None:
    with typing("--config", real.file) as screen:
        screen.shows("Waiting")
        screen.process.send_signal(signal.SIGINT)
        assert screen.end() == 130
        assert "Traceback" not in screen.shown
    assert real.tokens() is None


def test_an_expired_code_is_followed_by_another_if_somebody_wants_it(real: House) -> None:
    real.sandbox.rules.device_life = 1
    with typing("--config", real.file) as screen:
        screen.shows("The code has expired.\nEnter for a new code, Ctrl-C to end ")
        real.sandbox.rules.device_life = 600
        real.sandbox.rules.approve_after = 0
        screen.types("\n")
        assert screen.end() == 0
        assert "Signed in as sandbox." in screen.shown
        assert screen.shown.count("and enter ") == 2
    assert len(real.sandbox.world.devices.codes) == 2


def test_who_wants_no_other_code_says_ctrl_c(real: House) -> None:
    real.sandbox.rules.device_life = 1
    with typing("--config", real.file) as screen:
        screen.shows("Ctrl-C to end ")
        screen.process.send_signal(signal.SIGINT)
        assert screen.end() == 130
        assert "Traceback" not in screen.shown


def test_an_outage_does_not_tear_the_line(real: House) -> None:
    real.sandbox.faults.add(Fault(kind=FaultKind.DROP_BEFORE, path="/oauth/device/token", times=1))
    with typing("--config", real.file) as screen:
        screen.shows(" left \nTrakt cannot be reached just now; trying again.\n\rWaiting")
        real.sandbox.world.devices.decide(real.device, approve=True)
        assert screen.end() == 0


# An app that is not known yet


def without_app(house: House) -> None:
    text = house.file.read_text()
    house.file.write_text(re.sub(r"client_(id|secret) = .*\n", "", text))


def test_an_app_is_asked_for_and_remembered_once_trakt_takes_it(real: House) -> None:
    without_app(real)
    real.sandbox.rules.approve_after = 0
    with typing("--config", real.file) as screen:
        screen.shows("Client id: ")
        assert "https://app.trakt.tv/settings/apps" in screen.shown
        screen.types("sandbox\n")
        screen.shows("Client secret (empty: none): ")
        assert not (real.state / "app.json").exists()
        screen.types("sandbox-secret\n")
        assert screen.end() == 0
        assert screen.shown.endswith("Signed in as sandbox.\n")
        assert "sandbox-secret" not in screen.shown
    kept = real.state / "app.json"
    assert kept.stat().st_mode & 0o777 == 0o600
    assert json.loads(kept.read_bytes()) == {"client_id": "sandbox", "client_secret": "sandbox-secret"}
    assert ran("login", "--config", real.file).returncode == 0


def test_an_app_that_trakt_does_not_take_is_not_remembered(real: House) -> None:
    without_app(real)
    with typing("--config", real.file) as screen:
        screen.shows("Client id: ")
        screen.types("nobody\n")
        screen.shows("none): ")
        screen.types("\n")
        assert screen.end() == 1
        assert "Trakt does not accept this app" in screen.shown
    assert not (real.state / "app.json").exists()


def test_an_app_that_cannot_be_one_is_one_line(real: House) -> None:
    without_app(real)
    with typing("--config", real.file) as screen:
        screen.shows("Client id: ")
        screen.types("not one word\n")
        assert screen.end() == 2
        assert "scrobbler: the client id: this must be one word" in screen.shown


def test_nobody_is_asked_where_nobody_can_answer(real: House) -> None:
    without_app(real)
    assert complaint(ran("login", "--config", real.file), 2).startswith(f"{real.file}: trakt.client_id is missing: ")
    with typing("--json", "--config", real.file) as screen:
        assert screen.end() == 2
        assert "Client id" not in screen.shown
