"""``scrobbler login``: a code and where to enter it, a wait, and one clear line for each way in which it can end."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace

import pytest
from cli_process import complaint, configured, ran
from click.testing import CliRunner, Result
from double import Served

from scrobbler.cli import login, main, program
from scrobbler.errors import ScrobblerError
from scrobbler.sandbox import Fault, FaultKind, Sandbox
from scrobbler.sandbox.devices import DeviceCode
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

    def login(self, *options: str) -> Result:
        """What the command does; nothing in it may be secret."""
        result = CliRunner().invoke(program, ["login", "--config", str(self.file), *options])
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

    def refused(self, *options: str) -> str:
        """The words with which it fails, leaving no tokens."""
        result = self.login(*options)
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
    assert words == "there is no account 'nobody': known are marta, default"


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


def test_an_outage_meanwhile_is_said_and_waited_for(house: House) -> None:
    house.sandbox.faults.add(Fault(kind=FaultKind.DROP_BEFORE, path="/oauth/device/token", times=2))
    result = house.login()
    assert result.stdout.endswith("Signed in as sandbox.\n")
    assert result.stderr == "Trakt cannot be reached just now; trying again.\n" * 2


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
